// links: medhub_domain dep::yaml dep::jansson
#include "support/stage.h"

#include "domain/messages.h"
#include "event/json.h"
#include "support/plain_words.h"
#include "support/receivers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OPERATOR  "medhub"
#define FIRST_DAY "2024-06-01T00:00:00Z"
#define POLICY    "ops/policy/national.yaml"
#define CALENDAR  "ops/data/working_days.csv"
enum { DEDUPE_DAYS = 30 };

/* --- names --- */

const char *stage_type(const char *type)
{
    char full[128];
    (void)snprintf(full, sizeof full,
                   strchr(type, '.') == NULL ? "medhub.prescription.%s.v1" : "medhub.%s.v1", type);
    const struct message_facts *facts = schema_find_event(full);
    if (facts == NULL)
        fail_msg("there is no event %s", full);
    return facts->type;
}

const char *stage_id_of(const struct stage *stage, const char *who)
{
    const char *id = json_string_value(json_object_get(stage->names, who));
    return id == NULL ? who : id;
}

json_t *stage_data(const struct stage *stage, const char *type, const json_t *with)
{
    const json_t *template = json_object_get(stage->templates, type);
    json_t *data = template == NULL ? json_object() : json_deep_copy(template), *value = NULL;
    const char *path = NULL;
    json_object_foreach((json_t *)with, path, value) words_set(data, path, value);
    return data;
}

/* --- what follows from a decision --- */

static void note(struct stage_note *notes, size_t *count, const char *type, const char *answer,
                 const char *code)
{
    assert_true(*count < STAGE_NOTES_MAX);
    (void)snprintf(notes[(*count)++].text, sizeof notes->text, "%.60s%s%s%.80s", type, answer,
                   *code == '\0' ? "" : " ", code);
}

static void remove_timer(struct stage *stage, size_t place)
{
    stage->timers[place] = stage->timers[--stage->timer_count];
}

static void take_timer(struct stage *stage, const struct decided_timer *decided)
{
    for (size_t i = 0; i < stage->timer_count; i++)
        if (strcmp(stage->timers[i].key, stage->trial->key) == 0 &&
            strcmp(stage->timers[i].name, decided->name) == 0)
            remove_timer(stage, i--);
    if (decided->cancel)
        return;
    assert_true(stage->timer_count < STAGE_TIMERS_MAX);
    struct stage_timer *timer = &stage->timers[stage->timer_count++];
    (void)snprintf(timer->key, sizeof timer->key, "%s", stage->trial->key);
    (void)snprintf(timer->name, sizeof timer->name, "%s", decided->name);
    timer->type = decided->type;
    timer->due_ms = decided->due_ms;
}

static ProtobufCMessage *copy_of(const ProtobufCMessage *message)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *data = malloc(length + 1);
    protobuf_c_message_pack(message, data);
    ProtobufCMessage *copy = protobuf_c_message_unpack(message->descriptor, NULL, length, data);
    free(data);
    assert_non_null(copy);
    return copy;
}

static void take_follow_up(struct stage *stage, const struct decided_submission *decided)
{
    assert_true(stage->follow_up_count < STAGE_FOLLOW_UPS_MAX);
    struct stage_follow_up *follow_up = &stage->follow_ups[stage->follow_up_count++];
    const struct event_attributes *of = &stage->trial->event.attributes;
    follow_up->type = decided->type;
    (void)snprintf(follow_up->key, sizeof follow_up->key, "%s", decided->key);
    (void)snprintf(follow_up->id, sizeof follow_up->id, "%.60s/%.120s/%.100s", of->source, of->id,
                   decided->suffix);
    follow_up->message = copy_of(decided->message);
}

static void apply(struct stage *stage)
{
    const struct decision *decision = &stage->trial->decision;
    trial_apply(stage->trial);
    receivers_note(decision);
    for (size_t i = 0; i < decision->timer_count; i++)
        take_timer(stage, &decision->timers[i]);
    for (size_t i = 0; i < decision->submission_count; i++)
        take_follow_up(stage, &decision->submissions[i]);
}

/* --- time --- */

static const struct stage_timer *first_due(const struct stage *stage, int64_t until_ms)
{
    const struct stage_timer *first = NULL;
    for (size_t i = 0; i < stage->timer_count; i++) {
        const struct stage_timer *timer = &stage->timers[i];
        if (timer->due_ms > until_ms)
            continue;
        if (first == NULL || timer->due_ms < first->due_ms ||
            (timer->due_ms == first->due_ms && strcmp(timer->name, first->name) < 0))
            first = timer;
    }
    return first;
}

static void fire(struct stage *stage, struct stage_timer timer)
{
    const struct decision *decision = &stage->trial->decision;
    trial_fire(stage->trial, timer.type, timer.key, timer.name);
    assert_accepted(stage->trial);
    for (size_t i = 0; i < decision->fact_count; i++)
        note(stage->fired, &stage->fired_count, decision->facts[i].type, "", "");
    apply(stage);
    stage_pass_on(stage);
}

void stage_set_clock_before_timers(struct stage *stage, int64_t now_ms)
{
    stage->fired_count = 0;
    stage->trial->now_ms = now_ms;
}

void stage_set_clock(struct stage *stage, int64_t now_ms)
{
    stage->fired_count = 0;
    for (const struct stage_timer *due; (due = first_due(stage, now_ms)) != NULL;) {
        struct stage_timer timer = *due;
        remove_timer(stage, (size_t)(due - stage->timers));
        if (timer.due_ms > stage->trial->now_ms)
            stage->trial->now_ms = timer.due_ms;
        fire(stage, timer);
    }
    stage->trial->now_ms = now_ms;
}

/* --- events --- */

/* The dedupe stage's answer: the same id of the same source within the window. */
static bool is_repeated(struct stage *stage, const char *who, const char *id)
{
    char text[300];
    (void)snprintf(text, sizeof text, "%s/%s", who, id);
    for (size_t i = 0; i < stage->id_count; i++)
        if (strcmp(stage->ids[i].text, text) == 0 &&
            stage->trial->now_ms - stage->ids[i].at_ms < DEDUPE_DAYS * INT64_C(86400000))
            return true;
    assert_true(stage->id_count < STAGE_IDS_MAX);
    struct stage_id *added = &stage->ids[stage->id_count++];
    (void)snprintf(added->text, sizeof added->text, "%s", text);
    added->at_ms = stage->trial->now_ms;
    return false;
}

static void take_answer(struct stage *stage)
{
    switch (stage->trial->decision.outcome) {
    case OUTCOME_ACCEPTED:
        stage->answer = ANSWER_ACCEPTED;
        apply(stage);
        return;
    case OUTCOME_DUPLICATE:
        stage->answer = ANSWER_DUPLICATE;
        return;
    default:
        stage->answer = ANSWER_REFUSED;
    }
}

static const char *key_of(const struct message_facts *facts, const ProtobufCMessage *message)
{
    size_t offset = facts->descriptor->fields[facts->key_field].offset;
    return *(char *const *)(const void *)((const char *)message + offset);
}

void stage_try(struct stage *stage, const struct said *said)
{
    const struct message_facts *facts = schema_find_event(said->type);
    struct arena *arena = arena_new(64 * 1024, 4 * 1024 * 1024);
    struct fault fault = {0};
    ProtobufCMessage *message = NULL;
    json_t *data = words_of_message(facts, said->data, stage->names, stage->trial->now_ms);
    if (json_decode_value(facts, data, "data", arena, &message, &fault) != STATUS_OK)
        fail_msg("%s: %s", said->type, fault.text);
    trial_submit_as(stage->trial, said->id, said->type, said->who,
                    said->key == NULL ? key_of(facts, message) : said->key, message);
    json_decref(data);
    arena_free(arena);
}

void stage_say(struct stage *stage, const struct said *said)
{
    if (!is_repeated(stage, said->who, said->id)) {
        stage_try(stage, said);
        take_answer(stage);
        return;
    }
    stage->answer = ANSWER_DUPLICATE;
    findings_init(&stage->trial->event.findings, stage->trial->arena);
    decision_apply_nothing(&stage->trial->decision);
}

void stage_pass_on(struct stage *stage)
{
    static const char *const answers[] = {
        [ANSWER_ACCEPTED] = " accepted", [ANSWER_REFUSED] = " refused", [ANSWER_DUPLICATE] = " duplicate"};
    stage->followed_count = 0;
    for (size_t i = 0; i < stage->follow_up_count; i++) {
        struct stage_follow_up follow_up = stage->follow_ups[i];
        if (is_repeated(stage, OPERATOR, follow_up.id)) {
            stage->answer = ANSWER_DUPLICATE;
        } else {
            trial_submit_as(stage->trial, follow_up.id, follow_up.type, OPERATOR, follow_up.key,
                            follow_up.message);
            take_answer(stage);
        }
        note(stage->followed, &stage->followed_count, follow_up.type, answers[stage->answer],
             stage->answer == ANSWER_REFUSED ? stage->trial->event.findings.items[0].code : "");
        protobuf_c_message_free_unpacked(follow_up.message, NULL);
    }
    stage->follow_up_count = 0;
}

ProtobufCMessage *stage_row(struct stage *stage, const ProtobufCMessageDescriptor *descriptor,
                            const char *key, const char *name)
{
    memory_view_turn_to(stage->trial->world, key);
    struct bytes row = memory_view_operations.state(stage->trial->world, name);
    if (row.data == NULL)
        return NULL;
    view_init(&stage->trial->view, &memory_view_operations, stage->trial->world, stage->trial->arena, key,
              stage->trial->now_ms, stage->trial->calendar);
    return view_state(&stage->trial->view, descriptor, "%s", name);
}

/* --- the world --- */

static void say_of_world(struct stage *stage, const char *type, json_t *data)
{
    char id[32];
    (void)snprintf(id, sizeof id, "world-%zu", stage->id_count);
    stage_say(stage, &(struct said){OPERATOR, id, stage_type(type), data, NULL});
    if (stage->answer != ANSWER_ACCEPTED) {
        for (size_t i = 0; i < stage->trial->event.findings.count; i++)
            print_message("%s: %s at %s\n", type, stage->trial->event.findings.items[i].code,
                          stage->trial->event.findings.items[i].path);
        fail_msg("the world's %s is not accepted", type);
    }
    stage_pass_on(stage);
    json_decref(data);
}

static void play_organisations(struct stage *stage, const json_t *organisations)
{
    const char *name = NULL;
    json_t *fields = NULL;
    json_object_foreach((json_t *)organisations, name, fields)
    {
        json_t *organisation = stage_data(stage, "organisation", fields);
        json_object_set_new(organisation, "name", json_string(name));
        say_of_world(stage, "registry.organisation_changed",
                     json_pack("{s:O, s:o}", "organisation_id", json_object_get(fields, "id"), "organisation",
                               organisation));
        json_object_set(stage->names, name, json_object_get(fields, "id"));
    }
}

static void play_lists(struct stage *stage, const json_t *lists)
{
    size_t index = 0;
    json_t *row = NULL;
    json_array_foreach(lists, index, row)
        say_of_world(stage, "registry.designation_listed",
                     json_pack("{s:O, s:O, s:s}", "institution", json_object_get(row, "institution"),
                               "designation", row, "valid_from", "2025-01-01"));
}

static void play_catalogue(struct stage *stage, const json_t *catalogue)
{
    size_t index = 0;
    json_t *row = NULL;
    json_array_foreach(catalogue, index, row)
    {
        json_t *item = stage_data(stage, "item", row);
        const char *kind = json_string_value(json_object_get(item, "kind"));
        json_t *key =
            json_sprintf("%s/%s", kind + strlen("KIND_"), json_string_value(json_object_get(item, "code")));
        json_t *data = json_pack("{s:o, s:s, s:o, s:[s], s:s}", "item_key", key, "region", "000000", "item",
                                 item, "changes", "CHANGE_ADDED", "effective_on",
                                 json_string_value(json_object_get(item, "valid_from")));
        say_of_world(stage, "catalogue.item_changed", data);
    }
}

static void play_policy(struct stage *stage)
{
    json_t *file = words_read(POLICY), *row = NULL;
    size_t index = 0;
    json_array_foreach(json_object_get(file, "parameters"), index, row)
    {
        bool is_date = strcmp(json_string_value(json_object_get(row, "kind")), "date") == 0;
        json_t *parameter = json_pack("{s:O, s:s, s:O, s:O}", "name", json_object_get(row, "name"), "kind",
                                      is_date ? "PARAMETER_KIND_DATE" : "PARAMETER_KIND_INTEGER",
                                      is_date ? "date" : "integer", json_object_get(row, "value"), "document",
                                      json_object_get(row, "document"));
        say_of_world(stage, "policy.parameter_set",
                     json_pack("{s:O, s:O, s:O, s:o}", "name", json_object_get(row, "name"), "region",
                               json_object_get(row, "region"), "valid_from",
                               json_object_get(row, "valid_from"), "parameter", parameter));
    }
    json_decref(file);
}

static void play_world(struct stage *stage, const char *path)
{
    json_t *file = words_read(path);
    json_object_update(stage->templates, json_object_get(file, "templates"));
    play_organisations(stage, json_object_get(file, "organisations"));
    play_lists(stage, json_object_get(file, "lists"));
    play_catalogue(stage, json_object_get(file, "catalogue"));
    json_decref(file);
}

/* The real working days: DATE,0 or 1,... */
static void load_calendar(struct stage *stage)
{
    char line[256];
    FILE *file = fopen(CALENDAR, "rb");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        date_t day = date_parse(bytes_from(line, 10));
        if (day != DATE_NONE)
            assert_true(calendar_set(stage->trial->calendar, day, line[11] == '1'));
    }
    (void)fclose(file);
}

struct stage *stage_new(const char *world, const char *family_world)
{
    struct stage *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    stage->trial = trial_new(FIRST_DAY);
    load_calendar(stage);
    stage->names = json_object();
    stage->templates = json_object();
    play_policy(stage);
    play_world(stage, world);
    if (family_world != NULL)
        play_world(stage, family_world);
    return stage;
}

void stage_free(struct stage *stage)
{
    if (stage == NULL)
        return;
    for (size_t i = 0; i < stage->follow_up_count; i++)
        protobuf_c_message_free_unpacked(stage->follow_ups[i].message, NULL);
    json_decref(stage->templates);
    json_decref(stage->names);
    trial_free(stage->trial);
    free(stage);
}
