// links: medhub_store
#include "support/store.h"

#include "base/hash.h"
#include "event/pack.h"
#include "event/wire.h"
#include "store/sql.h"
#include "store/store_service.h"
#include "store/tables.h"
#include "support/cmocka_all.h"

#include "medhub/webhook/v1/webhook.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { READY_TRIES = 2000 };

/* ---- the database ---- */

void store_settings(struct store_test *test, struct sql_settings *settings)
{
    const struct conf_table table = {sql_settings_rows, sql_settings_row_count, settings};
    const struct conf_source source = {.environment = false};
    struct conf *conf = NULL;

    assert_int_equal(conf_load_tables(&table, 1, NULL, source, &conf, &test->fault), STATUS_OK);
    settings->database = test->is_postgresql ? getenv("MEDHUB_TEST_POSTGRESQL") : test->file;
    settings->lock_wait_ms = 5000; /* PostgreSQL notices a moment later that a writer has gone */
    settings->watch_interval_ms = 50;
    conf_free(conf);
}

/* What an earlier test left in a database that is not new. */
static void drop_everything(struct store_test *test)
{
    char text[128];
    struct sql *sql = NULL;

    assert_int_equal(sql_open(&test->settings, SQL_WRITE, &sql, &test->fault), STATUS_OK);
    for (int i = 0; i < TABLE_COUNT; i++) {
        (void)snprintf(text, sizeof text, "DROP TABLE IF EXISTS %s", tables[i].name);
        assert_int_equal(sql_script(sql, bytes_of(text), &test->fault), STATUS_OK);
    }
    assert_int_equal(
        sql_script(sql, bytes_of("DROP TABLE IF EXISTS topic, position, schema_version"), &test->fault),
        STATUS_OK);
    sql_close(sql);
}

int store_set_up(void **state)
{
    static const char *const topics[] = {STORE_FACT, "medhub.receipt", "medhub.delivery", "medhub.parked",
                                         "medhub.webhook.outcome"};
    struct store_test *test = calloc(1, sizeof *test);

    *state = test;
    temp_folder_make(test->folder);
    (void)snprintf(test->file, sizeof test->file, "%s/read.sqlite", test->folder);
    test->is_postgresql = getenv("MEDHUB_TEST_POSTGRESQL") != NULL;
    store_settings(test, &test->settings);
    if (test->is_postgresql)
        drop_everything(test);
    test->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    broker_start(&test->broker);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        broker_topic(&test->broker, topics[i], STORE_PARTITIONS);
    return 0;
}

int store_tear_down(void **state)
{
    struct store_test *test = *state;

    read_model_close(test->model);
    broker_stop(&test->broker);
    arena_free(test->arena);
    temp_folder_remove(test->folder);
    free(test);
    return 0;
}

void store_fill(struct store_test *test)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    struct store_service *service = NULL;

    store_flush(test);
    assert_int_equal(store_service_start(&test->settings, &test->broker.client, &service, &test->fault),
                     STATUS_OK);
    for (int i = 0; i < READY_TRIES && !store_service_is_ready(service); i++) {
        if (!store_service_is_alive(service, &test->fault))
            fail_msg("%s: %s", test->fault.code, test->fault.text);
        (void)nanosleep(&pause, NULL);
    }
    assert_true(store_service_is_ready(service));
    store_service_stop(service);
}

struct read_model *store_ask(struct store_test *test)
{
    if (test->model == NULL)
        assert_int_equal(read_model_open(&test->settings, &test->model, &test->fault), STATUS_OK);
    return test->model;
}

int64_t store_number(struct store_test *test, const char *text)
{
    struct sql *sql = NULL;
    struct sql_cursor cursor;
    bool row = false;

    assert_int_equal(sql_open(&test->settings, SQL_READ, &sql, &test->fault), STATUS_OK);
    assert_int_equal(sql_start(sql, text, NULL, 0, &cursor, &test->fault), STATUS_OK);
    assert_int_equal(sql_next(&cursor, &row, &test->fault), STATUS_OK);
    assert_true(row);
    int64_t number = sql_column_integer(&cursor, 0);
    sql_end(&cursor);
    sql_close(sql);
    return number;
}

int64_t store_count(struct store_test *test, const char *table)
{
    char text[128];

    (void)snprintf(text, sizeof text, "SELECT count(*) FROM %s", table);
    return store_number(test, text);
}

/* ---- records ---- */

static struct bytes packed(struct store_test *test, const ProtobufCMessage *message)
{
    struct bytes value = pack_message(message, test->arena);

    assert_non_null(value.data);
    return value;
}

static int64_t decided_ms(const struct submission *of)
{
    return 1000 + of->offset;
}

void store_send_receipt(struct store_test *test, const struct submission *of, int outcome, const char *code)
{
    Medhub__Event__V1__Receipt receipt = MEDHUB__EVENT__V1__RECEIPT__INIT;
    Medhub__Event__V1__Finding finding = MEDHUB__EVENT__V1__FINDING__INIT, *findings[] = {&finding};

    finding.code = (char *)code;
    receipt.source = (char *)of->source;
    receipt.id = (char *)of->id;
    receipt.type = (char *)SCANNED;
    receipt.outcome = (Medhub__Event__V1__Outcome)outcome;
    receipt.findings = findings;
    receipt.n_findings = code[0] == '\0' ? 0 : 1;
    receipt.key = (char *)of->key;
    receipt.version = outcome == MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED;
    receipt.fact_topic = receipt.version > 0 ? (char *)STORE_FACT : (char *)"";
    receipt.decided_at_ms = decided_ms(of);
    receipt.submitted_at_ms = decided_ms(of) - 5;
    receipt.input_topic = (char *)STORE_INBOX;
    receipt.input_offset = of->offset;
    broker_send(&test->broker, "medhub.receipt", hash_kafka_partition(bytes_of(of->source), STORE_PARTITIONS),
                bytes_of(of->source), packed(test, &receipt.base), NULL);
}

struct bytes store_scan(struct store_test *test, const struct submission *of, const char *code,
                        const char *person)
{
    Medhub__Trace__V1__ItemScanned scan = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    Medhub__Trace__V1__Use use = MEDHUB__TRACE__V1__USE__INIT;

    scan.product = (char *)of->key;
    scan.holder = (char *)of->source;
    scan.code = code == NULL ? (char *)"" : (char *)code;
    use.person = (char *)person;
    scan.use = person == NULL ? NULL : &use;
    return packed(test, &scan.base);
}

static void send_fact(struct store_test *test, const struct submission *of, const char *type, struct bytes scan,
                      const char *traceparent)
{
    Medhub__Event__V1__Provenance provenance = MEDHUB__EVENT__V1__PROVENANCE__INIT;
    const char *headers[] = {"ce_specversion",
                             "1.0",
                             "ce_id",
                             of->id,
                             "ce_source",
                             of->source,
                             "ce_type",
                             type,
                             "content-type",
                             "application/protobuf",
                             traceparent == NULL ? NULL : "traceparent",
                             traceparent,
                             NULL};

    provenance.topic = (char *)STORE_INBOX;
    provenance.offset = of->offset;
    provenance.version = (uint64_t)of->offset + 1;
    provenance.decided_at_ms = decided_ms(of);
    struct bytes value = pack_fact(scan, &provenance.base, test->arena);
    broker_send(&test->broker, STORE_FACT, 0, bytes_of(of->key), value, headers);
}

void store_send_fact(struct store_test *test, const struct submission *of, const char *code,
                     const char *person, const char *traceparent)
{
    send_fact(test, of, SCANNED, store_scan(test, of, code, person), traceparent);
}

void store_send_scan(struct store_test *test, int64_t offset, const Medhub__Trace__V1__ItemScanned *scan)
{
    const struct submission of = {offset, scan->holder, arena_format(test->arena, "e-%lld", (long long)offset),
                                  scan->product};

    send_fact(test, &of, SCANNED, packed(test, &scan->base), NULL);
}

void store_send_message(struct store_test *test, int64_t offset, const char *type, const char *product,
                        const ProtobufCMessage *message)
{
    const struct submission of = {offset, "M1", arena_format(test->arena, "e-%lld", (long long)offset), product};

    send_fact(test, &of, type, packed(test, message), NULL);
}

void store_send_delivery(struct store_test *test, const struct submission *of, const char *code,
                         const char *person, unsigned visibility, const char *const *recipients)
{
    Medhub__Event__V1__Delivery delivery = MEDHUB__EVENT__V1__DELIVERY__INIT;
    struct bytes scan = store_scan(test, of, code, person);
    struct buffer seen;

    buffer_init(&seen, 64 * 1024);
    assert_true(wire_project(schema_find_event(SCANNED), scan, visibility, &seen));
    for (delivery.n_recipients = 0; recipients[delivery.n_recipients] != NULL;)
        delivery.n_recipients++;
    delivery.recipients = (char **)recipients;
    delivery.type = (char *)SCANNED;
    delivery.id = (char *)of->id;
    delivery.source = (char *)of->source;
    delivery.key = (char *)of->key;
    delivery.version = (uint64_t)of->offset + 1;
    delivery.visibility = visibility;
    delivery.decided_at_ms = decided_ms(of);
    delivery.input_topic = (char *)STORE_INBOX;
    delivery.input_offset = of->offset;
    delivery.data.data = seen.data;
    delivery.data.len = seen.length;
    broker_send(&test->broker, "medhub.delivery", 0, bytes_of(of->key), packed(test, &delivery.base), NULL);
    buffer_done(&seen);
}

void store_send_parked(struct store_test *test, const struct submission *of, const char *code,
                       struct bytes value)
{
    char offset[24], decided[24];
    const char *headers[] = {"ce_specversion",
                             "1.0",
                             "ce_id",
                             of->id,
                             "ce_source",
                             of->source,
                             "ce_type",
                             SCANNED,
                             "content-type",
                             "application/protobuf",
                             "__connect.errors.topic",
                             STORE_INBOX,
                             "__connect.errors.partition",
                             "0",
                             "__connect.errors.offset",
                             offset,
                             "medhub.code",
                             code,
                             "medhub.decided",
                             decided,
                             NULL};

    (void)snprintf(offset, sizeof offset, "%lld", (long long)of->offset);
    (void)snprintf(decided, sizeof decided, "%lld", (long long)decided_ms(of));
    broker_send(&test->broker, "medhub.parked", 0, bytes_of(of->key), value, headers);
}

void store_send_answer(struct store_test *test, const struct submission *of, const char *organisation,
                       int64_t delivery, unsigned http_status)
{
    Medhub__Webhook__V1__Outcome outcome = MEDHUB__WEBHOOK__V1__OUTCOME__INIT;

    outcome.organisation = (char *)organisation;
    outcome.endpoint = (char *)"main";
    outcome.delivery_offset = delivery;
    outcome.input_topic = (char *)STORE_INBOX;
    outcome.input_offset = of->offset;
    outcome.result = http_status == 200 ? MEDHUB__WEBHOOK__V1__RESULT__RESULT_DELIVERED
                                        : MEDHUB__WEBHOOK__V1__RESULT__RESULT_SET_ASIDE;
    outcome.http_status = http_status;
    outcome.attempts = 1;
    outcome.settled_at_ms = INT64_C(4102444800000);
    broker_send(&test->broker, "medhub.webhook.outcome", 0, bytes_of(organisation),
                packed(test, &outcome.base), NULL);
}

void store_flush(struct store_test *test)
{
    if (test->broker.producer != NULL)
        broker_send_flush(&test->broker);
}
