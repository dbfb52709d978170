/* dump.h: what a store holds, as comparable bytes. */
#ifndef SUPPORT_DUMP_H
#define SUPPORT_DUMP_H

#include "state/store.h"

/* Appends every entry of every database but the marks (STORE_META): database, length and bytes of key and value. The
 * store must have a transaction open. */
void dump_store(struct store *store, struct buffer *out);

#endif
