// links: medhub_domain
/* What the fund pays for is looked up on the catalogue of the day of service. */
#include "domain/settlement.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define PAYEE  "P65010000001"
#define PERSON "person-1"
#define SWITCH "settlement.catalogue.hard"
#define CODE   "settlement.line_not_on_catalogue"
#define EXCESS "settlement.excess_not_the_persons"
#define NOON   "2026-01-31T04:00:00Z"

/* 100.00 of one line, all of it in scope; the fund pays 70.00, the account the rest. In 650000 a finding
 * refuses. */
struct fixture {
    struct trial *trial;
    SettlementPosted said;
    Timestamp settled_at;
    SettlementAmounts amounts;
    Money all, nothing, fund, person_part, shared, over_limit;
    SettlementLine line, *lines[1];
    Quantity quantity;
    Medhub__Common__V1__Price price;
};

static Money money(int64_t fen)
{
    Money amount = MEDHUB__COMMON__V1__MONEY__INIT;
    amount.fen = fen;
    return amount;
}

static void fill_amounts(struct fixture *fixture)
{
    SettlementAmounts *amounts = &fixture->amounts;
    medhub__settlement__v1__amounts__init(amounts);
    fixture->all = money(10000);
    fixture->nothing = money(0);
    fixture->fund = money(7000);
    fixture->person_part = money(3000);
    amounts->total = amounts->in_scope = &fixture->all;
    amounts->self_paid = amounts->over_limit = amounts->first_self_pay = amounts->cash = &fixture->nothing;
    amounts->fund_total = &fixture->fund;
    amounts->person_total = amounts->account = &fixture->person_part;
}

static void fill_line(struct fixture *fixture)
{
    medhub__settlement__v1__line__init(&fixture->line);
    medhub__common__v1__quantity__init(&fixture->quantity);
    medhub__common__v1__price__init(&fixture->price);
    fixture->quantity.e4 = 10000;
    fixture->price.micro_yuan = 100000000;
    fixture->line.line_number = chars("1");
    fixture->line.quantity = &fixture->quantity;
    fixture->line.price = &fixture->price;
    fixture->line.amount = fixture->line.in_scope = &fixture->all;
    fixture->lines[0] = &fixture->line;
}

static void fill(struct fixture *fixture)
{
    SettlementPosted *said = &fixture->said;
    medhub__settlement__v1__posted__init(said);
    google__protobuf__timestamp__init(&fixture->settled_at);
    fill_amounts(fixture);
    fill_line(fixture);
    said->person = chars(PERSON);
    said->message_id = chars("M-1");
    said->settled_at = &fixture->settled_at;
    said->payee = chars(PAYEE);
    said->region_of_care = chars("650102");
    said->region_of_insurance = chars("650100");
    said->insurance_type = chars("310");
    said->amounts = &fixture->amounts;
    said->n_lines = 1;
    said->lines = fixture->lines;
}

static void put(struct fixture *fixture, const char *key, const char *region, const char *from,
                const char *until, Medhub__Catalogue__V1__PayClass pay_class)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    item.region = chars(region);
    item.pay_class = pay_class;
    memory_put_table(fixture->trial->world, TABLE_CATALOGUE, key, region, from, until, &item.base);
}

/* XOLD is on January's catalogue, XNEW on February's. */
static int set_up(void **state)
{
    static struct fixture fixture;
    static const char *const identities[] = {"settlement.i1.hard", "settlement.i6.hard",
                                             "settlement.i8.hard"};
    fixture.trial = trial_new("2026-02-01T03:00:05Z");
    for (size_t i = 0; i < sizeof identities / sizeof *identities; i++)
        memory_put_policy_int(fixture.trial->world, identities[i], REGION_NATION, 1);
    memory_put_policy_int(fixture.trial->world, SWITCH, REGION_NATION, 0);
    memory_put_policy_int(fixture.trial->world, SWITCH, "650000", 1);
    memory_put_policy_int(fixture.trial->world, "settlement.payment_standard.hard", REGION_NATION, 1);
    put(&fixture, "WESTERN_DRUG/XOLD", REGION_NATION, "2025-01-01", "2026-01-31", PAY_CLASS_B);
    put(&fixture, "WESTERN_DRUG/XNEW", REGION_NATION, "2026-02-01", "", PAY_CLASS_B);
    fill(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    trial_free(((struct fixture *)*state)->trial);
    return 0;
}

static void post_at(struct fixture *fixture, const char *code, const char *moment)
{
    assert_true(moment_parse(bytes_of(moment), &fixture->settled_at.seconds, &fixture->settled_at.nanos));
    fixture->line.catalogue_code = chars(code);
    trial_submit_as(fixture->trial, "post", "medhub.settlement.posted.v1", PAYEE, PERSON,
                    &fixture->said.base);
}

/* Whether the fund may pay for CODE at that moment: nothing is found, or this and no more. */
static bool is_paid_at(struct fixture *fixture, const char *code, const char *moment)
{
    post_at(fixture, code, moment);
    bool accepted = fixture->trial->decision.outcome == OUTCOME_ACCEPTED;
    assert_int_equal(fixture->trial->event.findings.count, accepted ? 0 : 1);
    if (!accepted)
        assert_refused(fixture->trial, CODE);
    return accepted;
}

static void the_catalogue_changes_at_midnight_to_the_millisecond(void **state)
{
    struct fixture *fixture = *state;
    assert_true(is_paid_at(fixture, "XOLD", "2026-01-31T23:59:59.999+08:00"));
    assert_false(is_paid_at(fixture, "XOLD", "2026-02-01T00:00:00.000+08:00"));
    assert_false(is_paid_at(fixture, "XNEW", "2026-01-31T23:59:59.999+08:00"));
    assert_true(is_paid_at(fixture, "XNEW", "2026-02-01T00:00:00.000+08:00"));
    /* the same moments as UTC spells them: the region's midnight counts */
    assert_true(is_paid_at(fixture, "XOLD", "2026-01-31T15:59:59.999Z"));
    assert_false(is_paid_at(fixture, "XOLD", "2026-01-31T16:00:00.000Z"));
}

static void the_day_of_service_decides_not_that_of_settlement(void **state)
{
    struct fixture *fixture = *state;
    Timestamp charged_at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    const char *february = "2026-02-01T01:00:00Z";
    fixture->said.service_date = chars("2026-01-31");
    assert_true(is_paid_at(fixture, "XOLD", february));
    assert_false(is_paid_at(fixture, "XNEW", february));
    assert_true(moment_parse(bytes_of("2026-01-31T16:00:00Z"), &charged_at.seconds, &charged_at.nanos));
    fixture->line.charged_at = &charged_at; /* the line's own day comes before */
    assert_false(is_paid_at(fixture, "XOLD", february));
    assert_true(is_paid_at(fixture, "XNEW", february));
}

static void across_provinces_the_list_of_the_place_of_care_holds(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "WESTERN_DRUG/XHOME", "650000", "2025-01-01", "", PAY_CLASS_B);
    put(fixture, "WESTERN_DRUG/XAWAY", "110000", "2025-01-01", "", PAY_CLASS_B);
    assert_true(is_paid_at(fixture, "XHOME", NOON));
    assert_false(is_paid_at(fixture, "XAWAY", NOON));
    fixture->said.region_of_care = chars("110101");
    assert_false(is_paid_at(fixture, "XHOME", NOON));
    assert_true(is_paid_at(fixture, "XAWAY", NOON));
}

static void the_fund_does_not_pay_for_class_c(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "WESTERN_DRUG/XC", REGION_NATION, "2025-01-01", "", PAY_CLASS_C);
    assert_false(is_paid_at(fixture, "XC", NOON));
    assert_finding(fixture->trial, SEVERITY_REFUSE, CODE, "lines[0].catalogueCode", "***",
                   "payable on the catalogue of region 650100 on 2026-01-31", "津医保局发〔2021〕106号");
}

static void what_the_fund_does_not_pay_is_not_looked_up(void **state)
{
    struct fixture *fixture = *state;
    fixture->line.in_scope = NULL; /* not said, and the person does not bear all of it */
    assert_false(is_paid_at(fixture, "XUNKNOWN", NOON));
    fixture->line.self_paid = fixture->amounts.self_paid = &fixture->all;
    fixture->amounts.in_scope = &fixture->nothing;
    assert_true(is_paid_at(fixture, "XUNKNOWN", NOON));
    fixture->line.in_scope = &fixture->all;
    fixture->line.self_paid = fixture->amounts.self_paid = &fixture->nothing;
    fixture->amounts.in_scope = &fixture->all;
    assert_false(is_paid_at(fixture, "XUNKNOWN", NOON));
    fixture->fund = money(0); /* all from the account */
    fixture->person_part = money(10000);
    assert_true(is_paid_at(fixture, "XUNKNOWN", NOON));
}

/* A letter names the kind; any code may be a service item; codes of no letter are looked for among all kinds.
 */
static void a_code_is_of_the_kind_that_its_letter_names(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *code, *key;
    } rows[] = {{"Z1", "PATENT_DRUG/Z1"},  {"Z2", "ETHNIC_DRUG/Z2"},          {"T1", "TCM_PIECE/T1"},
                {"T2", "TCM_GRANULE/T2"},  {"J1", "HOSPITAL_PREPARATION/J1"}, {"C1", "CONSUMABLE/C1"},
                {"C2", "SERVICE_ITEM/C2"}, {"001101", "SERVICE_ITEM/001101"}, {"N1", "WESTERN_DRUG/N1"},
                {"N2", "CONSUMABLE/N2"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(is_paid_at(fixture, rows[i].code, NOON));
        put(fixture, rows[i].key, REGION_NATION, "2025-01-01", "", PAY_CLASS_B);
        assert_true(is_paid_at(fixture, rows[i].code, NOON));
    }
    put(fixture, "WESTERN_DRUG/T3", REGION_NATION, "2025-01-01", "", PAY_CLASS_B);
    assert_false(is_paid_at(fixture, "T3", NOON)); /* a western drug's row is none of a piece */
}

static void where_the_region_is_not_hard_it_warns(void **state)
{
    struct fixture *fixture = *state;
    memory_put_policy_int(fixture->trial->world, SWITCH, "650100", 0);
    post_at(fixture, "XUNKNOWN", NOON);
    assert_accepted(fixture->trial);
    assert_finding(fixture->trial, SEVERITY_WARN, CODE, "lines[0].catalogueCode", "***",
                   "payable on the catalogue of region 650100 on 2026-01-31", "京医保中心发〔2021〕81号");
}

/* A line without a catalogue code is not judged. */
static void without_a_code_nothing_is_looked_up(void **state)
{
    assert_true(is_paid_at(*state, "", NOON));
}

/* What was accepted is not judged anew when it is said again after the catalogue was corrected. */
static void said_again_it_is_a_duplicate_whatever_the_catalogue(void **state)
{
    struct fixture *fixture = *state;
    assert_true(is_paid_at(fixture, "XOLD", NOON));
    trial_apply(fixture->trial);
    post_at(fixture, "XUNKNOWN", NOON);
    assert_int_equal(fixture->trial->decision.outcome, OUTCOME_DUPLICATE);
    assert_int_equal(fixture->trial->event.findings.count, 0);
}

static void a_bill_of_nothing_but_unknown_codes_leaves_room_for_other_findings(void **state)
{
    struct fixture *fixture = *state;
    SettlementLine *many[100];
    size_t found = 0;
    for (size_t i = 0; i < 100; i++)
        many[i] = &fixture->line;
    fixture->said.n_lines = 100;
    fixture->said.lines = many;
    post_at(fixture, "XUNKNOWN", NOON);
    const struct findings *findings = &fixture->trial->event.findings;
    for (size_t i = 0; i < findings->count; i++)
        found += strcmp(findings->items[i].code, CODE) == 0;
    assert_int_equal(found, 32);
    assert_refused(fixture->trial, "settlement.lines_do_not_add_up");
}

/* --- the excess over the payment standard --- */

/* Of 100.00 for one unit STANDARD_MICRO counts: whether the settlement is accepted that shares SHARED_FEN of it. */
static bool may_share(struct fixture *fixture, int64_t standard_micro, int64_t shared_fen)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    Medhub__Common__V1__Price standard = MEDHUB__COMMON__V1__PRICE__INIT;
    standard.micro_yuan = standard_micro;
    item.region = chars(REGION_NATION);
    item.pay_class = PAY_CLASS_B;
    item.payment_standard = &standard;
    memory_put_table(fixture->trial->world, TABLE_CATALOGUE, "WESTERN_DRUG/XS", REGION_NATION, "2025-01-01", "", &item.base);
    fixture->shared = money(shared_fen);
    fixture->over_limit = money(10000 - shared_fen);
    fixture->line.in_scope = fixture->amounts.in_scope = &fixture->shared;
    fixture->line.over_limit = fixture->amounts.over_limit = &fixture->over_limit;
    post_at(fixture, "XS", NOON);
    bool accepted = fixture->trial->decision.outcome == OUTCOME_ACCEPTED;
    if (!accepted)
        assert_refused(fixture->trial, EXCESS);
    return accepted;
}

static void the_excess_is_the_persons_to_the_fen_and_one_of_rounding(void **state)
{
    struct fixture *fixture = *state;
    assert_true(may_share(fixture, 100000000, 10000)); /* not dearer than the standard */
    assert_true(may_share(fixture, 80000000, 8000));
    assert_true(may_share(fixture, 80000000, 8001));
    assert_false(may_share(fixture, 80000000, 8002));
    assert_finding(fixture->trial, SEVERITY_REFUSE, EXCESS, "lines[0].overLimit", "19.98",
                   "the excess over 80.000000 a unit, the standard on 2026-01-31: at most 80.00 is shared", "内医保办发〔2021〕40号");
    assert_true(may_share(fixture, 33333333, 3333)); /* 33.333333 a unit */
    assert_false(may_share(fixture, 33333333, 3335));
}

static void the_first_self_pay_of_class_b_is_a_part_of_what_is_shared(void **state)
{
    struct fixture *fixture = *state;
    Money ten = money(1000), rest = money(9000);
    assert_true(may_share(fixture, 90000000, 9000));
    fixture->line.first_self_pay = fixture->amounts.first_self_pay = &ten;
    assert_false(may_share(fixture, 90000000, 9000)); /* 10.00 before and 90.00 shared are 100.00 of 90.00 */
    fixture->line.in_scope = fixture->amounts.in_scope = NULL;
    fixture->line.over_limit = fixture->amounts.over_limit = &ten;
    fixture->line.first_self_pay = NULL;
    fixture->amounts.first_self_pay = &fixture->nothing;
    fixture->amounts.in_scope = &rest;
    post_at(fixture, "XS", NOON); /* a line that does not say what is in scope: all but what is over the limit */
    assert_null(trial_finding(fixture->trial, EXCESS));
    fixture->line.over_limit = NULL;
    post_at(fixture, "XS", NOON);
    assert_non_null(trial_finding(fixture->trial, EXCESS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_catalogue_changes_at_midnight_to_the_millisecond),
        TEST(the_day_of_service_decides_not_that_of_settlement),
        TEST(across_provinces_the_list_of_the_place_of_care_holds),
        TEST(the_fund_does_not_pay_for_class_c),
        TEST(what_the_fund_does_not_pay_is_not_looked_up),
        TEST(a_code_is_of_the_kind_that_its_letter_names),
        TEST(where_the_region_is_not_hard_it_warns),
        TEST(without_a_code_nothing_is_looked_up),
        TEST(a_bill_of_nothing_but_unknown_codes_leaves_room_for_other_findings),
        TEST(the_excess_is_the_persons_to_the_fen_and_one_of_rounding),
        TEST(the_first_self_pay_of_class_b_is_a_part_of_what_is_shared),
        TEST(said_again_it_is_a_duplicate_whatever_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
