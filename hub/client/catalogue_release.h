/* catalogue_release.h: what the feed tells, brought into the copy: at once, or, if it belongs to a release that is still to come
 * into force, together with all of that release. */
#ifndef CLIENT_CATALOGUE_RELEASE_H
#define CLIENT_CATALOGUE_RELEASE_H

#include "client/catalogue_copy.h"

#include "base/date.h"

struct json_t;

/* Between copy_begin and copy_end. A change of a release whose day is after TODAY waits until the release is published and all
 * of its changes are there; any other is made at once. */
enum medhub_status catalogue_apply(struct catalogue_copy *copy, const struct json_t *event, date_t today,
                                   struct medhub_error *error);
/* Makes the changes of the releases that are complete now. DAMAGED: what came is not what was published, by its digest; nothing of
 * it may be kept. */
enum medhub_status catalogue_apply_releases(struct catalogue_copy *copy, int64_t now_ms, struct medhub_error *error);

#endif
