// links: medhub_kafka
/* assignment.h: whose endpoints these are, where they stood, what is wished of them; and that another gets them. */
#include "webhook/assignment.h"

#include "event/pack.h"
#include "webhook/journal.h"
#include "webhook_trial.h"

enum { NAMES_MAX = 16 };

/* One process of the group. */
struct member {
    struct assignment *assignment;
    struct conf *conf;
    struct webhook_settings settings;
    struct fault fault;
    int32_t ready[NAMES_MAX], revoked[NAMES_MAX];
    size_t ready_count, revoked_count;
    char wishes[NAMES_MAX][TARGET_NAME_BYTES];
    int64_t offsets[NAMES_MAX];
    size_t wish_count;
};

struct fixture {
    struct broker broker;
    struct member one, other;
    struct arena *arena;
};

static void note_ready(void *self, int32_t partition)
{
    struct member *member = self;

    assert_true(member->ready_count < NAMES_MAX);
    member->ready[member->ready_count++] = partition;
}

static void note_revoked(void *self, int32_t partition)
{
    struct member *member = self;

    assert_true(member->revoked_count < NAMES_MAX);
    member->revoked[member->revoked_count++] = partition;
}

static void note_wish(void *self, const char *name, const Medhub__Webhook__V1__Control *control, int64_t offset)
{
    struct member *member = self;
    (void)control;

    assert_true(member->wish_count < NAMES_MAX);
    (void)snprintf(member->wishes[member->wish_count], TARGET_NAME_BYTES, "%s", name);
    member->offsets[member->wish_count++] = offset;
}

static enum status open_member(struct fixture *fixture, struct member *member)
{
    const struct assignment_events events = {note_ready, note_revoked, note_wish, member};
    const char *const sets[] = {"webhook.session_timeout_ms=6000"}; /* so long the embedded broker waits for all members */
    const struct conf_source source = {.sets = sets, .set_count = 1};

    assert_int_equal(conf_load(webhook_settings_rows, webhook_settings_row_count, NULL, source, &member->settings,
                               &member->conf, &member->fault),
                     STATUS_OK);
    return assignment_open(&fixture->broker.client, &member->settings, events, &member->assignment, &member->fault);
}

static void close_member(struct member *member)
{
    assignment_close(member->assignment);
    conf_free(member->conf);
    *member = (struct member){0};
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    broker_start(&fixture->broker);
    broker_topic(&fixture->broker, TOPIC_WEBHOOK_STATE, TRIAL_PARTITIONS);
    broker_topic(&fixture->broker, TOPIC_WEBHOOK_CONTROL, TRIAL_PARTITIONS);
    fixture->arena = arena_new(64 * 1024, 1 << 20);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    close_member(&fixture->one);
    close_member(&fixture->other);
    arena_free(fixture->arena);
    broker_stop(&fixture->broker);
    free(fixture);
    return 0;
}

static void send_state(struct fixture *fixture, const char *name, int64_t first, int64_t second)
{
    Medhub__Webhook__V1__EndpointState said = MEDHUB__WEBHOOK__V1__ENDPOINT_STATE__INIT;
    int64_t next[] = {first, second};

    said.next_offset = next;
    said.n_next_offset = 2;
    broker_send(&fixture->broker, TOPIC_WEBHOOK_STATE, -1, bytes_of(name), pack_message(&said.base, fixture->arena), NULL);
}

static void send_wish(struct fixture *fixture, const char *organisation)
{
    Medhub__Webhook__V1__Control said = MEDHUB__WEBHOOK__V1__CONTROL__INIT;
    char name[TARGET_NAME_BYTES];

    said.organisation = (char *)(uintptr_t)organisation;
    said.endpoint = (char *)(uintptr_t)"e1";
    said.wish = MEDHUB__WEBHOOK__V1__WISH__WISH_PAUSE;
    (void)snprintf(name, sizeof name, "%s/e1", organisation);
    broker_send(&fixture->broker, TOPIC_WEBHOOK_CONTROL, -1, bytes_of(name), pack_message(&said.base, fixture->arena), NULL);
}

static void run(struct member *member)
{
    if (member->assignment != NULL && assignment_run(member->assignment, &member->fault) != STATUS_OK)
        fail_msg("%s: %s", member->fault.code, member->fault.text);
}

static bool has_all(void *context)
{
    struct member *member = context;

    run(member);
    return assignment_is_ready(member->assignment) && member->ready_count == TRIAL_PARTITIONS;
}

static bool has_two_wishes(void *context)
{
    struct member *member = context;

    run(member);
    return member->wish_count >= 2;
}

static void every_endpoint_is_where_its_last_state_says(void **state)
{
    struct fixture *fixture = *state;
    struct member *member = &fixture->one;
    size_t count = 0;

    send_state(fixture, "A/e1", 1, 2);
    send_state(fixture, "A/e1", 8, 3); /* the last one counts */
    send_state(fixture, "B/e1", 5, 9);
    broker_send(&fixture->broker, TOPIC_WEBHOOK_STATE, 0, bytes_of(""), bytes_of("nobody's"), NULL); /* passed over */
    broker_send_flush(&fixture->broker);
    assert_int_equal(open_member(fixture, member), STATUS_OK);
    assert_false(assignment_is_ready(member->assignment));
    trial_until(has_all, member, "all partitions");

    Medhub__Webhook__V1__EndpointState wanted = MEDHUB__WEBHOOK__V1__ENDPOINT_STATE__INIT;
    int64_t next[] = {8, 3};
    wanted.next_offset = next;
    wanted.n_next_offset = 2;
    assert_true(bytes_equal(assignment_state(member->assignment, "A/e1"), pack_message(&wanted.base, fixture->arena)));
    assert_null(assignment_state(member->assignment, "C/e1").data); /* nobody ever served it */
    int64_t furthest[2] = {0};
    for (int32_t partition = 0; partition < TRIAL_PARTITIONS; partition++) {
        assert_true(assignment_has(member->assignment, partition));
        const int64_t *of = assignment_furthest(member->assignment, partition, &count);
        for (size_t i = 0; i < count; i++)
            furthest[i] = of[i] > furthest[i] ? of[i] : furthest[i];
    }
    assert_int_equal(furthest[0], 8);
    assert_int_equal(furthest[1], 9);
}

static void wishes_are_heard_when_the_endpoints_are_there_and_from_the_beginning(void **state)
{
    struct fixture *fixture = *state;
    struct member *member = &fixture->one;

    send_wish(fixture, "A");
    broker_send(&fixture->broker, TOPIC_WEBHOOK_CONTROL, 0, bytes_of("x"), bytes_of("\xFF\xFF no wish"), NULL);
    send_wish(fixture, "B");
    broker_send_flush(&fixture->broker);
    assert_int_equal(open_member(fixture, member), STATUS_OK);
    trial_until(has_all, member, "all partitions");
    for (int i = 0; i < 100; i++)
        run(member);
    assert_int_equal(member->wish_count, 0); /* nobody is there to hear them */
    assignment_hear_wishes(member->assignment);
    trial_until(has_two_wishes, member, "the wishes");
    for (size_t i = 0; i < member->wish_count; i++) {
        assert_true(strcmp(member->wishes[i], "A/e1") == 0 || strcmp(member->wishes[i], "B/e1") == 0);
        assert_true(member->offsets[i] >= 0);
    }
    assert_string_not_equal(member->wishes[0], member->wishes[1]);
}

static bool is_shared(void *context)
{
    struct fixture *fixture = context;
    int owners[TRIAL_PARTITIONS] = {0};

    run(&fixture->one);
    run(&fixture->other);
    for (int32_t i = 0; i < TRIAL_PARTITIONS; i++)
        owners[i] = assignment_has(fixture->one.assignment, i) + assignment_has(fixture->other.assignment, i);
    return owners[0] == 1 && owners[1] == 1 && fixture->other.ready_count > 0;
}

/* Of endpoints of both partitions. */
static void send_states(struct fixture *fixture, int64_t offset)
{
    for (int i = 0; i < 8; i++) {
        char name[TARGET_NAME_BYTES];
        (void)snprintf(name, sizeof name, "N%d/e1", i);
        send_state(fixture, name, offset, offset + i);
    }
    broker_send_flush(&fixture->broker);
}

/* A second process comes and gets a part: who had it is told, and the next one reads what the first wrote meanwhile. */
static void what_goes_to_another_is_given_up_first_and_found_where_it_stood(void **state)
{
    struct fixture *fixture = *state;
    const struct assignment *other = NULL;

    send_states(fixture, 1);
    assert_int_equal(open_member(fixture, &fixture->one), STATUS_OK);
    trial_until(has_all, &fixture->one, "all partitions");
    send_states(fixture, 100);
    assert_int_equal(open_member(fixture, &fixture->other), STATUS_OK);
    trial_until(is_shared, fixture, "one partition each");
    assert_true(fixture->one.revoked_count > 0);

    other = fixture->other.assignment;
    for (int32_t i = 0; i < 8; i++) {
        char name[TARGET_NAME_BYTES];
        (void)snprintf(name, sizeof name, "N%d/e1", (int)i);
        int32_t partition = assignment_partition_of(other, name);
        bool is_others = assignment_has(other, partition);
        assert_int_equal(assignment_state(other, name).data != NULL, is_others);
        assert_int_equal(assignment_state(fixture->one.assignment, name).data != NULL, !is_others); /* forgotten with it */
        size_t count = 0;
        const int64_t *furthest = assignment_furthest(other, partition, &count);
        assert_int_equal(is_others && count > 0 ? furthest[0] : 0, is_others ? 100 : 0); /* what was written last */
    }
}

static void topics_that_do_not_fit_each_other_end_the_start(void **state)
{
    struct fixture *fixture = *state;

    broker_stop(&fixture->broker);
    broker_start(&fixture->broker);
    broker_topic(&fixture->broker, TOPIC_WEBHOOK_STATE, 3);
    broker_topic(&fixture->broker, TOPIC_WEBHOOK_CONTROL, 2);
    assert_int_equal(open_member(fixture, &fixture->one), STATUS_FATAL);
    assert_string_equal(fixture->one.fault.code, "topic.partitions");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_endpoint_is_where_its_last_state_says),
        TEST(wishes_are_heard_when_the_endpoints_are_there_and_from_the_beginning),
        TEST(what_goes_to_another_is_given_up_first_and_found_where_it_stood),
        TEST(topics_that_do_not_fit_each_other_end_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
