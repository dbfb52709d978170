#include "ops/ctl/catalogue_columns.h"

#include "base/bytes.h"
#include "base/money.h"

#include <jansson.h>
#include <string.h>

enum { COLUMNS_MAX = 128, LIST_BYTES_MAX = 1024 * 1024, E4_DECIMALS = 4, MICRO_DECIMALS = 6 };

struct column {
    const char *name;
    const ProtobufCFieldDescriptor *field;
    const ProtobufCFieldDescriptor *group; /* the item's field that it lies in; NULL: it is the item's own */
    bool used;
};

struct catalogue_columns {
    struct column items[COLUMNS_MAX];
    size_t count;
};

static bool is_of(const ProtobufCFieldDescriptor *field, const ProtobufCMessageDescriptor *message)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE && field->descriptor == message;
}

bool catalogue_column_holds(const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return field->type == PROTOBUF_C_TYPE_STRING;
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_ENUM ||
           field->type == PROTOBUF_C_TYPE_BOOL || field->type == PROTOBUF_C_TYPE_UINT32 ||
           is_of(field, &medhub__common__v1__price__descriptor) || is_of(field, &medhub__common__v1__ratio__descriptor) ||
           is_of(field, &medhub__common__v1__quantity__descriptor);
}

bool catalogue_column_is_group(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 ||
           is_of(field, &medhub__catalogue__v1__payment_limit__descriptor);
}

/* ---- which there are ---- */

static bool add(struct catalogue_columns *columns, struct arena *arena, const ProtobufCFieldDescriptor *group,
                const ProtobufCFieldDescriptor *field)
{
    const char *name = group == NULL ? field->name : arena_format(arena, "%s.%s", group->name, field->name);

    if (name == NULL || columns->count == COLUMNS_MAX)
        return false;
    columns->items[columns->count++] = (struct column){name, field, group, group == NULL};
    return true;
}

static bool add_group(struct catalogue_columns *columns, struct arena *arena, const ProtobufCFieldDescriptor *group)
{
    const ProtobufCMessageDescriptor *message = group->descriptor;
    bool added = true;

    for (unsigned i = 0; added && i < message->n_fields; i++)
        if (catalogue_column_holds(&message->fields[i]))
            added = add(columns, arena, group, &message->fields[i]);
    return added;
}

struct catalogue_columns *catalogue_columns_new(struct arena *arena)
{
    struct catalogue_columns *columns = arena_take_zeroed(arena, sizeof *columns);
    bool added = columns != NULL;

    for (unsigned i = 0; added && i < CATALOGUE_ITEM->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &CATALOGUE_ITEM->fields[i];
        if (catalogue_column_is_group(field))
            added = add_group(columns, arena, field);
        else if (catalogue_column_holds(field) && strcmp(field->name, "valid_from") != 0) /* the release's day decides it */
            added = add(columns, arena, NULL, field);
    }
    return added ? columns : NULL;
}

/* The message that COLUMN's field lies in; NULL: ITEM has none. */
static const void *message_of(const struct column *column, const CatalogueItem *item)
{
    const ProtobufCFieldDescriptor *group = column->group;

    if (group == NULL)
        return item;
    const uint8_t *base = (const uint8_t *)item;
    if ((group->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
        *(const uint32_t *)(const void *)(base + group->quantifier_offset) != group->id)
        return NULL;
    return *(const void *const *)(const void *)(base + group->offset);
}

void catalogue_columns_note(struct catalogue_columns *columns, const CatalogueItem *item)
{
    if (item->details_case == DETAILS_NONE && item->limit == NULL)
        return;
    for (size_t i = 0; i < columns->count; i++)
        columns->items[i].used = columns->items[i].used || message_of(&columns->items[i], item) != NULL;
}

const char *const *catalogue_columns_names(const struct catalogue_columns *columns, const char *const *first, struct arena *arena)
{
    size_t count = 0;

    while (first[count] != NULL)
        count++;
    const char **names = arena_take(arena, (count + columns->count + 1) * sizeof *names);
    if (names == NULL)
        return NULL;
    memcpy(names, first, count * sizeof *names);
    for (size_t i = 0; i < columns->count; i++)
        if (columns->items[i].used)
            names[count++] = columns->items[i].name;
    names[count] = NULL;
    return names;
}

/* ---- what they hold ---- */

static json_t *decimal(int64_t scaled, int decimals)
{
    char text[MONEY_TEXT_BYTES];

    return json_string(money_format(scaled, decimals, text));
}

static json_t *list_of(char *const *texts, size_t count)
{
    struct buffer joined;

    buffer_init(&joined, LIST_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(&joined, i == 0 ? "" : "|");
        buffer_append_text(&joined, texts[i]);
    }
    json_t *list = buffer_ok(&joined) ? json_string(buffer_text(&joined)) : NULL;
    buffer_done(&joined);
    return list;
}

static json_t *text_of(const char *text)
{
    return *text == '\0' ? NULL : json_string(text);
}

static json_t *choice_of(const ProtobufCFieldDescriptor *field, int value)
{
    const ProtobufCEnumValue *found = value == 0 ? NULL : protobuf_c_enum_descriptor_get_value(field->descriptor, value);

    return found == NULL ? NULL : json_string(found->name);
}

static json_t *message_value(const ProtobufCFieldDescriptor *field, const void *message)
{
    if (message == NULL)
        return NULL;
    if (is_of(field, &medhub__common__v1__price__descriptor))
        return decimal(((const Medhub__Common__V1__Price *)message)->micro_yuan, MICRO_DECIMALS);
    if (is_of(field, &medhub__common__v1__ratio__descriptor))
        return decimal(((const Medhub__Common__V1__Ratio *)message)->e4, E4_DECIMALS);
    return decimal(((const Medhub__Common__V1__Quantity *)message)->e4, E4_DECIMALS);
}

/* NULL: MESSAGE says nothing there. */
static json_t *value_of(const ProtobufCFieldDescriptor *field, const void *message)
{
    const uint8_t *base = message;
    const void *member = base + field->offset;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
        return count == 0 ? NULL : list_of(*(char *const *const *)member, count);
    }
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return text_of(*(const char *const *)member);
    case PROTOBUF_C_TYPE_ENUM:
        return choice_of(field, *(const int *)member);
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)member ? json_true() : NULL;
    case PROTOBUF_C_TYPE_UINT32:
        return *(const uint32_t *)member == 0 ? NULL : json_integer(*(const uint32_t *)member);
    default:
        return message_value(field, *(const void *const *)member);
    }
}

/* Where COLUMN's value goes: ROW, or the object of its group in it. */
static json_t *place_of(const struct column *column, json_t *row)
{
    if (column->group == NULL)
        return row;
    if (json_object_get(row, column->group->name) == NULL)
        (void)json_object_set_new(row, column->group->name, json_object());
    return json_object_get(row, column->group->name);
}

void catalogue_columns_put(const struct catalogue_columns *columns, const CatalogueItem *item, struct json_t *row)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct column *column = &columns->items[i];
        const void *message = message_of(column, item);
        json_t *value = message == NULL ? NULL : value_of(column->field, message);
        if (value != NULL)
            (void)json_object_set_new(place_of(column, row), column->field->name, value);
    }
}
