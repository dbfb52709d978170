/* lanes.h: which topics the hub works on, derived once from the domains.
 *
 * A lane is one domain's way: inbox to facts. Lanes of one key kind share a keyspace: its partitions hold the state of
 * all of them, so partition N of each inbox goes to the same worker (equal counts, range assignment). */
#ifndef FLOW_LANES_H
#define FLOW_LANES_H

#include "base/fault.h"
#include "domain/rule.h"

enum { LANES_MAX = 16, KEYSPACES_MAX = 16, LANE_TOPIC_BYTES = 128 };

struct keyspace {
    size_t index;
    const char *kind; /* "person" */
    char state_topic[LANE_TOPIC_BYTES];
    int32_t partitions; /* of every inbox and of the state topic; filled by the hub at the start */
};

struct lane {
    size_t index;
    const struct domain *domain;
    struct keyspace *keyspace;
    char inbox_topic[LANE_TOPIC_BYTES];
    char fact_topic[LANE_TOPIC_BYTES];
};

struct lanes {
    const struct domain *const *domains;
    struct lane lanes[LANES_MAX];
    size_t lane_count;
    struct keyspace keyspaces[KEYSPACES_MAX];
    size_t keyspace_count;
};

/* FATAL if there are too many or a name is too long. */
enum status lanes_init(struct lanes *lanes, const struct domain *const *domains, struct fault *fault) MUST_CHECK;
/* NULL if TOPIC is no inbox / the type is nobody's. */
const struct lane *lane_of_inbox(const struct lanes *lanes, const char *topic);
const struct lane *lane_of_type(const struct lanes *lanes, const char *type, const struct handler **handler);

#endif
