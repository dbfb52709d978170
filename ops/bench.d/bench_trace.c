/* bench_trace: questions about items and lots in a large read model.
 *
 *     bench_trace --database D --scans 10000000 --holders 50000 [--questions 200] [--data FOLDER] [--filled N]
 *
 * Fills the tables trace_* with the chains of `medhub gen --what chains` and with one lot of as many items as HOLDERS, each with a
 * holder of its own, by the store's own way from a scan to its rows; then asks each question of store/trace_questions.h of
 * chains that the dice choose. Prints one JSON object. --filled N: the first N of the scans and recalls are in D already, by an earlier
 * run with the same numbers that may have been cut off. */
#include "bench.h"

#include "base/clock.h"
#include "base/log.h"
#include "ops/gen/gen.h"
#include "store/migrate.h"
#include "store/rows_recall.h"
#include "store/rows_trace.h"
#include "store/trace_questions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_FIRST = 1 << 20, SCANS_IN_BATCH = 20000, SAMPLE = 4096, PARTITIONS = 6, ROWS_MAX = 1000000 };
#define ARENA_LIMIT ((size_t)1 << 30)
#define RECALLED    "00889876000018" /* its lot R has a holder for each item */
#define RECALL      "ZH-1"           /* of that lot */

/* An item as it was scanned once: what is asked about. */
struct sampled {
    char product[24], lot[32], serial[64], box_product[24], box_serial[64], holder[32];
    int64_t at_ms;
};

struct filling {
    struct sql *sql;
    struct topic_names topics;
    struct sql_insert *inserts[TABLE_COUNT];
    struct arena *arena;
    struct rows rows;
    struct fault fault;
    int64_t scans, rows_written, in_batch;
    int64_t filled; /* so many by an earlier run: of them only the sample is taken */
    int topic;
    struct sampled sample[SAMPLE];
    size_t sampled;
};

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

/* ---- filling ---- */

static void begin_batch(struct filling *filling)
{
    bench_need(sql_begin(filling->sql, &filling->fault), &filling->fault);
    filling->in_batch = 0;
}

static void end_batch(struct filling *filling)
{
    for (int i = 0; i < TABLE_COUNT; i++)
        bench_need(sql_insert_flush(filling->inserts[i], &filling->fault), &filling->fault);
    bench_need(sql_commit(filling->sql, &filling->fault), &filling->fault);
}

/* SOURCE NULL: a fact of a recall. */
static void write_fact(struct filling *filling, const ProtobufCMessage *message, const char *source)
{
    int64_t place = place_make(filling->topic, (int32_t)(filling->scans % PARTITIONS), filling->scans / PARTITIONS);

    if (filling->scans < filling->filled) {
        filling->scans++;
        return;
    }
    arena_reset(filling->arena);
    rows_init(&filling->rows, filling->arena, &filling->topics, filling->sql);
    if (source == NULL)
        recall_rows(&filling->rows, message, place);
    else
        trace_rows(&filling->rows, message, source, place);
    for (const struct store_row *row = filling->rows.first; row != NULL; row = row->next, filling->rows_written++)
        bench_need(sql_insert_row(filling->inserts[row->table], row->values, &filling->fault), &filling->fault);
    filling->scans++;
    if (++filling->in_batch == SCANS_IN_BATCH) {
        end_batch(filling);
        begin_batch(filling);
    }
}

static void copy_text(char *to, size_t room, struct bytes text)
{
    (void)snprintf(to, room, "%.*s", (int)text.length, (const char *)text.data);
}

/* Units that were packed: they have everything that is asked about. Any of them is as likely to stay. */
static void take_sample(struct filling *filling, const ItemScanned *said)
{
    struct trace_identity box;
    size_t place = filling->sampled < SAMPLE ? filling->sampled
                                             : (size_t)(hash_bytes(bytes_of(said->serial), 7) % (filling->sampled + 1));

    if (said->step != MEDHUB__TRACE__V1__STEP__STEP_PACKED || said->lot[0] == '\0')
        return;
    filling->sampled++;
    if (place >= SAMPLE || !trace_identity_read(bytes_of(said->parent_code), filling->arena, &box))
        return;
    struct sampled *sample = &filling->sample[place];
    copy_text(sample->product, sizeof sample->product, bytes_of(said->product));
    copy_text(sample->lot, sizeof sample->lot, bytes_of(said->lot));
    copy_text(sample->serial, sizeof sample->serial, bytes_of(said->serial));
    copy_text(sample->box_product, sizeof sample->box_product, box.product);
    copy_text(sample->box_serial, sizeof sample->box_serial, box.serial);
    copy_text(sample->holder, sizeof sample->holder, bytes_of(said->holder));
    sample->at_ms = said->scanned_at->seconds * 1000 + (int64_t)20 * 86400000;
}

static void take(void *self, const char *source, const char *id, int64_t time_ms, const ProtobufCMessage *message)
{
    struct filling *filling = self;
    (void)id, (void)time_ms;

    write_fact(filling, message, source);
    take_sample(filling, (const ItemScanned *)message);
}

/* The lot that everybody has one of. */
static void fill_recalled(struct filling *filling, int64_t holders)
{
    Medhub__Trace__V1__ItemScanned said = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    char serial[24], holder[24];

    said.product = (char *)RECALLED;
    said.lot = (char *)"R";
    said.serial = serial;
    said.holder = holder;
    said.scanned_at = &at;
    for (int64_t i = 0; i < holders * 3; i++) {
        bool is_made = i % 3 == 0, is_sent = i % 3 == 1;
        said.step = is_made ? MEDHUB__TRACE__V1__STEP__STEP_COMMISSIONED
                    : is_sent ? MEDHUB__TRACE__V1__STEP__STEP_OUTBOUND
                              : MEDHUB__TRACE__V1__STEP__STEP_INBOUND;
        at.seconds = 1700000000 + i;
        said.counterparty = (char *)(is_made || is_sent ? "" : "M44000000001");
        (void)snprintf(serial, sizeof serial, "R%08" PRId64, i / 3);
        (void)snprintf(holder, sizeof holder, is_made || is_sent ? "M44000000001" : "H%011" PRId64, i / 3);
        write_fact(filling, &said.base, holder);
    }
}

/* Its recall, which each of them was told of. */
static void fill_recall(struct filling *filling, int64_t holders)
{
    Medhub__Trace__V1__RecallIssued issued = MEDHUB__TRACE__V1__RECALL_ISSUED__INIT;
    Medhub__Trace__V1__RecallMatched told = MEDHUB__TRACE__V1__RECALL_MATCHED__INIT;
    Medhub__Trace__V1__RecallAmounts amounts = MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT;
    char holder[24];

    issued.product = told.product = (char *)RECALLED;
    issued.recall = told.recall = (char *)RECALL;
    issued.issuer = issued.registrant = (char *)"M44000000001";
    write_fact(filling, &issued.base, NULL);
    amounts.held_e4 = 10000;
    told.amounts = &amounts;
    told.holder = holder;
    for (int64_t i = 0; i < holders; i++) {
        (void)snprintf(holder, sizeof holder, "H%011" PRId64, i);
        write_fact(filling, &told.base, NULL);
    }
}

static void open_filling(struct filling *filling, const struct sql_settings *settings)
{
    struct fault *fault = &filling->fault;

    bench_need(sql_open(settings, SQL_WRITE, &filling->sql, fault), fault);
    bench_need(migrate_up_to(filling->sql, migrate_newest(), fault), fault);
    for (int i = 0; i < TABLE_COUNT; i++)
        bench_need(sql_insert_open(filling->sql, tables[i].name, tables[i].columns, tables[i].column_count,
                                   table_merge(&tables[i]), &filling->inserts[i],
                                   fault),
                   fault);
    filling->arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
    begin_batch(filling);
    bench_need(topic_names_load(&filling->topics, filling->sql, fault), fault);
    bench_need(topic_names_add(&filling->topics, filling->sql, "medhub.fact.trace", &filling->topic, fault), fault);
}

static void fill(struct filling *filling, const struct bench_options *options, const struct sql_settings *settings)
{
    int64_t scans = bench_number(*options, "scans", 10000000), holders = bench_number(*options, "holders", 50000);
    const char *folder = bench_option(*options, "data", "ops/data");
    struct arena *arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
    struct world world;
    struct items items;
    struct gen_state state = {0};

    bench_need(world_read(folder, arena, &world, &filling->fault), &filling->fault);
    bench_need(items_read(folder, arena, &items, &filling->fault), &filling->fault);
    struct gen gen = {.world = &world, .seed = 1, .day = date_from_civil(2026, 6, 1), .run = "260601001", .items = &items,
                      .arena = arena_new(ARENA_FIRST, ARENA_LIMIT), .take = take, .self = filling};
    filling->filled = bench_number(*options, "filled", 0);
    open_filling(filling, settings);
    fill_recalled(filling, holders);
    fill_recall(filling, holders);
    for (int64_t i = 0; filling->scans < scans; i++)
        gen_chain(&gen, &state, i);
    end_batch(filling);
    if (filling->filled < scans)
        bench_need(sql_script(filling->sql, bytes_of("ANALYZE; -- postgresql\n"), &filling->fault), &filling->fault);
    for (int i = 0; i < TABLE_COUNT; i++)
        sql_insert_close(filling->inserts[i]);
    sql_close(filling->sql);
}

/* ---- asking ---- */

static const struct asking {
    const char *name, *question;
    bool lot, serial, box, at, holder, recalled, unreceived;
    const char *asker; /* NULL: sees everything */
} askings[] = {
    {.name = "history of an item", .question = "history", .serial = true},
    {.name = "history of an item, for a holder", .question = "history", .serial = true, .asker = "D44000000001"},
    {.name = "state of an item at a time", .question = "state", .serial = true, .at = true},
    {.name = "holders of a lot", .question = "holders", .lot = true},
    {.name = "holders of a lot at a time", .question = "holders", .lot = true, .at = true},
    {.name = "uses of a lot", .question = "uses", .lot = true},
    {.name = "upstream of an item", .question = "upstream", .serial = true},
    {.name = "contents of a box", .question = "contents", .box = true},
    {.name = "contents of a box at a time", .question = "contents", .box = true, .at = true},
    {.name = "unreceived within 14 days", .question = "unreceived", .unreceived = true},
    {.name = "holders of the recalled lot, all", .question = "holders", .lot = true, .recalled = true},
    {.name = "whom the recall was told to, all", .question = "recall-holders", .recalled = true},
};
enum { ASKINGS = sizeof askings / sizeof *askings };

static struct trace_known known_of(const struct asking *asking, const struct sampled *sample)
{
    if (asking->unreceived)
        return (struct trace_known){.product = "", .lot = "", .serial = "", .holder = "", .recall = "", .days = 14, .limit = 1000};
    return (struct trace_known){
        .product = asking->recalled ? RECALLED : asking->box ? sample->box_product : sample->product,
        .lot = !asking->lot ? "" : asking->recalled ? "R" : sample->lot,
        .serial = asking->box ? sample->box_serial : asking->serial ? sample->serial : "",
        .holder = "",
        .recall = asking->recalled ? RECALL : "",
        .at_ms = asking->at ? sample->at_ms : 0,
        .limit = ROWS_MAX,
    };
}

struct measured {
    int64_t first_us, all_us, rows;
};

static struct measured ask(struct read_model *model, const struct asking *asking, const struct sampled *sample)
{
    struct trace_known known = known_of(asking, sample);
    const struct trace_asker asker = {asking->asker == NULL ? "" : asking->asker, asking->asker == NULL};
    struct measured measured = {0};
    struct trace_answer answer;
    struct fault fault = {0};
    bool exists, row = true;
    int64_t began_us = clock_monotonic_us(), now_ms = (int64_t)date_from_civil(2026, 6, 1) * 86400000;

    bench_need(trace_ask(model, trace_question_find(asking->question, &known, &exists), &known, &asker, now_ms, &answer, &fault),
               &fault);
    while (row) {
        bench_need(trace_next(&answer, &row, &fault), &fault);
        if (measured.rows == 0)
            measured.first_us = clock_monotonic_us() - began_us;
        measured.rows += row;
    }
    trace_end(&answer);
    measured.all_us = clock_monotonic_us() - began_us;
    return measured;
}

static int in_order(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

static void measure(const struct filling *filling, struct read_model *model, const struct asking *asking, int64_t count)
{
    size_t samples = filling->sampled < SAMPLE ? filling->sampled : SAMPLE;
    struct dice dice = dice_of(1, asking->name, 0);
    struct measured measured = {0};
    double cpu_seconds = bench_cpu_seconds();
    int64_t first_us = 0, rows = 0, *us = calloc((size_t)count, sizeof *us);

    if (us == NULL || samples == 0)
        bench_fail("nothing to ask about");
    for (int64_t i = 0; i < count; i++) {
        measured = ask(model, asking, &filling->sample[dice_roll(&dice, samples)]);
        us[i] = measured.all_us;
        first_us = measured.first_us > first_us ? measured.first_us : first_us;
        rows += measured.rows;
    }
    cpu_seconds = bench_cpu_seconds() - cpu_seconds;
    qsort(us, (size_t)count, sizeof *us, in_order);
    printf("{\"question\":\"%s\",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"first_row_ms_max\":%.3f,\"cpu_ms\":%.3f,\"rows\":%.1f}",
           asking->name, (double)us[count / 2] / 1e3, (double)us[count * 99 / 100] / 1e3, (double)us[count - 1] / 1e3,
           (double)first_us / 1e3, cpu_seconds * 1e3 / (double)count, (double)rows / (double)count);
    free(us);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    const struct sql_settings settings = settings_for(bench_option(options, "database", "bench.sqlite"));
    int64_t questions = bench_number(options, "questions", 200);
    static struct filling filling;
    struct read_model *model = NULL;

    log_set_level(LOG_LEVEL_WARN);
    int64_t began_us = clock_monotonic_us();
    fill(&filling, &options, &settings);
    double seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
    bench_need(read_model_open(&settings, &model, &filling.fault), &filling.fault);
    printf("{\"scans\":%" PRId64 ",\"rows\":%" PRId64 ",\"fill_seconds\":%.1f,\"cpu_seconds\":%.1f,\"answers\":[",
           filling.scans, filling.rows_written, seconds, bench_cpu_seconds());
    for (int i = 0; i < ASKINGS; i++) {
        if (i > 0)
            printf(",");
        measure(&filling, model, &askings[i], askings[i].recalled ? (questions + 9) / 10 : questions);
    }
    printf("]}\n");
    read_model_close(model);
    return 0;
}
