// links: medhub_event
/* The proto3 JSON mapping: golden texts and the traps. tests/contract/json_agrees holds it against Google's. */
#include "event/json.h"

#include "medhub/selftest/v1/kinds.pb-c.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/samples.h"

typedef Medhub__Selftest__V1__Kinds kinds_message;

static const struct message_facts *kinds(void)
{
    return schema_of(&medhub__selftest__v1__kinds__descriptor);
}

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

static kinds_message *decoded(struct arena *arena, const char *text)
{
    struct fault fault = {0};
    ProtobufCMessage *message = NULL;
    if (json_decode(kinds(), bytes_of(text), arena, &message, &fault) != STATUS_OK)
        fail_msg("%s: %s: %s", text, fault.code, fault.text);
    return (void *)message;
}

static void assert_encodes(const ProtobufCMessage *message, const struct json_options *options, const char *expected)
{
    struct fault fault = {0};
    struct buffer out;
    buffer_init(&out, 1024 * 1024);
    assert_int_equal(json_encode(schema_of(message->descriptor), message, options, &out, &fault), STATUS_OK);
    assert_string_equal(buffer_text(&out), expected);
    buffer_done(&out);
}

static void assert_round_trip(struct arena *arena, const char *text)
{
    assert_encodes(&decoded(arena, text)->base, NULL, text);
}

static void assert_refused(struct arena *arena, const char *text, const char *code, const char *sentence)
{
    struct fault fault = {0};
    ProtobufCMessage *message = NULL;
    assert_int_equal(json_decode(kinds(), bytes_of(text), arena, &message, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, code);
    if (sentence != NULL)
        assert_string_equal(fault.text, sentence);
}

static void canonical_forms_round_trip(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"anInt32\":-2147483648,\"anInt64\":\"-9223372036854775808\",\"aUint32\":4294967295,"
        "\"aUint64\":\"18446744073709551615\",\"aBool\":true}",
        "{\"aDouble\":0.1,\"aFloat\":0.1}",
        "{\"aDouble\":\"NaN\",\"aFloat\":\"-Infinity\"}",
        "{\"aString\":\"处方 \\\"x\\\" \\\\ \\n\\u0001\"}",
        "{\"someBytes\":\"AAECA/8=\"}",
        "{\"colour\":\"COLOUR_DEEP_BLUE\"}",
        "{\"colour\":12345}",
        "{\"inner\":{}}",
        "{\"inner\":{\"text\":\"t\",\"number\":-1}}",
        "{\"at\":\"2026-01-31T16:00:00.500Z\"}",
        "{\"at\":\"0001-01-01T00:00:00Z\"}",
        "{\"oddName2x\":\"o\",\"otherName\":\"n\"}",
        "{\"choiceText\":\"\"}",
        "{\"choiceNumber\":\"0\"}",
        "{\"choiceColour\":\"COLOUR_UNSPECIFIED\"}",
        "{\"choiceInner\":{}}",
        "{\"int64s\":[\"1\",\"-2\"],\"bools\":[true,false],\"strings\":[\"\",\"b\"],\"blobs\":[\"\",\"YQ==\"],"
        "\"colours\":[\"COLOUR_NEGATIVE\",\"COLOUR_UNSPECIFIED\"],\"inners\":[{},{\"number\":1}],\"ats\":[\"1970-01-01T00:00:00Z\"]}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_round_trip(*state, texts[i]);
}

static void other_spellings_are_read(void **state)
{
    kinds_message *kinds_read = decoded(*state, " { \"an_int32\" : \"12\" , \"anInt64\" : 13, \"a_uint64\" : 1e3,"
                                                "\"aUint32\":7.0,\"aSint32\":\"1e2\",\"some_bytes\":\"-_8\","
                                                "\"at\":\"2026-01-31T08:00:00+08:00\",\"colour\":7,\"aDouble\":\"1.5\","
                                                "\"named\":\"n\",\"aBool\":null,\"strings\":null,\"inner\":null,"
                                                "\"choiceText\":null,\"choiceNumber\":5,\"doubles\":[] } ");
    assert_int_equal(kinds_read->an_int32, 12);
    assert_int_equal(kinds_read->an_int64, 13);
    assert_int_equal(kinds_read->a_uint64, 1000);
    assert_int_equal(kinds_read->a_uint32, 7);
    assert_int_equal(kinds_read->a_sint32, 100);
    assert_int_equal(kinds_read->some_bytes.len, 2);
    assert_memory_equal(kinds_read->some_bytes.data, "\xfb\xff", 2);
    assert_int_equal(kinds_read->at->seconds, 1769817600);
    assert_int_equal(kinds_read->colour, 7);
    assert_true(kinds_read->a_double > 1.4 && kinds_read->a_double < 1.6);
    assert_string_equal(kinds_read->named, "n");
    assert_null(kinds_read->inner);
    assert_int_equal(kinds_read->choice_case, MEDHUB__SELFTEST__V1__KINDS__CHOICE_CHOICE_NUMBER);
}

static void wrong_values_are_refused_by_path(void **state)
{
    static const struct {
        const char *text, *code, *sentence;
    } rows[] = {
        {"{\"nope\":1}", "json.unknown_field", "nope is not a field of the message"},
        {"{\"inners\":[{},{\"nope\":1}]}", "json.unknown_field", "inners[1].nope is not a field of the message"},
        {"{\"inner\":{\"number\":\"x\"}}", "json.type", "inner.number must be a whole number"},
        {"{\"anInt32\":2147483648}", "json.range", "anInt32 is out of the range of its type"},
        {"{\"anInt32\":1.5}", "json.type", NULL},
        {"{\"anInt32\":\" 1\"}", "json.type", NULL},
        {"{\"anInt32\":\"\"}", "json.type", NULL},
        {"{\"anInt32\":\"+1\"}", "json.type", NULL},
        {"{\"anInt32\":\"0x10\"}", "json.type", NULL},
        {"{\"anInt32\":true}", "json.type", NULL},
        {"{\"aUint32\":-1}", "json.range", NULL},
        {"{\"aUint64\":\"18446744073709551616\"}", "json.type", NULL},
        {"{\"anInt64\":\"9223372036854775808\"}", "json.range", NULL},
        {"{\"anInt64\":9223372036854775808}", "json.range", NULL},
        {"{\"anInt64\":1e17}", "json.type", NULL}, /* a real that large no longer says which number was meant */
        {"{\"aFloat\":1e39}", "json.range", NULL},
        {"{\"aDouble\":\"nan\"}", "json.type", NULL},
        {"{\"aDouble\":\"1e999\"}", "json.type", NULL},
        {"{\"aDouble\":NaN}", "json.syntax", NULL},
        {"{\"aBool\":1}", "json.type", NULL},
        {"{\"aBool\":\"true\"}", "json.type", NULL},
        {"{\"aString\":1}", "json.type", NULL},
        {"{\"colour\":\"RED\"}", "json.enum", "colour must be one of the names of its enumeration"},
        {"{\"colour\":1.5}", "json.type", NULL},
        {"{\"someBytes\":\"a\"}", "json.base64", NULL},
        {"{\"someBytes\":\"ab=c\"}", "json.base64", NULL},
        {"{\"someBytes\":\"a b=\"}", "json.base64", NULL},
        {"{\"someBytes\":\"YQ=\"}", "json.base64", NULL},
        {"{\"at\":\"2026-01-31\"}", "json.moment", NULL},
        {"{\"at\":\"2026-02-30T00:00:00Z\"}", "json.moment", NULL},
        {"{\"at\":1}", "json.type", NULL},
        {"{\"inner\":[]}", "json.type", "inner must be an object"},
        {"{\"strings\":\"a\"}", "json.type", "strings must be a list"},
        {"{\"strings\":[null]}", "json.null", "strings[0] must not be null"},
        {"{\"aString\":\"a\",\"aString\":\"b\"}", "json.twice", NULL},
        {"{\"aString\":\"a\",\"a_string\":\"b\"}", "json.twice", NULL},
        {"{\"choiceText\":\"a\",\"choiceNumber\":1}", "json.twice", NULL},
        {"{\"aString\":\"a\\u0000b\"}", "json.nul", NULL},
        {"{\"aString\":\"\xff\"}", "json.syntax", NULL},
        {"{\"aString\":\"\\ud800\"}", "json.syntax", NULL},
        {"{\"aString\":\"a\"} x", "json.syntax", NULL},
        {"", "json.syntax", NULL},
        {"[]", "json.type", "the message must be an object"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_refused(*state, rows[i].text, rows[i].code, rows[i].sentence);
}

static void a_fault_never_tells_a_value(void **state)
{
    struct fault fault = {0};
    ProtobufCMessage *message;
    assert_int_equal(json_decode(kinds(), bytes_of("{\"inner\":{\"text\":\"张三\",\"secret\":张三}}"), *state, &message,
                                 &fault), STATUS_REJECT);
    assert_null(strstr(fault.text, "张三"));
}

static void depth_is_bounded_before_parsing(void **state)
{
    char deep[4001];
    memset(deep, '[', 4000);
    deep[4000] = '\0';
    assert_refused(*state, deep, "json.depth", NULL);
    /* brackets inside strings are no depth */
    memset(deep, '[', 100);
    memcpy(deep, "{\"aString\":\"\\\"", 14);
    memcpy(deep + 100, "\"}", 3);
    decoded(*state, deep);
}

static void memory_is_bounded_by_the_arena(void **state)
{
    (void)state;
    struct arena *small = arena_new(1024, 8192);
    struct buffer text;
    buffer_init(&text, 1024 * 1024);
    buffer_append_text(&text, "{\"inners\":[{}");
    for (int i = 0; i < 1000; i++)
        buffer_append_text(&text, ",{}");
    buffer_append_text(&text, "]}");
    assert_refused(small, buffer_text(&text), "json.too_large", NULL);
    buffer_done(&text);
    arena_free(small);
}

static void defaults_are_written_when_asked(void **state)
{
    (void)state;
    Medhub__Selftest__V1__Inner inner = MEDHUB__SELFTEST__V1__INNER__INIT;
    struct json_options options = {.defaults = true};
    assert_encodes(&inner.base, &options, "{\"text\":\"\",\"number\":0,\"secret\":\"\"}");
    assert_encodes(&inner.base, NULL, "{}");
}

static void hidden_classes_are_masked(void **state)
{
    (void)state;
    Medhub__Selftest__V1__Inner inner = MEDHUB__SELFTEST__V1__INNER__INIT;
    inner.text = SAMPLE_TEXT("t");
    inner.secret = SAMPLE_TEXT("s");
    kinds_message message = MEDHUB__SELFTEST__V1__KINDS__INIT;
    message.inner = &inner;
    message.shielded = &inner;
    message.open = SAMPLE_TEXT("o");
    struct json_options options = {.visible = SENSITIVITY_PUBLIC | SENSITIVITY_ORGANISATION};
    assert_encodes(&message.base, &options,
                   "{\"inner\":{\"text\":\"t\",\"secret\":\"***\"},\"shielded\":\"***\",\"open\":\"o\"}");
    options.visible = SENSITIVITY_PUBLIC | SENSITIVITY_CLINICAL;
    assert_encodes(&message.base, &options,
                   "{\"inner\":{\"text\":\"***\",\"secret\":\"***\"},\"shielded\":{\"text\":\"t\",\"secret\":\"***\"},"
                   "\"open\":\"o\"}");
}

static void what_json_cannot_say_is_refused(void **state)
{
    struct fault fault;
    struct buffer out;
    buffer_init(&out, 1024);
    kinds_message message = MEDHUB__SELFTEST__V1__KINDS__INIT;
    message.at = sample_moment(*state, INT64_C(253402300800));
    assert_int_equal(json_encode(kinds(), &message.base, NULL, &out, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, "json.moment");
    message.at = NULL;
    message.a_string = SAMPLE_TEXT("\xff");
    assert_int_equal(json_encode(kinds(), &message.base, NULL, &out, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, "json.utf8");
    assert_int_equal(out.length, 0);
    buffer_done(&out);
}

/* Eight bytes are looked at a time: what needs an escape is found in each place, alone and twice. */
static void escapes_are_found_wherever_they_stand(void **state)
{
    static const struct {
        char c;
        const char *escaped;
    } rows[] = {{'"', "\\\""},      {'\\', "\\\\"},      {'\n', "\\n"}, {'\x1f', "\\u001f"},
                {'\x7f', "\x7f"}, {'\x01', "\\u0001"}, {' ', " "},    {'!', "!"}};
    enum { LENGTH = 26 };
    char text[LENGTH], expected[8 * LENGTH];
    struct buffer out;
    (void)state;

    buffer_init(&out, 1000);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
        for (size_t first = 0; first < LENGTH; first++)
            for (size_t second = first; second < LENGTH; second++) {
                size_t used = 0;
                memset(text, 0xe5, sizeof text); /* its highest bit must not hide or feign anything */
                text[first] = text[second] = rows[row].c;
                for (size_t i = 0; i < LENGTH; i++) {
                    bool escaped = i == first || i == second;
                    size_t length = escaped ? strlen(rows[row].escaped) : 1;
                    memcpy(expected + used, escaped ? rows[row].escaped : text + i, length);
                    used += length;
                }
                buffer_clear(&out);
                json_append_text(&out, bytes_from(text, LENGTH));
                assert_int_equal(out.length, used + 2);
                assert_memory_equal(out.data + 1, expected, used);
            }
    buffer_done(&out);
}

static void long_texts_are_whole(void **state)
{
    char text[301];
    struct buffer out;
    (void)state;

    memset(text, 'x', sizeof text);
    buffer_init(&out, 1000);
    for (size_t length = 0; length < sizeof text; length += 7) {
        buffer_clear(&out);
        json_append_text(&out, bytes_from(text, length));
        assert_int_equal(out.length, length + 2);
        assert_int_equal(out.data[0], '"');
        if (length > 0)
            assert_memory_equal(out.data + 1, text, length);
        assert_int_equal(out.data[length + 1], '"');
    }
    buffer_done(&out);
}

static void a_full_buffer_is_told(void **state)
{
    struct fault fault;
    struct buffer out;
    buffer_init(&out, 64);
    Medhub__Prescription__V1__Uploaded *uploaded = sample_prescription(*state);
    assert_int_equal(json_encode(schema_of(uploaded->base.descriptor), &uploaded->base, NULL, &out, &fault),
                     STATUS_REJECT);
    assert_string_equal(fault.code, "json.too_large");
    buffer_done(&out);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(canonical_forms_round_trip),
        CASE(other_spellings_are_read),
        CASE(wrong_values_are_refused_by_path),
        CASE(a_fault_never_tells_a_value),
        CASE(depth_is_bounded_before_parsing),
        CASE(memory_is_bounded_by_the_arena),
        CASE(defaults_are_written_when_asked),
        CASE(hidden_classes_are_masked),
        CASE(what_json_cannot_say_is_refused),
        CASE(escapes_are_found_wherever_they_stand),
        CASE(long_texts_are_whole),
        CASE(a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
