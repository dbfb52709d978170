/* follower.h: the thread that keeps the global tables: every record of every medhub.table.* topic, for ever. */
#ifndef FLOW_FOLLOWER_H
#define FLOW_FOLLOWER_H

#include "kafka/client.h"
#include "state/tables.h"

#include <stdbool.h>

struct follower;

/* Starts at the offsets kept in TABLES and goes on until stopped. */
enum status follower_start(const struct kafka_client *client, struct tables *tables, const char *const *topics,
                           size_t topic_count, struct follower **follower, struct fault *fault) MUST_CHECK;
/* True once everything that was written when it started has been applied. Any thread. */
bool follower_is_ready(const struct follower *follower);
/* True once everything below OFFSET of that partition is in the tables. Any thread. */
bool follower_has_read(const struct follower *follower, const char *topic, int32_t partition, int64_t offset);
/* False once a record could not be applied; the tables are then too old to decide with. */
bool follower_is_alive(struct follower *follower, struct fault *fault);
void follower_stop(struct follower *follower);

#endif
