#include "gateway/nonces.h"

#include "support/cmocka_all.h"

#include "support/temp_folder.h"

#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WINDOW_MS = 80000 };

static struct nonces *open_nonces_at(size_t count_max, int64_t keep_ms_max, const char *directory, int64_t now_ms)
{
    struct nonces *nonces = NULL;
    struct fault fault;

    assert_int_equal(nonces_open(count_max, keep_ms_max, directory, now_ms, &nonces, &fault), STATUS_OK);
    return nonces;
}

static struct nonces *open_nonces(size_t count_max, int64_t keep_ms_max, const char *directory)
{
    return open_nonces_at(count_max, keep_ms_max, directory, 0);
}

static struct nonce nonce_of(uint64_t number)
{
    return (struct nonce){number * 0x9e3779b97f4a7c15U + 1, number * 0xc2b2ae3d27d4eb4fU + 7};
}

static void a_nonce_is_taken_once_until_its_time_is_over(void **state)
{
    struct nonces *nonces = open_nonces(100, WINDOW_MS, NULL);
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
    nonces_close(nonces);
}

/* The same nonce under another time is still the same nonce. */
static void another_time_does_not_make_it_new(void **state)
{
    struct nonces *nonces = open_nonces(100, WINDOW_MS, NULL);

    (void)state;
    assert_int_equal(nonces_take(nonces, nonce_of(1), 1000000, 960000), NONCE_NEW);
    assert_int_equal(nonces_take(nonces, nonce_of(1), 1040000, 960000), NONCE_SEEN);
    assert_int_equal(nonces_take(nonces, nonce_of(1), 970000, 960000), NONCE_SEEN);
    assert_int_equal(nonces_take(nonces, (struct nonce){0, 0}, 970000, 960000), NONCE_SEEN);
    nonces_close(nonces);
}

static void when_all_places_are_taken_it_says_so_until_some_are_over(void **state)
{
    enum { PLACES = 1000 };
    struct nonces *nonces = open_nonces(PLACES, WINDOW_MS, NULL);
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
    nonces_close(nonces);
}

static void memory_is_given_back(void **state)
{
    enum { EACH = 5000 };
    struct nonces *nonces = open_nonces(1000000, WINDOW_MS, NULL);
    int64_t now = 1769832000000;

    (void)state;
    for (uint64_t i = 0; i < 20 * EACH; i++) {
        now += i % EACH == 0 ? WINDOW_MS : 0;
        assert_int_equal(nonces_take(nonces, nonce_of(i), now + WINDOW_MS / 2, now), NONCE_NEW);
    }
    assert_true(nonces_count(nonces) <= 2 * EACH);
    nonces_close(nonces);
}

/* What lives at a time never shares a place, also when the clock goes back: then it is full rather than forgotten. */
static void a_clock_that_is_set_back_loses_nothing(void **state)
{
    struct nonces *nonces = open_nonces(100, WINDOW_MS, NULL);
    const int64_t now = 1769832000000;

    (void)state;
    assert_int_equal(nonces_take(nonces, nonce_of(1), now, now), NONCE_NEW);
    for (int64_t back = 0; back < 40 * WINDOW_MS; back += 1000)
        assert_int_not_equal(nonces_take(nonces, nonce_of(2 + (uint64_t)back), now - back, now - back), NONCE_SEEN);
    assert_int_equal(nonces_take(nonces, nonce_of(1), now, now), NONCE_SEEN);
    nonces_close(nonces);
}

/* ---- restarts ---- */

static size_t files_in(const char *folder)
{
    char pattern[TEMP_FOLDER_BYTES + 16];
    glob_t found;

    (void)snprintf(pattern, sizeof pattern, "%s/*", folder);
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    size_t count = found.gl_pathc;
    globfree(&found);
    return count;
}

static void a_restart_forgets_nothing_that_is_not_over(void **state)
{
    enum { COUNT = 3000 }; /* more than one block of reading */
    char folder[TEMP_FOLDER_BYTES];
    const int64_t now = 1769832000000;

    (void)state;
    temp_folder_make(folder);
    struct nonces *nonces = open_nonces_at(COUNT, WINDOW_MS, folder, now);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_int_equal(nonces_take(nonces, nonce_of(i), now + (int64_t)i * 25, now), NONCE_NEW);
    nonces_close(nonces);
    /* Also under another setting, where the spans are others. */
    for (int64_t keep = WINDOW_MS; keep <= 2 * WINDOW_MS; keep += WINDOW_MS) {
        nonces = open_nonces_at(COUNT, keep, folder, now + 40000);
        for (uint64_t i = 1600; i < COUNT; i++)
            assert_int_equal(nonces_take(nonces, nonce_of(i), now + (int64_t)i * 25, now + 40000), NONCE_SEEN);
        assert_true(nonces_count(nonces) <= COUNT - 1600 + 1);
        nonces_close(nonces);
    }
    nonces = open_nonces_at(COUNT, WINDOW_MS, folder, now + 2 * WINDOW_MS);
    assert_int_equal(nonces_count(nonces), 0);
    assert_int_equal(files_in(folder), 0);
    nonces_close(nonces);
    temp_folder_remove(folder);
}

static void files_go_when_they_are_over(void **state)
{
    char folder[TEMP_FOLDER_BYTES];
    int64_t now = 1769832000000;

    (void)state;
    temp_folder_make(folder);
    struct nonces *nonces = open_nonces_at(1000, WINDOW_MS, folder, now);
    for (uint64_t i = 0; i < 500; i++, now += 5000) {
        assert_int_equal(nonces_take(nonces, nonce_of(i), now + WINDOW_MS / 2, now), NONCE_NEW);
        assert_true(files_in(folder) <= 10);
    }
    nonces_close(nonces);
    temp_folder_remove(folder);
}

static void what_a_killed_process_took_stays_taken(void **state)
{
    char folder[TEMP_FOLDER_BYTES];
    const int64_t now = 1769832000000;
    int how = 0;

    (void)state;
    temp_folder_make(folder);
    pid_t child = fork();
    if (child == 0) {
        struct nonces *nonces = open_nonces_at(100, WINDOW_MS, folder, now);
        if (nonces_take(nonces, nonce_of(1), now + 1000, now) == NONCE_NEW)
            (void)raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    struct nonces *nonces = open_nonces_at(100, WINDOW_MS, folder, now);
    assert_int_equal(nonces_take(nonces, nonce_of(1), now + 1000, now), NONCE_SEEN);
    nonces_close(nonces);
    temp_folder_remove(folder);
}

/* A kill in the middle of a copy leaves half an entry; what follows must not be read out of step. */
static void half_an_entry_is_passed_over(void **state)
{
    enum { ENTRY_BYTES = 24 };
    char folder[TEMP_FOLDER_BYTES], pattern[TEMP_FOLDER_BYTES + 16];
    const int64_t now = 1769832000000;
    glob_t found;

    (void)state;
    temp_folder_make(folder);
    struct nonces *nonces = open_nonces_at(100, WINDOW_MS, folder, now);
    assert_int_equal(nonces_take(nonces, nonce_of(1), now + 1000, now), NONCE_NEW);
    nonces_close(nonces);
    (void)snprintf(pattern, sizeof pattern, "%s/*", folder);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    FILE *file = fopen(found.gl_pathv[0], "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, ENTRY_BYTES, SEEK_SET), 0);
    assert_int_equal(fwrite("half an ent", 1, 11, file), 11);
    assert_int_equal(fclose(file), 0);
    globfree(&found);
    nonces = open_nonces_at(100, WINDOW_MS, folder, now);
    assert_int_equal(nonces_take(nonces, nonce_of(2), now + 1000, now), NONCE_NEW);
    nonces_close(nonces);
    nonces = open_nonces_at(100, WINDOW_MS, folder, now);
    assert_int_equal(nonces_count(nonces), 2);
    assert_int_equal(nonces_take(nonces, nonce_of(1), now + 1000, now), NONCE_SEEN);
    assert_int_equal(nonces_take(nonces, nonce_of(2), now + 1000, now), NONCE_SEEN);
    nonces_close(nonces);
    temp_folder_remove(folder);
}

static void a_folder_that_cannot_be_used_is_told(void **state)
{
    char folder[TEMP_FOLDER_BYTES], path[TEMP_FOLDER_BYTES + 16];
    struct nonces *nonces = NULL;
    struct fault fault;

    (void)state;
    temp_folder_make(folder);
    (void)snprintf(path, sizeof path, "%s/no/such", folder);
    assert_int_equal(nonces_open(10, WINDOW_MS, path, 0, &nonces, &fault), STATUS_FATAL);
    assert_string_equal(fault.code, "nonces.journal");
    assert_null(nonces);
    (void)snprintf(path, sizeof path, "%s/nonces", folder);
    nonces = open_nonces(10, WINDOW_MS, path);
    assert_int_equal(rmdir(path), 0); /* the folder goes while it is used: what cannot be kept is not taken */
    assert_int_equal(nonces_take(nonces, nonce_of(1), 1000, 900), NONCE_FULL);
    nonces_close(nonces);
    temp_folder_remove(folder);
}

/* ---- two threads ---- */

enum { THREADS = 4, RACES = 40000 }; /* more than one block of a file */

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
    char folder[TEMP_FOLDER_BYTES];
    temp_folder_make(folder);
    race.nonces = open_nonces(RACES, 8000, folder);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &race), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < RACES; i++)
        assert_int_equal(atomic_load(&race.taken[i]), 1);
    assert_int_equal(nonces_count(race.nonces), RACES);
    nonces_close(race.nonces);
    race.nonces = open_nonces_at(RACES, 8000, folder, 1000);
    assert_int_equal(nonces_count(race.nonces), RACES);
    nonces_close(race.nonces);
    temp_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_taken_once_until_its_time_is_over),
        cmocka_unit_test(another_time_does_not_make_it_new),
        cmocka_unit_test(when_all_places_are_taken_it_says_so_until_some_are_over),
        cmocka_unit_test(memory_is_given_back),
        cmocka_unit_test(a_clock_that_is_set_back_loses_nothing),
        cmocka_unit_test(a_restart_forgets_nothing_that_is_not_over),
        cmocka_unit_test(what_a_killed_process_took_stays_taken),
        cmocka_unit_test(files_go_when_they_are_over),
        cmocka_unit_test(half_an_entry_is_passed_over),
        cmocka_unit_test(a_folder_that_cannot_be_used_is_told),
        cmocka_unit_test(of_threads_that_come_with_the_same_one_gets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
