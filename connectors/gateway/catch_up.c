/* catch_up.c: GET /v1/catalogue/catch-up: what it takes to be current, by changes and by snapshot, for who was away. */
#include "core/delivery_event.h"
#include "gateway/cursor.h"
#include "gateway/follow.h"
#include "gateway/house.h"
#include "gateway/writer.h"

#include <unistd.h>

enum { SAMPLE_EVENTS = 50, COUNT_MAX = 10000000, EVENT_BYTES_MAX = 8 * 1024 * 1024 };

struct weighing {
    struct viewer viewer;
    const char *const *types;
    size_t type_count;
    struct feed_place place;
};

/* As they stand in a page, so many bytes together. */
static enum status sample_bytes(const struct seen_delivery *deliveries, size_t count, struct arena *arena, uint64_t *bytes,
                                struct fault *fault)
{
    enum status status = STATUS_OK;
    struct buffer event;

    *bytes = 0;
    buffer_init(&event, EVENT_BYTES_MAX);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct arena_mark mark = arena_mark(arena);
        buffer_clear(&event);
        status = delivery_event_print(deliveries[i].value, arena, &event, NULL, fault);
        *bytes += event.length + 1; /* a comma */
        arena_reset_to(arena, mark);
    }
    buffer_done(&event);
    return status;
}

static void write_weights(struct request *request, uint64_t events, uint64_t bytes)
{
    struct buffer *out = answer_begin(request);
    struct snapshot snapshot;

    write_begin(out, '{');
    write_integer(out, "events", (int64_t)events);
    write_integer(out, "changesBytes", (int64_t)bytes);
    if (snapshots_open(request->gateway->snapshots, SNAPSHOT_GZIP, &snapshot)) {
        (void)close(snapshot.file);
        write_integer(out, "snapshotRows", (int64_t)snapshot.rows);
        write_integer(out, "snapshotBytes", (int64_t)snapshot.bytes);
    }
    write_end(out, '}');
    answer_finish(request, 200, JSON_TYPE);
}

static void weigh(struct asker *asker, struct request *request)
{
    struct weighing *weighing = request->work;
    struct feed_query query = {
        .viewer = &weighing->viewer, .types = weighing->types, .type_count = weighing->type_count, .limit = SAMPLE_EVENTS};
    struct seen_delivery *deliveries = NULL;
    struct feed_place place = weighing->place;
    struct fault fault = {0};
    uint64_t events = 0, bytes = 0;
    size_t count = 0;
    bool truncated = false;

    enum status status =
        read_model_feed(asker->model, &query, &place, request->arena, &deliveries, &count, &truncated, &fault);
    if (status == STATUS_OK)
        status = sample_bytes(deliveries, count, request->arena, &bytes, &fault);
    query.limit = COUNT_MAX;
    if (status == STATUS_OK && !truncated)
        status = read_model_feed_count(asker->model, &query, &weighing->place, &events, &fault);
    if (status != STATUS_OK)
        answer_fault(request, status, 503, &fault);
    else if (truncated)
        answer_problem(request, 410, "feed.gone", "what the cursor points at is no longer kept: take the snapshot");
    else
        write_weights(request, events, count == 0 ? 0 : bytes * events / count);
    request_answered(request);
}

static void refused(struct request *request)
{
    answer_unavailable(request, "gateway.busy", NULL);
    request_answered(request);
}

void catch_up_handler(struct request *request)
{
    const struct caller *caller = &request->caller;
    struct weighing *weighing = arena_take_zeroed(request->arena, sizeof *weighing);

    if (weighing != NULL)
        weighing->types = follow_catalogue_types(request->arena, &weighing->type_count);
    if (weighing == NULL || weighing->types == NULL) {
        answer_unavailable(request, "gateway.busy", NULL);
        return;
    }
    weighing->viewer = (struct viewer){caller->organisation, caller->recipients, caller->recipient_count};
    if (!cursor_decode(request_query(request, "after"), &weighing->place)) {
        answer_problem(request, 400, "feed.cursor", "this is no cursor of a feed");
        return;
    }
    request->work = weighing;
    request_hold(request);
    askers_ask(request->gateway->askers, request, weigh, refused);
}
