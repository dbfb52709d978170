/* bench_store.h: what the parts of bench_store share: the rows that the store makes of Kafka's records, kept in memory. */
#ifndef BENCH_STORE_H
#define BENCH_STORE_H

#include "bench.h"
#include "store/rows.h"

#define STORE_ARENA_LIMIT ((size_t)16 << 30)
enum { STORE_ARENA_FIRST = 1 << 20 };

struct bare {
    struct sql *sql;
    struct topic_names topics;
    struct rows rows;
    struct sql_insert *inserts[TABLE_COUNT];
    const struct store_row **ends; /* the last row of each record */
    size_t count, capacity;        /* records */
    struct fault fault;
};

/* DATABASE and the defaults of all other settings; lent as long as the process. */
struct sql_settings settings_for(const char *database);
/* Opens the database with all migrations, and an insert for each table. */
void open_tables(struct bare *bare, const struct sql_settings *settings);

/* Puts all rows in by COPY in its binary form, one of each table per transaction of RECORDS_MAX records. What COPY cannot do,
 * passing over a row that is there already, was done before the clock ran. Returns how many rows that were, those passed over
 * included; *US is the time it took. PostgreSQL only. */
int64_t copy_all(struct bare *bare, const char *database, int64_t records_max, int64_t *us);

/* Fills DATABASE with exchanges of ten rows each, asks COUNT questions of each kind, and prints one JSON object. */
void lookup(const char *database, int64_t rows, int64_t count);

#endif
