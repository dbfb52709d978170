/* seal_suite.h: what differs between the suites; within hub/seal only. */
#ifndef SEAL_SEAL_SUITE_H
#define SEAL_SEAL_SUITE_H

#include "seal/seal.h"

#include <openssl/evp.h>

enum { CONTENT_KEY_BYTES_MAX = 48, TAG_BYTES_MAX = 32, WRAPPED_BYTES_MAX = 512 };

struct seal_key {
    enum seal_suite suite;
    EVP_PKEY *pair;
    bool is_private;
};

/* Both sides of one wrap. PRIVATE is the sender's fresh key when closing, the recipient's when opening. */
struct wrapping {
    const struct seal_wrap *wrap;
    struct bytes ephemeral_key; /* public */
    struct bytes recipient_key; /* public */
    EVP_PKEY *own;              /* who agrees: closing the ephemeral pair, opening the recipient's */
    EVP_PKEY *other;            /* with whom: closing the recipient's, opening the ephemeral key; suite 2: unused when opening */
    struct bytes place;         /* associated data */
};

struct suite_row {
    const char *openssl; /* key type */
    size_t public_bytes, content_key_bytes, tag_bytes, wrapped_min, wrapped_max;
    bool ephemeral; /* has a fresh key pair for the value */
    /* All return false when the library fails or nothing fits. OUT has room: see the maxima above. */
    bool (*wrap)(const struct wrapping *wrapping, struct bytes content_key, uint8_t *out, size_t *length);
    bool (*unwrap)(const struct wrapping *wrapping, uint8_t *content_key);
    /* OUT: as long as PLAIN and the tag. */
    bool (*encrypt)(const uint8_t *content_key, struct bytes place, struct bytes plain, uint8_t *out);
    bool (*decrypt)(const uint8_t *content_key, struct bytes place, struct bytes ciphertext, uint8_t *out);
};
extern const struct suite_row suite_rows[SEAL_SUITES];

/* A public key as OpenSSL has it; NULL if BYTES are none. */
EVP_PKEY *suite_public_pair(enum seal_suite suite, struct bytes bytes);
size_t suite_public_bytes(const EVP_PKEY *pair, uint8_t bytes[SEAL_PUBLIC_BYTES_MAX]);

#endif
