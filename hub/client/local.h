/* local.h: medhub.sqlite, the file that must not be lost: outbox, receipts, feeds, answers. */
#ifndef CLIENT_LOCAL_H
#define CLIENT_LOCAL_H

#include "client/database.h"

/* Indexes into the statements of local_kind; what they do stands in local.c. */
enum local_statement {
    LOCAL_FIND_EVENT,
    LOCAL_FIND_RECEIPT,
    LOCAL_KEY_WAITS,
    LOCAL_PUT,
    LOCAL_DUE,
    LOCAL_NEXT_DUE,
    LOCAL_GET,
    LOCAL_UPDATE,
    LOCAL_DELETE,
    LOCAL_PROMOTE,
    LOCAL_COUNT,
    LOCAL_OLDEST,
    LOCAL_PUT_RECEIPT,
    LOCAL_FORGET_RECEIPTS,
    LOCAL_COUNT_RECEIPTS,
    LOCAL_UNTOLD,
    LOCAL_TOLD,
    LOCAL_GET_CURSOR,
    LOCAL_PUT_CURSOR,
    LOCAL_PUT_ITEM,
    LOCAL_FIRST_ITEM,
    LOCAL_DELETE_ITEM,
    LOCAL_DELETE_ITEMS,
    LOCAL_ANSWERED,
    LOCAL_PUT_ANSWERED,
    LOCAL_STATEMENTS,
};

/* An event is READY (the first of its key that the gateway has not taken), BEHIND another one of its key, or
 * SENT. Each key that has any not SENT has exactly one READY, which is the oldest: that is how order costs
 * one look into an index. */
enum event_place { EVENT_READY = 0, EVENT_BEHIND = 1, EVENT_SENT = 2 };

extern const struct database_kind local_kind;

#endif
