/* conformance.h: the cases of the connection test: what the candidate is asked to do, what the hub must have
 * answered, what the candidate must have understood. Events carry the attribute conformance, so that the hub
 * decides them whole and applies nothing (hub/event/event.h). Which cases a candidate has follows from its kind and
 * from the addresses that it has registered for webhooks. */
#ifndef CTL_CONFORMANCE_H
#define CTL_CONFORMANCE_H

#include "base/arena.h"

#include <jansson.h>
#include <stdbool.h>

enum { CONFORMANCE_RECEIPTS_MAX = 8, CONFORMANCE_FED_MAX = 100 };

/* Who has the case. */
enum conformance_candidates {
    CONFORMANCE_EVERYBODY,
    CONFORMANCE_HOSPITAL,
    CONFORMANCE_PHARMACY,
    CONFORMANCE_CALLED_BACK, /* who wants webhooks */
};
enum conformance_says { SAYS_SETTLEMENT, SAYS_PRESCRIPTION, SAYS_CLAIM, SAYS_DISPENSING };

struct conformance_case {
    const char *name, *title_zh, *title;
    enum conformance_candidates who;
    enum conformance_says says;
    const char *event; /* "right", and what is wrong with it else: conformance_event.c; NULL: none is sent, the feed is
                          read or the candidate is called */
    const char *challenge; /* the candidate is called at its addresses: "right", or "forged": with somebody else's secret */
    const char *same_as; /* the case whose event is sent again; NULL: an event of its own */
    const char *sign;    /* "right", "wrong", "expired" */
    bool silent;         /* the gateway that is called never answers */
    size_t receipts;     /* how many the event has afterwards */
    const char *outcome; /* of the last one: "accepted", "refused", "duplicate"; NULL: there must be none */
    const char *code;    /* of a refusal */
    const char
        *understood; /* what the candidate says: "accepted", "refused", "rejected", "unknown", "followed", "met" */
};
extern const struct conformance_case conformance_cases[];
extern const size_t conformance_case_count;

/* Who is tested, where, when. */
struct conformance_subject {
    const char *organisation, *region, *gateway, *silent_gateway;
    enum conformance_candidates kind; /* HOSPITAL or PHARMACY; EVERYBODY: neither */
    bool called_back;                 /* it has an address for webhooks */
    const char *doctor, *pharmacist;  /* codes of two of its own, or a word that no register has */
    int64_t started_ms; /* makes the ids */
    int64_t wait_ms;    /* for the candidate */
};

/* What the hub said of the case's event, and what the feed of the candidate holds. */
struct conformance_seen {
    size_t receipts;
    char outcome[16], code[64]; /* of the last one */
    const char *fed[CONFORMANCE_FED_MAX];
    size_t fed_count;
};

/* True if SUBJECT has the case. */
bool conformance_applies(const struct conformance_case *test, const struct conformance_subject *subject);
/* The event that the case's candidate is to submit under ID: a new object. conformance_event.c */
json_t *conformance_event(const struct conformance_subject *subject, const struct conformance_case *test,
                          const char *id);
/* The id of the case's event. Lent by the arena. */
const char *conformance_id(const struct conformance_subject *subject, const struct conformance_case *test,
                           struct arena *arena);
/* What the candidate is asked: a new object. */
json_t *conformance_asked(const struct conformance_subject *subject, const struct conformance_case *test,
                          struct arena *arena);
/* True if the candidate's ANSWER (or NULL) says what the case expects it to understand. */
bool conformance_understood(const struct conformance_case *test, const json_t *answer);
/* The row of the report: case, what was expected, what was found, whether it passed. ANSWER: the candidate's,
 * or NULL and WHY. */
json_t *conformance_judged(const struct conformance_case *test, const struct conformance_seen *seen,
                           const json_t *answer, const char *why, struct arena *arena);

#endif
