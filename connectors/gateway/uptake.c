#include "gateway/uptake.h"

#include "domain/organisation.h"
#include "domain/region.h"
#include "domain/view.h"
#include "event/schema.h"
#include "event/unpack.h"
#include "gateway/writer.h"

#include <stdio.h>
#include <string.h>

enum { DIGEST_BYTES_MAX = 64, COUNTS = 3 };

static const char *const states[COUNTS] = {"applied", "different", "missing"};
enum { APPLIED, DIFFERENT, MISSING };

struct listing {
    struct tables_reader *tables;
    const struct uptake_question *question;
    struct arena *arena;
    const ReleasePublished *published;
    struct buffer *out;
    uint64_t counts[COUNTS];
    size_t listed;
    bool more;
};

static const ReleaseRow *row_of(struct tables_reader *tables, const char *key, const char *region, date_t from,
                                struct arena *arena)
{
    struct tables_row row;
    ProtobufCMessage *message = NULL;
    struct fault ignored;

    if (!tables_find(tables, TABLE_RELEASE, key, region, from, &row) ||
        unpack_message(schema_of(RELEASE_ROW), row.value, arena, &message, &ignored) != STATUS_OK)
        return NULL;
    return (const ReleaseRow *)message;
}

/* ---- the release, of whatever region ---- */

struct finding_release {
    const char *release;
    struct arena *arena;
    const ReleasePublished *published;
};

static bool is_it(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct finding_release *search = context;
    ProtobufCMessage *message = NULL;
    struct fault ignored;
    (void)region;

    if (strcmp(key, search->release) != 0)
        return true;
    struct bytes value = arena_bytes(search->arena, row->value);
    if (value.data != NULL && unpack_message(schema_of(RELEASE_ROW), value, search->arena, &message, &ignored) == STATUS_OK)
        search->published = ((const ReleaseRow *)message)->published;
    return false;
}

static const ReleasePublished *find_release(struct tables_reader *tables, const char *release, struct arena *arena)
{
    struct finding_release search = {release, arena, NULL};

    tables_each(tables, TABLE_RELEASE, is_it, &search);
    return search.published;
}

const char *uptake_region(struct tables_reader *tables, const char *release, struct arena *arena)
{
    const ReleasePublished *published = find_release(tables, release, arena);

    return published == NULL ? NULL : published->region;
}

/* ---- institutions ---- */

static bool lies_within(const char *region, const char *outer)
{
    struct region at = region_of(region);

    do
        if (strcmp(at.code, outer) == 0)
            return true;
    while (region_widen(&at));
    return false;
}

static void write_hex(struct buffer *out, const char *name, ProtobufCBinaryData digest)
{
    char text[2 * DIGEST_BYTES_MAX + 1] = "";

    for (size_t i = 0; i < digest.len && i < DIGEST_BYTES_MAX; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digest.data[i]);
    write_text(out, name, text);
}

static void write_institution(struct listing *listing, const Organisation *organisation, int state,
                              const CatalogueApplied *applied)
{
    struct buffer *out = listing->out;

    write_begin(out, '{');
    write_text(out, "id", organisation->id);
    write_text(out, "name", organisation->name);
    write_text(out, "state", states[state]);
    if (applied != NULL) {
        write_hex(out, "digest", applied->digest);
        if (applied->applied_at != NULL)
            write_moment(out, "appliedAt", applied->applied_at->seconds * 1000);
    }
    write_end(out, '}');
    listing->listed++;
}

static bool is_listed(struct listing *listing, const char *id, int state)
{
    const struct uptake_question *question = listing->question;

    if ((question->state != NULL && strcmp(question->state, states[state]) != 0) ||
        (question->after != NULL && strcmp(id, question->after) <= 0))
        return false;
    listing->more |= listing->listed == question->limit;
    return listing->listed < question->limit;
}

static void look_at(struct listing *listing, const Organisation *organisation)
{
    const char *key = arena_format(listing->arena, "%s/%s", listing->published->release, organisation->id);
    const ReleaseRow *row = key == NULL ? NULL
                                        : row_of(listing->tables, key, listing->published->region,
                                                 date_parse(bytes_of(listing->published->effective_on)), listing->arena);
    const CatalogueApplied *applied = row == NULL ? NULL : row->applied;
    int state = MISSING;

    if (applied != NULL)
        state = applied->digest.len == listing->published->digest.len && applied->digest.len > 0 &&
                        memcmp(applied->digest.data, listing->published->digest.data, applied->digest.len) == 0
                    ? APPLIED
                    : DIFFERENT;
    listing->counts[state]++;
    if (is_listed(listing, organisation->id, state))
        write_institution(listing, organisation, state, applied);
}

/* Those of a region that take part on a day. */
struct institutions {
    const char *region;
    date_t today;
    struct arena *arena;
    bool (*each)(void *context, const Organisation *organisation);
    void *context;
};

static bool take_organisation(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct institutions *of = context;
    struct arena_mark mark = arena_mark(of->arena);
    ProtobufCMessage *message = NULL;
    struct fault ignored;
    bool go_on = true;
    (void)key, (void)region;

    if (row->valid_from > of->today || (row->valid_until != DATE_NONE && row->valid_until < of->today))
        return true;
    if (unpack_message(schema_of(ORGANISATION), row->value, of->arena, &message, &ignored) == STATUS_OK) {
        const Organisation *organisation = (const Organisation *)message;
        bool is_institution = organisation->kind == ORGANISATION_HOSPITAL || organisation->kind == ORGANISATION_PHARMACY;
        if (is_institution && organisation_is_designated(organisation, of->today) &&
            lies_within(organisation->region, of->region))
            go_on = of->each(of->context, organisation);
    }
    arena_reset_to(of->arena, mark);
    return go_on;
}

static bool list_it(void *context, const Organisation *organisation)
{
    look_at(context, organisation);
    return true;
}

struct naming {
    bool (*each)(void *context, const char *id);
    void *context;
};

static bool name_it(void *context, const Organisation *organisation)
{
    const struct naming *naming = context;
    return naming->each(naming->context, organisation->id);
}

void uptake_each_institution(struct tables_reader *tables, const char *region, date_t today, struct arena *arena,
                             bool (*each)(void *context, const char *id), void *context)
{
    struct naming naming = {each, context};
    struct institutions institutions = {region, today, arena, name_it, &naming};

    tables_each(tables, TABLE_REGISTRY, take_organisation, &institutions);
}

bool uptake_write(struct tables_reader *tables, const struct uptake_question *question, struct arena *arena,
                  struct buffer *out)
{
    struct listing listing = {.tables = tables, .question = question, .arena = arena, .out = out};

    listing.published = find_release(tables, question->release, arena);
    if (listing.published == NULL)
        return false;
    write_begin(out, '{');
    write_text(out, "release", listing.published->release);
    write_text(out, "region", listing.published->region);
    write_text(out, "effectiveOn", listing.published->effective_on);
    write_hex(out, "digest", listing.published->digest);
    write_name(out, "institutions");
    write_begin(out, '[');
    struct institutions institutions = {listing.published->region, question->today, arena, list_it, &listing};
    tables_each(tables, TABLE_REGISTRY, take_organisation, &institutions);
    write_end(out, ']');
    for (size_t i = 0; i < COUNTS; i++)
        write_integer(out, states[i], (int64_t)listing.counts[i]);
    write_bool(out, "more", listing.more);
    write_end(out, '}');
    return buffer_ok(out);
}

/* ---- who may ask ---- */

bool uptake_may_ask(struct tables_reader *tables, const char *organisation, const char *region, date_t today,
                    struct arena *arena)
{
    struct tables_row row;
    ProtobufCMessage *message = NULL;
    struct fault ignored;

    if (!tables_find(tables, TABLE_REGISTRY, organisation, REGION_NATION, today, &row) ||
        unpack_message(schema_of(ORGANISATION), row.value, arena, &message, &ignored) != STATUS_OK)
        return false;
    const Organisation *asker = (const Organisation *)message;
    return asker->kind == ORGANISATION_BUREAU && lies_within(region, asker->region);
}
