#include "client/feeds.h"

#include "client/wire.h"

#include "base/hash.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct medhub_item {
    int64_t sequence; /* 0: holds nothing */
    enum medhub_item_kind kind;
    const char *feed;
    char *body;
    json_t *event; /* lends the attributes */
};

struct follower {
    struct medhub *hub;
    char *feed;
    bool active;
    medhub_item_callback *callback; /* NULL: medhub_next() asks */
    void *context;
    bool fetching, stale;              /* stale: what is being fetched is no longer wanted */
    bool empty;                        /* nothing in the mailbox */
    int64_t failures, paused_until_ms; /* of fetching */
    int64_t refusals, told_again_ms;   /* of the callback */
    struct medhub_item lent;           /* by medhub_next */
};

struct feeds {
    struct medhub *hub;
    size_t count;
    struct follower followers[]; /* feeds_max; one whose feed is NULL is free */
};

enum medhub_status feeds_open(struct medhub *hub, struct feeds **feeds, struct medhub_error *error)
{
    size_t count = (size_t)hub->settings.feeds_max;
    *feeds = calloc(1, sizeof **feeds + count * sizeof(struct follower));
    if (*feeds == NULL)
        return error_say(error, "memory.out", NULL);
    (*feeds)->hub = hub;
    (*feeds)->count = count;
    for (size_t i = 0; i < count; i++)
        (*feeds)->followers[i].hub = hub;
    return MEDHUB_OK;
}

static void item_done(struct medhub_item *item)
{
    json_decref(item->event);
    free(item->body);
    *item = (struct medhub_item){0};
}

void feeds_close(struct feeds *feeds)
{
    for (size_t i = 0; feeds != NULL && i < feeds->count; i++) {
        item_done(&feeds->followers[i].lent);
        free(feeds->followers[i].feed);
    }
    free(feeds);
}

/* ---- pages ---- */

static void pause_fetching(struct follower *follower, int64_t retry_after_ms)
{
    struct retry_plan plan = handle_retry_plan(follower->hub);
    follower->failures++;
    follower->paused_until_ms =
        clock_now_ms(follower->hub->clock) +
        retry_pause_ms(&plan, follower->failures, retry_after_ms,
                       hash_bytes(bytes_of(follower->feed), (uint64_t)follower->failures));
}

/* The events as texts; what the gateway sent is kept as it is. */
static const char **dump_events(const json_t *events, size_t *count)
{
    size_t most = json_array_size(events);
    const char **bodies = calloc(most + 1, sizeof *bodies);

    for (*count = 0; bodies != NULL && *count < most; (*count)++) {
        bodies[*count] = json_dumps(json_array_get(events, *count), JSON_COMPACT);
        if (bodies[*count] == NULL)
            break;
    }
    return bodies;
}

static void free_bodies(const char **bodies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)bodies[i]);
    free(bodies);
}

static enum medhub_status store_page(struct follower *follower, const struct wire_page *page,
                                     struct medhub_error *error)
{
    struct medhub *hub = follower->hub;
    size_t count = 0;
    const char **bodies = dump_events(page->events, &count);

    if (bodies == NULL || count < json_array_size(page->events)) {
        free_bodies(bodies, count);
        return error_say(error, "memory.out", NULL);
    }
    const struct mailbox_page put = {MEDHUB_ITEM_EVENT, bodies, count, page->next};
    enum medhub_status status =
        mailbox_put(hub->local, follower->feed, &put, clock_now_ms(hub->clock), error);
    if (status == MEDHUB_OK && count > 0)
        follower->empty = false;
    free_bodies(bodies, count);
    return status;
}

/* What was missed cannot be had any more: the follower is told in its place, then goes on with the oldest. */
static enum medhub_status store_gap(struct follower *follower, struct medhub_error *error)
{
    struct medhub *hub = follower->hub;
    const char *const nothing[] = {""};
    const struct mailbox_page gap = {MEDHUB_ITEM_GAP, nothing, 1, ""};
    enum medhub_status status =
        mailbox_put(hub->local, follower->feed, &gap, clock_now_ms(hub->clock), error);
    if (status == MEDHUB_OK)
        follower->empty = false;
    return status;
}

static void on_page(void *context, const struct courier_answer *answer)
{
    struct follower *follower = context;
    struct medhub *hub = follower->hub;
    struct medhub_error problem = MEDHUB_ERROR_INIT, error = MEDHUB_ERROR_INIT;
    struct wire_page page;
    bool is_page = wire_page(answer, &page), is_gap = answer->status == 410;
    enum medhub_status status = MEDHUB_OK;

    if (answer->status == 404)
        (void)error_say_http(&problem, "feed.unknown", 404, follower->feed);
    else if (!is_page)
        (void)wire_problem(answer, &problem);
    handle_contact(hub, is_page || is_gap ? NULL : &problem);
    (void)pthread_mutex_lock(&hub->lock);
    follower->fetching = false;
    if (is_page || is_gap)
        follower->failures = 0;
    else
        pause_fetching(follower, answer->retry_after_ms);
    if (is_page && !follower->stale)
        status = store_page(follower, &page, &error);
    else if (is_gap && !follower->stale)
        status = store_gap(follower, &error);
    follower->stale = false;
    handle_failed(hub, status, &error);
    (void)pthread_cond_broadcast(&hub->changed);
    (void)pthread_mutex_unlock(&hub->lock);
    json_decref(page.root);
}

static enum medhub_status fetch(struct follower *follower, struct medhub_error *error)
{
    struct medhub *hub = follower->hub;
    const struct client_settings *settings = &hub->settings;
    char *cursor = NULL;
    enum medhub_status status = mailbox_cursor(hub->local, follower->feed, &cursor, error);

    if (status != MEDHUB_OK)
        return status;
    char *target =
        wire_feed_target(follower->feed, cursor, settings->feed_page_events, settings->feed_wait_seconds);
    const struct courier_request request = {
        .method = "GET",
        .target = target,
        .accept_encoding = "",
        .timeout_ms = settings->request_timeout_ms + settings->feed_wait_seconds * 1000,
        .done = on_page,
        .context = follower,
    };
    status =
        target == NULL ? error_say(error, "memory.out", NULL) : courier_start(hub->courier, &request, error);
    follower->fetching = status == MEDHUB_OK;
    free(target);
    free(cursor);
    return status;
}

int64_t feeds_step(struct feeds *feeds)
{
    struct medhub *hub = feeds->hub;
    struct medhub_error error = MEDHUB_ERROR_INIT;
    int64_t now = clock_now_ms(hub->clock), next_ms = INT64_MAX;

    (void)pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < feeds->count; i++) {
        struct follower *follower = &feeds->followers[i];
        if (!follower->active)
            continue;
        if (!follower->empty && follower->callback != NULL && follower->told_again_ms > now)
            next_ms = follower->told_again_ms < next_ms ? follower->told_again_ms : next_ms;
        if (!follower->empty || follower->fetching)
            continue;
        if (follower->paused_until_ms > now)
            next_ms = follower->paused_until_ms < next_ms ? follower->paused_until_ms : next_ms;
        else
            handle_failed(hub, fetch(follower, &error), &error);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return next_ms;
}

/* ---- items ---- */

/* The oldest item that was not handled, into ITEM. NOT_FOUND: none. Lock held. */
static enum medhub_status load_item(struct follower *follower, struct medhub_item *item,
                                    struct medhub_error *error)
{
    struct mailbox_item first;
    enum medhub_status status = mailbox_first(follower->hub->local, follower->feed, &first, error);

    follower->empty = status == MEDHUB_NOT_FOUND;
    if (status != MEDHUB_OK)
        return status;
    item_done(item);
    *item = (struct medhub_item){.sequence = first.sequence,
                                 .kind = first.kind,
                                 .feed = follower->feed,
                                 .body = first.body,
                                 .event = json_loads(first.body, 0, NULL)}; /* NULL of a gap */
    return MEDHUB_OK;
}

static enum medhub_status note_told(struct follower *follower, const struct medhub_item *item,
                                    enum medhub_status answer, struct medhub_error *error)
{
    struct medhub *hub = follower->hub;
    struct retry_plan plan = handle_retry_plan(hub);

    if (answer == MEDHUB_OK) {
        follower->refusals = 0;
        return mailbox_handled(hub->local, item->sequence, error);
    }
    follower->refusals++;
    follower->told_again_ms =
        clock_now_ms(hub->clock) + retry_pause_ms(&plan, follower->refusals, -1, (uint64_t)item->sequence);
    return MEDHUB_OK;
}

/* False: nothing to tell, or the callback did not take it. */
static bool tell_one(struct follower *follower)
{
    struct medhub *hub = follower->hub;
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct medhub_item item = {0};

    (void)pthread_mutex_lock(&hub->lock);
    bool due = follower->active && follower->callback != NULL && !follower->empty &&
               clock_now_ms(hub->clock) >= follower->told_again_ms;
    enum medhub_status status = due ? load_item(follower, &item, &error) : MEDHUB_NOT_FOUND;
    medhub_item_callback *callback = follower->callback;
    void *context = follower->context;
    (void)pthread_mutex_unlock(&hub->lock);
    if (status == MEDHUB_NOT_FOUND)
        return false;

    enum medhub_status answer = status == MEDHUB_OK ? callback(context, &item) : MEDHUB_AGAIN;
    (void)pthread_mutex_lock(&hub->lock);
    if (status == MEDHUB_OK)
        status = note_told(follower, &item, answer, &error);
    handle_failed(hub, status, &error);
    (void)pthread_mutex_unlock(&hub->lock);
    item_done(&item);
    return status == MEDHUB_OK && answer == MEDHUB_OK;
}

size_t feeds_tell(struct feeds *feeds)
{
    size_t told = 0;

    for (size_t i = 0; i < feeds->count; i++)
        for (int64_t j = 0; j < feeds->hub->settings.feed_page_events && tell_one(&feeds->followers[i]); j++)
            told++;
    return told;
}

enum medhub_item_kind medhub_item_kind(const struct medhub_item *item)
{
    return item->kind;
}

const char *medhub_item_feed(const struct medhub_item *item)
{
    return item->feed;
}

const char *medhub_item_json(const struct medhub_item *item)
{
    return item->body;
}

static const char *attribute(const struct medhub_item *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item->event, name));
    return text == NULL ? "" : text;
}

const char *medhub_item_id(const struct medhub_item *item)
{
    return attribute(item, "id");
}

const char *medhub_item_type(const struct medhub_item *item)
{
    return attribute(item, "type");
}

const char *medhub_item_subject(const struct medhub_item *item)
{
    return attribute(item, "subject");
}

/* ---- who follows ---- */

static struct follower *find_follower(struct feeds *feeds, const char *feed)
{
    for (size_t i = 0; i < feeds->count; i++)
        if (feeds->followers[i].feed != NULL && strcmp(feeds->followers[i].feed, feed) == 0)
            return &feeds->followers[i];
    return NULL;
}

/* A place is never given to another feed: a request that was under way may still come back to it. */
static enum medhub_status get_follower(struct feeds *feeds, const char *feed, struct follower **follower,
                                       struct medhub_error *error)
{
    *follower = find_follower(feeds, feed);
    for (size_t i = 0; i < feeds->count && *follower == NULL; i++) {
        if (feeds->followers[i].feed != NULL)
            continue;
        *follower = &feeds->followers[i];
        (*follower)->feed = strdup(feed);
        if ((*follower)->feed == NULL)
            return error_say(error, "memory.out", NULL);
    }
    return *follower == NULL ? error_say(error, "feed.many", "feeds_max") : MEDHUB_OK;
}

static bool is_feed_name(const char *feed)
{
    return feed != NULL && feed[0] != '\0' && strlen(feed) <= 255;
}

static enum medhub_status activate(struct follower *follower, medhub_item_callback *callback, void *context,
                                   struct medhub_error *error)
{
    if (follower->active)
        return error_say(error, "feed.active", "%s", follower->feed);
    follower->active = true;
    follower->callback = callback;
    follower->context = context;
    follower->empty = false; /* not known: the mailbox is looked into */
    follower->refusals = follower->told_again_ms = 0;
    follower->paused_until_ms = 0;
    return MEDHUB_OK;
}

static enum medhub_status activate_to_pull(struct follower *follower, struct medhub_error *error)
{
    if (follower->active)
        return follower->callback != NULL ? error_say(error, "feed.active", "%s", follower->feed) : MEDHUB_OK;
    return activate(follower, NULL, NULL, error);
}

enum medhub_status medhub_follow(struct medhub *hub, const char *feed, medhub_item_callback *callback,
                                 void *context, struct medhub_error *error)
{
    struct follower *follower = NULL;

    if (hub == NULL || callback == NULL || !is_feed_name(feed))
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    enum medhub_status status = get_follower(hub->feeds, feed, &follower, error);
    if (status == MEDHUB_OK)
        status = activate(follower, callback, context, error);
    (void)pthread_mutex_unlock(&hub->lock);
    courier_wake(hub->courier);
    return status;
}

enum medhub_status medhub_unfollow(struct medhub *hub, const char *feed, struct medhub_error *error)
{
    if (hub == NULL || !is_feed_name(feed))
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    struct follower *follower = find_follower(hub->feeds, feed);
    bool active = follower != NULL && follower->active;
    if (active) {
        follower->active = false;
        follower->stale = follower->fetching;
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return active ? MEDHUB_OK : error_say(error, "feed.unknown", "%s", feed);
}

struct pull {
    struct follower *follower;
    enum medhub_status status;
    struct medhub_error *error;
};

static bool has_item(struct medhub *hub, void *context)
{
    struct pull *pull = context;

    (void)hub;
    pull->status = load_item(pull->follower, &pull->follower->lent, pull->error);
    return pull->status != MEDHUB_NOT_FOUND;
}

enum medhub_status medhub_next(struct medhub *hub, const char *feed, int timeout_ms,
                               const struct medhub_item **item, struct medhub_error *error)
{
    struct pull pull = {.status = MEDHUB_NOT_FOUND, .error = error};

    if (hub == NULL || item == NULL || !is_feed_name(feed))
        return error_say(error, "argument.missing", NULL);
    *item = NULL;
    (void)pthread_mutex_lock(&hub->lock);
    enum medhub_status status = get_follower(hub->feeds, feed, &pull.follower, error);
    if (status == MEDHUB_OK)
        status = activate_to_pull(pull.follower, error);
    if (status == MEDHUB_OK)
        item_done(&pull.follower->lent);
    (void)pthread_mutex_unlock(&hub->lock);
    courier_wake(hub->courier);
    if (status == MEDHUB_OK)
        status = handle_until(hub, has_item, &pull, timeout_ms, error);
    if (status == MEDHUB_AGAIN)
        return error_say(error, "feed.none", NULL);
    if (status == MEDHUB_OK)
        status = pull.status;
    if (status == MEDHUB_OK)
        *item = &pull.follower->lent;
    return status;
}

enum medhub_status medhub_done(struct medhub *hub, const struct medhub_item *item, struct medhub_error *error)
{
    enum medhub_status status = MEDHUB_OK;

    if (hub == NULL || item == NULL)
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    struct follower *follower = item->feed == NULL ? NULL : find_follower(hub->feeds, item->feed);
    if (follower == NULL || item != &follower->lent || item->sequence == 0)
        status = error_say(error, "feed.item", NULL);
    if (status == MEDHUB_OK)
        status = mailbox_handled(hub->local, item->sequence, error);
    if (status == MEDHUB_OK)
        follower->lent.sequence = 0;
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}

enum medhub_status medhub_set_cursor(struct medhub *hub, const char *feed, const char *cursor,
                                     struct medhub_error *error)
{
    if (hub == NULL || cursor == NULL || !is_feed_name(feed))
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    struct follower *follower = find_follower(hub->feeds, feed);
    bool busy = follower != NULL && follower->active;
    enum medhub_status status =
        busy ? error_say(error, "feed.active", "%s", feed)
             : mailbox_rewind(hub->local, feed, cursor, clock_now_ms(hub->clock), error);
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}
