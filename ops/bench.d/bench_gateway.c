/* bench_gateway: the gateway and its two raw limits, all driven with the same bytes.
 *
 *     bench_gateway --do post    --authority HOST:PORT --connections N --seconds S --requests R --key-id ORG/KEY --secret FILE
 *                                [--events FILE]   keeps N connections busy with POST /v1/events; signed before it begins.
 *                                Without FILE the events are prescriptions as protobuf, with it a structured event a line
 *     bench_gateway --do answer  [--threads 2]     libmicrohttpd that reads the same requests and answers 202 at once; prints
 *                                its port
 *     bench_gateway --do produce --brokers B --connections N --seconds S   librdkafka alone: N records in flight, the next
 *                                when one is acknowledged
 *     bench_gateway --do follow  --authority HOST:PORT --followers N --events FILE --rate R --key-id ORG/KEY --secret FILE
 *                                --follower-key-id ORG/KEY --follower-secret FILE [--polls M]   M of the N followers poll with
 *                                ?wait, the others have streams; each line of FILE is posted and awaited at every follower; the
 *                                first half does not count */
#include "caller.h"
#include "sample.h"

#include "base/clock.h"
#include "base/date.h"
#include "kafka/publisher.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { SETTLE_US = 1000000, CONNECTIONS_MAX = 4096, WARM_UP_PERCENT = 20, PERSONS = 20000 };

static struct sample_event sample_of(int64_t number, struct arena *arena)
{
    struct sample sample = {
        .profile = PROFILE_PRESCRIPTION, .seed = 1, .keys = PERSONS, .now_ms = clock_now_ms(clock_system())};
    struct sample_event event = sample_make(&sample, number, arena);

    headers_free(event.headers);
    event.headers = NULL;
    return event;
}

static struct signer open_signer(struct bench_options options)
{
    return signer_open(bench_option(options, "authority", ""), bench_option(options, "key-id", ""),
                       bench_option(options, "secret", ""));
}

static struct text make_protobuf(struct signer *signer, int64_t number)
{
    char time[MOMENT_TEXT_BYTES];
    struct sample_event event = sample_of(number, signer->arena);
    const char *id = arena_format(signer->arena, "bench-%lld-%lld", (long long)getpid(), (long long)number);
    const struct http_header headers[] = {
        {"Content-Type", bytes_of("application/protobuf")},
        {"ce-specversion", bytes_of("1.0")},
        {"ce-id", bytes_of(id)},
        {"ce-source", bytes_of(signer->source)},
        {"ce-type", bytes_of("medhub.prescription.uploaded.v1")},
        {"ce-time", bytes_of(moment_format_ms(clock_now_ms(clock_system()), time))},
    };

    return signer_sign(signer, "POST", "/v1/events", headers, sizeof headers / sizeof *headers, event.value);
}

static struct text *make_requests(struct signer *signer, size_t count)
{
    struct text *requests = calloc(count, sizeof *requests);

    for (size_t i = 0; requests != NULL && i < count; i++) {
        arena_reset(signer->arena);
        requests[i] = make_protobuf(signer, (int64_t)i);
    }
    return requests;
}

/* ---- figures ---- */

/* LATENCY_US: of the COUNT that count, of ANSWERED in all. */
static void print_figures(int64_t *latency_us, size_t count, size_t answered, double seconds)
{
    qsort(latency_us, count, sizeof *latency_us, latency_compare);
    printf("{\"answered\":%zu,\"count\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n", answered, count, seconds,
           seconds > 0 ? (double)count / seconds : 0, latency_at(latency_us, count, 0.5), latency_at(latency_us, count, 0.99),
           latency_at(latency_us, count, 1));
}

/* ---- post ---- */

static void check_status(const struct connection *connection, int status)
{
    if (status != 202)
        bench_fail("answered %d: %.400s", status, connection->received);
}

static void post(struct bench_options options)
{
    size_t connections_count = (size_t)bench_number(options, "connections", 1), wanted, next = 0, done = 0, counted = 0;
    int64_t seconds_us = bench_number(options, "seconds", 5) * 1000000;
    const char *file = bench_option(options, "events", NULL);
    struct signer signer = open_signer(options);
    size_t count = (size_t)bench_number(options, "requests", 10000);
    struct text *requests =
        file != NULL ? signer_sign_events(&signer, file, count, &count) : make_requests(&signer, count);
    int64_t *latency_us = calloc(count, sizeof *latency_us);
    int events = epoll_create1(0);
    struct connection *connections = connections_open(signer.authority, connections_count, events);
    struct epoll_event ready[64];

    if (requests == NULL || latency_us == NULL || connections == NULL || count < connections_count)
        bench_fail("no memory, or fewer requests than connections");
    wanted = count;
    int64_t begun_us = clock_monotonic_us(), counted_us = 0, last_us = begun_us;
    for (size_t i = 0; i < connections_count; i++)
        connection_send(&connections[i], &requests[next++]);
    while (done < next) {
        int ready_count = epoll_wait(events, ready, 64, 5000);
        if (ready_count == 0)
            bench_fail("no answer within 5 s");
        for (int i = 0; i < ready_count; i++) {
            struct connection *connection = ready[i].data.ptr;
            int status = connection_read(connection);
            if (status == 0)
                continue;
            check_status(connection, status);
            last_us = clock_monotonic_us();
            done++;
            /* The first fifth of the time warms up. */
            if (last_us - begun_us > seconds_us * WARM_UP_PERCENT / 100) {
                counted_us = counted_us == 0 ? last_us : counted_us;
                latency_us[counted++] = last_us - connection->begun_us;
            }
            if (next < wanted && last_us - begun_us < seconds_us)
                connection_send(connection, &requests[next++]);
        }
    }
    print_figures(latency_us, counted, done, (double)(last_us - counted_us) / 1e6);
}

/* ---- answer: the limit of HTTP ---- */

struct taken {
    struct buffer body;
};

static enum MHD_Result answer_at_once(void *self, struct MHD_Connection *connection, const char *url, const char *method,
                                      const char *version, const char *data, size_t *data_length, void **context)
{
    static const char said[] = "{\"id\":\"bench-123456-123456\",\"source\":\"H65010200001\",\"status\":\"acknowledged\","
                               "\"receipt\":\"/v1/receipts/H65010200001/bench-123456-123456\"}";
    struct taken *taken = *context;
    (void)self, (void)url, (void)method, (void)version;

    if (taken == NULL) {
        *context = taken = calloc(1, sizeof *taken);
        buffer_init(&taken->body, 4 * 1024 * 1024);
        return MHD_YES;
    }
    if (*data_length > 0) {
        buffer_append(&taken->body, data, *data_length);
        *data_length = 0;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(sizeof said - 1, (void *)said, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    (void)MHD_add_response_header(response, "Location", "/v1/receipts/H65010200001/bench-123456-123456");
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result result = MHD_queue_response(connection, 202, response);
    MHD_destroy_response(response);
    return result;
}

static void answered(void *self, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
    struct taken *taken = *context;
    (void)self, (void)connection, (void)code;

    if (taken != NULL)
        buffer_done(&taken->body);
    free(taken);
}

static void serve(struct bench_options options)
{
    unsigned threads = (unsigned)bench_number(options, "threads", 2);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sigset_t ends;
    int number = 0;

    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer_at_once, NULL, MHD_OPTION_SOCK_ADDR, &place,
        MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 * 1024, MHD_OPTION_NOTIFY_COMPLETED, answered, NULL, MHD_OPTION_END);
    if (daemon == NULL)
        bench_fail("libmicrohttpd does not start");
    printf("{\"port\":%d}\n", (int)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    (void)sigwait(&ends, &number);
    MHD_stop_daemon(daemon);
}

/* ---- produce: the limit of Kafka ---- */

struct producing {
    struct publisher *publisher;
    struct text *keys, *values;
    size_t count, next, done, counted;
    int64_t *begun_us, *latency_us;
    int64_t started_us, seconds_us, counted_us, last_us;
};

static void produce_next(struct producing *producing)
{
    size_t index = producing->next++;
    struct headers *headers = headers_new(7);
    struct fault fault;
    const char *const rows[][2] = {{"ce_specversion", "1.0"},
                                   {"ce_id", "bench-123456-123456"},
                                   {"ce_source", "H65010200001"},
                                   {"ce_type", "medhub.prescription.uploaded.v1"},
                                   {"ce_time", "2026-01-31T08:00:00Z"},
                                   {"ce_subject", "RX0000000000001"},
                                   {"content-type", "application/protobuf"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        (void)headers_add_text(headers, rows[i][0], rows[i][1]);
    producing->begun_us[index] = clock_monotonic_us();
    bench_need(publisher_send(producing->publisher, sample_inbox(PROFILE_PRESCRIPTION),
                              bytes_from(producing->keys[index].data, producing->keys[index].length),
                              bytes_from(producing->values[index].data, producing->values[index].length), headers,
                              &producing->begun_us[index], &fault), &fault);
}

static void produced(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    struct producing *producing = self;
    (void)partition, (void)offset;

    if (fault != NULL)
        bench_fail("%s: %s", fault->code, fault->text);
    producing->last_us = clock_monotonic_us();
    producing->done++;
    if (producing->last_us - producing->started_us > producing->seconds_us * WARM_UP_PERCENT / 100) {
        producing->counted_us = producing->counted_us == 0 ? producing->last_us : producing->counted_us;
        producing->latency_us[producing->counted++] = producing->last_us - *(int64_t *)context;
    }
    if (producing->next < producing->count && producing->last_us - producing->started_us < producing->seconds_us)
        produce_next(producing);
}

static void produce(struct bench_options options)
{
    const struct publisher_settings how = {100000, 30000, (int)bench_number(options, "linger", 0), "none", false};
    struct producing producing = {.count = (size_t)bench_number(options, "requests", 10000),
                                  .seconds_us = bench_number(options, "seconds", 5) * 1000000};
    struct arena *arena = arena_new(1024 * 1024, 16 * 1024 * 1024);
    struct kafka_client client;
    struct fault fault;

    kafka_client_init(&client, bench_option(options, "brokers", "127.0.0.1:9092"));
    producing.keys = calloc(producing.count, sizeof *producing.keys);
    producing.values = calloc(producing.count, sizeof *producing.values);
    producing.begun_us = calloc(producing.count, sizeof *producing.begun_us);
    producing.latency_us = calloc(producing.count, sizeof *producing.latency_us);
    for (size_t i = 0; i < producing.count; i++) {
        arena_reset(arena);
        struct sample_event event = sample_of((int64_t)i, arena);
        producing.keys[i] = (struct text){memcpy(malloc(event.key.length), event.key.data, event.key.length), event.key.length};
        producing.values[i] =
            (struct text){memcpy(malloc(event.value.length), event.value.data, event.value.length), event.value.length};
    }
    bench_need(publisher_open(&client, &how, produced, &producing, &producing.publisher, &fault), &fault);
    producing.started_us = clock_monotonic_us();
    for (int64_t i = 0; i < bench_number(options, "connections", 1); i++)
        produce_next(&producing);
    while (publisher_pending(producing.publisher) > 0)
        publisher_poll(producing.publisher, 100);
    print_figures(producing.latency_us, producing.counted, producing.done,
                  (double)(producing.last_us - producing.counted_us) / 1e6);
    publisher_close(producing.publisher);
    kafka_client_done(&client);
}

/* ---- follow ---- */

struct following {
    struct connection *connections; /* followers, those with streams first; the last one posts */
    struct signer follower;
    size_t followers, polls, count, posted, seen, counted, answered;
    struct text *requests;
    int64_t *posted_us, *latency_us;
};

/* Each event has "factid" once: its arrival. Which one it is, the id "follow-N" tells. ID is where that stands; NULL: nowhere. */
static void note_arrival(struct following *following, const char *id, int64_t now_us)
{
    size_t number = id == NULL ? following->count : strtoul(id + 13, NULL, 10);

    if (number >= following->count || following->posted_us[number] == 0)
        return;
    following->seen++;
    if (number >= following->count / 2) /* the first half warms up */
        following->latency_us[following->counted++] = now_us - following->posted_us[number];
}

static void read_stream(struct following *following, struct connection *connection)
{
    ssize_t count =
        recv(connection->socket, connection->received + connection->length, RECEIVE_BYTES - connection->length, 0);
    int64_t now_us = clock_monotonic_us();
    char *line = connection->received, *end;

    if (count <= 0)
        bench_fail("a stream ended");
    connection->length += (size_t)count;
    connection->received[connection->length] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0'; /* a chunk may have ended within the line: it need not begin with "data:" */
        note_arrival(following, strstr(line, "\"id\":\"follow-"), now_us);
        line = end + 1;
    }
    connection->length -= (size_t)(line - connection->received);
    memmove(connection->received, line, connection->length);
}

/* ---- long polls ---- */

static void ask_page(struct following *following, struct connection *connection, const char *cursor, int cursor_length)
{
    char target[RECEIVE_BYTES / 8];

    (void)snprintf(target, sizeof target, "/v1/feeds/catalogue?after=%.*s&wait=30", cursor_length, cursor);
    arena_reset(following->follower.arena);
    struct text request = signer_sign(&following->follower, "GET", target, NULL, 0, BYTES_NONE);
    connection_send(connection, &request);
    free(request.data);
}

static void open_polls(struct following *following)
{
    for (size_t i = following->followers - following->polls; i < following->followers; i++)
        ask_page(following, &following->connections[i], "now", 3);
}

static void take_page(struct following *following, struct connection *connection)
{
    int64_t now_us = clock_monotonic_us();
    const char *next = strstr(connection->received, "\"next\":\"");

    for (const char *id = connection->received; (id = strstr(id, "\"id\":\"follow-")) != NULL; id++)
        note_arrival(following, id, now_us);
    if (next == NULL)
        bench_fail("no page: %.300s", connection->received);
    next += strlen("\"next\":\"");
    ask_page(following, connection, next, (int)strcspn(next, "\""));
}

static void open_streams(struct following *following)
{
    const struct http_header headers[] = {{"Accept", bytes_of("text/event-stream")}};
    struct signer *signer = &following->follower;
    size_t streams = following->followers - following->polls;

    for (size_t i = 0; i < streams; i++) {
        arena_reset(signer->arena);
        struct text request = signer_sign(signer, "GET", "/v1/feeds/catalogue?after=now", headers, 1, BYTES_NONE);
        following->connections[i].stream = true;
        connection_send(&following->connections[i], &request);
        free(request.data);
    }
    for (size_t i = 0; i < streams; i++) { /* each says "retry:" when it follows */
        struct connection *connection = &following->connections[i];
        while (strstr(connection->received, "retry:") == NULL) {
            ssize_t count = recv(connection->socket, connection->received + connection->length,
                                 RECEIVE_BYTES - connection->length, 0);
            if (count <= 0)
                bench_fail("no stream: %.300s", connection->received);
            connection->length += (size_t)count;
            connection->received[connection->length] = '\0';
        }
        connection->length = 0;
    }
}

static void follow_once(struct following *following, int events, int wait_ms)
{
    struct epoll_event ready[256];
    int count = epoll_wait(events, ready, 256, wait_ms);

    for (int i = 0; i < count; i++) {
        struct connection *connection = ready[i].data.ptr;
        if (connection->stream) {
            read_stream(following, connection);
            continue;
        }
        int status = connection_read(connection);
        if (status == 0)
            continue;
        if (connection == &following->connections[following->followers]) {
            check_status(connection, status);
            following->answered++;
        } else {
            take_page(following, connection);
        }
    }
}

static void follow(struct bench_options options)
{
    struct following following = {.followers = (size_t)bench_number(options, "followers", 1),
                                  .polls = (size_t)bench_number(options, "polls", 0)};
    int64_t every_us = 1000000 / bench_number(options, "rate", 20), give_up_us;
    struct signer signer = open_signer(options);
    int events = epoll_create1(0);

    following.requests = signer_sign_events(&signer, bench_option(options, "events", ""), 10000, &following.count);
    following.connections = connections_open(signer.authority, following.followers + 1, events);
    following.posted_us = calloc(following.count, sizeof *following.posted_us);
    following.latency_us = calloc(following.count * following.followers, sizeof *following.latency_us);
    if (following.connections == NULL || following.posted_us == NULL || following.latency_us == NULL ||
        following.polls > following.followers)
        bench_fail("no memory, or more polls than followers");
    following.follower = signer_open(signer.authority, bench_option(options, "follower-key-id", ""), /* another than posts */
                                         bench_option(options, "follower-secret", ""));
    open_streams(&following);
    open_polls(&following);
    int64_t next_us = clock_monotonic_us() + SETTLE_US; /* "now", after which a stream follows, is some moment after its "retry:" */
    give_up_us = next_us + (int64_t)following.count * every_us + 20000000;
    while (following.seen < following.count * following.followers && clock_monotonic_us() < give_up_us) {
        int64_t now_us = clock_monotonic_us();
        if (following.posted < following.count && now_us >= next_us && following.answered == following.posted) {
            following.posted_us[following.posted] = now_us;
            connection_send(&following.connections[following.followers], &following.requests[following.posted++]);
            next_us += every_us;
        }
        follow_once(&following, events, 1);
    }
    if (following.seen < following.count * following.followers)
        bench_fail("%zu of %zu events came to the followers", following.seen, following.count * following.followers);
    print_figures(following.latency_us, following.counted, following.counted,
                  (double)following.count * (double)every_us / 2e6);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    const char *what = bench_option(options, "do", "");
    static const struct {
        const char *name;
        void (*run)(struct bench_options options);
    } jobs[] = {{"post", post}, {"answer", serve}, {"produce", produce}, {"follow", follow}};

    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        if (strcmp(what, jobs[i].name) == 0) {
            jobs[i].run(options);
            return 0;
        }
    bench_fail("--do post|answer|produce|follow");
}
