#include "seal/person_key.h"

#include "base/text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_BYTES_MAX = 64, TYPE_BYTES_MAX = 8, HASH_BYTES = 32 };

#define LABEL "medhub person 1"

static bool is_key_id(const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && strchr(".-_", text[i]) == NULL)
            return false;
    return length > 0 && length <= PERSON_KEY_ID_BYTES_MAX;
}

static size_t put(uint8_t *at, const void *data, size_t length)
{
    memcpy(at, data, length);
    at[length] = '\0';
    return length + 1;
}

static size_t write_message(uint8_t *message, const char *type, struct bytes number)
{
    uint8_t capitals[NUMBER_BYTES_MAX];
    for (size_t i = 0; i < number.length; i++)
        capitals[i] = (uint8_t)toupper(number.data[i]);
    size_t length = put(message, LABEL, strlen(LABEL));
    length += put(message + length, type, strlen(type));
    return length + put(message + length, capitals, number.length);
}

/* base64 with the alphabet for names, without padding. */
static void write_hash(const uint8_t hash[HASH_BYTES], char *out)
{
    char text[TEXT_BASE64_LENGTH(HASH_BYTES) + 1];
    (void)text_base64_encode(bytes_from(hash, HASH_BYTES), text, sizeof text);
    for (char *at = text; *at != '\0' && *at != '='; at++)
        *out++ = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    *out = '\0';
}

enum status person_pseudonym(const char *key_id, struct bytes secret, const char *type, struct bytes number,
                             char pseudonym[PERSON_PSEUDONYM_BYTES], struct fault *fault)
{
    uint8_t message[sizeof LABEL + TYPE_BYTES_MAX + 1 + NUMBER_BYTES_MAX + 1], hash[HASH_BYTES];
    unsigned length = 0;

    if (secret.length < PERSON_SECRET_BYTES_MIN)
        return fault_reject(fault, "person.secret", "the secret has fewer than %d bytes", PERSON_SECRET_BYTES_MIN);
    if (!is_key_id(key_id))
        return fault_reject(fault, "person.key_id", "a key id is 1 to %d letters, digits, . - _", PERSON_KEY_ID_BYTES_MAX);
    if (number.length == 0 || number.length > NUMBER_BYTES_MAX || strlen(type) == 0 || strlen(type) > TYPE_BYTES_MAX ||
        (strcmp(type, "01") == 0 && !text_is_identity_number(number)))
        return fault_reject(fault, "person.number", "that is no number of its type of document");
    size_t size = write_message(message, type, number);
    bool made = HMAC(EVP_sha256(), secret.data, (int)secret.length, message, size, hash, &length) != NULL;
    OPENSSL_cleanse(message, sizeof message);
    if (!made)
        return fault_fatal(fault, "person.hash", "the pseudonym cannot be computed");
    char *at = pseudonym + snprintf(pseudonym, PERSON_PSEUDONYM_BYTES, "%s:", key_id);
    write_hash(hash, at);
    return STATUS_OK;
}
