/* catalogue_release.h: where a release stands, read from the hub's changelog. */
#ifndef CTL_CATALOGUE_RELEASE_H
#define CTL_CATALOGUE_RELEASE_H

#include "ops/ctl/session.h"

#include "domain/messages.h"

struct catalogue_release {
    ReleaseState *state; /* NULL: nobody staged or published it; in the session's arena */
    ReleaseTally *tally; /* likewise */
};
enum status catalogue_release_read(struct session *session, const char *release, struct catalogue_release *read,
                                   struct fault *fault) MUST_CHECK;

#endif
