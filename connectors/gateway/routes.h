/* routes.h: every address of the gateway as one table row: routing, 404 and 405 with Allow, the limits that a route has and
 * the OpenAPI document come from it.
 *
 * What a row says of answers is what its handler may give; beside these every row may give those of route_common_answers
 * (every row that is not anonymous also those marked so). Shapes of JSON are rows too: schema_rows. Constant data. */
#ifndef GATEWAY_ROUTES_H
#define GATEWAY_ROUTES_H

#include "base/arena.h"

struct request; /* gateway/request.h */

enum { ROUTE_VALUES_MAX = 2 };

enum parameter_place { IN_PATH, IN_QUERY, IN_HEADER };
enum parameter_kind {
    PARAMETER_TEXT,    /* at most MAX characters */
    PARAMETER_INTEGER, /* MIN to MAX */
    PARAMETER_DATE,    /* YYYY-MM-DD */
    PARAMETER_LIST,    /* texts parted by commas, at most MAX of them */
};
struct parameter_row {
    const char *name;
    enum parameter_place in;
    enum parameter_kind kind;
    bool required;
    int64_t min, max;
    const char *pattern; /* ECMA 262, for the document; NULL: any text */
    const char *example; /* or NULL */
    const char *what, *what_zh;
};

/* A request body; SCHEMA is a row name of schema_rows, "event" for any event of the schemas as a CloudEvent, "event[]" for a
 * batch of them, "data" for the bare JSON of an event's data, "bytes" for the protobuf message. */
struct body_row {
    const char *content_type;
    const char *schema;
    const char *what, *what_zh;
};

struct header_row { /* of an answer */
    const char *name;
    const char *what, *what_zh;
};

/* SCHEMA NULL: no body; "bytes": not JSON; "event": a CloudEvent; NAME[]: a list; A|B: one of them; else a name of
 * schema_rows. */
struct answer_row {
    unsigned status;
    const char *content_type;
    const char *schema;
    const struct header_row *headers; /* ends with a NULL name; or NULL */
    const char *what, *what_zh;
};

enum route_thread {
    ROUTE_AT_ONCE, /* answered on the HTTP thread: nothing is waited for */
    ROUTE_PUBLISH, /* parsed on the HTTP thread, sent by the publisher's, answered when the brokers have acknowledged */
    ROUTE_ASK,     /* asks the read model on a query thread */
};

struct route {
    const char *method;
    const char *path;      /* "/v1/receipts/{source}/{id}" */
    const char *operation; /* operationId */
    const char *tag;       /* "events", "feeds", "questions", "trace", "documents", "health" */
    const char *summary, *summary_zh;
    bool anonymous;
    enum route_thread thread;
    const struct parameter_row *parameters; /* end with a NULL name; those IN_PATH in the order of the path */
    const struct body_row *bodies;          /* end with a NULL content type; NULL: a body is refused */
    const struct answer_row *answers;       /* end with status 0 */
    /* Fills the request's answer, or hands the request on to the thread that will. */
    void (*handler)(struct request *request);
};

extern const struct route routes[];
extern const size_t route_count;

/* Answers that any route may give: of bad requests, of limits, of authentication (not of anonymous ones: CALLER). */
struct common_answer {
    struct answer_row answer;
    bool caller; /* only where a caller is asked for */
    bool body;   /* only where there is a request body */
};
extern const struct common_answer route_common_answers[];
extern const size_t route_common_answer_count;

/* Shapes of JSON. Rows of one schema lie together. TYPE: string, integer, number, boolean, date-time, date, uri-reference, any,
 * event (a CloudEvent), another schema's name; with [] behind it a list. */
struct schema_row {
    const char *schema;
    const char *member;
    const char *type;
    bool required;
    const char *what, *what_zh;
};
extern const struct schema_row schema_rows[];
extern const size_t schema_row_count;

struct route_match {
    const struct route *route;
    const char *values[ROUTE_VALUES_MAX]; /* of {name} in order, percent-decoded, in the arena */
};
enum route_result {
    ROUTE_FOUND,
    ROUTE_UNKNOWN,   /* 404 */
    ROUTE_METHOD,    /* 405: *ALLOW lists the methods that are, in the arena */
    ROUTE_MALFORMED, /* 400: not a path, or a bad percent-encoding */
    ROUTE_TOO_LARGE, /* the arena is full */
};
/* TARGET is path and query as they came. HEAD is answered as GET. */
enum route_result route_find(const char *method, const char *target, struct arena *arena, struct route_match *match,
                             const char **allow);

/* The handlers; each in the file of its noun. */
void live_handler(struct request *request);
void ready_handler(struct request *request);
void submit_handler(struct request *request);
void receipt_handler(struct request *request);
void feed_list_handler(struct request *request);
void feed_handler(struct request *request);
void snapshot_handler(struct request *request);
void catch_up_handler(struct request *request);
void uptake_handler(struct request *request);
void item_handler(struct request *request);
void prescription_handler(struct request *request);
void settlement_handler(struct request *request);
void search_handler(struct request *request);
void capture_handler(struct request *request);
void capture_job_handler(struct request *request);
void events_handler(struct request *request);
void trace_handler(struct request *request);
void recall_handler(struct request *request);
void recall_holders_handler(struct request *request);
void recall_overdue_handler(struct request *request);
void trace_list_handler(struct request *request);
void openapi_handler(struct request *request);
void asyncapi_handler(struct request *request);

#endif
