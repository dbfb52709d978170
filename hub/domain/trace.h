/* trace.h: the trace family. Key: the product identifier (GTIN-14, or the first 7 digits of a drug trace
 * code).
 *
 *     medhub.trace.item_scanned.v1   whoever holds the item: what was done with it
 *     medhub.trace.alert_raised.v1   the hub: what a scan gives reason to look at
 *     recalls, sales, adverse events: recall.h
 *
 * Row serial/SERIAL, for items that have a serial. A breach of the rules TR-1xx raises an alert; where the
 * policy says that it also refuses, the parked event with its finding takes the place of the alert, as
 * nothing of it is applied. */
#ifndef DOMAIN_TRACE_H
#define DOMAIN_TRACE_H

#include "code/code.h"
#include "domain/messages.h"
#include "domain/rule.h"

#define TRACE_ALERT_TYPE        "medhub.trace.alert_raised.v1"
#define TRACE_UDI_REQUIRED_FROM "trace.udi_required_from"

extern const struct domain domain_trace;

enum label_form { LABEL_NONE, LABEL_GS1, LABEL_DRUG, LABEL_OTHER, LABEL_UNREADABLE };

/* What the printed code says; texts are "" where it says nothing. */
struct label {
    enum label_form form;
    enum code_error error; /* of an unreadable code */
    size_t error_offset;
    const char *product;
    const char *serial;
    const char *lot;
    date_t expires_on; /* DATE_NONE: not said */
};

enum { TRACE_ALERTS_MAX = 4 };

struct scan {
    const ItemScanned *said;
    struct label label;
    const char *serial; /* of the label, else as said; "" if the item has none */
    const char *lot;
    date_t expires_on;
    date_t scanned_on;
    const char *region;        /* where it was scanned; the nation if not said */
    ScannedItemState *earlier; /* the serial's row, or NULL */
    Withheld *withheld;        /* recalls and suspended sales of the product, or NULL */
    struct {
        AlertKind kind;
        const struct rule *rule;
    } alerts[TRACE_ALERTS_MAX]; /* what the rules found; decide turns it into facts */
    size_t alert_count;
};

/* trace_label.c: takes the code apart. NULL code: LABEL_NONE. False when the arena is full. */
bool trace_read_label(struct arena *arena, const ItemScanned *said, int current_year, struct label *label);

/* trace_decide.c; the rules and the table of handlers are in trace.c. */
void *trace_prepare(struct view *view, const struct event *event);
void trace_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
/* For a rule: notes an alert that decide turns into a fact, and refuses or warns as the rule's parameter says. */
void trace_alert(struct rule_context *context, AlertKind kind, const char *path, const char *found,
                 const char *expected);
/* True if the item was given to a patient before and has not come back since. */
bool trace_is_gone(const struct scan *scan);
/* True if this step gives the item to a patient. */
bool trace_gives_away(const struct scan *scan);

#endif
