/* signing_key.h: keys of the organisations: making, reading, signing, verifying. OpenSSL stays behind it.
 *
 *     algorithm    name in HTTP   signature                                    public key in the registry
 *     Ed25519      ed25519        64 bytes (RFC 8032)                          32 bytes
 *     SM2 and SM3  sm2-sm3        64 bytes r || s (GB/T 32918.2), with the     65 bytes 04 || x || y
 *                                 default user id 1234567812345678 of GM/T 0009
 *     HMAC         hmac-sha256    32 bytes (RFC 2104)                          none: the secret lies in a file
 *
 * sm2-sm3 is ours: RFC 9421 has no SM2. Its form follows that RFC's ecdsa-p256-sha256 (r || s, not DER). A public key may
 * also be DER SubjectPublicKeyInfo, as `openssl pkey -pubout -outform DER` writes it.
 *
 * A key is constant once made: any number of threads may use it. */
#ifndef SIGNATURE_SIGNING_KEY_H
#define SIGNATURE_SIGNING_KEY_H

#include "base/bytes.h"
#include "base/fault.h"

enum signing_algorithm { SIGNING_ED25519, SIGNING_SM2_SM3, SIGNING_HMAC_SHA256, SIGNING_ALGORITHMS };
enum { SIGNATURE_BYTES_MAX = 64, SIGNING_PUBLIC_BYTES_MAX = 65, SIGNING_SECRET_BYTES_MIN = 16 };

/* "ed25519", "sm2-sm3", "hmac-sha256". */
const char *signing_algorithm_name(enum signing_algorithm algorithm);
bool signing_algorithm_parse(struct bytes name, enum signing_algorithm *algorithm);

struct signing_key;

/* A fresh key of ALGORITHM; HMAC: 32 random bytes. FATAL: no randomness or memory. */
enum status signing_key_generate(enum signing_algorithm algorithm, struct signing_key **key,
                                 struct fault *fault) MUST_CHECK;
/* Of Ed25519 or SM2, to verify with. REJECT "key.malformed". */
enum status signing_key_public(enum signing_algorithm algorithm, struct bytes public_key, struct signing_key **key,
                               struct fault *fault) MUST_CHECK;
/* REJECT "key.malformed": fewer than 16 bytes. */
enum status signing_key_secret(struct bytes secret, struct signing_key **key, struct fault *fault) MUST_CHECK;
/* TEXT of a file with a private key: PEM PKCS #8 (Ed25519 or SM2), or an HMAC secret as base64 in one line. REJECT
 * "key.malformed"; the fault never tells what the file holds. */
enum status signing_key_parse(struct bytes text, struct signing_key **key, struct fault *fault) MUST_CHECK;
/* The same out of the file PATH. REJECT "key.absent": there is none; RETRY "key.unreadable". */
enum status signing_key_load(const char *path, struct signing_key **key, struct fault *fault) MUST_CHECK;
void signing_key_free(struct signing_key *key); /* NULL is fine; the secret is wiped */

enum signing_algorithm signing_key_algorithm(const struct signing_key *key);
/* The bytes for the registry; 0 for HMAC. */
size_t signing_key_public_bytes(const struct signing_key *key, uint8_t bytes[SIGNING_PUBLIC_BYTES_MAX]);
/* Appends the private part in the form that signing_key_parse reads. */
enum status signing_key_write(const struct signing_key *key, struct buffer *out, struct fault *fault) MUST_CHECK;

/* FATAL: KEY is only public, or the library fails. */
enum status signing_key_sign(const struct signing_key *key, struct bytes message,
                             uint8_t signature[SIGNATURE_BYTES_MAX], size_t *length, struct fault *fault) MUST_CHECK;
/* HMACs are compared in constant time. */
bool signing_key_verify(const struct signing_key *key, struct bytes message, struct bytes signature);

#endif
