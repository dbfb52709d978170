/* group.h: where a consumer group stands, asked from outside, without joining it. */
#ifndef KAFKA_GROUP_H
#define KAFKA_GROUP_H

#include "kafka/client.h"

struct group_offset {
    const char *topic;
    int32_t partition;
    int64_t next_offset; /* OFFSET_NONE (kafka/source.h) if nothing was committed */
};

/* Fills next_offset of all OFFSETS. RETRY if the coordinator does not answer within TIMEOUT_MS. Blocks. */
enum status group_committed(const struct kafka_client *client, const char *group,
                            struct group_offset *offsets, size_t count, int timeout_ms,
                            struct fault *fault) MUST_CHECK;

#endif
