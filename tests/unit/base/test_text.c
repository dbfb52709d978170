// links: medhub_base
#include "base/text.h"

#include "cmocka_all.h"
#include "random.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(1024, 1024);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static int64_t number(const char *text)
{
    int64_t value = 0;

    assert_true(text_parse_i64(bytes_of(text), &value));
    return value;
}

static void whole_numbers_are_read_over_the_whole_range(void **state)
{
    (void)state;
    assert_int_equal(number("0"), 0);
    assert_int_equal(number("-17"), -17);
    assert_int_equal(number("007"), 7);
    assert_int_equal(number("9223372036854775807"), INT64_MAX);
    assert_int_equal(number("-9223372036854775808"), INT64_MIN);
}

static void other_forms_of_numbers_are_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "0x1",
                                        "--1",
                                        "1e3",
                                        "１",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999"};
    int64_t value = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(text_parse_i64(bytes_of(wrong[i]), &value));
    assert_int_equal(value, 7);
}

static void hexadecimal_is_lower_case(void **state)
{
    (void)state;
    assert_string_equal(text_hex(arena, bytes_from("\x00\xab\x7f", 3)), "00ab7f");
    assert_string_equal(text_hex(arena, BYTES_NONE), "");
}

static void hexadecimal_that_does_not_fit_is_null(void **state)
{
    static const uint8_t data[512];

    (void)state;
    assert_null(text_hex(arena, bytes_from(data, sizeof data)));
}

/* RFC 4648 section 10. */
static const struct {
    const char *plain, *encoded;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};
enum { VECTOR_COUNT = sizeof vectors / sizeof *vectors };

static void base64_follows_the_vectors_of_the_rfc(void **state)
{
    char text[16];
    uint8_t data[16];

    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        size_t length = text_base64_encode(bytes_of(vectors[i].plain), text, sizeof text);
        assert_int_equal(length, strlen(vectors[i].encoded));
        assert_string_equal(text, vectors[i].encoded);
        assert_true(text_base64_decode(bytes_of(text), data, sizeof data, &length));
        assert_true(bytes_equal_text(bytes_from(data, length), vectors[i].plain));
    }
}

static void base64_that_does_not_fit_is_not_begun(void **state)
{
    char text[5] = "xxxx";
    uint8_t data[3];
    size_t length = 7;

    (void)state;
    assert_int_equal(text_base64_encode(bytes_of("foob"), text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_int_equal(text_base64_encode(bytes_of("foo"), text, 4), 0);
    assert_int_equal(text_base64_encode(bytes_of("foo"), text, 5), 4);
    assert_int_equal(text_base64_encode(bytes_of("foo"), text, 0), 0);
    assert_false(text_base64_decode(bytes_of("Zm9vYg=="), data, sizeof data, &length));
    assert_true(text_base64_decode(bytes_of("Zm9v"), data, sizeof data, &length));
}

static void base64_in_any_other_form_is_refused(void **state)
{
    static const char *const wrong[] = {"Zg",       "Zg=",  "Zg===",  "Z===",  "====",
                                        "Zh==",     "Zm9=", "Zm9v\n", "Zm 9",  "Zm-_",
                                        "Zg==Zg==", "=Zg=", "Z=g=",   "Zm9v=", "\xff\xff\xff\xff"};
    uint8_t data[16];
    size_t length = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (text_base64_decode(bytes_of(wrong[i]), data, sizeof data, &length))
            fail_msg("%s", wrong[i]);
    }
    assert_int_equal(length, 7);
}

static void base64_of_anything_comes_back(void **state)
{
    uint64_t seed = 8;
    uint8_t data[100], back[100];
    char text[TEXT_BASE64_LENGTH(sizeof data) + 1];

    (void)state;
    for (int round = 0; round < 10000; round++) {
        size_t length = random_next(&seed) % sizeof data, back_length = 0;
        for (size_t i = 0; i < length; i++)
            data[i] = (uint8_t)random_next(&seed);
        size_t text_length = text_base64_encode(bytes_from(data, length), text, sizeof text);
        assert_int_equal(text_length, TEXT_BASE64_LENGTH(length));
        assert_true(text_base64_decode(bytes_from(text, text_length), back, length, &back_length));
        assert_int_equal(back_length, length);
        assert_memory_equal(back, data, length);
    }
}

static void identity_numbers_are_known_by_their_check_character(void **state)
{
    (void)state;
    assert_true(text_is_identity_number(bytes_of("11010519491231002X")));
    assert_true(text_is_identity_number(bytes_of("11010519491231002x")));
    assert_true(text_is_identity_number(bytes_of("440524188001010014")));
    assert_false(text_is_identity_number(bytes_of("110105194912310021")));
    assert_false(text_is_identity_number(bytes_of("11010519491231002")));
    assert_false(text_is_identity_number(bytes_of("1101051949123100X2")));
    assert_false(text_is_identity_number(bytes_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_read_over_the_whole_range),
        cmocka_unit_test(other_forms_of_numbers_are_refused),
        cmocka_unit_test_setup_teardown(hexadecimal_is_lower_case, setup, teardown),
        cmocka_unit_test_setup_teardown(hexadecimal_that_does_not_fit_is_null, setup, teardown),
        cmocka_unit_test(base64_follows_the_vectors_of_the_rfc),
        cmocka_unit_test(base64_that_does_not_fit_is_not_begun),
        cmocka_unit_test(base64_in_any_other_form_is_refused),
        cmocka_unit_test(base64_of_anything_comes_back),
        cmocka_unit_test(identity_numbers_are_known_by_their_check_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
