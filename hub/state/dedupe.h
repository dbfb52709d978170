/* dedupe.h: which events (source, id) were decided, and how; forgotten when the window has passed.
 *
 * An entry is a row of the event's key. The entries of one batch form a segment that travels as one changelog record
 * and expires as a whole: one record per event would double the changelog. */
#ifndef STATE_DEDUPE_H
#define STATE_DEDUPE_H

#include "state/rows.h"

enum { DEDUPE_CODE_BYTES = 48, DEDUPE_NAME_BYTES = 16 };

struct dedupe_entry {
    uint8_t outcome; /* enum outcome of domain/decision.h */
    uint64_t fingerprint; /* of the payload: another payload under the same id is no duplicate but a mistake */
    uint64_t version;     /* of the first fact, 0 if refused */
    int64_t decided_ms;
    char code[DEDUPE_CODE_BYTES]; /* of the first finding of a refusal */
};

/* 16 bytes that stand for (SOURCE, ID). */
void dedupe_name(struct bytes source, struct bytes id, uint8_t name[DEDUPE_NAME_BYTES]);

/* False if (SOURCE, ID) was not decided for ENTITY within the window. */
bool dedupe_find(struct store *store, struct bytes entity, const uint8_t name[DEDUPE_NAME_BYTES],
                 struct dedupe_entry *entry);
/* Remembers it in the store and appends it to SEGMENT, the value of the batch's changelog record. */
enum status dedupe_remember(struct store *store, struct bytes entity, const uint8_t name[DEDUPE_NAME_BYTES],
                            const struct dedupe_entry *entry, struct buffer *segment, struct fault *fault) MUST_CHECK;

/* Used by changelog_apply: the entries of a segment come or (VALUE absent) go. */
enum status dedupe_apply_segment(struct store *store, struct bytes segment_key, struct bytes value,
                                 struct fault *fault) MUST_CHECK;
/* Calls EACH for the entries of a segment (the value of its changelog record) until it returns false; no store is needed.
 * False if the segment is malformed. */
bool dedupe_each_entry(struct bytes segment,
                       bool (*each)(struct bytes entity, struct bytes name, const struct dedupe_entry *entry,
                                    void *context),
                       void *context);
/* The segment that expires first, if it has by NOW_MS: its key (lent until the next write). */
bool dedupe_expired(struct store *store, int64_t now_ms, struct bytes *segment_key);
int64_t dedupe_segment_expires_ms(struct bytes segment_key);

#endif
