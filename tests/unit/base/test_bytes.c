// links: medhub_base
#include "base/bytes.h"

#include "cmocka_all.h"
#include "random.h"

static struct buffer buffer;

static int setup(void **state)
{
    (void)state;
    buffer_init(&buffer, 100);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_done(&buffer);
    return 0;
}

static void a_missing_text_is_absent(void **state)
{
    (void)state;
    assert_null(bytes_of(NULL).data);
    assert_int_equal(bytes_of(NULL).length, 0);
}

static void order_is_by_bytes_and_the_shorter_prefix_comes_first(void **state)
{
    (void)state;
    assert_true(bytes_compare(bytes_of("a"), bytes_of("b")) < 0);
    assert_true(bytes_compare(bytes_of("ab"), bytes_of("a")) > 0);
    assert_true(bytes_compare(bytes_of("\xff"), bytes_of("a")) > 0);
    assert_true(bytes_compare(BYTES_NONE, bytes_of("a")) < 0);
    assert_int_equal(bytes_compare(bytes_of("ab"), bytes_of("ab")), 0);
    assert_int_equal(bytes_compare(BYTES_NONE, bytes_of("")), 0);
}

static void prefixes_are_found(void **state)
{
    (void)state;
    assert_true(bytes_start_with(bytes_of("medhub.parked"), bytes_of("medhub.")));
    assert_true(bytes_start_with(bytes_of("x"), BYTES_NONE));
    assert_false(bytes_start_with(bytes_of("med"), bytes_of("medhub")));
}

static void characters_of_every_length_are_utf8(void **state)
{
    (void)state;
    assert_true(bytes_is_utf8(BYTES_NONE));
    assert_true(bytes_is_utf8(bytes_of("plain ASCII that is longer than eight bytes")));
    assert_true(bytes_is_utf8(bytes_of("é 医保 \xf0\x9f\x92\x8a \xf4\x8f\xbf\xbf")));
    assert_true(bytes_is_utf8(bytes_from("\0", 1)));
}

static void surrogates_overlong_forms_and_stray_bytes_are_not_utf8(void **state)
{
    static const char *const wrong[] = {
        "\xed\xa0\x80",     "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\x80",
        "\xf4\x90\x80\x80", "\xff",     "\xe5\x8c", "12345678\xe5", "\xf5\x80\x80\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(bytes_is_utf8(bytes_of(wrong[i])));
}

/* Decodes first and judges the number afterwards: slow, and another way to the same answer. */
static size_t reference_step(const uint8_t *data, size_t length)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t count = data[0] < 0x80       ? 1
                   : data[0] >> 5 == 6  ? 2
                   : data[0] >> 4 == 14 ? 3
                   : data[0] >> 3 == 30 ? 4
                                        : 0;

    if (count == 0 || count > length)
        return 0;
    uint32_t code = count == 1 ? data[0] : data[0] & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if (data[i] >> 6 != 2)
            return 0;
        code = code << 6 | (data[i] & 0x3fu);
    }
    return code < smallest[count] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : count;
}

static bool reference_is_utf8(const uint8_t *data, size_t length)
{
    for (size_t at = 0, step; at < length; at += step) {
        step = reference_step(data + at, length - at);
        if (step == 0)
            return false;
    }
    return true;
}

static void utf8_agrees_with_the_reference_on_all_three_byte_texts(void **state)
{
    (void)state;
    for (uint32_t value = 0; value < 1u << 24; value += value < 0x800000 ? 251 : 1) {
        uint8_t data[3] = {(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
        if (bytes_is_utf8(bytes_from(data, 3)) != reference_is_utf8(data, 3))
            fail_msg("%06x", value);
    }
}

static void utf8_agrees_with_the_reference_on_random_texts(void **state)
{
    /* Bytes at the edges of the ranges, so that well-formed characters are not rare. */
    static const uint8_t edges[] = {0x41, 0x41, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1,
                                    0xc2, 0xdf, 0xe0, 0xe5, 0xed, 0xef, 0xf0, 0xf3, 0xf4, 0xf5};
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 300000; round++) {
        uint8_t data[24];
        size_t length = random_next(&seed) % sizeof data;
        size_t ascii = random_next(&seed) % 20; /* how much of the front stays plain */
        for (size_t i = 0; i < length; i++)
            data[i] = i < ascii ? 'a' : edges[random_next(&seed) % sizeof edges];
        assert_int_equal(bytes_is_utf8(bytes_from(data, length)), reference_is_utf8(data, length));
    }
}

static void a_cut_keeps_whole_characters(void **state)
{
    (void)state;
    assert_int_equal(bytes_utf8_cut(bytes_of("医保"), 6), 6);
    assert_int_equal(bytes_utf8_cut(bytes_of("医保"), 5), 3);
    assert_int_equal(bytes_utf8_cut(bytes_of("医保"), 4), 3);
    assert_int_equal(bytes_utf8_cut(bytes_of("医保"), 3), 3);
    assert_int_equal(bytes_utf8_cut(bytes_of("医保"), 2), 0);
    assert_int_equal(bytes_utf8_cut(bytes_of("a\xf0\x9f\x92\x8a"), 4), 1);
    assert_int_equal(bytes_utf8_cut(bytes_of("abc"), 2), 2);
    assert_int_equal(bytes_utf8_cut(bytes_of("abc"), 0), 0);
}

static void a_cut_of_ill_formed_text_is_where_it_was_asked(void **state)
{
    (void)state;
    assert_int_equal(bytes_utf8_cut(bytes_of("\x80\x80\x80\x80\x80\x80"), 5), 5);
    assert_int_equal(bytes_utf8_cut(bytes_of("\xe5\x41\x41"), 1), 1);
}

static void appends_collect_text(void **state)
{
    (void)state;
    buffer_append_text(&buffer, "a=");
    buffer_append_format(&buffer, "%d,", 17);
    buffer_append_byte(&buffer, 'b');
    buffer_append_bytes(&buffer, bytes_of("cd"));
    buffer_append(&buffer, NULL, 0);
    assert_true(buffer_ok(&buffer));
    assert_string_equal(buffer_text(&buffer), "a=17,bcd");
    assert_int_equal(buffer_bytes(&buffer).length, 8);
}

static void an_empty_buffer_gives_an_empty_text(void **state)
{
    (void)state;
    assert_string_equal(buffer_text(&buffer), "");
    buffer_append_format(&buffer, "%s", "");
    assert_string_equal(buffer_text(&buffer), "");
    assert_true(buffer_ok(&buffer));
}

static void the_limit_may_be_filled_exactly(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        buffer_append_byte(&buffer, 'x');
    assert_true(buffer_ok(&buffer));
    assert_int_equal(strlen(buffer_text(&buffer)), 100);
}

static void one_byte_beyond_the_limit_fails_for_good(void **state)
{
    (void)state;
    buffer_append_format(&buffer, "%0100d", 1);
    buffer_append_byte(&buffer, 'x');
    assert_false(buffer_ok(&buffer));
    buffer_append(&buffer, NULL, 0);
    buffer_append_text(&buffer, "");
    assert_false(buffer_ok(&buffer));
    assert_string_equal(buffer_text(&buffer), "");
}

static void a_smaller_append_after_a_failed_one_is_not_taken(void **state)
{
    (void)state;
    buffer_append_format(&buffer, "%0101d", 1);
    buffer_append_byte(&buffer, 'x');
    assert_false(buffer_ok(&buffer));
    assert_int_equal(buffer.length, 0);
}

static void clearing_makes_it_usable_again(void **state)
{
    (void)state;
    buffer_append_format(&buffer, "%0101d", 1);
    buffer_clear(&buffer);
    buffer_append_text(&buffer, "again");
    assert_true(buffer_ok(&buffer));
    assert_string_equal(buffer_text(&buffer), "again");
}

static void without_a_limit_it_grows(void **state)
{
    struct buffer large;

    (void)state;
    buffer_init(&large, SIZE_MAX);
    for (int i = 0; i < 100000; i++)
        buffer_append_text(&large, "0123456789");
    assert_true(buffer_ok(&large));
    assert_int_equal(large.length, 1000000);
    assert_true(large.capacity < 3000000);
    buffer_done(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_text_is_absent),
        cmocka_unit_test(order_is_by_bytes_and_the_shorter_prefix_comes_first),
        cmocka_unit_test(prefixes_are_found),
        cmocka_unit_test(characters_of_every_length_are_utf8),
        cmocka_unit_test(surrogates_overlong_forms_and_stray_bytes_are_not_utf8),
        cmocka_unit_test(utf8_agrees_with_the_reference_on_all_three_byte_texts),
        cmocka_unit_test(utf8_agrees_with_the_reference_on_random_texts),
        cmocka_unit_test(a_cut_keeps_whole_characters),
        cmocka_unit_test(a_cut_of_ill_formed_text_is_where_it_was_asked),
        cmocka_unit_test_setup_teardown(appends_collect_text, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_buffer_gives_an_empty_text, setup, teardown),
        cmocka_unit_test_setup_teardown(the_limit_may_be_filled_exactly, setup, teardown),
        cmocka_unit_test_setup_teardown(one_byte_beyond_the_limit_fails_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(a_smaller_append_after_a_failed_one_is_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(clearing_makes_it_usable_again, setup, teardown),
        cmocka_unit_test(without_a_limit_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
