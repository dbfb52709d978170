#include "client/handle.h"
#include "client/submission.h"

#include <stdlib.h>
#include <string.h>

/* Event INDEX of a list made by a program whose header may be older: its size is the step, what it lacks is
 * not given. */
static struct medhub_event event_at(const struct medhub_event *events, size_t index)
{
    struct medhub_event event = MEDHUB_EVENT_INIT;
    size_t step = events->size, known = step < sizeof event ? step : sizeof event;

    memcpy(&event, (const char *)events + index * step, known);
    event.size = sizeof event;
    return event;
}

static enum medhub_status make_all(const struct medhub *hub, const struct medhub_event *events, size_t count,
                                   struct submission *made, struct medhub_error *error)
{
    enum medhub_status status = MEDHUB_OK;
    int64_t now_ms = clock_now_ms(hub->clock);

    for (size_t i = 0; i < count && status == MEDHUB_OK; i++) {
        const struct medhub_event event = event_at(events, i);
        status = submission_make(&event, hub->settings.organisation, now_ms,
                                 (size_t)hub->settings.event_bytes_max, &made[i], error);
    }
    return status;
}

static enum medhub_status put_all(struct medhub *hub, const struct submission *made, size_t count,
                                  struct outbox_event *put, struct medhub_error *error)
{
    for (size_t i = 0; i < count; i++)
        put[i] = (struct outbox_event){made[i].id, made[i].key, bytes_of(made[i].body), made[i].fingerprint};
    (void)pthread_mutex_lock(&hub->lock);
    enum medhub_status status = outbox_put(hub->outbox, put, count, error);
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}

enum medhub_status medhub_submit(struct medhub *hub, const struct medhub_event *events, size_t count,
                                 char (*ids)[MEDHUB_ID_BYTES], struct medhub_error *error)
{
    if (hub == NULL || (count > 0 && (events == NULL || events->size < offsetof(struct medhub_event, type))))
        return error_say(error, "argument.missing", NULL);
    if (count > (size_t)hub->settings.outbox_events_max)
        return error_say(error, "outbox.full", "outbox_events_max");
    struct submission *made = calloc(count + 1, sizeof *made);
    struct outbox_event *put = calloc(count + 1, sizeof *put);
    enum medhub_status status = made == NULL || put == NULL ? error_say(error, "memory.out", NULL)
                                                            : make_all(hub, events, count, made, error);
    if (status == MEDHUB_OK)
        status = put_all(hub, made, count, put, error);
    for (size_t i = 0; i < count && made != NULL; i++) {
        if (status == MEDHUB_OK && ids != NULL)
            memcpy(ids[i], made[i].id, MEDHUB_ID_BYTES);
        submission_done(&made[i]);
    }
    free(made);
    free(put);
    if (status == MEDHUB_OK)
        courier_wake(hub->courier);
    return status;
}

enum medhub_status medhub_withdraw(struct medhub *hub, const char *id, struct medhub_error *error)
{
    if (hub == NULL || id == NULL)
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    enum medhub_status status = outbox_withdraw(hub->outbox, id, error);
    (void)pthread_cond_broadcast(&hub->changed);
    (void)pthread_mutex_unlock(&hub->lock);
    courier_wake(hub->courier);
    return status;
}
