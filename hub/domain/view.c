#include "domain/view.h"

#include "base/hash.h"
#include "domain/format.h"
#include "domain/messages.h"
#include "domain/region.h"
#include "event/unpack.h"

#include <assert.h>
#include <stdlib.h>

void view_init(struct view *view, const struct view_operations *operations, void *self, struct arena *arena,
               const char *key, int64_t now_ms, const struct calendar *calendar)
{
    *view = (struct view){
        .operations = operations,
        .self = self,
        .arena = arena,
        .key = key,
        .now_ms = now_ms,
        .calendar = calendar,
    };
}

/* --- unpacking into an arena --- */

struct taking {
    struct arena *arena;
    bool full;
};

static void *take_for_message(void *taking, size_t bytes)
{
    struct taking *from = taking;
    void *taken = arena_take(from->arena, bytes);
    from->full = from->full || taken == NULL;
    return taken;
}

static void keep_until_reset(void *taking, void *block)
{
    (void)taking;
    (void)block;
}

static ProtobufCMessage *unpack_with_protobuf_c(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                                                struct bytes row)
{
    struct taking taking = {arena, false};
    ProtobufCAllocator allocator = {take_for_message, keep_until_reset, &taking};
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, row.length, row.data);
    if (message == NULL && !taking.full)
        abort(); /* we wrote this row ourselves: not the world but the store is broken */
    return message;
}

/* NULL when the arena is full. Our own unpacking takes a third of protobuf-c's instructions; but it drops fields that it does
 * not know, and a row that a newer release wrote must not lose them when it is written again. */
static ProtobufCMessage *unpack_into(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                                     struct bytes row)
{
    const struct message_facts *facts = schema_of(descriptor);
    ProtobufCMessage *message = NULL;
    struct wire_summary summary;
    struct fault fault; /* what is refused here is protobuf-c's to say */

    if (facts != NULL &&
        unpack_submitted(facts, row, WIRE_OWN, arena, &message, &summary, &fault) == STATUS_OK && !summary.unknown)
        return message;
    return unpack_with_protobuf_c(arena, descriptor, row);
}

static ProtobufCMessage *unpack(struct view *view, const ProtobufCMessageDescriptor *descriptor, struct bytes row)
{
    ProtobufCMessage *message = unpack_into(view->arena, descriptor, row);
    if (message == NULL)
        view->failed = true;
    return message;
}

/* --- rows of the key --- */

ProtobufCMessage *view_state(struct view *view, const ProtobufCMessageDescriptor *descriptor,
                             const char *name_format, ...)
{
    va_list arguments;
    va_start(arguments, name_format);
    const char *name = format_text(view->arena, name_format, arguments);
    va_end(arguments);
    if (name == NULL) {
        view->failed = true;
        return NULL;
    }

    struct bytes row = view->operations->state(view->self, name);
    return row.data == NULL ? NULL : unpack(view, descriptor, row);
}

/* --- rows of the key, in order --- */

struct scanning {
    struct view *view;
    struct view_row *rows;
    size_t rows_max, bytes;
    struct view_rows found;
};

static bool take_row(struct bytes name, struct bytes value, void *context)
{
    struct scanning *scanning = context;
    struct view *view = scanning->view;
    size_t count = scanning->found.count;

    scanning->bytes += name.length + value.length;
    if (count == scanning->rows_max || (count > 0 && scanning->bytes > VIEW_SCAN_BYTES_MAX)) {
        scanning->found.more = true;
        return false;
    }
    struct view_row *row = &scanning->rows[count];
    row->name = arena_text(view->arena, name);
    row->value = arena_bytes(view->arena, value);
    if (row->name == NULL || row->value.data == NULL) {
        view->failed = true;
        return false;
    }
    scanning->found.count++;
    return true;
}

struct view_rows view_scan(struct view *view, const char *prefix, const char *after, size_t rows_max)
{
    assert(rows_max >= 1 && rows_max <= VIEW_SCAN_ROWS_MAX);
    struct scanning scanning = {.view = view, .rows_max = rows_max};

    scanning.rows = arena_take(view->arena, rows_max * sizeof *scanning.rows);
    if (scanning.rows == NULL)
        view->failed = true;
    else
        view->operations->scan(view->self, prefix, after, take_row, &scanning);
    scanning.found.rows = scanning.rows;
    return scanning.found;
}

ProtobufCMessage *view_unpack(struct view *view, const ProtobufCMessageDescriptor *descriptor,
                              const struct view_row *row)
{
    return unpack(view, descriptor, row->value);
}

/* --- what was read --- */

static bool is_same_row(const struct consulted_row *a, const struct consulted_row *b)
{
    return a->mark == b->mark && a->version == b->version && a->valid_from == b->valid_from &&
           strcmp(a->key, b->key) == 0 && strcmp(a->table, b->table) == 0 && strcmp(a->region, b->region) == 0;
}

static bool is_noted(const struct view *view, const struct consulted_row *row)
{
    for (size_t i = 0; i < view->consulted_count; i++)
        if (is_same_row(&view->consulted[i], row))
            return true;
    return false;
}

static bool make_room(struct view *view)
{
    if (view->consulted_count < view->consulted_capacity)
        return true;
    size_t capacity = view->consulted_capacity == 0 ? 8 : 2 * view->consulted_capacity;
    struct consulted_row *rows = arena_take(view->arena, capacity * sizeof *rows);
    if (rows == NULL)
        return false;
    if (view->consulted_count > 0)
        memcpy(rows, view->consulted, view->consulted_count * sizeof *rows);
    view->consulted = rows;
    view->consulted_capacity = capacity;
    return true;
}

/* Decisions ask in few regions, so a region's text is kept once for all rows. */
static const char *keep_region(struct view *view, const char *region)
{
    for (size_t i = view->consulted_count; i > 0; i--)
        if (strcmp(view->consulted[i - 1].region, region) == 0)
            return view->consulted[i - 1].region;
    return arena_text(view->arena, bytes_of(region));
}

static void note(struct view *view, const struct consulted_row *row)
{
    if (is_noted(view, row))
        return;
    if (!make_room(view)) {
        view->failed = true;
        return;
    }
    view->consulted[view->consulted_count++] = *row;
}

/* --- tables --- */

/* From the region outwards. The row's region is a text of ours. */
static bool search(struct view *view, const char *table, const char *key, const char *region, date_t date,
                   struct table_row *row)
{
    struct region searched = region_of(region);
    do {
        if (!view->operations->table(view->self, table, key, searched.code, date, row))
            continue;
        row->region = keep_region(view, searched.code);
        if (row->region == NULL)
            view->failed = true;
        return !view->failed;
    } while (region_widen(&searched));
    return false;
}

static uint64_t mark_of(const struct consulted_row *row)
{
    return hash_quick(bytes_of(row->key), (uint64_t)row->version << 32 ^ (uint32_t)row->valid_from);
}

/* Moves what the answer lends from the event and the snapshot to where the answer is kept. */
static bool move_in(struct table_answer *answer)
{
    struct consulted_row *row = &answer->consulted;
    row->table = arena_text(answer->arena, bytes_of(row->table));
    row->key = arena_text(answer->arena, bytes_of(row->key));
    row->region = arena_text(answer->arena, bytes_of(row->region));
    if (answer->found) {
        answer->row.region = row->region;
        answer->row.value = arena_bytes(answer->arena, answer->row.value);
    }
    return row->table != NULL && row->key != NULL && row->region != NULL &&
           (!answer->found || answer->row.value.data != NULL);
}

static void fill_in(struct view *view, const char *table, const char *key, const char *region, date_t date,
                    struct table_answer *answer)
{
    answer->found = search(view, table, key, region, date, &answer->row);
    answer->consulted = answer->found ? (struct consulted_row){.table = table,
                                                               .key = key,
                                                               .region = answer->row.region,
                                                               .valid_from = answer->row.valid_from,
                                                               .version = answer->row.version}
                                      : (struct consulted_row){.table = table,
                                                               .key = key,
                                                               .region = keep_region(view, region_of(region).code),
                                                               .valid_from = DATE_NONE};
    answer->consulted.mark = mark_of(&answer->consulted);
    view->failed |= answer->consulted.region == NULL;
    if (answer->arena == NULL || view->failed)
        return;
    struct table_answer lent = *answer;
    answer->known = move_in(answer);
    if (!answer->known) {
        answer->row = lent.row;
        answer->consulted = lent.consulted;
    }
}

/* SCRATCH is where the answer goes if none is kept. */
static struct table_answer *ask(struct view *view, const char *table, const char *key, const char *region, date_t date,
                                struct table_answer *scratch)
{
    struct table_answer *answer =
        view->operations->answer == NULL ? NULL : view->operations->answer(view->self, table, key, region, date);
    if (answer == NULL)
        answer = scratch;
    if (!answer->known)
        fill_in(view, table, key, region, date, answer);

    if (!view->failed)
        note(view, &answer->consulted);
    return answer;
}

bool view_table(struct view *view, const char *table, const char *key, const char *region, date_t date,
                struct table_row *row)
{
    struct table_answer scratch = {0};
    const struct table_answer *answer = ask(view, table, key, region, date, &scratch);
    if (answer->found)
        *row = answer->row;
    return answer->found;
}

const ProtobufCMessage *view_table_message(struct view *view, const ProtobufCMessageDescriptor *descriptor,
                                           const char *table, const char *key, const char *region, date_t date)
{
    struct table_answer scratch = {0};
    struct table_answer *answer = ask(view, table, key, region, date, &scratch);
    if (!answer->found)
        return NULL;
    if (answer->message != NULL && answer->descriptor == descriptor)
        return answer->message;

    const ProtobufCMessage *kept = answer->known ? unpack_into(answer->arena, descriptor, answer->row.value) : NULL;
    if (kept == NULL)
        return unpack(view, descriptor, answer->row.value);
    answer->descriptor = descriptor;
    answer->message = kept;
    return kept;
}

/* --- policy --- */

static const Parameter *find_parameter(struct view *view, const char *name, const char *region, date_t date,
                                       ParameterKind kind)
{
    const Parameter *parameter =
        (const Parameter *)view_table_message(view, PARAMETER, TABLE_POLICY, name, region, date);
    return parameter != NULL && parameter->kind == kind ? parameter : NULL;
}

bool view_policy_int(struct view *view, const char *parameter, const char *region, date_t date,
                     int64_t *value)
{
    const Parameter *found = find_parameter(view, parameter, region, date, PARAMETER_INTEGER);
    if (found != NULL)
        *value = found->integer;
    return found != NULL;
}

bool view_policy_date(struct view *view, const char *parameter, const char *region, date_t date,
                      date_t *value)
{
    const Parameter *found = find_parameter(view, parameter, region, date, PARAMETER_DATE);
    if (found != NULL)
        *value = date_parse(bytes_of(found->date));
    return found != NULL && *value != DATE_NONE;
}

bool view_policy_text(struct view *view, const char *parameter, const char *region, date_t date,
                      const char **value)
{
    const Parameter *found = find_parameter(view, parameter, region, date, PARAMETER_TEXT);
    if (found != NULL)
        *value = found->text;
    return found != NULL;
}
