/* seal_key.h: keys that values are sealed to: making, reading, writing. Not the keys that organisations sign with.
 *
 *     suite                      public key in the registry     private key in a file
 *     X25519, AES-256-GCM        32 bytes (RFC 7748)            PEM PKCS #8
 *     SM2, SM4-CTR, HMAC-SM3     65 bytes 04 || x || y          PEM PKCS #8
 *
 * A key is constant once made: any number of threads may use it. */
#ifndef SEAL_SEAL_KEY_H
#define SEAL_SEAL_KEY_H

#include "base/bytes.h"
#include "base/fault.h"

enum seal_suite { SEAL_NO_SUITE, SEAL_X25519_AES256GCM, SEAL_SM2_SM4, SEAL_SUITES };
enum { SEAL_PUBLIC_BYTES_MAX = 65 };

struct seal_key;

/* FATAL "key.random": no randomness. SUITE is not SEAL_NO_SUITE, here and below. */
enum status seal_key_generate(enum seal_suite suite, struct seal_key **key, struct fault *fault) MUST_CHECK;
/* To seal to. REJECT "key.malformed". */
enum status seal_key_public(enum seal_suite suite, struct bytes public_key, struct seal_key **key,
                            struct fault *fault) MUST_CHECK;
/* To open with: PEM PKCS #8 without password. REJECT "key.malformed"; the fault never tells what the text holds. */
enum status seal_key_parse(struct bytes text, struct seal_key **key, struct fault *fault) MUST_CHECK;
/* The same out of the file PATH. REJECT "key.absent": there is none; RETRY "key.unreadable". */
enum status seal_key_load(const char *path, struct seal_key **key, struct fault *fault) MUST_CHECK;
void seal_key_free(struct seal_key *key); /* NULL is fine */

enum seal_suite seal_key_suite(const struct seal_key *key);
/* The bytes for the registry. */
size_t seal_key_public_bytes(const struct seal_key *key, uint8_t bytes[SEAL_PUBLIC_BYTES_MAX]);
/* Appends the private part as PEM. FATAL "key.public": it is not here. */
enum status seal_key_write(const struct seal_key *key, struct buffer *out, struct fault *fault) MUST_CHECK;

#endif
