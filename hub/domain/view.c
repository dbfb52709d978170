#include "domain/view.h"

#include "domain/format.h"
#include "domain/messages.h"
#include "domain/region.h"

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

/* --- unpacking into the arena --- */

static void *take_for_message(void *view, size_t bytes)
{
    void *taken = arena_take(((struct view *)view)->arena, bytes);
    if (taken == NULL)
        ((struct view *)view)->failed = true;
    return taken;
}

static void keep_until_reset(void *view, void *block)
{
    (void)view;
    (void)block;
}

static ProtobufCMessage *unpack(struct view *view, const ProtobufCMessageDescriptor *descriptor,
                                struct bytes row)
{
    ProtobufCAllocator allocator = {take_for_message, keep_until_reset, view};
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, row.length, row.data);
    if (message == NULL && !view->failed)
        abort(); /* we wrote this row ourselves: not the world but the store is broken */
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

/* --- what was read --- */

static bool is_same_row(const struct consulted_row *a, const struct consulted_row *b)
{
    return a->version == b->version && a->valid_from == b->valid_from && strcmp(a->key, b->key) == 0 &&
           strcmp(a->table, b->table) == 0 && strcmp(a->region, b->region) == 0;
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

static void note(struct view *view, struct consulted_row row)
{
    if (is_noted(view, &row))
        return;
    row.region = keep_region(view, row.region);
    if (row.region == NULL || !make_room(view)) {
        view->failed = true;
        return;
    }
    view->consulted[view->consulted_count++] = row;
}

/* --- tables --- */

bool view_table(struct view *view, const char *table, const char *key, const char *region, date_t date,
                struct table_row *row)
{
    struct region searched = region_of(region);
    do {
        if (!view->operations->table(view->self, table, key, searched.code, date, row))
            continue;
        note(view, (struct consulted_row){table, key, searched.code, row->valid_from, row->version});
        return true;
    } while (region_widen(&searched));

    note(view, (struct consulted_row){table, key, region_of(region).code, DATE_NONE, 0});
    return false;
}

ProtobufCMessage *view_table_message(struct view *view, const ProtobufCMessageDescriptor *descriptor,
                                     const char *table, const char *key, const char *region, date_t date)
{
    struct table_row row;
    return view_table(view, table, key, region, date, &row) ? unpack(view, descriptor, row.value) : NULL;
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
