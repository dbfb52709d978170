// links: medhub_ops
/* Any content of a file of dated rows, CSV or protobuf: refused with a reason, or read; what was read, written in the other form, is
 * read as the same rows. */
#include "ops/ctl/catalogue_rows.h"

#include <stdlib.h>
#include <string.h>

struct read {
    struct catalogue_sum sum; /* of what is put */
    struct buffer line, *other;
    enum catalogue_form form;
    bool changes;
    size_t rows;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool take(void *context, const struct catalogue_dated *row)
{
    struct read *read = context;

    read->rows++;
    if (row->mark == CATALOGUE_PUT)
        must(catalogue_dated_count(row, &read->sum, &read->line));
    if (read->other != NULL)
        catalogue_rows_write(read->form, read->changes, row, read->other);
    return true;
}

static enum status read_all(struct bytes text, struct arena *arena, struct read *read, struct fault *fault)
{
    bool changes = false;

    buffer_init(&read->line, SIZE_MAX);
    enum status status = catalogue_rows_read(text, arena, true, &changes, take, read, fault);
    must(status == STATUS_OK || fault->code[0] != '\0');
    read->changes = changes;
    buffer_done(&read->line);
    arena_reset(arena);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(64 * 1024, 16 * 1024 * 1024);
    struct bytes text = bytes_from(data, size);
    struct fault fault = {0};

    for (enum catalogue_form form = CATALOGUE_FORM_CSV; form <= CATALOGUE_FORM_PROTOBUF; form++) {
        struct read first = {.rows = 0}, second = {.rows = 0}, third = {.rows = 0};
        struct buffer other;
        if (read_all(text, arena, &first, &fault) != STATUS_OK)
            break;
        buffer_init(&other, SIZE_MAX);
        catalogue_rows_head(form, first.changes, &other);
        second = (struct read){.other = &other, .form = form, .changes = first.changes};
        must(read_all(text, arena, &second, &fault) == STATUS_OK);
        must(read_all(buffer_bytes(&other), arena, &third, &fault) == STATUS_OK);
        must(third.rows == first.rows && memcmp(&third.sum, &first.sum, sizeof first.sum) == 0);
        buffer_done(&other);
    }
    arena_free(arena);
    return 0;
}
