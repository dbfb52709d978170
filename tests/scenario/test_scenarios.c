// links: medhub_domain dep::yaml dep::jansson
/* Plays the scenarios of tests/scenario/<family>/<name>.yaml in memory: README.md beside this file says how
 * they are written. */
#include "domain/messages.h"
#include "domain/prescription_state.h"

#include "support/moves.h"
#include "support/plain_words.h"
#include "support/receivers.h"
#include "support/row_words.h"
#include "support/stage.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "tests/scenario/"
#define WORLD  "world.yaml"
#define PERSON "person-1"
enum { SCENARIOS_MAX = 2000, RULES_MAX = 1000, TEXT_BYTES = 256, SCENARIOS_WANTED = 60 };

/* --- which rules were shown --- */

static struct shown {
    const struct rule *rule;
    const char *type; /* of the event that it belongs to */
    bool breaks, holds;
    bool alerts; /* it was broken and did not refuse */
    bool wanted; /* its family has a folder */
} shown[RULES_MAX];
static size_t shown_count;

/* A family whose name is that of a folder here shows all its rules. */
static void list_rules(const struct domain *domain)
{
    char folder[TEXT_BYTES];
    (void)snprintf(folder, sizeof folder, FOLDER "%s", domain->name);
    bool wanted = access(folder, R_OK) == 0;
    for (size_t i = 0; i < domain->handler_count; i++)
        for (size_t j = 0; j < domain->handlers[i].rule_count; j++) {
            assert_true(shown_count < RULES_MAX);
            shown[shown_count++] =
                (struct shown){
                &domain->handlers[i].rules[j], domain->handlers[i].type, false, false, false, wanted};
        }
}

static struct shown *shown_rule(const char *id)
{
    for (size_t i = 0; i < shown_count; i++)
        if (strcmp(shown[i].rule->id, id) == 0)
            return &shown[i];
    return NULL;
}

/* --- one step --- */

struct play {
    struct stage *stage;
    const char *title;
    const json_t *step;
    size_t number; /* of the step, from 1 */
};

#define FAIL(play, ...)                                                                                      \
    do {                                                                                                     \
        print_message("%s, step %zu:\n  ", (play)->title, (play)->number);                                   \
        print_message(__VA_ARGS__);                                                                          \
        fail_msg("not as written");                                                                          \
    } while (0)

static const char *text_of(const struct play *play, const char *key)
{
    return json_string_value(json_object_get(play->step, key));
}

static void print_findings(const struct play *play)
{
    const struct findings *findings = &play->stage->trial->event.findings;
    for (size_t i = 0; i < findings->count; i++)
        print_message("  %s %s at %s: found \"%s\", expected \"%s\"\n", findings->items[i].rule,
                      findings->items[i].code, findings->items[i].path, findings->items[i].found,
                      findings->items[i].expected);
}

static void check_fired(const struct play *play)
{
    const json_t *wanted = json_object_get(play->step, "fires");
    if (wanted == NULL && play->stage->fired_count == 0)
        return;
    if (json_array_size(wanted) != play->stage->fired_count)
        FAIL(play, "%zu facts of timers instead of %zu", play->stage->fired_count, json_array_size(wanted));
    for (size_t i = 0; i < play->stage->fired_count; i++) {
        char type[TEXT_BYTES];
        (void)snprintf(type, sizeof type, "medhub.%s.v1", json_string_value(json_array_get(wanted, i)));
        if (strcmp(type, play->stage->fired[i].text) != 0)
            FAIL(play, "%s was stated instead of %s", play->stage->fired[i].text, type);
    }
}

static void set_clock(const struct play *play)
{
    int64_t at_ms = play->stage->trial->now_ms;
    if (text_of(play, "at") != NULL)
        at_ms = words_moment(text_of(play, "at"), at_ms);
    if (at_ms < play->stage->trial->now_ms)
        FAIL(play, "time does not go back");
    (json_is_true(json_object_get(play->step, "late")) ? stage_set_clock_before_timers
                                                       : stage_set_clock)(play->stage, at_ms);
    check_fired(play);
}

static void say(const struct play *play)
{
    const char *type = text_of(play, "says");
    const json_t *id = json_object_get(play->step, "id");
    char number[24];
    (void)snprintf(number, sizeof number, "e%zu", play->number);
    if (text_of(play, "who") == NULL)
        FAIL(play, "who says it?");
    json_t *data = stage_data(play->stage, type, json_object_get(play->step, "with"));
    stage_say(play->stage, &(struct said){stage_id_of(play->stage, text_of(play, "who")),
                                          id == NULL ? number : json_string_value(id), stage_type(type), data,
                                          text_of(play, "key")});
    json_decref(data);
}

/* --- what came out --- */

/* "refused CODE at PATH" */
static void check_refusal(const struct play *play, const char *wanted)
{
    const struct findings *findings = &play->stage->trial->event.findings;
    char code[TEXT_BYTES], path[TEXT_BYTES] = "";
    if (play->stage->answer != ANSWER_REFUSED)
        FAIL(play, "%s instead of %s", play->stage->answer == ANSWER_ACCEPTED ? "accepted" : "duplicate",
             wanted);
    if (sscanf(wanted, "refused %255s at %255s", code, path) < 1)
        FAIL(play, "what is \"%s\"?", wanted);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (strcmp(finding->code, code) == 0 && finding->severity == SEVERITY_REFUSE &&
            (*path == '\0' || strcmp(finding->path, path) == 0))
            return;
    }
    print_findings(play);
    FAIL(play, "not %s", wanted);
}

static void check_then(const struct play *play)
{
    const json_t *then = json_object_get(play->step, "then");
    const char *wanted = json_is_string(then) ? json_string_value(then) : "accepted";
    if (json_is_array(then)) {
        for (size_t i = 0; i < json_array_size(then); i++)
            check_refusal(play, json_string_value(json_array_get(then, i)));
        return;
    }
    if (strncmp(wanted, "refused", 7) == 0) {
        check_refusal(play, wanted);
        return;
    }
    enum stage_answer answer = strcmp(wanted, "duplicate") == 0 ? ANSWER_DUPLICATE : ANSWER_ACCEPTED;
    if (play->stage->answer != answer) {
        print_findings(play);
        FAIL(play, "not %s", wanted);
    }
}

static void check_warnings(const struct play *play)
{
    const json_t *wanted = json_object_get(play->step, "warns");
    const struct findings *findings = &play->stage->trial->event.findings;
    size_t warnings = 0;
    for (size_t i = 0; i < findings->count; i++)
        warnings += findings->items[i].severity == SEVERITY_WARN;
    if (play->stage->answer == ANSWER_ACCEPTED && warnings != json_array_size(wanted)) {
        print_findings(play);
        FAIL(play, "%zu warnings instead of %zu", warnings, json_array_size(wanted));
    }
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (trial_finding(play->stage->trial, json_string_value(json_array_get(wanted, i))) == NULL)
            FAIL(play, "no warning %s", json_string_value(json_array_get(wanted, i)));
}

static unsigned visibility_of(const struct play *play, const char *word)
{
    static const struct {
        const char *word;
        unsigned visibility;
    } words[] = {{"all", VISIBLE_ALL},
                 {"no person", VISIBLE_PUBLIC | VISIBLE_ORGANISATION | VISIBLE_CLINICAL},
                 {"business", VISIBLE_PUBLIC | VISIBLE_ORGANISATION},
                 {"public", VISIBLE_PUBLIC},
                 {"nothing", 0}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].visibility;
    FAIL(play, "heard: what is \"%s\"?", word);
    return 0;
}

static void check_who_hears(const struct play *play, size_t fact, json_t *wanted)
{
    const char *recipient = NULL;
    json_t *word = NULL;
    json_object_foreach(wanted, recipient, word)
    {
        unsigned heard = trial_delivery(play->stage->trial, fact, stage_id_of(play->stage, recipient));
        if (heard != visibility_of(play, json_string_value(word)))
            FAIL(play, "%s hears %x, not %s", recipient, heard, json_string_value(word));
    }
}

static void check_heard(const struct play *play)
{
    check_who_hears(play, 0, json_object_get(play->step, "heard"));
}

/* The first fact of each type that the hub states beside the event's own. */
static void check_stated(const struct play *play)
{
    const struct decision *decision = &play->stage->trial->decision;
    const char *type = NULL;
    json_t *wanted = NULL;
    json_object_foreach(json_object_get(play->step, "states"), type, wanted)
    {
        size_t fact = 0;
        char full[128];
        (void)snprintf(full, sizeof full, "medhub.%s.v1", type);
        while (fact < decision->fact_count && strcmp(decision->facts[fact].type, full) != 0)
            fact++;
        if ((fact == decision->fact_count) != json_is_null(wanted))
            FAIL(play, "%s is %sstated", type, json_is_null(wanted) ? "" : "not ");
        check_who_hears(play, fact, wanted);
    }
}

/* A rule without a switch may be one that only warns: then a warning shows it. */
static void note_broken_rules(const struct play *play)
{
    const struct findings *findings = &play->stage->trial->event.findings;
    for (size_t i = 0; i < findings->count; i++) {
        struct shown *rule = shown_rule(findings->items[i].rule);
        bool refused = play->stage->answer == ANSWER_REFUSED && findings->items[i].severity == SEVERITY_REFUSE;
        if (rule != NULL && (refused || rule->rule->parameter == NULL))
            rule->breaks = true;
        if (rule != NULL && play->stage->answer == ANSWER_ACCEPTED)
            rule->alerts = true;
    }
}

static void note_holding(const struct play *play)
{
    const json_t *ids = json_object_get(play->step, "holds");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        struct shown *rule = shown_rule(id);
        if (rule == NULL || strcmp(rule->type, play->stage->trial->event.attributes.type) != 0)
            FAIL(play, "%s is no rule of this event", id);
        if (play->stage->answer != ANSWER_ACCEPTED ||
            trial_finding(play->stage->trial, rule->rule->code) != NULL)
            FAIL(play, "%s is not held", id);
        rule->holds = true;
    }
}

static void check_followed(const struct play *play)
{
    const json_t *wanted = json_object_get(play->step, "follows");
    stage_pass_on(play->stage);
    if (json_array_size(wanted) != play->stage->followed_count)
        FAIL(play, "%zu follow-ups instead of %zu", play->stage->followed_count, json_array_size(wanted));
    for (size_t i = 0; i < play->stage->followed_count; i++) {
        char text[TEXT_BYTES], name[TEXT_BYTES], answer[TEXT_BYTES];
        const char *word = json_string_value(json_array_get(wanted, i));
        if (word == NULL || sscanf(word, "%255s %255[^\n]", name, answer) != 2)
            FAIL(play, "follows: what is \"%s\"?", word == NULL ? "" : word);
        (void)snprintf(text, sizeof text, "medhub.%.100s.v1 %.100s", name, answer);
        if (strcmp(text, play->stage->followed[i].text) != 0)
            FAIL(play, "followed: %s instead of %s", play->stage->followed[i].text, text);
    }
}

static void check_status(const struct play *play, const char *person, const char *number, const char *wanted)
{
    char row[TEXT_BYTES];
    (void)snprintf(row, sizeof row, "prescription/%s", number);
    const PrescriptionState *state =
        (const PrescriptionState *)stage_row(play->stage, PRESCRIPTION_STATE, person, row);
    const char *found =
        prescription_status_row(state == NULL ? PRESCRIPTION_STATUS_NONE : state->status)->name;
    if (strcmp(found, wanted) != 0)
        FAIL(play, "%s stands at %s instead of %s", number, found, wanted);
}

static void check_standing(const struct play *play)
{
    const json_t *wanted = json_object_get(play->step, "stands");
    const char *name = NULL;
    json_t *status = NULL;
    if (json_is_string(wanted))
        check_status(play, PERSON, "N-1", json_string_value(wanted));
    json_object_foreach((json_t *)wanted, name, status)
    {
        char person[TEXT_BYTES];
        size_t length = strcspn(name, "/");
        (void)snprintf(person, sizeof person, "%.*s", (int)length, name);
        check_status(play, person, name + length + 1, json_string_value(status));
    }
}

static void check_medication(const struct play *play)
{
    const json_t *wanted = json_object_get(play->step, "takes");
    if (wanted == NULL)
        return;
    const Medication *view = (const Medication *)stage_row(play->stage, MEDICATION, PERSON, "medication");
    size_t count = view == NULL ? 0 : view->n_items;
    if (count != json_array_size(wanted))
        FAIL(play, "takes %zu drugs instead of %zu", count, json_array_size(wanted));
    for (size_t i = 0; i < count; i++)
        if (strcmp(view->items[i]->generic_name, json_string_value(json_array_get(wanted, i))) != 0)
            FAIL(play, "takes %s", view->items[i]->generic_name);
}

/* rows: {KEY: {ROW: {path: value}}}; null instead of the fields: there is no such row. */
static void check_rows(const struct play *play)
{
    const char *key = NULL, *name = NULL;
    json_t *rows = NULL, *wanted = NULL;
    json_object_foreach(json_object_get(play->step, "rows"), key, rows)
        json_object_foreach(rows, name, wanted)
    {
        char why[TEXT_BYTES];
        if (!words_row_is(play->stage, key, name, wanted, why, sizeof why))
            FAIL(play, "row %s of %s: %s", name, key, why);
    }
}

static void check_keys(const struct play *play)
{
    static const char *const keys[] = {"at",     "who",   "says",  "with", "id",    "then",  "warns", "heard",
                                       "follows", "stands", "takes", "rows", "holds", "late", "fires", "key",
                                       "states"};
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)play->step, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            known |= strcmp(keys[i], key) == 0;
        if (!known)
            FAIL(play, "no such key: %s", key);
    }
}

static void play_step(const struct play *play)
{
    check_keys(play);
    set_clock(play);
    if (text_of(play, "says") != NULL) {
        say(play);
        moves_note(play->stage);
        check_then(play);
        check_warnings(play);
        check_heard(play);
        check_stated(play);
        note_broken_rules(play);
        note_holding(play);
        check_followed(play);
    }
    check_standing(play);
    check_medication(play);
    check_rows(play);
}

/* --- one scenario --- */

/* What `play_scenario` gets: a scenario and the world of its family, or NULL. */
struct story {
    const json_t *scenario;
    char *family_world;
};

static void set_policy(struct stage *stage, const json_t *policy)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)policy, name, value)
    {
        json_t *data = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:O, s:s}}", "name", name, "region", "650000",
                                 "valid_from", "2025-01-01", "parameter", "name", name, "kind",
                                 "PARAMETER_KIND_INTEGER", "integer", value, "document", "a scenario");
        stage_say(stage, &(struct said){"medhub", name, stage_type("policy.parameter_set"), data, NULL});
        assert_accepted(stage->trial);
        json_decref(data);
    }
}

static void play_scenario(void **state)
{
    const struct story *story = *state;
    const json_t *scenario = story->scenario, *steps = json_object_get(scenario, "steps");
    struct play play = {.stage = stage_new(FOLDER WORLD, story->family_world),
                        .title = json_string_value(json_object_get(scenario, "title"))};
    moves_begin();
    set_policy(play.stage, json_object_get(scenario, "policy"));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        play.step = json_array_get(steps, i);
        play.number = i + 1;
        play_step(&play);
    }
    stage_free(play.stage);
}

static void every_rule_is_shown_both_ways(void **state)
{
    size_t missing = 0;
    (void)state;
    for (size_t i = 0; i < shown_count; i++) {
        if (!shown[i].wanted || (shown[i].breaks && shown[i].holds))
            continue;
        print_message("%s %s:%s%s\n", shown[i].rule->id, shown[i].rule->code,
                      shown[i].breaks ? "" : " never refuses or warns",
                      shown[i].holds ? "" : " is held by no accepted event");
        missing++;
    }
    assert_int_equal(missing, 0);
}

/* The policy says of a rule with a switch whether it refuses or only alerts: both were tried. */
static bool has_switch(const struct rule *rule)
{
    const char *dot = rule->parameter == NULL ? NULL : strrchr(rule->parameter, '.');
    return dot != NULL && strcmp(dot, ".refuse") == 0;
}

static void every_switch_is_tried_both_ways(void **state)
{
    size_t missing = 0;
    (void)state;
    for (size_t i = 0; i < shown_count; i++) {
        if (!shown[i].wanted || !has_switch(shown[i].rule) || (shown[i].breaks && shown[i].alerts))
            continue;
        print_message("%s %s (%s):%s%s\n", shown[i].rule->id, shown[i].rule->code, shown[i].rule->parameter,
                      shown[i].breaks ? "" : " never refuses", shown[i].alerts ? "" : " is never only alerted");
        missing++;
    }
    assert_int_equal(missing, 0);
}

/* Each row of the life cycles' tables: made, refused by name where it is not possible, before and after its window. */
static void every_move_of_an_adjustment_is_tried_both_ways(void **state)
{
    (void)state;
    assert_int_equal(moves_missing(), 0);
}

/* receivers.csv: the rows of events.md 1, 3 and 7. */
static void who_must_hear_does(void **state)
{
    (void)state;
    assert_int_equal(receivers_missing(FOLDER "receivers.csv"), 0);
}

enum { CLOSING_TESTS = 4 };
static struct CMUnitTest tests[SCENARIOS_MAX + CLOSING_TESTS];
static struct story stories[SCENARIOS_MAX];
static size_t test_count;

static void gather(const json_t *file, const char *family_world)
{
    for (size_t i = 0; i < json_array_size(file); i++) {
        const json_t *scenario = json_array_get(file, i);
        assert_true(test_count < SCENARIOS_MAX);
        struct story *story = &stories[test_count];
        *story = (struct story){scenario, family_world == NULL ? NULL : strdup(family_world)};
        tests[test_count++] =
            (struct CMUnitTest){.name = json_string_value(json_object_get(scenario, "title")),
                                .test_func = play_scenario,
                                .initial_state = story};
    }
}

/* The scenarios of FOLDER/family/name.yaml; FOLDER/family/world.yaml is what that family adds to the world. */
static json_t *gather_files(void)
{
    json_t *files = json_array();
    glob_t found;
    if (glob(FOLDER "*/*.yaml", 0, NULL, &found) != 0)
        return files;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i], *name = strrchr(path, '/') + 1;
        char world[2 * TEXT_BYTES];
        (void)snprintf(world, sizeof world, "%.*s" WORLD, (int)(name - path), path);
        if (strcmp(name, WORLD) == 0)
            continue;
        json_t *file = words_read(path);
        gather(file, access(world, R_OK) == 0 ? world : NULL);
        json_array_append_new(files, file);
    }
    globfree(&found);
    return files;
}

int main(void)
{
    for (size_t i = 0; domains_all[i] != NULL; i++)
        list_rules(domains_all[i]);
    json_t *files = gather_files();
    size_t count = test_count;
    if (count < SCENARIOS_WANTED)
        print_message("only %zu scenarios\n", count);
    tests[test_count++] = (struct CMUnitTest)cmocka_unit_test(every_rule_is_shown_both_ways);
    tests[test_count++] = (struct CMUnitTest)cmocka_unit_test(every_switch_is_tried_both_ways);
    tests[test_count++] = (struct CMUnitTest)cmocka_unit_test(every_move_of_an_adjustment_is_tried_both_ways);
    tests[test_count++] = (struct CMUnitTest)cmocka_unit_test(who_must_hear_does);
    int failed = _cmocka_run_group_tests("scenarios", tests, test_count, NULL, NULL);
    for (size_t i = 0; i < count; i++)
        free(stories[i].family_world);
    json_decref(files);
    return failed + (count < SCENARIOS_WANTED);
}
