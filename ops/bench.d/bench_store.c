/* bench_store: the SQL store beside bare inserts of the same rows, and look-ups in a large read model.
 *
 *     bench_store --brokers B --do apply --database D     the service itself, until it has caught up
 *     bench_store --brokers B --do bare  --database D     the same rows, made beforehand, into the same tables: prepared
 *                                                         inserts in transactions of as many records
 *     bench_store --brokers B --do copy  --database D     the same by PostgreSQL's COPY
 *     bench_store --do lookup --database D --rows 10000000 [--questions 2000]
 *
 * Prints one JSON object. Rows are those that went in, also where one was there already. */
#include "bench_store.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/reader.h"
#include "kafka/topics.h"
#include "store/migrate.h"
#include "store/store_service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIMEOUT_MS = 30000, POLL_MS = 1000, PAUSE_MS = 5 };

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};

    (void)nanosleep(&pause, NULL);
}

struct sql_settings settings_for(const char *database)
{
    static struct conf *conf; /* owns the texts as long as the process */
    struct sql_settings settings;
    const struct conf_table table = {sql_settings_rows, sql_settings_row_count, &settings};
    struct fault fault;

    bench_need(conf_load_tables(&table, 1, NULL, (struct conf_source){0}, &conf, &fault), &fault);
    settings.database = database;
    return settings;
}

static int64_t rows_written(void)
{
    int64_t sum = 0;

    for (int i = 0; i < TABLE_COUNT; i++)
        sum += metric_value(metric_get(&store_metric_rows[0], tables[i].name));
    return sum;
}

static void print_rate(int64_t rows, int64_t us, double cpu_seconds)
{
    printf("{\"rows\":%" PRId64 ",\"seconds\":%.3f,\"rows_per_s\":%.0f,\"cpu_seconds\":%.3f}\n", rows,
           (double)us / 1e6, (double)rows / ((double)us / 1e6), cpu_seconds);
}

/* ---- the service ---- */

/* From the first rows on: connecting does not count. */
static void apply(const struct kafka_client *client, const char *database)
{
    const struct sql_settings settings = settings_for(database);
    struct store_service *service = NULL;
    struct fault fault;

    bench_need(store_service_start(&settings, client, &service, &fault), &fault);
    while (rows_written() == 0)
        sleep_ms(PAUSE_MS);
    int64_t began_us = clock_monotonic_us(), before = rows_written();
    double cpu = bench_cpu_seconds();
    while (!store_service_is_ready(service)) {
        if (!store_service_is_alive(service, &fault))
            bench_fail("%s: %s", fault.code, fault.text);
        sleep_ms(PAUSE_MS);
    }
    int64_t us = clock_monotonic_us() - began_us;
    print_rate(rows_written() - before, us, bench_cpu_seconds() - cpu);
    store_service_stop(service);
}

/* ---- the same rows without Kafka and without reading them ---- */

static void keep(struct bare *bare, struct record *record)
{
    int64_t place = 0;

    if (bare->count == bare->capacity) {
        bare->capacity = bare->capacity == 0 ? 65536 : 2 * bare->capacity;
        bare->ends = realloc(bare->ends, bare->capacity * sizeof *bare->ends);
        if (bare->ends == NULL)
            bench_fail("no memory");
    }
    bench_need(place_of(&bare->topics, bare->sql, record->topic, record->partition, record->offset, &place,
                        &bare->fault),
               &bare->fault);
    struct store_row **last = bare->rows.last;
    bench_need(rows_of_record(&bare->rows, record, place, &bare->fault), &bare->fault);
    const struct store_row *end = *last;
    while (end->next != NULL)
        end = end->next;
    bare->ends[bare->count++] = end;
    record->message = NULL; /* the rows lend from it: it stays */
}

static void read_topics(struct bare *bare, const struct kafka_client *client, struct arena *arena)
{
    struct reader *reader = NULL;
    struct record record = {0};
    struct topics topics;
    int32_t open = 0;

    bench_need(topics_shipped(arena, &topics, &bare->fault), &bare->fault);
    bench_need(reader_open(client, true, &reader, &bare->fault), &bare->fault);
    for (size_t i = 0; i < topics.count; i++) {
        int32_t partitions = 0;
        if (!rows_are_made_of(topics.rows[i].name))
            continue;
        bench_need(reader_partition_count(reader, topics.rows[i].name, TIMEOUT_MS, &partitions, &bare->fault),
                   &bare->fault);
        for (int32_t j = 0; j < partitions; j++, open++)
            bench_need(reader_add(reader, topics.rows[i].name, j, 0, &bare->fault), &bare->fault);
    }
    while (open > 0) {
        enum reader_result result = reader_poll(reader, POLL_MS, &record, &bare->fault);
        if (result == READER_RECORD)
            keep(bare, &record);
        else if (result == READER_END)
            open--;
        else if (result == READER_ERROR)
            bench_fail("%s: %s", bare->fault.code, bare->fault.text);
    }
    /* The reader stays open: its records are still lent. */
}

static int64_t insert_all(struct bare *bare, int64_t records_max)
{
    const struct store_row *row = bare->rows.first;
    int64_t rows = 0;

    for (size_t i = 0; i < bare->count; i++) {
        bool begins = i % (size_t)records_max == 0,
             ends = (i + 1) % (size_t)records_max == 0 || i + 1 == bare->count;
        if (begins)
            bench_need(sql_begin(bare->sql, &bare->fault), &bare->fault);
        for (bool more = true; more; row = row->next, rows++) {
            bench_need(sql_insert_row(bare->inserts[row->table], row->values, &bare->fault), &bare->fault);
            more = row != bare->ends[i];
        }
        for (int j = 0; ends && j < TABLE_COUNT; j++)
            bench_need(sql_insert_flush(bare->inserts[j], &bare->fault), &bare->fault);
        if (ends)
            bench_need(sql_commit(bare->sql, &bare->fault), &bare->fault);
    }
    return rows;
}

void open_tables(struct bare *bare, const struct sql_settings *settings)
{
    bench_need(sql_open(settings, SQL_WRITE, &bare->sql, &bare->fault), &bare->fault);
    bench_need(migrate_up_to(bare->sql, migrate_newest(), &bare->fault), &bare->fault);
    for (int i = 0; i < TABLE_COUNT; i++)
        bench_need(sql_insert_open(bare->sql, tables[i].name, tables[i].columns, tables[i].column_count,
                                   table_merge(&tables[i]), &bare->inserts[i],
                                   &bare->fault),
                   &bare->fault);
}

static void make_rows(struct bare *bare, const struct kafka_client *client, const struct sql_settings *settings)
{
    struct arena *arena = arena_new(STORE_ARENA_FIRST, STORE_ARENA_LIMIT);

    open_tables(bare, settings);
    rows_init(&bare->rows, arena, &bare->topics, bare->sql);
    read_topics(bare, client, arena);
}

static void bare(const struct kafka_client *client, const char *database)
{
    const struct sql_settings settings = settings_for(database);
    struct bare bare = {0};

    make_rows(&bare, client, &settings);
    int64_t began_us = clock_monotonic_us();
    double cpu = bench_cpu_seconds();
    int64_t rows = insert_all(&bare, settings.batch_rows_max);
    print_rate(rows, clock_monotonic_us() - began_us, bench_cpu_seconds() - cpu);
    exit(0); /* what the rows lend from goes with the process */
}

static void copy(const struct kafka_client *client, const char *database)
{
    const struct sql_settings settings = settings_for(database);
    struct bare bare = {0};
    int64_t us = 0;

    make_rows(&bare, client, &settings);
    double cpu = bench_cpu_seconds();
    int64_t rows = copy_all(&bare, database, settings.batch_rows_max, &us);
    print_rate(rows, us, bench_cpu_seconds() - cpu);
    exit(0);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    const char *what = bench_option(options, "do", "apply"),
               *database = bench_option(options, "database", "bench.sqlite");
    struct kafka_client client;

    log_set_level(LOG_LEVEL_WARN);
    kafka_client_init(&client, bench_option(options, "brokers", "127.0.0.1:9092"));
    if (strcmp(what, "apply") == 0)
        apply(&client, database);
    else if (strcmp(what, "bare") == 0)
        bare(&client, database);
    else if (strcmp(what, "copy") == 0)
        copy(&client, database);
    else
        lookup(database, bench_number(options, "rows", 10000000), bench_number(options, "questions", 2000));
    kafka_client_done(&client);
    return 0;
}
