/* seal.h: a person's identity, encrypted to the organisations that must open it and bound to its place.
 *
 * Name, identity number and telephone travel sealed: medhub.common.v1.Sealed. A fresh content key encrypts the value once; it
 * is wrapped for each recipient under that recipient's encryption key. Source and id of the event and the name of the field
 * are associated data: a sealed value that is moved to another event or field does not open. The hub cannot open it; it
 * passes to each recipient only that recipient's own wrap.
 *
 *     suite 1   one fresh X25519 pair for the value. For a recipient: HKDF-SHA-256 of the agreed secret (salt: both public
 *               keys; info: "medhub seal 1", recipient and key id) is the wrapping key; the content key is wrapped and the
 *               value encrypted with AES-256-GCM, the nonce zero because each key is used once, the tag (16 bytes) at the end.
 *     suite 2   the content key (SM4 key, then HMAC key) is encrypted with SM2 (GB/T 32918.4, DER as GM/T 0009) to each
 *               recipient; the value is encrypted with SM4-CTR, the counter from zero, and authenticated with HMAC-SM3 over
 *               associated data and ciphertext (32 bytes at the end). No SM4-GCM: OpenSSL 3.0 has none.
 *
 * Associated data: "medhub seal 1", source, id, field, each followed by a NUL. */
#ifndef SEAL_SEAL_H
#define SEAL_SEAL_H

#include "base/arena.h"
#include "seal/seal_key.h"

enum {
    SEAL_WRAPS_MAX = 32,
    SEAL_PLAIN_BYTES_MAX = 4000, /* so that the ciphertext fits the schema's field */
    SEAL_NAME_BYTES_MAX = 64,    /* of recipients and key ids */
};

/* One recipient's way to the content key. */
struct seal_wrap {
    const char *recipient, *key_id;
    struct bytes wrapped_key;
};

/* medhub.common.v1.Sealed. */
struct sealed {
    enum seal_suite suite;
    const char *key_id; /* names the content key: tells two sealings apart in a log */
    struct bytes ephemeral_key; /* suite 1: 32 bytes; suite 2: none */
    struct bytes ciphertext;
    struct seal_wrap *wraps;
    size_t wrap_count;
};

/* Where a sealed value belongs: ce_source, ce_id, and the field's path in the message, "identity". */
struct seal_place {
    const char *source, *id, *field;
};

struct seal_recipient {
    const char *organisation, *key_id;
    const struct seal_key *key; /* all of one suite */
};

/* Seals PLAIN for COUNT recipients (1 to SEAL_WRAPS_MAX). What SEALED points to lies in ARENA. REJECT "seal.recipients": none,
 * too many, of several suites, or one without a proper name; "seal.too_long". FATAL: no randomness or memory. */
enum status seal_close(const struct seal_place *place, const struct seal_recipient *recipients, size_t count,
                       struct bytes plain, struct arena *arena, struct sealed *sealed, struct fault *fault) MUST_CHECK;

/* Opens it as RECIPIENT with KEY; the wrap is that of KEY_ID, or with KEY_ID NULL each of the recipient's until one opens.
 * PLAIN lies in ARENA. REJECT "seal.malformed": see seal_wrong; "seal.not_for_us": no wrap for that recipient and key id;
 * "seal.not_opened": another key, another place, or something was changed; which of these nobody can tell. */
enum status seal_open(const struct sealed *sealed, const struct seal_place *place, const char *recipient, const char *key_id,
                      const struct seal_key *key, struct arena *arena, struct bytes *plain, struct fault *fault) MUST_CHECK;

/* What is wrong with its form, for somebody who has no key: "ephemeral_key", "wraps" ...; NULL: it looks sealed. */
const char *seal_wrong(const struct sealed *sealed);

#endif
