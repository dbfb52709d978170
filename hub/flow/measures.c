#include "flow/measures.h"

#include "flow/stages.h"

#include <assert.h>
#include <stdio.h>

enum measure {
    EVENTS,
    TIMERS,
    TIMERS_PUT_OFF,
    FACTS,
    DELIVERIES,
    CHANGELOG,
    BATCHES,
    BATCH_SECONDS,
    BATCH_EVENTS,
    COMMIT_SECONDS,
    ABORTS,
    REBUILDS,
    RESTORED,
    RESTORE_SECONDS,
    STAGE_SECONDS,
    LAG,
    LAG_SECONDS,
    MEASURES
};

const struct metric_row measures_rows[] = {
    [EVENTS] = {"medhub_events_total", METRIC_COUNTER, "outcome", "events decided, by outcome: accepted, refused, duplicate"},
    [TIMERS] = {"medhub_timers_fired_total", METRIC_COUNTER, NULL, "timers fired"},
    [TIMERS_PUT_OFF] = {"medhub_timers_put_off_total", METRIC_COUNTER, NULL, "timers whose decision failed; each fires again after hub.timer_retry_ms"},
    [FACTS] = {"medhub_facts_total", METRIC_COUNTER, NULL, "facts produced"},
    [DELIVERIES] = {"medhub_deliveries_total", METRIC_COUNTER, NULL, "delivery records produced"},
    [CHANGELOG] = {"medhub_changelog_records_total", METRIC_COUNTER, NULL, "records produced to the changelogs of keyed state"},
    [BATCHES] = {"medhub_batches_total", METRIC_COUNTER, NULL, "transactions committed"},
    [BATCH_SECONDS] = {"medhub_batch_seconds", METRIC_HISTOGRAM, NULL, "a transaction from its begin to the store's commit"},
    [BATCH_EVENTS] = {"medhub_batch_events_total", METRIC_COUNTER, NULL, "records read by committed transactions"},
    [COMMIT_SECONDS] = {"medhub_commit_seconds", METRIC_HISTOGRAM, NULL, "sending offsets and committing to Kafka"},
    [ABORTS] = {"medhub_aborts_total", METRIC_COUNTER, NULL, "transactions aborted and done again"},
    [REBUILDS] = {"medhub_producer_rebuilds_total", METRIC_COUNTER, NULL, "producers replaced after a fatal or doubtful end of a transaction"},
    [RESTORED] = {"medhub_restored_records_total", METRIC_COUNTER, NULL, "changelog records applied by restores"},
    [RESTORE_SECONDS] = {"medhub_restore_seconds", METRIC_HISTOGRAM, NULL, "restore of one partition"},
    [STAGE_SECONDS] = {"medhub_stage_seconds", METRIC_HISTOGRAM, "stage", "time of one event in a stage; one event in 64 is timed"},
    [LAG] = {"medhub_lag_records", METRIC_GAUGE, "worker", "records in the worker's inbox partitions that are not decided yet"},
    [LAG_SECONDS] = {"medhub_lag_milliseconds", METRIC_GAUGE, "worker", "age of the oldest record in the worker's last batch when it was decided"},
};
const size_t measures_row_count = sizeof measures_rows / sizeof *measures_rows;
static_assert(sizeof measures_rows / sizeof *measures_rows == MEASURES, "a row for each measure");

void measures_init(struct measures *measures, const struct stage *stages, unsigned worker)
{
    char label[16];

    (void)snprintf(label, sizeof label, "%u", worker);
    measures->accepted = metric_get(&measures_rows[EVENTS], "accepted");
    measures->refused = metric_get(&measures_rows[EVENTS], "refused");
    measures->duplicate = metric_get(&measures_rows[EVENTS], "duplicate");
    measures->timers = metric_get(&measures_rows[TIMERS], NULL);
    measures->timers_put_off = metric_get(&measures_rows[TIMERS_PUT_OFF], NULL);
    measures->facts = metric_get(&measures_rows[FACTS], NULL);
    measures->deliveries = metric_get(&measures_rows[DELIVERIES], NULL);
    measures->changelog = metric_get(&measures_rows[CHANGELOG], NULL);
    measures->batches = metric_get(&measures_rows[BATCHES], NULL);
    measures->batch_seconds = metric_get(&measures_rows[BATCH_SECONDS], NULL);
    measures->batch_events = metric_get(&measures_rows[BATCH_EVENTS], NULL);
    measures->commit_seconds = metric_get(&measures_rows[COMMIT_SECONDS], NULL);
    measures->aborts = metric_get(&measures_rows[ABORTS], NULL);
    measures->rebuilds = metric_get(&measures_rows[REBUILDS], NULL);
    measures->restored = metric_get(&measures_rows[RESTORED], NULL);
    measures->restore_seconds = metric_get(&measures_rows[RESTORE_SECONDS], NULL);
    measures->lag = metric_get(&measures_rows[LAG], label);
    measures->lag_seconds = metric_get(&measures_rows[LAG_SECONDS], label);
    for (size_t i = 0; stages[i].run != NULL && i < MEASURED_STAGES_MAX; i++)
        measures->stages[i] = metric_get(&measures_rows[STAGE_SECONDS], stages[i].name);
}
