#include "webhook/assignment.h"

#include "base/hash.h"
#include "base/log.h"
#include "event/unpack.h"
#include "kafka/reader.h"
#include "webhook/journal.h"
#include "webhook/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

typedef Medhub__Webhook__V1__EndpointState EndpointState;
typedef Medhub__Webhook__V1__Control Control;

enum { PARTITIONS_MAX = 1024, ASK_TIMEOUT_MS = 10000, RECORDS_MAX = 1000, READ_AHEAD_KILOBYTES = 8192,
       MESSAGE_BYTES_MAX = 64 * 1024 * 1024, POLL_INTERVAL_MS = 300000 };

enum part_state { PART_ABSENT, PART_RESTORING, PART_READY };

struct kept_state {
    char *name;
    int32_t partition;
    uint8_t *data;
    size_t length;
    UT_hash_handle hh;
};

struct assignment {
    struct assignment_events events;
    struct source *source;
    struct reader *states;
    struct arena *arena;
    int32_t partitions;
    struct part {
        enum part_state state;
        bool heard; /* wishes are read */
        int64_t *furthest;
        size_t furthest_count;
    } parts[PARTITIONS_MAX];
    struct kept_state *kept; /* by name */
    struct fault fault; /* of a callback */
    enum status status;
};

/* ---- states ---- */

static struct kept_state *find(const struct assignment *assignment, const char *name)
{
    struct kept_state *found = NULL;

    HASH_FIND_STR(assignment->kept, name, found);
    return found;
}

static void free_kept(struct kept_state *state)
{
    free(state->name);
    free(state->data);
    free(state);
}

static struct kept_state *find_or_add(struct assignment *assignment, const char *name)
{
    struct kept_state *state = find(assignment, name);

    if (state != NULL)
        return state;
    state = calloc(1, sizeof *state);
    if (state == NULL || (state->name = strdup(name)) == NULL) {
        free(state);
        return NULL;
    }
    state->partition = assignment_partition_of(assignment, name);
    HASH_ADD_KEYPTR(hh, assignment->kept, state->name, strlen(state->name), state);
    return state;
}

static bool keep(struct assignment *assignment, const char *name, struct bytes value)
{
    struct kept_state *state = find_or_add(assignment, name);
    uint8_t *copy = state == NULL ? NULL : malloc(value.length + 1);

    if (copy == NULL)
        return false;
    if (value.length > 0)
        memcpy(copy, value.data, value.length);
    free(state->data);
    state->data = copy;
    state->length = value.length;
    return true;
}

struct bytes assignment_state(const struct assignment *assignment, const char *name)
{
    const struct kept_state *state = find(assignment, name);
    return state == NULL ? BYTES_NONE : bytes_from(state->data, state->length);
}

static void forget_states(struct assignment *assignment, int32_t partition)
{
    struct kept_state *each = NULL, *next = NULL;

    HASH_ITER(hh, assignment->kept, each, next)
    {
        if (partition >= 0 && each->partition != partition)
            continue;
        HASH_DEL(assignment->kept, each);
        free_kept(each);
    }
}

static const EndpointState *unpack_state(const struct assignment *assignment, const struct kept_state *state)
{
    ProtobufCMessage *message = NULL;
    struct fault fault = {0};

    enum status status = unpack_message(schema_of(&medhub__webhook__v1__endpoint_state__descriptor),
                                        bytes_from(state->data, state->length), assignment->arena, &message, &fault);
    if (status != STATUS_OK)
        log_error("webhook.state_unreadable", LOG_STR("endpoint", state->name), LOG_STR("code", fault.code));
    return status == STATUS_OK ? (const EndpointState *)message : NULL;
}

static bool raise_furthest(struct part *part, const EndpointState *state)
{
    if (state->n_next_offset > part->furthest_count) {
        int64_t *grown = realloc(part->furthest, state->n_next_offset * sizeof *grown);
        if (grown == NULL)
            return false;
        for (size_t i = part->furthest_count; i < state->n_next_offset; i++)
            grown[i] = 0;
        part->furthest = grown;
        part->furthest_count = state->n_next_offset;
    }
    for (size_t i = 0; i < state->n_next_offset; i++)
        if (state->next_offset[i] > part->furthest[i])
            part->furthest[i] = state->next_offset[i];
    return true;
}

static void note_furthest(struct assignment *assignment, int32_t partition)
{
    struct kept_state *each = NULL, *after = NULL;

    HASH_ITER(hh, assignment->kept, each, after)
    {
        const EndpointState *state = each->partition == partition ? unpack_state(assignment, each) : NULL;
        if (state != NULL && !raise_furthest(&assignment->parts[partition], state))
            assignment->status = fault_fatal(&assignment->fault, "memory.out", "no memory for the states of endpoints");
        arena_reset(assignment->arena);
    }
}

const int64_t *assignment_furthest(const struct assignment *assignment, int32_t partition, size_t *count)
{
    *count = assignment->parts[partition].furthest_count;
    return assignment->parts[partition].furthest;
}

static void take_state(struct assignment *assignment, const struct record *record)
{
    char name[256];

    if (record->key.length == 0 || record->key.length >= sizeof name)
        return; /* no endpoint's */
    memcpy(name, record->key.data, record->key.length);
    name[record->key.length] = '\0';
    if (record->value.data != NULL && !keep(assignment, name, record->value))
        assignment->status = fault_fatal(&assignment->fault, "memory.out", "no memory for the states of endpoints");
}

static void end_restore(struct assignment *assignment, int32_t partition)
{
    struct fault fault; /* ignoring: what still comes is applied to what is known, or passed over */

    if (assignment->parts[partition].state != PART_RESTORING)
        return;
    assignment->parts[partition].state = PART_READY;
    (void)!reader_remove(assignment->states, TOPIC_WEBHOOK_STATE, partition, &fault);
    note_furthest(assignment, partition);
    log_info("webhook.states_known", LOG_INT("partition", partition), LOG_INT("endpoints", HASH_COUNT(assignment->kept)));
    assignment->events.ready(assignment->events.self, partition);
}

static enum status read_states(struct assignment *assignment, struct fault *fault)
{
    struct record record = {0};

    for (unsigned i = 0; i < RECORDS_MAX; i++) {
        switch (reader_poll(assignment->states, 0, &record, fault)) {
        case READER_RECORD:
            if (assignment->parts[record.partition].state == PART_RESTORING)
                take_state(assignment, &record);
            record_release(&record);
            break;
        case READER_END:
            end_restore(assignment, record.partition);
            break;
        case READER_NOTHING:
            return STATUS_OK;
        case READER_ERROR:
            return STATUS_FATAL;
        }
    }
    return STATUS_OK;
}

/* ---- the group ---- */

static void assigned(void *self, const char *topic, int32_t partition)
{
    struct assignment *assignment = self;
    (void)topic;

    log_info("webhook.partition_assigned", LOG_INT("partition", partition));
    assignment->parts[partition].state = PART_RESTORING;
    if (assignment->status == STATUS_OK)
        assignment->status =
            reader_add(assignment->states, TOPIC_WEBHOOK_STATE, partition, OFFSET_NONE, &assignment->fault);
}

static void revoked(void *self, const char *topic, int32_t partition, bool lost)
{
    struct assignment *assignment = self;
    struct fault fault; /* ignoring: it is not read any more either way */
    (void)topic;

    log_info("webhook.partition_revoked", LOG_INT("partition", partition), LOG_INT("lost", lost));
    if (assignment->parts[partition].state == PART_RESTORING)
        (void)!reader_remove(assignment->states, TOPIC_WEBHOOK_STATE, partition, &fault);
    if (assignment->parts[partition].state == PART_READY)
        assignment->events.revoked(assignment->events.self, partition);
    free(assignment->parts[partition].furthest);
    assignment->parts[partition] = (struct part){.state = PART_ABSENT};
    forget_states(assignment, partition);
}

static void hear_partition(struct assignment *assignment, int32_t partition)
{
    assignment->parts[partition].heard = true;
    if (assignment->status == STATUS_OK)
        assignment->status =
            source_seek(assignment->source, TOPIC_WEBHOOK_CONTROL, partition, OFFSET_NONE, &assignment->fault);
    source_resume(assignment->source, TOPIC_WEBHOOK_CONTROL, partition);
}

void assignment_hear_wishes(struct assignment *assignment)
{
    for (int32_t i = 0; i < assignment->partitions; i++)
        if (assignment->parts[i].state == PART_READY && !assignment->parts[i].heard)
            hear_partition(assignment, i);
}

static void take_wish(struct assignment *assignment, const struct record *record)
{
    ProtobufCMessage *message = NULL;
    struct fault fault = {0};
    char name[256];

    if (record->value.data == NULL ||
        unpack_message(schema_of(&medhub__webhook__v1__control__descriptor), record->value, assignment->arena, &message,
                       &fault) != STATUS_OK) {
        log_warn("webhook.wish_unreadable", LOG_INT("partition", record->partition), LOG_INT("offset", record->offset));
        return;
    }
    const Control *control = (const Control *)message;
    (void)snprintf(name, sizeof name, "%s/%s", control->organisation, control->endpoint);
    assignment->events.wish(assignment->events.self, name, control, record->offset);
}

static enum status serve_group(struct assignment *assignment, struct fault *fault)
{
    struct record record = {0};

    for (unsigned i = 0; i < RECORDS_MAX; i++) {
        fault_clear(fault);
        if (!source_poll(assignment->source, 0, &record, fault))
            return fault->code[0] == '\0' ? STATUS_OK : STATUS_FATAL;
        take_wish(assignment, &record);
        arena_reset(assignment->arena);
        record_release(&record);
    }
    return STATUS_OK;
}

enum status assignment_run(struct assignment *assignment, struct fault *fault)
{
    enum status status = serve_group(assignment, fault);

    if (status == STATUS_OK)
        status = read_states(assignment, fault);
    if (status == STATUS_OK && assignment->status != STATUS_OK) {
        *fault = assignment->fault;
        status = assignment->status;
    }
    return status;
}

bool assignment_is_ready(const struct assignment *assignment)
{
    for (int32_t i = 0; i < assignment->partitions; i++)
        if (assignment->parts[i].state == PART_RESTORING)
            return false;
    return source_has_joined(assignment->source);
}

bool assignment_has(const struct assignment *assignment, int32_t partition)
{
    return assignment->parts[partition].state == PART_READY;
}

int32_t assignment_partition_of(const struct assignment *assignment, const char *name)
{
    return hash_kafka_partition(bytes_of(name), assignment->partitions);
}

/* ---- life ---- */

static enum status open_states(struct assignment *assignment, const struct kafka_client *client, struct fault *fault)
{
    int32_t of_state = 0;
    enum status status = reader_open_bounded(client, true, READ_AHEAD_KILOBYTES, &assignment->states, fault);

    if (status == STATUS_OK)
        status = reader_partition_count(assignment->states, TOPIC_WEBHOOK_STATE, ASK_TIMEOUT_MS, &of_state, fault);
    if (status == STATUS_OK)
        status = reader_partition_count(assignment->states, TOPIC_WEBHOOK_CONTROL, ASK_TIMEOUT_MS,
                                        &assignment->partitions, fault);
    if (status != STATUS_OK)
        return status;
    if (of_state != assignment->partitions || of_state < 1 || of_state > PARTITIONS_MAX)
        return fault_fatal(fault, "topic.partitions", "%s has %d partitions, %s has %d: they must be the same, at most %d",
                           TOPIC_WEBHOOK_STATE, (int)of_state, TOPIC_WEBHOOK_CONTROL, (int)assignment->partitions,
                           (int)PARTITIONS_MAX);
    return STATUS_OK;
}

static enum status join(struct assignment *assignment, const struct kafka_client *client,
                        const struct webhook_settings *settings, struct fault *fault)
{
    static const char *const topics[] = {TOPIC_WEBHOOK_CONTROL};
    const struct source_settings how = {.group = settings->group,
                                        .instance = settings->instance[0] == '\0' ? NULL : settings->instance,
                                        .topics = topics,
                                        .topic_count = 1,
                                        .session_timeout_ms = (int)settings->session_timeout_ms,
                                        .poll_interval_ms_max = POLL_INTERVAL_MS};
    const struct source_events events = {assigned, revoked, assignment};

    return source_open(client, &how, events, &assignment->source, fault);
}

enum status assignment_open(const struct kafka_client *client, const struct webhook_settings *settings,
                            struct assignment_events events, struct assignment **assignment, struct fault *fault)
{
    struct assignment *made = calloc(1, sizeof *made);

    *assignment = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the assignment");
    made->events = events;
    made->arena = arena_new(64 * 1024, MESSAGE_BYTES_MAX);
    enum status status = made->arena == NULL ? fault_fatal(fault, "memory.out", "no memory for the assignment")
                                             : open_states(made, client, fault);
    if (status == STATUS_OK)
        status = join(made, client, settings, fault);
    if (status != STATUS_OK) {
        assignment_close(made);
        return status;
    }
    *assignment = made;
    return STATUS_OK;
}

void assignment_close(struct assignment *assignment)
{
    if (assignment == NULL)
        return;
    source_close(assignment->source);
    reader_close(assignment->states);
    forget_states(assignment, -1);
    for (size_t i = 0; i < PARTITIONS_MAX; i++)
        free(assignment->parts[i].furthest);
    arena_free(assignment->arena);
    free(assignment);
}
