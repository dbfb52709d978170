/* keyring.h: the keys of callers, made ready once and used many times. What counts is still what the registry and the folder of
 * secrets say at the moment of use:
 *
 *     public key    is found by its bytes, which the caller has just read in the registry
 *     secret        is found by its path; each use looks at the file (which one it is, its size and times) and reads it again
 *                   if anything differs, or if it was changed so lately that another change might not show in its times
 *
 * A bounded number is kept; one that falls out, and one whose file has gone, is wiped with its last use. Any thread. */
#ifndef GATEWAY_KEYRING_H
#define GATEWAY_KEYRING_H

#include "signature/signing_key.h"

enum { KEYRING_PLACES = 4096, KEYRING_YOUNG_MS = 2000 };

struct keyring;
struct keyring_key; /* in use */

/* A file that was changed less than YOUNG_MS ago is read at each use: more than the coarsest tick of a file system's times.
 * NULL: no memory. */
struct keyring *keyring_new(int64_t young_ms);
void keyring_free(struct keyring *ring); /* no key is in use; NULL is fine */

/* Of Ed25519 or SM2; as signing_key_public. *KEY is NULL on failure. */
enum status keyring_public(struct keyring *ring, enum signing_algorithm algorithm, struct bytes public_key,
                           struct keyring_key **key, struct fault *fault) MUST_CHECK;
/* The key in the file PATH; as signing_key_load. */
enum status keyring_secret(struct keyring *ring, const char *path, struct keyring_key **key, struct fault *fault) MUST_CHECK;

const struct signing_key *keyring_key_of(const struct keyring_key *key); /* NULL of NULL */
void keyring_release(struct keyring_key *key);                            /* NULL is fine */

#endif
