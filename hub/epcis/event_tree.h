/* event_tree.h: an event as names, values and children, as the hash rules speak of it: lists hold elements
 * that have a name of their own, keys have their namespace, words their URI. Made of the JSON-LD form. Inside
 * of hub/epcis. */
#ifndef EPCIS_EVENT_TREE_H
#define EPCIS_EVENT_TREE_H

#include "base/arena.h"

struct json_t;

struct node {
    const char
        *name; /* "epcList", "{https://ns.example.com/}field"; of the pairs of bizTransactionList: NULL */
    const char *value; /* as said; "" if it has none */
    struct node *first, *last, *next;
};

/* What a document says beside its events: its prefixes, and members that shall not count. */
struct event_document {
    const struct json_t *contexts[8]; /* values of "@context" */
    size_t context_count;
    const struct json_t *ignored; /* an array of member names, or NULL */
};

/* NULL when the arena is full. */
struct node *event_tree(const struct event_document *document, const struct json_t *event,
                        struct arena *arena);
/* Takes NODE out of the children of PARENT. */
void node_remove(struct node *parent, const struct node *node);

#endif
