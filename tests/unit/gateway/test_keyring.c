// links: medhub_gateway
/* keyring.h: what is kept is what would be read again. */
#include "gateway/keyring.h"

#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { YOUNG_MS = 30, SECRET_BYTES = 32 };

struct fixture {
    char folder[TEMP_FOLDER_BYTES], path[TEMP_FOLDER_BYTES + 8];
    struct keyring *ring;
    struct fault fault;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    temp_folder_make(fixture->folder);
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/k1", fixture->folder);
    fixture->ring = keyring_new(YOUNG_MS);
    assert_non_null(fixture->ring);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    keyring_free(fixture->ring);
    temp_folder_remove(fixture->folder);
    free(fixture);
    return 0;
}

/* A secret of 32 bytes LETTER; the code that it makes tells which one a key is of. */
static void write_secret(const char *path, char letter)
{
    uint8_t bytes[SECRET_BYTES];
    struct signing_key *key = NULL;
    struct buffer text;
    struct fault fault;

    memset(bytes, letter, sizeof bytes);
    buffer_init(&text, 4096);
    assert_int_equal(signing_key_secret(bytes_from(bytes, sizeof bytes), &key, &fault), STATUS_OK);
    assert_int_equal(signing_key_write(key, &text, &fault), STATUS_OK);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.length, file), text.length);
    assert_int_equal(fclose(file), 0);
    signing_key_free(key);
    buffer_done(&text);
}

static bool is_of(const struct signing_key *key, char letter)
{
    uint8_t bytes[SECRET_BYTES], code[SIGNATURE_BYTES_MAX];
    struct signing_key *other = NULL;
    struct fault fault;
    size_t length = 0;

    memset(bytes, letter, sizeof bytes);
    assert_int_equal(signing_key_secret(bytes_from(bytes, sizeof bytes), &other, &fault), STATUS_OK);
    assert_int_equal(signing_key_sign(other, bytes_of("message"), code, &length, &fault), STATUS_OK);
    signing_key_free(other);
    return signing_key_verify(key, bytes_of("message"), bytes_from(code, length));
}

static struct keyring_key *take(struct fixture *fixture)
{
    struct keyring_key *key = NULL;

    assert_int_equal(keyring_secret(fixture->ring, fixture->path, &key, &fixture->fault), STATUS_OK);
    return key;
}

/* Takes the secret until the ring gives the same key twice. */
static struct keyring_key *take_kept(struct fixture *fixture)
{
    for (int tries = 0; tries < 2000; tries++) {
        struct keyring_key *one = take(fixture), *other = take(fixture);
        bool is_kept = one == other;
        keyring_release(one);
        if (is_kept)
            return other;
        keyring_release(other);
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    fail_msg("%s", "the secret is never kept");
    return NULL;
}

static void a_secret_that_has_settled_is_read_once(void **state)
{
    struct fixture *fixture = *state;

    write_secret(fixture->path, 'a');
    struct keyring_key *first = take(fixture), *second = take(fixture);
    assert_ptr_not_equal(first, second); /* as young as this it might change without a trace */
    keyring_release(first);
    keyring_release(second);
    struct keyring_key *kept = take_kept(fixture);
    assert_true(is_of(keyring_key_of(kept), 'a'));
    keyring_release(kept);
}

static void a_changed_secret_counts_at_once_however_it_was_changed(void **state)
{
    struct fixture *fixture = *state;
    char other[TEMP_FOLDER_BYTES + 8];

    (void)snprintf(other, sizeof other, "%s/next", fixture->folder);
    write_secret(fixture->path, 'a');
    keyring_release(take_kept(fixture));
    write_secret(fixture->path, 'b'); /* in place, of the same size */
    struct keyring_key *key = take(fixture);
    assert_true(is_of(keyring_key_of(key), 'b'));
    keyring_release(key);
    keyring_release(take_kept(fixture));
    write_secret(other, 'c');
    assert_int_equal(rename(other, fixture->path), 0); /* another file in its place */
    key = take(fixture);
    assert_true(is_of(keyring_key_of(key), 'c'));
    keyring_release(key);
}

static void a_secret_whose_file_has_gone_is_none(void **state)
{
    struct fixture *fixture = *state;
    struct keyring_key *gone = NULL;

    write_secret(fixture->path, 'a');
    struct keyring_key *in_use = take_kept(fixture);
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(keyring_secret(fixture->ring, fixture->path, &gone, &fixture->fault), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "key.absent");
    assert_null(gone);
    assert_true(is_of(keyring_key_of(in_use), 'a')); /* who has it in hand goes on */
    keyring_release(in_use);
}

static void a_file_that_is_no_key_is_refused_each_time(void **state)
{
    struct fixture *fixture = *state;
    struct keyring_key *key = NULL;
    FILE *file = fopen(fixture->path, "wb");

    assert_non_null(file);
    assert_true(fputs("short\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(keyring_secret(fixture->ring, fixture->path, &key, &fixture->fault), STATUS_REJECT);
        assert_string_equal(fixture->fault.code, "key.malformed");
        assert_null(key);
    }
}

static void a_public_key_is_found_by_its_bytes_and_algorithm(void **state)
{
    static const enum signing_algorithm pairs[] = {SIGNING_ED25519, SIGNING_SM2_SM3};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[SIGNING_PUBLIC_BYTES_MAX];
        struct signing_key *made = NULL;
        struct keyring_key *first = NULL, *second = NULL, *wrong = NULL;
        assert_int_equal(signing_key_generate(pairs[i], &made, &fixture->fault), STATUS_OK);
        struct bytes public_key = bytes_from(bytes, signing_key_public_bytes(made, bytes));
        assert_int_equal(keyring_public(fixture->ring, pairs[i], public_key, &first, &fixture->fault), STATUS_OK);
        assert_int_equal(keyring_public(fixture->ring, pairs[i], public_key, &second, &fixture->fault), STATUS_OK);
        assert_ptr_equal(first, second);
        assert_int_equal(keyring_public(fixture->ring, pairs[1 - i], public_key, &wrong, &fixture->fault), STATUS_REJECT);
        assert_null(wrong);
        keyring_release(first);
        keyring_release(second);
        signing_key_free(made);
    }
}

/* More keys than places: each pushes another out, also one that is in use. */
static void more_keys_than_places_push_each_other_out(void **state)
{
    struct fixture *fixture = *state;
    struct keyring_key *first = NULL;
    uint8_t point[32] = {0};
    size_t taken = 0;

    for (uint32_t number = 0; taken < KEYRING_PLACES + 500; number++) {
        struct keyring_key *key = NULL;
        memcpy(point, &number, sizeof number);
        if (keyring_public(fixture->ring, SIGNING_ED25519, bytes_from(point, sizeof point), &key, &fixture->fault) != STATUS_OK)
            continue;
        taken++;
        if (first == NULL)
            first = key;
        else
            keyring_release(key);
    }
    assert_int_equal(signing_key_algorithm(keyring_key_of(first)), SIGNING_ED25519);
    keyring_release(first);
}

static void *take_often(void *argument)
{
    struct fixture *fixture = argument;

    for (int i = 0; i < 3000; i++) {
        struct keyring_key *key = NULL;
        struct fault fault;
        if (keyring_secret(fixture->ring, fixture->path, &key, &fault) == STATUS_OK &&
            signing_key_algorithm(keyring_key_of(key)) != SIGNING_HMAC_SHA256)
            return fixture;
        keyring_release(key);
    }
    return NULL;
}

static void threads_take_while_the_file_changes(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[3];
    void *wrong = NULL;

    write_secret(fixture->path, 'a');
    keyring_release(take_kept(fixture));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_often, fixture), 0);
    for (int i = 0; i < 20; i++)
        write_secret(fixture->path, (char)('b' + i));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    struct keyring_key *last = take(fixture);
    assert_true(is_of(keyring_key_of(last), 'b' + 19));
    keyring_release(last);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_secret_that_has_settled_is_read_once),
        TEST(a_changed_secret_counts_at_once_however_it_was_changed),
        TEST(a_secret_whose_file_has_gone_is_none),
        TEST(a_file_that_is_no_key_is_refused_each_time),
        TEST(a_public_key_is_found_by_its_bytes_and_algorithm),
        TEST(more_keys_than_places_push_each_other_out),
        TEST(threads_take_while_the_file_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
