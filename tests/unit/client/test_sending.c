// links: dep::jansson dep::microhttpd
/* medhub_submit, medhub_work, receipts: against a gateway that answers what a test wants. */
#include "fake_gateway.h"

static void submit(struct trial *trial, const char *id, const char *subject)
{
    struct medhub_event event = MEDHUB_EVENT_INIT;
    event.type = "t";
    event.id = id;
    event.subject = subject;
    event.data = "{\"a\":1}";
    if (medhub_submit(trial->hub, &event, 1, NULL, &trial->error) != MEDHUB_OK)
        fail_msg("%s", trial->error.text_en);
}

static struct medhub_state look(struct trial *trial)
{
    struct medhub_state state = MEDHUB_STATE_INIT;
    assert_int_equal(medhub_state(trial->hub, &state, &trial->error), MEDHUB_OK);
    return state;
}

static enum medhub_outcome outcome_of(struct trial *trial, const char *id)
{
    struct medhub_receipt *receipt = NULL;
    assert_int_equal(medhub_receipt(trial->hub, id, &receipt, &trial->error), MEDHUB_OK);
    enum medhub_outcome outcome = medhub_receipt_outcome(receipt);
    assert_string_equal(medhub_receipt_id(receipt), id);
    medhub_receipt_free(receipt);
    return outcome;
}

static void a_submitted_event_gets_its_receipt(void **state)
{
    struct trial *trial = *state;
    struct medhub_receipt *receipt = NULL;
    char ids[1][MEDHUB_ID_BYTES];
    struct medhub_event event = MEDHUB_EVENT_INIT;

    trial_open(trial);
    event.type = "t";
    event.data = "{}";
    assert_int_equal(medhub_submit(trial->hub, &event, 1, ids, &trial->error), MEDHUB_OK);
    assert_int_equal(strlen(ids[0]), 36);
    assert_int_equal(medhub_receipt(trial->hub, ids[0], &receipt, &trial->error), MEDHUB_AGAIN);
    assert_int_equal(medhub_wait(trial->hub, ids[0], 10000, &receipt, &trial->error), MEDHUB_OK);
    assert_int_equal(medhub_receipt_outcome(receipt), MEDHUB_ACCEPTED);
    assert_non_null(strstr(medhub_receipt_json(receipt), "\"outcome\":\"accepted\""));
    assert_string_equal(medhub_receipt_field(receipt, "detail"), "fake");
    assert_string_equal(medhub_receipt_field(receipt, "nothing"), "");
    assert_int_equal(medhub_receipt_finding_count(receipt), 1);
    assert_string_equal(medhub_receipt_finding(receipt, 0, "sentenceZh"), "不行");
    assert_string_equal(medhub_receipt_finding(receipt, 0, "nothing"), "");
    assert_string_equal(medhub_receipt_finding(receipt, 1, "code"), "");
    medhub_receipt_free(receipt);
    assert_true(look(trial).contact_ms > 0);
}

static unsigned refuse_first(struct fake *fake, const char *id)
{
    (void)fake;
    return strcmp(id, "1") == 0 ? 422 : strcmp(id, "2") == 0 ? 409 : strcmp(id, "3") == 0 ? 400 : 200;
}

static void refused_events_are_settled_and_block_nobody(void **state)
{
    struct trial *trial = *state;
    WITH_FAKE(trial, trial->fake->answer = refuse_first);
    trial_open(trial);
    submit(trial, "1", "k");
    submit(trial, "2", "k");
    submit(trial, "3", "k");
    submit(trial, "4", "k");
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_int_equal(outcome_of(trial, "1"), MEDHUB_REFUSED);
    assert_int_equal(outcome_of(trial, "2"), MEDHUB_DUPLICATE);
    assert_int_equal(outcome_of(trial, "3"), MEDHUB_REFUSED);
    assert_int_equal(outcome_of(trial, "4"), MEDHUB_ACCEPTED);
    assert_int_equal(FAKE_COUNT(trial, posts), 4);
}

/* Whatever can happen to a request, chosen at random; every eighth answer is a good one at least. */
static unsigned answer_anything(struct fake *fake, const char *id)
{
    static const unsigned answers[] = {
        200, 202, 422, 409, 429, 500, 503, 504, 408, FAKE_LOSE_ANSWER, FAKE_LOSE_REQUEST, 202, 200};
    (void)id;
    return answers[fake_dice(fake, sizeof answers / sizeof *answers)];
}

static unsigned decide_sometimes(struct fake *fake, const char *id)
{
    (void)id;
    return fake_dice(fake, 3) == 0 ? 404 : 200;
}

/* Names are KEY-NUMBER: the first arrivals of a key must come in the order of their numbers, all of them. */
static void check_order(const struct fake *fake, unsigned keys, unsigned each)
{
    unsigned next[16] = {0};
    assert_int_equal(fake->arrival_count, keys * each);
    for (size_t i = 0; i < fake->arrival_count; i++) {
        unsigned key = 0, number = 0;
        assert_int_equal(sscanf(fake->arrivals[i].id, "%u-%u", &key, &number), 2);
        assert_int_equal(number, next[key]);
        next[key]++;
    }
}

static void random_answers_lose_nothing_and_keep_the_order_of_each_key(void **state)
{
    struct trial *trial = *state;
    enum { KEYS = 6, EACH = 25 };
    char id[20], subject[20];

    WITH_FAKE(trial, trial->fake->answer = answer_anything);
    WITH_FAKE(trial, trial->fake->receipt = decide_sometimes);
    WITH_FAKE(trial, trial->fake->seed = 42);
    trial_option(trial, "connections_max", "4");
    trial_open(trial);
    for (unsigned number = 0; number < EACH; number++)
        for (unsigned key = 0; key < KEYS; key++) {
            (void)snprintf(id, sizeof id, "%u-%u", key, number);
            (void)snprintf(subject, sizeof subject, "k%u", key);
            submit(trial, id, subject);
            if (trial_dice(trial, 20) == 0)
                trial_reopen(trial);
            if (trial_dice(trial, 4) == 0)
                (void)medhub_work(trial->hub, 5, &trial->error);
        }
    assert_true(trial_work_until(trial, trial_is_idle));
    check_order(trial->fake, KEYS, EACH);
    assert_int_equal(look(trial).settled, KEYS * EACH);
    assert_in_range(FAKE_COUNT(trial, largest_crowd), 2,
                    4 + 4); /* 4 at a time; a broken one may still be seen there */
}

static unsigned answer_nobody(struct fake *fake, const char *id)
{
    (void)fake, (void)id;
    return 503;
}

static void a_gateway_that_asks_for_patience_gets_it(void **state)
{
    struct trial *trial = *state;
    char id[20];

    WITH_FAKE(trial, trial->fake->answer = answer_nobody);
    WITH_FAKE(trial, trial->fake->retry_after = "1");
    trial_option(trial, "retry_max_ms", "60000");
    trial_open(trial);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(id, sizeof id, "%d", i);
        submit(trial, id, id);
    }
    for (int i = 0; i < 5; i++)
        (void)medhub_work(trial->hub, 100, &trial->error);
    struct medhub_state now = look(trial);
    assert_in_range(FAKE_COUNT(trial, posts), 1,
                    8); /* those that were under way together, and no second round */
    assert_int_equal(now.waiting, 20);
    assert_int_equal(now.problem.status, MEDHUB_UNREACHABLE);
    assert_int_equal(now.problem.http_status, 503);
    assert_true(now.oldest_ms > 0);
    WITH_FAKE(trial, trial->fake->answer = NULL);
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_int_equal(look(trial).problem.status, MEDHUB_OK);
}

static unsigned answer_denied(struct fake *fake, const char *id)
{
    (void)fake, (void)id;
    return 401;
}

static void a_wrong_key_is_told_and_nothing_is_given_up(void **state)
{
    struct trial *trial = *state;
    WITH_FAKE(trial, trial->fake->answer = answer_denied);
    trial_open(trial);
    submit(trial, "1", "k");
    while (FAKE_COUNT(trial, posts) < 3)
        (void)medhub_work(trial->hub, 50, &trial->error);
    (void)medhub_work(trial->hub, 50, &trial->error);
    assert_int_equal(look(trial).problem.status, MEDHUB_DENIED);
    assert_int_equal(look(trial).waiting, 1);
    WITH_FAKE(trial, trial->fake->answer = NULL);
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_int_equal(outcome_of(trial, "1"), MEDHUB_ACCEPTED);
}

static void without_a_gateway_events_wait_and_go_when_it_comes_back(void **state)
{
    struct trial *trial = *state;
    trial_open(trial);
    fake_stop(trial->fake);
    submit(trial, "1", "k");
    for (int i = 0; i < 3; i++)
        assert_int_not_equal(medhub_work(trial->hub, 60, &trial->error), MEDHUB_STORAGE);
    assert_string_equal(look(trial).problem.code, "gateway.unreachable");
    trial_reopen(trial);
    (void)fake_start(trial->fake, trial->port);
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_int_equal(outcome_of(trial, "1"), MEDHUB_ACCEPTED);
}

static unsigned answer_taken(struct fake *fake, const char *id)
{
    (void)fake, (void)id;
    return 202;
}

static unsigned never_decide(struct fake *fake, const char *id)
{
    (void)fake, (void)id;
    return 404;
}

static bool was_posted_twice(struct trial *trial)
{
    return FAKE_COUNT(trial, posts) >= 2;
}

static void a_taken_event_without_receipt_is_asked_for_and_after_long_sent_again(void **state)
{
    struct trial *trial = *state;
    WITH_FAKE(trial, trial->fake->answer = answer_taken);
    WITH_FAKE(trial, trial->fake->receipt = never_decide);
    trial_option(trial, "receipt_patience_ms", "1000");
    trial_open(trial);
    submit(trial, "1", "k");
    assert_true(trial_work_until(trial, was_posted_twice));
    assert_true(FAKE_COUNT(trial, receipt_questions) >= 3);
    assert_int_equal(trial->fake->arrivals[0].copies, 2);
    WITH_FAKE(trial, trial->fake->receipt = NULL);
    assert_true(trial_work_until(trial, trial_is_idle));
}

struct told {
    unsigned count, refusals;
    char last[MEDHUB_ID_BYTES];
    struct trial *trial;
};

static enum medhub_status hear(void *context, const struct medhub_receipt *receipt)
{
    struct told *told = context;
    struct medhub_error error = MEDHUB_ERROR_INIT;
    const struct medhub_item *item = NULL;

    assert_int_equal(medhub_work(told->trial->hub, 0, &error), MEDHUB_BUSY);
    assert_int_equal(medhub_next(told->trial->hub, "orders", 100, &item, &error), MEDHUB_BUSY);
    if (told->refusals > 0) {
        told->refusals--;
        return MEDHUB_AGAIN;
    }
    told->count++;
    (void)snprintf(told->last, sizeof told->last, "%s", medhub_receipt_id(receipt));
    if (told->count == 1)
        submit(told->trial, "from-callback", "k");
    return MEDHUB_OK;
}

static void receipts_are_told_until_taken_and_a_callback_may_submit(void **state)
{
    struct trial *trial = *state;
    struct told told = {.refusals = 2, .trial = trial};

    trial_open(trial);
    submit(trial, "1", "k");
    assert_true(trial_work_until(trial, trial_is_idle));
    trial_reopen(trial); /* nobody was told yet */
    assert_int_equal(medhub_on_receipt(trial->hub, hear, &told, &trial->error), MEDHUB_OK);
    for (int i = 0; i < 100 && told.count < 2; i++)
        (void)medhub_work(trial->hub, 100, &trial->error);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.last, "from-callback");
    trial_reopen(trial);
    assert_int_equal(medhub_on_receipt(trial->hub, hear, &told, &trial->error), MEDHUB_OK);
    (void)medhub_work(trial->hub, 50, &trial->error);
    assert_int_equal(told.count, 2);
}

enum { THREADS = 4, PER_THREAD = 25 };

static void *submit_many(void *argument)
{
    struct trial *trial = argument;
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct medhub_event event = MEDHUB_EVENT_INIT;
    struct medhub_receipt *receipt = NULL;
    char ids[1][MEDHUB_ID_BYTES] = {""};

    event.type = "t";
    event.data = "{}";
    for (int i = 0; i < PER_THREAD; i++)
        if (medhub_submit(trial->hub, &event, 1, ids, &error) != MEDHUB_OK)
            return NULL;
    if (medhub_wait(trial->hub, ids[0], 20000, &receipt, &error) != MEDHUB_OK)
        return NULL;
    medhub_receipt_free(receipt);
    return argument;
}

static void with_its_thread_many_may_submit_and_wait(void **state)
{
    struct trial *trial = *state;
    pthread_t threads[THREADS];
    void *result = NULL;

    trial_open(trial);
    assert_int_equal(medhub_start_thread(trial->hub, &trial->error), MEDHUB_OK);
    assert_int_equal(medhub_start_thread(trial->hub, &trial->error), MEDHUB_BUSY);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, trial), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, trial);
    }
    medhub_stop_thread(trial->hub);
    assert_int_equal(look(trial).settled, THREADS * PER_THREAD);
    assert_int_equal(medhub_start_thread(trial->hub, &trial->error), MEDHUB_OK); /* and close stops it */
}

static void a_withdrawn_event_is_not_sent(void **state)
{
    struct trial *trial = *state;
    trial_open(trial);
    submit(trial, "1", "k");
    submit(trial, "2", "k");
    assert_int_equal(medhub_withdraw(trial->hub, "1", &trial->error), MEDHUB_OK);
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_int_equal(FAKE_COUNT(trial, posts), 1);
    assert_string_equal(trial->fake->arrivals[0].id, "2");
}

static void requests_are_signed_with_the_key_of_the_options(void **state)
{
    struct trial *trial = *state;
    char path[TEMP_FOLDER_BYTES + 20];

    (void)snprintf(path, sizeof path, "%s/secret", trial->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("bWVkaHViIHRlc3Qgc2VjcmV0IG9mIDMyIGJ5dGVzISE=\n", file);
    (void)fclose(file);
    trial_option(trial, "key", "2026");
    trial_option(trial, "key_file", path);
    trial_open(trial);
    submit(trial, "1", "k");
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_true(trial->fake->signed_requests);
    trial_option(trial, "key_file", "/nowhere");
    medhub_close(trial->hub);
    assert_int_equal(medhub_open(trial->options, &trial->hub, &trial->error), MEDHUB_INVALID);
    assert_string_equal(trial->error.code, "key.unusable");
    assert_null(trial->hub);
}

static void the_outbox_is_bounded(void **state)
{
    struct trial *trial = *state;
    struct medhub_event events[3] = {MEDHUB_EVENT_INIT, MEDHUB_EVENT_INIT, MEDHUB_EVENT_INIT};

    trial_option(trial, "outbox_events_max", "2");
    trial_open(trial);
    for (int i = 0; i < 3; i++) {
        events[i].type = "t";
        events[i].data = "{}";
    }
    assert_int_equal(medhub_submit(trial->hub, events, 3, NULL, &trial->error), MEDHUB_FULL);
    assert_int_equal(medhub_submit(trial->hub, events, 2, NULL, &trial->error), MEDHUB_OK);
    assert_int_equal(medhub_submit(trial->hub, events, 1, NULL, &trial->error), MEDHUB_FULL);
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_int_equal(medhub_submit(trial->hub, events, 1, NULL, &trial->error), MEDHUB_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_submitted_event_gets_its_receipt),
        TEST(refused_events_are_settled_and_block_nobody),
        TEST(random_answers_lose_nothing_and_keep_the_order_of_each_key),
        TEST(a_gateway_that_asks_for_patience_gets_it),
        TEST(a_wrong_key_is_told_and_nothing_is_given_up),
        TEST(without_a_gateway_events_wait_and_go_when_it_comes_back),
        TEST(a_taken_event_without_receipt_is_asked_for_and_after_long_sent_again),
        TEST(receipts_are_told_until_taken_and_a_callback_may_submit),
        TEST(with_its_thread_many_may_submit_and_wait),
        TEST(a_withdrawn_event_is_not_sent),
        TEST(requests_are_signed_with_the_key_of_the_options),
        TEST(the_outbox_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
