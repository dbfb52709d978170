/* finding.h: one thing that is wrong, or worth a warning, with an event: what a refusal says. */
#ifndef EVENT_FINDING_H
#define EVENT_FINDING_H

#include "base/arena.h"

/* A refusing finding refuses the event; a warning travels with the receipt of an accepted event. */
enum severity { SEVERITY_REFUSE = 1, SEVERITY_WARN = 2 };

/* All texts are lent by the event's arena or are constants. */
struct finding {
    enum severity severity;
    const char *code;        /* stable dotted name: "field.required", "prescription.issuer_not_designated" */
    const char *rule;        /* rule id, "RX-003", or "" when the finding comes from a stage before the rules */
    const char *citation;    /* number and title of the document and the provision, or "" */
    const char *path;        /* field path as in JSON: "lines[2].quantity" */
    const char *found;       /* what was found; masked ("***") where the field is clinical or identity */
    const char *expected;    /* what would have been right */
    const char *sentence_zh; /* one sentence for a person */
    const char *sentence_en;
};

enum { FINDINGS_MAX = 64 };

/* Grows in the arena; further findings than FINDINGS_MAX are counted, not kept. */
struct findings {
    struct arena *arena;
    struct finding *items;
    size_t count;
    size_t capacity;
    size_t dropped;
    size_t refusing; /* how many of all (kept or dropped) refuse */
};

void findings_init(struct findings *findings, struct arena *arena);
/* Copies the structure, not its texts. */
void findings_add(struct findings *findings, const struct finding *finding);
/* The first that refuses, which names the refusal in logs and headers; NULL if none was kept. */
const struct finding *findings_first_refusal(const struct findings *findings);
static inline bool findings_refuse(const struct findings *findings)
{
    return findings->refusing > 0;
}

#endif
