#include "support/moves.h"

#include "domain/adjustment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define FAMILY "medhub.adjustment."

enum { ROWS_MAX = 32, APPLICATIONS_MAX = 32 };

static const struct life_cycle *const cycles[] = {&life_cycle_drug, &life_cycle_ethnic, &life_cycle_service_item,
                                                  &life_cycle_consumable};
enum { CYCLES = sizeof cycles / sizeof *cycles };

static struct tried {
    bool made, refused, early, late;
} tried[CYCLES][ROWS_MAX];

/* Where the applications of the story in hand stood before the event. */
static struct application {
    char key[128];
    AdjustmentStatus status;
} applications[APPLICATIONS_MAX];
static size_t application_count;

void moves_begin(void)
{
    application_count = 0;
}

static struct application *application_of(const char *key)
{
    for (size_t i = 0; i < application_count; i++)
        if (strcmp(applications[i].key, key) == 0)
            return &applications[i];
    assert_true(application_count < APPLICATIONS_MAX && strlen(key) < sizeof applications[0].key);
    struct application *application = &applications[application_count++];
    (void)strcpy(application->key, key);
    application->status = ADJUSTMENT_STATUS_NONE;
    return application;
}

static size_t number_of(const struct life_cycle *cycle)
{
    size_t number = 0;
    while (cycles[number] != cycle)
        number++;
    assert_true(cycle->move_count <= ROWS_MAX);
    return number;
}

static void note_made(const struct life_cycle *cycle, AdjustmentStatus from, AdjustmentStatus to)
{
    for (size_t i = 0; i < cycle->move_count; i++)
        if ((cycle->moves[i].from & ADJUSTMENT_IN(from)) != 0 && cycle->moves[i].to == to)
            tried[number_of(cycle)][i].made = true;
}

/* What the event's handler prepares says which move it is; a refused event has changed nothing. */
static const struct adjustment_step *prepare_again(struct stage *stage)
{
    const struct event *event = &stage->trial->event;
    for (size_t i = 0; i < domain_adjustment.handler_count; i++)
        if (strcmp(domain_adjustment.handlers[i].type, event->attributes.type) == 0)
            return domain_adjustment.handlers[i].prepare(&stage->trial->view, event);
    return NULL;
}

static void note_impossible(const struct adjustment_step *step, const struct finding *finding)
{
    for (size_t i = 0; i < step->cycle->move_count; i++)
        if (step->cycle->moves[i].move == step->move && strstr(finding->found, adjustment_move_name(step->move)) != NULL)
            tried[number_of(step->cycle)][i].refused = true;
}

/* "from 2024-07-01 until 2024-08-31": of all rows that have this window. */
static void note_window(const struct adjustment_step *step, const struct finding *finding)
{
    date_t from = date_parse(bytes_from(finding->expected + strlen("from "), DATE_TEXT_BYTES - 1));
    for (size_t i = 0; i < step->cycle->move_count; i++) {
        const struct adjustment_move_row *row = &step->cycle->moves[i];
        struct tried *of = &tried[number_of(step->cycle)][i];
        if (row->window == NULL || strcmp(row->window, step->row->window) != 0)
            continue;
        of->early |= step->day < from;
        of->late |= step->day > from;
    }
}

static void note_refused(struct stage *stage)
{
    const struct adjustment_step *step = prepare_again(stage);
    const struct findings *findings = &stage->trial->event.findings;
    for (size_t i = 0; step != NULL && step->cycle != NULL && i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (strcmp(finding->code, "adjustment.move_not_possible") == 0 && step->row == NULL)
            note_impossible(step, finding);
        if (strcmp(finding->code, "adjustment.not_in_time") == 0 && strncmp(finding->expected, "from ", 5) == 0 && step->row != NULL)
            note_window(step, finding);
    }
}

void moves_note(struct stage *stage)
{
    char key[128];
    if (strncmp(stage->trial->event.attributes.type, FAMILY, strlen(FAMILY)) != 0)
        return;
    (void)strcpy(key, stage->trial->key);
    if (stage->answer == ANSWER_REFUSED)
        note_refused(stage);
    if (stage->answer != ANSWER_ACCEPTED)
        return;
    memory_view_turn_to(stage->trial->world, key);
    const AdjustmentState *state = (const AdjustmentState *)stage_row(stage, ADJUSTMENT_STATE, key, "adjustment");
    assert_non_null(state);
    note_made(life_cycle_find(state->life_cycle), application_of(key)->status, state->status);
    application_of(key)->status = state->status;
}

static size_t print_missing(const struct life_cycle *cycle, size_t row)
{
    const struct tried *of = &tried[number_of(cycle)][row];
    const struct adjustment_move_row *move = &cycle->moves[row];
    bool has_window = move->window != NULL;
    if (of->made && of->refused && (!has_window || (of->early && of->late)))
        return 0;
    print_message("%s, %s:%s%s%s%s\n", cycle->name, adjustment_move_name(move->move), of->made ? "" : " is never made",
                  of->refused ? "" : " is never refused where it is not possible",
                  has_window && !of->early ? " is never too early" : "", has_window && !of->late ? " is never too late" : "");
    return 1;
}

size_t moves_missing(void)
{
    size_t missing = 0;
    for (size_t i = 0; i < CYCLES; i++)
        for (size_t row = 0; row < cycles[i]->move_count; row++)
            missing += print_missing(cycles[i], row);
    return missing;
}
