/* store.h held against an array: whatever is put, deleted, looked up and sought in whatever order, by the writer and by
 * a reader, over many commits and aborts. The store keeps one cursor for all of it. */
#include "fixture.h"

#include <stdio.h>

enum { KEYS = 3000, ROUNDS = 150, STEPS = 400, VALUE_BYTES = 400 };

/* splitmix64: the same run every time. */
static uint64_t random_next(uint64_t *seed)
{
    uint64_t value = *seed += UINT64_C(0x9e3779b97f4a7c15);

    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* Length of a key's value in the present transaction and in what is committed; -1: not there. */
struct model {
    int now[KEYS], committed[KEYS];
};

static struct bytes name_of(int key, char name[64])
{
    (void)snprintf(name, 64, "entity-%04d%cs%d", key / 5, '\0', key % 5);
    return bytes_from(name, strlen(name) + 3);
}

static void assert_key(struct bytes found, int length)
{
    if (length < 0)
        assert_null(found.data);
    else
        assert_true(found.data != NULL && found.length == (size_t)length);
}

/* The first key from KEY on that is there; KEYS if there is none. */
static int next_there(const int *lengths, int key)
{
    while (key < KEYS && lengths[key] < 0)
        key++;
    return key;
}

static void assert_seek(struct fixture *fixture, const struct model *model, int key)
{
    char name[64];
    struct bytes at, value;
    int expected = next_there(model->now, key);

    bool found = store_seek(fixture->store, STORE_ROWS, name_of(key, name), &at, &value);
    assert_int_equal(found, expected < KEYS);
    if (found) {
        assert_true(bytes_equal(at, name_of(expected, name)));
        assert_int_equal(value.length, model->now[expected]);
    }
}

static void step(struct fixture *fixture, struct model *model, uint64_t draw)
{
    static const uint8_t filler[VALUE_BYTES];
    int key = (int)(draw % KEYS), length = (int)(draw / KEYS % VALUE_BYTES);
    char name[64];

    switch (draw >> 40 & 7) {
    case 0:
    case 1:
    case 2:
        assert_int_equal(store_put(fixture->store, STORE_ROWS, name_of(key, name),
                                   bytes_from(filler, (size_t)length), &fixture->fault), STATUS_OK);
        model->now[key] = length;
        break;
    case 3:
    case 4:
        assert_int_equal(store_delete(fixture->store, STORE_ROWS, name_of(key, name), &fixture->fault), STATUS_OK);
        model->now[key] = -1;
        break;
    case 5:
        assert_seek(fixture, model, key);
        break;
    default:
        assert_key(store_get(fixture->store, STORE_ROWS, name_of(key, name)), model->now[key]);
    }
}

static void assert_reader(struct store_reader *reader, const struct model *model, uint64_t draw)
{
    char name[64];
    struct bytes at, value;
    int key = (int)(draw % KEYS), expected = key;

    assert_key(store_reader_get(reader, STORE_ROWS, name_of(key, name)), model->committed[key]);
    while (expected >= 0 && model->committed[expected] < 0)
        expected--;
    bool found = store_reader_seek_back(reader, STORE_ROWS, name_of(key, name), &at, &value);
    assert_int_equal(found, expected >= 0);
    if (found)
        assert_true(bytes_equal(at, name_of(expected, name)) && (int)value.length == model->committed[expected]);
}

static void a_store_does_what_an_array_does(void **state)
{
    struct fixture *fixture = *state;
    static struct model model;
    struct store_reader *reader = NULL;
    uint64_t seed = 7;

    memset(&model, 0xff, sizeof model);
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    assert_int_equal(store_reader_open(fixture->store, &reader, &fixture->fault), STATUS_OK);
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
        assert_int_equal(store_reader_renew(reader, &fixture->fault), STATUS_OK);
        for (int i = 0; i < STEPS; i++) {
            step(fixture, &model, random_next(&seed));
            assert_reader(reader, &model, random_next(&seed));
        }
        if (random_next(&seed) % 4 == 0) {
            store_abort(fixture->store);
            memcpy(model.now, model.committed, sizeof model.now);
        } else {
            assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
            memcpy(model.committed, model.now, sizeof model.now);
        }
    }
    store_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_does_what_an_array_does, set_up_begun, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
