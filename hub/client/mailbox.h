/* mailbox.h: where each feed stands, in the local file: the pages that came are put down together with the
 * cursor behind them, and every item goes when it was handled. So a feed stands exactly behind the last item
 * that was handled, whatever the gateway's pages are. The worker and callers alike, with the handle's lock.
 *
 * All of it survives the end of the process at any moment; a power loss may take the last moves back, and
 * then items come again. */
#ifndef CLIENT_MAILBOX_H
#define CLIENT_MAILBOX_H

#include "client/local.h"

/* *CURSOR (to be freed) for the next page, "" if the feed was never followed. */
enum medhub_status mailbox_cursor(struct database *local, const char *feed, char **cursor,
                                  struct medhub_error *error);
/* Goes to CURSOR; items that were not handled are given up. */
enum medhub_status mailbox_rewind(struct database *local, const char *feed, const char *cursor,
                                  int64_t now_ms, struct medhub_error *error);

struct mailbox_page {
    enum medhub_item_kind kind;
    const char *const *bodies;
    size_t count;
    const char *next; /* cursor */
};
/* All of the page or nothing. */
enum medhub_status mailbox_put(struct database *local, const char *feed, const struct mailbox_page *page,
                               int64_t now_ms, struct medhub_error *error);

struct mailbox_item {
    int64_t sequence;
    enum medhub_item_kind kind;
    char *body; /* to be freed */
};
/* The oldest that was not handled. NOT_FOUND: none. */
enum medhub_status mailbox_first(struct database *local, const char *feed, struct mailbox_item *item,
                                 struct medhub_error *error);
enum medhub_status mailbox_handled(struct database *local, int64_t sequence, struct medhub_error *error);

#endif
