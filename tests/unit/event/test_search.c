// links: medhub_event
/* search.h: the business keys in a message are those that the schema names. */
#include "event/search.h"
#include "support/cmocka_all.h"

#include "medhub/prescription/v1/prescription.pb-c.h"
#include "medhub/settlement/v1/settlement.pb-c.h"

#include <string.h>

enum { FOUND_MAX = 16 };

struct found {
    struct {
        enum search_kind kind;
        const char *text;
    } keys[FOUND_MAX];
    size_t count;
};

static void note(void *self, enum search_kind kind, const char *text)
{
    struct found *found = self;

    assert_true(found->count < FOUND_MAX);
    found->keys[found->count].kind = kind;
    found->keys[found->count++].text = text;
}

static bool has(const struct found *found, enum search_kind kind, const char *text)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->keys[i].kind == kind && strcmp(found->keys[i].text, text) == 0)
            return true;
    return false;
}

static void keys_are_found_at_the_top_and_within_lists(void **state)
{
    Medhub__Prescription__V1__Uploaded uploaded = MEDHUB__PRESCRIPTION__V1__UPLOADED__INIT;
    Medhub__Prescription__V1__Line lines[] = {MEDHUB__PRESCRIPTION__V1__LINE__INIT,
                                              MEDHUB__PRESCRIPTION__V1__LINE__INIT};
    Medhub__Prescription__V1__Line *pointers[] = {&lines[0], &lines[1]};
    struct found found = {.count = 0};
    (void)state;

    uploaded.person = (char *)"p-1"; /* the Kafka key: searched by without saying so, from the record */
    uploaded.hospital_number = (char *)"RX1";
    uploaded.institution = (char *)"H1";
    uploaded.institution_name = (char *)"no key";
    lines[0].catalogue_code = (char *)"XA01";
    lines[1].catalogue_code = (char *)"XB02";
    uploaded.lines = pointers;
    uploaded.n_lines = 2;
    search_message(schema_of(uploaded.base.descriptor), &uploaded.base, note, &found);
    assert_int_equal(found.count, 4); /* empty fields are no keys */
    assert_true(has(&found, SEARCH_PRESCRIPTION, "RX1"));
    assert_true(has(&found, SEARCH_ORGANISATION, "H1"));
    assert_true(has(&found, SEARCH_ITEM, "XA01"));
    assert_true(has(&found, SEARCH_ITEM, "XB02"));
}

static void a_scanned_code_is_given_as_such(void **state)
{
    Medhub__Settlement__V1__Posted posted = MEDHUB__SETTLEMENT__V1__POSTED__INIT;
    Medhub__Settlement__V1__Line line = MEDHUB__SETTLEMENT__V1__LINE__INIT, *lines[] = {&line};
    Medhub__Settlement__V1__TraceReference trace = MEDHUB__SETTLEMENT__V1__TRACE_REFERENCE__INIT,
                                           *traces[] = {&trace};
    struct found found = {.count = 0};
    (void)state;

    trace.code = (char *)"81234567890123456789";
    line.traces = traces;
    line.n_traces = 1;
    posted.lines = lines;
    posted.n_lines = 1;
    posted.message_id = (char *)"M1";
    search_message(schema_of(posted.base.descriptor), &posted.base, note, &found);
    assert_int_equal(found.count, 2);
    assert_true(has(&found, SEARCH_SETTLEMENT, "M1"));
    assert_true(has(&found, SEARCH_CODE, "81234567890123456789"));
}

static void every_kind_has_a_name_and_back(void **state)
{
    enum search_kind kind;
    unsigned all = 0;
    (void)state;

    for (size_t i = 0; search_kind_at(i) != 0; i++) {
        all |= (unsigned)search_kind_at(i);
        assert_true(search_kind_parse(search_kind_name(search_kind_at(i)), &kind));
        assert_int_equal(kind, search_kind_at(i));
    }
    assert_int_equal(all, SEARCH_ALL);
    assert_false(search_kind_parse("nothing", &kind));
    assert_string_equal(search_kind_name(SEARCH_CODE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_at_the_top_and_within_lists),
        cmocka_unit_test(a_scanned_code_is_given_as_such),
        cmocka_unit_test(every_kind_has_a_name_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
