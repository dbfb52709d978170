// links: medhub_flow medhub_schemas dep::protobuf-c
/* The hub from end to end on the embedded broker: what is wrong or was said before costs only itself. */
#include "hub_checks.h"

/* --- refused --- */

static void a_refused_event_is_parked_byte_for_byte_with_the_reasons(void **state)
{
    struct engine *engine = *state;
    const char *const headers[] = {"ce_specversion", "1.0",   "ce_id",        "e-1",
                                   "ce_source",      HOSPITAL, "ce_type",     ENGINE_TYPE,
                                   "content-type",   "application/protobuf", "x-own",     "kept",
                                   "__connect.errors.stage", "an older refusal", NULL};
    struct bytes value = engine_value("alpha", -5, "");

    broker_send(&engine->broker, ENGINE_INBOX, -1, bytes_of("alpha"), value, headers);
    engine_await(engine, 1);
    struct kept *parked = broker_read(&engine->broker, "medhub.parked");
    assert_int_equal(parked->count, 1);
    const struct kept_record *record = &parked->records[0];
    assert_true(bytes_equal(record->value, engine_value("alpha", -5, "")));
    assert_true(bytes_equal_text(record->key, "alpha"));
    assert_true(header_is(record, "ce_id", "e-1") && header_is(record, "x-own", "kept"));
    assert_true(header_is(record, "__connect.errors.topic", ENGINE_INBOX));
    assert_true(header_is(record, "__connect.errors.offset", "0"));
    assert_true(header_is(record, "__connect.errors.stage", "decide")); /* the new one, once */
    assert_true(header_is(record, "__connect.errors.exception.class.name", "test.negative"));
    assert_true(header_is(record, "medhub.code", "test.negative"));
    assert_true(header_is(record, "medhub.rule", "T-001"));
    assert_true(header_is(record, "medhub.attempt", "1"));
    assert_true(kept_header(record, "medhub.first_seen").length > 0);
    kept_free(parked);

    Receipt *receipt = receipt_of(engine, "e-1");
    assert_int_equal(receipt->outcome, MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED);
    assert_int_equal(receipt->n_findings, 1);
    assert_string_equal(receipt->findings[0]->rule, "T-001");
    assert_string_equal(receipt->findings[0]->path, "parameter.integer");
    assert_string_equal(receipt->findings[0]->found, "-5");
    medhub__event__v1__receipt__free_unpacked(receipt, NULL);
    assert_int_equal(count_of(engine, ENGINE_FACT), 0);
    assert_int_equal(engine_version(engine, "alpha"), 0);
}

struct wrong {
    const char *code, *stage;
    const char *key; /* NULL: null key */
    const char *id, *source, *type, *specversion, *content_type;
    struct bytes value;
    int32_t partition; /* -1: by key */
};

static void send_wrong(struct engine *engine, const struct wrong *wrong)
{
    const char *headers[16];
    size_t count = 0;
    const struct {
        const char *name, *value;
    } all[] = {{"ce_id", wrong->id},
               {"ce_source", wrong->source},
               {"ce_type", wrong->type},
               {"ce_specversion", wrong->specversion},
               {"content-type", wrong->content_type}};

    for (size_t i = 0; i < 5; i++)
        if (all[i].value != NULL) {
            headers[count++] = all[i].name;
            headers[count++] = all[i].value;
        }
    headers[count] = NULL;
    int32_t partition = wrong->partition == -1 && wrong->key == NULL ? 0 : wrong->partition;
    broker_send(&engine->broker, ENGINE_INBOX, partition, bytes_of(wrong->key), wrong->value, headers);
}

static void every_wrong_record_is_parked_with_its_code_and_never_stops_the_others(void **state)
{
    struct engine *engine = *state;
    static char long_key[ENGINE_PARTITIONS * 200], long_text[300];
    static uint8_t large[900000], good_bytes[8192], negative_key[8192];
    const char *const pb = "application/protobuf";
    memset(long_key, 'k', sizeof long_key - 1);
    memset(long_text, 'x', sizeof long_text - 1);
    struct bytes good = engine_value("alpha", 1, "");
    good = bytes_from(memcpy(good_bytes, good.data, good.length), good.length);
    struct bytes other = engine_value("beta", 1, "");
    other = bytes_from(memcpy(negative_key, other.data, other.length), other.length);
    const struct wrong rows[] = {
        {"event.no_key", "decode", NULL, "w-0", HOSPITAL, ENGINE_TYPE, "1.0", pb, good, -1},
        {"event.no_key", "decode", "", "w-1", HOSPITAL, ENGINE_TYPE, "1.0", pb, good, -1},
        {"event.key", "decode", long_key, "w-2", HOSPITAL, ENGINE_TYPE, "1.0", pb, good, -1},
        {"event.key", "decode", "\xff\xfe", "w-3", HOSPITAL, ENGINE_TYPE, "1.0", pb, good, -1},
        {"event.no_value", "decode", "alpha", "w-4", HOSPITAL, ENGINE_TYPE, "1.0", pb, BYTES_NONE, -1},
        {"event.too_large", "decode", "alpha", "w-5", HOSPITAL, ENGINE_TYPE, "1.0", pb,
         bytes_from(large, sizeof large), -1},
        {"event.attributes", "decode", "alpha", NULL, HOSPITAL, ENGINE_TYPE, "1.0", pb, good, -1},
        {"event.attributes", "decode", "alpha", "w-7", NULL, ENGINE_TYPE, "1.0", pb, good, -1},
        {"event.attributes", "decode", "alpha", "w-8", HOSPITAL, NULL, "1.0", pb, good, -1},
        {"event.attribute", "decode", "alpha", long_text, HOSPITAL, ENGINE_TYPE, "1.0", pb, good, -1},
        {"event.attribute", "decode", "alpha", "\xff", HOSPITAL, ENGINE_TYPE, "1.0", pb, good, -1},
        {"event.specversion", "decode", "alpha", "w-11", HOSPITAL, ENGINE_TYPE, "0.3", pb, good, -1},
        {"event.specversion", "decode", "alpha", "w-12", HOSPITAL, ENGINE_TYPE, NULL, pb, good, -1},
        {"event.content_type", "decode", "alpha", "w-13", HOSPITAL, ENGINE_TYPE, "1.0", "application/json", good, -1},
        {"event.type", "decode", "alpha", "w-14", HOSPITAL, "medhub.policy.parameter_set.v9", "1.0", pb, good, -1},
        {"event.type", "decode", "alpha", "w-15", HOSPITAL, ENGINE_TIMER, "1.0", pb, good, -1},
        {"event.type", "decode", "alpha", "w-16", HOSPITAL, "medhub.settlement.posted.v1", "1.0", pb, good, -1},
        {"event.partition", "decode", "alpha", "w-17", HOSPITAL, ENGINE_TYPE, "1.0", pb, good,
         1 - partition_of("alpha")},
        {"event.key_differs", "decode", "alpha", "w-18", HOSPITAL, ENGINE_TYPE, "1.0", pb, other, -1},
        {"wire.truncated", "decode", "alpha", "w-19", HOSPITAL, ENGINE_TYPE, "1.0", pb,
         bytes_from(good.data, good.length - 1), -1},
        {"event.key_differs", "decode", "alpha", "w-20", HOSPITAL, ENGINE_TYPE, "1.0", pb, bytes_of(""), -1},
        {"source.unknown", "authorise", "alpha", "w-21", "H-nobody", ENGINE_TYPE, "1.0", pb, good, -1},
        {"source.not_live", "authorise", "alpha", "w-22", SUSPENDED, ENGINE_TYPE, "1.0", pb, good, -1},
        {"source.role", "authorise", "alpha", "w-23", PHARMACY, ENGINE_TYPE, "1.0", pb, good, -1},
    };
    enum { ROWS = sizeof rows / sizeof *rows };

    for (size_t i = 0; i < ROWS; i++)
        send_wrong(engine, &rows[i]);
    engine_submit(engine, HOSPITAL, "good", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, ROWS + 1);

    struct kept *parked = broker_read(&engine->broker, "medhub.parked");
    assert_int_equal(parked->count, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        const struct kept_record *found = NULL;
        for (size_t k = 0; k < parked->count && found == NULL; k++)
            if (header_is(&parked->records[k], "medhub.code", rows[i].code) &&
                bytes_equal(kept_header(&parked->records[k], "ce_id"), bytes_of(rows[i].id)) &&
                bytes_equal(parked->records[k].value, rows[i].value) &&
                (parked->records[k].value.data == NULL) == (rows[i].value.data == NULL) &&
                bytes_equal(parked->records[k].key, bytes_of(rows[i].key)) &&
                (parked->records[k].key.data == NULL) == (rows[i].key == NULL))
                found = &parked->records[k];
        if (found == NULL)
            fail_msg("row %zu, %s, is not parked so", i, rows[i].code);
        assert_true(header_is(found, "__connect.errors.stage", rows[i].stage));
    }
    kept_free(parked);
    assert_outcome(engine, "good", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
    assert_outcome(engine, "w-23", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED, "source.role");
    assert_int_equal(engine_version(engine, "alpha"), 1);
}

static void fields_that_break_the_schema_are_refused_by_the_check(void **state)
{
    struct engine *engine = *state;
    Medhub__Policy__V1__ParameterSet set = MEDHUB__POLICY__V1__PARAMETER_SET__INIT;
    uint8_t packed[64];

    set.name = (char *)(uintptr_t)"alpha"; /* and no region, first day or parameter */
    size_t length = medhub__policy__v1__parameter_set__pack(&set, packed);
    engine_submit(engine, HOSPITAL, "e-1", "alpha", bytes_from(packed, length));
    engine_await(engine, 1);
    Receipt *receipt = receipt_of(engine, "e-1");
    assert_int_equal(receipt->outcome, MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED);
    assert_int_equal(receipt->n_findings, 3);
    medhub__event__v1__receipt__free_unpacked(receipt, NULL);
}

/* What cannot be published, or not even be answered within the event's memory, is parked whole, and not for ever decided
 * again. */
static void results_that_do_not_fit_park_the_event_with_its_headers(void **state)
{
    struct engine *engine = *state;

    engine_submit(engine, HOSPITAL, "big", "alpha", engine_value("alpha", 1, "big"));
    engine_submit(engine, HOSPITAL, "hungry", "alpha", engine_value("alpha", 1, "hungry"));
    engine_submit(engine, HOSPITAL, "good", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, 3);
    assert_outcome(engine, "big", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED, "event.result_too_large");
    assert_outcome(engine, "hungry", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED, "event.too_complex");
    assert_outcome(engine, "good", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);

    struct kept *parked = broker_read(&engine->broker, "medhub.parked");
    assert_int_equal(parked->count, 2);
    for (size_t i = 0; i < 2; i++) {
        const char *id = i == 0 ? "big" : "hungry";
        assert_true(header_is(&parked->records[i], "ce_id", id));
        assert_true(header_is(&parked->records[i], "ce_source", HOSPITAL));
        assert_true(bytes_equal(parked->records[i].value, engine_value("alpha", 1, id)));
    }
    kept_free(parked);
    assert_int_equal(count_of(engine, ENGINE_FACT), 1);
    assert_int_equal(engine_version(engine, "alpha"), 1);
}

/* --- again --- */

static void an_event_sent_again_is_answered_as_the_first_time(void **state)
{
    struct engine *engine = *state;

    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_submit(engine, HOSPITAL, "e-2", "alpha", engine_value("alpha", -1, ""));
    engine_submit(engine, HOSPITAL, "e-2", "alpha", engine_value("alpha", -1, ""));
    engine_await(engine, 4);
    Receipt *receipt = receipt_of(engine, "e-1");
    assert_int_equal(receipt->outcome, MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE);
    assert_int_equal(receipt->first_outcome, MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED);
    assert_int_equal(receipt->version, 1);
    assert_string_equal(receipt->first_id, "e-1");
    medhub__event__v1__receipt__free_unpacked(receipt, NULL);
    receipt = receipt_of(engine, "e-2");
    assert_int_equal(receipt->outcome, MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE);
    assert_int_equal(receipt->first_outcome, MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED);
    assert_string_equal(receipt->findings[0]->code, "test.negative");
    medhub__event__v1__receipt__free_unpacked(receipt, NULL);
    assert_int_equal(count_of(engine, ENGINE_FACT), 1);
    assert_int_equal(count_of(engine, "medhub.parked"), 1);
    assert_int_equal(engine_version(engine, "alpha"), 1);
}

static void an_id_used_for_other_content_is_refused(void **state)
{
    struct engine *engine = *state;

    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 2, ""));
    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, 3);
    assert_outcome(engine, "e-1", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE, NULL); /* the third */
    struct kept *parked = broker_read(&engine->broker, "medhub.parked");
    assert_int_equal(parked->count, 1);
    assert_true(header_is(&parked->records[0], "medhub.code", "event.id_reused"));
    kept_free(parked);
    assert_int_equal(engine_version(engine, "alpha"), 1);
}

static void a_refused_event_is_decided_anew_when_an_operator_sends_it_again(void **state)
{
    struct engine *engine = *state;
    const char *headers[] = {"ce_specversion", "1.0",           "ce_id",          "e-1",
                             "ce_source",      HOSPITAL,        "ce_type",        ENGINE_TYPE,
                             "content-type",   "application/protobuf", "medhub.redrive", "1",
                             "medhub.first_seen", "2026-01-01T00:00:00Z", "medhub.code", "test.negative", NULL};

    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", -1, ""));
    broker_send(&engine->broker, ENGINE_INBOX, -1, bytes_of("alpha"), engine_value("alpha", -2, ""), headers);
    engine_await(engine, 2);
    assert_outcome(engine, "e-1", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED, "test.negative");
    struct kept *parked = broker_read(&engine->broker, "medhub.parked");
    assert_int_equal(parked->count, 2);
    assert_true(header_is(&parked->records[1], "medhub.attempt", "2"));
    assert_true(header_is(&parked->records[1], "medhub.first_seen", "2026-01-01T00:00:00Z"));
    kept_free(parked);

    headers[11] = "2";
    broker_send(&engine->broker, ENGINE_INBOX, -1, bytes_of("alpha"), engine_value("alpha", 3, ""), headers);
    engine_await(engine, 1);
    assert_outcome(engine, "e-1", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
    struct kept *facts = broker_read(&engine->broker, ENGINE_FACT);
    assert_int_equal(facts->count, 1);
    assert_null(kept_header(&facts->records[0], "medhub.redrive").data);
    assert_null(kept_header(&facts->records[0], "medhub.code").data);
    kept_free(facts);

    /* What is accepted stays accepted, whatever is redriven. */
    broker_send(&engine->broker, ENGINE_INBOX, -1, bytes_of("alpha"), engine_value("alpha", 3, ""), headers);
    engine_await(engine, 1);
    assert_outcome(engine, "e-1", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE, NULL);
    assert_int_equal(engine_version(engine, "alpha"), 1);
}

static void an_id_is_forgotten_when_its_window_has_passed(void **state)
{
    struct engine *engine = *state;
    const int64_t day_ms = 86400000;

    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, 1);
    atomic_fetch_add(&engine->now_ms, 29 * day_ms);
    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, 1);
    assert_outcome(engine, "e-1", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE, NULL);
    atomic_fetch_add(&engine->now_ms, 3 * day_ms);
    engine_submit(engine, HOSPITAL, "e-2", "alpha", engine_value("alpha", 1, "")); /* the batch that forgets */
    engine_await(engine, 1);
    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, 1);
    assert_outcome(engine, "e-1", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
    assert_int_equal(engine_version(engine, "alpha"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_HUB(a_refused_event_is_parked_byte_for_byte_with_the_reasons),
        ON_A_HUB(every_wrong_record_is_parked_with_its_code_and_never_stops_the_others),
        ON_A_HUB(fields_that_break_the_schema_are_refused_by_the_check),
        ON_A_HUB(results_that_do_not_fit_park_the_event_with_its_headers),
        ON_A_HUB(an_event_sent_again_is_answered_as_the_first_time),
        ON_A_HUB(an_id_used_for_other_content_is_refused),
        ON_A_HUB(a_refused_event_is_decided_anew_when_an_operator_sends_it_again),
        ON_A_HUB(an_id_is_forgotten_when_its_window_has_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
