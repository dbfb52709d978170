// links: medhub_kafka
/* feeder.h: everybody gets everything once and in order, at the live end or behind it, and one that is full holds up nobody. */
#include "webhook/feeder.h"

#include "webhook_trial.h"

#include <sys/eventfd.h>
#include <unistd.h>

enum { SEEN_MAX = 400 };

struct fixture {
    struct broker broker;
    struct conf *conf;
    struct webhook_settings settings;
    struct feeder *feeder;
    struct fault fault;
    int wake;
    int64_t now_ms;
    struct delivery_pool pool;
    struct target *target; /* takes part, or NULL */
    bool patient;          /* a record waits at the live end while the window is full */
    int64_t live[TRIAL_PARTITIONS][SEEN_MAX]; /* offsets that came at the live end */
    size_t live_count[TRIAL_PARTITIONS];
    int64_t taken[TRIAL_PARTITIONS][SEEN_MAX]; /* by the target, at the live end or behind */
    size_t taken_count[TRIAL_PARTITIONS], behind_count, full_count;
    size_t wanted; /* of taken, when a test waits */
};

static void note_taken(struct fixture *fixture, int32_t partition, int64_t offset)
{
    assert_true(fixture->taken_count[partition] < SEEN_MAX);
    fixture->taken[partition][fixture->taken_count[partition]++] = offset;
}

static enum endpoint_takes take(struct fixture *fixture, const struct record *record)
{
    enum endpoint_takes answer = trial_take(fixture->target, &fixture->pool, record);

    if (answer == ENDPOINT_TOOK)
        note_taken(fixture, record->partition, record->offset);
    return answer;
}

static enum status note_live(void *self, const struct record *record, struct fault *fault)
{
    struct fixture *fixture = self;
    size_t *count = &fixture->live_count[record->partition];

    assert_true(*count < SEEN_MAX);
    fixture->live[record->partition][(*count)++] = record->offset;
    if (fixture->target == NULL || fixture->target->endpoint->progress.following == NULL)
        return STATUS_OK;
    bool full = take(fixture, record) == ENDPOINT_FULL;
    if (full && fixture->patient) {
        fixture->full_count++;
        (*count)--;
        return fault_retry(fault, "webhook.full", "it comes again");
    }
    if (full)
        feeder_fall_behind(fixture->feeder, fixture->target);
    return STATUS_OK;
}

static enum endpoint_takes note_offer(void *self, struct target *target, const struct record *record)
{
    struct fixture *fixture = self;

    assert_ptr_equal(target, fixture->target);
    enum endpoint_takes answer = take(fixture, record);
    fixture->behind_count += answer == ENDPOINT_TOOK;
    fixture->full_count += answer == ENDPOINT_FULL;
    return answer;
}

static void note_lost(void *self, struct target *target, int32_t partition, int64_t offset)
{
    (void)self, (void)target;
    fail_msg("%d/%lld is lost", (int)partition, (long long)offset);
}

static enum status open_feeder(struct fixture *fixture)
{
    const struct feeder_events events = {note_live, note_offer, note_lost, fixture};

    return feeder_open(&fixture->broker.client, &fixture->settings, fixture->wake, events, &fixture->feeder, &fixture->fault);
}

static void load_settings(struct fixture *fixture)
{
    const char *const sets[] = {"webhook.catch_up_readers=1", "webhook.live_backlog=1000"};
    const struct conf_source source = {.sets = sets, .set_count = sizeof sets / sizeof *sets};

    assert_int_equal(conf_load(webhook_settings_rows, webhook_settings_row_count, NULL, source, &fixture->settings,
                               &fixture->conf, &fixture->fault),
                     STATUS_OK);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    fixture->now_ms = TRIAL_NOW_MS;
    fixture->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_true(fixture->wake >= 0);
    load_settings(fixture);
    broker_start(&fixture->broker);
    broker_topic(&fixture->broker, TOPIC_DELIVERY, TRIAL_PARTITIONS);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    feeder_close(fixture->feeder);
    trial_target_free(fixture->target);
    delivery_pool_done(&fixture->pool);
    assert_int_equal(fixture->pool.count, 0);
    broker_stop(&fixture->broker);
    conf_free(fixture->conf);
    (void)close(fixture->wake);
    free(fixture);
    return 0;
}

static void send(struct fixture *fixture, int32_t partition, size_t count)
{
    for (size_t i = 0; i < count; i++)
        broker_send(&fixture->broker, TOPIC_DELIVERY, partition, bytes_of("person"), bytes_of("delivery"), NULL);
    broker_send_flush(&fixture->broker);
}

static void start_live(struct fixture *fixture, int64_t first, int64_t second)
{
    const int64_t start[TRIAL_PARTITIONS] = {first, second};

    assert_int_equal(feeder_start_live(fixture->feeder, start, &fixture->fault), STATUS_OK);
}

static void run(struct fixture *fixture)
{
    bool more = false;

    fixture->now_ms += 10;
    if (feeder_run(fixture->feeder, fixture->now_ms, &more, &fixture->fault) != STATUS_OK)
        fail_msg("%s: %s", fixture->fault.code, fixture->fault.text);
}

static bool has_live(void *context)
{
    struct fixture *fixture = context;

    run(fixture);
    return fixture->live_count[0] + fixture->live_count[1] >= fixture->wanted;
}

/* What is sent is answered well, as fast as the window lets it in. */
static void answer_all(struct fixture *fixture)
{
    struct endpoint *endpoint = fixture->target->endpoint;

    while (endpoint_due_ms(endpoint) <= TRIAL_NOW_MS)
        endpoint_settled(endpoint, trial_answer(fixture->target, 200));
    feeder_serve(fixture->feeder, fixture->target);
}

static bool has_taken(void *context)
{
    struct fixture *fixture = context;

    run(fixture);
    if (fixture->target->endpoint->count > 0)
        answer_all(fixture);
    return fixture->taken_count[0] + fixture->taken_count[1] >= fixture->wanted;
}

static void expect_in_order(const int64_t *offsets, size_t count, int64_t first, size_t wanted)
{
    assert_int_equal(count, wanted);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(offsets[i], first + (int64_t)i);
}

static void the_live_end_begins_where_it_is_told_and_goes_in_order(void **state)
{
    struct fixture *fixture = *state;

    send(fixture, 0, 20);
    send(fixture, 1, 5);
    assert_int_equal(open_feeder(fixture), STATUS_OK);
    assert_int_equal(feeder_partitions(fixture->feeder), TRIAL_PARTITIONS);
    assert_false(feeder_is_live(fixture->feeder));
    run(fixture); /* nothing before it is live */
    assert_int_equal(fixture->live_count[0], 0);
    start_live(fixture, 7, 5);
    assert_true(feeder_is_live(fixture->feeder));
    send(fixture, 1, 3);
    fixture->wanted = 13 + 3;
    trial_until(has_live, fixture, "what is at the live end");
    expect_in_order(fixture->live[0], fixture->live_count[0], 7, 13);
    expect_in_order(fixture->live[1], fixture->live_count[1], 5, 3);
}

static void the_live_end_does_not_begin_further_back_than_its_backlog(void **state)
{
    struct fixture *fixture = *state;

    fixture->settings.live_backlog = 4;
    send(fixture, 0, 20);
    assert_int_equal(open_feeder(fixture), STATUS_OK);
    start_live(fixture, 0, 0);
    fixture->wanted = 4;
    trial_until(has_live, fixture, "the backlog");
    expect_in_order(fixture->live[0], fixture->live_count[0], 16, 4);
}

/* From the beginning while the live reader is far ahead; then it follows, and nothing came twice or was passed over. */
static void one_that_was_away_catches_up_and_follows(void **state)
{
    struct fixture *fixture = *state;

    send(fixture, 0, 100);
    send(fixture, 1, 30);
    assert_int_equal(open_feeder(fixture), STATUS_OK);
    start_live(fixture, 100, 30);
    fixture->target = trial_target("O");
    feeder_serve(fixture->feeder, fixture->target);
    fixture->wanted = 130;
    trial_until(has_taken, fixture, "all that was missed");
    assert_int_equal(fixture->behind_count, 130);
    assert_true(fixture->full_count > 0); /* the window is four: it was full, and was offered the same again */
    send(fixture, 0, 3);
    fixture->wanted = 133;
    trial_until(has_taken, fixture, "what is new");
    expect_in_order(fixture->taken[0], fixture->taken_count[0], 0, 103);
    expect_in_order(fixture->taken[1], fixture->taken_count[1], 0, 30);
    assert_non_null(fixture->target->endpoint->progress.following);
    assert_int_equal(fixture->behind_count, 130); /* the last ones came from the live reader */
}

static void a_full_window_falls_behind_and_the_live_end_goes_on(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(open_feeder(fixture), STATUS_OK);
    start_live(fixture, 0, 0);
    fixture->target = trial_target("O");
    feeder_serve(fixture->feeder, fixture->target);
    assert_non_null(fixture->target->endpoint->progress.following);
    send(fixture, 0, 50);
    fixture->wanted = 50;
    trial_until(has_live, fixture, "all at the live end"); /* while nobody answers */
    expect_in_order(fixture->live[0], fixture->live_count[0], 0, 50);
    assert_null(fixture->target->endpoint->progress.following);
    expect_in_order(fixture->taken[0], fixture->taken_count[0], 0, trial_plan.window_events);
    trial_until(has_taken, fixture, "the rest");
    expect_in_order(fixture->taken[0], fixture->taken_count[0], 0, 50);
}

static void a_live_record_that_waits_comes_again_in_its_order(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(open_feeder(fixture), STATUS_OK);
    start_live(fixture, 0, 0);
    fixture->target = trial_target("O");
    fixture->patient = true;
    feeder_serve(fixture->feeder, fixture->target);
    send(fixture, 0, 30);
    send(fixture, 1, 20);
    fixture->wanted = 50;
    trial_until(has_taken, fixture, "all");
    assert_true(fixture->full_count > 0);
    assert_int_equal(fixture->behind_count, 0); /* nothing was read twice */
    expect_in_order(fixture->taken[0], fixture->taken_count[0], 0, 30);
    expect_in_order(fixture->taken[1], fixture->taken_count[1], 0, 20);
    assert_non_null(fixture->target->endpoint->progress.following);
}

/* The feeder gives back what it holds. */
static void one_that_waits_at_the_live_end_may_fall_behind_after_all(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(open_feeder(fixture), STATUS_OK);
    start_live(fixture, 0, 0);
    fixture->target = trial_target("O");
    fixture->patient = true;
    feeder_serve(fixture->feeder, fixture->target);
    send(fixture, 0, 20);
    fixture->wanted = trial_plan.window_events;
    trial_until(has_live, fixture, "a window"); /* while nobody answers */
    run(fixture);
    assert_int_equal(fixture->live_count[0], trial_plan.window_events);
    fixture->patient = false;
    fixture->wanted = 20;
    trial_until(has_live, fixture, "the rest at the live end");
    assert_null(fixture->target->endpoint->progress.following);
    trial_until(has_taken, fixture, "the rest");
    expect_in_order(fixture->taken[0], fixture->taken_count[0], 0, 20);
}

static void what_is_wanted_again_is_read_at_its_place(void **state)
{
    struct fixture *fixture = *state;

    send(fixture, 0, 40);
    assert_int_equal(open_feeder(fixture), STATUS_OK);
    start_live(fixture, 40, 0);
    fixture->target = trial_target("O");
    progress_looked_at(&fixture->target->endpoint->progress, 0, 40); /* all settled */
    feeder_serve(fixture->feeder, fixture->target);
    assert_non_null(fixture->target->endpoint->progress.following);
    assert_true(endpoint_redrive(fixture->target->endpoint, 0, 11));
    assert_true(endpoint_redrive(fixture->target->endpoint, 0, 29));
    feeder_serve(fixture->feeder, fixture->target);
    fixture->wanted = 2;
    trial_until(has_taken, fixture, "the two");
    assert_int_equal(fixture->taken_count[0], 2);
    assert_int_equal(fixture->taken[0][0], 11);
    assert_int_equal(fixture->taken[0][1], 29);
}

/* It goes to another process in the middle of its turn. */
static void one_that_is_forgotten_is_offered_nothing_more(void **state)
{
    struct fixture *fixture = *state;

    send(fixture, 0, 20);
    assert_int_equal(open_feeder(fixture), STATUS_OK);
    start_live(fixture, 20, 0);
    fixture->target = trial_target("O");
    feeder_serve(fixture->feeder, fixture->target);
    fixture->wanted = 2;
    trial_until(has_taken, fixture, "the first");
    fixture->target->leaving = true;
    feeder_forget(fixture->feeder, fixture->target);
    assert_false(fixture->target->fed);
    assert_false(fixture->target->hungry);
    size_t taken = fixture->taken_count[0];
    send(fixture, 0, 5);
    fixture->wanted = 5;
    trial_until(has_live, fixture, "the live end");
    assert_int_equal(fixture->taken_count[0], taken);
}

static void without_its_topic_there_is_no_feeder(void **state)
{
    struct fixture *fixture = *state;

    broker_stop(&fixture->broker);
    broker_start(&fixture->broker);
    broker_topic(&fixture->broker, TOPIC_DELIVERY, DELIVERY_PARTITIONS_MAX + 1);
    assert_int_equal(open_feeder(fixture), STATUS_FATAL);
    assert_string_equal(fixture->fault.code, "topic.missing");
    assert_null(fixture->feeder);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_live_end_begins_where_it_is_told_and_goes_in_order),
        TEST(the_live_end_does_not_begin_further_back_than_its_backlog),
        TEST(one_that_was_away_catches_up_and_follows),
        TEST(a_full_window_falls_behind_and_the_live_end_goes_on),
        TEST(a_live_record_that_waits_comes_again_in_its_order),
        TEST(one_that_waits_at_the_live_end_may_fall_behind_after_all),
        TEST(what_is_wanted_again_is_read_at_its_place),
        TEST(one_that_is_forgotten_is_offered_nothing_more),
        TEST(without_its_topic_there_is_no_feeder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
