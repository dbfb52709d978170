/* topics.h: the file of topics, and what a cluster needs to be as it says. */
#include "kafka/topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                                                               \
    "topic,key,partitions,retention_ms,cleanup_policy,min_insync_replicas,max_message_bytes,what,what_zh\n"
#define INBOX "medhub.inbox.a,person,6,604800000,delete,2,1048576,claims,申报\n"
#define STATE "medhub.state.a,person,6,-1,compact,2,1048576,\"log, of rows\",日志\n"

struct fixture {
    struct arena *arena;
    struct topics topics;
    struct topics_plan plan;
    struct fault fault;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.arena = arena_new(4096, 4 << 20)};
    *state = &fixture;
    return fixture.arena == NULL;
}

static int tear_down(void **state)
{
    arena_free(((struct fixture *)*state)->arena);
    return 0;
}

static enum status parse(struct fixture *fixture, const char *text)
{
    return topics_parse(bytes_of(text), fixture->arena, &fixture->topics, &fixture->fault);
}

static struct topic_seen as_wanted(const char *name, const char *cleanup, const char *retention)
{
    return (struct topic_seen){
        .name = name,
        .partitions = 6,
        .replicas = 3,
        .cleanup_policy = cleanup,
        .min_insync_replicas = "2",
        .retention_ms = retention,
        .max_message_bytes = "1048576",
    };
}

/* Plans for INBOX alone against SEEN (NULL = the cluster has none). */
static const struct topic_change *plan_one(struct fixture *fixture, int brokers, struct topic_seen *seen)
{
    struct topics_seen cluster = {.broker_count = brokers, .items = seen, .count = seen == NULL ? 0 : 1};

    assert_int_equal(parse(fixture, HEADER INBOX), STATUS_OK);
    assert_int_equal(topics_plan(&fixture->topics, &cluster, fixture->arena, &fixture->plan, &fixture->fault),
                     STATUS_OK);
    return fixture->plan.count == 0 ? NULL : &fixture->plan.changes[0];
}

static void the_shipped_file_is_well_formed(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(topics_shipped(fixture->arena, &fixture->topics, &fixture->fault), STATUS_OK);
    assert_true(fixture->topics.count > 10);
    assert_non_null(topics_find(&fixture->topics, "medhub.receipt"));
    assert_null(topics_find(&fixture->topics, "medhub.nothing"));
}

static void topics_of_one_key_have_the_same_number_of_partitions(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(topics_shipped(fixture->arena, &fixture->topics, &fixture->fault), STATUS_OK);
    for (size_t i = 0; i < fixture->topics.count; i++) {
        const struct topic_row *row = &fixture->topics.rows[i];
        char name[KAFKA_TOPIC_BYTES_MAX];
        if (strncmp(row->name, "medhub.inbox.", 13) != 0)
            continue;
        (void)snprintf(name, sizeof name, "medhub.state.%s", row->key);
        const struct topic_row *changelog = topics_find(&fixture->topics, name);
        assert_non_null(changelog);
        assert_int_equal(changelog->partitions, row->partitions);
    }
}

static void a_row_is_read_with_its_types(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(parse(fixture, HEADER INBOX STATE), STATUS_OK);
    assert_int_equal(fixture->topics.count, 2);
    assert_string_equal(fixture->topics.rows[1].name, "medhub.state.a");
    assert_string_equal(fixture->topics.rows[1].what, "log, of rows");
    assert_int_equal(fixture->topics.rows[1].retention_ms, -1);
    assert_int_equal(fixture->topics.rows[0].retention_ms, 604800000);
    assert_int_equal(fixture->topics.rows[0].partitions, 6);
}

static void a_wrong_file_is_refused_with_line_and_column(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(parse(fixture, HEADER "medhub.x,k,0,1,delete,1,2000,a,b\n"), STATUS_REJECT);
    assert_non_null(strstr(fixture->fault.text, "line 2, partitions"));
    assert_int_equal(parse(fixture, HEADER INBOX INBOX), STATUS_REJECT);
    assert_non_null(strstr(fixture->fault.text, "twice"));
    assert_int_equal(parse(fixture, HEADER "medhub.x,k,1\n"), STATUS_REJECT);
    assert_int_equal(parse(fixture, "topic,key\n"), STATUS_REJECT);
    assert_int_equal(parse(fixture, ""), STATUS_REJECT);
}

static void what_is_as_wanted_needs_nothing(void **state)
{
    struct topic_seen seen = as_wanted("medhub.inbox.a", "delete", "604800000");
    assert_null(plan_one(*state, 3, &seen));
}

static void a_missing_topic_is_created_with_at_most_three_replicas(void **state)
{
    const struct topic_change *change = plan_one(*state, 5, NULL);
    assert_int_equal(change->action, TOPIC_CREATE);
    assert_int_equal(change->replicas, 3);
    assert_int_equal(plan_one(*state, 1, NULL)->replicas, 1);
    assert_int_equal(topics_plan_blocking(&((struct fixture *)*state)->plan), 1);
}

static void one_replica_needs_only_itself_in_sync(void **state)
{
    struct topic_seen seen = as_wanted("medhub.inbox.a", "delete", "604800000");
    seen.replicas = 1;
    seen.min_insync_replicas = "1";
    assert_null(plan_one(*state, 1, &seen));
}

static void retention_is_raised_but_never_shortened(void **state)
{
    struct topic_seen seen = as_wanted("medhub.inbox.a", "delete", "1000");
    const struct topic_change *change = plan_one(*state, 3, &seen);
    assert_int_equal(change->action, TOPIC_RAISE);
    assert_string_equal(change->setting, "retention.ms");
    assert_string_equal(change->wanted, "604800000");

    seen.retention_ms = "-1"; /* for ever is more than a week */
    change = plan_one(*state, 3, &seen);
    assert_int_equal(change->action, TOPIC_DIFFERS);
    assert_string_not_equal(change->reason, "");
}

static void partitions_and_cleanup_are_left_to_a_person(void **state)
{
    struct fixture *fixture = *state;
    struct topic_seen seen = as_wanted("medhub.inbox.a", "compact", "604800000");
    seen.partitions = 3;

    const struct topic_change *change = plan_one(fixture, 3, &seen);
    assert_int_equal(fixture->plan.count, 2);
    assert_int_equal(change[0].action, TOPIC_DIFFERS);
    assert_string_equal(change[0].setting, "partitions");
    assert_int_equal(change[1].action, TOPIC_DIFFERS);
    assert_string_equal(change[1].setting, "cleanup.policy");
    assert_int_equal(topics_plan_blocking(&fixture->plan), 1);
}

static void settings_that_the_cluster_does_not_tell_are_not_compared(void **state)
{
    struct topic_seen seen = {.name = "medhub.inbox.a", .partitions = 6, .replicas = 1};
    assert_null(plan_one(*state, 1, &seen));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_shipped_file_is_well_formed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(topics_of_one_key_have_the_same_number_of_partitions, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_row_is_read_with_its_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_file_is_refused_with_line_and_column, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_as_wanted_needs_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_topic_is_created_with_at_most_three_replicas, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_replica_needs_only_itself_in_sync, set_up, tear_down),
        cmocka_unit_test_setup_teardown(retention_is_raised_but_never_shortened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(partitions_and_cleanup_are_left_to_a_person, set_up, tear_down),
        cmocka_unit_test_setup_teardown(settings_that_the_cluster_does_not_tell_are_not_compared, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
