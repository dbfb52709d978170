/* The tables of rules as a whole, and what every decision has in common. */
#include "domain/messages.h"
#include "domain/region.h"
#include "domain/span.h"

#include "support/trial.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Calls EACH for every rule of the shipped domains. */
static void each_rule(void (*each)(const struct rule *rule, void *context), void *context)
{
    for (size_t i = 0; domains_all[i] != NULL; i++)
        for (size_t j = 0; j < domains_all[i]->handler_count; j++)
            for (size_t k = 0; k < domains_all[i]->handlers[j].rule_count; k++)
                each(&domains_all[i]->handlers[j].rules[k], context);
}

static bool is_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static void count_same_id(const struct rule *rule, void *context)
{
    const struct {
        const char *id;
        int *count;
    } *wanted = context;
    if (strcmp(rule->id, wanted->id) == 0)
        ++*wanted->count;
}

static void check_rule(const struct rule *rule, void *context)
{
    int count = 0;
    struct {
        const char *id;
        int *count;
    } wanted = {rule->id, &count};
    (void)context;
    assert_true(is_text(rule->id) && is_text(rule->code) && is_text(rule->document) && is_text(rule->clause));
    assert_true(is_text(rule->sentence_zh) && is_text(rule->sentence_en));
    assert_non_null(rule->evaluate);
    each_rule(count_same_id, &wanted);
    assert_int_equal(count, 1);
}

static void every_rule_has_an_id_of_its_own_and_a_citation(void **state)
{
    (void)state;
    each_rule(check_rule, NULL);
}

static void every_handler_belongs_to_one_domain(void **state)
{
    (void)state;
    for (size_t i = 0; domains_all[i] != NULL; i++) {
        for (size_t j = 0; j < domains_all[i]->handler_count; j++) {
            const struct handler *handler = &domains_all[i]->handlers[j];
            const struct domain *domain = NULL;
            assert_ptr_equal(handler_find(domains_all, handler->type, &domain), handler);
            assert_ptr_equal(domain, domains_all[i]);
            assert_true((handler->fire == NULL) == (handler->roles != NULL));
            assert_true((handler->fire == NULL) == (handler->decide != NULL));
        }
    }
    const struct domain *domain = NULL;
    assert_null(handler_find(domains_all, "medhub.unknown.v1", &domain));
}

/* --- the parameters of the packs --- */

static char pack[256 * 1024];

static void read_pack(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(pack, 1, sizeof pack - 1, file);
    assert_true(length < sizeof pack - 1);
    pack[length] = '\0';
    fclose(file);
}

static bool is_in_national(const char *parameter)
{
    char row[128];
    (void)snprintf(row, sizeof row, "- name: %s\n", parameter);
    return strstr(pack, row) != NULL;
}

static void check_parameter(const struct rule *rule, void *context)
{
    (void)context;
    const char *const read[] = {rule->parameter, rule->parameter_also};
    for (size_t i = 0; i < sizeof read / sizeof *read; i++)
        if (read[i] != NULL && !parameter_is_a_group(read[i]) && !is_in_national(read[i]))
            fail_msg("%s reads %s, which ops/policy/national.yaml lacks", rule->id, read[i]);
}

static void every_parameter_of_a_rule_has_a_national_value(void **state)
{
    (void)state;
    read_pack("ops/policy/national.yaml");
    each_rule(check_parameter, NULL);
}

static void find_reader(const struct rule *rule, void *context)
{
    struct {
        const char *name;
        bool found;
    } *wanted = context;
    wanted->found |= rule_reads(rule, wanted->name);
}

/* How many parameters the pack in hand has; fails if no rule reads one of them. */
static int count_parameters_that_are_read(const char *path)
{
    int count = 0;
    for (const char *at = pack; (at = strstr(at, "- name: ")) != NULL;) {
        char name[128];
        struct {
            const char *name;
            bool found;
        } wanted = {name, false};
        assert_int_equal(sscanf(at, "- name: %127s", name), 1);
        at += strlen("- name: ");
        count++;
        each_rule(find_reader, &wanted);
        if (!wanted.found && strncmp(name, "dedupe.", 7) != 0 && strncmp(name, "background.", 11) != 0 &&
            strncmp(name, "recall.reminder", 15) != 0 && strncmp(name, "person.warn_", 12) != 0 &&
            strcmp(name, "person.rural_income_fen") != 0 && strcmp(name, "person.exit_grace_months") != 0)
            fail_msg("%s: no rule reads %s", path, name);
    }
    return count;
}

static void every_parameter_of_a_pack_is_read_by_a_rule(void **state)
{
    (void)state;
    glob_t packs;
    assert_int_equal(glob("ops/policy/*.yaml", 0, NULL, &packs), 0);
    assert_true(packs.gl_pathc >= 2);
    for (size_t i = 0; i < packs.gl_pathc; i++) {
        read_pack(packs.gl_pathv[i]);
        assert_true(count_parameters_that_are_read(packs.gl_pathv[i]) > 0);
    }
    globfree(&packs);
}

static void every_national_parameter_says_what_a_region_may(void **state)
{
    (void)state;
    int count = 0;
    read_pack("ops/policy/national.yaml");
    for (const char *at = pack; (at = strstr(at, "\n    region_may: ")) != NULL; at++)
        count++;
    if (count != count_parameters_that_are_read("ops/policy/national.yaml"))
        fail_msg("a parameter of ops/policy/national.yaml lacks region_may: see ops/policy/README.md");
}

/* --- regions --- */

static void regions_widen_from_county_to_nation(void **state)
{
    (void)state;
    struct region region = region_of("650102");
    static const char *const outer[] = {"650100", "650000", "000000"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(region_widen(&region));
        assert_string_equal(region.code, outer[i]);
    }
    assert_true(region_is_nation(&region));
    assert_false(region_widen(&region));
    assert_string_equal(region_city("650102").code, "650100");
    assert_string_equal(region_province("650102").code, "650000");
    assert_string_equal(region_of("").code, "000000");
    assert_string_equal(region_of("65010x").code, "000000");
}

/* --- spans --- */

static void spans_know_their_predecessor_and_conflict(void **state)
{
    (void)state;
    const struct span spans[] = {{10, 19}, {20, DATE_NONE}};
    assert_int_equal(spans_predecessor(spans, 2, 10), 2);
    assert_int_equal(spans_predecessor(spans, 2, 20), 0);
    assert_int_equal(spans_predecessor(spans, 2, 30), 1);
    assert_int_equal(spans_conflict(spans, 2, (struct span){20, 25}), 1);
    assert_int_equal(spans_conflict(spans, 2, (struct span){21, 25}), 2);
    assert_int_equal(spans_conflict(spans, 2, (struct span){5, 9}), 2);
    assert_int_equal(spans_conflict(spans, 2, (struct span){5, DATE_NONE}), 0);
    assert_false(span_is_ordered((struct span){DATE_NONE, 5}));
    assert_true(span_is_ordered((struct span){5, 5}));
    assert_false(span_is_ordered((struct span){5, 4}));
}

/* --- what every decision has in common --- */

static void submit_calendar(struct trial *trial)
{
    static uint8_t days[46];
    CalendarPublished said = MEDHUB__POLICY__V1__CALENDAR_PUBLISHED__INIT;
    Medhub__Policy__V1__CalendarYear calendar = MEDHUB__POLICY__V1__CALENDAR_YEAR__INIT;
    calendar.year = 2026;
    calendar.working_days = (ProtobufCBinaryData){sizeof days, days};
    said.year = chars("2026");
    said.calendar = &calendar;
    trial_submit(trial, "medhub.policy.calendar_published.v1", "policy-office", "2026", &said.base);
}

/* The engine, not the domain, counts versions: the row says nothing of them. */
static void versions_are_the_engines(void **state)
{
    (void)state;
    struct trial *trial = trial_new("2026-01-31T03:00:05Z");
    submit_calendar(trial);
    assert_accepted(trial);
    assert_int_equal(trial->decision.fact_count, 1);
    assert_true(bytes_equal(trial->decision.facts[0].original, trial->event.value));
    trial_free(trial);
}

static void a_row_that_is_read_twice_is_noted_once(void **state)
{
    (void)state;
    struct trial *trial = trial_new("2026-01-31T03:00:05Z");
    struct table_row row;
    int64_t value;
    submit_calendar(trial);
    memory_put_policy_int(trial->world, "a", "650000", 7);
    for (int i = 0; i < 3; i++)
        assert_true(view_policy_int(&trial->view, "a", "650102", 20000, &value));
    assert_false(view_table(&trial->view, TABLE_CATALOGUE, "DRUG/x", "650102", 20000, &row));
    assert_int_equal(trial->view.consulted_count, 2);
    assert_string_equal(trial->view.consulted[0].region, "650000");
    assert_int_equal(trial->view.consulted[1].version, 0);
    assert_string_equal(trial->view.consulted[1].region, "650102");
    trial_free(trial);
}

/* A view that remembers one look-up. */
static struct arena *lasting;
static struct table_answer remembered;

static struct table_answer *answer_from_memory(void *self, const char *table, const char *key, const char *region,
                                               date_t date)
{
    (void)self, (void)table, (void)key, (void)region, (void)date;
    remembered.arena = lasting;
    return &remembered;
}

static void look_up_twice(struct trial *trial, const struct view_operations *operations, const char *name,
                          const char *region)
{
    int64_t value = 0;
    remembered = (struct table_answer){0};
    for (int i = 0; i < 2; i++) {
        struct arena *arena = arena_new(4096, 4096);
        view_init(&trial->view, operations, trial->world, arena, "a", trial->now_ms, trial->calendar);
        bool found = view_policy_int(&trial->view, name, region, 20000, &value);
        assert_int_equal(found, strcmp(name, "a") == 0);
        assert_int_equal(value, found ? 7 : 0);
        assert_true(remembered.known);
        assert_int_equal(trial->view.consulted_count, 1);
        assert_string_equal(trial->view.consulted[0].region, found ? "650000" : region);
        assert_string_equal(trial->view.consulted[0].key, name);
        assert_int_equal(trial->view.consulted[0].version == 0, !found);
        assert_false(trial->view.failed);
        arena_free(arena);
    }
}

static void a_look_up_that_is_remembered_says_and_notes_the_same(void **state)
{
    (void)state;
    struct trial *trial = trial_new("2026-01-31T03:00:05Z");
    struct view_operations operations = memory_view_operations;
    submit_calendar(trial);
    operations.answer = answer_from_memory;
    lasting = arena_new(4096, 4096);
    memory_put_policy_int(trial->world, "a", "650000", 7);
    look_up_twice(trial, &operations, "a", "650102");
    assert_non_null(remembered.message);
    look_up_twice(trial, &operations, "b", "650102");
    arena_free(lasting);

    /* Where nothing more can be kept it is asked each time. */
    struct table_row row;
    lasting = arena_new(16, 16);
    remembered = (struct table_answer){0};
    view_init(&trial->view, &operations, trial->world, trial->arena, "a", trial->now_ms, trial->calendar);
    for (int i = 0; i < 2; i++)
        assert_true(view_table(&trial->view, TABLE_POLICY, "a", "650102", 20000, &row));
    assert_false(remembered.known);
    arena_free(lasting);
    trial_free(trial);
}

static void submit_parameter(struct trial *trial)
{
    ParameterSet said = MEDHUB__POLICY__V1__PARAMETER_SET__INIT;
    Parameter parameter = MEDHUB__POLICY__V1__PARAMETER__INIT;
    parameter.name = said.name = chars("a");
    parameter.kind = PARAMETER_INTEGER;
    parameter.document = chars("a document");
    said.region = chars("650000");
    said.valid_from = chars("2025-01-01");
    said.parameter = &parameter;
    trial_submit(trial, "medhub.policy.parameter_set.v1", "office", "a", &said.base);
}

/* Decides the event in hand once more with no more than LIMIT bytes to do it in. */
static void decide_within(struct trial *trial, size_t limit)
{
    const struct domain *domain;
    struct arena *small = arena_new(limit, limit);
    findings_init(&trial->event.findings, trial->arena);
    view_init(&trial->view, &memory_view_operations, trial->world, small, "a", trial->now_ms,
              trial->calendar);
    decision_init(&trial->decision, small, &trial->event);
    handler_decide(handler_find(domains_all, trial->event.attributes.type, &domain), &trial->view,
                   &trial->event, &trial->decision);
    if (trial->decision.outcome == OUTCOME_ACCEPTED)
        assert_int_equal(
            trial->decision.write_count + trial->decision.table_row_count + trial->decision.fact_count, 3);
    else
        assert_refused(trial, "event.too_complex");
    arena_free(small);
}

/* Whatever the memory, the whole decision comes out or none of it. */
static void without_memory_nothing_is_decided(void **state)
{
    (void)state;
    int refused = 0, accepted = 0;
    struct trial *trial = trial_new("2026-01-31T03:00:05Z");
    submit_parameter(trial);
    for (size_t limit = 64; limit <= 4096; limit += 16) {
        decide_within(trial, limit);
        *(trial->decision.outcome == OUTCOME_ACCEPTED ? &accepted : &refused) += 1;
    }
    assert_true(refused > 10 && accepted > 10);
    trial_free(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_an_id_of_its_own_and_a_citation),
        cmocka_unit_test(every_handler_belongs_to_one_domain),
        cmocka_unit_test(every_parameter_of_a_rule_has_a_national_value),
        cmocka_unit_test(every_parameter_of_a_pack_is_read_by_a_rule),
        cmocka_unit_test(every_national_parameter_says_what_a_region_may),
        cmocka_unit_test(regions_widen_from_county_to_nation),
        cmocka_unit_test(spans_know_their_predecessor_and_conflict),
        cmocka_unit_test(versions_are_the_engines),
        cmocka_unit_test(a_row_that_is_read_twice_is_noted_once),
        cmocka_unit_test(a_look_up_that_is_remembered_says_and_notes_the_same),
        cmocka_unit_test(without_memory_nothing_is_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
