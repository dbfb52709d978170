/* explain_case.h: everything that Kafka holds about one decision, brought together and decided again. */
#ifndef CTL_EXPLAIN_CASE_H
#define CTL_EXPLAIN_CASE_H

#include "ops/ctl/fetch.h"
#include "ops/ctl/receipt_json.h"
#include "ops/ctl/scratch.h"

#include "flow/explain.h"
#include "flow/lanes.h"

struct explain_case {
    struct call *call;
    struct session *session;
    const char *name; /* as it was asked for */
    unsigned visible;

    struct event_position input;
    const Receipt *receipt; /* NULL: a timer's fact, or the receipt is gone */
    const Receipt *first;   /* an earlier answer to the same source and id, or NULL */
    size_t answers;         /* how many receipts that source and id has */
    int64_t decided_at_ms;
    const char *key, *type; /* type: of the submission or of the fact that was named */
    const struct keyspace *keyspace; /* NULL: nobody knows the type */

    struct lanes lanes;
    struct scratch scratch;
    struct rebuild *rebuild;
    struct fetched submission;
    struct explanation explanation;
};

/* Finds the event and explains it. EXIT_NOT_FOUND, EXIT_USAGE (several sources use that id) and EXIT_FAILED are said
 * already. Release with explain_case_done in any case. */
enum exit_code explain_case_open(struct explain_case *open);
void explain_case_done(struct explain_case *open);

#endif
