/* trace_state.h: what the hub keeps of items: one table of steps, one setter. Pure.
 *
 * Rows of a product (the key: GTIN-14, SSCC, first 7 digits of a drug trace code):
 *
 *     serial/SERIAL                  ScannedItem   one item that has a serial
 *     held/LOT/HOLDER                LotHolding    what one holder did with a lot of items without serial
 *     sent/LOT/HOLDER/TAKER          LotSent       what it sent another of them, in no pack
 *     in/PACK/..., out/PACK/...      PackContent   what lies in a pack, or was taken out: trace_content.h
 *
 * LOT and PACK are escaped ("%" as %25, "/" as %2F), so that "held/LOT/" and "in/PACK/" are exact prefixes
 * for view_scan; what comes last in a name is not. Holders and products hold no slash.
 *
 *                 ┌── returned by the patient ──┐
 *     made ─▶ held ─▶ on the way ─▶ held ─▶ given (sold, used) ─▶ settled (counted, it stays given)
 *               └─────────────┴─────────▶ destroyed
 *
 * Where an item is follows the latest scan by the time of the scan; a scan that arrives late is counted
 * (sold, settled ...) but moves nothing. Amounts are ten-thousandths of the product's unit. */
#ifndef DOMAIN_TRACE_STATE_H
#define DOMAIN_TRACE_STATE_H

#include "domain/messages.h"

#include "base/arena.h"

/* What a step does with an item. */
enum trace_effect {
    EFFECT_NONE = 0,   /* seen where it is: stored */
    EFFECT_MAKES,      /* commissioned */
    EFFECT_PACKS,      /* goes into a pack */
    EFFECT_UNPACKS,    /* comes out of it */
    EFFECT_TAKES_IN,   /* inbound, purchased */
    EFFECT_SENDS,      /* outbound */
    EFFECT_GIVES,      /* sold, used: to a patient */
    EFFECT_COMES_BACK, /* from a patient; from a holder to whom it came from it is a sending */
    EFFECT_BOOKS,      /* charged, settled, settlement taken back: moves nothing */
    EFFECT_ENDS,       /* destroyed */
};

struct trace_step {
    ScanStep step;
    const char *name, *name_zh;
    enum trace_effect effect;
    bool to_supplier; /* this row is for what goes back to whom it came from */
    unsigned from;    /* set of 1 << ItemStanding where it is possible */
    int to;           /* ItemStanding, or -1: as it is */
    size_t count;     /* offset of the ScannedItem count that it adds one to; 0: none */
    size_t amount;    /* offset of the LotHolding amount that it adds to; 0: none */
    bool expands;     /* a scan of a pack with this step counts for what lies in it */
};
/* The row of STEP; an unknown number is a step without effect. Never NULL. */
const struct trace_step *trace_step(ScanStep step, bool to_supplier);

/* One scan as the setter takes it. */
struct trace_move {
    ScanStep step;
    const char *holder;  /* who has it after the step */
    int64_t at_ms;       /* of the scan */
    unsigned region;     /* GB/T 2260 as a number; 0 not said */
    int64_t quantity_e4; /* of a lot, or the part of a split pack */
    bool split;          /* a part of a pack */
    bool to_supplier;    /* returned to whom it came from, not by a patient */
    bool cancels;        /* takes such a scan back: it was wrong, and the item is with HOLDER */
    uint32_t settlement; /* hash of the settlement, never 0; 0: not said */
    const char *lot;
    date_t made_on, expires_on; /* DATE_NONE: not said */
};

/* --- items with a serial --- */

/* True if STEP is possible where ITEM stands (NULL: never seen). */
bool trace_is_possible(const ScannedItemState *item, ScanStep step, bool to_supplier);
/* "held", "given": where it stands. */
const char *trace_standing_name(const ScannedItemState *item);
/* True if it was given to a patient and has not come back since. */
bool trace_item_is_gone(const ScannedItemState *item);
/* True if the scan is older than what the row stands for. */
bool trace_is_late(const ScannedItemState *item, const struct trace_move *move);
/* True if the settlement of MOVE is the one that ITEM was settled with: told by two sides, it counts once. */
bool trace_is_same_settlement(const ScannedItemState *item, const struct trace_move *move);
/* How often a step like MOVE was counted; UINT32_MAX where it is not counted. */
uint32_t trace_times_counted(const ScannedItemState *item, const struct trace_move *move);
/* The setter: counts, and, unless the scan is late, moves. Texts are lent to the row. A settled item is kept
 * in few bytes: only what a recall or a second sale asks for stays. */
void trace_move_item(ScannedItemState *item, const struct trace_move *move);

/* The pack that it lies in. A product of 14 digits is kept as a number: a row has to be small. */
void trace_set_parent(ScannedItemState *item, const char *product, const char *serial);
/* "" none; NULL when the arena is full. */
const char *trace_parent_product(struct arena *arena, const ScannedItemState *item);
/* True if it lies in the pack SERIAL of PRODUCT. */
bool trace_lies_in(const ScannedItemState *item, const char *product, const char *serial);

/* --- lots --- */

/* The giver's row and the taker's are two: each is told its own side. */
void trace_add_to_holding(LotHolding *holding, const struct trace_move *move);
void trace_add_sent_to(LotHolding *holding, const struct trace_move *move);
void trace_add_to_sent(LotSent *sent, const struct trace_move *move);
/* What a step like MOVE has added up to; INT64_MAX where nothing is added. NULL holding: 0. */
int64_t trace_amount_e4(const LotHolding *holding, const struct trace_move *move);
/* Made, received and returned by patients, less what was sent, sold, used, sent back and destroyed. Below
 * zero: more left than came. */
int64_t trace_at_hand_e4(const LotHolding *holding);
/* Sent to the holder and not received; below zero: received before the sender has said so. */
int64_t trace_on_the_way_e4(const LotHolding *holding);

/* --- names --- */

/* TEXT as a part of a row's name; TEXT itself where nothing needs escaping. NULL when the arena is full. */
const char *trace_name_part(struct arena *arena, const char *text);
/* "held/LOT/HOLDER"; "held/LOT/" with HOLDER "". */
const char *trace_holding_name(struct arena *arena, const char *lot, const char *holder);
/* "sent/LOT/HOLDER/"; NULL when the arena is full. */
const char *trace_sent_prefix(struct arena *arena, const char *lot, const char *holder);

#endif
