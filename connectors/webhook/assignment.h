/* assignment.h: which endpoints this process serves, where they stood, and what operators want of them.
 *
 * Exactly one process works on an endpoint: the processes are a consumer group on medhub.webhook.control, an endpoint belongs
 * to the partition that its name hashes to, and who has that partition serves it. The same topic carries the wishes, so they
 * reach the one whom they are for. When a partition comes, its part of medhub.webhook.state is read to its end before any of
 * its endpoints is served; when it goes, its owner writes down where they stand inside on_revoked.
 *
 * A process that was stopped for longer than its session may send what the next one sends too: HTTP cannot be fenced, and
 * deliveries are at least once. What it writes late does no harm: state only ever says of deliveries that they are settled
 * whose outcome stands in the log, so an older state costs repetitions and never a loss. One thread. */
#ifndef WEBHOOK_ASSIGNMENT_H
#define WEBHOOK_ASSIGNMENT_H

#include "kafka/client.h"
#include "kafka/source.h"
#include "webhook/settings.h"

#include "medhub/webhook/v1/webhook.pb-c.h"

struct assignment;

struct assignment_events {
    /* The states of PARTITION are known: its endpoints may be served. */
    void (*ready)(void *self, int32_t partition);
    /* Its endpoints are somebody else's from now on. */
    void (*revoked)(void *self, int32_t partition);
    /* A wish for NAME (ORGANISATION/ENDPOINT), read at OFFSET of its partition; maybe one that was fulfilled long ago. */
    void (*wish)(void *self, const char *name, const Medhub__Webhook__V1__Control *control, int64_t offset);
    void *self;
};

enum status assignment_open(const struct kafka_client *client, const struct webhook_settings *settings,
                            struct assignment_events events, struct assignment **assignment, struct fault *fault) MUST_CHECK;
void assignment_close(struct assignment *assignment); /* leaves the group; NULL is fine */

/* Serves the group and reads states and wishes; never waits. */
enum status assignment_run(struct assignment *assignment, struct fault *fault) MUST_CHECK;
/* True when the group has told this process its part and all states of it are known. */
bool assignment_is_ready(const struct assignment *assignment);
bool assignment_has(const struct assignment *assignment, int32_t partition); /* and its states are known */
int32_t assignment_partition_of(const struct assignment *assignment, const char *name);
/* Wishes are read from now on: the endpoints of all partitions that are ready are there to hear them. */
void assignment_hear_wishes(struct assignment *assignment);

/* Where the endpoint stood: a packed EndpointState, lent until the next call; BYTES_NONE: nobody ever served it. */
struct bytes assignment_state(const struct assignment *assignment, const char *name);
/* The furthest that any endpoint of PARTITION had looked at when it came, by partition of medhub.delivery: what came later
 * nobody of them has seen. *COUNT 0: none is known. Lent until the partition goes. */
const int64_t *assignment_furthest(const struct assignment *assignment, int32_t partition, size_t *count);

#endif
