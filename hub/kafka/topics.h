/* topics.h: the topics that medhub needs, held against those that a cluster has.
 *
 * The wanted ones are schemas/topics.csv, embedded at build time. What is missing is created and what is too
 * small is raised; nothing is ever deleted, shortened or reduced, and the number of partitions of a topic
 * never changes, because a key's state lives in the partition that the number gave it. What only a person may
 * decide is told, not done. */
#ifndef KAFKA_TOPICS_H
#define KAFKA_TOPICS_H

#include "base/arena.h"
#include "kafka/client.h"

/* How long compacted topics keep deletions (delete.retention.ms): whoever was away longer must read the topic anew. */
#define TOPICS_DELETION_MS 2592000000
/* What a follower may have missed of that at most, with a day to spare for reading. */
#define TOPICS_AWAY_MS_MAX (TOPICS_DELETION_MS - 86400000)

struct topic_row {
    const char *name, *key, *cleanup_policy, *what, *what_zh;
    int32_t partitions;
    int32_t min_insync_replicas;
    int64_t retention_ms; /* -1 = for ever */
    int64_t max_message_bytes;
};

struct topics {
    struct topic_row *rows;
    size_t count;
};

/* The shipped rows. Lent by ARENA. FATAL if the file is wrong, which a unit test excludes. */
enum status topics_shipped(struct arena *arena, struct topics *topics, struct fault *fault) MUST_CHECK;
/* Reads CSV with the columns of schemas/topics.csv. REJECT names line and column. */
enum status topics_parse(struct bytes csv, struct arena *arena, struct topics *topics,
                         struct fault *fault) MUST_CHECK;
const struct topic_row *topics_find(const struct topics *topics, const char *name);

/* A topic as the cluster has it. A setting that the cluster does not tell (the embedded broker) is NULL. */
struct topic_seen {
    const char *name;
    int32_t partitions, replicas;
    const char *cleanup_policy, *min_insync_replicas, *retention_ms, *max_message_bytes;
};

struct topics_seen {
    int broker_count;
    struct topic_seen *items;
    size_t count;
};

enum topic_action {
    TOPIC_CREATE,  /* is not there */
    TOPIC_RAISE,   /* a setting that may be set without losing anything */
    TOPIC_DIFFERS, /* only a person may change it; REASON says why */
};

struct topic_change {
    enum topic_action action;
    const struct topic_row *row;
    const char *setting; /* "" for TOPIC_CREATE */
    const char *current, *wanted, *reason;
    int32_t replicas; /* for TOPIC_CREATE */
};

struct topics_plan {
    struct topic_change *changes;
    size_t count;
};

/* Pure: what would have to be done. Replicas are min(3, brokers), min.insync.replicas not more than these. An
 * empty plan means that all is as wanted. */
enum status topics_plan(const struct topics *wanted, const struct topics_seen *seen, struct arena *arena,
                        struct topics_plan *plan, struct fault *fault) MUST_CHECK;

/* Asks the cluster for the topics of WANTED. RETRY if it cannot be reached within TIMEOUT_MS. Blocks. */
enum status topics_describe(const struct kafka_client *client, const struct topics *wanted, int timeout_ms,
                            struct arena *arena, struct topics_seen *seen, struct fault *fault) MUST_CHECK;

/* Does what the plan says except TOPIC_DIFFERS. A topic that somebody else created meanwhile is fine. Blocks.
 */
enum status topics_apply(const struct kafka_client *client, const struct topics_plan *plan, int timeout_ms,
                         struct fault *fault) MUST_CHECK;

/* How many changes of the plan keep a hub from working: topics that are missing or have other partition
 * counts. */
size_t topics_plan_blocking(const struct topics_plan *plan);

#endif
