/* settings.h: every option of the library as a row of one table (settings.c); the manual page lists them from
 * it. */
#ifndef CLIENT_SETTINGS_H
#define CLIENT_SETTINGS_H

#include "client/error.h"

#include "base/conf.h"

struct client_settings {
    const char *gateway, *organisation, *directory;
    const char *key, *key_file;
    const char *certificate_file, *certificate_key_file, *ca_file;
    int64_t connections_max, connect_timeout_ms, request_timeout_ms, answer_bytes_max;
    int64_t outbox_events_max, outbox_bytes_max, event_bytes_max, receipts_max;
    int64_t retry_first_ms, retry_max_ms;
    int64_t receipt_wait_seconds, receipt_poll_ms, receipt_patience_ms;
    int64_t feeds_max, feed_page_events, feed_wait_seconds;
    int64_t snapshot_bytes_max, snapshot_row_bytes_max, snapshot_timeout_ms;
    int64_t answer_releases;
};

extern const struct conf_row client_settings_rows[];
extern const size_t client_settings_row_count;

/* The values that were given, by the rows of the table. */
struct medhub_options {
    char *texts[64]; /* NULL: not given */
};

/* Fills SETTINGS; its texts are lent by OPTIONS. INVALID: something that must be given is missing, or two
 * options do not go together. */
enum medhub_status settings_fill(const struct medhub_options *options, struct client_settings *settings,
                                 struct medhub_error *error);
/* A copy that lives by itself; NULL when out of memory. */
struct medhub_options *settings_copy(const struct medhub_options *options);

#endif
