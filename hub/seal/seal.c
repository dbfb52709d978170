#include "seal/seal.h"

#include "seal/seal_suite.h"

#include "base/hash.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

#define PLACE_LABEL "medhub seal 1"

static enum status no_memory(struct fault *fault)
{
    return fault_fatal(fault, "memory.out", "no memory to seal or open a value");
}

/* A name that recipients and key ids may have: as the registry has them. */
static bool is_name(const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return length > 0 && length <= SEAL_NAME_BYTES_MAX;
}

/* The associated data; BYTES_NONE when memory is out. */
static struct bytes place_bytes(const struct seal_place *place, struct arena *arena)
{
    const char *const parts[] = {PLACE_LABEL, place->source, place->id, place->field};
    size_t length = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        length += strlen(parts[i]) + 1;
    uint8_t *bytes = arena_take(arena, length);
    if (bytes == NULL)
        return BYTES_NONE;
    uint8_t *at = bytes;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        memcpy(at, parts[i], strlen(parts[i]) + 1);
        at += strlen(parts[i]) + 1;
    }
    return bytes_from(bytes, length);
}

/* --- form --- */

static bool wrap_is_right(const struct suite_row *row, const struct seal_wrap *wrap)
{
    return is_name(wrap->recipient) && is_name(wrap->key_id) && wrap->wrapped_key.length >= row->wrapped_min &&
           wrap->wrapped_key.length <= row->wrapped_max;
}

const char *seal_wrong(const struct sealed *sealed)
{
    if (sealed->suite <= SEAL_NO_SUITE || sealed->suite >= SEAL_SUITES)
        return "suite";
    const struct suite_row *row = &suite_rows[sealed->suite];
    if (!is_name(sealed->key_id))
        return "key_id";
    if (sealed->ephemeral_key.length != (row->ephemeral ? row->public_bytes : 0))
        return "ephemeral_key";
    if (sealed->ciphertext.length < row->tag_bytes || sealed->ciphertext.length > SEAL_PLAIN_BYTES_MAX + TAG_BYTES_MAX)
        return "ciphertext";
    if (sealed->wrap_count == 0 || sealed->wrap_count > SEAL_WRAPS_MAX)
        return "wraps";
    for (size_t i = 0; i < sealed->wrap_count; i++)
        if (!wrap_is_right(row, &sealed->wraps[i]))
            return "wraps";
    return NULL;
}

/* --- closing --- */

static enum status check_recipients(const struct seal_recipient *recipients, size_t count, struct bytes plain,
                                    struct fault *fault)
{
    if (count == 0 || count > SEAL_WRAPS_MAX)
        return fault_reject(fault, "seal.recipients", "a value is sealed for 1 to %d recipients", SEAL_WRAPS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!is_name(recipients[i].organisation) || !is_name(recipients[i].key_id) ||
            recipients[i].key->suite != recipients[0].key->suite)
            return fault_reject(fault, "seal.recipients", "recipient %zu has no proper name or key id, or another suite", i + 1);
    return plain.length <= SEAL_PLAIN_BYTES_MAX
               ? STATUS_OK
               : fault_reject(fault, "seal.too_long", "a sealed value has at most %d bytes", SEAL_PLAIN_BYTES_MAX);
}

struct closing {
    const struct suite_row *row;
    EVP_PKEY *fresh; /* NULL: the suite has none */
    uint8_t content_key[CONTENT_KEY_BYTES_MAX];
    struct bytes place;
    struct arena *arena;
    struct sealed *sealed;
};

static bool begin_closing(struct closing *closing)
{
    uint8_t fresh[SEAL_PUBLIC_BYTES_MAX];

    if (RAND_bytes(closing->content_key, (int)closing->row->content_key_bytes) != 1)
        return false;
    closing->sealed->ephemeral_key = BYTES_NONE;
    if (!closing->row->ephemeral)
        return true;
    closing->fresh = EVP_PKEY_Q_keygen(NULL, NULL, closing->row->openssl);
    if (closing->fresh == NULL)
        return false;
    closing->sealed->ephemeral_key =
        arena_bytes(closing->arena, bytes_from(fresh, suite_public_bytes(closing->fresh, fresh)));
    return closing->sealed->ephemeral_key.data != NULL;
}

static bool wrap_for(struct closing *closing, const struct seal_recipient *recipient, struct seal_wrap *wrap)
{
    uint8_t public_key[SEAL_PUBLIC_BYTES_MAX], wrapped[WRAPPED_BYTES_MAX];
    size_t length = 0;

    *wrap = (struct seal_wrap){.recipient = arena_text(closing->arena, bytes_of(recipient->organisation)),
                               .key_id = arena_text(closing->arena, bytes_of(recipient->key_id))};
    if (wrap->recipient == NULL || wrap->key_id == NULL)
        return false;
    const struct wrapping wrapping = {
        .wrap = wrap,
        .ephemeral_key = closing->sealed->ephemeral_key,
        .recipient_key = bytes_from(public_key, suite_public_bytes(recipient->key->pair, public_key)),
        .own = closing->fresh,
        .other = recipient->key->pair,
        .place = closing->place,
    };
    if (!closing->row->wrap(&wrapping, bytes_from(closing->content_key, closing->row->content_key_bytes), wrapped, &length))
        return false;
    wrap->wrapped_key = arena_bytes(closing->arena, bytes_from(wrapped, length));
    return wrap->wrapped_key.data != NULL;
}

static bool encrypt(struct closing *closing, struct bytes plain)
{
    uint8_t *ciphertext = arena_take(closing->arena, plain.length + closing->row->tag_bytes);

    if (ciphertext == NULL || !closing->row->encrypt(closing->content_key, closing->place, plain, ciphertext))
        return false;
    closing->sealed->ciphertext = bytes_from(ciphertext, plain.length + closing->row->tag_bytes);
    closing->sealed->key_id =
        arena_format(closing->arena, "s%016" PRIx64, hash_bytes(closing->sealed->ciphertext, 0));
    return closing->sealed->key_id != NULL;
}

enum status seal_close(const struct seal_place *place, const struct seal_recipient *recipients, size_t count,
                       struct bytes plain, struct arena *arena, struct sealed *sealed, struct fault *fault)
{
    enum status status = check_recipients(recipients, count, plain, fault);
    if (status != STATUS_OK)
        return status;
    struct closing closing = {.row = &suite_rows[recipients[0].key->suite],
                              .place = place_bytes(place, arena),
                              .arena = arena,
                              .sealed = sealed};
    *sealed = (struct sealed){.suite = recipients[0].key->suite, .wraps = arena_take(arena, count * sizeof *sealed->wraps)};
    bool done = closing.place.data != NULL && sealed->wraps != NULL && begin_closing(&closing);
    for (size_t i = 0; done && i < count; i++)
        done = wrap_for(&closing, &recipients[i], &sealed->wraps[sealed->wrap_count++]);
    done = done && encrypt(&closing, plain);
    EVP_PKEY_free(closing.fresh);
    OPENSSL_cleanse(closing.content_key, sizeof closing.content_key);
    ERR_clear_error();
    return done ? STATUS_OK : no_memory(fault);
}

/* --- opening --- */

static bool open_wrap(const struct sealed *sealed, const struct seal_wrap *wrap, const struct seal_key *key, struct bytes place,
                      struct arena *arena, struct bytes *plain)
{
    const struct suite_row *row = &suite_rows[sealed->suite];
    uint8_t public_key[SEAL_PUBLIC_BYTES_MAX], content_key[CONTENT_KEY_BYTES_MAX];
    EVP_PKEY *fresh = row->ephemeral ? suite_public_pair(sealed->suite, sealed->ephemeral_key) : NULL;
    const struct wrapping wrapping = {
        .wrap = wrap,
        .ephemeral_key = sealed->ephemeral_key,
        .recipient_key = bytes_from(public_key, suite_public_bytes(key->pair, public_key)),
        .own = key->pair,
        .other = fresh,
        .place = place,
    };
    uint8_t *out = arena_take(arena, sealed->ciphertext.length);
    bool done = out != NULL && (!row->ephemeral || fresh != NULL) && row->unwrap(&wrapping, content_key) &&
                row->decrypt(content_key, place, sealed->ciphertext, out);
    EVP_PKEY_free(fresh);
    OPENSSL_cleanse(content_key, sizeof content_key);
    if (done)
        *plain = bytes_from(out, sealed->ciphertext.length - row->tag_bytes);
    return done;
}

enum status seal_open(const struct sealed *sealed, const struct seal_place *place, const char *recipient, const char *key_id,
                      const struct seal_key *key, struct arena *arena, struct bytes *plain, struct fault *fault)
{
    const char *wrong = seal_wrong(sealed);
    bool is_ours = false;

    *plain = BYTES_NONE;
    if (wrong != NULL)
        return fault_reject(fault, "seal.malformed", "the sealed value's %s is not of its suite", wrong);
    if (key->suite != sealed->suite || !key->is_private)
        return fault_reject(fault, "seal.not_opened", "the key is of another suite, or only public");
    struct bytes data = place_bytes(place, arena);
    if (data.data == NULL)
        return no_memory(fault);
    for (size_t i = 0; i < sealed->wrap_count; i++) {
        const struct seal_wrap *wrap = &sealed->wraps[i];
        if (strcmp(wrap->recipient, recipient) != 0 || (key_id != NULL && strcmp(wrap->key_id, key_id) != 0))
            continue;
        is_ours = true;
        if (open_wrap(sealed, wrap, key, data, arena, plain))
            return STATUS_OK;
    }
    ERR_clear_error();
    return is_ours ? fault_reject(fault, "seal.not_opened", "another key, another event or field, or it was changed")
                   : fault_reject(fault, "seal.not_for_us", "there is no wrap for that recipient and key");
}
