#include "gateway/bucket.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>

/* A set-associative table: whose place is one of WAYS; a stranger takes the place of the longest silent. Two names with one
 * 64-bit hash share a bucket. */
enum { WAYS = 8, MICRO = 1000000 };

struct bucket {
    uint64_t who;
    int64_t tokens_u; /* millionths of a token at seen_us */
    int64_t seen_us;
};

struct buckets {
    int64_t rate, burst;
    size_t set_count;
    pthread_mutex_t lock;
    struct bucket places[];
};

struct buckets *buckets_new(int64_t rate, int64_t burst, size_t count_max)
{
    size_t sets = (count_max + WAYS - 1) / WAYS;
    struct buckets *made = calloc(1, sizeof *made + sets * WAYS * sizeof(struct bucket));

    if (made == NULL)
        return NULL;
    made->rate = rate;
    made->burst = burst;
    made->set_count = sets;
    (void)pthread_mutex_init(&made->lock, NULL);
    return made;
}

void buckets_free(struct buckets *buckets)
{
    if (buckets == NULL)
        return;
    (void)pthread_mutex_destroy(&buckets->lock);
    free(buckets);
}

static struct bucket *place_of(struct buckets *buckets, uint64_t who, int64_t now_us)
{
    struct bucket *set = &buckets->places[who % buckets->set_count * WAYS], *silent = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].who == who)
            return &set[i];
        if (set[i].seen_us < silent->seen_us)
            silent = &set[i];
    }
    *silent = (struct bucket){who, buckets->burst * MICRO, now_us};
    return silent;
}

/* A second's rate is RATE * MICRO millionths: RATE each microsecond. */
static void fill(const struct buckets *buckets, struct bucket *bucket, int64_t now_us)
{
    int64_t full = buckets->burst * MICRO, passed_us = now_us - bucket->seen_us;

    if (passed_us <= 0)
        return;
    bool overflows = passed_us > full / buckets->rate;
    bucket->tokens_u = overflows ? full : bucket->tokens_u + passed_us * buckets->rate;
    if (bucket->tokens_u > full)
        bucket->tokens_u = full;
    bucket->seen_us = now_us;
}

int64_t buckets_take(struct buckets *buckets, const char *who, int64_t now_us)
{
    uint64_t hash = hash_bytes(bytes_of(who), 0) | 1; /* 0 is an empty place */
    int64_t wait_ms = 0;

    (void)pthread_mutex_lock(&buckets->lock);
    struct bucket *bucket = place_of(buckets, hash, now_us);
    fill(buckets, bucket, now_us);
    if (bucket->tokens_u >= MICRO)
        bucket->tokens_u -= MICRO;
    else
        wait_ms = (MICRO - bucket->tokens_u) / buckets->rate / 1000 + 1;
    (void)pthread_mutex_unlock(&buckets->lock);
    return wait_ms;
}
