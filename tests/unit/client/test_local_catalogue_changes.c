// links: dep::jansson dep::microhttpd dep::sqlite3
/* medhub_catalogue_*: what changes a row beside item_changed, of which regions, and in which order. */
#include "fake_gateway.h"

#define ROW(kind, code, region, version, name)                                                                \
    "{\"kind\":\"" kind "\",\"code\":\"" code "\",\"region\":\"" region "\",\"validFrom\":\"2024-01-01\","    \
    "\"version\":\"" version "\",\"item\":{\"name\":\"" name "\",\"code\":\"" code "\"}}\n"
#define EVENT(type, version, kind, code, more, name)                                                          \
    "{\"specversion\":\"1.0\",\"id\":\"x\",\"type\":\"medhub.catalogue." type ".v1\",\"factversion\":"        \
    "\"" version "\",\"data\":{\"itemKey\":\"" kind "/" code "\",\"region\":\"650000\"," more                 \
    "\"item\":{\"kind\":\"KIND_" kind "\",\"code\":\"" code "\",\"name\":\"" name "\"}}}"
#define OF_DAY(day)          "\"effectiveOn\":\"" day "\","
#define OF_RELEASE(release, day) "\"release\":\"" release "\",\"changes\":[\"CHANGE_RENAMED\"]," OF_DAY(day)
#define PUBLISHED(release)                                                                                    \
    "{\"type\":\"medhub.catalogue.release_published.v1\",\"data\":{\"release\":\"" release "\",\"itemCount\":\"1\"}}"

static const char institution[] = "{\"feeds\":[{\"name\":\"catalogue\"},{\"name\":\"institution@650102\"},"
                                  "{\"name\":\"institution@650000\"},{\"name\":\"institution@000000\"},"
                                  "{\"name\":\"hospital@650102\"}]}";

static void begin(struct trial *trial, const char *snapshot)
{
    WITH_FAKE(trial, trial->fake->feeds = institution);
    WITH_FAKE(trial, trial->fake->snapshot = snapshot);
    WITH_FAKE(trial, trial->fake->snapshot_cursor = "0");
    trial_open(trial);
    assert_int_equal(medhub_catalogue_refresh(trial->hub, 10000, &trial->error), MEDHUB_OK);
}

static void follow(struct trial *trial, const char *const *changes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        WITH_FAKE(trial, trial->fake->changes[i] = changes[i]);
    WITH_FAKE(trial, trial->fake->change_count = count);
    assert_int_equal(medhub_catalogue_refresh(trial->hub, 10000, &trial->error), MEDHUB_OK);
    assert_int_equal(FAKE_COUNT(trial, snapshots), 1);
}

/* The item's name on that day in 650102, or the code of the error. */
static void check_name(struct trial *trial, const char *kind, const char *code, const char *date, const char *expected)
{
    char *json = NULL;
    enum medhub_status status = medhub_catalogue_find(trial->hub, kind, code, "650102", date, &json, &trial->error);
    json_t *row = json_loads(status == MEDHUB_OK ? json : "{}", 0, NULL);
    const char *name = json_string_value(json_object_get(json_object_get(row, "item"), "name"));
    assert_string_equal(status == MEDHUB_OK ? name : trial->error.code, expected);
    json_decref(row);
    medhub_free(json);
}

static void every_event_that_changes_a_row_comes_into_the_copy(void **state)
{
    static const char *const changes[] = {
        EVENT("payment_standard_changed", "2", "WESTERN_DRUG", "A", OF_DAY("2026-02-01"), "standard"),
        EVENT("listing_changed", "1", "PLATFORM_LISTING", "P/WESTERN_DRUG/A", OF_DAY("2026-02-01"), "listed"),
        EVENT("listing_changed", "2", "PLATFORM_LISTING", "P/WESTERN_DRUG/A", "\"removed\":true," OF_DAY("2026-03-01"), "listed"),
        EVENT("formulary_changed", "1", "FORMULARY_ITEM", "H1/WESTERN_DRUG/A", OF_DAY("2026-02-01"), "taken in"),
        EVENT("code_mapped", "1", "CODE_MAP", "WESTERN_DRUG/OLD", OF_DAY("2026-02-01"), "leads"),
    };
    struct trial *trial = *state;

    begin(trial, ROW("WESTERN_DRUG", "A", "650000", "1", "first"));
    follow(trial, changes, 5);
    check_name(trial, "WESTERN_DRUG", "A", "2026-01-31", "first");
    check_name(trial, "WESTERN_DRUG", "A", "2026-02-01", "standard");
    check_name(trial, "PLATFORM_LISTING", "P/WESTERN_DRUG/A", "2026-02-28", "listed");
    check_name(trial, "PLATFORM_LISTING", "P/WESTERN_DRUG/A", "2026-03-01", "catalogue.absent");
    check_name(trial, "FORMULARY_ITEM", "H1/WESTERN_DRUG/A", "2026-02-01", "taken in");
    check_name(trial, "CODE_MAP", "WESTERN_DRUG/OLD", "2026-02-01", "leads");
    assert_int_equal(medhub_catalogue_check(trial->hub, &trial->error), MEDHUB_OK);
}

static void a_copy_holds_what_its_institution_is_told_of(void **state)
{
    struct trial *trial = *state;
    struct medhub_catalogue_state whole = MEDHUB_CATALOGUE_STATE_INIT;

    begin(trial, ROW("WESTERN_DRUG", "A", "000000", "1", "nation") ROW("WESTERN_DRUG", "A", "440000", "2", "elsewhere")
                     ROW("WESTERN_DRUG", "B", "650000", "1", "province") ROW("WESTERN_DRUG", "B", "650200", "2", "another city")
                         ROW("FORMULARY_ITEM", "H1/WESTERN_DRUG/A", "650102", "1", "own")
                             ROW("FORMULARY_ITEM", "H10/WESTERN_DRUG/A", "650102", "1", "another's"));
    assert_int_equal(medhub_catalogue_state(trial->hub, &whole, &trial->error), MEDHUB_OK);
    assert_int_equal(whole.rows, 3);
    check_name(trial, "WESTERN_DRUG", "A", "2026-01-31", "nation");
    check_name(trial, "WESTERN_DRUG", "B", "2026-01-31", "province");
    check_name(trial, "FORMULARY_ITEM", "H1/WESTERN_DRUG/A", "2026-01-31", "own");
    check_name(trial, "FORMULARY_ITEM", "H10/WESTERN_DRUG/A", "2026-01-31", "catalogue.absent");
}

/* Changes do not bring the rows that a region had before. */
static void who_comes_to_another_region_has_its_rows_at_once(void **state)
{
    static const char elsewhere[] = "{\"feeds\":[{\"name\":\"institution@650102\"},{\"name\":\"institution@440000\"}]}";
    struct trial *trial = *state;
    char *json = NULL;

    begin(trial, ROW("WESTERN_DRUG", "A", "650000", "1", "old region") ROW("WESTERN_DRUG", "A", "440000", "2", "new region"));
    assert_int_equal(medhub_catalogue_find(trial->hub, "WESTERN_DRUG", "A", "440000", "2026-01-31", &json, &trial->error),
                     MEDHUB_NOT_FOUND);
    follow(trial, NULL, 0); /* nothing has changed: no snapshot, not after a start either */
    trial_reopen(trial);
    follow(trial, NULL, 0);
    WITH_FAKE(trial, trial->fake->feeds = elsewhere);
    assert_int_equal(medhub_catalogue_refresh(trial->hub, 10000, &trial->error), MEDHUB_OK);
    assert_int_equal(FAKE_COUNT(trial, snapshots), 2);
    assert_int_equal(medhub_catalogue_find(trial->hub, "WESTERN_DRUG", "A", "440000", "2026-01-31", &json, &trial->error), MEDHUB_OK);
    assert_non_null(strstr(json, "new region"));
    medhub_free(json);
    check_name(trial, "WESTERN_DRUG", "A", "2026-01-31", "catalogue.absent"); /* and no rows that nobody tells it of any more */
    assert_int_equal(medhub_catalogue_refresh(trial->hub, 10000, &trial->error), MEDHUB_OK);
    assert_int_equal(FAKE_COUNT(trial, snapshots), 2);
}

/* One away for long hears of several releases at once, and of their ends in another order than they were published in. */
static void an_items_changes_are_made_in_the_order_of_its_versions(void **state)
{
    static const char *const changes[] = {
        EVENT("item_changed", "2", "WESTERN_DRUG", "A", OF_RELEASE("R9", "2098-01-01"), "of R9"),
        EVENT("item_changed", "3", "WESTERN_DRUG", "A", OF_RELEASE("R10", "2098-02-01"), "of R10"),
        EVENT("payment_standard_changed", "4", "WESTERN_DRUG", "A", OF_DAY("2098-03-01"), "standard"),
        PUBLISHED("R10"),
        PUBLISHED("R9"),
    };
    struct trial *trial = *state;

    begin(trial, ROW("WESTERN_DRUG", "A", "650000", "1", "first"));
    follow(trial, changes, 4); /* R9 is not all there: nothing of what came behind it either */
    check_name(trial, "WESTERN_DRUG", "A", "2098-12-01", "first");
    follow(trial, changes, 5);
    check_name(trial, "WESTERN_DRUG", "A", "2097-12-31", "first");
    check_name(trial, "WESTERN_DRUG", "A", "2098-01-31", "of R9");
    check_name(trial, "WESTERN_DRUG", "A", "2098-02-28", "of R10");
    check_name(trial, "WESTERN_DRUG", "A", "2098-03-01", "standard");
    assert_int_equal(medhub_catalogue_check(trial->hub, &trial->error), MEDHUB_OK);
    char *releases = NULL;
    assert_int_equal(medhub_catalogue_releases(trial->hub, &releases, &trial->error), MEDHUB_OK);
    assert_non_null(strstr(releases, "\"R9\""));
    assert_non_null(strstr(releases, "\"R10\""));
    assert_null(strchr(releases, '+'));
    medhub_free(releases);
}

/* What is left of the feed after the first page is one event a page: the fake gateway says what it takes. */
static void the_smaller_of_changes_and_snapshot_is_taken(void **state)
{
    static const char *const changes[] = {
        EVENT("payment_standard_changed", "2", "WESTERN_DRUG", "A", OF_DAY("2026-02-01"), "second"),
        EVENT("payment_standard_changed", "3", "WESTERN_DRUG", "A", OF_DAY("2026-03-01"), "third"),
        EVENT("payment_standard_changed", "4", "WESTERN_DRUG", "A", OF_DAY("2026-04-01"), "fourth"),
    };
    struct trial *trial = *state;

    begin(trial, ROW("WESTERN_DRUG", "A", "650000", "1", "first"));
    WITH_FAKE(trial, trial->fake->weights = "{\"events\":2,\"changesBytes\":500,\"snapshotRows\":1,\"snapshotBytes\":500}");
    follow(trial, changes, 3); /* by changes: one snapshot */
    check_name(trial, "WESTERN_DRUG", "A", "2026-04-01", "fourth");
    WITH_FAKE(trial, trial->fake->weights = "{\"events\":2,\"changesBytes\":501,\"snapshotRows\":1,\"snapshotBytes\":500}");
    WITH_FAKE(trial, trial->fake->snapshot = ROW("WESTERN_DRUG", "A", "650000", "5", "whole"));
    WITH_FAKE(trial, trial->fake->snapshot_cursor = "3");
    WITH_FAKE(trial, trial->fake->change_count = 5);
    WITH_FAKE(trial, trial->fake->changes[3] = changes[2]);
    WITH_FAKE(trial, trial->fake->changes[4] = changes[2]);
    assert_int_equal(medhub_catalogue_refresh(trial->hub, 10000, &trial->error), MEDHUB_OK);
    assert_int_equal(FAKE_COUNT(trial, snapshots), 2);
    check_name(trial, "WESTERN_DRUG", "A", "2026-04-01", "whole");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_event_that_changes_a_row_comes_into_the_copy),
        TEST(a_copy_holds_what_its_institution_is_told_of),
        TEST(who_comes_to_another_region_has_its_rows_at_once),
        TEST(an_items_changes_are_made_in_the_order_of_its_versions),
        TEST(the_smaller_of_changes_and_snapshot_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
