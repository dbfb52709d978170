#include "seal/seal_suite.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <string.h>

enum { AES_KEY_BYTES = 32, GCM_TAG_BYTES = 16, SM4_KEY_BYTES = 16, SM3_BYTES = 32, X25519_BYTES = 32, NONCE_BYTES = 16 };

#define WRAP_LABEL "medhub seal 1"

/* A nonce or counter may be zero because no key is ever used twice. */
static const uint8_t zero[NONCE_BYTES];

EVP_PKEY *suite_public_pair(enum seal_suite suite, struct bytes bytes)
{
    if (bytes.length != suite_rows[suite].public_bytes)
        return NULL;
    if (suite == SEAL_X25519_AES256GCM)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, bytes.data, bytes.length);
    EVP_PKEY *pair = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    char group[] = "SM2";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)bytes.data, bytes.length),
        OSSL_PARAM_construct_end(),
    };
    bool made = context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, &pair, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
    EVP_PKEY_CTX_free(context);
    return made ? pair : NULL;
}

size_t suite_public_bytes(const EVP_PKEY *pair, uint8_t bytes[SEAL_PUBLIC_BYTES_MAX])
{
    size_t length = 0;
    bool known = EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, bytes, SEAL_PUBLIC_BYTES_MAX,
                                                 &length) == 1;
    return known ? length : 0;
}

/* --- AES-256-GCM --- */

static bool gcm_encrypt(const uint8_t *key, struct bytes place, struct bytes plain, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    bool done = context != NULL && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, zero) == 1 &&
                EVP_EncryptUpdate(context, NULL, &length, place.data, (int)place.length) == 1 &&
                EVP_EncryptUpdate(context, out, &length, plain.data, (int)plain.length) == 1 &&
                EVP_EncryptFinal_ex(context, out + plain.length, &length) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_BYTES, out + plain.length) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

static bool gcm_decrypt(const uint8_t *key, struct bytes place, struct bytes ciphertext, uint8_t *out)
{
    size_t plain = ciphertext.length - GCM_TAG_BYTES;
    uint8_t tag[GCM_TAG_BYTES];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    memcpy(tag, ciphertext.data + plain, sizeof tag);
    bool done = context != NULL && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, zero) == 1 &&
                EVP_DecryptUpdate(context, NULL, &length, place.data, (int)place.length) == 1 &&
                EVP_DecryptUpdate(context, out, &length, ciphertext.data, (int)plain) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_BYTES, tag) == 1 &&
                EVP_DecryptFinal_ex(context, out + plain, &length) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

/* --- X25519 --- */

static bool agree(const struct wrapping *wrapping, uint8_t secret[X25519_BYTES])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(wrapping->own, NULL);
    size_t length = X25519_BYTES;
    bool done = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, wrapping->other) == 1 &&
                EVP_PKEY_derive(context, secret, &length) == 1 && length == X25519_BYTES;
    EVP_PKEY_CTX_free(context);
    return done;
}

static size_t put_text(uint8_t *at, const char *text)
{
    size_t length = strlen(text) + 1;
    memcpy(at, text, length);
    return length;
}

static bool derive(const struct wrapping *wrapping, struct bytes secret, uint8_t key[AES_KEY_BYTES])
{
    uint8_t salt[2 * X25519_BYTES], info[sizeof WRAP_LABEL + 2 * (SEAL_NAME_BYTES_MAX + 1)];
    char digest[] = "SHA256";

    memcpy(salt, wrapping->ephemeral_key.data, X25519_BYTES);
    memcpy(salt + X25519_BYTES, wrapping->recipient_key.data, X25519_BYTES);
    size_t length = put_text(info, WRAP_LABEL);
    length += put_text(info + length, wrapping->wrap->recipient);
    length += put_text(info + length, wrapping->wrap->key_id);

    EVP_KDF *function = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = function == NULL ? NULL : EVP_KDF_CTX_new(function);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret.data, secret.length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof salt),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, length),
        OSSL_PARAM_construct_end(),
    };
    bool done = context != NULL && EVP_KDF_derive(context, key, AES_KEY_BYTES, parameters) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(function);
    return done;
}

static bool wrapping_key(const struct wrapping *wrapping, uint8_t key[AES_KEY_BYTES])
{
    uint8_t secret[X25519_BYTES];
    bool done = agree(wrapping, secret) && derive(wrapping, bytes_from(secret, sizeof secret), key);
    OPENSSL_cleanse(secret, sizeof secret);
    return done;
}

static bool x25519_wrap(const struct wrapping *wrapping, struct bytes content_key, uint8_t *out, size_t *length)
{
    uint8_t key[AES_KEY_BYTES];
    bool done = wrapping_key(wrapping, key) && gcm_encrypt(key, wrapping->place, content_key, out);
    OPENSSL_cleanse(key, sizeof key);
    *length = content_key.length + GCM_TAG_BYTES;
    return done;
}

static bool x25519_unwrap(const struct wrapping *wrapping, uint8_t *content_key)
{
    uint8_t key[AES_KEY_BYTES];
    bool done = wrapping_key(wrapping, key) && gcm_decrypt(key, wrapping->place, wrapping->wrap->wrapped_key, content_key);
    OPENSSL_cleanse(key, sizeof key);
    return done;
}

/* --- SM2 and SM4 --- */

static bool sm2_wrap(const struct wrapping *wrapping, struct bytes content_key, uint8_t *out, size_t *length)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(wrapping->other, NULL);
    *length = WRAPPED_BYTES_MAX;
    bool done = context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
                EVP_PKEY_encrypt(context, out, length, content_key.data, content_key.length) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

static bool sm2_unwrap(const struct wrapping *wrapping, uint8_t *content_key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(wrapping->own, NULL);
    struct bytes wrapped = wrapping->wrap->wrapped_key;
    uint8_t plain[WRAPPED_BYTES_MAX];
    size_t length = sizeof plain;
    bool done = context != NULL && EVP_PKEY_decrypt_init(context) == 1 &&
                EVP_PKEY_decrypt(context, plain, &length, wrapped.data, wrapped.length) == 1 &&
                length == suite_rows[SEAL_SM2_SM4].content_key_bytes;
    if (done)
        memcpy(content_key, plain, length);
    OPENSSL_cleanse(plain, sizeof plain);
    EVP_PKEY_CTX_free(context);
    return done;
}

static bool sm4(const uint8_t *key, struct bytes in, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    bool done = context != NULL && EVP_EncryptInit_ex(context, EVP_sm4_ctr(), NULL, key, zero) == 1 &&
                EVP_EncryptUpdate(context, out, &length, in.data, (int)in.length) == 1 && (size_t)length == in.length;
    EVP_CIPHER_CTX_free(context);
    return done;
}

/* The place ends with its own NUL and has a fixed number of them, so that nothing can move over to the ciphertext. */
static bool sm3_tag(const uint8_t *key, struct bytes place, struct bytes ciphertext, uint8_t tag[SM3_BYTES])
{
    EVP_MAC *function = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = function == NULL ? NULL : EVP_MAC_CTX_new(function);
    char digest[] = "SM3";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    size_t length = 0;
    bool done = context != NULL && EVP_MAC_init(context, key, SM3_BYTES, parameters) == 1 &&
                EVP_MAC_update(context, place.data, place.length) == 1 &&
                EVP_MAC_update(context, ciphertext.data, ciphertext.length) == 1 &&
                EVP_MAC_final(context, tag, &length, SM3_BYTES) == 1;
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(function);
    return done;
}

static bool sm4_encrypt(const uint8_t *key, struct bytes place, struct bytes plain, uint8_t *out)
{
    return sm4(key, plain, out) && sm3_tag(key + SM4_KEY_BYTES, place, bytes_from(out, plain.length), out + plain.length);
}

static bool sm4_decrypt(const uint8_t *key, struct bytes place, struct bytes ciphertext, uint8_t *out)
{
    struct bytes body = bytes_from(ciphertext.data, ciphertext.length - SM3_BYTES);
    uint8_t tag[SM3_BYTES];
    return sm3_tag(key + SM4_KEY_BYTES, place, body, tag) &&
           CRYPTO_memcmp(tag, ciphertext.data + body.length, SM3_BYTES) == 0 && sm4(key, body, out);
}

const struct suite_row suite_rows[SEAL_SUITES] = {
    [SEAL_X25519_AES256GCM] = {"X25519", X25519_BYTES, AES_KEY_BYTES, GCM_TAG_BYTES, AES_KEY_BYTES + GCM_TAG_BYTES,
                               AES_KEY_BYTES + GCM_TAG_BYTES, true, x25519_wrap, x25519_unwrap, gcm_encrypt, gcm_decrypt},
    [SEAL_SM2_SM4] = {"SM2", SEAL_PUBLIC_BYTES_MAX, SM4_KEY_BYTES + SM3_BYTES, SM3_BYTES, 100, WRAPPED_BYTES_MAX, false,
                      sm2_wrap, sm2_unwrap, sm4_encrypt, sm4_decrypt},
};
