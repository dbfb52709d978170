/* submission.h: what the caller submits, as the CloudEvent that is sent. */
#ifndef CLIENT_SUBMISSION_H
#define CLIENT_SUBMISSION_H

#include "client/outbox.h"

struct submission {
    char id[MEDHUB_ID_BYTES];
    char *key, *body;
    uint64_t fingerprint;
};

/* A whole event is sent byte for byte, with the members put in front that it lacks (id, source, time,
 * specversion). INVALID "event.syntax", "event.attribute", "event.source", "event.too_large". */
enum medhub_status submission_make(const struct medhub_event *event, const char *organisation, int64_t now_ms,
                                   size_t bytes_max, struct submission *submission,
                                   struct medhub_error *error);
void submission_done(struct submission *submission);

#endif
