/* snapshot_releases.h: which releases a snapshot holds whole, so that it never holds a part of one. */
#ifndef GATEWAY_SNAPSHOT_RELEASES_H
#define GATEWAY_SNAPSHOT_RELEASES_H

#include "base/bytes.h"
#include "base/date.h"
#include "base/fault.h"
#include "state/tables.h"

#include "medhub/catalogue/v1/catalogue.pb-c.h"

struct snapshot_releases;

struct snapshot_releases *snapshot_releases_new(void); /* NULL: no memory */
void snapshot_releases_free(struct snapshot_releases *releases);

/* The releases that are published, as READER sees them. Their rows are in the catalogue by then, as a release is published when
 * all of its items have told that they have it. */
enum status snapshot_releases_read(struct snapshot_releases *releases, struct tables_reader *reader,
                                   struct fault *fault) MUST_CHECK;
/* Writes their list: [{"release","region","effectiveOn","digest","items"}]. */
void snapshot_releases_write(const struct snapshot_releases *releases, struct buffer *out);
/* True if ITEM's row, from FROM on, came with a release that is not among them although its day is after TODAY: some of its items
 * may be missing. A bureau that tells items one by one as of today is not waited for. */
bool snapshot_releases_lack(struct snapshot_releases *releases, const Medhub__Catalogue__V1__Item *item, date_t from,
                            date_t today);

#endif
