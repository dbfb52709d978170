/* request.h: one HTTP request from its first line to its last byte of answer: what handlers see.
 *
 * One thread at a time has a request in hand: the HTTP thread that read it, then whoever it was handed to. Everything that
 * a handler makes lies in the request's arena, which lives until the answer is sent.
 *
 *     HTTP thread          handler: answer_set(...)                                  at once
 *     HTTP thread          handler: request_hold(), hand on → other thread ... request_go_on(then)
 *     HTTP thread          then(request): answer_set(...)                            later
 */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include "base/arena.h"
#include "base/fault.h"
#include "gateway/authenticate.h"
#include "gateway/http_view.h"
#include "gateway/routes.h"

struct gateway;
struct stream;

enum { ANSWER_HEADERS_MAX = 8, ANSWER_BYTES_MAX = 64 * 1024 * 1024 };

struct answer {
    unsigned status; /* 0: none yet */
    const char *content_type;
    struct bytes body;
    struct buffer made; /* of answer_begin */
    int file;           /* -1, or a file that is the body; closed with the answer */
    uint64_t file_bytes;
    struct stream *stream; /* or NULL; the body comes bit by bit */
    struct answer_header {
        const char *name, *value;
    } headers[ANSWER_HEADERS_MAX];
    size_t header_count;
    bool close; /* the connection with it */
};

struct request {
    struct gateway *gateway;
    struct arena *arena;
    struct http_view view;
    struct route_match match;
    const char *allow; /* of ROUTE_METHOD */
    struct caller caller; /* of routes that are not anonymous */
    struct tables_reader *tables; /* renewed; only while a handler runs */
    struct answer answer;
    int64_t begun_us;
    void *work;            /* the handler's own, in the arena */
    struct request *next;  /* of the list of whoever has it in hand */
    void (*then)(struct request *request);
};

/* Takes the request off its connection's event loop. Afterwards the HTTP thread must not touch it: hand it on. HTTP thread,
 * within a handler only. */
void request_hold(struct request *request);
/* Gives it back: THEN runs on an HTTP thread, and answers or holds it again. Any thread. */
void request_go_on(struct request *request, void (*then)(struct request *request));
/* The same when the answer is set already. */
void request_answered(struct request *request);
/* Another who has it in hand beside its connection (a stream), and the end of that. */
void request_keep(struct request *request);
void request_release(struct request *request);

/* A header's value as text in the arena; "" if there is none. NULL: it comes twice, is not text, or the arena is full. */
const char *request_header(struct request *request, const char *name);
/* A query parameter, which request_check_parameters has seen to be well-formed; NULL if it is absent. */
const char *request_query(struct request *request, const char *name);
int64_t request_query_integer(struct request *request, const char *name, int64_t fallback);
/* True if the Accept header (or its absence) allows TYPE ("application/json"). */
bool request_accepts(struct request *request, const char *type);
/* False, and the request is answered with 400, if a parameter is unknown, twice, missing, or not as its row says. */
bool request_check_parameters(struct request *request);

/* ---- the answer ---- */

/* Sets the answer; a second call takes the place of the first. CONTENT_TYPE is a constant, BODY is copied. */
void answer_set(struct request *request, unsigned status, const char *content_type, struct bytes body);
/* The body to be written in place of answer_set: empty, bounded. answer_finish sets status and type; 503 if it is full. */
struct buffer *answer_begin(struct request *request);
void answer_finish(struct request *request, unsigned status, const char *content_type);
/* Texts are copied. */
void answer_header(struct request *request, const char *name, const char *value);
/* A document that lives as long as the process; not copied. */
void answer_lend(struct request *request, unsigned status, const char *content_type, struct bytes body);
/* Takes FILE, whose first BYTES bytes are the body. */
void answer_file(struct request *request, unsigned status, const char *content_type, int file, uint64_t bytes);

/* Problem details (RFC 9457) in Chinese and English. Title and the Chinese sentence come from the tables of problem.c. DETAIL
 * is English; NULL: the table's. */
void answer_problem(struct request *request, unsigned status, const char *code, const char *detail);
/* The same left open for further members: then answer_finish(request, status, PROBLEM_TYPE) behind write_end. */
struct buffer *answer_begin_problem(struct request *request, unsigned status, const char *code, const char *detail,
                                    const char *detail_zh);
#define PROBLEM_TYPE "application/problem+json"
#define JSON_TYPE    "application/json"
/* From a fault: RETRY becomes 503 with Retry-After, FATAL 503 too (its text is for the log), REJECT the status REJECTED. */
void answer_fault(struct request *request, enum status status, unsigned rejected, const struct fault *fault);
/* 503 with Retry-After. */
void answer_unavailable(struct request *request, const char *code, const char *detail);

#endif
