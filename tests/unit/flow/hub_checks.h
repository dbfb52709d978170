/* hub_checks.h: what the end-to-end tests of this folder ask of a hub. */
#ifndef UNIT_FLOW_HUB_CHECKS_H
#define UNIT_FLOW_HUB_CHECKS_H

#include "base/hash.h"
#include "support/cmocka_all.h"
#include "support/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Medhub__Event__V1__Receipt Receipt;
typedef Medhub__Policy__V1__ParameterSet ParameterSet;

static inline int set_up_closed(void **state)
{
    *state = calloc(1, sizeof(struct engine));
    return *state == NULL;
}

static inline int set_up(void **state)
{
    (void)set_up_closed(state);
    engine_open(*state, NULL);
    engine_start_hub(*state);
    return 0;
}

static inline int tear_down(void **state)
{
    engine_close(*state);
    free(*state);
    return 0;
}

static inline int32_t partition_of(const char *key)
{
    return hash_kafka_partition(bytes_of(key), ENGINE_PARTITIONS);
}

/* The receipt of the event ID, in memory that the caller frees; the last one if there are several. */
static inline Receipt *receipt_of(struct engine *engine, const char *id)
{
    struct kept *kept = broker_read(&engine->broker, "medhub.receipt");
    Receipt *found = NULL;

    for (size_t i = 0; i < kept->count; i++) {
        Receipt *receipt = engine_receipt(&kept->records[i]);
        if (strcmp(receipt->id, id) == 0) {
            if (found != NULL)
                medhub__event__v1__receipt__free_unpacked(found, NULL);
            found = receipt;
        } else {
            medhub__event__v1__receipt__free_unpacked(receipt, NULL);
        }
    }
    kept_free(kept);
    if (found == NULL)
        fail_msg("no receipt for %s", id);
    return found;
}

static inline void assert_outcome(struct engine *engine, const char *id, Medhub__Event__V1__Outcome outcome, const char *code)
{
    Receipt *receipt = receipt_of(engine, id);

    assert_int_equal(receipt->outcome, outcome);
    if (code != NULL) {
        assert_true(receipt->n_findings > 0);
        assert_string_equal(receipt->findings[0]->code, code);
    }
    medhub__event__v1__receipt__free_unpacked(receipt, NULL);
}

static inline size_t count_of(struct engine *engine, const char *topic)
{
    struct kept *kept = broker_read(&engine->broker, topic);
    size_t count = kept->count;

    kept_free(kept);
    return count;
}

static inline bool header_is(const struct kept_record *record, const char *name, const char *text)
{
    return bytes_equal_text(kept_header(record, name), text);
}

/* A fact that nobody submitted has no receipt: events behind it tell that its batch is over. */
static inline void await_facts(struct engine *engine, size_t count)
{
    for (int i = 0; count_of(engine, ENGINE_FACT) < count; i++) {
        char id[32];
        assert_true(i < 200);
        (void)snprintf(id, sizeof id, "probe-%d", i);
        engine_submit(engine, HOSPITAL, id, "probe", engine_value("probe", -1, ""));
        engine_await(engine, 1);
    }
}

#define ON_A_HUB(test)      cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define ON_NO_HUB_YET(test) cmocka_unit_test_setup_teardown(test, set_up_closed, tear_down)

#endif
