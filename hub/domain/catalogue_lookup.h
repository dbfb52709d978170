/* catalogue_lookup.h: what the catalogue says of an item on a day, and why. The one way for rules of all families and for
 * people (`medhub ctl catalogue lookup`) to find the row of a service date.
 *
 *     struct catalogue_answer answer;
 *     catalogue_lookup(view, &(struct catalogue_question){KIND_WESTERN_DRUG, code, region, institution, day}, &answer);
 *     if (answer.item == NULL) ...
 *
 * Layers, from the bottom: the nation's list; the regions' rows over it (county before city before province), unless the
 * nation protects the item on that day; the institution's formulary, which says whether the item is to be had there. A code
 * that nobody lists is followed to the item that took its place or whose other name it is. Across provinces the nation's row of a
 * service item comes first if it is payable there, whatever the region of care has [S-C]. Pure; notes in the view what it reads. */
#ifndef DOMAIN_CATALOGUE_LOOKUP_H
#define DOMAIN_CATALOGUE_LOOKUP_H

#include "domain/catalogue_payment.h"

enum catalogue_layer {
    LAYER_NONE = 0,
    LAYER_NATION,
    LAYER_REGION,
    LAYER_INSTITUTION, /* only the institution's formulary knows it: no list of the insurance does */
};

enum catalogue_reason {
    REASON_NATIONAL_ROW,         /* the nation's row; no region between has one */
    REASON_REGIONAL_ROW,         /* the region's own row lies over the nation's, or the nation has none */
    REASON_PROTECTED,            /* a region has a row, but the nation protects the item */
    REASON_SUPERSEDED,           /* the code was taken over by another item */
    REASON_ALIAS,                /* the code is another name of the item */
    REASON_MAPPED,               /* by a crosswalk of code sets */
    REASON_IN_FORMULARY,         /* of the institution */
    REASON_NOT_IN_FORMULARY,
    REASON_TEMPORARY_PURCHASE,   /* there without the committee */
    REASON_NOTHING_ON_THAT_DAY,
    REASON_ACROSS_PROVINCES,     /* the nation's row: it is payable across provinces */
    REASON_NEVER_PAID,           /* class C, or commercial insurance's */
    REASON_NOT_PAID_AT_HOME,     /* a service item that is payable across provinces only */
    REASON_NOT_PAID_ACROSS_PROVINCES,
    REASON_NOT_OF_THE_INSURANCE, /* it is limited to another insurance */
    CATALOGUE_REASONS,
};
enum { LOOKUP_REASONS_MAX = 12, LOOKUP_STEPS_MAX = 4 };

struct catalogue_question {
    CatalogueKind kind;
    const char *code;        /* or another name of it; must live as long as the event */
    const char *region;      /* of the insurance, across provinces of care [C1 L874]; widened to the nation */
    const char *institution; /* NULL or "": any */
    date_t date;             /* of service, local */
    const char *insurance_type; /* insutype; NULL: any */
    bool across_provinces;      /* care in another province than the insurance */
};

struct catalogue_answer {
    const CatalogueItem *item; /* NULL: none */
    enum catalogue_layer layer;
    const char *key;    /* KIND/CODE of the item, which may be another than was asked */
    const char *region; /* whose row it is */
    date_t valid_from, valid_until; /* DATE_NONE: open */
    uint64_t version;
    const char *release; /* "" if it came with none */
    const CatalogueItem *formulary; /* the institution's entry, or NULL */
    bool payable;              /* the fund pays for it there and of that insurance; false without an item of a list */
    bool has_price_limit;      /* payment standard or price ceiling, item_price_limit */
    int64_t price_limit_micro; /* millionths of a yuan a unit */
    enum catalogue_reason reasons[LOOKUP_REASONS_MAX]; /* why, in order */
    size_t reason_count;
};

/* Fills in ANSWER. When the view's arena is full the view is failed, and so is the decision. */
void catalogue_lookup(struct view *view, const struct catalogue_question *question, struct catalogue_answer *answer);

/* The row alone: the same item, at the cost of one look-up where the nation lists it. */
const CatalogueItem *catalogue_item_on(struct view *view, const struct catalogue_question *question);

/* "NATION" */
const char *catalogue_layer_name(enum catalogue_layer layer);
/* For people. NAME is stable: "PROTECTED". */
struct catalogue_reason_text {
    const char *name, *zh, *en;
};
const struct catalogue_reason_text *catalogue_reason_text(enum catalogue_reason reason);

#endif
