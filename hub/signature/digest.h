/* digest.h: Content-Digest (RFC 9530): a dictionary of digests of the body as it travels. sha-256 and sha-512 are the RFC's,
 * sm3 (GB/T 32905) is an extension of ours with 32 bytes. Pure, any thread. */
#ifndef SIGNATURE_DIGEST_H
#define SIGNATURE_DIGEST_H

#include "base/arena.h"
#include "base/fault.h"

enum digest_algorithm { DIGEST_SHA_256, DIGEST_SHA_512, DIGEST_SM3, DIGEST_ALGORITHMS };
enum { DIGEST_BYTES_MAX = 64 };

/* "sha-256" */
const char *digest_algorithm_name(enum digest_algorithm algorithm);

/* Returns the length, 0 if the library fails. */
size_t digest_of(enum digest_algorithm algorithm, struct bytes body, uint8_t digest[DIGEST_BYTES_MAX]);

/* Appends the value of the header: "sha-256=:X48E...:=:". */
void content_digest_write(enum digest_algorithm algorithm, struct bytes body, struct buffer *out);

/* Every digest of FIELD whose algorithm is known holds, and there is one. REJECT "signature.syntax" or "signature.digest". */
enum status content_digest_check(struct bytes field, struct bytes body, struct arena *arena,
                                 struct fault *fault) MUST_CHECK;

#endif
