#include "gateway/listener.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/framing.h"
#include "gateway/peers.h"
#include "gateway/stream.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HEADERS_MAX = 100, ARENA_FIRST_BYTES = 16 * 1024, STREAM_BLOCK_BYTES = 16 * 1024 };
enum { KEPT_MAX = 256, KEPT_BYTES_MAX = 64 * 1024 };

struct listener {
    struct listener_settings settings;
    struct listener_calls calls;
    struct gateway *gateway;
    struct MHD_Daemon *daemon;
    int port;
    atomic_size_t busy, bodies_bytes;
    atomic_bool closing;
    struct peers *peers;
    pthread_mutex_t idle_lock; /* over the exchanges that are kept for the next requests, with their memory */
    struct exchange *idle;
    size_t idle_count;
};

enum exchange_state {
    EXCHANGE_NEW,
    EXCHANGE_READING,
    EXCHANGE_HELD,     /* somebody else has it in hand */
    EXCHANGE_ANSWERED, /* the answer is queued */
};

/* A request and the connection behind it. The connection has one reference, whoever streams another. */
struct exchange {
    struct request request; /* first: a request is an exchange */
    struct listener *listener;
    struct MHD_Connection *connection;
    enum exchange_state state;
    atomic_int references;
    struct buffer body;
    size_t body_booked; /* of listener->bodies_bytes */
    bool body_too_large;
    size_t header_bytes;
    bool header_too_large;
    struct exchange *next_idle;
    struct http_header headers[HEADERS_MAX]; /* last: not cleared */
};

static struct exchange *exchange_of(struct request *request)
{
    return (struct exchange *)(void *)request;
}

struct MHD_Connection *listener_connection(struct request *request)
{
    return exchange_of(request)->connection;
}

/* ---- a request comes ---- */

static void free_exchange(struct exchange *exchange)
{
    buffer_done(&exchange->request.answer.made);
    buffer_done(&exchange->body);
    arena_free(exchange->request.arena);
    free(exchange);
}

/* One with its memory, empty; everything else is the last request's. NULL: no memory. */
static struct exchange *take_exchange(struct listener *listener)
{
    (void)pthread_mutex_lock(&listener->idle_lock);
    struct exchange *taken = listener->idle;
    if (taken != NULL) {
        listener->idle = taken->next_idle;
        listener->idle_count--;
    }
    (void)pthread_mutex_unlock(&listener->idle_lock);
    if (taken != NULL)
        return taken;
    taken = calloc(1, sizeof *taken);
    if (taken == NULL)
        return NULL;
    taken->listener = listener;
    taken->request.arena = arena_new(ARENA_FIRST_BYTES, listener->settings.request_memory_bytes_max);
    buffer_init(&taken->body, listener->settings.body_bytes_max);
    buffer_init(&taken->request.answer.made, ANSWER_BYTES_MAX);
    if (taken->request.arena != NULL)
        return taken;
    free_exchange(taken);
    return NULL;
}

/* What a large request took is not kept. */
static void put_back(struct exchange *exchange)
{
    struct listener *listener = exchange->listener;
    bool small = exchange->body.capacity <= KEPT_BYTES_MAX && exchange->request.answer.made.capacity <= KEPT_BYTES_MAX;

    arena_reset(exchange->request.arena);
    (void)pthread_mutex_lock(&listener->idle_lock);
    bool kept = small && listener->idle_count < KEPT_MAX;
    if (kept) {
        exchange->next_idle = listener->idle;
        listener->idle = exchange;
        listener->idle_count++;
    }
    (void)pthread_mutex_unlock(&listener->idle_lock);
    if (!kept)
        free_exchange(exchange);
}

static void end_of_exchange(struct exchange *exchange)
{
    if (exchange->request.answer.file >= 0)
        (void)close(exchange->request.answer.file);
    stream_free(exchange->request.answer.stream);
    put_back(exchange);
}

void request_keep(struct request *request)
{
    (void)atomic_fetch_add(&exchange_of(request)->references, 1);
}

void request_release(struct request *request)
{
    if (atomic_fetch_sub(&exchange_of(request)->references, 1) == 1)
        end_of_exchange(exchange_of(request));
}

/* Called with the target as it came, before anything else of the request; what it returns is the request's context. */
static void *begin_exchange(void *self, const char *target, struct MHD_Connection *connection)
{
    struct listener *listener = self;
    struct exchange *made = take_exchange(listener);

    if (made == NULL)
        return NULL;
    struct arena *arena = made->request.arena;
    struct buffer body = made->body, answer = made->request.answer.made;
    memset(made, 0, offsetof(struct exchange, headers));
    buffer_clear(&body);
    buffer_clear(&answer);
    made->listener = listener;
    made->connection = connection;
    made->body = body;
    atomic_init(&made->references, 1);
    made->request.arena = arena;
    made->request.answer.made = answer;
    made->request.answer.file = -1;
    made->request.gateway = listener->gateway;
    made->request.begun_us = clock_monotonic_us();
    made->request.view.target = arena_text(arena, bytes_of(target));
    (void)atomic_fetch_add(&listener->busy, 1);
    return made;
}

static void end_exchange(void *self, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct listener *listener = self;
    struct exchange *exchange = *context;
    (void)code;

    *context = NULL;
    peer_set_deadline(connection, listener->settings.idle_timeout_ms + listener->settings.request_timeout_ms);
    if (exchange == NULL)
        return;
    (void)atomic_fetch_sub(&listener->bodies_bytes, exchange->body_booked);
    exchange->connection = NULL;
    listener->calls.done(listener->calls.self, &exchange->request);
    struct stream *stream = exchange->request.answer.stream;
    if (stream != NULL)
        stream_end(stream); /* may hand the other reference to who ends the stream */
    (void)atomic_fetch_sub(&listener->busy, 1);
    request_release(&exchange->request);
}

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_length,
                                   const char *value, size_t value_length)
{
    struct exchange *exchange = context;
    struct http_view *view = &exchange->request.view;
    (void)kind;

    exchange->header_bytes += name_length + value_length + 4;
    exchange->header_too_large = exchange->header_too_large || view->header_count == HEADERS_MAX ||
                                 exchange->header_bytes > exchange->listener->settings.header_bytes_max;
    if (exchange->header_too_large)
        return MHD_NO;
    struct bytes text = value == NULL ? bytes_from("", 0) : bytes_from(value, value_length);
    while (text.length > 0 && (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '\t'))
        text.length--;
    exchange->headers[view->header_count++] = (struct http_header){name, text};
    return MHD_YES;
}

static void read_header(struct exchange *exchange, const char *method)
{
    struct http_view *view = &exchange->request.view;

    view->method = method;
    view->scheme = exchange->listener->settings.certificate == NULL ? "http" : "https";
    view->headers = exchange->headers;
    view->certificate_subject = 
        exchange->listener->settings.client_ca == NULL ? NULL : peer_certificate_subject(exchange->connection);
    exchange->header_bytes = view->target == NULL ? 0 : strlen(view->target);
    exchange->header_too_large = exchange->header_bytes > exchange->listener->settings.header_bytes_max;
    (void)MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, take_header, exchange);
}

/* False: more than all requests together may have. */
static bool book_body(struct exchange *exchange, size_t bytes)
{
    struct listener *listener = exchange->listener;

    exchange->body_booked += bytes;
    return atomic_fetch_add(&listener->bodies_bytes, bytes) + bytes <= listener->settings.bodies_bytes_max;
}

/* What Content-Length announces is refused before it is sent. */
static void expect_body(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    struct bytes length = http_view_header(&request->view, "Content-Length", NULL);
    unsigned long long announced = length.data == NULL ? 0 : strtoull((const char *)length.data, NULL, 10);

    if (announced > exchange->listener->settings.body_bytes_max)
        answer_problem(request, 413, "request.too_large", NULL);
    else if (announced > 0 && !book_body(exchange, (size_t)announced))
        answer_unavailable(request, "gateway.busy", NULL);
}

/* In the middle of a body nothing may be answered: what is too much is swallowed, and refused at its end. */
static bool take_body(struct exchange *exchange, const char *data, size_t length)
{
    struct listener *listener = exchange->listener;
    size_t total = exchange->body.length + length;

    if (exchange->body_too_large)
        return true;
    if (total > exchange->body_booked && !book_body(exchange, total - exchange->body_booked))
        return false;
    exchange->body_too_large = total > listener->settings.body_bytes_max;
    if (!exchange->body_too_large)
        buffer_append(&exchange->body, data, length);
    return buffer_ok(&exchange->body);
}

/* ---- the answer goes ---- */

static struct MHD_Response *response_of(struct exchange *exchange)
{
    struct answer *answer = &exchange->request.answer;

    if (answer->stream != NULL)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, stream_read, &exchange->request, NULL);
    if (answer->file < 0) /* the request outlives its response */
        return MHD_create_response_from_buffer(answer->body.length, (void *)answer->body.data, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response = MHD_create_response_from_fd64(answer->file_bytes, answer->file);
    if (response != NULL)
        answer->file = -1; /* the response closes it */
    return response;
}

static void add_headers(struct exchange *exchange, struct MHD_Response *response)
{
    const struct answer *answer = &exchange->request.answer;
    bool cached = false;

    if (answer->content_type != NULL)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    for (size_t i = 0; i < answer->header_count; i++) {
        cached = cached || strcmp(answer->headers[i].name, MHD_HTTP_HEADER_CACHE_CONTROL) == 0;
        (void)MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    }
    if (!cached)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (answer->close || atomic_load(&exchange->listener->closing))
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
    struct listener *listener = exchange->listener;
    const struct answer *answer = &exchange->request.answer;
    struct MHD_Response *response = response_of(exchange);

    if (response == NULL)
        return MHD_NO;
    add_headers(exchange, response);
    peer_set_deadline(exchange->connection, answer->stream != NULL ? 0 : listener->settings.response_timeout_ms);
    enum MHD_Result result = MHD_queue_response(exchange->connection, answer->status, response);
    MHD_destroy_response(response);
    exchange->state = EXCHANGE_ANSWERED;
    return result;
}

/* After a handler: it has answered, or the request is in other hands. */
static enum MHD_Result go_on(struct exchange *exchange)
{
    if (exchange->state == EXCHANGE_HELD)
        return MHD_YES;
    if (exchange->request.answer.status == 0)
        answer_unavailable(&exchange->request, "gateway.no_answer", NULL);
    return send_answer(exchange);
}

void request_hold(struct request *request)
{
    struct exchange *exchange = exchange_of(request);

    exchange->state = EXCHANGE_HELD;
    peer_set_deadline(exchange->connection, 0);
    MHD_suspend_connection(exchange->connection);
}

void request_go_on(struct request *request, void (*then)(struct request *request))
{
    request->then = then;
    MHD_resume_connection(exchange_of(request)->connection);
}

static void nothing(struct request *request)
{
    (void)request;
}

void request_answered(struct request *request)
{
    request_go_on(request, nothing);
}

static enum MHD_Result come_back(struct exchange *exchange)
{
    exchange->state = EXCHANGE_READING;
    exchange->request.then(&exchange->request);
    return go_on(exchange);
}

static bool has_body(const struct request *request)
{
    struct bytes length = http_view_header(&request->view, "Content-Length", NULL);

    return (length.data != NULL && !bytes_equal_text(length, "0")) ||
           http_view_header(&request->view, "Transfer-Encoding", NULL).data != NULL;
}

static void answer_address_full(struct request *request)
{
    answer_problem(request, 429, "request.connections", "too many connections of this address");
    answer_header(request, "Retry-After", "2");
}

/* What the connection, or the header alone, is refused for; the connection ends with it. */
static void refuse_if_unfit(struct exchange *exchange, const char *version)
{
    struct request *request = &exchange->request;
    enum peer_seat seat = peer_seat(exchange->connection);
    struct framing_flaw flaw;

    if (seat == PEER_HOUSE_FULL)
        answer_unavailable(request, "gateway.connections", NULL);
    else if (seat == PEER_ADDRESS_FULL)
        answer_address_full(request);
    else if (request->view.target == NULL || exchange->header_too_large)
        answer_problem(request, 431, "request.header_too_large", NULL);
    else if (!framing_is_sound(&request->view, version, &flaw))
        answer_problem(request, 400, flaw.code, flaw.why);
    request->answer.close = request->answer.status != 0;
}

static enum MHD_Result head(struct exchange *exchange, const char *method, const char *version)
{
    struct listener *listener = exchange->listener;
    struct request *request = &exchange->request;

    exchange->state = EXCHANGE_READING;
    read_header(exchange, method);
    refuse_if_unfit(exchange, version);
    if (request->answer.status == 0)
        expect_body(exchange);
    if (request->answer.status == 0)
        listener->calls.head(listener->calls.self, request);
    if (request->answer.status == 0)
        return MHD_YES;
    request->answer.close = request->answer.close || has_body(request); /* which nobody will read */
    return send_answer(exchange);
}

static enum MHD_Result whole(struct exchange *exchange)
{
    struct request *request = &exchange->request;

    request->view.body = exchange->body.length == 0 ? BYTES_NONE : buffer_bytes(&exchange->body);
    if (exchange->body_too_large)
        answer_problem(request, 413, "request.too_large", NULL);
    else
        exchange->listener->calls.serve(exchange->listener->calls.self, request);
    return go_on(exchange);
}

/* libmicrohttpd calls this with the header, with each piece of the body, when all is here, and when a held one goes on. */
static enum MHD_Result advance(void *self, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *data_length, void **context)
{
    struct exchange *exchange = *context;
    (void)self, (void)connection, (void)url;

    if (exchange == NULL)
        return MHD_NO; /* no memory when it began: the connection is closed */
    if (exchange->state == EXCHANGE_NEW)
        return head(exchange, method, version);
    if (*data_length > 0) {
        bool taken = take_body(exchange, data, *data_length);
        *data_length = 0;
        return taken ? MHD_YES : MHD_NO;
    }
    if (exchange->state == EXCHANGE_HELD)
        return come_back(exchange);
    return exchange->state == EXCHANGE_READING ? whole(exchange) : MHD_YES;
}

/* ---- start and end ---- */

static void *name_of_address(const char *address, int port, struct addrinfo **found)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_PASSIVE | AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[16];

    (void)snprintf(service, sizeof service, "%d", port);
    return getaddrinfo(address, service, &hints, found) == 0 ? (*found)->ai_addr : NULL;
}

/* Room for a header somewhat larger than allowed, so that we can say so, and for what is read and written. libmicrohttpd
 * clears all of it for each request, so it must not be larger than need be. */
static size_t connection_memory(const struct listener_settings *settings)
{
    enum { IO_BYTES = 8 * 1024 };

    return settings->header_bytes_max + settings->header_bytes_max / 2 + IO_BYTES;
}

/* A few more than are served, so that those who are too many can be told. libmicrohttpd shares them out among its threads, and
 * connections do not come evenly. */
static intptr_t with_reserve(unsigned count)
{
    enum { RESERVE = 64 };

    return (intptr_t)count + count / 4 + RESERVE;
}

static struct MHD_Daemon *start_daemon(struct listener *listener, struct addrinfo *place)
{
    const struct listener_settings *settings = &listener->settings;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    struct MHD_OptionItem options[20];
    size_t count = 0;

    flags |= place->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0;
    flags |= settings->certificate != NULL ? MHD_USE_TLS : 0;
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_SOCK_ADDR, 0, place->ai_addr};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, settings->threads > 1 ? settings->threads : 0, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, with_reserve(settings->connections_max), NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT, with_reserve(settings->connections_per_address_max), NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)((settings->idle_timeout_ms + 999) / 1000), NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)connection_memory(settings), NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)peers_connection_changed, listener->peers};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)end_exchange, listener};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)begin_exchange, listener};
    if (settings->certificate != NULL) {
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)settings->certificate};
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)settings->key};
        options[count++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"};
        if (settings->client_ca != NULL)
            options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)settings->client_ca};
    }
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(flags, 0, NULL, NULL, advance, listener, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static enum status open_socket(struct listener *listener, struct fault *fault)
{
    const struct listener_settings *settings = &listener->settings;
    struct addrinfo *place = NULL;

    if (name_of_address(settings->address, settings->port, &place) == NULL)
        return fault_fatal(fault, "gateway.address", "gateway.address %s is not an IP address", settings->address);
    errno = 0;
    listener->daemon = start_daemon(listener, place);
    int cause = errno;
    freeaddrinfo(place);
    if (listener->daemon == NULL)
        return fault_fatal(fault, "gateway.address", "cannot listen on %s port %d%s: %s", settings->address,
                           settings->port, settings->certificate == NULL ? "" : " with this certificate and key",
                           cause == 0 ? "refused by libmicrohttpd" : strerror(cause));
    const union MHD_DaemonInfo *bound = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_BIND_PORT);
    listener->port = bound == NULL ? settings->port : bound->port;
    return STATUS_OK;
}

enum status listener_start(const struct listener_settings *settings, const struct listener_calls *calls,
                           struct gateway *gateway, struct listener **listener, struct fault *fault)
{
    struct listener *made = calloc(1, sizeof *made);

    *listener = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a listener");
    made->settings = *settings;
    made->calls = *calls;
    made->gateway = gateway;
    (void)pthread_mutex_init(&made->idle_lock, NULL);
    const struct peers_settings peers = {.first_ms = settings->request_timeout_ms,
                                         .count_max = settings->connections_max,
                                         .of_address_max = settings->connections_per_address_max};
    enum status status = peers_start(&peers, &made->peers, fault);
    if (status == STATUS_OK)
        status = open_socket(made, fault);
    if (status != STATUS_OK) {
        listener_stop(made);
        return status;
    }
    *listener = made;
    return STATUS_OK;
}

int listener_port(const struct listener *listener)
{
    return listener->port;
}

size_t listener_busy(const struct listener *listener)
{
    return atomic_load(&listener->busy);
}

void listener_close_connections(struct listener *listener)
{
    atomic_store(&listener->closing, true);
}

void listener_stop(struct listener *listener)
{
    if (listener == NULL)
        return;
    if (listener->daemon != NULL)
        MHD_stop_daemon(listener->daemon);
    peers_stop(listener->peers);
    while (listener->idle != NULL) {
        struct exchange *idle = listener->idle;
        listener->idle = idle->next_idle;
        free_exchange(idle);
    }
    (void)pthread_mutex_destroy(&listener->idle_lock);
    free(listener);
}
