/* outbox.h: events on their way to the gateway, and the receipts that came for them. No network, no thread.
 *
 *     put ──▶ waiting, in order per key ──▶ taken (the gateway answered 202) ──▶ settled (a receipt)
 *              └──────────── settled (refused, or decided at once) ────────────▶
 *
 * What was put, or withdrawn, is on disk when OK comes back. The rest survives the end of the process; a
 * power loss may take it back, and then an event is sent once more, which the gateway answers as the first
 * time. The sum holds at all times: put = waiting + sent + settled + withdrawn. */
#ifndef CLIENT_OUTBOX_H
#define CLIENT_OUTBOX_H

#include "client/local.h"

#include "base/clock.h"

struct outbox_limits {
    int64_t events_max, bytes_max, receipts_max;
};

struct outbox;

/* LOCAL must outlive it. */
enum medhub_status outbox_open(struct database *local, const struct outbox_limits *limits, struct clock clock,
                               struct outbox **outbox, struct medhub_error *error);
void outbox_close(struct outbox *outbox);

struct outbox_event {
    const char *id, *key;
    struct bytes body;    /* the CloudEvent as it is sent */
    uint64_t fingerprint; /* of what the caller said: equal for the same event said again */
};
/* All or none. An id that is here already, or has its receipt here, is passed over if the fingerprint is the
 * same, else CONFLICT. FULL: one more than the limits allow. */
enum medhub_status outbox_put(struct outbox *outbox, const struct outbox_event *events, size_t count,
                              struct medhub_error *error);

struct outbox_entry {
    int64_t sequence; /* names it */
    int64_t attempts;
    int64_t sent_ms; /* when it was taken; 0: not yet */
    char *id, *body; /* the caller frees both with outbox_entry_done() */
};
void outbox_entry_done(struct outbox_entry *entry);

/* The event that is due longest and not among BUSY: with place EVENT_READY to be sent, with EVENT_SENT to be
 * asked for. NOT_FOUND: none. */
enum medhub_status outbox_due(struct outbox *outbox, enum event_place place, const int64_t *busy,
                              size_t busy_count, struct outbox_entry *entry, struct medhub_error *error);
/* When the next of PLACE that is not due yet will be; INT64_MAX: none. */
int64_t outbox_next_due_ms(struct outbox *outbox, enum event_place place);

/* What became of ENTRY. After each of these the next of its key is ready if it is no longer waiting itself.
 * An entry that was withdrawn in between is passed over. */
enum medhub_status outbox_taken(struct outbox *outbox, const struct outbox_entry *entry, int64_t ask_ms,
                                struct medhub_error *error);
enum medhub_status outbox_postpone(struct outbox *outbox, const struct outbox_entry *entry, int64_t due_ms,
                                   struct medhub_error *error);
enum medhub_status outbox_settle(struct outbox *outbox, const struct outbox_entry *entry,
                                 enum medhub_outcome outcome, struct bytes answer,
                                 struct medhub_error *error);
/* NOT_FOUND: not in the outbox. */
enum medhub_status outbox_withdraw(struct outbox *outbox, const char *id, struct medhub_error *error);

/* *ANSWER (to be freed) and *OUTCOME. AGAIN: on its way. NOT_FOUND: unknown or forgotten. */
enum medhub_status outbox_receipt(struct outbox *outbox, const char *id, enum medhub_outcome *outcome,
                                  char **answer, struct medhub_error *error);
/* The oldest receipt that was not told; its ID and ANSWER are to be freed. NOT_FOUND: none. */
struct untold_receipt {
    int64_t sequence;
    enum medhub_outcome outcome;
    char *id, *answer;
};
enum medhub_status outbox_untold(struct outbox *outbox, struct untold_receipt *receipt,
                                 struct medhub_error *error);
enum medhub_status outbox_told(struct outbox *outbox, int64_t sequence, struct medhub_error *error);

struct outbox_counts {
    uint64_t waiting, sent, bytes;
};
struct outbox_counts outbox_counts(const struct outbox *outbox);
/* Unix time of the oldest submission, 0: none; and how many receipts there are. */
enum medhub_status outbox_ages(struct outbox *outbox, int64_t *oldest_ms, uint64_t *receipts,
                               struct medhub_error *error);

#endif
