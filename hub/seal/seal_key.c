#include "seal/seal_suite.h"

#include "base/secret_file.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void seal_key_free(struct seal_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pair);
    free(key);
}

enum seal_suite seal_key_suite(const struct seal_key *key)
{
    return key->suite;
}

/* Takes PAIR over, also on failure. */
static enum status key_of_pair(enum seal_suite suite, EVP_PKEY *pair, bool is_private, struct seal_key **key,
                               struct fault *fault)
{
    *key = calloc(1, sizeof **key);
    if (*key == NULL) {
        EVP_PKEY_free(pair);
        return fault_fatal(fault, "memory.out", "no memory for a key");
    }
    **key = (struct seal_key){.suite = suite, .pair = pair, .is_private = is_private};
    return STATUS_OK;
}

/* The library's own list of errors would otherwise grow, and speak up at the next TLS connection of this thread. */
static enum status malformed(struct fault *fault, const char *expected)
{
    ERR_clear_error();
    return fault_reject(fault, "key.malformed", "the key is not %s", expected);
}

enum status seal_key_generate(enum seal_suite suite, struct seal_key **key, struct fault *fault)
{
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, suite_rows[suite].openssl);

    *key = NULL;
    return pair == NULL ? fault_fatal(fault, "key.random", "a key could not be made")
                        : key_of_pair(suite, pair, true, key, fault);
}

enum status seal_key_public(enum seal_suite suite, struct bytes public_key, struct seal_key **key, struct fault *fault)
{
    EVP_PKEY *pair = suite_public_pair(suite, public_key);

    *key = NULL;
    return pair == NULL ? malformed(fault, "a public encryption key of its suite")
                        : key_of_pair(suite, pair, false, key, fault);
}

/* A key that is locked with a password is refused; without this OpenSSL would ask on the terminal. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

enum status seal_key_parse(struct bytes text, struct seal_key **key, struct fault *fault)
{
    BIO *bio = text.length == 0 || text.length > KEY_FILE_BYTES_MAX ? NULL : BIO_new_mem_buf(text.data, (int)text.length);
    EVP_PKEY *pair = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);

    *key = NULL;
    BIO_free(bio);
    for (int suite = SEAL_NO_SUITE + 1; pair != NULL && suite < SEAL_SUITES; suite++)
        if (EVP_PKEY_is_a(pair, suite_rows[suite].openssl))
            return key_of_pair((enum seal_suite)suite, pair, true, key, fault);
    EVP_PKEY_free(pair);
    return malformed(fault, "an X25519 or SM2 private key in PEM without password");
}

enum status seal_key_load(const char *path, struct seal_key **key, struct fault *fault)
{
    uint8_t text[KEY_FILE_BYTES_MAX + 1];
    size_t length;

    *key = NULL;
    enum status status = key_file_read(path, text, &length, fault);
    if (status == STATUS_OK)
        status = seal_key_parse(bytes_from(text, length), key, fault);
    OPENSSL_cleanse(text, sizeof text);
    return status;
}

size_t seal_key_public_bytes(const struct seal_key *key, uint8_t bytes[SEAL_PUBLIC_BYTES_MAX])
{
    return suite_public_bytes(key->pair, bytes);
}

enum status seal_key_write(const struct seal_key *key, struct buffer *out, struct fault *fault)
{
    char *text = NULL;

    if (!key->is_private)
        return fault_fatal(fault, "key.public", "the private part of this key is not here");
    BIO *bio = BIO_new(BIO_s_mem());
    bool written = bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key->pair, NULL, NULL, 0, no_password, NULL) == 1;
    long length = written ? BIO_get_mem_data(bio, &text) : 0;
    if (written)
        buffer_append(out, text, (size_t)length);
    BIO_free(bio);
    return written ? STATUS_OK : fault_fatal(fault, "key.write", "the key cannot be written as PEM");
}
