#include "base/hash.h"

#include <assert.h>

/* XXH64, after the specification in xxHash's doc/xxhash_spec.md (version 0.1.1). */
#define PRIME_1 UINT64_C(0x9E3779B185EBCA87)
#define PRIME_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME_3 UINT64_C(0x165667B19E3779F9)
#define PRIME_4 UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME_5 UINT64_C(0x27D4EB2F165667C5)

enum { STRIPE_BYTES = 32 };

/* Little endian on every machine, because hashes are stored. */
static inline uint32_t read_32(const uint8_t *data)
{
    uint32_t value;

    memcpy(&value, data, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return value;
}

static inline uint64_t read_64(const uint8_t *data)
{
    uint64_t value;

    memcpy(&value, data, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static inline uint64_t mix_lane(uint64_t lane, uint64_t input)
{
    return rotate(lane + input * PRIME_2, 31) * PRIME_1;
}

static uint64_t merge_lane(uint64_t hash, uint64_t lane)
{
    return (hash ^ mix_lane(0, lane)) * PRIME_1 + PRIME_4;
}

/* The whole stripes of BYTES, which has at least one. Four variables, not an array in a loop: they stay in registers, half
 * the instructions. */
static uint64_t hash_stripes(struct bytes bytes, uint64_t seed)
{
    uint64_t a = seed + PRIME_1 + PRIME_2, b = seed + PRIME_2, c = seed, d = seed - PRIME_1;
    const uint8_t *end = bytes.data + bytes.length - bytes.length % STRIPE_BYTES;

    for (const uint8_t *at = bytes.data; at < end; at += STRIPE_BYTES) {
        a = mix_lane(a, read_64(at));
        b = mix_lane(b, read_64(at + 8));
        c = mix_lane(c, read_64(at + 16));
        d = mix_lane(d, read_64(at + 24));
    }
    uint64_t hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    hash = merge_lane(merge_lane(hash, a), b);
    return merge_lane(merge_lane(hash, c), d);
}

static uint64_t hash_tail(uint64_t hash, const uint8_t *data, size_t length)
{
    for (; length >= 8; data += 8, length -= 8)
        hash = rotate(hash ^ mix_lane(0, read_64(data)), 27) * PRIME_1 + PRIME_4;
    if (length >= 4) {
        hash = rotate(hash ^ read_32(data) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        data += 4, length -= 4;
    }
    for (; length > 0; data++, length--)
        hash = rotate(hash ^ *data * PRIME_5, 11) * PRIME_1;
    return hash;
}

static uint64_t avalanche(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * PRIME_2;
    hash = (hash ^ hash >> 29) * PRIME_3;
    return hash ^ hash >> 32;
}

uint64_t hash_bytes(struct bytes bytes, uint64_t seed)
{
    size_t striped = bytes.length - bytes.length % STRIPE_BYTES;
    uint64_t hash = striped > 0 ? hash_stripes(bytes, seed) : seed + PRIME_5;

    hash += bytes.length;
    if (striped < bytes.length)
        hash = hash_tail(hash, bytes.data + striped, bytes.length - striped);
    return avalanche(hash);
}

/* Both halves of the product, one over the other: each bit of either factor moves about half of the result's. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* 1 to 15 bytes as two words; the words overlap, the length tells texts apart. */
static inline uint64_t fold_short(struct bytes bytes, uint64_t hash)
{
    const uint8_t *end = bytes.data + bytes.length;

    if (bytes.length >= 8)
        return fold(read_64(bytes.data) ^ PRIME_2, read_64(end - 8) ^ hash);
    if (bytes.length >= 4)
        return fold(read_32(bytes.data) ^ PRIME_2, read_32(end - 4) ^ hash);
    uint64_t word = (uint64_t)bytes.data[0] << 16 | (uint64_t)bytes.data[bytes.length / 2] << 8 | end[-1];
    return fold(word ^ PRIME_2, hash);
}

/* 16 bytes a step, the last ones overlapping those before: after wyhash, whose speed comes from one multiplication for
 * two words. */
uint64_t hash_quick(struct bytes bytes, uint64_t seed)
{
    enum { STEP_BYTES = 16 };
    uint64_t hash = seed ^ (bytes.length * PRIME_1 + PRIME_5);

    if (bytes.length >= STEP_BYTES) {
        const uint8_t *last = bytes.data + bytes.length - STEP_BYTES;
        for (const uint8_t *at = bytes.data; at < last; at += STEP_BYTES)
            hash = fold(read_64(at) ^ PRIME_2, read_64(at + 8) ^ hash);
        hash = fold(read_64(last) ^ PRIME_3, read_64(last + 8) ^ hash);
    } else if (bytes.length > 0) {
        hash = fold_short(bytes, hash);
    }
    return fold(hash ^ PRIME_4, PRIME_1);
}

int32_t hash_kafka_murmur2(struct bytes key)
{
    enum { SHIFT = 24 };
    const uint32_t multiplier = 0x5bd1e995;
    uint32_t hash = 0x9747b28cu ^ (uint32_t)key.length;
    const uint8_t *data = key.data;
    size_t left = key.length;

    for (; left >= 4; data += 4, left -= 4) {
        uint32_t word = read_32(data) * multiplier;
        hash = hash * multiplier ^ (word ^ word >> SHIFT) * multiplier;
    }
    if (left > 0) {
        for (size_t i = 0; i < left; i++)
            hash ^= (uint32_t)data[i] << (8 * i);
        hash *= multiplier;
    }
    hash = (hash ^ hash >> 13) * multiplier;
    return (int32_t)(hash ^ hash >> 15);
}

int32_t hash_kafka_partition(struct bytes key, int32_t partition_count)
{
    assert(partition_count > 0);
    return (hash_kafka_murmur2(key) & INT32_MAX) % partition_count;
}
