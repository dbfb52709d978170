/* changelog.h: what a decision changed in the store, as records of a compacted topic: the truth that the store follows.
 *
 * Record keys: 'r' + row key (value: the row; null removes it) · 't' + entity NUL name (value: due time 8 bytes
 * big-endian, type; null cancels) · 'd' + expiry 8 bytes + number 4 bytes, big-endian (value: the de-duplication
 * entries of one batch; null forgets them) · 'c' (value: the input offsets of the transaction, for the cross-check).
 *
 * Records carry no headers: they are the most frequent output and a header is an allocation. */
#ifndef STATE_CHANGELOG_H
#define STATE_CHANGELOG_H

#include "state/rows.h"

enum { CHANGELOG_ROW = 'r', CHANGELOG_TIMER = 't', CHANGELOG_DEDUPE = 'd', CHANGELOG_CHECKPOINT = 'c' };

/* Applies one record within the store's transaction. REJECT: not a record of ours (fault says why): the partition must
 * be refused, never skipped. Used by restore; live decisions write the same way through changelog_apply, so that what
 * is restored cannot differ from what was written. */
enum status changelog_apply(struct store *store, struct checkpoint *checkpoint, struct bytes key, struct bytes value,
                            struct fault *fault) MUST_CHECK;

/* Encode the input offsets of CHECKPOINT (value of the 'c' record). */
void changelog_encode_checkpoint(const struct checkpoint *checkpoint, struct buffer *value);
/* Writes the record key of a timer / a de-duplication segment. */
void changelog_timer_key(struct bytes entity, struct bytes name, struct buffer *key);
void changelog_segment_key(int64_t expires_ms, uint32_t number, struct buffer *key);

#endif
