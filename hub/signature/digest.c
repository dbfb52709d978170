#include "signature/digest.h"

#include "base/text.h"
#include "signature/structured.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
    static const char *const names[DIGEST_ALGORITHMS] = {
        [DIGEST_SHA_256] = "sha-256", [DIGEST_SHA_512] = "sha-512", [DIGEST_SM3] = "sm3"};
    return names[algorithm];
}

/* Looked up once: OpenSSL searches its providers for what EVP_sha256() names at every use, which takes longer than the digest of a
 * short text. They live as long as the process. */
static EVP_MD *functions[DIGEST_ALGORITHMS];
static pthread_once_t functions_once = PTHREAD_ONCE_INIT;

static void fetch_functions(void)
{
    static const char *const names[DIGEST_ALGORITHMS] = {
        [DIGEST_SHA_256] = "SHA256", [DIGEST_SHA_512] = "SHA512", [DIGEST_SM3] = "SM3"};
    for (int i = 0; i < DIGEST_ALGORITHMS; i++)
        functions[i] = EVP_MD_fetch(NULL, names[i], NULL);
}

size_t digest_of(enum digest_algorithm algorithm, struct bytes body, uint8_t digest[DIGEST_BYTES_MAX])
{
    unsigned length = 0;

    (void)pthread_once(&functions_once, fetch_functions);
    if (functions[algorithm] == NULL || EVP_Digest(body.data, body.length, digest, &length, functions[algorithm], NULL) != 1)
        return 0;
    return length;
}

void content_digest_write(enum digest_algorithm algorithm, struct bytes body, struct buffer *out)
{
    uint8_t digest[DIGEST_BYTES_MAX];
    size_t length = digest_of(algorithm, body, digest);
    char text[TEXT_BASE64_LENGTH(DIGEST_BYTES_MAX) + 1];

    (void)text_base64_encode(bytes_from(digest, length), text, sizeof text);
    buffer_append_format(out, "%s=:%s:", digest_algorithm_name(algorithm), text);
}

static bool digest_holds(enum digest_algorithm algorithm, struct bytes said, struct bytes body)
{
    uint8_t digest[DIGEST_BYTES_MAX];
    size_t length = digest_of(algorithm, body, digest);

    return length > 0 && said.length == length && CRYPTO_memcmp(digest, said.data, length) == 0;
}

enum status content_digest_check(struct bytes field, struct bytes body, struct arena *arena, struct fault *fault)
{
    struct structured_dictionary digests;
    struct fault why;
    bool is_known = false;

    if (structured_parse_dictionary(field, arena, &digests, &why) != STATUS_OK)
        return fault_reject(fault, "signature.syntax", "Content-Digest: %s", why.text);
    for (int i = 0; i < DIGEST_ALGORITHMS; i++) {
        enum digest_algorithm algorithm = (enum digest_algorithm)i;
        const struct structured_member *said = structured_find(&digests, digest_algorithm_name(algorithm));
        if (said == NULL)
            continue;
        is_known = true;
        if (said->item.value.kind != STRUCTURED_BYTES)
            return fault_reject(fault, "signature.syntax", "Content-Digest: %s is not a byte sequence",
                                digest_algorithm_name(algorithm));
        if (!digest_holds(algorithm, said->item.value.text, body))
            return fault_reject(fault, "signature.digest", "the body's %s digest is another one",
                                digest_algorithm_name(algorithm));
    }
    return is_known ? STATUS_OK
                    : fault_reject(fault, "signature.digest", "Content-Digest names none of sha-256, sha-512, sm3");
}
