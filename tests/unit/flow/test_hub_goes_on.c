// links: medhub_flow medhub_schemas dep::protobuf-c
/* The hub from end to end on the embedded broker: restarts, lost disks and transactions that do not commit. */
#include "hub_checks.h"

/* --- ends and beginnings --- */

static void a_restart_goes_on_where_the_store_stands(void **state)
{
    struct engine *engine = *state;

    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_submit(engine, HOSPITAL, "e-2", "beta", engine_value("beta", 1, ""));
    engine_await(engine, 2);
    engine_stop_hub(engine);
    engine_submit(engine, HOSPITAL, "e-3", "alpha", engine_value("alpha", 2, ""));
    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    engine_start_hub(engine);
    engine_await(engine, 2);
    assert_outcome(engine, "e-1", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE, NULL);
    assert_int_equal(count_of(engine, ENGINE_FACT), 3);
    assert_int_equal(engine_version(engine, "alpha"), 2);
    assert_int_equal(engine_version(engine, "beta"), 1);
}

static void a_lost_disk_is_restored_from_the_changelog(void **state)
{
    struct engine *engine = *state;

    for (int i = 0; i < 50; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "e-%d", i);
        engine_submit(engine, HOSPITAL, id, i % 2 == 0 ? "alpha" : "beta",
                      engine_value(i % 2 == 0 ? "alpha" : "beta", i, ""));
    }
    engine_await(engine, 50);
    engine_stop_hub(engine);
    temp_folder_remove(engine->folder);
    engine_submit(engine, HOSPITAL, "e-0", "alpha", engine_value("alpha", 0, ""));
    engine_submit(engine, HOSPITAL, "e-50", "alpha", engine_value("alpha", 50, ""));
    engine_start_hub(engine);
    engine_await(engine, 2);
    assert_outcome(engine, "e-0", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE, NULL);
    assert_int_equal(engine_version(engine, "alpha"), 26);
    assert_int_equal(engine_version(engine, "beta"), 25);
}

/* --- batches that do not commit --- */

static void one_fact_per_event_after(struct engine *engine, int16_t api_key, int code)
{
    enum { EVENTS = 20 };

    engine_submit(engine, HOSPITAL, "before", "alpha", engine_value("alpha", 0, ""));
    engine_await(engine, 1);
    broker_fail(&engine->broker, api_key, code);
    for (int i = 0; i < EVENTS; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "e-%d", i);
        engine_submit(engine, HOSPITAL, id, "alpha", engine_value("alpha", i, ""));
    }
    engine_await(engine, EVENTS);
    /* One more behind all that was done again: the version counts every fact that ever was. */
    engine_submit(engine, HOSPITAL, "after", "alpha", engine_value("alpha", 0, ""));
    engine_await_id(engine, "after");
    /* Stops the hub, so that the batch is whole: on the embedded broker a receipt may be seen before its fact. */
    assert_int_equal(engine_version(engine, "alpha"), EVENTS + 2);
    struct kept *facts = broker_read(&engine->broker, ENGINE_FACT);
    for (size_t i = 0; i < facts->count; i++) {
        ParameterSet *fact = engine_fact(&facts->records[i]);
        assert_int_equal(fact->provenance->version, (int)i + 1);
        medhub__policy__v1__parameter_set__free_unpacked(fact, NULL);
    }
    assert_int_equal(facts->count, EVENTS + 2);
    kept_free(facts);
}

/* What waited in the batch that was given up is not there twice. How many records come of it depends on how many batches the
 * events come in. */
static void merged_follow_ups_survive_a_batch_that_is_done_again(void **state)
{
    enum { EVENTS = 20, RECORDS_MIN = (EVENTS + ENGINE_TOGETHER - 1) / ENGINE_TOGETHER };
    struct engine *engine = *state;

    engine_open(engine, NULL);
    for (int i = 0; i < EVENTS; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "e-%d", i);
        engine_submit(engine, HOSPITAL, id, "alpha", engine_value("alpha", 2026, "together"));
    }
    broker_send_flush(&engine->broker);
    broker_fail(&engine->broker, API_ADD_PARTITIONS_TO_TXN, ERROR_TOPIC_AUTHORIZATION_FAILED);
    engine->client.embedded = false; /* on which nothing is merged */
    engine_start_hub(engine);
    engine_await(engine, EVENTS + RECORDS_MIN); /* so all events are decided, and what follows from them is there */
    size_t records = count_of(engine, ENGINE_INBOX) - EVENTS;
    assert_in_range(records, RECORDS_MIN, EVENTS - 1);
    engine_await(engine, records - RECORDS_MIN);
    assert_int_equal(engine_version(engine, "2026"), records);
}

static void a_batch_whose_partitions_are_refused_is_done_again(void **state)
{
    one_fact_per_event_after(*state, API_ADD_PARTITIONS_TO_TXN, ERROR_TOPIC_AUTHORIZATION_FAILED);
}

static void a_producer_that_is_fenced_is_built_anew(void **state)
{
    one_fact_per_event_after(*state, API_ADD_PARTITIONS_TO_TXN, ERROR_PRODUCER_FENCED);
}

static void a_batch_whose_end_is_refused_leaves_one_fact_per_event(void **state)
{
    one_fact_per_event_after(*state, API_END_TXN, ERROR_INVALID_PRODUCER_EPOCH);
}

/* --- settings of the topics --- */

static void a_missing_topic_stops_the_start_with_its_name(void **state)
{
    struct engine *engine = *state;
    static const struct domain stranger = {.name = "stranger", .key_kind = "parameter"};
    static const struct domain *const domains[] = {&stranger, NULL};
    const struct hub_options options = {.domains = domains, .clock = clock_system(), .boot_id = ""};

    engine_open(engine, NULL);
    assert_int_equal(hub_start(&engine->settings, &engine->client, &options, &engine->hub, &engine->fault),
                     STATUS_FATAL);
    assert_string_equal(engine->fault.code, "topic.missing");
    assert_non_null(strstr(engine->fault.text, "medhub.inbox.stranger"));
}

static void different_partition_counts_stop_the_start(void **state)
{
    struct engine *engine = *state;
    static const struct domain stranger = {
        .name = "stranger", .key_kind = "parameter", .inbox_topic = "medhub.inbox.policy", .state_topic = "medhub.receipt"};
    static const struct domain *const domains[] = {&stranger, NULL};
    const struct hub_options options = {.domains = domains, .clock = clock_system(), .boot_id = ""};

    engine_open(engine, NULL);
    assert_int_equal(hub_start(&engine->settings, &engine->client, &options, &engine->hub, &engine->fault),
                     STATUS_FATAL);
    assert_string_equal(engine->fault.code, "topic.partitions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_HUB(a_restart_goes_on_where_the_store_stands),
        ON_A_HUB(a_lost_disk_is_restored_from_the_changelog),
        ON_NO_HUB_YET(merged_follow_ups_survive_a_batch_that_is_done_again),
        ON_A_HUB(a_batch_whose_partitions_are_refused_is_done_again),
        ON_A_HUB(a_producer_that_is_fenced_is_built_anew),
        ON_A_HUB(a_batch_whose_end_is_refused_leaves_one_fact_per_event),
        ON_NO_HUB_YET(a_missing_topic_stops_the_start_with_its_name),
        ON_NO_HUB_YET(different_partition_counts_stop_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
