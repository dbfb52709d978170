#include "domain/catalogue.h"
#include "domain/release.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CHANGED   "medhub.catalogue.item_changed.v1"
#define PUBLISHED "medhub.catalogue.release_published.v1"
#define NHSA      "nhsa"
#define KEY       "WESTERN_DRUG/XA02BC"

enum { CHANGES_MAX = 8 };

struct fixture {
    struct trial *trial;
    ItemChanged said;
    CatalogueItem item;
    CatalogueChange changes[CHANGES_MAX];
};

static void fill(struct fixture *fixture)
{
    ItemChanged *said = &fixture->said;
    CatalogueItem *item = &fixture->item;
    medhub__catalogue__v1__item_changed__init(said);
    medhub__catalogue__v1__item__init(item);
    item->kind = KIND_WESTERN_DRUG;
    item->code = chars("XA02BC");
    item->name = chars("奥美拉唑");
    item->section = chars("西药部分");
    item->class_code = chars("XA02BC");
    item->limit_remark = chars("限活动性溃疡,二线");
    item->region = chars(REGION_NATION);
    item->valid_from = chars("2025-01-01");
    said->item_key = chars(KEY);
    said->region = chars(REGION_NATION);
    said->item = item;
    said->effective_on = chars("2025-01-01");
    said->changes = fixture->changes;
    said->n_changes = 1;
    fixture->changes[0] = CHANGE_ADDED;
}

static void register_bureau(struct trial *trial, const char *id, const char *region)
{
    Organisation bureau = MEDHUB__REGISTRY__V1__ORGANISATION__INIT;
    bureau.id = chars(id);
    bureau.region = chars(region);
    memory_put_table(trial->world, TABLE_REGISTRY, id, REGION_NATION, "2020-01-01", "", &bureau.base);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.trial = trial_new("2026-01-31T03:00:05Z");
    register_bureau(fixture.trial, NHSA, REGION_NATION);
    register_bureau(fixture.trial, "xinjiang", "650000");
    fill(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    trial_free(((struct fixture *)*state)->trial);
    return 0;
}

static void change_on(struct fixture *fixture, const char *effective_on, CatalogueChange change)
{
    fixture->said.effective_on = chars(effective_on);
    fixture->item.valid_from = chars(effective_on);
    fixture->changes[0] = change;
}

static void speak_for(struct fixture *fixture, const char *region)
{
    fixture->said.region = chars(region);
    fixture->item.region = chars(region);
}

static void say_as(struct fixture *fixture, const char *source)
{
    trial_submit(fixture->trial, CHANGED, source, KEY, &fixture->said.base);
}

static void say(struct fixture *fixture)
{
    say_as(fixture, NHSA);
}

static void say_and_apply(struct fixture *fixture)
{
    say(fixture);
    assert_accepted(fixture->trial);
    trial_apply(fixture->trial);
}

static date_t day(const char *text)
{
    return date_parse(bytes_of(text));
}

/* --- dated rows --- */

static void an_addition_opens_a_row(void **state)
{
    struct fixture *fixture = *state;
    const struct decision *decision = &fixture->trial->decision;
    say(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(decision->table_row_count, 1);
    assert_string_equal(decision->table_rows[0].table, TABLE_CATALOGUE);
    assert_string_equal(decision->table_rows[0].key, KEY);
    assert_int_equal(decision->table_rows[0].valid_from, day("2025-01-01"));
    assert_int_equal(decision->table_rows[0].valid_until, DATE_NONE);
    assert_int_equal(trial_delivery(fixture->trial, 0, "institution@000000"), VISIBLE_PUBLIC);
    assert_int_equal(decision->submission_count, 0);
}

static void a_change_ends_the_row_before_on_the_day_before(void **state)
{
    struct fixture *fixture = *state;
    const struct decision *decision = &fixture->trial->decision;
    say_and_apply(fixture);
    change_on(fixture, "2026-01-01", CHANGE_SECTION_MOVED);
    fixture->item.section = chars("协议期内谈判药品（西药）");
    say(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(decision->table_row_count, 2);
    assert_int_equal(decision->table_rows[0].valid_from, day("2025-01-01"));
    assert_int_equal(decision->table_rows[0].valid_until, day("2025-12-31"));
    assert_int_equal(decision->table_rows[1].valid_from, day("2026-01-01"));
    trial_apply(fixture->trial);
    assert_int_equal(
        memory_count_rows(fixture->trial->world, TABLE_CATALOGUE, KEY, REGION_NATION, day("2025-12-31")), 1);
    assert_int_equal(
        memory_count_rows(fixture->trial->world, TABLE_CATALOGUE, KEY, REGION_NATION, day("2026-01-01")), 1);
}

static void a_removal_only_ends(void **state)
{
    struct fixture *fixture = *state;
    say_and_apply(fixture);
    change_on(fixture, "2026-01-01", CHANGE_REMOVED);
    say_and_apply(fixture);
    assert_int_equal(
        memory_count_rows(fixture->trial->world, TABLE_CATALOGUE, KEY, REGION_NATION, day("2025-12-31")), 1);
    assert_int_equal(
        memory_count_rows(fixture->trial->world, TABLE_CATALOGUE, KEY, REGION_NATION, day("2026-01-01")), 0);
    say(fixture);
    assert_accepted(
        fixture->trial); /* the same removal again: it was in force on the day before, and ends there */
    assert_int_equal(fixture->trial->decision.table_row_count, 0);
}

static void what_was_not_in_force_cannot_be_removed(void **state)
{
    struct fixture *fixture = *state;
    change_on(fixture, "2026-01-01", CHANGE_REMOVED);
    say(fixture);
    assert_refused(fixture->trial, "catalogue.nothing_to_remove");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.nothing_to_remove", "effectiveOn",
                   "2026-01-01", "the day after a day on which the item is in force", "苏医保规〔2021〕2号");
}

static void rows_do_not_overlap(void **state)
{
    struct fixture *fixture = *state;
    change_on(fixture, "2026-01-01", CHANGE_ADDED);
    say_and_apply(fixture);
    change_on(fixture, "2025-06-01", CHANGE_ADDED); /* earlier and open: would run into the row of 2026 */
    say(fixture);
    assert_refused(fixture->trial, "catalogue.rows_overlap");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.rows_overlap", "effectiveOn", "2025-06-01",
                   "no other row of region 000000; there is one from 2026-01-01 to further notice",
                   "晋医保发〔2021〕25号");
    fixture->item.valid_until = chars("2025-12-31");
    say(fixture);
    assert_accepted(fixture->trial);
}

static void the_last_day_is_not_before_the_first(void **state)
{
    struct fixture *fixture = *state;
    fixture->item.valid_until = chars("2024-12-31");
    say(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.dates_reversed", "item.validUntil",
                   "2024-12-31", "not before 2025-01-01", "津医保局发〔2021〕109号");
}

static void the_item_agrees_with_the_change(void **state)
{
    struct fixture *fixture = *state;
    fixture->item.region = chars("650000");
    say(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.row_differs", "item.region", "650000",
                   "000000", "津医保局发〔2021〕109号");
}

static void the_key_is_kind_and_code(void **state)
{
    struct fixture *fixture = *state;
    fixture->item.code = chars("XA02BX");
    say(fixture);
    assert_refused(fixture->trial, "catalogue.key_differs");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.key_differs", "itemKey", KEY,
                   "WESTERN_DRUG/XA02BX", "苏医保规〔2021〕2号");
}

/* --- regions --- */

static void a_region_speaks_for_itself(void **state)
{
    struct fixture *fixture = *state;
    speak_for(fixture, "650000");
    say_as(fixture, "xinjiang");
    assert_accepted(fixture->trial);
    speak_for(fixture, "620000");
    say_as(fixture, "xinjiang");
    assert_refused(fixture->trial, "catalogue.not_its_region");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.not_its_region", "region", "620000",
                   "a region that xinjiang speaks for", "苏医保规〔2021〕2号");
    say(fixture); /* the nation's bureau may */
    assert_accepted(fixture->trial);
}

static void a_region_does_not_alter_what_the_nation_protects(void **state)
{
    struct fixture *fixture = *state;
    fixture->item.nationally_protected = true;
    say_and_apply(fixture);
    speak_for(fixture, "650000");
    change_on(fixture, "2026-01-01", CHANGE_ADDED);
    say_as(fixture, "xinjiang");
    assert_refused(fixture->trial, "catalogue.nationally_protected");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.nationally_protected", "region", "650000",
                   "000000: the nation protects this item", "苏医保规〔2021〕2号");
    change_on(fixture, "2024-06-01", CHANGE_ADDED); /* before the nation did */
    fixture->item.valid_until = chars("2024-12-31");
    say_as(fixture, "xinjiang");
    assert_accepted(fixture->trial);
}

/* --- declared and actual changes --- */

static void declared_changes_must_be_the_actual_ones(void **state)
{
    struct fixture *fixture = *state;
    say_and_apply(fixture);
    change_on(fixture, "2026-01-01", CHANGE_SECTION_MOVED);
    fixture->item.limit_remark = chars("");
    say(fixture);
    assert_refused(fixture->trial, "catalogue.changes_differ");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.changes_differ", "changes", "SECTION_MOVED",
                   "LIMIT_CHANGED", "苏医保规〔2021〕2号");
    fixture->changes[0] = CHANGE_LIMIT;
    say(fixture);
    assert_accepted(fixture->trial);
}

static void spaces_and_wide_forms_are_no_change(void **state)
{
    struct fixture *fixture = *state;
    say_and_apply(fixture);
    change_on(fixture, "2026-01-01", CHANGE_LIMIT);
    fixture->item.limit_remark = chars("限活动性 溃疡，二线");
    fixture->item.item_number = chars("27");
    say(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.changes_differ", "changes", "LIMIT_CHANGED",
                   "none: the item is as before", "苏医保规〔2021〕2号");
}

static void every_kind_of_change_is_told_apart(void **state)
{
    (void)state;
    CatalogueItem before = MEDHUB__CATALOGUE__V1__ITEM__INIT, after;
    Medhub__Common__V1__Price price = MEDHUB__COMMON__V1__PRICE__INIT;
#define ASSERT_CHANGE(change, ...)                                                                           \
    do {                                                                                                     \
        after = before;                                                                                      \
        __VA_ARGS__;                                                                                         \
        assert_int_equal(catalogue_difference(&before, &after), change_bit(change));                         \
    } while (0)
    ASSERT_CHANGE(CHANGE_RENAMED, after.name = chars("x"));
    ASSERT_CHANGE(CHANGE_SECTION_MOVED, after.section = chars("x"));
    ASSERT_CHANGE(CHANGE_CATEGORY_MOVED, after.class_code = chars("x"));
    ASSERT_CHANGE(CHANGE_PAYMENT_STANDARD, after.payment_standard = &price);
    ASSERT_CHANGE(CHANGE_PAYMENT_STANDARD, after.payment_standard_text = chars("4.15元"));
    ASSERT_CHANGE(CHANGE_PAYMENT_STANDARD, after.payment_standard_confidential = true);
    ASSERT_CHANGE(CHANGE_LIMIT, after.limit_remark = chars("x"));
    PaymentLimit limit = MEDHUB__CATALOGUE__V1__PAYMENT_LIMIT__INIT, other = limit;
    ASSERT_CHANGE(CHANGE_LIMIT, after.limit = &limit);
    before.limit = &limit;
    other.course_days = 14;
    ASSERT_CHANGE(CHANGE_LIMIT, after.limit = &other);
    other.course_days = 0;
    ASSERT_CHANGE(CHANGE_OTHER, after.limit = &other, after.prescriber_title = chars("232"));
    before.limit = NULL;
    ASSERT_CHANGE(CHANGE_VALIDITY, after.agreement_until = chars("2026-12-31"));
    ASSERT_CHANGE(CHANGE_OTHER, after.dosage_form = chars("x"));
    after = before;
    after.item_number = chars("27");
    after.release = chars("2025");
    after.valid_from = chars("2026-01-01");
    assert_int_equal(catalogue_difference(&before, &after), 0);
}

/* --- releases --- */

static void count_for_release(struct fixture *fixture)
{
    const struct decided_submission *submission = &fixture->trial->decision.submissions[0];
    uint8_t packed[512];
    assert_int_equal(fixture->trial->decision.submission_count, 1);
    assert_string_equal(submission->type, RELEASE_ITEM_COUNTED_TYPE);
    assert_string_equal(submission->key, "release/2025");
    assert_int_equal(((const ReleaseItemCounted *)submission->message)->n_items, 1);
    size_t length = protobuf_c_message_pack(submission->message, packed);
    ReleaseItemCounted *counted = medhub__catalogue__v1__release_item_counted__unpack(NULL, length, packed);
    trial_submit(fixture->trial, RELEASE_ITEM_COUNTED_TYPE, "hub", "release/2025", &counted->base);
    medhub__catalogue__v1__release_item_counted__free_unpacked(counted, NULL);
    assert_accepted(fixture->trial);
    trial_apply(fixture->trial);
}

/* Two items of release 2025: one added, one added and later told of again with a new limit. */
static void play_release(struct fixture *fixture)
{
    fixture->said.release = chars("2025");
    say_and_apply(fixture);
    count_for_release(fixture);
    change_on(fixture, "2026-01-01", CHANGE_LIMIT);
    fixture->item.limit_remark = chars("");
    say_and_apply(fixture);
    count_for_release(fixture);
}

struct release {
    ReleasePublished said;
    ChangeCount added, limit, *counts[2];
};

static ReleasePublished *release_2025(struct release *release)
{
    medhub__catalogue__v1__release_published__init(&release->said);
    medhub__catalogue__v1__change_count__init(&release->added);
    medhub__catalogue__v1__change_count__init(&release->limit);
    release->added.change = CHANGE_ADDED;
    release->added.count = 1;
    release->limit.change = CHANGE_LIMIT;
    release->limit.count = 1;
    release->counts[0] = &release->added;
    release->counts[1] = &release->limit;
    release->said.item_key = chars("release/2025");
    release->said.release = chars("2025");
    release->said.region = chars(REGION_NATION);
    release->said.effective_on = chars("2026-01-01");
    release->said.item_count = 2;
    release->said.counts = release->counts;
    release->said.n_counts = 2;
    return &release->said;
}

static void publish(struct fixture *fixture, const ReleasePublished *said)
{
    trial_submit(fixture->trial, PUBLISHED, NHSA, "release/2025", &said->base);
}

static void a_release_is_published_once_with_its_counts(void **state)
{
    struct fixture *fixture = *state;
    struct release release;
    play_release(fixture);
    publish(fixture, release_2025(&release));
    assert_accepted(fixture->trial);
    assert_int_equal(trial_delivery(fixture->trial, 0, "institution@000000"), VISIBLE_PUBLIC);
    assert_int_equal(trial_finding(fixture->trial, "catalogue.release_digest_differs")->severity,
                     SEVERITY_WARN);
    trial_apply(fixture->trial);
    publish(fixture, &release.said);
    assert_refused(fixture->trial, "catalogue.release_published_before");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.release_published_before", "release", "2025",
                   "a release that was not published yet", "苏医保规〔2021〕2号");
}

static void wrong_counts_are_refused_one_by_one(void **state)
{
    struct fixture *fixture = *state;
    struct release release;
    play_release(fixture);
    release_2025(&release)->item_count = 3;
    release.added.count = 2;
    publish(fixture, &release.said);
    assert_refused(fixture->trial, "catalogue.release_counts_differ");
    assert_int_equal(fixture->trial->event.findings.refusing, 2);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.release_counts_differ", "itemCount", "3",
                   "2 counted by the hub", "苏医保规〔2021〕2号");
}

static void the_digest_is_the_sum_of_the_rows(void **state)
{
    struct fixture *fixture = *state;
    struct release release;
    struct arena *arena = arena_new(4096, 1024 * 1024);
    uint64_t first, second;
    uint8_t digest[RELEASE_DIGEST_BYTES];
    assert_true(catalogue_row_digest(arena, &fixture->said, change_bit(CHANGE_ADDED), &first));
    play_release(fixture);
    assert_true(catalogue_row_digest(arena, &fixture->said, change_bit(CHANGE_LIMIT), &second));
    for (size_t i = 0; i < sizeof digest; i++)
        digest[i] = (uint8_t)((first + second) >> (56 - 8 * i));
    release_2025(&release)->digest = (ProtobufCBinaryData){sizeof digest, digest};
    publish(fixture, &release.said);
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->event.findings.count, 0);
    digest[7] ^= 1;
    publish(fixture, &release.said);
    assert_refused(fixture->trial, "catalogue.release_digest_differs");
    arena_free(arena);
}

static void a_release_has_its_key_and_its_region(void **state)
{
    struct fixture *fixture = *state;
    struct release release;
    play_release(fixture);
    release_2025(&release)->release = chars("2024");
    publish(fixture, &release.said);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.release_key_differs", "itemKey",
                   "release/2025", "release/2024", "苏医保规〔2021〕2号");
    trial_submit(fixture->trial, PUBLISHED, "xinjiang", "release/2025", &release_2025(&release)->base);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "catalogue.release_not_its_region", "region", "000000",
                   "a region that xinjiang speaks for", "苏医保规〔2021〕2号");
}

/* --- property: whatever is said, spans never overlap --- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void random_changes_never_make_rows_overlap(void **state)
{
    struct fixture *fixture = *state;
    const CatalogueChange kinds[] = {CHANGE_ADDED, CHANGE_REMOVED, CHANGE_LIMIT, CHANGE_RENAMED};
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES], name[16];
    uint32_t seed = 31;
    int accepted = 0;
    date_t begin = day("2025-01-01");
    for (int round = 0; round < 3000; round++) {
        date_t first = begin + (date_t)(next_random(&seed) % 60);
        bool is_open = next_random(&seed) % 3 == 0;
        change_on(fixture, date_format(first, from), kinds[next_random(&seed) % 4]);
        fixture->item.valid_until =
            chars(is_open ? "" : date_format(first + (date_t)(next_random(&seed) % 20) - 2, until));
        (void)snprintf(name, sizeof name, "name %u", next_random(&seed) % 3);
        fixture->item.name = name;
        say(fixture);
        if (fixture->trial->decision.outcome != OUTCOME_ACCEPTED)
            continue;
        accepted++;
        trial_apply(fixture->trial);
        for (date_t date = begin - 1; date < begin + 90; date++)
            assert_true(memory_count_rows(fixture->trial->world, TABLE_CATALOGUE, KEY, REGION_NATION, date) <=
                        1);
    }
    assert_true(accepted > 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_addition_opens_a_row),
        TEST(a_change_ends_the_row_before_on_the_day_before),
        TEST(a_removal_only_ends),
        TEST(what_was_not_in_force_cannot_be_removed),
        TEST(rows_do_not_overlap),
        TEST(the_last_day_is_not_before_the_first),
        TEST(the_item_agrees_with_the_change),
        TEST(the_key_is_kind_and_code),
        TEST(a_region_speaks_for_itself),
        TEST(a_region_does_not_alter_what_the_nation_protects),
        TEST(declared_changes_must_be_the_actual_ones),
        TEST(spaces_and_wide_forms_are_no_change),
        TEST(every_kind_of_change_is_told_apart),
        TEST(a_release_is_published_once_with_its_counts),
        TEST(wrong_counts_are_refused_one_by_one),
        TEST(the_digest_is_the_sum_of_the_rows),
        TEST(a_release_has_its_key_and_its_region),
        TEST(random_changes_never_make_rows_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
