/* scan.h: reads whole topics from a moment on, as every looking command does. */
#ifndef CTL_SCAN_H
#define CTL_SCAN_H

#include "ops/ctl/session.h"

#include "kafka/record.h"

struct scan_request {
    const char *const *topics;
    size_t topic_count;
    int64_t since_ms, until_ms; /* -1: from the beginning, to the end */
    struct bytes key;           /* data not NULL: only the partition of this key */
    bool follow;                /* go on after the end as it was at the start */
    bool keep_records; /* EACH may keep a record (by emptying record->message) until the session closes */
};

/* Looks at a record; may take its headers. False ends the scan. */
typedef bool scan_each(void *self, struct record *record);

/* Calls EACH for every committed record: in order within a partition, partitions mixed. A topic that does not
 * exist is skipped. Ends at the offsets that were the end when it began, or on a signal. RETRY if the cluster
 * does not answer. */
enum status scan_topics(struct session *session, const struct scan_request *request, scan_each *each,
                        void *self, struct fault *fault) MUST_CHECK;

#endif
