/* sql_postgres_insert.h: many rows for PostgreSQL: one array per column, in its binary form, and one statement for all of them.
 * What struct sql_driver says of inserts; internal to sql_postgres.c. */
#ifndef STORE_SQL_POSTGRES_INSERT_H
#define STORE_SQL_POSTGRES_INSERT_H

#include "store/sql_driver.h"

enum status postgres_insert_open(struct sql *sql, const char *table, const struct sql_column *columns, size_t count,
                                 struct sql_merge merge, struct sql_insert **insert, struct fault *fault) MUST_CHECK;
void postgres_insert_close(struct sql_insert *insert);
enum status postgres_insert_row(struct sql_insert *insert, const struct sql_value *values, struct fault *fault) MUST_CHECK;
enum status postgres_insert_flush(struct sql_insert *insert, struct fault *fault) MUST_CHECK;
void postgres_insert_clear(struct sql_insert *insert);

#endif
