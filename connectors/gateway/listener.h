/* listener.h: HTTP itself: sockets, TLS, limits, slow clients; requests out of it and answers into it. listener.c,
 * peers.c and stream.c are the only files that include microhttpd.h.
 *
 * A pool of threads of libmicrohttpd, each with its own epoll. A request that waits is suspended and costs no thread.
 *
 * Slow clients: a connection must bring its whole request within request_timeout_ms of its beginning and take its answer
 * within response_timeout_ms (a stream: each piece within idle_timeout_ms), or it is cut off.
 *
 * Refused before anybody else is asked, as problem details, and with the end of the connection: too many connections (503), too many
 * of one address (429), a header that is too large (431) or doubtful (400, framing.h). What libmicrohttpd cannot read at all it
 * answers itself: a status of 4xx or 505 with a page of its own. */
#ifndef GATEWAY_LISTENER_H
#define GATEWAY_LISTENER_H

#include "gateway/request.h"

struct listener;

struct listener_settings {
    const char *address;
    int port;
    int threads;
    const char *certificate, *key; /* PEM; NULL: without TLS */
    const char *client_ca;         /* PEM; NULL: no client certificates */
    size_t header_bytes_max;
    size_t body_bytes_max;
    size_t bodies_bytes_max;       /* of all requests together */
    size_t request_memory_bytes_max;
    unsigned connections_max, connections_per_address_max;
    int64_t idle_timeout_ms, request_timeout_ms, response_timeout_ms;
};

struct listener_calls {
    void *self;
    /* The header is here, the body not yet. May answer, and the body is then not read. HTTP thread. */
    void (*head)(void *self, struct request *request);
    /* The request is whole. Answers or holds it. HTTP thread. */
    void (*serve)(void *self, struct request *request);
    /* The answer has been sent or the client has gone; the request ends. HTTP thread. */
    void (*done)(void *self, struct request *request);
};

/* FATAL "gateway.address", "gateway.tls". SETTINGS and CALLS are copied, their texts lent. GATEWAY goes into each request. */
enum status listener_start(const struct listener_settings *settings, const struct listener_calls *calls,
                           struct gateway *gateway, struct listener **listener, struct fault *fault) MUST_CHECK;
int listener_port(const struct listener *listener);
/* Requests that are being read, worked on or answered. */
size_t listener_busy(const struct listener *listener);
/* Every answer from now on closes its connection. */
void listener_close_connections(struct listener *listener);
struct MHD_Connection;
/* For stream.c: the connection that REQUEST came on. */
struct MHD_Connection *listener_connection(struct request *request);
/* No request may be held any more. NULL is fine. */
void listener_stop(struct listener *listener);

#endif
