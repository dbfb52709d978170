/* journal.h: writes to Kafka how each delivery ended and where each endpoint stands.
 *
 * A delivery has ended when its records are acknowledged by all replicas: first its place in the parked list (put there, or
 * taken out after a redrive), then its outcome. Only then does it leave the window, so whatever state says is settled has its
 * outcome in the log; a crash in between sends it again and tells so again. One thread; nothing here waits but
 * journal_flush. */
#ifndef WEBHOOK_JOURNAL_H
#define WEBHOOK_JOURNAL_H

#include "base/clock.h"
#include "kafka/publisher.h"
#include "webhook/endpoint.h"

#define TOPIC_WEBHOOK_OUTCOME "medhub.webhook.outcome"
#define TOPIC_WEBHOOK_STATE   "medhub.webhook.state"
#define TOPIC_WEBHOOK_PARKED  "medhub.webhook.parked"
#define TOPIC_WEBHOOK_CONTROL "medhub.webhook.control"

struct journal;

/* Called inside journal_run and journal_flush: the records of WAITING stand; call endpoint_settled. */
typedef void journal_written(void *self, struct waiting *waiting);

enum status journal_open(const struct kafka_client *client, struct clock clock, journal_written *written, void *self,
                         struct journal **journal, struct fault *fault) MUST_CHECK;
void journal_close(struct journal *journal); /* NULL is fine */

/* Takes a delivery that is SETTLING. Tried until it stands, as long as it takes. */
void journal_take(struct journal *journal, struct waiting *waiting);
/* Where ENDPOINT stands now. False: not now, the queue is full or memory is out. */
bool journal_state(struct journal *journal, const struct endpoint *endpoint);
/* True once after a state could not be written: write all of them again. */
bool journal_state_failed(struct journal *journal);

/* Sends what was taken, tells what stands. */
void journal_run(struct journal *journal);
size_t journal_pending(const struct journal *journal);
/* The same until nothing is pending or TIMEOUT_MS are over. */
void journal_flush(struct journal *journal, int timeout_ms);

/* Key of a record of the parked list: ENDPOINT/PARTITION/OFFSET. */
enum { PARKED_KEY_BYTES = 192 };
void journal_parked_key(const char *endpoint, int32_t partition, int64_t offset, char key[PARKED_KEY_BYTES]);

#endif
