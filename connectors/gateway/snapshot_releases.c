#include "gateway/snapshot_releases.h"

#include "base/arena.h"
#include "domain/view.h"
#include "event/schema.h"
#include "event/unpack.h"
#include "gateway/writer.h"

#include "medhub/catalogue/v1/release.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RELEASES_MAX = 10000, DIGEST_TEXT_BYTES = 2 * 64 + 1 };

typedef Medhub__Catalogue__V1__ReleasePublished Published;

struct snapshot_releases {
    struct arena *arena;
    const Published **items;
    size_t count;
    struct fault *fault;
    enum status status;
    /* Rows of one release mostly stand together. */
    char last[128];
    bool last_known;
};

struct snapshot_releases *snapshot_releases_new(void)
{
    struct snapshot_releases *made = calloc(1, sizeof *made);

    if (made != NULL)
        made->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    if (made == NULL || made->arena != NULL)
        return made;
    free(made);
    return NULL;
}

void snapshot_releases_free(struct snapshot_releases *releases)
{
    if (releases == NULL)
        return;
    arena_free(releases->arena);
    free(releases);
}

static bool take_row(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct snapshot_releases *releases = context;
    ProtobufCMessage *message = NULL;
    (void)region;

    if (strchr(key, '/') != NULL || releases->count == RELEASES_MAX)
        return true; /* an institution's answer */
    struct bytes value = arena_bytes(releases->arena, row->value);
    releases->status = unpack_message(schema_of(&medhub__catalogue__v1__release_row__descriptor), value, releases->arena, &message,
                                      releases->fault);
    if (releases->status != STATUS_OK)
        return false;
    const Published *published = ((Medhub__Catalogue__V1__ReleaseRow *)message)->published;
    if (published != NULL)
        releases->items[releases->count++] = published;
    return true;
}

enum status snapshot_releases_read(struct snapshot_releases *releases, struct tables_reader *reader, struct fault *fault)
{
    arena_reset(releases->arena);
    releases->count = 0;
    releases->last[0] = '\0';
    releases->fault = fault;
    releases->items = arena_take(releases->arena, RELEASES_MAX * sizeof *releases->items);
    if (releases->items == NULL)
        return fault_retry(fault, "memory.out", "no memory for the list of releases");
    releases->status = STATUS_OK;
    tables_each(reader, TABLE_RELEASE, take_row, releases);
    return releases->status;
}

void snapshot_releases_write(const struct snapshot_releases *releases, struct buffer *out)
{
    char digest[DIGEST_TEXT_BYTES];

    write_begin(out, '[');
    for (size_t i = 0; i < releases->count; i++) {
        const Published *published = releases->items[i];
        for (size_t k = 0; k < published->digest.len && 2 * k + 2 < sizeof digest; k++)
            (void)snprintf(digest + 2 * k, 3, "%02x", published->digest.data[k]);
        digest[published->digest.len < 64 ? 2 * published->digest.len : sizeof digest - 1] = '\0';
        write_begin(out, '{');
        write_text(out, "release", published->release);
        write_text(out, "region", published->region);
        write_text(out, "effectiveOn", published->effective_on);
        write_text(out, "digest", digest);
        write_unsigned(out, "items", published->item_count);
        write_end(out, '}');
    }
    write_end(out, ']');
}

static bool is_known(struct snapshot_releases *releases, const char *release)
{
    if (strcmp(releases->last, release) == 0)
        return releases->last_known;
    bool known = false;
    for (size_t i = 0; i < releases->count && !known; i++)
        known = strcmp(releases->items[i]->release, release) == 0;
    (void)snprintf(releases->last, sizeof releases->last, "%s", release);
    releases->last_known = known;
    return known;
}

bool snapshot_releases_lack(struct snapshot_releases *releases, const Medhub__Catalogue__V1__Item *item, date_t from,
                            date_t today)
{
    return from > today && item->release[0] != '\0' && !is_known(releases, item->release);
}
