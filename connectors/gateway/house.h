/* house.h: what the parts of a gateway share. Filled by gateway_start, constant afterwards; each part says what threads may
 * do with it. */
#ifndef GATEWAY_HOUSE_H
#define GATEWAY_HOUSE_H

#include "base/clock.h"
#include "flow/follower.h"
#include "gateway/asker.h"
#include "gateway/bucket.h"
#include "gateway/dispatcher.h"
#include "gateway/documents.h"
#include "gateway/gateway.h"
#include "gateway/listener.h"
#include "gateway/measures.h"
#include "gateway/pulse.h"
#include "gateway/readers.h"
#include "gateway/snapshot.h"
#include "gateway/waiter.h"

#include <stdatomic.h>

struct settings;
struct signatures;

struct gateway {
    const struct gateway_settings *settings;
    const struct settings *hub;
    const struct sql_settings *sql;
    const struct kafka_client *client;
    struct clock clock;
    char *certificate, *key, *client_ca; /* PEM */

    struct tables *tables; /* registry and catalogue */
    struct follower *follower;
    struct readers *readers;
    struct authenticator *authenticator;
    struct signatures *signatures; /* vouches for what was authenticated */
    struct buckets *buckets;
    struct dispatcher *dispatcher;
    struct askers *askers;
    struct waiter *waiter;
    struct snapshots *snapshots;
    struct pulse *pulse;
    struct listener *listener;
    struct documents documents;
    struct gateway_measures measures;
    atomic_bool stopping;
};

/* The topics that are followed: TABLE_REGISTRY and TABLE_CATALOGUE. */
extern const char *const house_topics[];
extern const size_t house_topic_count;

/* Why requests cannot be served now, as a code for answer_unavailable; NULL: they can. */
const char *house_closed(struct gateway *gateway);

/* True if the caller of REQUEST is the organisation SOURCE, or its parent as the registry says today. Needs
 * request->tables. */
bool house_speaks_for(struct request *request, const char *source);

/* When a wait that the request asked for is over, bounded by the setting; monotonic microseconds. 0: it asked for none. */
int64_t house_wait_until_us(struct request *request);

#endif
