// links: medhub_gateway dep::protobuf-c
/* authenticate.h: what is let in, and every reason for which it is not. */
#include "gateway/authenticate.h"

#include "domain/messages.h"
#include "medhub/event/v1/event.pb-c.h"
#include "signature/digest.h"
#include "signature/http_signature.h"
#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_MS    INT64_C(1769832000000) /* 2026-01-31T04:00:00Z */
#define WINDOW_MS INT64_C(300000)
#define SUBJECT   "CN=H1,O=First Hospital,C=CN"
#define BODY      "{\"id\":\"e-1\"}"

typedef Medhub__Registry__V1__Key Key;

struct fixture {
    char folder[TEMP_FOLDER_BYTES], secrets[TEMP_FOLDER_BYTES], nonces[TEMP_FOLDER_BYTES];
    struct store_settings store;
    struct tables *tables;
    struct tables_reader *registry;
    struct authenticator_settings settings;
    struct authenticator *authenticator;
    struct arena *arena;
    struct fault fault;
    struct caller caller;
    int64_t now_ms;
    struct signing_key *keys[SIGNING_ALGORITHMS];
};

static char *chars(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* ---- the registry ---- */

static void put_row(struct fixture *fixture, const Organisation *organisation)
{
    Medhub__Event__V1__TableRow row = MEDHUB__EVENT__V1__TABLE_ROW__INIT;
    uint8_t value[4096], packed[8192];

    row.table = chars("registry");
    row.key = organisation->id;
    row.region = chars("000000");
    row.valid_from = chars("2025-01-01");
    row.version = 1;
    row.value = (ProtobufCBinaryData){protobuf_c_message_pack(&organisation->base, value), value};
    size_t length = medhub__event__v1__table_row__pack(&row, packed);
    assert_true(length <= sizeof packed);
    assert_int_equal(tables_begin(fixture->tables, &fixture->fault), STATUS_OK);
    assert_int_equal(tables_apply(fixture->tables, bytes_of("key"), bytes_from(packed, length), &fixture->fault), STATUS_OK);
    assert_int_equal(tables_commit(fixture->tables, &fixture->fault), STATUS_OK);
    assert_int_equal(tables_reader_renew(fixture->registry, &fixture->fault), STATUS_OK);
}

enum { KEYS_MAX = 8 };

/* An organisation under construction; keys come from register_key. */
struct registration {
    Organisation organisation;
    Key keys[KEYS_MAX];
    Key *key_list[KEYS_MAX];
    Timestamp moments[2 * KEYS_MAX];
    uint8_t public_keys[KEYS_MAX][SIGNING_PUBLIC_BYTES_MAX];
};

static void begin_hospital(struct registration *made, const char *id)
{
    memset(made, 0, sizeof *made);
    medhub__registry__v1__organisation__init(&made->organisation);
    made->organisation.id = chars(id);
    made->organisation.name = chars("第一医院");
    made->organisation.kind = ORGANISATION_HOSPITAL;
    made->organisation.region = chars("650102");
    made->organisation.state = STATE_LIVE;
    made->organisation.designated_from = chars("2025-01-01");
    made->organisation.keys = made->key_list;
}

/* Times in ms, 0: open. */
static Key *add_key(struct registration *made, const char *id, Medhub__Registry__V1__KeyAlgorithm algorithm,
                    struct bytes public_key, int64_t from_ms, int64_t until_ms)
{
    size_t at = made->organisation.n_keys++;
    Key *key = &made->keys[at];
    Timestamp *moments = &made->moments[2 * at];

    medhub__registry__v1__key__init(key);
    made->key_list[at] = key;
    key->id = chars(id);
    key->algorithm = algorithm;
    key->public_key = (ProtobufCBinaryData){public_key.length, (uint8_t *)(uintptr_t)public_key.data};
    google__protobuf__timestamp__init(&moments[0]);
    google__protobuf__timestamp__init(&moments[1]);
    moments[0].seconds = from_ms / 1000;
    moments[1].seconds = until_ms / 1000;
    key->valid_from = from_ms == 0 ? NULL : &moments[0];
    key->valid_until = until_ms == 0 ? NULL : &moments[1];
    return key;
}

#define ALGORITHM(name) MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_##name

static void add_signing_key(struct registration *made, const char *id, const struct signing_key *key, int64_t from_ms,
                            int64_t until_ms)
{
    static const Medhub__Registry__V1__KeyAlgorithm algorithms[SIGNING_ALGORITHMS] = {
        [SIGNING_ED25519] = ALGORITHM(ED25519),
        [SIGNING_SM2_SM3] = ALGORITHM(SM2),
        [SIGNING_HMAC_SHA256] = ALGORITHM(HMAC_SHA256)};
    uint8_t *bytes = made->public_keys[made->organisation.n_keys];
    size_t length = signing_key_public_bytes(key, bytes);

    (void)add_key(made, id, algorithms[signing_key_algorithm(key)], bytes_from(bytes, length), from_ms, until_ms);
}

static void add_subject(struct registration *made, const char *id, const char *subject, int64_t from_ms, int64_t until_ms)
{
    (void)add_key(made, id, ALGORITHM(X509_SUBJECT), bytes_of(subject), from_ms, until_ms);
}

static void write_secret(struct fixture *fixture, const char *organisation, const char *id, const struct signing_key *key)
{
    struct buffer text;
    char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", fixture->secrets, organisation);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/%s/%s", fixture->secrets, organisation, id);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    buffer_init(&text, 4096);
    assert_int_equal(signing_key_write(key, &text, &fixture->fault), STATUS_OK);
    assert_int_equal(fwrite(text.data, 1, text.length, file), text.length);
    assert_int_equal(fclose(file), 0);
    buffer_done(&text);
}

static void open_authenticator(struct fixture *fixture, size_t nonces_max)
{
    authenticator_close(fixture->authenticator);
    fixture->settings = (struct authenticator_settings){
        .secrets_directory = fixture->secrets, .window_ms = WINDOW_MS, .nonces_max = nonces_max,
        .nonces_directory = fixture->nonces};
    assert_int_equal(authenticator_open(&fixture->settings, clock_fixed(&fixture->now_ms), &fixture->authenticator,
                                        &fixture->fault),
                     STATUS_OK);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct registration hospital;
    bool empty = false;

    temp_folder_make(fixture->folder);
    temp_folder_make(fixture->secrets);
    temp_folder_make(fixture->nonces);
    fixture->now_ms = NOW_MS;
    fixture->arena = arena_new(64 * 1024, 1024 * 1024);
    fixture->store = (struct store_settings){.directory = fixture->folder, .boot_id = "boot", .map_bytes = 64 << 20};
    assert_int_equal(tables_open(&fixture->store, &fixture->tables, &empty, &fixture->fault), STATUS_OK);
    assert_int_equal(tables_reader_open(fixture->tables, &fixture->registry, &fixture->fault), STATUS_OK);
    begin_hospital(&hospital, "H1");
    for (int i = 0; i < SIGNING_ALGORITHMS; i++) {
        enum signing_algorithm algorithm = (enum signing_algorithm)i;
        assert_int_equal(signing_key_generate(algorithm, &fixture->keys[i], &fixture->fault), STATUS_OK);
        add_signing_key(&hospital, signing_algorithm_name(algorithm), fixture->keys[i], 0, 0);
    }
    add_subject(&hospital, "cert", SUBJECT, 0, 0);
    put_row(fixture, &hospital.organisation);
    write_secret(fixture, "H1", "hmac-sha256", fixture->keys[SIGNING_HMAC_SHA256]);
    open_authenticator(fixture, 1000);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    authenticator_close(fixture->authenticator);
    tables_reader_close(fixture->registry);
    tables_close(fixture->tables);
    for (size_t i = 0; i < SIGNING_ALGORITHMS; i++)
        signing_key_free(fixture->keys[i]);
    arena_free(fixture->arena);
    temp_folder_remove(fixture->folder);
    temp_folder_remove(fixture->secrets);
    temp_folder_remove(fixture->nonces);
    free(fixture);
    return 0;
}

/* ---- requests ---- */

enum { HEADERS_MAX = 12 };

struct sent {
    struct http_header headers[HEADERS_MAX];
    struct http_view view;
};

static void set_header(struct sent *sent, const char *name, const char *value)
{
    size_t at = 0;

    while (at < sent->view.header_count && strcmp(sent->headers[at].name, name) != 0)
        at++;
    assert_true(at < HEADERS_MAX);
    sent->headers[at] = (struct http_header){name, bytes_of(value)};
    sent->view.header_count += at == sent->view.header_count;
}

static void begin_request(struct sent *sent, const char *method, const char *target, const char *body)
{
    *sent = (struct sent){.view = {.method = method, .scheme = "https", .target = target, .body = bytes_of(body)}};
    sent->view.headers = sent->headers;
    set_header(sent, "Host", "hub.example:8443");
    if (body != NULL)
        set_header(sent, "Content-Type", "application/cloudevents+json");
}

static struct signed_request request_of(const struct sent *sent)
{
    return (struct signed_request){.method = sent->view.method,
                                   .scheme = sent->view.scheme,
                                   .authority = "hub.example:8443",
                                   .target = sent->view.target,
                                   .headers = sent->headers,
                                   .header_count = sent->view.header_count};
}

/* As libmedhub and ctl sign it. */
static void sign_at(struct fixture *fixture, struct sent *sent, const struct signing_key *key, const char *key_id,
                    int64_t now_ms)
{
    struct signed_request request = request_of(sent);
    struct signed_headers made;

    assert_int_equal(sign_request(&request, sent->view.body, key_id, key, now_ms, fixture->arena, &made, &fixture->fault),
                     STATUS_OK);
    if (made.content_digest != NULL)
        set_header(sent, "Content-Digest", made.content_digest);
    set_header(sent, "Signature-Input", made.signature_input);
    set_header(sent, "Signature", made.signature);
}

static void post_signed(struct fixture *fixture, struct sent *sent, enum signing_algorithm algorithm)
{
    begin_request(sent, "POST", "/v1/events?wait=5", BODY);
    sign_at(fixture, sent, fixture->keys[algorithm],
            arena_format(fixture->arena, "H1/%s", signing_algorithm_name(algorithm)), fixture->now_ms);
}

/* With any components and parameters after the component list, which the tests of refusals write themselves. */
static void sign_by_hand(struct fixture *fixture, struct sent *sent, const struct signing_key *key, const char *input)
{
    uint8_t signature[SIGNATURE_BYTES_MAX];
    char encoded[128];
    struct structured_dictionary dictionary;
    struct signed_request request = request_of(sent);
    struct buffer base;
    size_t length = 0;
    struct bytes text = bytes_of(input);

    buffer_init(&base, 65536);
    assert_int_equal(structured_parse_dictionary(text, fixture->arena, &dictionary, &fixture->fault), STATUS_OK);
    assert_int_equal(http_signature_base(&request, dictionary.members, fixture->arena, &base, &fixture->fault), STATUS_OK);
    assert_int_equal(signing_key_sign(key, buffer_bytes(&base), signature, &length, &fixture->fault), STATUS_OK);
    buffer_done(&base);
    set_header(sent, "Signature-Input", input);
    const struct structured_item item = {.value = {.kind = STRUCTURED_BYTES, .text = bytes_from(signature, length)}};
    buffer_init(&base, sizeof encoded);
    structured_write_item(&item, &base);
    set_header(sent, "Signature", arena_format(fixture->arena, "s=%s", buffer_text(&base)));
    buffer_done(&base);
}

static enum status let_in(struct fixture *fixture, const struct sent *sent)
{
    return authenticate(fixture->authenticator, &sent->view, fixture->registry, fixture->arena, &fixture->caller,
                        &fixture->fault);
}

static void assert_let_in(struct fixture *fixture, const struct sent *sent)
{
    if (let_in(fixture, sent) != STATUS_OK)
        fail_msg("%s: %s", fixture->fault.code, fixture->fault.text);
    assert_string_equal(fixture->caller.organisation, "H1");
}

static void assert_refused(struct fixture *fixture, const struct sent *sent, const char *code)
{
    enum status status = let_in(fixture, sent);

    assert_int_equal(status, STATUS_REJECT);
    assert_string_equal(fixture->fault.code, code);
    assert_null(fixture->caller.organisation);
}

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

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

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
