/* caller.h: a partner's program as the benchmarks play it: requests that are signed before the clock runs, and connections over
 * which they go. Whatever goes wrong ends the process by a sentence (bench_fail). */
#ifndef BENCH_CALLER_H
#define BENCH_CALLER_H

#include "bench.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "signature/http_signature.h"

enum { RECEIVE_BYTES = 64 * 1024 };

/* A whole HTTP request as it is sent; `data` is the caller's to free. */
struct text {
    char *data;
    size_t length;
};

struct signer {
    const char *authority, *key_id, *source; /* ORGANISATION/KEY, and its ORGANISATION */
    struct signing_key *key;
    struct arena *arena; /* of one request: who makes many resets it */
};

/* Who signs as KEY_ID with the key in the file SECRET, towards AUTHORITY. The texts are kept; it lives as long as the process. */
struct signer signer_open(const char *authority, const char *key_id, const char *secret);
struct text signer_sign(struct signer *signer, const char *method, const char *target, const struct http_header *headers,
                        size_t count, struct bytes body);
/* The lines of FILE, at most MAX, each a structured CloudEvent: POST /v1/events. */
struct text *signer_sign_events(struct signer *signer, const char *file, size_t max, size_t *count);

struct connection {
    int socket;
    int64_t begun_us; /* when the last request was sent */
    size_t number;    /* the sender's: which one that was */
    char received[RECEIVE_BYTES + 1];
    size_t length;
    bool stream;
};

int connection_connect(const char *authority);
/* COUNT of them, watched by the epoll EVENTS with the connection as data. */
struct connection *connections_open(const char *authority, size_t count, int events);
void connection_send(struct connection *connection, const struct text *request);
/* Reads what has come. The status once the answer is whole, 0 before. */
int connection_read(struct connection *connection);

/* For qsort of int64_t. */
int latency_compare(const void *a, const void *b);
/* In milliseconds, of COUNT sorted times in microseconds; SHARE 0..1. */
double latency_at(const int64_t *sorted, size_t count, double share);

#endif
