/* sealed_json.h: a sealed value as it stands in an event's JSON, and back: medhub.common.v1.Sealed.
 *
 *     {"keyId":"s1f…","suite":"SEAL_SUITE_X25519_AES256GCM","ephemeralKey":"…","ciphertext":"…",
 *      "wraps":[{"recipient":"P65010000001","keyId":"e1","wrappedKey":"…"}]} */
#ifndef SEAL_SEALED_JSON_H
#define SEAL_SEALED_JSON_H

#include "seal/seal.h"

struct json_t; /* jansson */

/* The caller gives it back; NULL when memory is out. */
struct json_t *sealed_to_json(const struct sealed *sealed);
/* What SEALED points to lies in ARENA. REJECT "seal.malformed": the fault names the member. Members that are not known are
 * passed over. Whatever comes out has the form of its suite (seal_wrong is NULL). */
enum status sealed_of_json(const struct json_t *json, struct arena *arena, struct sealed *sealed,
                           struct fault *fault) MUST_CHECK;
/* The same out of text. */
enum status sealed_parse(struct bytes text, struct arena *arena, struct sealed *sealed, struct fault *fault) MUST_CHECK;

/* A recipient's public key out of a medhub.registry.v1.Key, as the registry holds it and `medhub ctl key new --use encryption`
 * prints it. KEY_ID lies in ARENA, the key is the caller's. REJECT "key.malformed", also of a key that is for signing. */
enum status seal_key_of_json(const struct json_t *json, struct arena *arena, const char **key_id, struct seal_key **key,
                             struct fault *fault) MUST_CHECK;

/* "SEAL_SUITE_SM2_SM4": as the schema names it. */
const char *seal_suite_name(enum seal_suite suite);

#endif
