/* catalogue_payment.h: how far the fund pays for an item that the catalogue has: whether at all there and for that insurance, and
 * up to which price. Rules of all families and the look-up for people (catalogue_lookup.h) ask the same functions. Pure; what
 * is read is noted in the view. */
#ifndef DOMAIN_CATALOGUE_PAYMENT_H
#define DOMAIN_CATALOGUE_PAYMENT_H

#include "domain/catalogue_key.h"
#include "domain/view.h"

/* A service item says where the fund pays for it: across provinces, at home, or both; one that says neither is paid wherever it
 * is listed [S-C]. Other items are paid wherever they are listed. */
bool item_is_paid_there(const CatalogueItem *item, bool across_provinces);

/* True if the fund pays for no line of ITEM: class C, and drugs that commercial insurance pays for. */
bool item_is_never_paid(const CatalogueItem *item);

/* On what the fund pays for the drug CODE, whose row is ITEM (NULL: none): as its row says, or the row PAYMENT_LIMIT/PRODUCT of
 * the first 12 (else 11) characters of its national code. NULL: unlimited. */
const PaymentLimit *payment_limit_of(struct view *view, const CatalogueItem *item, const char *code, const char *region,
                                     date_t date);

/* True if the insurance INSURANCE_TYPE (insutype; NULL: any; "": it was not said) pays for what LIMIT (NULL: unlimited) lets through. Type 510 is
 * maternity. Work injury is no insurance of this platform, so nothing here pays what is limited to it. */
bool limit_includes_insurance(const PaymentLimit *limit, const char *insurance_type);

/* True if the fund counts the price of ITEM only up to MICRO_YUAN a unit in REGION on DATE: its payment standard
 * or its price ceiling, the lower one. Either is what the row says that a region has of the item (PRICE_CEILING/KIND/CODE for a
 * service item, else PAYMENT_STANDARD/KIND/CODE), else what its own row says. While the agreement of a negotiated drug runs its
 * own row holds alone: there is one standard for the nation [C1 L1401]. */
bool item_price_limit(struct view *view, const CatalogueItem *item, const char *region, date_t date, int64_t *micro_yuan);

/* True if the agreement of ITEM (NULL: none) includes DATE. */
bool item_is_under_agreement(const CatalogueItem *item, date_t date);

#endif
