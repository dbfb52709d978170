// links: dep::jansson dep::microhttpd dep::sqlite3
/* medhub_catalogue_*: snapshot, changes, the day of service, atomic switch, damage. */
#include "fake_gateway.h"

#include <dirent.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROW(code, region, from, until, name)                                                                 \
    "{\"kind\":\"WESTERN_DRUG\",\"code\":\"" code "\",\"region\":\"" region "\",\"validFrom\":\"" from       \
    "\",\"validUntil\":\"" until "\",\"version\":\"1\",\"item\":{\"name\":\"" name "\",\"code\":\"" code     \
    "\"}}\n"
#define CHANGE(version, code, region, day, what, name)                                                       \
    "{\"specversion\":\"1.0\",\"id\":\"x\",\"type\":\"medhub.catalogue.item_changed.v1\",\"factversion\":"   \
    "\"" version "\",\"data\":{"                                                                             \
    "\"itemKey\":\"WESTERN_DRUG/" code "\",\"region\":\"" region "\",\"changes\":[\"" what "\"],"            \
    "\"effectiveOn\":\"" day "\",\"item\":{\"kind\":\"KIND_WESTERN_DRUG\",\"code\":\"" code                  \
    "\",\"name\":\"" name "\"}}}"

static const char edition_2024[] = ROW("A1", "000000", "2024-01-01", "", "阿莫西林")
    ROW("A1", "650000", "2024-06-01", "2024-12-31", "阿莫西林（新疆）")
        ROW("B2", "000000", "2024-01-01", "2024-12-31", "B") ROW("B2", "000000", "2025-01-01", "", "B 2025");

static enum medhub_status refresh(struct trial *trial)
{
    return medhub_catalogue_refresh(trial->hub, 10000, &trial->error);
}

static void refresh_well(struct trial *trial)
{
    if (refresh(trial) != MEDHUB_OK)
        fail_msg("%s", trial->error.text_en);
}

/* The name of the item in force, or the code of the error. */
static void check_name(struct trial *trial, const char *code, const char *region, const char *date,
                       const char *expected)
{
    char *json = NULL;
    enum medhub_status status =
        medhub_catalogue_find(trial->hub, "WESTERN_DRUG", code, region, date, &json, &trial->error);
    json_t *row = json_loads(status == MEDHUB_OK ? json : "{}", 0, NULL);
    const char *name = json_string_value(json_object_get(json_object_get(row, "item"), "name"));
    assert_string_equal(status == MEDHUB_OK ? name : trial->error.code, expected);
    json_decref(row);
    medhub_free(json);
}

static struct medhub_catalogue_state look(struct trial *trial)
{
    struct medhub_catalogue_state state = MEDHUB_CATALOGUE_STATE_INIT;
    assert_int_equal(medhub_catalogue_state(trial->hub, &state, &trial->error), MEDHUB_OK);
    return state;
}

static void begin(struct trial *trial, const char *snapshot)
{
    WITH_FAKE(trial, trial->fake->snapshot = snapshot);
    WITH_FAKE(trial, trial->fake->snapshot_cursor = "0");
    trial_open(trial);
}

static void an_item_is_what_it_was_on_the_day_of_service(void **state)
{
    struct trial *trial = *state;
    begin(trial, edition_2024);
    check_name(trial, "A1", "650102", "2024-07-01", "catalogue.none");
    refresh_well(trial);
    assert_int_equal(look(trial).rows, 4);
    assert_true(look(trial).snapshot_ms > 0 && look(trial).refreshed_ms > 0);
    check_name(trial, "A1", "650102", "2024-07-01", "阿莫西林（新疆）"); /* the province's */
    check_name(trial, "A1", "650102", "2025-07-01", "阿莫西林");         /* the nation's again */
    check_name(trial, "A1", "110000", "2024-07-01", "阿莫西林");
    check_name(trial, "A1", "000000", "2023-12-31", "catalogue.absent");
    check_name(trial, "B2", "000000", "2024-12-31", "B");
    check_name(trial, "B2", "000000", "2025-01-01", "B 2025");
    check_name(trial, "C3", "000000", "2025-01-01", "catalogue.absent");
    check_name(trial, "A1", "65", "2025-01-01", "catalogue.date");
    check_name(trial, "A1", "650000", "2025-02-30", "catalogue.date");
}

static void changes_are_added_and_earlier_rows_end_the_day_before(void **state)
{
    struct trial *trial = *state;
    begin(trial, edition_2024);
    refresh_well(trial);
    WITH_FAKE(trial, trial->fake->changes[0] =
                         CHANGE("2", "A1", "000000", "2026-01-01", "CHANGE_RENAMED", "A 2026"));
    WITH_FAKE(trial, trial->fake->changes[1] =
                         CHANGE("2", "B2", "000000", "2026-02-01", "CHANGE_REMOVED", "B 2025"));
    WITH_FAKE(trial,
              trial->fake->changes[2] = CHANGE("1", "C3", "000000", "2026-02-01", "CHANGE_ADDED", "C"));
    WITH_FAKE(trial,
              trial->fake->changes[3] = "{\"type\":\"medhub.catalogue.release_published.v1\",\"data\":{}}");
    WITH_FAKE(trial, trial->fake->change_count = 4);
    refresh_well(trial);
    assert_int_equal(FAKE_COUNT(trial, snapshots), 1);
    check_name(trial, "A1", "000000", "2025-12-31", "阿莫西林");
    check_name(trial, "A1", "000000", "2026-01-01", "A 2026");
    check_name(trial, "B2", "000000", "2026-01-31", "B 2025");
    check_name(trial, "B2", "000000", "2026-02-01", "catalogue.absent");
    check_name(trial, "C3", "650102", "2026-02-01", "C");
    assert_int_equal(look(trial).rows, 6);
    assert_int_equal(medhub_catalogue_check(trial->hub, &trial->error), MEDHUB_OK);
    char digest[65];
    (void)snprintf(digest, sizeof digest, "%s", look(trial).digest);
    trial_reopen(trial);
    assert_string_equal(look(trial).digest, digest);
    check_name(trial, "A1", "000000", "2026-01-01", "A 2026");
}

#define OF_RELEASE(version, code, change, name)                                                              \
    "{\"type\":\"medhub.catalogue.item_changed.v1\",\"factversion\":" version                                \
    ",\"data\":{\"itemKey\":\"WESTERN_DRUG/" code "\",\"region\":\"000000\",\"release\":\"R\","               \
    "\"effectiveOn\":\"2099-01-01\",\"changes\":[\"" change "\"],\"item\":{\"kind\":\"KIND_WESTERN_DRUG\","    \
    "\"code\":\"" code "\",\"name\":\"" name "\",\"region\":\"000000\",\"release\":\"R\"}}}"
#define WITHDRAWN(version, code)                                                                             \
    "{\"type\":\"medhub.catalogue.item_change_withdrawn.v1\",\"factversion\":" version                       \
    ",\"data\":{\"itemKey\":\"WESTERN_DRUG/" code "\",\"region\":\"000000\",\"release\":\"R\","               \
    "\"effectiveOn\":\"2099-01-01\"}}"
#define MARK(type, count)                                                                                    \
    "{\"type\":\"medhub.catalogue." type ".v1\",\"data\":{\"release\":\"R\",\"itemCount\":\"" count "\"}}"

static void tell(struct trial *trial, const char *event)
{
    WITH_FAKE(trial, trial->fake->changes[trial->fake->change_count++] = event);
}

static void a_release_comes_into_the_copy_whole_whatever_the_order(void **state)
{
    struct trial *trial = *state;
    char digest[65];
    begin(trial, edition_2024);
    refresh_well(trial);
    (void)snprintf(digest, sizeof digest, "%s", look(trial).digest);
    tell(trial, OF_RELEASE("2", "A1", "CHANGE_RENAMED", "A 2099"));
    tell(trial, MARK("release_published", "3"));
    tell(trial, OF_RELEASE("2", "B2", "CHANGE_REMOVED", "B 2025"));
    refresh_well(trial);
    check_name(trial, "A1", "110000", "2099-01-01", "阿莫西林"); /* a third one is missing: nothing of it shows */
    check_name(trial, "B2", "000000", "2099-01-01", "B 2025");
    assert_string_equal(look(trial).digest, digest);
    trial_reopen(trial);
    tell(trial, OF_RELEASE("1", "C3", "CHANGE_ADDED", "C"));
    refresh_well(trial);
    check_name(trial, "A1", "110000", "2098-12-31", "阿莫西林");
    check_name(trial, "A1", "110000", "2099-01-01", "A 2099");
    check_name(trial, "B2", "000000", "2099-01-01", "catalogue.absent");
    check_name(trial, "C3", "000000", "2099-01-01", "C");
    assert_int_equal(FAKE_COUNT(trial, snapshots), 1);
    assert_int_equal(medhub_catalogue_check(trial->hub, &trial->error), MEDHUB_OK);
    char *releases = NULL;
    assert_int_equal(medhub_catalogue_releases(trial->hub, &releases, &trial->error), MEDHUB_OK);
    assert_non_null(strstr(releases, "[{\"release\":\"R\",\"digest\":\""));
    medhub_free(releases);
}

/* The release R, which was published with the digest that its one change has. */
static void tell_release(struct trial *trial)
{
    tell(trial, OF_RELEASE("2", "A1", "CHANGE_RENAMED", "A 2099"));
    tell(trial, MARK("release_published", "1"));
}

static void what_the_copy_works_with_is_answered_once(void **state)
{
    struct trial *trial = *state;
    begin(trial, edition_2024);
    refresh_well(trial);
    tell_release(trial);
    refresh_well(trial);
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_int_equal(FAKE_COUNT(trial, arrival_count), 1);
    assert_true(strncmp(trial->fake->arrivals[0].id, "applied/R/", 10) == 0);
    assert_string_equal(trial->fake->arrivals[0].subject, "release/R");
    trial_reopen(trial);
    WITH_FAKE(trial, trial->fake->catalogue_gone = true); /* a copy made anew, from a snapshot that does not tell of it */
    refresh_well(trial);
    refresh_well(trial);
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_int_equal(FAKE_COUNT(trial, posts), 1);
}

static void answers_wait_for_the_gateway_and_for_room(void **state)
{
    struct trial *trial = *state;
    const struct medhub_event other = {.size = sizeof other, .type = "t", .data = "{}", .id = "other", .key = "k"};
    trial_option(trial, "outbox_events_max", "1");
    begin(trial, edition_2024);
    refresh_well(trial);
    assert_int_equal(medhub_submit(trial->hub, &other, 1, NULL, &trial->error), MEDHUB_OK);
    tell_release(trial);
    refresh_well(trial);
    assert_true(trial_work_until(trial, trial_is_idle));
    refresh_well(trial); /* now there is room */
    trial_reopen(trial);
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_int_equal(FAKE_COUNT(trial, arrival_count), 2);
}

static void who_does_not_want_it_answers_nothing(void **state)
{
    struct trial *trial = *state;
    trial_option(trial, "answer_releases", "0");
    begin(trial, edition_2024);
    refresh_well(trial);
    tell_release(trial);
    refresh_well(trial);
    assert_true(trial_is_idle(trial));
    assert_int_equal(FAKE_COUNT(trial, posts), 0);
}

static void a_release_that_came_wrong_is_seen_by_its_digest_and_healed(void **state)
{
    struct trial *trial = *state;
    begin(trial, edition_2024);
    refresh_well(trial);
    tell(trial, OF_RELEASE("2", "A1", "CHANGE_RENAMED", "A 2099"));
    tell(trial, "{\"type\":\"medhub.catalogue.release_published.v1\",\"data\":{\"release\":\"R\",\"itemCount\":\"1\","
                "\"digest\":\"AAAAAAAAAAE=\"}}");
    assert_int_equal(refresh(trial), MEDHUB_DAMAGED);
    check_name(trial, "A1", "110000", "2099-01-01", "阿莫西林");
    WITH_FAKE(trial, trial->fake->change_count = 0);
    refresh_well(trial);
    assert_int_equal(FAKE_COUNT(trial, snapshots), 2);
}

static void a_withdrawn_release_leaves_everything_as_it_was(void **state)
{
    struct trial *trial = *state;
    begin(trial, edition_2024);
    refresh_well(trial);
    tell(trial, MARK("release_taken_back", "3"));
    tell(trial, WITHDRAWN("3", "A1"));
    tell(trial, OF_RELEASE("2", "A1", "CHANGE_RENAMED", "A 2099"));
    tell(trial, OF_RELEASE("2", "B2", "CHANGE_REMOVED", "B 2025"));
    tell(trial, MARK("release_published", "3"));
    tell(trial, OF_RELEASE("1", "C3", "CHANGE_ADDED", "C"));
    tell(trial, WITHDRAWN("3", "B2"));
    refresh_well(trial);
    check_name(trial, "A1", "110000", "2099-01-01", "A 2099"); /* one withdrawal is missing */
    check_name(trial, "C3", "000000", "2099-01-01", "C");
    tell(trial, WITHDRAWN("2", "C3"));
    refresh_well(trial);
    check_name(trial, "A1", "110000", "2099-01-01", "阿莫西林");
    check_name(trial, "B2", "000000", "2099-01-01", "B 2025");
    check_name(trial, "C3", "000000", "2099-01-01", "catalogue.absent");
    assert_int_equal(look(trial).rows, 4);
    assert_int_equal(medhub_catalogue_check(trial->hub, &trial->error), MEDHUB_OK);
}

static void what_never_becomes_complete_is_healed_by_a_snapshot(void **state)
{
    struct trial *trial = *state;
    begin(trial, edition_2024);
    refresh_well(trial);
    tell(trial, OF_RELEASE("2", "A1", "CHANGE_RENAMED", "A 2099"));
    tell(trial, MARK("release_published", "3"));
    refresh_well(trial);
    refresh_well(trial);
    assert_int_equal(FAKE_COUNT(trial, snapshots), 1);
    WITH_FAKE(trial, trial->fake->change_count = 0);
    refresh_well(trial);
    assert_int_equal(FAKE_COUNT(trial, snapshots), 2);
}

static void what_the_snapshot_holds_already_is_not_added_again(void **state)
{
    struct trial *trial = *state;
    WITH_FAKE(trial,
              trial->fake->changes[0] = CHANGE("1", "B2", "000000", "2024-01-01", "CHANGE_ADDED", "B"));
    WITH_FAKE(trial,
              trial->fake->changes[1] = CHANGE("1", "B2", "000000", "2025-06-01", "CHANGE_REMOVED", "B"));
    WITH_FAKE(trial, trial->fake->change_count = 2);
    begin(trial, edition_2024);
    refresh_well(trial);
    check_name(trial, "B2", "000000", "2024-12-31", "B");
    check_name(trial, "B2", "000000", "2025-07-01", "B 2025");
    assert_int_equal(look(trial).rows, 4);
}

static void it_works_offline_and_says_that_it_could_not_refresh(void **state)
{
    struct trial *trial = *state;
    begin(trial, edition_2024);
    refresh_well(trial);
    fake_stop(trial->fake);
    assert_int_equal(refresh(trial), MEDHUB_UNREACHABLE);
    trial_reopen(trial);
    check_name(trial, "A1", "000000", "2024-07-01", "阿莫西林");
}

static void a_cursor_too_old_takes_a_new_snapshot(void **state)
{
    struct trial *trial = *state;
    begin(trial, edition_2024);
    refresh_well(trial);
    WITH_FAKE(trial, trial->fake->catalogue_gone = true);
    WITH_FAKE(trial, trial->fake->snapshot = ROW("Z9", "000000", "2024-01-01", "", "Z"));
    refresh_well(trial);
    assert_int_equal(FAKE_COUNT(trial, snapshots), 2);
    check_name(trial, "Z9", "000000", "2024-07-01", "Z");
    check_name(trial, "A1", "000000", "2024-07-01", "catalogue.absent");
}

static void a_snapshot_whose_digest_is_wrong_changes_nothing(void **state)
{
    struct trial *trial = *state;
    begin(trial, edition_2024);
    refresh_well(trial);
    WITH_FAKE(trial, trial->fake->catalogue_gone = true);
    WITH_FAKE(trial, trial->fake->snapshot = ROW("Z9", "000000", "2024-01-01", "", "Z"));
    WITH_FAKE(trial, trial->fake->snapshot_digest = "00");
    assert_int_equal(refresh(trial), MEDHUB_PROTOCOL);
    assert_string_equal(trial->error.code, "catalogue.digest");
    check_name(trial, "A1", "000000", "2024-07-01", "阿莫西林");
    WITH_FAKE(trial, trial->fake->snapshot_digest = NULL);
    WITH_FAKE(trial, trial->fake->snapshot_cut = true);
    assert_int_equal(refresh(trial), MEDHUB_PROTOCOL);
    assert_string_equal(trial->error.code, "catalogue.digest");
    WITH_FAKE(trial, trial->fake->snapshot_cut = false);
    WITH_FAKE(trial, trial->fake->snapshot = ROW("Z9", "000000", "2024-01-01", "", "Z") "not a row\n");
    assert_int_equal(refresh(trial), MEDHUB_PROTOCOL);
    check_name(trial, "A1", "000000", "2024-07-01", "阿莫西林");
    WITH_FAKE(trial, trial->fake->snapshot = ROW("Z9", "000000", "2024-01-01", "", "Z"));
    refresh_well(trial);
    check_name(trial, "Z9", "000000", "2024-07-01", "Z");
}

static void a_row_that_is_written_otherwise_is_the_same_row(void **state)
{
    struct trial *trial = *state;
    begin(trial, ROW("A1", "000000", "2024-01-01", "", "a b"));
    refresh_well(trial);
    struct medhub_catalogue_state plain = look(trial);
    WITH_FAKE(trial, trial->fake->catalogue_gone = true);
    WITH_FAKE(trial, trial->fake->snapshot = "{ \"item\": {\"code\":\"A1\", \"name\":\"a\\u0020b\"}, \"version\":1,"
                                             "\"validFrom\":\"2024-01-01\",\"region\":\"000000\","
                                             "\"code\":\"A\\u0031\",\"kind\":\"WESTERN_DRUG\"}\n");
    refresh_well(trial);
    check_name(trial, "A1", "000000", "2024-07-01", "a b");
    assert_string_equal(look(trial).digest, plain.digest);
    WITH_FAKE(trial, trial->fake->catalogue_gone = true);
    WITH_FAKE(trial, trial->fake->snapshot = ROW("A1", "000000", "2024-01-01", "", "a \\\"b\\\""));
    refresh_well(trial);
    check_name(trial, "A1", "000000", "2024-07-01", "a \"b\"");
}

/* The path of the only copy. */
static void find_copy(const struct trial *trial, char *path, size_t size)
{
    DIR *folder = opendir(trial->folder);
    path[0] = '\0';
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strncmp(entry->d_name, "catalogue", 9) == 0 && strstr(entry->d_name, "-wal") == NULL) {
            assert_string_equal(path, "");
            (void)snprintf(path, size, "%s/%s", trial->folder, entry->d_name);
        }
    (void)closedir(folder);
    assert_string_not_equal(path, "");
}

static void damage_by_sql(const char *path, const char *sql)
{
    sqlite3 *connection = NULL;
    assert_int_equal(sqlite3_open(path, &connection), SQLITE_OK);
    assert_int_equal(sqlite3_exec(connection, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(connection);
}

static void damage_is_noticed_and_healed(void **state)
{
    static const char *const damages[] = {
        "UPDATE row SET item = replace(item, '阿', '啊') WHERE region = '000000'",
        "UPDATE row SET valid_until = '2024-02-01' WHERE code = 'A1'",
        "DELETE FROM row WHERE code = 'B2'",
        "UPDATE facts SET rows = rows + 1",
    };
    struct trial *trial = *state;
    char path[400];

    begin(trial, edition_2024);
    refresh_well(trial);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        medhub_close(trial->hub);
        find_copy(trial, path, sizeof path);
        damage_by_sql(path, damages[i]);
        trial_open(trial);
        if (i == 0)
            check_name(trial, "A1", "000000", "2024-07-01", "catalogue.damaged");
        assert_int_equal(medhub_catalogue_check(trial->hub, &trial->error), MEDHUB_DAMAGED);
        trial_reopen(trial); /* what was noticed is noticed again, by the refresh itself */
        refresh_well(trial);
        assert_int_equal(FAKE_COUNT(trial, snapshots), i + 2);
        assert_int_equal(medhub_catalogue_check(trial->hub, &trial->error), MEDHUB_OK);
        check_name(trial, "A1", "000000", "2024-07-01", "阿莫西林");
    }
}

static void a_file_that_is_no_database_is_replaced(void **state)
{
    struct trial *trial = *state;
    char path[400], rubbish[4096];

    begin(trial, edition_2024);
    refresh_well(trial);
    medhub_close(trial->hub);
    find_copy(trial, path, sizeof path);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    memset(rubbish, 'x', sizeof rubbish);
    assert_int_equal(fwrite(rubbish, 1, sizeof rubbish, file), sizeof rubbish);
    (void)fclose(file);
    trial_open(trial);
    check_name(trial, "A1", "000000", "2024-07-01", "catalogue.none");
    refresh_well(trial);
    check_name(trial, "A1", "000000", "2024-07-01", "阿莫西林");
    find_copy(trial, path, sizeof path);
}

/* ---- killed while it is refreshed ---- */

enum { MANY_ROWS = 3000 };

static char *make_edition(unsigned edition)
{
    size_t size = MANY_ROWS * 200;
    char *text = malloc(size);
    size_t length = 0;
    for (unsigned i = 0; i < MANY_ROWS; i++)
        length += (size_t)snprintf(
            text + length, size - length,
            "{\"kind\":\"WESTERN_DRUG\",\"code\":\"C%u\",\"region\":\"000000\",\"validFrom\":"
            "\"2024-01-01\",\"validUntil\":\"\",\"item\":{\"name\":\"edition %u\"}}\n",
            i, edition);
    return text;
}

static void refresh_until_killed(struct trial *trial)
{
    if (medhub_open(trial->options, &trial->hub, &trial->error) != MEDHUB_OK)
        _exit(1);
    for (;;)
        (void)medhub_catalogue_refresh(trial->hub, 10000, &trial->error);
}

/* All rows of one edition, never a mixture. */
static void check_one_edition(struct trial *trial)
{
    char code[20], *json = NULL, first[200] = "";

    assert_int_equal(medhub_catalogue_check(trial->hub, &trial->error), MEDHUB_OK);
    assert_int_equal(look(trial).rows, MANY_ROWS);
    for (unsigned i = 0; i < MANY_ROWS; i += 97) {
        (void)snprintf(code, sizeof code, "C%u", i);
        assert_int_equal(medhub_catalogue_find(trial->hub, "WESTERN_DRUG", code, "000000", "2026-01-01",
                                               &json, &trial->error),
                         MEDHUB_OK);
        char *edition = strstr(json, "edition");
        assert_non_null(edition);
        if (first[0] == '\0')
            (void)snprintf(first, sizeof first, "%s", edition);
        assert_string_equal(edition, first);
        medhub_free(json);
    }
}

static void killed_at_any_moment_one_edition_or_the_other_is_there(void **state)
{
    struct trial *trial = *state;
    char *editions[2] = {make_edition(1), make_edition(2)};

    begin(trial, editions[0]);
    refresh_well(trial);
    medhub_close(trial->hub);
    trial->hub = NULL;
    for (unsigned round = 0; round < 12; round++) {
        WITH_FAKE(trial, trial->fake->catalogue_gone = true);
        WITH_FAKE(trial, trial->fake->snapshot = editions[round % 2]);
        pid_t child = fork();
        if (child == 0)
            refresh_until_killed(trial);
        (void)usleep((useconds_t)trial_dice(trial, 60000)); /* anywhere in it */
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        trial_open(trial);
        check_one_edition(trial);
        medhub_close(trial->hub);
        trial->hub = NULL;
    }
    WITH_FAKE(trial, trial->fake->snapshot = ""); /* the lock also tells that its threads are done with the last one */
    free(editions[0]);
    free(editions[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_item_is_what_it_was_on_the_day_of_service),
        TEST(changes_are_added_and_earlier_rows_end_the_day_before),
        TEST(a_release_comes_into_the_copy_whole_whatever_the_order),
        TEST(what_the_copy_works_with_is_answered_once),
        TEST(answers_wait_for_the_gateway_and_for_room),
        TEST(who_does_not_want_it_answers_nothing),
        TEST(a_release_that_came_wrong_is_seen_by_its_digest_and_healed),
        TEST(a_withdrawn_release_leaves_everything_as_it_was),
        TEST(what_never_becomes_complete_is_healed_by_a_snapshot),
        TEST(what_the_snapshot_holds_already_is_not_added_again),
        TEST(it_works_offline_and_says_that_it_could_not_refresh),
        TEST(a_cursor_too_old_takes_a_new_snapshot),
        TEST(a_row_that_is_written_otherwise_is_the_same_row),
        TEST(a_snapshot_whose_digest_is_wrong_changes_nothing),
        TEST(damage_is_noticed_and_healed),
        TEST(a_file_that_is_no_database_is_replaced),
        TEST(killed_at_any_moment_one_edition_or_the_other_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
