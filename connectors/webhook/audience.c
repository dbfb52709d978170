#include "webhook/audience.h"

#include "domain/feed.h"
#include "domain/view.h"
#include "event/unpack.h"

#include <stdlib.h>

enum { ARENA_FIRST = 256 * 1024, ARENA_LIMIT = 1024 * 1024 * 1024, ROW_LIMIT = 64 * 1024 * 1024 };

struct hearing {
    const char *recipient;
    struct target *target;
};

struct audience {
    struct arena *texts, *row;
    struct hearing *hearings; /* in order of recipient */
    struct target **targets;  /* beside them */
    size_t count, capacity;
    uint64_t rows;
    date_t day;
    bool built;
};

struct building {
    struct audience *audience;
    audience_target *target;
    void *self;
    date_t today;
    struct fault *fault;
    enum status status;
};

bool audience_is_stale(struct audience *audience, struct tables_reader *registry, int64_t now_ms)
{
    return !audience->built || tables_reader_rows(registry, TABLE_REGISTRY) != audience->rows ||
           date_in_china(now_ms) != audience->day;
}

static bool add_hearing(struct audience *audience, const char *recipient, struct target *target)
{
    if (audience->count == audience->capacity) {
        size_t capacity = audience->capacity == 0 ? 256 : audience->capacity * 2;
        struct hearing *grown = realloc(audience->hearings, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        audience->hearings = grown;
        audience->capacity = capacity;
    }
    audience->hearings[audience->count++] = (struct hearing){recipient, target};
    return true;
}

static bool add_target(struct building *building, const char *const *recipients, size_t count, struct target *target)
{
    const char **kept = arena_take(building->audience->texts, (count + 1) * sizeof *kept);
    bool ok = kept != NULL;

    for (size_t i = 0; ok && i < count; i++) {
        kept[i] = arena_text(building->audience->texts, bytes_of(recipients[i]));
        ok = kept[i] != NULL && add_hearing(building->audience, kept[i], target);
    }
    target->recipients = kept;
    target->recipient_count = ok ? count : 0;
    return ok;
}

static bool add_organisation(struct building *building, const Organisation *organisation)
{
    size_t count = 0;
    const char *const *recipients = feeds_of(organisation, building->today, building->audience->row, &count);
    bool ok = recipients != NULL;

    for (size_t i = 0; ok && i < organisation->n_endpoints; i++) {
        struct target *target = building->target(building->self, organisation, organisation->endpoints[i]);
        if (target != NULL)
            ok = add_target(building, recipients, count, target);
    }
    return ok;
}

static bool is_today(const struct tables_row *row, date_t today)
{
    return row->valid_from <= today && (row->valid_until == DATE_NONE || today <= row->valid_until);
}

static bool look_at_row(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct building *building = context;
    ProtobufCMessage *message = NULL;
    (void)key, (void)region;

    if (!is_today(row, building->today))
        return true;
    building->status = unpack_message(schema_of(&medhub__registry__v1__organisation__descriptor), row->value,
                                      building->audience->row, &message, building->fault);
    if (building->status == STATUS_OK && !add_organisation(building, (const Organisation *)message))
        building->status = fault_fatal(building->fault, "memory.out", "no memory for the audience");
    arena_reset(building->audience->row);
    return building->status == STATUS_OK;
}

static int by_recipient(const void *left, const void *right)
{
    return strcmp(((const struct hearing *)left)->recipient, ((const struct hearing *)right)->recipient);
}

static bool sort(struct audience *audience)
{
    if (audience->count > 0)
        qsort(audience->hearings, audience->count, sizeof *audience->hearings, by_recipient);
    struct target **targets = realloc(audience->targets, (audience->count + 1) * sizeof(struct target *));
    if (targets == NULL)
        return false;
    audience->targets = targets;
    for (size_t i = 0; i < audience->count; i++)
        targets[i] = audience->hearings[i].target;
    return true;
}

enum status audience_build(struct audience *audience, struct tables_reader *registry, int64_t now_ms, audience_target *target,
                           void *self, struct fault *fault)
{
    struct building building = {.audience = audience,
                                .target = target,
                                .self = self,
                                .today = date_in_china(now_ms),
                                .fault = fault,
                                .status = STATUS_OK};

    audience->count = 0;
    arena_reset(audience->texts);
    audience->rows = tables_reader_rows(registry, TABLE_REGISTRY);
    audience->day = building.today;
    tables_each(registry, TABLE_REGISTRY, look_at_row, &building);
    if (building.status != STATUS_OK)
        return STATUS_FATAL;
    if (tables_reader_check(registry, fault) != STATUS_OK)
        return STATUS_FATAL;
    if (!sort(audience))
        return fault_fatal(fault, "memory.out", "no memory for the audience");
    audience->built = true;
    return STATUS_OK;
}

struct target *const *audience_find(const struct audience *audience, const char *recipient, size_t *count)
{
    size_t low = 0, high = audience->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(audience->hearings[middle].recipient, recipient) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < audience->count && strcmp(audience->hearings[end].recipient, recipient) == 0)
        end++;
    *count = end - low;
    return audience->targets + low;
}

struct audience *audience_new(void)
{
    struct audience *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    made->texts = arena_new(ARENA_FIRST, ARENA_LIMIT);
    made->row = arena_new(ARENA_FIRST, ROW_LIMIT);
    made->targets = malloc(sizeof(struct target *));
    if (made->texts != NULL && made->row != NULL && made->targets != NULL)
        return made;
    audience_free(made);
    return NULL;
}

void audience_forget(struct audience *audience)
{
    audience->count = 0;
    audience->built = false;
}

bool audience_is_built(const struct audience *audience)
{
    return audience->built;
}

void audience_free(struct audience *audience)
{
    if (audience == NULL)
        return;
    arena_free(audience->texts);
    arena_free(audience->row);
    free(audience->hearings);
    free(audience->targets);
    free(audience);
}
