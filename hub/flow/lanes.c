#include "flow/lanes.h"

#include "state/store.h"

#include <stdio.h>
#include <string.h>

static bool write_name(char name[LANE_TOPIC_BYTES], const char *given, const char *prefix, const char *rest)
{
    int length = given != NULL ? snprintf(name, LANE_TOPIC_BYTES, "%s", given)
                               : snprintf(name, LANE_TOPIC_BYTES, "%s%s", prefix, rest);
    return length > 0 && length < LANE_TOPIC_BYTES;
}

/* A store's checkpoint has room for so many inbox topics with names of that length: an offset that is not kept would have
 * the partition refused after the next start. */
static bool fits_checkpoint(const struct lanes *lanes, const struct lane *lane)
{
    static const struct checkpoint_input input;
    size_t inputs = 1;

    for (size_t i = 0; i < lanes->lane_count; i++)
        inputs += lanes->lanes[i].keyspace == lane->keyspace;
    return inputs <= CHECKPOINT_INPUTS_MAX && strlen(lane->inbox_topic) < sizeof input.topic;
}

static struct keyspace *keyspace_for(struct lanes *lanes, const struct domain *domain)
{
    for (size_t i = 0; i < lanes->keyspace_count; i++)
        if (strcmp(lanes->keyspaces[i].kind, domain->key_kind) == 0)
            return &lanes->keyspaces[i];

    struct keyspace *made = &lanes->keyspaces[lanes->keyspace_count];
    if (lanes->keyspace_count == KEYSPACES_MAX ||
        !write_name(made->state_topic, domain->state_topic, "medhub.state.", domain->key_kind))
        return NULL;
    made->index = lanes->keyspace_count++;
    made->kind = domain->key_kind;
    return made;
}

enum status lanes_init(struct lanes *lanes, const struct domain *const *domains, struct fault *fault)
{
    *lanes = (struct lanes){.domains = domains};
    for (size_t i = 0; domains[i] != NULL; i++) {
        struct lane *lane = &lanes->lanes[i];
        if (i == LANES_MAX)
            return fault_fatal(fault, "hub.domains", "more than %d domains", LANES_MAX);
        assert(domains[i]->key_kind != NULL);
        lane->index = i;
        lane->domain = domains[i];
        lane->keyspace = keyspace_for(lanes, domains[i]);
        if (lane->keyspace == NULL ||
            !write_name(lane->inbox_topic, domains[i]->inbox_topic, "medhub.inbox.", domains[i]->name) ||
            !write_name(lane->fact_topic, domains[i]->fact_topic, "medhub.fact.", domains[i]->name) ||
            !fits_checkpoint(lanes, lane))
            return fault_fatal(fault, "hub.domains", "domain %s: too many key kinds, or names too long",
                               domains[i]->name);
        lanes->lane_count++;
    }
    return STATUS_OK;
}

const struct lane *lane_of_inbox(const struct lanes *lanes, const char *topic)
{
    for (size_t i = 0; i < lanes->lane_count; i++)
        if (strcmp(lanes->lanes[i].inbox_topic, topic) == 0)
            return &lanes->lanes[i];
    return NULL;
}

const struct lane *lane_of_type(const struct lanes *lanes, const char *type, const struct handler **handler)
{
    const struct domain *domain = NULL;

    *handler = handler_find(lanes->domains, type, &domain);
    for (size_t i = 0; *handler != NULL && i < lanes->lane_count; i++)
        if (lanes->lanes[i].domain == domain)
            return &lanes->lanes[i];
    return NULL;
}
