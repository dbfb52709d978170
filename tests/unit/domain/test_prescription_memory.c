// links: dep::jansson
/* Whatever the memory, each event of a prescription's life is decided whole or not at all. */
#include "domain/messages.h"

#include "support/plain_words.h"
#include "support/stage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WORLD "tests/scenario/world.yaml"
enum { FIRST_LIMIT = 64, FINE_LIMIT = 8192, LAST_LIMIT = 65536, FINE_STEP = 32, COARSE_STEP = 1024 };

static const struct told {
    const char *who, *type, *with;
} life[] = {
    {"市一医院", "uploaded", "{\"pharmacist\": null}"},
    {"市一医院", "reviewed", "{}"},
    {"惠民药店", "claimed", "{}"},
    {"惠民药店", "reviewed", "{\"reviewer\": \"惠民药店\", \"stage\": \"REVIEW_STAGE_DISPENSER\"}"},
    {"惠民药店", "dispensed",
     "{\"lines[0].trace_codes\": [\"81234561234567890123\", \"81234561234567890124\"]}"},
    {"惠民药店", "returned", "{\"lines[0].trace_codes\": [\"81234561234567890123\"]}"},
    {"惠民药店", "settlement.posted", "{}"},
    {"康宁药店", "claimed", "{\"dispenser\": \"康宁药店\"}"},
    {"康宁药店", "released", "{\"dispenser\": \"康宁药店\"}"},
    {"medhub", "settled", "{\"message_id\": \"M-7\"}"},
};
enum { LIFE = sizeof life / sizeof *life };

static size_t parts_of(const struct decision *decision)
{
    return decision->fact_count + decision->write_count + decision->delivery_count + decision->timer_count +
           decision->submission_count;
}

/* Says event PLACE; with TRIED, only decides it. */
static void tell(struct stage *stage, size_t place, bool tried)
{
    json_t *changes = json_loads(life[place].with, 0, NULL),
           *data = stage_data(stage, life[place].type, changes);
    char id[] = {(char)('a' + place), '\0'};
    const struct said said = {stage_id_of(stage, life[place].who), id, stage_type(life[place].type), data,
                              NULL};
    (tried ? stage_try : stage_say)(stage, &said);
    assert_accepted(stage->trial);
    if (!tried)
        stage_pass_on(stage);
    json_decref(data);
    json_decref(changes);
}

/* Decides the event in hand once more within LIMIT bytes. True if it was accepted, and then whole. */
static bool decide_within(struct trial *trial, size_t limit, size_t whole)
{
    const struct domain *domain;
    struct arena *small = arena_new(limit, limit);
    findings_init(&trial->event.findings, small);
    memory_view_turn_to(trial->world, trial->key);
    view_init(&trial->view, &memory_view_operations, trial->world, small, trial->key, trial->now_ms,
              trial->calendar);
    decision_init(&trial->decision, small, &trial->event);
    handler_decide(handler_find(domains_all, trial->event.attributes.type, &domain), &trial->view,
                   &trial->event, &trial->decision);
    bool accepted = trial->decision.outcome == OUTCOME_ACCEPTED;
    assert_int_equal(parts_of(&trial->decision), accepted ? whole : 0);
    assert_true(accepted || trial->decision.outcome == OUTCOME_REFUSED);
    arena_free(small);
    return accepted;
}

static void decide_with_ever_more(size_t place)
{
    struct stage *stage = stage_new(WORLD, NULL);
    size_t refused = 0, accepted = 0;
    stage_set_clock(stage, words_moment("2026-03-02 10:00", 0));
    for (size_t i = 0; i < place; i++)
        tell(stage, i, false);
    tell(stage, place, true);
    size_t whole = parts_of(&stage->trial->decision);
    for (size_t limit = FIRST_LIMIT; limit <= LAST_LIMIT;
         limit += limit < FINE_LIMIT ? FINE_STEP : COARSE_STEP)
        *(decide_within(stage->trial, limit, whole) ? &accepted : &refused) += 1;
    assert_true(refused > 5 && accepted > 5);
    stage_free(stage);
}

static void without_memory_nothing_of_it_is_decided(void **state)
{
    (void)state;
    for (size_t place = 0; place < LIFE; place++)
        decide_with_ever_more(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_nothing_of_it_is_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
