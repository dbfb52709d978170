/* stage.h: a small country in memory: all shipped domains, a clock, timers and follow-ups, but no Kafka.
 * Scenarios and models play on it what the engine would do: decide, apply, fire what is due, pass follow-ups
 * on, answer repetitions.
 *
 *     struct stage *stage = stage_new("tests/scenario/world.yaml", NULL);
 *     stage_set_clock(stage, at_ms);                                    // fires what is due until then
 *     stage_say(stage, &(struct said){"惠民药店", "e1", "medhub.prescription.claimed.v1", data, NULL});
 *     ... stage->trial has the decision, stage->answer what the receipt would say
 *     stage_pass_on(stage);                                             // follow-ups are decided */
#ifndef SUPPORT_STAGE_H
#define SUPPORT_STAGE_H

#include "support/trial.h"

#include <jansson.h>

enum { STAGE_TIMERS_MAX = 256, STAGE_FOLLOW_UPS_MAX = 64, STAGE_NOTES_MAX = 64, STAGE_IDS_MAX = 1024 };

enum stage_answer { ANSWER_ACCEPTED, ANSWER_REFUSED, ANSWER_DUPLICATE };

struct said {
    const char *who; /* id of the source */
    const char *id;
    const char *type;
    json_t *data;    /* as people write it: plain_words.h; lent */
    const char *key; /* of the record; NULL: that of the data, as it should be */
};

struct stage {
    struct trial *trial;
    json_t *names, *templates; /* of the world */
    enum stage_answer answer;
    struct stage_timer {
        char key[128], name[160];
        const char *type;
        int64_t due_ms;
    } timers[STAGE_TIMERS_MAX];
    size_t timer_count;
    struct stage_follow_up {
        const char *type;
        char key[128], id[300];
        ProtobufCMessage *message; /* owned */
    } follow_ups[STAGE_FOLLOW_UPS_MAX];
    size_t follow_up_count;
    struct stage_note {
        char text[160]; /* type of a fact that a timer stated; "TYPE accepted" of a follow-up */
    } fired[STAGE_NOTES_MAX], followed[STAGE_NOTES_MAX];
    size_t fired_count, followed_count;
    struct stage_id {
        char text[300];
        int64_t at_ms;
    } ids[STAGE_IDS_MAX];
    size_t id_count;
};

/* Plays the world's file: organisations, lists, catalogue, and the nation's policy as shipped, all as events;
 * then what the file FAMILY_WORLD adds (same form), unless that is NULL. */
struct stage *stage_new(const char *world, const char *family_world);
void stage_free(struct stage *stage);

/* Time goes on to NOW_MS: timers fire in the order in which they are due, noted in FIRED. */
void stage_set_clock(struct stage *stage, int64_t now_ms);
/* Time goes on, but what is due has not fired yet: as when an event is read in the same batch. */
void stage_set_clock_before_timers(struct stage *stage, int64_t now_ms);

/* Decides and applies. The trial's decision and findings can be looked at until the next call. */
void stage_say(struct stage *stage, const struct said *said);
/* Decides without effect, also what was said before. */
void stage_try(struct stage *stage, const struct said *said);
/* Decides what the last event submitted, noted in FOLLOWED. */
void stage_pass_on(struct stage *stage);

/* The template of the short TYPE ("uploaded") with the changes of WITH (paths to values): a new value. */
json_t *stage_data(const struct stage *stage, const char *type, const json_t *with);
/* "claimed" is medhub.prescription.claimed.v1, "settlement.posted" medhub.settlement.posted.v1; lent by the
 * schema. */
const char *stage_type(const char *type);
/* An organisation's id by its name, or the text itself. */
const char *stage_id_of(const struct stage *stage, const char *who);
/* The row of KEY, in the arena of the event in hand, or NULL. */
ProtobufCMessage *stage_row(struct stage *stage, const ProtobufCMessageDescriptor *descriptor,
                            const char *key, const char *name);

#endif
