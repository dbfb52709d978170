/* uptake.h: who has applied a release of the catalogue, who has not, who has another digest; from the tables release and registry. */
#ifndef GATEWAY_UPTAKE_H
#define GATEWAY_UPTAKE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/date.h"
#include "state/tables.h"

struct uptake_question {
    const char *release;
    const char *state; /* NULL: all institutions; else "applied", "different" or "missing" */
    const char *after; /* ids after this one; NULL: from the first */
    size_t limit;      /* institutions that are listed at most; counted are all */
    date_t today;
};

/* The region whose release it is, in ARENA; NULL: no such release is published. */
const char *uptake_region(struct tables_reader *tables, const char *release, struct arena *arena);
/* Appends {"release","region","effectiveOn","digest","applied","different","missing","institutions":[{"id","name","state","digest",
 * "appliedAt"}],"more"}: the institutions of its region that take part today, in order of id. False: memory is out. */
bool uptake_write(struct tables_reader *tables, const struct uptake_question *question, struct arena *arena,
                  struct buffer *out);

/* Calls EACH for every institution of REGION that takes part TODAY, in order of id, until it returns false; what it gets is lent for
 * the call. ARENA is for reading. */
void uptake_each_institution(struct tables_reader *tables, const char *region, date_t today, struct arena *arena,
                             bool (*each)(void *context, const char *id), void *context);

/* A bureau asks of releases of its own region and of those within it. */
bool uptake_may_ask(struct tables_reader *tables, const char *organisation, const char *region, date_t today,
                    struct arena *arena);

#endif
