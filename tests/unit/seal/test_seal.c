// links: dep::openssl dep::jansson
/* seal.h, seal_key.h: closing and opening, and everything that must not open. */
#include "seal/seal.h"
#include "seal/sealed_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define IDENTITY "{\"name\":\"张三\",\"documentNumber\":\"11010519491231002X\",\"telephone\":\"13800138000\"}"

static const struct seal_place place = {"H65010000001", "rx-1", "identity"};

struct fixture {
    struct arena *arena;
    struct seal_key *pharmacy, *insurer;
    struct sealed sealed;
    struct fault fault;
};

static struct seal_key *key_new(enum seal_suite suite)
{
    struct seal_key *key = NULL;
    struct fault fault = {0};
    assert_int_equal(seal_key_generate(suite, &key, &fault), STATUS_OK);
    return key;
}

static void seal_with(struct fixture *fixture, enum seal_suite suite)
{
    seal_key_free(fixture->pharmacy);
    seal_key_free(fixture->insurer);
    fixture->pharmacy = key_new(suite);
    fixture->insurer = key_new(suite);
    const struct seal_recipient recipients[] = {{"P1", "e1", fixture->pharmacy}, {"I1", "e7", fixture->insurer}};
    assert_int_equal(seal_close(&place, recipients, 2, bytes_of(IDENTITY), fixture->arena, &fixture->sealed, &fixture->fault),
                     STATUS_OK);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    seal_key_free(fixture->pharmacy);
    seal_key_free(fixture->insurer);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static enum status open_as(struct fixture *fixture, const struct seal_place *where, const char *recipient, const char *key_id,
                           const struct seal_key *key)
{
    struct bytes plain;
    enum status status = seal_open(&fixture->sealed, where, recipient, key_id, key, fixture->arena, &plain, &fixture->fault);
    if (status == STATUS_OK)
        assert_true(bytes_equal_text(plain, IDENTITY));
    else
        assert_null(plain.data);
    return status;
}

#define assert_shut(fixture, where, recipient, key_id, key, why)                                                               \
    do {                                                                                                                       \
        assert_int_equal(open_as(fixture, where, recipient, key_id, key), STATUS_REJECT);                                      \
        assert_string_equal((fixture)->fault.code, why);                                                                       \
    } while (0)

static void each_suite(void **state, void (*each)(struct fixture *fixture))
{
    for (int suite = SEAL_NO_SUITE + 1; suite < SEAL_SUITES; suite++) {
        seal_with(*state, (enum seal_suite)suite);
        each(*state);
    }
}

static void those_named_open_it(struct fixture *fixture)
{
    assert_int_equal(fixture->sealed.wrap_count, 2);
    assert_null(seal_wrong(&fixture->sealed));
    assert_int_equal(open_as(fixture, &place, "P1", NULL, fixture->pharmacy), STATUS_OK);
    assert_int_equal(open_as(fixture, &place, "I1", "e7", fixture->insurer), STATUS_OK);
    assert_null(memmem(fixture->sealed.ciphertext.data, fixture->sealed.ciphertext.length, "11010519491231002X", 18));
}

static void recipients_open_what_is_sealed(void **state)
{
    each_suite(state, those_named_open_it);
}

static void others_do_not_open_it(struct fixture *fixture)
{
    assert_shut(fixture, &place, "P1", NULL, fixture->insurer, "seal.not_opened");
    assert_shut(fixture, &place, "P2", NULL, fixture->pharmacy, "seal.not_for_us");
    assert_shut(fixture, &place, "P1", "e2", fixture->pharmacy, "seal.not_for_us");
    struct seal_key *stranger = key_new(fixture->sealed.suite == SEAL_SM2_SM4 ? SEAL_X25519_AES256GCM : SEAL_SM2_SM4);
    assert_shut(fixture, &place, "P1", NULL, stranger, "seal.not_opened");
    seal_key_free(stranger);
}

static void nobody_else_opens_it(void **state)
{
    each_suite(state, others_do_not_open_it);
}

static void moved_it_stays_shut(struct fixture *fixture)
{
    const struct seal_place elsewhere[] = {{"H65010000002", "rx-1", "identity"},
                                           {"H65010000001", "rx-2", "identity"},
                                           {"H65010000001", "rx-1", "contact"},
                                           {"H65010000001", "rx-1identity", ""}};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        assert_shut(fixture, &elsewhere[i], "P1", NULL, fixture->pharmacy, "seal.not_opened");
}

static void a_sealed_value_cannot_be_moved(void **state)
{
    each_suite(state, moved_it_stays_shut);
}

/* Every bit of the ciphertext, the ephemeral key and the wrap counts. */
static void changed_it_stays_shut(struct fixture *fixture)
{
    const struct bytes parts[] = {fixture->sealed.ciphertext, fixture->sealed.ephemeral_key,
                                  fixture->sealed.wraps[0].wrapped_key};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (size_t at = 0; at < parts[i].length; at += 7) {
            uint8_t *byte = (uint8_t *)(uintptr_t)&parts[i].data[at];
            *byte ^= 0x10;
            assert_int_equal(open_as(fixture, &place, "P1", NULL, fixture->pharmacy), STATUS_REJECT);
            *byte ^= 0x10;
        }
    assert_int_equal(open_as(fixture, &place, "P1", NULL, fixture->pharmacy), STATUS_OK);
}

static void what_was_changed_does_not_open(void **state)
{
    each_suite(state, changed_it_stays_shut);
}

/* As the hub passes it on: only the recipient's own wrap. */
static void its_own_wrap_is_enough(struct fixture *fixture)
{
    fixture->sealed.wraps++;
    fixture->sealed.wrap_count--;
    assert_int_equal(open_as(fixture, &place, "I1", NULL, fixture->insurer), STATUS_OK);
    assert_shut(fixture, &place, "P1", NULL, fixture->pharmacy, "seal.not_for_us");
}

static void other_wraps_may_be_taken_away(void **state)
{
    each_suite(state, its_own_wrap_is_enough);
}

/* A key in use and the one that follows it: two wraps of one organisation. */
static void keys_rotate(void **state)
{
    struct fixture *fixture = *state;
    seal_with(fixture, SEAL_X25519_AES256GCM);
    const struct seal_recipient recipients[] = {{"P1", "e1", fixture->pharmacy}, {"P1", "e2", fixture->insurer}};
    assert_int_equal(seal_close(&place, recipients, 2, bytes_of(IDENTITY), fixture->arena, &fixture->sealed, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(open_as(fixture, &place, "P1", NULL, fixture->pharmacy), STATUS_OK);
    assert_int_equal(open_as(fixture, &place, "P1", NULL, fixture->insurer), STATUS_OK);
    assert_shut(fixture, &place, "P1", "e1", fixture->insurer, "seal.not_opened");
}

static void two_sealings_of_one_value_differ(void **state)
{
    struct fixture *fixture = *state;
    seal_with(fixture, SEAL_X25519_AES256GCM);
    struct sealed first = fixture->sealed;
    seal_with(fixture, SEAL_X25519_AES256GCM);
    assert_false(bytes_equal(first.ciphertext, fixture->sealed.ciphertext));
    assert_string_not_equal(first.key_id, fixture->sealed.key_id);
}

static enum status close_for(struct fixture *fixture, const struct seal_recipient *recipients, size_t count, struct bytes plain)
{
    return seal_close(&place, recipients, count, plain, fixture->arena, &fixture->sealed, &fixture->fault);
}

static void recipients_are_checked(void **state)
{
    struct fixture *fixture = *state;
    seal_with(fixture, SEAL_X25519_AES256GCM);
    struct seal_key *other = key_new(SEAL_SM2_SM4);
    const struct seal_recipient mixed[] = {{"P1", "e1", fixture->pharmacy}, {"I1", "e1", other}};
    const struct seal_recipient unnamed = {"", "e1", fixture->pharmacy}, spaced = {"P 1", "e1", fixture->pharmacy};
    static uint8_t much[SEAL_PLAIN_BYTES_MAX + 1];

    assert_int_equal(close_for(fixture, mixed, 2, bytes_of("x")), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "seal.recipients");
    assert_int_equal(close_for(fixture, mixed, 0, bytes_of("x")), STATUS_REJECT);
    assert_int_equal(close_for(fixture, &unnamed, 1, bytes_of("x")), STATUS_REJECT);
    assert_int_equal(close_for(fixture, &spaced, 1, bytes_of("x")), STATUS_REJECT);
    assert_int_equal(close_for(fixture, mixed, 1, bytes_from(much, sizeof much)), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "seal.too_long");
    assert_int_equal(close_for(fixture, mixed, 1, bytes_from(much, sizeof much - 1)), STATUS_OK);
    assert_int_equal(close_for(fixture, mixed, 1, bytes_of("")), STATUS_OK);
    seal_key_free(other);
}

/* --- keys --- */

static void a_key_survives_its_file_and_its_public_part(void **state)
{
    struct fixture *fixture = *state;
    for (int suite = SEAL_NO_SUITE + 1; suite < SEAL_SUITES; suite++) {
        struct seal_key *key = key_new((enum seal_suite)suite), *again = NULL, *public_key = NULL;
        uint8_t bytes[2][SEAL_PUBLIC_BYTES_MAX];
        struct buffer text;
        buffer_init(&text, 4096);
        assert_int_equal(seal_key_write(key, &text, &fixture->fault), STATUS_OK);
        assert_int_equal(seal_key_parse(buffer_bytes(&text), &again, &fixture->fault), STATUS_OK);
        assert_int_equal(seal_key_suite(again), suite);
        size_t length = seal_key_public_bytes(key, bytes[0]);
        assert_int_equal(length, suite == SEAL_SM2_SM4 ? 65 : 32);
        assert_int_equal(seal_key_public_bytes(again, bytes[1]), length);
        assert_memory_equal(bytes[0], bytes[1], length);
        assert_int_equal(seal_key_public((enum seal_suite)suite, bytes_from(bytes[0], length), &public_key, &fixture->fault),
                         STATUS_OK);
        assert_int_equal(seal_key_write(public_key, &text, &fixture->fault), STATUS_FATAL);
        const struct seal_recipient recipient = {"P1", "e1", public_key};
        assert_int_equal(close_for(fixture, &recipient, 1, bytes_of(IDENTITY)), STATUS_OK);
        assert_int_equal(open_as(fixture, &place, "P1", NULL, again), STATUS_OK);
        assert_shut(fixture, &place, "P1", NULL, public_key, "seal.not_opened");
        buffer_done(&text);
        seal_key_free(key);
        seal_key_free(again);
        seal_key_free(public_key);
    }
}

static void what_is_no_key_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct seal_key *key = NULL;
    static const uint8_t zeros[SEAL_PUBLIC_BYTES_MAX] = {4};

    assert_int_equal(seal_key_parse(bytes_of("-----BEGIN PRIVATE KEY-----\n"), &key, &fixture->fault), STATUS_REJECT);
    assert_int_equal(seal_key_parse(bytes_of(""), &key, &fixture->fault), STATUS_REJECT);
    assert_int_equal(seal_key_public(SEAL_X25519_AES256GCM, bytes_from(zeros, 31), &key, &fixture->fault), STATUS_REJECT);
    assert_int_equal(seal_key_public(SEAL_SM2_SM4, bytes_from(zeros, 65), &key, &fixture->fault), STATUS_REJECT);
    assert_int_equal(seal_key_load("/nowhere/key.pem", &key, &fixture->fault), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "key.absent");
    assert_null(key);
}

/* --- JSON --- */

static void json_is_read_back(struct fixture *fixture)
{
    json_t *json = sealed_to_json(&fixture->sealed);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_null(strstr(text, "110105"));
    assert_int_equal(sealed_parse(bytes_of(text), fixture->arena, &fixture->sealed, &fixture->fault), STATUS_OK);
    assert_int_equal(open_as(fixture, &place, "I1", "e7", fixture->insurer), STATUS_OK);
    free(text);
    json_decref(json);
}

static void sealed_values_travel_as_json(void **state)
{
    each_suite(state, json_is_read_back);
}

static void a_member_that_is_wrong_is_named(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *member, *value, *named;
    } rows[] = {{"suite", "\"SEAL_SUITE_ROT13\"", "suite"}, {"suite", "7", "suite"},
                {"keyId", "\"a b\"", "key_id"},             {"keyId", "null", "key_id"},
                {"ephemeralKey", "\"AAAA\"", "ephemeral_key"}, {"ephemeralKey", "\"%\"", "ephemeralKey"},
                {"ciphertext", "\"AAAA\"", "ciphertext"},   {"ciphertext", "[]", "ciphertext"},
                {"wraps", "[]", "wraps"},                   {"wraps", "[{}]", "wraps"},
                {"wraps", "{}", "wraps"}};
    seal_with(fixture, SEAL_X25519_AES256GCM);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sealed sealed;
        json_t *json = sealed_to_json(&fixture->sealed);
        (void)json_object_set_new(json, rows[i].member, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
        assert_int_equal(sealed_of_json(json, fixture->arena, &sealed, &fixture->fault), STATUS_REJECT);
        if (strstr(fixture->fault.text, rows[i].named) == NULL)
            fail_msg("row %zu: %s", i, fixture->fault.text);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(recipients_open_what_is_sealed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_else_opens_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sealed_value_cannot_be_moved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_changed_does_not_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_wraps_may_be_taken_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_rotate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_sealings_of_one_value_differ, set_up, tear_down),
        cmocka_unit_test_setup_teardown(recipients_are_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_survives_its_file_and_its_public_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_key_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sealed_values_travel_as_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_member_that_is_wrong_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
