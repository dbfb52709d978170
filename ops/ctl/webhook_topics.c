#include "ops/ctl/webhook_topics.h"

#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"

#include "webhook/journal.h"

enum { ARENA_LIMIT = 1024 * 1024 * 1024 };

static bool gather(void *self, struct record *record)
{
    struct webhook_gathered *gathered = self;
    struct webhook_latest *latest = NULL;
    struct fault fault; /* ignoring: what cannot be read is nobody's record */
    char *key = arena_text(gathered->arena, record->key);

    gathered->failed = key == NULL;
    if (key == NULL || (gathered->prefix != NULL && strncmp(key, gathered->prefix, strlen(gathered->prefix)) != 0))
        return !gathered->failed;
    HASH_FIND_STR(gathered->all, key, latest);
    if (latest == NULL) {
        latest = arena_take_zeroed(gathered->arena, sizeof *latest);
        gathered->failed = latest == NULL;
        if (latest == NULL)
            return false;
        latest->key = key;
        HASH_ADD_KEYPTR(hh, gathered->all, latest->key, strlen(latest->key), latest);
    }
    latest->message = NULL;
    if (record->value.data != NULL)
        (void)!unpack_message(gathered->facts, record->value, gathered->arena, &latest->message, &fault);
    return true;
}

static int by_key(const struct webhook_latest *left, const struct webhook_latest *right)
{
    return strcmp(left->key, right->key);
}

enum exit_code webhook_gather(struct call *call, struct session *session, const char *topic, struct webhook_gathered *gathered)
{
    const struct scan_request request = {.topics = &topic, .topic_count = 1, .since_ms = -1, .until_ms = -1};
    struct fault fault = {0};

    gathered->arena = arena_new(256 * 1024, ARENA_LIMIT);
    if (gathered->arena == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    if (scan_topics(session, &request, gather, gathered, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    if (gathered->failed)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    HASH_SORT(gathered->all, by_key);
    return EXIT_OK;
}

void webhook_gathered_done(struct webhook_gathered *gathered)
{
    HASH_CLEAR(hh, gathered->all);
    arena_free(gathered->arena);
}

enum exit_code webhook_gather_states(struct call *call, struct session *session, struct webhook_gathered *gathered)
{
    *gathered = (struct webhook_gathered){.facts = schema_of(&medhub__webhook__v1__endpoint_state__descriptor)};
    return webhook_gather(call, session, TOPIC_WEBHOOK_STATE, gathered);
}

const EndpointState *webhook_find_state(const struct webhook_gathered *gathered, const char *name)
{
    struct webhook_latest *found = NULL;

    HASH_FIND_STR(gathered->all, name, found);
    return found == NULL ? NULL : (const EndpointState *)found->message;
}

enum exit_code webhook_unknown_endpoint(struct call *call)
{
    return say_refusal(call, EXIT_NOT_FOUND, "webhook.endpoint", "没有这个端点（应为 机构/端点）",
                       "no endpoint %s (ORGANISATION/ENDPOINT)", call->arguments[0]);
}
