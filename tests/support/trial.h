/* trial.h: one event put before the shipped domains, in memory. What a decision test needs in a line each.
 *
 *     struct trial *trial = trial_new("2026-01-31T02:00:00Z");
 *     trial_submit(trial, "medhub.settlement.posted.v1", "H650100", "person-1", &posted.base);
 *     assert_accepted(trial);
 *     trial_apply(trial);                                        // the next event sees what this one wrote
 *
 * A message is packed and unpacked again on its way, as the engine does it. */
#ifndef SUPPORT_TRIAL_H
#define SUPPORT_TRIAL_H

#include "domain/rule.h"
#include "support/memory_view.h"

struct trial {
    struct memory_view *world;
    struct arena *arena; /* of the event in hand; reset by the next submission */
    struct calendar *calendar;
    int64_t now_ms;
    struct event event;
    struct view view;
    struct decision decision;
    char key[128];
    bool conformance; /* the events to come are of a connection test */
};

/* A constant for a field of a generated message, which has no const. Nothing writes to it. */
static inline char *chars(const char *text)
{
    return (char *)text;
}

struct trial *trial_new(const char *now);
void trial_free(struct trial *trial);

/* Decides MESSAGE; its id is "event", or what trial_submit_as says. */
void trial_submit(struct trial *trial, const char *type, const char *source, const char *key,
                  const ProtobufCMessage *message);
void trial_submit_as(struct trial *trial, const char *event_id, const char *type, const char *source,
                     const char *key, const ProtobufCMessage *message);
/* Fires the timer NAME of KEY. */
void trial_fire(struct trial *trial, const char *type, const char *key, const char *name);
/* Takes the decision into the world. */
void trial_apply(struct trial *trial);

/* The first finding with CODE, or NULL. */
const struct finding *trial_finding(const struct trial *trial, const char *code);
/* The visibility with which RECIPIENT hears of fact FACT; 0: not at all. */
unsigned trial_delivery(const struct trial *trial, size_t fact, const char *recipient);
/* Everything that was decided as bytes, to compare two decisions. Lent by ARENA. */
struct bytes trial_bytes(const struct trial *trial, struct arena *arena);

/* cmocka assertions that name what was found instead. */
void assert_accepted(const struct trial *trial);
void assert_refused(const struct trial *trial, const char *code);
/* The finding with CODE says exactly this; CITATION is a part of its citation. */
void assert_finding(const struct trial *trial, enum severity severity, const char *code, const char *path,
                    const char *found, const char *expected, const char *citation);

#endif
