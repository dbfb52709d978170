// links: medhub_flow medhub_schemas dep::protobuf-c
/* The hub from end to end on the embedded broker: what becomes of an event that is right, now and when it is due. */
#include "hub_checks.h"

#include "base/clock.h"
#include "flow/measures.h"
#include "flow/stages.h"

/* --- accepted --- */

static void an_accepted_event_becomes_a_fact_a_receipt_and_a_delivery(void **state)
{
    struct engine *engine = *state;

    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 7, ""));
    engine_submit(engine, HOSPITAL, "e-2", "alpha", engine_value("alpha", 8, ""));
    engine_await(engine, 2);

    struct kept *facts = broker_read(&engine->broker, ENGINE_FACT);
    assert_int_equal(facts->count, 2);
    for (size_t i = 0; i < facts->count; i++) {
        ParameterSet *fact = engine_fact(&facts->records[i]);
        struct bytes submitted = engine_value("alpha", 7 + (int64_t)i, "");
        assert_true(bytes_start_with(facts->records[i].value, submitted)); /* never packed again */
        assert_int_equal(facts->records[i].partition, partition_of("alpha"));
        assert_true(bytes_equal_text(facts->records[i].key, "alpha"));
        assert_true(header_is(&facts->records[i], "ce_id", i == 0 ? "e-1" : "e-2"));
        assert_true(header_is(&facts->records[i], "ce_source", HOSPITAL));
        assert_string_equal(fact->provenance->topic, ENGINE_INBOX);
        assert_int_equal(fact->provenance->partition, partition_of("alpha"));
        assert_int_equal(fact->provenance->offset, (int)i);
        assert_int_equal(fact->provenance->index, 0);
        assert_int_equal(fact->provenance->version, (int)i + 1);
        assert_int_equal(fact->provenance->decided_at_ms, atomic_load(&engine->now_ms));
        medhub__policy__v1__parameter_set__free_unpacked(fact, NULL);
    }
    kept_free(facts);

    Receipt *receipt = receipt_of(engine, "e-2");
    assert_int_equal(receipt->outcome, MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED);
    assert_int_equal(receipt->version, 2);
    assert_int_equal(receipt->input_offset, 1);
    assert_string_equal(receipt->fact_topic, ENGINE_FACT);
    assert_string_equal(receipt->key, "alpha");
    medhub__event__v1__receipt__free_unpacked(receipt, NULL);

    struct kept *deliveries = broker_read(&engine->broker, "medhub.delivery");
    assert_int_equal(deliveries->count, 2);
    Medhub__Event__V1__Delivery *delivery = medhub__event__v1__delivery__unpack(
        NULL, deliveries->records[1].value.length, deliveries->records[1].value.data);
    assert_non_null(delivery);
    assert_int_equal(delivery->n_recipients, 1);
    assert_string_equal(delivery->recipients[0], "pharmacy@650100");
    assert_int_equal(delivery->version, 2);
    assert_string_equal(delivery->id, "e-2");
    assert_true(delivery->data.len > 0);
    medhub__event__v1__delivery__free_unpacked(delivery, NULL);
    kept_free(deliveries);
    assert_int_equal(engine_version(engine, "alpha"), 2);
}

static void a_second_fact_has_the_next_version_and_an_identity_of_its_own(void **state)
{
    struct engine *engine = *state;
    char long_id[256];

    memset(long_id, 'i', 255);
    long_id[255] = '\0';
    engine_submit(engine, HOSPITAL, "1", "alpha", engine_value("alpha", 1, "two"));
    engine_submit(engine, "medhub", "1", "alpha", engine_value("alpha", 1, "two")); /* another's id */
    engine_submit(engine, HOSPITAL, long_id, "alpha", engine_value("alpha", 1, "two"));
    engine_await(engine, 3);

    struct kept *facts = broker_read(&engine->broker, ENGINE_FACT);
    assert_int_equal(facts->count, 6);
    for (size_t i = 0; i < facts->count; i++) {
        ParameterSet *fact = engine_fact(&facts->records[i]);
        assert_int_equal(fact->provenance->version, (int)i + 1);
        assert_int_equal(fact->provenance->index, (int)i % 2);
        medhub__policy__v1__parameter_set__free_unpacked(fact, NULL);
        assert_true(kept_header(&facts->records[i], "ce_id").length <= 255);
        for (size_t k = 0; k < i; k++)
            assert_false(bytes_equal(kept_header(&facts->records[i], "ce_id"), kept_header(&facts->records[k], "ce_id")) &&
                         bytes_equal(kept_header(&facts->records[i], "ce_source"),
                                     kept_header(&facts->records[k], "ce_source")));
    }
    assert_true(header_is(&facts->records[1], "ce_source", "medhub"));
    assert_true(header_is(&facts->records[1], "ce_id", HOSPITAL "/1/1"));
    kept_free(facts);
}

static void a_submission_of_the_hub_is_decided_like_any_other(void **state)
{
    struct engine *engine = *state;
    char long_id[256];

    memset(long_id, 'i', 255);
    long_id[255] = '\0';
    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, "follow"));
    engine_submit(engine, HOSPITAL, long_id, "alpha", engine_value("alpha", 1, "follow")); /* no room for a suffix */
    engine_await(engine, 4);
    assert_outcome(engine, HOSPITAL "/e-1/next", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
    assert_int_equal(count_of(engine, ENGINE_FACT), 4);
    assert_int_equal(count_of(engine, "medhub.parked"), 0);
    assert_int_equal(engine_version(engine, "alpha-followed"), 2);
}

/* Those of 2026 and those of 2027 each fill one record of a batch after the other; the last of a batch may not be full. */
static void follow_ups_of_a_batch_under_one_key_travel_together(void **state)
{
    enum { EVENTS = 2 * ENGINE_TOGETHER, RECORDS_MIN = 3 };
    struct engine *engine = *state;

    engine_open(engine, NULL);
    for (int i = 0; i < EVENTS; i++) { /* before the hub runs, so that they are one batch, or two */
        char id[32];
        (void)snprintf(id, sizeof id, "e-%d", i);
        engine_submit(engine, HOSPITAL, id, "alpha", engine_value("alpha", i < ENGINE_TOGETHER + 2 ? 2026 : 2027, "together"));
    }
    engine->client.embedded = false; /* on which nothing is merged */
    engine_start_hub(engine);
    engine_await(engine, EVENTS + RECORDS_MIN); /* so all events are decided, and what follows from them is there */
    size_t records = count_of(engine, ENGINE_INBOX) - EVENTS;
    assert_in_range(records, RECORDS_MIN, EVENTS - 1);
    engine_await(engine, records - RECORDS_MIN);
    assert_outcome(engine, HOSPITAL "/e-0/together", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
    assert_outcome(engine, HOSPITAL "/e-5/together", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
    assert_int_equal(count_of(engine, "medhub.parked"), 0);
    assert_int_equal(engine_version(engine, "2026"), records - 1);
    assert_int_equal(engine_version(engine, "2027"), 1);
}

static void headers_of_others_do_not_travel_with_facts(void **state)
{
    struct engine *engine = *state;
    const char *const headers[] = {"ce_specversion", "1.0",       "ce_id",        "e-1",
                                   "ce_source",      HOSPITAL,    "ce_type",      ENGINE_TYPE,
                                   "content-type",   "application/protobuf", "x-patient", "secret",
                                   "traceparent",    "00-1-2-01", NULL};

    broker_send(&engine->broker, ENGINE_INBOX, -1, bytes_of("alpha"), engine_value("alpha", 1, ""), headers);
    engine_await(engine, 1);
    struct kept *facts = broker_read(&engine->broker, ENGINE_FACT);
    assert_int_equal(facts->count, 1);
    assert_null(kept_header(&facts->records[0], "x-patient").data);
    assert_true(header_is(&facts->records[0], "traceparent", "00-1-2-01"));
    assert_true(header_is(&facts->records[0], "ce_id", "e-1"));
    kept_free(facts);
}

/* --- timers --- */

static void a_timer_fires_once_when_it_is_due(void **state)
{
    struct engine *engine = *state;
    int64_t due_ms = atomic_load(&engine->now_ms) + 1000;

    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", due_ms, "timer"));
    engine_await(engine, 1);
    assert_int_equal(count_of(engine, ENGINE_FACT), 1);
    atomic_store(&engine->now_ms, due_ms);
    await_facts(engine, 2);
    atomic_fetch_add(&engine->now_ms, 1000);
    engine_submit(engine, HOSPITAL, "e-2", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, 1);

    struct kept *facts = broker_read(&engine->broker, ENGINE_FACT);
    assert_int_equal(facts->count, 3);
    ParameterSet *fact = engine_fact(&facts->records[1]);
    assert_string_equal(fact->provenance->cause_id, "timer/t");
    assert_int_equal(fact->provenance->version, 2);
    assert_int_equal(fact->provenance->decided_at_ms, due_ms);
    assert_true(header_is(&facts->records[1], "ce_source", "medhub"));
    medhub__policy__v1__parameter_set__free_unpacked(fact, NULL);
    kept_free(facts);
    assert_int_equal(engine_version(engine, "alpha"), 3);
}

/* What it says is told apart by its coordinates: prescriptions expire by the thousand at one moment. */
static void timers_of_one_moment_have_coordinates_of_their_own(void **state)
{
    static const char *const names[] = {"alpha", "beta", "gamma", "delta"};
    struct engine *engine = *state;
    int64_t due_ms = atomic_load(&engine->now_ms) + 1000;
    size_t count = sizeof names / sizeof *names, seen = 0;
    Medhub__Event__V1__Provenance *of[sizeof names / sizeof *names];
    ParameterSet *said[sizeof names / sizeof *names];

    for (size_t i = 0; i < count; i++)
        engine_submit(engine, HOSPITAL, names[i], names[i], engine_value(names[i], due_ms, "timer"));
    engine_await(engine, count);
    atomic_store(&engine->now_ms, due_ms);
    await_facts(engine, 2 * count);
    struct kept *facts = broker_read(&engine->broker, ENGINE_FACT);
    for (size_t i = 0; i < facts->count; i++) {
        ParameterSet *fact = engine_fact(&facts->records[i]);
        if (strcmp(fact->provenance->topic, "timer") != 0) {
            medhub__policy__v1__parameter_set__free_unpacked(fact, NULL);
            continue;
        }
        assert_true(seen < count);
        said[seen] = fact;
        of[seen] = fact->provenance;
        assert_int_equal(of[seen]->due_ms, due_ms);
        assert_true(of[seen]->offset >= 0);
        for (size_t k = 0; k < seen; k++)
            assert_true(of[k]->partition != of[seen]->partition || of[k]->offset != of[seen]->offset);
        seen++;
    }
    assert_int_equal(seen, count);
    for (size_t i = 0; i < seen; i++)
        medhub__policy__v1__parameter_set__free_unpacked(said[i], NULL);
    kept_free(facts);
}

static void a_timer_survives_a_restart_and_fires_late_rather_than_never(void **state)
{
    struct engine *engine = *state;
    int64_t due_ms = atomic_load(&engine->now_ms) + 1000;

    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", due_ms, "timer"));
    engine_await(engine, 1);
    engine_stop_hub(engine);
    atomic_store(&engine->now_ms, due_ms + 5000);
    engine_start_hub(engine);
    await_facts(engine, 2);
    assert_int_equal(count_of(engine, ENGINE_FACT), 2);
    assert_int_equal(engine_version(engine, "alpha"), 2);
}

static int64_t timers_put_off(void)
{
    struct measures measures;
    static const struct stage none[] = {{0}};

    measures_init(&measures, none, 0);
    return metric_value(measures.timers_put_off);
}

/* A recall's round that does not fit must not be the recall's end. */
static void a_timer_whose_decision_fails_fires_again_later(void **state)
{
    struct engine *engine = *state;
    int64_t due_ms = (atomic_load(&engine->now_ms) + 1000) | 1; /* at odd moments the domain fails */

    engine_submit(engine, HOSPITAL, "e-1", "stubborn", engine_value("stubborn", due_ms, "timer"));
    engine_await(engine, 1);
    atomic_store(&engine->now_ms, due_ms);
    for (int64_t until_us = clock_monotonic_us() + 20000000; timers_put_off() == 0;)
        assert_true(clock_monotonic_us() < until_us);
    assert_int_equal(count_of(engine, ENGINE_FACT), 1);
    engine_stop_hub(engine); /* what is put off outlives the process too */
    atomic_store(&engine->now_ms, due_ms + 60001);
    engine_start_hub(engine);
    await_facts(engine, 2);
    assert_int_equal(engine_version(engine, "stubborn"), 2);
}

/* --- tables --- */

static void a_table_row_is_seen_by_the_events_behind_it(void **state)
{
    struct engine *engine = *state;

    /* An organisation that was unknown: asked for, so its absence is kept, then registered. */
    engine_submit(engine, "H-new", "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, 1);
    assert_outcome(engine, "e-1", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED, "source.unknown");
    uint64_t rows = hub_table_rows(engine->hub, "registry");
    engine_submit(engine, HOSPITAL, "e-2", "H-new", engine_value("H-new", 1, "table"));
    engine_await(engine, 1);
    for (int i = 0; hub_table_rows(engine->hub, "registry") == rows; i++) {
        char id[32];
        assert_true(i < 200);
        (void)snprintf(id, sizeof id, "probe-%d", i);
        engine_submit(engine, HOSPITAL, id, "probe", engine_value("probe", -1, ""));
        engine_await(engine, 1);
    }
    engine_submit(engine, "H-new", "e-3", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, 1);
    assert_outcome(engine, "e-3", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
}

static void tables_longer_than_one_transaction_come_whole(void **state)
{
    struct engine *engine = *state;
    enum { ROWS = 21000 };

    engine_open(engine, NULL);
    for (int i = 0; i < ROWS; i++) {
        char key[80], value[80];
        int length = snprintf(key, sizeof key, "calendar%cy%05d%c000000%c2026-01-01", 0, i, 0, 0);
        /* table = "calendar", key, valid_from */
        int bytes = snprintf(value, sizeof value, "\x0a\x08"
                                                  "calendar\x12\x06y%05d\x22\x0a"
                                                  "2026-01-01",
                             i);
        broker_send(&engine->broker, "medhub.table.calendar", 0, bytes_from(key, (size_t)length),
                    bytes_from(value, (size_t)bytes), NULL);
    }
    broker_send_flush(&engine->broker);
    engine_start_hub(engine);
    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_await(engine, 1); /* nothing is decided before the tables are there */
    assert_int_equal(hub_table_rows(engine->hub, "calendar"), ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_HUB(an_accepted_event_becomes_a_fact_a_receipt_and_a_delivery),
        ON_A_HUB(a_second_fact_has_the_next_version_and_an_identity_of_its_own),
        ON_A_HUB(a_submission_of_the_hub_is_decided_like_any_other),
        ON_NO_HUB_YET(follow_ups_of_a_batch_under_one_key_travel_together),
        ON_A_HUB(headers_of_others_do_not_travel_with_facts),
        ON_A_HUB(a_timer_fires_once_when_it_is_due),
        ON_A_HUB(timers_of_one_moment_have_coordinates_of_their_own),
        ON_A_HUB(a_timer_survives_a_restart_and_fires_late_rather_than_never),
        ON_A_HUB(a_timer_whose_decision_fails_fires_again_later),
        ON_A_HUB(a_table_row_is_seen_by_the_events_behind_it),
        ON_NO_HUB_YET(tables_longer_than_one_transaction_come_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
