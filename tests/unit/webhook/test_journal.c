// links: medhub_kafka
/* journal.h: a delivery has ended when its records stand, and not before; what a crash leaves behind. */
#include "webhook/journal.h"

#include "event/unpack.h"
#include "webhook_trial.h"

struct fixture {
    struct broker broker;
    struct journal *journal;
    struct delivery_pool pool;
    struct target *target;
    struct arena *arena;
    struct fault fault;
    int64_t now_ms;
    size_t written, outcomes_then, parked_then; /* when the last was told */
};

static size_t count_records(struct fixture *fixture, const char *topic)
{
    struct kept *kept = broker_read(&fixture->broker, topic);
    size_t count = kept->count;

    kept_free(kept);
    return count;
}

static void written(void *self, struct waiting *waiting)
{
    struct fixture *fixture = self;

    fixture->written++;
    fixture->outcomes_then = count_records(fixture, TOPIC_WEBHOOK_OUTCOME);
    fixture->parked_then = count_records(fixture, TOPIC_WEBHOOK_PARKED);
    endpoint_settled(waiting->endpoint, waiting);
}

static void open_journal(struct fixture *fixture)
{
    assert_int_equal(journal_open(&fixture->broker.client, clock_fixed(&fixture->now_ms), written, fixture, &fixture->journal,
                                  &fixture->fault),
                     STATUS_OK);
}

static int set_up(void **state)
{
    static const char *const topics[] = {TOPIC_WEBHOOK_OUTCOME, TOPIC_WEBHOOK_PARKED, TOPIC_WEBHOOK_STATE};
    struct fixture *fixture = calloc(1, sizeof *fixture);

    fixture->now_ms = TRIAL_NOW_MS;
    broker_start(&fixture->broker);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        broker_topic(&fixture->broker, topics[i], 1);
    fixture->arena = arena_new(64 * 1024, 1 << 20);
    fixture->target = trial_target("O");
    open_journal(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    journal_close(fixture->journal);
    trial_target_free(fixture->target);
    delivery_pool_done(&fixture->pool);
    assert_int_equal(fixture->pool.count, 0);
    arena_free(fixture->arena);
    broker_stop(&fixture->broker);
    free(fixture);
    return 0;
}

static void take(struct fixture *fixture, int64_t offset)
{
    const struct record record = {.partition = 1, .offset = offset, .key = bytes_of("person")};

    assert_int_equal(trial_take(fixture->target, &fixture->pool, &record), ENDPOINT_TOOK);
}

static void flush(struct fixture *fixture)
{
    journal_flush(fixture->journal, TRIAL_WAIT_S * 1000);
    assert_int_equal(journal_pending(fixture->journal), 0);
}

static const Medhub__Webhook__V1__Outcome *outcome_of(struct fixture *fixture, const struct kept_record *record)
{
    ProtobufCMessage *message = NULL;

    assert_int_equal(unpack_message(schema_of(&medhub__webhook__v1__outcome__descriptor), record->value, fixture->arena,
                                    &message, &fixture->fault),
                     STATUS_OK);
    return (const Medhub__Webhook__V1__Outcome *)message;
}

static void an_outcome_stands_before_the_delivery_leaves_the_window(void **state)
{
    struct fixture *fixture = *state;

    take(fixture, 7);
    journal_take(fixture->journal, trial_answer(fixture->target, 200));
    assert_int_equal(fixture->target->endpoint->count, 1);
    assert_int_equal(fixture->written, 0);
    flush(fixture);
    assert_int_equal(fixture->written, 1);
    assert_int_equal(fixture->outcomes_then, 1);
    assert_int_equal(fixture->parked_then, 0);
    assert_int_equal(fixture->target->endpoint->count, 0);

    struct kept *kept = broker_read(&fixture->broker, TOPIC_WEBHOOK_OUTCOME);
    const Medhub__Webhook__V1__Outcome *said = outcome_of(fixture, &kept->records[0]);
    assert_true(bytes_equal_text(kept->records[0].key, "O/e1"));
    assert_string_equal(said->organisation, "O");
    assert_string_equal(said->endpoint, "e1");
    assert_int_equal(said->delivery_partition, 1);
    assert_int_equal(said->delivery_offset, 7);
    assert_int_equal(said->result, MEDHUB__WEBHOOK__V1__RESULT__RESULT_DELIVERED);
    assert_int_equal(said->http_status, 200);
    assert_int_equal(said->attempts, 1);
    assert_int_equal(said->settled_at_ms, TRIAL_NOW_MS);
    kept_free(kept);
}

static void what_is_set_aside_is_parked_first_and_a_redriven_one_is_taken_out(void **state)
{
    struct fixture *fixture = *state;
    char key[PARKED_KEY_BYTES];

    take(fixture, 3);
    journal_take(fixture->journal, trial_answer(fixture->target, 403));
    flush(fixture);
    assert_int_equal(fixture->written, 1);
    assert_int_equal(fixture->parked_then, 1);
    assert_int_equal(fixture->outcomes_then, 1);
    journal_parked_key("O/e1", 1, 3, key);
    struct kept *kept = broker_read(&fixture->broker, TOPIC_WEBHOOK_PARKED);
    assert_true(bytes_equal_text(kept->records[0].key, key));
    assert_true(kept->records[0].value.length > 0);
    kept_free(kept);

    assert_true(endpoint_redrive(fixture->target->endpoint, 1, 3));
    take(fixture, 3);
    journal_take(fixture->journal, trial_answer(fixture->target, 204));
    flush(fixture);
    kept = broker_read(&fixture->broker, TOPIC_WEBHOOK_PARKED);
    assert_int_equal(kept->count, 2);
    assert_true(bytes_equal_text(kept->records[1].key, key));
    assert_int_equal(kept->records[1].value.length, 0); /* compaction forgets it */
    kept_free(kept);
}

static void what_the_broker_refuses_is_written_again_until_it_stands(void **state)
{
    struct fixture *fixture = *state;

    take(fixture, 0);
    broker_fail(&fixture->broker, API_PRODUCE, ERROR_MSG_SIZE_TOO_LARGE);
    broker_fail(&fixture->broker, API_PRODUCE, ERROR_MSG_SIZE_TOO_LARGE);
    journal_take(fixture->journal, trial_answer(fixture->target, 403)); /* two records: parked and outcome */
    flush(fixture);
    assert_int_equal(fixture->written, 1); /* told once */
    assert_int_equal(fixture->parked_then, 1);
    assert_int_equal(fixture->outcomes_then, 1);
}

static void a_state_that_could_not_be_written_is_told_once(void **state)
{
    struct fixture *fixture = *state;

    assert_false(journal_state_failed(fixture->journal));
    broker_fail(&fixture->broker, API_PRODUCE, ERROR_MSG_SIZE_TOO_LARGE);
    assert_true(journal_state(fixture->journal, fixture->target->endpoint));
    flush(fixture);
    assert_true(journal_state_failed(fixture->journal));
    assert_false(journal_state_failed(fixture->journal));
    assert_true(journal_state(fixture->journal, fixture->target->endpoint));
    flush(fixture);
    assert_false(journal_state_failed(fixture->journal));
    assert_int_equal(count_records(fixture, TOPIC_WEBHOOK_STATE), 1);
}

/* The process ends as a kill would end it; another takes up where the last state in the log says it stood. */
static void crash(struct fixture *fixture)
{
    ProtobufCMessage *message = NULL;

    journal_close(fixture->journal);
    trial_target_free(fixture->target);
    fixture->target = trial_target("O");
    struct kept *kept = broker_read(&fixture->broker, TOPIC_WEBHOOK_STATE);
    assert_true(kept->count > 0);
    assert_int_equal(unpack_message(schema_of(&medhub__webhook__v1__endpoint_state__descriptor),
                                    kept->records[kept->count - 1].value, fixture->arena, &message, &fixture->fault),
                     STATUS_OK);
    assert_true(endpoint_restore(fixture->target->endpoint, (const Medhub__Webhook__V1__EndpointState *)message));
    kept_free(kept);
    open_journal(fixture);
}

static void a_crash_between_outcome_and_state_repeats_under_the_same_key(void **state)
{
    struct fixture *fixture = *state;

    take(fixture, 5);
    assert_true(journal_state(fixture->journal, fixture->target->endpoint)); /* open in it */
    flush(fixture);
    journal_take(fixture->journal, trial_answer(fixture->target, 200));
    flush(fixture);
    crash(fixture);
    assert_int_equal(progress_read_from(&fixture->target->endpoint->progress, 1), 5);
    take(fixture, 5);
    journal_take(fixture->journal, trial_answer(fixture->target, 200));
    flush(fixture);

    struct kept *kept = broker_read(&fixture->broker, TOPIC_WEBHOOK_OUTCOME);
    assert_int_equal(kept->count, 2);
    const Medhub__Webhook__V1__Outcome *first = outcome_of(fixture, &kept->records[0]);
    const Medhub__Webhook__V1__Outcome *second = outcome_of(fixture, &kept->records[1]);
    assert_string_equal(first->idempotency_key, second->idempotency_key);
    kept_free(kept);
    assert_true(journal_state(fixture->journal, fixture->target->endpoint));
    flush(fixture);
    crash(fixture); /* the state says now that it is settled: it is not wanted again */
    assert_int_equal(progress_read_from(&fixture->target->endpoint->progress, 1), 6);
}

static void a_crash_before_the_outcome_stands_loses_nothing(void **state)
{
    struct fixture *fixture = *state;

    take(fixture, 5);
    assert_true(journal_state(fixture->journal, fixture->target->endpoint));
    flush(fixture);
    journal_take(fixture->journal, trial_answer(fixture->target, 200)); /* never sent */
    crash(fixture);
    assert_int_equal(fixture->written, 0);
    assert_int_equal(count_records(fixture, TOPIC_WEBHOOK_OUTCOME), 0);
    assert_int_equal(progress_read_from(&fixture->target->endpoint->progress, 1), 5);
    take(fixture, 5);
    journal_take(fixture->journal, trial_answer(fixture->target, 200));
    flush(fixture);
    assert_int_equal(fixture->written, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_outcome_stands_before_the_delivery_leaves_the_window),
        TEST(what_is_set_aside_is_parked_first_and_a_redriven_one_is_taken_out),
        TEST(what_the_broker_refuses_is_written_again_until_it_stands),
        TEST(a_state_that_could_not_be_written_is_told_once),
        TEST(a_crash_between_outcome_and_state_repeats_under_the_same_key),
        TEST(a_crash_before_the_outcome_stands_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
