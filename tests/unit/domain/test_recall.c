// links: medhub_domain
/* A recall against a simple model: whatever is scanned between its rounds, the holders' rows are the sum of the rows that are
 * counted, and in the end of all rows. */
#include "domain/background.h"
#include "domain/recall.h"
#include "domain/trace_state.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PRODUCT "06901234000018"
#define MAKER   "R65010000001"
#define RECALL  "ZH-1"
enum { SERIALS = 40, LOTS = 3, HOLDERS = 5, LIVES = 30, STEPS = 120, ROWS_A_ROUND = 7, HOUR_MS = 3600000 };

static unsigned chance(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

struct fixture {
    struct trial *trial;
    unsigned seed;
    int events;
};

static struct Google__Protobuf__Timestamp moment(int64_t ms)
{
    Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    at.seconds = ms / 1000;
    at.nanos = (int32_t)(ms % 1000) * 1000000;
    return at;
}

static void submit(struct fixture *fixture, const char *type, const char *source, const ProtobufCMessage *message)
{
    char id[32];
    (void)snprintf(id, sizeof id, "e%d", fixture->events++);
    trial_submit_as(fixture->trial, id, type, source, PRODUCT, message);
    if (fixture->trial->decision.outcome == OUTCOME_ACCEPTED)
        trial_apply(fixture->trial);
}

/* Any step of any item or lot by any holder; many are refused, which is as good. */
static void scan(struct fixture *fixture)
{
    static const ScanStep steps[] = {STEP_COMMISSIONED, STEP_INBOUND, STEP_PURCHASED, STEP_OUTBOUND, STEP_SOLD,
                                     STEP_USED,         STEP_RETURNED, STEP_DESTROYED, STEP_STORED};
    unsigned *seed = &fixture->seed;
    char serial[16], lot[16], holder[16], other[16];
    ItemScanned said = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    Quantity quantity = MEDHUB__COMMON__V1__QUANTITY__INIT;
    /* some are told late: of before the recall */
    Timestamp at = moment(fixture->trial->now_ms - (chance(seed, 4) == 0 ? 5 * HOUR_MS : 0));

    (void)snprintf(serial, sizeof serial, "S%02u", chance(seed, SERIALS));
    (void)snprintf(lot, sizeof lot, "L%u", chance(seed, LOTS));
    (void)snprintf(holder, sizeof holder, "H%u", chance(seed, HOLDERS));
    (void)snprintf(other, sizeof other, "H%u", chance(seed, HOLDERS));
    bool has_serial = chance(seed, 3) != 0;
    quantity.e4 = has_serial ? RECALL_ONE_E4 : (1 + chance(seed, 9)) * RECALL_ONE_E4;
    said.product = chars(PRODUCT);
    said.step = steps[chance(seed, sizeof steps / sizeof *steps)];
    said.serial = has_serial ? serial : chars("");
    /* an item's lot follows from its serial: L0 and L1 are recalled, L2 is not */
    if (has_serial)
        (void)snprintf(lot, sizeof lot, "L%d", atoi(serial + 1) % LOTS);
    said.lot = lot;
    said.holder = chance(seed, 6) == 0 ? chars(MAKER) : said.step == STEP_OUTBOUND ? other : holder;
    said.quantity = &quantity;
    said.scanned_at = &at;
    said.name = said.specification = chars("x");
    said.region = chars("650102");
    said.made_on = chars("2026-01-01");
    submit(fixture, "medhub.trace.item_scanned.v1", holder, &said.base);
}

static void issue(struct fixture *fixture)
{
    RecallIssued said = MEDHUB__TRACE__V1__RECALL_ISSUED__INIT;
    RecallScope scope = MEDHUB__TRACE__V1__RECALL_SCOPE__INIT;
    char *lots[] = {chars("L0"), chars("L1")};
    Timestamp at = moment(fixture->trial->now_ms);
    scope.lots = lots;
    scope.n_lots = 2;
    said.product = chars(PRODUCT);
    said.recall = chars(RECALL);
    said.issuer = said.registrant = chars(MAKER);
    said.level = MEDHUB__TRACE__V1__RECALL_LEVEL__RECALL_LEVEL_I;
    said.scope = &scope;
    said.region = chars("650100");
    said.reason = chars("x");
    said.issued_at = &at;
    submit(fixture, "medhub.trace.recall_issued.v1", MAKER, &said.base);
    assert_accepted(fixture->trial);
}

/* --- the model: everything counted anew --- */

static struct view_rows rows_of(struct fixture *fixture, const char *prefix)
{
    struct trial *trial = fixture->trial;
    memory_view_turn_to(trial->world, PRODUCT);
    view_init(&trial->view, &memory_view_operations, trial->world, trial->arena, PRODUCT, trial->now_ms,
              trial->calendar);
    return view_scan(&trial->view, prefix, "", VIEW_SCAN_ROWS_MAX);
}

static void count_rows(struct fixture *fixture, const RecallState *state, const char *prefix, RecallAmounts *sum)
{
    struct view_rows rows = rows_of(fixture, prefix);
    for (size_t i = 0; i < rows.count; i++) {
        struct recall_unit unit;
        const char *name = rows.rows[i].name;
        if (state->status == RECALL_MATCHING && strcmp(name, state->after) > 0)
            continue;
        const ProtobufCMessage *row =
            view_unpack(&fixture->trial->view, recall_row_message(name), &rows.rows[i]);
        if (recall_unit_of(fixture->trial->arena, state, name, row, &unit) && !unit.undetermined && unit.holder[0] != '\0')
            recall_amounts_add(sum, &unit.amounts, 1);
    }
}

static void assert_same(const RecallAmounts *a, const RecallAmounts *b)
{
    RecallAmounts difference = *a;
    recall_amounts_add(&difference, b, -1);
    assert_true(recall_amounts_are_zero(&difference));
    assert_int_equal(difference.destroyed_e4, 0);
    assert_int_equal(difference.returned_e4, 0);
}

static const RecallState *check(struct fixture *fixture)
{
    RecallAmounts counted = MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT, by_holder = counted, nothing = counted;
    (void)rows_of(fixture, "recall/");
    const RecallState *state = recall_find(&fixture->trial->view, RECALL);
    count_rows(fixture, state, "serial/", &counted);
    count_rows(fixture, state, "held/", &counted);
    struct view_rows rows = rows_of(fixture, "recall_holder/");
    for (size_t i = 0; i < rows.count; i++) {
        const RecallHolderState *row =
            (const RecallHolderState *)view_unpack(&fixture->trial->view, RECALL_HOLDER_STATE, &rows.rows[i]);
        recall_amounts_add(&by_holder, row->amounts, 1);
        assert_true(row->amounts->held_e4 >= 0 && row->amounts->used_e4 >= 0 && row->amounts->delivered_e4 >= 0);
    }
    assert_same(&counted, &by_holder);
    assert_same(&counted, state->amounts == NULL ? &nothing : state->amounts);
    return state;
}

/* The nation's values as they are shipped. */
static void take_policy(struct memory_view *world)
{
    char line[512], name[128] = "", kind[32] = "", value[128];
    FILE *file = fopen("ops/policy/national.yaml", "rb");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "  - name: %127s", name) == 1 || sscanf(line, "    kind: %31s", kind) == 1)
            continue;
        if (sscanf(line, "    value: %127s", value) != 1)
            continue;
        if (strcmp(kind, "integer") == 0)
            memory_put_policy_int(world, name, REGION_NATION, strtoll(value, NULL, 10));
        else if (strcmp(kind, "date") == 0)
            memory_put_policy_date(world, name, REGION_NATION, value);
    }
    fclose(file);
}

static void live(unsigned seed)
{
    struct fixture fixture = {.trial = trial_new("2026-03-02T03:00:00Z"), .seed = seed};
    take_policy(fixture.trial->world);
    memory_put_policy_int(fixture.trial->world, BACKGROUND_ROWS, REGION_NATION, ROWS_A_ROUND);
    memory_put_policy_int(fixture.trial->world, "trace.recalled.refuse", REGION_NATION, (int64_t)(seed % 2));

    for (int i = 0; i < STEPS; i++)
        scan(&fixture);
    fixture.trial->now_ms += HOUR_MS;
    issue(&fixture);
    const RecallState *state = check(&fixture);
    for (int round = 0; state->status != RECALL_OPEN; round++) {
        assert_true(round < STEPS);
        for (unsigned i = chance(&fixture.seed, 4); i > 0; i--) {
            scan(&fixture);
            (void)check(&fixture);
        }
        fixture.trial->now_ms++;
        trial_fire(fixture.trial, RECALL_ROUND_TIMER, PRODUCT, "recall/" RECALL);
        assert_accepted(fixture.trial);
        trial_apply(fixture.trial);
        state = check(&fixture);
    }
    for (int i = 0; i < STEPS / 4; i++) {
        scan(&fixture);
        state = check(&fixture);
    }
    assert_true(state->amounts != NULL && recall_affected_e4(state->amounts) > 0);
    trial_free(fixture.trial);
}

static void holders_rows_are_the_sum_of_what_is_counted(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= LIVES; seed++)
        live(seed);
}

/* --- with its pack --- */

/* S0 of the recalled lot L0, said by SOURCE; CARRIED: the hub passes on a scan of its pack. */
static void send_away(struct fixture *fixture, const char *source, Carried *carried)
{
    ItemScanned said = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    Timestamp at = moment(fixture->trial->now_ms);
    said.product = chars(PRODUCT);
    said.serial = chars("S0");
    said.lot = chars("L0");
    said.made_on = chars("2026-01-01");
    said.step = STEP_OUTBOUND;
    said.holder = chars("H1");
    said.counterparty = chars("H0");
    said.scanned_at = &at;
    said.region = chars("650102");
    said.carried = carried;
    submit(fixture, "medhub.trace.item_scanned.v1", source, &said.base);
}

static void assert_alert_is_told(const struct trial *trial, AlertKind kind)
{
    for (size_t i = 0; i < trial->decision.fact_count; i++) {
        const struct decided_fact *fact = &trial->decision.facts[i];
        if (strcmp(fact->type, "medhub.trace.alert_raised.v1") != 0 ||
            ((const AlertRaised *)fact->message)->alert != kind)
            continue;
        assert_string_equal(((const AlertRaised *)fact->message)->serial, "S0");
        assert_true(trial_delivery(trial, i, "regulator@650000") != 0);
        return;
    }
    fail_msg("no alert of kind %d", (int)kind);
}

static bool is_told(const struct trial *trial, const char *type, const char *recipient)
{
    for (size_t i = 0; i < trial->decision.fact_count; i++)
        if (strcmp(trial->decision.facts[i].type, type) == 0 && trial_delivery(trial, i, recipient) != 0)
            return true;
    return false;
}

static void what_goes_in_a_pack_is_told_and_followed_by_its_recall(void **state)
{
    (void)state;
    struct fixture fixture = {.trial = trial_new("2026-03-02T03:00:00Z")};
    Carried carried = MEDHUB__TRACE__V1__CARRIED__INIT;
    carried.product = chars("16901234000015");
    carried.serial = chars("X1");
    carried.scan = chars("scan-of-x1");
    carried.depth = 1;
    take_policy(fixture.trial->world);
    issue(&fixture);
    for (int round = 0; round < 2; round++) { /* matching, telling */
        fixture.trial->now_ms++;
        trial_fire(fixture.trial, RECALL_ROUND_TIMER, PRODUCT, "recall/" RECALL);
        trial_apply(fixture.trial);
    }
    fixture.trial->now_ms += HOUR_MS;

    send_away(&fixture, "H0", NULL);
    assert_refused(fixture.trial, "trace.recalled");

    send_away(&fixture, "medhub", &carried);
    assert_accepted(fixture.trial);
    assert_finding(fixture.trial, SEVERITY_WARN, "trace.recalled", "product", "recalled: " RECALL,
                   "returned, destroyed, or sent to who takes it back", "甘药监发〔2021〕184号");
    assert_alert_is_told(fixture.trial, ALERT_SOLD_AFTER_RECALL);
    assert_true(is_told(fixture.trial, RECALL_MATCHED_TYPE, "H1"));
    assert_int_equal(check(&fixture)->holders, 1);
    trial_free(fixture.trial);
}

/* --- what lies in a pack --- */

enum { IN_THE_PACK = 3 * ROWS_A_ROUND + 2 };

static void pack_unit(struct fixture *fixture, int number)
{
    PackChanged said = MEDHUB__TRACE__V1__PACK_CHANGED__INIT;
    Timestamp at = moment(fixture->trial->now_ms);
    char serial[16];
    (void)snprintf(serial, sizeof serial, "U%03d", number);
    said.product = chars(PRODUCT);
    said.serial = chars("S0");
    said.content_product = chars("00012345600012");
    said.content_serial = serial;
    said.holder = chars("H0");
    said.changed_at = &at;
    said.region = chars("650102");
    submit(fixture, "medhub.trace.pack_changed.v1", "medhub", &said.base);
    assert_accepted(fixture->trial);
}

static void commission_pack(struct fixture *fixture)
{
    ItemScanned said = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    Timestamp at = moment(fixture->trial->now_ms);
    said.product = chars(PRODUCT);
    said.serial = chars("S0");
    said.lot = chars("L0");
    said.step = STEP_COMMISSIONED;
    said.made_on = chars("2026-01-01");
    said.holder = chars("H0");
    said.scanned_at = &at;
    said.region = chars("650102");
    submit(fixture, "medhub.trace.item_scanned.v1", "H0", &said.base);
    assert_accepted(fixture->trial);
}

/* The units that the round in hand named, marked in NAMED. */
static size_t take_named(const struct trial *trial, unsigned named[IN_THE_PACK])
{
    size_t count = 0;
    for (size_t i = 0; i < trial->decision.submission_count; i++) {
        const RecallExtended *said = (const RecallExtended *)trial->decision.submissions[i].message;
        assert_string_equal(said->product, "00012345600012");
        assert_string_equal(said->recall, RECALL);
        assert_string_equal(said->extends_product, PRODUCT);
        assert_false(recall_covers(said->scope, "U000", "L0", DATE_NONE));
        for (size_t j = 0; j < said->n_serials; j++, count++)
            named[atoi(said->serials[j] + 1)]++;
    }
    return count;
}

static void each_unit_of_a_pack_is_named_once_in_bounded_rounds(void **state)
{
    (void)state;
    struct fixture fixture = {.trial = trial_new("2026-03-02T03:00:00Z")};
    unsigned named[IN_THE_PACK] = {0};
    take_policy(fixture.trial->world);
    memory_put_policy_int(fixture.trial->world, BACKGROUND_ROWS, REGION_NATION, ROWS_A_ROUND);
    commission_pack(&fixture);
    for (int i = 0; i < IN_THE_PACK; i++)
        pack_unit(&fixture, i);
    issue(&fixture);
    fixture.trial->now_ms++;
    trial_fire(fixture.trial, RECALL_ROUND_TIMER, PRODUCT, "recall/" RECALL);
    trial_apply(fixture.trial);
    for (int round = 0; rows_of(&fixture, "recall_pack/").count > 0; round++) {
        assert_true(round <= IN_THE_PACK / ROWS_A_ROUND);
        fixture.trial->now_ms++;
        trial_fire(fixture.trial, RECALL_PACKS_TIMER, PRODUCT, "recall_packs/" RECALL);
        assert_accepted(fixture.trial);
        assert_in_range(take_named(fixture.trial, named), 1, ROWS_A_ROUND);
        trial_apply(fixture.trial);
    }
    for (int i = 0; i < IN_THE_PACK; i++)
        assert_int_equal(named[i], 1);
    trial_free(fixture.trial);
}

/* --- so many of a lot without serials --- */

enum { OF_THE_LOT = 20, LOT_STEPS = 60 };

static void reach_lot(struct fixture *fixture)
{
    RecallExtended said = MEDHUB__TRACE__V1__RECALL_EXTENDED__INIT;
    RecallScope scope = MEDHUB__TRACE__V1__RECALL_SCOPE__INIT;
    RecalledLot lot = MEDHUB__TRACE__V1__RECALLED_LOT__INIT, *lots[] = {&lot};
    RecallAmounts amounts = MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT;
    Timestamp at = moment(fixture->trial->now_ms);
    amounts.held_e4 = OF_THE_LOT * RECALL_ONE_E4;
    lot.lot = chars("L0");
    lot.holder = chars("H0");
    lot.amounts = &amounts;
    said.product = chars(PRODUCT);
    said.recall = chars(RECALL);
    said.issuer = said.registrant = chars(MAKER);
    said.level = MEDHUB__TRACE__V1__RECALL_LEVEL__RECALL_LEVEL_I;
    said.scope = &scope;
    said.region = chars("650100");
    said.reason = chars("x");
    said.issued_at = &at;
    said.extends_product = chars("16901234000013");
    said.lots = lots;
    said.n_lots = 1;
    submit(fixture, RECALL_EXTENDED_TYPE, "medhub", &said.base);
    assert_accepted(fixture->trial);
}

static void scan_lot(struct fixture *fixture, ScanStep step, const char *who, const char *to, int quantity, bool late)
{
    ItemScanned said = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    Quantity count = MEDHUB__COMMON__V1__QUANTITY__INIT;
    Timestamp at = moment(fixture->trial->now_ms - (late ? 5 * HOUR_MS : 0));
    count.e4 = (int64_t)quantity * RECALL_ONE_E4;
    said.product = chars(PRODUCT);
    said.lot = chars("L0");
    said.step = step;
    said.holder = chars(step == STEP_OUTBOUND ? to : who);
    said.quantity = &count;
    said.scanned_at = &at;
    said.name = said.specification = chars("x");
    said.region = chars("650102");
    submit(fixture, "medhub.trace.item_scanned.v1", who, &said.base);
}

/* Whatever is scanned, told late, sent round in a circle or taken in before it was sent: as many are affected as were named. */
static void of_a_lot_as_many_are_affected_as_were_named(void **state)
{
    static const ScanStep steps[] = {STEP_INBOUND, STEP_OUTBOUND, STEP_SOLD, STEP_USED, STEP_RETURNED, STEP_DESTROYED};
    static const char *const who[] = {"H0", "H1", "H2", MAKER};
    (void)state;
    for (unsigned seed = 1; seed <= LIVES; seed++) {
        struct fixture fixture = {.trial = trial_new("2026-03-02T03:00:00Z"), .seed = seed};
        unsigned *dice = &fixture.seed;
        take_policy(fixture.trial->world);
        memory_put_policy_int(fixture.trial->world, BACKGROUND_ROWS, REGION_NATION, ROWS_A_ROUND);
        scan_lot(&fixture, STEP_PURCHASED, "H0", "", OF_THE_LOT + 5, true);
        reach_lot(&fixture);
        for (int i = 0; i < LOT_STEPS; i++) {
            fixture.trial->now_ms++;
            scan_lot(&fixture, steps[chance(dice, sizeof steps / sizeof *steps)], who[chance(dice, 4)], who[chance(dice, 4)],
                     1 + (int)chance(dice, 6), chance(dice, 3) == 0);
            if (i < 4) {
                trial_fire(fixture.trial, RECALL_ROUND_TIMER, PRODUCT, "recall/" RECALL);
                trial_apply(fixture.trial);
            }
        }
        const RecallState *recall = check(&fixture);
        assert_int_equal(recall->status, RECALL_OPEN);
        assert_int_equal(recall_affected_e4(recall->amounts), OF_THE_LOT * RECALL_ONE_E4);
        trial_free(fixture.trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holders_rows_are_the_sum_of_what_is_counted),
        cmocka_unit_test(what_goes_in_a_pack_is_told_and_followed_by_its_recall),
        cmocka_unit_test(each_unit_of_a_pack_is_named_once_in_bounded_rounds),
        cmocka_unit_test(of_a_lot_as_many_are_affected_as_were_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
