#include "gateway/follow.h"

#include "base/clock.h"
#include "base/hash.h"
#include "core/delivery_event.h"
#include "domain/feed.h"
#include "event/schema.h"
#include "gateway/cursor.h"
#include "gateway/house.h"
#include "gateway/receipts.h"
#include "gateway/stream.h"
#include "gateway/target.h"
#include "gateway/writer.h"

#define ALL_DELIVERIES  "deliveries"
#define CATALOGUE       "catalogue"
#define CATALOGUE_TYPES "medhub.catalogue."
#define SNAPSHOT        "/v1/catalogue/snapshot"
#define STREAM_TYPE     "text/event-stream"

enum { PAGE_EVENTS = 100 };

/* ---- places ---- */

bool place_reaches(const struct feed_place *place, const struct feed_place *other)
{
    for (int32_t i = 0; i < other->partition_count; i++)
        if (other->next_offset[i] > (i < place->partition_count ? place->next_offset[i] : 0))
            return false;
    return true;
}

static void widen(struct feed_place *place, int32_t partition_count)
{
    while (place->partition_count < partition_count && place->partition_count < FEED_PARTITIONS_MAX)
        place->next_offset[place->partition_count++] = 0;
}

void place_advance(struct feed_place *place, const struct feed_place *other)
{
    widen(place, other->partition_count);
    for (int32_t i = 0; i < other->partition_count; i++)
        if (place->next_offset[i] < other->next_offset[i])
            place->next_offset[i] = other->next_offset[i];
}

/* ---- what he wants, and giving it ---- */

static bool wants_type(const struct follow *follow, const char *type)
{
    for (size_t i = 0; i < follow->type_count; i++)
        if (strcmp(follow->types[i], type) == 0)
            return true;
    return follow->types == NULL;
}

bool follow_wants(const struct follow *follow, const uint64_t *hashes, size_t count, const char *type)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < follow->viewer.recipient_count; k++)
            if (follow->recipient_hashes[k] == hashes[i])
                return wants_type(follow, type);
    return false;
}

static bool append_to_page(struct follow *follow, struct bytes event)
{
    struct buffer *page = &follow->request->answer.made;

    buffer_append_text(page, follow->event_count == 0 ? "" : ",");
    buffer_append_bytes(page, event);
    return true; /* a page that is too large says so when it is finished */
}

static bool append_to_stream(struct follow *follow, struct bytes event, struct arena *arena)
{
    struct arena_mark mark = arena_mark(arena);
    const char *cursor = cursor_encode(&follow->place, arena);
    struct buffer text;
    bool given = false;

    if (cursor != NULL) {
        buffer_init(&text, event.length + CURSOR_BYTES_MAX + 64);
        buffer_append_text(&text, "id: ");
        buffer_append_text(&text, cursor);
        buffer_append_text(&text, "\ndata: ");
        buffer_append_bytes(&text, event);
        buffer_append_text(&text, "\n\n");
        given = buffer_ok(&text) && stream_append(follow->stream, buffer_bytes(&text));
        buffer_done(&text);
    }
    arena_reset_to(arena, mark);
    follow->quiet_since_us = clock_monotonic_us();
    return given;
}

bool follow_give(struct follow *follow, int32_t partition, int64_t offset, struct bytes event, struct arena *arena)
{
    widen(&follow->place, partition + 1);
    int64_t before = follow->place.next_offset[partition];
    follow->place.next_offset[partition] = offset + 1;
    bool given =
        follow->stream == NULL ? append_to_page(follow, event) : append_to_stream(follow, event, arena);
    if (given)
        follow->event_count++;
    else
        follow->place.next_offset[partition] = before;
    return given;
}

void follow_keep_alive(struct follow *follow, int64_t now_us)
{
    follow->quiet_since_us = now_us;
    (void)stream_append(follow->stream, bytes_of(": still here\n\n")); /* ignoring: a full buffer shows as much */
}

static void begin_page(struct follow *follow)
{
    struct buffer *page = answer_begin(follow->request);

    follow->event_count = 0;
    buffer_append_text(page, "{\"events\":[");
}

static void finish_page(struct follow *follow)
{
    struct request *request = follow->request;
    struct buffer *page = &request->answer.made;

    buffer_append_byte(page, ']');
    write_text(page, "next", cursor_encode(&follow->place, request->arena));
    write_bool(page, "atEnd", follow->at_end || follow->event_count < follow->limit);
    write_end(page, '}');
    answer_finish(request, 200, JSON_TYPE);
    request_answered(request);
}

void follow_finish(struct follow *follow)
{
    if (follow->stream == NULL) {
        finish_page(follow);
        return;
    }
    stream_end(follow->stream);
    request_release(follow->request);
}

/* ---- asking ---- */

/* Without a cursor he begins at the oldest that is kept, or where the feed ends now. */
static enum status settle_place(struct asker *asker, struct follow *follow, struct fault *fault)
{
    enum status status = STATUS_OK;

    if (follow->begin == FOLLOW_FROM_OLDEST)
        status = read_model_feed_begin(asker->model, &follow->place, fault);
    else if (follow->begin == FOLLOW_FROM_NOW)
        status = read_model_feed_end(asker->model, &follow->place, fault);
    if (status == STATUS_OK)
        follow->begin = FOLLOW_FROM_PLACE;
    return status;
}

/* CURSOR too old: begin anew with the snapshot. */
static void answer_gone(struct request *request)
{
    struct buffer *out = answer_begin_problem(request, 410, "feed.gone",
                                              "what the cursor points at is no longer kept: take the snapshot and follow the "
                                              "feed from its cursor on, or from the beginning of what is kept",
                                              NULL);

    write_text(out, "snapshot", SNAPSHOT);
    write_end(out, '}');
    answer_finish(request, 410, PROBLEM_TYPE);
}

static bool give_all(struct follow *follow, const struct seen_delivery *deliveries, size_t count)
{
    enum { EVENT_BYTES_MAX = 8 * 1024 * 1024 };
    struct arena *arena = follow->request->arena;
    struct buffer event;
    struct fault fault;
    bool given = true;

    buffer_init(&event, EVENT_BYTES_MAX);
    for (size_t i = 0; given && i < count; i++) {
        struct arena_mark mark = arena_mark(arena);
        buffer_clear(&event);
        if (delivery_event_print(deliveries[i].value, arena, &event, NULL, &fault) == STATUS_OK)
            given = follow_give(follow, deliveries[i].partition, deliveries[i].offset, buffer_bytes(&event), arena);
        arena_reset_to(arena, mark);
    }
    buffer_done(&event);
    return given;
}

static enum status ask_model(struct asker *asker, struct follow *follow, bool *truncated, bool *gave_all, struct fault *fault)
{
    const struct feed_query query = {
        .viewer = &follow->viewer, .types = follow->types, .type_count = follow->type_count, .limit = follow->limit};
    struct arena *arena = follow->request->arena;
    struct arena_mark mark = arena_mark(arena);
    struct feed_place place = follow->place;
    struct seen_delivery *deliveries = NULL;
    size_t count = 0;

    *truncated = false;
    enum status status =
        read_model_feed(asker->model, &query, &place, arena, &deliveries, &count, truncated, fault);
    if (status == STATUS_OK && !*truncated) {
        *gave_all = give_all(follow, deliveries, count);
        follow->at_end = count < follow->limit;
        if (*gave_all)
            place_advance(&follow->place, &place);
    }
    arena_reset_to(arena, mark);
    return status;
}

static void refuse(struct request *request)
{
    struct follow *follow = request->work;

    if (follow->stream != NULL) {
        follow_finish(follow);
        return;
    }
    answer_unavailable(request, "gateway.busy", NULL);
    request_answered(request);
}

static void wait_for_news(struct follow *follow)
{
    if (!waiter_follow(follow->request->gateway->waiter, follow)) {
        if (follow->stream == NULL)
            finish_page(follow); /* what there is: nothing, and where to go on */
        else
            follow_finish(follow);
    }
}

static void ask_page(struct asker *asker, struct request *request)
{
    struct follow *follow = request->work;
    struct fault fault = {0};
    bool truncated = false, gave_all = true;

    begin_page(follow);
    enum status status = settle_place(asker, follow, &fault);
    if (status == STATUS_OK)
        status = ask_model(asker, follow, &truncated, &gave_all, &fault);
    if (status != STATUS_OK || truncated) {
        if (truncated)
            answer_gone(request);
        else
            answer_fault(request, status, 503, &fault);
        request_answered(request);
    } else if (follow->event_count > 0 || clock_monotonic_us() >= follow->deadline_us) {
        finish_page(follow);
    } else {
        wait_for_news(follow);
    }
}

static void ask_stream(struct asker *asker, struct request *request)
{
    struct follow *follow = request->work;
    struct fault fault = {0};
    bool truncated = false, gave_all = true;

    enum status status = ask_model(asker, follow, &truncated, &gave_all, &fault);
    if (status != STATUS_OK || truncated || stream_is_over(follow->stream) || clock_monotonic_us() >= follow->deadline_us)
        follow_finish(follow); /* he comes back with his cursor and is told why */
    else if (!gave_all || !follow->at_end)
        stream_park(follow->stream);
    else
        wait_for_news(follow);
}

static void ask(struct follow *follow)
{
    askers_ask(follow->request->gateway->askers, follow->request, follow->stream == NULL ? ask_page : ask_stream, refuse);
}

void follow_ask_again(struct follow *follow)
{
    if (follow->stream != NULL)
        stream_park(follow->stream);
    else if (follow->event_count > 0)
        finish_page(follow);
    else
        ask(follow);
}

/* ---- streams ---- */

static void stream_has_room(struct request *request)
{
    ask(request->work);
}

static void stream_was_left(struct request *request)
{
    request_release(request);
}

static bool begin_stream(struct follow *follow)
{
    struct request *request = follow->request;
    const struct gateway_settings *settings = request->gateway->settings;

    answer_lend(request, 200, STREAM_TYPE, BYTES_NONE);
    request->answer.stream =
        stream_new(request, (size_t)settings->stream_buffer_bytes_max, stream_has_room, stream_was_left);
    if (request->answer.stream == NULL)
        return false;
    follow->stream = request->answer.stream;
    follow->deadline_us = clock_monotonic_us() + settings->stream_seconds_max * 1000000;
    follow->quiet_since_us = clock_monotonic_us();
    (void)stream_append(follow->stream, bytes_of("retry: 2000\n\n")); /* the first bytes always fit */
    return true;
}

/* The first question of a stream decides whether there is one: a cursor that is too old is still told. */
static void open_stream(struct asker *asker, struct request *request)
{
    struct follow *follow = request->work;
    struct seen_delivery *deliveries = NULL;
    struct fault fault = {0};
    size_t count = 0;
    bool truncated = false;

    enum status status = settle_place(asker, follow, &fault);
    struct feed_place place = follow->place;
    const struct feed_query query = {
        .viewer = &follow->viewer, .types = follow->types, .type_count = follow->type_count, .limit = 1};
    if (status == STATUS_OK)
        status = read_model_feed(asker->model, &query, &place, request->arena, &deliveries, &count, &truncated, &fault);
    if (status != STATUS_OK)
        answer_fault(request, status, 503, &fault);
    else if (truncated)
        answer_gone(request);
    else if (!begin_stream(follow))
        answer_unavailable(request, "gateway.busy", NULL);
    if (follow->stream == NULL) {
        request_answered(request);
        return;
    }
    request_keep(request); /* from now on it is in two hands: the connection's, which sends, and the follower's */
    request_answered(request);
    ask(follow);
}

/* ---- GET /v1/feeds/{feed} ---- */

const char *const *follow_catalogue_types(struct arena *arena, size_t *count)
{
    size_t all = 0;
    const struct message_facts *facts;

    while (schema_event(all) != NULL)
        all++;
    const char **types = arena_take(arena, (all + 1) * sizeof *types);
    *count = 0;
    for (size_t i = 0; types != NULL && (facts = schema_event(i)) != NULL; i++)
        if (strncmp(facts->type, CATALOGUE_TYPES, strlen(CATALOGUE_TYPES)) == 0)
            types[(*count)++] = facts->type;
    return types;
}

static bool is_among(const char *text, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, texts[i]) == 0)
            return true;
    return false;
}

/* False: this caller has no such feed, or there is no memory. */
static bool choose_feed(struct follow *follow, const char *feed)
{
    struct request *request = follow->request;
    const struct caller *caller = &request->caller;

    follow->viewer = (struct viewer){caller->organisation, caller->recipients, caller->recipient_count};
    if (strcmp(feed, ALL_DELIVERIES) == 0)
        return true;
    if (strcmp(feed, CATALOGUE) == 0) {
        follow->types = follow_catalogue_types(request->arena, &follow->type_count);
        return follow->types != NULL;
    }
    for (size_t i = 0; i < caller->recipient_count; i++)
        if (strcmp(feed, caller->recipients[i]) == 0 && strchr(feed, '@') != NULL) {
            follow->viewer.recipients = &caller->recipients[i];
            follow->viewer.recipient_count = 1;
            return true;
        }
    return false;
}

static bool keep_recipients(struct follow *follow)
{
    size_t count = follow->viewer.recipient_count;

    follow->recipient_hashes = arena_take(follow->request->arena, (count + 1) * sizeof *follow->recipient_hashes);
    for (size_t i = 0; follow->recipient_hashes != NULL && i < count; i++)
        follow->recipient_hashes[i] = hash_bytes(bytes_of(follow->viewer.recipients[i]), 0);
    return follow->recipient_hashes != NULL;
}

/* The types that the caller asks for, of those that the feed has. */
static bool narrow_types(struct follow *follow)
{
    struct arena *arena = follow->request->arena;
    const char *wanted = request_query(follow->request, "types");
    size_t commas = 0, count = 0;

    if (wanted == NULL || wanted[0] == '\0')
        return true;
    for (const char *at = wanted; *at != '\0'; at++)
        commas += *at == ',';
    const char **types = arena_take(arena, (commas + 1) * sizeof *types);
    while (types != NULL) {
        size_t length = strcspn(wanted, ",");
        const char *type = arena_text(arena, bytes_from(wanted, length));
        if (type == NULL)
            return false;
        if (follow->types == NULL || is_among(type, follow->types, follow->type_count))
            types[count++] = type;
        if (wanted[length] == '\0')
            break;
        wanted += length + 1;
    }
    follow->types = types;
    follow->type_count = count;
    return types != NULL;
}

static bool read_cursor(struct follow *follow)
{
    struct request *request = follow->request;
    const char *last = follow->streams ? request_header(request, "Last-Event-ID") : "";
    const char *after = last == NULL || last[0] == '\0' ? request_query(request, "after") : last;

    follow->begin = after == NULL ? FOLLOW_FROM_OLDEST : strcmp(after, "now") == 0 ? FOLLOW_FROM_NOW : FOLLOW_FROM_PLACE;
    return follow->begin != FOLLOW_FROM_PLACE || cursor_decode(after, &follow->place);
}

static void read_limits(struct follow *follow)
{
    struct request *request = follow->request;
    int64_t most = request->gateway->settings->page_events_max;
    int64_t wanted = request_query_integer(request, "limit", PAGE_EVENTS);

    follow->limit = (size_t)(wanted < most ? wanted : most);
    follow->deadline_us = house_wait_until_us(request);
}

void feed_handler(struct request *request)
{
    struct follow *follow = arena_take_zeroed(request->arena, sizeof *follow);
    bool json = request_accepts(request, JSON_TYPE);

    if (follow == NULL) {
        answer_unavailable(request, "gateway.busy", NULL);
        return;
    }
    request->work = follow;
    follow->request = request;
    follow->streams = !json && request_accepts(request, STREAM_TYPE);
    if (!json && !follow->streams) {
        answer_problem(request, 406, "request.accept", "a feed is application/json or text/event-stream");
    } else if (!choose_feed(follow, request->match.values[0])) {
        answer_problem(request, 404, "feed.unknown", NULL);
    } else if (!read_cursor(follow)) {
        answer_problem(request, 400, "feed.cursor", "this is no cursor of a feed");
    } else if (!narrow_types(follow) || !keep_recipients(follow)) {
        answer_unavailable(request, "gateway.busy", NULL);
    } else {
        read_limits(follow);
        request_hold(request);
        askers_ask(request->gateway->askers, request, follow->streams ? open_stream : ask_page, refuse);
    }
}

/* ---- GET /v1/feeds ---- */

static void write_feed(struct buffer *out, const char *name, const char *what, const char *what_zh, const char *snapshot)
{
    write_begin(out, '{');
    write_text(out, "name", name);
    write_name(out, "address");
    buffer_append_text(out, "\"/v1/feeds/");
    target_append_encoded(out, name);
    buffer_append_byte(out, '"');
    write_text(out, "what", what);
    write_text(out, "whatZh", what_zh);
    write_text(out, "snapshot", snapshot);
    write_end(out, '}');
}

void feed_list_handler(struct request *request)
{
    const struct caller *caller = &request->caller;
    struct buffer *out = answer_begin(request);

    write_begin(out, '{');
    write_name(out, "feeds");
    write_begin(out, '[');
    write_feed(out, ALL_DELIVERIES, "everything that is delivered to this organisation", "投递给本机构的全部内容", NULL);
    write_feed(out, CATALOGUE, "changes of the catalogue", "目录变更", SNAPSHOT);
    for (size_t i = 0; i < caller->recipient_count; i++) {
        const struct feed_row *row = feed_of(caller->recipients[i]);
        if (row != NULL)
            write_feed(out, caller->recipients[i], row->what, row->what_zh, NULL);
    }
    write_end(out, ']');
    write_end(out, '}');
    answer_finish(request, 200, JSON_TYPE);
}
