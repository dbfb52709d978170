#include "ops/ctl/catalogue_rows.h"

#include "domain/view.h"
#include "event/json.h"
#include "event/pack.h"
#include "event/schema.h"

#include "medhub/event/v1/event.pb-c.h"

enum { JSON_BYTES_MAX = 4 * 1024 * 1024 };

#define COLUMNS "key,region,valid_from,valid_until,version,name,item\n"


static const char *const mark_names[CATALOGUE_MARKS] = {
    [CATALOGUE_PUT] = "put", [CATALOGUE_REMOVE] = "remove", [CATALOGUE_BEFORE] = "before", [CATALOGUE_AFTER] = "after"};

enum status catalogue_dated_json(struct catalogue_dated *row, struct arena *arena, struct fault *fault)
{
    struct buffer json;

    buffer_init(&json, JSON_BYTES_MAX);
    enum status status = json_encode_canonical(schema_of(CATALOGUE_ITEM), &row->item->base, &json, fault);
    row->json = status == STATUS_OK ? arena_bytes(arena, buffer_bytes(&json)) : BYTES_NONE;
    buffer_done(&json);
    return status == STATUS_OK && row->json.data == NULL ? fault_fatal(fault, "memory.out", "no memory for a row") : status;
}

bool catalogue_dated_count(const struct catalogue_dated *row, struct catalogue_sum *sum, struct buffer *line)
{
    const struct catalogue_sum_row counted = {row->key, row->region, row->valid_from, row->valid_until, row->json, row->version};

    return catalogue_sum_add(sum, &counted, line);
}

/* ---- csv ---- */

static void append_cell(struct buffer *out, struct bytes text)
{
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"')
            buffer_append_byte(out, '"');
        buffer_append_byte(out, text.data[i]);
    }
    buffer_append_byte(out, '"');
}

static void write_csv_digest(const struct catalogue_dated *row, struct buffer *line)
{
    char digest[CATALOGUE_SUM_TEXT_BYTES];

    buffer_append_format(line, ",,,,%llu,,%s\n", (unsigned long long)row->sum.rows, catalogue_sum_text(&row->sum, digest));
}

static void write_csv_row(const struct catalogue_dated *row, struct buffer *line)
{
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    bool goes = row->mark == CATALOGUE_REMOVE;

    append_cell(line, bytes_of(row->key));
    buffer_append_format(line, ",%s,%s,%s,%llu,", row->region, date_format(row->valid_from, from),
                         goes ? "" : date_format(row->valid_until, until), (unsigned long long)row->version);
    append_cell(line, goes ? bytes_of("") : bytes_of(row->item->name));
    buffer_append_byte(line, ',');
    append_cell(line, goes ? bytes_of("") : row->json);
    buffer_append_byte(line, '\n');
}

static void write_csv(bool changes, const struct catalogue_dated *row, struct buffer *line)
{
    if (changes)
        buffer_append_format(line, "%s,", mark_names[row->mark]);
    (row->mark == CATALOGUE_BEFORE || row->mark == CATALOGUE_AFTER ? write_csv_digest : write_csv_row)(row, line);
}

/* ---- protobuf ---- */

static void append_varint(struct buffer *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buffer_append_byte(out, (uint8_t)(value | 0x80));
    buffer_append_byte(out, (uint8_t)value);
}

static void append_message(const Medhub__Event__V1__TableRow *message, struct buffer *line)
{
    append_varint(line, protobuf_c_message_get_packed_size(&message->base));
    pack_append(&message->base, line);
}

static void write_protobuf_digest(const struct catalogue_dated *row, struct buffer *line)
{
    Medhub__Event__V1__TableRow message = MEDHUB__EVENT__V1__TABLE_ROW__INIT;

    message.table = (char *)DIGEST_TABLE;
    message.key = (char *)mark_names[row->mark];
    message.version = row->sum.rows;
    message.value = (ProtobufCBinaryData){sizeof row->sum.bytes, (uint8_t *)row->sum.bytes};
    append_message(&message, line);
}

static void write_protobuf_row(const struct catalogue_dated *row, struct buffer *line)
{
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    Medhub__Event__V1__TableRow message = MEDHUB__EVENT__V1__TABLE_ROW__INIT;
    struct buffer value;

    buffer_init(&value, JSON_BYTES_MAX);
    if (row->mark == CATALOGUE_PUT)
        pack_append(&row->item->base, &value);
    message.table = (char *)TABLE_CATALOGUE;
    message.key = (char *)row->key;
    message.region = (char *)row->region;
    message.valid_from = (char *)date_format(row->valid_from, from);
    message.valid_until = (char *)(row->mark == CATALOGUE_PUT ? date_format(row->valid_until, until) : "");
    message.version = row->version;
    message.value = (ProtobufCBinaryData){value.length, value.data};
    message.removed = row->mark == CATALOGUE_REMOVE;
    append_message(&message, line);
    if (!buffer_ok(&value))
        line->failed = true;
    buffer_done(&value);
}

/* ---- both ---- */

void catalogue_rows_head(enum catalogue_form form, bool changes, struct buffer *line)
{
    if (form == CATALOGUE_FORM_CSV)
        buffer_append_text(line, changes ? "change," COLUMNS : COLUMNS);
}

void catalogue_rows_write(enum catalogue_form form, bool changes, const struct catalogue_dated *row, struct buffer *line)
{
    if (form == CATALOGUE_FORM_CSV)
        write_csv(changes, row, line);
    else
        (row->mark == CATALOGUE_BEFORE || row->mark == CATALOGUE_AFTER ? write_protobuf_digest : write_protobuf_row)(row, line);
}
