/* region.h: regions are GB/T 2260 codes; county 650102 lies in city 650100, province 650000, nation 000000.
 */
#ifndef DOMAIN_REGION_H
#define DOMAIN_REGION_H

#include <stdbool.h>

enum { REGION_BYTES = 7 };

struct region {
    char code[REGION_BYTES];
};

/* What is not a six-digit code (also "" and NULL) counts as the nation. */
struct region region_of(const char *code);
struct region region_city(const char *code);     /* the city; of a province or the nation: itself */
struct region region_province(const char *code); /* the province; of the nation: itself */
bool region_is_nation(const struct region *region);
/* As a number, for rows that must be small: 650102; the nation is 0. And back. */
unsigned region_number(const char *code);
struct region region_of_number(unsigned number);
/* Turns REGION into the next outer one; false if it is the nation already. */
bool region_widen(struct region *region);

#endif
