// links: medhub_signature
#include "signature/signing_key.h"

#include "base/text.h"
#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t unhex(const char *text, uint8_t *bytes)
{
    size_t length = 0;

    for (; text[2 * length] != '\0'; length++) {
        char pair[3] = {text[2 * length], text[2 * length + 1], '\0'};
        bytes[length] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return length;
}

static struct signing_key *public_key(enum signing_algorithm algorithm, const char *hex)
{
    uint8_t bytes[256];
    struct signing_key *key = NULL;
    struct fault fault;

    assert_int_equal(signing_key_public(algorithm, bytes_from(bytes, unhex(hex, bytes)), &key, &fault), STATUS_OK);
    return key;
}

static bool holds(const struct signing_key *key, const char *message, const char *signature_hex)
{
    uint8_t signature[SIGNATURE_BYTES_MAX];
    return signing_key_verify(key, bytes_of(message), bytes_from(signature, unhex(signature_hex, signature)));
}

/* GB/T 32918.5-2017 appendix A.2: "message digest" signed on the recommended curve, default user id. */
static void sm2_example_of_the_standard_holds(void **state)
{
    static const char signature[] = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
                                    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA";
    struct signing_key *key = public_key(SIGNING_SM2_SM3, "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
                                                          "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13");

    (void)state;
    assert_true(holds(key, "message digest", signature));
    assert_false(holds(key, "message digesT", signature));
    signing_key_free(key);
}

/* RFC 8032 section 7.1, test 2. */
static void ed25519_example_of_the_rfc_holds(void **state)
{
    struct signing_key *key =
        public_key(SIGNING_ED25519, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");

    (void)state;
    assert_true(holds(key, "r", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
                                "1d8c387b2eaeb4302aeeb00d291612bb0c00"));
    signing_key_free(key);
}

/* RFC 4231 test case 2 has a shorter key than we take; test case 3 is 20 bytes 0xaa. */
static void hmac_example_of_the_rfc_holds(void **state)
{
    uint8_t secret[20], message[50];
    uint8_t signature[SIGNATURE_BYTES_MAX];
    struct signing_key *key = NULL;
    struct fault fault;

    (void)state;
    memset(secret, 0xaa, sizeof secret);
    memset(message, 0xdd, sizeof message);
    assert_int_equal(signing_key_secret(bytes_from(secret, sizeof secret), &key, &fault), STATUS_OK);
    size_t length = unhex("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", signature);
    assert_true(signing_key_verify(key, bytes_from(message, sizeof message), bytes_from(signature, length)));
    assert_false(signing_key_verify(key, bytes_from(message, sizeof message), bytes_from(signature, length - 1)));
    assert_false(signing_key_verify(key, bytes_from(message, sizeof message), BYTES_NONE));
    signing_key_free(key);
}

/* The private text read again signs for the public bytes. */
static void a_key_survives_its_file_and_the_registry(void **state)
{
    struct bytes message = bytes_of("medhub");
    struct fault fault;

    (void)state;
    for (int i = 0; i < SIGNING_ALGORITHMS; i++) {
        enum signing_algorithm algorithm = (enum signing_algorithm)i;
        struct signing_key *made = NULL, *read = NULL, *other = NULL;
        uint8_t bytes[SIGNING_PUBLIC_BYTES_MAX], signature[SIGNATURE_BYTES_MAX];
        struct buffer text;
        size_t length = 0;

        buffer_init(&text, 8192);
        assert_int_equal(signing_key_generate(algorithm, &made, &fault), STATUS_OK);
        assert_int_equal(signing_key_write(made, &text, &fault), STATUS_OK);
        assert_int_equal(signing_key_parse(buffer_bytes(&text), &read, &fault), STATUS_OK);
        assert_int_equal(signing_key_algorithm(read), algorithm);
        assert_int_equal(signing_key_sign(read, message, signature, &length, &fault), STATUS_OK);
        struct bytes said = bytes_from(signature, length);
        assert_true(signing_key_verify(made, message, said));
        if (algorithm != SIGNING_HMAC_SHA256) {
            size_t count = signing_key_public_bytes(made, bytes);
            assert_int_equal(signing_key_public(algorithm, bytes_from(bytes, count), &other, &fault), STATUS_OK);
            assert_true(signing_key_verify(other, message, said));
            assert_int_equal(signing_key_sign(other, message, signature, &length, &fault), STATUS_FATAL);
            assert_int_equal(signing_key_write(other, &text, &fault), STATUS_FATAL);
            signing_key_free(other);
        }
        assert_int_equal(signing_key_generate(algorithm, &other, &fault), STATUS_OK);
        assert_false(signing_key_verify(other, message, said));
        signature[3] ^= 1;
        assert_false(signing_key_verify(made, message, said));
        signing_key_free(other);
        signing_key_free(read);
        signing_key_free(made);
        buffer_done(&text);
    }
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "not base64!",
        "AAAA\n", /* too short a secret */
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4\nXByzNJjxBdtjUkdJPBtb\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh8PjZ5iO2rLgICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJ0=\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n",
        /* an RSA or other curve's key is none of ours: prime256v1 */
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHK"
        "cvjBeBSDZH2r1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n"
        "-----END PRIVATE KEY-----\n",
    };
    struct signing_key *key = NULL;
    struct fault fault;
    uint8_t zeros[65] = {4};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(signing_key_parse(bytes_of(texts[i]), &key, &fault), STATUS_REJECT);
        assert_null(key);
        assert_string_equal(fault.code, "key.malformed");
    }
    assert_int_equal(signing_key_public(SIGNING_SM2_SM3, bytes_from(zeros, 65), &key, &fault), STATUS_REJECT);
    assert_int_equal(signing_key_public(SIGNING_SM2_SM3, bytes_from(zeros, 32), &key, &fault), STATUS_REJECT);
    assert_int_equal(signing_key_public(SIGNING_ED25519, bytes_from(zeros, 31), &key, &fault), STATUS_REJECT);
    assert_int_equal(signing_key_public(SIGNING_ED25519, BYTES_NONE, &key, &fault), STATUS_REJECT);
    assert_int_equal(signing_key_public(SIGNING_HMAC_SHA256, bytes_from(zeros, 32), &key, &fault), STATUS_REJECT);
}

static void a_file_is_read_and_its_absence_told(void **state)
{
    char folder[TEMP_FOLDER_BYTES], path[128];
    struct signing_key *key = NULL;
    struct fault fault;

    (void)state;
    temp_folder_make(folder);
    (void)snprintf(path, sizeof path, "%s/secret", folder);
    assert_int_equal(signing_key_load(path, &key, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, "key.absent");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    (void)fputs("MDEyMzQ1Njc4OWFiY2RlZg==\r\n", file);
    (void)fclose(file);
    assert_int_equal(signing_key_load(path, &key, &fault), STATUS_OK);
    signing_key_free(key);
    assert_int_equal(signing_key_load(folder, &key, &fault), STATUS_RETRY); /* a folder */
    assert_string_equal(fault.code, "key.unreadable");
    temp_folder_remove(folder);
}

static void algorithms_have_the_names_of_http(void **state)
{
    enum signing_algorithm algorithm;

    (void)state;
    assert_true(signing_algorithm_parse(bytes_of("sm2-sm3"), &algorithm));
    assert_int_equal(algorithm, SIGNING_SM2_SM3);
    assert_true(signing_algorithm_parse(bytes_of("ed25519"), &algorithm));
    assert_true(signing_algorithm_parse(bytes_of("hmac-sha256"), &algorithm));
    assert_false(signing_algorithm_parse(bytes_of("HMAC-SHA256"), &algorithm));
    assert_false(signing_algorithm_parse(BYTES_NONE, &algorithm));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm2_example_of_the_standard_holds),
        cmocka_unit_test(ed25519_example_of_the_rfc_holds),
        cmocka_unit_test(hmac_example_of_the_rfc_holds),
        cmocka_unit_test(a_key_survives_its_file_and_the_registry),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_file_is_read_and_its_absence_told),
        cmocka_unit_test(algorithms_have_the_names_of_http),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
