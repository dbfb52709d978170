// links: medhub_event
/* Each option of a field, held against a message that breaks it. */
#include "event/check.h"
#include "event/pack.h"
#include "event/unpack.h"

#include "medhub/selftest/v1/kinds.pb-c.h"
#include "medhub/settlement/v1/settlement.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/samples.h"

struct fixture {
    struct arena *arena;
    struct findings findings;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->arena = arena_new(64 * 1024, 8 * 1024 * 1024);
    findings_init(&fixture->findings, fixture->arena);
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

/* And unpacking, which looks at the values on its way, is sure of just those messages in which nothing is found. */
static void check(struct fixture *fixture, const ProtobufCMessage *message)
{
    const struct message_facts *facts = schema_of(message->descriptor);
    struct bytes packed = pack_message(message, fixture->arena);
    struct wire_summary summary = {0};
    ProtobufCMessage *unpacked = NULL;
    struct fault fault = {0};

    findings_init(&fixture->findings, fixture->arena);
    check_message(facts, message, &fixture->findings);
    if (packed.data != NULL &&
        unpack_submitted(facts, packed, WIRE_OWN, fixture->arena, &unpacked, &summary, &fault) == STATUS_OK)
        assert_int_equal(summary.right, fixture->findings.count == 0);
}

static const struct finding *only(const struct fixture *fixture, const char *code, const char *path)
{
    assert_int_equal(fixture->findings.count, 1);
    const struct finding *finding = &fixture->findings.items[0];
    assert_string_equal(finding->code, code);
    assert_string_equal(finding->path, path);
    assert_true(findings_refuse(&fixture->findings));
    assert_true(finding->sentence_zh[0] != '\0' && finding->sentence_en[0] != '\0');
    return finding;
}

static void a_right_event_has_no_findings(void **state)
{
    struct fixture *fixture = *state;
    check(fixture, &sample_prescription(fixture->arena)->base);
    assert_int_equal(fixture->findings.count, 0);
    assert_false(findings_refuse(&fixture->findings));
}

static size_t required_fields(const ProtobufCMessageDescriptor *descriptor)
{
    const struct message_facts *facts = schema_of(descriptor);
    size_t count = 0;
    for (size_t i = 0; i < facts->field_count; i++)
        count += facts->fields[i].required;
    return count;
}

static void an_empty_event_lacks_all_that_is_required(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Prescription__V1__Uploaded empty = MEDHUB__PRESCRIPTION__V1__UPLOADED__INIT;
    check(fixture, &empty.base);
    assert_true(required_fields(empty.base.descriptor) > 5);
    assert_int_equal(fixture->findings.count, required_fields(empty.base.descriptor));
    for (size_t i = 0; i < fixture->findings.count; i++)
        assert_string_equal(fixture->findings.items[i].code, "field.required");
    assert_string_equal(fixture->findings.items[1].path, "hospitalNumber");
}

static void a_missing_field_of_a_line_is_named_by_its_place(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Prescription__V1__Uploaded *uploaded = sample_prescription(fixture->arena);
    uploaded->lines[1]->quantity = NULL;
    check(fixture, &uploaded->base);
    only(fixture, "field.required", "lines[1].quantity");
}

/* A quantity of zero is there; whether it may be zero is a rule's business. */
static void zero_is_not_absent(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Prescription__V1__Uploaded *uploaded = sample_prescription(fixture->arena);
    uploaded->lines[1]->quantity->e4 = 0;
    check(fixture, &uploaded->base);
    assert_int_equal(fixture->findings.count, 0);
}

static void length_counts_characters_not_bytes(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Selftest__V1__Inner inner = MEDHUB__SELFTEST__V1__INNER__INIT;
    inner.text = SAMPLE_TEXT("五个汉字呢");
    check(fixture, &inner.base);
    assert_int_equal(fixture->findings.count, 0);
    inner.text = SAMPLE_TEXT("六个汉字了呢");
    check(fixture, &inner.base);
    const struct finding *finding = only(fixture, "field.too_long", "text");
    assert_string_equal(finding->expected, "at most 5 characters");
    assert_string_equal(finding->found, "六个汉字了呢");
}

static void forms_and_codes_are_checked(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Selftest__V1__Kinds kinds = MEDHUB__SELFTEST__V1__KINDS__INIT;
    kinds.patterned = SAMPLE_TEXT("2026-02-30");
    check(fixture, &kinds.base);
    assert_string_equal(only(fixture, "field.pattern", "patterned")->found, "2026-02-30");

    kinds.patterned = SAMPLE_TEXT("");
    kinds.coded = SAMPLE_TEXT("999");
    check(fixture, &kinds.base);
    assert_string_equal(only(fixture, "field.code", "coded")->expected, "insurance_type");
}

static void unnamed_numbers_of_enumerations_are_refused(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Selftest__V1__Kinds kinds = MEDHUB__SELFTEST__V1__KINDS__INIT;
    kinds.colour = (Medhub__Selftest__V1__Colour)99;
    check(fixture, &kinds.base);
    assert_string_equal(only(fixture, "field.enum", "colour")->found, "99");

    Medhub__Selftest__V1__Colour colours[] = {MEDHUB__SELFTEST__V1__COLOUR__COLOUR_RED,
                                              (Medhub__Selftest__V1__Colour)-4};
    kinds.colour = MEDHUB__SELFTEST__V1__COLOUR__COLOUR_NEGATIVE;
    kinds.n_colours = 2;
    kinds.colours = colours;
    check(fixture, &kinds.base);
    only(fixture, "field.enum", "colours[1]");
}

static void choices_are_checked_when_chosen(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Selftest__V1__Inner inner = MEDHUB__SELFTEST__V1__INNER__INIT;
    inner.text = SAMPLE_TEXT("too long");
    Medhub__Selftest__V1__Kinds kinds = MEDHUB__SELFTEST__V1__KINDS__INIT;
    kinds.choice_case = MEDHUB__SELFTEST__V1__KINDS__CHOICE_CHOICE_INNER;
    kinds.choice_inner = &inner;
    check(fixture, &kinds.base);
    only(fixture, "field.too_long", "choiceInner.text");
}

static void moments_lie_in_years_1_to_9999(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Selftest__V1__Kinds kinds = MEDHUB__SELFTEST__V1__KINDS__INIT;
    kinds.at = sample_moment(fixture->arena, INT64_C(253402300799));
    check(fixture, &kinds.base);
    assert_int_equal(fixture->findings.count, 0);
    kinds.at->seconds++;
    check(fixture, &kinds.base);
    only(fixture, "field.moment", "at");
    kinds.at->seconds = 0;
    kinds.at->nanos = -1;
    check(fixture, &kinds.base);
    only(fixture, "field.moment", "at");
}

static void lists_have_an_end(void **state)
{
    struct fixture *fixture = *state;
    static char *texts[1001];
    for (size_t i = 0; i < 1001; i++)
        texts[i] = SAMPLE_TEXT("");
    Medhub__Selftest__V1__Kinds kinds = MEDHUB__SELFTEST__V1__KINDS__INIT;
    kinds.strings = texts;
    kinds.n_strings = 1000;
    check(fixture, &kinds.base);
    assert_int_equal(fixture->findings.count, 0);
    kinds.n_strings = 1001;
    check(fixture, &kinds.base);
    assert_string_equal(only(fixture, "field.too_many", "strings")->found, "1001");
}

static void clinical_and_identity_values_are_masked(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Prescription__V1__Uploaded *uploaded = sample_prescription(fixture->arena);
    uploaded->person = SAMPLE_TEXT("张三");
    check(fixture, &uploaded->base);
    assert_string_equal(only(fixture, "field.pattern", "person")->found, "***");

    uploaded = sample_prescription(fixture->arena);
    uploaded->lines[0]->frequency->code =
        SAMPLE_TEXT("a frequency code that is far too long to be one of the platform's codes");
    check(fixture, &uploaded->base);
    assert_string_equal(only(fixture, "field.too_long", "lines[0].frequency.code")->found, "***");
}

static void what_was_found_is_cut(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Prescription__V1__Uploaded *uploaded = sample_prescription(fixture->arena);
    char *name = arena_take_zeroed(fixture->arena, 3 * 300 + 1);
    for (size_t i = 0; i < 300; i++)
        memcpy(name + 3 * i, "院", 3);
    uploaded->institution_name = name;
    check(fixture, &uploaded->base);
    assert_int_equal(strlen(only(fixture, "field.too_long", "institutionName")->found), 64 * 3);
}

static void more_findings_than_fit_are_counted(void **state)
{
    struct fixture *fixture = *state;
    Medhub__Settlement__V1__Posted posted = MEDHUB__SETTLEMENT__V1__POSTED__INIT;
    Medhub__Settlement__V1__Line line = MEDHUB__SETTLEMENT__V1__LINE__INIT;
    Medhub__Settlement__V1__Line *lines[100];
    for (size_t i = 0; i < 100; i++)
        lines[i] = &line;
    posted.lines = lines;
    posted.n_lines = 100;
    check(fixture, &posted.base);
    assert_int_equal(fixture->findings.count, FINDINGS_MAX);
    assert_int_equal(fixture->findings.count + fixture->findings.dropped, fixture->findings.refusing);
    assert_true(fixture->findings.refusing >= 400);
}

static void findings_survive_a_full_arena(void **state)
{
    (void)state;
    struct arena *tiny = arena_new(64, 128);
    struct findings findings;
    findings_init(&findings, tiny);
    Medhub__Prescription__V1__Uploaded empty = MEDHUB__PRESCRIPTION__V1__UPLOADED__INIT;
    check_message(schema_of(empty.base.descriptor), &empty.base, &findings);
    assert_true(findings_refuse(&findings));
    assert_int_equal(findings.refusing, required_fields(empty.base.descriptor));
    arena_free(tiny);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_right_event_has_no_findings),
        CASE(an_empty_event_lacks_all_that_is_required),
        CASE(a_missing_field_of_a_line_is_named_by_its_place),
        CASE(zero_is_not_absent),
        CASE(length_counts_characters_not_bytes),
        CASE(forms_and_codes_are_checked),
        CASE(unnamed_numbers_of_enumerations_are_refused),
        CASE(choices_are_checked_when_chosen),
        CASE(moments_lie_in_years_1_to_9999),
        CASE(lists_have_an_end),
        CASE(clinical_and_identity_values_are_masked),
        CASE(what_was_found_is_cut),
        CASE(more_findings_than_fit_are_counted),
        CASE(findings_survive_a_full_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
