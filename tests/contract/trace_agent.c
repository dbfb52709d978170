/* trace_agent: the trace family as a filter, for test_trace_model.py. A line of JSON in, a line out:
 *     {"reset": true}                                                a new world
 *     {"at": "2026-03-02 10:00:00"}                                  time goes on
 *     {"who": "器械厂", "id": "e1", "says": "trace.item_scanned", "with": {...}}   an event, as a scenario
 * says it
 *     {"rows": "06901234000016", "prefix": "serial/"}                rows of a product
 * out: {"outcome", "codes": [...], "warnings": [...], "followed": [...]}, or {NAME: row as JSON}. */
#include "domain/row_message.h"
#include "event/json.h"
#include "support/plain_words.h"
#include "support/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROW_JSON_BYTES_MAX = 64 * 1024 };

static const char *text_of(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static json_t *codes(const struct stage *stage, enum severity severity)
{
    json_t *list = json_array();
    const struct findings *findings = &stage->trial->event.findings;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].severity == severity)
            json_array_append_new(list, json_string(findings->items[i].code));
    return list;
}

static json_t *followed(const struct stage *stage)
{
    json_t *list = json_array();
    for (size_t i = 0; i < stage->followed_count; i++)
        json_array_append_new(list, json_string(stage->followed[i].text));
    return list;
}

static json_t *say(struct stage *stage, const json_t *line)
{
    static const char *const answers[] = {
        [ANSWER_ACCEPTED] = "accepted", [ANSWER_REFUSED] = "refused", [ANSWER_DUPLICATE] = "duplicate"};
    json_t *data = stage_data(stage, text_of(line, "says"), json_object_get(line, "with"));
    stage_say(stage, &(struct said){stage_id_of(stage, text_of(line, "who")), text_of(line, "id"),
                                    stage_type(text_of(line, "says")), data, NULL});
    json_decref(data);
    json_t *out = json_pack("{s:s, s:o, s:o}", "outcome", answers[stage->answer], "codes",
                            codes(stage, SEVERITY_REFUSE), "warnings", codes(stage, SEVERITY_WARN));
    stage_pass_on(stage);
    json_object_set_new(out, "followed", followed(stage));
    return out;
}

/* --- rows --- */

struct gathering {
    struct stage *stage;
    json_t *rows;
};

static bool add_row(struct bytes name, struct bytes value, void *context)
{
    struct gathering *gathering = context;
    struct fault fault = {0};
    struct buffer text;
    char *key = strndup((const char *)name.data, name.length);
    const ProtobufCMessageDescriptor *descriptor = row_message_of_state("product", key);
    assert_non_null(descriptor);
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, value.length, value.data);
    assert_non_null(message);
    buffer_init(&text, ROW_JSON_BYTES_MAX);
    assert_int_equal(json_encode(schema_of(descriptor), message, NULL, &text, &fault), STATUS_OK);
    json_object_set_new(gathering->rows, key, json_parse(buffer_bytes(&text), &fault));
    buffer_done(&text);
    protobuf_c_message_free_unpacked(message, NULL);
    free(key);
    return true;
}

static json_t *rows(struct stage *stage, const json_t *line)
{
    struct gathering gathering = {stage, json_object()};
    memory_view_turn_to(stage->trial->world, text_of(line, "rows"));
    memory_view_operations.scan(stage->trial->world, text_of(line, "prefix"), "", add_row, &gathering);
    return gathering.rows;
}

/* --- a line --- */

static json_t *answer(struct stage **stage, const json_t *line)
{
    if (json_is_true(json_object_get(line, "reset"))) {
        stage_free(*stage);
        *stage = stage_new("tests/scenario/world.yaml", "tests/scenario/trace/world.yaml");
        return json_object();
    }
    if (text_of(line, "rows") != NULL)
        return rows(*stage, line);
    if (text_of(line, "at") == NULL)
        return say(*stage, line);
    stage_set_clock(*stage, words_moment(text_of(line, "at"), (*stage)->trial->now_ms));
    return json_object();
}

int main(void)
{
    struct stage *stage = stage_new("tests/scenario/world.yaml", "tests/scenario/trace/world.yaml");
    char *text = NULL;
    size_t capacity = 0;

    while (getline(&text, &capacity, stdin) > 0) {
        json_t *line = json_loads(text, 0, NULL);
        if (line == NULL)
            return EXIT_FAILURE;
        json_t *out = answer(&stage, line);
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
