/* snapshot.h: the whole catalogue in one compressed file, made in the background.
 *
 * Form: NDJSON. The first line is {"snapshot":"catalogue","cursor":V,"releases":[{"release":ID,"region":…,"effectiveOn":…,
 * "digest":HEX,"items":N}]}: which releases it holds, each of them whole and no part of another one that is to come; then one line for each dated row in no promised order,
 *     {"kind":…,"code":…,"region":…,"validFrom":…,"validUntil":…,"version":"N","item":{medhub.catalogue.v1.Item}}
 * its item in canonical form (RFC 8785); the last line is {"rows":N,"digest":"HEX"}, the catalogue's digest (domain/catalogue_sum.h),
 * which does not depend on the order.
 *
 * Version V is a cursor of the feeds: the file holds everything that the feed `catalogue` tells up to V, and perhaps a
 * little of what it tells after V. A follower that goes on from V and keeps of each item the highest version has it all. */
#ifndef GATEWAY_SNAPSHOT_H
#define GATEWAY_SNAPSHOT_H

#include "flow/follower.h"
#include "kafka/client.h"
#include "state/tables.h"
#include "store/read_model.h"

struct snapshots;

enum snapshot_coding { SNAPSHOT_ZSTD, SNAPSHOT_GZIP, SNAPSHOT_CODINGS };

struct snapshots_settings {
    const char *directory;
    int64_t interval_us; /* between two snapshots at least; one is made when the table has changed */
    int64_t age_us_max;  /* or when the last one is so old: its cursor must stay one that is kept */
    const struct sql_settings *sql;
    const struct kafka_client *client;
};

/* Begins a thread that makes one when the tables are there, and again when they have changed. FATAL: no thread, or the
 * database is not there. */
enum status snapshots_start(const struct snapshots_settings *settings, struct tables *tables, struct follower *follower,
                            struct snapshots **snapshots, struct fault *fault) MUST_CHECK;
void snapshots_stop(struct snapshots *snapshots); /* NULL is fine */

struct snapshot {
    int file; /* the taker closes it; it stays what it is when a newer one takes its place */
    uint64_t bytes;
    uint64_t rows;
    char digest[65]; /* hexadecimal */
    char cursor[4096];
};
/* False: there is none yet. Any thread. */
bool snapshots_open(struct snapshots *snapshots, enum snapshot_coding coding, struct snapshot *snapshot);

#endif
