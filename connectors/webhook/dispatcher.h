/* dispatcher.h: what the files of the loop share: intake.c (records come), outgoing.c (requests go), census.c (endpoints,
 * partitions and wishes come and go), dispatch.c (the round). Nobody else includes this. */
#ifndef WEBHOOK_DISPATCHER_H
#define WEBHOOK_DISPATCHER_H

#include "core/http.h"
#include "webhook/assignment.h"
#include "webhook/audience.h"
#include "webhook/dispatch.h"
#include "webhook/feeder.h"
#include "webhook/journal.h"
#include "webhook/request.h"
#include "webhook/roster.h"

/* The record that was looked at last: whoever takes it shares one copy. */
struct record_read {
    bool looked_at;
    int32_t partition;
    int64_t offset;
    Medhub__Event__V1__Delivery *message; /* in dispatch->records; NULL: it cannot be read */
    struct delivery *delivery;            /* made when somebody takes it; one reference */
};

/* A live record that waits for room in a window. */
struct live_hold {
    int64_t since_ms; /* 0: none waits */
    int64_t tried_ms;
    bool looked, all_busy; /* at this try: nobody who follows runs dry */
};

struct dispatch {
    const struct webhook_settings *settings;
    struct clock clock;
    struct endpoint_plan plan;
    struct http *http;
    struct journal *journal;
    struct feeder *feeder;
    struct assignment *assignment;
    struct audience *audience;
    struct roster roster;
    struct tables_reader *registry;
    struct delivery_pool pool;
    struct arena *records, *bodies;
    struct record_read read;
    struct live_hold hold;
    struct request_texts texts;
    struct target *leaving;
    int64_t *start; /* scratch: an offset per partition of medhub.delivery */
    uint64_t record_number, generation;
    bool ready, full_told;
    int64_t now_ms, tick_ms, kafka_ms;
    size_t measured; /* endpoints with metrics of their own */
};

/* As of the beginning of the round, or of the answer in hand: asking the clock is not free. */
static inline int64_t now_of(const struct dispatch *dispatch)
{
    return dispatch->now_ms;
}
int64_t dispatch_ask_clock(struct dispatch *dispatch);

/* When it is TARGET's turn, after something about it has changed; update also where whether it may be sent to has. */
void dispatch_schedule(struct dispatch *dispatch, struct target *target);
void dispatch_update(struct dispatch *dispatch, struct target *target);
/* Frees a target that is somebody else's and has nothing on its way. */
void dispatch_free_if_over(struct dispatch *dispatch, struct target *target);
void dispatch_write_state(struct dispatch *dispatch, struct target *target);

/* intake.c. SELF is the dispatch. */
extern const struct feeder_events intake_events;

/* outgoing.c: one request for each endpoint that is due, in turn, as long as there is room. */
void outgoing_start(struct dispatch *dispatch);

/* census.c. SELF is the dispatch. */
extern const struct assignment_events census_events;
/* Builds the audience anew when the registry or the day has changed: endpoints come, change and retire. */
enum status census_refresh(struct dispatch *dispatch, struct fault *fault) MUST_CHECK;

#endif
