#include "event/attributes.h"

#include "support/cmocka_all.h"

#include <stdlib.h>

struct fixture {
    struct event event;
    struct attribute_reader reader;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->event = (struct event){.arena = arena_new(4096, 65536), .attributes = EVENT_ATTRIBUTES_NONE};
    attributes_begin(&fixture->reader, &fixture->event);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->event.arena);
    free(fixture);
    return 0;
}

static void take(struct fixture *fixture, const char *name, const char *value)
{
    attributes_take(&fixture->reader, name, bytes_of(value));
}

static void take_required(struct fixture *fixture)
{
    take(fixture, "ce_specversion", "1.0");
    take(fixture, "ce_id", "rx-1");
    take(fixture, "ce_source", "H65010000001");
    take(fixture, "ce_type", "medhub.prescription.uploaded.v1");
    take(fixture, "content-type", "application/protobuf");
}

static void refused(struct fixture *fixture, const char *code)
{
    assert_int_equal(attributes_check(&fixture->reader), STATUS_REJECT);
    assert_string_equal(fixture->event.fault.code, code);
}

static void what_a_cloudevent_needs_is_enough(void **state)
{
    struct fixture *fixture = *state;
    take_required(fixture);
    assert_int_equal(attributes_check(&fixture->reader), STATUS_OK);
    assert_string_equal(fixture->event.attributes.id, "rx-1");
    assert_string_equal(fixture->event.attributes.subject, "");
    assert_false(fixture->reader.foreign);
}

static void a_missing_id_is_refused(void **state)
{
    struct fixture *fixture = *state;
    take(fixture, "ce_specversion", "1.0");
    take(fixture, "ce_source", "H65010000001");
    take(fixture, "ce_type", "medhub.prescription.uploaded.v1");
    refused(fixture, "event.attributes");
}

static void another_version_or_content_is_refused(void **state)
{
    struct fixture *fixture = *state;
    take_required(fixture);
    take(fixture, "ce_specversion", "2.0");
    refused(fixture, "event.specversion");
    take(fixture, "ce_specversion", "1.0");
    take(fixture, "content-type", "application/cloudevents+json");
    refused(fixture, "event.content_type");
}

static void what_is_not_text_is_refused_and_the_rest_is_read(void **state)
{
    struct fixture *fixture = *state;
    attributes_take(&fixture->reader, "ce_subject", bytes_from("a\0b", 3));
    take_required(fixture);
    refused(fixture, "event.attribute");
    assert_string_equal(fixture->event.attributes.source, "H65010000001");
}

static void an_attribute_may_have_255_bytes_and_no_more(void **state)
{
    struct fixture *fixture = *state;
    char longest[ATTRIBUTE_BYTES_MAX + 2];
    memset(longest, 'x', sizeof longest);
    take_required(fixture);
    attributes_take(&fixture->reader, "ce_id", bytes_from(longest, ATTRIBUTE_BYTES_MAX));
    assert_int_equal(attributes_check(&fixture->reader), STATUS_OK);
    attributes_take(&fixture->reader, "ce_id", bytes_from(longest, ATTRIBUTE_BYTES_MAX + 1));
    refused(fixture, "event.attribute");
}

static void other_headers_are_told_and_a_redrive_is_counted(void **state)
{
    struct fixture *fixture = *state;
    take_required(fixture);
    take(fixture, "medhub.redrive", "3");
    assert_true(fixture->reader.foreign);
    assert_int_equal(fixture->reader.redrive, 3);
    take(fixture, "medhub.redrive", "-1");
    assert_int_equal(fixture->reader.redrive, 3);
    assert_int_equal(attributes_check(&fixture->reader), STATUS_OK);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_a_cloudevent_needs_is_enough),
        CASE(a_missing_id_is_refused),
        CASE(another_version_or_content_is_refused),
        CASE(what_is_not_text_is_refused_and_the_rest_is_read),
        CASE(an_attribute_may_have_255_bytes_and_no_more),
        CASE(other_headers_are_told_and_a_redrive_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
