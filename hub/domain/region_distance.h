/* region_distance.h: how far regions are apart: between the centres of the cities (or of the counties that
 * lie in no city) that they are or lie in. The table is made at build time from ops/data/region_centres.csv,
 * in tenths of a degree. Pure. */
#ifndef DOMAIN_REGION_DISTANCE_H
#define DOMAIN_REGION_DISTANCE_H

/* Kilometres between the regions with these numbers (region_number); 0 within one city, and where a centre is
 * not known. */
int region_distance_km(unsigned from, unsigned to);

#endif
