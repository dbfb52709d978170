// links: medhub_flow medhub_schemas dep::protobuf-c
/* Signed events on Kafka, through a whole hub on the embedded broker. */
#include "hub_checks.h"

#include "flow/signatures.h"
#include "signature/event_signature.h"

#include <sys/stat.h>

enum { PATH_BYTES = TEMP_FOLDER_BYTES + 64, SET_BYTES = PATH_BYTES + 64 };

static const char secret[] = "c2VjcmV0LW9mLXRoZS12b3VjaGVyLTE=\n", other_secret[] = "YW5vdGhlci1zZWNyZXQtMTIzNDU2Nzg=\n";

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* TEXT in a file of FOLDER, and as SET the setting KEY that names it. */
static void put_secret(const char *folder, const char *text, const char *key, char set[SET_BYTES])
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof path, "%s/%s", folder, key);
    write_file(path, text);
    (void)snprintf(set, SET_BYTES, "%s=%s", key, path);
}

static struct signing_key *secret_key(const char *text)
{
    struct signing_key *key = NULL;
    struct fault fault;

    assert_int_equal(signing_key_parse(bytes_of(text), &key, &fault), STATUS_OK);
    return key;
}

static void sign(const char *id, struct bytes value, const char *signer, const char *key_id, const struct signing_key *key,
                 char text[EVENT_SIGNATURE_TEXT_BYTES])
{
    struct fault fault;
    const struct signed_event event = {.id = bytes_of(id), .source = bytes_of(HOSPITAL), .type = bytes_of(ENGINE_TYPE),
                                       .key = bytes_of("alpha"), .value = value};

    assert_int_equal(event_signature_make(&event, signer, key_id, key, text, &fault), STATUS_OK);
}

static void submit_with(struct engine *engine, const char *id, struct bytes value, const char *signature)
{
    const char *const headers[] = {"ce_specversion", "1.0",       "ce_id",        id,
                                   "ce_source",      HOSPITAL,    "ce_type",      ENGINE_TYPE,
                                   "content-type",   "application/protobuf",
                                   EVENT_SIGNATURE_HEADER, signature, NULL};

    broker_send(&engine->broker, ENGINE_INBOX, -1, bytes_of("alpha"), value, headers);
}

static void submit_signed(struct engine *engine, const char *id, struct bytes value, const char *signer, const char *key_id,
                          const struct signing_key *key)
{
    char text[EVENT_SIGNATURE_TEXT_BYTES];

    sign(id, value, signer, key_id, key, text);
    submit_with(engine, id, value, text);
}

static void assert_code(struct engine *engine, const char *id, const char *code)
{
    engine_await(engine, 1);
    assert_outcome(engine, id, MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED, code);
}

static void assert_accepted(struct engine *engine, const char *id)
{
    engine_await(engine, 1);
    assert_outcome(engine, id, MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
}

static void what_its_source_signs_is_decided_and_the_fact_is_the_hubs_word(void **state)
{
    struct engine *engine = *state;

    submit_signed(engine, "e-1", engine_value("alpha", 1, ""), HOSPITAL, "key-1", engine->key);
    assert_accepted(engine, "e-1");
    struct kept *facts = broker_read(&engine->broker, ENGINE_FACT);
    assert_int_equal(facts->count, 1);
    assert_true(header_is(&facts->records[0], "ce_id", "e-1"));
    assert_int_equal(kept_header(&facts->records[0], EVENT_SIGNATURE_HEADER).length, 0);
    kept_free(facts);
}

/* Whoever sent them, the source has not said them: its ids are still free. */
static void what_does_not_hold_is_refused_and_uses_no_id_up(void **state)
{
    struct engine *engine = *state;
    struct signing_key *stranger = NULL;
    struct bytes value = engine_value("alpha", 1, "");
    char text[EVENT_SIGNATURE_TEXT_BYTES];

    assert_int_equal(signing_key_generate(SIGNING_ED25519, &stranger, &engine->fault), STATUS_OK);
    submit_signed(engine, "e-1", value, HOSPITAL, "key-1", stranger);
    assert_code(engine, "e-1", "source.signature");
    submit_signed(engine, "e-1", value, HOSPITAL, "none", engine->key);
    assert_code(engine, "e-1", "source.signature");
    submit_signed(engine, "e-1", value, HOSPITAL, "old", engine->key);
    assert_code(engine, "e-1", "source.signature");
    submit_signed(engine, "e-1", value, HOSPITAL, "hmac", engine->key); /* there is no folder of secrets */
    assert_code(engine, "e-1", "source.signature");
    submit_signed(engine, "e-1", value, PHARMACY, "key-1", engine->key);
    assert_code(engine, "e-1", "source.signature");
    submit_signed(engine, "e-1", value, "medhub", VOUCHER_KEY, engine->key); /* nor is there a voucher */
    assert_code(engine, "e-1", "source.signature");
    submit_with(engine, "e-1", value, "nonsense");
    assert_code(engine, "e-1", "source.signature");
    sign("e-1", value, HOSPITAL, "key-1", engine->key, text);
    submit_with(engine, "e-1", engine_value("alpha", 2, ""), text);
    assert_code(engine, "e-1", "source.signature");
    submit_with(engine, "e-2", engine_value("alpha", 1, ""), text);
    assert_code(engine, "e-2", "source.signature");

    submit_with(engine, "e-1", engine_value("alpha", 1, ""), text);
    assert_accepted(engine, "e-1");
    assert_int_equal(count_of(engine, ENGINE_FACT), 1);
    assert_int_equal(count_of(engine, "medhub.parked"), 9);
    signing_key_free(stranger);
}

static void an_hmac_key_has_its_secret_in_the_folder(void **state)
{
    struct engine *engine = *state;
    char folder[TEMP_FOLDER_BYTES], path[PATH_BYTES], set[SET_BYTES];
    const char *const sets[] = {set, NULL};
    struct signing_key *key = secret_key(secret), *wrong = secret_key(other_secret);

    temp_folder_make(folder);
    (void)snprintf(path, sizeof path, "%s/" HOSPITAL, folder);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/" HOSPITAL "/hmac", folder);
    write_file(path, secret);
    (void)snprintf(set, sizeof set, "signature.secrets_directory=%s", folder);
    engine_open(engine, sets);
    engine_start_hub(engine);
    submit_signed(engine, "e-1", engine_value("alpha", 1, ""), HOSPITAL, "hmac", wrong);
    assert_code(engine, "e-1", "source.signature");
    submit_signed(engine, "e-1", engine_value("alpha", 1, ""), HOSPITAL, "hmac", key);
    assert_accepted(engine, "e-1");
    temp_folder_remove(folder);
    signing_key_free(key);
    signing_key_free(wrong);
}

/* The hub's own follow-ups too, also those that travel together. */
static void where_unsigned_events_are_refused_all_that_is_vouched_for_goes_on(void **state)
{
    struct engine *engine = *state;
    char folder[TEMP_FOLDER_BYTES], now[SET_BYTES], before[SET_BYTES];
    const char *const sets[] = {"signature.unsigned=refuse", now, before, NULL};
    struct signing_key *voucher = secret_key(secret), *previous = secret_key(other_secret);

    temp_folder_make(folder);
    put_secret(folder, secret, "signature.voucher_file", now);
    put_secret(folder, other_secret, "signature.voucher_previous_file", before);
    engine_open(engine, sets);
    engine->client.embedded = false; /* on which nothing is merged */
    engine_start_hub(engine);
    engine_submit(engine, HOSPITAL, "e-1", "alpha", engine_value("alpha", 1, ""));
    assert_code(engine, "e-1", "source.unsigned");
    engine_submit(engine, "medhub", "e-2", "alpha", engine_value("alpha", 1, "")); /* the operator's name alone is nothing */
    assert_code(engine, "e-2", "source.unsigned");
    submit_signed(engine, "e-1", engine_value("alpha", 1, ""), "medhub", VOUCHER_KEY, voucher);
    assert_accepted(engine, "e-1");
    submit_signed(engine, "e-3", engine_value("alpha", 1, ""), "medhub", VOUCHER_KEY, previous);
    assert_accepted(engine, "e-3");
    submit_signed(engine, "e-4", engine_value("alpha", 1, ""), HOSPITAL, "key-1", engine->key);
    assert_accepted(engine, "e-4");
    submit_signed(engine, "e-5", engine_value("alpha", 1, "follow"), "medhub", VOUCHER_KEY, voucher);
    submit_signed(engine, "e-6", engine_value("alpha", 2026, "together"), "medhub", VOUCHER_KEY, voucher);
    engine_await(engine, 4);
    assert_outcome(engine, HOSPITAL "/e-5/next", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
    assert_outcome(engine, HOSPITAL "/e-6/together", MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED, NULL);
    temp_folder_remove(folder);
    signing_key_free(voucher);
    signing_key_free(previous);
}

static void assert_no_start(const char *unsigned_events, const char *file, const char *word)
{
    struct settings settings = {.hub_operator = "medhub", .signature_unsigned = unsigned_events, .signature_voucher_file = file,
                                .signature_voucher_previous_file = "", .signature_secrets_directory = ""};
    struct signatures *signatures = NULL;
    struct fault fault;

    assert_int_equal(signatures_open(&settings, &signatures, &fault), STATUS_FATAL);
    assert_null(signatures);
    assert_string_equal(fault.code, "signature.voucher");
    assert_non_null(strstr(fault.text, word));
}

static void a_voucher_that_cannot_be_had_stops_the_start(void **state)
{
    char folder[TEMP_FOLDER_BYTES], path[PATH_BYTES];
    struct buffer text;
    struct fault fault;
    struct signing_key *pair = NULL;

    (void)state;
    temp_folder_make(folder);
    assert_no_start("refuse", "", "signature.voucher_file");
    (void)snprintf(path, sizeof path, "%s/none", folder);
    assert_no_start("accept", path, path);
    assert_int_equal(signing_key_generate(SIGNING_ED25519, &pair, &fault), STATUS_OK);
    buffer_init(&text, 4096);
    assert_int_equal(signing_key_write(pair, &text, &fault), STATUS_OK);
    write_file(path, buffer_text(&text));
    assert_no_start("accept", path, "HMAC");
    buffer_done(&text);
    signing_key_free(pair);
    temp_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_its_source_signs_is_decided_and_the_fact_is_the_hubs_word, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_hold_is_refused_and_uses_no_id_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_hmac_key_has_its_secret_in_the_folder, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(where_unsigned_events_are_refused_all_that_is_vouched_for_goes_on, set_up_closed,
                                        tear_down),
        cmocka_unit_test(a_voucher_that_cannot_be_had_stops_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
