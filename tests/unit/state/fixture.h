/* fixture.h: a store in a folder of the test's own. */
#ifndef UNIT_STATE_FIXTURE_H
#define UNIT_STATE_FIXTURE_H

#include "state/store.h"
#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include <stdlib.h>

enum { MAP_BYTES = 64 << 20 };

struct fixture {
    char folder[TEMP_FOLDER_BYTES];
    struct store_settings settings;
    struct store *store;
    bool empty;
    struct fault fault;
};

static inline enum status open_store(struct fixture *fixture)
{
    return store_open(&fixture->settings, "person-3", &fixture->store, &fixture->empty, &fixture->fault);
}

static inline int set_up_closed(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    temp_folder_make(fixture->folder);
    fixture->settings =
        (struct store_settings){.directory = fixture->folder, .boot_id = "boot-1", .map_bytes = MAP_BYTES};
    *state = fixture;
    return 0;
}

static inline int set_up_begun(void **state)
{
    (void)set_up_closed(state);
    struct fixture *fixture = *state;
    assert_int_equal(open_store(fixture), STATUS_OK);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;

    store_close(fixture->store);
    temp_folder_remove(fixture->folder);
    free(fixture);
    return 0;
}

static inline void put(struct fixture *fixture, const char *key, const char *value)
{
    assert_int_equal(store_put(fixture->store, STORE_ROWS, bytes_of(key), bytes_of(value), &fixture->fault),
                     STATUS_OK);
}

static inline void assert_holds(struct fixture *fixture, const char *key, const char *value)
{
    struct bytes found = store_get(fixture->store, STORE_ROWS, bytes_of(key));
    assert_true(value == NULL ? found.data == NULL : bytes_equal_text(found, value));
}

#endif
