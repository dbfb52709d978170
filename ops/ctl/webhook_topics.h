/* webhook_topics.h: for ctl webhook: the compacted topics of the webhook connector, read whole. */
#ifndef CTL_WEBHOOK_TOPICS_H
#define CTL_WEBHOOK_TOPICS_H

#include "ops/ctl/session.h"

#include "event/unpack.h"

#include "medhub/webhook/v1/webhook.pb-c.h"

#include <uthash.h>

typedef Medhub__Webhook__V1__EndpointState EndpointState;
typedef Medhub__Webhook__V1__ParkedDelivery ParkedDelivery;

/* The last record of a key; message NULL: a tombstone. */
struct webhook_latest {
    char *key;
    ProtobufCMessage *message;
    UT_hash_handle hh;
};

struct webhook_gathered {
    struct arena *arena;
    const struct message_facts *facts; /* of the messages */
    const char *prefix;                /* keys that begin so; NULL: all */
    struct webhook_latest *all;        /* uthash, in order of keys */
    bool failed;
};

/* Reads TOPIC to its end into GATHERED, whose facts and prefix are set. What is wrong has been said. */
enum exit_code webhook_gather(struct call *call, struct session *session, const char *topic,
                              struct webhook_gathered *gathered);
/* The states of all endpoints, by ORGANISATION/ENDPOINT. */
enum exit_code webhook_gather_states(struct call *call, struct session *session, struct webhook_gathered *gathered);
void webhook_gathered_done(struct webhook_gathered *gathered);

/* NULL: there is none. */
const EndpointState *webhook_find_state(const struct webhook_gathered *gathered, const char *name);
/* Says that the endpoint that the call names does not exist. */
enum exit_code webhook_unknown_endpoint(struct call *call);

#endif
