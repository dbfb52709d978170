/* hub.h: the stream processor as a whole: N workers, the follower of the global tables, health.
 *
 * hub_start returns when the threads run, not when they are ready; hub_is_ready says the latter (restored, assigned,
 * tables caught up). hub_stop finishes the batches in hand, leaves nothing open and joins all threads. */
#ifndef FLOW_HUB_H
#define FLOW_HUB_H

#include "domain/rule.h"
#include "flow/settings.h"

#include "base/clock.h"

struct hub;
struct stage;

struct hub_options {
    const struct domain *const *domains; /* NULL-terminated, e.g. domains_all */
    const struct stage *stages;          /* NULL = stages_standard (flow/stages.h) */
    struct clock clock;
    const char *boot_id; /* of the machine: a store written without sync under another one is not trusted */
};

/* Verifies that all topics exist with matching partition counts. SETTINGS and CLIENT must outlive the hub. */
enum status hub_start(const struct settings *settings, const struct kafka_client *client,
                      const struct hub_options *options, struct hub **hub, struct fault *fault) MUST_CHECK;

/* True when every assigned partition is restored and the tables were caught up once. Any thread. */
bool hub_is_ready(struct hub *hub);
/* False once a worker has ended by a fatal fault, which is then in *FAULT. Any thread. */
bool hub_is_alive(struct hub *hub, struct fault *fault);
/* Rows of TABLE applied so far by the follower, and the sum over all tables when TABLE is NULL. Any thread. */
uint64_t hub_table_rows(struct hub *hub, const char *table);
/* True once everything below OFFSET of that partition of a table's topic is in the tables. Any thread. */
bool hub_has_followed(struct hub *hub, const char *topic, int32_t partition, int64_t offset);

/* Blocks until the batches in hand are committed and all threads have ended; releases everything. NULL is fine. */
void hub_stop(struct hub *hub);

/* Reads /proc/sys/kernel/random/boot_id into BOOT_ID; "" if there is none. */
void hub_read_boot_id(char boot_id[64]);

#endif
