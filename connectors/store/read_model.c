#include "store/read_model_inside.h"

#include "store/migrate.h"

#include <stdlib.h>
#include <string.h>

enum status read_model_open(const struct sql_settings *settings, struct read_model **model,
                            struct fault *fault)
{
    struct read_model *made = calloc(1, sizeof *made);

    *model = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the read model");
    enum status status = sql_open(settings, SQL_READ, &made->sql, fault);
    if (status == STATUS_OK)
        status = migrate_check(made->sql, fault);
    if (status == STATUS_OK)
        status = topic_names_load(&made->topics, made->sql, fault);
    if (status == STATUS_OK)
        *model = made;
    else
        read_model_close(made);
    return status;
}

void read_model_close(struct read_model *model)
{
    if (model == NULL)
        return;
    sql_close(model->sql);
    topic_names_done(&model->topics);
    free(model);
}

/* ---- places ---- */

enum status read_topic_number(struct read_model *model, const char *name, int *number, struct fault *fault)
{
    *number = topic_names_find(&model->topics, name);
    if (*number != 0)
        return STATUS_OK;
    enum status status = topic_names_load(&model->topics, model->sql, fault);
    *number = topic_names_find(&model->topics, name);
    return status;
}

enum status read_topic_name(struct read_model *model, int64_t place, const char **name, struct fault *fault)
{
    enum status status = STATUS_OK;

    *name = topic_names_get(&model->topics, place_topic(place));
    if (**name == '\0')
        status = topic_names_load(&model->topics, model->sql, fault);
    *name = topic_names_get(&model->topics, place_topic(place));
    return status;
}

enum status read_place_make(struct read_model *model, const struct input_place *at, int64_t *place,
                            bool *found, struct fault *fault)
{
    int number = 0;

    enum status status = read_topic_number(model, at->topic, &number, fault);
    *found = status == STATUS_OK && number != 0 && at->partition >= 0 &&
             at->partition < PLACE_PARTITIONS_MAX && at->offset >= 0 && at->offset <= PLACE_OFFSET_MAX;
    *place = *found ? place_make(number, at->partition, at->offset) : 0;
    return status;
}

enum status read_place_take(struct read_model *model, int64_t place, struct input_place *at,
                            struct fault *fault)
{
    at->partition = place_partition(place);
    at->offset = place_offset(place);
    return read_topic_name(model, place, &at->topic, fault);
}

const char *read_text(const struct sql_cursor *cursor, int column, struct arena *arena)
{
    return arena_text(arena, sql_column_bytes(cursor, column));
}

struct bytes read_bytes(const struct sql_cursor *cursor, int column, struct arena *arena)
{
    return arena_bytes(arena, sql_column_bytes(cursor, column));
}

enum status read_arena_full(struct fault *fault)
{
    return fault_reject(fault, "store.too_much", "the answer is larger than it may be: ask for less");
}

/* ---- how far it is ---- */

enum status read_model_version(struct read_model *model, uint64_t *version, struct fault *fault)
{
    return sql_version(model->sql, version, fault);
}

static enum status read_position(struct read_model *model, const struct sql_cursor *cursor,
                                 struct arena *arena, struct read_position *position, struct fault *fault)
{
    (void)model;
    *position = (struct read_position){
        .topic = read_text(cursor, 0, arena),
        .partition = (int32_t)sql_column_integer(cursor, 1),
        .next_offset = sql_column_integer(cursor, 3),
        .last_record_ms = sql_column_integer(cursor, 4),
        .caught_up_ms = sql_column_integer(cursor, 5),
        .lost = sql_column_integer(cursor, 6),
    };
    return position->topic == NULL ? read_arena_full(fault) : STATUS_OK;
}

static enum status read_positions(struct read_model *model, struct arena *arena, int64_t room,
                                  struct read_position *positions, size_t *count, struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = true;

    const struct sql_value limit = sql_integer(room);
    enum status status =
        sql_start(model->sql,
                  "SELECT topic, partition, first_offset, next_offset, last_record_ms, caught_up_ms, lost "
                  "FROM position ORDER BY topic, partition LIMIT $1",
                  &limit, 1, &cursor, fault);
    while (status == STATUS_OK && row) {
        status = sql_next(&cursor, &row, fault);
        if (status == STATUS_OK && row)
            status = read_position(model, &cursor, arena, &positions[(*count)++], fault);
    }
    sql_end(&cursor);
    return status;
}

static enum status read_number(struct read_model *model, const char *text, int64_t *number,
                               struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = false;

    enum status status = sql_start(model->sql, text, NULL, 0, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, &row, fault);
    *number = status == STATUS_OK && row ? sql_column_integer(&cursor, 0) : 0;
    sql_end(&cursor);
    return status;
}

enum status read_model_positions(struct read_model *model, struct arena *arena,
                                 struct read_position **positions, size_t *count, struct fault *fault)
{
    int64_t rows = 0;

    *count = 0;
    *positions = NULL;
    enum status status = sql_begin(model->sql, fault);
    if (status == STATUS_OK)
        status = read_number(model, "SELECT count(*) FROM position", &rows, fault);
    if (status == STATUS_OK) {
        *positions = arena_take(arena, ((size_t)rows + 1) * sizeof **positions);
        status = *positions == NULL ? read_arena_full(fault)
                                    : read_positions(model, arena, rows, *positions, count, fault);
    }
    sql_rollback(model->sql);
    return status;
}

/* ---- one submission ---- */

#define RECEIPT_COLUMNS                                                                                      \
    "SELECT input, source, id, type, outcome, submitted_ms, decided_ms, value FROM receipt "

static enum status take_receipt(struct read_model *model, const struct sql_cursor *cursor,
                                struct arena *arena, struct seen_receipt *receipt, struct fault *fault)
{
    *receipt = (struct seen_receipt){
        .source = read_text(cursor, 1, arena),
        .id = read_text(cursor, 2, arena),
        .type = read_text(cursor, 3, arena),
        .outcome = (int)sql_column_integer(cursor, 4),
        .submitted_at_ms = sql_column_integer(cursor, 5),
        .decided_at_ms = sql_column_integer(cursor, 6),
        .value = read_bytes(cursor, 7, arena),
    };
    if (receipt->source == NULL || receipt->id == NULL || receipt->type == NULL ||
        receipt->value.data == NULL)
        return read_arena_full(fault);
    return read_place_take(model, sql_column_integer(cursor, 0), &receipt->input, fault);
}

static enum status find_receipt(struct read_model *model, const char *text, const struct sql_value *values,
                                size_t count, struct arena *arena, struct seen_receipt *receipt, bool *found,
                                struct fault *fault)
{
    struct sql_cursor cursor;

    *found = false;
    enum status status = sql_start(model->sql, text, values, count, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, found, fault);
    if (status == STATUS_OK && *found)
        status = take_receipt(model, &cursor, arena, receipt, fault);
    sql_end(&cursor);
    return status;
}

/* Receipts of one source lie in one partition: the lowest place is the first answer. */
enum status read_model_receipt(struct read_model *model, const char *source, const char *id,
                               struct arena *arena, struct seen_receipt *receipt, bool *found,
                               struct fault *fault)
{
    const struct sql_value values[] = {sql_text(id), sql_text(source)};

    return find_receipt(model, RECEIPT_COLUMNS "WHERE id = $1 AND source = $2 ORDER BY place LIMIT 1", values,
                        2, arena, receipt, found, fault);
}

enum status read_model_receipt_at(struct read_model *model, const struct input_place *at, struct arena *arena,
                                  struct seen_receipt *receipt, bool *found, struct fault *fault)
{
    int64_t place = 0;

    enum status status = read_place_make(model, at, &place, found, fault);
    if (status != STATUS_OK || !*found)
        return status;
    const struct sql_value value = sql_integer(place);
    return find_receipt(model, RECEIPT_COLUMNS "WHERE input = $1 ORDER BY place LIMIT 1", &value, 1, arena,
                        receipt, found, fault);
}

enum status read_model_input_of(struct read_model *model, const struct input_place *record,
                                struct input_place *input, bool *found, struct fault *fault)
{
    struct sql_cursor cursor;
    int64_t place = 0;

    enum status status = read_place_make(model, record, &place, found, fault);
    if (status != STATUS_OK || !*found)
        return status;
    const struct sql_value value = sql_integer(place);
    status = sql_start(
        model->sql,
        "SELECT input FROM fact WHERE place = $1 UNION ALL SELECT input FROM receipt WHERE place = $1 "
        "UNION ALL SELECT input FROM delivery WHERE place = $1 UNION ALL SELECT input FROM parked "
        "WHERE place = $1 UNION ALL SELECT input FROM answer WHERE place = $1",
        &value, 1, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, found, fault);
    int64_t at = status == STATUS_OK && *found ? sql_column_integer(&cursor, 0) : 0;
    sql_end(&cursor);
    return status == STATUS_OK && *found ? read_place_take(model, at, input, fault) : status;
}
