#include "webhook/endpoint.h"

#include "base/hash.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define DELIVERED MEDHUB__WEBHOOK__V1__RESULT__RESULT_DELIVERED
#define SET_ASIDE MEDHUB__WEBHOOK__V1__RESULT__RESULT_SET_ASIDE
#define LOST      MEDHUB__WEBHOOK__V1__RESULT__RESULT_LOST
#define UNPAUSED  MEDHUB__WEBHOOK__V1__PAUSE_REASON__PAUSE_REASON_NONE
#define GONE      MEDHUB__WEBHOOK__V1__PAUSE_REASON__PAUSE_REASON_GONE

enum { FIRST_BUCKETS = 64 };

/* ---- those that are ready, the one due first on top ---- */

static bool goes_before(const struct waiting *a, const struct waiting *b)
{
    return a->open.due_ms != b->open.due_ms ? a->open.due_ms < b->open.due_ms : a->turn < b->turn;
}

static void heap_put(struct endpoint *endpoint, size_t place, struct waiting *waiting)
{
    endpoint->heap[place] = waiting;
    waiting->heap_place = place;
}

static void sift_up(struct endpoint *endpoint, size_t place)
{
    struct waiting *waiting = endpoint->heap[place];

    while (place > 0 && goes_before(waiting, endpoint->heap[(place - 1) / 2])) {
        heap_put(endpoint, place, endpoint->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    heap_put(endpoint, place, waiting);
}

static void sift_down(struct endpoint *endpoint, size_t place)
{
    struct waiting *waiting = endpoint->heap[place];

    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < endpoint->heap_count && goes_before(endpoint->heap[child + 1], endpoint->heap[child]))
            child++;
        if (child >= endpoint->heap_count || !goes_before(endpoint->heap[child], waiting))
            break;
        heap_put(endpoint, place, endpoint->heap[child]);
        place = child;
    }
    heap_put(endpoint, place, waiting);
}

/* The heap has room for the whole window since endpoint_take saw to it. */
static void make_ready(struct endpoint *endpoint, struct waiting *waiting, int64_t due_ms)
{
    assert(endpoint->heap_count < endpoint->heap_capacity);
    waiting->state = READY;
    waiting->open.due_ms = due_ms;
    waiting->turn = endpoint->turns++;
    heap_put(endpoint, endpoint->heap_count++, waiting);
    sift_up(endpoint, waiting->heap_place);
}

static struct waiting *take_first(struct endpoint *endpoint)
{
    struct waiting *first = endpoint->heap[0];

    endpoint->heap_count--;
    if (endpoint->heap_count > 0) {
        heap_put(endpoint, 0, endpoint->heap[endpoint->heap_count]);
        sift_down(endpoint, 0);
    }
    return first;
}

/* The endpoint is back: what waited for its sake waits no longer. */
static void make_all_due(struct endpoint *endpoint, int64_t now_ms, bool even_own_faults)
{
    for (size_t i = 0; i < endpoint->heap_count; i++)
        if (endpoint->heap[i]->open.due_ms > now_ms && (even_own_faults || endpoint->heap[i]->failed_with_endpoint))
            endpoint->heap[i]->open.due_ms = now_ms;
    for (size_t i = endpoint->heap_count / 2; i-- > 0;)
        sift_down(endpoint, i);
}

/* ---- the last of each key ---- */

static struct waiting **bucket_of(struct endpoint *endpoint, uint64_t key)
{
    return &endpoint->buckets[key & (endpoint->bucket_count - 1)];
}

static struct waiting *last_of_key(struct endpoint *endpoint, uint64_t key)
{
    struct waiting *each = *bucket_of(endpoint, key);

    while (each != NULL && each->key != key)
        each = each->next_in_bucket;
    return each;
}

static void add_last(struct endpoint *endpoint, struct waiting *waiting)
{
    struct waiting **bucket = bucket_of(endpoint, waiting->key);

    waiting->next_in_bucket = *bucket;
    *bucket = waiting;
}

static void remove_last(struct endpoint *endpoint, struct waiting *waiting)
{
    struct waiting **at = bucket_of(endpoint, waiting->key);

    while (*at != waiting)
        at = &(*at)->next_in_bucket;
    *at = waiting->next_in_bucket;
    waiting->next_in_bucket = NULL;
}

static bool grow(struct endpoint *endpoint)
{
    if (endpoint->count < endpoint->heap_capacity)
        return true;
    size_t capacity = endpoint->heap_capacity == 0 ? FIRST_BUCKETS : endpoint->heap_capacity * 2;
    struct waiting **heap = realloc(endpoint->heap, capacity * sizeof *heap);
    if (heap == NULL)
        return false;
    endpoint->heap = heap;
    struct waiting **buckets = calloc(capacity, sizeof *buckets);
    if (buckets == NULL)
        return false;
    struct waiting **old = endpoint->buckets;
    size_t old_count = endpoint->bucket_count;
    endpoint->buckets = buckets;
    endpoint->bucket_count = endpoint->heap_capacity = capacity;
    for (size_t i = 0; i < old_count; i++)
        for (struct waiting *each = old[i], *next = NULL; each != NULL; each = next) {
            next = each->next_in_bucket;
            add_last(endpoint, each);
        }
    free(old);
    return true;
}

/* ---- the window ---- */

static void unlink_waiting(struct endpoint *endpoint, struct waiting *waiting)
{
    *(waiting->older != NULL ? &waiting->older->newer : &endpoint->oldest) = waiting->newer;
    *(waiting->newer != NULL ? &waiting->newer->older : &endpoint->newest) = waiting->older;
    endpoint->count--;
    endpoint->bytes -= waiting->bytes;
}

static void free_waiting(struct endpoint *endpoint, struct waiting *waiting)
{
    unlink_waiting(endpoint, waiting);
    delivery_release(waiting->delivery);
    free(waiting);
}

static struct waiting *add_waiting(struct endpoint *endpoint, struct delivery *delivery)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);

    if (waiting == NULL)
        return NULL;
    waiting->endpoint = endpoint;
    waiting->delivery = delivery_share(delivery);
    waiting->bytes = delivery->bytes;
    waiting->key = hash_bytes(bytes_from(&delivery->partition, sizeof delivery->partition), delivery->key);
    waiting->open = (struct open_delivery){.partition = delivery->partition, .offset = delivery->offset};
    waiting->older = endpoint->newest;
    *(endpoint->newest != NULL ? &endpoint->newest->newer : &endpoint->oldest) = waiting;
    endpoint->newest = waiting;
    endpoint->count++;
    endpoint->bytes += waiting->bytes;
    return waiting;
}

static bool is_full(const struct endpoint *endpoint, size_t more_bytes)
{
    bool too_many = endpoint->count >= endpoint->plan->window_events;
    bool too_large = endpoint->count > 0 && endpoint->bytes + more_bytes > endpoint->plan->window_bytes;
    return too_many || too_large;
}

bool endpoint_has_room(const struct endpoint *endpoint)
{
    return endpoint->count <= endpoint->plan->window_events / 2 && endpoint->bytes <= endpoint->plan->window_bytes / 2;
}

/* Behind all others of its key; a redriven one too: those before it have been sent long ago. */
static void queue_up(struct endpoint *endpoint, struct waiting *waiting, int64_t now_ms)
{
    struct waiting *last = last_of_key(endpoint, waiting->key);

    add_last(endpoint, waiting);
    if (last == NULL) {
        make_ready(endpoint, waiting, waiting->open.due_ms > now_ms ? waiting->open.due_ms : now_ms);
        return;
    }
    remove_last(endpoint, last);
    last->next_of_key = waiting;
    waiting->state = WAITING;
}

enum endpoint_takes endpoint_take(struct endpoint *endpoint, struct delivery *delivery, int64_t now_ms)
{
    const struct open_delivery *wanted = progress_find(&endpoint->progress, delivery->partition, delivery->offset);

    if (wanted == NULL && delivery->offset < progress_next(&endpoint->progress, delivery->partition))
        return ENDPOINT_KNOWS;
    if (is_full(endpoint, delivery->bytes) || !grow(endpoint))
        return ENDPOINT_FULL;
    struct waiting *waiting = add_waiting(endpoint, delivery);
    if (waiting == NULL)
        return ENDPOINT_FULL;
    if (wanted != NULL)
        waiting->open = *wanted;
    progress_found(&endpoint->progress, delivery->partition, delivery->offset);
    if (wanted == NULL)
        progress_looked_at(&endpoint->progress, delivery->partition, delivery->offset + 1);
    queue_up(endpoint, waiting, now_ms);
    return ENDPOINT_TOOK;
}

static void settle(struct endpoint *endpoint, struct waiting *waiting, Medhub__Webhook__V1__Result result,
                   const char *code, int http_status, int64_t now_ms)
{
    waiting->state = SETTLING;
    waiting->result = result;
    waiting->http_status = http_status;
    waiting->settled_ms = now_ms;
    (void)snprintf(waiting->code, sizeof waiting->code, "%s", code);
    endpoint->settling++;
}

struct waiting *endpoint_lose(struct endpoint *endpoint, struct delivery *delivery, int64_t now_ms)
{
    const struct open_delivery *wanted = progress_find(&endpoint->progress, delivery->partition, delivery->offset);
    struct waiting *waiting = wanted == NULL ? NULL : add_waiting(endpoint, delivery);

    if (waiting == NULL)
        return NULL;
    waiting->open = *wanted;
    progress_found(&endpoint->progress, delivery->partition, delivery->offset);
    settle(endpoint, waiting, LOST, "delivery.lost", 0, now_ms);
    return waiting;
}

/* ---- sending ---- */

/* One at a time while it fails, so that an endpoint that hangs binds one request, not all that it may have. */
static unsigned allowed_at_once(const struct endpoint *endpoint)
{
    if (endpoint->breaker.failures > 0)
        return 1;
    return endpoint->concurrency > 0 ? endpoint->concurrency : endpoint->plan->concurrency;
}

static bool may_send(const struct endpoint *endpoint)
{
    return endpoint->enabled && endpoint->paused == UNPAUSED && endpoint->heap_count > 0 &&
           endpoint->in_flight < allowed_at_once(endpoint);
}

struct waiting *endpoint_next(struct endpoint *endpoint, int64_t now_ms)
{
    if (!may_send(endpoint) || now_ms < endpoint->not_before_ms || !breaker_allows(&endpoint->breaker, now_ms) ||
        endpoint->heap[0]->open.due_ms > now_ms)
        return NULL;
    struct waiting *waiting = take_first(endpoint);
    waiting->state = SENDING;
    if (waiting->open.first_try_ms == 0)
        waiting->open.first_try_ms = now_ms;
    endpoint->in_flight++;
    breaker_sent(&endpoint->breaker, now_ms);
    return waiting;
}

bool endpoint_is_well(const struct endpoint *endpoint)
{
    return endpoint->enabled && endpoint->paused == UNPAUSED && endpoint->breaker.failures == 0;
}

bool endpoint_runs_dry(const struct endpoint *endpoint, int64_t now_ms)
{
    if (!endpoint_is_well(endpoint) || now_ms < endpoint->not_before_ms)
        return false;
    return endpoint->heap_count < 2 * (size_t)allowed_at_once(endpoint) || endpoint->heap[0]->open.due_ms > now_ms;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t endpoint_due_ms(const struct endpoint *endpoint)
{
    if (!may_send(endpoint) || endpoint->breaker.probing)
        return INT64_MAX;
    return later(endpoint->heap[0]->open.due_ms, later(endpoint->not_before_ms, endpoint->breaker.until_ms));
}

void endpoint_not_sent(struct endpoint *endpoint, struct waiting *waiting, int64_t due_ms)
{
    endpoint->in_flight--;
    breaker_told_nothing(&endpoint->breaker);
    make_ready(endpoint, waiting, due_ms);
}

static void let_next_of_key_go(struct endpoint *endpoint, struct waiting *waiting, int64_t now_ms)
{
    struct waiting *next = waiting->next_of_key;

    waiting->next_of_key = NULL;
    if (next == NULL)
        remove_last(endpoint, waiting);
    else
        make_ready(endpoint, next, later(next->open.due_ms, now_ms));
}

static void tell_breaker(struct endpoint *endpoint, const struct http_answer *answer, int64_t now_ms)
{
    bool had_failed = endpoint->breaker.failures > 0;

    if (answer->endpoint_failed) {
        breaker_failed(&endpoint->breaker, &endpoint->plan->breaker, now_ms, endpoint->seed);
    } else if (answer->endpoint_answered) {
        breaker_succeeded(&endpoint->breaker);
        if (had_failed)
            make_all_due(endpoint, now_ms, false);
    } else {
        breaker_told_nothing(&endpoint->breaker);
    }
}

/* False: the delivery is to be set aside. */
static bool try_again(struct endpoint *endpoint, struct waiting *waiting, const struct http_answer *answer, int64_t now_ms)
{
    if (answer->status == STATUS_REJECT && ++waiting->open.refusals >= endpoint->plan->refusals_max)
        return false;
    int64_t due_ms = retry_due_ms(&endpoint->plan->retry, waiting->open.attempts, waiting->open.first_try_ms, now_ms,
                                  endpoint->seed ^ (uint64_t)waiting->open.offset);
    if (due_ms == RETRY_GIVE_UP)
        return false;
    if (answer->retry_after_ms > 0)
        due_ms = now_ms + answer->retry_after_ms;
    waiting->failed_with_endpoint = answer->endpoint_failed;
    make_ready(endpoint, waiting, due_ms);
    return true;
}

void endpoint_note_failure(struct endpoint *endpoint, const char *code, int64_t now_ms)
{
    (void)snprintf(endpoint->failure, sizeof endpoint->failure, "%s", code);
    endpoint->failure_ms = now_ms;
    endpoint->changed = true;
}

bool endpoint_answered(struct endpoint *endpoint, struct waiting *waiting, const struct http_answer *answer, int64_t now_ms)
{
    assert(waiting->state == SENDING);
    endpoint->in_flight--;
    endpoint->changed = true;
    waiting->open.attempts++;
    tell_breaker(endpoint, answer, now_ms);
    if (answer->status != STATUS_OK)
        endpoint_note_failure(endpoint, answer->code, now_ms);
    if (answer->retry_after_ms > 0 && answer->status == STATUS_RETRY)
        endpoint->not_before_ms = later(endpoint->not_before_ms, now_ms + answer->retry_after_ms);
    if (answer->gone) {
        endpoint_pause(endpoint, GONE, "410 Gone", now_ms);
        make_ready(endpoint, waiting, now_ms);
        return false;
    }
    if (answer->status != STATUS_OK && try_again(endpoint, waiting, answer, now_ms))
        return false;
    bool taken = answer->status == STATUS_OK;
    settle(endpoint, waiting, taken ? DELIVERED : SET_ASIDE, taken ? "" : answer->code, answer->http_status, now_ms);
    let_next_of_key_go(endpoint, waiting, now_ms);
    return true;
}

void endpoint_settled(struct endpoint *endpoint, struct waiting *waiting)
{
    assert(waiting->state == SETTLING);
    endpoint->settling--;
    endpoint->changed = true;
    endpoint->delivered += waiting->result == DELIVERED;
    endpoint->set_aside += waiting->result == SET_ASIDE;
    free_waiting(endpoint, waiting);
}

/* ---- wishes ---- */

void endpoint_pause(struct endpoint *endpoint, Medhub__Webhook__V1__PauseReason reason, const char *text, int64_t now_ms)
{
    endpoint->paused = reason;
    endpoint->paused_at_ms = now_ms;
    (void)snprintf(endpoint->pause_text, sizeof endpoint->pause_text, "%.*s",
                   (int)bytes_utf8_cut(bytes_of(text), sizeof endpoint->pause_text - 1), text);
    endpoint->changed = true;
}

void endpoint_resume(struct endpoint *endpoint, int64_t now_ms)
{
    endpoint->paused = UNPAUSED;
    endpoint->pause_text[0] = '\0';
    endpoint->paused_at_ms = 0;
    endpoint->not_before_ms = 0;
    breaker_succeeded(&endpoint->breaker);
    make_all_due(endpoint, now_ms, true);
    endpoint->changed = true;
}

static bool is_open(const struct endpoint *endpoint, int32_t partition, int64_t offset)
{
    for (const struct waiting *each = endpoint->oldest; each != NULL; each = each->newer)
        if (each->open.partition == partition && each->open.offset == offset && each->state != SETTLING)
            return true;
    return false;
}

/* What was not looked at yet comes by itself. */
bool endpoint_redrive(struct endpoint *endpoint, int32_t partition, int64_t offset)
{
    const struct open_delivery open = {.partition = partition, .offset = offset, .redriven = true};

    if (partition < 0 || partition >= endpoint->progress.partitions || offset < 0 ||
        offset >= progress_next(&endpoint->progress, partition) || is_open(endpoint, partition, offset))
        return true;
    endpoint->changed = true;
    return progress_want(&endpoint->progress, &open);
}

int64_t endpoint_oldest_ms(const struct endpoint *endpoint)
{
    int64_t oldest_ms = 0;

    for (const struct waiting *each = endpoint->oldest; each != NULL; each = each->newer)
        if (each->state != SETTLING && (oldest_ms == 0 || each->delivery->decided_at_ms < oldest_ms))
            oldest_ms = each->delivery->decided_at_ms;
    return oldest_ms;
}

/* ---- life ---- */

struct endpoint *endpoint_new(const char *name, const struct endpoint_plan *plan, int32_t partitions, const int64_t *start)
{
    struct endpoint *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    made->name = strdup(name);
    made->plan = plan;
    made->seed = hash_bytes(bytes_of(name), 0);
    if (made->name == NULL || !progress_init(&made->progress, partitions, start)) {
        endpoint_free(made);
        return NULL;
    }
    return made;
}

void endpoint_free(struct endpoint *endpoint)
{
    if (endpoint == NULL)
        return;
    assert(endpoint->in_flight == 0 && endpoint->settling == 0);
    while (endpoint->oldest != NULL)
        free_waiting(endpoint, endpoint->oldest);
    progress_done(&endpoint->progress);
    free(endpoint->heap);
    free(endpoint->buckets);
    free(endpoint->name);
    free(endpoint);
}
