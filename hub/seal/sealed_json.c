#include "seal/sealed_json.h"

#include "base/text.h"

#include <jansson.h>
#include <string.h>

enum { FIELD_BYTES_MAX = SEAL_PLAIN_BYTES_MAX + 64, TEXT_BYTES_MAX = 64 * 1024 };

static const char *const suite_names[SEAL_SUITES] = {
    [SEAL_NO_SUITE] = "SEAL_SUITE_UNSPECIFIED",
    [SEAL_X25519_AES256GCM] = "SEAL_SUITE_X25519_AES256GCM",
    [SEAL_SM2_SM4] = "SEAL_SUITE_SM2_SM4",
};

const char *seal_suite_name(enum seal_suite suite)
{
    return suite_names[suite];
}

/* --- to JSON --- */

static json_t *base64_json(struct bytes bytes)
{
    char text[TEXT_BASE64_LENGTH(FIELD_BYTES_MAX) + 1];
    return text_base64_encode(bytes, text, sizeof text) > 0 ? json_string(text) : json_string("");
}

json_t *sealed_to_json(const struct sealed *sealed)
{
    json_t *wraps = json_array();
    for (size_t i = 0; i < sealed->wrap_count; i++) {
        const struct seal_wrap *wrap = &sealed->wraps[i];
        (void)json_array_append_new(wraps, json_pack("{s:s, s:s, s:o}", "recipient", wrap->recipient, "keyId", wrap->key_id,
                                                     "wrappedKey", base64_json(wrap->wrapped_key)));
    }
    json_t *json = json_pack("{s:s, s:s, s:o, s:o}", "keyId", sealed->key_id, "suite", suite_names[sealed->suite], "ciphertext",
                             base64_json(sealed->ciphertext), "wraps", wraps);
    if (json != NULL && sealed->ephemeral_key.length > 0)
        (void)json_object_set_new(json, "ephemeralKey", base64_json(sealed->ephemeral_key));
    return json;
}

/* --- and back --- */

static enum status malformed(struct fault *fault, const char *member)
{
    return fault_reject(fault, "seal.malformed", "the sealed value's %s is not as it must be", member);
}

static const char *text_of(const json_t *object, const char *member, struct arena *arena)
{
    const json_t *value = json_object_get(object, member);
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return NULL;
    return arena_text(arena, bytes_of(json_string_value(value)));
}

/* True if MEMBER is absent too: then OUT is empty. */
static bool take_bytes(const json_t *object, const char *member, struct arena *arena, struct bytes *out)
{
    uint8_t bytes[TEXT_BASE64_BYTES_MAX(TEXT_BASE64_LENGTH(FIELD_BYTES_MAX))];
    const json_t *value = json_object_get(object, member);
    size_t length = 0;

    *out = BYTES_NONE;
    if (value == NULL)
        return true;
    if (!json_is_string(value) || json_string_length(value) > TEXT_BASE64_LENGTH(FIELD_BYTES_MAX) ||
        !text_base64_decode(bytes_from(json_string_value(value), json_string_length(value)), bytes, sizeof bytes, &length))
        return false;
    *out = length == 0 ? BYTES_NONE : arena_bytes(arena, bytes_from(bytes, length));
    return length == 0 || out->data != NULL;
}

static enum seal_suite suite_of(const char *name)
{
    for (int i = 0; i < SEAL_SUITES; i++)
        if (name != NULL && strcmp(name, suite_names[i]) == 0)
            return (enum seal_suite)i;
    return SEAL_NO_SUITE;
}

static bool take_wraps(const json_t *list, struct arena *arena, struct sealed *sealed)
{
    size_t count = json_array_size(list);

    if (!json_is_array(list) || count > SEAL_WRAPS_MAX)
        return false;
    sealed->wraps = arena_take_zeroed(arena, (count + 1) * sizeof *sealed->wraps);
    for (size_t i = 0; sealed->wraps != NULL && i < count; i++) {
        const json_t *item = json_array_get(list, i);
        struct seal_wrap *wrap = &sealed->wraps[sealed->wrap_count++];
        wrap->recipient = text_of(item, "recipient", arena);
        wrap->key_id = text_of(item, "keyId", arena);
        if (wrap->recipient == NULL || wrap->key_id == NULL || !take_bytes(item, "wrappedKey", arena, &wrap->wrapped_key))
            return false;
    }
    return sealed->wraps != NULL;
}

enum status sealed_of_json(const json_t *json, struct arena *arena, struct sealed *sealed, struct fault *fault)
{
    *sealed = (struct sealed){.suite = suite_of(json_string_value(json_object_get(json, "suite"))),
                              .key_id = text_of(json, "keyId", arena)};
    if (!take_bytes(json, "ephemeralKey", arena, &sealed->ephemeral_key))
        return malformed(fault, "ephemeralKey");
    if (!take_bytes(json, "ciphertext", arena, &sealed->ciphertext))
        return malformed(fault, "ciphertext");
    if (!take_wraps(json_object_get(json, "wraps"), arena, sealed))
        return malformed(fault, "wraps");
    const char *wrong = seal_wrong(sealed);
    return wrong == NULL ? STATUS_OK : malformed(fault, wrong);
}

enum status sealed_parse(struct bytes text, struct arena *arena, struct sealed *sealed, struct fault *fault)
{
    json_t *json = text.length == 0 || text.length > TEXT_BYTES_MAX
                       ? NULL
                       : json_loadb((const char *)text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    *sealed = (struct sealed){0};
    enum status status = json_is_object(json) ? sealed_of_json(json, arena, sealed, fault) : malformed(fault, "JSON");
    json_decref(json);
    return status;
}

/* --- keys of the registry --- */

static enum seal_suite suite_of_algorithm(const char *name)
{
    return name == NULL                                 ? SEAL_NO_SUITE
           : strcmp(name, "KEY_ALGORITHM_X25519") == 0 ? SEAL_X25519_AES256GCM
           : strcmp(name, "KEY_ALGORITHM_SM2") == 0    ? SEAL_SM2_SM4
                                                        : SEAL_NO_SUITE;
}

enum status seal_key_of_json(const json_t *json, struct arena *arena, const char **key_id, struct seal_key **key,
                             struct fault *fault)
{
    enum seal_suite suite = suite_of_algorithm(json_string_value(json_object_get(json, "algorithm")));
    const char *use = json_string_value(json_object_get(json, "use"));
    struct bytes public_key = BYTES_NONE;

    *key = NULL;
    *key_id = text_of(json, "id", arena);
    if (*key_id == NULL || suite == SEAL_NO_SUITE || use == NULL || strcmp(use, "KEY_USE_ENCRYPTION") != 0 ||
        !take_bytes(json, "publicKey", arena, &public_key) || public_key.length == 0)
        return fault_reject(fault, "key.malformed", "that is no key for encryption as the registry holds it");
    return seal_key_public(suite, public_key, key, fault);
}
