/* store.h: the SQL store on the embedded broker: records as the hub writes them, applied, and asked for.
 *
 * The database is a new SQLite file, or, where the environment has MEDHUB_TEST_POSTGRESQL (a postgresql:// URL whose contents
 * may be destroyed), that one: the same tests hold for both. */
#ifndef SUPPORT_STORE_H
#define SUPPORT_STORE_H

#include "store/read_model.h"
#include "store/settings.h"
#include "support/broker.h"
#include "support/temp_folder.h"

#include "medhub/event/v1/event.pb-c.h"
#include "medhub/trace/v1/trace.pb-c.h"

enum { STORE_PARTITIONS = 2 };
#define STORE_INBOX "medhub.inbox.trace"
#define STORE_FACT  "medhub.fact.trace"
#define SCANNED     "medhub.trace.item_scanned.v1"
#define SCAN_CODE   "(01)04050546003764(17)281022(10)L2283(21)26112200100000"
#define SCAN_DI     "04050546003764"

struct store_test {
    struct broker broker;
    char folder[TEMP_FOLDER_BYTES];
    char file[TEMP_FOLDER_BYTES + 16];
    struct sql_settings settings;
    struct arena *arena;
    struct read_model *model; /* opened by store_ask */
    struct fault fault;
    bool is_postgresql;
};

/* setup and teardown of cmocka: *state is a struct store_test. */
int store_set_up(void **state);
int store_tear_down(void **state);

/* Default settings for that database. */
void store_settings(struct store_test *test, struct sql_settings *settings);
/* Applies all that was sent: the service runs until it is ready. */
void store_fill(struct store_test *test);
/* The read model, opened when it is not open yet. */
struct read_model *store_ask(struct store_test *test);
/* Rows of a table. */
int64_t store_count(struct store_test *test, const char *table);
/* One number that TEXT selects. */
int64_t store_number(struct store_test *test, const char *text);

/* ---- records ---- */

/* A submission: at OFFSET of partition 0 of STORE_INBOX, decided at 1000 + OFFSET. */
struct submission {
    int64_t offset;
    const char *source, *id, *key;
};

void store_send_receipt(struct store_test *test, const struct submission *of, int outcome, const char *code);
/* A scan; CODE may be NULL. PERSON (may be NULL): on whom it was used. */
void store_send_fact(struct store_test *test, const struct submission *of, const char *code, const char *person,
                     const char *traceparent);
/* Any scan, as the fact of the submission at OFFSET. */
void store_send_scan(struct store_test *test, int64_t offset, const Medhub__Trace__V1__ItemScanned *scan);
/* Any fact about PRODUCT, likewise. */
void store_send_message(struct store_test *test, int64_t offset, const char *type, const char *product,
                        const ProtobufCMessage *message);
/* Its projection. RECIPIENTS is NULL-terminated. */
void store_send_delivery(struct store_test *test, const struct submission *of, const char *code, const char *person,
                         unsigned visibility, const char *const *recipients);
void store_send_parked(struct store_test *test, const struct submission *of, const char *code, struct bytes value);
/* The answer of ORGANISATION's endpoint to the delivery at OFFSET of partition 0. */
void store_send_answer(struct store_test *test, const struct submission *of, const char *organisation, int64_t delivery,
                       unsigned http_status);
void store_flush(struct store_test *test);
/* A packed scan. */
struct bytes store_scan(struct store_test *test, const struct submission *of, const char *code, const char *person);

#endif
