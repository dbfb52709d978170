/* catalogue_scope.h: of which regions an institution hears changes. A snapshot holds the rows of all regions, the feed only tells
 * what lies in the institution's own: a copy that kept the others would have rows that never change. So it keeps none of them, and
 * all institutions of a region have the same rows and digest, whether they came by snapshot or by changes. Of formularies, which
 * nobody else is told, it keeps its own. */
#ifndef CLIENT_CATALOGUE_SCOPE_H
#define CLIENT_CATALOGUE_SCOPE_H

#include "client/catalogue_row.h"

#include <stdbool.h>

struct json_t;

struct catalogue_scope {
    char *regions;            /* " 650102 650100 650000 000000 "; NULL: those of everybody */
    const char *organisation; /* lent */
};

/* From the body of GET /v1/feeds: institution@REGION of each region; none of these: an organisation that is no institution keeps
 * everything. False: no memory, or no list of feeds. */
bool catalogue_scope_read(struct catalogue_scope *scope, const char *organisation, struct bytes feeds);
void catalogue_scope_done(struct catalogue_scope *scope);

/* The regions as one text, "*" for everything: two scopes with the same text hold the same. */
const char *catalogue_scope_text(const struct catalogue_scope *scope);
bool catalogue_scope_has_region(const struct catalogue_scope *scope, const char *region);
bool catalogue_scope_has(const struct catalogue_scope *scope, const struct catalogue_row *row);

#endif
