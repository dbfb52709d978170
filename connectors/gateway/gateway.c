#include "gateway/gateway.h"

#include "base/log.h"
#include "domain/view.h"
#include "event/unpack.h"
#include "flow/hub.h"
#include "flow/signatures.h"
#include "gateway/house.h"
#include "kafka/topics.h"

#include "medhub/registry/v1/registry.pb-c.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { PEM_BYTES_MAX = 1024 * 1024, START_TIMEOUT_US = 60 * 1000 * 1000, STOP_PAUSE_MS = 5, LAST_ANSWERS_US = 1000 * 1000 };

const char *const house_topics[] = {"medhub.table.registry", "medhub.table.catalogue", "medhub.table.release"};
const size_t house_topic_count = sizeof house_topics / sizeof *house_topics;

/* ---- a request, from its header to its handler ---- */

const char *house_closed(struct gateway *gateway)
{
    if (atomic_load(&gateway->stopping))
        return "gateway.stopping";
    return follower_is_ready(gateway->follower) ? NULL : "gateway.starting"; /* an empty registry knows nobody */
}

static void find_route(struct request *request)
{
    switch (route_find(request->view.method, request->view.target, request->arena, &request->match, &request->allow)) {
    case ROUTE_FOUND:
        return;
    case ROUTE_UNKNOWN:
        answer_problem(request, 404, "route.unknown", "there is no such address: see /v1/openapi.json");
        return;
    case ROUTE_METHOD:
        answer_problem(request, 405, "route.method", NULL);
        answer_header(request, "Allow", request->allow);
        return;
    case ROUTE_MALFORMED:
        answer_problem(request, 400, "route.malformed", "the path is not well encoded");
        return;
    case ROUTE_TOO_LARGE:
        break;
    }
    answer_unavailable(request, "gateway.busy", NULL);
}

static bool announces_body(const struct http_view *view)
{
    struct bytes length = http_view_header(view, "Content-Length", NULL);

    return (length.data != NULL && !bytes_equal_text(length, "0")) ||
           http_view_header(view, "Transfer-Encoding", NULL).data != NULL;
}

static void head(void *self, struct request *request)
{
    struct gateway *gateway = self;

    find_route(request);
    if (request->answer.status != 0 || request->match.route->anonymous)
        return;
    const char *closed = house_closed(gateway);
    if (closed != NULL)
        answer_unavailable(request, closed, NULL);
    else if (request->match.route->bodies == NULL && announces_body(&request->view))
        answer_problem(request, 400, "request.body", "no body is taken here");
}

static bool is_known_caller(struct gateway *gateway, struct request *request)
{
    struct fault fault = {0};

    enum status status = authenticate(gateway->authenticator, &request->view, request->tables, request->arena,
                                      &request->caller, &fault);
    if (status == STATUS_OK)
        return true;
    answer_fault(request, status, strcmp(fault.code, "authentication.state") == 0 ? 403 : 401, &fault);
    return false;
}

static bool is_within_rate(struct gateway *gateway, struct request *request)
{
    int64_t wait_ms = buckets_take(gateway->buckets, request->caller.organisation, clock_monotonic_us());
    char seconds[32];

    if (wait_ms == 0)
        return true;
    metric_add(gateway->measures.limited, 1);
    answer_problem(request, 429, "request.rate", NULL);
    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)((wait_ms + 999) / 1000));
    answer_header(request, "Retry-After", seconds);
    return false;
}

/* The reader is another's once the handler has returned, also when the request goes on elsewhere. */
static void serve_caller(struct gateway *gateway, struct request *request)
{
    struct tables_reader *reader = NULL;
    struct fault fault = {0};

    enum status status = readers_borrow(gateway->readers, &reader, &fault);
    request->tables = reader;
    if (status != STATUS_OK)
        answer_fault(request, status, 503, &fault);
    else if (is_known_caller(gateway, request) && is_within_rate(gateway, request) && request_check_parameters(request))
        request->match.route->handler(request);
    readers_give_back(gateway->readers, reader);
}

static void serve(void *self, struct request *request)
{
    if (request->match.route->anonymous) {
        if (request_check_parameters(request))
            request->match.route->handler(request);
    } else {
        serve_caller(self, request);
    }
}

static void done(void *self, struct request *request)
{
    struct gateway *gateway = self;

    gateway_measures_note(&gateway->measures, request->match.route, request->answer.status, request->begun_us);
    metric_set(gateway->measures.waiting, (int64_t)waiter_count(gateway->waiter));
}

/* ---- what handlers ask ---- */

bool house_speaks_for(struct request *request, const char *source)
{
    const char *caller = request->caller.organisation;
    struct tables_row row;
    ProtobufCMessage *message = NULL;
    struct fault fault;

    if (strcmp(source, caller) == 0)
        return true;
    if (!tables_find(request->tables, TABLE_REGISTRY, source, REGION_NATION,
                     date_in_china(clock_now_ms(request->gateway->clock)), &row) ||
        unpack_message(schema_of(&medhub__registry__v1__organisation__descriptor), row.value, request->arena, &message,
                       &fault) != STATUS_OK)
        return false;
    return strcmp(((const Medhub__Registry__V1__Organisation *)message)->parent, caller) == 0;
}

int64_t house_wait_until_us(struct request *request)
{
    int64_t wait_s = request_query_integer(request, "wait", 0), most_s = request->gateway->settings->wait_seconds_max;

    if (wait_s > most_s)
        wait_s = most_s;
    return wait_s == 0 ? 0 : request->begun_us + wait_s * 1000000;
}

/* ---- health ---- */

bool gateway_is_alive(struct gateway *gateway, struct fault *fault)
{
    return follower_is_alive(gateway->follower, fault) && dispatcher_is_alive(gateway->dispatcher, fault);
}

bool gateway_is_ready(struct gateway *gateway)
{
    struct fault fault;

    return house_closed(gateway) == NULL && gateway_is_alive(gateway, &fault) && pulse_is_there(gateway->pulse);
}

void live_handler(struct request *request)
{
    struct fault fault = {0};
    bool alive = gateway_is_alive(request->gateway, &fault);

    answer_lend(request, alive ? 200 : 503, "text/plain", bytes_of(alive ? "alive\n" : "dead\n"));
}

void ready_handler(struct request *request)
{
    bool ready = gateway_is_ready(request->gateway);

    answer_lend(request, ready ? 200 : 503, "text/plain", bytes_of(ready ? "ready\n" : "not ready\n"));
}

int gateway_port(const struct gateway *gateway)
{
    return listener_port(gateway->listener);
}

const char *gateway_scheme(const struct gateway *gateway)
{
    return gateway->certificate == NULL ? "http" : "https";
}

/* ---- start ---- */

static enum status read_pem(const char *path, char **text, struct fault *fault)
{
    FILE *file = path[0] == '\0' ? NULL : fopen(path, "re");

    *text = NULL;
    if (path[0] == '\0')
        return STATUS_OK;
    if (file == NULL)
        return fault_fatal(fault, "gateway.tls", "%s: %s", path, strerror(errno));
    *text = calloc(1, PEM_BYTES_MAX + 1);
    size_t length = *text == NULL ? 0 : fread(*text, 1, PEM_BYTES_MAX, file);
    bool whole = *text != NULL && length > 0 && feof(file) != 0 && ferror(file) == 0;
    (void)fclose(file);
    return whole ? STATUS_OK : fault_fatal(fault, "gateway.tls", "%s cannot be read, is empty or too large", path);
}

static bool is_loopback(const char *address)
{
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, address, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static enum status read_tls(struct gateway *gateway, struct fault *fault)
{
    const struct gateway_settings *settings = gateway->settings;

    enum status status = read_pem(settings->tls_certificate_file, &gateway->certificate, fault);
    if (status == STATUS_OK)
        status = read_pem(settings->tls_key_file, &gateway->key, fault);
    if (status == STATUS_OK)
        status = read_pem(settings->tls_client_ca_file, &gateway->client_ca, fault);
    if (status != STATUS_OK)
        return status;
    if ((gateway->certificate == NULL) != (gateway->key == NULL) ||
        (gateway->client_ca != NULL && gateway->certificate == NULL))
        return fault_fatal(fault, "gateway.tls",
                           "gateway.tls_certificate_file and gateway.tls_key_file belong together, and "
                           "gateway.tls_client_ca_file needs both");
    if (gateway->certificate == NULL && !is_loopback(settings->address) && !settings->plain_http)
        return fault_fatal(fault, "gateway.tls",
                           "without TLS the gateway listens on loopback only: set gateway.tls_certificate_file and "
                           "gateway.tls_key_file, or gateway.plain_http=true if something else encrypts");
    if (gateway->certificate == NULL)
        log_warn("gateway.plain_http", LOG_STR("address", settings->address));
    return STATUS_OK;
}

static enum status open_tables(struct gateway *gateway, struct fault *fault)
{
    char boot_id[64];
    hub_read_boot_id(boot_id); /* copies that a machine wrote before it lost power are not trusted */
    const struct store_settings how = {
        .directory = gateway->settings->directory,
        .boot_id = boot_id,
        .map_bytes = (size_t)gateway->settings->map_bytes,
        .now_ms = clock_now_ms(gateway->clock),
        .age_ms_max = TOPICS_AWAY_MS_MAX,
    };
    bool empty = false;

    if (mkdir(how.directory, 0777) != 0 && errno != EEXIST)
        return fault_fatal(fault, "gateway.directory", "%s: %s", how.directory, strerror(errno));
    enum status status = tables_open(&how, &gateway->tables, &empty, fault);
    if (status != STATUS_OK)
        return status;
    gateway->readers = readers_new(gateway->tables);
    return gateway->readers == NULL ? fault_fatal(fault, "memory.out", "no memory for readers") : STATUS_OK;
}

/* Topics made a moment ago have no leader yet, and a broker may be starting with us. */
static enum status follow_tables(struct gateway *gateway, struct fault *fault)
{
    const struct timespec pause = {.tv_nsec = 200 * 1000 * 1000};
    int64_t give_up_us = clock_monotonic_us() + START_TIMEOUT_US;

    for (;;) {
        enum status status = follower_start(gateway->client, gateway->tables, house_topics, house_topic_count,
                                            &gateway->follower, fault);
        if (status != STATUS_RETRY || clock_monotonic_us() > give_up_us)
            return status;
        (void)nanosleep(&pause, NULL);
    }
}

static enum status start_sending(struct gateway *gateway, struct fault *fault)
{
    const struct gateway_settings *settings = gateway->settings;
    const struct dispatcher_settings how = {
        .publisher = {.messages_max = (int)settings->queue_events_max,
                      .delivery_timeout_ms = (int)settings->delivery_timeout_ms,
                      .linger_ms = (int)settings->linger_ms,
                      .compression = settings->compression,
                      .report_at_once = true},
    };

    return dispatcher_start(gateway->client, &how, &gateway->dispatcher, fault);
}

static enum status start_asking(struct gateway *gateway, struct fault *fault)
{
    const struct gateway_settings *settings = gateway->settings;
    const struct waiter_settings waiting = {.poll_us = settings->poll_ms * 1000,
                                            .keepalive_us = settings->keepalive_seconds * 1000000,
                                            .waiting_max = (size_t)settings->waiting_max};
    const struct snapshots_settings snapshots = {.directory = settings->directory,
                                                 .interval_us = settings->snapshot_seconds * 1000000,
                                                 .age_us_max = settings->snapshot_age_seconds_max * 1000000,
                                                 .sql = gateway->sql,
                                                 .client = gateway->client};

    enum status status = askers_start(gateway->sql, (size_t)settings->query_threads, (size_t)settings->questions_max,
                                      gateway, &gateway->askers, fault);
    if (status == STATUS_OK)
        status = waiter_start(gateway->sql, &waiting, &gateway->waiter, fault);
    return status == STATUS_OK
               ? snapshots_start(&snapshots, gateway->tables, gateway->follower, &gateway->snapshots, fault)
               : status;
}

static enum status start_guarding(struct gateway *gateway, struct fault *fault)
{
    const struct gateway_settings *settings = gateway->settings;
    char nonces[4096];
    const struct authenticator_settings how = {.secrets_directory = settings->secrets_directory,
                                               .window_ms = settings->signature_window_seconds * 1000,
                                               .nonces_max = (size_t)settings->nonces_max,
                                               .nonces_directory = nonces};

    (void)snprintf(nonces, sizeof nonces, "%s/nonces", settings->directory);
    gateway->buckets = buckets_new(settings->requests_per_second, settings->requests_burst,
                                   (size_t)settings->organisations_max);
    if (gateway->buckets == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the rates of callers");
    return authenticator_open(&how, gateway->clock, &gateway->authenticator, fault);
}

static enum status start_listening(struct gateway *gateway, struct fault *fault)
{
    const struct gateway_settings *settings = gateway->settings;
    const struct listener_calls calls = {gateway, head, serve, done};
    const struct listener_settings how = {
        .address = settings->address,
        .port = (int)settings->port,
        .threads = (int)settings->threads,
        .certificate = gateway->certificate,
        .key = gateway->key,
        .client_ca = gateway->client_ca,
        .header_bytes_max = (size_t)settings->header_bytes_max,
        .body_bytes_max = (size_t)settings->body_bytes_max,
        .bodies_bytes_max = (size_t)settings->bodies_bytes_max,
        .request_memory_bytes_max = (size_t)settings->request_memory_bytes_max,
        .connections_max = (unsigned)settings->connections_max,
        .connections_per_address_max = (unsigned)settings->connections_per_address_max,
        .idle_timeout_ms = settings->idle_timeout_seconds * 1000,
        .request_timeout_ms = settings->request_timeout_seconds * 1000,
        .response_timeout_ms = settings->response_timeout_seconds * 1000,
    };

    enum status status = listener_start(&how, &calls, gateway, &gateway->listener, fault);
    if (status == STATUS_OK)
        log_info("gateway.listening", LOG_STR("address", settings->address), LOG_INT("port", gateway_port(gateway)),
                 LOG_STR("scheme", gateway_scheme(gateway)));
    return status;
}

static enum status start_pulse(struct gateway *gateway, struct fault *fault)
{
    return pulse_start(gateway->client, house_topics[0], &gateway->pulse, fault);
}

static enum status make_documents(struct gateway *gateway, struct fault *fault)
{
    return documents_init(&gateway->documents, fault);
}

static enum status read_voucher(struct gateway *gateway, struct fault *fault)
{
    return signatures_open(gateway->hub, &gateway->signatures, fault);
}

/* In this order; each needs those before it. */
static enum status (*const steps[])(struct gateway *gateway, struct fault *fault) = {
    read_tls,    read_voucher,   make_documents, open_tables,   follow_tables,
    start_pulse, start_guarding, start_asking,   start_sending, start_listening,
};

enum status gateway_start(const struct gateway_settings *settings, const struct settings *hub, const struct sql_settings *sql,
                          const struct kafka_client *client, struct clock clock, struct gateway **gateway,
                          struct fault *fault)
{
    struct gateway *made = calloc(1, sizeof *made);
    enum status status = STATUS_OK;

    *gateway = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a gateway");
    made->settings = settings;
    made->hub = hub;
    made->sql = sql;
    made->client = client;
    made->clock = clock;
    gateway_measures_init(&made->measures);
    for (size_t i = 0; status == STATUS_OK && i < sizeof steps / sizeof *steps; i++)
        status = steps[i](made, fault);
    if (status != STATUS_OK) {
        gateway_stop(made);
        return STATUS_FATAL;
    }
    *gateway = made;
    return STATUS_OK;
}

/* ---- the end ---- */

/* Until every request is answered; new ones hear 503 meanwhile. Bounded. */
static void finish_requests(struct gateway *gateway, int64_t timeout_us)
{
    const struct timespec pause = {.tv_nsec = STOP_PAUSE_MS * 1000 * 1000};
    int64_t until_us = clock_monotonic_us() + timeout_us;

    while (gateway->listener != NULL && listener_busy(gateway->listener) > 0 && clock_monotonic_us() < until_us)
        (void)nanosleep(&pause, NULL);
}

/* Those who only wait are let go with what there is; what is on its way to the brokers is finished, or at the end of the time
 * told as failed. No request is held any more when the listener stops. */
static void finish(struct gateway *gateway)
{
    atomic_store(&gateway->stopping, true);
    if (gateway->listener != NULL)
        listener_close_connections(gateway->listener);
    waiter_finish(gateway->waiter);
    finish_requests(gateway, gateway->settings->stop_timeout_seconds * 1000000);
    dispatcher_finish(gateway->dispatcher);
    askers_finish(gateway->askers);
    finish_requests(gateway, LAST_ANSWERS_US);
    listener_stop(gateway->listener);
}

void gateway_stop(struct gateway *gateway)
{
    if (gateway == NULL)
        return;
    finish(gateway);
    dispatcher_free(gateway->dispatcher);
    waiter_free(gateway->waiter);
    askers_free(gateway->askers);
    snapshots_stop(gateway->snapshots);
    pulse_stop(gateway->pulse);
    authenticator_close(gateway->authenticator);
    signatures_close(gateway->signatures);
    buckets_free(gateway->buckets);
    documents_done(&gateway->documents);
    readers_free(gateway->readers);
    follower_stop(gateway->follower);
    tables_close(gateway->tables);
    free(gateway->certificate);
    free(gateway->key);
    free(gateway->client_ca);
    free(gateway);
}
