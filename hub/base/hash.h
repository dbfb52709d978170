/* hash.h: 64-bit hashes for tables and fingerprints. Stable across machines and releases (they are stored),
 * not cryptographic: a fingerprint is only compared within what one organisation sent. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bytes.h"

/* XXH64. */
uint64_t hash_bytes(struct bytes bytes, uint64_t seed);

/* For tables in memory: a quarter of XXH64's instructions on short texts. Not to be stored: it may change with a release. */
uint64_t hash_quick(struct bytes bytes, uint64_t seed);

/* Java's murmur2 as Kafka's default partitioner uses it: partition = (murmur2 & 0x7fffffff) % count. */
int32_t hash_kafka_murmur2(struct bytes key);
int32_t hash_kafka_partition(struct bytes key, int32_t partition_count);

#endif
