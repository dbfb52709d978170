#include "store/read_model_inside.h"

#include "base/hash.h"
#include "event/pack.h"
#include "event/unpack.h"

#include "medhub/event/v1/event.pb-c.h"

#include <stdlib.h>
#include <string.h>

typedef Medhub__Event__V1__Delivery Delivery;

#define DELIVERY_TOPIC "medhub.delivery"
enum { RECIPIENTS_AT_ONCE = 16, TYPES_MAX = 64, TEXT_BYTES_MAX = 16 * 1024 };

/* ---- where it begins and ends ---- */

struct feed_bounds {
    int32_t partition_count;
    int64_t first[FEED_PARTITIONS_MAX], next[FEED_PARTITIONS_MAX];
};

static enum status read_bounds(struct read_model *model, struct feed_bounds *bounds, struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = true;

    memset(bounds, 0, sizeof *bounds);
    enum status status = sql_start(
        model->sql,
        "SELECT partition, first_offset, next_offset FROM position WHERE topic = '" DELIVERY_TOPIC "'", NULL,
        0, &cursor, fault);
    while (status == STATUS_OK && row) {
        status = sql_next(&cursor, &row, fault);
        if (status != STATUS_OK || !row)
            break;
        int64_t partition = sql_column_integer(&cursor, 0);
        if (partition < 0 || partition >= FEED_PARTITIONS_MAX) {
            status = fault_fatal(fault, "store.partitions", DELIVERY_TOPIC " has more than %d partitions",
                                 FEED_PARTITIONS_MAX);
            break;
        }
        bounds->first[partition] = sql_column_integer(&cursor, 1);
        bounds->next[partition] = sql_column_integer(&cursor, 2);
        if (partition >= bounds->partition_count)
            bounds->partition_count = (int32_t)partition + 1;
    }
    sql_end(&cursor);
    return status;
}

static void take_place(struct feed_place *place, int32_t count, const int64_t *offsets)
{
    memset(place, 0, sizeof *place);
    place->partition_count = count;
    memcpy(place->next_offset, offsets, (size_t)count * sizeof *offsets);
}

enum status read_model_feed_begin(struct read_model *model, struct feed_place *place, struct fault *fault)
{
    struct feed_bounds bounds;

    enum status status = read_bounds(model, &bounds, fault);
    take_place(place, bounds.partition_count, bounds.first);
    return status;
}

enum status read_model_feed_end(struct read_model *model, struct feed_place *place, struct fault *fault)
{
    struct feed_bounds bounds;

    enum status status = read_bounds(model, &bounds, fault);
    take_place(place, bounds.partition_count, bounds.next);
    return status;
}

enum status read_model_feed_complete(struct read_model *model, int64_t *until_ms, struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = true;

    *until_ms = 0;
    enum status status = sql_start(model->sql, "SELECT COALESCE(MIN(caught_up_ms), 0) FROM position WHERE topic = '" DELIVERY_TOPIC "'",
                                   NULL, 0, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, &row, fault);
    if (status == STATUS_OK && row)
        *until_ms = sql_column_integer(&cursor, 0);
    sql_end(&cursor);
    return status;
}

/* ---- one page ---- */

struct page {
    struct read_model *model;
    const struct feed_query *query;
    struct arena *arena;
    struct seen_delivery *items; /* of all partitions so far */
    size_t count;
    int topic; /* number of DELIVERY_TOPIC */
};

/* Repeats the last one up to a power of two: few texts are prepared instead of one for each number. */
static size_t padded(size_t count)
{
    size_t wide = 1;

    while (wide < count)
        wide *= 2;
    return wide;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* For each recipient its first deliveries in the range, which is what the primary key gives without looking
 * further. */
static void mine_text(size_t recipients, size_t types, struct buffer *text)
{
    for (size_t i = 0; i < recipients; i++) {
        buffer_append_format(
            text,
            "%sSELECT place FROM (SELECT place FROM recipient WHERE recipient = $%zu AND place >= $1 "
            "AND place < $2",
            i == 0 ? "" : " UNION ", i + 4);
        for (size_t j = 0; j < types; j++)
            buffer_append_format(text, "%s$%zu%s", j == 0 ? " AND type IN (" : ", ", recipients + 4 + j,
                                 j + 1 == types ? ")" : "");
        buffer_append_format(text, " ORDER BY place LIMIT $3) AS of_%zu", i);
    }
}

static void page_text(size_t recipients, size_t types, struct buffer *text)
{
    buffer_append_text(text, "SELECT delivery.place, delivery.delivered_ms, delivery.value FROM (");
    mine_text(recipients, types, text);
    buffer_append_text(
        text, ") AS mine JOIN delivery ON delivery.place = mine.place ORDER BY delivery.place LIMIT $3");
}

static void count_text(size_t recipients, size_t types, struct buffer *text)
{
    buffer_append_text(text, "SELECT count(*) FROM (");
    mine_text(recipients, types, text);
    buffer_append_text(text, ") AS mine");
}

static bool is_mine(const struct viewer *viewer, const char *recipient)
{
    for (size_t i = 0; i < viewer->recipient_count; i++)
        if (strcmp(viewer->recipients[i], recipient) == 0)
            return true;
    return false;
}

/* Who else is sent the same is nobody's business. */
static enum status mask_recipients(struct page *page, struct bytes value, struct bytes *masked,
                                   struct fault *fault)
{
    ProtobufCMessage *message = NULL;

    enum status status = unpack_message(schema_of(&medhub__event__v1__delivery__descriptor), value,
                                        page->arena, &message, fault);
    if (status != STATUS_OK)
        return status;
    Delivery *delivery = (Delivery *)message;
    size_t kept = 0;
    for (size_t i = 0; i < delivery->n_recipients; i++)
        if (is_mine(page->query->viewer, delivery->recipients[i]))
            delivery->recipients[kept++] = delivery->recipients[i];
    delivery->n_recipients = kept;
    *masked = pack_message(message, page->arena);
    return masked->data == NULL ? read_arena_full(fault) : STATUS_OK;
}

static enum status take_value(struct page *page, struct bytes value, struct bytes *taken, struct fault *fault)
{
    if (page->query->viewer != NULL)
        return mask_recipients(page, value, taken, fault);
    *taken = arena_bytes(page->arena, value);
    return taken->data == NULL ? read_arena_full(fault) : STATUS_OK;
}

static enum status run_page(struct page *page, const char *text, const struct sql_value *values,
                            size_t value_count, struct seen_delivery *to, size_t *count, struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = true;

    enum status status = sql_start(page->model->sql, text, values, value_count, &cursor, fault);
    while (status == STATUS_OK && row) {
        status = sql_next(&cursor, &row, fault);
        if (status != STATUS_OK || !row)
            break;
        struct seen_delivery *delivery = &to[(*count)++];
        int64_t place = sql_column_integer(&cursor, 0);
        delivery->partition = place_partition(place);
        delivery->offset = place_offset(place);
        delivery->delivered_ms = sql_column_integer(&cursor, 1);
        status = take_value(page, sql_column_bytes(&cursor, 2), &delivery->value, fault);
    }
    sql_end(&cursor);
    return status;
}

/* A question about up to RECIPIENTS_AT_ONCE recipients from FIRST on in a range, at most ROOM of each. */
struct some {
    size_t recipients, types, value_count;
    struct sql_value values[3 + RECIPIENTS_AT_ONCE + TYPES_MAX];
};

static void ask_some(const struct feed_query *query, size_t first, int64_t from, int64_t until, size_t room, struct some *some)
{
    size_t left = smaller(query->viewer->recipient_count - first, RECIPIENTS_AT_ONCE);

    some->recipients = padded(left);
    some->types = query->type_count == 0 ? 0 : padded(query->type_count);
    some->value_count = 3 + some->recipients + some->types;
    some->values[0] = sql_integer(from);
    some->values[1] = sql_integer(until);
    some->values[2] = sql_integer((int64_t)room);
    for (size_t i = 0; i < some->recipients; i++)
        some->values[3 + i] = sql_text(query->viewer->recipients[first + smaller(i, left - 1)]);
    for (size_t i = 0; i < some->types; i++)
        some->values[3 + some->recipients + i] =
            sql_integer((int64_t)hash_bytes(bytes_of(query->types[smaller(i, query->type_count - 1)]), 0));
}

static enum status read_some(struct page *page, size_t first, int64_t from, int64_t until, size_t room,
                             struct seen_delivery *to, size_t *count, struct fault *fault)
{
    struct some some;
    struct buffer text;

    ask_some(page->query, first, from, until, room, &some);
    buffer_init(&text, TEXT_BYTES_MAX);
    page_text(some.recipients, some.types, &text);
    enum status status = run_page(page, buffer_text(&text), some.values, some.value_count, to, count, fault);
    buffer_done(&text);
    return status;
}

static enum status count_some(struct page *page, size_t first, int64_t from, int64_t until, uint64_t *count,
                              struct fault *fault)
{
    struct some some;
    struct buffer text;
    struct sql_cursor cursor;
    bool row = false;

    ask_some(page->query, first, from, until, page->query->limit, &some);
    buffer_init(&text, TEXT_BYTES_MAX);
    count_text(some.recipients, some.types, &text);
    enum status status = sql_start(page->model->sql, buffer_text(&text), some.values, some.value_count, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, &row, fault);
    if (status == STATUS_OK && row)
        *count += (uint64_t)sql_column_integer(&cursor, 0);
    sql_end(&cursor);
    buffer_done(&text);
    return status;
}

static int in_order(const void *a, const void *b)
{
    const struct seen_delivery *one = a, *other = b;

    return (one->offset > other->offset) - (one->offset < other->offset);
}

/* Several parts of a page, each in order: in order as a whole, each delivery once. */
static size_t merge(struct seen_delivery *items, size_t count)
{
    size_t kept = 0;

    qsort(items, count, sizeof *items, in_order);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || items[kept - 1].offset != items[i].offset)
            items[kept++] = items[i];
    return kept;
}

static enum status read_partition(struct page *page, int32_t partition, int64_t end, int64_t *next,
                                  struct fault *fault)
{
    size_t room = page->query->limit - page->count, recipients = page->query->viewer->recipient_count,
           count = 0;
    size_t parts = (recipients + RECIPIENTS_AT_ONCE - 1) / RECIPIENTS_AT_ONCE;
    struct seen_delivery *found =
        parts == 1 ? page->items + page->count : arena_take(page->arena, (parts + 1) * room * sizeof *found);
    enum status status = STATUS_OK;

    if (found == NULL)
        return read_arena_full(fault);
    for (size_t i = 0; i < recipients && status == STATUS_OK; i += RECIPIENTS_AT_ONCE)
        status = read_some(page, i, place_make(page->topic, partition, *next),
                           place_make(page->topic, partition, end), room, found, &count, fault);
    if (status != STATUS_OK)
        return status;
    if (parts > 1) {
        count = smaller(merge(found, count), room);
        memcpy(page->items + page->count, found, count * sizeof *found);
    }
    page->count += count;
    *next = count == room ? page->items[page->count - 1].offset + 1 : end;
    return STATUS_OK;
}

/* Without a viewer: every delivery of the partition. */
static enum status read_all_of_partition(struct page *page, int32_t partition, int64_t end, int64_t *next,
                                         struct fault *fault)
{
    static const char text[] =
        "SELECT place, delivered_ms, value FROM delivery WHERE place >= $1 AND place < $2 "
        "ORDER BY place LIMIT $3";
    size_t room = page->query->limit - page->count, count = 0;
    const struct sql_value values[] = {sql_integer(place_make(page->topic, partition, *next)),
                                       sql_integer(place_make(page->topic, partition, end)),
                                       sql_integer((int64_t)room)};

    enum status status = run_page(page, text, values, sizeof values / sizeof *values,
                                  page->items + page->count, &count, fault);
    if (status != STATUS_OK)
        return status;
    page->count += count;
    *next = count == room ? page->items[page->count - 1].offset + 1 : end;
    return STATUS_OK;
}

/* A place that knows no partitions, or fewer, goes on at the beginning of those. */
static bool fit_place(struct feed_place *place, const struct feed_bounds *bounds)
{
    bool truncated = false;

    for (int32_t i = 0; i < bounds->partition_count; i++) {
        if (i >= place->partition_count)
            place->next_offset[i] = bounds->first[i];
        truncated = truncated || place->next_offset[i] < bounds->first[i];
        if (place->next_offset[i] < bounds->first[i])
            place->next_offset[i] = bounds->first[i];
    }
    if (place->partition_count < bounds->partition_count)
        place->partition_count = bounds->partition_count;
    return truncated;
}

/* Begins at another partition each time, so that none waits for ever behind a busy one. */
static int32_t first_partition(const struct feed_place *place, int32_t count)
{
    uint64_t sum = 0;

    for (int32_t i = 0; i < count; i++)
        sum += (uint64_t)place->next_offset[i];
    return (int32_t)(hash_bytes(bytes_from(&sum, sizeof sum), 0) % (uint64_t)count);
}

static enum status read_feed(struct page *page, struct feed_place *place, bool *truncated,
                             struct fault *fault)
{
    struct feed_bounds bounds;

    enum status status = read_bounds(page->model, &bounds, fault);
    if (status != STATUS_OK)
        return status;
    *truncated = fit_place(place, &bounds);
    status = read_topic_number(page->model, DELIVERY_TOPIC, &page->topic, fault);
    int32_t first = bounds.partition_count == 0 ? 0 : first_partition(place, bounds.partition_count);
    for (int32_t i = 0; i < bounds.partition_count && status == STATUS_OK && page->count < page->query->limit;
         i++) {
        int32_t partition = (first + i) % bounds.partition_count;
        if (place->next_offset[partition] >= bounds.next[partition])
            continue; /* at the end; behind it during a rebuild, then it waits there */
        if (page->topic == 0 || (page->query->viewer != NULL && page->query->viewer->recipient_count == 0))
            place->next_offset[partition] = bounds.next[partition];
        else if (page->query->viewer == NULL)
            status = read_all_of_partition(page, partition, bounds.next[partition],
                                           &place->next_offset[partition], fault);
        else
            status = read_partition(page, partition, bounds.next[partition], &place->next_offset[partition],
                                    fault);
    }
    return status;
}

enum status read_model_feed(struct read_model *model, const struct feed_query *query,
                            struct feed_place *place, struct arena *arena, struct seen_delivery **deliveries,
                            size_t *count, bool *truncated, struct fault *fault)
{
    struct page page = {.model = model, .query = query, .arena = arena};
    struct feed_place moved = *place;

    *count = 0;
    *truncated = false;
    page.items = arena_take(arena, (query->limit + 1) * sizeof *page.items);
    *deliveries = page.items;
    if (page.items == NULL)
        return read_arena_full(fault);
    if (query->type_count > TYPES_MAX)
        return fault_reject(fault, "store.types", "more than %d types", TYPES_MAX);
    enum status status = sql_begin(model->sql, fault);
    if (status == STATUS_OK)
        status = read_feed(&page, &moved, truncated, fault);
    sql_rollback(model->sql);
    if (status != STATUS_OK)
        return status;
    *place = moved;
    *count = page.count;
    return STATUS_OK;
}

/* ---- how many ---- */

static enum status count_feed(struct page *page, struct feed_place *place, uint64_t *count, struct fault *fault)
{
    struct feed_bounds bounds;

    enum status status = read_bounds(page->model, &bounds, fault);
    if (status == STATUS_OK)
        status = read_topic_number(page->model, DELIVERY_TOPIC, &page->topic, fault);
    if (status != STATUS_OK || page->topic == 0)
        return status;
    (void)fit_place(place, &bounds); /* what is no longer kept counts for nothing */
    for (int32_t i = 0; i < bounds.partition_count; i++)
        for (size_t k = 0; k < page->query->viewer->recipient_count && status == STATUS_OK; k += RECIPIENTS_AT_ONCE)
            status = count_some(page, k, place_make(page->topic, i, place->next_offset[i]),
                                place_make(page->topic, i, bounds.next[i]), count, fault);
    return status;
}

enum status read_model_feed_count(struct read_model *model, const struct feed_query *query, const struct feed_place *place,
                                  uint64_t *count, struct fault *fault)
{
    struct page page = {.model = model, .query = query};
    struct feed_place from = *place;

    *count = 0;
    if (query->type_count > TYPES_MAX)
        return fault_reject(fault, "store.types", "more than %d types", TYPES_MAX);
    enum status status = sql_begin(model->sql, fault);
    if (status == STATUS_OK)
        status = count_feed(&page, &from, count, fault);
    sql_rollback(model->sql);
    return status;
}
