/* source.h: the consumer of a group: what this worker owns and reads.
 *
 * One thread owns a source and calls everything on it. Records are only read, and partitions only come and go, inside
 * source_poll: the worker keeps no transaction open across it, so a revocation never meets one. */
#ifndef KAFKA_SOURCE_H
#define KAFKA_SOURCE_H

#include "kafka/client.h"
#include "kafka/record.h"

struct source;

struct source_settings {
    const char *group;
    const char *instance; /* group.instance.id: static membership, so that a restart gets its partitions back at once;
                             NULL = dynamic */
    const char *const *topics;
    size_t topic_count;
    int session_timeout_ms;
    int poll_interval_ms_max; /* longer without source_poll and the group gives the partitions away */
};

/* Called inside source_poll on the owner's thread. A partition that comes is paused until source_resume. LOST on
 * revocation: somebody else may own it already. */
struct source_events {
    void (*assigned)(void *self, const char *topic, int32_t partition);
    void (*revoked)(void *self, const char *topic, int32_t partition, bool lost);
    void *self;
};

/* Subscribes and returns; partitions come later, inside source_poll. SETTINGS and its texts may go afterwards. */
enum status source_open(const struct kafka_client *client, const struct source_settings *settings,
                        struct source_events events, struct source **source, struct fault *fault) MUST_CHECK;
/* Leaves the group unless membership is static, and releases everything. */
void source_close(struct source *source);

/* Fault code of source_poll: the group has fenced this source. It is finished; a new one may join. */
#define SOURCE_FENCED "group.fenced"

/* True and a record if one came within TIMEOUT_MS. False: none; *FAULT tells of an error that needs a decision
 * (code empty = none): RETRY ones have been logged by the library and heal by themselves. */
bool source_poll(struct source *source, int timeout_ms, struct record *record, struct fault *fault);

/* True once the group has told this member its partitions, be they none. */
bool source_has_joined(const struct source *source);

/* Where the group stands for the partition: its next offset, or OFFSET_NONE if it never committed. Waits for
 * transactions in doubt to be decided. RETRY after TIMEOUT_MS. */
#define OFFSET_NONE (-1)
enum status source_committed(struct source *source, const char *topic, int32_t partition, int timeout_ms,
                             int64_t *next_offset, struct fault *fault) MUST_CHECK;

/* Reading goes on at OFFSET (OFFSET_NONE: at the beginning); what was read ahead is dropped. */
enum status source_seek(struct source *source, const char *topic, int32_t partition, int64_t offset,
                        struct fault *fault) MUST_CHECK;
void source_pause(struct source *source, const char *topic, int32_t partition);
void source_resume(struct source *source, const char *topic, int32_t partition);

/* End of the partition as last heard from the broker; OFFSET_NONE if unknown. Costs nothing. */
int64_t source_end(struct source *source, const char *topic, int32_t partition);

/* Commits an offset outside any transaction: the mistake that the chaos harness must see. Only with MEDHUB_FAULTS. */
enum status source_commit_outside(struct source *source, const char *topic, int32_t partition, int64_t next_offset,
                                  struct fault *fault) MUST_CHECK;

/* The rd_kafka_t, for sink_send_offsets. */
void *source_handle(struct source *source);

#endif
