/* store_mark.h: may a store's file be believed? Said by a file of its own beside LMDB's: what may be torn cannot say that it
 * is not. Each call leaves the mark on disk whole, or as it was. FOLDER is the store's, open. */
#ifndef STATE_STORE_MARK_H
#define STATE_STORE_MARK_H

#include <stdbool.h>

#define STORE_MARK_FILE "mark"

/* True for a new store, one that was closed cleanly or is written with sync, and one left open under this BOOT_ID ("" is
 * like no other): a killed process tears nothing. Never for one of another format: keys may mean something else there. */
bool store_mark_is_trusted(int folder, const char *boot_id);

/* Open, and written without sync until further notice. False, with errno, if it cannot be written. */
bool store_mark_dirty(int folder, const char *boot_id);
bool store_mark_synced(int folder); /* open, and written with sync */
bool store_mark_clean(int folder);  /* closed, all of it on disk */
bool store_mark_broken(int folder); /* a read failed: to be discarded */

#endif
