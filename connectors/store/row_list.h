/* row_list.h: rows that are to be written, in the order in which they were made. */
#ifndef STORE_ROW_LIST_H
#define STORE_ROW_LIST_H

#include "base/arena.h"
#include "store/place.h"
#include "store/tables.h"

struct store_row {
    struct store_row *next;
    enum table_id table;
    struct sql_value values[]; /* for each column of the table */
};

/* Rows in the order in which they were made; they lie in ARENA and lend from the record. */
struct rows {
    struct arena *arena;
    struct topic_names *topics;
    struct sql *sql; /* where new topics are added */
    struct store_row *first, **last;
    bool full; /* the arena was */
};
void rows_init(struct rows *rows, struct arena *arena, struct topic_names *topics, struct sql *sql);

/* The values of a new row of TABLE, all to be set; NULL: there is no room, which the whole record then hears
 * of. */
struct sql_value *rows_add(struct rows *rows, enum table_id table);
/* TEXT, or empty if it is not UTF-8 without NUL: the databases take no other. */
struct sql_value rows_text(struct bytes text);

#endif
