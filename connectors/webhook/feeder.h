/* feeder.h: brings records of medhub.delivery to the endpoints.
 *
 * One live reader reads all of it, once, for all endpoints that are at the live end. An endpoint whose window is full when
 * its turn comes leaves the live end; it, and who was further back from the start, catches up apart: a few readers are shared
 * in turns by all that need one, each going on where its endpoint stands, and what an endpoint wants again (progress.h) is
 * read at its place. When an endpoint has come to where the live reader is, it follows that again. So one that is away for a
 * day costs nothing, and one that is slow holds up nobody. Where all are busy alike the live reader may wait for the full one
 * instead (`live` says so), and nothing is read twice. One thread; nothing here waits but feeder_start_live. */
#ifndef WEBHOOK_FEEDER_H
#define WEBHOOK_FEEDER_H

#include "kafka/client.h"
#include "kafka/record.h"
#include "webhook/settings.h"
#include "webhook/target.h"

#define TOPIC_DELIVERY "medhub.delivery"

struct feeder;

struct feeder_events {
    /* A record at the live end: offer it to everybody who hears of it and follows. RETRY: somebody is full for a moment, and
     * nobody would be delayed by waiting: the same record comes again. */
    enum status (*live)(void *self, const struct record *record, struct fault *fault);
    /* A record for one target that catches up: FULL if it cannot take it now. REJECT is not an answer: a record that cannot
     * be read is told and passed over. */
    enum endpoint_takes (*offer)(void *self, struct target *target, const struct record *record);
    /* A delivery that TARGET wants is not in the topic any more. */
    void (*lost)(void *self, struct target *target, int32_t partition, int64_t offset);
    void *self;
};

/* WAKE is written to when there is something to read. */
enum status feeder_open(const struct kafka_client *client, const struct webhook_settings *settings, int wake,
                        struct feeder_events events, struct feeder **feeder, struct fault *fault) MUST_CHECK;
void feeder_close(struct feeder *feeder); /* NULL is fine */

int32_t feeder_partitions(const struct feeder *feeder);
/* Where a new endpoint begins: what was live a while ago (webhook.begin_back_seconds). Lent. */
const int64_t *feeder_begin(const struct feeder *feeder);
/* Call it about once a second. */
void feeder_note_time(struct feeder *feeder, int64_t now_ms);

/* The live reader begins at START, by partition, but not further back than webhook.live_backlog. Waits for the broker a
 * little. RETRY: it does not answer. */
enum status feeder_start_live(struct feeder *feeder, const int64_t *start, struct fault *fault) MUST_CHECK;
bool feeder_is_live(const struct feeder *feeder);
/* Lets TARGET follow if it stands where the live reader is, or queues it for a reader. Call it when it was made, when its
 * window has drained, when it wants something again, or when it may be sent to again. */
void feeder_serve(struct feeder *feeder, struct target *target);
/* TARGET could not take the record that `live` just offered: it stays before it. Only inside `live`, for a record that is not
 * asked for again. */
void feeder_fall_behind(struct feeder *feeder, struct target *target);
/* TARGET is about to go. */
void feeder_forget(struct feeder *feeder, struct target *target);

/* Reads what is there, up to a bound. True if there may be more at once. */
enum status feeder_run(struct feeder *feeder, int64_t now_ms, bool *more, struct fault *fault) MUST_CHECK;

#endif
