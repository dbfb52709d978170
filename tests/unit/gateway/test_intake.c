// links: medhub_gateway dep::jansson
/* intake.h: the three modes of CloudEvents over HTTP, and what is refused before anything is sent. */
#include "gateway/intake.h"

#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#define TYPE     "medhub.policy.parameter_set.v1"
#define DATA     "{\"name\":\"copay.ratio\",\"region\":\"650100\"}"
#define ENVELOPE "{\"specversion\":\"1.0\",\"id\":\"e-1\",\"source\":\"B650000\",\"type\":\"" TYPE "\",\"data\":" DATA "}"

struct fixture {
    struct arena *arena;
    struct http_header headers[8];
    struct http_view view;
    struct intake intake;
    unsigned status;
    struct fault fault;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    fixture->arena = arena_new(64 * 1024, 8 << 20);
    fixture->view = (struct http_view){.method = "POST", .headers = fixture->headers};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void header(struct fixture *fixture, const char *name, const char *value)
{
    fixture->headers[fixture->view.header_count++] = (struct http_header){name, bytes_of(value)};
}

static enum status read_body(struct fixture *fixture, const char *type, const char *body)
{
    if (type != NULL)
        header(fixture, "content-type", type);
    fixture->view.body = bytes_of(body);
    return intake_read(&fixture->view, 3, fixture->arena, &fixture->intake, &fixture->status, &fixture->fault);
}

static void refuses(struct fixture *fixture, const char *type, const char *body, unsigned status, const char *code)
{
    fixture->view.header_count = 0;
    assert_int_equal(read_body(fixture, type, body), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, code);
    assert_int_equal(fixture->status, status);
}

static void structured_is_one_event(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(read_body(fixture, "Application/CloudEvents+JSON ; charset=utf-8", ENVELOPE), STATUS_OK);
    assert_int_equal(fixture->intake.count, 1);
    assert_false(fixture->intake.batch);
    assert_string_equal(fixture->intake.events[0].attributes.id, "e-1");
    assert_true(bytes_equal_text(fixture->intake.events[0].key, "copay.ratio"));
    assert_string_equal(fixture->intake.events[0].facts->topic, "medhub.inbox.policy");
}

static void binary_is_the_same_event(void **state)
{
    struct fixture *fixture = *state;
    struct cloudevent structured;

    assert_int_equal(cloudevent_parse(bytes_of(ENVELOPE), fixture->arena, &structured, &fixture->fault), STATUS_OK);
    header(fixture, "CE-specversion", "1.0");
    header(fixture, "ce-id", "\"e%2D1 \\\" %E4%B8%80\"");
    header(fixture, "ce-source", "B650000");
    header(fixture, "ce-type", TYPE);
    header(fixture, "traceparent", "00-1-2-00");
    size_t common = fixture->view.header_count;
    assert_int_equal(read_body(fixture, "application/json", DATA), STATUS_OK);
    assert_true(bytes_equal(fixture->intake.events[0].data, structured.data));
    assert_true(bytes_equal(fixture->intake.events[0].key, structured.key));
    assert_string_equal(fixture->intake.events[0].attributes.id, "e-1 \" 一");
    assert_string_equal(fixture->intake.events[0].attributes.traceparent, "00-1-2-00");

    fixture->view.header_count = common;
    header(fixture, "content-type", "application/protobuf");
    fixture->view.body = structured.data;
    assert_int_equal(
        intake_read(&fixture->view, 3, fixture->arena, &fixture->intake, &fixture->status, &fixture->fault), STATUS_OK);
    assert_true(bytes_equal(fixture->intake.events[0].data, structured.data));
    assert_true(bytes_equal(fixture->intake.events[0].key, structured.key));
}

static void binary_needs_its_attributes(void **state)
{
    struct fixture *fixture = *state;

    refuses(fixture, "application/json", DATA, 400, "cloudevent.attribute");
    fixture->view.header_count = 0;
    header(fixture, "ce-specversion", "1.0");
    header(fixture, "ce-id", "%G1");
    assert_int_equal(read_body(fixture, "application/json", DATA), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "cloudevent.attribute");
    fixture->view.header_count = 0;
    header(fixture, "ce-specversion", "1.0");
    header(fixture, "ce-id", "1");
    header(fixture, "ce-id", "2");
    assert_int_equal(read_body(fixture, "application/json", DATA), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "cloudevent.attribute");
}

static void a_batch_is_all_or_nothing(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(read_body(fixture, "application/cloudevents-batch+json", "[" ENVELOPE "," ENVELOPE "]"), STATUS_OK);
    assert_int_equal(fixture->intake.count, 2);
    assert_true(fixture->intake.batch);
    refuses(fixture, "application/cloudevents-batch+json", "[" ENVELOPE ",{\"specversion\":\"1.0\"}]", 400,
            "cloudevent.attribute");
    assert_int_equal(fixture->intake.index, 1);
    refuses(fixture, "application/cloudevents-batch+json", "[]", 400, "batch.empty");
    refuses(fixture, "application/cloudevents-batch+json", ENVELOPE, 400, "json.type");
    refuses(fixture, "application/cloudevents-batch+json", "[1,2,3,4]", 413, "batch.too_large");
    refuses(fixture, "application/cloudevents-batch+json", "[", 400, "json.syntax");
}

static void other_bodies_are_refused(void **state)
{
    struct fixture *fixture = *state;

    refuses(fixture, "text/plain", ENVELOPE, 415, "request.media_type");
    refuses(fixture, "application/cloudevents+protobuf", ENVELOPE, 415, "request.media_type");
    refuses(fixture, NULL, ENVELOPE, 415, "request.media_type");
    refuses(fixture, "application/cloudevents+json", "", 400, "json.syntax");
    refuses(fixture, "application/cloudevents+json", "[" ENVELOPE "]", 400, "json.type");
    fixture->view.header_count = 0;
    header(fixture, "Content-Encoding", "gzip");
    assert_int_equal(read_body(fixture, "application/cloudevents+json", ENVELOPE), STATUS_REJECT);
    assert_int_equal(fixture->status, 415);
    fixture->view.header_count = 0;
    header(fixture, "Content-Encoding", "identity");
    assert_int_equal(read_body(fixture, "application/cloudevents+json", ENVELOPE), STATUS_OK);
}

static void an_attribute_longer_than_the_hub_takes_is_told_here(void **state)
{
    struct fixture *fixture = *state;
    char id[300], body[1000];

    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    (void)snprintf(body, sizeof body,
                   "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"B650000\",\"type\":\"" TYPE "\",\"data\":" DATA "}", id);
    refuses(fixture, "application/cloudevents+json", body, 400, "event.attribute");
}

static void memory_that_is_out_is_not_the_callers_fault_nor_ours(void **state)
{
    struct fixture *fixture = *state;

    arena_free(fixture->arena);
    fixture->arena = arena_new(64, 64);
    assert_int_not_equal(read_body(fixture, "application/cloudevents+json", ENVELOPE), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(structured_is_one_event, setup, teardown),
        cmocka_unit_test_setup_teardown(binary_is_the_same_event, setup, teardown),
        cmocka_unit_test_setup_teardown(binary_needs_its_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_is_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(other_bodies_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_attribute_longer_than_the_hub_takes_is_told_here, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_that_is_out_is_not_the_callers_fault_nor_ours, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
