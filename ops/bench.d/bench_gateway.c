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
 *                                [--posters N] [--feed NAME] N streams; each line of FILE is posted and awaited at every follower; the first half does
 *                                not count */
#include "bench.h"
#include "sample.h"

#include "base/clock.h"
#include "base/date.h"
#include "kafka/publisher.h"
#include "signature/http_signature.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { SETTLE_US = 1000000, CONNECTIONS_MAX = 4096, RECEIVE_BYTES = 64 * 1024, WARM_UP_PERCENT = 20, HEADERS_MAX = 12, PERSONS = 20000 };

/* ---- requests, signed beforehand ---- */

struct text {
    char *data;
    size_t length;
};

struct signer {
    const char *authority, *key_id, *source;
    struct signing_key *key;
    struct arena *arena;
};

static struct signer open_signer(struct bench_options options)
{
    struct signer signer = {.authority = bench_option(options, "authority", ""), .key_id = bench_option(options, "key-id", "")};
    struct fault fault;

    signer.arena = arena_new(1024 * 1024, 16 * 1024 * 1024);
    bench_need(signing_key_load(bench_option(options, "secret", ""), &signer.key, &fault), &fault);
    size_t length = strcspn(signer.key_id, "/");
    signer.source = strndup(signer.key_id, length);
    return signer;
}

static void append_header(struct buffer *out, const char *name, struct bytes value)
{
    buffer_append_format(out, "%s: %.*s\r\n", name, (int)value.length, (const char *)value.data);
}

static struct text sign(struct signer *signer, const char *method, const char *target, const struct http_header *headers,
                        size_t count, struct bytes body)
{
    const struct signed_request request = {
        .method = method, .scheme = "http", .authority = signer->authority, .target = target, .headers = headers,
        .header_count = count};
    struct signed_headers made;
    struct buffer out;
    struct fault fault;

    bench_need(sign_request(&request, body, signer->key_id, signer->key, clock_now_ms(clock_system()), signer->arena, &made,
                            &fault), &fault);
    buffer_init(&out, 16 * 1024 * 1024);
    buffer_append_format(&out, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n", method, target, signer->authority,
                         body.length);
    for (size_t i = 0; i < count; i++)
        append_header(&out, headers[i].name, headers[i].value);
    if (made.content_digest != NULL)
        append_header(&out, "Content-Digest", bytes_of(made.content_digest));
    append_header(&out, "Signature-Input", bytes_of(made.signature_input));
    append_header(&out, "Signature", bytes_of(made.signature));
    buffer_append_text(&out, "\r\n");
    buffer_append_bytes(&out, body);
    if (!buffer_ok(&out))
        bench_fail("a request is too large");
    return (struct text){(char *)out.data, out.length};
}

static struct sample_event sample_of(int64_t number, struct arena *arena)
{
    struct sample sample = {
        .profile = PROFILE_PRESCRIPTION, .seed = 1, .keys = PERSONS, .now_ms = clock_now_ms(clock_system())};
    struct sample_event event = sample_make(&sample, number, arena);

    headers_free(event.headers);
    event.headers = NULL;
    return event;
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

    return sign(signer, "POST", "/v1/events", headers, sizeof headers / sizeof *headers, event.value);
}

static struct text make_structured(struct signer *signer, const char *line)
{
    const struct http_header headers[] = {{"Content-Type", bytes_of("application/cloudevents+json")}};

    return sign(signer, "POST", "/v1/events", headers, 1, bytes_of(line));
}

/* The lines of FILE, each as a request. */
static struct text *read_events(struct signer *signer, const char *file, size_t max, size_t *count)
{
    struct text *requests = calloc(max, sizeof *requests);
    FILE *lines = fopen(file, "r");
    char *line = NULL;
    size_t capacity = 0;

    if (lines == NULL || requests == NULL)
        bench_fail("%s: %s", file, strerror(errno));
    for (*count = 0; *count < max && getline(&line, &capacity, lines) > 0;) {
        line[strcspn(line, "\n")] = '\0';
        arena_reset(signer->arena);
        requests[(*count)++] = make_structured(signer, line);
    }
    free(line);
    (void)fclose(lines);
    return requests;
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

/* ---- connections ---- */

struct connection {
    int socket;
    const struct text *sending; /* NULL: idle */
    size_t sent;
    int64_t begun_us;
    char received[RECEIVE_BYTES + 1];
    size_t length;
    bool stream;
};

static int connect_to(const char *authority)
{
    struct sockaddr_in place = {.sin_family = AF_INET};
    const char *colon = strrchr(authority, ':');
    char host[64];
    int one = 1, made = socket(AF_INET, SOCK_STREAM, 0);

    if (colon == NULL || made < 0)
        bench_fail("--authority HOST:PORT");
    (void)snprintf(host, sizeof host, "%.*s", (int)(colon - authority), authority);
    place.sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, host, &place.sin_addr) != 1 || connect(made, (struct sockaddr *)&place, sizeof place) != 0)
        bench_fail("%s: %s", authority, strerror(errno));
    (void)setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return made;
}

static struct connection *open_connections(const char *authority, size_t count, int events)
{
    struct connection *connections = calloc(count, sizeof *connections);

    for (size_t i = 0; connections != NULL && i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        connections[i].socket = connect_to(authority);
        (void)epoll_ctl(events, EPOLL_CTL_ADD, connections[i].socket, &event);
    }
    return connections;
}

/* Small requests fit the socket's buffer: a blocking send does not block. */
static void send_all(struct connection *connection, const struct text *request)
{
    size_t sent = 0;

    connection->begun_us = clock_monotonic_us();
    connection->sending = request;
    while (sent < request->length) {
        ssize_t count = send(connection->socket, request->data + sent, request->length - sent, MSG_NOSIGNAL);
        if (count <= 0)
            bench_fail("sending: %s", strerror(errno));
        sent += (size_t)count;
    }
}

/* The status once the answer is whole, 0 before. */
static int read_answer(struct connection *connection)
{
    ssize_t count =
        recv(connection->socket, connection->received + connection->length, RECEIVE_BYTES - connection->length, 0);

    if (count <= 0)
        bench_fail("the server closed a connection");
    connection->length += (size_t)count;
    connection->received[connection->length] = '\0';
    const char *end = strstr(connection->received, "\r\n\r\n");
    const char *length = end == NULL ? NULL : strcasestr(connection->received, "\r\nContent-Length:");
    if (length == NULL)
        return 0;
    size_t whole = (size_t)(end + 4 - connection->received) + strtoul(length + 17, NULL, 10);
    if (connection->length < whole)
        return 0;
    connection->length = 0;
    return atoi(connection->received + 9);
}

/* ---- figures ---- */

static int by_value(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

static double at_share(const int64_t *sorted, size_t count, double share)
{
    return count == 0 ? 0 : (double)sorted[(size_t)((double)(count - 1) * share)] / 1000;
}

/* LATENCY_US: of the COUNT that count, of ANSWERED in all. */
static void print_figures(int64_t *latency_us, size_t count, size_t answered, double seconds)
{
    qsort(latency_us, count, sizeof *latency_us, by_value);
    printf("{\"answered\":%zu,\"count\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n", answered, count, seconds,
           seconds > 0 ? (double)count / seconds : 0, at_share(latency_us, count, 0.5), at_share(latency_us, count, 0.99),
           at_share(latency_us, count, 1));
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
        file != NULL ? read_events(&signer, file, count, &count) : make_requests(&signer, count);
    int64_t *latency_us = calloc(count, sizeof *latency_us);
    int events = epoll_create1(0);
    struct connection *connections = open_connections(signer.authority, connections_count, events);
    struct epoll_event ready[64];

    if (requests == NULL || latency_us == NULL || connections == NULL || count < connections_count)
        bench_fail("no memory, or fewer requests than connections");
    wanted = count;
    int64_t begun_us = clock_monotonic_us(), counted_us = 0, last_us = begun_us;
    for (size_t i = 0; i < connections_count; i++)
        send_all(&connections[i], &requests[next++]);
    while (done < next) {
        int ready_count = epoll_wait(events, ready, 64, 5000);
        if (ready_count == 0)
            bench_fail("no answer within 5 s");
        for (int i = 0; i < ready_count; i++) {
            struct connection *connection = ready[i].data.ptr;
            int status = read_answer(connection);
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
                send_all(connection, &requests[next++]);
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
    const struct publisher_settings how = {100000, 30000, (int)bench_number(options, "linger", 0), "none"};
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
    struct connection *connections; /* followers, then those that post */
    bool *busy;                     /* of those that post: not answered yet */
    bool *arrived;                  /* by event: at one follower at least */
    size_t followers, posters, count, posted, seen, counted;
    struct text *requests;
    int64_t *posted_us, *latency_us;
};

/* Which event LINE tells of, COUNT if of none. A chunk of the transfer may end within a line: then the id is in one part of it
 * or the hospital's number in the other. */
static size_t number_of(const char *line, size_t count)
{
    static const char *const marks[] = {"\"id\":\"follow-", "\"hospitalNumber\":\"follow-"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *at = strstr(line, marks[i]);
        if (at != NULL)
            return strtoul(at + strlen(marks[i]), NULL, 10);
    }
    return count;
}

/* Each event has "factid" once: its arrival. Which one it is, the id "follow-N" tells. */
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
        *end = '\0';
        size_t number = number_of(line, following->count);
        bool again = following->followers == 1 && number < following->count && following->arrived[number];
        if (number < following->count && following->posted_us[number] != 0 && !again) {
            following->seen++;
            following->arrived[number] = true;
            if (number >= following->count / 2) /* the first half warms up */
                following->latency_us[following->counted++] = now_us - following->posted_us[number];
        }
        line = end + 1;
    }
    connection->length -= (size_t)(line - connection->received);
    memmove(connection->received, line, connection->length);
}

static void open_streams(struct following *following, struct signer *signer, const char *feed)
{
    char target[128];
    (void)snprintf(target, sizeof target, "/v1/feeds/%s?after=now", feed);
    const struct http_header headers[] = {{"Accept", bytes_of("text/event-stream")}};

    for (size_t i = 0; i < following->followers; i++) {
        arena_reset(signer->arena);
        struct text request = sign(signer, "GET", target, headers, 1, BYTES_NONE);
        following->connections[i].stream = true;
        send_all(&following->connections[i], &request);
        free(request.data);
    }
    for (size_t i = 0; i < following->followers; i++) { /* each says "retry:" when it follows */
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
        int status = read_answer(connection);
        if (status != 0)
            check_status(connection, status);
        if (status != 0)
            following->busy[connection - following->connections - (ptrdiff_t)following->followers] = false;
    }
}

/* Posts the next event on a free connection. PLANNED_US is when it was to be sent: what waits for one counts as late. */
static bool post_next(struct following *following, int64_t planned_us)
{
    for (size_t i = 0; i < following->posters; i++)
        if (!following->busy[i]) {
            following->busy[i] = true;
            following->posted_us[following->posted] = planned_us;
            send_all(&following->connections[following->followers + i], &following->requests[following->posted++]);
            return true;
        }
    return false;
}

static void follow(struct bench_options options)
{
    struct following following = {.followers = (size_t)bench_number(options, "followers", 1),
                                  .posters = (size_t)bench_number(options, "posters", 1)};
    int64_t every_us = 1000000 / bench_number(options, "rate", 20), give_up_us;
    struct signer signer = open_signer(options);
    int events = epoll_create1(0);

    following.requests = read_events(&signer, bench_option(options, "events", ""), 10000, &following.count);
    following.connections = open_connections(signer.authority, following.followers + following.posters, events);
    following.busy = calloc(following.posters, sizeof *following.busy);
    following.posted_us = calloc(following.count, sizeof *following.posted_us);
    following.arrived = calloc(following.count, sizeof *following.arrived);
    following.latency_us = calloc(following.count * following.followers, sizeof *following.latency_us);
    if (following.connections == NULL || following.busy == NULL || following.arrived == NULL || following.posted_us == NULL ||
        following.latency_us == NULL)
        bench_fail("no memory");
    /* Who follows is another organisation than who posts. */
    struct signer follower = signer;
    follower.key_id = bench_option(options, "follower-key-id", signer.key_id);
    struct fault fault;
    bench_need(signing_key_load(bench_option(options, "follower-secret", ""), &follower.key, &fault), &fault);
    open_streams(&following, &follower, bench_option(options, "feed", "catalogue"));
    int64_t next_us = clock_monotonic_us() + SETTLE_US; /* "now", after which a stream follows, is some moment after its "retry:" */
    give_up_us = next_us + (int64_t)following.count * every_us + 20000000;
    while (following.seen < following.count * following.followers && clock_monotonic_us() < give_up_us) {
        int64_t now_us = clock_monotonic_us();
        while (following.posted < following.count && now_us >= next_us && post_next(&following, next_us))
            next_us += every_us;
        follow_once(&following, events, 1);
    }
    size_t missing = 0;
    while (missing < following.count && following.arrived[missing])
        missing++;
    if (following.seen < following.count * following.followers)
        bench_fail("%zu of %zu events came to the followers; posted %zu, number %zu did not", following.seen,
                   following.count * following.followers, following.posted, missing);
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
