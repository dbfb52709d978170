/* migrate.h: brings a database to the newest schema: numbered files of migrations/, embedded at build time, forward only. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/sql.h"

/* The number of the newest migration. */
int migrate_newest(void);
/* Applies, each in a transaction of its own, what is missing up to VERSION. The caller is the one writer. FATAL
 * "store.newer": the database was made by a newer medhub. */
enum status migrate_up_to(struct sql *sql, int version, struct fault *fault) MUST_CHECK;
/* For readers. FATAL "store.absent", "store.older" or "store.newer" unless the database has exactly the newest schema. */
enum status migrate_check(struct sql *sql, struct fault *fault) MUST_CHECK;

#endif
