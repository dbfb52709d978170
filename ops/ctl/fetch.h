/* fetch.h: one record by its position. */
#ifndef CTL_FETCH_H
#define CTL_FETCH_H

#include "ops/ctl/session.h"

#include "event/event.h"
#include "kafka/record.h"

struct reader;

struct fetched {
    struct reader *reader; /* the record lives as long */
    struct record record;  /* message NULL: there is none */
    int32_t partitions;    /* of the topic; 0: it does not exist */
};

/* OK also when there is no committed record there (any more). RETRY if the cluster does not answer. Release with
 * fetch_done in any case. */
enum status fetch_record(struct session *session, const struct event_position *position, struct fetched *fetched,
                         struct fault *fault) MUST_CHECK;
void fetch_done(struct fetched *fetched);

/* "medhub.inbox.trace/2/1041" to its parts; the topic lies in ARENA. False if TEXT is no position. */
bool fetch_parse_position(const char *text, struct arena *arena, struct event_position *position);

#endif
