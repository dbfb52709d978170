/* Where the read model stands in each partition: in memory, and in the table position of the same transaction
 * as the rows. */
#include "store/writer_inside.h"

#include <stdlib.h>
#include <string.h>

static struct position *find(const struct writer *writer, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < writer->position_count; i++)
        if (writer->positions[i]->partition == partition && strcmp(writer->positions[i]->topic, topic) == 0)
            return writer->positions[i];
    return NULL;
}

struct position *writer_position(struct writer *writer, const char *topic, int32_t partition)
{
    struct position *position = find(writer, topic, partition);

    if (position != NULL || writer->position_count == POSITIONS_MAX)
        return position;
    position = calloc(1, sizeof *position);
    if (position == NULL)
        return NULL;
    position->topic = strdup(topic);
    position->partition = partition;
    if (position->topic == NULL) {
        free(position);
        return NULL;
    }
    writer->positions[writer->position_count++] = position;
    return position;
}

struct position *const *writer_positions(const struct writer *writer, size_t *count)
{
    *count = writer->position_count;
    return writer->positions;
}

static enum status load_position(struct writer *writer, const struct sql_cursor *cursor, struct fault *fault)
{
    char *topic = arena_text(writer->arena, sql_column_bytes(cursor, 0));
    struct position *position =
        topic == NULL ? NULL : writer_position(writer, topic, (int32_t)sql_column_integer(cursor, 1));

    if (position == NULL)
        return fault_fatal(fault, "memory.out", "no memory for positions");
    position->first_offset = sql_column_integer(cursor, 2);
    position->next_offset = position->stored_next = sql_column_integer(cursor, 3);
    position->last_record_ms = sql_column_integer(cursor, 4);
    position->caught_up_ms = sql_column_integer(cursor, 5);
    position->lost = sql_column_integer(cursor, 6);
    position->stored = true;
    return STATUS_OK;
}

enum status writer_load_positions(struct writer *writer, struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = true;

    enum status status =
        sql_start(writer->sql,
                  "SELECT topic, partition, first_offset, next_offset, last_record_ms, caught_up_ms, lost "
                  "FROM position",
                  NULL, 0, &cursor, fault);
    while (status == STATUS_OK && row) {
        status = sql_next(&cursor, &row, fault);
        if (status == STATUS_OK && row)
            status = load_position(writer, &cursor, fault);
    }
    sql_end(&cursor);
    arena_reset(writer->arena);
    return status;
}

/* The offset as it was read is part of the condition: if it is another one by now, another writer is at work
 * and this transaction must not be committed. */
static enum status store_position(struct writer *writer, struct position *position, struct fault *fault)
{
    const struct sql_value values[] = {
        sql_text(position->topic),
        sql_integer(position->partition),
        sql_integer(position->first_offset),
        sql_integer(position->next_offset),
        sql_integer(position->last_record_ms),
        sql_integer(position->caught_up_ms),
        sql_integer(position->lost),
        sql_integer(position->stored_next),
    };
    int64_t changed = 0;

    enum status status = position->stored
                             ? sql_run(writer->sql,
                                       "UPDATE position SET first_offset = $3, next_offset = $4, "
                                       "last_record_ms = $5, caught_up_ms = $6, "
                                       "lost = $7 WHERE topic = $1 AND partition = $2 AND next_offset = $8",
                                       values, 8, &changed, fault)
                             : sql_run(writer->sql,
                                       "INSERT INTO position(topic, partition, first_offset, next_offset, "
                                       "last_record_ms, caught_up_ms, lost) "
                                       "VALUES($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                                       values, 7, &changed, fault);
    if (status == STATUS_OK && changed != 1)
        return fault_fatal(fault, "store.fenced", "another writer has moved %s partition %d", position->topic,
                           (int)position->partition);
    return status;
}

/* Once in a while all partitions are complete up to the same moment: one statement says it, not one for each.
 */
static enum status store_moment_for_all(struct writer *writer, bool *done, struct fault *fault)
{
    const struct position *const *positions = (const struct position *const *)writer->positions;

    *done = false;
    for (size_t i = 0; i < writer->position_count; i++)
        if (!positions[i]->stored || positions[i]->caught_up_ms != positions[0]->caught_up_ms)
            return STATUS_OK;
    *done = true;
    const struct sql_value value = sql_integer(positions[0]->caught_up_ms);
    return sql_run(writer->sql, "UPDATE position SET caught_up_ms = $1", &value, 1, NULL, fault);
}

enum status writer_store_positions(struct writer *writer, struct fault *fault)
{
    enum status status = STATUS_OK;
    bool any_moment = false, done = false;

    for (size_t i = 0; i < writer->position_count; i++)
        any_moment = any_moment || writer->positions[i]->caught_up;
    if (any_moment)
        status = store_moment_for_all(writer, &done, fault);
    for (size_t i = 0; i < writer->position_count && status == STATUS_OK; i++)
        if (writer->positions[i]->moved || (writer->positions[i]->caught_up && !done))
            status = store_position(writer, writer->positions[i], fault);
    return status;
}

void writer_positions_stored(struct writer *writer)
{
    for (size_t i = 0; i < writer->position_count; i++) {
        struct position *position = writer->positions[i];
        if (!position->moved && !position->caught_up)
            continue;
        position->stored = true;
        position->stored_next = position->next_offset;
        position->moved = position->caught_up = false;
    }
}

void writer_note_change(struct writer *writer, struct position *position)
{
    position->moved = true;
    writer->news = true;
}
