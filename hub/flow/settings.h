/* settings.h: every setting of the hub as a table row (settings.c): parser, bounds, default, `medhub ctl conf` and the
 * documentation page come from it. */
#ifndef FLOW_SETTINGS_H
#define FLOW_SETTINGS_H

#include "base/conf.h"
#include "kafka/client.h"

struct settings {
    const char *kafka_brokers;
    const char *hub_group;
    const char *hub_instance;  /* static membership and transactional ids; "" = dynamic */
    const char *hub_operator;  /* the organisation that the hub itself speaks as */
    int64_t hub_workers;
    int64_t batch_events_max;
    int64_t batch_wait_ms;
    int64_t transaction_timeout_ms;
    int64_t session_timeout_ms;
    int64_t poll_interval_ms_max;
    int64_t linger_ms;
    const char *compression;
    int64_t timers_per_batch;
    int64_t timer_retry_ms;
    int64_t rebuilds_max;
    int64_t rebuild_window_ms;
    int64_t event_bytes_max;
    int64_t event_memory_bytes_max;
    const char *state_directory;
    const char *state_sync; /* none|txn */
    int64_t state_map_bytes;
    int64_t dedupe_days; /* where the policy has no value for dedupe.window_days */
    const char *signature_unsigned; /* accept|refuse */
    const char *signature_voucher_file, *signature_voucher_previous_file; /* "" = none */
    const char *signature_secrets_directory;                              /* of HMAC keys, ORGANISATION/KEY; "" = none */
    const char *monitor_address;
    int64_t monitor_port;
    const char *log_level;
};

/* Rows of struct settings and the prefix of librdkafka's properties, "kafka.client.". */
extern const struct conf_row settings_rows[];
extern const size_t settings_row_count;
extern const char *const settings_free_prefix;

/* Loads the settings and builds the Kafka client with the free properties, verified. CONF owns the texts. A property whose
 * value is "file:PATH" gets what stands in that file: passwords. */
enum status settings_load(struct conf_source source, struct settings *settings, struct kafka_client *client,
                          struct conf **conf, struct fault *fault) MUST_CHECK;
/* The same together with OTHERS, the tables of connectors, from one file. */
enum status settings_load_with(const struct conf_table *others, size_t other_count, struct conf_source source,
                               struct settings *settings, struct kafka_client *client, struct conf **conf,
                               struct fault *fault) MUST_CHECK;

#endif
