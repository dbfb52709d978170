/* nonces.h: which requests were seen, so that none is taken twice. Bounded in time and number; any thread.
 *
 * A request is named by 128 bits that nobody can choose (a digest of its key's id and its nonce). They are kept in shards,
 * each with its own lock and a wheel of slots by the time at which a nonce may be forgotten; a slot that is over is forgotten
 * whole. With a folder they are written there too (nonce_journal.h) and known again after a restart. */
#ifndef GATEWAY_NONCES_H
#define GATEWAY_NONCES_H

#include "base/bytes.h"
#include "base/fault.h"

struct nonces;
struct nonce {
    uint64_t high, low;
};
enum nonce_result { NONCE_NEW, NONCE_SEEN, NONCE_FULL };

/* Remembers up to COUNT_MAX, none longer than KEEP_MS_MAX. Takes memory as it fills, at most some 64 bytes for each. DIRECTORY
 * (made if missing) may be NULL: then a restart forgets all. FATAL: no memory, or the folder cannot be used. */
enum status nonces_open(size_t count_max, int64_t keep_ms_max, const char *directory, int64_t now_ms,
                        struct nonces **nonces, struct fault *fault) MUST_CHECK;
void nonces_close(struct nonces *nonces); /* NULL is fine */

/* Takes NONCE at NOW_MS and remembers it until UNTIL_MS and up to an eighth of KEEP_MS_MAX longer: of two threads that come
 * with the same one, one gets NONCE_NEW. FULL: as many as allowed are remembered (or memory is out, or the folder cannot be
 * written), so it cannot be told; the request must not be served. UNTIL_MS lies between NOW_MS and NOW_MS + KEEP_MS_MAX. */
enum nonce_result nonces_take(struct nonces *nonces, struct nonce nonce, int64_t until_ms, int64_t now_ms);
size_t nonces_count(struct nonces *nonces);

#endif
