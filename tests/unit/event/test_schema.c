// links: medhub_event
/* The generated facts agree with protobuf-c's descriptors and with what the .proto files say. */
#include "event/schema.h"

#include "medhub/prescription/v1/prescription.pb-c.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void facts_lie_parallel_to_the_descriptors(void **state)
{
    (void)state;
    const struct message_facts *facts;
    for (size_t m = 0; (facts = schema_message(m)) != NULL; m++) {
        assert_string_equal(facts->name, facts->descriptor->name);
        assert_int_equal(facts->field_count, facts->descriptor->n_fields);
        for (size_t i = 0; i < facts->field_count; i++) {
            const ProtobufCFieldDescriptor *field = &facts->descriptor->fields[i];
            assert_string_equal(facts->fields[i].name, field->name);
            assert_int_equal(facts->fields[i].number, field->id);
            assert_ptr_equal(schema_field(facts, field->id), &facts->fields[i]);
            assert_int_equal(facts->fields[i].text, field->type == PROTOBUF_C_TYPE_STRING);
            if (field->type == PROTOBUF_C_TYPE_MESSAGE)
                assert_ptr_equal(facts->fields[i].message->descriptor, field->descriptor);
            else
                assert_null(facts->fields[i].message);
        }
    }
    assert_true(schema_message(0) != NULL);
}

static void every_message_is_found_by_descriptor(void **state)
{
    (void)state;
    for (size_t i = 0; schema_message(i) != NULL; i++)
        assert_ptr_equal(schema_of(schema_message(i)->descriptor), schema_message(i));
    assert_null(schema_of(&google__protobuf__file_descriptor_set__descriptor));
}

static void every_event_is_found_by_type_and_has_a_key_and_provenance(void **state)
{
    (void)state;
    const struct message_facts *facts;
    for (size_t i = 0; (facts = schema_event(i)) != NULL; i++) {
        assert_ptr_equal(schema_find_event(facts->type), facts);
        assert_true(facts->key_field >= 0);
        assert_true(facts->fields[facts->key_field].key);
        assert_true(facts->fields[facts->key_field].required);
        const struct field_facts *last = &facts->fields[facts->field_count - 1];
        assert_string_equal(last->name, "provenance");
        assert_int_equal(last->number, 2047);
        assert_true(last->hub_only);
        assert_non_null(facts->topic);
        assert_non_null(facts->title_zh);
    }
    assert_int_equal(schema_event(0) != NULL, 1);
    assert_null(schema_find_event("medhub.prescription.uploaded.v2"));
    assert_null(schema_find_event(""));
    assert_null(schema_find_event(NULL));
}

static void options_of_the_proto_arrive(void **state)
{
    (void)state;
    const struct message_facts *uploaded = schema_find_event("medhub.prescription.uploaded.v1");
    assert_ptr_equal(uploaded->descriptor, &medhub__prescription__v1__uploaded__descriptor);
    assert_string_equal(uploaded->topic, "medhub.inbox.prescription");
    assert_string_equal(uploaded->key_kind, "person");

    const struct field_facts *number = schema_field(uploaded, 2);
    assert_string_equal(number->json_name, "hospitalNumber");
    assert_int_equal(number->max_length, 40);
    assert_true(number->required && number->subject && !number->key);
    assert_string_equal(number->pattern->name, "visible");

    const struct field_facts *person = schema_field(uploaded, 1);
    assert_int_equal(person->sensitivity, SENSITIVITY_IDENTITY);
    assert_int_equal(schema_field(uploaded, 28)->max_items, 100);
    assert_null(schema_field(uploaded, 1000));
    assert_null(schema_field(uploaded, 100000));
}

static void code_tables_know_their_codes(void **state)
{
    (void)state;
    const struct message_facts *posted = schema_find_event("medhub.settlement.posted.v1");
    const struct code_table *table = schema_field(posted, 12)->codes;
    assert_string_equal(table->name, "insurance_type");
    assert_true(schema_has_code(table, bytes_of("310")));
    assert_true(schema_has_code(table, bytes_of("510")));
    assert_false(schema_has_code(table, bytes_of("31")));
    assert_false(schema_has_code(table, bytes_of("3100")));
    assert_false(schema_has_code(table, BYTES_NONE));
}

/* A pattern is written twice, as a function and as an expression for others: here they are held together. */
static void patterns_say_the_same_as_their_expressions(void **state)
{
    (void)state;
    static const char alphabet[] = "AZaz0919.-_:/ ,!~(\x1d\x01" "2026-01-31I25.101";
    srandom(1);
    for (size_t p = 0; p < PATTERN_COUNT; p++) {
        const struct pattern *pattern = &pattern_table[p];
        regex_t expression;
        assert_int_equal(regcomp(&expression, pattern->expression, REG_EXTENDED | REG_NOSUB), 0);
        for (int round = 0; round < 20000; round++) {
            char text[16];
            size_t length = (size_t)random() % sizeof(text);
            for (size_t i = 0; i < length; i++)
                text[i] = alphabet[(size_t)random() % (sizeof(alphabet) - 1)];
            text[length] = '\0';
            bool by_expression = regexec(&expression, text, 0, NULL, 0) == 0;
            bool by_function = pattern->matches(bytes_of(text));
            if (p != PATTERN_DATE) /* a date must also exist, which no expression says */
                assert_int_equal(by_expression, by_function);
        }
        regfree(&expression);
        if (p > 0)
            assert_true(strcmp(pattern_table[p - 1].name, pattern->name) < 0);
    }
}

static void patterns_take_the_codes_we_know(void **state)
{
    (void)state;
    static const struct {
        enum pattern_id pattern;
        const char *text;
        bool matches;
    } rows[] = {
        {PATTERN_DATE, "2026-01-31", true},       {PATTERN_DATE, "2026-02-29", false},
        {PATTERN_DATE, "20260131", false},        {PATTERN_REGION, "650100", true},
        {PATTERN_REGION, "65010", false},         {PATTERN_DIAGNOSIS, "I25.101", true},
        {PATTERN_DIAGNOSIS, "S06.800x001", true}, {PATTERN_DIAGNOSIS, "25.1", false},
        {PATTERN_INSTITUTION, "H43028110001", true},
        {PATTERN_CATALOGUE_CODE, "XA02BCA211A012010100154", true},
        {PATTERN_SCAN, "]d201069012345678921725123110A\x1d" "21S1", true},
        {PATTERN_SCAN, "a\tb", false},            {PATTERN_ITEM_KEY, "WESTERN_DRUG/复方硼砂", true},
        {PATTERN_ITEM_KEY, "/x", false},          {PATTERN_ITEM_KEY, "release/", false},
        {PATTERN_ITEM_KEY, "release", false},     {PATTERN_YEAR, "2026", true},
        {PATTERN_PERSON, "p:1", true},            {PATTERN_PERSON, "张三", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(pattern_table[rows[i].pattern].matches(bytes_of(rows[i].text)), rows[i].matches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_lie_parallel_to_the_descriptors),
        cmocka_unit_test(every_message_is_found_by_descriptor),
        cmocka_unit_test(every_event_is_found_by_type_and_has_a_key_and_provenance),
        cmocka_unit_test(options_of_the_proto_arrive),
        cmocka_unit_test(code_tables_know_their_codes),
        cmocka_unit_test(patterns_say_the_same_as_their_expressions),
        cmocka_unit_test(patterns_take_the_codes_we_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
