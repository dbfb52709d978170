/* catalogue_key.h: how items are called in the catalogue table: KIND/CODE, such as WESTERN_DRUG/XA02BC02....
 */
#ifndef DOMAIN_CATALOGUE_KEY_H
#define DOMAIN_CATALOGUE_KEY_H

#include "base/arena.h"
#include "domain/messages.h"

/* "WESTERN_DRUG"; the name in catalogue.proto without its prefix. Lends a constant. */
const char *catalogue_kind_name(CatalogueKind kind);
/* "ADDED" */
const char *catalogue_change_name(CatalogueChange change);
/* NULL when the arena is full. */
const char *catalogue_key(struct arena *arena, CatalogueKind kind, const char *code);

#endif
