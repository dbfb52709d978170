#include "client/catalogue_import.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool fail_import(struct catalogue_import *import, enum medhub_status status)
{
    import->status = status;
    return false;
}

static bool take_row(struct catalogue_import *import, const struct catalogue_row *row)
{
    struct digest_sum digest = digest_of_row(row, &import->counted);

    digest_sum_add(&import->sum, &digest);
    import->rows++;
    if (!catalogue_scope_has(import->scope, row))
        return true;
    enum medhub_status status = copy_add(import->copy, row, &digest, &import->error);
    return status == MEDHUB_OK || fail_import(import, status);
}

static bool check_tail(struct catalogue_import *import, const struct catalogue_line *tail)
{
    char digest[DIGEST_SUM_TEXT_BYTES];

    import->complete = strcasecmp(digest_sum_text(&import->sum, digest), tail->digest) == 0 &&
                       (int64_t)import->rows == tail->rows;
    return import->complete || fail_import(import, error_say(&import->error, "catalogue.digest", "%llu",
                                                             (unsigned long long)import->rows));
}

/* What the snapshot holds whole. */
static bool take_releases(struct catalogue_import *import, const json_t *releases)
{
    for (size_t i = 0; i < json_array_size(releases); i++) {
        const json_t *release = json_array_get(releases, i);
        const char *id = json_string_value(json_object_get(release, "release"));
        const char *digest = json_string_value(json_object_get(release, "digest"));
        const char *region = json_string_value(json_object_get(release, "region"));
        if (region != NULL && !catalogue_scope_has_region(import->scope, region))
            continue;
        const struct copy_release applied = {COPY_RELEASE_APPLIED, 0, digest == NULL ? "" : digest, import->begun_ms};
        enum medhub_status status = id == NULL ? MEDHUB_OK : copy_put_release(import->copy, id, &applied, &import->error);
        if (status != MEDHUB_OK)
            return fail_import(import, status);
    }
    return true;
}

static bool take_read(struct catalogue_import *import, enum catalogue_line_kind kind,
                      const struct catalogue_line *read)
{
    switch (kind) {
    case CATALOGUE_HEAD:
        (void)snprintf(import->cursor, sizeof import->cursor, "%.4000s", read->cursor);
        return take_releases(import, json_object_get(read->root, "releases"));
    case CATALOGUE_ROW:
        return take_row(import, &read->row);
    case CATALOGUE_TAIL:
        return check_tail(import, read);
    case CATALOGUE_NO_LINE:
        break;
    }
    return fail_import(import, error_say(&import->error, "gateway.answer", "catalogue snapshot, row %llu",
                                         (unsigned long long)import->rows + 1));
}

static bool take_line(struct catalogue_import *import, struct bytes line)
{
    struct catalogue_line read;
    enum catalogue_line_kind kind = catalogue_line_read(line, &import->texts, &read);
    bool taken = take_read(import, kind, &read);

    catalogue_line_done(&read);
    return taken;
}

static bool has_room(struct catalogue_import *import, struct bytes piece)
{
    import->bytes += (int64_t)piece.length;
    if (import->bytes <= import->bytes_max)
        return true;
    return fail_import(import, error_say(&import->error, "gateway.answer", "snapshot_bytes_max"));
}

bool catalogue_import_take(struct catalogue_import *import, struct bytes piece)
{
    if (!has_room(import, piece))
        return false;
    for (const uint8_t *end; (end = memchr(piece.data, '\n', piece.length)) != NULL;) {
        size_t length = (size_t)(end - piece.data);
        buffer_append(&import->line, piece.data, length);
        bool taken = buffer_ok(&import->line) && take_line(import, buffer_bytes(&import->line));
        buffer_clear(&import->line);
        if (!taken)
            return import->status != MEDHUB_OK
                       ? false
                       : fail_import(import,
                                     error_say(&import->error, "gateway.answer", "snapshot_row_bytes_max"));
        piece = bytes_from(end + 1, piece.length - length - 1);
    }
    buffer_append_bytes(&import->line, piece);
    return buffer_ok(&import->line);
}

enum medhub_status catalogue_import_check(struct catalogue_import *import)
{
    if (import->status == MEDHUB_OK && !import->complete)
        return error_say(&import->error, "catalogue.digest", "%llu", (unsigned long long)import->rows);
    return import->status;
}
