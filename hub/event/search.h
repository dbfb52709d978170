/* search.h: by what people look for events: the business keys in a message, as the option `search` in schemas/ names them.
 * Constant data and pure functions, any thread. */
#ifndef EVENT_SEARCH_H
#define EVENT_SEARCH_H

#include "event/schema.h"

enum search_kind { /* bits; stored in databases: never renumbered */
    SEARCH_EVENT_ID = 1,
    SEARCH_TRACE_ID = 2,     /* of traceparent */
    SEARCH_KEY = 4,          /* the Kafka key: person pseudonym, product, item, institution */
    SEARCH_PRESCRIPTION = 8, /* national or hospital number */
    SEARCH_SETTLEMENT = 16,
    SEARCH_PRODUCT = 32, /* device or drug identifier */
    SEARCH_LOT = 64,
    SEARCH_SERIAL = 128,
    SEARCH_ORDER = 256,
    SEARCH_ORGANISATION = 512,
    SEARCH_ITEM = 1024, /* catalogue item */
    SEARCH_ALL = 2047,
    SEARCH_CODE = 2048, /* only in schemas: a scanned code, which stands for the product, lot and serial that it says */
};

/* "prescription"; "" if there is none of that number. */
const char *search_kind_name(enum search_kind kind);
/* False if no kind is called so. */
bool search_kind_parse(const char *name, enum search_kind *kind);
/* The kinds in order of their bits. INDEX from 0; 0 after the last. */
enum search_kind search_kind_at(size_t index);

/* One business key; TEXT is lent by the message. */
typedef void search_found(void *self, enum search_kind kind, const char *text);

/* Calls FOUND for every field of MESSAGE, at any depth, that is there and is searched by. */
void search_message(const struct message_facts *facts, const ProtobufCMessage *message, search_found *found, void *self);

#endif
