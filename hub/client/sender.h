/* sender.h: what lies in the outbox is sent, and receipts are asked for. Only the worker calls it, without
 * the lock unless it says otherwise.
 *
 * A failure of one event (5xx) holds up its key only. What concerns all (no connection, 429, 503, 401) pauses
 * everything, so that an outbox of a day does not hammer a gateway that is just coming back. */
#ifndef CLIENT_SENDER_H
#define CLIENT_SENDER_H

#include "client/handle.h"

enum medhub_status sender_open(struct medhub *hub, struct sender **sender, struct medhub_error *error);
void sender_close(struct sender *sender); /* after courier_close */

/* Starts what is due and has a free slot. Returns when it wants to be called again (Unix ms), INT64_MAX: not
 * by itself. */
int64_t sender_step(struct sender *sender);

#endif
