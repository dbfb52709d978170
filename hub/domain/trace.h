/* trace.h: the trace family. Key: the product identifier (GTIN-14, SSCC, DI of another agency, or the first 7
 * digits of a drug trace code).
 *
 *     medhub.trace.item_scanned.v1        whoever holds the item: what was done with it        trace_rules.c,
 * trace_decide.c medhub.trace.alert_raised.v1        the hub: what a scan gives reason to look at
 *     medhub.trace.pack_changed.v1        the hub: what went into a pack or came out of it      trace_pack.c
 *     medhub.trace.pack_carried.v1        the hub: a round of passing a pack's scan on
 *     medhub.trace.device_*.v1            registrant, UDI database: what the product is trace_device.c
 *     medhub.trace.code_linked.v1 ...     and which insurance codes it has trace_code_link.c
 *
 *     medhub.trace.stock_moved.v1 ...     wholesalers' warehouses in real time                  trace_stock.c
 *     recalls, suspended sales, adverse events: recall.h
 *
 * What is kept of items: trace_state.h. A breach of a rule whose parameter ends in ".refuse" raises an alert;
 * where the policy says that it also refuses, the parked event with its finding takes the place of the alert,
 * as nothing of it is applied.
 *
 * A decision stands on its key alone. What concerns another product (the pack, what lies in it) is submitted
 * to that product in the same transaction. */
#ifndef DOMAIN_TRACE_H
#define DOMAIN_TRACE_H

#include "code/code.h"
#include "domain/messages.h"
#include "domain/rule.h"
#include "domain/trace_state.h"

#define ITEM_SCANNED_TYPE       "medhub.trace.item_scanned.v1"
#define TRACE_ALERT_TYPE        "medhub.trace.alert_raised.v1"
#define TRACE_PACK_TYPE         "medhub.trace.pack_changed.v1"
#define TRACE_PACK_CARRIED_TYPE "medhub.trace.pack_carried.v1"
#define TRACE_PACK_TIMER        "medhub.trace.pack_carried.timer"
#define TRACE_UDI_REQUIRED_FROM "trace.udi_required_from"

extern const struct domain domain_trace;

/* --- what a label says: trace_label.c --- */

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

/* Takes the code apart. NULL code: LABEL_NONE. False when the arena is full. */
bool trace_read_label(struct arena *arena, const ItemScanned *said, int current_year, struct label *label);
/* CODE alone, whatever its system. */
bool trace_read_code(struct view *view, const char *code, struct label *label);
/* True if it says which product it is of. */
bool label_names_product(const struct label *label);
/* True if the label names one thing, or an amount of a lot. */
bool label_names_item(const struct label *label);

/* --- a scan: trace_scan.c --- */

enum { TRACE_ALERTS_MAX = 16, TRACE_PACK_DEPTH_MAX = 12, TRACE_ONE_E4 = 10000 };

struct scan {
    const ItemScanned *said;
    const struct trace_step *step;
    struct label label;
    const char *serial; /* of the label, else as said; "" if the item has none */
    const char *lot;
    date_t made_on, expires_on; /* as printed, as said, else as known from before */
    date_t scanned_on;
    const char *region;        /* where it was scanned; the nation if not said */
    const char *giver, *taker; /* who sends and to whom, of a step that sends; "" not known */
    const char *stock_of;      /* whose stock the step changes */
    struct trace_move move;    /* for the setters */
    bool is_late;              /* something later is known of it already */
    Withheld *withheld;        /* recalls and suspended sales of the product, or NULL */
    ScannedItemState *earlier; /* the serial's row, or NULL */
    LotHolding *holding;       /* of a lot: that of STOCK_OF, or NULL */
    struct label pack;         /* parent_code taken apart */
    const Device
        *device; /* as registered on that day, or when it was made; NULL: not registered, or a drug's code */
    struct {
        const char *holder;
        int64_t at_ms;
        unsigned region;
    } before; /* what the serial's row said */
    struct {
        AlertKind kind;
        const struct rule *rule;
    } alerts[TRACE_ALERTS_MAX]; /* what the rules found; decide turns it into facts */
    size_t alert_count;
};

void *trace_prepare(struct view *view, const struct event *event);
/* True if this step gives the item to a patient. */
bool trace_gives_away(const struct scan *scan);
/* True if it is a device of class III, as said or as registered. */
bool trace_is_class_iii(const struct scan *scan);
/* True if the scan goes to what lies in the pack: the pack itself was scanned. */
bool trace_is_of_lot(const struct scan *scan);

/* --- the decision: trace_decide.c --- */

void trace_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
/* Notes what broke the rule in hand, at PATH, and refuses or warns as the policy of REGION says. */
void trace_alert(struct rule_context *context, AlertKind kind, const char *path, const char *found,
                 const char *expected);
/* The same, but never refuses: of what has happened already and is only told. */
void trace_alert_only(struct rule_context *context, AlertKind kind, const char *path, const char *found,
                      const char *expected);

/* --- packs: trace_pack.c --- */

/* Passes the scan of a pack on to what lies in it; what comes out of a pack, or goes into one, is told to the
 * pack. */
void trace_tell_packs(struct view *view, struct decision *decision, struct scan *scan);
void *trace_pack_prepare(struct view *view, const struct event *event);
void trace_pack_decide(struct view *view, const struct event *event, void *prepared,
                       struct decision *decision);
void trace_pack_fire(struct view *view, const struct event *event, struct decision *decision);
enum { PACK_CHANGED_RULES = 2 };
extern const struct rule pack_changed_rules[PACK_CHANGED_RULES];

/* --- rules of a scan: the table is in trace_rules.c, what they ask in trace_label_rules.c and
 * trace_alert_rules.c --- */

enum { ITEM_SCANNED_RULES = 25 };
extern const struct rule item_scanned_rules[ITEM_SCANNED_RULES];

/* What is printed, and what must be said with it. */
void scan_code_is_readable(struct rule_context *context);
void scan_code_names_the_product(struct rule_context *context);
void scan_fields_say_what_the_label_says(struct rule_context *context);
void scan_class_iii_bears_a_udi(struct rule_context *context);
void scan_class_iii_use_is_recorded(struct rule_context *context);
void scan_product_is_registered(struct rule_context *context);
void scan_restricted_use_is_consented(struct rule_context *context);
void scan_moment_is_credible(struct rule_context *context);
void scan_pack_is_named(struct rule_context *context);
void scan_quantity_is_positive(struct rule_context *context);
void scan_cancels_what_was_counted(struct rule_context *context);
void scan_is_carried_by_the_hub(struct rule_context *context);

/* What was known before. */
void scan_not_given_away_after_expiry(struct rule_context *context);
void scan_not_given_away_twice(struct rule_context *context);
void scan_split_within_the_pack(struct rule_context *context);
void scan_bought_before_it_was_sold(struct rule_context *context);
void scan_not_settled_twice(struct rule_context *context);
void scan_code_is_of_the_billed_item(struct rule_context *context);
void scan_codes_are_as_many_as_billed(struct rule_context *context);
void scan_not_in_two_places(struct rule_context *context);
void scan_step_is_possible(struct rule_context *context);
void scan_no_more_leaves_than_is_there(struct rule_context *context);
void scan_not_in_two_packs(struct rule_context *context);

/* --- what a product is: trace_device.c, trace_code_link.c --- */

enum {
    DEVICE_REGISTERED_RULES = 4,
    DEVICE_UPDATED_RULES = 4,
    DEVICE_WITHDRAWN_RULES = 3,
    CODE_LINKED_RULES = 3,
    CODE_MISMATCHED_RULES = 1
};
extern const struct rule device_registered_rules[DEVICE_REGISTERED_RULES];
extern const struct rule device_updated_rules[DEVICE_UPDATED_RULES];
extern const struct rule device_withdrawn_rules[DEVICE_WITHDRAWN_RULES];
extern const struct rule code_linked_rules[CODE_LINKED_RULES];
extern const struct rule code_mismatched_rules[CODE_MISMATCHED_RULES];
void *device_prepare_registration(struct view *view, const struct event *event);
void *device_prepare_update(struct view *view, const struct event *event);
void *device_prepare_withdrawal(struct view *view, const struct event *event);
void device_register(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void device_withdraw(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void *code_link_prepare(struct view *view, const struct event *event);
void code_link_decide(struct view *view, const struct event *event, void *prepared,
                      struct decision *decision);
void code_mismatch_decide(struct view *view, const struct event *event, void *prepared,
                          struct decision *decision);
/* True if CODES (NULL: none) let the product be billed as CODE on DATE: both sides, or the only one that
 * speaks of it, name it. */
bool product_code_holds(const ProductCodes *codes, const char *code, date_t date);

/* --- stock of several warehouses: trace_stock.c --- */

enum { STOCK_MOVED_RULES = 6, OWNER_CHANGED_RULES = 5, INSTRUCTION_ISSUED_RULES = 4 };
extern const struct rule stock_moved_rules[STOCK_MOVED_RULES];
extern const struct rule owner_changed_rules[OWNER_CHANGED_RULES];
extern const struct rule instruction_issued_rules[INSTRUCTION_ISSUED_RULES];
void *stock_prepare_move(struct view *view, const struct event *event);
void *stock_prepare_owner(struct view *view, const struct event *event);
void *stock_prepare_instruction(struct view *view, const struct event *event);
void stock_decide_move(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void stock_decide_owner(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void stock_decide_instruction(struct view *view, const struct event *event, void *prepared, struct decision *decision);

/* What the facts of a product are told to: procurement, hospitals, pharmacies, insurers. */
void trace_tell_users(struct decision *decision, size_t fact);

#endif
