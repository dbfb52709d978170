// links: dep::jansson
/* policy_file.h, policy_pack.h, policy_check.h: packs of policy parameters, looked over and as events. */
#include "ops/ctl/policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Lines 1-3, and of each parameter six; names are those that rules read. */
#define NATION "region: \"000000\"\ntitle_zh: 全国\nparameters:\n"
#define SOURCE "    document: D\n    clause: C\n    title_zh: 名\n    title_en: name\n"
#define CLAIM_HOURS                                                                                                            \
    "  - name: prescription.claim_hours\n    kind: integer\n    unit: hours, of a claim\n    valid_from: 2021-01-01\n" SOURCE

struct fixture {
    char path[2][64];
    struct arena *arena;
    struct policy_set set;
    json_t *events;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_new(64 * 1024, 16 * 1024 * 1024);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(fixture->path[i], sizeof fixture->path[i], "/tmp/medhub-policy-XXXXXX");
        (void)close(mkstemp(fixture->path[i]));
    }
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    json_decref(fixture->events);
    for (int i = 0; i < 2; i++)
        (void)unlink(fixture->path[i]);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

/* Checks NATIONAL and, if it is not NULL, REGIONAL together. */
static void read_texts(struct fixture *fixture, const char *national, const char *regional)
{
    const char *paths[] = {fixture->path[0], fixture->path[1]};

    write_text(paths[0], national);
    if (regional != NULL)
        write_text(paths[1], regional);
    policy_set_read(paths, regional == NULL ? 1 : 2, fixture->arena, &fixture->set);
}

/* The first finding with that code; NULL if there is none. What no test of a form is about is left out: a little pack has
 * no value for most rules. */
static const struct policy_finding *found(const struct fixture *fixture, const char *code)
{
    for (const struct policy_finding *each = fixture->set.findings.first; each != NULL; each = each->next)
        if (strcmp(policy_fault_rows[each->fault].code, code) == 0)
            return each;
    return NULL;
}

static size_t count_found(const struct fixture *fixture)
{
    size_t count = 0;
    for (const struct policy_finding *each = fixture->set.findings.first; each != NULL; each = each->next)
        count += each->fault != POLICY_WITHOUT_VALUE;
    return count;
}

#define assert_only(fixture, code, at)                                                                                         \
    do {                                                                                                                       \
        const struct policy_finding *only = found(fixture, code);                                                              \
        assert_non_null(only);                                                                                                 \
        assert_int_equal(only->line, at);                                                                                      \
        assert_int_equal(count_found(fixture), 1);                                                                             \
    } while (0)

static void every_fault_has_a_code_and_both_languages(void **state)
{
    (void)state;
    for (size_t i = 0; i < POLICY_FAULTS; i++) {
        assert_non_null(policy_fault_rows[i].code);
        assert_true(strlen(policy_fault_rows[i].zh) > 0 && strlen(policy_fault_rows[i].en) > 0);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(policy_fault_rows[i].code, policy_fault_rows[j].code);
    }
}

/* One mistake each, in the line in which it stands. */
static void a_mistake_is_named_with_its_line(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text, *code;
        size_t line;
    } rows[] = {
        {NATION CLAIM_HOURS "    value: many\n    region_may: anything\n", "policy.value_type", 4},
        {NATION CLAIM_HOURS "    value: 4\n    region_may: anything\n    vallue: 4\n", "policy.key_unknown", 14},
        {NATION CLAIM_HOURS "    value: 4\n    region_may: anything\n    value: 5\n", "policy.key_twice", 14},
        {NATION CLAIM_HOURS "    value: 4\n", "policy.deviation", 4},
        {NATION CLAIM_HOURS "    value: 4\n    region_may: perhaps\n", "policy.deviation", 13},
        {NATION CLAIM_HOURS "    region_may: anything\n", "policy.key_missing", 4},
        {NATION CLAIM_HOURS "    value: 9999999\n    region_may: anything\n", "policy.out_of_bounds", 4},
        {NATION CLAIM_HOURS "    value: 4\n    minimum: 5\n    region_may: anything\n", "policy.out_of_bounds", 4},
        {NATION CLAIM_HOURS "    value: 6\n    maximum: 5\n    region_may: anything\n", "policy.out_of_bounds", 4},
        {NATION CLAIM_HOURS "    value: 6\n    maximum: x\n    region_may: anything\n", "policy.value_type", 13},
        {NATION CLAIM_HOURS "    value: 4\n    region_may: anything\n    region: \"65\"\n", "policy.region", 14},
        {NATION CLAIM_HOURS "    value: 4\n    region_may: anything\n    valid_until: tomorrow\n", "policy.day", 14},
        {NATION CLAIM_HOURS "    value: 4\n    region_may: anything\n    valid_until: 2020-12-31\n", "policy.days_order", 4},
        {NATION CLAIM_HOURS "    value: [4]\n    region_may: anything\n", "policy.shape", 12},
        {"parameters: none\n", "policy.shape", 1},
        {"{\n", "policy.not_yaml", 2},
        {"", "policy.shape", 0},
        {"parameters:\n  - nothing\n", "policy.shape", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        read_texts(fixture, rows[i].text, NULL);
        const struct policy_finding *finding = found(fixture, rows[i].code);
        if (finding == NULL)
            fail_msg("row %zu: %s was not found", i, rows[i].code);
        if (finding->line != rows[i].line)
            fail_msg("row %zu: %s in line %zu", i, rows[i].code, finding->line);
    }
}

static void what_is_right_is_not_complained_of(void **state)
{
    struct fixture *fixture = *state;
    read_texts(fixture, NATION CLAIM_HOURS "    value: 4\n    minimum: 4\n    maximum: 4\n    region_may: anything\n", NULL);
    assert_int_equal(count_found(fixture), 0);
    assert_true(fixture->set.findings.count > 0);
    assert_non_null(found(fixture, "policy.without_value")); /* of all the other rules */
}

static void all_mistakes_come_at_once(void **state)
{
    struct fixture *fixture = *state;
    read_texts(fixture,
               NATION "  - name: prescription.claim_hours\n    kind: colour\n    valid_from: soon\n"
                      "  - name: nobody.reads_it\n    kind: integer\n    unit: bushels\n    value: 1\n    region_may: nothing\n"
                      "    valid_from: 2021-01-01\n    title_zh: 名\n    title_en: name\n",
               NULL);
    static const char *const codes[] = {"policy.kind", "policy.day", "policy.unit", "policy.source_missing", "policy.unread",
                                        "policy.deviation"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (found(fixture, codes[i]) == NULL)
            fail_msg("%s was not found", codes[i]);
}

/* --- values one after another --- */

#define FROM(day, value) "  - name: prescription.claim_hours\n    kind: integer\n    unit: hours\n    region_may: anything\n" SOURCE     \
                         "    valid_from: " day "\n    value: " value "\n"

static const struct policy_value *on(const struct fixture *fixture, const char *day)
{
    return policy_pack_find(fixture->set.nation, "prescription.claim_hours", "000000", date_parse(bytes_of(day)));
}

static void an_open_value_makes_room_for_the_next(void **state)
{
    struct fixture *fixture = *state;
    read_texts(fixture, NATION FROM("2022-01-01", "6") FROM("2021-01-01", "4"), NULL);
    assert_int_equal(count_found(fixture), 0);
    assert_int_equal(on(fixture, "2021-12-31")->integer, 4);
    assert_int_equal(on(fixture, "2022-01-01")->integer, 6);
    assert_null(on(fixture, "2020-12-31"));
}

static void values_that_overlap_are_found(void **state)
{
    struct fixture *fixture = *state;
    read_texts(fixture, NATION FROM("2021-01-01", "4") FROM("2021-01-01", "5"), NULL);
    assert_only(fixture, "policy.overlap", 14);
    read_texts(fixture, NATION FROM("2021-01-01", "4") "    valid_until: 2022-01-01\n" FROM("2022-01-01", "5"), NULL);
    assert_only(fixture, "policy.overlap", 15);
    read_texts(fixture, NATION FROM("2021-01-01", "4") "    valid_until: 2021-12-31\n" FROM("2022-01-01", "5"), NULL);
    assert_int_equal(count_found(fixture), 0);
}

/* --- regions --- */

#define REGIONAL(value)                                                                                                        \
    "region: \"650000\"\nparameters:\n  - name: prescription.claim_hours\n    value: " value                                  \
    "\n    valid_from: 2023-01-01\n    document: D\n    clause: C\n"

static bool region_may_say(struct fixture *fixture, const char *may, const char *regional)
{
    char text[2000];
    (void)snprintf(text, sizeof text, NATION CLAIM_HOURS "    value: 4\n    region_may: %s\n", may);
    read_texts(fixture, text, regional);
    if (count_found(fixture) == 0)
        return true;
    assert_only(fixture, "policy.weakens", 3);
    assert_string_equal(found(fixture, "policy.weakens")->path, fixture->path[1]);
    return false;
}

static void a_region_goes_where_the_nation_lets_it(void **state)
{
    struct fixture *fixture = *state;
    static const char lower[] = REGIONAL("3"), same[] = REGIONAL("4"), higher[] = REGIONAL("5");
    static const struct {
        const char *may;
        bool lower, higher;
    } rows[] = {{"nothing", false, false}, {"raise", false, true}, {"lower", true, false}, {"anything", true, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(region_may_say(fixture, rows[i].may, lower), rows[i].lower);
        assert_true(region_may_say(fixture, rows[i].may, same));
        assert_int_equal(region_may_say(fixture, rows[i].may, higher), rows[i].higher);
    }
}

/* Only national values that hold on one of its days bind a region. */
static void the_nation_binds_on_its_days(void **state)
{
    struct fixture *fixture = *state;
    read_texts(fixture, NATION CLAIM_HOURS "    value: 4\n    region_may: nothing\n    valid_until: 2022-12-31\n", REGIONAL("5"));
    assert_int_equal(count_found(fixture), 0);
    read_texts(fixture, NATION CLAIM_HOURS "    value: 4\n    region_may: nothing\n    valid_until: 2023-01-01\n", REGIONAL("5"));
    assert_only(fixture, "policy.weakens", 3);
}

static void a_region_has_its_own_mistakes(void **state)
{
    struct fixture *fixture = *state;
    static const char nation[] = NATION CLAIM_HOURS "    value: 4\n    region_may: anything\n";

    read_texts(fixture, nation, REGIONAL("5") "    unit: days\n");
    assert_only(fixture, "policy.differs", 3);
    read_texts(fixture, nation, REGIONAL("5") "    kind: text\n");
    assert_only(fixture, "policy.differs", 3);
    read_texts(fixture, nation, REGIONAL("5") "    region: \"659000\"\n");
    assert_only(fixture, "policy.region_of_pack", 3);
    read_texts(fixture, nation, REGIONAL("5") "    region_may: anything\n");
    assert_only(fixture, "policy.key_unknown", 3);
    read_texts(fixture, nation,
               "region: \"650000\"\nparameters:\n  - name: trace.sold_twice.refuse\n    kind: integer\n    unit: switch\n"
               "    value: 1\n    valid_from: 2023-01-01\n    document: D\n    clause: C\n");
    assert_only(fixture, "policy.parameter_unknown", 3);
}

/* What the nation leaves to be set is no mistake, but each region that has not set it is told. */
static void a_region_is_told_what_it_has_not_set(void **state)
{
    struct fixture *fixture = *state;
    static const char nation[] = NATION CLAIM_HOURS "    value: 0\n    region_may: anything\n    to_be_set: true\n";
    static const char silent[] = "region: \"659000\"\nparameters: []\n";

    read_texts(fixture, nation, silent);
    assert_int_equal(count_found(fixture), 0);
    assert_int_equal(fixture->set.notes.count, 1);
    assert_int_equal(fixture->set.notes.first->fault, POLICY_TO_BE_SET);
    assert_string_equal(fixture->set.notes.first->path, fixture->path[1]);
    assert_string_equal(fixture->set.notes.first->parameter, "prescription.claim_hours");
    read_texts(fixture, nation, REGIONAL("0"));
    assert_int_equal(fixture->set.notes.count, 1);
    read_texts(fixture, nation, REGIONAL("5"));
    assert_int_equal(fixture->set.notes.count, 0);
    read_texts(fixture, nation, NULL);
    assert_int_equal(fixture->set.notes.count, 0);
    read_texts(fixture, NATION CLAIM_HOURS "    value: 0\n    region_may: anything\n    to_be_set: perhaps\n", NULL);
    assert_only(fixture, "policy.value_type", 14);
    read_texts(fixture, nation, REGIONAL("5") "    to_be_set: true\n");
    assert_only(fixture, "policy.key_unknown", 3);
}

/* --- as events --- */

static const char *event_text(const struct fixture *fixture, size_t index, const char *name)
{
    const json_t *event = json_array_get(fixture->events, index), *data = json_object_get(event, "data");
    const json_t *parameter = json_object_get(data, "parameter");
    const char *text = json_string_value(json_object_get(event, name));
    if (text == NULL)
        text = json_string_value(json_object_get(data, name));
    if (text == NULL)
        text = json_string_value(json_object_get(parameter, name));
    return text == NULL ? "" : text;
}

static void make_events(struct fixture *fixture, const char *text)
{
    read_texts(fixture, text, NULL);
    json_decref(fixture->events);
    fixture->events = policy_events(&fixture->set.packs[0], "medhub", "2026-01-01T00:00:00Z");
}

static void the_earliest_value_is_said_first(void **state)
{
    struct fixture *fixture = *state;
    make_events(fixture, NATION FROM("2022-01-01", "6") FROM("2021-01-01", "4"));
    assert_int_equal(json_array_size(fixture->events), 2);
    assert_string_equal(event_text(fixture, 0, "validFrom"), "2021-01-01");
    assert_string_equal(event_text(fixture, 0, "integer"), "4");
    assert_string_equal(event_text(fixture, 0, "unit"), "hours");
    assert_string_equal(event_text(fixture, 0, "regionMay"), "REGION_MAY_ANYTHING");
    assert_string_equal(event_text(fixture, 1, "validFrom"), "2022-01-01");
}

static void the_same_content_has_the_same_id(void **state)
{
    struct fixture *fixture = *state;
    char first[200];

    make_events(fixture, NATION FROM("2021-01-01", "4"));
    (void)snprintf(first, sizeof first, "%s", event_text(fixture, 0, "id"));
    make_events(fixture, NATION FROM("2021-01-01", "4"));
    assert_string_equal(event_text(fixture, 0, "id"), first);
    make_events(fixture, NATION FROM("2021-01-01", "5"));
    assert_string_not_equal(event_text(fixture, 0, "id"), first);
}

/* --- what is shipped --- */

static bool is_a_real_region(const char *region)
{
    char line[256];
    bool real = strcmp(region, "000000") == 0;
    FILE *file = fopen("ops/data/regions.csv", "r");
    assert_non_null(file);
    while (!real && fgets(line, sizeof line, file) != NULL)
        real = strncmp(line, region, 6) == 0 && line[6] == ',';
    (void)fclose(file);
    return real;
}

static void the_shipped_packs_are_right(void **state)
{
    struct fixture *fixture = *state;
    const char *paths[POLICY_PACKS_MAX];
    size_t count = policy_shipped(fixture->arena, paths);

    assert_true(count >= 2);
    policy_set_read(paths, count, fixture->arena, &fixture->set);
    for (const struct policy_finding *each = fixture->set.findings.first; each != NULL; each = each->next)
        print_error("%s:%zu: %s: %s: found %s, expected %s\n", each->path, each->line, each->parameter,
                    policy_fault_rows[each->fault].en, each->found, each->expected);
    assert_int_equal(fixture->set.findings.count, 0);
    for (size_t i = 0; i < count; i++) {
        const struct policy_pack *pack = &fixture->set.packs[i];
        assert_true(pack->count > 0 && is_a_real_region(pack->region));
        for (size_t j = 0; i > 0 && j < pack->count; j++) /* a region's value has a document, not "to be set" */
            assert_null(strstr(pack->values[j].document, "地方实践"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_a_code_and_both_languages),
        cmocka_unit_test_setup_teardown(a_mistake_is_named_with_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_right_is_not_complained_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_mistakes_come_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_open_value_makes_room_for_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_that_overlap_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_region_goes_where_the_nation_lets_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_nation_binds_on_its_days, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_region_has_its_own_mistakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_region_is_told_what_it_has_not_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_earliest_value_is_said_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_content_has_the_same_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_shipped_packs_are_right, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
