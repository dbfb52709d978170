#include "webhook/signer.h"

#include "base/text.h"

#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECRET_BYTES_MIN = 24, SECRET_BYTES_MAX = 64, FILE_BYTES_MAX = 4096, ED25519_BYTES = 32, SIGNATURE_BYTES = 64 };

struct signing_key {
    EVP_MAC_CTX *hmac; /* keyed; or */
    EVP_PKEY *ed25519;
};

struct signer {
    struct signing_key keys[SIGNER_KEYS_MAX];
    size_t count;
    EVP_MD_CTX *digest;
    struct buffer scratch; /* Ed25519 signs in one piece */
};

enum { SIGNED_BYTES_MAX = 32 * 1024 * 1024 };

void signer_free(struct signer *signer)
{
    if (signer == NULL)
        return;
    for (size_t i = 0; i < signer->count; i++) {
        EVP_MAC_CTX_free(signer->keys[i].hmac);
        EVP_PKEY_free(signer->keys[i].ed25519);
    }
    EVP_MD_CTX_free(signer->digest);
    buffer_done(&signer->scratch);
    free(signer);
}

/* ---- secrets ---- */

static EVP_MAC_CTX *hmac_of(const uint8_t *secret, size_t length)
{
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);

    EVP_MAC_free(mac);
    if (context != NULL && EVP_MAC_init(context, secret, length, parameters) == 1)
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

static bool starts(struct bytes line, const char *prefix, struct bytes *rest)
{
    struct bytes start = bytes_of(prefix);

    if (!bytes_start_with(line, start))
        return false;
    *rest = bytes_from(line.data + start.length, line.length - start.length);
    return true;
}

static bool read_key(struct bytes line, struct signing_key *key)
{
    uint8_t secret[SECRET_BYTES_MAX];
    size_t length = 0;
    struct bytes text;

    *key = (struct signing_key){0};
    if (starts(line, "whsec_", &text) && text_base64_decode(text, secret, sizeof secret, &length) &&
        length >= SECRET_BYTES_MIN)
        key->hmac = hmac_of(secret, length);
    else if (starts(line, "whsk_", &text) && text_base64_decode(text, secret, sizeof secret, &length) &&
             (length == ED25519_BYTES || length == 2 * ED25519_BYTES))
        key->ed25519 = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, ED25519_BYTES);
    OPENSSL_cleanse(secret, sizeof secret);
    return key->hmac != NULL || key->ed25519 != NULL;
}

static struct bytes next_line(struct bytes *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->length);
    size_t length = end == NULL ? text->length : (size_t)(end - text->data);
    struct bytes line = bytes_from(text->data, length);

    *text = end == NULL ? bytes_from(text->data + length, 0) : bytes_from(end + 1, text->length - length - 1);
    while (line.length > 0 && (line.data[line.length - 1] == '\r' || line.data[line.length - 1] == ' '))
        line.length--;
    return line;
}

static enum status read_keys(struct signer *signer, struct bytes text, struct fault *fault)
{
    for (unsigned number = 1; text.length > 0; number++) {
        struct bytes line = next_line(&text);
        if (line.length == 0 || line.data[0] == '#')
            continue;
        if (signer->count == SIGNER_KEYS_MAX)
            return fault_reject(fault, "signer.secret", "more than %d secrets", (int)SIGNER_KEYS_MAX);
        if (!read_key(line, &signer->keys[signer->count]))
            return fault_reject(fault, "signer.secret", "line %u is no secret", number);
        signer->count++;
    }
    return signer->count > 0 ? STATUS_OK : fault_reject(fault, "signer.secret", "there is no secret");
}

enum status signer_parse(struct bytes text, struct signer **signer, struct fault *fault)
{
    struct signer *made = calloc(1, sizeof *made);

    *signer = NULL;
    if (made == NULL)
        return fault_reject(fault, "signer.secret", "no memory");
    buffer_init(&made->scratch, SIGNED_BYTES_MAX);
    made->digest = EVP_MD_CTX_new();
    enum status status = made->digest == NULL ? fault_reject(fault, "signer.secret", "no memory")
                                              : read_keys(made, text, fault);
    if (status != STATUS_OK) {
        signer_free(made);
        return status;
    }
    *signer = made;
    return STATUS_OK;
}

enum status signer_load(const char *path, struct signer **signer, struct fault *fault)
{
    char text[FILE_BYTES_MAX + 1];
    FILE *file = fopen(path, "re");

    *signer = NULL;
    if (file == NULL)
        return fault_reject(fault, "signer.secret", "the file with its secrets cannot be read");
    size_t length = fread(text, 1, sizeof text, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    enum status status = failed || length > FILE_BYTES_MAX
                             ? fault_reject(fault, "signer.secret", "the file with its secrets is too large")
                             : signer_parse(bytes_from(text, length), signer, fault);
    OPENSSL_cleanse(text, sizeof text);
    return status;
}

/* ---- signing ---- */

static bool sign_hmac(EVP_MAC_CTX *hmac, struct bytes head, struct bytes body, uint8_t *signature, size_t *length)
{
    static const uint8_t nothing[1];

    return EVP_MAC_init(hmac, NULL, 0, NULL) == 1 && EVP_MAC_update(hmac, head.data, head.length) == 1 &&
           EVP_MAC_update(hmac, body.length == 0 ? nothing : body.data, body.length) == 1 &&
           EVP_MAC_final(hmac, signature, length, SIGNATURE_BYTES) == 1;
}

static bool sign_ed25519(struct signer *signer, EVP_PKEY *key, struct bytes head, struct bytes body, uint8_t *signature,
                         size_t *length)
{
    buffer_clear(&signer->scratch);
    buffer_append_bytes(&signer->scratch, head);
    buffer_append_bytes(&signer->scratch, body);
    *length = SIGNATURE_BYTES;
    return buffer_ok(&signer->scratch) && EVP_MD_CTX_reset(signer->digest) == 1 &&
           EVP_DigestSignInit(signer->digest, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestSign(signer->digest, signature, length, signer->scratch.data, signer->scratch.length) == 1;
}

enum status signer_sign(struct signer *signer, const char *id, int64_t unix_seconds, struct bytes body,
                        char text[SIGNATURE_BYTES_MAX], struct fault *fault)
{
    char head[160];
    int head_length = snprintf(head, sizeof head, "%s.%" PRId64 ".", id, unix_seconds);
    size_t used = 0;

    text[0] = '\0';
    if (head_length < 0 || (size_t)head_length >= sizeof head)
        return fault_reject(fault, "signer.sign", "the id is too long");
    for (size_t i = 0; i < signer->count; i++) {
        const struct signing_key *key = &signer->keys[i];
        const struct bytes start = bytes_from(head, (size_t)head_length);
        uint8_t signature[SIGNATURE_BYTES];
        size_t length = 0;
        bool ok = key->hmac != NULL ? sign_hmac(key->hmac, start, body, signature, &length)
                                    : sign_ed25519(signer, key->ed25519, start, body, signature, &length);
        if (!ok)
            return fault_reject(fault, "signer.sign", "signing failed");
        used += (size_t)snprintf(text + used, SIGNATURE_BYTES_MAX - used, "%s%s,", i == 0 ? "" : " ",
                                 key->hmac != NULL ? "v1" : "v1a");
        used += text_base64_encode(bytes_from(signature, length), text + used, SIGNATURE_BYTES_MAX - used);
    }
    return STATUS_OK;
}
