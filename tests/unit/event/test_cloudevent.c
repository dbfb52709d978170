// links: medhub_event
/* One line of NDJSON to attributes and protobuf bytes, and back. */
#include "event/cloudevent.h"

#include "event/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/samples.h"

#define ENVELOPE "{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"H65010000001\",\"type\":"
#define REVERSED "\"medhub.settlement.reversed.v1\""

static int setup(void **state)
{
    *state = arena_new(64 * 1024, 4 * 1024 * 1024);
    return *state == NULL;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static void assert_refused(struct arena *arena, const char *line, const char *code)
{
    struct fault fault = {0};
    struct cloudevent event;
    assert_int_equal(cloudevent_parse(bytes_of(line), arena, &event, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, code);
}

static void a_line_gives_attributes_bytes_and_key(void **state)
{
    struct cloudevent event;
    struct fault fault = {0};
    assert_int_equal(cloudevent_parse(bytes_of(ENVELOPE REVERSED ",\"time\":\"2026-01-31T08:00:00Z\",\"partitionkey\":\"x\","
                                               "\"data\":{\"person\":\"p-1\",\"originalMessageId\":\"m-1\"}}"),
                                      *state, &event, &fault), STATUS_OK);
    assert_string_equal(event.attributes.id, "e1");
    assert_string_equal(event.attributes.source, "H65010000001");
    assert_string_equal(event.attributes.subject, "m-1");
    assert_string_equal(event.attributes.traceparent, "");
    assert_true(bytes_equal_text(event.key, "p-1"));
    assert_true(bytes_equal(event.data, bytes_of("\x0a\x03p-1\x1a\x03m-1")));
    assert_string_equal(event.facts->topic, "medhub.inbox.settlement");
}

static void bytes_may_come_as_base64(void **state)
{
    struct cloudevent event;
    assert_int_equal(cloudevent_parse(bytes_of(ENVELOPE REVERSED ",\"subject\":\"mine\",\"data_base64\":\"CgNwLTE=\"}"),
                                      *state, &event, NULL), STATUS_OK);
    assert_true(bytes_equal_text(event.key, "p-1"));
    assert_string_equal(event.attributes.subject, "mine");
}

/* The hub refuses an event without key, with a receipt; a tool must be able to send it one. */
static void a_missing_key_is_left_to_the_hub(void **state)
{
    struct cloudevent event;
    assert_int_equal(cloudevent_parse(bytes_of(ENVELOPE REVERSED ",\"data\":{}}"), *state, &event, NULL), STATUS_OK);
    assert_null(event.key.data);
    assert_int_equal(event.data.length, 0);
}

static void wrong_envelopes_are_refused(void **state)
{
    struct arena *arena = *state;
    assert_refused(arena, "{}", "cloudevent.attribute");
    assert_refused(arena, "[]", "json.type");
    assert_refused(arena, "nothing", "json.syntax");
    assert_refused(arena, "{\"specversion\":\"0.3\"}", "cloudevent.attribute");
    assert_refused(arena, "{\"specversion\":\"1.0\",\"id\":1}", "cloudevent.attribute");
    assert_refused(arena, "{\"specversion\":\"1.0\",\"id\":\"\"}", "cloudevent.attribute");
    assert_refused(arena, "{\"specversion\":\"1.0\",\"id\":\"a\\u0000b\"}", "json.nul");
    assert_refused(arena, ENVELOPE "\"medhub.nothing.v1\",\"data\":{}}", "cloudevent.unknown_type");
    assert_refused(arena, ENVELOPE REVERSED "}", "cloudevent.data");
    assert_refused(arena, ENVELOPE REVERSED ",\"data\":{},\"data_base64\":\"\"}", "cloudevent.data");
    assert_refused(arena, ENVELOPE REVERSED ",\"time\":\"yesterday\",\"data\":{}}", "cloudevent.attribute");
    assert_refused(arena, ENVELOPE REVERSED ",\"data_base64\":\"!\"}", "json.base64");
    assert_refused(arena, ENVELOPE REVERSED ",\"data_base64\":\"CgUB\"}", "wire.truncated");
    assert_refused(arena, ENVELOPE REVERSED ",\"data\":{\"payee\":1}}", "json.type");

    struct fault fault;
    struct cloudevent event;
    assert_int_equal(cloudevent_parse(bytes_of(ENVELOPE REVERSED ",\"data\":{\"total\":{\"yuan\":1}}}"), arena, &event,
                                      &fault), STATUS_REJECT);
    assert_string_equal(fault.text, "data.total.yuan is not a field of the message");
}

static void printing_and_parsing_agree(void **state)
{
    struct arena *arena = *state;
    struct event_attributes attributes = {.id = "e\"1",
                                          .source = "H65010000001",
                                          .type = "medhub.prescription.uploaded.v1",
                                          .subject = "RX202601310001",
                                          .time = "2026-01-31T08:00:00Z",
                                          .traceparent = ""};
    struct bytes data = sample_bytes(arena);
    struct buffer line;
    buffer_init(&line, 64 * 1024);
    assert_int_equal(cloudevent_print(&attributes, data, NULL, arena, &line, NULL), STATUS_OK);
    assert_null(memchr(line.data, '\n', line.length));

    struct cloudevent event;
    struct fault fault = {0};
    assert_int_equal(cloudevent_parse(buffer_bytes(&line), arena, &event, &fault), STATUS_OK);
    assert_string_equal(event.attributes.id, "e\"1");
    assert_true(bytes_equal(event.data, data));
    buffer_done(&line);
}

static void what_cannot_be_json_is_printed_as_base64(void **state)
{
    struct event_attributes attributes = {.id = "1", .source = "s", .type = "medhub.unknown.v1"};
    struct buffer line;
    buffer_init(&line, 4096);
    assert_int_equal(cloudevent_print(&attributes, bytes_of("\xff"), NULL, *state, &line, NULL), STATUS_OK);
    assert_string_equal(buffer_text(&line),
                        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"medhub.unknown.v1\","
                        "\"datacontenttype\":\"application/protobuf\",\"data_base64\":\"/w==\"}");

    /* but not where values must be hidden */
    buffer_clear(&line);
    struct json_options masked = {.visible = SENSITIVITY_PUBLIC};
    assert_int_equal(cloudevent_print(&attributes, bytes_of("\xff"), &masked, *state, &line, NULL), STATUS_OK);
    assert_null(strstr(buffer_text(&line), "data"));
    buffer_done(&line);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_line_gives_attributes_bytes_and_key), CASE(bytes_may_come_as_base64),
        CASE(a_missing_key_is_left_to_the_hub),      CASE(wrong_envelopes_are_refused),
        CASE(printing_and_parsing_agree),            CASE(what_cannot_be_json_is_printed_as_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
