#include "store/row_list.h"

#include "base/text.h"

#include <string.h>

void rows_init(struct rows *rows, struct arena *arena, struct topic_names *topics, struct sql *sql)
{
    *rows = (struct rows){.arena = arena, .topics = topics, .sql = sql};
    rows->last = &rows->first;
}

struct sql_value *rows_add(struct rows *rows, enum table_id table)
{
    struct store_row *row =
        arena_take(rows->arena, sizeof *row + tables[table].column_count * sizeof *row->values);

    if (row == NULL) {
        rows->full = true;
        return NULL;
    }
    row->next = NULL;
    row->table = table;
    *rows->last = row;
    rows->last = &row->next;
    return row->values;
}

struct sql_value rows_text(struct bytes text)
{
    bool is_text = bytes_is_utf8(text) && (text.length == 0 || memchr(text.data, '\0', text.length) == NULL);

    return (struct sql_value){.type = SQL_TEXT, .bytes = is_text ? text : bytes_of("")};
}
