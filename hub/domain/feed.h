/* feed.h: which feeds an organisation hears. A decision delivers to an organisation's id or to a feed ROLE@REGION
 * ("pharmacy@650100"); who is behind a feed is said here and nowhere else.
 *
 * The rule: an organisation hears the feeds of its kind and of its roles (a role of a feed's name gives that feed), in each
 * of its regions (region, regions) and in every region above these: a pharmacy in county 650102 hears pharmacy@650102,
 * pharmacy@650100, pharmacy@650000 and pharmacy@000000. It does not hear what goes to a region below: who acts for several
 * cities has them in its regions.
 *
 * Only who takes part today hears feeds: the organisation is live and, for hospitals and pharmacies, designated on that day.
 * Everybody else hears what is addressed to its own id, no more: an applicant must not read prescriptions. */
#ifndef DOMAIN_FEED_H
#define DOMAIN_FEED_H

#include "domain/messages.h"

#include "base/arena.h"

struct feed_row {
    const char *name; /* what stands before the @, and the role that gives it */
    unsigned kinds;   /* bit 1 << OrganisationKind: these hear it without a role */
    const char *what, *what_zh;
};
extern const struct feed_row feed_rows[];
extern const size_t feed_row_count;

/* The row of the feed that RECIPIENT ("pharmacy@650100") belongs to; NULL if it is an organisation's id or no feed of ours. */
const struct feed_row *feed_of(const char *recipient);

/* The organisation's id, then the feeds that it hears on TODAY, each once, in ARENA. NULL: the arena is full. */
const char *const *feeds_of(const Organisation *organisation, date_t today, struct arena *arena, size_t *count);

#endif
