/* bench_claim: how soon pharmacies see a prescription after the hospital has posted it, and what each part of the way takes.
 *
 *     bench_claim --authority HOST:PORT --brokers B --key-id ORG/KEY --secret FILE --events FILE [--rate 500] [--connections 64]
 *                 [--warm-up SECONDS] --follower ORG/KEY,FILE [--follower ...] [--lines FILE]
 *
 * Each line of FILE is a structured event whose hospital number is "claim-N", N from 0 on. They are posted at RATE whatever
 * becomes of them, signed before the clock runs, and each is waited for: its 202; its delivery, readable in Kafka for who reads
 * what is committed; its arrival on the stream of every follower; its arrival in the pages of the first follower, who also asks
 * by long poll. All times count from the moment at which the event was due: what waits for a free connection is late. What is
 * posted in the first seconds is awaited but does not count. LINES gets the times of each event, in microseconds. */
#include "caller.h"

#include "base/clock.h"
#include "kafka/reader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define NUMBER_MARK "claim-"
#define DELIVERY_TOPIC "medhub.delivery"

enum { EVENTS_MAX = 200000, FOLLOWERS_MAX = 64, PAGE_BYTES_MAX = 64 * 1024 * 1024, TIMEOUT_MS = 30000, READ_MS = 100 };
enum { SETTLE_US = 1000000, LAST_ONES_US = 20 * 1000 * 1000, TARGET_BYTES = 4096 };

enum part { PART_ANSWERED, PART_COMMITTED, PART_STREAMED, PART_POLLED, PARTS };
static const char *const part_names[PARTS] = {"answered", "committed", "streamed", "polled"};

/* One who follows: by a stream, or page by page. */
struct follower {
    struct signer signer;
    int socket;
    bool polls, begun;
    struct buffer received, text; /* as it came; of a stream: what was in the chunks, up to the last whole line */
};

struct claims {
    size_t count, counted_from, posted;
    struct text *requests;
    int64_t *due_us;
    int64_t *seen_us[PARTS]; /* 0: not yet */
    uint16_t *streams;       /* by event: followers who have it on their stream */
    size_t seen[PARTS];      /* how many are whole; PART_COMMITTED: the reader's own */
    struct connection *posters;
    bool *busy;
    size_t poster_count, stream_count;
    struct follower *followers;
    size_t follower_count;
    atomic_size_t committed;
    atomic_bool over;
    const char *brokers;
    atomic_bool reading;
};

/* ---- what is seen ---- */

static void note(struct claims *claims, enum part part, size_t number, int64_t now_us)
{
    if (number >= claims->count || claims->seen_us[part][number] != 0)
        return;
    if (part == PART_STREAMED && ++claims->streams[number] < claims->stream_count)
        return; /* the last of them counts */
    claims->seen_us[part][number] = now_us;
    claims->seen[part]++;
}

/* The number behind the first mark in TEXT. */
static size_t number_in(struct bytes text)
{
    const char *at = memmem(text.data, text.length, NUMBER_MARK, strlen(NUMBER_MARK));

    return at == NULL ? SIZE_MAX : strtoul(at + strlen(NUMBER_MARK), NULL, 10);
}

/* ---- Kafka, in a thread of its own ---- */

static struct reader *open_reader(const struct kafka_client *client)
{
    struct reader *reader = NULL;
    struct fault fault;
    int32_t count = 0;
    int64_t low = 0, high = 0;

    bench_need(reader_open(client, true, &reader, &fault), &fault);
    bench_need(reader_partition_count(reader, DELIVERY_TOPIC, TIMEOUT_MS, &count, &fault), &fault);
    for (int32_t i = 0; i < count; i++) {
        bench_need(reader_watermarks(reader, DELIVERY_TOPIC, i, TIMEOUT_MS, &low, &high, &fault), &fault);
        bench_need(reader_add(reader, DELIVERY_TOPIC, i, high, &fault), &fault);
    }
    return reader;
}

static void *read_committed(void *self)
{
    struct claims *claims = self;
    struct kafka_client client;
    struct record record = {0};
    struct fault fault;

    kafka_client_init(&client, claims->brokers);
    struct reader *reader = open_reader(&client);
    atomic_store(&claims->reading, true);
    while (!atomic_load(&claims->over)) {
        enum reader_result result = reader_poll(reader, READ_MS, &record, &fault);
        if (result == READER_ERROR)
            bench_fail("%s: %s", fault.code, fault.text);
        if (result != READER_RECORD)
            continue;
        note(claims, PART_COMMITTED, number_in(record.value), clock_monotonic_us());
        atomic_store(&claims->committed, claims->seen[PART_COMMITTED]);
        record_release(&record);
    }
    reader_close(reader);
    kafka_client_done(&client);
    return NULL;
}

/* ---- followers ---- */

static void drop_front(struct buffer *buffer, size_t count)
{
    memmove(buffer->data, buffer->data + count, buffer->length - count);
    buffer->length -= count;
}

static void ask(struct follower *follower, const char *target, const char *accept)
{
    const struct http_header headers[] = {{"Accept", bytes_of(accept)}};
    struct connection connection = {.socket = follower->socket};

    arena_reset(follower->signer.arena);
    struct text request = signer_sign(&follower->signer, "GET", target, headers, 1, BYTES_NONE);
    connection_send(&connection, &request);
    free(request.data);
}

static void ask_page(struct follower *follower, struct bytes cursor)
{
    char target[TARGET_BYTES];

    (void)snprintf(target, sizeof target, "/v1/feeds/deliveries?after=%.*s&limit=1000%s", (int)cursor.length,
                   (const char *)cursor.data, follower->begun ? "&wait=20" : "");
    ask(follower, target, "application/json");
}

static void receive(struct follower *follower)
{
    char bytes[RECEIVE_BYTES];
    ssize_t count = recv(follower->socket, bytes, sizeof bytes, 0);

    if (count <= 0)
        bench_fail("a follower's connection ended");
    buffer_append(&follower->received, bytes, (size_t)count);
    buffer_append_byte(&follower->received, '\0'); /* for str* */
    if (!buffer_ok(&follower->received))
        bench_fail("an answer is too large");
    follower->received.length--;
}

/* The first byte behind the header, NULL as long as it is not whole. */
static char *body_of(struct follower *follower)
{
    char *end = strstr((char *)follower->received.data, "\r\n\r\n");

    if (end != NULL && strncmp((char *)follower->received.data, "HTTP/1.1 200", 12) != 0)
        bench_fail("a follower was answered %.300s", (char *)follower->received.data);
    return end == NULL ? NULL : end + 4;
}

static void take_page(struct claims *claims, struct follower *follower, int64_t now_us)
{
    char *body = body_of(follower), *length = body == NULL ? NULL : strcasestr((char *)follower->received.data, "\r\nContent-Length:");

    if (length == NULL)
        return;
    size_t whole = strtoul(length + 17, NULL, 10), head = (size_t)(body - (char *)follower->received.data);
    if (follower->received.length < head + whole)
        return;
    for (const char *at = body; (at = strstr(at, "\"hospitalNumber\":\"" NUMBER_MARK)) != NULL; at++)
        note(claims, PART_POLLED, number_in(bytes_from(at, 64)), now_us);
    const char *next = strstr(body, "\"next\":\"");
    if (next == NULL)
        bench_fail("a page without a cursor");
    next += strlen("\"next\":\"");
    struct bytes cursor = bytes_from(next, strcspn(next, "\""));
    follower->begun = true;
    ask_page(follower, cursor);
    buffer_clear(&follower->received);
}

/* Moves what is in whole chunks to `text`. */
static void unchunk(struct follower *follower)
{
    for (;;) {
        char *begin = (char *)follower->received.data, *end = NULL;
        size_t size = strtoul(begin, &end, 16);
        if (end == begin || end[0] != '\r' || follower->received.length < (size_t)(end - begin) + 2 + size + 2)
            return;
        if (size == 0)
            bench_fail("a stream ended");
        buffer_append(&follower->text, end + 2, size);
        drop_front(&follower->received, (size_t)(end - begin) + 2 + size + 2);
        follower->received.data[follower->received.length] = '\0';
    }
}

static void take_stream(struct claims *claims, struct follower *follower, int64_t now_us)
{
    char *body = follower->begun ? NULL : body_of(follower);

    if (body != NULL) {
        follower->begun = true;
        drop_front(&follower->received, (size_t)(body - (char *)follower->received.data));
        follower->received.data[follower->received.length] = '\0';
    }
    if (!follower->begun)
        return;
    unchunk(follower);
    size_t begin = 0;
    for (const uint8_t *end; (end = memchr(follower->text.data + begin, '\n', follower->text.length - begin)) != NULL;) {
        size_t length = (size_t)(end - follower->text.data) - begin;
        if (length > 5 && memcmp(follower->text.data + begin, "data:", 5) == 0)
            note(claims, PART_STREAMED, number_in(bytes_from(follower->text.data + begin, length)), now_us);
        begin += length + 1;
    }
    drop_front(&follower->text, begin);
}

/* ORG/KEY,FILE */
static struct signer follower_signer(const struct signer *poster, const char *option)
{
    size_t comma = strcspn(option, ",");

    return signer_open(poster->authority, strndup(option, comma), option + comma + (option[comma] == ','));
}

static void open_follower(struct claims *claims, struct signer signer, bool polls, int events)
{
    struct follower *follower = &claims->followers[claims->follower_count++];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = follower};

    *follower = (struct follower){.signer = signer, .socket = connection_connect(signer.authority), .polls = polls};
    buffer_init(&follower->received, PAGE_BYTES_MAX);
    buffer_init(&follower->text, PAGE_BYTES_MAX);
    (void)epoll_ctl(events, EPOLL_CTL_ADD, follower->socket, &event);
    if (polls)
        ask_page(follower, bytes_of("now"));
    else
        ask(follower, "/v1/feeds/deliveries?after=now", "text/event-stream");
    claims->stream_count += !polls;
}

static void open_followers(struct claims *claims, const struct signer *poster, struct bench_options options, int events)
{
    const char *option;

    claims->followers = calloc(FOLLOWERS_MAX + 1, sizeof *claims->followers);
    for (int i = 0; i < FOLLOWERS_MAX && (option = bench_nth_option(options, "follower", i)) != NULL; i++) {
        open_follower(claims, follower_signer(poster, option), false, events);
        if (i == 0)
            open_follower(claims, follower_signer(poster, option), true, events);
    }
    if (claims->follower_count == 0)
        bench_fail("--follower ORG/KEY,FILE");
}

/* ---- posting and waiting ---- */

/* In turn over the connections: one that never speaks would be closed. */
static bool post_next(struct claims *claims, int64_t due_us)
{
    for (size_t i = 0; i < claims->poster_count; i++) {
        size_t at = (claims->posted + i) % claims->poster_count;
        if (claims->busy[at])
            continue;
        claims->busy[at] = true;
        claims->due_us[claims->posted] = due_us;
        claims->posters[at].number = claims->posted;
        connection_send(&claims->posters[at], &claims->requests[claims->posted++]);
        return true;
    }
    return false;
}

static void take_answer(struct claims *claims, struct connection *poster)
{
    int status = connection_read(poster);

    if (status == 0)
        return;
    if (status != 202)
        bench_fail("answered %d: %.400s", status, poster->received);
    claims->busy[poster - claims->posters] = false;
    note(claims, PART_ANSWERED, poster->number, clock_monotonic_us());
}

static void wait_once(struct claims *claims, int events)
{
    struct epoll_event ready[256];
    int count = epoll_wait(events, ready, 256, 1);

    for (int i = 0; i < count; i++) {
        struct connection *poster = ready[i].data.ptr;
        if (poster >= claims->posters && poster < claims->posters + claims->poster_count) {
            take_answer(claims, poster);
            continue;
        }
        struct follower *follower = ready[i].data.ptr;
        receive(follower);
        (follower->polls ? take_page : take_stream)(claims, follower, clock_monotonic_us());
    }
}

static bool all_follow(const struct claims *claims)
{
    for (size_t i = 0; i < claims->follower_count; i++)
        if (!claims->followers[i].begun)
            return false;
    return atomic_load(&claims->reading);
}

static void wait_until_all_follow(struct claims *claims, int events)
{
    int64_t until_us = clock_monotonic_us() + LAST_ONES_US, settled_us;

    while (!all_follow(claims) && clock_monotonic_us() < until_us)
        wait_once(claims, events);
    if (!all_follow(claims))
        bench_fail("the followers did not begin");
    settled_us = clock_monotonic_us() + SETTLE_US; /* "now", after which a stream follows, is some moment after its head */
    while (clock_monotonic_us() < settled_us)
        wait_once(claims, events);
}

static bool is_complete(const struct claims *claims)
{
    return claims->seen[PART_ANSWERED] == claims->count && claims->seen[PART_STREAMED] == claims->count &&
           claims->seen[PART_POLLED] == claims->count && atomic_load(&claims->committed) == claims->count;
}

static void run(struct claims *claims, int events, int64_t every_us)
{
    int64_t next_us = clock_monotonic_us(), give_up_us = next_us + (int64_t)claims->count * every_us + LAST_ONES_US;

    while (!is_complete(claims) && clock_monotonic_us() < give_up_us) {
        while (claims->posted < claims->count && clock_monotonic_us() >= next_us && post_next(claims, next_us))
            next_us += every_us;
        wait_once(claims, events);
    }
    if (!is_complete(claims))
        bench_fail("of %zu events %zu were posted, %zu answered, %zu committed, %zu came to all streams, %zu to the pages",
                   claims->count, claims->posted, claims->seen[PART_ANSWERED], atomic_load(&claims->committed),
                   claims->seen[PART_STREAMED], claims->seen[PART_POLLED]);
}

/* ---- figures ---- */

static void write_lines(const struct claims *claims, const char *path)
{
    FILE *file = path == NULL ? NULL : fopen(path, "we");

    if (path != NULL && file == NULL)
        bench_fail("%s cannot be written", path);
    for (size_t i = 0; file != NULL && i < claims->count; i++) {
        (void)fprintf(file, "%lld", (long long)claims->due_us[i]);
        for (int part = 0; part < PARTS; part++)
            (void)fprintf(file, " %lld", (long long)(claims->seen_us[part][i] - claims->due_us[i]));
        (void)fputc('\n', file);
    }
    if (file != NULL)
        (void)fclose(file);
}

static void print_figures(const struct claims *claims)
{
    size_t count = claims->count - claims->counted_from;
    int64_t *times_us = calloc(count + 1, sizeof *times_us);

    printf("{\"events\":%zu", count);
    for (int part = 0; times_us != NULL && part < PARTS; part++) {
        for (size_t i = 0; i < count; i++)
            times_us[i] = claims->seen_us[part][claims->counted_from + i] - claims->due_us[claims->counted_from + i];
        qsort(times_us, count, sizeof *times_us, latency_compare);
        printf(",\"%s\":{\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}", part_names[part], latency_at(times_us, count, 0.5),
               latency_at(times_us, count, 0.99), latency_at(times_us, count, 1));
    }
    puts("}");
    free(times_us);
}

static void make_room(struct claims *claims)
{
    claims->due_us = calloc(claims->count, sizeof *claims->due_us);
    claims->streams = calloc(claims->count, sizeof *claims->streams);
    claims->busy = calloc(claims->poster_count, sizeof *claims->busy);
    for (int part = 0; part < PARTS; part++) {
        claims->seen_us[part] = calloc(claims->count, sizeof **claims->seen_us);
        if (claims->seen_us[part] == NULL)
            bench_fail("no memory");
    }
    if (claims->due_us == NULL || claims->streams == NULL || claims->busy == NULL || claims->posters == NULL)
        bench_fail("no memory");
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    struct claims claims = {.poster_count = (size_t)bench_number(options, "connections", 64),
                            .brokers = bench_option(options, "brokers", "127.0.0.1:9092")};
    int64_t rate = bench_number(options, "rate", 500);
    struct signer signer = signer_open(bench_option(options, "authority", ""), bench_option(options, "key-id", ""),
                                       bench_option(options, "secret", ""));
    int events = epoll_create1(0);
    pthread_t reader;

    claims.requests = signer_sign_events(&signer, bench_option(options, "events", ""), EVENTS_MAX, &claims.count);
    claims.counted_from = (size_t)(rate * bench_number(options, "warm-up", 0));
    if (claims.counted_from >= claims.count)
        bench_fail("no events behind the warm-up");
    claims.posters = connections_open(signer.authority, claims.poster_count, events);
    make_room(&claims);
    if (pthread_create(&reader, NULL, read_committed, &claims) != 0)
        bench_fail("no thread");
    open_followers(&claims, &signer, options, events);
    wait_until_all_follow(&claims, events);
    run(&claims, events, 1000000 / rate);
    atomic_store(&claims.over, true);
    (void)pthread_join(reader, NULL);
    write_lines(&claims, bench_option(options, "lines", NULL));
    print_figures(&claims);
    return 0;
}
