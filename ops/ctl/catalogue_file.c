#include "ops/ctl/catalogue_file.h"

#include "ops/ctl/catalogue_columns.h"
#include "ops/ctl/printed_price.h"

#include "base/csv.h"
#include "base/money.h"
#include "base/text.h"
#include "domain/catalogue_key.h"
#include "event/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1024 * 1024 * 1024, FIELDS_MAX = CSV_FIELDS_MAX, FINDINGS_BYTES = 16 * 1024 };
enum { E4_DECIMALS = 4 };

/* One column of the file that goes into a field. */
struct mapped {
    const char *name;                              /* of the field */
    const ProtobufCFieldDescriptor *field;         /* NULL: "removed" */
    const ProtobufCFieldDescriptor *details;       /* whose field it is: consumable, limit; NULL: the item's own */
    int column;                                    /* -1: constant */
    struct bytes constant, values;
};

struct reading {
    const struct catalogue_defaults *defaults;
    catalogue_complaint *complain;
    void *context;
    struct arena *arena, *scratch;
    struct mapped mapped[FIELDS_MAX];
    size_t mapped_count;
    struct catalogue_file *file;
    size_t capacity;
};

static enum status read_text(const char *path, struct arena *arena, struct bytes *text, struct fault *fault)
{
    FILE *file = fopen(path, "rb");
    struct buffer content;
    uint8_t block[64 * 1024];
    size_t length;

    if (file == NULL)
        return fault_reject(fault, "file.missing", "%s: %s", path, strerror(errno));
    buffer_init(&content, FILE_BYTES_MAX);
    while ((length = fread(block, 1, sizeof block, file)) > 0)
        buffer_append(&content, block, length);
    bool whole = ferror(file) == 0 && buffer_ok(&content);
    (void)fclose(file);
    *text = whole ? arena_bytes(arena, buffer_bytes(&content)) : BYTES_NONE;
    buffer_done(&content);
    return text->data != NULL ? STATUS_OK : fault_reject(fault, "file.unreadable", "%s cannot be read, or is too large", path);
}

/* ---- the mapping ---- */

/* "generic_name" of "consumable.generic_name", with the item's field consumable in *DETAILS; NULL: there is no such field. */
static const ProtobufCFieldDescriptor *find_field(const char *name, const ProtobufCFieldDescriptor **details)
{
    const char *dot = strchr(name, '.');
    char outer[64];

    *details = NULL;
    if (dot == NULL)
        return protobuf_c_message_descriptor_get_field_by_name(CATALOGUE_ITEM, name);
    (void)snprintf(outer, sizeof outer, "%.*s", (int)(dot - name), name);
    *details = protobuf_c_message_descriptor_get_field_by_name(CATALOGUE_ITEM, outer);
    if (*details == NULL || !catalogue_column_is_group(*details))
        return NULL;
    return protobuf_c_message_descriptor_get_field_by_name((*details)->descriptor, dot + 1);
}

static bool add_mapped(struct reading *reading, const char *name, int column, struct bytes constant, struct bytes values)
{
    const ProtobufCFieldDescriptor *details = NULL, *field = find_field(name, &details);
    bool removed = strcmp(name, "removed") == 0;
    bool known = removed || (field != NULL && catalogue_column_holds(field));
    const char *kept = arena_text(reading->arena, bytes_of(name));

    if (!known || kept == NULL || reading->mapped_count == FIELDS_MAX)
        return false;
    reading->mapped[reading->mapped_count++] = (struct mapped){kept, field, details, column, constant, values};
    return true;
}

static enum status map_by_name(struct reading *reading, const struct csv *csv, struct fault *fault)
{
    for (int i = 0; i < csv->header_count; i++) {
        const char *name = arena_text(reading->arena, csv->header[i]);
        if (name != NULL && strcmp(name, "changes") == 0)
            continue; /* of `ctl catalogue diff`: the hub finds out for itself */
        if (name == NULL || !add_mapped(reading, name, i, BYTES_NONE, BYTES_NONE))
            return fault_reject(fault, "mapping.field", "column %s is no field of an item: give a mapping", name);
    }
    return STATUS_OK;
}

static enum status map_row(struct reading *reading, const struct csv *csv, const struct bytes *row, const int at[4],
                           struct fault *fault)
{
    char column_name[256];
    const char *name = arena_text(reading->arena, row[at[0]]);
    struct bytes column = row[at[1]];
    int place = -1;

    if (column.length > 0) {
        (void)snprintf(column_name, sizeof column_name, "%.*s", (int)column.length, (const char *)column.data);
        place = csv_column(csv, column_name);
        if (place < 0)
            return fault_reject(fault, "mapping.column", "the file has no column %s", column_name);
    }
    if (name == NULL || !add_mapped(reading, name, place, row[at[2]], row[at[3]]))
        return fault_reject(fault, "mapping.field", "%s is no field of an item that a file can fill", name);
    return STATUS_OK;
}

static enum status map_by_file(struct reading *reading, const struct csv *csv, const char *path, struct fault *fault)
{
    static const char *const names[4] = {"field", "column", "constant", "values"};
    struct bytes text, row[CSV_FIELDS_MAX];
    int at[4], count;

    enum status status = read_text(path, reading->arena, &text, fault);
    if (status != STATUS_OK)
        return status;
    struct csv mapping = csv_open(text);
    bool whole = csv_read_header(&mapping, reading->arena);
    for (size_t i = 0; i < 4; i++) {
        at[i] = csv_column(&mapping, names[i]);
        whole = whole && at[i] >= 0;
    }
    if (!whole)
        return fault_reject(fault, "mapping.header", "%s: the columns are field, column, constant, values", path);
    while (status == STATUS_OK && (count = csv_next(&mapping, reading->arena, row, CSV_FIELDS_MAX)) >= 0)
        status = count == mapping.header_count
                     ? map_row(reading, csv, row, at, fault)
                     : fault_reject(fault, "mapping.row", "%s, line %zu: another number of fields than the header", path,
                                    mapping.line);
    return status;
}

/* ---- values ---- */

/* "X*" is what begins with X. */
static bool matches(struct bytes name, struct bytes value)
{
    if (name.length == 0 || name.data[name.length - 1] != '*')
        return bytes_equal(name, value);
    return value.length >= name.length - 1 && memcmp(name.data, value.data, name.length - 1) == 0;
}

/* What VALUES makes of VALUE; BYTES_NONE: it is not among them. */
static struct bytes translate(struct bytes values, struct bytes value)
{
    while (values.length > 0) {
        const uint8_t *bar = memchr(values.data, '|', values.length);
        size_t length = bar == NULL ? values.length : (size_t)(bar - values.data);
        const uint8_t *equals = memchr(values.data, '=', length);
        size_t name = equals == NULL ? length : (size_t)(equals - values.data);
        if (equals != NULL && matches(bytes_from(values.data, name), value))
            return bytes_from(equals + 1, length - name - 1);
        values = bytes_from(values.data + length + (bar != NULL), values.length - length - (bar != NULL));
    }
    return BYTES_NONE;
}

static bool is_true(struct bytes text)
{
    static const char *const words[] = {"true", "1", "yes", "是"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_equal_text(text, words[i]))
            return true;
    return false;
}

static bool set_list(struct arena *arena, void *list_member, size_t *count_member, struct bytes value)
{
    size_t count = 1;
    for (size_t i = 0; i < value.length; i++)
        count += value.data[i] == '|';
    char **list = arena_take(arena, count * sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++) {
        const uint8_t *bar = memchr(value.data, '|', value.length);
        size_t length = bar == NULL ? value.length : (size_t)(bar - value.data);
        list[i] = arena_text(arena, bytes_from(value.data, length));
        value = bytes_from(value.data + length + (bar != NULL), value.length - length - (bar != NULL));
    }
    *(char ***)list_member = list;
    *count_member = list == NULL ? 0 : count;
    return list != NULL;
}

/* A printed text that stands for several prices, for one that is told elsewhere, or for one that is kept secret. */
static bool may_have_none(struct bytes text)
{
    static const char *const words[] = {"元", "见备注"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memmem(text.data, text.length, words[i], strlen(words[i])) != NULL)
            return true;
    return bytes_equal_text(text, "*");
}

static bool set_price(struct arena *arena, void *member, struct bytes value)
{
    Medhub__Common__V1__Price *price = arena_take(arena, sizeof *price);
    if (price == NULL)
        return false;
    medhub__common__v1__price__init(price);
    bool is_one = printed_price(value, &price->micro_yuan);
    if (is_one)
        *(Medhub__Common__V1__Price **)member = price;
    return is_one || may_have_none(value);
}

static bool set_ratio(struct arena *arena, void *member, struct bytes value)
{
    Medhub__Common__V1__Ratio *ratio = arena_take(arena, sizeof *ratio);
    int64_t e4 = 0;
    if (ratio == NULL || !money_parse(value, E4_DECIMALS, &e4) || e4 < INT32_MIN || e4 > INT32_MAX)
        return false;
    medhub__common__v1__ratio__init(ratio);
    ratio->e4 = (int32_t)e4;
    *(Medhub__Common__V1__Ratio **)member = ratio;
    return true;
}

static bool set_quantity(struct arena *arena, void *member, struct bytes value)
{
    Medhub__Common__V1__Quantity *quantity = arena_take(arena, sizeof *quantity);
    if (quantity == NULL)
        return false;
    medhub__common__v1__quantity__init(quantity);
    *(Medhub__Common__V1__Quantity **)member = quantity;
    return money_parse(value, E4_DECIMALS, &quantity->e4);
}

static bool set_message(struct arena *arena, const ProtobufCFieldDescriptor *field, void *member, struct bytes value)
{
    if (field->descriptor == &medhub__common__v1__price__descriptor)
        return set_price(arena, member, value);
    if (field->descriptor == &medhub__common__v1__ratio__descriptor)
        return set_ratio(arena, member, value);
    return set_quantity(arena, member, value);
}

static bool set_number(uint32_t *member, struct bytes value)
{
    int64_t number = 0;
    if (!text_parse_i64(value, &number) || number < 0 || number > UINT32_MAX)
        return false;
    *member = (uint32_t)number;
    return true;
}

static bool set_enum(const ProtobufCFieldDescriptor *field, void *member, struct bytes value)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%.*s", (int)value.length, (const char *)value.data);
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, name);
    if (found != NULL)
        *(int *)member = found->value;
    return found != NULL;
}

/* The details (or the limit) of ITEM that DETAILS names, made if they are not there; NULL: it has others, or the arena is full. */
static void *details_of(struct arena *arena, CatalogueItem *item, const ProtobufCFieldDescriptor *details)
{
    const ProtobufCMessageDescriptor *descriptor = details->descriptor;
    ProtobufCMessage **member = (ProtobufCMessage **)(void *)((uint8_t *)item + details->offset);
    bool is_choice = (details->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    int *which = is_choice ? (int *)(void *)((uint8_t *)item + details->quantifier_offset) : NULL;

    if (is_choice ? *which == (int)details->id : *member != NULL)
        return *member;
    if (is_choice && *which != 0)
        return NULL;
    ProtobufCMessage *made = arena_take(arena, descriptor->sizeof_message);
    if (made != NULL) {
        descriptor->message_init(made);
        *member = made;
        if (is_choice)
            *which = (int)details->id;
    }
    return made;
}

/* Puts VALUE, which is not empty, into FIELD of ITEM or of its details. False: it has not that form. */
static bool set_field(struct arena *arena, void *item, const ProtobufCFieldDescriptor *field, struct bytes value)
{
    uint8_t *member = (uint8_t *)item + field->offset;

    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            return set_list(arena, member, (size_t *)(void *)((uint8_t *)item + field->quantifier_offset), value);
        *(char **)(void *)member = arena_text(arena, value);
        return *(char **)(void *)member != NULL;
    case PROTOBUF_C_TYPE_ENUM:
        return set_enum(field, member, value);
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)(void *)member = is_true(value);
        return true;
    case PROTOBUF_C_TYPE_UINT32:
        return set_number((uint32_t *)(void *)member, value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return set_message(arena, field, member, value);
    default:
        return false;
    }
}

/* ---- rows ---- */

static void report(struct reading *reading, size_t line, const char *field, const char *found, const char *expected_zh,
                   const char *expected_en)
{
    const struct catalogue_bad_row bad = {line, field, found, expected_zh, expected_en};

    reading->complain(reading->context, &bad);
}

static void tell(struct reading *reading, size_t line, const char *field, struct bytes found, const char *expected_zh,
                 const char *expected_en)
{
    char text[128];
    size_t length = found.length > 100 ? 100 : found.length;

    while (length < found.length && length > 0 && (found.data[length] & 0xC0) == 0x80)
        length--; /* no half of a character */
    (void)snprintf(text, sizeof text, "%.*s", (int)length, (const char *)found.data);
    report(reading, line, field, text, expected_zh, expected_en);
}

static bool set_mapped(struct reading *reading, CatalogueItem *item, const struct mapped *mapped, struct bytes value)
{
    void *message = mapped->details == NULL ? item : details_of(reading->arena, item, mapped->details);

    return message != NULL && set_field(reading->arena, message, mapped->field, value);
}

/* Fills ENTRY from ROW; false: it was complained about. */
static bool fill(struct reading *reading, const struct bytes *row, struct catalogue_entry *entry)
{
    bool good = true;

    for (size_t i = 0; i < reading->mapped_count; i++) {
        const struct mapped *mapped = &reading->mapped[i];
        struct bytes found = mapped->column < 0 ? mapped->constant : row[mapped->column];
        struct bytes value = mapped->values.length > 0 ? translate(mapped->values, found) : found;
        if (value.data == NULL) {
            tell(reading, entry->line, mapped->name, found, "对照文件列出的取值之一", "one of the mapping's values");
            good = false;
        } else if (mapped->field == NULL) {
            entry->removed = is_true(value);
        } else if (value.length > 0 && !set_mapped(reading, entry->item, mapped, value)) {
            tell(reading, entry->line, mapped->name, found, "符合该字段格式的值", "a value of that field's form");
            good = false;
        }
    }
    return good;
}

static bool set_default(struct reading *reading, char **member, const char *value)
{
    if (**member == '\0' && value != NULL)
        *member = arena_text(reading->arena, bytes_of(value));
    return *member != NULL;
}

static bool is_right(struct reading *reading, const struct catalogue_entry *entry)
{
    struct findings findings;

    arena_reset(reading->scratch);
    findings_init(&findings, reading->scratch);
    check_message(schema_of(CATALOGUE_ITEM), &entry->item->base, &findings);
    for (size_t i = 0; i < findings.count; i++)
        report(reading, entry->line, findings.items[i].path, findings.items[i].found, findings.items[i].sentence_zh,
                 findings.items[i].sentence_en);
    return findings.count == 0;
}

static bool take_row(struct reading *reading, const struct bytes *row, size_t line)
{
    const struct catalogue_defaults *defaults = reading->defaults;
    struct catalogue_entry entry = {.item = arena_take(reading->arena, sizeof *entry.item), .line = line};

    if (entry.item == NULL)
        return false;
    medhub__catalogue__v1__item__init(entry.item);
    bool good = fill(reading, row, &entry);
    if (!set_default(reading, &entry.item->region, defaults->region) ||
        !set_default(reading, &entry.item->valid_from, defaults->valid_from))
        return false;
    if (entry.item->kind == 0 && defaults->kind != NULL)
        (void)set_enum(protobuf_c_message_descriptor_get_field_by_name(CATALOGUE_ITEM, "kind"), &entry.item->kind,
                       bytes_of(defaults->kind));
    good = is_right(reading, &entry) && good;
    if (!good) {
        reading->file->bad_rows++;
        return true;
    }
    entry.key = catalogue_key(reading->arena, entry.item->kind, entry.item->code);
    if (reading->file->count == reading->capacity) {
        reading->capacity = reading->capacity == 0 ? 4096 : 2 * reading->capacity;
        struct catalogue_entry *larger = arena_take(reading->arena, reading->capacity * sizeof *larger);
        if (larger != NULL && reading->file->count > 0)
            memcpy(larger, reading->file->entries, reading->file->count * sizeof *larger);
        reading->file->entries = larger;
    }
    if (entry.key == NULL || reading->file->entries == NULL)
        return false;
    reading->file->entries[reading->file->count++] = entry;
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct catalogue_entry *left = a, *right = b;
    int order = strcmp(left->key, right->key);
    return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

/* In order; a key that is there twice is complained about and counts as bad. */
static void sort(struct reading *reading)
{
    struct catalogue_file *file = reading->file;
    size_t kept = 0;

    if (file->count > 0)
        qsort(file->entries, file->count, sizeof *file->entries, by_key);
    for (size_t i = 0; i < file->count; i++) {
        if (kept > 0 && strcmp(file->entries[kept - 1].key, file->entries[i].key) == 0) {
            char zh[96], en[64];
            (void)snprintf(zh, sizeof zh, "每个条目只出现一次；第 %zu 行已有", file->entries[kept - 1].line);
            (void)snprintf(en, sizeof en, "an item once; it is on line %zu too", file->entries[kept - 1].line);
            report(reading, file->entries[i].line, "code", file->entries[i].key, zh, en);
            file->bad_rows++;
        } else {
            file->entries[kept++] = file->entries[i];
        }
    }
    file->count = kept;
}

static enum status read_rows(struct reading *reading, struct csv *csv, const char *path, struct fault *fault)
{
    struct bytes row[CSV_FIELDS_MAX];
    int count;

    while ((count = csv_next(csv, reading->arena, row, CSV_FIELDS_MAX)) >= 0) {
        if (count != csv->header_count) {
            report(reading, csv->line, "", "", "与表头一样多的列", "as many fields as the header has");
            reading->file->bad_rows++;
        } else if (!take_row(reading, row, csv->line)) {
            return fault_fatal(fault, "memory.out", "no memory for %s", path);
        }
    }
    if (count == CSV_MALFORMED)
        return fault_reject(fault, "file.csv", "%s, line %zu: %s", path, csv->line, csv->error);
    sort(reading);
    return STATUS_OK;
}

enum status catalogue_file_read(const char *path, const char *mapping, const struct catalogue_defaults *defaults,
                                catalogue_complaint *complain, void *context, struct arena *arena,
                                struct catalogue_file *file, struct fault *fault)
{
    struct reading *reading = arena_take_zeroed(arena, sizeof *reading);
    struct bytes text;

    *file = (struct catalogue_file){.entries = NULL};
    if (reading == NULL)
        return fault_fatal(fault, "memory.out", "no memory for %s", path);
    *reading = (struct reading){.defaults = defaults,
                                .complain = complain,
                                .context = context,
                                .arena = arena,
                                .scratch = arena_new(FINDINGS_BYTES, 64 * FINDINGS_BYTES),
                                .file = file};
    enum status status = reading->scratch == NULL ? fault_fatal(fault, "memory.out", "no memory for %s", path)
                                                  : read_text(path, arena, &text, fault);
    if (status == STATUS_OK) {
        struct csv csv = csv_open(text);
        if (!csv_read_header(&csv, arena))
            status = fault_reject(fault, "file.csv", "%s has no header", path);
        else
            status = mapping == NULL ? map_by_name(reading, &csv, fault) : map_by_file(reading, &csv, mapping, fault);
        if (status == STATUS_OK)
            status = read_rows(reading, &csv, path, fault);
    }
    arena_free(reading->scratch);
    return status;
}
