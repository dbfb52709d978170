/* recall.h: recalls, suspended sales and adverse events of a product. Key: the product identifier, as of the scans (trace.h), so
 * that a scan sees the recall of its product from the transaction after the recall's.
 *
 *     medhub.trace.recall_issued.v1          registrant or regulator: these lots, serials, days of production
 *     medhub.trace.recall_extended.v1        the hub: the same for a related product identifier, or for what lies in recalled packs
 *     medhub.trace.recall_progressed.v1      the hub: one round of matching, telling or reminding
 *     medhub.trace.recall_matched.v1         the hub, to each holder once: what it has, used and sold, and until when to answer
 *     medhub.trace.recall_holding_changed.v1 the hub: a scan changed what a holder has
 *     medhub.trace.recall_acknowledged.v1    the holder
 *     medhub.trace.recall_overdue.v1         the hub, to holder, issuer and regulator, with every reminder
 *     medhub.trace.recall_addition_refused.v1 the hub, to holder, issuer and regulator: this would join a recall that is closed
 *     medhub.trace.recall_closed.v1          the issuer: delivered + used + destroyed + returned = affected
 *     medhub.trace.sale_suspended.v1, sale_resumed.v1, adverse_event_reported.v1
 *
 *     ─▶ MATCHING ─▶ TELLING ─▶ OPEN ─▶ CLOSED          one table of moves (recall_state.c), one setter
 *                                │ ▲
 *                                ▼ │
 *                             REMINDING
 *
 * Rows of the product: recall/NUMBER, recall_holder/NUMBER/HOLDER, recall_pack/NUMBER/SERIAL, withheld, adverse/REPORTER/NUMBER.
 *
 * Matching goes through the rows held/... and serial/... in rounds (background.h) and adds what it finds to the holders' rows. A
 * scan that changes a row which is counted already (its name does not sort after the cursor) changes the holders' rows itself, in
 * the same decision: so at every moment the holders' rows are exactly the sum of the counted rows.
 *
 * Packs: a recall is of an identifier. A unit that goes with its pack (scanned under the pack's identifier, which is not recalled)
 * is not refused but told as an alert, and its new holder is told of the recall; scanned by itself it is refused. What lies in a
 * recalled pack (rows in/...), or was taken out of it before (rows out/...), is recalled with it, whatever its identifier and lot:
 * in rounds of their own (recall_pack.c) it is named to the products' partitions. A unit's row says so from then on, and packs
 * among them go on the same way; of what has no serial the holder's row says how many (recall_lot.c). A recall that is closed
 * takes no more (recall_addition.c): what would join it is told to the issuer, to who has it, and to the regulator. */
#ifndef DOMAIN_RECALL_H
#define DOMAIN_RECALL_H

#include "domain/messages.h"
#include "domain/rule.h"

#define RECALL_PROGRESSED_TYPE      "medhub.trace.recall_progressed.v1"
#define RECALL_MATCHED_TYPE         "medhub.trace.recall_matched.v1"
#define RECALL_HOLDING_CHANGED_TYPE "medhub.trace.recall_holding_changed.v1"
#define RECALL_OVERDUE_TYPE         "medhub.trace.recall_overdue.v1"
#define RECALL_EXTENDED_TYPE        "medhub.trace.recall_extended.v1"
#define RECALL_ADDITION_REFUSED_TYPE "medhub.trace.recall_addition_refused.v1"

#define RECALL_ROUND_TIMER    "medhub.trace.recall.round.timer" /* named recall/NUMBER: goes on with the stage */
#define RECALL_DEADLINE_TIMER "medhub.trace.recall.deadline.timer" /* named recall_deadline/NUMBER */
#define RECALL_PACKS_TIMER    "medhub.trace.recall.packs.timer"    /* named recall_packs/NUMBER */

enum { RECALL_ONE_E4 = 10000, RECALLS_OF_A_PRODUCT_MAX = 50 };

/* --- the life (recall_state.c) --- */

enum recall_move {
    RECALL_ISSUE,
    RECALL_MATCHED_ALL,
    RECALL_TOLD_ALL,
    RECALL_REMIND,
    RECALL_REMINDED_ALL,
    RECALL_ACKNOWLEDGE,
    RECALL_CLOSE,
};
bool recall_may(const RecallState *state, enum recall_move move); /* STATE NULL: there is none */
void recall_move(RecallState *state, enum recall_move move);      /* only where it may */
const char *recall_status_name(const RecallState *state);

RecallState *recall_find(struct view *view, const char *number);
RecallHolderState *recall_find_holder(struct view *view, const char *number, const char *holder);
/* When it was issued or suspended: as said, but not in the future. Scans of what was done from then on are refused. */
int64_t recall_moment_ms(const struct view *view, const Timestamp *said);
/* The row withheld, or NULL. */
Withheld *recall_withheld(struct view *view);

/* --- what is recalled (recall_scope.c) --- */

/* What one row of the product, serial/... or held/..., means for a recall. */
struct recall_unit {
    const char *holder; /* "" if nobody was seen to hold it */
    RecallAmounts amounts;
    bool undetermined; /* the row says too little to be counted */
    const char *serial, *lot;
    ScanStep step;
};
/* Who takes goods back: what they hold has returned. */
struct recall_takers {
    char **ids;
    size_t count;
};
/* True if the item SERIAL, LOT, made on MADE_ON (DATE_NONE: not known) is in SCOPE. */
bool recall_covers(const RecallScope *scope, const char *serial, const char *lot, date_t made_on);
/* True if the recall NUMBER reached ITEM in a pack, whatever its scope. */
bool recall_reached(const ScannedItemState *item, const char *number);
/* Reads ROW, unpacked, of NAME. False if the recall STATE is not of it. What UNIT points to is lent by ROW, NAME and ARENA. */
bool recall_unit_of(struct arena *arena, const RecallState *state, const char *name, const ProtobufCMessage *row,
                    struct recall_unit *unit);
/* The descriptor of the rows that recall_unit_of reads; NULL for others. */
const ProtobufCMessageDescriptor *recall_row_message(const char *name);
bool recall_is_taker(const struct recall_takers *takers, const char *holder);

void recall_amounts_add(RecallAmounts *to, const RecallAmounts *more, int sign);
bool recall_amounts_are_zero(const RecallAmounts *amounts);
int64_t recall_affected_e4(const RecallAmounts *amounts);
/* Neither given to a patient nor destroyed nor returned. */
int64_t recall_outstanding_e4(const RecallAmounts *amounts);
/* A holder with nothing but returned or destroyed goods is told nothing. */
bool recall_concerns(const RecallAmounts *amounts);

/* --- adding to holders' rows (recall_tally.c) --- */

/* What a decision adds to the rows of one recall. */
struct recall_tally {
    struct view *view;
    struct decision *decision;
    RecallState *state;
    struct recall_part {
        const char *holder;
        RecallAmounts amounts;
    } *parts;
    size_t count, capacity;
    RecallAmounts found; /* all of them */
};
/* False when the arena is full: the decision has failed. CAPACITY: parts at most. */
bool recall_tally_begin(struct recall_tally *tally, struct view *view, struct decision *decision, RecallState *state,
                        size_t capacity);
void recall_tally_add(struct recall_tally *tally, const struct recall_unit *unit, int sign);
/* Writes the row of each holder once and adds to the recall's amounts; EACH (may be NULL) is called before a row is written. */
void recall_tally_write(struct recall_tally *tally,
                        void (*each)(struct recall_tally *tally, const char *holder, RecallHolderState *row));
/* The holder has to answer from now on: its fact and delivery. */
void recall_tell(struct view *view, struct decision *decision, RecallState *state, const char *holder,
                 RecallHolderState *row);
struct recall_takers recall_takers_of(const RecallState *state);

/* --- what lies in recalled packs (recall_pack.c) --- */

/* ROW, unpacked, of NAME is of the recall: if it is a pack, the recall goes on to what lies in it. */
void recall_enter_pack(struct view *view, struct decision *decision, const RecallState *state, const char *name,
                       const ProtobufCMessage *row);
/* In the partition of the units: their rows say that the recall NUMBER reached them. */
void recall_reach_units(struct view *view, struct decision *decision, const char *number, char *const *serials,
                        size_t count);
void recall_packs_fire(struct view *view, const struct event *event, struct decision *decision);

/* --- of what has no serial (recall_lot.c) --- */

struct scan;
/* What of HOLDING the recall NUMBER reached in a pack, or NULL. */
const RecallAmounts *recall_part_of(const LotHolding *holding, const char *number);
/* In the partition of the product: the holders' rows say how many of LOTS the recall NUMBER reached. What was taken out of
 * the pack and sent on is followed from holder to holder. Returns of how many it cannot be told where all of them are. */
size_t recall_reach_lots(struct view *view, struct decision *decision, const char *number, RecalledLot *const *lots,
                         size_t count);
/* True if SCAN takes away, or takes in, more of its lot than what is not recalled by NUMBER. */
bool recall_takes_of_part(const struct scan *scan, const char *number);
/* SCAN moves what is recalled of its holding, before it is added to the holding and to the row of the TAKER (or NULL). */
void recall_move_parts(struct decision *decision, const struct scan *scan, LotHolding *taker);

/* --- a recall that is closed (recall_addition.c) --- */

/* Units and lots in recalled packs, named to the closed recall STATE of their product. */
void recall_refuse_extension(struct view *view, struct decision *decision, const RecallState *state,
                             const RecallExtended *said);
/* The first WRITE_COUNT writes of DECISION: items that are of the closed recall and were never seen before. */
void recall_refuse_new_items(struct view *view, struct decision *decision, const RecallState *state, size_t write_count);
/* What went into PACK, if that is of a closed recall. */
void recall_refuse_content(struct view *view, const Withheld *withheld, struct decision *decision, const PackChanged *said,
                           const ScannedItemState *pack);

/* --- handlers --- */

enum {
    RECALL_ISSUED_RULES = 7,
    RECALL_EXTENDED_RULES = 5,
    RECALL_ACKNOWLEDGED_RULES = 5,
    RECALL_CLOSED_RULES = 6,
    SALE_SUSPENDED_RULES = 3,
    SALE_RESUMED_RULES = 3,
    ADVERSE_EVENT_RULES = 5,
};
extern const struct rule recall_issued_rules[RECALL_ISSUED_RULES];
extern const struct rule recall_extended_rules[RECALL_EXTENDED_RULES];
void *recall_issued_prepare(struct view *view, const struct event *event);
void *recall_extended_prepare(struct view *view, const struct event *event);
void recall_issued_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);

extern const struct rule recall_acknowledged_rules[RECALL_ACKNOWLEDGED_RULES];
void *recall_acknowledged_prepare(struct view *view, const struct event *event);
void recall_acknowledged_decide(struct view *view, const struct event *event, void *prepared,
                                struct decision *decision);

extern const struct rule recall_closed_rules[RECALL_CLOSED_RULES];
void *recall_closed_prepare(struct view *view, const struct event *event);
void recall_closed_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);

extern const struct rule sale_suspended_rules[SALE_SUSPENDED_RULES];
extern const struct rule sale_resumed_rules[SALE_RESUMED_RULES];
void *sale_suspended_prepare(struct view *view, const struct event *event);
void sale_suspended_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void *sale_resumed_prepare(struct view *view, const struct event *event);
void sale_resumed_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);

extern const struct rule adverse_event_rules[ADVERSE_EVENT_RULES];
void *adverse_event_prepare(struct view *view, const struct event *event);
void adverse_event_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);

/* Timers. */
void recall_round(struct view *view, const struct event *event, struct decision *decision);
void recall_deadline(struct view *view, const struct event *event, struct decision *decision);
void recall_set_deadline(struct decision *decision, const RecallState *state, int64_t due_ms);

/* --- what scans ask and do (recall_scan.c) --- */

/* Two rules of medhub.trace.item_scanned.v1; their context's prepared structure is a struct scan. */
void scan_is_not_of_recalled(struct rule_context *context);
void scan_is_not_of_suspended(struct rule_context *context);
/* After everything of a scan has been decided: the rows that DECISION writes are compared with what they were. */
void recall_follow(struct view *view, const Withheld *withheld, struct decision *decision);

#endif
