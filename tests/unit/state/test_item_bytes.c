// links: medhub_state medhub_domain
/* How many bytes an item of the trace family takes: its row in the store's file (two thirds of a page are
 * full after inserts in no order), and its record in the changelog after compaction, before lz4. A third of
 * both is the key: product, serial. */
#include "fixture.h"

#include "domain/trace_state.h"
#include "state/rows.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ITEMS = 20000, PRODUCTS = 50, DAY_MS = 86400000, BYTES_MAX = 260 };
/* A record of a Kafka batch beside key and value: length, attributes, timestamp, offset, two lengths, header
 * count. */
enum { RECORD_BYTES = 10, KIND_BYTES = 1 };

static void move(ScannedItemState *item, ScanStep step, const char *holder, int day)
{
    struct trace_move next = {.step = step,
                              .holder = holder,
                              .at_ms = (int64_t)day * DAY_MS,
                              .region = 650102,
                              .quantity_e4 = 10000,
                              .settlement = step == STEP_SETTLED ? 0x12345678 : 0,
                              .lot = "L202603",
                              .made_on = 20500,
                              .expires_on = 21200};
    trace_move_item(item, &next);
}

/* A row as a chain of scans leaves it: in a hospital, or used and settled. */
static size_t pack_item(bool settled, uint8_t *bytes)
{
    ScannedItemState item = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    move(&item, STEP_COMMISSIONED, "R65010000001", 20500);
    move(&item, STEP_OUTBOUND, "H65010200001", 20510);
    move(&item, STEP_PURCHASED, "H65010200001", 20512);
    if (settled) {
        move(&item, STEP_USED, "H65010200001", 20530);
        move(&item, STEP_SETTLED, "H65010200001", 20540);
    }
    return medhub__state__v1__scanned_item__pack(&item, bytes);
}

/* Items come in no order: a step through all of them by a number without common factor. In one commit: the
 * pages that a commit frees for the next one do not grow with the items. */
static size_t fill(struct fixture *fixture, bool settled)
{
    size_t changelog = 0;
    uint8_t bytes[512];
    for (size_t i = 0, number = 0; i < ITEMS; i++, number = (number + 7919) % ITEMS) {
        char product[32], name[64];
        struct row_key key;
        (void)snprintf(product, sizeof product, "0690123%07zu", number % PRODUCTS);
        (void)snprintf(name, sizeof name, "serial/%010zu", number);
        assert_true(row_key_make(&key, bytes_of(product), ROW_STATE, bytes_of(name)));
        size_t length = pack_item(settled, bytes);
        assert_int_equal(store_put(fixture->store, STORE_ROWS, row_key_bytes(&key), bytes_from(bytes, length),
                                   &fixture->fault),
                         STATUS_OK);
        changelog += KIND_BYTES + key.length + length + RECORD_BYTES;
    }
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    return changelog;
}

/* What the files of the store take on the disk: they are sparse. */
static size_t file_bytes(const struct fixture *fixture)
{
    char pattern[TEMP_FOLDER_BYTES + 16];
    size_t bytes = 0;
    glob_t found;
    (void)snprintf(pattern, sizeof pattern, "%s/*/data.mdb", fixture->folder);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct stat status;
        assert_int_equal(stat(found.gl_pathv[i], &status), 0);
        bytes += (size_t)status.st_blocks * 512;
    }
    globfree(&found);
    return bytes;
}

static size_t bytes_per_item(struct fixture *fixture, bool settled)
{
    size_t changelog = fill(fixture, settled), file = file_bytes(fixture);
    print_message("%s: %zu bytes in the store, %zu in the changelog\n", settled ? "settled" : "held",
                  file / ITEMS, changelog / ITEMS);
    return (file + changelog) / ITEMS;
}

static void an_item_takes_few_bytes(void **state)
{
    size_t held = bytes_per_item(*state, false);
    assert_in_range(held, 50, BYTES_MAX);
}

/* What it was used and settled for takes the place of where it was and until when it could be used. */
static void a_settled_item_takes_no_more(void **state)
{
    uint8_t bytes[512];
    size_t settled = bytes_per_item(*state, true);
    assert_in_range(settled, 50, BYTES_MAX);
    assert_true(pack_item(true, bytes) <= pack_item(false, bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_item_takes_few_bytes, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(a_settled_item_takes_no_more, set_up_begun, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
