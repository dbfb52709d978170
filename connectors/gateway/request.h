/* request.h: one HTTP request from its first line to its last byte of answer: what handlers see.
 *
 * One thread at a time has a request in hand: the HTTP thread that read it, then whoever it was handed to. Everything that
 * a handler makes lies in the request's arena, which lives until the answer is sent. */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include "base/arena.h"
#include "base/fault.h"
#include "gateway/authenticate.h"
#include "gateway/http_view.h"
#include "gateway/routes.h"

struct gateway;
struct request;

/* What the handler and those it hands on to may use. */
struct request {
    struct gateway *gateway;
    struct arena *arena;
    struct http_view view;
    struct route_match match;
    struct caller caller;      /* of routes that are not anonymous */
    struct tables_reader *tables; /* renewed; on HTTP and query threads while they have the request in hand */
    void *work;                /* the handler's own, in the arena; given on from thread to thread */
    struct exchange *exchange; /* the connection behind it: gateway/listener.h */
};

/* ---- the answer ---- */

enum { ANSWER_BYTES_MAX = 64 * 1024 * 1024 };

/* Sets the answer; a second call takes the place of the first. CONTENT_TYPE is a constant, BODY is copied. */
void answer_set(struct request *request, unsigned status, const char *content_type, struct bytes body);
/* The body to be written in place of answer_set: empty, bounded. answer_finish sets status and type; 503 if it is full. */
struct buffer *answer_begin(struct request *request);
void answer_finish(struct request *request, unsigned status, const char *content_type);
/* Texts are copied. */
void answer_header(struct request *request, const char *name, const char *value);
/* A document that lives as long as the process; not copied. */
void answer_lend(struct request *request, unsigned status, const char *content_type, struct bytes body);

/* Problem details (RFC 9457). Title and the Chinese sentence come from the table of codes in problem.c, where CODE stands
 * with its status; a code that is not there takes STATUS's. DETAIL is English, may be NULL: then the table's. */
void answer_problem(struct request *request, unsigned status, const char *code, const char *detail);
/* From a fault: REJECT and FATAL become STATUS, RETRY becomes 503 with Retry-After. */
void answer_fault(struct request *request, enum status status, unsigned rejected, const struct fault *fault);

#endif
