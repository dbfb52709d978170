// links: medhub_gateway
/* listener.h: what is refused before anybody else is asked, over raw sockets. */
#include "gateway/listener.h"

#include "support/cmocka_all.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 6, OF_ADDRESS_MAX = 3, HEADER_BYTES_MAX = 2048, ANSWER_BYTES = 16384, WAIT_S = 20 };
#define HOST "Host: hub\r\n"

struct fixture {
    struct listener *listener;
    struct fault fault;
    atomic_int served;
};

static void take_head(void *self, struct request *request)
{
    (void)self, (void)request;
}

static void serve(void *self, struct request *request)
{
    struct fixture *fixture = self;

    (void)atomic_fetch_add(&fixture->served, 1);
    answer_set(request, 200, "text/plain", bytes_of("served\n"));
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const struct listener_calls calls = {fixture, take_head, serve, take_head};
    const struct listener_settings settings = {.address = "127.0.0.1",
                                               .threads = 2,
                                               .header_bytes_max = HEADER_BYTES_MAX,
                                               .body_bytes_max = 1000,
                                               .bodies_bytes_max = 10000,
                                               .request_memory_bytes_max = 1 << 20,
                                               .connections_max = CONNECTIONS_MAX,
                                               .connections_per_address_max = OF_ADDRESS_MAX,
                                               .idle_timeout_ms = 30000,
                                               .request_timeout_ms = 30000,
                                               .response_timeout_ms = 30000};

    assert_int_equal(listener_start(&settings, &calls, NULL, &fixture->listener, &fixture->fault), STATUS_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    listener_stop(fixture->listener);
    free(fixture);
    return 0;
}

/* A connection from 127.0.0.LAST. */
static int connect_from(const struct fixture *fixture, unsigned last)
{
    const struct timeval wait = {.tv_sec = WAIT_S};
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000000U | last)};
    struct sockaddr_in hub = {.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)listener_port(fixture->listener)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(connection >= 0);
    assert_int_equal(setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    assert_int_equal(bind(connection, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(connect(connection, (struct sockaddr *)&hub, sizeof hub), 0);
    return connection;
}

static void send_text(int connection, const char *text)
{
    assert_int_equal(send(connection, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* One answer, with its body. */
static void read_answer(int connection, char answer[ANSWER_BYTES])
{
    size_t length = 0, whole = ANSWER_BYTES - 1;

    while (length < whole) {
        ssize_t more = recv(connection, answer + length, whole - length, 0);
        if (more <= 0)
            break;
        length += (size_t)more;
        answer[length] = '\0';
        const char *end = strstr(answer, "\r\n\r\n"), *said = strstr(answer, "Content-Length: ");
        if (end != NULL && said != NULL && said < end)
            whole = (size_t)(end + 4 - answer) + strtoul(said + 16, NULL, 10);
    }
    answer[length] = '\0';
}

static bool is_closed(int connection)
{
    char byte;

    return recv(connection, &byte, 1, 0) <= 0;
}

static void expect_problem(int connection, int status, const char *code)
{
    char answer[ANSWER_BYTES], wanted[64];

    read_answer(connection, answer);
    (void)snprintf(wanted, sizeof wanted, "HTTP/1.1 %d ", status);
    if (strncmp(answer, wanted, strlen(wanted)) != 0 || strstr(answer, "Content-Type: application/problem+json\r\n") == NULL ||
        strstr(answer, "Connection: close\r\n") == NULL || strstr(answer, code) == NULL ||
        strstr(answer, "\"detailZh\":\"") == NULL)
        fail_msg("%s, and not %d with %s", answer, status, code);
    assert_true(is_closed(connection));
}

static void expect_served(int connection)
{
    char answer[ANSWER_BYTES];

    read_answer(connection, answer);
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
        fail_msg("%s", answer);
}

static void what_is_doubtful_is_a_problem_and_the_end_of_the_connection(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *code;
    } cases[] = {
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "\"request.framing\""},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "\"request.framing\""},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 400, "\"request.framing\""},
        {"POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "\"request.framing\""},
        {"GET / HTTP/1.1\r\n\r\n", 400, "\"request.host\""},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, "\"request.host\""},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length : 1\r\n\r\na", 400, "\"request.header\""},
        {"GET / HTTP/1.1\r\n" HOST "A: b\x01\r\n\r\n", 400, "\"request.header\""},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5000\r\n\r\n", 413, "\"request.too_large\""},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int connection = connect_from(fixture, 1);
        send_text(connection, cases[i].request);
        expect_problem(connection, cases[i].status, cases[i].code);
        (void)close(connection);
    }
    assert_int_equal(atomic_load(&fixture->served), 0);
}

static void a_header_somewhat_too_large_is_a_problem(void **state)
{
    struct fixture *fixture = *state;
    char request[HEADER_BYTES_MAX + 200];

    (void)snprintf(request, sizeof request, "GET / HTTP/1.1\r\n" HOST "A: %0*d\r\n\r\n", HEADER_BYTES_MAX, 0);
    int connection = connect_from(fixture, 1);
    send_text(connection, request);
    expect_problem(connection, 431, "\"request.header_too_large\"");
    (void)close(connection);
}

static void what_is_usual_is_served_and_the_connection_kept(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\n" HOST "\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Accept: */*\r\nAccept: text/plain\r\n\r\n",
    };
    struct fixture *fixture = *state;
    int connection = connect_from(fixture, 1);

    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        send_text(connection, requests[i]);
        expect_served(connection);
    }
    assert_int_equal(atomic_load(&fixture->served), 4);
    (void)close(connection);
}

/* Seats are taken when the connection is made; a first request shows that it is. */
static int take_seat(const struct fixture *fixture, unsigned last)
{
    int connection = connect_from(fixture, last);

    send_text(connection, "GET / HTTP/1.1\r\n" HOST "\r\n");
    expect_served(connection);
    return connection;
}

static void expect_no_seat(const struct fixture *fixture, unsigned last, int status, const char *code)
{
    int connection = connect_from(fixture, last);

    send_text(connection, "GET / HTTP/1.1\r\n" HOST "\r\n");
    expect_problem(connection, status, code);
    (void)close(connection);
}

static void connections_that_are_too_many_are_told(void **state)
{
    struct fixture *fixture = *state;
    int seats[CONNECTIONS_MAX];

    for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
        if (i == OF_ADDRESS_MAX)
            expect_no_seat(fixture, 1, 429, "\"request.connections\"");
        seats[i] = take_seat(fixture, 1 + i / OF_ADDRESS_MAX);
    }
    expect_no_seat(fixture, 9, 503, "\"gateway.connections\"");
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        send_text(seats[i], "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"); /* who has a seat keeps it */
        expect_served(seats[i]);
        assert_true(is_closed(seats[i]));
        (void)close(seats[i]);
    }
    for (size_t tries = 0; tries < 2 * CONNECTIONS_MAX; tries++) /* a seat that was left is free, for any address */
        (void)close(take_seat(fixture, 9));
}

/* One that says nothing does not keep what others could be told with. */
static void a_silent_connection_without_a_seat_is_closed(void **state)
{
    struct fixture *fixture = *state;
    int seats[OF_ADDRESS_MAX];

    for (unsigned i = 0; i < OF_ADDRESS_MAX; i++)
        seats[i] = take_seat(fixture, 1);
    int silent = connect_from(fixture, 1);
    assert_true(is_closed(silent)); /* within a second; a seated one has thirty */
    (void)close(silent);
    for (unsigned i = 0; i < OF_ADDRESS_MAX; i++)
        (void)close(seats[i]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_doubtful_is_a_problem_and_the_end_of_the_connection),
        TEST(a_header_somewhat_too_large_is_a_problem),
        TEST(what_is_usual_is_served_and_the_connection_kept),
        TEST(connections_that_are_too_many_are_told),
        TEST(a_silent_connection_without_a_seat_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
