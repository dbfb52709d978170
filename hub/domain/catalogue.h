/* catalogue.h: the catalogue family. Key: the item (KIND/CODE), or release/ID.
 *
 *     medhub.catalogue.item_changed.v1           a bureau: one item of one region from a day on -> fact,
 * dated table row medhub.catalogue.release_published.v1      a bureau: that was all of it, with counts and
 * digest medhub.catalogue.release_item_counted.v1   the hub itself: tells the release's key of each changed
 * item
 *
 * Rows of an item: rows/REGION, its dated versions. A change opens a row on effective_on and ends the one
 * before it on the day before; a removal only ends. A release that its bureau publishes itself before all its
 * items are counted does not agree with its tally and is refused; its publisher says it again. What is staged is
 * published by the hub: release.h. */
#ifndef DOMAIN_CATALOGUE_H
#define DOMAIN_CATALOGUE_H

#include "domain/catalogue_key.h"
#include "domain/messages.h"
#include "domain/rule.h"
#include "domain/span.h"

#define ITEM_CHANGED_TYPE "medhub.catalogue.item_changed.v1"

extern const struct domain domain_catalogue;

/* A set of values of CatalogueChange as bits. */
typedef uint32_t change_set;

static inline change_set change_bit(CatalogueChange change)
{
    return (unsigned)change < 32 ? UINT32_C(1) << (unsigned)change : 0;
}

struct item_change {
    const ItemChanged *said;
    date_t effective_on;
    bool is_removal;
    struct span span;          /* of the row it opens; of a removal: that day */
    CatalogueRows *rows;       /* of the region, never NULL */
    struct span *spans;        /* of these rows */
    CatalogueRow *predecessor; /* in force on the day before, or NULL */
    const CatalogueItem
        *national; /* what the nation has in force on the day, if another region speaks; or NULL */
    change_set declared;
    change_set actual;
};

/* catalogue_difference.c */
/* What makes of BEFORE the item AFTER. The printed number, the release and the dates of the row are not
 * compared, and texts that differ only in spaces or in wide and narrow forms are the same. 0: nothing. */
change_set catalogue_difference(const CatalogueItem *before, const CatalogueItem *after);
/* "ADDED, RENAMED" in the arena; "" when it is full. */
const char *catalogue_change_names(struct arena *arena, change_set changes);
/* The digest that a changed item adds to its release: hash_bytes (XXH64, seed 0) of these texts joined by
 * 0x1F: item_key, region, effective_on, the changes as in catalogue_change_names, item.code, name,
 * dosage_form, section, class_code, payment_standard_text, limit_remark, agreement_from, agreement_until.
 * False when the arena is full. A release's digest is the sum modulo 2^64, eight bytes, most significant
 * first. */
bool catalogue_row_digest(struct arena *arena, const ItemChanged *said, change_set changes, uint64_t *digest);

/* catalogue_decide.c; the rules and the table of handlers are in catalogue.c. */
void *catalogue_prepare(struct view *view, const struct event *event);
void catalogue_decide(struct view *view, const struct event *event, void *prepared,
                      struct decision *decision);

/* True if the source speaks for REGION: it is registered there or acts for it, or speaks for the nation. */
bool bureau_speaks_for(struct view *view, const char *source, const char *region);

#endif
