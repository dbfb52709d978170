#include "gateway/keyring.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { LOCKS = 64 };
static_assert(KEYRING_PLACES % LOCKS == 0, "a lock has the same number of places as any other");

/* What tells a file from another, or from itself before a change. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

struct keyring_key {
    atomic_int references; /* of its place, and of each use */
    struct signing_key *key;
    int kind; /* the algorithm of a public key; SECRET */
    struct stamp stamp;
    size_t name_length;
    uint8_t name[]; /* the bytes of the public key, or the path */
};

enum { SECRET = SIGNING_ALGORITHMS };

struct keyring {
    int64_t young_ms;
    pthread_mutex_t locks[LOCKS]; /* over the places that leave their number as remainder */
    struct keyring_key *places[KEYRING_PLACES];
};

const struct signing_key *keyring_key_of(const struct keyring_key *key)
{
    return key == NULL ? NULL : key->key;
}

void keyring_release(struct keyring_key *key)
{
    if (key == NULL || atomic_fetch_sub(&key->references, 1) > 1)
        return;
    signing_key_free(key->key);
    free(key);
}

/* ---- places ---- */

static size_t place_of(int kind, struct bytes name)
{
    return hash_quick(name, (uint64_t)kind) % KEYRING_PLACES;
}

static bool is_same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool is_named(const struct keyring_key *key, int kind, struct bytes name)
{
    return key != NULL && key->kind == kind && bytes_equal(bytes_from(key->name, key->name_length), name);
}

/* STAMP of a secret; NULL of a public key. */
static struct keyring_key *find(struct keyring *ring, int kind, struct bytes name, const struct stamp *stamp)
{
    size_t place = place_of(kind, name);
    pthread_mutex_t *lock = &ring->locks[place % LOCKS];

    (void)pthread_mutex_lock(lock);
    struct keyring_key *found = ring->places[place];
    if (!is_named(found, kind, name) || (stamp != NULL && !is_same_stamp(&found->stamp, stamp)))
        found = NULL;
    if (found != NULL)
        (void)atomic_fetch_add(&found->references, 1);
    (void)pthread_mutex_unlock(lock);
    return found;
}

/* Whatever had its place goes: it can be made again. */
static void keep(struct keyring *ring, struct keyring_key *key)
{
    size_t place = place_of(key->kind, bytes_from(key->name, key->name_length));
    pthread_mutex_t *lock = &ring->locks[place % LOCKS];

    (void)atomic_fetch_add(&key->references, 1);
    (void)pthread_mutex_lock(lock);
    struct keyring_key *before = ring->places[place];
    ring->places[place] = key;
    (void)pthread_mutex_unlock(lock);
    keyring_release(before);
}

static void forget(struct keyring *ring, int kind, struct bytes name)
{
    size_t place = place_of(kind, name);
    pthread_mutex_t *lock = &ring->locks[place % LOCKS];

    (void)pthread_mutex_lock(lock);
    struct keyring_key *gone = is_named(ring->places[place], kind, name) ? ring->places[place] : NULL;
    if (gone != NULL)
        ring->places[place] = NULL;
    (void)pthread_mutex_unlock(lock);
    keyring_release(gone);
}

/* Takes MADE over, also on failure. */
static enum status enter(int kind, struct bytes name, struct signing_key *made, struct keyring_key **key, struct fault *fault)
{
    *key = calloc(1, sizeof **key + name.length);
    if (*key == NULL) {
        signing_key_free(made);
        return fault_retry(fault, "memory.out", "no memory for a key");
    }
    atomic_init(&(*key)->references, 1);
    (*key)->key = made;
    (*key)->kind = kind;
    (*key)->name_length = name.length;
    memcpy((*key)->name, name.data, name.length);
    return STATUS_OK;
}

/* ---- keys ---- */

enum status keyring_public(struct keyring *ring, enum signing_algorithm algorithm, struct bytes public_key,
                           struct keyring_key **key, struct fault *fault)
{
    struct signing_key *made = NULL;

    *key = find(ring, (int)algorithm, public_key, NULL);
    if (*key != NULL)
        return STATUS_OK;
    enum status status = signing_key_public(algorithm, public_key, &made, fault);
    if (status == STATUS_OK)
        status = enter((int)algorithm, public_key, made, key, fault);
    if (status == STATUS_OK)
        keep(ring, *key);
    return status;
}

static bool look_at(const char *path, struct stamp *stamp)
{
    struct stat seen;

    if (stat(path, &seen) != 0)
        return false;
    *stamp = (struct stamp){seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtim, seen.st_ctim};
    return true;
}

/* The clock that the file system's times come from, whatever the gateway takes for now. */
static bool is_young(const struct keyring *ring, const struct stamp *stamp)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return true;
    return (now.tv_sec - stamp->changed.tv_sec) * 1000 + (now.tv_nsec - stamp->changed.tv_nsec) / 1000000 <= ring->young_ms;
}

/* Looked at before it is read: what is written in between has other times, and is read at the next use. */
enum status keyring_secret(struct keyring *ring, const char *path, struct keyring_key **key, struct fault *fault)
{
    struct bytes name = bytes_of(path);
    struct stamp stamp = {0};
    struct signing_key *made = NULL;
    bool there = look_at(path, &stamp);

    *key = there ? find(ring, SECRET, name, &stamp) : NULL;
    if (*key != NULL)
        return STATUS_OK;
    forget(ring, SECRET, name);
    enum status status = signing_key_load(path, &made, fault);
    if (status == STATUS_OK)
        status = enter(SECRET, name, made, key, fault);
    if (status != STATUS_OK)
        return status;
    (*key)->stamp = stamp;
    if (there && !is_young(ring, &stamp))
        keep(ring, *key);
    return STATUS_OK;
}

/* ---- beginning and end ---- */

struct keyring *keyring_new(int64_t young_ms)
{
    struct keyring *ring = calloc(1, sizeof *ring);

    if (ring == NULL)
        return NULL;
    ring->young_ms = young_ms;
    for (size_t i = 0; i < LOCKS; i++)
        (void)pthread_mutex_init(&ring->locks[i], NULL);
    return ring;
}

void keyring_free(struct keyring *ring)
{
    if (ring == NULL)
        return;
    for (size_t i = 0; i < KEYRING_PLACES; i++)
        keyring_release(ring->places[i]);
    for (size_t i = 0; i < LOCKS; i++)
        (void)pthread_mutex_destroy(&ring->locks[i]);
    free(ring);
}
