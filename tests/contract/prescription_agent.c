/* prescription_agent: the prescription family as a filter, for test_prescription_model.py. A line of JSON in,
 * a line out; its argument, if there is one, is the world.yaml that a family adds:
 *     {"reset": true}                                                      a new world
 *     {"at": "2026-03-02 10:00:00"}                                        time goes on, timers fire
 *     {"who": "惠民药店", "id": "e1", "says": "claimed", "with": {...}}      an event, as a scenario says it
 *     {"read": "tests/scenario/x.yaml"}                                    the file as JSON
 *     {"moment": "now+1h", "now": MS}                                      milliseconds
 *     {"convert": "claimed", "with": {...}, "now": MS}                            the type and data of an
 * event, nothing is said out: {"outcome", "codes": [...], "fired": [...], "stands", "holder", "dispensed",
 * "returned", "timers"} of prescription N-1 of person-1 (tests/scenario/world.yaml). */
#include "domain/line_quantity.h"
#include "domain/messages.h"
#include "domain/prescription_state.h"
#include "support/plain_words.h"
#include "support/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORLD  "tests/scenario/world.yaml"
#define PERSON "person-1"
#define ROW    "prescription/N-1"

static const char *text_of(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

/* --- what came out --- */

static json_t *codes(const struct stage *stage)
{
    json_t *list = json_array();
    const struct findings *findings = &stage->trial->event.findings;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].severity == SEVERITY_REFUSE)
            json_array_append_new(list, json_string(findings->items[i].code));
    return list;
}

static json_t *fired(const struct stage *stage)
{
    json_t *list = json_array();
    for (size_t i = 0; i < stage->fired_count; i++)
        json_array_append_new(list, json_string(stage->fired[i].text));
    return list;
}

static void add_state(struct stage *stage, json_t *out)
{
    const PrescriptionState *state =
        (const PrescriptionState *)stage_row(stage, PRESCRIPTION_STATE, PERSON, ROW);
    PrescriptionStatus status = state == NULL ? PRESCRIPTION_STATUS_NONE : state->status;
    json_object_set_new(out, "stands", json_string(prescription_status_row(status)->name));
    json_object_set_new(out, "holder", json_string(state == NULL ? "" : state->claimed_by));
    json_object_set_new(out, "dispensed",
                        json_integer(state == NULL ? 0 : quantity_e4(state->lines[0]->dispensed)));
    json_object_set_new(out, "returned",
                        json_integer(state == NULL ? 0 : quantity_e4(state->lines[0]->returned)));
    json_object_set_new(out, "timers", json_integer((json_int_t)stage->timer_count));
}

/* --- a line --- */

static json_t *say(struct stage *stage, const json_t *line)
{
    static const char *const answers[] = {
        [ANSWER_ACCEPTED] = "accepted", [ANSWER_REFUSED] = "refused", [ANSWER_DUPLICATE] = "duplicate"};
    json_t *data = stage_data(stage, text_of(line, "says"), json_object_get(line, "with"));
    stage_say(stage, &(struct said){stage_id_of(stage, text_of(line, "who")), text_of(line, "id"),
                                    stage_type(text_of(line, "says")), data, NULL});
    json_decref(data);
    json_t *out = json_pack("{s:s, s:o}", "outcome", answers[stage->answer], "codes", codes(stage));
    stage_pass_on(stage);
    return out;
}

/* What others need to say the same events elsewhere; NULL: LINE asks for something else. */
static json_t *translate(const struct stage *stage, const json_t *line)
{
    int64_t now_ms = json_integer_value(json_object_get(line, "now"));
    if (text_of(line, "read") != NULL)
        return words_read(text_of(line, "read"));
    if (text_of(line, "moment") != NULL)
        return json_pack("{s:I}", "ms", (json_int_t)words_moment(text_of(line, "moment"), now_ms));
    if (text_of(line, "convert") == NULL)
        return NULL;
    const char *type = stage_type(text_of(line, "convert"));
    json_t *data = stage_data(stage, text_of(line, "convert"), json_object_get(line, "with"));
    json_t *out = json_pack("{s:s, s:o}", "type", type, "data",
                            words_of_message(schema_find_event(type), data, stage->names, now_ms));
    json_decref(data);
    return out;
}

static json_t *answer(struct stage **stage, const json_t *line, char *family_world)
{
    json_t *out = translate(*stage, line);
    if (out != NULL)
        return out;
    if (json_is_true(json_object_get(line, "reset"))) {
        stage_free(*stage);
        *stage = stage_new(WORLD, family_world);
    } else if (text_of(line, "at") != NULL) {
        stage_set_clock(*stage, words_moment(text_of(line, "at"), (*stage)->trial->now_ms));
        out = json_pack("{s:o}", "fired", fired(*stage));
    } else {
        out = say(*stage, line);
    }
    if (out == NULL)
        out = json_object();
    add_state(*stage, out);
    return out;
}

int main(int count, char **arguments)
{
    char *family_world = count > 1 ? arguments[1] : NULL;
    struct stage *stage = stage_new(WORLD, family_world);
    char *text = NULL;
    size_t capacity = 0;
    ssize_t length;

    while ((length = getline(&text, &capacity, stdin)) > 0) {
        json_t *line = json_loads(text, 0, NULL);
        if (line == NULL)
            return EXIT_FAILURE;
        json_t *out = answer(&stage, line, family_world);
        char *said = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);
        puts(said);
        (void)fflush(stdout);
        free(said);
        json_decref(out);
        json_decref(line);
    }
    free(text);
    stage_free(stage);
    return EXIT_SUCCESS;
}
