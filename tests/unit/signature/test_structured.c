// links: medhub_signature
/* RFC 9651: examples of the text, and the cases of the HTTP working group's structured-field-tests that concern dictionaries. */
#include "signature/structured.h"

#include "support/cmocka_all.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096, 4 * 1024 * 1024);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static enum status parse(const char *text, struct structured_dictionary *dictionary)
{
    struct fault fault;
    return structured_parse_dictionary(bytes_of(text), arena, dictionary, &fault);
}

/* The dictionary read and written again: the one serialisation. NULL: refused. */
static const char *again(const char *text)
{
    struct structured_dictionary dictionary;
    struct buffer out;

    if (parse(text, &dictionary) != STATUS_OK)
        return NULL;
    buffer_init(&out, 65536);
    for (size_t i = 0; i < dictionary.member_count; i++) {
        const struct structured_member *member = &dictionary.members[i];
        buffer_append_text(&out, i == 0 ? "" : ", ");
        buffer_append_bytes(&out, member->key);
        buffer_append_byte(&out, '=');
        if (member->item.value.kind == STRUCTURED_INNER_LIST)
            structured_write_inner_list(member, &out);
        else
            structured_write_item(&member->item, &out);
    }
    const char *kept = arena_text(arena, buffer_bytes(&out));
    buffer_done(&out);
    return kept;
}

static void what_is_well_formed_is_read(void **state)
{
    static const struct {
        const char *text, *again;
    } cases[] = {
        {"", ""},
        {"en=\"Applepie\", da=:w4ZibGV0w6ZydGU=:", "en=\"Applepie\", da=:w4ZibGV0w6ZydGU=:"},
        {"a=?0, b, c; foo=bar", "a=?0, b=?1, c=?1;foo=bar"},
        {"rating=15, feelings=(joy sadness)", "rating=15, feelings=(joy sadness)"},
        {"a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid", "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid"},
        {"  a=1 \t,\t b=2 ", "a=1, b=2"},
        {"a=()", "a=()"},
        {"a=( 1   2 )", "a=(1 2)"},
        {"a=(\"@query-param\";name=\"x\" \"@method\");created=1;keyid=\"k\\\"\\\\\"",
         "a=(\"@query-param\";name=\"x\" \"@method\");created=1;keyid=\"k\\\"\\\\\""},
        {"a=-15, b=0, c=-0, d=999999999999999, e=042", "a=-15, b=0, c=0, d=999999999999999, e=42"},
        {"*a_-.*9=*t!#$%&'*+-.^_`|~:/z", "*a_-.*9=*t!#$%&'*+-.^_`|~:/z"},
        {"a=1;  b=2;c", "a=1;b=2;c"},
        {"a=1;b=?1", "a=1;b"},
        {"a=1;b=?0", "a=1;b=?0"},
        {"a=1, b=2, a=3", "a=3, b=2"},      /* the later value, the earlier place */
        {"a=1;b=1;c=2;b=3", "a=1;b=3;c=2"}, /* likewise */
        {"a=::", "a=::"},
        {"a=\"\"", "a=\"\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *written = again(cases[i].text);
        if (written == NULL)
            fail_msg("refused: %s", cases[i].text);
        assert_string_equal(written, cases[i].again);
    }
}

static void what_is_not_is_refused(void **state)
{
    static const char *const wrong[] = {
        "a=1,", "a=1 b=2", ",", "a=1,,b=2", "=1", "A=1", "1=1", "-a=1", "a=", "a= 1", "a =1", "a=1;", "a=1 ;b=2",
        "a=1;B=2", "a=1;=2", "a=(", "a=(1", "a=(1 2", "a=(1,2)", "a=(1\t2)", "a=(1)2", "a=(1\"x\")", "a=((1))", "a=\"",
        "a=\"x", "a=\"\\x\"", "a=\"x\\\"", "a=\"\x7f\"", "a=\"\n\"", "a=\"\xc3\xa9\"", "a=:AA", "a=:A:", "a=:AB==:",
        "a=:AA=:", "a=:A A=:", "a=:-_8=:", "a=?", "a=?2", "a=?true", "a=-", "a=--1", "a=1000000000000000",
        "a=1.0", "a=1.", "a=@1659578233", "a=%\"x\"", "a=!x", "a\n=1", "a=1\n", "\ta=1", "\357\273\277a=1",
    };
    struct structured_dictionary dictionary;
    struct fault fault;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (again(wrong[i]) != NULL)
            fail_msg("accepted: %s", wrong[i]);
    }
    assert_int_equal(structured_parse_dictionary(bytes_from("a=1\0", 4), arena, &dictionary, &fault), STATUS_REJECT);
    assert_int_equal(structured_parse_dictionary(bytes_from("a=\"\0\"", 5), arena, &dictionary, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, "structured.syntax");
    assert_string_equal(fault.text, "at character 4: expected printable ASCII and a closing quote");
}

static void kinds_and_values_are_told(void **state)
{
    struct structured_dictionary dictionary;

    (void)state;
    assert_int_equal(parse("i=-7, s=\"a\\\"b\", t=tok, b=:AQI=:, l=(\"x\";p=1);q", &dictionary), STATUS_OK);
    assert_int_equal(structured_find(&dictionary, "i")->item.value.integer, -7);
    assert_true(bytes_equal_text(structured_find(&dictionary, "s")->item.value.text, "a\"b"));
    assert_int_equal(structured_find(&dictionary, "t")->item.value.kind, STRUCTURED_TOKEN);
    assert_true(bytes_equal(structured_find(&dictionary, "b")->item.value.text, bytes_from("\1\2", 2)));
    const struct structured_member *list = structured_find(&dictionary, "l");
    assert_int_equal(list->item_count, 1);
    assert_int_equal(structured_parameter(&list->items[0], "p")->integer, 1);
    assert_true(structured_parameter(&list->item, "q")->boolean);
    assert_null(structured_parameter(&list->item, "p"));
    assert_null(structured_find(&dictionary, "x"));
}

/* Everything in a field has a bound. */
static void long_fields_are_refused_not_truncated(void **state)
{
    struct structured_dictionary dictionary;
    struct buffer text;
    struct fault fault;

    (void)state;
    for (unsigned count = STRUCTURED_COUNT_MAX; count <= STRUCTURED_COUNT_MAX + 1; count++) {
        enum status wanted = count == STRUCTURED_COUNT_MAX ? STATUS_OK : STATUS_REJECT;
        buffer_init(&text, 65536);
        for (unsigned i = 0; i < count; i++)
            buffer_append_format(&text, "%sa%u=1", i == 0 ? "" : ",", i);
        assert_int_equal(structured_parse_dictionary(buffer_bytes(&text), arena, &dictionary, &fault), wanted);
        buffer_clear(&text);
        buffer_append_text(&text, "a=(");
        for (unsigned i = 0; i < count; i++)
            buffer_append_text(&text, " 1");
        buffer_append_text(&text, ")");
        assert_int_equal(structured_parse_dictionary(buffer_bytes(&text), arena, &dictionary, &fault), wanted);
        buffer_clear(&text);
        buffer_append_text(&text, "a=1");
        for (unsigned i = 0; i < count; i++)
            buffer_append_format(&text, ";p%u", i);
        assert_int_equal(structured_parse_dictionary(buffer_bytes(&text), arena, &dictionary, &fault), wanted);
        assert_string_equal(wanted == STATUS_OK ? "structured.too_large" : fault.code, "structured.too_large");
        buffer_done(&text);
    }
}

static void a_full_arena_is_told(void **state)
{
    static const char field[] = "a=(\"x\\\"\" \"y\";p=:AQI=:);q=\"\\\\\"";
    struct structured_dictionary dictionary;
    struct fault fault;

    (void)state;
    for (size_t limit = 64; limit < 16384; limit += 16) {
        struct arena *small = arena_new(64, limit);
        enum status status = structured_parse_dictionary(bytes_of(field), small, &dictionary, &fault);
        arena_free(small);
        if (status == STATUS_OK)
            return;
        assert_string_equal(fault.code, "structured.too_large");
    }
    fail();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_well_formed_is_read),
        TEST(what_is_not_is_refused),
        TEST(kinds_and_values_are_told),
        TEST(long_fields_are_refused_not_truncated),
        TEST(a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
