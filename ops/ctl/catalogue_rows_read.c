/* Reading what catalogue_rows.c writes. What is in a file is believed only so far as digests agree, and that is its reader's to see. */
#include "ops/ctl/catalogue_rows.h"

#include "base/csv.h"
#include "base/text.h"
#include "domain/region.h"
#include "domain/view.h"
#include "event/json.h"
#include "event/schema.h"
#include "event/unpack.h"
#include "gateway/unpacker.h"

#include "medhub/event/v1/event.pb-c.h"

#define FAULT "catalogue.file"

enum { FILE_BYTES_MAX = INT32_MAX, REGION_DIGITS = 6, VARINT_BYTES_MAX = 5 };

struct reading {
    struct arena *arena, *lines; /* of the rows; of cells of CSV with quotes */
    bool forget, changes, ended; /* ended: EACH wants no more */
    catalogue_rows_each *each;
    void *context;
    size_t number; /* of the row in hand, from 1 */
    bool before, after;
    struct fault *fault;
};

static enum status is_no_row(struct reading *reading, const char *what)
{
    return fault_reject(reading->fault, FAULT, "row %zu: %s", reading->number, what);
}

/* ---- what both forms share ---- */

static enum status check(struct reading *reading, const struct catalogue_dated *row)
{
    if (row->key == NULL || strchr(row->key, '/') == NULL || !bytes_is_utf8(bytes_of(row->key)))
        return is_no_row(reading, "no key of KIND/CODE");
    if (row->region == NULL || strlen(row->region) != REGION_DIGITS || strspn(row->region, "0123456789") != REGION_DIGITS)
        return is_no_row(reading, "no region of six digits");
    if (row->version > INT64_MAX)
        return is_no_row(reading, "no version");
    return row->valid_from == DATE_NONE ? is_no_row(reading, "no first day") : STATUS_OK;
}

static enum status give(struct reading *reading, struct catalogue_dated *row)
{
    enum status status = STATUS_OK;

    if (row->mark == CATALOGUE_PUT || row->mark == CATALOGUE_REMOVE)
        status = check(reading, row);
    if (status == STATUS_OK && (reading->after || (reading->changes && !reading->before && row->mark != CATALOGUE_BEFORE)))
        status = is_no_row(reading, "changes begin with the digest before and end with the digest after");
    if (status == STATUS_OK && row->mark == CATALOGUE_PUT)
        status = catalogue_dated_json(row, reading->arena, reading->fault);
    if (status != STATUS_OK)
        return status;
    reading->before |= row->mark == CATALOGUE_BEFORE;
    reading->after = row->mark == CATALOGUE_AFTER;
    reading->ended = !reading->each(reading->context, row);
    if (reading->forget)
        arena_reset(reading->arena);
    return STATUS_OK;
}

static enum status finish(struct reading *reading)
{
    if (!reading->ended && reading->changes && !reading->after)
        return is_no_row(reading, "the digest after is missing: the file is not whole");
    return STATUS_OK;
}

/* ---- csv ---- */

enum column { COLUMN_KEY, COLUMN_REGION, COLUMN_FROM, COLUMN_UNTIL, COLUMN_VERSION, COLUMN_ITEM, COLUMN_CHANGE, COLUMNS };
static const char *const column_names[COLUMNS] = {
    [COLUMN_KEY] = "key",         [COLUMN_REGION] = "region",   [COLUMN_FROM] = "valid_from", [COLUMN_UNTIL] = "valid_until",
    [COLUMN_VERSION] = "version", [COLUMN_ITEM] = "item",       [COLUMN_CHANGE] = "change"};

static bool read_mark(struct bytes text, enum catalogue_mark *mark)
{
    static const char *const names[CATALOGUE_MARKS] = {"put", "remove", "before", "after"};

    for (int i = 0; i < CATALOGUE_MARKS; i++)
        if (bytes_equal_text(text, names[i])) {
            *mark = (enum catalogue_mark)i;
            return true;
        }
    return false;
}

static bool hex_digit(uint8_t letter, unsigned *digit)
{
    bool is_number = letter >= '0' && letter <= '9';

    *digit = (unsigned)(is_number ? letter - '0' : letter - 'a' + 10);
    return is_number || (letter >= 'a' && letter <= 'f');
}

static bool read_hex(struct bytes text, struct catalogue_sum *sum)
{
    for (size_t i = 0; i < sizeof sum->bytes; i++) {
        unsigned high, low;
        if (text.length != 2 * sizeof sum->bytes || !hex_digit(text.data[2 * i], &high) || !hex_digit(text.data[2 * i + 1], &low))
            return false;
        sum->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum status take_csv_put(struct reading *reading, const struct bytes cells[COLUMNS], struct catalogue_dated *row)
{
    ProtobufCMessage *item = NULL;

    row->valid_until = date_parse(cells[COLUMN_UNTIL]);
    if (row->valid_until == DATE_NONE && cells[COLUMN_UNTIL].length > 0)
        return is_no_row(reading, "no last day");
    enum status status = json_decode(schema_of(CATALOGUE_ITEM), cells[COLUMN_ITEM], reading->arena, &item, reading->fault);
    row->item = (const CatalogueItem *)item;
    return status;
}

static enum status take_cells(struct reading *reading, const struct bytes cells[COLUMNS])
{
    struct catalogue_dated row = {.mark = CATALOGUE_PUT};
    int64_t number = 0;
    enum status status = STATUS_OK;

    if (reading->changes && !read_mark(cells[COLUMN_CHANGE], &row.mark))
        return is_no_row(reading, "change is none of put, remove, before, after");
    if (!text_parse_i64(cells[COLUMN_VERSION], &number) || number < 0)
        return is_no_row(reading, "no version");
    row.version = row.sum.rows = (uint64_t)number;
    if (row.mark == CATALOGUE_BEFORE || row.mark == CATALOGUE_AFTER)
        return read_hex(cells[COLUMN_ITEM], &row.sum) ? give(reading, &row) : is_no_row(reading, "no digest");
    row.key = arena_text(reading->arena, cells[COLUMN_KEY]);
    row.region = arena_text(reading->arena, cells[COLUMN_REGION]);
    row.valid_from = date_parse(cells[COLUMN_FROM]);
    if (row.mark == CATALOGUE_PUT)
        status = take_csv_put(reading, cells, &row);
    return status == STATUS_OK ? give(reading, &row) : status;
}

static enum status read_csv(struct reading *reading, struct bytes text, struct arena *header)
{
    struct csv csv = csv_open(text);
    struct bytes fields[CSV_FIELDS_MAX], cells[COLUMNS];
    int columns[COLUMNS], count = 0;
    enum status status = STATUS_OK;

    if (!csv_read_header(&csv, header))
        return is_no_row(reading, "no header");
    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = csv_column(&csv, column_names[i]);
        if (columns[i] < 0 && i != COLUMN_CHANGE)
            return is_no_row(reading, "the header is not that of a catalogue");
    }
    reading->changes = columns[COLUMN_CHANGE] >= 0;
    while (status == STATUS_OK && !reading->ended && (count = csv_next(&csv, reading->lines, fields, CSV_FIELDS_MAX)) >= 0) {
        reading->number++;
        for (int i = 0; i < COLUMNS; i++)
            cells[i] = columns[i] >= 0 && columns[i] < count ? fields[columns[i]] : bytes_of("");
        status = take_cells(reading, cells);
        arena_reset(reading->lines);
    }
    return status == STATUS_OK && count == CSV_MALFORMED ? is_no_row(reading, csv.error) : status;
}

/* ---- protobuf ---- */

static bool take_length(struct bytes *text, size_t *length)
{
    *length = 0;
    for (size_t i = 0; i < VARINT_BYTES_MAX && i < text->length; i++) {
        *length |= (size_t)(text->data[i] & 0x7f) << (7 * i);
        if ((text->data[i] & 0x80) == 0) {
            *text = bytes_from(text->data + i + 1, text->length - i - 1);
            return *length <= text->length;
        }
    }
    return false;
}

static enum status take_digest(struct reading *reading, const Medhub__Event__V1__TableRow *message)
{
    struct catalogue_dated row = {.mark = strcmp(message->key, "before") == 0 ? CATALOGUE_BEFORE : CATALOGUE_AFTER,
                                  .sum.rows = message->version};

    if (message->value.len != sizeof row.sum.bytes || (row.mark == CATALOGUE_AFTER && strcmp(message->key, "after") != 0))
        return is_no_row(reading, "no digest");
    if (message->version > INT64_MAX || (reading->number > 1 && !reading->changes))
        return is_no_row(reading, "a digest that does not belong here");
    memcpy(row.sum.bytes, message->value.data, sizeof row.sum.bytes);
    reading->changes = true;
    return give(reading, &row);
}

static enum status take_message(struct reading *reading, const Medhub__Event__V1__TableRow *message)
{
    struct catalogue_dated row = {.mark = message->removed ? CATALOGUE_REMOVE : CATALOGUE_PUT,
                                  .key = message->key,
                                  .region = message->region,
                                  .valid_from = date_parse(bytes_of(message->valid_from)),
                                  .valid_until = date_parse(bytes_of(message->valid_until)),
                                  .version = message->version};
    ProtobufCMessage *item = NULL;

    if (strcmp(message->table, DIGEST_TABLE) == 0)
        return take_digest(reading, message);
    if (strcmp(message->table, TABLE_CATALOGUE) != 0)
        return is_no_row(reading, "of another table");
    if (row.valid_until == DATE_NONE && message->valid_until[0] != '\0')
        return is_no_row(reading, "no last day");
    if (row.mark == CATALOGUE_REMOVE)
        return reading->changes ? give(reading, &row) : is_no_row(reading, "only changes have rows that go");
    enum status status = unpack_message(schema_of(CATALOGUE_ITEM), bytes_from(message->value.data, message->value.len),
                                        reading->arena, &item, reading->fault);
    row.item = (const CatalogueItem *)item;
    return status == STATUS_OK ? give(reading, &row) : status;
}

static enum status read_protobuf(struct reading *reading, struct bytes text)
{
    const struct message_facts *facts = schema_of(&medhub__event__v1__table_row__descriptor);
    enum status status = STATUS_OK;
    ProtobufCMessage *message = NULL;
    size_t length;

    while (status == STATUS_OK && !reading->ended && text.length > 0) {
        reading->number++;
        if (!take_length(&text, &length))
            return is_no_row(reading, "broken off");
        status = unpack_message(facts, bytes_from(text.data, length), reading->arena, &message, reading->fault);
        if (status == STATUS_OK)
            status = take_message(reading, (const Medhub__Event__V1__TableRow *)message);
        text = bytes_from(text.data + length, text.length - length);
    }
    return status;
}

/* ---- a file ---- */

static bool is_csv(struct bytes text)
{
    return bytes_start_with(text, bytes_of("key,")) || bytes_start_with(text, bytes_of("change,"));
}

enum status catalogue_rows_read(struct bytes text, struct arena *arena, bool forget, bool *changes, catalogue_rows_each *each,
                                void *context, struct fault *fault)
{
    struct reading reading = {.arena = arena, .forget = forget, .each = each, .context = context, .fault = fault};
    struct arena *header = arena_new(1024, 64 * 1024);

    reading.lines = arena_new(64 * 1024, 64 * 1024 * 1024);
    enum status status = header == NULL || reading.lines == NULL ? fault_fatal(fault, "memory.out", "no memory to read a file")
                         : is_csv(text)                          ? read_csv(&reading, text, header)
                                                                 : read_protobuf(&reading, text);
    if (status == STATUS_OK)
        status = finish(&reading);
    *changes = reading.changes;
    arena_free(reading.lines);
    arena_free(header);
    return status;
}

enum status catalogue_rows_read_file(const char *path, struct arena *arena, bool forget, bool *changes, catalogue_rows_each *each,
                                     void *context, struct fault *fault)
{
    struct buffer text;

    buffer_init(&text, FILE_BYTES_MAX);
    enum status status = unpack_file(path, &text, fault);
    if (status == STATUS_OK)
        status = catalogue_rows_read(buffer_bytes(&text), arena, forget, changes, each, context, fault);
    buffer_done(&text);
    return status;
}
