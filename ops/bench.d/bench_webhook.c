/* bench_webhook: what the webhook connector is measured with.
 *
 *     bench_webhook --do receive                          a receiver (libmicrohttpd) that takes everything; prints its port,
 *                                                         runs until SIGTERM. GET /reset, /stats, /sample
 *     bench_webhook --do load --brokers B --events N --keys K --endpoints E --port P
 *                                                         E organisations with an endpoint each at the receiver, N deliveries
 *     bench_webhook --do raw --port P --events N --concurrency C
 *                                                         bare libcurl multi: the sample that the receiver saw last, N times
 */
#include "bench.h"
#include "sample.h"

#include "base/clock.h"
#include "event/pack.h"
#include "kafka/publisher.h"
#include "state/tables.h"

#include "medhub/event/v1/event.pb-c.h"
#include "medhub/registry/v1/registry.pb-c.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_BYTES_MAX = 65536, ENDPOINTS_MAX = 64, CONCURRENCY_MAX = 1024, DELIVERY_TIMEOUT_MS = 60000 };

/* ---- the receiver ---- */

struct receiver { /* its one thread's */
    int64_t count, first_us, last_us;
    bool has_sample;
    struct buffer headers, body; /* of the sample */
};

struct posted {
    bool challenge, sampled;
    struct buffer body; /* of a challenge */
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, struct bytes text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(text.length, (void *)(uintptr_t)text.data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_queue_response(connection, status, response);

    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result keep_header(void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct receiver *receiver = self;
    (void)kind;

    if (strcasecmp(name, "host") != 0 && strcasecmp(name, "content-length") != 0 && strcasecmp(name, "accept") != 0)
        buffer_append_format(&receiver->headers, "%s: %s\n", name, value);
    return MHD_YES;
}

static struct posted *begin_post(struct receiver *receiver, struct MHD_Connection *connection)
{
    struct posted *posted = calloc(1, sizeof *posted);
    const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "ce-type");

    if (posted == NULL)
        bench_fail("no memory");
    posted->challenge = type != NULL && strcmp(type, "medhub.webhook.challenge.v1") == 0;
    posted->sampled = !posted->challenge && !receiver->has_sample;
    buffer_init(&posted->body, SAMPLE_BYTES_MAX);
    if (posted->sampled) {
        receiver->has_sample = true;
        buffer_clear(&receiver->headers);
        buffer_clear(&receiver->body);
        (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, keep_header, receiver);
    }
    return posted;
}

static enum MHD_Result end_post(struct receiver *receiver, struct MHD_Connection *connection, struct posted *posted)
{
    if (posted->challenge)
        return answer(connection, 200, buffer_bytes(&posted->body));
    receiver->last_us = clock_monotonic_us();
    if (receiver->count++ == 0)
        receiver->first_us = receiver->last_us;
    return answer(connection, 204, BYTES_NONE);
}

static enum MHD_Result tell(struct receiver *receiver, struct MHD_Connection *connection, const char *url)
{
    struct buffer text;

    buffer_init(&text, 2 * SAMPLE_BYTES_MAX);
    if (strcmp(url, "/reset") == 0) {
        receiver->count = 0;
    } else if (strcmp(url, "/sample") == 0) {
        buffer_append_bytes(&text, buffer_bytes(&receiver->headers));
        buffer_append_byte(&text, '\n');
        buffer_append_bytes(&text, buffer_bytes(&receiver->body));
        receiver->has_sample = false;
    } else {
        buffer_append_format(&text, "{\"count\":%" PRId64 ",\"seconds\":%.6f}", receiver->count,
                             (double)(receiver->last_us - receiver->first_us) / 1e6);
    }
    enum MHD_Result result = answer(connection, 200, buffer_bytes(&text));
    buffer_done(&text);
    return result;
}

static enum MHD_Result serve(void *self, struct MHD_Connection *connection, const char *url, const char *method,
                             const char *version, const char *upload, size_t *upload_size, void **context)
{
    struct receiver *receiver = self;
    struct posted *posted = *context;
    (void)version;

    if (strcmp(method, "GET") == 0)
        return tell(receiver, connection, url);
    if (posted == NULL) {
        *context = begin_post(receiver, connection);
        return MHD_YES;
    }
    if (*upload_size == 0)
        return end_post(receiver, connection, posted);
    if (posted->challenge)
        buffer_append(&posted->body, upload, *upload_size);
    if (posted->sampled)
        buffer_append(&receiver->body, upload, *upload_size);
    *upload_size = 0;
    return MHD_YES;
}

static void end_request(void *self, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
    struct posted *posted = *context;
    (void)self, (void)connection, (void)code;

    if (posted == NULL)
        return;
    buffer_done(&posted->body);
    free(posted);
}

static void receive(void)
{
    struct receiver receiver = {0};
    sigset_t signals;
    int number = 0;

    bench_block_signals();
    buffer_init(&receiver.headers, SAMPLE_BYTES_MAX);
    buffer_init(&receiver.body, SAMPLE_BYTES_MAX);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_TURBO, 0, NULL, NULL, serve, &receiver,
                         MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL, MHD_OPTION_CONNECTION_LIMIT, 2000u, MHD_OPTION_END);
    if (daemon == NULL)
        bench_fail("no receiver");
    printf("{\"port\":%d}\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigwait(&signals, &number);
    MHD_stop_daemon(daemon);
    buffer_done(&receiver.headers);
    buffer_done(&receiver.body);
}

/* ---- the load ---- */

static void sent(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    (void)self, (void)context, (void)partition, (void)offset;
    if (fault != NULL)
        bench_fail("not written: %s", fault->text);
}

static void write_record(struct publisher *publisher, const char *topic, struct bytes key, struct bytes value)
{
    struct fault fault = {0};
    enum status status = STATUS_RETRY;

    while ((status = publisher_send(publisher, topic, key, value, NULL, NULL, &fault)) == STATUS_RETRY)
        publisher_poll(publisher, 10);
    bench_need(status, &fault);
}

static void write_organisation(struct publisher *publisher, struct arena *arena, int64_t number, int64_t port,
                               int64_t concurrency)
{
    Medhub__Registry__V1__Organisation organisation = MEDHUB__REGISTRY__V1__ORGANISATION__INIT;
    Medhub__Registry__V1__Endpoint endpoint = MEDHUB__REGISTRY__V1__ENDPOINT__INIT, *endpoints[] = {&endpoint};
    Medhub__Event__V1__TableRow row = MEDHUB__EVENT__V1__TABLE_ROW__INIT;
    struct buffer key;
    char id[] = "main";

    endpoint.id = id;
    endpoint.url = arena_format(arena, "http://127.0.0.1:%" PRId64 "/e%" PRId64, port, number);
    endpoint.private_network = 1;
    endpoint.concurrency = (uint32_t)concurrency;
    organisation.id = arena_format(arena, "BENCH%" PRId64, number);
    organisation.name = organisation.id;
    organisation.kind = MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_OTHER;
    organisation.state = MEDHUB__REGISTRY__V1__STATE__STATE_LIVE;
    organisation.region = arena_format(arena, "650100");
    organisation.n_endpoints = 1;
    organisation.endpoints = endpoints;
    struct bytes value = pack_message(&organisation.base, arena);
    row.table = arena_format(arena, "registry");
    row.key = organisation.id;
    row.region = arena_format(arena, "000000");
    row.valid_from = arena_format(arena, "2020-01-01");
    row.version = 1;
    row.value.data = (uint8_t *)(uintptr_t)value.data;
    row.value.len = value.length;
    buffer_init(&key, 500);
    if (!tables_row_key(row.table, row.key, row.region, date_parse(bytes_of(row.valid_from)), &key))
        bench_fail("no key for a row");
    write_record(publisher, "medhub.table.registry", buffer_bytes(&key), pack_message(&row.base, arena));
    buffer_done(&key);
}

static void write_delivery(struct publisher *publisher, const struct sample *sample, int64_t number, int64_t endpoints,
                           struct arena *arena)
{
    struct sample_event event = sample_make(sample, number, arena);
    Medhub__Event__V1__Delivery delivery = MEDHUB__EVENT__V1__DELIVERY__INIT;
    char *recipients[] = {arena_format(arena, "BENCH%" PRId64, number % endpoints)};

    headers_free(event.headers);
    delivery.recipients = recipients;
    delivery.n_recipients = 1;
    delivery.type = arena_format(arena, "medhub.prescription.uploaded.v1");
    delivery.id = arena_format(arena, "e-%" PRId64, number);
    delivery.source = arena_format(arena, "H65010000001");
    delivery.key = arena_text(arena, event.key);
    delivery.version = 1;
    delivery.visibility = 15;
    delivery.decided_at_ms = sample->now_ms;
    delivery.input_topic = arena_format(arena, "medhub.inbox.prescription");
    delivery.input_offset = number;
    delivery.data.data = (uint8_t *)(uintptr_t)event.value.data;
    delivery.data.len = event.value.length;
    write_record(publisher, "medhub.delivery", event.key, pack_message(&delivery.base, arena));
    arena_reset(arena);
}

static void load(struct bench_options options)
{
    const struct publisher_settings how = {
        .messages_max = 50000, .delivery_timeout_ms = DELIVERY_TIMEOUT_MS, .linger_ms = 5, .compression = "none"};
    const struct sample sample = {.profile = PROFILE_PRESCRIPTION,
                                  .seed = 1,
                                  .keys = bench_number(options, "keys", 2000),
                                  .now_ms = clock_now_ms(clock_system())};
    int64_t endpoints = bench_number(options, "endpoints", 1), first = bench_number(options, "first", 0);
    struct arena *arena = arena_new(65536, 1 << 24);
    struct kafka_client client;
    struct publisher *publisher = NULL;
    struct fault fault = {0};

    kafka_client_init(&client, bench_option(options, "brokers", "127.0.0.1:9092"));
    bench_need(publisher_open(&client, &how, sent, NULL, &publisher, &fault), &fault);
    for (int64_t i = 0; i < endpoints && bench_number(options, "port", 0) > 0; i++)
        write_organisation(publisher, arena, i, bench_number(options, "port", 0), bench_number(options, "concurrency", 16));
    for (int64_t i = first; i < first + bench_number(options, "events", 0); i++)
        write_delivery(publisher, &sample, i, endpoints, arena);
    bench_need(publisher_flush(publisher, DELIVERY_TIMEOUT_MS, &fault), &fault);
    publisher_close(publisher);
    arena_free(arena);
}

/* ---- bare libcurl multi ---- */

struct raw {
    char url[80];
    struct curl_slist *headers;
    struct buffer body;
    int64_t left, done;
};

static size_t take(char *data, size_t size, size_t count, void *self)
{
    if (self != NULL)
        buffer_append(self, data, size * count);
    return size * count;
}

static void fetch(const char *url, struct buffer *into)
{
    CURL *easy = curl_easy_init();

    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, into);
    if (curl_easy_perform(easy) != CURLE_OK)
        bench_fail("the receiver does not answer");
    curl_easy_cleanup(easy);
}

/* Lines until an empty one, then the body. */
static void read_sample(struct raw *raw, int64_t port)
{
    char url[80];
    struct buffer sample;

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%" PRId64 "/sample", port);
    buffer_init(&sample, 2 * SAMPLE_BYTES_MAX);
    fetch(url, &sample);
    char *line = (char *)(uintptr_t)buffer_text(&sample), *end = NULL;
    while ((end = strchr(line, '\n')) != NULL && end != line) {
        *end = '\0';
        raw->headers = curl_slist_append(raw->headers, line);
        line = end + 1;
    }
    raw->headers = curl_slist_append(raw->headers, "Expect:");
    buffer_init(&raw->body, SAMPLE_BYTES_MAX);
    if (end == NULL || end[1] == '\0')
        bench_fail("the receiver has no sample");
    buffer_append_text(&raw->body, end + 1);
    buffer_done(&sample);
}

static bool post(struct raw *raw, CURLM *multi, CURL *easy)
{
    if (raw->left == 0)
        return false;
    raw->left--;
    (void)curl_easy_setopt(easy, CURLOPT_URL, raw->url);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, raw->headers);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)raw->body.length);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, raw->body.data);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, NULL);
    (void)curl_multi_add_handle(multi, easy);
    return true;
}

static void collect(struct raw *raw, CURLM *multi)
{
    CURLMsg *message = NULL;
    int left = 0;

    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        if (message->data.result != CURLE_OK)
            bench_fail("%s", curl_easy_strerror(message->data.result));
        (void)curl_multi_remove_handle(multi, easy);
        raw->done++;
        (void)post(raw, multi, easy);
    }
}

static void run_raw(struct bench_options options)
{
    int64_t port = bench_number(options, "port", 0), events = bench_number(options, "events", 10000);
    int64_t concurrency = bench_number(options, "concurrency", 64);
    struct raw raw = {.left = events};
    CURL *easies[CONCURRENCY_MAX];
    int running = 0;

    if (concurrency > CONCURRENCY_MAX)
        bench_fail("at most %d requests at a time", CONCURRENCY_MAX);
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    read_sample(&raw, port);
    (void)snprintf(raw.url, sizeof raw.url, "http://127.0.0.1:%" PRId64 "/e0", port);
    CURLM *multi = curl_multi_init();
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)concurrency);
    double cpu = bench_cpu_seconds();
    int64_t begun_us = clock_monotonic_us();
    for (int64_t i = 0; i < concurrency; i++) {
        easies[i] = curl_easy_init();
        (void)post(&raw, multi, easies[i]);
    }
    while (raw.done < events) {
        (void)curl_multi_perform(multi, &running);
        collect(&raw, multi);
        if (raw.done < events)
            (void)curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    printf("{\"events\":%" PRId64 ",\"seconds\":%.6f,\"cpu_seconds\":%.3f,\"body_bytes\":%zu}\n", events,
           (double)(clock_monotonic_us() - begun_us) / 1e6, bench_cpu_seconds() - cpu, raw.body.length);
    for (int64_t i = 0; i < concurrency; i++)
        curl_easy_cleanup(easies[i]);
    (void)curl_multi_cleanup(multi);
    curl_slist_free_all(raw.headers);
    buffer_done(&raw.body);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    const char *what = bench_option(options, "do", "");

    if (strcmp(what, "receive") == 0)
        receive();
    else if (strcmp(what, "load") == 0)
        load(options);
    else if (strcmp(what, "raw") == 0)
        run_raw(options);
    else
        bench_fail("--do receive, load or raw");
    return 0;
}
