// links: dep::openssl
/* signer.h: the signatures of Standard Webhooks. */
#include "webhook/signer.h"

#include "base/text.h"
#include "support/cmocka_all.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct signer *parse(const char *text)
{
    struct signer *signer = NULL;
    struct fault fault = {0};

    assert_int_equal(signer_parse(bytes_of(text), &signer, &fault), STATUS_OK);
    return signer;
}

static const char *sign(struct signer *signer, const char *id, int64_t seconds, const char *body)
{
    static char text[SIGNATURE_BYTES_MAX];
    struct fault fault = {0};

    assert_int_equal(signer_sign(signer, id, seconds, bytes_of(body), text, &fault), STATUS_OK);
    return text;
}

#define PUBLISHED "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/* The example that the project's libraries test with. */
static void the_published_example_holds(void **state)
{
    struct signer *signer = parse(PUBLISHED "\n");
    (void)state;

    assert_string_equal(sign(signer, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"),
                        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    signer_free(signer);
}

static void two_secrets_give_two_signatures_the_newest_first(void **state)
{
    struct signer *one = parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"), *two = parse(PUBLISHED);
    struct signer *both = parse("# changed in May\nwhsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\r\n\n" PUBLISHED);
    char expected[2 * SIGNATURE_BYTES_MAX], first[SIGNATURE_BYTES_MAX];
    (void)state;

    (void)snprintf(first, sizeof first, "%s", sign(one, "m", 1, "body"));
    (void)snprintf(expected, sizeof expected, "%s %s", first, sign(two, "m", 1, "body"));
    assert_string_equal(sign(both, "m", 1, "body"), expected);
    assert_string_equal(sign(both, "m", 1, "body"), expected); /* again, with the same keys */
    signer_free(one);
    signer_free(two);
    signer_free(both);
}

static void an_ed25519_signature_verifies(void **state)
{
    static const uint8_t secret[32] = {1, 2, 3};
    char line[100] = "whsk_";
    uint8_t signature[64], public[32];
    size_t length = 0, public_length = sizeof public;
    (void)state;

    (void)text_base64_encode(bytes_from(secret, sizeof secret), line + 5, sizeof line - 5);
    struct signer *signer = parse(line);
    const char *text = sign(signer, "m", 7, "hello");
    assert_memory_equal(text, "v1a,", 4);
    assert_true(text_base64_decode(bytes_of(text + 4), signature, sizeof signature, &length));
    EVP_PKEY *private = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof secret);
    assert_int_equal(EVP_PKEY_get_raw_public_key(private, public, &public_length), 1);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, public_length);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(context, signature, length, (const uint8_t *)"m.7.hello", 9), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    EVP_PKEY_free(private);
    signer_free(signer);
}

static void an_empty_body_is_signed_too(void **state)
{
    struct signer *signer = parse(PUBLISHED);
    char empty[SIGNATURE_BYTES_MAX];
    (void)state;

    (void)snprintf(empty, sizeof empty, "%s", sign(signer, "m", 1, ""));
    assert_string_not_equal(empty, sign(signer, "m", 1, "x"));
    assert_string_not_equal(empty, sign(signer, "m", 2, ""));
    assert_string_not_equal(empty, sign(signer, "n", 1, ""));
    signer_free(signer);
}

static void what_is_no_secret_is_refused_without_telling_it(void **state)
{
    static const char *const texts[] = {
        "",
        "# nothing\n",
        "secret",
        "whsec_",
        "whsec_AAECAwQFBgcICQoLDA0ODw==", /* 16 bytes */
        "whsec_not-base64!",
        "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
        PUBLISHED "\nrubbish\n",
        PUBLISHED "\n" PUBLISHED "\n" PUBLISHED "\n" PUBLISHED "\n" PUBLISHED "\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct signer *signer = NULL;
        struct fault fault = {0};
        assert_int_equal(signer_parse(bytes_of(texts[i]), &signer, &fault), STATUS_REJECT);
        assert_null(signer);
        assert_string_equal(fault.code, "signer.secret");
        assert_null(strstr(fault.text, "rubbish"));
    }
}

static void a_missing_file_is_refused(void **state)
{
    struct signer *signer = NULL;
    struct fault fault = {0};
    (void)state;

    assert_int_equal(signer_load("/nowhere/at/all", &signer, &fault), STATUS_REJECT);
    assert_null(signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example_holds),
        cmocka_unit_test(two_secrets_give_two_signatures_the_newest_first),
        cmocka_unit_test(an_ed25519_signature_verifies),
        cmocka_unit_test(an_empty_body_is_signed_too),
        cmocka_unit_test(what_is_no_secret_is_refused_without_telling_it),
        cmocka_unit_test(a_missing_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
