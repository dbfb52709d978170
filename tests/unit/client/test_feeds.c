// links: dep::jansson dep::microhttpd
/* medhub_follow, medhub_next: the cursor stands exactly behind the last item that was handled. */
#include "fake_gateway.h"

#include <sys/wait.h>
#include <unistd.h>

struct heard {
    unsigned next; /* the number that must come */
    unsigned count, gaps;
    unsigned refuse_at; /* this number is refused REFUSALS times */
    unsigned refusals;
    unsigned leave_at; /* the feed is left in the callback of this number */
    struct trial *trial;
};

static enum medhub_status hear(void *context, const struct medhub_item *item)
{
    struct heard *heard = context;

    assert_string_equal(medhub_item_feed(item), "orders");
    if (medhub_item_kind(item) == MEDHUB_ITEM_GAP) {
        assert_string_equal(medhub_item_json(item), "");
        assert_string_equal(medhub_item_id(item), "");
        heard->gaps++;
        return MEDHUB_OK;
    }
    unsigned number = (unsigned)strtoul(medhub_item_id(item), NULL, 10);
    assert_int_equal(number, heard->next);
    assert_string_equal(medhub_item_type(item), "order");
    assert_string_equal(medhub_item_subject(item), "s");
    assert_non_null(strstr(medhub_item_json(item), "文字"));
    if (heard->refusals > 0 && number == heard->refuse_at) {
        heard->refusals--;
        return MEDHUB_AGAIN;
    }
    if (heard->leave_at != 0 && number == heard->leave_at)
        assert_int_equal(medhub_unfollow(heard->trial->hub, "orders", &heard->trial->error), MEDHUB_OK);
    heard->next++;
    heard->count++;
    return MEDHUB_OK;
}

static void follow(struct trial *trial, struct heard *heard)
{
    heard->trial = trial;
    assert_int_equal(medhub_follow(trial->hub, "orders", hear, heard, &trial->error), MEDHUB_OK);
}

static void hear_until(struct trial *trial, const struct heard *heard, unsigned next)
{
    for (int i = 0; i < 200 && heard->next < next; i++)
        assert_true(medhub_work(trial->hub, 100, &trial->error) <= MEDHUB_AGAIN);
    assert_int_equal(heard->next, next);
}

static void publish(struct trial *trial, unsigned count)
{
    (void)pthread_mutex_lock(&trial->fake->lock);
    trial->fake->last += count;
    (void)pthread_cond_broadcast(&trial->fake->changed);
    (void)pthread_mutex_unlock(&trial->fake->lock);
}

static void items_come_in_order_once_and_go_on_after_a_restart(void **state)
{
    struct trial *trial = *state;
    struct heard heard = {0};

    trial_option(trial, "feed_page_events", "7");
    trial_open(trial);
    publish(trial, 40);
    follow(trial, &heard);
    assert_int_equal(medhub_follow(trial->hub, "orders", hear, &heard, &trial->error), MEDHUB_BUSY);
    hear_until(trial, &heard, 40);
    trial_reopen(trial);
    publish(trial, 5);
    follow(trial, &heard);
    hear_until(trial, &heard, 45);
    (void)medhub_work(trial->hub, 100, &trial->error);
    publish(trial, 1); /* while the gateway holds the request */
    hear_until(trial, &heard, 46);
    assert_int_equal(heard.count, 46);
}

static void a_refused_item_comes_again_and_nothing_behind_it(void **state)
{
    struct trial *trial = *state;
    struct heard heard = {.refuse_at = 3, .refusals = 4};

    trial_open(trial);
    publish(trial, 10);
    follow(trial, &heard);
    for (int i = 0; i < 3; i++)
        (void)medhub_work(trial->hub, 20, &trial->error);
    trial_reopen(trial);
    follow(trial, &heard);
    hear_until(trial, &heard, 10);
    assert_int_equal(heard.refusals, 0);
    assert_int_equal(heard.count, 10);
}

static void a_feed_can_be_left_in_its_callback(void **state)
{
    struct trial *trial = *state;
    struct heard heard = {.leave_at = 4};

    trial_open(trial);
    publish(trial, 10);
    follow(trial, &heard);
    for (int i = 0; i < 5; i++)
        (void)medhub_work(trial->hub, 50, &trial->error);
    assert_int_equal(heard.next, 5);
    assert_int_equal(medhub_unfollow(trial->hub, "orders", &trial->error), MEDHUB_NOT_FOUND);
    heard.leave_at = 0;
    follow(trial, &heard);
    hear_until(trial, &heard, 10);
}

static void a_cursor_that_is_too_old_is_told_as_a_gap(void **state)
{
    struct trial *trial = *state;
    struct heard heard = {0};

    trial_open(trial);
    publish(trial, 5);
    follow(trial, &heard);
    hear_until(trial, &heard, 5);
    trial_reopen(trial);
    WITH_FAKE(trial, trial->fake->first = 20); /* 5..19 were deleted */
    WITH_FAKE(trial, trial->fake->last = 22);
    heard.next = 20;
    follow(trial, &heard);
    hear_until(trial, &heard, 22);
    assert_int_equal(heard.gaps, 1);
}

static void a_feed_that_fails_is_asked_again(void **state)
{
    struct trial *trial = *state;
    struct medhub_state now = MEDHUB_STATE_INIT;
    struct heard heard = {0};

    WITH_FAKE(trial, trial->fake->feed_status = 404);
    trial_open(trial);
    publish(trial, 3);
    follow(trial, &heard);
    for (int i = 0; i < 20 && FAKE_COUNT(trial, pages) < 3; i++)
        (void)medhub_work(trial->hub, 50, &trial->error);
    assert_int_equal(medhub_state(trial->hub, &now, &trial->error), MEDHUB_OK);
    assert_string_equal(now.problem.code, "feed.unknown");
    WITH_FAKE(trial, trial->fake->feed_status = 200);
    hear_until(trial, &heard, 3);
}

static void items_can_be_asked_for_one_by_one(void **state)
{
    struct trial *trial = *state;
    const struct medhub_item *item = NULL, *again = NULL;

    trial_open(trial);
    assert_int_equal(medhub_next(trial->hub, "orders", 30, &item, &trial->error), MEDHUB_AGAIN);
    publish(trial, 2);
    assert_int_equal(medhub_next(trial->hub, "orders", 5000, &item, &trial->error), MEDHUB_OK);
    assert_string_equal(medhub_item_id(item), "0");
    assert_int_equal(medhub_next(trial->hub, "orders", 5000, &again, &trial->error), MEDHUB_OK);
    assert_string_equal(medhub_item_id(again), "0"); /* it was not done */
    assert_int_equal(medhub_done(trial->hub, again, &trial->error), MEDHUB_OK);
    assert_int_equal(medhub_done(trial->hub, again, &trial->error), MEDHUB_INVALID);
    assert_int_equal(medhub_next(trial->hub, "orders", 5000, &item, &trial->error), MEDHUB_OK);
    assert_string_equal(medhub_item_id(item), "1");
    trial_reopen(trial);
    assert_int_equal(medhub_next(trial->hub, "orders", 5000, &item, &trial->error), MEDHUB_OK);
    assert_string_equal(medhub_item_id(item), "1");
    assert_int_equal(medhub_set_cursor(trial->hub, "orders", "", &trial->error), MEDHUB_BUSY);
    assert_int_equal(medhub_unfollow(trial->hub, "orders", &trial->error), MEDHUB_OK);
    assert_int_equal(medhub_set_cursor(trial->hub, "orders", "", &trial->error), MEDHUB_OK);
    assert_int_equal(medhub_next(trial->hub, "orders", 5000, &item, &trial->error), MEDHUB_OK);
    assert_string_equal(medhub_item_id(item), "0");
}

/* ---- a follower that is killed ---- */

struct journal {
    int descriptor; /* what was handled, as far as the callback got */
};

static enum medhub_status note_down(void *context, const struct medhub_item *item)
{
    struct journal *journal = context;
    unsigned number = (unsigned)strtoul(medhub_item_id(item), NULL, 10);
    return write(journal->descriptor, &number, sizeof number) == (ssize_t)sizeof number ? MEDHUB_OK
                                                                                        : MEDHUB_AGAIN;
}

static void follow_until_killed(const char *options, int descriptor)
{
    struct journal journal = {descriptor};
    struct trial trial;

    trial_begin_child(&trial, options);
    if (medhub_follow(trial.hub, "orders", note_down, &journal, &trial.error) != MEDHUB_OK)
        _exit(1);
    while (medhub_work(trial.hub, 1000, &trial.error) <= MEDHUB_AGAIN)
        ;
    _exit(2);
}

static void killed_at_any_moment_at_most_the_item_in_hand_comes_again(void **state)
{
    struct trial *trial = *state;
    unsigned next = 0, repeated = 0, number = 0;
    int pipes[2];

    trial_option(trial, "feed_page_events", "20");
    publish(trial, 2000);
    for (int round = 0; round < 15; round++) {
        assert_int_equal(pipe(pipes), 0);
        pid_t child = trial_child(trial, "follow", 0, pipes[1]);
        (void)close(pipes[1]);
        unsigned wanted = 1 + (unsigned)trial_dice(trial, 100), seen = 0;
        while (seen < wanted && read(pipes[0], &number, sizeof number) == (ssize_t)sizeof number) {
            if (seen == 0 && round > 0 && number + 1 == next)
                repeated++, next--;
            assert_int_equal(number, next);
            next++;
            seen++;
        }
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(pipes[0], &number, sizeof number) == (ssize_t)sizeof number) {
            assert_int_equal(number, next); /* handled before the kill came */
            next++;
        }
        (void)close(pipes[0]);
    }
    assert_true(next > 100);
    assert_true(repeated <= 15);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "follow") == 0)
        follow_until_killed(argv[3], atoi(argv[4]));
#define TEST(name) cmocka_unit_test_setup_teardown(name, trial_set_up, trial_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(items_come_in_order_once_and_go_on_after_a_restart),
        TEST(a_refused_item_comes_again_and_nothing_behind_it),
        TEST(a_feed_can_be_left_in_its_callback),
        TEST(a_cursor_that_is_too_old_is_told_as_a_gap),
        TEST(a_feed_that_fails_is_asked_again),
        TEST(items_can_be_asked_for_one_by_one),
        TEST(killed_at_any_moment_at_most_the_item_in_hand_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
