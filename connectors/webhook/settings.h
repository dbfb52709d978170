/* settings.h: every setting of the webhook as a table row (settings.c). */
#ifndef WEBHOOK_SETTINGS_H
#define WEBHOOK_SETTINGS_H

#include "base/conf.h"

struct webhook_settings {
    const char *directory;
    const char *secrets_directory, *certificates_directory, *ca_file;
    const char *group, *instance;
    int64_t session_timeout_ms;
    int64_t requests_max, concurrency, connect_timeout_ms, timeout_ms, answer_bytes_max;
    int64_t dns_seconds, connection_seconds, redirects_max;
    int64_t window_events, window_bytes, memory_bytes_max, endpoints_max;
    int64_t retry_first_ms, retry_max_ms, give_up_seconds, retry_after_seconds_max, refusals_max;
    int64_t breaker_failures, breaker_first_ms, breaker_max_ms;
    int64_t state_interval_ms, state_idle_seconds, stop_timeout_ms;
    int64_t catch_up_readers, catch_up_turn_ms, live_backlog, ahead_kilobytes, begin_back_seconds;
    int64_t secrets_seconds, metric_endpoints_max;
};

extern const struct conf_row webhook_settings_rows[];
extern const size_t webhook_settings_row_count;

#endif
