/* bench_store_lookup.c: point look-ups, timelines and feeds in a large read model, filled by the store's own inserts. */
#include "bench_store.h"

#include "base/clock.h"
#include "event/pack.h"
#include "store/read_model.h"

#include "medhub/event/v1/event.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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
    bench_need(sql_script(large->tables.sql, bytes_of("ANALYZE; -- postgresql\n"), fault), fault);
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

void lookup(const char *database, int64_t rows, int64_t count)
{
    const struct sql_settings settings = settings_for(database);
    struct arena *arena = arena_new(STORE_ARENA_FIRST, STORE_ARENA_LIMIT), *scratch = arena_new(STORE_ARENA_FIRST, STORE_ARENA_LIMIT);
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
