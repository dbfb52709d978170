/* engine.h: a whole hub on the embedded broker, with one tiny domain that a test can read at a glance.
 *
 * The domain takes medhub.policy.parameter_set.v1, keyed by the parameter's name, from a "hospital":
 *   integer < 0           refused by rule T-001
 *   otherwise             the event is a fact; pharmacies hear of it, public fields only; the row "last" keeps the parameter
 *   text "timer"          a timer, due INTEGER milliseconds after 1970, states a fact of its own when it fires
 *   text "two"            a second fact, stated by the hub
 *   text "follow"         a submission "next" for the key NAME-followed
 *   text "together"       a submission for the year INTEGER of a type that may be merged, ENGINE_TOGETHER of them in one record
 *   text "table"          registers NAME as a hospital from the event's first day on
 *   text "hungry"         uses up all memory of the event, then goes on as if nothing were
 *   text "big"            a second fact of more than a record may hold */
#ifndef SUPPORT_ENGINE_H
#define SUPPORT_ENGINE_H

#include "flow/hub.h"
#include "signature/signing_key.h"
#include "support/broker.h"
#include "support/temp_folder.h"

#include <stdatomic.h>

#include "medhub/event/v1/event.pb-c.h"
#include "medhub/policy/v1/policy.pb-c.h"

enum { ENGINE_PARTITIONS = 2, ENGINE_TOGETHER = 3 };
#define ENGINE_INBOX   "medhub.inbox.policy"
#define ENGINE_FACT    "medhub.fact.policy"
#define ENGINE_STATE   "medhub.state.parameter"
#define ENGINE_TYPE    "medhub.policy.parameter_set.v1"
#define ENGINE_TIMER   "medhub.test.timer"
#define ENGINE_MERGED  "medhub.policy.calendar_published.v1"
#define HOSPITAL       "H650100"  /* live, a hospital */
#define PHARMACY       "P650100"  /* live, but no hospital */
#define SUSPENDED      "H650199"  /* a hospital, suspended */
#define ENGINE_DAY_ONE "2026-01-01"

struct engine {
    struct broker broker;
    char folder[TEMP_FOLDER_BYTES];
    atomic_int_fast64_t now_ms; /* the hub's clock */
    struct settings settings;
    struct kafka_client client;
    struct conf *conf;
    struct signing_key *key; /* Ed25519: HOSPITAL's "key-1", and its "old", whose time is over; "hmac" has its secret elsewhere */
    struct hub *hub;
    char group[32];
    int starts;
    struct reader *receipts;
    size_t receipt_count; /* seen by engine_await */
    struct fault fault;
};

/* Starts the broker, makes the topics, fills the registry. EXTRA are further settings ("KEY=VALUE", NULL-terminated), or
 * NULL. The hub itself is started by engine_start_hub. */
void engine_open(struct engine *engine, const char *const *extra);
void engine_close(struct engine *engine);
void engine_start_hub(struct engine *engine);
void engine_stop_hub(struct engine *engine);

/* Submits under the headers of a proper CloudEvent. VALUE is packed by the caller (engine_value). */
void engine_submit(struct engine *engine, const char *source, const char *id, const char *key, struct bytes value);
/* The bytes of a ParameterSet; lent until the next call. */
struct bytes engine_value(const char *name, int64_t integer, const char *text);

/* Waits until there are COUNT receipts more than at the last call. Fails the test after a while. */
void engine_await(struct engine *engine, size_t count);
/* Waits for the receipt of the event ID, whatever others come before: a batch that is done again answers some of its events twice,
 * and the embedded broker shows what was given up. */
void engine_await_id(struct engine *engine, const char *id);

/* Stops the hub if it runs, and reads what the store of KEY's partition keeps. */
uint64_t engine_version(struct engine *engine, const char *key);

Medhub__Event__V1__Receipt *engine_receipt(const struct kept_record *record);
Medhub__Policy__V1__ParameterSet *engine_fact(const struct kept_record *record);

#endif
