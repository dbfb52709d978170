/* store.h: the keyed state of one partition in one LMDB environment.
 *
 * The store follows Kafka, never leads: a transaction begins with the Kafka transaction and commits after it, with the
 * changelog offset inside as checkpoint. A crash between the two leaves the store behind; restore replays the rest.
 * Written without sync by default: a killed process loses nothing (the page cache stays), a machine that went down may
 * have torn the file, so a store that was not closed cleanly under another boot id is deleted and restored. Which it is
 * says a file of its own beside LMDB's.
 *
 * One thread owns a store. One write transaction at a time, in which reads see their own writes. Other threads may read
 * snapshots through a struct store_reader each. */
#ifndef STATE_STORE_H
#define STATE_STORE_H

#include "base/bytes.h"
#include "base/fault.h"

struct store;

struct store_settings {
    const char *directory; /* of all stores; made if missing */
    const char *boot_id;   /* "" = unknown: then only a clean store is trusted */
    bool sync_each;        /* fsync in each commit (state.sync=txn) */
    size_t map_bytes;      /* largest size of the file; it is sparse */
    int64_t now_ms;        /* of the clock, for age_ms_max */
    int64_t age_ms_max;    /* a store last written longer ago is discarded: its topic may have forgotten deletions that it
                              has not seen; 0: none is too old */
};

/* Opens DIRECTORY/NAME. *EMPTY: there is nothing in it (new, or not to be trusted and deleted). RETRY "state.in_use": it
 * is open already, in this process or another. */
enum status store_open(const struct store_settings *settings, const char *name, struct store **store, bool *empty,
                       struct fault *fault) MUST_CHECK;
/* Aborts what is open, syncs, marks the store clean and closes. NULL is fine. */
void store_close(struct store *store);

/* The one write transaction. Commit moves all of it or, when the file is full or the disk fails, nothing. */
enum status store_begin(struct store *store, struct fault *fault) MUST_CHECK;
enum status store_commit(struct store *store, struct fault *fault) MUST_CHECK;
void store_abort(struct store *store); /* does nothing if none is open */

/* Databases of a store. */
enum store_database {
    STORE_ROWS,     /* key: entity NUL kind name (rows.h) */
    STORE_TIMERS,   /* key: due time, name, entity (timers.c) */
    STORE_SEGMENTS, /* key: expiry, number: de-duplication entries that expire together (dedupe.h) */
    STORE_HISTORY,  /* of tables: every version of a row (tables.c) */
    STORE_META,     /* checkpoint, marks, offsets */
    STORE_DATABASES,
};
enum { STORE_KEY_BYTES_MAX = 511 };

/* FATAL "state.torn" once a read has failed since the store was opened: an answer "there is none" may then be wrong, so
 * it is asked before what was decided becomes visible. Begin, commit and renew ask it too. Closing such a store marks it
 * to be discarded. Any thread. */
enum status store_check(struct store *store, struct fault *fault) MUST_CHECK;

/* Within a transaction. The answer is lent until the next write; BYTES_NONE if there is none. */
struct bytes store_get(struct store *store, enum store_database database, struct bytes key);
enum status store_put(struct store *store, enum store_database database, struct bytes key, struct bytes value,
                      struct fault *fault) MUST_CHECK;
/* OK whether or not it was there. */
enum status store_delete(struct store *store, enum store_database database, struct bytes key,
                         struct fault *fault) MUST_CHECK;
/* The first entry whose key is >= FROM (lent like store_get); false at the end. */
bool store_seek(struct store *store, enum store_database database, struct bytes from, struct bytes *key,
                struct bytes *value);
/* Calls EACH for every entry that starts with PREFIX in order of key, until it returns false; EACH must not use the
 * store: it has one cursor. */
void store_each(struct store *store, enum store_database database, struct bytes prefix,
                bool (*each)(struct bytes key, struct bytes value, void *context), void *context);
/* The same, of those whose key comes after AFTER. */
void store_each_after(struct store *store, enum store_database database, struct bytes prefix, struct bytes after,
                      bool (*each)(struct bytes key, struct bytes value, void *context), void *context);

/* A snapshot of what is committed, for one thread at a time; independent of the writer. It does not change between
 * renewals; a released one must be renewed before it is read. What it lends lives as long as the snapshot. */
struct store_reader;
enum status store_reader_open(struct store *store, struct store_reader **reader, struct fault *fault) MUST_CHECK;
void store_reader_close(struct store_reader *reader); /* before the store */
enum status store_reader_renew(struct store_reader *reader, struct fault *fault) MUST_CHECK;
void store_reader_release(struct store_reader *reader); /* lets old pages go */
/* Names the snapshot: two of one number hold the same. */
uint64_t store_reader_snapshot(const struct store_reader *reader);
struct bytes store_reader_get(struct store_reader *reader, enum store_database database, struct bytes key);
/* The last entry whose key is <= UPTO; false if there is none. */
bool store_reader_seek_back(struct store_reader *reader, enum store_database database, struct bytes upto,
                            struct bytes *key, struct bytes *value);
void store_reader_each(struct store_reader *reader, enum store_database database, struct bytes prefix,
                       bool (*each)(struct bytes key, struct bytes value, void *context), void *context);

/* Where the store stands. Offsets are next offsets. */
enum { CHECKPOINT_INPUTS_MAX = 8 };
struct checkpoint {
    int64_t changelog_next; /* 0: nothing applied */
    size_t input_count;
    struct checkpoint_input {
        char topic[64];
        int64_t next_offset;
    } inputs[CHECKPOINT_INPUTS_MAX];
};
void store_checkpoint(struct store *store, struct checkpoint *checkpoint);
enum status store_set_checkpoint(struct store *store, const struct checkpoint *checkpoint,
                                 struct fault *fault) MUST_CHECK;
/* Finds TOPIC's entry or makes one with next_offset -1; NULL if there is no room. */
struct checkpoint_input *checkpoint_input(struct checkpoint *checkpoint, const char *topic);

#endif
