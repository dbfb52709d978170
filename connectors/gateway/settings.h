/* settings.h: every setting of the gateway as a table row (settings.c), whose text says what it bounds. */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "base/conf.h"

struct gateway_settings {
    const char *address;
    int64_t port;
    const char *directory;
    int64_t map_bytes;
    int64_t threads;
    int64_t query_threads;
    bool plain_http;
    const char *tls_certificate_file;
    const char *tls_key_file;
    const char *tls_client_ca_file;
    const char *secrets_directory;
    int64_t signature_window_seconds;
    int64_t nonces_max;
    int64_t header_bytes_max;
    int64_t body_bytes_max;
    int64_t bodies_bytes_max;
    int64_t request_memory_bytes_max;
    int64_t batch_events_max;
    int64_t connections_max;
    int64_t connections_per_address_max;
    int64_t idle_timeout_seconds;
    int64_t request_timeout_seconds;
    int64_t response_timeout_seconds;
    int64_t requests_per_second;
    int64_t requests_burst;
    int64_t organisations_max;
    int64_t queue_events_max;
    int64_t delivery_timeout_ms;
    int64_t linger_ms;
    int64_t wait_seconds_max;
    int64_t waiting_max;
    int64_t poll_ms;
    int64_t questions_max;
    int64_t page_events_max;
    int64_t stream_seconds_max;
    int64_t stream_buffer_bytes_max;
    int64_t keepalive_seconds;
    int64_t snapshot_seconds;
    int64_t snapshot_age_seconds_max;
    int64_t stop_timeout_seconds;
    const char *compression; /* none|lz4|zstd */
};

extern const struct conf_row gateway_settings_rows[];
extern const size_t gateway_settings_row_count;

#endif
