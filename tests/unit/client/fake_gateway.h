/* fake_gateway.h: the gateway's routes as far as libmedhub uses them, in this process, doing what a test
 * tells it. */
#ifndef CLIENT_FAKE_GATEWAY_H
#define CLIENT_FAKE_GATEWAY_H

#include "client/catalogue_row.h"
#include "client/medhub.h"
#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FAKE_EVENTS_MAX = 4096, FAKE_ID_BYTES = 64 };

/* What becomes of a POST: an HTTP status, or one of these. */
enum { FAKE_LOSE_ANSWER = 1, FAKE_LOSE_REQUEST = 2 };

struct fake_arrival {
    char id[FAKE_ID_BYTES], subject[FAKE_ID_BYTES];
    unsigned copies;
};

struct fake {
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stops;

    /* events that are in the inbox, in the order of their first arrival */
    struct fake_arrival arrivals[FAKE_EVENTS_MAX];
    size_t arrival_count, posts, receipt_questions, largest_crowd, crowd;
    unsigned (*answer)(struct fake *fake, const char *id); /* of a POST; lock held */
    unsigned (*receipt)(struct fake *fake, const char *id);
    const char *retry_after;
    uint64_t seed;
    bool signed_requests; /* a POST had Signature and Content-Digest */

    /* feed "orders": events first..last-1 named by number */
    unsigned first, last;
    size_t pages;
    unsigned feed_status;

    /* the catalogue */
    const char *snapshot, *snapshot_cursor, *snapshot_digest; /* NULL digest: the right one */
    const char *changes[16];                                  /* events of the feed catalogue */
    unsigned change_count;
    size_t snapshots;
    const char *feeds;   /* what /v1/feeds answers; NULL: none */
    const char *weights; /* what /v1/catalogue/catch-up answers; NULL: 404 */
    bool catalogue_gone; /* every cursor is too old */
    bool snapshot_cut;
};

/* A test's own changes and looks, while the gateway's threads run. */
#define WITH_FAKE(trial, change)                                                                             \
    do {                                                                                                     \
        (void)pthread_mutex_lock(&(trial)->fake->lock);                                                      \
        change;                                                                                              \
        (void)pthread_mutex_unlock(&(trial)->fake->lock);                                                    \
    } while (0)
#define FAKE_COUNT(trial, member) fake_count((trial)->fake, offsetof(struct fake, member))

static inline size_t fake_count(struct fake *fake, size_t place)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&fake->lock);
    memcpy(&count, (const char *)fake + place, sizeof count);
    (void)pthread_mutex_unlock(&fake->lock);
    return count;
}

static inline uint64_t fake_dice(struct fake *fake, uint64_t sides)
{
    fake->seed = fake->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (fake->seed >> 33) % sides;
}

static inline enum MHD_Result fake_send(struct MHD_Connection *connection, struct fake *fake, unsigned status,
                                        const char *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (fake->retry_after != NULL && (status == 429 || status == 503))
        (void)MHD_add_response_header(response, "Retry-After", fake->retry_after);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- events and receipts ---- */

static inline struct fake_arrival *fake_find(struct fake *fake, const char *id)
{
    for (size_t i = 0; i < fake->arrival_count; i++)
        if (strcmp(fake->arrivals[i].id, id) == 0)
            return &fake->arrivals[i];
    return NULL;
}

static inline void fake_arrive(struct fake *fake, const json_t *event)
{
    const char *id = json_string_value(json_object_get(event, "id"));
    const char *subject = json_string_value(json_object_get(event, "subject"));
    struct fake_arrival *arrival = fake_find(fake, id);

    if (arrival == NULL && fake->arrival_count < FAKE_EVENTS_MAX) {
        arrival = &fake->arrivals[fake->arrival_count++];
        (void)snprintf(arrival->id, FAKE_ID_BYTES, "%s", id);
        (void)snprintf(arrival->subject, FAKE_ID_BYTES, "%s", subject == NULL ? "" : subject);
    }
    if (arrival != NULL)
        arrival->copies++;
}

static inline const char *fake_outcome(unsigned status)
{
    return status == 409 ? "duplicate" : status == 422 || status == 400 ? "refused" : "accepted";
}

static inline enum MHD_Result fake_say(struct MHD_Connection *connection, struct fake *fake, unsigned status,
                                       const char *id)
{
    char body[400];
    (void)snprintf(
        body, sizeof body,
        "{\"id\":\"%s\",\"source\":\"H1\",\"outcome\":\"%s\",\"code\":\"fake.%u\",\"detail\":\"fake\","
        "\"findings\":[{\"code\":\"fake.finding\",\"sentenceZh\":\"不行\"}]}",
        id, fake_outcome(status), status);
    return fake_send(connection, fake, status, body);
}

static inline enum MHD_Result fake_submit(struct fake *fake, struct MHD_Connection *connection,
                                          const char *text)
{
    json_t *event = json_loads(text, 0, NULL);
    const char *id = json_string_value(json_object_get(event, "id"));
    enum MHD_Result result = MHD_NO;

    if (id == NULL) {
        json_decref(event);
        return fake_send(connection, fake, 400, "{\"code\":\"fake.syntax\"}");
    }
    (void)pthread_mutex_lock(&fake->lock);
    fake->posts++;
    fake->signed_requests =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Signature") != NULL &&
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Digest") != NULL;
    unsigned status = fake->answer == NULL ? 200 : fake->answer(fake, id);
    bool arrives =
        status == FAKE_LOSE_ANSWER || status == 504 || (status >= 200 && status < 500 && status != 429);
    if (arrives && status != 401 && status != 403 && status != 404)
        fake_arrive(fake, event);
    (void)pthread_cond_broadcast(&fake->changed);
    (void)pthread_mutex_unlock(&fake->lock);
    if (status >= 100)
        result = fake_say(connection, fake, status, id);
    json_decref(event);
    return result; /* MHD_NO closes the connection */
}

static inline enum MHD_Result fake_receipt(struct fake *fake, struct MHD_Connection *connection,
                                           const char *id)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->receipt_questions++;
    unsigned status = fake_find(fake, id) == NULL ? 404
                      : fake->receipt == NULL     ? 200
                                                  : fake->receipt(fake, id);
    (void)pthread_mutex_unlock(&fake->lock);
    return fake_say(connection, fake, status, id);
}

/* ---- feeds ---- */

static inline unsigned fake_number(struct MHD_Connection *connection, const char *name, unsigned fallback)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
    return text == NULL ? fallback : (unsigned)strtoul(text, NULL, 10);
}

/* Holds the request until there is news; a test's patience, not the gateway's. */
static inline void fake_wait(struct fake *fake, unsigned after)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 2;
    while (!fake->stops && fake->last <= after &&
           pthread_cond_timedwait(&fake->changed, &fake->lock, &until) == 0)
        ;
}

static inline enum MHD_Result fake_feed(struct fake *fake, struct MHD_Connection *connection)
{
    unsigned limit = fake_number(connection, "limit", 10);
    json_t *events = json_array();
    char cursor[20];

    (void)pthread_mutex_lock(&fake->lock);
    fake->pages++;
    unsigned status = fake->feed_status;
    unsigned after = fake_number(connection, "after", fake->first);
    if (status == 200 && after < fake->first)
        status = 410;
    if (status == 200 && fake_number(connection, "wait", 0) > 0)
        fake_wait(fake, after);
    for (; status == 200 && after < fake->last && limit > 0; after++, limit--)
        (void)json_array_append_new(events, json_pack("{s:s, s:o, s:s, s:s, s:{s:s}}", "specversion", "1.0",
                                                      "id", json_sprintf("%u", after), "type", "order",
                                                      "subject", "s", "data", "t", "文字"));
    bool at_end = after >= fake->last;
    (void)pthread_mutex_unlock(&fake->lock);
    (void)snprintf(cursor, sizeof cursor, "%u", after);
    json_t *page = json_pack("{s:o, s:s, s:b}", "events", events, "next", cursor, "atEnd", at_end);
    char *text = json_dumps(page, JSON_COMPACT);
    enum MHD_Result result = fake_send(connection, fake, status,
                                       status == 200 ? text : "{\"code\":\"feed.gone\",\"detail\":\"x\"}");
    free(text);
    json_decref(page);
    return result;
}

static inline enum MHD_Result fake_changes(struct fake *fake, struct MHD_Connection *connection)
{
    json_t *events = json_array();
    char cursor[20];

    (void)pthread_mutex_lock(&fake->lock);
    unsigned after = fake_number(connection, "after", 0);
    bool gone = fake->catalogue_gone;
    if (after < fake->change_count) /* one at a time, so that a refresh takes several pages */
        (void)json_array_append_new(events, json_loads(fake->changes[after++], 0, NULL));
    bool at_end = after >= fake->change_count;
    (void)pthread_mutex_unlock(&fake->lock);
    (void)snprintf(cursor, sizeof cursor, "%u", after);
    json_t *page = json_pack("{s:o, s:s, s:b}", "events", events, "next", cursor, "atEnd", at_end);
    char *text = json_dumps(page, JSON_COMPACT);
    enum MHD_Result result = fake_send(connection, fake, gone ? 410 : 200, gone ? "{}" : text);
    free(text);
    json_decref(page);
    return result;
}

/* ---- the catalogue ---- */

static inline unsigned fake_count_lines(const char *text, char digest[DIGEST_SUM_TEXT_BYTES])
{
    struct digest_sum sum = {{0}};
    struct buffer texts, counted;
    unsigned rows = 0;
    buffer_init(&texts, SIZE_MAX);
    buffer_init(&counted, SIZE_MAX);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        struct catalogue_line read;
        if (catalogue_line_read(bytes_from(text, length), &texts, &read) == CATALOGUE_ROW) {
            struct digest_sum row = digest_of_row(&read.row, &counted);
            digest_sum_add(&sum, &row);
        }
        catalogue_line_done(&read);
        rows++;
        text += length + (text[length] == '\n');
    }
    buffer_done(&texts);
    buffer_done(&counted);
    (void)digest_sum_text(&sum, digest);
    return rows;
}

static inline enum MHD_Result fake_snapshot(struct fake *fake, struct MHD_Connection *connection)
{
    char digest[DIGEST_SUM_TEXT_BYTES], *text = NULL;

    (void)pthread_mutex_lock(&fake->lock);
    fake->snapshots++;
    fake->catalogue_gone = false;
    unsigned rows = fake_count_lines(fake->snapshot, digest);
    int length =
        asprintf(&text, "{\"snapshot\":\"catalogue\",\"cursor\":\"%s\"}\n%s{\"rows\":%u,\"digest\":\"%s\"}\n",
                 fake->snapshot_cursor, fake->snapshot, rows,
                 fake->snapshot_digest == NULL ? digest : fake->snapshot_digest);
    assert_true(length > 0);
    if (fake->snapshot_cut)
        text[length - 100] = '\0'; /* without its tail */
    (void)pthread_mutex_unlock(&fake->lock);
    enum MHD_Result result = fake_send(connection, fake, 200, text);
    free(text);
    return result;
}

/* ---- the daemon ---- */

static inline enum MHD_Result fake_route(struct fake *fake, struct MHD_Connection *connection,
                                         const char *url, const char *body)
{
    static const char receipts[] = "/v1/receipts/H1/";

    if (strcmp(url, "/v1/events") == 0)
        return fake_submit(fake, connection, body);
    if (strncmp(url, receipts, strlen(receipts)) == 0)
        return fake_receipt(fake, connection, url + strlen(receipts));
    if (strcmp(url, "/v1/feeds") == 0)
        return fake_send(connection, fake, 200, fake->feeds == NULL ? "{\"feeds\":[]}" : fake->feeds);
    if (strcmp(url, "/v1/feeds/orders") == 0)
        return fake_feed(fake, connection);
    if (strcmp(url, "/v1/feeds/catalogue") == 0)
        return fake_changes(fake, connection);
    if (strcmp(url, "/v1/catalogue/catch-up") == 0 && fake->weights != NULL)
        return fake_send(connection, fake, 200, fake->weights);
    if (strcmp(url, "/v1/catalogue/snapshot") == 0)
        return fake_snapshot(fake, connection);
    return fake_send(connection, fake, 404, "{\"code\":\"fake.unknown\",\"detail\":\"no such route\"}");
}

static inline void fake_crowd(struct fake *fake, bool more)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->crowd = more ? fake->crowd + 1 : fake->crowd - 1;
    fake->largest_crowd = fake->crowd > fake->largest_crowd ? fake->crowd : fake->largest_crowd;
    (void)pthread_mutex_unlock(&fake->lock);
}

struct fake_body {
    char text[65536];
    size_t length;
};

static inline enum MHD_Result fake_request(void *context, struct MHD_Connection *connection, const char *url,
                                           const char *method, const char *version, const char *data,
                                           size_t *size, void **request)
{
    struct fake *fake = context;
    struct fake_body *body = *request;

    (void)method, (void)version;
    if (body == NULL) {
        *request = calloc(1, sizeof *body);
        return *request == NULL ? MHD_NO : MHD_YES;
    }
    if (*size > 0) {
        size_t room = sizeof body->text - 1 - body->length, taken = *size < room ? *size : room;
        memcpy(body->text + body->length, data, taken);
        body->length += taken;
        *size = 0;
        return MHD_YES;
    }
    fake_crowd(fake, true);
    enum MHD_Result result = fake_route(fake, connection, url, body->text);
    fake_crowd(fake, false);
    return result;
}

static inline void fake_request_ended(void *context, struct MHD_Connection *connection, void **request,
                                      enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    free(*request);
    *request = NULL;
}

static inline void fake_ignore(void *context, const char *format, va_list arguments)
{
    (void)context, (void)format, (void)arguments;
}

/* PORT 0: any. Returns the port. */
static inline unsigned fake_start(struct fake *fake, unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    fake->stops = false;
    fake->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ERROR_LOG, (uint16_t)port,
        NULL, NULL, fake_request, fake, MHD_OPTION_EXTERNAL_LOGGER, fake_ignore, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, fake_request_ended, NULL, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
    assert_non_null(fake->daemon);
    return MHD_get_daemon_info(fake->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static inline void fake_stop(struct fake *fake)
{
    if (fake->daemon == NULL)
        return;
    (void)pthread_mutex_lock(&fake->lock);
    fake->stops = true;
    (void)pthread_cond_broadcast(&fake->changed);
    (void)pthread_mutex_unlock(&fake->lock);
    MHD_stop_daemon(fake->daemon);
    fake->daemon = NULL;
}

/* ---- a client beside it ---- */

struct trial {
    char folder[TEMP_FOLDER_BYTES];
    struct fake *fake;
    unsigned port;
    struct medhub_options *options;
    char options_file[TEMP_FOLDER_BYTES + 20]; /* the same, for children */
    struct medhub *hub;
    struct medhub_error error;
    uint64_t seed;
};

static inline uint64_t trial_dice(struct trial *trial, uint64_t sides)
{
    trial->seed = trial->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (trial->seed >> 33) % sides;
}

static inline void trial_option(struct trial *trial, const char *name, const char *value)
{
    FILE *file = fopen(trial->options_file, "a");

    assert_non_null(file);
    (void)fprintf(file, "%s = %s\n", name, value);
    assert_int_equal(fclose(file), 0);
    if (medhub_options_set(trial->options, name, value, &trial->error) != MEDHUB_OK)
        fail_msg("%s: %s", name, trial->error.text_en);
}

static inline void trial_open(struct trial *trial)
{
    if (medhub_open(trial->options, &trial->hub, &trial->error) != MEDHUB_OK)
        fail_msg("%s", trial->error.text_en);
}

static inline void trial_reopen(struct trial *trial)
{
    medhub_close(trial->hub);
    trial->hub = NULL;
    trial_open(trial);
}

/* Starts this program anew, as "WORD NUMBER OPTIONS DESCRIPTOR", to be killed. A child that was forked alone may inherit a lock of the
 * address sanitizer's allocator that the fake gateway's thread held, and nobody would ever release it. */
static inline pid_t trial_child(const struct trial *trial, const char *word, unsigned number, int descriptor)
{
    char numbers[2][12];

    (void)snprintf(numbers[0], sizeof numbers[0], "%u", number);
    (void)snprintf(numbers[1], sizeof numbers[1], "%d", descriptor);
    pid_t child = fork();
    if (child == 0) {
        (void)execl("/proc/self/exe", "child", word, numbers[0], trial->options_file, numbers[1], (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    return child;
}

/* In the child: a client with the options of the file PATH. */
static inline void trial_begin_child(struct trial *trial, const char *path)
{
    *trial = (struct trial){.options = medhub_options_new(), .error.size = sizeof trial->error};
    if (medhub_options_read(trial->options, path, &trial->error) != MEDHUB_OK ||
        medhub_open(trial->options, &trial->hub, &trial->error) != MEDHUB_OK)
        _exit(1);
}

static inline int trial_set_up(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    char url[60];

    temp_folder_make(trial->folder);
    (void)snprintf(trial->options_file, sizeof trial->options_file, "%s/trial.options", trial->folder);
    trial->error.size = sizeof trial->error;
    trial->fake = calloc(1, sizeof *trial->fake);
    (void)pthread_mutex_init(&trial->fake->lock, NULL);
    (void)pthread_cond_init(&trial->fake->changed, NULL);
    trial->fake->feed_status = 200;
    trial->fake->snapshot = trial->fake->snapshot_cursor = "";
    trial->port = fake_start(trial->fake, 0);
    trial->options = medhub_options_new();
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", trial->port);
    trial_option(trial, "gateway", url);
    trial_option(trial, "organisation", "H1");
    trial_option(trial, "directory", trial->folder);
    trial_option(trial, "retry_first_ms", "5");
    trial_option(trial, "retry_max_ms", "40");
    trial_option(trial, "receipt_poll_ms", "10");
    trial_option(trial, "feed_wait_seconds", "1");
    *state = trial;
    return 0;
}

static inline int trial_tear_down(void **state)
{
    struct trial *trial = *state;

    medhub_close(trial->hub);
    medhub_options_free(trial->options);
    fake_stop(trial->fake);
    (void)pthread_cond_destroy(&trial->fake->changed);
    (void)pthread_mutex_destroy(&trial->fake->lock);
    free(trial->fake);
    temp_folder_remove(trial->folder);
    free(trial);
    return 0;
}

/* Works until DONE or 20 seconds are over. */
static inline bool trial_work_until(struct trial *trial, bool (*done)(struct trial *trial))
{
    time_t end = time(NULL) + 20;
    while (!done(trial) && time(NULL) < end) {
        enum medhub_status status = medhub_work(trial->hub, 200, &trial->error);
        assert_true(status == MEDHUB_OK || status == MEDHUB_AGAIN);
    }
    return done(trial);
}

static inline bool trial_is_idle(struct trial *trial)
{
    struct medhub_state state = MEDHUB_STATE_INIT;
    assert_int_equal(medhub_state(trial->hub, &state, &trial->error), MEDHUB_OK);
    return state.waiting + state.sent == 0;
}

#endif
