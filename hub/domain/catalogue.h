/* catalogue.h: the catalogue family. Key: the item (KIND/CODE), or release/ID.
 *
 *     medhub.catalogue.item_changed.v1              a bureau: one item of one region from a day on -> fact, dated table row
 *     medhub.catalogue.payment_standard_changed.v1  a bureau: its payment standard and nothing else
 *     medhub.catalogue.listing_changed.v1           a procurement platform: listed, price, taken off
 *     medhub.catalogue.formulary_changed.v1         an institution: into its formulary or out of it
 *     medhub.catalogue.code_mapped.v1               the hub itself: an old code or another name leads to an item
 *     medhub.catalogue.release_published.v1         a bureau: that was all of it, with counts and digest
 *     medhub.catalogue.release_item_counted.v1      the hub itself: tells the release's key of each changed item
 *
 * Rows of an item: rows/REGION, its dated versions (catalogue_change.h). A change opens a row on effective_on and ends the
 * one before it on the day before; a removal only ends. A release that its bureau publishes itself before all its items are
 * counted does not agree with its tally and is refused; its publisher says it again. What is staged is published by the hub:
 * release.h. What holds for whom on which day: catalogue_lookup.h. */
#ifndef DOMAIN_CATALOGUE_H
#define DOMAIN_CATALOGUE_H

#include "domain/catalogue_change.h"
#include "domain/catalogue_payment.h"

#define ITEM_CHANGED_TYPE "medhub.catalogue.item_changed.v1"
#define CODE_MAPPED_TYPE  "medhub.catalogue.code_mapped.v1"

extern const struct domain domain_catalogue;

/* A set of values of CatalogueChange as bits. */
typedef uint32_t change_set;

static inline change_set change_bit(CatalogueChange change)
{
    return (unsigned)change < 32 ? UINT32_C(1) << (unsigned)change : 0;
}

struct item_change {
    struct row_change row; /* first: the common rules find it */
    const ItemChanged *said;
    change_set declared;
    change_set actual;
};

/* catalogue_difference.c */
/* What makes of BEFORE the item AFTER. The printed number, the release and the dates of the row are not
 * compared, and texts that differ only in spaces or in wide and narrow forms are the same. 0: nothing. */
change_set catalogue_difference(const CatalogueItem *before, const CatalogueItem *after);
/* "ADDED, RENAMED" in the arena; "" when it is full. */
const char *catalogue_change_names(struct arena *arena, change_set changes);
/* The digest that a changed item adds to its release: hash_bytes (XXH64, seed 0) of these texts joined by 0x1F: item_key,
 * region, effective_on, the changes as in catalogue_change_names, and the whole item as canonical JSON (json_encode_canonical).
 * False when it is too large or the arena is full. A release's digest is the sum modulo 2^64, eight bytes, most significant
 * first: the order of its items does not matter (ops/docs/calling.md, "Digests"). */
bool catalogue_row_digest(struct arena *arena, const ItemChanged *said, change_set changes, uint64_t *digest);

/* catalogue_decide.c; the rules and the table of handlers are in catalogue.c. */
void *catalogue_prepare(struct view *view, const struct event *event);
void catalogue_decide(struct view *view, const struct event *event, void *prepared,
                      struct decision *decision);

/* catalogue_item.c: what items of a kind must say; rules of item_changed. */
void item_details_are_of_its_kind(struct rule_context *context);
void item_has_a_class_that_is_possible(struct rule_context *context);
void item_names_who_may_use_it(struct rule_context *context);
void item_supersedes_something(struct rule_context *context);
void item_is_within_its_agreement(struct rule_context *context);
void item_sets_no_standard_of_a_negotiated_drug(struct rule_context *context);

/* catalogue_standard.c */
enum { PAYMENT_STANDARD_RULES = 9 };
extern const struct rule payment_standard_rules[PAYMENT_STANDARD_RULES];
void *payment_standard_prepare(struct view *view, const struct event *event);
void payment_standard_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);

/* catalogue_listing.c */
enum { LISTING_RULES = 7 };
extern const struct rule listing_rules[LISTING_RULES];
void *listing_prepare(struct view *view, const struct event *event);
void listing_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);

/* catalogue_formulary.c */
enum { FORMULARY_RULES = 8 };
extern const struct rule formulary_rules[FORMULARY_RULES];
void *formulary_prepare(struct view *view, const struct event *event);
void formulary_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);

/* catalogue_code_map.c */
enum { CODE_MAP_RULES = 1 };
extern const struct rule code_map_rules[CODE_MAP_RULES];
void *code_map_prepare(struct view *view, const struct event *event);
void code_map_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
/* Submits, for each code or name that CHANGE's item takes over and its predecessor did not yet, that it leads to it. */
void code_map_submit(struct decision *decision, const struct row_change *change);

/* True if the source speaks for REGION: it is registered there or acts for it, or speaks for the nation. */
bool bureau_speaks_for(struct view *view, const char *source, const char *region);

#endif
