/* The decision that is explained is made by support/trial.h, on rows that have the same versions as in the tables; its
 * facts are packed as emit.c packs them. */
#include "flow/explain.h"

#include "domain/messages.h"
#include "event/pack.h"
#include "event/unpack.h"
#include "flow/walk.h"
#include "support/trial.h"

#include "support/samples.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define UPLOADED    "medhub.prescription.uploaded.v1"
#define HOSPITAL_ID "H65010000001"
#define PERSON      "p:9f86d081884c7d659a2feaa0c55ad015"
#define OMEPRAZOLE  "WESTERN_DRUG/XA02BCA211A012010100154"
#define REBAMIPIDE  "WESTERN_DRUG/XA02BXR039A001010104321"

struct fixture {
    struct arena *arena;
    struct trial *trial;
    struct settings settings;
    char directory[64];
    struct tables *tables;
    struct tables_reader *reader;
    struct rebuild *rebuild;
    Organisation hospital;
    char *roles[1];
    CatalogueItem drugs[2];
    Medhub__Prescription__V1__Uploaded *said;
    uint64_t version; /* of the key */
    struct explain_target target;
    RecordedReceipt receipt;
    struct explanation explanation;
};

/* --- the world, twice: for the trial, and as the tables' topics tell it --- */

static void put_in_tables(struct fixture *fixture, const char *table, const char *key, uint64_t version,
                          const ProtobufCMessage *message)
{
    Medhub__Event__V1__TableRow row = MEDHUB__EVENT__V1__TABLE_ROW__INIT;
    struct bytes value = pack_message(message, fixture->arena);
    struct fault fault;

    row.table = chars(table);
    row.key = chars(key);
    row.region = chars(REGION_NATION);
    row.valid_from = chars("2025-01-01");
    row.version = version;
    row.value = (ProtobufCBinaryData){value.length, (uint8_t *)(uintptr_t)value.data};
    assert_int_equal(tables_begin(fixture->tables, &fault), STATUS_OK);
    assert_int_equal(tables_apply(fixture->tables, bytes_of("key"), pack_message(&row.base, fixture->arena), &fault),
                     STATUS_OK);
    assert_int_equal(tables_commit(fixture->tables, &fault), STATUS_OK);
}

static void put_in_trial(struct fixture *fixture, const char *table, const char *key, const ProtobufCMessage *message)
{
    memory_put_table(fixture->trial->world, table, key, REGION_NATION, "2025-01-01", "", message);
}

static void fill_rows(struct fixture *fixture)
{
    static const char *const codes[] = {"XA02BCA211A012010100154", "XA02BXR039A001010104321"};

    fixture->hospital = (Organisation)MEDHUB__REGISTRY__V1__ORGANISATION__INIT;
    fixture->hospital.id = chars(HOSPITAL_ID);
    fixture->hospital.kind = ORGANISATION_HOSPITAL;
    fixture->hospital.state = STATE_LIVE;
    fixture->hospital.region = chars("650102");
    fixture->hospital.designated_from = chars("2025-01-01");
    fixture->hospital.n_roles = 1;
    fixture->roles[0] = chars("hospital");
    fixture->hospital.roles = fixture->roles;
    for (size_t i = 0; i < 2; i++) {
        fixture->drugs[i] = (CatalogueItem)MEDHUB__CATALOGUE__V1__ITEM__INIT;
        fixture->drugs[i].kind = KIND_WESTERN_DRUG;
        fixture->drugs[i].code = chars(codes[i]);
    }
}

static void put_rows(struct fixture *fixture)
{
    put_in_trial(fixture, TABLE_REGISTRY, HOSPITAL_ID, &fixture->hospital.base); /* version 1 */
    put_in_trial(fixture, TABLE_CATALOGUE, OMEPRAZOLE, &fixture->drugs[0].base);
    put_in_trial(fixture, TABLE_CATALOGUE, REBAMIPIDE, &fixture->drugs[1].base);
    put_in_tables(fixture, TABLE_REGISTRY, HOSPITAL_ID, 1, &fixture->hospital.base);
    put_in_tables(fixture, TABLE_CATALOGUE, OMEPRAZOLE, 2, &fixture->drugs[0].base);
}

static void open_tables(struct fixture *fixture)
{
    struct store_settings settings = {.directory = fixture->directory, .boot_id = "", .map_bytes = 16 * 1024 * 1024};
    struct fault fault;
    bool empty;

    strcpy(fixture->directory, "/tmp/medhub-test-explain-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    settings.directory = fixture->directory;
    assert_int_equal(tables_open(&settings, &fixture->tables, &empty, &fault), STATUS_OK);
    assert_int_equal(tables_reader_open(fixture->tables, &fixture->reader, &fault), STATUS_OK);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    fixture->arena = arena_new(256 * 1024, 64 * 1024 * 1024);
    fixture->trial = trial_new("2026-01-31T08:00:05Z");
    fixture->settings = (struct settings){.hub_operator = "medhub", .event_bytes_max = 1 << 20, .dedupe_days = 30};
    open_tables(fixture);
    const struct rebuild_settings settings = {domains_all, "medhub", fixture->reader, fixture->trial->calendar,
                                              64 * 1024 * 1024};
    fixture->rebuild = rebuild_new(&settings, bytes_of(PERSON));
    assert_non_null(fixture->rebuild);
    fill_rows(fixture);
    put_rows(fixture);
    fixture->said = sample_prescription(fixture->arena);
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status, (void)flag, (void)place;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    rebuild_free(fixture->rebuild);
    tables_reader_close(fixture->reader);
    tables_close(fixture->tables);
    (void)nftw(fixture->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    trial_free(fixture->trial);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

/* --- facts and receipts as the engine writes them --- */

static Medhub__Event__V1__ConsultedRow *recorded_row(struct fixture *fixture, const struct consulted_row *row)
{
    Medhub__Event__V1__ConsultedRow *made = arena_take(fixture->arena, sizeof *made);
    char day[DATE_TEXT_BYTES];

    medhub__event__v1__consulted_row__init(made);
    made->table = arena_text(fixture->arena, bytes_of(row->table));
    made->key = arena_text(fixture->arena, bytes_of(row->key));
    made->region = arena_text(fixture->arena, bytes_of(row->region));
    made->valid_from =
        row->version == 0 ? chars("") : arena_format(fixture->arena, "%s", date_format(row->valid_from, day));
    made->version = row->version;
    return made;
}

static Provenance *record_provenance(struct fixture *fixture, const char *topic, int64_t offset)
{
    Provenance *made = arena_take(fixture->arena, sizeof *made);
    const struct view *view = &fixture->trial->view;

    medhub__event__v1__provenance__init(made);
    made->topic = chars(topic);
    made->offset = offset;
    made->decided_at_ms = fixture->trial->now_ms;
    made->rows = arena_take(fixture->arena, (view->consulted_count + 1) * sizeof *made->rows);
    for (size_t i = 0; i < view->consulted_count; i++)
        made->rows[made->n_rows++] = recorded_row(fixture, &view->consulted[i]);
    return made;
}

static void add_facts(struct fixture *fixture, Provenance *provenance)
{
    const struct trial *trial = fixture->trial;
    struct fault fault;

    for (size_t i = 0; i < trial->decision.fact_count; i++) {
        const struct decided_fact *fact = &trial->decision.facts[i];
        struct event_attributes attributes = trial->event.attributes;
        struct bytes bare =
            fact->original.data != NULL ? fact->original : pack_message(fact->message, fixture->arena);
        attributes.type = fact->type;
        provenance->index = (uint32_t)i;
        provenance->version = ++fixture->version;
        assert_int_equal(rebuild_add_fact(fixture->rebuild, &attributes,
                                          &(struct event_position){"medhub.fact.prescription", 0, (int64_t)fixture->version},
                                          pack_fact(bare, &provenance->base, fixture->arena), &fault),
                         STATUS_OK);
    }
}

static void record_findings(struct fixture *fixture)
{
    const struct findings *findings = &fixture->trial->event.findings;
    RecordedReceipt *receipt = &fixture->receipt;

    receipt->n_findings = findings->count;
    receipt->findings = arena_take(fixture->arena, (findings->count + 1) * sizeof *receipt->findings);
    for (size_t i = 0; i < findings->count; i++) {
        Medhub__Event__V1__Finding *made = arena_take(fixture->arena, sizeof *made);
        const struct finding *of = &findings->items[i];
        medhub__event__v1__finding__init(made);
        made->severity = (Medhub__Event__V1__Severity)of->severity;
        made->code = arena_text(fixture->arena, bytes_of(of->code));
        made->rule = arena_text(fixture->arena, bytes_of(of->rule));
        made->path = arena_text(fixture->arena, bytes_of(of->path));
        made->found = arena_text(fixture->arena, bytes_of(of->found));
        made->expected = arena_text(fixture->arena, bytes_of(of->expected));
        receipt->findings[i] = made;
    }
}

/* What was just decided is what is to be explained. */
static void aim(struct fixture *fixture, const char *topic, int64_t offset, uint64_t version)
{
    const struct event *event = &fixture->trial->event;

    fixture->receipt = (RecordedReceipt)MEDHUB__EVENT__V1__RECEIPT__INIT;
    fixture->receipt.outcome = (Medhub__Event__V1__Outcome)fixture->trial->decision.outcome;
    fixture->receipt.version = version;
    record_findings(fixture);
    fixture->target = (struct explain_target){
        .attributes = event->attributes,
        .position = {topic, 0, offset},
        .value = event->value.data == NULL ? BYTES_NONE : arena_bytes(fixture->arena, event->value),
        .receipt = &fixture->receipt,
        .decided_at_ms = fixture->trial->now_ms,
        .settings = &fixture->settings,
        .tables = fixture->tables,
        .visible = SENSITIVITY_ALL,
    };
}

static void submit(struct fixture *fixture, const char *id, int64_t offset)
{
    uint64_t before = fixture->version;

    trial_submit_as(fixture->trial, id, UPLOADED, HOSPITAL_ID, PERSON, &fixture->said->base);
    add_facts(fixture, record_provenance(fixture, "medhub.inbox.prescription", offset));
    aim(fixture, "medhub.inbox.prescription", offset, fixture->version > before ? before + 1 : 0);
    trial_apply(fixture->trial);
}

static const struct explanation *explain(struct fixture *fixture)
{
    struct fault fault;

    assert_int_equal(tables_reader_renew(fixture->reader, &fault), STATUS_OK);
    assert_int_equal(explain_run(fixture->rebuild, &fixture->target, fixture->arena, &fixture->explanation, &fault),
                     STATUS_OK);
    return &fixture->explanation;
}

static void print_difference(const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->difference_count; i++)
        print_message("  %s: recorded \"%s\", made again \"%s\"\n", explanation->differences[i].what,
                      explanation->differences[i].recorded, explanation->differences[i].remade);
    for (size_t i = 0; i < explanation->gap_count; i++)
        print_message("  gap: %s\n", explanation->gaps[i].en);
}

static void assert_verdict(const struct explanation *explanation, enum explain_verdict verdict)
{
    if (explanation->verdict != verdict)
        print_difference(explanation);
    assert_int_equal(explanation->verdict, verdict);
}

static const struct explain_difference *difference(const struct explanation *explanation, const char *what)
{
    for (size_t i = 0; i < explanation->difference_count; i++)
        if (strcmp(explanation->differences[i].what, what) == 0)
            return &explanation->differences[i];
    return NULL;
}

/* --- the same --- */

static void an_accepted_event_comes_out_the_same(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    submit(fixture, "e1", 10);
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_SAME);
    assert_true(explanation->decided);
    assert_false(explanation->tables_as_they_are);
    assert_int_equal(explanation->remade.view.consulted_count, 8); /* issuer, its licences, doctor, his register, two drugs without limits */
    assert_int_equal(explanation->remade.decision.fact_count, 1);
    assert_int_equal(explanation->provenance->version, 1);
    for (size_t i = 0; i < EXPLAIN_STAGES; i++)
        assert_int_equal(explanation->stages[i].state, STAGE_PASSED);
}

static void rows_that_came_later_change_nothing(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    submit(fixture, "e1", 10);
    fixture->hospital.state = STATE_SUSPENDED;
    put_in_tables(fixture, TABLE_REGISTRY, HOSPITAL_ID, 9, &fixture->hospital.base);
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_SAME);
    assert_string_equal(explanation->stages[1].note, "the registry as it is now would refuse it");
}

static void a_refused_event_sees_what_came_before(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    submit(fixture, "e1", 10);
    fixture->trial->now_ms += 1000;
    submit(fixture, "e2", 11);
    assert_refused(fixture->trial, "prescription.national_number_repeated");
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_SAME);
    assert_true(explanation->tables_as_they_are);
    assert_int_equal(fixture->rebuild->report.steps, 1);
    assert_int_equal(explanation->remade.decision.outcome, OUTCOME_REFUSED);
    assert_int_equal(explanation->stages[4].state, STAGE_REFUSED);
    assert_int_equal(explanation->stages[5].state, STAGE_NOT_REACHED);
}

/* A fact that does not say when its timer was due has the moment as its offset. */
static void assert_timer_comes_out_the_same(struct fixture *fixture, bool says_when)
{
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    submit(fixture, "e1", 10);
    const struct decided_timer timer = fixture->trial->decision.timers[0];
    const char *name = arena_text(fixture->arena, bytes_of(timer.name));
    fixture->trial->now_ms = timer.due_ms;
    trial_fire(fixture->trial, timer.type, PERSON, name);
    assert_int_equal(fixture->trial->decision.fact_count, 1);
    int64_t offset = says_when ? walk_timer_offset(bytes_of(name), bytes_of(PERSON), timer.due_ms) : timer.due_ms;
    Provenance *provenance = record_provenance(fixture, "timer", offset);
    provenance->cause_id = arena_format(fixture->arena, "timer/%s", name);
    provenance->due_ms = says_when ? timer.due_ms : 0;
    add_facts(fixture, provenance);
    aim(fixture, "timer", offset, fixture->version);
    fixture->target.receipt = NULL;
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_SAME);
    assert_int_equal(explanation->provenance->version, 2);
    assert_string_equal(explanation->remade.event.attributes.subject, name);
    assert_string_equal(explanation->remade.event.attributes.id,
                        walk_timer_id(fixture->arena, name, bytes_of(PERSON), timer.due_ms));
}

static void a_timer_comes_out_the_same(void **state)
{
    assert_timer_comes_out_the_same(*state, true);
}

static void an_older_timer_comes_out_the_same(void **state)
{
    assert_timer_comes_out_the_same(*state, false);
}

static void the_same_event_again_is_a_duplicate_of_the_first_fact(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    submit(fixture, "e1", 10);
    fixture->target.position.offset = 17;
    fixture->target.decided_at_ms += 5000;
    fixture->receipt.outcome = MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE;
    fixture->receipt.first_id = chars("e1");
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_SAME);
    assert_int_equal(explanation->first_version, 1);
    assert_int_equal(explanation->stages[2].state, STAGE_ANSWERED);
    assert_false(explanation->decided);
}

/* The refusal stands on a prescription that the fact of another topic wrote in the same batch: before it, then. */
static void an_order_that_is_not_recorded_is_the_one_that_fits(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    trial_submit_as(fixture->trial, "e1", UPLOADED, HOSPITAL_ID, PERSON, &fixture->said->base);
    add_facts(fixture, record_provenance(fixture, "medhub.inbox.other", 99));
    trial_apply(fixture->trial);
    submit(fixture, "e2", 11); /* in the same millisecond */
    assert_refused(fixture->trial, "prescription.national_number_repeated");
    assert_verdict(explain(fixture), EXPLAIN_SAME);
    assert_int_equal(fixture->rebuild->report.steps, 1);
}

static void an_order_that_nothing_fits_is_told(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    trial_submit_as(fixture->trial, "e1", UPLOADED, HOSPITAL_ID, PERSON, &fixture->said->base);
    add_facts(fixture, record_provenance(fixture, "medhub.inbox.other", 99));
    trial_apply(fixture->trial);
    submit(fixture, "e2", 11);
    fixture->receipt.findings[0]->rule = chars("RX-999");
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_INCOMPLETE);
    assert_int_equal(explanation->gap_count, 1);
    assert_non_null(strstr(explanation->gaps[0].en, "in the same batch"));
}

/* --- differences --- */

static void a_changed_row_is_told(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    submit(fixture, "e1", 10);
    fixture->hospital.kind = ORGANISATION_PHARMACY;
    put_in_tables(fixture, TABLE_REGISTRY, HOSPITAL_ID, 1, &fixture->hospital.base);
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_DIFFERS);
    assert_string_equal(difference(explanation, "outcome")->recorded, "accepted");
    assert_string_equal(difference(explanation, "outcome")->remade, "refused");
    assert_string_equal(explanation->remade.event.findings.items[0].code, "prescription.issuer_of_wrong_kind");
}

static void a_look_up_that_the_fact_does_not_name_is_told(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    trial_submit_as(fixture->trial, "e1", UPLOADED, HOSPITAL_ID, PERSON, &fixture->said->base);
    Provenance *provenance = record_provenance(fixture, "medhub.inbox.prescription", 10);
    provenance->n_rows--;
    add_facts(fixture, provenance);
    aim(fixture, "medhub.inbox.prescription", 10, 1);
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_DIFFERS);
    assert_non_null(difference(explanation, "rows"));
    assert_string_equal(difference(explanation, "rows")->recorded, "not read");
}

static void a_finding_that_says_something_else_is_told(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    submit(fixture, "e1", 10);
    fixture->trial->now_ms += 1000;
    submit(fixture, "e2", 11);
    fixture->receipt.findings[0]->rule = chars("RX-999");
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_DIFFERS);
    assert_string_equal(difference(explanation, "findings[0].rule")->recorded, "RX-999");
}

static void an_event_that_was_accepted_twice_is_told(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    submit(fixture, "e1", 10);
    Provenance *provenance = record_provenance(fixture, "medhub.inbox.prescription", 11);
    add_facts(fixture, provenance);
    aim(fixture, "medhub.inbox.prescription", 11, 2);
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_DIFFERS);
    assert_string_equal(difference(explanation, "outcome")->remade, "duplicate");
}

/* --- what is gone --- */

static void a_version_that_is_gone_is_told_not_guessed(void **state)
{
    struct fixture *fixture = *state;
    submit(fixture, "e1", 10); /* REBAMIPIDE's row never came */
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_INCOMPLETE);
    assert_int_equal(explanation->gap_count, 1);
    assert_non_null(strstr(explanation->gaps[0].en, REBAMIPIDE));
    assert_non_null(strstr(explanation->gaps[0].en, "version 3"));
}

static void what_was_prescribed_is_told_only_to_those_who_may_know(void **state)
{
    struct fixture *fixture = *state;
    submit(fixture, "e1", 10);
    fixture->target.visible = SENSITIVITY_PUBLIC | SENSITIVITY_ORGANISATION;
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_INCOMPLETE);
    assert_null(strstr(explanation->gaps[0].en, "XA02"));
    assert_non_null(strstr(explanation->gaps[0].en, "catalogue ***"));
    for (size_t i = 0; i < explanation->difference_count; i++)
        assert_null(strstr(explanation->differences[i].recorded, "XA02"));
}

static void a_fact_holds_the_submission_when_the_inbox_does_not(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    submit(fixture, "e1", 10);
    fixture->target.value = BYTES_NONE;
    assert_verdict(explain(fixture), EXPLAIN_SAME);
}

static void facts_that_are_missing_are_told(void **state)
{
    struct fixture *fixture = *state;
    put_in_tables(fixture, TABLE_CATALOGUE, REBAMIPIDE, 3, &fixture->drugs[1].base);
    fixture->version = 1;
    submit(fixture, "e2", 11);
    fixture->receipt.version = 7;
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_INCOMPLETE);
    assert_string_equal(explanation->gaps[0].en, "the key's facts lack version 1");
}

static void a_refusal_whose_submission_is_gone_cannot_be_repeated(void **state)
{
    struct fixture *fixture = *state;
    fixture->said->n_lines = 1;
    fixture->said->institution = chars("H65010000002");
    submit(fixture, "e1", 10);
    fixture->target.value = BYTES_NONE;
    const struct explanation *explanation = explain(fixture);
    assert_verdict(explanation, EXPLAIN_INCOMPLETE);
    assert_int_equal(explanation->stages[0].state, STAGE_NOT_REPEATED);
    assert_string_equal(explanation->gaps[0].en, "the submission is no longer in its topic");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_accepted_event_comes_out_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_that_came_later_change_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_event_sees_what_came_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_comes_out_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_older_timer_comes_out_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_event_again_is_a_duplicate_of_the_first_fact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_order_that_is_not_recorded_is_the_one_that_fits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_order_that_nothing_fits_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_row_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_look_up_that_the_fact_does_not_name_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_finding_that_says_something_else_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_that_was_accepted_twice_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_version_that_is_gone_is_told_not_guessed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_prescribed_is_told_only_to_those_who_may_know, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fact_holds_the_submission_when_the_inbox_does_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(facts_that_are_missing_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_whose_submission_is_gone_cannot_be_repeated, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
