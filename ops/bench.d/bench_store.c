/* bench_store: the SQL store beside bare inserts of the same rows, and look-ups in a large read model.
 *
 *     bench_store --brokers B --do apply  --database D        the service itself, until it has caught up
 *     bench_store --brokers B --do bare   --database D        the same rows, made beforehand, into the same
 * tables: prepared inserts in transactions of as many records bench_store --do lookup --database D --rows
 * 10000000 [--questions 2000]
 *
 * Prints one JSON object. Rows are those that went in, also where one was there already. */
#include "bench.h"

#include "base/clock.h"
#include "base/log.h"
#include "event/pack.h"
#include "kafka/reader.h"
#include "kafka/topics.h"
#include "store/migrate.h"
#include "store/read_model.h"
#include "store/rows.h"
#include "store/store_service.h"

#include "medhub/event/v1/event.pb-c.h"
#include "medhub/policy/v1/policy.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIMEOUT_MS = 30000, POLL_MS = 1000, PAUSE_MS = 5, ARENA_FIRST = 1 << 20 };
#define ARENA_LIMIT ((size_t)16 << 30)

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};

    (void)nanosleep(&pause, NULL);
}

static struct sql_settings settings_for(const char *database)
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

struct bare {
    struct sql *sql;
    struct topic_names topics;
    struct rows rows;
    struct sql_insert *inserts[TABLE_COUNT];
    const struct store_row **ends; /* the last row of each record */
    size_t count, capacity;
    struct fault fault;
};

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

static void open_tables(struct bare *bare, const struct sql_settings *settings)
{
    bench_need(sql_open(settings, SQL_WRITE, &bare->sql, &bare->fault), &bare->fault);
    bench_need(migrate_up_to(bare->sql, migrate_newest(), &bare->fault), &bare->fault);
    for (int i = 0; i < TABLE_COUNT; i++)
        bench_need(sql_insert_open(bare->sql, tables[i].name, tables[i].columns, tables[i].column_count,
                                   table_merge(&tables[i]), &bare->inserts[i],
                                   &bare->fault),
                   &bare->fault);
}

static void bare(const struct kafka_client *client, const char *database)
{
    const struct sql_settings settings = settings_for(database);
    struct arena *arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
    struct bare bare = {0};

    open_tables(&bare, &settings);
    rows_init(&bare.rows, arena, &bare.topics, bare.sql);
    read_topics(&bare, client, arena);
    int64_t began_us = clock_monotonic_us();
    double cpu = bench_cpu_seconds();
    int64_t rows = insert_all(&bare, settings.batch_rows_max);
    print_rate(rows, clock_monotonic_us() - began_us, bench_cpu_seconds() - cpu);
    exit(0); /* what the rows lend from goes with the process */
}

/* ---- look-ups ---- */

enum {
    ROWS_EACH = 10, /* of an exchange: fact, receipt, delivery, recipient, six business keys */
    PERSON_EVENTS = 10,
    DRUGS = 3000,
    HOSPITALS = 500,
    PHARMACIES = 200,
    TEXT_BYTES = 64,
    COMMIT_EVERY = 100000,
};

struct large {
    struct bare tables;
    int64_t events;
    int inbox, fact, receipt, delivery; /* numbers of topics */
    struct bytes scan, value, delivered[PHARMACIES];
    char recipients[PHARMACIES][TEXT_BYTES];
    int64_t written;
};

static void write_row(struct large *large, enum table_id table, const struct sql_value *values)
{
    struct fault *fault = &large->tables.fault;

    bench_need(sql_insert_row(large->tables.inserts[table], values, fault), fault);
    if (++large->written % COMMIT_EVERY != 0)
        return;
    for (int i = 0; i < TABLE_COUNT; i++)
        bench_need(sql_insert_flush(large->tables.inserts[i], fault), fault);
    bench_need(sql_commit(large->tables.sql, fault), fault);
    bench_need(sql_begin(large->tables.sql, fault), fault);
}

static const char *name_of(char text[TEXT_BYTES], const char *kind, int64_t number)
{
    (void)snprintf(text, TEXT_BYTES, "%s-%010" PRId64, kind, number);
    return text;
}

static const char *trace_of(char text[TEXT_BYTES], int64_t number)
{
    (void)snprintf(text, TEXT_BYTES, "%032" PRIx64, (uint64_t)number);
    return text;
}

static void write_exchange(struct large *large, int64_t number)
{
    char id[TEXT_BYTES], source[TEXT_BYTES], person[TEXT_BYTES], trace[TEXT_BYTES];
    struct sql_value input = sql_integer(place_make(large->inbox, 0, number)), at = sql_integer(number);
    struct sql_value type = sql_text("medhub.prescription.uploaded.v1"), zero = sql_integer(0),
                     none = sql_text("");
    struct sql_value event = sql_text(name_of(id, "event", number));
    struct sql_value from = sql_text(name_of(source, "H", number % HOSPITALS));
    struct sql_value key = sql_text(name_of(person, "person", number / PERSON_EVENTS));
    int64_t pharmacy = number % PHARMACIES, delivered = place_make(large->delivery, 0, number);
    const struct sql_value fact[] = {sql_integer(place_make(large->fact, 0, number)),
                                     input,
                                     zero,
                                     at,
                                     at,
                                     type,
                                     from,
                                     event,
                                     none,
                                     sql_text(trace_of(trace, number)),
                                     key,
                                     sql_bytes(large->scan)};
    const struct sql_value receipt[] = {sql_integer(place_make(large->receipt, 0, number)),
                                        input,
                                        from,
                                        event,
                                        type,
                                        sql_integer(1),
                                        none,
                                        none,
                                        at,
                                        at,
                                        at,
                                        sql_bytes(large->value)};
    const struct sql_value delivery[] = {
        sql_integer(delivered), input, zero, at,    at,   at,
        sql_integer(3),         type,  from, event, none, sql_bytes(large->delivered[pharmacy])};
    const struct sql_value recipient[] = {sql_text(large->recipients[pharmacy]), sql_integer(delivered),
                                          zero};

    write_row(large, TABLE_FACT, fact);
    write_row(large, TABLE_RECEIPT, receipt);
    write_row(large, TABLE_DELIVERY, delivery);
    write_row(large, TABLE_RECIPIENT, recipient);
}

static void write_key(struct large *large, enum search_kind kind, const char *key, int64_t number)
{
    const struct sql_value values[] = {sql_text(key), sql_integer(number),
                                       sql_integer(place_make(large->inbox, 0, number)), sql_integer(kind)};

    write_row(large, TABLE_BUSINESS_KEY, values);
}

/* Kind after kind in order of the key: a tree that is written in order is written fast. */
static void write_keys(struct large *large)
{
    char text[TEXT_BYTES];

    for (int64_t i = 0; i < large->events; i++)
        write_key(large, SEARCH_TRACE_ID, trace_of(text, i), i);
    for (int64_t i = 0; i < HOSPITALS; i++)
        for (int64_t j = i; j < large->events; j += HOSPITALS)
            write_key(large, SEARCH_ORGANISATION, name_of(text, "H", i), j);
    for (int64_t i = 0; i < large->events; i++)
        write_key(large, SEARCH_EVENT_ID, name_of(text, "event", i), i);
    for (int64_t i = 0; i < DRUGS; i++)
        for (int64_t j = i; j < large->events; j += DRUGS)
            write_key(large, SEARCH_ITEM, name_of(text, "item", i), j);
    for (int64_t i = 0; i < large->events; i++)
        write_key(large, SEARCH_KEY, name_of(text, "person", i / PERSON_EVENTS), i);
    for (int64_t i = 0; i < large->events; i++)
        write_key(large, SEARCH_PRESCRIPTION, name_of(text, "rx", i), i);
}

static int number_topic(struct large *large, const char *name)
{
    int number = 0;

    bench_need(topic_names_add(&large->tables.topics, large->tables.sql, name, &number, &large->tables.fault),
               &large->tables.fault);
    return number;
}

/* Contents of the size that they have in life; what they say does not matter here. */
static void make_values(struct large *large, struct arena *arena)
{
    Medhub__Event__V1__Receipt receipt = MEDHUB__EVENT__V1__RECEIPT__INIT;
    uint8_t *content = arena_take_zeroed(arena, 600);

    receipt.source = receipt.id = receipt.key = receipt.type = (char *)"thirty-two characters or thereby";
    large->value = pack_message(&receipt.base, arena);
    large->scan = bytes_from(content, 600);
    for (int i = 0; i < PHARMACIES; i++) {
        Medhub__Event__V1__Delivery delivery = MEDHUB__EVENT__V1__DELIVERY__INIT;
        char *recipients[] = {(char *)name_of(large->recipients[i], "P", i)};
        delivery.recipients = recipients;
        delivery.n_recipients = 1;
        delivery.type = (char *)"medhub.prescription.uploaded.v1";
        delivery.data.data = content;
        delivery.data.len = 400;
        large->delivered[i] = pack_message(&delivery.base, arena);
    }
}

static void fill(struct large *large, const struct sql_settings *settings, struct arena *arena)
{
    const struct sql_value position[] = {sql_text("medhub.delivery"), sql_integer(large->events)};
    struct fault *fault = &large->tables.fault;

    open_tables(&large->tables, settings);
    make_values(large, arena);
    bench_need(sql_begin(large->tables.sql, fault), fault);
    large->inbox = number_topic(large, "medhub.inbox.prescription");
    large->fact = number_topic(large, "medhub.fact.prescription");
    large->receipt = number_topic(large, "medhub.receipt");
    large->delivery = number_topic(large, "medhub.delivery");
    for (int64_t i = 0; i < large->events; i++)
        write_exchange(large, i);
    write_keys(large);
    for (int i = 0; i < TABLE_COUNT; i++)
        bench_need(sql_insert_flush(large->tables.inserts[i], fault), fault);
    bench_need(sql_run(large->tables.sql,
                       "INSERT INTO position(topic, partition, first_offset, next_offset, last_record_ms, "
                       "caught_up_ms, lost) "
                       "VALUES($1, 0, 0, $2, 0, 0, 0)",
                       position, 2, NULL, fault),
               fault);
    bench_need(sql_commit(large->tables.sql, fault), fault);
    for (int i = 0; i < TABLE_COUNT; i++)
        sql_insert_close(large->tables.inserts[i]);
    sql_close(large->tables.sql);
}

/* One question about exchange NUMBER. */
struct question {
    const char *name;
    void (*ask)(struct large *large, struct read_model *model, struct arena *arena, int64_t number);
};

static void find(struct large *large, struct read_model *model, struct arena *arena, unsigned kind,
                 const char *key)
{
    const struct search_query query = {.key = key, .kinds = kind, .limit = 10};
    struct fault *fault = &large->tables.fault;
    struct seen_line *lines = NULL;
    size_t count = 0;
    bool more = false;

    bench_need(read_model_search(model, &query, arena, &lines, &count, &more, fault), fault);
    if (count == 0)
        bench_fail("%s was not found", key);
}

#define FIND(function_, kind_, name_)                                                                        \
    static void function_(struct large *large, struct read_model *model, struct arena *arena,                \
                          int64_t number)                                                                    \
    {                                                                                                        \
        char text[TEXT_BYTES];                                                                               \
        find(large, model, arena, (kind_), (name_));                                                         \
    }
FIND(find_event, SEARCH_EVENT_ID, name_of(text, "event", number))
FIND(find_trace, SEARCH_TRACE_ID, trace_of(text, number))
FIND(find_person, SEARCH_KEY, name_of(text, "person", number / PERSON_EVENTS))
FIND(find_prescription, SEARCH_PRESCRIPTION, name_of(text, "rx", number))
FIND(find_item, SEARCH_ITEM, name_of(text, "item", number % DRUGS))
FIND(find_organisation, SEARCH_ORGANISATION, name_of(text, "H", number % HOSPITALS))

static void ask_receipt(struct large *large, struct read_model *model, struct arena *arena, int64_t number)
{
    char id[TEXT_BYTES], source[TEXT_BYTES];
    struct seen_receipt receipt;
    bool found = false;

    bench_need(read_model_receipt(model, name_of(source, "H", number % HOSPITALS),
                                  name_of(id, "event", number), arena, &receipt, &found,
                                  &large->tables.fault),
               &large->tables.fault);
    if (!found)
        bench_fail("no receipt");
}

static void ask_timeline(struct large *large, struct read_model *model, struct arena *arena, int64_t number)
{
    const struct input_place place = {"medhub.inbox.prescription", 0, number};
    struct seen_line *lines = NULL;
    size_t count = 0;

    bench_need(read_model_timeline(model, &place, NULL, arena, &lines, &count, &large->tables.fault),
               &large->tables.fault);
    if (count != 4)
        bench_fail("a timeline of %zu lines", count);
}

static void ask_feed_from(struct large *large, struct read_model *model, struct arena *arena, int64_t number,
                          int64_t from)
{
    const char *recipients[] = {large->recipients[number % PHARMACIES], "pharmacy@650100", "pharmacy@650000"};
    const struct viewer viewer = {recipients[0], recipients, 3};
    const struct feed_query query = {.viewer = &viewer, .limit = 50};
    struct feed_place place = {.partition_count = 1, .next_offset = {from}};
    struct seen_delivery *deliveries = NULL;
    bool truncated = false;
    size_t count = 0;

    bench_need(
        read_model_feed(model, &query, &place, arena, &deliveries, &count, &truncated, &large->tables.fault),
        &large->tables.fault);
}

static void ask_feed(struct large *large, struct read_model *model, struct arena *arena, int64_t number)
{
    ask_feed_from(large, model, arena, number, number);
}

static void ask_feed_end(struct large *large, struct read_model *model, struct arena *arena, int64_t number)
{
    ask_feed_from(large, model, arena, number, large->events - 5);
}

static const struct question questions[] = {
    {"event id", find_event},
    {"trace id", find_trace},
    {"person", find_person},
    {"prescription", find_prescription},
    {"item", find_item},
    {"organisation", find_organisation},
    {"receipt", ask_receipt},
    {"timeline", ask_timeline},
    {"feed, 50 of a backlog", ask_feed},
    {"feed at its end", ask_feed_end},
};

static int in_order(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

static void measure(struct large *large, struct read_model *model, struct arena *arena,
                    const struct question *question, int64_t count, bool last)
{
    int64_t *us = calloc((size_t)count, sizeof *us);
    uint64_t dice = 88172645463325252u;

    if (us == NULL)
        bench_fail("no memory");
    for (int64_t i = 0; i < count; i++) {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        arena_reset(arena);
        int64_t began = clock_monotonic_us();
        question->ask(large, model, arena, (int64_t)(dice % (uint64_t)large->events));
        us[i] = clock_monotonic_us() - began;
    }
    qsort(us, (size_t)count, sizeof *us, in_order);
    printf("{\"question\":\"%s\",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}%s", question->name,
           (double)us[count / 2] / 1e3, (double)us[count * 99 / 100] / 1e3, (double)us[count - 1] / 1e3,
           last ? "" : ",");
    free(us);
}

static void lookup(const char *database, int64_t rows, int64_t count)
{
    const struct sql_settings settings = settings_for(database);
    struct arena *arena = arena_new(ARENA_FIRST, ARENA_LIMIT), *scratch = arena_new(ARENA_FIRST, ARENA_LIMIT);
    enum { QUESTIONS = sizeof questions / sizeof *questions };
    static struct large large;
    struct read_model *model = NULL;

    large.events = rows / ROWS_EACH;
    int64_t began_us = clock_monotonic_us();
    fill(&large, &settings, arena);
    double seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
    bench_need(read_model_open(&settings, &model, &large.tables.fault), &large.tables.fault);
    printf("{\"rows\":%" PRId64 ",\"fill_seconds\":%.1f,\"answers\":[", large.written, seconds);
    for (int i = 0; i < QUESTIONS; i++)
        measure(&large, model, scratch, &questions[i], count, i + 1 == QUESTIONS);
    printf("]}\n");
    read_model_close(model);
    arena_free(arena);
    arena_free(scratch);
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
    else
        lookup(database, bench_number(options, "rows", 10000000), bench_number(options, "questions", 2000));
    kafka_client_done(&client);
    return 0;
}
