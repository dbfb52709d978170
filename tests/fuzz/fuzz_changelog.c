// links: medhub_state
/* Any records as a changelog: each is applied or refused with a reason, never a crash, and never something that the
 * timers or the expiry then cannot live with. Records are KEY-LENGTH KEY VALUE-LENGTH VALUE, a length of 255 is null;
 * aborted afterwards, so every input meets an empty store. */
#include "state/changelog.h"
#include "state/dedupe.h"
#include "state/timers.h"

#include <stdio.h>
#include <stdlib.h>

static struct store *store;
static char folder[] = "/tmp/medhub-fuzz-XXXXXX";

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void delete_folder(void)
{
    char command[64];

    store_close(store);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    (void)!system(command);
}

static void open_once(void)
{
    struct store_settings settings = {.boot_id = "", .map_bytes = 256 << 20};
    struct fault fault;
    bool empty = false;

    if (store != NULL)
        return;
    must(mkdtemp(folder) != NULL);
    settings.directory = folder;
    must(store_open(&settings, "fuzz", &store, &empty, &fault) == STATUS_OK);
    must(atexit(delete_folder) == 0);
}

static struct bytes take(struct bytes *left)
{
    if (left->length == 0)
        return BYTES_NONE;
    size_t length = left->data[0];
    left->data++;
    left->length--;
    if (length == 255)
        return BYTES_NONE;
    struct bytes taken = bytes_from(left->data, length < left->length ? length : left->length);
    left->data += taken.length;
    left->length -= taken.length;
    return taken;
}

/* What is due goes, as the hub lets it go; it must come to an end. */
static void use_up(size_t records)
{
    struct fault fault;
    struct timer timer;
    struct bytes segment;
    uint8_t copy[STORE_KEY_BYTES_MAX], type[STORE_KEY_BYTES_MAX];
    size_t count = 0;

    while (timer_first(store, &timer)) {
        must(++count <= records);
        struct bytes entity = bytes_from(memcpy(copy, timer.entity.data, timer.entity.length), timer.entity.length);
        struct bytes name = bytes_from(memcpy(type, timer.name.data, timer.name.length), timer.name.length);
        must(timer_cancel(store, entity, name, &fault) == STATUS_OK);
    }
    for (count = 0; dedupe_expired(store, INT64_MAX, &segment); count++) {
        must(count <= records && segment.length <= sizeof copy);
        segment = bytes_from(memcpy(copy, segment.data, segment.length), segment.length);
        must(dedupe_apply_segment(store, segment, BYTES_NONE, &fault) == STATUS_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct checkpoint checkpoint = {0};
    struct bytes left = {data, size};
    struct fault fault = {0};
    size_t records = 0;

    open_once();
    must(store_begin(store, &fault) == STATUS_OK);
    for (; left.length > 0; records++) {
        struct bytes key = take(&left);
        enum status status = changelog_apply(store, &checkpoint, key, take(&left), &fault);
        must(status == STATUS_OK || (status == STATUS_REJECT && fault.code[0] != '\0'));
        must(checkpoint.input_count <= CHECKPOINT_INPUTS_MAX);
    }
    use_up(records);
    must(store_check(store, &fault) == STATUS_OK);
    store_abort(store);
    return 0;
}
