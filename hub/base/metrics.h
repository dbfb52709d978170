/* metrics.h: counters, gauges and histograms with static rows, written out in the Prometheus text format.
 *
 * A metric is a table row in the file that owns it; its help text there is the documentation page's too.
 * Values may be changed from any thread (relaxed atomics); a series is registered once and lives as long as
 * the process. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/bytes.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* name: snake_case with the base unit, "medhub_events_total"; label: name of its one label or NULL.
 * Histograms are in seconds with fixed bounds 0.1 ms ... 60 s. */
struct metric_row {
    const char *name;
    enum metric_kind kind;
    const char *label;
    const char *help;
};

struct metric; /* one series */

/* Finds or makes the series of ROW with this label value (NULL when the row has no label). Never NULL: when
 * memory is out the process ends. ROW and its texts must outlive the process. */
struct metric *metric_get(const struct metric_row *row, const char *label_value);
void metric_add(struct metric *metric, int64_t count);
void metric_set(struct metric *metric, int64_t value);
void metric_observe_us(struct metric *metric, int64_t microseconds);
int64_t
metric_value(const struct metric *metric); /* counter, gauge: value; histogram: number of observations */

/* Makes all series of ROWS known so that they are written with 0 from the start (rows without label only) and
 * appear in metrics_describe(). */
void metrics_register(const struct metric_row *rows, size_t count);
/* Appends every series in the Prometheus text exposition format 0.0.4. */
void metrics_write(struct buffer *buffer);
/* Calls EACH for every registered row in order of name: for the documentation page. */
void metrics_describe(void (*each)(const struct metric_row *row, void *context), void *context);

#endif
