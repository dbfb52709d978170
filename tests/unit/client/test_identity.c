// links: medhub_seal
/* medhub_seal, medhub_open_sealed, medhub_person_pseudonym: what a hospital's and a pharmacy's program do with a person's
 * identity. */
#include "client/medhub.h"

#include "base/text.h"
#include "seal/seal_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IDENTITY "{\"name\":\"张三\",\"documentNumber\":\"11010519491231002X\"}"

struct fixture {
    char pem[4096], registry[512];
    char *json, *plain;
    size_t length;
    struct medhub_error error;
};

/* A key's file and its line for the registry. */
static void make_key(struct fixture *fixture, const char *algorithm, enum seal_suite suite, const char *use)
{
    uint8_t bytes[SEAL_PUBLIC_BYTES_MAX];
    char encoded[TEXT_BASE64_LENGTH(SEAL_PUBLIC_BYTES_MAX) + 1];
    struct seal_key *key = NULL;
    struct fault fault = {0};
    struct buffer text;

    buffer_init(&text, sizeof fixture->pem);
    assert_int_equal(seal_key_generate(suite, &key, &fault), STATUS_OK);
    assert_int_equal(seal_key_write(key, &text, &fault), STATUS_OK);
    (void)snprintf(fixture->pem, sizeof fixture->pem, "%s", buffer_text(&text));
    (void)text_base64_encode(bytes_from(bytes, seal_key_public_bytes(key, bytes)), encoded, sizeof encoded);
    (void)snprintf(fixture->registry, sizeof fixture->registry,
                   "{\"id\":\"e1\",\"algorithm\":\"%s\",\"publicKey\":\"%s\",\"use\":\"%s\"}", algorithm, encoded, use);
    buffer_done(&text);
    seal_key_free(key);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->error = (struct medhub_error)MEDHUB_ERROR_INIT;
    make_key(fixture, "KEY_ALGORITHM_X25519", SEAL_X25519_AES256GCM, "KEY_USE_ENCRYPTION");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    medhub_free(fixture->json);
    medhub_free(fixture->plain);
    free(fixture);
    return 0;
}

static enum medhub_status seal_it(struct fixture *fixture)
{
    const struct medhub_recipient recipient = {"P1", fixture->registry};
    medhub_free(fixture->json);
    fixture->json = NULL;
    return medhub_seal("H1", "rx-1", "identity", &recipient, 1, IDENTITY, strlen(IDENTITY), &fixture->json, &fixture->error);
}

static enum medhub_status open_it(struct fixture *fixture, const char *id, const char *organisation)
{
    medhub_free(fixture->plain);
    fixture->plain = NULL;
    return medhub_open_sealed("H1", id, "identity", fixture->json, organisation, fixture->pem, &fixture->plain,
                              &fixture->length, &fixture->error);
}

static void what_a_hospital_seals_a_pharmacy_opens(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(seal_it(fixture), MEDHUB_OK);
    assert_null(strstr(fixture->json, "110105"));
    assert_int_equal(open_it(fixture, "rx-1", "P1"), MEDHUB_OK);
    assert_string_equal(fixture->plain, IDENTITY);
    assert_int_equal(fixture->length, strlen(IDENTITY));
    make_key(fixture, "KEY_ALGORITHM_SM2", SEAL_SM2_SM4, "KEY_USE_ENCRYPTION");
    assert_int_equal(seal_it(fixture), MEDHUB_OK);
    assert_int_equal(open_it(fixture, "rx-1", "P1"), MEDHUB_OK);
    assert_string_equal(fixture->plain, IDENTITY);
}

static void elsewhere_it_does_not_open(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(seal_it(fixture), MEDHUB_OK);
    assert_int_equal(open_it(fixture, "rx-2", "P1"), MEDHUB_INVALID);
    assert_string_equal(fixture->error.code, "seal.failed");
    assert_null(fixture->plain);
    assert_int_equal(open_it(fixture, "rx-1", "P2"), MEDHUB_INVALID);
}

static void a_key_for_signing_is_no_recipient(void **state)
{
    struct fixture *fixture = *state;
    make_key(fixture, "KEY_ALGORITHM_SM2", SEAL_SM2_SM4, "KEY_USE_SIGNING");
    assert_int_equal(seal_it(fixture), MEDHUB_INVALID);
    assert_null(fixture->json);
    (void)snprintf(fixture->registry, sizeof fixture->registry, "not JSON");
    assert_int_equal(seal_it(fixture), MEDHUB_INVALID);
    assert_int_equal(medhub_seal("H1", "rx-1", "identity", NULL, 1, "", 0, &fixture->json, &fixture->error), MEDHUB_INVALID);
    assert_string_equal(fixture->error.code, "argument.missing");
}

static void a_person_has_a_pseudonym_under_each_key(void **state)
{
    struct fixture *fixture = *state;
    static const char secret[32] = "0123456789abcdef0123456789abcde", number[] = "11010519491231002X";
    char *first = NULL;

    assert_int_equal(medhub_person_pseudonym("k1", secret, sizeof secret, "01", number, &first, &fixture->error), MEDHUB_OK);
    assert_int_equal(strncmp(first, "k1:", 3), 0);
    assert_int_equal(strlen(first), 3 + 43);
    assert_int_equal(medhub_person_pseudonym("k1", secret, sizeof secret, "01", number, &fixture->plain, &fixture->error),
                     MEDHUB_OK);
    assert_string_equal(first, fixture->plain);
    medhub_free(fixture->plain);
    assert_int_equal(medhub_person_pseudonym("k1", secret, sizeof secret, "03", number, &fixture->plain, &fixture->error),
                     MEDHUB_OK);
    assert_string_not_equal(first, fixture->plain);
    medhub_free(fixture->plain);
    fixture->plain = NULL;
    assert_int_equal(medhub_person_pseudonym("k1", secret, 16, "01", number, &fixture->plain, &fixture->error), MEDHUB_INVALID);
    assert_int_equal(medhub_person_pseudonym("k 1", secret, sizeof secret, "01", number, &fixture->plain, &fixture->error),
                     MEDHUB_INVALID);
    assert_int_equal(
        medhub_person_pseudonym("k1", secret, sizeof secret, "01", "110105194912310021", &fixture->plain, &fixture->error),
        MEDHUB_INVALID);
    assert_null(fixture->plain);
    medhub_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_hospital_seals_a_pharmacy_opens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(elsewhere_it_does_not_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_for_signing_is_no_recipient, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_person_has_a_pseudonym_under_each_key, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
