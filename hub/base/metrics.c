#include "base/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

/* Upper bounds of the buckets; the last bucket has none. */
static const struct {
    int64_t microseconds;
    const char *seconds;
} bounds[] = {
    {100, "0.0001"}, {250, "0.00025"}, {500, "0.0005"}, {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},
    {10000, "0.01"}, {25000, "0.025"}, {50000, "0.05"}, {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},
    {1000000, "1"},  {2500000, "2.5"}, {5000000, "5"},  {10000000, "10"}, {30000000, "30"}, {60000000, "60"},
};
enum { BOUND_COUNT = sizeof bounds / sizeof *bounds, BUCKET_COUNT = BOUND_COUNT + 1 };

struct histogram {
    _Atomic int64_t buckets[BUCKET_COUNT]; /* each counts its own observations only */
    _Atomic int64_t sum_us;
};

struct metric {
    _Atomic int64_t value;
    struct histogram *histogram; /* NULL unless the row is one */
    char *label_value;           /* as it came: the key of the look-up */
    char *label_escaped;         /* as it is written */
    struct metric *next;         /* in order of registration */
    UT_hash_handle hh;
};

struct family {
    const struct metric_row *row;
    struct metric *by_label; /* uthash */
    struct metric *first, **end;
    struct family *next; /* in order of name */
};

/* Registration and writing hold the lock; changing a value does not. Nothing is ever taken out. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct family *families;

static void *take_memory(size_t bytes)
{
    void *memory = calloc(1, bytes);

    if (memory == NULL)
        abort(); /* a handful of series at the start; who fails here fails everywhere */
    return memory;
}

static struct family *family_get(const struct metric_row *row)
{
    struct family **place = &families;

    while (*place != NULL && strcmp((*place)->row->name, row->name) < 0)
        place = &(*place)->next;
    if (*place != NULL && strcmp((*place)->row->name, row->name) == 0) {
        assert((*place)->row->kind == row->kind);
        return *place;
    }
    struct family *family = take_memory(sizeof *family);
    family->row = row;
    family->end = &family->first;
    family->next = *place;
    *place = family;
    return family;
}

/* Backslash, quote and newline as the text format wants them; what is no UTF-8 becomes '?', or Prometheus
 * would refuse the whole page. */
static char *escape_label(const char *text)
{
    size_t length = strlen(text), written = 0;
    char *escaped = take_memory(2 * length + 1);

    for (size_t at = 0; at < length;) {
        size_t step = bytes_utf8_step(bytes_from(text + at, length - at));
        if (step == 0) {
            escaped[written++] = '?';
            at++;
            continue;
        }
        if (text[at] == '\\' || text[at] == '"' || text[at] == '\n')
            escaped[written++] = '\\';
        memcpy(escaped + written, text + at, step);
        if (text[at] == '\n')
            escaped[written] = 'n';
        written += step;
        at += step;
    }
    return escaped;
}

static struct metric *metric_new(const struct metric_row *row, const char *label_value)
{
    struct metric *metric = take_memory(sizeof *metric);

    metric->label_value = take_memory(strlen(label_value) + 1);
    memcpy(metric->label_value, label_value, strlen(label_value));
    metric->label_escaped = escape_label(label_value);
    if (row->kind == METRIC_HISTOGRAM)
        metric->histogram = take_memory(sizeof *metric->histogram);
    return metric;
}

static struct metric *series_get(struct family *family, const char *label_value)
{
    struct metric *metric;

    HASH_FIND_STR(family->by_label, label_value, metric);
    if (metric != NULL)
        return metric;
    metric = metric_new(family->row, label_value);
    HASH_ADD_KEYPTR(hh, family->by_label, metric->label_value, strlen(metric->label_value), metric);
    *family->end = metric;
    family->end = &metric->next;
    return metric;
}

struct metric *metric_get(const struct metric_row *row, const char *label_value)
{
    assert(row->label != NULL || label_value == NULL);

    pthread_mutex_lock(&lock);
    struct metric *metric = series_get(family_get(row), label_value == NULL ? "" : label_value);
    pthread_mutex_unlock(&lock);
    return metric;
}

static int64_t load(const _Atomic int64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void add(_Atomic int64_t *value, int64_t count)
{
    atomic_fetch_add_explicit(value, count, memory_order_relaxed);
}

void metric_add(struct metric *metric, int64_t count)
{
    add(&metric->value, count);
}

void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metric_observe_us(struct metric *metric, int64_t microseconds)
{
    size_t bucket = 0;

    assert(metric->histogram != NULL);
    while (bucket < BOUND_COUNT && microseconds > bounds[bucket].microseconds)
        bucket++;
    add(&metric->histogram->buckets[bucket], 1);
    add(&metric->histogram->sum_us, microseconds);
}

int64_t metric_value(const struct metric *metric)
{
    int64_t observations = 0;

    if (metric->histogram == NULL)
        return load(&metric->value);
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        observations += load(&metric->histogram->buckets[i]);
    return observations;
}

void metrics_register(const struct metric_row *rows, size_t count)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        struct family *family = family_get(&rows[i]);
        if (rows[i].label == NULL)
            series_get(family, "");
    }
    pthread_mutex_unlock(&lock);
}

static const char *kind_name(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
        return "histogram";
    }
    return "untyped";
}

static void write_head(struct buffer *buffer, const struct metric_row *row)
{
    buffer_append_format(buffer, "# HELP %s ", row->name);
    for (const char *at = row->help; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\\')
            buffer_append_byte(buffer, '\\');
        buffer_append_byte(buffer, *at == '\n' ? 'n' : (uint8_t)*at);
    }
    buffer_append_format(buffer, "\n# TYPE %s %s\n", row->name, kind_name(row->kind));
}

/* name_suffix{label="value",le="0.1"} with a space; LE is NULL outside of buckets. */
static void write_name(struct buffer *buffer, const struct metric_row *row, const struct metric *metric,
                       const char *suffix, const char *le)
{
    buffer_append_text(buffer, row->name);
    buffer_append_text(buffer, suffix);
    if (row->label != NULL || le != NULL)
        buffer_append_text(buffer, "{");
    if (row->label != NULL)
        buffer_append_format(buffer, "%s=\"%s\"", row->label, metric->label_escaped);
    if (le != NULL)
        buffer_append_format(buffer, "%sle=\"%s\"", row->label != NULL ? "," : "", le);
    if (row->label != NULL || le != NULL)
        buffer_append_text(buffer, "}");
    buffer_append_text(buffer, " ");
}

static void write_seconds(struct buffer *buffer, int64_t microseconds)
{
    uint64_t size = microseconds < 0 ? 0 - (uint64_t)microseconds : (uint64_t)microseconds;

    buffer_append_format(buffer, "%s%" PRIu64 ".%06" PRIu64 "\n", microseconds < 0 ? "-" : "", size / 1000000,
                         size % 1000000);
}

static void write_histogram(struct buffer *buffer, const struct metric_row *row, const struct metric *metric)
{
    int64_t count = 0;

    /* The count is summed from the buckets as they are read, so the page agrees with itself under updates. */
    for (size_t i = 0; i < BUCKET_COUNT; i++) {
        count += load(&metric->histogram->buckets[i]);
        write_name(buffer, row, metric, "_bucket", i < BOUND_COUNT ? bounds[i].seconds : "+Inf");
        buffer_append_format(buffer, "%" PRId64 "\n", count);
    }
    write_name(buffer, row, metric, "_sum", NULL);
    write_seconds(buffer, load(&metric->histogram->sum_us));
    write_name(buffer, row, metric, "_count", NULL);
    buffer_append_format(buffer, "%" PRId64 "\n", count);
}

static void write_series(struct buffer *buffer, const struct metric_row *row, const struct metric *metric)
{
    if (row->kind == METRIC_HISTOGRAM) {
        write_histogram(buffer, row, metric);
        return;
    }
    write_name(buffer, row, metric, "", NULL);
    buffer_append_format(buffer, "%" PRId64 "\n", load(&metric->value));
}

void metrics_write(struct buffer *buffer)
{
    pthread_mutex_lock(&lock);
    for (const struct family *family = families; family != NULL; family = family->next) {
        write_head(buffer, family->row);
        for (const struct metric *metric = family->first; metric != NULL; metric = metric->next)
            write_series(buffer, family->row, metric);
    }
    pthread_mutex_unlock(&lock);
}

/* Called without the lock, so EACH may itself register. */
void metrics_describe(void (*each)(const struct metric_row *row, void *context), void *context)
{
    pthread_mutex_lock(&lock);
    const struct family *family = families;
    pthread_mutex_unlock(&lock);

    while (family != NULL) {
        each(family->row, context);
        pthread_mutex_lock(&lock);
        family = family->next;
        pthread_mutex_unlock(&lock);
    }
}
