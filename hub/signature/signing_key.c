#include "signature/signing_key.h"

#include "base/secret_file.h"
#include "base/text.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ED25519_PUBLIC_BYTES = 32, SM2_PUBLIC_BYTES = 65, SM2_NUMBER_BYTES = 32, SECRET_BYTES = 32 };

/* GM/T 0009-2012 section 10: who has agreed on no other id signs with this one. */
static const char sm2_user_id[] = "1234567812345678";

struct signing_key {
    enum signing_algorithm algorithm;
    EVP_PKEY *pair; /* NULL: HMAC */
    bool is_private;
    uint8_t *secret;
    size_t secret_length;
    EVP_MAC_CTX *code; /* of HMAC, begun with the secret: each message goes on with a copy */
};

static const struct {
    const char *name;    /* in HTTP */
    const char *openssl; /* key type, NULL: a secret */
} algorithms[SIGNING_ALGORITHMS] = {
    [SIGNING_ED25519] = {"ed25519", "ED25519"},
    [SIGNING_SM2_SM3] = {"sm2-sm3", "SM2"},
    [SIGNING_HMAC_SHA256] = {"hmac-sha256", NULL},
};

const char *signing_algorithm_name(enum signing_algorithm algorithm)
{
    return algorithms[algorithm].name;
}

bool signing_algorithm_parse(struct bytes name, enum signing_algorithm *algorithm)
{
    for (int i = 0; i < SIGNING_ALGORITHMS; i++)
        if (bytes_equal_text(name, algorithms[i].name)) {
            *algorithm = (enum signing_algorithm)i;
            return true;
        }
    return false;
}

enum signing_algorithm signing_key_algorithm(const struct signing_key *key)
{
    return key->algorithm;
}

void signing_key_free(struct signing_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pair);
    EVP_MAC_CTX_free(key->code); /* wipes what it derived from the secret */
    OPENSSL_cleanse(key->secret, key->secret_length);
    free(key->secret);
    free(key);
}

/* ---- making ---- */

static enum status no_memory(struct fault *fault)
{
    return fault_fatal(fault, "memory.out", "no memory for a key");
}

/* The library's own list of errors would otherwise grow, and speak up at the next TLS connection of this thread. */
static enum status malformed(struct fault *fault, const char *expected)
{
    ERR_clear_error();
    return fault_reject(fault, "key.malformed", "the key is not %s", expected);
}

/* Takes PAIR over, also on failure. */
static enum status key_of_pair(enum signing_algorithm algorithm, EVP_PKEY *pair, bool is_private,
                               struct signing_key **key, struct fault *fault)
{
    *key = calloc(1, sizeof **key);
    if (*key == NULL) {
        EVP_PKEY_free(pair);
        return no_memory(fault);
    }
    **key = (struct signing_key){.algorithm = algorithm, .pair = pair, .is_private = is_private};
    return STATUS_OK;
}

static EVP_MAC_CTX *begin_code(struct bytes secret)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *code = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
    char hash[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash, 0),
        OSSL_PARAM_construct_end(),
    };

    EVP_MAC_free(hmac); /* the context has its own reference */
    if (code != NULL && EVP_MAC_init(code, secret.data, secret.length, parameters) == 1)
        return code;
    EVP_MAC_CTX_free(code);
    ERR_clear_error();
    return NULL;
}

enum status signing_key_secret(struct bytes secret, struct signing_key **key, struct fault *fault)
{
    *key = NULL;
    if (secret.length < SIGNING_SECRET_BYTES_MIN)
        return malformed(fault, "a secret of at least 16 bytes");
    struct signing_key *made = calloc(1, sizeof *made);
    if (made == NULL)
        return no_memory(fault);
    made->algorithm = SIGNING_HMAC_SHA256;
    made->is_private = true;
    made->secret = malloc(secret.length);
    if (made->secret == NULL) {
        free(made);
        return no_memory(fault);
    }
    memcpy(made->secret, secret.data, secret.length);
    made->secret_length = secret.length;
    made->code = begin_code(secret);
    if (made->code == NULL) {
        signing_key_free(made);
        return no_memory(fault);
    }
    *key = made;
    return STATUS_OK;
}

enum status signing_key_generate(enum signing_algorithm algorithm, struct signing_key **key, struct fault *fault)
{
    *key = NULL;
    if (algorithm == SIGNING_HMAC_SHA256) {
        uint8_t secret[SECRET_BYTES];
        if (RAND_bytes(secret, sizeof secret) != 1)
            return fault_fatal(fault, "key.random", "no randomness for a key");
        enum status status = signing_key_secret(bytes_from(secret, sizeof secret), key, fault);
        OPENSSL_cleanse(secret, sizeof secret);
        return status;
    }
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, algorithms[algorithm].openssl);
    return pair == NULL ? fault_fatal(fault, "key.random", "a key could not be made")
                        : key_of_pair(algorithm, pair, true, key, fault);
}

static EVP_PKEY *sm2_of_point(struct bytes point)
{
    EVP_PKEY *pair = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    char group[] = "SM2";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.data, point.length),
        OSSL_PARAM_construct_end(),
    };
    bool made = context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, &pair, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
    EVP_PKEY_CTX_free(context);
    return made ? pair : NULL;
}

static EVP_PKEY *pair_of_der(struct bytes der)
{
    const uint8_t *at = der.data;
    EVP_PKEY *pair = d2i_PUBKEY(NULL, &at, (long)der.length);

    if (pair != NULL && at != der.data + der.length) {
        EVP_PKEY_free(pair);
        return NULL;
    }
    return pair;
}

static EVP_PKEY *public_pair(enum signing_algorithm algorithm, struct bytes bytes)
{
    if (algorithm == SIGNING_ED25519 && bytes.length == ED25519_PUBLIC_BYTES)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes.data, bytes.length);
    if (algorithm == SIGNING_SM2_SM3 && bytes.length == SM2_PUBLIC_BYTES)
        return sm2_of_point(bytes);
    return bytes.length == 0 || bytes.length > KEY_FILE_BYTES_MAX ? NULL : pair_of_der(bytes);
}

enum status signing_key_public(enum signing_algorithm algorithm, struct bytes public_key, struct signing_key **key,
                               struct fault *fault)
{
    *key = NULL;
    EVP_PKEY *pair = algorithm == SIGNING_HMAC_SHA256 ? NULL : public_pair(algorithm, public_key);
    if (pair == NULL || !EVP_PKEY_is_a(pair, algorithms[algorithm].openssl)) {
        EVP_PKEY_free(pair);
        return malformed(fault, "a public key of its algorithm");
    }
    return key_of_pair(algorithm, pair, false, key, fault);
}

/* ---- files ---- */

/* A key that is locked with a password is refused; without this OpenSSL would ask on the terminal. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static enum status parse_pem(struct bytes text, struct signing_key **key, struct fault *fault)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.length);
    EVP_PKEY *pair = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);

    BIO_free(bio);
    for (int i = 0; pair != NULL && i < SIGNING_ALGORITHMS; i++)
        if (algorithms[i].openssl != NULL && EVP_PKEY_is_a(pair, algorithms[i].openssl))
            return key_of_pair((enum signing_algorithm)i, pair, true, key, fault);
    EVP_PKEY_free(pair);
    return malformed(fault, "an Ed25519 or SM2 private key in PEM without password");
}

static struct bytes without_line_end(struct bytes text)
{
    while (text.length > 0 && (text.data[text.length - 1] == '\n' || text.data[text.length - 1] == '\r'))
        text.length--;
    return text;
}

enum status signing_key_parse(struct bytes text, struct signing_key **key, struct fault *fault)
{
    uint8_t secret[TEXT_BASE64_BYTES_MAX(KEY_FILE_BYTES_MAX)];
    size_t length = 0;

    *key = NULL;
    if (text.length == 0 || text.length > KEY_FILE_BYTES_MAX)
        return malformed(fault, "a file of a key");
    if (bytes_start_with(text, bytes_of("-----BEGIN")))
        return parse_pem(text, key, fault);
    if (!text_base64_decode(without_line_end(text), secret, sizeof secret, &length))
        return malformed(fault, "PEM, nor a secret as base64 in one line");
    enum status status = signing_key_secret(bytes_from(secret, length), key, fault);
    OPENSSL_cleanse(secret, sizeof secret);
    return status;
}

enum status signing_key_load(const char *path, struct signing_key **key, struct fault *fault)
{
    uint8_t text[KEY_FILE_BYTES_MAX + 1];
    size_t length;

    *key = NULL;
    enum status status = key_file_read(path, text, &length, fault);
    if (status == STATUS_OK)
        status = signing_key_parse(bytes_from(text, length), key, fault);
    OPENSSL_cleanse(text, sizeof text);
    return status;
}

size_t signing_key_public_bytes(const struct signing_key *key, uint8_t bytes[SIGNING_PUBLIC_BYTES_MAX])
{
    size_t length = SIGNING_PUBLIC_BYTES_MAX;
    bool known = false;

    if (key->algorithm == SIGNING_ED25519)
        known = EVP_PKEY_get_raw_public_key(key->pair, bytes, &length) == 1;
    else if (key->algorithm == SIGNING_SM2_SM3)
        known = EVP_PKEY_get_octet_string_param(key->pair, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, bytes,
                                                SIGNING_PUBLIC_BYTES_MAX, &length) == 1;
    return known ? length : 0;
}

static enum status write_pem(const struct signing_key *key, struct buffer *out, struct fault *fault)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool written =
        bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key->pair, NULL, NULL, 0, no_password, NULL) == 1;
    long length = written ? BIO_get_mem_data(bio, &text) : 0;

    if (written)
        buffer_append(out, text, (size_t)length);
    BIO_free(bio);
    return written ? STATUS_OK : fault_fatal(fault, "key.write", "the key cannot be written as PEM");
}

enum status signing_key_write(const struct signing_key *key, struct buffer *out, struct fault *fault)
{
    char line[TEXT_BASE64_LENGTH(KEY_FILE_BYTES_MAX) + 1];

    if (!key->is_private)
        return fault_fatal(fault, "key.public", "the private part of this key is not here");
    if (key->pair != NULL)
        return write_pem(key, out, fault);
    size_t length = text_base64_encode(bytes_from(key->secret, key->secret_length), line, sizeof line);
    if (length == 0)
        return fault_fatal(fault, "key.write", "the secret is too long to be written");
    buffer_append(out, line, length);
    buffer_append_byte(out, '\n');
    OPENSSL_cleanse(line, sizeof line);
    return STATUS_OK;
}

/* ---- signing ---- */

/* r and s as 32 bytes each, out of DER, and back. */
static bool sm2_of_der(const uint8_t *der, size_t der_length, uint8_t signature[SIGNATURE_BYTES_MAX])
{
    const uint8_t *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der_length);
    bool fits = pair != NULL &&
                BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, SM2_NUMBER_BYTES) == SM2_NUMBER_BYTES &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + SM2_NUMBER_BYTES, SM2_NUMBER_BYTES) ==
                    SM2_NUMBER_BYTES;

    ECDSA_SIG_free(pair);
    return fits;
}

static int sm2_to_der(struct bytes signature, uint8_t **der)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature.data, SM2_NUMBER_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature.data + SM2_NUMBER_BYTES, SM2_NUMBER_BYTES, NULL);
    int length = -1;

    *der = NULL;
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* are the pair's now */
        length = i2d_ECDSA_SIG(pair, der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return length;
}

static bool set_user_id(const struct signing_key *key, EVP_PKEY_CTX *context)
{
    return key->algorithm != SIGNING_SM2_SM3 ||
           EVP_PKEY_CTX_set1_id(context, sm2_user_id, (int)strlen(sm2_user_id)) == 1;
}

static const EVP_MD *hash_of(const struct signing_key *key)
{
    return key->algorithm == SIGNING_SM2_SM3 ? EVP_sm3() : NULL; /* Ed25519 brings its own */
}

static size_t hmac(const struct signing_key *key, struct bytes message, uint8_t code[EVP_MAX_MD_SIZE])
{
    EVP_MAC_CTX *copy = EVP_MAC_CTX_dup(key->code);
    size_t length = 0;
    bool made = copy != NULL && EVP_MAC_update(copy, message.data, message.length) == 1 &&
                EVP_MAC_final(copy, code, &length, EVP_MAX_MD_SIZE) == 1;

    EVP_MAC_CTX_free(copy);
    return made ? length : 0;
}

static bool sign_with_pair(const struct signing_key *key, struct bytes message,
                           uint8_t signature[SIGNATURE_BYTES_MAX], size_t *length)
{
    uint8_t raw[128];
    size_t raw_length = sizeof raw;
    EVP_PKEY_CTX *parameters = NULL; /* belongs to CONTEXT */
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool signed_ = context != NULL &&
                   EVP_DigestSignInit(context, &parameters, hash_of(key), NULL, key->pair) == 1 &&
                   set_user_id(key, parameters) &&
                   EVP_DigestSign(context, raw, &raw_length, message.data, message.length) == 1;

    EVP_MD_CTX_free(context);
    *length = SIGNATURE_BYTES_MAX;
    if (!signed_ || key->algorithm == SIGNING_SM2_SM3)
        return signed_ && sm2_of_der(raw, raw_length, signature);
    memcpy(signature, raw, SIGNATURE_BYTES_MAX);
    return raw_length == SIGNATURE_BYTES_MAX;
}

enum status signing_key_sign(const struct signing_key *key, struct bytes message,
                             uint8_t signature[SIGNATURE_BYTES_MAX], size_t *length, struct fault *fault)
{
    bool is_signed = false;

    if (!key->is_private)
        return fault_fatal(fault, "key.public", "a public key cannot sign");
    if (key->pair == NULL) {
        uint8_t code[EVP_MAX_MD_SIZE];
        *length = hmac(key, message, code);
        is_signed = *length > 0;
        memcpy(signature, code, *length);
    } else {
        is_signed = sign_with_pair(key, message, signature, length);
    }
    ERR_clear_error();
    return is_signed ? STATUS_OK : fault_fatal(fault, "key.sign", "the message could not be signed");
}

static bool verify_with_pair(const struct signing_key *key, struct bytes message, struct bytes signature)
{
    uint8_t *der = NULL;
    EVP_PKEY_CTX *parameters = NULL;

    if (signature.length != SIGNATURE_BYTES_MAX)
        return false;
    if (key->algorithm == SIGNING_SM2_SM3) {
        int length = sm2_to_der(signature, &der);
        signature = bytes_from(der, length < 0 ? 0 : (size_t)length);
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool holds = context != NULL && signature.length > 0 &&
                 EVP_DigestVerifyInit(context, &parameters, hash_of(key), NULL, key->pair) == 1 &&
                 set_user_id(key, parameters) &&
                 EVP_DigestVerify(context, signature.data, signature.length, message.data, message.length) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ERR_clear_error();
    return holds;
}

bool signing_key_verify(const struct signing_key *key, struct bytes message, struct bytes signature)
{
    if (key->pair != NULL)
        return verify_with_pair(key, message, signature);
    uint8_t code[EVP_MAX_MD_SIZE];
    size_t length = hmac(key, message, code);
    return length > 0 && signature.length == length && CRYPTO_memcmp(code, signature.data, length) == 0;
}
