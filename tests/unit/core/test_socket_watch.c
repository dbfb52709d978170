/* socket_watch.h: what the kernel is told, and when it is told again. */
#include "core/socket_watch.h"

#include "support/cmocka_all.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct socket_watch watch;
    int ours, other; /* a pair */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fixture->ours = pair[0];
    fixture->other = pair[1];
    socket_watch_init(&fixture->watch);
    assert_true(fixture->watch.epoll >= 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    (void)close(fixture->ours);
    (void)close(fixture->other);
    socket_watch_done(&fixture->watch);
    free(fixture);
    return 0;
}

static int events_of(const struct fixture *fixture)
{
    struct epoll_event events[4];

    return epoll_wait(fixture->watch.epoll, events, 4, 0);
}

static void say(const struct fixture *fixture)
{
    assert_int_equal(write(fixture->other, "x", 1), 1);
}

static void one_that_is_not_kept_is_taken_out_at_once(void **state)
{
    struct fixture *fixture = *state;

    assert_true(socket_watch_set(&fixture->watch, fixture->ours, EPOLLIN));
    say(fixture);
    assert_int_equal(events_of(fixture), 1);
    assert_false(socket_watch_is_idle(&fixture->watch, fixture->ours));
    assert_true(socket_watch_set(&fixture->watch, fixture->ours, 0));
    assert_int_equal(events_of(fixture), 0);
}

static void a_kept_one_is_heard_once_while_nobody_waits_for_it(void **state)
{
    struct fixture *fixture = *state;

    socket_watch_opened(&fixture->watch, fixture->ours);
    assert_true(socket_watch_set(&fixture->watch, fixture->ours, EPOLLIN));
    assert_true(socket_watch_set(&fixture->watch, fixture->ours, 0));
    say(fixture);
    assert_int_equal(events_of(fixture), 1);
    assert_true(socket_watch_is_idle(&fixture->watch, fixture->ours));
    assert_int_equal(events_of(fixture), 0);
    assert_true(socket_watch_set(&fixture->watch, fixture->ours, EPOLLIN)); /* and waited for again */
    assert_int_equal(events_of(fixture), 1);
    assert_false(socket_watch_is_idle(&fixture->watch, fixture->ours));
}

/* It could be written to all the time. */
static void one_that_waits_to_write_is_not_kept(void **state)
{
    struct fixture *fixture = *state;

    socket_watch_opened(&fixture->watch, fixture->ours);
    assert_true(socket_watch_set(&fixture->watch, fixture->ours, EPOLLIN | EPOLLOUT));
    assert_int_equal(events_of(fixture), 1);
    assert_true(socket_watch_set(&fixture->watch, fixture->ours, 0));
    assert_int_equal(events_of(fixture), 0);
}

static void another_socket_under_the_same_number_is_another(void **state)
{
    struct fixture *fixture = *state;
    int number = fixture->ours, pair[2];

    socket_watch_opened(&fixture->watch, number);
    assert_true(socket_watch_set(&fixture->watch, number, EPOLLIN));
    assert_true(socket_watch_set(&fixture->watch, number, 0));
    socket_watch_closed(&fixture->watch, number);
    (void)close(number);
    (void)close(fixture->other);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fixture->ours = pair[0];
    fixture->other = pair[1];
    socket_watch_opened(&fixture->watch, fixture->ours);
    assert_true(socket_watch_set(&fixture->watch, fixture->ours, EPOLLIN));
    say(fixture);
    assert_int_equal(events_of(fixture), 1);
}

/* The table grows with the numbers. */
static void a_high_number_has_its_place(void **state)
{
    struct fixture *fixture = *state;
    int high = dup2(fixture->ours, 700);

    assert_int_equal(high, 700);
    assert_true(socket_watch_set(&fixture->watch, high, EPOLLIN));
    say(fixture);
    assert_int_equal(events_of(fixture), 1);
    (void)close(high);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_that_is_not_kept_is_taken_out_at_once),
        TEST(a_kept_one_is_heard_once_while_nobody_waits_for_it),
        TEST(one_that_waits_to_write_is_not_kept),
        TEST(another_socket_under_the_same_number_is_another),
        TEST(a_high_number_has_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
