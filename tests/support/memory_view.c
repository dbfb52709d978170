// links: medhub_domain
#include "support/memory_view.h"

#include "domain/messages.h"

#include <assert.h>
#include <stdlib.h>

enum { ROWS_MAX = 4096, KEY_BYTES = 256 };

struct state_row {
    char key[KEY_BYTES], name[KEY_BYTES];
    struct bytes value;
};

struct dated_row {
    char table[32], key[KEY_BYTES], region[8];
    date_t valid_from, valid_until;
    struct bytes value;
    uint64_t version;
};

struct memory_view {
    struct arena *arena; /* grows with every row that is put; a test is short */
    char key[KEY_BYTES];
    struct state_row states[ROWS_MAX];
    size_t state_count;
    struct dated_row tables[ROWS_MAX];
    size_t table_count;
    uint64_t version;
};

struct memory_view *memory_view_new(void)
{
    struct memory_view *memory = calloc(1, sizeof *memory);
    assert(memory != NULL);
    memory->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    assert(memory->arena != NULL);
    return memory;
}

void memory_view_free(struct memory_view *memory)
{
    if (memory == NULL)
        return;
    arena_free(memory->arena);
    free(memory);
}

static void copy_text(char *to, size_t size, const char *text)
{
    assert(strlen(text) < size);
    strcpy(to, text);
}

void memory_view_turn_to(struct memory_view *memory, const char *key)
{
    copy_text(memory->key, sizeof memory->key, key);
}

static struct bytes pack(struct memory_view *memory, const ProtobufCMessage *message)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_take(memory->arena, length + 1);
    assert(data != NULL);
    protobuf_c_message_pack(message, data);
    return bytes_from(data, length);
}

/* --- state --- */

static struct state_row *find_state(struct memory_view *memory, const char *key, const char *name)
{
    for (size_t i = 0; i < memory->state_count; i++)
        if (strcmp(memory->states[i].key, key) == 0 && strcmp(memory->states[i].name, name) == 0)
            return &memory->states[i];
    return NULL;
}

void memory_put_state(struct memory_view *memory, const char *key, const char *name,
                      const ProtobufCMessage *message)
{
    struct state_row *row = find_state(memory, key, name);
    if (row == NULL) {
        assert(memory->state_count < ROWS_MAX);
        row = &memory->states[memory->state_count++];
        copy_text(row->key, sizeof row->key, key);
        copy_text(row->name, sizeof row->name, name);
    }
    row->value = message == NULL ? BYTES_NONE : pack(memory, message);
}

static struct bytes read_state(void *self, const char *name)
{
    struct memory_view *memory = self;
    const struct state_row *row = find_state(memory, memory->key, name);
    return row == NULL ? BYTES_NONE : row->value;
}

static int by_name(const void *left, const void *right)
{
    const struct state_row *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static void scan_state(void *self, const char *prefix, const char *after,
                       bool (*each)(struct bytes name, struct bytes value, void *context), void *context)
{
    struct memory_view *memory = self;
    struct state_row **found = calloc(memory->state_count + 1, sizeof(struct state_row *));
    size_t count = 0;
    assert(found != NULL);
    for (size_t i = 0; i < memory->state_count; i++) {
        struct state_row *row = &memory->states[i];
        if (row->value.data != NULL && strcmp(row->key, memory->key) == 0 && strcmp(row->name, after) > 0 &&
            strncmp(row->name, prefix, strlen(prefix)) == 0)
            found[count++] = row;
    }
    qsort(found, count, sizeof *found, by_name);
    for (size_t i = 0; i < count && each(bytes_of(found[i]->name), found[i]->value, context); i++)
        continue;
    free(found);
}

/* --- tables --- */

static bool is_row(const struct dated_row *row, const char *table, const char *key, const char *region)
{
    return strcmp(row->table, table) == 0 && strcmp(row->key, key) == 0 && strcmp(row->region, region) == 0;
}

static bool holds_on(const struct dated_row *row, date_t date)
{
    return row->value.data != NULL && row->valid_from <= date &&
           (row->valid_until == DATE_NONE || date <= row->valid_until);
}

static void put_table(struct memory_view *memory, const char *table, const char *key, const char *region,
                      date_t valid_from, date_t valid_until, const ProtobufCMessage *message)
{
    struct dated_row *row = NULL;
    for (size_t i = 0; row == NULL && i < memory->table_count; i++)
        if (is_row(&memory->tables[i], table, key, region) && memory->tables[i].valid_from == valid_from)
            row = &memory->tables[i];
    if (row == NULL) {
        assert(memory->table_count < ROWS_MAX);
        row = &memory->tables[memory->table_count++];
        copy_text(row->table, sizeof row->table, table);
        copy_text(row->key, sizeof row->key, key);
        copy_text(row->region, sizeof row->region, region);
        row->valid_from = valid_from;
    }
    row->valid_until = valid_until;
    row->version = ++memory->version;
    row->value = message == NULL ? BYTES_NONE : pack(memory, message);
}

void memory_put_table(struct memory_view *memory, const char *table, const char *key, const char *region,
                      const char *valid_from, const char *valid_until, const ProtobufCMessage *message)
{
    put_table(memory, table, key, region, date_parse(bytes_of(valid_from)), date_parse(bytes_of(valid_until)),
              message);
}

static bool read_table(void *self, const char *table, const char *key, const char *region, date_t date,
                       struct table_row *row)
{
    const struct memory_view *memory = self;
    for (size_t i = 0; i < memory->table_count; i++) {
        const struct dated_row *found = &memory->tables[i];
        if (!is_row(found, table, key, region) || !holds_on(found, date))
            continue;
        *row = (struct table_row){found->value, found->version, found->valid_from, found->valid_until,
                                  found->region};
        return true;
    }
    return false;
}

const struct view_operations memory_view_operations = {
    .state = read_state, .scan = scan_state, .table = read_table};

static void put_parameter(struct memory_view *memory, const char *region, Parameter *parameter)
{
    char document[] = "test";
    parameter->document = document;
    memory_put_table(memory, TABLE_POLICY, parameter->name, region, "2000-01-01", "", &parameter->base);
}

void memory_put_policy_int(struct memory_view *memory, const char *name, const char *region, int64_t value)
{
    Parameter parameter = MEDHUB__POLICY__V1__PARAMETER__INIT;
    parameter.name = arena_text(memory->arena, bytes_of(name));
    parameter.kind = PARAMETER_INTEGER;
    parameter.integer = value;
    put_parameter(memory, region, &parameter);
}

void memory_put_policy_date(struct memory_view *memory, const char *name, const char *region,
                            const char *date)
{
    Parameter parameter = MEDHUB__POLICY__V1__PARAMETER__INIT;
    parameter.name = arena_text(memory->arena, bytes_of(name));
    parameter.kind = PARAMETER_DATE;
    parameter.date = arena_text(memory->arena, bytes_of(date));
    put_parameter(memory, region, &parameter);
}

/* --- after a decision --- */

void memory_apply(struct memory_view *memory, const char *key, const struct decision *decision)
{
    for (size_t i = 0; i < decision->write_count; i++)
        memory_put_state(memory, key, decision->writes[i].name, decision->writes[i].message);
    for (size_t i = 0; i < decision->table_row_count; i++) {
        const struct decided_table_row *row = &decision->table_rows[i];
        put_table(memory, row->table, row->key, row->region, row->valid_from, row->valid_until, row->message);
    }
}

size_t memory_count_rows(const struct memory_view *memory, const char *table, const char *key,
                         const char *region, date_t date)
{
    size_t count = 0;
    for (size_t i = 0; i < memory->table_count; i++)
        if (is_row(&memory->tables[i], table, key, region) && holds_on(&memory->tables[i], date))
            count++;
    return count;
}
