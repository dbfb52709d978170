/* readers.h: readers of the tables, lent to whichever thread serves a request. Any thread. */
#ifndef GATEWAY_READERS_H
#define GATEWAY_READERS_H

#include "state/tables.h"

struct readers;

struct readers *readers_new(struct tables *tables); /* NULL: no memory; TABLES must outlive it */
/* All must be back. NULL is fine. */
void readers_free(struct readers *readers);

/* A renewed reader that nobody else uses until it is given back. RETRY: none to be had. */
enum status readers_borrow(struct readers *readers, struct tables_reader **reader, struct fault *fault) MUST_CHECK;
void readers_give_back(struct readers *readers, struct tables_reader *reader); /* NULL is fine */

#endif
