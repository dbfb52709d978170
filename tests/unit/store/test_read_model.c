// links: medhub_store
/* read_model.h: what was applied is answered: receipts, feeds, searches, timelines, and how far it is. */
#include "event/unpack.h"
#include "support/cmocka_all.h"
#include "support/store.h"

#include <string.h>

#define TRACE_ID    "4bf92f3577b34da6a3ce929d0e0e4736"
#define TRACEPARENT "00-" TRACE_ID "-00f067aa0ba902b7-01"
enum {
    ACCEPTED = MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED,
    REFUSED = MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED
};
enum { TO_PARTIES = SENSITIVITY_PUBLIC | SENSITIVITY_ORGANISATION };

static const struct submission first = {0, "H1", "e-1", SCAN_DI}, second = {1, "H2", "e-2", SCAN_DI},
                               third = {2, "H1", "e-3", "06901234567892"};
static const char *const to_pharmacies[] = {"P1", "pharmacy@650100", NULL};
static const char *const to_bureau[] = {"B1", NULL};
static const struct viewer hospital = {"H1", (const char *const[]){"H1", "hospital@650100"}, 2};
static const struct viewer pharmacy = {"P1", (const char *const[]){"P1", "pharmacy@650100"}, 2};
static const struct viewer bureau = {"B1", (const char *const[]){"B1"}, 1};
static const struct viewer stranger = {"X1", (const char *const[]){"X1"}, 1};

/* An accepted scan, used on a person: the pharmacies hear of it without the person, the bureau with. */
static void send_accepted(struct store_test *test, const struct submission *of)
{
    store_send_receipt(test, of, ACCEPTED, "");
    store_send_fact(test, of, SCAN_CODE, "person-7", TRACEPARENT);
    store_send_delivery(test, of, SCAN_CODE, "person-7", TO_PARTIES, to_pharmacies);
    store_send_delivery(test, of, SCAN_CODE, "person-7", SENSITIVITY_ALL, to_bureau);
}

/* ---- receipts ---- */

static void the_first_answer_to_an_id_is_the_answer(void **state)
{
    struct store_test *test = *state;
    const struct submission again = {7, "H1", "e-1", SCAN_DI};
    struct seen_receipt receipt;
    bool found;

    store_send_receipt(test, &first, REFUSED, "trace.x");
    store_send_receipt(test, &again, ACCEPTED, "");
    store_fill(test);
    assert_int_equal(
        read_model_receipt(store_ask(test), "H1", "e-1", test->arena, &receipt, &found, &test->fault),
        STATUS_OK);
    assert_true(found);
    assert_int_equal(receipt.outcome, REFUSED);
    assert_string_equal(receipt.input.topic, STORE_INBOX);
    assert_int_equal(receipt.input.offset, 0);
    assert_int_equal(receipt.submitted_at_ms, 995);
    assert_int_equal(read_model_receipt_at(store_ask(test), &(struct input_place){STORE_INBOX, 0, 7},
                                           test->arena, &receipt, &found, &test->fault),
                     STATUS_OK);
    assert_true(found);
    assert_int_equal(receipt.outcome, ACCEPTED);
    assert_int_equal(
        read_model_receipt(store_ask(test), "H2", "e-1", test->arena, &receipt, &found, &test->fault),
        STATUS_OK);
    assert_false(found);
}

/* ---- searches ---- */

static size_t search(struct store_test *test, const char *key, unsigned kinds, const struct viewer *viewer,
                     struct seen_line **lines)
{
    const struct search_query query = {.key = key, .kinds = kinds, .viewer = viewer, .limit = 10};
    size_t count = 99;
    bool more = true;

    assert_int_equal(
        read_model_search(store_ask(test), &query, test->arena, lines, &count, &more, &test->fault),
        STATUS_OK);
    assert_false(more);
    return count;
}

static void every_kind_of_key_finds_the_exchange(void **state)
{
    struct store_test *test = *state;
    const struct {
        const char *key;
        unsigned kind;
    } rows[] = {
        {"e-1", SEARCH_EVENT_ID},    {TRACE_ID, SEARCH_TRACE_ID}, {SCAN_DI, SEARCH_KEY},
        {SCAN_DI, SEARCH_PRODUCT},   {"L2283", SEARCH_LOT},       {"26112200100000", SEARCH_SERIAL},
        {"H1", SEARCH_ORGANISATION}, {"person-7", SEARCH_KEY},
    };
    struct seen_line *lines;

    send_accepted(test, &first);
    store_fill(test);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(search(test, rows[i].key, rows[i].kind, NULL, &lines) > 0);
        assert_int_equal(lines[0].input.offset, 0);
        assert_true(search(test, rows[i].key, SEARCH_ALL, NULL, &lines) > 0);
        assert_int_equal(search(test, rows[i].key, SEARCH_SETTLEMENT, NULL, &lines), 0);
    }
    assert_int_equal(search(test, "unknown", SEARCH_ALL, NULL, &lines), 0);
}

static void a_viewer_finds_only_by_what_it_was_told(void **state)
{
    struct store_test *test = *state;
    const struct {
        const struct viewer *viewer;
        const char *key;
        size_t lines;
    } rows[] = {
        {&hospital, "person-7", 3}, /* its own: submitted, decided, fact */
        {&bureau, "person-7", 1},   /* was sent it with the person */
        {&pharmacy, "person-7", 0}, /* was sent it without */
        {&pharmacy, "L2283", 2},    /* once for itself, once for its feed */
        {&pharmacy, TRACE_ID, 0},   /* in no delivery */
        {&stranger, "L2283", 0},    {&stranger, "e-1", 0},
    };
    struct seen_line *lines;

    send_accepted(test, &first);
    store_fill(test);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(search(test, rows[i].key, SEARCH_ALL, rows[i].viewer, &lines), rows[i].lines);
}

static void what_is_delivered_shows_what_it_was_projected_to(void **state)
{
    struct store_test *test = *state;
    ProtobufCMessage *message = NULL;
    struct seen_line *lines;

    send_accepted(test, &first);
    store_fill(test);
    assert_int_equal(search(test, "L2283", SEARCH_LOT, &pharmacy, &lines), 2);
    assert_int_equal(lines[0].step, SEEN_DELIVERY);
    assert_int_equal(lines[0].visibility, TO_PARTIES);
    assert_int_equal(
        unpack_message(schema_find_event(SCANNED), lines[0].value, test->arena, &message, &test->fault),
        STATUS_OK);
    assert_null(((Medhub__Trace__V1__ItemScanned *)message)->use);
}

static void newest_first_and_in_pages(void **state)
{
    struct store_test *test = *state;
    struct search_query query = {.key = SCAN_DI, .kinds = SEARCH_KEY, .limit = 1};
    struct seen_line *lines;
    size_t count;
    bool more;

    send_accepted(test, &first);
    send_accepted(test, &second);
    send_accepted(test, &third); /* another key */
    store_fill(test);
    assert_int_equal(
        read_model_search(store_ask(test), &query, test->arena, &lines, &count, &more, &test->fault),
        STATUS_OK);
    assert_true(more);
    assert_int_equal(lines[0].input.offset, 1);
    query.before =
        &(struct input_place){lines[0].input.topic, lines[0].input.partition, lines[0].input.offset};
    assert_int_equal(
        read_model_search(store_ask(test), &query, test->arena, &lines, &count, &more, &test->fault),
        STATUS_OK);
    assert_false(more);
    assert_int_equal(lines[0].input.offset, 0);
    assert_int_equal(lines[count - 1].input.offset, 0);
}

/* ---- timelines ---- */

static void assert_steps(const struct seen_line *lines, size_t count, const enum seen_step *steps,
                         size_t wanted)
{
    assert_int_equal(count, wanted);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(lines[i].step, steps[i]);
}

static size_t timeline(struct store_test *test, int64_t offset, const struct viewer *viewer,
                       struct seen_line **lines)
{
    const struct input_place place = {STORE_INBOX, 0, offset};
    size_t count = 99;

    assert_int_equal(
        read_model_timeline(store_ask(test), &place, viewer, test->arena, lines, &count, &test->fault),
        STATUS_OK);
    return count;
}

static void a_timeline_tells_all_steps_in_order(void **state)
{
    struct store_test *test = *state;
    const enum seen_step steps[] = {SEEN_SUBMITTED, SEEN_DECIDED,  SEEN_FACT,    SEEN_DELIVERY,
                                    SEEN_DELIVERY,  SEEN_DELIVERY, SEEN_ANSWERED};
    struct seen_line *lines;

    send_accepted(test, &first);
    store_send_answer(test, &first, "P1", 0, 200);
    store_fill(test);
    size_t count = timeline(test, 0, NULL, &lines);
    assert_steps(lines, count, steps, 7);
    assert_int_equal(lines[1].outcome, ACCEPTED);
    assert_int_equal(lines[2].version, 1);
    assert_string_equal(lines[3].recipient, "P1");
    assert_string_equal(lines[6].recipient, "P1");
    assert_string_equal(lines[6].code, "http.200");
    assert_string_equal(lines[6].id, "e-1");
    assert_int_equal(timeline(test, 12345, NULL, &lines), 0);
}

static void gaps_are_visible(void **state)
{
    struct store_test *test = *state;
    const struct submission refused = {3, "H1", "e-4", SCAN_DI}, undecided = {4, "H1", "e-5", SCAN_DI};
    struct seen_line *lines;

    store_send_receipt(test, &first, ACCEPTED, "");   /* and no fact */
    store_send_receipt(test, &refused, REFUSED, "x"); /* and no parked record */
    store_send_fact(test, &undecided, NULL, NULL, NULL);
    store_fill(test);
    size_t count = timeline(test, 0, NULL, &lines);
    assert_steps(lines, count, (const enum seen_step[]){SEEN_SUBMITTED, SEEN_DECIDED, SEEN_FACT}, 3);
    assert_true(lines[2].missing);
    count = timeline(test, 3, NULL, &lines);
    assert_steps(lines, count, (const enum seen_step[]){SEEN_SUBMITTED, SEEN_DECIDED, SEEN_PARKED}, 3);
    assert_true(lines[2].missing);
    count = timeline(test, 4, NULL, &lines);
    assert_steps(lines, count, (const enum seen_step[]){SEEN_DECIDED, SEEN_FACT}, 2);
    assert_true(lines[0].missing);
}

static void an_endpoint_that_has_not_answered_is_a_gap(void **state)
{
    struct store_test *test = *state;
    struct seen_line *lines;

    send_accepted(test, &first);  /* deliveries 0 and 1 */
    send_accepted(test, &second); /* 2 and 3 */
    store_send_answer(test, &first, "P1", 0, 200);
    store_fill(test);
    size_t count = timeline(test, 1, &pharmacy, &lines);
    assert_int_equal(count, 3);
    assert_int_equal(lines[2].step, SEEN_ANSWERED);
    assert_true(lines[2].missing);
    assert_int_equal(timeline(test, 0, &pharmacy, &lines), 3);
    assert_false(lines[2].missing);
    /* The bureau has no endpoint: nothing is missing. */
    assert_int_equal(timeline(test, 1, &bureau, &lines), 1);
}

static void refused_is_told_with_its_reason(void **state)
{
    struct store_test *test = *state;
    const enum seen_step steps[] = {SEEN_SUBMITTED, SEEN_DECIDED, SEEN_PARKED};
    struct seen_line *lines;

    store_send_receipt(test, &first, REFUSED, "trace.udi_missing");
    store_send_parked(test, &first, "trace.udi_missing", store_scan(test, &first, SCAN_CODE, NULL));
    store_fill(test);
    size_t count = search(test, "L2283", SEARCH_LOT, &hospital, &lines); /* by a field of what was refused */
    assert_steps(lines, count, steps, 3);
    assert_string_equal(lines[1].code, "trace.udi_missing");
    assert_int_equal(search(test, "L2283", SEARCH_LOT, &pharmacy, &lines), 0);
}

static void a_record_leads_to_its_submission(void **state)
{
    struct store_test *test = *state;
    const struct input_place fact = {STORE_FACT, 0, 1}, nothing = {STORE_FACT, 0, 7};
    struct input_place input;
    bool found;

    send_accepted(test, &first);
    send_accepted(test, &second);
    store_fill(test);
    assert_int_equal(read_model_input_of(store_ask(test), &fact, &input, &found, &test->fault), STATUS_OK);
    assert_true(found);
    assert_string_equal(input.topic, STORE_INBOX);
    assert_int_equal(input.offset, 1);
    assert_int_equal(read_model_input_of(store_ask(test), &nothing, &input, &found, &test->fault), STATUS_OK);
    assert_false(found);
}

/* ---- feeds ---- */

static size_t feed(struct store_test *test, const struct feed_query *query, struct feed_place *place,
                   struct seen_delivery **deliveries)
{
    size_t count = 99;
    bool truncated = true;

    assert_int_equal(read_model_feed(store_ask(test), query, place, test->arena, deliveries, &count,
                                     &truncated, &test->fault),
                     STATUS_OK);
    assert_false(truncated);
    return count;
}

static void a_feed_goes_on_where_it_stood(void **state)
{
    struct store_test *test = *state;
    const struct feed_query query = {.viewer = &pharmacy, .limit = 2};
    struct seen_delivery *deliveries;
    struct feed_place place = {0};

    for (int64_t i = 0; i < 3; i++)
        send_accepted(test, &(struct submission){i, "H1", "e", SCAN_DI});
    store_fill(test);
    assert_int_equal(feed(test, &query, &place, &deliveries), 2); /* offsets 0, 2; 1, 3 are the bureau's */
    assert_int_equal(deliveries[0].offset, 0);
    assert_int_equal(deliveries[1].offset, 2);
    assert_int_equal(place.next_offset[0], 3);
    assert_int_equal(feed(test, &query, &place, &deliveries), 1);
    assert_int_equal(deliveries[0].offset, 4);
    assert_int_equal(place.next_offset[0], 6); /* behind what is not for it, too */
    assert_int_equal(feed(test, &query, &place, &deliveries), 0);

    struct feed_place end;
    assert_int_equal(read_model_feed_end(store_ask(test), &end, &test->fault), STATUS_OK);
    assert_int_equal(end.partition_count, place.partition_count);
    assert_memory_equal(end.next_offset, place.next_offset, sizeof end.next_offset);
}

static void a_feed_shows_no_other_recipients(void **state)
{
    struct store_test *test = *state;
    static const char *const both[] = {"P1", "B1", "P2", NULL};
    const struct feed_query query = {.viewer = &bureau, .limit = 10};
    struct seen_delivery *deliveries;
    struct feed_place place = {0};
    ProtobufCMessage *message = NULL;

    store_send_delivery(test, &first, NULL, NULL, TO_PARTIES, both);
    store_fill(test);
    assert_int_equal(feed(test, &query, &place, &deliveries), 1);
    assert_int_equal(unpack_message(schema_of(&medhub__event__v1__delivery__descriptor), deliveries[0].value,
                                    test->arena, &message, &test->fault),
                     STATUS_OK);
    const Medhub__Event__V1__Delivery *delivery = (const Medhub__Event__V1__Delivery *)message;
    assert_int_equal(delivery->n_recipients, 1);
    assert_string_equal(delivery->recipients[0], "B1");
    assert_string_equal(delivery->id, "e-1");
}

static void a_feed_can_be_of_some_types(void **state)
{
    struct store_test *test = *state;
    const char *const scans[] = {SCANNED, "medhub.x.v1", "medhub.y.v1"}, *const others[] = {"medhub.x.v1"};
    struct feed_query query = {.viewer = &pharmacy, .types = scans, .type_count = 3, .limit = 10};
    struct seen_delivery *deliveries;
    struct feed_place place = {0}, again = {0};

    send_accepted(test, &first);
    store_fill(test);
    assert_int_equal(feed(test, &query, &place, &deliveries), 1);
    query.types = others;
    query.type_count = 1;
    assert_int_equal(feed(test, &query, &again, &deliveries), 0);
    assert_int_equal(again.next_offset[0], place.next_offset[0]);
}

/* More recipients than one statement takes. */
static void many_recipients_still_get_each_delivery_once_and_in_order(void **state)
{
    struct store_test *test = *state;
    const char *names[40];
    const struct viewer viewer = {"P1", names, 40};
    const struct feed_query query = {.viewer = &viewer, .limit = 3};
    struct seen_delivery *deliveries;
    struct feed_place place = {0};

    for (size_t i = 0; i < 40; i++)
        names[i] = i % 2 == 0 ? "pharmacy@650100" : arena_format(test->arena, "feed@%zu", i);
    names[39] = "P1";
    for (int64_t i = 0; i < 4; i++)
        send_accepted(test, &(struct submission){i, "H1", "e", SCAN_DI});
    store_fill(test);
    assert_int_equal(feed(test, &query, &place, &deliveries), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(deliveries[i].offset, 2 * i);
    assert_int_equal(feed(test, &query, &place, &deliveries), 1);
    assert_int_equal(deliveries[0].offset, 6);
}

/* ---- how far it is ---- */

static void positions_and_version_tell_of_news(void **state)
{
    struct store_test *test = *state;
    struct read_position *positions;
    uint64_t before = 0, after = 0;
    size_t count = 0, delivered = 0;
    int64_t complete_ms = 0, oldest_ms = INT64_MAX;

    store_fill(test);
    assert_int_equal(read_model_version(store_ask(test), &before, &test->fault), STATUS_OK);
    assert_int_equal(read_model_version(store_ask(test), &after, &test->fault), STATUS_OK);
    assert_int_equal(before, after);
    send_accepted(test, &first);
    store_fill(test);
    assert_int_equal(read_model_version(store_ask(test), &after, &test->fault), STATUS_OK);
    assert_int_not_equal(before, after);
    assert_int_equal(read_model_positions(store_ask(test), test->arena, &positions, &count, &test->fault),
                     STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(positions[i].caught_up_ms > 0);
        assert_int_equal(positions[i].lost, 0);
        if (strcmp(positions[i].topic, "medhub.delivery") == 0 && positions[i].caught_up_ms < oldest_ms)
            oldest_ms = positions[i].caught_up_ms;
        if (strcmp(positions[i].topic, "medhub.delivery") == 0 && positions[i].partition == 0)
            delivered = (size_t)positions[i].next_offset;
    }
    assert_int_equal(delivered, 2);
    assert_int_equal(read_model_feed_complete(store_ask(test), &complete_ms, &test->fault), STATUS_OK);
    assert_int_equal(complete_ms, oldest_ms);
}

static void an_answer_too_large_for_the_arena_is_refused_in_a_sentence(void **state)
{
    struct store_test *test = *state;
    const struct search_query query = {.key = "L2283", .kinds = SEARCH_ALL, .limit = 10};
    struct arena *small = arena_new(512, 512);
    struct seen_line *lines;
    size_t count;
    bool more;

    send_accepted(test, &first);
    store_fill(test);
    assert_int_equal(read_model_search(store_ask(test), &query, small, &lines, &count, &more, &test->fault),
                     STATUS_REJECT);
    arena_free(small);
    assert_true(search(test, "L2283", SEARCH_ALL, NULL, &lines) > 0); /* and the next question is answered */
}

#define CASE(name_) cmocka_unit_test_setup_teardown(name_, store_set_up, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_answer_to_an_id_is_the_answer),
        CASE(every_kind_of_key_finds_the_exchange),
        CASE(a_viewer_finds_only_by_what_it_was_told),
        CASE(what_is_delivered_shows_what_it_was_projected_to),
        CASE(newest_first_and_in_pages),
        CASE(a_timeline_tells_all_steps_in_order),
        CASE(gaps_are_visible),
        CASE(an_endpoint_that_has_not_answered_is_a_gap),
        CASE(refused_is_told_with_its_reason),
        CASE(a_record_leads_to_its_submission),
        CASE(a_feed_goes_on_where_it_stood),
        CASE(a_feed_shows_no_other_recipients),
        CASE(a_feed_can_be_of_some_types),
        CASE(many_recipients_still_get_each_delivery_once_and_in_order),
        CASE(positions_and_version_tell_of_news),
        CASE(an_answer_too_large_for_the_arena_is_refused_in_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
