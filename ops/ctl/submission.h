/* submission.h: CloudEvents on their way to the inbox topics, many at a time, and the receipts that answer
 * them.
 *
 *     submission_open → submission_send... → submission_finish → submission_close
 *
 * A receipt is matched by (source, id): the same pair sent twice is answered twice, first come, first served.
 * Receipts are looked for from the moment of opening on. */
#ifndef CTL_SUBMISSION_H
#define CTL_SUBMISSION_H

#include "ops/ctl/session.h"

#include "kafka/record.h"

#include <jansson.h>

struct submission;

struct submission_settings {
    bool wait;          /* for receipts */
    int64_t timeout_ms; /* without any news */
    size_t window;      /* unanswered events at most */
    bool as_they_were;  /* sent again with the signatures they had; else the operator vouches for them */
    /* Called in the order of sending with the receipt (taken), or an object that says that it is pending or
     * not sent. */
    void (*answered)(void *self, json_t *answer);
    void *self;
};

struct submission_counts {
    uint64_t sent, accepted, refused, duplicate, pending, failed;
};

enum status submission_open(struct session *session, const struct submission_settings *settings,
                            struct submission **submission, struct fault *fault) MUST_CHECK;
void submission_close(struct submission *submission);

/* Sends one record; ID and SOURCE name the receipt that answers it. Takes HEADERS. Blocks while the window is
 * full. */
enum status submission_send(struct submission *submission, const char *topic, struct bytes key,
                            struct bytes value, struct headers *headers, const char *source, const char *id,
                            struct fault *fault) MUST_CHECK;
/* Puts an answer of the caller's own (taken) at this place of the order, such as a line that is no event. */
enum status submission_skip(struct submission *submission, json_t *answer) MUST_CHECK;

/* Waits until everything sent so far is answered. RETRY when that takes too long. */
enum status submission_settle(struct submission *submission, struct fault *fault) MUST_CHECK;

/* Waits for acknowledgements and receipts, or until nothing came for the time-out or a signal. */
enum status submission_finish(struct submission *submission, struct fault *fault) MUST_CHECK;
struct submission_counts submission_counts(const struct submission *submission);
/* 6 if some were refused or failed, 8 if some are pending, else 0. */
enum exit_code submission_exit_code(const struct submission *submission);

#endif
