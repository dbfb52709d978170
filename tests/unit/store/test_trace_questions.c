// links: medhub_store
/* trace_questions.h: the way of four items from their maker to a patient, asked about. */
#include "store/digest.h"
#include "store/trace_questions.h"
#include "support/cmocka_all.h"
#include "support/store.h"

#include <stdio.h>
#include <string.h>

#define UNIT   "06931718175589"
#define BOX    "16931718175586"
#define CARTON "26931718175583"
#define IN_BOX    "(01)" BOX "(21)BX1"
#define IN_CARTON "(01)" CARTON "(21)CA1"
#define LOOSE     "04050546003764" /* has lots only */

#define STEP(name_) MEDHUB__TRACE__V1__STEP__STEP_##name_
enum { MINUTE_MS = 60 * 1000, FIRST_MINUTE = 29000000 /* 2025 */ };

struct said {
    int minute;
    Medhub__Trace__V1__Step step;
    const char *product, *lot, *serial, *holder, *counterparty, *parent, *person, *settlement;
    int64_t quantity_e4; /* 0: one */
    bool carried;        /* by a pack, said by the hub */
    const char *cancels;
};

static const struct said chain[] = {
    {0, STEP(COMMISSIONED), UNIT, "L1", "S1", "M1", .counterparty = ""},
    {0, STEP(COMMISSIONED), UNIT, "L1", "S2", "M1", .counterparty = ""},
    {0, STEP(COMMISSIONED), UNIT, "L1", "S3", "M1", .counterparty = ""},
    {0, STEP(COMMISSIONED), UNIT, "L1", "S4", "M1", .counterparty = ""},
    {1, STEP(COMMISSIONED), BOX, "", "BX1", "M1", .counterparty = ""},
    {2, STEP(PACKED), UNIT, "L1", "S1", "M1", .parent = IN_BOX},
    {2, STEP(PACKED), UNIT, "L1", "S2", "M1", .parent = IN_BOX},
    {3, STEP(PACKED), BOX, "", "BX1", "M1", .parent = IN_CARTON},
    {4, STEP(OUTBOUND), CARTON, "", "CA1", "M1", .counterparty = "D1"},
    {5, STEP(INBOUND), CARTON, "", "CA1", "D1", .counterparty = "M1"},
    {6, STEP(UNPACKED), BOX, "", "BX1", "D1", .parent = IN_CARTON},
    {7, STEP(OUTBOUND), BOX, "", "BX1", "D1", .counterparty = "H1"},
    {8, STEP(INBOUND), BOX, "", "BX1", "H1", .counterparty = "D1"},
    {9, STEP(UNPACKED), UNIT, "L1", "S1", "H1", .parent = IN_BOX},
    {10, STEP(USED), UNIT, "L1", "S1", "H1", .person = "person-7"},
    {11, STEP(SETTLED), UNIT, "", "S1", "H1", .settlement = "SET-1"}, /* whoever settles need not say the lot */
    {4, STEP(OUTBOUND), UNIT, "L1", "S3", "M1", .counterparty = "D2"},
    {0, STEP(COMMISSIONED), LOOSE, "K9", "", "M2", .quantity_e4 = 100 * 10000},
    {1, STEP(OUTBOUND), LOOSE, "K9", "", "M2", .counterparty = "D1", .quantity_e4 = 60 * 10000},
    {2, STEP(INBOUND), LOOSE, "K9", "", "D1", .counterparty = "M2", .quantity_e4 = 60 * 10000},
    {3, STEP(OUTBOUND), LOOSE, "K9", "", "D1", .counterparty = "H1", .quantity_e4 = 25 * 10000},
    {4, STEP(INBOUND), LOOSE, "K9", "", "H1", .counterparty = "D1", .quantity_e4 = 25 * 10000},
    {5, STEP(OUTBOUND), LOOSE, "K9", "", "D1", .counterparty = "H2", .quantity_e4 = 5 * 10000},
    {4, STEP(PURCHASED), LOOSE, "K9", "", "H1", .counterparty = "D1", .quantity_e4 = 25 * 10000}, /* the same, booked */
    {6, STEP(USED), LOOSE, "K9", "", "H1", .person = "person-8", .quantity_e4 = 15000},
};
enum { CHAIN = sizeof chain / sizeof *chain };

static int64_t minute_ms(int minute)
{
    return (int64_t)(FIRST_MINUTE + minute) * MINUTE_MS;
}

static char *or_empty(const char *text)
{
    return (char *)(text == NULL ? "" : text);
}

static void send(struct store_test *test, int64_t offset, const struct said *said)
{
    Medhub__Trace__V1__ItemScanned scan = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    Medhub__Trace__V1__Use use = MEDHUB__TRACE__V1__USE__INIT;
    Medhub__Common__V1__Quantity quantity = MEDHUB__COMMON__V1__QUANTITY__INIT;
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Medhub__Trace__V1__Carried carried = MEDHUB__TRACE__V1__CARRIED__INIT;

    at.seconds = minute_ms(said->minute) / 1000;
    quantity.e4 = said->quantity_e4;
    use.person = or_empty(said->person);
    scan.product = or_empty(said->product);
    scan.lot = or_empty(said->lot);
    scan.serial = or_empty(said->serial);
    scan.step = said->step;
    scan.holder = or_empty(said->holder);
    scan.counterparty = or_empty(said->counterparty);
    scan.parent_code = or_empty(said->parent);
    scan.settlement = or_empty(said->settlement);
    scan.scanned_at = &at;
    scan.carried = said->carried ? &carried : NULL;
    scan.cancels = or_empty(said->cancels);
    scan.use = use.person[0] == '\0' ? NULL : &use;
    scan.quantity = said->quantity_e4 == 0 ? NULL : &quantity;
    store_send_scan(test, offset, &scan);
}

/* In the order in which it happened, or with the last first: the answers are the same. */
static void send_chain(struct store_test *test, bool backwards)
{
    for (int i = 0; i < CHAIN; i++)
        send(test, i, &chain[backwards ? CHAIN - 1 - i : i]);
    store_fill(test);
}

/* ---- asking ---- */

static struct trace_known known_of(const char *product, const char *lot, const char *serial)
{
    return (struct trace_known){.product = product, .lot = lot, .serial = serial, .holder = "", .recall = "", .limit = 100};
}

/* The answer as CSV without its head, in the test's arena. */
static const char *ask_as(struct store_test *test, const char *name, const struct trace_known *known,
                          const struct trace_asker *asker)
{
    struct trace_answer answer;
    struct buffer out;
    bool exists, row = true;
    const struct trace_question *question = trace_question_find(name, known, &exists);

    assert_non_null(question);
    buffer_init(&out, 64 * 1024);
    if (trace_ask(store_ask(test), question, known, asker, minute_ms(0) + INT64_C(30) * 86400000, &answer, &test->fault) !=
        STATUS_OK)
        fail_msg("%s: %s", name, test->fault.text);
    while (row) {
        assert_int_equal(trace_next(&answer, &row, &test->fault), STATUS_OK);
        if (row)
            trace_write_csv(&answer, &out);
    }
    trace_end(&answer);
    const char *text = arena_text(test->arena, buffer_bytes(&out));
    buffer_done(&out);
    return text;
}

static const char *ask(struct store_test *test, const char *name, struct trace_known known)
{
    return ask_as(test, name, &known, NULL);
}

/* TEXT's lines, each up to its COMMAS-th comma, with a blank between. */
static const char *columns(struct store_test *test, const char *text, int first, int count)
{
    struct buffer out;
    int column = 0;

    buffer_init(&out, 64 * 1024);
    for (; *text != '\0'; text++) {
        if (*text == '\r')
            continue;
        if (*text == '\n') {
            column = 0;
            buffer_append_byte(&out, ' ');
        } else if (*text == ',') {
            column++;
            if (column > first && column < first + count)
                buffer_append_byte(&out, '/');
        } else if (column >= first && column < first + count) {
            buffer_append_byte(&out, (uint8_t)*text);
        }
    }
    const char *made = arena_text(test->arena, buffer_bytes(&out));
    buffer_done(&out);
    return made;
}

/* ---- the questions ---- */

static void the_history_of_an_item_has_the_scans_of_its_boxes(void **state)
{
    struct store_test *test = *state;

    send_chain(test, false);
    assert_string_equal(columns(test, ask(test, "history", known_of(UNIT, "", "S1")), 1, 4),
                        "commissioned/M1//0 packed/M1//0 packed/M1//1 outbound/M1/D1/2 inbound/D1/M1/2 unpacked/D1//1 "
                        "outbound/D1/H1/1 inbound/H1/D1/1 unpacked/H1//0 used/H1//0 settled/H1//0 ");
    /* What its box did before it came in or after it had left is no part of it. */
    assert_string_equal(columns(test, ask(test, "history", known_of(UNIT, "", "S4")), 1, 1), "commissioned ");
    assert_string_equal(columns(test, ask(test, "history", known_of(BOX, "", "BX1")), 1, 1),
                        "commissioned packed outbound inbound unpacked outbound inbound ");
    assert_string_equal(columns(test, ask(test, "history", known_of(LOOSE, "K9", "")), 1, 2),
                        "commissioned/M2 outbound/M2 inbound/D1 outbound/D1 inbound/H1 purchased/H1 outbound/D1 used/H1 ");
}

static void assert_holders(struct store_test *test, const char *wanted)
{
    assert_string_equal(columns(test, ask(test, "holders", known_of(UNIT, "L1", "")), 0, 4), wanted);
}

static void who_holds_a_lot_now(void **state)
{
    struct store_test *test = *state;

    send_chain(test, false);
    assert_holders(test, "H1//1/1 M1//1/1 M1/D2/1/1 "); /* S2 in its box, S4, S3 on its way; S1 is used */
    assert_string_equal(columns(test, ask(test, "holders", known_of(LOOSE, "K9", "")), 0, 4),
                        "D1//30/0 H1//23.5/0 M2//40/0 ");
}

static void the_order_in_which_scans_arrive_does_not_matter(void **state)
{
    struct store_test *test = *state;

    send_chain(test, true);
    assert_holders(test, "H1//1/1 M1//1/1 M1/D2/1/1 ");
    assert_string_equal(columns(test, ask(test, "state", known_of(UNIT, "", "S2")), 1, 2), "inbound/H1 ");
}

static void as_of_a_time(void **state)
{
    struct store_test *test = *state;
    static const struct {
        int minute;
        const char *state, *holders, *contents;
    } rows[] = {
        {0, "commissioned/M1 ", "M1//4/4 ", ""},
        {2, "packed/M1 ", "M1//4/4 ", ""},
        {4, "outbound/M1 ", "M1//1/1 M1/D1/2/2 M1/D2/1/1 ", "BX1 S1 S2 "},
        {5, "inbound/D1 ", "D1//2/2 M1//1/1 M1/D2/1/1 ", "BX1 S1 S2 "},
        {6, "unpacked/D1 ", "D1//2/2 M1//1/1 M1/D2/1/1 ", ""},
        {8, "inbound/H1 ", "H1//2/2 M1//1/1 M1/D2/1/1 ", ""},
        {10, "used/H1 ", "H1//1/1 M1//1/1 M1/D2/1/1 ", ""},
    };

    send_chain(test, false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trace_known item = known_of(UNIT, "", "S1"), lot = known_of(UNIT, "L1", ""), box = known_of(CARTON, "", "CA1");
        item.at_ms = lot.at_ms = box.at_ms = minute_ms(rows[i].minute);
        assert_string_equal(columns(test, ask(test, "state", item), 1, 2), rows[i].state);
        assert_string_equal(columns(test, ask(test, "holders", lot), 0, 4), rows[i].holders);
        assert_string_equal(columns(test, ask(test, "contents", box), 2, 1), rows[i].contents);
    }
    struct trace_known before = known_of(UNIT, "", "S1");
    before.at_ms = minute_ms(-1);
    assert_string_equal(ask(test, "state", before), "");
}

/* Whoever stores or moves an item need not say its lot, and the scan that did may come last. */
static void a_lot_that_was_said_once_is_remembered(void **state)
{
    struct store_test *test = *state;
    static const struct said more[] = {
        {20, STEP(STORED), UNIT, "", "S4", "M1", .counterparty = ""},
        {21, STEP(INBOUND), UNIT, "", "S5", "H1", .counterparty = "D1"},
        {0, STEP(COMMISSIONED), UNIT, "L1", "S5", "M1", .counterparty = ""},
    };

    send_chain(test, false);
    send(test, CHAIN, &more[0]);
    send(test, CHAIN + 1, &more[1]);
    store_fill(test);
    assert_holders(test, "H1//1/1 M1//1/1 M1/D2/1/1 ");
    send(test, CHAIN + 2, &more[2]);
    store_fill(test);
    assert_holders(test, "H1//2/2 M1//1/1 M1/D2/1/1 ");
    assert_string_equal(columns(test, ask(test, "state", known_of(UNIT, "", "S5")), 1, 2), "inbound/H1 ");
}

enum { MANY = 1100 }; /* more than come at once */

/* Holder K has an item; every third so many without serials, every fifth an item in a box that was sent to the next one. */
static void send_many(struct store_test *test)
{
    char serial[16], boxed[16], box[16], box_code[64], holder[16], next[16];
    int64_t offset = 0;

    for (int k = 0; k < MANY; k++) {
        (void)snprintf(serial, sizeof serial, "A%d", k);
        (void)snprintf(boxed, sizeof boxed, "B%d", k);
        (void)snprintf(box, sizeof box, "X%d", k);
        (void)snprintf(box_code, sizeof box_code, "(01)" BOX "(21)%s", box);
        (void)snprintf(holder, sizeof holder, "H%04d", k);
        (void)snprintf(next, sizeof next, "H%04d", k + 1);
        const struct said steps[] = {
            {0, STEP(COMMISSIONED), UNIT, "L9", serial, holder, .counterparty = ""},
            {0, STEP(COMMISSIONED), UNIT, "L9", "", holder, .quantity_e4 = 20000},
            {0, STEP(PACKED), UNIT, "L9", boxed, holder, .parent = box_code},
            {1, STEP(INBOUND), BOX, "", box, next, .counterparty = holder},
        };
        send(test, offset++, &steps[0]);
        if (k % 3 == 0)
            send(test, offset++, &steps[1]);
        if (k % 5 == 0) {
            send(test, offset++, &steps[2]);
            send(test, offset++, &steps[3]);
        }
    }
    store_fill(test);
}

static int64_t wanted_e4(int k)
{
    return (k < MANY ? 10000 : 0) + (k < MANY && k % 3 == 0 ? 20000 : 0) + (k % 5 == 1 ? 10000 : 0);
}

static int assert_many(struct store_test *test, int64_t limit)
{
    struct trace_known known = known_of(UNIT, "L9", "");
    struct trace_answer answer;
    char text[TRACE_TEXT_BYTES], holder[16];
    bool exists, row = true;
    int count = 0;

    known.limit = limit;
    assert_int_equal(trace_ask(store_ask(test), trace_question_find("holders", &known, &exists), &known, NULL, 0, &answer,
                               &test->fault),
                     STATUS_OK);
    for (;; count++) {
        assert_int_equal(trace_next(&answer, &row, &test->fault), STATUS_OK);
        if (!row)
            break;
        (void)snprintf(holder, sizeof holder, "H%04d", count);
        struct bytes said = trace_value(&answer, 0, text);
        assert_int_equal(said.length, strlen(holder));
        assert_memory_equal(said.data, holder, said.length);
        assert_int_equal(sql_column_integer(&answer.cursor, 2), wanted_e4(count));
    }
    trace_end(&answer);
    return count;
}

static void many_holders_come_in_order_and_each_once(void **state)
{
    struct store_test *test = *state;

    send_many(test);
    assert_int_equal(assert_many(test, 1), 1);
    assert_int_equal(assert_many(test, 500), 500);
    assert_int_equal(assert_many(test, 501), 501);
    assert_int_equal(assert_many(test, 100000), MANY);
}

static void who_used_it(void **state)
{
    struct store_test *test = *state;

    send_chain(test, false);
    assert_string_equal(columns(test, ask(test, "uses", known_of(UNIT, "L1", "")), 1, 6),
                        "used/H1/person-7//L1/S1 settled/H1//SET-1//S1 ");
    assert_string_equal(columns(test, ask(test, "uses", known_of(UNIT, "", "S1")), 1, 4),
                        "used/H1/person-7/ settled/H1//SET-1 ");
    assert_string_equal(ask(test, "uses", known_of(UNIT, "", "S4")), "");
}

static void upstream_to_the_maker(void **state)
{
    struct store_test *test = *state;
    struct trace_known lot = known_of(LOOSE, "K9", "");

    send_chain(test, false);
    assert_string_equal(columns(test, ask(test, "upstream", known_of(UNIT, "", "S1")), 0, 1), "H1 D1 M1 ");
    assert_string_equal(columns(test, ask(test, "upstream", known_of(UNIT, "", "S1")), 4, 1), "D1 M1  ");
    lot.holder = "H1";
    assert_string_equal(columns(test, ask(test, "upstream", lot), 0, 4), "1/H1/D1/25 2/D1/M2/60 3/M2//100 ");
}

static void a_box_is_expanded_at_any_depth(void **state)
{
    struct store_test *test = *state;
    static const struct said more[] = {
        {20, STEP(PACKED), UNIT, "L1", "S4", "M1", .parent = "(01)" BOX "(21)BX2"},
        {20, STEP(PACKED), LOOSE, "K9", "", "M1", .parent = "(01)" BOX "(21)BX2", .quantity_e4 = 30000},
        {21, STEP(UNPACKED), LOOSE, "K9", "", "M1", .parent = "(01)" BOX "(21)BX2", .quantity_e4 = 10000},
        {22, STEP(PACKED), BOX, "", "BX2", "M1", .parent = "(00)106141412345678908"},
    };

    send_chain(test, false);
    assert_string_equal(columns(test, ask(test, "contents", known_of(BOX, "", "BX1")), 0, 4), "1/06931718175589/S2/L1 ");
    assert_string_equal(ask(test, "contents", known_of(CARTON, "", "CA1")), ""); /* it was taken out */
    for (int i = 0; i < 4; i++)
        send(test, CHAIN + i, &more[i]);
    store_fill(test);
    assert_string_equal(columns(test, ask(test, "contents", known_of("106141412345678908", "", "106141412345678908")), 0, 5),
                        "1/" BOX "/BX2//1 2/" LOOSE "//K9/2 2/" UNIT "/S4/L1/1 ");
}

static void shipped_and_never_received(void **state)
{
    struct store_test *test = *state;
    struct trace_known known = known_of("", "", "");

    send_chain(test, false);
    known.days = 29;
    assert_string_equal(columns(test, ask(test, "unreceived", known), 1, 6), "M1/D2/" UNIT "/L1/S3/1 D1/H2/" LOOSE "/K9//5 ");
    known.product = LOOSE;
    assert_string_equal(columns(test, ask(test, "unreceived", known), 1, 2), "D1/H2 ");
    known.days = 31;
    assert_string_equal(ask(test, "unreceived", known), "");
}

/* The hub says a pack's scan again for what lies in it: that adds a use, and the unpacking of all, and else nothing. */
static void what_a_pack_hands_on_is_told_once(void **state)
{
    struct store_test *test = *state;
    static const struct said more[] = {
        {8, STEP(INBOUND), UNIT, "L1", "S2", "H1", .counterparty = "D1", .carried = true},
        {20, STEP(SOLD), BOX, "", "BX1", "H1", .counterparty = ""},
        {20, STEP(SOLD), UNIT, "L1", "S2", "H1", .carried = true, .person = "person-9"},
        {21, STEP(PACKED), UNIT, "L1", "S4", "M1", .parent = "(01)" BOX "(21)BX3"},
        {22, STEP(UNPACKED), BOX, "", "BX3", "M1", .counterparty = ""},
        {22, STEP(UNPACKED), UNIT, "L1", "S4", "M1", .carried = true},
    };
    struct trace_known box = known_of(BOX, "", "BX3");

    send_chain(test, false);
    for (int i = 0; i < 6; i++)
        send(test, CHAIN + i, &more[i]);
    store_fill(test);
    assert_string_equal(columns(test, ask(test, "history", known_of(UNIT, "", "S2")), 1, 1),
                        "commissioned packed packed outbound inbound unpacked outbound inbound sold ");
    assert_holders(test, "M1//1/1 M1/D2/1/1 "); /* S2 went with its box */
    assert_string_equal(columns(test, ask(test, "uses", known_of(UNIT, "", "S2")), 1, 3), "sold/H1/person-9 ");
    assert_string_equal(ask(test, "contents", box), "");
    box.at_ms = minute_ms(21);
    assert_string_equal(columns(test, ask(test, "contents", box), 2, 1), "S4 ");
}

static void a_wrong_scan_is_taken_back(void **state)
{
    struct store_test *test = *state;
    static const struct said more[] = {
        {20, STEP(USED), UNIT, "L1", "S4", "M1", .person = "person-9"},
        {20, STEP(USED), UNIT, "L1", "S4", "M1", .person = "person-9", .cancels = "e-25"},
        {20, STEP(USED), LOOSE, "K9", "", "H1", .quantity_e4 = 15000, .cancels = "e-24"},
    };

    send_chain(test, false);
    for (int i = 0; i < 3; i++)
        send(test, CHAIN + i, &more[i]);
    store_fill(test);
    assert_holders(test, "H1//1/1 M1//1/1 M1/D2/1/1 ");
    assert_string_equal(columns(test, ask(test, "state", known_of(UNIT, "", "S4")), 1, 2), "stored/M1 ");
    assert_string_equal(columns(test, ask(test, "uses", known_of(UNIT, "", "S4")), 7, 1), "1 -1 ");
    assert_string_equal(columns(test, ask(test, "holders", known_of(LOOSE, "K9", "")), 0, 3), "D1//30 H1//25 M2//40 ");
}

/* ---- who may see what ---- */

static void a_holder_sees_its_own_a_maker_its_products_a_regulator_all(void **state)
{
    struct store_test *test = *state;
    const struct trace_asker maker = {"M1", false}, dealer = {"D1", false}, hospital = {"H1", false}, stranger = {"X1", false},
                             regulator = {"G1", true};
    struct trace_known item = known_of(UNIT, "", "S1"), lot = known_of(UNIT, "L1", ""), box = known_of(BOX, "", "BX1");

    send_chain(test, false);
    assert_string_equal(columns(test, ask_as(test, "history", &item, &dealer), 1, 2),
                        "outbound/M1 inbound/D1 unpacked/D1 outbound/D1 inbound/H1 ");
    assert_string_equal(ask_as(test, "history", &item, &stranger), "");
    assert_string_equal(ask_as(test, "history", &item, &maker), ask(test, "history", item));
    assert_string_equal(ask_as(test, "history", &item, &regulator), ask(test, "history", item));

    assert_string_equal(columns(test, ask_as(test, "holders", &lot, &hospital), 0, 3), "H1//1 ");
    assert_string_equal(columns(test, ask_as(test, "holders", &lot, &maker), 0, 3), "H1//1 M1//1 M1/D2/1 ");

    assert_string_equal(columns(test, ask_as(test, "uses", &lot, &hospital), 1, 4), "used/H1/person-7/ settled/H1//SET-1 ");
    assert_string_equal(columns(test, ask_as(test, "uses", &lot, &maker), 1, 4), "used/H1// settled/H1// ");
    assert_string_equal(columns(test, ask_as(test, "uses", &lot, &regulator), 1, 4), "used/H1/person-7/ settled/H1//SET-1 ");
    assert_string_equal(ask_as(test, "uses", &lot, &dealer), "");

    assert_string_equal(ask_as(test, "contents", &box, &stranger), "");
    assert_string_equal(columns(test, ask_as(test, "contents", &box, &hospital), 2, 1), "S2 ");
}

/* ---- an older database ---- */

static void run(struct store_test *test, const char *script)
{
    struct sql *sql = NULL;

    assert_int_equal(sql_open(&test->settings, SQL_WRITE, &sql, &test->fault), STATUS_OK);
    if (sql_script(sql, bytes_of(script), &test->fault) != STATUS_OK)
        fail_msg("%s", test->fault.text);
    sql_close(sql);
}

/* As version 4 left it: an item had the lot of its last scan, and nobody it was on its way to. */
static void items_of_version_4_are_carried_on(void **state)
{
    struct store_test *test = *state;
    static const struct said stored = {20, STEP(STORED), UNIT, "", "S4", "M1", .counterparty = ""};
    struct table_digest wanted[TABLE_COUNT], found[TABLE_COUNT];

    send_chain(test, false);
    send(test, CHAIN, &stored);
    store_fill(test);
    assert_int_equal(digest_all(&test->settings, wanted, &test->fault), STATUS_OK);
    run(test, "DROP INDEX trace_item_lot; DROP INDEX trace_item_sent; DROP INDEX trace_shipment_open;"
              "ALTER TABLE trace_item DROP COLUMN receiver; UPDATE trace_item SET lot = '' WHERE serial = 'S4';"
              "CREATE INDEX trace_item_sent ON trace_item(at_ms) WHERE step IN (5, 12);"
              "CREATE INDEX trace_shipment_open ON trace_shipment(at_ms) WHERE step IN (5, 12);"
              "DELETE FROM schema_version WHERE version > 4");
    store_fill(test);
    assert_int_equal(digest_all(&test->settings, found, &test->fault), STATUS_OK);
    for (int i = 0; i < TABLE_COUNT; i++)
        assert_memory_equal(found[i].sums, wanted[i].sums, sizeof wanted[i].sums);
    assert_holders(test, "H1//1/1 M1//1/1 M1/D2/1/1 ");
}

/* ---- the table ---- */

static void a_scanned_code_says_what_is_asked_about(void **state)
{
    struct store_test *test = *state;
    struct trace_known known = known_of("", "", "");
    bool exists;

    assert_true(trace_known_read(&known, "(01)" UNIT "(10)L1(21)S1", test->arena));
    assert_string_equal(known.product, UNIT);
    assert_string_equal(known.lot, "L1");
    assert_string_equal(known.serial, "S1");
    known = known_of("", "", "");
    assert_true(trace_known_read(&known, "(00)106141412345678908", test->arena));
    assert_string_equal(known.serial, "106141412345678908");
    assert_false(trace_known_read(&known, "hello", test->arena));

    known = known_of("", "", "");
    assert_null(trace_question_find("history", &known, &exists));
    assert_true(exists);
    assert_null(trace_question_find("nothing", &known, &exists));
    assert_false(exists);
}

/* A reader may leave a long answer; the next question is answered all the same. */
static void an_answer_may_be_left_before_its_end(void **state)
{
    struct store_test *test = *state;
    struct trace_known known = known_of(UNIT, "", "S1");
    struct trace_answer answer;
    bool exists, row = false;

    send_chain(test, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(trace_ask(store_ask(test), trace_question_find("history", &known, &exists), &known, NULL, 0, &answer,
                                   &test->fault),
                         STATUS_OK);
        assert_int_equal(trace_next(&answer, &row, &test->fault), STATUS_OK);
        assert_true(row);
        trace_end(&answer);
        trace_end(&answer);
    }
    assert_string_equal(columns(test, ask(test, "state", known), 1, 1), "used ");
}

static void values_are_written_as_json_and_csv(void **state)
{
    struct store_test *test = *state;
    const struct said odd = {3, STEP(STORED), LOOSE, "a\"b,c", "", "M2", .quantity_e4 = 12500};
    struct trace_known known = known_of(LOOSE, "a\"b,c", "");
    struct trace_answer answer;
    struct buffer out;
    bool exists, row = false;

    send(test, 0, &odd);
    store_fill(test);
    buffer_init(&out, 4096);
    assert_int_equal(trace_ask(store_ask(test), trace_question_find("history", &known, &exists), &known, NULL, 0, &answer,
                               &test->fault),
                     STATUS_OK);
    assert_int_equal(trace_next(&answer, &row, &test->fault), STATUS_OK);
    assert_true(row);
    trace_write_json(&answer, &out);
    assert_string_equal(buffer_text(&out), "{\"at\":\"2025-02-19T21:23:00Z\",\"step\":\"stored\",\"holder\":\"M2\",\"depth\":0,"
                                           "\"product\":\"" LOOSE "\",\"lot\":\"a\\\"b,c\",\"quantity\":1.25}");
    buffer_clear(&out);
    trace_write_csv(&answer, &out);
    assert_string_equal(buffer_text(&out), "2025-02-19T21:23:00Z,stored,M2,,0," LOOSE ",,\"a\"\"b,c\",1.25,,,,\r\n");
    trace_end(&answer);
    buffer_done(&out);
}

#define CASE(name_) cmocka_unit_test_setup_teardown(name_, store_set_up, store_tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_history_of_an_item_has_the_scans_of_its_boxes),
        CASE(who_holds_a_lot_now),
        CASE(the_order_in_which_scans_arrive_does_not_matter),
        CASE(a_lot_that_was_said_once_is_remembered),
        CASE(many_holders_come_in_order_and_each_once),
        CASE(as_of_a_time),
        CASE(who_used_it),
        CASE(upstream_to_the_maker),
        CASE(a_box_is_expanded_at_any_depth),
        CASE(shipped_and_never_received),
        CASE(what_a_pack_hands_on_is_told_once),
        CASE(a_wrong_scan_is_taken_back),
        CASE(a_holder_sees_its_own_a_maker_its_products_a_regulator_all),
        CASE(items_of_version_4_are_carried_on),
        CASE(a_scanned_code_says_what_is_asked_about),
        CASE(an_answer_may_be_left_before_its_end),
        CASE(values_are_written_as_json_and_csv),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
