#include "client/error.h"

#include "seal/person_key.h"
#include "seal/sealed_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { IDENTITY_ARENA_FIRST_BYTES = 16 * 1024, IDENTITY_ARENA_BYTES = 1024 * 1024 };

/* The codes of hub/seal go into the text: to a program they are one. */
static enum medhub_status refused(enum status status, const struct fault *fault, struct medhub_error *error)
{
    return status == STATUS_OK ? MEDHUB_OK : error_say(error, "seal.failed", "%s: %s", fault->code, fault->text);
}

static enum status take_recipients(const struct medhub_recipient *said, size_t count, struct seal_recipient *recipients,
                                   struct seal_key **keys, struct arena *arena, struct fault *fault)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        json_t *json = said[i].key_json == NULL ? NULL : json_loads(said[i].key_json, 0, NULL);
        recipients[i].organisation = said[i].organisation;
        status = seal_key_of_json(json, arena, &recipients[i].key_id, &keys[i], fault);
        recipients[i].key = keys[i];
        json_decref(json);
    }
    return status;
}

static enum medhub_status print_sealed(const struct sealed *sealed, char **text, struct medhub_error *error)
{
    json_t *json = sealed_to_json(sealed);
    *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return *text == NULL ? error_say(error, "memory.out", NULL) : MEDHUB_OK;
}

enum medhub_status medhub_seal(const char *source, const char *id, const char *field,
                               const struct medhub_recipient *recipients, size_t count, const void *plain, size_t length,
                               char **json, struct medhub_error *error)
{
    struct seal_recipient to[SEAL_WRAPS_MAX];
    struct seal_key *keys[SEAL_WRAPS_MAX] = {NULL};
    struct sealed sealed;
    struct fault fault = {0};

    if (source == NULL || id == NULL || field == NULL || recipients == NULL || plain == NULL || json == NULL ||
        count > SEAL_WRAPS_MAX)
        return error_say(error, "argument.missing", NULL);
    *json = NULL;
    struct arena *arena = arena_new(IDENTITY_ARENA_FIRST_BYTES, IDENTITY_ARENA_BYTES);
    if (arena == NULL)
        return error_say(error, "memory.out", NULL);
    enum status status = take_recipients(recipients, count, to, keys, arena, &fault);
    if (status == STATUS_OK)
        status = seal_close(&(struct seal_place){source, id, field}, to, count, bytes_from(plain, length), arena, &sealed, &fault);
    enum medhub_status result =
        status == STATUS_OK ? print_sealed(&sealed, json, error) : refused(status, &fault, error);
    for (size_t i = 0; i < SEAL_WRAPS_MAX; i++)
        seal_key_free(keys[i]);
    arena_free(arena);
    return result;
}

enum medhub_status medhub_open_sealed(const char *source, const char *id, const char *field, const char *sealed_json,
                                      const char *organisation, const char *private_key_pem, char **plain, size_t *length,
                                      struct medhub_error *error)
{
    struct seal_key *key = NULL;
    struct sealed sealed;
    struct bytes opened = BYTES_NONE;
    struct fault fault = {0};

    if (source == NULL || id == NULL || field == NULL || sealed_json == NULL || organisation == NULL ||
        private_key_pem == NULL || plain == NULL || length == NULL)
        return error_say(error, "argument.missing", NULL);
    *plain = NULL;
    struct arena *arena = arena_new(IDENTITY_ARENA_FIRST_BYTES, IDENTITY_ARENA_BYTES);
    if (arena == NULL)
        return error_say(error, "memory.out", NULL);
    enum status status = sealed_parse(bytes_of(sealed_json), arena, &sealed, &fault);
    if (status == STATUS_OK)
        status = seal_key_parse(bytes_of(private_key_pem), &key, &fault);
    if (status == STATUS_OK)
        status = seal_open(&sealed, &(struct seal_place){source, id, field}, organisation, NULL, key, arena, &opened, &fault);
    enum medhub_status result = refused(status, &fault, error);
    if (result == MEDHUB_OK) {
        *plain = strndup((const char *)opened.data, opened.length);
        *length = opened.length;
        explicit_bzero((void *)(uintptr_t)opened.data, opened.length);
        result = *plain == NULL ? error_say(error, "memory.out", NULL) : MEDHUB_OK;
    }
    seal_key_free(key);
    arena_free(arena);
    return result;
}

enum medhub_status medhub_person_pseudonym(const char *key_id, const void *secret, size_t secret_length, const char *type,
                                           const char *number, char **pseudonym, struct medhub_error *error)
{
    char text[PERSON_PSEUDONYM_BYTES];
    struct fault fault = {0};

    if (key_id == NULL || secret == NULL || type == NULL || number == NULL || pseudonym == NULL)
        return error_say(error, "argument.missing", NULL);
    enum status status =
        person_pseudonym(key_id, bytes_from(secret, secret_length), type, bytes_of(number), text, &fault);
    *pseudonym = status == STATUS_OK ? strdup(text) : NULL;
    if (status == STATUS_OK && *pseudonym == NULL)
        return error_say(error, "memory.out", NULL);
    return refused(status, &fault, error);
}
