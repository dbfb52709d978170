// links: medhub_state
/* Any record of a table's topic: applied or refused with a reason. What was applied can be read and counted. */
#include "state/tables.h"

#include <stdio.h>
#include <stdlib.h>

static struct tables *tables;
static char folder[] = "/tmp/medhub-fuzz-XXXXXX";

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void delete_folder(void)
{
    char command[64];

    tables_close(tables);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    (void)!system(command);
}

static void open_once(void)
{
    struct store_settings settings = {.boot_id = "", .map_bytes = 1 << 30};
    struct fault fault;
    bool empty = false;

    if (tables != NULL)
        return;
    must(mkdtemp(folder) != NULL);
    settings.directory = folder;
    must(tables_open(&settings, &tables, &empty, &fault) == STATUS_OK);
    must(atexit(delete_folder) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte is the length of the key; a value that is not there is null. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault fault = {0};

    open_once();
    if (size == 0)
        return 0;
    size_t key_length = data[0] < size - 1 ? data[0] : size - 1;
    struct bytes key = bytes_from(data + 1, key_length);
    struct bytes value = size - 1 > key_length ? bytes_from(data + 1 + key_length, size - 1 - key_length) : BYTES_NONE;

    must(tables_begin(tables, &fault) == STATUS_OK);
    enum status status = tables_apply(tables, key, value, &fault);
    must(status == STATUS_OK || (status == STATUS_REJECT && fault.code[0] != '\0'));
    must(tables_commit(tables, &fault) == STATUS_OK);
    return 0;
}
