#include "client/handle.h"

#include "client/catalogue.h"
#include "client/feeds.h"
#include "client/sender.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

const char *medhub_version(void)
{
    return MEDHUB_VERSION_TEXT;
}

void medhub_free(void *memory)
{
    free(memory);
}

/* ---- open and close ---- */

static enum medhub_status make_directory(const char *path, struct medhub_error *error)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return MEDHUB_OK;
    return error_say(error, "storage.failed", "%s: %s", path, strerror(errno));
}

static enum medhub_status open_local(struct medhub *hub, struct medhub_error *error)
{
    const struct client_settings *settings = &hub->settings;
    const struct outbox_limits limits = {settings->outbox_events_max, settings->outbox_bytes_max,
                                         settings->receipts_max};
    char path[4096];

    (void)snprintf(path, sizeof path, "%.2000s/medhub.sqlite", settings->directory);
    enum medhub_status status = make_directory(settings->directory, error);
    if (status == MEDHUB_OK)
        status = database_open(path, &local_kind, &hub->local, error);
    if (status == MEDHUB_OK)
        status = outbox_open(hub->local, &limits, hub->clock, &hub->outbox, error);
    return status;
}

/* Timed waits must not depend on somebody setting the clock. */
static void init_lock(struct medhub *hub)
{
    pthread_condattr_t attributes;

    (void)pthread_mutex_init(&hub->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&hub->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

static enum medhub_status open_parts(struct medhub *hub, struct medhub_error *error)
{
    enum medhub_status status = open_local(hub, error);
    if (status == MEDHUB_OK)
        status = courier_open(&hub->settings, hub->clock, &hub->courier, error);
    if (status == MEDHUB_OK)
        status = sender_open(hub, &hub->sender, error);
    if (status == MEDHUB_OK)
        status = feeds_open(hub, &hub->feeds, error);
    if (status == MEDHUB_OK)
        status = catalogue_open(hub, &hub->catalogue, error);
    return status;
}

enum medhub_status medhub_open(const struct medhub_options *options, struct medhub **hub,
                               struct medhub_error *error)
{
    if (options == NULL || hub == NULL)
        return error_say(error, "argument.missing", NULL);
    *hub = NULL;
    struct medhub *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return error_say(error, "memory.out", NULL);
    init_lock(opened);
    opened->clock = clock_system();
    opened->problem.size = opened->storage.size = sizeof opened->problem;
    opened->options = settings_copy(options);
    enum medhub_status status = opened->options == NULL
                                    ? error_say(error, "memory.out", NULL)
                                    : settings_fill(opened->options, &opened->settings, error);
    if (status == MEDHUB_OK)
        status = open_parts(opened, error);
    if (status == MEDHUB_OK)
        *hub = opened;
    else
        medhub_close(opened);
    return status;
}

void medhub_close(struct medhub *hub)
{
    if (hub == NULL)
        return;
    medhub_stop_thread(hub);
    courier_close(hub->courier);
    sender_close(hub->sender);
    feeds_close(hub->feeds);
    catalogue_close(hub->catalogue);
    outbox_close(hub->outbox);
    database_close(hub->local);
    medhub_options_free(hub->options);
    (void)pthread_cond_destroy(&hub->changed);
    (void)pthread_mutex_destroy(&hub->lock);
    free(hub);
}

/* ---- what the parts note ---- */

struct retry_plan handle_retry_plan(const struct medhub *hub)
{
    return (struct retry_plan){hub->settings.retry_first_ms, hub->settings.retry_max_ms};
}

void handle_contact(struct medhub *hub, const struct medhub_error *problem)
{
    (void)pthread_mutex_lock(&hub->lock);
    if (problem == NULL) {
        error_clear(&hub->problem);
        hub->contact_ms = clock_now_ms(hub->clock);
    } else {
        error_copy(&hub->problem, problem);
    }
    (void)pthread_mutex_unlock(&hub->lock);
}

void handle_failed(struct medhub *hub, enum medhub_status status, const struct medhub_error *error)
{
    if (status != MEDHUB_OK)
        error_copy(&hub->storage, error);
}

/* ---- receipts are told ---- */

/* False: nothing to tell, or the callback did not take it. */
static bool tell_receipt(struct medhub *hub, struct medhub_error *error)
{
    struct untold_receipt receipt = {0};

    (void)pthread_mutex_lock(&hub->lock);
    medhub_receipt_callback *callback = hub->on_receipt;
    void *context = hub->on_receipt_context;
    bool due = callback != NULL && clock_now_ms(hub->clock) >= hub->tell_again_ms;
    enum medhub_status status = due ? outbox_untold(hub->outbox, &receipt, error) : MEDHUB_NOT_FOUND;
    (void)pthread_mutex_unlock(&hub->lock);
    if (status == MEDHUB_NOT_FOUND)
        return false;

    enum medhub_status answer = status == MEDHUB_OK ? receipt_tell(&receipt, callback, context) : status;
    (void)pthread_mutex_lock(&hub->lock);
    if (answer == MEDHUB_OK)
        handle_failed(hub, outbox_told(hub->outbox, receipt.sequence, error), error);
    else
        hub->tell_again_ms = clock_now_ms(hub->clock) + hub->settings.retry_first_ms;
    (void)pthread_mutex_unlock(&hub->lock);
    free(receipt.id);
    free(receipt.answer);
    return answer == MEDHUB_OK;
}

enum { RECEIPTS_AT_ONCE = 100 };

static size_t tell_receipts(struct medhub *hub)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    size_t told = 0;
    while (told < RECEIPTS_AT_ONCE && tell_receipt(hub, &error))
        told++;
    return told;
}

enum medhub_status medhub_on_receipt(struct medhub *hub, medhub_receipt_callback *callback, void *context,
                                     struct medhub_error *error)
{
    if (hub == NULL)
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    hub->on_receipt = callback;
    hub->on_receipt_context = context;
    hub->tell_again_ms = 0;
    (void)pthread_mutex_unlock(&hub->lock);
    courier_wake(hub->courier);
    return MEDHUB_OK;
}

/* INT64_MAX: no receipt has to be told again. */
static int64_t tell_again_at(struct medhub *hub)
{
    (void)pthread_mutex_lock(&hub->lock);
    bool again = hub->on_receipt != NULL && hub->tell_again_ms > clock_now_ms(hub->clock);
    int64_t at_ms = again ? hub->tell_again_ms : INT64_MAX;
    (void)pthread_mutex_unlock(&hub->lock);
    return at_ms;
}

/* ---- work ---- */

/* One round. *NEXT_MS: when the next is due without being woken. Returns how much happened. */
static size_t step(struct medhub *hub, int64_t *next_ms)
{
    size_t happened = courier_perform(hub->courier);

    happened += tell_receipts(hub);
    happened += feeds_tell(hub->feeds);
    catalogue_step(hub->catalogue);
    int64_t sender_ms = sender_step(hub->sender), feeds_ms = feeds_step(hub->feeds);
    *next_ms = sender_ms < feeds_ms ? sender_ms : feeds_ms;
    int64_t tell_ms = tell_again_at(hub);
    *next_ms = tell_ms < *next_ms ? tell_ms : *next_ms;
    return happened + courier_perform(hub->courier); /* what was started goes out now */
}

static int64_t monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

/* Whole milliseconds until what is due next, within 0 and MOST_MS. */
static int pause_ms(const struct medhub *hub, int64_t next_ms, int64_t most_ms)
{
    int64_t until_next_ms = next_ms - clock_now_ms(hub->clock);
    int64_t pause = next_ms == INT64_MAX || until_next_ms > most_ms ? most_ms : until_next_ms;
    return pause < 0 ? 0 : (int)pause;
}

static enum medhub_status take_failure(struct medhub *hub, struct medhub_error *error)
{
    (void)pthread_mutex_lock(&hub->lock);
    enum medhub_status status = (enum medhub_status)hub->storage.status;
    if (status != MEDHUB_OK)
        error_copy(error, &hub->storage);
    error_clear(&hub->storage);
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}

static bool should_stop(struct medhub *hub)
{
    (void)pthread_mutex_lock(&hub->lock);
    bool stops = hub->thread_stops;
    (void)pthread_mutex_unlock(&hub->lock);
    return stops;
}

static enum medhub_status work(struct medhub *hub, int timeout_ms, struct medhub_error *error)
{
    int64_t end_ms = monotonic_ms() + timeout_ms, next_ms = INT64_MAX;
    size_t happened = step(hub, &next_ms);
    enum medhub_status status = take_failure(hub, error);

    while (status == MEDHUB_OK && happened == 0) {
        int64_t left_ms = end_ms - monotonic_ms();
        if (left_ms <= 0)
            return MEDHUB_AGAIN;
        courier_wait(hub->courier, pause_ms(hub, next_ms, left_ms));
        happened = step(hub, &next_ms);
        status = take_failure(hub, error);
        if (happened == 0 && should_stop(hub))
            return MEDHUB_AGAIN;
    }
    return status;
}

static bool become_worker(struct medhub *hub)
{
    (void)pthread_mutex_lock(&hub->lock);
    bool free = !hub->working;
    if (free) {
        hub->working = true;
        hub->worker = pthread_self();
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return free;
}

static void leave_work(struct medhub *hub)
{
    (void)pthread_mutex_lock(&hub->lock);
    hub->working = false;
    (void)pthread_cond_broadcast(&hub->changed);
    (void)pthread_mutex_unlock(&hub->lock);
}

enum medhub_status medhub_work(struct medhub *hub, int timeout_ms, struct medhub_error *error)
{
    if (hub == NULL)
        return error_say(error, "argument.missing", NULL);
    if (!become_worker(hub))
        return error_say(error, "work.busy", NULL);
    enum medhub_status status = work(hub, timeout_ms, error);
    leave_work(hub);
    return status;
}

/* Somebody else works: waits until something changed, or for as long as MOST_MS. Lock held. */
static void wait_for_change(struct medhub *hub, int64_t most_ms)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(most_ms / 1000);
    until.tv_nsec += (long)(most_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&hub->changed, &hub->lock, &until);
}

enum medhub_status handle_until(struct medhub *hub, bool (*done)(struct medhub *hub, void *context),
                                void *context, int timeout_ms, struct medhub_error *error)
{
    int64_t end_ms = monotonic_ms() + timeout_ms;
    enum medhub_status status = MEDHUB_OK;

    (void)pthread_mutex_lock(&hub->lock);
    while ((status == MEDHUB_OK || status == MEDHUB_AGAIN) && !done(hub, context)) {
        int64_t left_ms = end_ms - monotonic_ms();
        if (left_ms <= 0) {
            status = MEDHUB_AGAIN;
            break;
        }
        if (hub->working && pthread_equal(hub->worker, pthread_self()) != 0) {
            status = error_say(error, "work.busy", NULL);
        } else if (hub->working) {
            wait_for_change(hub, left_ms);
        } else {
            (void)pthread_mutex_unlock(&hub->lock);
            status = medhub_work(hub, (int)left_ms, error);
            if (status == MEDHUB_BUSY) /* another thread was faster: wait for it */
                status = MEDHUB_OK;
            (void)pthread_mutex_lock(&hub->lock);
        }
        if (status == MEDHUB_AGAIN)
            status = MEDHUB_OK;
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}

/* ---- the thread ---- */

enum { THREAD_STEP_MS = 1000 };

/* After a failure of the local files it goes on slowly: a disk may be full for a while. */
static void *run_thread(void *argument)
{
    struct medhub *hub = argument;
    struct medhub_error error = MEDHUB_ERROR_INIT;

    while (!should_stop(hub)) {
        enum medhub_status status = medhub_work(hub, THREAD_STEP_MS, &error);
        if (status == MEDHUB_OK || status == MEDHUB_AGAIN)
            continue;
        (void)pthread_mutex_lock(&hub->lock);
        error_copy(&hub->problem, &error);
        if (!hub->thread_stops)
            wait_for_change(hub, hub->settings.retry_first_ms);
        (void)pthread_mutex_unlock(&hub->lock);
    }
    return NULL;
}

enum medhub_status medhub_start_thread(struct medhub *hub, struct medhub_error *error)
{
    if (hub == NULL)
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    int failed = EBUSY;
    if (!hub->thread_runs) {
        hub->thread_stops = false;
        failed = pthread_create(&hub->thread, NULL, run_thread, hub);
        hub->thread_runs = failed == 0;
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return failed == 0 ? MEDHUB_OK : error_say(error, "work.thread", "%s", strerror(failed));
}

void medhub_stop_thread(struct medhub *hub)
{
    (void)pthread_mutex_lock(&hub->lock);
    bool runs = hub->thread_runs;
    hub->thread_stops = true;
    (void)pthread_cond_broadcast(&hub->changed);
    (void)pthread_mutex_unlock(&hub->lock);
    if (!runs)
        return;
    courier_wake(hub->courier);
    (void)pthread_join(hub->thread, NULL);
    (void)pthread_mutex_lock(&hub->lock);
    hub->thread_runs = hub->thread_stops = false;
    (void)pthread_mutex_unlock(&hub->lock);
}

/* ---- how things stand ---- */

static enum medhub_status fill_state(struct medhub *hub, struct medhub_state *state,
                                     struct medhub_error *error)
{
    struct outbox_counts counts = outbox_counts(hub->outbox);

    state->waiting = counts.waiting;
    state->sent = counts.sent;
    state->outbox_bytes = counts.bytes;
    state->contact_ms = hub->contact_ms;
    error_copy(&state->problem, &hub->problem);
    return outbox_ages(hub->outbox, &state->oldest_ms, &state->settled, error);
}

enum medhub_status medhub_state(struct medhub *hub, struct medhub_state *state, struct medhub_error *error)
{
    struct medhub_state whole = MEDHUB_STATE_INIT;

    if (hub == NULL || state == NULL || state->size < sizeof state->size)
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    enum medhub_status status = fill_state(hub, &whole, error);
    (void)pthread_mutex_unlock(&hub->lock);
    whole.size = state->size;
    memcpy(state, &whole, state->size < sizeof whole ? state->size : sizeof whole);
    return status;
}
