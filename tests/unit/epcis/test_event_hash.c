// links: medhub_epcis dep::jansson
#include "epcis/event_hash.h"
#include "epcis/identifier.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    char prehashes[4][4096];
    size_t count;
    struct fault fault;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_new(64 * 1024, 1024 * 1024);
    *state = fixture;
    return fixture->arena == NULL;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static bool keep(void *self, const char *prehash)
{
    struct fixture *fixture = self;
    assert_true(fixture->count < 4 && strlen(prehash) < sizeof fixture->prehashes[0]);
    strcpy(fixture->prehashes[fixture->count++], prehash);
    return true;
}

static enum status hash(struct fixture *fixture, const char *text)
{
    json_t *document = json_loads(text, 0, NULL);
    assert_non_null(document);
    fixture->count = 0;
    enum status status = event_hash_walk(document, fixture->arena, keep, fixture, &fixture->fault);
    json_decref(document);
    return status;
}

static void members_come_in_the_canonical_order(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        hash(fixture,
             "{\"epcisBody\":{\"eventList\":[{\"type\":\"ObjectEvent\",\"action\":\"OBSERVE\","
             "\"bizStep\":\"shipping\",\"epcList\":[\"urn:epc:id:sgtin:6901234.056789.7\","
             "\"http://x.cn/01/06926347962617/10/L/21/7?17=280131\"],\"eventTimeZoneOffset\":\"+08:00\","
             "\"eventTime\":\"2026-03-04T11:00:30.9995+08:00\",\"recordTime\":\"2026-01-01T00:00:00Z\"}]}}"),
        STATUS_OK);
    assert_int_equal(fixture->count, 1);
    assert_string_equal(
        fixture->prehashes[0],
        "eventType=ObjectEventeventTime=2026-03-04T03:00:31.000ZeventTimeZoneOffset=+08:00"
        "epcListepc=https://id.gs1.org/01/06901234567892/21/7epc=https://id.gs1.org/01/06926347962617/21/7"
        "action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-shipping");
}

static void extensions_have_their_namespace_and_come_last(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        hash(fixture,
             "{\"@context\":[\"c\",{\"a\":\"https://a.cn/"
             "\"}],\"epcisBody\":{\"event\":{\"type\":\"ObjectEvent\","
             "\"eventTime\":\"2026-03-04T00:00:00Z\",\"a:z\":{\"a:k\":[\"2.50\",\" b \"]},\"a:b\":true,"
             "\"readPoint\":{\"id\":\"geo:1,2\",\"a:shelf\":7.0},\"ilmd\":{\"cbvmda:lotNumber\":\"L\"}}}}"),
        STATUS_OK);
    assert_string_equal(
        fixture->prehashes[0],
        "eventType=ObjectEventeventTime=2026-03-04T00:00:00.000ZreadPointid=geo:1,2{https://a.cn/}shelf=7"
        "ilmd{urn:epcglobal:cbv:mda:}lotNumber=L{https://a.cn/}b=True{https://a.cn/}z{https://a.cn/"
        "}k=2.5{https://a.cn/}k=b");
}

static void the_type_of_a_party_stands_before_it_in_whatever_order_it_came(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(hash(fixture, "{\"type\":\"ObjectEvent\",\"eventTime\":\"x\",\"sourceList\":[{"
                                   "\"source\":\"urn:epc:id:pgln:6901234.00011\","
                                   "\"type\":\"owning_party\"}]}"),
                     STATUS_OK);
    assert_string_equal(
        fixture->prehashes[0],
        "eventType=ObjectEventeventTime=xsourceListtype=https://ref.gs1.org/cbv/SDT-owning_party"
        "source=https://id.gs1.org/417/6901234000115");
}

static void the_hash_is_a_ni_uri(void **state)
{
    char uri[EVENT_HASH_URI_BYTES];
    (void)state;
    assert_string_equal(
        event_hash_uri("abc", uri),
        "ni:///sha-256;ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad?ver=CBV2.0");
}

static void what_is_no_document_is_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(hash(fixture, "{}"), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "epcis.document");
    assert_int_equal(hash(fixture, "{\"epcisBody\":{\"eventList\":[[]]}}"), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "epcis.event");
    assert_int_equal(hash(fixture, "{\"epcisBody\":{\"eventList\":[]}}"), STATUS_OK);
    assert_int_equal(fixture->count, 0);
}

static void identifiers_have_one_form(void **state)
{
    struct fixture *fixture = *state;
    static const char *const forms[][2] = {
        {"urn:epc:id:sgtin:6901234.056789.a!b", "https://id.gs1.org/01/06901234567892/21/a%21b"},
        {"urn:epc:class:lgtin:6901234.056789.L1", "https://id.gs1.org/01/06901234567892/10/L1"},
        {"urn:epc:idpat:sgtin:6901234.056789.*", "https://id.gs1.org/01/06901234567892"},
        {"urn:epc:id:sgln:690123400011..0", "https://id.gs1.org/414/6901234000115"},
        {"urn:epc:id:itip:6901234.056789.01.02.7", "https://id.gs1.org/8006/069012345678920102/21/7"},
        {"http://x.cn/gtin/6901234567892/lot/L", "https://id.gs1.org/01/06901234567892/10/L"},
        {"https://x.cn/a/01/06901234567892/22/V/10/L/21/S#f",
         "https://x.cn/a/01/06901234567892/22/V/10/L/21/S#f"},
        {"https://id.gs1.org/01/06901234567892/21/a%21b", "https://id.gs1.org/01/06901234567892/21/a%21b"},
        {"urn:epc:id:sgtin:6901234.05678.7", "urn:epc:id:sgtin:6901234.05678.7"},
        {"https://example.org/4711", "https://example.org/4711"},
        {"word", "word"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_string_equal(identifier_canonical(fixture->arena, forms[i][0]), forms[i][1]);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(members_come_in_the_canonical_order),
        TEST(extensions_have_their_namespace_and_come_last),
        TEST(the_type_of_a_party_stands_before_it_in_whatever_order_it_came),
        TEST(the_hash_is_a_ni_uri),
        TEST(what_is_no_document_is_refused),
        TEST(identifiers_have_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
