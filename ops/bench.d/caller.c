#include "caller.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

/* ---- requests ---- */

struct signer signer_open(const char *authority, const char *key_id, const char *secret)
{
    struct signer signer = {.authority = authority, .key_id = key_id, .source = strndup(key_id, strcspn(key_id, "/"))};
    struct fault fault;

    signer.arena = arena_new(1024 * 1024, 16 * 1024 * 1024);
    bench_need(signing_key_load(secret, &signer.key, &fault), &fault);
    return signer;
}

static void append_header(struct buffer *out, const char *name, struct bytes value)
{
    buffer_append_format(out, "%s: %.*s\r\n", name, (int)value.length, (const char *)value.data);
}

struct text signer_sign(struct signer *signer, const char *method, const char *target, const struct http_header *headers,
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

static struct text sign_event(struct signer *signer, const char *line)
{
    const struct http_header headers[] = {{"Content-Type", bytes_of("application/cloudevents+json")}};

    return signer_sign(signer, "POST", "/v1/events", headers, 1, bytes_of(line));
}

struct text *signer_sign_events(struct signer *signer, const char *file, size_t max, size_t *count)
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
        requests[(*count)++] = sign_event(signer, line);
    }
    free(line);
    (void)fclose(lines);
    return requests;
}

/* ---- connections ---- */

int connection_connect(const char *authority)
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

struct connection *connections_open(const char *authority, size_t count, int events)
{
    struct connection *connections = calloc(count, sizeof *connections);

    for (size_t i = 0; connections != NULL && i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        connections[i].socket = connection_connect(authority);
        (void)epoll_ctl(events, EPOLL_CTL_ADD, connections[i].socket, &event);
    }
    return connections;
}

/* Small requests fit the socket's buffer: a blocking send does not block. */
void connection_send(struct connection *connection, const struct text *request)
{
    size_t sent = 0;

    connection->begun_us = clock_monotonic_us();
    while (sent < request->length) {
        ssize_t count = send(connection->socket, request->data + sent, request->length - sent, MSG_NOSIGNAL);
        if (count <= 0)
            bench_fail("sending: %s", strerror(errno));
        sent += (size_t)count;
    }
}

int connection_read(struct connection *connection)
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

int latency_compare(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

double latency_at(const int64_t *sorted, size_t count, double share)
{
    return count == 0 ? 0 : (double)sorted[(size_t)((double)(count - 1) * share)] / 1000;
}

