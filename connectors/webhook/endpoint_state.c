/* endpoint_state.c: an endpoint as it is kept in medhub.webhook.state, both ways. */
#include "webhook/endpoint.h"

#include <stdio.h>
#include <string.h>

typedef Medhub__Webhook__V1__EndpointState EndpointState;
typedef Medhub__Webhook__V1__Open Open;

static struct open_delivery open_of(const Open *open)
{
    return (struct open_delivery){.partition = open->partition,
                                  .offset = open->offset,
                                  .attempts = open->attempts,
                                  .refusals = open->refusals,
                                  .first_try_ms = open->first_try_ms,
                                  .due_ms = open->due_ms,
                                  .redriven = open->redriven != 0};
}

static bool restore_places(struct endpoint *endpoint, const EndpointState *state)
{
    int32_t partitions = endpoint->progress.partitions;
    bool ok = true;

    for (size_t i = 0; i < state->n_next_offset && i < (size_t)partitions; i++)
        endpoint->progress.next[i] = state->next_offset[i];
    for (size_t i = 0; ok && i < state->n_open; i++) {
        const struct open_delivery open = open_of(state->open[i]);
        if (open.partition >= 0 && open.partition < partitions)
            ok = progress_want(&endpoint->progress, &open);
    }
    return ok;
}

bool endpoint_restore(struct endpoint *endpoint, const EndpointState *state)
{
    endpoint->paused = state->paused;
    (void)snprintf(endpoint->pause_text, sizeof endpoint->pause_text, "%s", state->pause_text);
    endpoint->paused_at_ms = state->paused_at_ms;
    endpoint->proved = state->proved_url.len == sizeof endpoint->proved_url;
    if (endpoint->proved)
        memcpy(endpoint->proved_url, state->proved_url.data, sizeof endpoint->proved_url);
    endpoint->proved_at_ms = state->proved_at_ms;
    endpoint->breaker = (struct breaker){
        .failures = state->failures, .openings = state->openings, .until_ms = state->breaker_until_ms};
    endpoint->control_offset = state->control_offset;
    endpoint->delivered = state->delivered;
    endpoint->set_aside = state->set_aside;
    (void)snprintf(endpoint->failure, sizeof endpoint->failure, "%s", state->failure);
    endpoint->failure_ms = state->failure_ms;
    return restore_places(endpoint, state);
}

static Open *keep_open(const struct open_delivery *open, Open *into)
{
    medhub__webhook__v1__open__init(into);
    into->partition = open->partition;
    into->offset = open->offset;
    into->attempts = open->attempts;
    into->refusals = open->refusals;
    into->first_try_ms = open->first_try_ms;
    into->due_ms = open->attempts > 0 ? open->due_ms : 0;
    into->redriven = open->redriven;
    return into;
}

/* A delivery in the window is open until its end is in the log. */
static bool keep_places(const struct endpoint *endpoint, EndpointState *state, struct arena *arena)
{
    const struct progress *progress = &endpoint->progress;
    size_t most = endpoint->count + progress->wanted_count;

    state->next_offset = arena_take(arena, (size_t)progress->partitions * sizeof *state->next_offset);
    state->open = arena_take(arena, (most + 1) * sizeof *state->open);
    Open *opens = arena_take(arena, (most + 1) * sizeof *opens);
    if (state->next_offset == NULL || state->open == NULL || opens == NULL)
        return false;
    state->n_next_offset = (size_t)progress->partitions;
    for (int32_t i = 0; i < progress->partitions; i++)
        state->next_offset[i] = progress_next(progress, i);
    for (const struct waiting *each = endpoint->oldest; each != NULL; each = each->newer, state->n_open++)
        state->open[state->n_open] = keep_open(&each->open, &opens[state->n_open]);
    for (size_t i = 0; i < progress->wanted_count; i++, state->n_open++)
        state->open[state->n_open] = keep_open(&progress->wanted[i], &opens[state->n_open]);
    return true;
}

EndpointState *endpoint_state(const struct endpoint *endpoint, int64_t now_ms, struct arena *arena)
{
    EndpointState *state = arena_take(arena, sizeof *state);

    if (state == NULL)
        return NULL;
    medhub__webhook__v1__endpoint_state__init(state);
    if (!keep_places(endpoint, state, arena))
        return NULL;
    state->paused = endpoint->paused;
    state->pause_text = (char *)(uintptr_t)endpoint->pause_text;
    state->paused_at_ms = endpoint->paused_at_ms;
    state->proved_url.data = (uint8_t *)(uintptr_t)endpoint->proved_url;
    state->proved_url.len = endpoint->proved ? sizeof endpoint->proved_url : 0;
    state->proved_at_ms = endpoint->proved_at_ms;
    state->failures = endpoint->breaker.failures;
    state->openings = endpoint->breaker.openings;
    state->breaker_until_ms = endpoint->breaker.until_ms;
    state->control_offset = endpoint->control_offset;
    state->delivered = endpoint->delivered;
    state->set_aside = endpoint->set_aside;
    state->written_ms = now_ms;
    state->oldest_ms = endpoint_oldest_ms(endpoint);
    state->failure = (char *)(uintptr_t)endpoint->failure;
    state->failure_ms = endpoint->failure_ms;
    return state;
}
