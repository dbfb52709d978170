// links: dep::jansson
/* submission.h: what is sent is what was said, byte for byte, with what it lacks. */
#include "client/submission.h"
#include "support/cmocka_all.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const int64_t now_ms = INT64_C(1767225600000); /* 2026-01-01T00:00:00Z */

static enum medhub_status make(const struct medhub_event *event, struct submission *made,
                               struct medhub_error *error)
{
    return submission_make(event, "H1", now_ms, 2000, made, error);
}

static enum medhub_status make_whole(const char *json, struct submission *made, struct medhub_error *error)
{
    struct medhub_event event = MEDHUB_EVENT_INIT;
    event.json = json;
    return make(&event, made, error);
}

static void a_complete_event_is_sent_byte_for_byte(void **state)
{
    static const char text[] =
        " {\"specversion\":\"1.0\", \"id\":\"e1\",\"source\":\"H1\",\"type\":\"t\","
        "\"time\":\"2026-01-01T00:00:00Z\",\"subject\":\"s\",\"data\":{\"price\":1.10, \"z\":1e2}}";
    struct submission made;
    (void)state;
    assert_int_equal(make_whole(text, &made, NULL), MEDHUB_OK);
    assert_string_equal(made.body, text + 1); /* but for the blank in front */
    assert_string_equal(made.id, "e1");
    assert_string_equal(made.key, "s");
    submission_done(&made);
}

static void what_lacks_is_put_in_front(void **state)
{
    struct submission made;
    (void)state;
    assert_int_equal(make_whole("{\"type\":\"t\",\"data\":{\"price\":1.10}}", &made, NULL), MEDHUB_OK);
    assert_int_equal(strlen(made.id), 36);
    assert_non_null(strstr(made.body,
                           "\"source\":\"H1\",\"time\":\"2026-01-01T00:00:00Z\",\"type\":\"t\",\"data\":"
                           "{\"price\":1.10}}"));
    assert_int_equal(made.body[0], '{');
    json_t *parsed = json_loads(made.body, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(parsed);
    json_decref(parsed);
    assert_string_equal(made.key, "");
    submission_done(&made);
}

static void parts_become_an_event(void **state)
{
    struct medhub_event event = MEDHUB_EVENT_INIT;
    struct submission made;
    (void)state;
    event.type = "t";
    event.id = "处\"方";
    event.subject = "s";
    event.data = "{\"a\": 1}";
    assert_int_equal(make(&event, &made, NULL), MEDHUB_OK);
    assert_string_equal(made.body,
                        "{\"specversion\":\"1.0\",\"id\":\"处\\\"方\",\"source\":\"H1\",\"time\":"
                        "\"2026-01-01T00:00:00Z\",\"type\":\"t\",\"subject\":\"s\",\"datacontenttype\":"
                        "\"application/json\",\"data\":{\"a\": 1}}");
    assert_string_equal(made.key, "s");
    submission_done(&made);
}

static void the_key_is_the_callers_else_the_partition_key_else_the_subject(void **state)
{
    static const char text[] = "{\"type\":\"t\",\"subject\":\"s\",\"partitionkey\":\"p\",\"data\":{}}";
    struct medhub_event event = MEDHUB_EVENT_INIT;
    struct submission made;
    (void)state;
    event.json = text;
    assert_int_equal(make(&event, &made, NULL), MEDHUB_OK);
    assert_string_equal(made.key, "p");
    submission_done(&made);
    event.key = "k";
    assert_int_equal(make(&event, &made, NULL), MEDHUB_OK);
    assert_string_equal(made.key, "k");
    submission_done(&made);
}

static uint64_t fingerprint_of(const char *id, const char *data, int64_t at_ms)
{
    struct medhub_event event = MEDHUB_EVENT_INIT;
    struct submission made;
    event.type = "t";
    event.id = id;
    event.data = data;
    assert_int_equal(submission_make(&event, "H1", at_ms, 2000, &made, NULL), MEDHUB_OK);
    submission_done(&made);
    return made.fingerprint;
}

static void the_same_thing_said_later_has_the_same_fingerprint(void **state)
{
    (void)state;
    assert_true(fingerprint_of("1", "{}", now_ms) == fingerprint_of("1", "{}", now_ms + 5000));
    assert_true(fingerprint_of("1", "{}", now_ms) != fingerprint_of("1", "{\"a\":1}", now_ms));
}

static void what_is_no_event_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *json, *code;
    } wrong[] = {
        {"", "event.syntax"},
        {"[]", "event.syntax"},
        {"{\"type\":\"t\",\"type\":\"u\"}", "event.syntax"},
        {"{\"data\":{}}", "event.attribute"},
        {"{\"type\":1}", "event.attribute"},
        {"{\"type\":\"t\",\"id\":\"\"}", "event.attribute"},
        {"{\"type\":\"t\",\"id\":null}", "event.attribute"},
        {"{\"type\":\"t\",\"specversion\":\"0.3\"}", "event.attribute"},
        {"{\"type\":\"t\",\"source\":\"H2\"}", "event.source"},
    };
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct submission made;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(make_whole(wrong[i].json, &made, &error), MEDHUB_INVALID);
        assert_string_equal(error.code, wrong[i].code);
        assert_null(made.body);
    }
}

static void neither_kind_and_both_kinds_are_refused(void **state)
{
    struct medhub_event event = MEDHUB_EVENT_INIT;
    struct submission made;
    (void)state;
    assert_int_equal(make(&event, &made, NULL), MEDHUB_INVALID);
    event.json = "{\"type\":\"t\"}";
    event.type = "t";
    event.data = "{}";
    assert_int_equal(make(&event, &made, NULL), MEDHUB_INVALID);
    event.json = NULL;
    event.data = "7";
    assert_int_equal(make(&event, &made, NULL), MEDHUB_INVALID);
}

static void an_event_is_bounded(void **state)
{
    struct medhub_event event = MEDHUB_EVENT_INIT;
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct submission made;
    (void)state;
    event.type = "t";
    event.data = "{\"a\":\"0123456789\"}";
    assert_int_equal(submission_make(&event, "H1", now_ms, 100, &made, &error), MEDHUB_INVALID);
    assert_string_equal(error.code, "event.too_large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_event_is_sent_byte_for_byte),
        cmocka_unit_test(what_lacks_is_put_in_front),
        cmocka_unit_test(parts_become_an_event),
        cmocka_unit_test(the_key_is_the_callers_else_the_partition_key_else_the_subject),
        cmocka_unit_test(the_same_thing_said_later_has_the_same_fingerprint),
        cmocka_unit_test(what_is_no_event_is_refused_with_its_reason),
        cmocka_unit_test(neither_kind_and_both_kinds_are_refused),
        cmocka_unit_test(an_event_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
