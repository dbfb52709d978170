#include "domain/settlement.h"

#include "base/money.h"
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define POSTED   "medhub.settlement.posted.v1"
#define REVERSED "medhub.settlement.reversed.v1"
#define PAYEE    "P65010000001"
#define PERSON   "person-1"

enum { LINES = 2, LAYERS = 2 };

/* 300.00 of two lines: 20.00 self-paid, 30.00 first self-pay, 250.00 in scope; funds pay 180.00, the
 * account 70.00, cash 45.00, the institution 5.00. Every identity holds; a test breaks one. */
struct fixture {
    struct trial *trial;
    SettlementPosted said;
    Timestamp settled_at;
    SettlementAmounts amounts;
    Money total, self_paid, over_limit, first_self_pay, in_scope, fund, person_part, account, cash, borne;
    SettlementLine line[LINES], *lines[LINES];
    Money line_amount[LINES], line_self_paid[LINES], line_first[LINES], line_in_scope[LINES];
    Quantity quantity[LINES];
    Medhub__Common__V1__Price price[LINES];
    Medhub__Settlement__V1__LayerPayment layer[LAYERS], *layers[LAYERS];
    Money layer_amount[LAYERS];
};

static Money money(int64_t fen)
{
    Money amount = MEDHUB__COMMON__V1__MONEY__INIT;
    amount.fen = fen;
    return amount;
}

static void fill_line(struct fixture *fixture, size_t i, const char *number, int64_t fen, int64_t self_paid,
                      int64_t first)
{
    medhub__settlement__v1__line__init(&fixture->line[i]);
    medhub__common__v1__quantity__init(&fixture->quantity[i]);
    medhub__common__v1__price__init(&fixture->price[i]);
    fixture->quantity[i].e4 = 20000;
    fixture->price[i].micro_yuan = fen / 2 * 10000;
    fixture->line_amount[i] = money(fen);
    fixture->line_self_paid[i] = money(self_paid);
    fixture->line_first[i] = money(first);
    fixture->line_in_scope[i] = money(fen - self_paid - first);
    fixture->line[i].line_number = chars(number);
    fixture->line[i].quantity = &fixture->quantity[i];
    fixture->line[i].price = &fixture->price[i];
    fixture->line[i].amount = &fixture->line_amount[i];
    fixture->line[i].self_paid = &fixture->line_self_paid[i];
    fixture->line[i].first_self_pay = &fixture->line_first[i];
    fixture->line[i].in_scope = &fixture->line_in_scope[i];
    fixture->lines[i] = &fixture->line[i];
}

static void fill_layer(struct fixture *fixture, size_t i, int64_t fen)
{
    medhub__settlement__v1__layer_payment__init(&fixture->layer[i]);
    fixture->layer_amount[i] = money(fen);
    fixture->layer[i].layer = (Medhub__Settlement__V1__Layer)(i + 1);
    fixture->layer[i].amount = &fixture->layer_amount[i];
    fixture->layers[i] = &fixture->layer[i];
}

static void fill_amounts(struct fixture *fixture)
{
    SettlementAmounts *amounts = &fixture->amounts;
    medhub__settlement__v1__amounts__init(amounts);
    fixture->total = money(30000);
    fixture->self_paid = money(2000);
    fixture->over_limit = money(0);
    fixture->first_self_pay = money(3000);
    fixture->in_scope = money(25000);
    fixture->fund = money(18000);
    fixture->person_part = money(11500);
    fixture->account = money(7000);
    fixture->cash = money(4500);
    fixture->borne = money(500);
    amounts->total = &fixture->total;
    amounts->self_paid = &fixture->self_paid;
    amounts->over_limit = &fixture->over_limit;
    amounts->first_self_pay = &fixture->first_self_pay;
    amounts->in_scope = &fixture->in_scope;
    amounts->fund_total = &fixture->fund;
    amounts->person_total = &fixture->person_part;
    amounts->account = &fixture->account;
    amounts->cash = &fixture->cash;
    amounts->institution_borne = &fixture->borne;
}

static void fill(struct fixture *fixture)
{
    SettlementPosted *said = &fixture->said;
    medhub__settlement__v1__posted__init(said);
    google__protobuf__timestamp__init(&fixture->settled_at);
    assert_true(moment_parse(bytes_of("2026-01-31T03:00:00Z"), &fixture->settled_at.seconds,
                             &fixture->settled_at.nanos));
    fill_amounts(fixture);
    fill_line(fixture, 0, "1", 10000, 2000, 0);
    fill_line(fixture, 1, "2", 20000, 0, 3000);
    fill_layer(fixture, 0, 15000);
    fill_layer(fixture, 1, 3000);
    said->person = chars(PERSON);
    said->message_id = chars("M-1");
    said->settled_at = &fixture->settled_at;
    said->payee = chars(PAYEE);
    said->quota_owner = chars("H65010200001");
    said->region_of_care = chars("650102");
    said->region_of_insurance = chars("650100");
    said->insurance_type = chars("310");
    said->amounts = &fixture->amounts;
    said->n_layers = LAYERS;
    said->layers = fixture->layers;
    said->n_lines = LINES;
    said->lines = fixture->lines;
}

static void register_agency(struct trial *trial)
{
    Organisation agency = MEDHUB__REGISTRY__V1__ORGANISATION__INIT;
    agency.id = chars("agency-650100");
    agency.kind = ORGANISATION_INSURER_AGENCY;
    agency.state = STATE_LIVE;
    memory_put_table(trial->world, TABLE_REGISTRY, agency.id, REGION_NATION, "2025-01-01", "", &agency.base);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.trial = trial_new("2026-01-31T03:00:05Z");
    memory_put_policy_int(fixture.trial->world, "settlement.i1.hard", REGION_NATION, 1);
    memory_put_policy_int(fixture.trial->world, "settlement.i6.hard", REGION_NATION, 1);
    memory_put_policy_int(fixture.trial->world, "settlement.i8.hard", REGION_NATION, 1);
    register_agency(fixture.trial);
    fill(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    trial_free(((struct fixture *)*state)->trial);
    return 0;
}

static void post(struct fixture *fixture)
{
    trial_submit_as(fixture->trial, "post-1", POSTED, PAYEE, PERSON, &fixture->said.base);
}

/* --- posted --- */

static void a_right_settlement_becomes_a_fact_and_a_row(void **state)
{
    struct fixture *fixture = *state;
    post(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->event.findings.count, 0);
    assert_int_equal(fixture->trial->decision.fact_count, 1);
    assert_string_equal(fixture->trial->decision.writes[0].name, "settlement/M-1");
    assert_int_equal(trial_delivery(fixture->trial, 0, "insurer@650100"), VISIBLE_ALL);
    assert_int_equal(trial_delivery(fixture->trial, 0, "H65010200001"),
                     VISIBLE_PUBLIC | VISIBLE_ORGANISATION | VISIBLE_CLINICAL);
    assert_int_equal(trial_delivery(fixture->trial, 0, PAYEE), 0); /* it said so itself */
}

static void an_agency_may_say_it_and_the_payee_hears_it(void **state)
{
    struct fixture *fixture = *state;
    trial_submit(fixture->trial, POSTED, "agency-650100", PERSON, &fixture->said.base);
    assert_accepted(fixture->trial);
    assert_int_equal(trial_delivery(fixture->trial, 0, PAYEE), VISIBLE_ALL);
}

static void nobody_else_may_say_it(void **state)
{
    struct fixture *fixture = *state;
    trial_submit(fixture->trial, POSTED, "H65010200001", PERSON, &fixture->said.base);
    assert_refused(fixture->trial, "settlement.source_is_no_party");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.source_is_no_party", "payee", PAYEE,
                   "the source, H65010200001, or an insurer agency", "津医保局发〔2021〕106号");
}

static void the_person_must_be_the_key(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.person = chars("person-2");
    post(fixture);
    assert_refused(fixture->trial, "settlement.person_differs");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.person_differs", "person", "***",
                   "the key of the event", "psn_no");
}

static void no_layer_pays_less_than_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture->layer_amount[0].fen = 18001;
    fixture->layer_amount[1].fen = -1;
    post(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.layer_negative", "layers[1].amount", "-0.01",
                   "0.00 or more", "fund_payamt");
}

/* --- said again --- */

static void the_same_again_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    post(fixture);
    trial_apply(fixture->trial);
    trial_submit_as(fixture->trial, "post-2", POSTED, PAYEE, PERSON, &fixture->said.base);
    assert_int_equal(fixture->trial->decision.outcome, OUTCOME_DUPLICATE);
    assert_string_equal(fixture->trial->decision.duplicate_of, "post-1");
    assert_int_equal(fixture->trial->decision.fact_count, 0);
    assert_int_equal(fixture->trial->decision.write_count, 0);
}

static void other_amounts_under_the_same_id_are_refused(void **state)
{
    struct fixture *fixture = *state;
    post(fixture);
    trial_apply(fixture->trial);
    fixture->account.fen -= 100;
    fixture->cash.fen += 100;
    post(fixture);
    assert_refused(fixture->trial, "settlement.message_id_reused");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.message_id_reused", "messageId", "M-1",
                   "the amounts first posted under it: total 300.00, fund 180.00", "medins_setl_id");
}

/* --- identities --- */

static void i1_refuses_to_the_fen(void **state)
{
    struct fixture *fixture = *state;
    fixture->line_amount[0].fen += 1;
    post(fixture);
    assert_refused(fixture->trial, "settlement.lines_do_not_add_up");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.lines_do_not_add_up", "amounts.total",
                   "300.00", "300.01", "《定点医药机构接口规范》：2206、2207 入参由 2204 明细汇总");
}

static void i1_looks_only_at_what_lines_state(void **state)
{
    struct fixture *fixture = *state;
    fixture->line[0].self_paid = NULL;
    fixture->line[1].self_paid = NULL;
    post(fixture);
    assert_accepted(fixture->trial);
    assert_null(trial_finding(fixture->trial, "settlement.lines_do_not_add_up"));
}

static void i2_warns(void **state)
{
    struct fixture *fixture = *state;
    fixture->price[1].micro_yuan += 10000;
    post(fixture);
    assert_accepted(fixture->trial);
    assert_finding(fixture->trial, SEVERITY_WARN, "settlement.line_amount_differs", "lines[1].amount",
                   "200.00", "200.02", "det_item_fee_sumamt = cnt");
}

static void i3_warns(void **state)
{
    struct fixture *fixture = *state;
    fixture->over_limit.fen = 7;
    post(fixture);
    assert_accepted(fixture->trial);
    assert_finding(fixture->trial, SEVERITY_WARN, "settlement.partition_differs", "amounts.total", "300.00",
                   "300.07", "medfee_sumamt = fulamt_ownpay_amt");
}

static void i4_warns(void **state)
{
    struct fixture *fixture = *state;
    fixture->layer_amount[1].fen -= 50;
    post(fixture);
    assert_accepted(fixture->trial);
    assert_finding(fixture->trial, SEVERITY_WARN, "settlement.layers_do_not_add_up", "amounts.fundTotal",
                   "180.00", "179.50", "fund_pay_sumamt 为");
}

static void i6_refuses_and_i7_warns(void **state)
{
    struct fixture *fixture = *state;
    fixture->person_part.fen += 1;
    post(fixture);
    assert_refused(fixture->trial, "settlement.person_part_differs");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.person_part_differs", "amounts.personTotal",
                   "115.01", "115.00", "psn_part_amt = medfee_sumamt");
    assert_finding(fixture->trial, SEVERITY_WARN, "settlement.account_and_cash_differ", "amounts.personTotal",
                   "115.01", "115.00", "psn_part_amt = acct_pay");
}

static void i8_refuses(void **state)
{
    struct fixture *fixture = *state;
    fixture->cash.fen -= 1;
    post(fixture);
    assert_refused(fixture->trial, "settlement.payers_do_not_add_up");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.payers_do_not_add_up", "amounts.total",
                   "300.00", "299.99", "medfee_sumamt = fund_pay_sumamt");
}

static void a_region_may_switch_an_identity_to_a_warning(void **state)
{
    struct fixture *fixture = *state;
    memory_put_policy_int(fixture->trial->world, "settlement.i8.hard", "650000", 0);
    fixture->cash.fen -= 1;
    post(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(trial_finding(fixture->trial, "settlement.payers_do_not_add_up")->severity,
                     SEVERITY_WARN);
}

static void sums_out_of_range_are_a_difference(void **state)
{
    struct fixture *fixture = *state;
    fixture->fund.fen = INT64_MAX;
    fixture->account.fen = INT64_MAX;
    fixture->borne.fen = INT64_MIN;
    post(fixture);
    assert_refused(fixture->trial, "settlement.payers_do_not_add_up");
    assert_string_equal(trial_finding(fixture->trial, "settlement.payers_do_not_add_up")->expected,
                        "out of range");
}

/* --- reversed --- */

static SettlementReversed reversal(struct fixture *fixture, const char *message_id)
{
    SettlementReversed said = MEDHUB__SETTLEMENT__V1__REVERSED__INIT;
    said.person = chars(PERSON);
    said.message_id = chars(message_id);
    said.original_message_id = chars("M-1");
    said.payee = chars(PAYEE);
    said.reversed_at = &fixture->settled_at;
    said.total = &fixture->total;
    said.fund_total = &fixture->fund;
    return said;
}

static void reverse(struct fixture *fixture, const SettlementReversed *said)
{
    trial_submit_as(fixture->trial, said->message_id, REVERSED, PAYEE, PERSON, &said->base);
}

static void what_was_posted_is_reversed_once(void **state)
{
    struct fixture *fixture = *state;
    SettlementReversed first = reversal(fixture, "M-2"), second = reversal(fixture, "M-3");
    post(fixture);
    trial_apply(fixture->trial);
    reverse(fixture, &first);
    assert_accepted(fixture->trial);
    assert_int_equal(trial_delivery(fixture->trial, 0, "insurer@650100"), VISIBLE_ALL);
    trial_apply(fixture->trial);

    reverse(fixture, &first);
    assert_int_equal(fixture->trial->decision.outcome, OUTCOME_DUPLICATE);
    assert_string_equal(fixture->trial->decision.duplicate_of, "M-2");
    reverse(fixture, &second);
    assert_refused(fixture->trial, "settlement.reversed_before");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.reversed_before", "originalMessageId", "M-1",
                   "not reversed yet; reversed by M-2", "2601");
}

static void nothing_is_taken_back_that_was_not_posted(void **state)
{
    struct fixture *fixture = *state;
    SettlementReversed said = reversal(fixture, "M-2");
    reverse(fixture, &said);
    assert_refused(fixture->trial, "settlement.reversal_of_nothing");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.reversal_of_nothing", "originalMessageId",
                   "M-1", "the message id of a settlement posted for this person", "omsgid");
}

static void a_reversal_takes_back_exactly_what_was_posted(void **state)
{
    struct fixture *fixture = *state;
    SettlementReversed said = reversal(fixture, "M-2");
    Money less = money(29999);
    post(fixture);
    trial_apply(fixture->trial);
    said.total = &less;
    reverse(fixture, &said);
    assert_refused(fixture->trial, "settlement.reversal_differs");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "settlement.reversal_differs", "total", "299.99",
                   "300.00", "2208");
    said.total = NULL; /* not stated: all of it */
    reverse(fixture, &said);
    assert_accepted(fixture->trial);
}

static void only_a_party_reverses(void **state)
{
    struct fixture *fixture = *state;
    SettlementReversed said = reversal(fixture, "M-2");
    trial_submit(fixture->trial, REVERSED, "H65010200001", "person-2", &said.base);
    assert_refused(fixture->trial, "settlement.source_is_no_party");
    assert_refused(fixture->trial, "settlement.person_differs");
}

/* --- property: what is accepted conserves money --- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Splits a random total among the payers, then sometimes moves a fen so that it no longer adds up. */
static bool draw_amounts(struct fixture *fixture, uint32_t *seed)
{
    int64_t weights[4], parts[4];
    int64_t total = (int64_t)(next_random(seed) % 10000000);
    for (size_t i = 0; i < 4; i++)
        weights[i] = 1 + (int64_t)(next_random(seed) % 100);
    assert_true(money_allocate(total, weights, 4, parts));
    assert_int_equal(parts[0] + parts[1] + parts[2] + parts[3], total);

    fixture->said.n_layers = 0;
    fixture->said.n_lines = 1;
    fixture->line_amount[0].fen = fixture->total.fen = fixture->in_scope.fen = total;
    fixture->line_in_scope[0].fen = total;
    fixture->line_self_paid[0].fen = fixture->self_paid.fen = 0;
    fixture->line_first[0].fen = fixture->first_self_pay.fen = 0;
    fixture->fund.fen = parts[0];
    fixture->account.fen = parts[1];
    fixture->cash.fen = parts[2];
    fixture->borne.fen = parts[3];
    fixture->person_part.fen = parts[1] + parts[2];

    bool spoilt = next_random(seed) % 2 == 0;
    if (spoilt)
        (next_random(seed) % 2 == 0 ? &fixture->fund : &fixture->person_part)->fen += 1;
    return spoilt;
}

static void accepted_settlements_conserve_money(void **state)
{
    struct fixture *fixture = *state;
    uint32_t seed = 20260131;
    for (int round = 0; round < 2000; round++) {
        bool spoilt = draw_amounts(fixture, &seed);
        post(fixture);
        assert_int_equal(fixture->trial->decision.outcome, spoilt ? OUTCOME_REFUSED : OUTCOME_ACCEPTED);
        if (spoilt)
            continue;
        const SettlementState *row = (const SettlementState *)fixture->trial->decision.writes[0].message;
        assert_int_equal(row->fund_fen + row->account_fen + row->cash_fen + fixture->borne.fen,
                         row->total_fen);
    }
}

static void the_same_input_gives_the_same_decision(void **state)
{
    struct fixture *fixture = *state;
    struct arena *kept = arena_new(64 * 1024, 64 * 1024 * 1024);
    uint32_t seed = 7;
    for (int round = 0; round < 200; round++) {
        draw_amounts(fixture, &seed);
        post(fixture);
        struct bytes first = trial_bytes(fixture->trial, kept);
        post(fixture);
        assert_true(bytes_equal(first, trial_bytes(fixture->trial, kept)));
    }
    arena_free(kept);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_right_settlement_becomes_a_fact_and_a_row),
        TEST(an_agency_may_say_it_and_the_payee_hears_it),
        TEST(nobody_else_may_say_it),
        TEST(the_person_must_be_the_key),
        TEST(no_layer_pays_less_than_nothing),
        TEST(the_same_again_changes_nothing),
        TEST(other_amounts_under_the_same_id_are_refused),
        TEST(i1_refuses_to_the_fen),
        TEST(i1_looks_only_at_what_lines_state),
        TEST(i2_warns),
        TEST(i3_warns),
        TEST(i4_warns),
        TEST(i6_refuses_and_i7_warns),
        TEST(i8_refuses),
        TEST(a_region_may_switch_an_identity_to_a_warning),
        TEST(sums_out_of_range_are_a_difference),
        TEST(what_was_posted_is_reversed_once),
        TEST(nothing_is_taken_back_that_was_not_posted),
        TEST(a_reversal_takes_back_exactly_what_was_posted),
        TEST(only_a_party_reverses),
        TEST(accepted_settlements_conserve_money),
        TEST(the_same_input_gives_the_same_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
