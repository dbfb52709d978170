#include "gateway/nonces.h"

#include "gateway/nonce_journal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* SPANS make keep_ms_max; what is alive lies in SPANS + 1 slots, and no two of these share a place. */
enum { SHARDS = 16, SPANS = 8, SLOTS = SPANS + 2, FIRST_CAPACITY = 64 };

/* An open-addressed set, at most half full. {0, 0} is an empty place: no digest is that in practice, and one that were would
 * be refused as seen. */
struct set {
    struct nonce *places;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

struct slot {
    int64_t number; /* of its span of time since 1970 */
    struct set set;
};

struct shard {
    pthread_mutex_t lock;
    struct slot slots[SLOTS];
};

struct nonces {
    size_t count_max;
    int64_t slot_ms;
    _Atomic size_t count; /* of all shards */
    struct nonce_journal *journal; /* or NULL */
    struct shard shards[SHARDS];
};

/* ---- a set ---- */

static bool is_equal(struct nonce a, struct nonce b)
{
    return a.high == b.high && a.low == b.low;
}

static bool is_empty(struct nonce nonce)
{
    return is_equal(nonce, (struct nonce){0, 0});
}

/* The place of NONCE, or the empty one where it belongs. */
static struct nonce *find(const struct set *set, struct nonce nonce)
{
    size_t at = nonce.low & (set->capacity - 1);

    while (!is_empty(set->places[at]) && !is_equal(set->places[at], nonce))
        at = (at + 1) & (set->capacity - 1);
    return &set->places[at];
}

static bool holds(const struct set *set, struct nonce nonce)
{
    return set->capacity > 0 && is_equal(*find(set, nonce), nonce);
}

static bool make_room(struct set *set)
{
    if (2 * (set->count + 1) <= set->capacity)
        return true;
    struct set larger = {.capacity = set->capacity == 0 ? FIRST_CAPACITY : 2 * set->capacity, .count = set->count};
    larger.places = calloc(larger.capacity, sizeof *larger.places);
    if (larger.places == NULL)
        return false;
    for (size_t i = 0; i < set->capacity; i++)
        if (!is_empty(set->places[i]))
            *find(&larger, set->places[i]) = set->places[i];
    free(set->places);
    *set = larger;
    return true;
}

static void forget(struct nonces *nonces, struct set *set)
{
    (void)atomic_fetch_sub(&nonces->count, set->count);
    free(set->places);
    *set = (struct set){0};
}

/* ---- all of them ---- */

/* Locked. */
static void forget_what_is_over(struct nonces *nonces, struct shard *shard, int64_t now_ms)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (shard->slots[i].set.capacity > 0 && shard->slots[i].number < now_ms / nonces->slot_ms)
            forget(nonces, &shard->slots[i].set);
}

static void forget_everywhere(struct nonces *nonces, int64_t now_ms)
{
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_lock(&nonces->shards[i].lock);
        forget_what_is_over(nonces, &nonces->shards[i], now_ms);
        (void)pthread_mutex_unlock(&nonces->shards[i].lock);
    }
}

/* Counts one more, unless all are taken. */
static bool reserve(struct nonces *nonces)
{
    size_t count = atomic_load(&nonces->count);

    while (count < nonces->count_max)
        if (atomic_compare_exchange_weak(&nonces->count, &count, count + 1))
            return true;
    return false;
}

static bool is_seen(const struct shard *shard, struct nonce nonce)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (holds(&shard->slots[i].set, nonce))
            return true;
    return is_empty(nonce);
}

/* Locked, and nothing that is over is left: the slot is empty or of the right time. */
static enum nonce_result take(struct nonces *nonces, struct shard *shard, struct nonce nonce, int64_t until_ms)
{
    int64_t number = until_ms / nonces->slot_ms;
    struct slot *slot = &shard->slots[number % SLOTS];

    if (is_seen(shard, nonce))
        return NONCE_SEEN;
    if (slot->set.count > 0 && slot->number != number)
        return NONCE_FULL; /* the clock was set back: what lies there must not be forgotten yet */
    if (!make_room(&slot->set) || !reserve(nonces))
        return NONCE_FULL;
    *find(&slot->set, nonce) = nonce;
    slot->set.count++;
    slot->number = number;
    return NONCE_NEW;
}

static enum nonce_result take_locking(struct nonces *nonces, struct nonce nonce, int64_t until_ms, int64_t now_ms)
{
    struct shard *shard = &nonces->shards[nonce.high % SHARDS];

    (void)pthread_mutex_lock(&shard->lock);
    forget_what_is_over(nonces, shard, now_ms);
    enum nonce_result result = take(nonces, shard, nonce, until_ms);
    (void)pthread_mutex_unlock(&shard->lock);
    return result;
}

enum nonce_result nonces_take(struct nonces *nonces, struct nonce nonce, int64_t until_ms, int64_t now_ms)
{
    int64_t end_ms = (until_ms / nonces->slot_ms + 1) * nonces->slot_ms;
    enum nonce_result result = take_locking(nonces, nonce, until_ms, now_ms);

    if (result == NONCE_FULL) {
        forget_everywhere(nonces, now_ms); /* other shards may hold what is over */
        result = take_locking(nonces, nonce, until_ms, now_ms);
    }
    if (result != NONCE_NEW || nonces->journal == NULL)
        return result;
    return nonce_journal_add(nonces->journal, nonce, until_ms, end_ms, now_ms) ? NONCE_NEW : NONCE_FULL;
}

size_t nonces_count(struct nonces *nonces)
{
    return atomic_load(&nonces->count);
}

/* ---- beginning and end ---- */

struct beginning {
    struct nonces *nonces;
    int64_t now_ms;
};

/* Of the journal; the journal has it already. What was to be kept longer than today is kept as long as can be. */
static void take_again(struct nonce nonce, int64_t until_ms, void *context)
{
    struct beginning *beginning = context;
    struct nonces *nonces = beginning->nonces;
    int64_t last_ms = beginning->now_ms + SPANS * (nonces->slot_ms - 1);

    (void)take(nonces, &nonces->shards[nonce.high % SHARDS], nonce, until_ms < last_ms ? until_ms : last_ms);
}

enum status nonces_open(size_t count_max, int64_t keep_ms_max, const char *directory, int64_t now_ms,
                        struct nonces **nonces, struct fault *fault)
{
    struct nonces *made = calloc(1, sizeof *made);
    struct beginning beginning = {made, now_ms};

    *nonces = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for nonces");
    made->count_max = count_max;
    made->slot_ms = keep_ms_max / SPANS + 1;
    for (size_t i = 0; i < SHARDS; i++)
        (void)pthread_mutex_init(&made->shards[i].lock, NULL);
    enum status status = STATUS_OK;
    if (directory != NULL)
        status = nonce_journal_open(directory, now_ms, take_again, &beginning, &made->journal, fault);
    if (status == STATUS_OK)
        *nonces = made;
    else
        nonces_close(made);
    return status;
}

void nonces_close(struct nonces *nonces)
{
    for (size_t i = 0; nonces != NULL && i < SHARDS; i++) {
        for (size_t j = 0; j < SLOTS; j++)
            free(nonces->shards[i].slots[j].set.places);
        (void)pthread_mutex_destroy(&nonces->shards[i].lock);
    }
    if (nonces != NULL)
        nonce_journal_close(nonces->journal);
    free(nonces);
}
