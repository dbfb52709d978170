// links: medhub_store
/* A recall in the read model: how far it is, its holders, who is overdue, and who may see what. */
#include "store/trace_questions.h"
#include "support/cmocka_all.h"
#include "support/store.h"

#include "medhub/trace/v1/recall.pb-c.h"

#include <stdio.h>
#include <string.h>

#define PRODUCT "06931718175589"
#define RECALL  "ZH-1"
#define TYPE(name_) "medhub.trace.recall_" name_ ".v1"

typedef Medhub__Trace__V1__RecallAmounts Amounts;

static int64_t next_offset;

static void send(struct store_test *test, const char *type, const ProtobufCMessage *message)
{
    store_send_message(test, next_offset++, type, PRODUCT, message);
}

static void send_issued(struct store_test *test)
{
    Medhub__Trace__V1__RecallIssued said = MEDHUB__TRACE__V1__RECALL_ISSUED__INIT;
    said.product = (char *)PRODUCT;
    said.recall = (char *)RECALL;
    said.issuer = said.registrant = (char *)"M1";
    send(test, TYPE("issued"), &said.base);
}

static void send_progress(struct store_test *test, const char *stage, bool complete, Amounts *amounts)
{
    Medhub__Trace__V1__RecallProgressed said = MEDHUB__TRACE__V1__RECALL_PROGRESSED__INIT;
    said.product = (char *)PRODUCT;
    said.recall = (char *)RECALL;
    said.stage = (char *)stage;
    said.complete = complete;
    said.rows = 7;
    said.amounts = amounts;
    send(test, TYPE("progressed"), &said.base);
}

static void send_matched(struct store_test *test, const char *holder, Amounts *amounts)
{
    Medhub__Trace__V1__RecallMatched said = MEDHUB__TRACE__V1__RECALL_MATCHED__INIT;
    said.product = (char *)PRODUCT;
    said.recall = (char *)RECALL;
    said.holder = (char *)holder;
    said.amounts = amounts;
    send(test, TYPE("matched"), &said.base);
}

static void send_overdue(struct store_test *test, const char *holder, uint32_t reminder)
{
    Medhub__Trace__V1__RecallOverdue said = MEDHUB__TRACE__V1__RECALL_OVERDUE__INIT;
    Google__Protobuf__Timestamp until = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    until.seconds = 1780000000;
    said.product = (char *)PRODUCT;
    said.recall = (char *)RECALL;
    said.holder = (char *)holder;
    said.acknowledge_until = &until;
    said.reminder = reminder;
    send(test, TYPE("overdue"), &said.base);
}

static void send_acknowledged(struct store_test *test, const char *holder)
{
    Medhub__Trace__V1__RecallAcknowledged said = MEDHUB__TRACE__V1__RECALL_ACKNOWLEDGED__INIT;
    Medhub__Common__V1__Quantity counted = MEDHUB__COMMON__V1__QUANTITY__INIT;
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    at.seconds = 1780000000;
    counted.e4 = 20000;
    said.product = (char *)PRODUCT;
    said.recall = (char *)RECALL;
    said.holder = (char *)holder;
    said.counted = &counted;
    said.acknowledged_at = &at;
    send(test, TYPE("acknowledged"), &said.base);
}

static void send_changed(struct store_test *test, const char *holder, Amounts *amounts, Amounts *total)
{
    Medhub__Trace__V1__RecallHoldingChanged said = MEDHUB__TRACE__V1__RECALL_HOLDING_CHANGED__INIT;
    said.product = (char *)PRODUCT;
    said.recall = (char *)RECALL;
    said.holder = (char *)holder;
    said.amounts = amounts;
    said.total = total;
    said.stage = (char *)"open";
    said.rows = 7;
    send(test, TYPE("holding_changed"), &said.base);
}

/* ROWS of the answer at most, as CSV; the columns from FIRST on, COUNT of them, a blank between rows. */
static const char *ask(struct store_test *test, const char *name, const struct trace_asker *asker, int first, int count)
{
    const struct trace_known known = {
        .product = "", .lot = "", .serial = "", .holder = "", .recall = RECALL, .limit = 100};
    struct trace_answer answer;
    char text[TRACE_TEXT_BYTES];
    struct buffer out;
    bool exists, row = true;
    const struct trace_question *question = trace_question_find(name, &known, &exists);

    assert_non_null(question);
    buffer_init(&out, 64 * 1024);
    if (trace_ask(store_ask(test), question, &known, asker, 1780000000000, &answer, &test->fault) != STATUS_OK)
        fail_msg("%s: %s", name, test->fault.text);
    while (row) {
        assert_int_equal(trace_next(&answer, &row, &test->fault), STATUS_OK);
        for (int i = first; row && i < first + count; i++) {
            buffer_append_bytes(&out, trace_value(&answer, (size_t)i, text));
            buffer_append_byte(&out, i + 1 < first + count ? '/' : ' ');
        }
    }
    trace_end(&answer);
    const char *kept = arena_text(test->arena, buffer_bytes(&out));
    buffer_done(&out);
    return kept;
}

static void holders_and_answers_come_together(void **state)
{
    struct store_test *test = *state;
    Amounts two = MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT, none = two, all = two, rest = two;
    const struct trace_asker hospital = {"H1", false}, issuer = {"M1", false}, stranger = {"X1", false};

    next_offset = 0;
    two.held_e4 = 20000;
    all.held_e4 = 40000;
    none.destroyed_e4 = 20000;
    rest.held_e4 = rest.destroyed_e4 = 20000;
    send_issued(test);
    store_fill(test);
    assert_string_equal(ask(test, "recall", NULL, 3, 2), "matching/0 "); /* before its first round */

    send_progress(test, "matching", true, &all);
    send_matched(test, "H1", &two);
    send_matched(test, "H2", &two);
    send_progress(test, "telling", true, &all);
    send_overdue(test, "H1", 1);
    send_overdue(test, "H2", 1);
    send_overdue(test, "H2", 2);
    send_acknowledged(test, "H1");
    store_fill(test);
    assert_string_equal(ask(test, "recall", NULL, 3, 3), "open/7/4 ");
    assert_string_equal(ask(test, "recall", NULL, 11, 2), "2/1 ");
    assert_string_equal(ask(test, "recall-holders", NULL, 1, 2), "H1/2 H2/2 ");
    assert_string_equal(ask(test, "recall-holders", NULL, 10, 2), "2/1 0/2 ");
    assert_string_equal(ask(test, "recall-overdue", NULL, 1, 2), "H2/2 ");

    send_changed(test, "H1", &none, &rest);
    store_fill(test);
    assert_string_equal(ask(test, "recall", NULL, 5, 5), "2/0/0/0/2 ");
    assert_string_equal(ask(test, "recall-holders", &issuer, 1, 6), "H1/0/0/0/0/2 H2/2/0/0/0/0 ");
    assert_string_equal(ask(test, "recall-holders", &hospital, 1, 2), "H1/0 ");
    assert_string_equal(ask(test, "recall-holders", &stranger, 1, 2), "");
    assert_string_equal(ask(test, "recall", &stranger, 3, 1), "");
    assert_string_equal(ask(test, "recall", &hospital, 3, 1), "open ");
}

/* Asks for LIMIT holders; each that comes is behind the one before. */
static int count_holders(struct store_test *test, int64_t limit)
{
    const struct trace_known known = {
        .product = "", .lot = "", .serial = "", .holder = "", .recall = RECALL, .limit = limit};
    char last[TRACE_TEXT_BYTES] = "", text[TRACE_TEXT_BYTES], holder[TRACE_TEXT_BYTES];
    struct trace_answer answer;
    bool exists, row = true;
    int count = 0;

    assert_int_equal(trace_ask(store_ask(test), trace_question_find("recall-holders", &known, &exists), &known, NULL,
                               1780000000000, &answer, &test->fault),
                     STATUS_OK);
    while (true) {
        assert_int_equal(trace_next(&answer, &row, &test->fault), STATUS_OK);
        if (!row)
            break;
        struct bytes value = trace_value(&answer, 1, text);
        (void)snprintf(holder, sizeof holder, "%.*s", (int)value.length, (const char *)value.data);
        assert_true(strcmp(holder, last) > 0);
        memcpy(last, holder, sizeof last);
        count++;
    }
    trace_end(&answer);
    return count;
}

/* The first ones are asked for by a statement of their own: none is left out and none comes twice. */
static void a_long_list_has_no_seam(void **state)
{
    enum { HOLDERS = 1203 };
    struct store_test *test = *state;
    Amounts two = MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT;
    char holder[24];

    next_offset = 0;
    two.held_e4 = 20000;
    send_issued(test);
    for (int i = 0; i < HOLDERS; i++) {
        (void)snprintf(holder, sizeof holder, "H%04d", i);
        send_matched(test, holder, &two);
    }
    store_fill(test);
    assert_int_equal(count_holders(test, 100000), HOLDERS);
    assert_int_equal(count_holders(test, 700), 700);
    assert_int_equal(count_holders(test, 500), 500);
    assert_int_equal(count_holders(test, 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(holders_and_answers_come_together, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(a_long_list_has_no_seam, store_set_up, store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
