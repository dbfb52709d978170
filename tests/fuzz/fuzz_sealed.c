// links: medhub_seal dep::jansson
/* Any JSON of a sealed value: what is read is bounded and of its suite's form, what is written again is read as the same, and
 * it does not open with keys that it was not sealed to. */
#include "seal/sealed_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

enum { ARENA_BYTES_MAX = 4 << 20 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* One key of each suite, made once for the process. */
static const struct seal_key *key_of(enum seal_suite suite)
{
    static struct seal_key *keys[SEAL_SUITES];
    struct fault fault = {0};
    if (keys[suite] == NULL)
        must(seal_key_generate(suite, &keys[suite], &fault) == STATUS_OK);
    return keys[suite];
}

static void must_come_back(const struct sealed *sealed, struct arena *arena)
{
    struct sealed again;
    struct fault fault = {0};
    json_t *json = sealed_to_json(sealed);
    must(json != NULL && sealed_of_json(json, arena, &again, &fault) == STATUS_OK);
    must(again.suite == sealed->suite && again.wrap_count == sealed->wrap_count);
    must(bytes_equal(again.ciphertext, sealed->ciphertext) && bytes_equal(again.ephemeral_key, sealed->ephemeral_key));
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static const struct seal_place place = {"H1", "1", "identity"};
    struct arena *arena = arena_new(64 * 1024, ARENA_BYTES_MAX);
    struct sealed sealed;
    struct fault fault = {0};
    struct bytes plain;

    must(arena != NULL);
    if (sealed_parse(bytes_from(data, length), arena, &sealed, &fault) == STATUS_OK) {
        must(seal_wrong(&sealed) == NULL);
        must_come_back(&sealed, arena);
        for (size_t i = 0; i < sealed.wrap_count; i++)
            must(seal_open(&sealed, &place, sealed.wraps[i].recipient, sealed.wraps[i].key_id, key_of(sealed.suite), arena,
                           &plain, &fault) != STATUS_OK);
    } else {
        must(strcmp(fault.code, "seal.malformed") == 0);
    }
    arena_free(arena);
    return 0;
}
