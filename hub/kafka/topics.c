#include "kafka/topics.h"

#include "base/csv.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOPICS_MAX = 128, REPLICAS_MAX = 3, SETTINGS_PER_TOPIC = 5 };

extern const unsigned char topics_csv[]; /* made at build time from schemas/topics.csv */
extern const size_t topics_csv_length;

/* ---- the wanted rows ---- */

enum column { NAME, KEY, PARTITIONS, RETENTION, CLEANUP, REPLICAS, BYTES, WHAT, WHAT_ZH, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {
    "topic",
    "key",
    "partitions",
    "retention_ms",
    "cleanup_policy",
    "min_insync_replicas",
    "max_message_bytes",
    "what",
    "what_zh",
};

struct parse {
    struct csv csv;
    struct arena *arena;
    int columns[COLUMN_COUNT];
    struct bytes fields[CSV_FIELDS_MAX];
    struct fault *fault;
};

static enum status wrong(struct parse *parse, const char *column, const char *what)
{
    return fault_reject(parse->fault, "topics.malformed", "topics.csv line %zu, %s: %s", parse->csv.line,
                        column, what);
}

static enum status read_text(struct parse *parse, enum column column, const char **text)
{
    *text = arena_text(parse->arena, parse->fields[parse->columns[column]]);
    if (*text == NULL)
        return wrong(parse, column_names[column], "no memory");
    return **text == '\0' ? wrong(parse, column_names[column], "is empty") : STATUS_OK;
}

static enum status read_number(struct parse *parse, enum column column, int64_t min, int64_t max,
                               int64_t *number)
{
    if (!text_parse_i64(parse->fields[parse->columns[column]], number) || *number < min || *number > max)
        return wrong(parse, column_names[column], "is not a number within its bounds");
    return STATUS_OK;
}

static enum status read_numbers(struct parse *parse, struct topic_row *row)
{
    int64_t partitions = 0, replicas = 0;

    enum status status = read_number(parse, PARTITIONS, 1, 10000, &partitions);
    if (status == STATUS_OK)
        status = read_number(parse, REPLICAS, 1, REPLICAS_MAX, &replicas);
    if (status == STATUS_OK)
        status = read_number(parse, RETENTION, -1, INT64_MAX, &row->retention_ms);
    if (status == STATUS_OK)
        status = read_number(parse, BYTES, 1024, INT32_MAX, &row->max_message_bytes);
    row->partitions = (int32_t)partitions;
    row->min_insync_replicas = (int32_t)replicas;
    return status;
}

static enum status read_row(struct parse *parse, struct topic_row *row)
{
    enum status status = read_text(parse, NAME, &row->name);
    if (status == STATUS_OK)
        status = read_text(parse, KEY, &row->key);
    if (status == STATUS_OK)
        status = read_text(parse, CLEANUP, &row->cleanup_policy);
    if (status == STATUS_OK)
        status = read_text(parse, WHAT, &row->what);
    if (status == STATUS_OK)
        status = read_text(parse, WHAT_ZH, &row->what_zh);
    return status == STATUS_OK ? read_numbers(parse, row) : status;
}

static enum status find_columns(struct parse *parse)
{
    if (!csv_read_header(&parse->csv, parse->arena))
        return wrong(parse, "header", parse->csv.error == NULL ? "there is none" : parse->csv.error);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        parse->columns[i] = csv_column(&parse->csv, column_names[i]);
        if (parse->columns[i] < 0)
            return wrong(parse, column_names[i], "the column is missing");
    }
    return STATUS_OK;
}

enum status topics_parse(struct bytes csv, struct arena *arena, struct topics *topics, struct fault *fault)
{
    struct parse parse = {.csv = csv_open(csv), .arena = arena, .fault = fault};

    *topics = (struct topics){.rows = arena_take_zeroed(arena, TOPICS_MAX * sizeof *topics->rows)};
    if (topics->rows == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the topics");
    enum status status = find_columns(&parse);
    while (status == STATUS_OK) {
        int count = csv_next(&parse.csv, arena, parse.fields, CSV_FIELDS_MAX);
        if (count == CSV_END)
            return STATUS_OK;
        if (count != parse.csv.header_count)
            return wrong(&parse, "row",
                         parse.csv.error == NULL ? "too many or too few fields" : parse.csv.error);
        if (topics->count == TOPICS_MAX)
            return wrong(&parse, "row", "too many topics");
        struct topic_row *row = &topics->rows[topics->count];
        status = read_row(&parse, row);
        if (status == STATUS_OK && topics_find(topics, row->name) != NULL)
            status = wrong(&parse, "topic", "stands there twice");
        topics->count++;
    }
    return status;
}

enum status topics_shipped(struct arena *arena, struct topics *topics, struct fault *fault)
{
    enum status status = topics_parse(bytes_from(topics_csv, topics_csv_length), arena, topics, fault);
    return status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

const struct topic_row *topics_find(const struct topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->count; i++)
        if (strcmp(topics->rows[i].name, name) == 0)
            return &topics->rows[i];
    return NULL;
}

/* ---- the plan ---- */

struct planning {
    struct arena *arena;
    struct topics_plan *plan;
    const struct topic_row *row;
    int32_t replicas; /* that the topic has or will have */
    bool failed;
};

static void add_change(struct planning *planning, enum topic_action action, const char *setting,
                       const char *current, const char *wanted, const char *reason)
{
    planning->failed |= current == NULL || wanted == NULL;
    planning->plan->changes[planning->plan->count++] = (struct topic_change){
        .action = action,
        .row = planning->row,
        .setting = setting,
        .current = current,
        .wanted = wanted,
        .reason = reason,
        .replicas = planning->replicas,
    };
}

static const char *number_text(struct planning *planning, int64_t number)
{
    return arena_format(planning->arena, "%lld", (long long)number);
}

/* UNLIMITED: -1 is the largest value. */
static void plan_number(struct planning *planning, const char *setting, const char *current, int64_t wanted,
                        bool unlimited, const char *reason_against_less)
{
    int64_t value = 0;

    if (current == NULL)
        return;
    bool readable = text_parse_i64(bytes_of(current), &value);
    if (readable && value == wanted)
        return;
    int64_t have = unlimited && value == -1 ? INT64_MAX : value,
            want = unlimited && wanted == -1 ? INT64_MAX : wanted;
    enum topic_action action = !readable || want > have ? TOPIC_RAISE : TOPIC_DIFFERS;
    add_change(planning, action, setting, current, number_text(planning, wanted),
               action == TOPIC_RAISE ? "" : reason_against_less);
}

static int32_t replicas_in_sync(const struct topic_row *row, int32_t replicas)
{
    return row->min_insync_replicas < replicas ? row->min_insync_replicas : replicas;
}

static void plan_settings(struct planning *planning, const struct topic_seen *seen)
{
    const struct topic_row *row = planning->row;

    if (seen->partitions != row->partitions)
        add_change(planning, TOPIC_DIFFERS, "partitions", number_text(planning, seen->partitions),
                   number_text(planning, row->partitions), "the state of a key lives in its partition");
    if (seen->cleanup_policy != NULL && strcmp(seen->cleanup_policy, row->cleanup_policy) != 0)
        add_change(planning, TOPIC_DIFFERS, "cleanup.policy", seen->cleanup_policy, row->cleanup_policy,
                   "changing it removes records");
    plan_number(planning, "retention.ms", seen->retention_ms, row->retention_ms, true,
                "less removes records");
    plan_number(planning, "min.insync.replicas", seen->min_insync_replicas,
                replicas_in_sync(row, seen->replicas), false, "less would make the topic less safe");
    plan_number(planning, "max.message.bytes", seen->max_message_bytes, row->max_message_bytes, false,
                "less would refuse what was taken so far");
}

static const struct topic_seen *find_seen(const struct topics_seen *seen, const char *name)
{
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->items[i].name, name) == 0)
            return &seen->items[i];
    return NULL;
}

enum status topics_plan(const struct topics *wanted, const struct topics_seen *seen, struct arena *arena,
                        struct topics_plan *plan, struct fault *fault)
{
    int32_t replicas = seen->broker_count < REPLICAS_MAX ? seen->broker_count : REPLICAS_MAX;
    struct planning planning = {.arena = arena, .plan = plan};

    *plan =
        (struct topics_plan){.changes = arena_take_zeroed(arena, (wanted->count * SETTINGS_PER_TOPIC + 1) *
                                                                     sizeof *plan->changes)};
    if (plan->changes == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the plan of the topics");
    for (size_t i = 0; i < wanted->count; i++) {
        const struct topic_seen *found = find_seen(seen, wanted->rows[i].name);
        planning.row = &wanted->rows[i];
        planning.replicas = found == NULL ? (replicas < 1 ? 1 : replicas) : found->replicas;
        if (found == NULL)
            add_change(&planning, TOPIC_CREATE, "", "", "", "");
        else
            plan_settings(&planning, found);
    }
    return planning.failed ? fault_fatal(fault, "memory.out", "no memory for the plan of the topics")
                           : STATUS_OK;
}

size_t topics_plan_blocking(const struct topics_plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++)
        count +=
            plan->changes[i].action == TOPIC_CREATE || strcmp(plan->changes[i].setting, "partitions") == 0;
    return count;
}
