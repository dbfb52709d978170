/* catalogue_lookup.h: what a copy of the catalogue says of an item on a day, and why: the same answer as the hub's rules
 * (domain/catalogue_lookup.h, catalogue_payment.h) and GET /v1/items give, from the local rows. tests/contract/test_lookup.py holds
 * the three against each other. */
#ifndef CLIENT_CATALOGUE_LOOKUP_H
#define CLIENT_CATALOGUE_LOOKUP_H

#include "client/catalogue_copy.h"

/* ORGANISATION: whose formulary is asked if the question wants it. *JSON to be freed. NOT_FOUND without ERROR; DAMAGED. */
enum medhub_status catalogue_look_up(struct catalogue_copy *copy, const struct medhub_question *question,
                                     const char *organisation, char **json, struct medhub_error *error);

#endif
