/* place.h: where a record lies in Kafka, as one number: topic, partition and offset are the identity of everything in the
 * read model, and one 64-bit key is what both databases are fastest with.
 *
 * 7 bits of a topic's number in the database (its table `topic`), 13 of the partition, 43 of the offset: places of one
 * partition are one range in order of offset. */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include "store/sql.h"

enum { PLACE_TOPICS_MAX = 127, PLACE_PARTITIONS_MAX = 8192 };
#define PLACE_OFFSET_BITS 43
#define PLACE_OFFSET_MAX  ((INT64_C(1) << PLACE_OFFSET_BITS) - 1)

static inline int64_t place_make(int topic, int32_t partition, int64_t offset)
{
    return ((int64_t)topic << 56) | ((int64_t)partition << PLACE_OFFSET_BITS) | offset;
}
static inline int place_topic(int64_t place)
{
    return (int)(place >> 56);
}
static inline int32_t place_partition(int64_t place)
{
    return (int32_t)((place >> PLACE_OFFSET_BITS) & (PLACE_PARTITIONS_MAX - 1));
}
static inline int64_t place_offset(int64_t place)
{
    return place & PLACE_OFFSET_MAX;
}

/* Names of topics by their numbers, as the database has them. */
struct topic_names {
    char *names[PLACE_TOPICS_MAX + 1]; /* from 1; NULL: not in use */
    int count;
};

/* Reads what was added since the last call. */
enum status topic_names_load(struct topic_names *topics, struct sql *sql, struct fault *fault) MUST_CHECK;
void topic_names_done(struct topic_names *topics);
/* 0: not there. */
int topic_names_find(const struct topic_names *topics, const char *name);
/* "" if it is not there. */
const char *topic_names_get(const struct topic_names *topics, int number);
/* Finds or adds within the writer's transaction. REJECT: there are PLACE_TOPICS_MAX already. */
enum status topic_names_add(struct topic_names *topics, struct sql *sql, const char *name, int *number,
                            struct fault *fault) MUST_CHECK;

/* The place of a record. REJECT: partition or offset is beyond what a place holds. */
enum status place_of(struct topic_names *topics, struct sql *sql, const char *topic, int32_t partition, int64_t offset,
                     int64_t *place, struct fault *fault) MUST_CHECK;

#endif
