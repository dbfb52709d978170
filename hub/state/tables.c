#include "state/tables.h"

#include "base/hash.h"
#include "state/numbers.h"

#include "medhub/event/v1/event.pb-c.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Key of a row: TABLE NUL KEY NUL REGION NUL, then the first day, biased so that bytes order as dates do; in the history
 * the version follows. Value: version 8, last day 4, message. */
enum { DAY_BYTES = 4, VERSION_BYTES = 8, VALUE_HEAD_BYTES = VERSION_BYTES + 4, TABLES_MAX = 16, TABLE_NAME_BYTES = 32 };
enum { REGION_SLOTS = 4096, MEMO_BYTES_MAX = 16 * 1024 * 1024 };

struct tables {
    struct store *store;
    struct table_count {
        char name[TABLE_NAME_BYTES];
        atomic_uint_fast64_t applied;
        uint64_t pending; /* in the open transaction; the writer's */
    } counts[TABLES_MAX];
    atomic_size_t count;
    /* Slots of (table, region) that may have rows; an empty one has none. Look-ups go from the county outwards, and most
     * regions have no rows of their own. Set before the row's commit, never cleared. */
    atomic_bool regions[REGION_SLOTS];
};

struct tables_reader {
    const struct tables *tables;
    struct store_reader *reader;
    uint64_t rows[TABLES_MAX]; /* tables->counts before the snapshot was taken */
    struct memo *memo;
    uint64_t snapshot; /* that the memo speaks of */
};

struct table_key {
    uint8_t data[STORE_KEY_BYTES_MAX];
    size_t length;
};

static bool append_part(struct table_key *key, const char *text)
{
    size_t length = strlen(text) + 1;

    if (key->length + length > sizeof key->data)
        return false;
    memcpy(key->data + key->length, text, length);
    key->length += length;
    return true;
}

static bool make_prefix(struct table_key *key, const char *table, const char *row, const char *region)
{
    key->length = 0;
    return append_part(key, table) && append_part(key, row) && append_part(key, region) &&
           key->length + DAY_BYTES + VERSION_BYTES <= sizeof key->data;
}

static void append_day(struct table_key *key, date_t day)
{
    put_be32(key->data + key->length, (uint32_t)day ^ 0x80000000u);
    key->length += DAY_BYTES;
}

static void append_version(struct table_key *key, uint64_t version)
{
    put_be64(key->data + key->length, version);
    key->length += VERSION_BYTES;
}

static struct bytes key_bytes(const struct table_key *key)
{
    return bytes_from(key->data, key->length);
}

static size_t region_slot(const char *table, const char *region)
{
    return hash_bytes(bytes_of(region), hash_bytes(bytes_of(table), 0)) % REGION_SLOTS;
}

static bool note_region(struct bytes key, struct bytes value, void *context)
{
    struct tables *tables = context;
    const char *table = (const char *)key.data; /* three parts that end with NUL: made by make_prefix */
    const char *row = table + strlen(table) + 1;
    (void)value;

    atomic_store(&tables->regions[region_slot(table, row + strlen(row) + 1)], true);
    return true;
}

static enum status note_regions(struct tables *tables, struct fault *fault)
{
    enum status status = store_begin(tables->store, fault);

    if (status != STATUS_OK)
        return status;
    store_each(tables->store, STORE_ROWS, BYTES_NONE, note_region, tables);
    store_abort(tables->store);
    return store_check(tables->store, fault);
}

enum status tables_open(const struct store_settings *settings, struct tables **tables, bool *empty,
                        struct fault *fault)
{
    struct tables *made = calloc(1, sizeof *made);

    *tables = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the tables");
    enum status status = store_open(settings, "tables", &made->store, empty, fault);
    if (status == STATUS_OK)
        status = note_regions(made, fault);
    if (status != STATUS_OK) {
        tables_close(made);
        return status;
    }
    *tables = made;
    return STATUS_OK;
}

void tables_close(struct tables *tables)
{
    if (tables == NULL)
        return;
    store_close(tables->store);
    free(tables);
}

enum status tables_begin(struct tables *tables, struct fault *fault)
{
    for (size_t i = 0; i < TABLES_MAX; i++)
        tables->counts[i].pending = 0;
    return store_begin(tables->store, fault);
}

/* Counted after the commit: whoever sees the count sees the rows. The other way round a reader would keep the old rows
 * under the new count, for ever. */
enum status tables_commit(struct tables *tables, struct fault *fault)
{
    enum status status = store_commit(tables->store, fault);

    for (size_t i = 0; status == STATUS_OK && i < TABLES_MAX; i++)
        if (tables->counts[i].pending > 0)
            atomic_fetch_add(&tables->counts[i].applied, tables->counts[i].pending);
    return status;
}

/* Written by the follower only; readers see a name once the count includes it. */
static void count_row(struct tables *tables, const char *table)
{
    size_t count = atomic_load(&tables->count), i = 0;

    while (i < count && strncmp(tables->counts[i].name, table, TABLE_NAME_BYTES - 1) != 0)
        i++;
    if (i == TABLES_MAX)
        return;
    if (i == count) {
        (void)snprintf(tables->counts[i].name, TABLE_NAME_BYTES, "%s", table);
        atomic_store(&tables->count, count + 1);
    }
    tables->counts[i].pending++;
}

uint64_t tables_rows_applied(const struct tables *tables, const char *table)
{
    size_t count = atomic_load(&tables->count);
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        if (table == NULL || strncmp(tables->counts[i].name, table, TABLE_NAME_BYTES - 1) == 0)
            sum += atomic_load(&tables->counts[i].applied);
    return sum;
}

static bool encode_value(const Medhub__Event__V1__TableRow *row, struct buffer *value)
{
    uint8_t head[VALUE_HEAD_BYTES];
    date_t until = row->valid_until[0] == '\0' ? DATE_NONE : date_parse(bytes_of(row->valid_until));

    put_le64(head, row->version);
    put_be32(head + VERSION_BYTES, (uint32_t)until);
    buffer_append(value, head, sizeof head);
    buffer_append(value, row->value.data, row->value.len);
    return buffer_ok(value) && (until != DATE_NONE || row->valid_until[0] == '\0');
}

static bool decode_value(struct bytes value, date_t valid_from, struct tables_row *row)
{
    if (value.length < VALUE_HEAD_BYTES)
        return false;
    row->version = get_le64(value.data);
    row->valid_until = (date_t)get_be32(value.data + VERSION_BYTES);
    row->valid_from = valid_from;
    row->value = bytes_from(value.data + VALUE_HEAD_BYTES, value.length - VALUE_HEAD_BYTES);
    return true;
}

static enum status put_versions(struct tables *tables, struct table_key *key, const Medhub__Event__V1__TableRow *row,
                                struct fault *fault)
{
    struct buffer value;
    enum status status = STATUS_OK;

    buffer_init(&value, row->value.len + VALUE_HEAD_BYTES);
    if (!encode_value(row, &value))
        status = fault_reject(fault, "table.row", "a row of table %s with a malformed last day", row->table);
    if (status == STATUS_OK && row->removed)
        status = store_delete(tables->store, STORE_ROWS, key_bytes(key), fault);
    else if (status == STATUS_OK)
        status = store_put(tables->store, STORE_ROWS, key_bytes(key), buffer_bytes(&value), fault);
    append_version(key, row->version);
    if (status == STATUS_OK)
        status = store_put(tables->store, STORE_HISTORY, key_bytes(key), buffer_bytes(&value), fault);
    buffer_done(&value);
    return status;
}

static enum status apply_row(struct tables *tables, const Medhub__Event__V1__TableRow *row, struct fault *fault)
{
    struct table_key key;
    date_t from = date_parse(bytes_of(row->valid_from));

    if (from == DATE_NONE || !make_prefix(&key, row->table, row->key, row->region))
        return fault_reject(fault, "table.row", "a row of table %s with a malformed first day or a long key",
                            row->table);
    append_day(&key, from);
    atomic_store(&tables->regions[region_slot(row->table, row->region)], true);
    enum status status = put_versions(tables, &key, row, fault);
    if (status == STATUS_OK)
        count_row(tables, row->table);
    return status;
}

/* A tombstone's key says which row goes: the same parts, the first day as text. */
static enum status remove_row(struct tables *tables, struct bytes kafka_key, struct fault *fault)
{
    struct table_key key = {.length = 0};
    size_t head = kafka_key.length - (DATE_TEXT_BYTES - 1);

    if (kafka_key.length < DATE_TEXT_BYTES || head + DAY_BYTES > sizeof key.data)
        return fault_reject(fault, "table.key", "a tombstone in a table with a malformed key");
    date_t from = date_parse(bytes_from(kafka_key.data + head, DATE_TEXT_BYTES - 1));
    if (from == DATE_NONE)
        return fault_reject(fault, "table.key", "a tombstone in a table with a malformed key");
    const uint8_t *table_end = memchr(kafka_key.data, '\0', head);
    if (table_end == NULL)
        return fault_reject(fault, "table.key", "a tombstone in a table with a malformed key");
    memcpy(key.data, kafka_key.data, head);
    key.length = head;
    append_day(&key, from);
    count_row(tables, (const char *)kafka_key.data);
    return store_delete(tables->store, STORE_ROWS, key_bytes(&key), fault);
}

enum status tables_apply(struct tables *tables, struct bytes key, struct bytes value, struct fault *fault)
{
    if (value.data == NULL)
        return remove_row(tables, key, fault);

    Medhub__Event__V1__TableRow *row = medhub__event__v1__table_row__unpack(NULL, value.length, value.data);
    if (row == NULL)
        return fault_reject(fault, "table.row", "a record of a table that is no TableRow");
    enum status status = apply_row(tables, row, fault);
    medhub__event__v1__table_row__free_unpacked(row, NULL);
    return status;
}

static void offset_key(const char *topic, int32_t partition, char key[300])
{
    (void)snprintf(key, 300, "offset/%s/%d", topic, (int)partition);
}

enum status tables_set_offset(struct tables *tables, const char *topic, int32_t partition, int64_t next_offset,
                              struct fault *fault)
{
    char key[300];
    uint8_t value[8];

    offset_key(topic, partition, key);
    put_le64(value, (uint64_t)next_offset);
    return store_put(tables->store, STORE_META, bytes_of(key), bytes_from(value, sizeof value), fault);
}

int64_t tables_offset(struct tables *tables, const char *topic, int32_t partition)
{
    char key[300];

    offset_key(topic, partition, key);
    struct bytes value = store_get(tables->store, STORE_META, bytes_of(key));
    return value.length == 8 ? (int64_t)get_le64(value.data) : -1;
}

bool tables_row_key(const char *table, const char *key, const char *region, date_t valid_from, struct buffer *out)
{
    char day[DATE_TEXT_BYTES];

    struct table_key stored;

    if (!make_prefix(&stored, table, key, region) || date_format(valid_from, day)[0] == '\0')
        return false;
    buffer_append(out, table, strlen(table) + 1);
    buffer_append(out, key, strlen(key) + 1);
    buffer_append(out, region, strlen(region) + 1);
    buffer_append_text(out, day);
    return buffer_ok(out);
}

enum status tables_reader_open(struct tables *tables, struct tables_reader **reader, struct fault *fault)
{
    struct tables_reader *made = calloc(1, sizeof *made);

    *reader = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a reader of the tables");
    made->memo = memo_new(MEMO_BYTES_MAX);
    enum status status = made->memo == NULL ? fault_fatal(fault, "memory.out", "no memory for a reader of the tables")
                                            : store_reader_open(tables->store, &made->reader, fault);
    if (status != STATUS_OK) {
        memo_free(made->memo);
        free(made);
        return status;
    }
    made->tables = tables;
    *reader = made;
    return STATUS_OK;
}

void tables_reader_close(struct tables_reader *reader)
{
    if (reader == NULL)
        return;
    store_reader_close(reader->reader);
    memo_free(reader->memo);
    free(reader);
}

enum status tables_reader_renew(struct tables_reader *reader, struct fault *fault)
{
    for (size_t i = 0; i < TABLES_MAX; i++)
        reader->rows[i] = atomic_load(&reader->tables->counts[i].applied);
    enum status status = store_reader_renew(reader->reader, fault);
    if (status != STATUS_OK)
        return status;
    uint64_t snapshot = store_reader_snapshot(reader->reader);
    if (snapshot != reader->snapshot || memo_is_full(reader->memo))
        memo_clear(reader->memo);
    reader->snapshot = snapshot;
    return STATUS_OK;
}

struct memo *tables_reader_memo(struct tables_reader *reader)
{
    return reader->memo;
}

uint64_t tables_reader_rows(const struct tables_reader *reader, const char *table)
{
    size_t count = atomic_load(&reader->tables->count);

    for (size_t i = 0; i < count; i++)
        if (strncmp(reader->tables->counts[i].name, table, TABLE_NAME_BYTES - 1) == 0)
            return reader->rows[i];
    return 0;
}

enum status tables_reader_check(struct tables_reader *reader, struct fault *fault)
{
    return store_check(reader->tables->store, fault);
}

void tables_reader_release(struct tables_reader *reader)
{
    store_reader_release(reader->reader);
}

static date_t day_of(struct bytes key, size_t at)
{
    return (date_t)(get_be32(key.data + at) ^ 0x80000000u);
}

bool tables_find(struct tables_reader *reader, const char *table, const char *key, const char *region, date_t date,
                 struct tables_row *row)
{
    struct table_key wanted;
    struct bytes found, value;

    if (!atomic_load(&reader->tables->regions[region_slot(table, region)]) ||
        !make_prefix(&wanted, table, key, region))
        return false;
    size_t prefix = wanted.length;
    append_day(&wanted, date);
    if (!store_reader_seek_back(reader->reader, STORE_ROWS, key_bytes(&wanted), &found, &value) ||
        found.length != wanted.length || memcmp(found.data, wanted.data, prefix) != 0 ||
        !decode_value(value, day_of(found, prefix), row))
        return false;
    return row->valid_until == DATE_NONE || date <= row->valid_until;
}

bool tables_find_version(struct tables_reader *reader, const char *table, const char *key, const char *region,
                         date_t valid_from, uint64_t version, struct tables_row *row)
{
    struct table_key wanted;

    if (!make_prefix(&wanted, table, key, region))
        return false;
    append_day(&wanted, valid_from);
    append_version(&wanted, version);
    return decode_value(store_reader_get(reader->reader, STORE_HISTORY, key_bytes(&wanted)), valid_from, row);
}

struct each_row {
    size_t table_bytes;
    bool (*each)(const char *key, const char *region, const struct tables_row *row, void *context);
    void *context;
};

static bool tell_row(struct bytes key, struct bytes value, void *context)
{
    const struct each_row *to = context;
    struct tables_row row;
    const char *name = (const char *)key.data + to->table_bytes;
    const char *region = name + strlen(name) + 1; /* parts end with NUL, the day follows */

    if (!decode_value(value, day_of(key, key.length - DAY_BYTES), &row))
        return true;
    return to->each(name, region, &row, to->context);
}

void tables_each(struct tables_reader *reader, const char *table,
                 bool (*each)(const char *key, const char *region, const struct tables_row *row, void *context),
                 void *context)
{
    struct each_row to = {.table_bytes = strlen(table) + 1, .each = each, .context = context};

    store_reader_each(reader->reader, STORE_ROWS, bytes_from(table, to.table_bytes), tell_row, &to);
}
