/* bench_store_copy.c: the raw limit of PostgreSQL: COPY in its binary form, on a connection of its own. */
#include "bench_store.h"

#include "base/clock.h"
#include "base/hash.h"

#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "Binary Format" of PostgreSQL's page on COPY: signature, flags, no extension; after the last row the count -1. */
static const char signature[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* and the NUL of the literal */
enum { FLUSH_BYTES = 16 << 20, TEXT_BYTES = 1024 };
#define COPY_BYTES_MAX ((size_t)1 << 30)

/* ---- rows that are there already, found beforehand: the hashes of the keys seen ---- */

struct seen {
    uint64_t *hashes;
    size_t mask;
};

static struct seen seen_make(size_t rows)
{
    size_t places = 1024;

    while (places < 2 * rows)
        places *= 2;
    struct seen seen = {calloc(places, sizeof *seen.hashes), places - 1};
    if (seen.hashes == NULL)
        bench_fail("no memory");
    return seen;
}

static uint64_t key_hash(const struct store_row *row)
{
    const struct table *table = &tables[row->table];
    uint64_t hash = row->table + 1;

    for (size_t i = 0; i < table->key_count; i++) {
        const struct sql_value *value = &row->values[i];
        hash = hash_bytes(value->type == SQL_INTEGER ? bytes_from(&value->integer, sizeof value->integer) : value->bytes,
                          hash);
    }
    return hash == 0 ? 1 : hash;
}

/* True the first time. */
static bool seen_first(struct seen *seen, uint64_t hash)
{
    size_t at = hash & seen->mask;

    for (; seen->hashes[at] != 0; at = (at + 1) & seen->mask)
        if (seen->hashes[at] == hash)
            return false;
    seen->hashes[at] = hash;
    return true;
}

/* For each row in order whether it is new. */
static bool *find_new(const struct bare *bare, size_t *count)
{
    size_t rows = 0;

    for (const struct store_row *row = bare->rows.first; row != NULL; row = row->next)
        rows++;
    struct seen seen = seen_make(rows);
    bool *is_new = calloc(rows + 1, sizeof *is_new);
    if (is_new == NULL)
        bench_fail("no memory");
    rows = 0;
    for (const struct store_row *row = bare->rows.first; row != NULL; row = row->next) {
        if (tables[row->table].order_count > 0)
            bench_fail("COPY cannot merge rows of %s", tables[row->table].name);
        is_new[rows++] = seen_first(&seen, key_hash(row));
    }
    free(seen.hashes);
    *count = rows;
    return is_new;
}

/* ---- copying ---- */

static void run(PGconn *connection, const char *text, ExecStatusType wanted)
{
    PGresult *result = PQexec(connection, text);

    if (PQresultStatus(result) != wanted)
        bench_fail("%s: %s", text, PQerrorMessage(connection));
    PQclear(result);
}

static void append_row(struct buffer *out, const struct store_row *row)
{
    const struct table *table = &tables[row->table];
    uint16_t columns = htobe16((uint16_t)table->column_count);

    if (out->length == 0)
        buffer_append(out, signature, sizeof signature);
    buffer_append(out, &columns, sizeof columns);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct sql_value *value = &row->values[i];
        uint64_t number = htobe64((uint64_t)value->integer);
        struct bytes bytes = value->type == SQL_INTEGER ? bytes_from(&number, sizeof number) : value->bytes;
        uint32_t length = htobe32((uint32_t)bytes.length);
        buffer_append(out, &length, sizeof length);
        buffer_append(out, bytes.data, bytes.length);
    }
}

static void copy_table(PGconn *connection, enum table_id table, struct buffer *rows)
{
    static const uint16_t end = 0xffff;
    char text[TEXT_BYTES];
    int length = snprintf(text, sizeof text, "COPY %s(", tables[table].name);

    for (size_t i = 0; i < tables[table].column_count; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%s", i == 0 ? "" : ",",
                           tables[table].columns[i].name);
    (void)snprintf(text + length, sizeof text - (size_t)length, ") FROM STDIN BINARY");
    run(connection, text, PGRES_COPY_IN);
    buffer_append(rows, &end, sizeof end);
    if (!buffer_ok(rows))
        bench_fail("no memory for rows");
    for (size_t at = 0; at < rows->length; at += FLUSH_BYTES) {
        size_t part = rows->length - at < FLUSH_BYTES ? rows->length - at : FLUSH_BYTES;
        if (PQputCopyData(connection, (const char *)rows->data + at, (int)part) != 1)
            bench_fail("copying: %s", PQerrorMessage(connection));
    }
    if (PQputCopyEnd(connection, NULL) != 1)
        bench_fail("copying: %s", PQerrorMessage(connection));
    PGresult *result = PQgetResult(connection);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        bench_fail("copying: %s", PQerrorMessage(connection));
    for (; result != NULL; result = PQgetResult(connection))
        PQclear(result);
    buffer_clear(rows);
}

static PGconn *connect_to(const char *database)
{
    PGconn *connection = PQconnectdb(database);

    if (PQstatus(connection) != CONNECTION_OK)
        bench_fail("connecting: %s", PQerrorMessage(connection));
    run(connection, "SET synchronous_commit=off", PGRES_COMMAND_OK); /* as the store */
    return connection;
}

int64_t copy_all(struct bare *bare, const char *database, int64_t records_max, int64_t *us)
{
    PGconn *connection = connect_to(database);
    struct buffer waiting[TABLE_COUNT];
    const struct store_row *row = bare->rows.first;
    size_t count = 0, number = 0;
    bool *is_new = find_new(bare, &count);

    for (int i = 0; i < TABLE_COUNT; i++)
        buffer_init(&waiting[i], COPY_BYTES_MAX);
    int64_t began_us = clock_monotonic_us();
    for (size_t i = 0; i < bare->count; i++) {
        for (bool more = true; more; row = row->next, number++) {
            if (is_new[number])
                append_row(&waiting[row->table], row);
            more = row != bare->ends[i];
        }
        if ((i + 1) % (size_t)records_max != 0 && i + 1 != bare->count)
            continue;
        run(connection, "BEGIN", PGRES_COMMAND_OK);
        for (int j = 0; j < TABLE_COUNT; j++)
            if (waiting[j].length > 0)
                copy_table(connection, (enum table_id)j, &waiting[j]);
        run(connection, "COMMIT", PGRES_COMMAND_OK);
    }
    *us = clock_monotonic_us() - began_us;
    for (int i = 0; i < TABLE_COUNT; i++)
        buffer_done(&waiting[i]);
    free(is_new);
    PQfinish(connection);
    return (int64_t)count;
}
