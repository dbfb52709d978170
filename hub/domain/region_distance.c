#include "domain/region_distance.h"

#include <math.h>
#include <stddef.h>

struct centre {
    unsigned code;
    short latitude_tenths, longitude_tenths;
};

static const struct centre centres[] = {
#include "region_centres.inc"
};
enum { CENTRES = sizeof centres / sizeof *centres };

static const struct centre *find(unsigned code)
{
    size_t low = 0, high = CENTRES;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (centres[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < CENTRES && centres[low].code == code ? &centres[low] : NULL;
}

/* The county itself, else its city. */
static const struct centre *centre_of(unsigned region)
{
    const struct centre *centre = find(region);
    return centre != NULL ? centre : find(region - region % 100);
}

/* On a plane: within China it is off by a few per cent, and the table by ten kilometres. */
int region_distance_km(unsigned from, unsigned to)
{
    const double km_per_tenth = 11.13, tenths_per_radian = 572.95779513;
    const struct centre *a = centre_of(from), *b = centre_of(to);
    if (a == NULL || b == NULL || a == b)
        return 0;
    double middle = (a->latitude_tenths + b->latitude_tenths) / 2.0 / tenths_per_radian;
    double north = (a->latitude_tenths - b->latitude_tenths) * km_per_tenth;
    double east = (a->longitude_tenths - b->longitude_tenths) * km_per_tenth * cos(middle);
    return (int)sqrt(north * north + east * east);
}
