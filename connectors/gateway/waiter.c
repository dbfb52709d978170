#include "gateway/waiter.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "core/delivery_event.h"
#include "event/unpack.h"
#include "gateway/receipts.h"
#include "gateway/stream.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { TAIL_EVENTS_MAX = 500, RECIPIENTS_MAX = 64, MISSED_MAX = 64, ARENA_FIRST = 256 * 1024, ARENA_LIMIT = 256 * 1024 * 1024 };
enum { EVENT_BYTES_MAX = 8 * 1024 * 1024, RETRY_PAUSE_US = 100 * 1000, RELEASE_EVERY_US = 20 * 1000 };

struct waiter {
    struct waiter_settings settings;
    struct read_model *model;
    struct arena *arena; /* of one look */
    struct buffer event; /* one delivery as JSON */
    pthread_t thread;
    bool has_thread;

    /* The thread's. */
    struct awaited *decisions;
    struct follow *followers;
    struct feed_place tail; /* what has been handed to the followers */
    bool has_tail;
    int64_t released_us;
    uint64_t version;

    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t news;
    struct awaited *new_decisions;
    struct follow *new_followers;
    size_t count; /* of all who wait */
    bool stopping;
};

static void forget_one(struct waiter *waiter)
{
    (void)pthread_mutex_lock(&waiter->lock);
    waiter->count--;
    (void)pthread_mutex_unlock(&waiter->lock);
}

/* ---- decisions ---- */

/* Partitions in which something earlier is undecided: what is behind it is undecided too. */
struct missed {
    struct {
        const char *topic;
        int32_t partition;
    } places[MISSED_MAX];
    size_t count;
};

static bool is_missed(const struct missed *missed, const struct input_place *place)
{
    for (size_t i = 0; i < missed->count; i++)
        if (missed->places[i].partition == place->partition && strcmp(missed->places[i].topic, place->topic) == 0)
            return true;
    return false;
}

static void note_missed(struct missed *missed, const struct input_place *place)
{
    if (missed->count == MISSED_MAX)
        return;
    missed->places[missed->count].topic = place->topic;
    missed->places[missed->count++].partition = place->partition;
}

/* A repetition is answered as the first time: with the first receipt, if it is there. */
static enum status first_answer(struct waiter *waiter, const struct awaited_event *event, struct seen_receipt *seen,
                                struct fault *fault)
{
    const Receipt *receipt = receipt_parse(seen->value, waiter->arena);
    struct seen_receipt first;
    bool found = false;

    if (receipt == NULL || !receipt_is_repetition(receipt))
        return STATUS_OK;
    enum status status =
        read_model_receipt(waiter->model, event->source, event->id, waiter->arena, &first, &found, fault);
    if (status == STATUS_OK && found)
        *seen = first;
    return status;
}

static enum status look_for(struct waiter *waiter, struct awaited *awaited, struct awaited_event *event, bool *found,
                            struct fault *fault)
{
    struct seen_receipt seen;

    enum status status = read_model_receipt_at(waiter->model, &event->place, waiter->arena, &seen, found, fault);
    if (status == STATUS_OK && *found)
        status = first_answer(waiter, event, &seen, fault);
    if (status != STATUS_OK || !*found)
        return status;
    event->receipt = arena_bytes(awaited->request->arena, seen.value);
    awaited->decided++;
    return STATUS_OK;
}

static enum status look_for_all(struct waiter *waiter, struct awaited *awaited, struct fault *fault)
{
    struct missed missed = {.count = 0};
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < awaited->count; i++) {
        struct awaited_event *event = &awaited->events[i];
        bool found = false;
        if (event->receipt.data != NULL || is_missed(&missed, &event->place))
            continue;
        status = look_for(waiter, awaited, event, &found, fault);
        if (!found)
            note_missed(&missed, &event->place);
    }
    return status;
}

static enum status look_at_decisions(struct waiter *waiter, bool look, int64_t now_us, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (struct awaited **at = &waiter->decisions; *at != NULL;) {
        struct awaited *awaited = *at;
        if (look && status == STATUS_OK)
            status = look_for_all(waiter, awaited, fault);
        if (awaited->decided < awaited->count && now_us < awaited->deadline_us) {
            at = &awaited->next;
            continue;
        }
        *at = awaited->next;
        forget_one(waiter);
        request_go_on(awaited->request, awaited->then);
    }
    return status;
}

/* ---- followers ---- */

static struct follow *remove_follower(struct waiter *waiter, struct follow **at)
{
    struct follow *follow = *at;

    *at = follow->next;
    follow->next = NULL;
    forget_one(waiter);
    return follow;
}

/* What followers are chosen by. */
struct addressed {
    uint64_t hashes[RECIPIENTS_MAX];
    size_t count;
    const char *type;
};

static bool read_address(struct waiter *waiter, const struct seen_delivery *delivery, struct addressed *to)
{
    ProtobufCMessage *message = NULL;
    struct fault fault;

    if (unpack_message(schema_of(&medhub__event__v1__delivery__descriptor), delivery->value, waiter->arena, &message,
                       &fault) != STATUS_OK)
        return false;
    const Medhub__Event__V1__Delivery *said = (const Medhub__Event__V1__Delivery *)message;
    to->type = said->type;
    to->count = said->n_recipients < RECIPIENTS_MAX ? said->n_recipients : RECIPIENTS_MAX;
    for (size_t i = 0; i < to->count; i++)
        to->hashes[i] = hash_bytes(bytes_of(said->recipients[i]), 0);
    return true;
}

static bool has_had(const struct follow *follow, const struct seen_delivery *delivery)
{
    return delivery->partition < follow->place.partition_count &&
           delivery->offset < follow->place.next_offset[delivery->partition];
}

/* One follower who wants it. Who is too slow, or has his page full, is no follower afterwards. */
static void hand_to(struct waiter *waiter, struct follow **at, const struct seen_delivery *delivery)
{
    struct follow *follow = *at;

    if (!follow_give(follow, delivery->partition, delivery->offset, buffer_bytes(&waiter->event), waiter->arena))
        follow_ask_again(remove_follower(waiter, at)); /* when he has room */
    else if (follow->stream == NULL && follow->event_count == follow->limit)
        follow_finish(remove_follower(waiter, at));
}

/* Hands one delivery to all whose it is. It is rendered when the first of them is found. */
static void hand_out(struct waiter *waiter, const struct seen_delivery *delivery)
{
    struct addressed to;
    struct fault fault;

    buffer_clear(&waiter->event);
    if (!read_address(waiter, delivery, &to))
        return; /* the hub wrote what it cannot read: nobody is told of it, here or by asking */
    for (struct follow **at = &waiter->followers; *at != NULL;) {
        struct follow *follow = *at;
        if (!has_had(follow, delivery) && follow_wants(follow, to.hashes, to.count, to.type)) {
            if (waiter->event.length == 0 && delivery_event_print(delivery->value, waiter->arena, &waiter->event, NULL,
                                                                  &fault) != STATUS_OK)
                return;
            hand_to(waiter, at, delivery);
        }
        if (*at == follow)
            at = &follow->next;
    }
}

static void advance_all(struct waiter *waiter)
{
    for (struct follow *follow = waiter->followers; follow != NULL; follow = follow->next)
        place_advance(&follow->place, &waiter->tail);
}

/* What was appended since the last look. */
static enum status read_tail(struct waiter *waiter, struct fault *fault)
{
    const struct feed_query everything = {.limit = TAIL_EVENTS_MAX};
    enum status status = STATUS_OK;
    size_t count = TAIL_EVENTS_MAX;

    while (status == STATUS_OK && count == TAIL_EVENTS_MAX) {
        struct seen_delivery *deliveries = NULL;
        bool truncated = false;
        arena_reset(waiter->arena);
        status = read_model_feed(waiter->model, &everything, &waiter->tail, waiter->arena, &deliveries, &count, &truncated,
                                 fault);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            struct arena_mark mark = arena_mark(waiter->arena);
            hand_out(waiter, &deliveries[i]);
            arena_reset_to(waiter->arena, mark);
        }
        if (status == STATUS_OK)
            advance_all(waiter);
    }
    return status;
}

/* Pages that have something, streams that are over, and deadlines. */
static void release_followers(struct waiter *waiter, int64_t now_us)
{
    waiter->released_us = now_us;
    for (struct follow **at = &waiter->followers; *at != NULL;) {
        struct follow *follow = *at;
        bool over = follow->stream != NULL ? stream_is_over(follow->stream) : follow->event_count > 0;
        if (over || now_us >= follow->deadline_us) {
            follow_finish(remove_follower(waiter, at));
            continue;
        }
        if (follow->stream != NULL && now_us - follow->quiet_since_us >= waiter->settings.keepalive_us)
            follow_keep_alive(follow, now_us);
        at = &follow->next;
    }
}

/* Who does not stand where the tail is may have missed something: he asks again. */
static void send_away_who_is_behind(struct waiter *waiter)
{
    for (struct follow **at = &waiter->followers; *at != NULL;)
        if (place_reaches(&(*at)->place, &waiter->tail))
            at = &(*at)->next;
        else
            follow_ask_again(remove_follower(waiter, at));
}

static void prepend_followers(struct waiter *waiter, struct follow *newcomers)
{
    while (newcomers != NULL) {
        struct follow *follow = newcomers;
        newcomers = follow->next;
        follow->next = waiter->followers;
        waiter->followers = follow;
    }
}

/* The tail is lost when nobody follows, and when reading it failed: what it passed may not have been handed out. */
static enum status look_at_feeds(struct waiter *waiter, bool look, struct follow *newcomers, struct fault *fault)
{
    enum status status = STATUS_OK;
    bool check = newcomers != NULL || !waiter->has_tail;

    waiter->has_tail = waiter->has_tail && waiter->followers != NULL;
    if (waiter->has_tail && look)
        status = read_tail(waiter, fault);
    prepend_followers(waiter, newcomers);
    if (!waiter->has_tail && waiter->followers != NULL && status == STATUS_OK)
        waiter->has_tail = read_model_feed_end(waiter->model, &waiter->tail, fault) == STATUS_OK;
    if (status != STATUS_OK)
        waiter->has_tail = false;
    if (check && waiter->has_tail)
        send_away_who_is_behind(waiter);
    return status;
}

/* ---- the thread ---- */

struct newcomers {
    struct awaited *decisions;
    struct follow *followers;
};

/* Takes who has come. Waits for somebody while nobody waits, else for the next look. False: the end. */
static bool wait_for_next(struct waiter *waiter, struct newcomers *newcomers)
{
    bool idle = waiter->decisions == NULL && waiter->followers == NULL;
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(waiter->settings.poll_us * 1000);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&waiter->lock);
    int result = 0;
    while (waiter->new_decisions == NULL && waiter->new_followers == NULL && !waiter->stopping && result == 0)
        result = idle ? pthread_cond_wait(&waiter->news, &waiter->lock)
                      : pthread_cond_timedwait(&waiter->news, &waiter->lock, &until);
    *newcomers = (struct newcomers){waiter->new_decisions, waiter->new_followers};
    waiter->new_decisions = NULL;
    waiter->new_followers = NULL;
    bool go_on = !waiter->stopping;
    (void)pthread_mutex_unlock(&waiter->lock);
    return go_on;
}

static void append_decisions(struct waiter *waiter, struct awaited *newcomers)
{
    while (newcomers != NULL) {
        struct awaited *awaited = newcomers;
        newcomers = awaited->next;
        awaited->next = waiter->decisions;
        waiter->decisions = awaited;
    }
}

static enum status look(struct waiter *waiter, struct newcomers *newcomers, struct fault *fault)
{
    int64_t now_us = clock_monotonic_us();
    uint64_t version = waiter->version;

    arena_reset(waiter->arena);
    append_decisions(waiter, newcomers->decisions);
    enum status status = read_model_version(waiter->model, &version, fault);
    bool changed = version != waiter->version;
    if (status == STATUS_OK)
        status = look_at_feeds(waiter, changed, newcomers->followers, fault);
    else
        prepend_followers(waiter, newcomers->followers); /* looked at when the database is back */
    waiter->has_tail = waiter->has_tail && status == STATUS_OK;
    arena_reset(waiter->arena);
    enum status decided = look_at_decisions(waiter, status == STATUS_OK && (changed || newcomers->decisions != NULL),
                                            now_us, fault);
    if (changed || now_us - waiter->released_us > RELEASE_EVERY_US)
        release_followers(waiter, now_us);
    if (status == STATUS_OK && decided == STATUS_OK)
        waiter->version = version;
    return status == STATUS_OK ? decided : status;
}

static void finish_all(struct waiter *waiter, struct newcomers *newcomers)
{
    int64_t now_us = INT64_MAX;
    struct fault fault;

    append_decisions(waiter, newcomers->decisions);
    (void)look_at_decisions(waiter, false, now_us, &fault); /* asks nothing, so it cannot fail */
    prepend_followers(waiter, newcomers->followers);
    release_followers(waiter, now_us);
}

/* A database that is away is asked again later; those who wait meanwhile get what there is at their deadlines. */
static void *run(void *self)
{
    struct waiter *waiter = self;
    struct newcomers newcomers;
    const struct timespec pause = {.tv_nsec = RETRY_PAUSE_US * 1000L};
    struct fault fault = {0};
    bool failing = false;

    while (wait_for_next(waiter, &newcomers)) {
        enum status status = look(waiter, &newcomers, &fault);
        if (status != STATUS_OK && !failing)
            log_warn("gateway.read_model", LOG_STR("code", fault.code), LOG_STR("text", fault.text));
        failing = status != STATUS_OK;
        if (failing)
            (void)nanosleep(&pause, NULL);
    }
    finish_all(waiter, &newcomers);
    return NULL;
}

static bool admit_one(struct waiter *waiter)
{
    bool admitted = !waiter->stopping && waiter->count < waiter->settings.waiting_max;

    waiter->count += admitted;
    return admitted;
}

bool waiter_await(struct waiter *waiter, struct awaited *awaited)
{
    (void)pthread_mutex_lock(&waiter->lock);
    bool admitted = admit_one(waiter);
    if (admitted) {
        awaited->next = waiter->new_decisions;
        waiter->new_decisions = awaited;
        (void)pthread_cond_signal(&waiter->news);
    }
    (void)pthread_mutex_unlock(&waiter->lock);
    return admitted;
}

bool waiter_follow(struct waiter *waiter, struct follow *follow)
{
    (void)pthread_mutex_lock(&waiter->lock);
    bool admitted = admit_one(waiter);
    if (admitted) {
        follow->next = waiter->new_followers;
        waiter->new_followers = follow;
        (void)pthread_cond_signal(&waiter->news);
    }
    (void)pthread_mutex_unlock(&waiter->lock);
    return admitted;
}

size_t waiter_count(struct waiter *waiter)
{
    (void)pthread_mutex_lock(&waiter->lock);
    size_t count = waiter->count;
    (void)pthread_mutex_unlock(&waiter->lock);
    return count;
}

static void init_lock(struct waiter *waiter)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&waiter->news, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&waiter->lock, NULL);
}

enum status waiter_start(const struct sql_settings *sql, const struct waiter_settings *settings, struct waiter **waiter,
                         struct fault *fault)
{
    struct waiter *made = calloc(1, sizeof *made);

    *waiter = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for those who wait");
    made->settings = *settings;
    init_lock(made);
    buffer_init(&made->event, EVENT_BYTES_MAX);
    made->arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
    enum status status = made->arena == NULL ? fault_fatal(fault, "memory.out", "no memory for those who wait")
                                             : read_model_open(sql, &made->model, fault);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = fault_fatal(fault, "gateway.thread", "no thread for those who wait");
    if (status != STATUS_OK) {
        waiter_free(made);
        return status;
    }
    made->has_thread = true;
    *waiter = made;
    return STATUS_OK;
}

void waiter_finish(struct waiter *waiter)
{
    if (waiter == NULL)
        return;
    (void)pthread_mutex_lock(&waiter->lock);
    waiter->stopping = true;
    (void)pthread_cond_signal(&waiter->news);
    (void)pthread_mutex_unlock(&waiter->lock);
    if (waiter->has_thread)
        (void)pthread_join(waiter->thread, NULL);
    waiter->has_thread = false;
}

void waiter_free(struct waiter *waiter)
{
    if (waiter == NULL)
        return;
    read_model_close(waiter->model);
    arena_free(waiter->arena);
    buffer_done(&waiter->event);
    (void)pthread_mutex_destroy(&waiter->lock);
    (void)pthread_cond_destroy(&waiter->news);
    free(waiter);
}
