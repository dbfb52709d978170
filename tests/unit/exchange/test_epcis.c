// links: medhub_exchange dep::jansson
/* epcis.h: what goes out as EPCIS comes back as the same scan; what is wrong is refused with its path. */
#include "exchange/epcis.h"
#include "support/cmocka_all.h"

#include <jansson.h>
#include <string.h>

#define STEP(name_) MEDHUB__TRACE__V1__STEP__STEP_##name_
#define GTIN "06931718175589"
#define BOX  "16931718175586"

typedef Medhub__Trace__V1__ItemScanned ItemScanned;

static int set_up(void **state)
{
    *state = arena_new(64 * 1024, 64 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

/* ---- there and back ---- */

static const struct way {
    Medhub__Trace__V1__Step step;
    const char *code, *lot, *serial, *holder, *counterparty, *parent;
    int64_t e4;
} ways[] = {
    {STEP(COMMISSIONED), "(01)" GTIN "(10)L1(21)S1", "L1", "S1", "M1", "", "", 10000},
    {STEP(COMMISSIONED), "(01)" GTIN "(10)L1", "L1", "", "M1", "", "", 1005000},
    {STEP(PACKED), "(01)" GTIN "(21)S1", "L1", "S1", "M1", "", "(01)" BOX "(21)B1", 10000},
    {STEP(PACKED), "(01)" GTIN "(10)L1", "L1", "", "M1", "", "(00)106141412345678908", 240000},
    {STEP(UNPACKED), "(01)" GTIN "(21)S1", "L1", "S1", "H1", "", "(01)" BOX "(21)B1", 10000},
    {STEP(UNPACKED), "(01)" BOX "(21)B1", "", "B1", "H1", "", "", 10000},
    {STEP(OUTBOUND), "(01)" BOX "(21)B1", "", "B1", "M1", "D1", "", 10000},
    {STEP(INBOUND), "(01)" BOX "(21)B1", "", "B1", "D1", "M1", "", 10000},
    {STEP(PURCHASED), "(01)" GTIN "(21)S1", "", "S1", "H1", "D1", "", 10000},
    {STEP(STORED), "(01)" GTIN "(21)S/1", "", "S/1", "H1", "", "", 10000},
    {STEP(USED), "(01)" GTIN "(21)S1", "L1", "S1", "H1", "", "", 10000},
    {STEP(SOLD), "(01)" GTIN "(21)S1", "", "S1", "P1", "", "", 10000},
    {STEP(CHARGED), "(01)" GTIN "(21)S1", "", "S1", "H1", "", "", 10000},
    {STEP(SETTLED), "(01)" GTIN "(21)S1", "", "S1", "H1", "", "", 10000},
    {STEP(UNSETTLED), "(01)" GTIN "(21)S1", "", "S1", "H1", "", "", 10000},
    {STEP(RETURNED), "(01)" GTIN "(21)S1", "", "S1", "H1", "", "", 10000},
    {STEP(RETURNED), "(01)" GTIN "(21)S1", "", "S1", "H1", "D1", "", 10000},
    {STEP(DESTROYED), "(01)" GTIN "(21)S1", "", "S1", "H1", "", "", 10000},
};

struct scan_parts {
    Google__Protobuf__Timestamp at;
    Medhub__Common__V1__Quantity quantity;
};

static ItemScanned scan_of(const struct way *way, struct scan_parts *parts)
{
    ItemScanned said = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;

    parts->at = (Google__Protobuf__Timestamp)GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    parts->quantity = (Medhub__Common__V1__Quantity)MEDHUB__COMMON__V1__QUANTITY__INIT;
    parts->at.seconds = 1767225600;
    parts->at.nanos = 250000000;
    parts->quantity.e4 = way->e4;
    said.product = (char *)(strstr(way->code, BOX) != NULL ? BOX : GTIN);
    said.code = (char *)way->code;
    said.lot = (char *)way->lot;
    said.serial = (char *)way->serial;
    said.step = way->step;
    said.holder = (char *)way->holder;
    said.counterparty = (char *)way->counterparty;
    said.parent_code = (char *)way->parent;
    said.region = (char *)"440100";
    said.scanned_at = &parts->at;
    said.quantity = &parts->quantity;
    return said;
}

#define HEAD                                                                                               \
    "{\"@context\":[\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\","                   \
    "{\"medhub\":\"urn:medhub:\"}],\"type\":\"EPCISDocument\",\"schemaVersion\":\"2.0\",\"creationDate\":" \
    "\"2026-01-01T00:00:00Z\",\"epcisBody\":{\"eventList\":["
#define TAIL "]}}"

static const char *document_of(struct arena *arena, const char *event)
{
    return arena_format(arena, "%s%s%s", HEAD, event, TAIL);
}

static const char *event_of(struct arena *arena, const ItemScanned *said)
{
    struct fault fault = {0};
    struct buffer out;

    buffer_init(&out, 1 << 20);
    if (epcis_write_event(said, said->holder, INT64_C(1767225700000), arena, &out, &fault) != STATUS_OK)
        fail_msg("%s: %s", fault.code, fault.text);
    const char *text = arena_text(arena, buffer_bytes(&out));
    buffer_done(&out);
    return text;
}

static struct epcis_scan *read(struct arena *arena, const char *document, size_t *count)
{
    struct epcis_scan *scans = NULL;
    struct fault fault = {0};
    const char *path = NULL;

    if (epcis_read_capture(bytes_of(document), "M1", 100, arena, &scans, count, &path, &fault) != STATUS_OK)
        fail_msg("%s: %s\n%s", fault.code, fault.text, document);
    return scans;
}

static void every_step_comes_back_as_it_went(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct scan_parts parts;
        const ItemScanned said = scan_of(&ways[i], &parts);
        size_t count = 0;
        const struct epcis_scan *scans = read(arena, document_of(arena, event_of(arena, &said)), &count);
        const ItemScanned *back = &scans[0].said;
        assert_int_equal(count, 1);
        assert_int_equal(back->step, said.step);
        assert_string_equal(back->product, said.product);
        assert_string_equal(back->serial, said.serial);
        if (said.step != STEP(UNPACKED) || said.parent_code[0] != '\0')
            assert_string_equal(back->lot, said.lot);
        assert_string_equal(back->holder, said.holder);
        assert_string_equal(back->counterparty, said.counterparty);
        assert_int_equal(back->parent_code[0] == '\0', said.parent_code[0] == '\0');
        assert_string_equal(back->region, "440100");
        assert_int_equal(back->quantity->e4, said.quantity->e4);
        assert_int_equal(back->scanned_at->seconds, said.scanned_at->seconds);
        assert_int_equal(back->scanned_at->nanos, said.scanned_at->nanos);
        assert_string_equal(scans[0].time, "2026-01-01T00:00:00.250Z");
    }
}

/* Said again it is the same event, also through a document: the same ID, the same scans' ids. */
static void an_event_keeps_its_id(void **state)
{
    struct arena *arena = *state;
    struct scan_parts parts;
    const ItemScanned said = scan_of(&ways[6], &parts);
    size_t count = 0;
    const char *event = event_of(arena, &said);
    json_t *tree = json_loads(event, 0, NULL);
    const char *id = json_string_value(json_object_get(tree, "eventID"));

    assert_non_null(id);
    const struct epcis_scan *first = read(arena, document_of(arena, event), &count);
    const struct epcis_scan *again = read(arena, document_of(arena, event), &count);
    assert_string_equal(first->id, again->id);
    assert_memory_equal(first->id + strlen("epcis-"), id + strlen("ni:///sha-256;"), 64);
    json_decref(tree);
}

static void a_scan_taken_back_is_the_event_declared_an_error(void **state)
{
    struct arena *arena = *state;
    struct scan_parts parts;
    ItemScanned said = scan_of(&ways[10], &parts);
    size_t count = 0;
    const struct epcis_scan *wrong = read(arena, document_of(arena, event_of(arena, &said)), &count);

    said.cancels = (char *)"scan-7";
    const struct epcis_scan *back = read(arena, document_of(arena, event_of(arena, &said)), &count);
    assert_int_equal(count, 1);
    assert_string_equal(back->said.cancels, wrong->id);
    assert_string_not_equal(back->id, wrong->id);
}

static void patients_do_not_go_out(void **state)
{
    struct arena *arena = *state;
    struct scan_parts parts;
    ItemScanned said = scan_of(&ways[10], &parts);
    Medhub__Trace__V1__Use use = MEDHUB__TRACE__V1__USE__INIT;

    use.person = (char *)"person-7";
    use.site = (char *)"heart";
    said.use = &use;
    const char *event = event_of(arena, &said);
    assert_null(strstr(event, "person-7"));
    assert_null(strstr(event, "heart"));
}

/* ---- documents of others ---- */

#define WHEN "\"eventTime\":\"2026-01-31T08:00:00.000+08:00\",\"eventTimeZoneOffset\":\"+08:00\""

static void other_spellings_are_taken(void **state)
{
    struct arena *arena = *state;
    size_t count = 0;
    const struct epcis_scan *scans = read(
        arena,
        document_of(arena,
                    "{\"type\":\"ObjectEvent\"," WHEN ",\"action\":\"OBSERVE\",\"bizStep\":"
                    "\"https://ref.gs1.org/cbv/BizStep-shipping\",\"disposition\":\"urn:epcglobal:cbv:disp:in_transit\","
                    "\"epcList\":[\"urn:epc:id:sgtin:0614141.107346.2017\",\"https://example.com/01/" GTIN "/21/S1?x=1\"],"
                    "\"quantityList\":[{\"epcClass\":\"https://id.gs1.org/01/" GTIN "/10/L9\",\"quantity\":2.5}],"
                    "\"other:field\":{\"a\":1},\"destinationList\":[{\"type\":\"owning_party\",\"destination\":"
                    "\"urn:medhub:organisation:D1\"}]}"),
        &count);

    assert_int_equal(count, 3);
    assert_string_equal(scans[0].said.product, "10614141073464");
    assert_string_equal(scans[0].said.serial, "2017");
    assert_string_equal(scans[1].said.serial, "S1");
    assert_string_equal(scans[2].said.lot, "L9");
    assert_int_equal(scans[2].said.quantity->e4, 25000);
    assert_string_equal(scans[2].said.holder, "M1");
    assert_string_equal(scans[2].said.counterparty, "D1");
    assert_string_equal(scans[2].time, "2026-01-31T00:00:00Z");
    assert_string_not_equal(scans[0].id, scans[1].id);
}

#define SHIPPING "\"type\":\"ObjectEvent\",\"action\":\"OBSERVE\",\"bizStep\":\"shipping\""
#define EPCS     "\"epcList\":[\"https://id.gs1.org/01/" GTIN "/21/S1\"]"

static void what_is_wrong_is_refused_with_its_path(void **state)
{
    struct arena *arena = *state;
    static const struct {
        const char *event, *code, *path;
    } rows[] = {
        {"{" SHIPPING "," WHEN "," EPCS ",\"colour\":\"red\"}", "epcis.member", "epcisBody.eventList[0].colour"},
        {"{" SHIPPING "," WHEN "," EPCS ",\"sensorElementList\":[]}", "epcis.member", "epcisBody.eventList[0].sensorElementList"},
        {"{" SHIPPING "," WHEN "," EPCS ",\"readPoint\":{\"id\":\"urn:medhub:organisation:A\",\"x\":1}}", "epcis.member",
         "epcisBody.eventList[0].readPoint.x"},
        {"{" SHIPPING "," WHEN "," EPCS ",\"readPoint\":{\"id\":\"urn:epc:id:sgln:1.2.3\"}}", "epcis.value",
         "epcisBody.eventList[0].readPoint.id"},
        {"{" SHIPPING "," EPCS "}", "epcis.missing", "epcisBody.eventList[0].eventTime"},
        {"{" SHIPPING "," EPCS ",\"eventTime\":\"yesterday\",\"eventTimeZoneOffset\":\"+08:00\"}", "epcis.value",
         "epcisBody.eventList[0].eventTime"},
        {"{" SHIPPING "," WHEN "}", "epcis.missing", "epcisBody.eventList[0].epcList"},
        {"{" SHIPPING "," WHEN ",\"epcList\":[\"https://id.gs1.org/01/06931718175588/21/S1\"]}", "epcis.value",
         "epcisBody.eventList[0].epcList[0]"},
        {"{" SHIPPING "," WHEN ",\"epcList\":[\"https://id.gs1.org/01/" GTIN "\"]}", "epcis.value",
         "epcisBody.eventList[0].epcList[0]"},
        {"{" SHIPPING "," WHEN ",\"quantityList\":[{\"epcClass\":\"https://id.gs1.org/01/" GTIN "/10/L\",\"quantity\":0}]}",
         "epcis.value", "epcisBody.eventList[0].quantityList[0].quantity"},
        {"{\"type\":\"TransformationEvent\"," WHEN "}", "epcis.missing", "epcisBody.eventList[0].action"},
        {"{\"type\":\"ObjectEvent\",\"action\":\"ADD\",\"bizStep\":\"shipping\"," WHEN "," EPCS "}", "epcis.step",
         "epcisBody.eventList[0].bizStep"},
        {"{" SHIPPING "," WHEN "," EPCS ",\"errorDeclaration\":{\"reason\":\"incorrect_data\"}}", "epcis.value",
         "epcisBody.eventList[0].errorDeclaration.reason"},
        {"7", "epcis.value", "epcisBody.eventList[0]"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *document = document_of(arena, rows[i].event), *path = NULL;
        struct epcis_scan *scans = NULL;
        struct fault fault = {0};
        size_t count = 0;
        assert_int_equal(epcis_read_capture(bytes_of(document), "M1", 100, arena, &scans, &count, &path, &fault), STATUS_REJECT);
        assert_string_equal(fault.code, rows[i].code);
        assert_string_equal(path, rows[i].path);
    }
}

static void no_document_and_too_much_are_refused(void **state)
{
    struct arena *arena = *state;
    static const struct {
        const char *document, *code;
    } rows[] = {
        {"", "json.syntax"},
        {"{\"type\":\"EPCISDocument\"", "json.syntax"},
        {"[]", "epcis.document"},
        {"{\"type\":\"EPCISQueryDocument\",\"schemaVersion\":\"2.0\"}", "epcis.document"},
        {"{\"type\":\"EPCISDocument\",\"schemaVersion\":\"1.2\",\"epcisBody\":{\"eventList\":[]}}", "epcis.document"},
        {HEAD TAIL, "epcis.document"},
        {HEAD "{" SHIPPING "," WHEN ",\"epcList\":[\"https://id.gs1.org/01/" GTIN "/21/S1\",\"https://id.gs1.org/01/" GTIN
              "/21/S2\",\"https://id.gs1.org/01/" GTIN "/21/S3\"]}" TAIL,
         "epcis.too_large"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct epcis_scan *scans = NULL;
        struct fault fault = {0};
        const char *path = NULL;
        size_t count = 0;
        assert_int_equal(
            epcis_read_capture(bytes_of(rows[i].document), "M1", 2, arena, &scans, &count, &path, &fault), STATUS_REJECT);
        assert_string_equal(fault.code, rows[i].code);
    }
}

#define CASE(name_) cmocka_unit_test_setup_teardown(name_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_step_comes_back_as_it_went),
        CASE(an_event_keeps_its_id),
        CASE(a_scan_taken_back_is_the_event_declared_an_error),
        CASE(patients_do_not_go_out),
        CASE(other_spellings_are_taken),
        CASE(what_is_wrong_is_refused_with_its_path),
        CASE(no_document_and_too_much_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
