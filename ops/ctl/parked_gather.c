#include "ops/ctl/parked_gather.h"

#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { PARKED_MAX = 100000, BYTES_MAX = 1024 * 1024 * 1024 };

static bool named(const struct parked_gathering *gathering, const struct parked *parked, const struct record *record)
{
    if (gathering->names == NULL || gathering->names->count == 0)
        return true;
    for (size_t i = 0; i < gathering->names->count; i++)
        if (parked_is(parked, record, gathering->names->items[i]))
            return true;
    return false;
}

static bool wanted(const struct parked_gathering *gathering, const struct parked *parked,
                   const struct record *record)
{
    return named(gathering, parked, record) &&
           (gathering->code == NULL || strcmp(gathering->code, parked->code) == 0) &&
           (gathering->type == NULL || decode_type_is(parked->type, gathering->type)) &&
           (gathering->source == NULL || strcmp(gathering->source, parked->source) == 0);
}

static bool gather(void *self, struct record *record)
{
    struct parked_gathering *gathering = self;
    struct arena_mark mark = arena_mark(gathering->arena);
    struct parked parked = parked_read(record, gathering->arena);

    if (!wanted(gathering, &parked, record)) {
        arena_reset_to(gathering->arena, mark);
        return true;
    }
    if (gathering->count == gathering->capacity) {
        size_t capacity = gathering->capacity == 0 ? 64 : gathering->capacity * 2;
        struct kept_parked *grown =
            capacity > PARKED_MAX ? NULL : realloc(gathering->items, capacity * sizeof *grown);
        gathering->failed = grown == NULL;
        if (grown == NULL)
            return false;
        gathering->items = grown;
        gathering->capacity = capacity;
    }
    gathering->items[gathering->count++] = (struct kept_parked){*record, parked, hash_bytes(record->value, 0)};
    record->message = NULL; /* ours now */
    return true;
}

void parked_gathering_free(struct parked_gathering *gathering)
{
    for (size_t i = 0; i < gathering->count; i++)
        record_release(&gathering->items[i].record);
    free(gathering->items);
    arena_free(gathering->arena);
}

/* The topic's name must outlive the reader that lent it. */
enum exit_code parked_gather(struct call *call, struct session *session, int64_t since_ms,
                                    struct parked_gathering *gathering)
{
    static const char *const topics[] = {TOPIC_PARKED};
    const struct scan_request request = {
        .topics = topics, .topic_count = 1, .since_ms = since_ms, .until_ms = -1, .keep_records = true};
    struct fault fault = {0};

    gathering->arena = arena_new(256 * 1024, BYTES_MAX);
    if (gathering->arena == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    if (scan_topics(session, &request, gather, gathering, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    for (size_t i = 0; i < gathering->count; i++)
        gathering->items[i].record.topic = TOPIC_PARKED;
    if (gathering->failed)
        return say_refusal(call, EXIT_FAILED, "parked.too_many",
                           "暂存记录过多，请用 --since 或 --code 缩小范围",
                           "more than %d parked records: narrow them with --since or --code", PARKED_MAX);
    return EXIT_OK;
}

enum exit_code parked_not_found(struct call *call, const char *name)
{
    return say_refusal(call, EXIT_NOT_FOUND, "parked.none", "没有这条暂存记录", "no parked record %s", name);
}
