// links: medhub_gateway dep::protobuf-c
/* authenticate.h: signed requests, and every reason for which one is not let in: what it says, when, and how often. */
#include "authenticate_trial.h"

/* ---- signed requests that hold ---- */

static void every_algorithm_lets_its_organisation_in(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    for (int i = 0; i < SIGNING_ALGORITHMS; i++) {
        post_signed(fixture, &sent, (enum signing_algorithm)i);
        assert_let_in(fixture, &sent);
        begin_request(&sent, "GET", "/v1/feeds", NULL);
        sign_at(fixture, &sent, fixture->keys[i],
                arena_format(fixture->arena, "H1/%s", signing_algorithm_name((enum signing_algorithm)i)), NOW_MS);
        assert_let_in(fixture, &sent);
    }
}

static void a_caller_has_its_id_feeds_and_region(void **state)
{
    static const char *const wanted[] = {"H1", "hospital@650102", "hospital@650100", "hospital@650000",
                                         "hospital@000000", "institution@650102", "institution@650100",
                                         "institution@650000", "institution@000000"};
    struct fixture *fixture = *state;
    struct sent sent;

    post_signed(fixture, &sent, SIGNING_ED25519);
    assert_let_in(fixture, &sent);
    assert_string_equal(fixture->caller.region, "650102");
    assert_int_equal(fixture->caller.recipient_count, 9);
    for (size_t i = 0; i < 9; i++)
        assert_string_equal(fixture->caller.recipients[i], wanted[i]);
}

static void authority_path_and_query_stand_for_the_target(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    begin_request(&sent, "GET", "/v1/search?key=1", NULL);
    sign_by_hand(fixture, &sent, fixture->keys[SIGNING_ED25519],
                 "s=(\"@method\" \"@authority\" \"@path\" \"@query\");created=1769832000;keyid=\"H1/ed25519\""
                 ";alg=\"ed25519\";expires=1769832000;nonce=\"n\";tag=\"x\"");
    assert_let_in(fixture, &sent);
}

/* ---- refusals that the request alone explains ---- */

static void nobody_is_anonymous(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    begin_request(&sent, "GET", "/v1/feeds", NULL);
    assert_refused(fixture, &sent, "authentication.missing");
}

static void headers_that_are_no_signature_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    post_signed(fixture, &sent, SIGNING_ED25519);
    set_header(&sent, "Signature", "medhub=:not base64:");
    assert_refused(fixture, &sent, "signature.syntax");
    set_header(&sent, "Signature", "other=:AAAA:");
    assert_refused(fixture, &sent, "signature.syntax");
    post_signed(fixture, &sent, SIGNING_ED25519);
    sent.headers[sent.view.header_count++] = (struct http_header){"host", bytes_of("hub.example:8443")};
    assert_refused(fixture, &sent, "signature.syntax");
}

static void what_must_be_covered_must_be(void **state)
{
    static const char *const wrong[] = {
        "\"@target-uri\" \"content-digest\" \"content-type\"",              /* no method */
        "\"@method\" \"content-digest\" \"content-type\"",                  /* no target */
        "\"@method\" \"@path\" \"@query\" \"content-digest\" \"content-type\"", /* no host */
        "\"@method\" \"@authority\" \"@path\" \"content-digest\" \"content-type\"",
        "\"@method\" \"@target-uri\" \"content-type\"",                     /* no body */
        "\"@method\" \"@target-uri\" \"content-digest\"",                   /* no kind of body */
    };
    struct fixture *fixture = *state;
    struct sent sent;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        post_signed(fixture, &sent, SIGNING_ED25519);
        sign_by_hand(fixture, &sent, fixture->keys[SIGNING_ED25519],
                     arena_format(fixture->arena, "s=(%s);created=1769832000;keyid=\"H1/ed25519\";nonce=\"n%zu\"", wrong[i],
                                  i));
        assert_refused(fixture, &sent, "signature.coverage");
    }
    post_signed(fixture, &sent, SIGNING_ED25519);
    set_header(&sent, "ce-id", "added on the way");
    assert_refused(fixture, &sent, "signature.coverage");
}

static void what_is_covered_must_be_there(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    begin_request(&sent, "GET", "/v1/feeds", NULL);
    set_header(&sent, "Date", "today");
    sign_by_hand(fixture, &sent, fixture->keys[SIGNING_ED25519],
                 "s=(\"@method\" \"@target-uri\" \"date\");created=1769832000;keyid=\"H1/ed25519\";nonce=\"n\"");
    set_header(&sent, "Date", "tomorrow");
    assert_refused(fixture, &sent, "signature.wrong");
    sent.headers[1].name = "Other";
    assert_refused(fixture, &sent, "signature.coverage");
}

static void created_keyid_and_nonce_are_wanted(void **state)
{
    static const char *const wrong[] = {
        ";keyid=\"H1/ed25519\";nonce=\"n\"",
        ";created=1769832000;nonce=\"n\"",
        ";created=1769832000;keyid=\"H1/ed25519\"",
        ";created=1769832000;keyid=\"H1/ed25519\";nonce=\"\"",
        ";created=1769832000;keyid=\"ed25519\";nonce=\"n\"",
        ";created=1769832000;keyid=\"H1/\";nonce=\"n\"",
        ";created=1769832000;keyid=\"/ed25519\";nonce=\"n\"",
        ";created=1769832000;keyid=\"H1/../H1/hmac-sha256\";nonce=\"n\"",
        ";created=1769832000;keyid=\"../hmac-sha256\";nonce=\"n\"",
        ";created=1769832000;keyid=\"H1/.hidden\";nonce=\"n\"",
    };
    struct fixture *fixture = *state;
    struct sent sent;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        begin_request(&sent, "GET", "/v1/feeds", NULL);
        sign_by_hand(fixture, &sent, fixture->keys[SIGNING_ED25519],
                     arena_format(fixture->arena, "s=(\"@method\" \"@target-uri\")%s", wrong[i]));
        assert_refused(fixture, &sent, "signature.parameters");
    }
    char nonce[130];
    memset(nonce, 'n', sizeof nonce);
    nonce[129] = '\0';
    sign_by_hand(fixture, &sent, fixture->keys[SIGNING_ED25519],
                 arena_format(fixture->arena,
                              "s=(\"@method\" \"@target-uri\");created=1769832000;keyid=\"H1/ed25519\";nonce=\"%s\"", nonce));
    assert_refused(fixture, &sent, "signature.parameters");
}

static void an_algorithm_must_be_known_and_the_keys(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    begin_request(&sent, "GET", "/v1/feeds", NULL);
    sign_by_hand(fixture, &sent, fixture->keys[SIGNING_ED25519],
                 "s=(\"@method\" \"@target-uri\");created=1769832000;keyid=\"H1/ed25519\";nonce=\"n\";alg=\"rsa-v1_5-sha256\"");
    assert_refused(fixture, &sent, "signature.algorithm");
    sign_by_hand(fixture, &sent, fixture->keys[SIGNING_ED25519],
                 "s=(\"@method\" \"@target-uri\");created=1769832000;keyid=\"H1/ed25519\";nonce=\"n\";alg=\"hmac-sha256\"");
    assert_refused(fixture, &sent, "signature.wrong");
}

static void the_digest_is_the_bodys(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    post_signed(fixture, &sent, SIGNING_ED25519);
    sent.view.body = bytes_of("{\"id\":\"e-2\"}");
    assert_refused(fixture, &sent, "signature.digest");
    post_signed(fixture, &sent, SIGNING_SM2_SM3);
    assert_true(bytes_start_with(http_view_header(&sent.view, "content-digest", NULL), bytes_of("sm3=:")));
    sent.view.body = bytes_of("{\"id\":\"e-2\"}");
    assert_refused(fixture, &sent, "signature.digest");
    set_header(&sent, "Content-Digest", "md5=:AAAA:");
    assert_refused(fixture, &sent, "signature.digest");
    set_header(&sent, "Content-Digest", "sha-256");
    assert_refused(fixture, &sent, "signature.syntax");
    /* A body that is taken away leaves a digest behind that is not the empty body's. */
    post_signed(fixture, &sent, SIGNING_ED25519);
    sent.view.body = BYTES_NONE;
    assert_refused(fixture, &sent, "signature.digest");
}

/* ---- time ---- */

static void created_lies_within_the_window_on_either_side(void **state)
{
    static const struct {
        int64_t created_ms;
        bool holds;
    } cases[] = {{NOW_MS - WINDOW_MS, true},
                 {NOW_MS - WINDOW_MS - 1000, false},
                 {NOW_MS + WINDOW_MS, true},
                 {NOW_MS + WINDOW_MS + 1000, false}};
    struct fixture *fixture = *state;
    struct sent sent;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin_request(&sent, "GET", "/v1/feeds", NULL);
        sign_at(fixture, &sent, fixture->keys[SIGNING_ED25519], "H1/ed25519", cases[i].created_ms);
        if (cases[i].holds)
            assert_let_in(fixture, &sent);
        else
            assert_refused(fixture, &sent, "signature.created");
    }
    /* One millisecond after the last second of the window. */
    begin_request(&sent, "GET", "/v1/feeds", NULL);
    sign_at(fixture, &sent, fixture->keys[SIGNING_ED25519], "H1/ed25519", NOW_MS);
    fixture->now_ms = NOW_MS + WINDOW_MS + 1;
    assert_refused(fixture, &sent, "signature.created");
    fixture->now_ms = NOW_MS + WINDOW_MS;
    assert_let_in(fixture, &sent);
}

static void expires_holds(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    begin_request(&sent, "GET", "/v1/feeds", NULL);
    sign_by_hand(fixture, &sent, fixture->keys[SIGNING_ED25519],
                 "s=(\"@method\" \"@target-uri\");created=1769831990;expires=1769831999;keyid=\"H1/ed25519\";nonce=\"n\"");
    assert_refused(fixture, &sent, "signature.expired");
}

/* ---- replay ---- */

static void a_request_is_taken_once_for_as_long_as_it_would_hold(void **state)
{
    struct fixture *fixture = *state;
    struct sent early, late;

    begin_request(&early, "GET", "/v1/feeds", NULL);
    sign_at(fixture, &early, fixture->keys[SIGNING_ED25519], "H1/ed25519", NOW_MS - WINDOW_MS);
    begin_request(&late, "GET", "/v1/feeds", NULL);
    sign_at(fixture, &late, fixture->keys[SIGNING_ED25519], "H1/ed25519", NOW_MS + WINDOW_MS);
    assert_let_in(fixture, &early);
    assert_let_in(fixture, &late);
    assert_refused(fixture, &early, "signature.replayed");
    for (int64_t later = 0; later <= 2 * WINDOW_MS; later += 10000) {
        fixture->now_ms = NOW_MS + later;
        assert_refused(fixture, &late, "signature.replayed");
    }
    fixture->now_ms = NOW_MS + 2 * WINDOW_MS + 1;
    assert_refused(fixture, &late, "signature.created");
}

static void a_restart_takes_no_request_again(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    post_signed(fixture, &sent, SIGNING_ED25519);
    assert_let_in(fixture, &sent);
    open_authenticator(fixture, 1000);
    assert_refused(fixture, &sent, "signature.replayed");
}

static void another_key_may_draw_the_same_nonce(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    for (int i = 0; i < SIGNING_ALGORITHMS; i++) {
        begin_request(&sent, "GET", "/v1/feeds", NULL);
        sign_by_hand(fixture, &sent, fixture->keys[i],
                     arena_format(fixture->arena,
                                  "s=(\"@method\" \"@target-uri\");created=1769832000;keyid=\"H1/%s\";nonce=\"same\"",
                                  signing_algorithm_name((enum signing_algorithm)i)));
        assert_let_in(fixture, &sent);
        assert_refused(fixture, &sent, "signature.replayed");
    }
}

/* Or strangers could fill the memory, and spoil a nonce that they have seen. */
static void what_does_not_verify_takes_no_nonce(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    open_authenticator(fixture, 2);
    for (int i = 0; i < 10; i++) {
        post_signed(fixture, &sent, SIGNING_ED25519);
        sent.view.method = "PUT";
        assert_refused(fixture, &sent, "signature.wrong");
    }
    sent.view.method = "POST";
    assert_let_in(fixture, &sent);
}

static void too_many_at_a_time_are_told_to_come_later(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    open_authenticator(fixture, 2);
    for (int i = 0; i < 3; i++) {
        post_signed(fixture, &sent, SIGNING_ED25519);
        assert_int_equal(let_in(fixture, &sent), i < 2 ? STATUS_OK : STATUS_RETRY);
    }
    assert_string_equal(fixture->fault.code, "nonces.full");
    fixture->now_ms += 2 * WINDOW_MS;
    post_signed(fixture, &sent, SIGNING_ED25519);
    assert_let_in(fixture, &sent);
}

/* ---- threads ---- */

enum { THREADS = 4, REPLAYS = 50 };

struct replay {
    struct fixture *fixture;
    struct sent *sent;
    _Atomic int let_in[REPLAYS];
    _Atomic int replayed;
};

static void *replay_all(void *argument)
{
    struct replay *replay = argument;
    struct tables_reader *reader = NULL;
    struct arena *arena = arena_new(64 * 1024, 1024 * 1024);
    struct caller caller;
    struct fault fault;

    if (tables_reader_open(replay->fixture->tables, &reader, &fault) != STATUS_OK ||
        tables_reader_renew(reader, &fault) != STATUS_OK)
        abort();
    for (size_t i = 0; i < REPLAYS; i++) {
        arena_reset(arena);
        enum status status =
            authenticate(replay->fixture->authenticator, &replay->sent[i].view, reader, arena, &caller, &fault);
        if (status == STATUS_OK)
            (void)atomic_fetch_add(&replay->let_in[i], 1);
        else if (strcmp(fault.code, "signature.replayed") == 0)
            (void)atomic_fetch_add(&replay->replayed, 1);
    }
    tables_reader_close(reader);
    arena_free(arena);
    return NULL;
}

static void of_threads_with_the_same_request_one_is_let_in(void **state)
{
    static struct sent sent[REPLAYS];
    struct fixture *fixture = *state;
    struct replay replay = {.fixture = fixture, .sent = sent};
    pthread_t threads[THREADS];

    for (size_t i = 0; i < REPLAYS; i++)
        post_signed(fixture, &sent[i], (enum signing_algorithm)(i % SIGNING_ALGORITHMS));
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, replay_all, &replay), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < REPLAYS; i++)
        assert_int_equal(atomic_load(&replay.let_in[i]), 1);
    assert_int_equal(atomic_load(&replay.replayed), (THREADS - 1) * REPLAYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_algorithm_lets_its_organisation_in),
        TEST(a_caller_has_its_id_feeds_and_region),
        TEST(authority_path_and_query_stand_for_the_target),
        TEST(nobody_is_anonymous),
        TEST(headers_that_are_no_signature_are_refused),
        TEST(what_must_be_covered_must_be),
        TEST(what_is_covered_must_be_there),
        TEST(created_keyid_and_nonce_are_wanted),
        TEST(an_algorithm_must_be_known_and_the_keys),
        TEST(the_digest_is_the_bodys),
        TEST(created_lies_within_the_window_on_either_side),
        TEST(expires_holds),
        TEST(a_request_is_taken_once_for_as_long_as_it_would_hold),
        TEST(a_restart_takes_no_request_again),
        TEST(another_key_may_draw_the_same_nonce),
        TEST(what_does_not_verify_takes_no_nonce),
        TEST(too_many_at_a_time_are_told_to_come_later),
        TEST(of_threads_with_the_same_request_one_is_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
