#include "ops/ctl/catalogue_base.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MAX = 8 * 1024 * 1024 };

/* A row's place and a hash of what stands there: should two rows have one hash, the digest after them tells. */
struct place {
    const char *key, *region;
    date_t valid_from;
    uint64_t hash;
    bool asked;
};

struct catalogue_base {
    struct arena *texts, *arena;
    struct place *places; /* ascending when all are there */
    size_t count, room;
    struct catalogue_sum sum;
    struct buffer line;
    bool failed;
};

static int compare(const struct place *a, const struct place *b)
{
    int order = strcmp(a->key, b->key);
    if (order == 0)
        order = strcmp(a->region, b->region);
    return order != 0 ? order : (a->valid_from > b->valid_from) - (a->valid_from < b->valid_from);
}

static int compare_places(const void *a, const void *b)
{
    return compare(a, b);
}

static uint64_t hash_of(const struct catalogue_dated *row)
{
    return hash_bytes(row->json, row->version ^ (uint64_t)(uint32_t)row->valid_until << 32);
}

static bool grow(struct catalogue_base *base)
{
    size_t room = base->room == 0 ? 1024 : 2 * base->room;
    struct place *longer = realloc(base->places, room * sizeof *longer);

    if (longer == NULL)
        return false;
    base->places = longer;
    base->room = room;
    return true;
}

static bool take(void *context, const struct catalogue_dated *row)
{
    struct catalogue_base *base = context;
    struct place place = {.valid_from = row->valid_from};

    if (row->mark != CATALOGUE_PUT)
        return false; /* changes: said afterwards */
    place.key = arena_text(base->texts, bytes_of(row->key));
    place.region = arena_text(base->texts, bytes_of(row->region));
    place.hash = hash_of(row);
    base->failed |= place.key == NULL || place.region == NULL || (base->count == base->room && !grow(base)) ||
                    !catalogue_dated_count(row, &base->sum, &base->line);
    if (!base->failed)
        base->places[base->count++] = place;
    return !base->failed;
}

enum status catalogue_base_read(const char *path, struct catalogue_base **base, struct fault *fault)
{
    struct catalogue_base *made = calloc(1, sizeof *made);
    bool changes = false;

    *base = made;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory to read %s", path);
    made->texts = arena_new(1024 * 1024, (size_t)4 * 1024 * 1024 * 1024);
    made->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    buffer_init(&made->line, LINE_BYTES_MAX);
    made->failed = made->texts == NULL || made->arena == NULL;
    enum status status =
        made->failed ? STATUS_OK : catalogue_rows_read_file(path, made->arena, true, &changes, take, made, fault);
    if (status == STATUS_OK && made->failed)
        status = fault_fatal(fault, "memory.out", "no memory to read %s", path);
    if (status == STATUS_OK && changes)
        status = fault_reject(fault, "catalogue.file", "%s holds changes, not a catalogue", path);
    if (status == STATUS_OK && made->count > 0)
        qsort(made->places, made->count, sizeof *made->places, compare_places);
    return status;
}

void catalogue_base_free(struct catalogue_base *base)
{
    if (base == NULL)
        return;
    arena_free(base->texts);
    arena_free(base->arena);
    buffer_done(&base->line);
    free(base->places);
    free(base);
}

const struct catalogue_sum *catalogue_base_sum(const struct catalogue_base *base)
{
    return &base->sum;
}

bool catalogue_base_has(struct catalogue_base *base, const struct catalogue_dated *row)
{
    const struct place wanted = {.key = row->key, .region = row->region, .valid_from = row->valid_from};
    struct place *found =
        base->count == 0 ? NULL : bsearch(&wanted, base->places, base->count, sizeof *base->places, compare_places);

    if (found == NULL)
        return false;
    found->asked = true;
    return found->hash == hash_of(row);
}

void catalogue_base_each_other(const struct catalogue_base *base, catalogue_rows_each *each, void *context)
{
    for (size_t i = 0; i < base->count; i++) {
        const struct place *place = &base->places[i];
        const struct catalogue_dated row = {
            .mark = CATALOGUE_REMOVE, .key = place->key, .region = place->region, .valid_from = place->valid_from, .valid_until = DATE_NONE};
        if (!place->asked && !each(context, &row))
            return;
    }
}
