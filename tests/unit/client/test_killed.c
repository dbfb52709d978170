// links: dep::jansson dep::microhttpd
/* A program that is killed with SIGKILL while it submits and sends: what medhub_submit() answered OK arrives,
 * in order. */
#include "fake_gateway.h"

#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 25, KEYS = 3 };

/* Submits numbered events as fast as it can and tells each number after the OK. */
static void submit_until_killed(unsigned first, const char *options, int descriptor)
{
    struct medhub_event event = MEDHUB_EVENT_INIT;
    char id[FAKE_ID_BYTES], subject[FAKE_ID_BYTES];
    struct trial trial;

    trial_begin_child(&trial, options);
    for (unsigned number = first;; number++) {
        (void)snprintf(id, sizeof id, "%u", number);
        (void)snprintf(subject, sizeof subject, "k%u", number % KEYS);
        event.type = "t";
        event.id = id;
        event.subject = subject;
        event.data = "{}";
        if (medhub_submit(trial.hub, &event, 1, NULL, &trial.error) != MEDHUB_OK ||
            write(descriptor, &number, sizeof number) != (ssize_t)sizeof number)
            _exit(2);
        if (number % 3 == 0)
            (void)medhub_work(trial.hub, 0, &trial.error);
    }
}

/* Returns the highest number that was promised. */
static unsigned run_and_kill(struct trial *trial, unsigned first, unsigned wanted)
{
    unsigned number = 0, promised = first - 1;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    pid_t child = trial_child(trial, "submit", first, pipes[1]);
    (void)close(pipes[1]);
    for (unsigned i = 0; i < wanted && read(pipes[0], &number, sizeof number) == (ssize_t)sizeof number; i++)
        promised = number;
    (void)kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    while (read(pipes[0], &number, sizeof number) == (ssize_t)sizeof number)
        promised = number;
    (void)close(pipes[0]);
    return promised;
}

static void check_arrivals(const struct fake *fake, unsigned promised)
{
    unsigned char *seen = calloc(promised + 10, 1);
    unsigned last[KEYS] = {0};

    for (size_t i = 0; i < fake->arrival_count; i++) {
        unsigned number = (unsigned)strtoul(fake->arrivals[i].id, NULL, 10);
        assert_in_range(number, 1, promised + 1); /* one may have been taken without its OK being heard */
        assert_true(number > last[number % KEYS]);
        last[number % KEYS] = number;
        seen[number] = 1;
    }
    for (unsigned number = 1; number <= promised; number++)
        assert_int_equal(seen[number], 1);
    free(seen);
}

static void what_was_taken_arrives_in_order_however_often_it_is_killed(void **state)
{
    struct trial *trial = *state;
    unsigned promised = 0;

    for (int round = 0; round < ROUNDS; round++)
        promised = run_and_kill(trial, promised + 1, 1 + (unsigned)trial_dice(trial, 40));
    trial_open(trial);
    assert_true(trial_work_until(trial, trial_is_idle));
    assert_true(promised > ROUNDS);
    check_arrivals(trial->fake, promised);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "submit") == 0)
        submit_until_killed((unsigned)strtoul(argv[2], NULL, 10), argv[3], atoi(argv[4]));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_taken_arrives_in_order_however_often_it_is_killed,
                                        trial_set_up, trial_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
