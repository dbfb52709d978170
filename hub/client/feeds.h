/* feeds.h: feeds that this handle follows: pages are fetched into the mailbox, items handed to callbacks or
 * lent. */
#ifndef CLIENT_FEEDS_H
#define CLIENT_FEEDS_H

#include "client/handle.h"

enum medhub_status feeds_open(struct medhub *hub, struct feeds **feeds, struct medhub_error *error);
void feeds_close(struct feeds *feeds); /* after courier_close */

/* Worker, without the lock: asks for the next page of feeds whose mailbox is empty. Returns when it wants to
 * be called again. */
int64_t feeds_step(struct feeds *feeds);
/* Worker, without the lock: calls callbacks. Returns how many items were handled. */
size_t feeds_tell(struct feeds *feeds);

#endif
