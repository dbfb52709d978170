#include "gateway/nonces.h"

#include "support/cmocka_all.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WINDOW_MS = 80000 };

static struct nonce nonce_of(uint64_t number)
{
    return (struct nonce){number * 0x9e3779b97f4a7c15U + 1, number * 0xc2b2ae3d27d4eb4fU + 7};
}

static void a_nonce_is_taken_once_until_its_time_is_over(void **state)
{
    struct nonces *nonces = nonces_new(100, WINDOW_MS);
    const int64_t now = 1769832000000;

    (void)state;
    for (int64_t until = now; until <= now + WINDOW_MS; until += 5000) {
        struct nonce nonce = nonce_of((uint64_t)until);
        assert_int_equal(nonces_take(nonces, nonce, until, now), NONCE_NEW);
        for (int64_t later = now; later <= until; later += 2500)
            assert_int_equal(nonces_take(nonces, nonce, until, now), NONCE_SEEN);
    }
    assert_int_equal(nonces_count(nonces), 17);
    for (int64_t until = now; until <= now + WINDOW_MS; until += 5000) {
        assert_int_equal(nonces_take(nonces, nonce_of((uint64_t)until), until, until), NONCE_SEEN);
        assert_int_equal(nonces_take(nonces, nonce_of((uint64_t)until), until + WINDOW_MS, until + WINDOW_MS / 8 + 1),
                         NONCE_NEW);
    }
    nonces_free(nonces);
}

/* The same nonce under another time is still the same nonce. */
static void another_time_does_not_make_it_new(void **state)
{
    struct nonces *nonces = nonces_new(100, WINDOW_MS);

    (void)state;
    assert_int_equal(nonces_take(nonces, nonce_of(1), 1000000, 960000), NONCE_NEW);
    assert_int_equal(nonces_take(nonces, nonce_of(1), 1040000, 960000), NONCE_SEEN);
    assert_int_equal(nonces_take(nonces, nonce_of(1), 970000, 960000), NONCE_SEEN);
    assert_int_equal(nonces_take(nonces, (struct nonce){0, 0}, 970000, 960000), NONCE_SEEN);
    nonces_free(nonces);
}

static void when_all_places_are_taken_it_says_so_until_some_are_over(void **state)
{
    enum { PLACES = 1000 };
    struct nonces *nonces = nonces_new(PLACES, WINDOW_MS);
    const int64_t now = 1769832000000;

    (void)state;
    for (uint64_t i = 0; i < PLACES; i++)
        assert_int_equal(nonces_take(nonces, nonce_of(i), now + WINDOW_MS / 2, now), NONCE_NEW);
    assert_int_equal(nonces_take(nonces, nonce_of(PLACES), now + WINDOW_MS / 2, now), NONCE_FULL);
    assert_int_equal(nonces_take(nonces, nonce_of(0), now + WINDOW_MS / 2, now), NONCE_SEEN);
    assert_int_equal(nonces_count(nonces), PLACES);
    /* Forgotten in all shards at once, though one only is touched. */
    assert_int_equal(nonces_take(nonces, nonce_of(PLACES), now + WINDOW_MS, now + WINDOW_MS), NONCE_NEW);
    for (uint64_t i = 1; i < 200; i++)
        (void)nonces_take(nonces, nonce_of(PLACES + i), now + WINDOW_MS, now + WINDOW_MS);
    assert_true(nonces_count(nonces) <= 200);
    nonces_free(nonces);
}

static void memory_is_given_back(void **state)
{
    enum { EACH = 5000 };
    struct nonces *nonces = nonces_new(1000000, WINDOW_MS);
    int64_t now = 1769832000000;

    (void)state;
    for (uint64_t i = 0; i < 20 * EACH; i++) {
        now += i % EACH == 0 ? WINDOW_MS : 0;
        assert_int_equal(nonces_take(nonces, nonce_of(i), now + WINDOW_MS / 2, now), NONCE_NEW);
    }
    assert_true(nonces_count(nonces) <= 2 * EACH);
    nonces_free(nonces);
}

/* What lives at a time never shares a place, also when the clock goes back: then it is full rather than forgotten. */
static void a_clock_that_is_set_back_loses_nothing(void **state)
{
    struct nonces *nonces = nonces_new(100, WINDOW_MS);
    const int64_t now = 1769832000000;

    (void)state;
    assert_int_equal(nonces_take(nonces, nonce_of(1), now, now), NONCE_NEW);
    for (int64_t back = 0; back < 40 * WINDOW_MS; back += 1000)
        assert_int_not_equal(nonces_take(nonces, nonce_of(2 + (uint64_t)back), now - back, now - back), NONCE_SEEN);
    assert_int_equal(nonces_take(nonces, nonce_of(1), now, now), NONCE_SEEN);
    nonces_free(nonces);
}

/* ---- two threads ---- */

enum { THREADS = 4, RACES = 20000 };

struct race {
    struct nonces *nonces;
    _Atomic int taken[RACES];
};

static void *run(void *argument)
{
    struct race *race = argument;

    for (uint64_t i = 0; i < RACES; i++)
        if (nonces_take(race->nonces, nonce_of(i), 2000, 1000) == NONCE_NEW)
            (void)atomic_fetch_add(&race->taken[i], 1);
    return NULL;
}

static void of_threads_that_come_with_the_same_one_gets_it(void **state)
{
    static struct race race;
    pthread_t threads[THREADS];

    (void)state;
    race.nonces = nonces_new(RACES, 8000);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &race), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < RACES; i++)
        assert_int_equal(atomic_load(&race.taken[i]), 1);
    assert_int_equal(nonces_count(race.nonces), RACES);
    nonces_free(race.nonces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_taken_once_until_its_time_is_over),
        cmocka_unit_test(another_time_does_not_make_it_new),
        cmocka_unit_test(when_all_places_are_taken_it_says_so_until_some_are_over),
        cmocka_unit_test(memory_is_given_back),
        cmocka_unit_test(a_clock_that_is_set_back_loses_nothing),
        cmocka_unit_test(of_threads_that_come_with_the_same_one_gets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
