/* catalogue.h: keeps the copy of the catalogue: a snapshot first, then what changes.
 *
 * A snapshot is written into a file of its own beside the copy that answers. When its digest is right it gets
 * the next number and takes the other's place: catalogue-7.sqlite after catalogue-6.sqlite. At open the
 * highest number counts, so a program that dies anywhere in between has one or the other, never a mixture. */
#ifndef CLIENT_CATALOGUE_H
#define CLIENT_CATALOGUE_H

#include "client/handle.h"

/* A copy that cannot be opened is no error: it is set aside and a snapshot is taken at the next refresh. */
enum medhub_status catalogue_open(struct medhub *hub, struct catalogue **catalogue,
                                  struct medhub_error *error);
void catalogue_close(struct catalogue *catalogue); /* after courier_close */

/* Worker, without the lock: asks the gateway for the next piece if a refresh is wanted. */
void catalogue_step(struct catalogue *catalogue);

#endif
