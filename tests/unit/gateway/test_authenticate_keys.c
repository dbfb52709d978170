// links: medhub_gateway dep::protobuf-c
/* authenticate.h: whose keys and certificates count, and from when until when. */
#include "authenticate_trial.h"

/* ---- keys ---- */

static void a_rotated_key_works_beside_the_old_one_until_its_end(void **state)
{
    struct fixture *fixture = *state;
    struct registration hospital;
    struct signing_key *fresh = NULL;
    struct sent sent;
    const int64_t from = NOW_MS + 60000, until = NOW_MS + 120000;
    static const struct {
        int64_t after_ms;
        bool is_old, is_new;
    } moments[] = {{0, true, false}, {59999, true, false}, {60000, true, true}, {119999, true, true}, {120000, false, true}};

    assert_int_equal(signing_key_generate(SIGNING_ED25519, &fresh, &fixture->fault), STATUS_OK);
    begin_hospital(&hospital, "H1");
    add_signing_key(&hospital, "old", fixture->keys[SIGNING_ED25519], 0, until);
    add_signing_key(&hospital, "new", fresh, from, 0);
    put_row(fixture, &hospital.organisation);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        fixture->now_ms = NOW_MS + moments[i].after_ms;
        for (int is_new = 0; is_new <= 1; is_new++) {
            begin_request(&sent, "GET", "/v1/feeds", NULL);
            sign_at(fixture, &sent, is_new ? fresh : fixture->keys[SIGNING_ED25519], is_new ? "H1/new" : "H1/old",
                    fixture->now_ms);
            if (is_new ? moments[i].is_new : moments[i].is_old)
                assert_let_in(fixture, &sent);
            else
                assert_refused(fixture, &sent, "authentication.key_expired");
        }
    }
    /* The same id names one key only: the old key under the new key's id is wrong. */
    begin_request(&sent, "GET", "/v1/feeds", NULL);
    sign_at(fixture, &sent, fixture->keys[SIGNING_ED25519], "H1/new", fixture->now_ms);
    assert_refused(fixture, &sent, "signature.wrong");
    signing_key_free(fresh);
}

/* Whether an organisation or a key exists, or is over, only its holder learns. */
static void strangers_learn_nothing(void **state)
{
    static const char *const names[] = {"H1/ed25519", "H1/unknown", "H2/ed25519", "H1/cert", "H1/hmac-sha256", "H1/old"};
    struct fixture *fixture = *state;
    struct registration hospital;
    struct signing_key *strange = NULL;
    struct sent sent;
    char text[FAULT_TEXT_BYTES] = "";

    assert_int_equal(signing_key_generate(SIGNING_ED25519, &strange, &fixture->fault), STATUS_OK);
    begin_hospital(&hospital, "H1");
    add_signing_key(&hospital, "ed25519", fixture->keys[SIGNING_ED25519], 0, 0);
    add_signing_key(&hospital, "old", fixture->keys[SIGNING_ED25519], 0, NOW_MS - 1000);
    add_subject(&hospital, "cert", SUBJECT, 0, 0);
    (void)add_key(&hospital, "hmac-sha256", ALGORITHM(HMAC_SHA256), BYTES_NONE, 0, 0);
    hospital.organisation.state = STATE_SUSPENDED;
    put_row(fixture, &hospital.organisation);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        begin_request(&sent, "GET", "/v1/feeds", NULL);
        sign_at(fixture, &sent, strange, names[i], NOW_MS);
        assert_refused(fixture, &sent, "signature.wrong");
        assert_true(text[0] == '\0' || strcmp(text, fixture->fault.text) == 0);
        memcpy(text, fixture->fault.text, sizeof text);
    }
    signing_key_free(strange);
}

static void a_revoked_key_is_no_key(void **state)
{
    struct fixture *fixture = *state;
    struct registration hospital;
    struct sent sent;

    begin_hospital(&hospital, "H1");
    put_row(fixture, &hospital.organisation);
    post_signed(fixture, &sent, SIGNING_ED25519);
    assert_refused(fixture, &sent, "signature.wrong");
}

static void a_malformed_public_key_verifies_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct registration hospital;
    struct sent sent;

    begin_hospital(&hospital, "H1");
    (void)add_key(&hospital, "ed25519", ALGORITHM(ED25519), bytes_of("too short"), 0, 0);
    (void)add_key(&hospital, "sm2-sm3", ALGORITHM(SM2), bytes_of("0123456789012345678901234567890123456789012345678901234567"
                                                                 "8901234"), 0, 0);
    put_row(fixture, &hospital.organisation);
    post_signed(fixture, &sent, SIGNING_ED25519);
    assert_refused(fixture, &sent, "signature.wrong");
    post_signed(fixture, &sent, SIGNING_SM2_SM3);
    assert_refused(fixture, &sent, "signature.wrong");
}

static void a_changed_secret_counts_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct signing_key *fresh = NULL;
    struct sent sent;
    char path[256];

    post_signed(fixture, &sent, SIGNING_HMAC_SHA256);
    assert_let_in(fixture, &sent);
    assert_int_equal(signing_key_generate(SIGNING_HMAC_SHA256, &fresh, &fixture->fault), STATUS_OK);
    write_secret(fixture, "H1", "hmac-sha256", fresh);
    post_signed(fixture, &sent, SIGNING_HMAC_SHA256);
    assert_refused(fixture, &sent, "signature.wrong");
    begin_request(&sent, "GET", "/v1/feeds", NULL);
    sign_at(fixture, &sent, fresh, "H1/hmac-sha256", NOW_MS);
    assert_let_in(fixture, &sent);

    (void)snprintf(path, sizeof path, "%s/H1/hmac-sha256", fixture->secrets);
    assert_int_equal(unlink(path), 0);
    begin_request(&sent, "GET", "/v1/feeds", NULL);
    sign_at(fixture, &sent, fresh, "H1/hmac-sha256", NOW_MS);
    assert_refused(fixture, &sent, "signature.wrong");
    /* A key pair in the place of a secret is no secret. */
    write_secret(fixture, "H1", "hmac-sha256", fixture->keys[SIGNING_ED25519]);
    assert_refused(fixture, &sent, "signature.wrong");
    signing_key_free(fresh);
}

static void who_is_suspended_or_ended_is_refused_who_applies_is_not(void **state)
{
    static const struct {
        OrganisationState state;
        bool is_let_in;
        size_t recipients;
    } cases[] = {{STATE_APPLIED, true, 1}, {STATE_DESIGNATED, true, 1}, {STATE_TESTED, true, 1},
                 {STATE_LIVE, true, 9},    {STATE_SUSPENDED, false, 0}, {STATE_ENDED, false, 0}};
    struct fixture *fixture = *state;
    struct registration hospital;
    struct sent sent;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin_hospital(&hospital, "H1");
        add_signing_key(&hospital, "ed25519", fixture->keys[SIGNING_ED25519], 0, 0);
        add_subject(&hospital, "cert", SUBJECT, 0, 0);
        hospital.organisation.state = cases[i].state;
        put_row(fixture, &hospital.organisation);
        for (int by_certificate = 0; by_certificate <= 1; by_certificate++) {
            begin_request(&sent, "GET", "/v1/feeds", NULL);
            if (by_certificate)
                sent.view.certificate_subject = SUBJECT;
            else
                sign_at(fixture, &sent, fixture->keys[SIGNING_ED25519], "H1/ed25519", NOW_MS);
            if (!cases[i].is_let_in) {
                assert_refused(fixture, &sent, "authentication.state");
                continue;
            }
            assert_let_in(fixture, &sent);
            assert_int_equal(fixture->caller.recipient_count, cases[i].recipients);
        }
    }
}

/* ---- certificates ---- */

static void a_certificate_of_the_registry_lets_in(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    begin_request(&sent, "POST", "/v1/events", BODY);
    sent.view.certificate_subject = "cn=H1, o=First Hospital, c=CN";
    assert_let_in(fixture, &sent);
    sent.view.certificate_subject = "CN=H2,O=First Hospital,C=CN";
    assert_refused(fixture, &sent, "authentication.unknown");
    sent.view.certificate_subject = "not a name";
    assert_refused(fixture, &sent, "authentication.unknown");
}

static void a_new_certificate_counts_when_the_registry_has_it(void **state)
{
    struct fixture *fixture = *state;
    struct registration hospital;
    struct sent sent;

    begin_request(&sent, "GET", "/v1/feeds", NULL);
    sent.view.certificate_subject = "CN=new";
    assert_refused(fixture, &sent, "authentication.unknown");
    begin_hospital(&hospital, "H1");
    add_subject(&hospital, "old", SUBJECT, 0, NOW_MS + 60000);
    add_subject(&hospital, "new", "CN=new", NOW_MS, 0);
    put_row(fixture, &hospital.organisation);
    /* The index may be made anew for a tenth of the time only: shortly after the last time it is still the old one. */
    for (int tries = 0; tries < 10000 && let_in(fixture, &sent) != STATUS_OK; tries++)
        arena_reset(fixture->arena);
    assert_let_in(fixture, &sent);
    sent.view.certificate_subject = SUBJECT;
    assert_let_in(fixture, &sent);
    fixture->now_ms = NOW_MS + 60000;
    assert_refused(fixture, &sent, "authentication.key_expired");
}

static void a_subject_that_two_organisations_claim_is_nobodys(void **state)
{
    struct fixture *fixture = *state;
    struct registration other;
    struct sent sent;

    begin_hospital(&other, "H2");
    add_subject(&other, "cert", "CN=H1, O=First Hospital, C=CN", 0, 0);
    put_row(fixture, &other.organisation);
    begin_request(&sent, "GET", "/v1/feeds", NULL);
    sent.view.certificate_subject = SUBJECT;
    assert_refused(fixture, &sent, "authentication.unknown");
}

static void a_signature_decides_before_a_certificate(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    post_signed(fixture, &sent, SIGNING_ED25519);
    sent.view.certificate_subject = SUBJECT;
    sent.view.method = "PUT";
    assert_refused(fixture, &sent, "signature.wrong");
}

static void an_organisation_whose_row_is_over_is_unknown(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    fixture->now_ms = INT64_C(1704067200000); /* 2024-01-01: before the row begins */
    post_signed(fixture, &sent, SIGNING_ED25519);
    assert_refused(fixture, &sent, "signature.wrong");
    begin_request(&sent, "GET", "/v1/feeds", NULL);
    sent.view.certificate_subject = SUBJECT;
    assert_refused(fixture, &sent, "authentication.unknown");
}

static void a_small_arena_is_no_way_in(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    post_signed(fixture, &sent, SIGNING_ED25519);
    for (size_t limit = 64; limit < 32768; limit += 64) {
        struct arena *small = arena_new(64, limit);
        struct caller caller;
        enum status status =
            authenticate(fixture->authenticator, &sent.view, fixture->registry, small, &caller, &fixture->fault);
        arena_free(small);
        if (status == STATUS_OK)
            return;
        assert_null(caller.organisation);
    }
    fail_msg("%s", "a whole request needs more than 32 KiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rotated_key_works_beside_the_old_one_until_its_end),
        TEST(strangers_learn_nothing),
        TEST(a_revoked_key_is_no_key),
        TEST(a_malformed_public_key_verifies_nothing),
        TEST(a_changed_secret_counts_at_once),
        TEST(who_is_suspended_or_ended_is_refused_who_applies_is_not),
        TEST(a_certificate_of_the_registry_lets_in),
        TEST(a_new_certificate_counts_when_the_registry_has_it),
        TEST(a_subject_that_two_organisations_claim_is_nobodys),
        TEST(a_signature_decides_before_a_certificate),
        TEST(an_organisation_whose_row_is_over_is_unknown),
        TEST(a_small_arena_is_no_way_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
