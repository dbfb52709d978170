/* authenticate_trial.h: an authenticator over a registry of one hospital, requests to it, and what they lead to: for the tests of
 * authenticate.h. */
#ifndef TEST_AUTHENTICATE_TRIAL_H
#define TEST_AUTHENTICATE_TRIAL_H

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

static inline char *chars(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* ---- the registry ---- */

static inline void put_row(struct fixture *fixture, const Organisation *organisation)
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

static inline void begin_hospital(struct registration *made, const char *id)
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
static inline Key *add_key(struct registration *made, const char *id, Medhub__Registry__V1__KeyAlgorithm algorithm,
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

static inline void add_signing_key(struct registration *made, const char *id, const struct signing_key *key, int64_t from_ms,
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

static inline void add_subject(struct registration *made, const char *id, const char *subject, int64_t from_ms, int64_t until_ms)
{
    (void)add_key(made, id, ALGORITHM(X509_SUBJECT), bytes_of(subject), from_ms, until_ms);
}

static inline void write_secret(struct fixture *fixture, const char *organisation, const char *id, const struct signing_key *key)
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

static inline void open_authenticator(struct fixture *fixture, size_t nonces_max)
{
    authenticator_close(fixture->authenticator);
    fixture->settings = (struct authenticator_settings){
        .secrets_directory = fixture->secrets, .window_ms = WINDOW_MS, .nonces_max = nonces_max,
        .nonces_directory = fixture->nonces};
    assert_int_equal(authenticator_open(&fixture->settings, clock_fixed(&fixture->now_ms), &fixture->authenticator,
                                        &fixture->fault),
                     STATUS_OK);
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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

static inline void set_header(struct sent *sent, const char *name, const char *value)
{
    size_t at = 0;

    while (at < sent->view.header_count && strcmp(sent->headers[at].name, name) != 0)
        at++;
    assert_true(at < HEADERS_MAX);
    sent->headers[at] = (struct http_header){name, bytes_of(value)};
    sent->view.header_count += at == sent->view.header_count;
}

static inline void begin_request(struct sent *sent, const char *method, const char *target, const char *body)
{
    *sent = (struct sent){.view = {.method = method, .scheme = "https", .target = target, .body = bytes_of(body)}};
    sent->view.headers = sent->headers;
    set_header(sent, "Host", "hub.example:8443");
    if (body != NULL)
        set_header(sent, "Content-Type", "application/cloudevents+json");
}

static inline struct signed_request request_of(const struct sent *sent)
{
    return (struct signed_request){.method = sent->view.method,
                                   .scheme = sent->view.scheme,
                                   .authority = "hub.example:8443",
                                   .target = sent->view.target,
                                   .headers = sent->headers,
                                   .header_count = sent->view.header_count};
}

/* As libmedhub and ctl sign it. */
static inline void sign_at(struct fixture *fixture, struct sent *sent, const struct signing_key *key, const char *key_id,
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

static inline void post_signed(struct fixture *fixture, struct sent *sent, enum signing_algorithm algorithm)
{
    begin_request(sent, "POST", "/v1/events?wait=5", BODY);
    sign_at(fixture, sent, fixture->keys[algorithm],
            arena_format(fixture->arena, "H1/%s", signing_algorithm_name(algorithm)), fixture->now_ms);
}

/* With any components and parameters after the component list, which the tests of refusals write themselves. */
static inline void sign_by_hand(struct fixture *fixture, struct sent *sent, const struct signing_key *key, const char *input)
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

static inline enum status let_in(struct fixture *fixture, const struct sent *sent)
{
    return authenticate(fixture->authenticator, &sent->view, fixture->registry, fixture->arena, &fixture->caller,
                        &fixture->fault);
}

static inline void assert_let_in(struct fixture *fixture, const struct sent *sent)
{
    if (let_in(fixture, sent) != STATUS_OK)
        fail_msg("%s: %s", fixture->fault.code, fixture->fault.text);
    assert_string_equal(fixture->caller.organisation, "H1");
}

static inline void assert_refused(struct fixture *fixture, const struct sent *sent, const char *code)
{
    enum status status = let_in(fixture, sent);

    assert_int_equal(status, STATUS_REJECT);
    assert_string_equal(fixture->fault.code, code);
    assert_null(fixture->caller.organisation);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
