// links: dep::jansson
/* policy_file.h: a pack of parameters as events. */
#include "ops/ctl/policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD                                                                                                 \
    "parameters:\n  - name: a.b\n    region: \"000000\"\n    valid_from: 2021-01-01\n    document: D\n"

struct fixture {
    char path[64];
    json_t *events;
    struct fault fault;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    (void)snprintf(fixture->path, sizeof fixture->path, "/tmp/medhub-policy-XXXXXX");
    *state = fixture;
    return close(mkstemp(fixture->path));
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    json_decref(fixture->events);
    (void)unlink(fixture->path);
    free(fixture);
    return 0;
}

static enum status read_text(struct fixture *fixture, const char *text)
{
    FILE *file = fopen(fixture->path, "w");

    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
    json_decref(fixture->events);
    return policy_file_read(fixture->path, "medhub", "2026-01-01T00:00:00Z", &fixture->events,
                            &fixture->fault);
}

static const json_t *parameter(const struct fixture *fixture)
{
    const json_t *data = json_object_get(json_array_get(fixture->events, 0), "data");
    return json_object_get(data, "parameter");
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void each_kind_goes_into_its_field(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(read_text(fixture, HEAD "    kind: integer\n    value: 30\n    unit: days, at most\n"),
                     STATUS_OK);
    assert_string_equal(text_of(parameter(fixture), "integer"), "30");
    assert_string_equal(text_of(parameter(fixture), "unit"), "days");
    assert_int_equal(read_text(fixture, HEAD "    kind: date\n    value: 2022-06-01\n"), STATUS_OK);
    assert_string_equal(text_of(parameter(fixture), "date"), "2022-06-01");
    assert_int_equal(read_text(fixture, HEAD "    kind: text\n    value: 甲\n"), STATUS_OK);
    assert_string_equal(text_of(parameter(fixture), "text"), "甲");
}

static void the_same_content_has_the_same_id(void **state)
{
    struct fixture *fixture = *state;
    char first[200];

    assert_int_equal(read_text(fixture, HEAD "    kind: integer\n    value: 30\n"), STATUS_OK);
    (void)snprintf(first, sizeof first, "%s", text_of(json_array_get(fixture->events, 0), "id"));
    assert_int_equal(read_text(fixture, HEAD "    kind: integer\n    value: 30\n"), STATUS_OK);
    assert_string_equal(text_of(json_array_get(fixture->events, 0), "id"), first);
    assert_int_equal(read_text(fixture, HEAD "    kind: integer\n    value: 31\n"), STATUS_OK);
    assert_string_not_equal(text_of(json_array_get(fixture->events, 0), "id"), first);
}

static void a_mistake_is_named_with_its_line(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(read_text(fixture, HEAD "    kind: integer\n    value: many\n"), STATUS_REJECT);
    assert_non_null(strstr(fixture->fault.text, "line 7"));
    assert_int_equal(read_text(fixture, HEAD "    kind: integer\n    value: 1\n    vallue: 2\n"),
                     STATUS_REJECT);
    assert_non_null(strstr(fixture->fault.text, "vallue"));
    assert_int_equal(read_text(fixture, HEAD "    kind: colour\n    value: 1\n"), STATUS_REJECT);
    assert_int_equal(read_text(fixture, "parameters: none\n"), STATUS_REJECT);
    assert_int_equal(read_text(fixture, "{\n"), STATUS_REJECT);
    assert_int_equal(read_text(fixture, ""), STATUS_REJECT);
    assert_null(fixture->events);
}

static void a_value_without_a_document_is_refused(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(read_text(fixture,
                               "parameters:\n  - name: a\n    region: \"000000\"\n    kind: integer\n"
                               "    value: 1\n    valid_from: 2021-01-01\n"),
                     STATUS_REJECT);
    assert_non_null(strstr(fixture->fault.text, "document"));
}

static void the_shipped_pack_is_well_formed(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(policy_file_read("ops/policy/national.yaml", "medhub", "2026-01-01T00:00:00Z",
                                      &fixture->events, &fixture->fault),
                     STATUS_OK);
    assert_true(json_array_size(fixture->events) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_goes_into_its_field, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_content_has_the_same_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_mistake_is_named_with_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_value_without_a_document_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_shipped_pack_is_well_formed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
