// links: medhub_base dep::jansson
/* JSON taken apart where it lies: what is taken says what jansson says of it; all else is left to jansson. */
#include "base/json_text.h"

#include "support/cmocka_all.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* jansson writes the digits of u001F large, RFC 8785 small. */
static void lower_escapes(char *json)
{
    for (char *at = strchr(json, '\\'); at != NULL; at = strchr(at + 2, '\\'))
        for (int i = 2; at[1] == 'u' && i < 6; i++)
            at[i] = (char)(at[i] >= 'A' && at[i] <= 'F' ? at[i] - 'A' + 'a' : at[i]);
}

static void as_jansson_writes_it(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"b\":1,\"a\":\"x\"}",
        ("{\"kind\":\"KIND_WESTERN_DRUG\",\"name\":\"阿莫西林\",\"priceLimit\":{\"microYuan\":\"1010000\"},\"aliases\":[\"b\",\"a\"],"
         "\"flag\":true,\"none\":null,\"not\":false}"),
        "{\"b\":{\"z\":[{\"y\":-1,\"x\":0},[],{}],\"a\":[[\"1\"]]},\"ab\":2,\"a\":3,\"\":4}",
        "{\"é\":1,\"e\":2,\"\x7f\":3,\"/\":\"/\"}",
        "{\"n\":999999999999999999,\"m\":-999999999999999999}",
        "{\"t\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\\u000b/\x7f\",\"s\":\"\\\\u001F\"}",
    };
    struct buffer sorted;

    (void)state;
    buffer_init(&sorted, SIZE_MAX);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *root = json_loads(texts[i], JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        char *expected = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
        lower_escapes(expected);
        buffer_clear(&sorted);
        assert_true(json_text_sorted(bytes_of(texts[i]), &sorted));
        assert_string_equal(buffer_text(&sorted), expected);
        free(expected);
        json_decref(root);
    }
    buffer_done(&sorted);
}

static void what_is_not_plain_is_left_alone(void **state)
{
    static const char *const texts[] = {
        "", "{", "[]", "1", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":[1,]}", "{\"a\":[1 ]}", "{ }",
        "{\"a\":1.5}", "{\"a\":1e3}", "{\"a\":-0}", "{\"a\":01}", "{\"a\":-}", "{\"a\":1234567890123456789}", "{\"a\":tru}",
        "{\"a\":\"\\/\"}", "{\"a\":\"\\u001F\"}", "{\"a\":\"\\u000a\"}", "{\"a\":\"\\u0041\"}", "{\"a\":\"\\u0\"}", "{\"a\":\"\\", "{\"a\\n\":1}",
        "{\"a\":\"\n\"}", "{\"a\\\"\":1}", "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"x}",
        "{\"a\":1,\"a\":2}", "{\"b\":1,\"a\":2,\"b\":3}", "{\"a\":{\"b\":1,\"b\":1}}", "{\"a\":[[[[[[[[[1]]]]]]]]]}",
    };
    struct buffer sorted;

    (void)state;
    buffer_init(&sorted, SIZE_MAX);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buffer_clear(&sorted);
        if (json_text_sorted(bytes_of(texts[i]), &sorted))
            fail_msg("%s was taken", texts[i]);
    }
    buffer_done(&sorted);
}

static void too_many_members_are_left_alone(void **state)
{
    struct json_members members;
    struct buffer text;

    (void)state;
    buffer_init(&text, SIZE_MAX);
    for (int i = 0; i < JSON_TEXT_MEMBERS_MAX; i++)
        buffer_append_format(&text, "%c\"%d\":0", i == 0 ? '{' : ',', i);
    buffer_append_byte(&text, '}');
    assert_true(json_text_members(buffer_bytes(&text), &members));
    assert_int_equal(members.count, JSON_TEXT_MEMBERS_MAX);
    text.data[text.length - 1] = ',';
    buffer_append_text(&text, "\"x\":0}");
    assert_false(json_text_members(buffer_bytes(&text), &members));
    buffer_done(&text);
}

static void members_stand_in_their_order(void **state)
{
    const char *text = "{\"kind\":\"A\",\"item\":{\"b\":[1,2]},\"version\":\"3\"}";
    struct json_members members;
    struct bytes said;

    (void)state;
    assert_true(json_text_members(bytes_of(text), &members));
    assert_int_equal(members.count, 3);
    assert_true(bytes_equal_text(members.items[0].name, "kind"));
    assert_true(json_text_string(members.items[0].value, &said));
    assert_true(bytes_equal_text(said, "A"));
    assert_true(bytes_equal_text(members.items[1].value, "{\"b\":[1,2]}"));
    assert_false(json_text_string(members.items[1].value, &said));
    assert_false(json_text_string(bytes_of("\"a\\n\""), &said));
    assert_true(bytes_equal_text(members.items[2].name, "version"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_jansson_writes_it),
        cmocka_unit_test(what_is_not_plain_is_left_alone),
        cmocka_unit_test(too_many_members_are_left_alone),
        cmocka_unit_test(members_stand_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
