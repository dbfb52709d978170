// links: medhub_signature
#include "signature/event_signature.h"

#include "support/cmocka_all.h"

#include <stdlib.h>

static const uint8_t value[] = {0x0a, 0x01, 0x00};

static struct signed_event sample(void)
{
    return (struct signed_event){
        .id = bytes_of("e-1"),
        .source = bytes_of("HB0001"),
        .type = bytes_of("medhub.prescription.uploaded.v1"),
        .time = bytes_of("2026-11-01T08:00:00+08:00"),
        .key = bytes_of("p1:abc"),
        .value = bytes_from(value, sizeof value),
    };
}

static struct signing_key *fresh(enum signing_algorithm algorithm)
{
    struct signing_key *key = NULL;
    struct fault fault;

    assert_int_equal(signing_key_generate(algorithm, &key, &fault), STATUS_OK);
    return key;
}

/* Worked out with Python's hmac over the lengths and texts that the header names: others must be able to do the same. */
static void the_bytes_that_are_signed_are_those_of_the_header(void **state)
{
    struct signing_key *key = NULL;
    struct fault fault;
    char text[EVENT_SIGNATURE_TEXT_BYTES];
    const struct signed_event event = sample();

    (void)state;
    assert_int_equal(signing_key_secret(bytes_of("0123456789abcdef"), &key, &fault), STATUS_OK);
    assert_int_equal(event_signature_make(&event, "medhub", "voucher", key, text, &fault), STATUS_OK);
    assert_string_equal(text, "medhub/voucher:iwU8vNTmpSsr0HNQeHLBhAiftxKQwy6ywVEVA5MsZKs=");
    signing_key_free(key);
}

static void each_algorithm_goes_there_and_back(void **state)
{
    (void)state;
    for (int algorithm = 0; algorithm < SIGNING_ALGORITHMS; algorithm++) {
        struct signing_key *key = fresh((enum signing_algorithm)algorithm);
        struct signing_key *other = fresh((enum signing_algorithm)algorithm);
        const struct signed_event event = sample();
        struct event_signature signature;
        struct fault fault;
        char text[EVENT_SIGNATURE_TEXT_BYTES];

        assert_int_equal(event_signature_make(&event, "HB0001", "key-1", key, text, &fault), STATUS_OK);
        assert_true(event_signature_parse(bytes_of(text), &signature));
        assert_true(bytes_equal_text(signature.signer, "HB0001"));
        assert_true(bytes_equal_text(signature.key_id, "key-1"));
        assert_true(event_signature_is_by(&signature, &event, key));
        assert_false(event_signature_is_by(&signature, &event, other));
        signing_key_free(key);
        signing_key_free(other);
    }
}

/* Also a byte that moves from one text to the next: the lengths are signed too. */
static void whatever_is_changed_the_signature_no_longer_holds(void **state)
{
    struct signing_key *key = fresh(SIGNING_HMAC_SHA256);
    const struct signed_event event = sample();
    struct signed_event changed[] = {event, event, event, event, event, event, event, event};
    struct event_signature signature;
    struct fault fault;
    char text[EVENT_SIGNATURE_TEXT_BYTES];

    (void)state;
    changed[0].id = bytes_of("e-2");
    changed[1].source = bytes_of("HB0002");
    changed[2].type = bytes_of("medhub.prescription.revoked.v1");
    changed[3].time = BYTES_NONE;
    changed[4].conformance = bytes_of("true");
    changed[5].key = bytes_of("p1:abd");
    changed[6].value = bytes_from(value, sizeof value - 1);
    changed[7].id = bytes_of("e-1H");
    changed[7].source = bytes_of("B0001");
    assert_int_equal(event_signature_make(&event, "HB0001", "key-1", key, text, &fault), STATUS_OK);
    assert_true(event_signature_parse(bytes_of(text), &signature));
    assert_true(event_signature_is_by(&signature, &event, key));
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++)
        assert_false(event_signature_is_by(&signature, &changed[i], key));
    signing_key_free(key);
}

static void what_is_no_signature_is_not_read(void **state)
{
    static const char *const wrong[] = {
        "",          "HB0001",          "HB0001/key-1",     "HB0001/key-1:",    "/key-1:AAAA", "HB0001/:AAAA", "HB 1/key-1:AAAA",
        "HB/k/1:AA", "HB0001/key-1:AA", "HB0001/k:AAAA\n", "HB0001/k: AAAA", "HB0001:key-1/AAAA",
        "HB0001/key-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    struct event_signature signature;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(event_signature_parse(bytes_of(wrong[i]), &signature));
    assert_false(event_signature_parse(BYTES_NONE, &signature));
    assert_true(event_signature_parse(bytes_of("HB0001/key-1:AAAA"), &signature));
}

static void names_that_do_not_fit_are_said(void **state)
{
    struct signing_key *key = fresh(SIGNING_ED25519);
    const struct signed_event event = sample();
    struct fault fault;
    char text[EVENT_SIGNATURE_TEXT_BYTES], name[EVENT_SIGNATURE_TEXT_BYTES];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (size_t length = 150; length < sizeof name; length += 35) {
        name[length] = '\0';
        assert_int_equal(event_signature_make(&event, name, "k", key, text, &fault), length < 165 ? STATUS_OK : STATUS_FATAL);
        name[length] = 'n';
    }
    signing_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_that_are_signed_are_those_of_the_header),
        cmocka_unit_test(each_algorithm_goes_there_and_back),
        cmocka_unit_test(whatever_is_changed_the_signature_no_longer_holds),
        cmocka_unit_test(what_is_no_signature_is_not_read),
        cmocka_unit_test(names_that_do_not_fit_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
