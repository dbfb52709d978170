// links: medhub_core dep::microhttpd
/* http.h against a server in this process, and http_answer.h's table. */
#include "core/http.h"
#include "core/url.h"

#include "support/cmocka_all.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT_TEXT = 64 };

struct fixture {
    struct MHD_Daemon *daemon;
    int port;
    struct http *http;
    struct fault fault;
    struct http_answer answer; /* of the last request; body copied */
    char body[256];
    size_t answered;
    atomic_size_t requests, connections; /* that the server saw */
    atomic_int server_socket; /* of the last one */
    atomic_bool with_expect;
};

static char answer_text[1 << 20];

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status, const char *name, const char *value,
                             size_t bytes)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(bytes, answer_text, MHD_RESPMEM_PERSISTENT);

    if (name != NULL)
        (void)MHD_add_response_header(response, name, value);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* The path tells what to do. */
static enum MHD_Result serve(void *self, struct MHD_Connection *connection, const char *url, const char *method,
                             const char *version, const char *upload, size_t *upload_size, void **context)
{
    struct fixture *fixture = self;
    char there[PORT_TEXT];
    (void)version, (void)upload;

    assert_string_equal(method, "POST");
    if (*context == NULL) {
        *context = fixture;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    fixture->requests++;
    fixture->server_socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    fixture->with_expect = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Expect") != NULL;
    if (strcmp(url, "/busy") == 0)
        return queue(connection, 429, "Retry-After", " 7 ", 4);
    if (strcmp(url, "/large") == 0)
        return queue(connection, 200, NULL, NULL, 1 << 20);
    if (strcmp(url, "/here") == 0)
        return queue(connection, 307, "Location", "/ok", 0);
    if (strcmp(url, "/round") == 0)
        return queue(connection, 307, "Location", "/round", 0);
    if (strcmp(url, "/get") == 0)
        return queue(connection, 302, "Location", "/ok", 0);
    if (strcmp(url, "/there") == 0) {
        (void)snprintf(there, sizeof there, "http://localhost:%d/ok", fixture->port);
        return queue(connection, 308, "Location", there, 0);
    }
    if (strcmp(url, "/close") == 0)
        return MHD_NO;
    return queue(connection, strcmp(url, "/fail") == 0 ? 503 : 200, NULL, NULL, 5);
}

static void note_connection(void *self, struct MHD_Connection *connection, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct fixture *fixture = self;
    (void)connection, (void)context;

    fixture->connections += code == MHD_CONNECTION_NOTIFY_STARTED;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const struct http_settings settings = {.requests_max = 4,
                                           .connect_timeout_ms = 2000,
                                           .total_timeout_ms = 2000,
                                           .body_bytes_max = 1000,
                                           .dns_seconds = 1,
                                           .connection_seconds = 60,
                                           .redirects_max = 3,
                                           .retry_after_ms_max = 60000};

    fixture->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL, NULL, serve, fixture,
                                       MHD_OPTION_NOTIFY_CONNECTION, note_connection, fixture, MHD_OPTION_END);
    assert_non_null(fixture->daemon);
    fixture->port = MHD_get_daemon_info(fixture->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    assert_int_equal(http_open(&settings, clock_system(), &fixture->http, &fixture->fault), STATUS_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    http_close(fixture->http);
    MHD_stop_daemon(fixture->daemon);
    free(fixture);
    return 0;
}

static void answered(void *self, void *context, const struct http_answer *answer)
{
    struct fixture *fixture = self;
    (void)context;

    fixture->answer = *answer;
    fixture->answered++;
}

static enum status start(struct fixture *fixture, const char *url, bool private_allowed, const char *header)
{
    const struct http_header headers[] = {{"Content-Type", bytes_of("text/plain")}, {"X-Test", bytes_of(header)}};
    const struct http_request request = {.url = url,
                                         .headers = headers,
                                         .header_count = 2,
                                         .body = bytes_of("hello"),
                                         .private_allowed = private_allowed,
                                         .answered = answered,
                                         .self = fixture};

    return http_start(fixture->http, &request, &fixture->fault);
}

static void run_all(struct fixture *fixture)
{
    while (http_pending(fixture->http) > 0)
        http_run(fixture->http, 100);
}

static void ask(struct fixture *fixture, const char *path)
{
    char url[PORT_TEXT];

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", fixture->port, path);
    assert_int_equal(start(fixture, url, true, "x"), STATUS_OK);
    run_all(fixture);
}

static void assert_answer(const struct fixture *fixture, enum status status, int http_status, const char *code)
{
    assert_string_equal(fixture->answer.code, code);
    assert_int_equal(fixture->answer.status, status);
    assert_int_equal(fixture->answer.http_status, http_status);
}

static void each_status_has_its_place_in_the_table(void **state)
{
    static const struct {
        int http_status;
        enum status status;
        bool failed, answered, gone;
        const char *class;
    } cases[] = {
        {200, STATUS_OK, false, true, false, "2xx"},      {204, STATUS_OK, false, true, false, "2xx"},
        {299, STATUS_OK, false, true, false, "2xx"},      {301, STATUS_REJECT, false, true, false, "3xx"},
        {400, STATUS_REJECT, false, true, false, "4xx"},  {401, STATUS_REJECT, false, true, false, "4xx"},
        {404, STATUS_REJECT, false, true, false, "4xx"},  {408, STATUS_RETRY, true, false, false, "4xx"},
        {409, STATUS_REJECT, false, true, false, "4xx"},  {410, STATUS_RETRY, false, true, true, "4xx"},
        {425, STATUS_RETRY, false, true, false, "4xx"},   {429, STATUS_RETRY, false, true, false, "4xx"},
        {499, STATUS_REJECT, false, true, false, "4xx"},  {500, STATUS_RETRY, true, false, false, "5xx"},
        {503, STATUS_RETRY, true, false, false, "5xx"},   {599, STATUS_RETRY, true, false, false, "5xx"},
        {600, STATUS_REJECT, false, true, false, "other"}, {100, STATUS_REJECT, false, true, false, "1xx"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_answer answer = {0};
        http_answer_of_status(&answer, cases[i].http_status);
        assert_int_equal(answer.status, cases[i].status);
        assert_int_equal(answer.endpoint_failed, cases[i].failed);
        assert_int_equal(answer.endpoint_answered, cases[i].answered);
        assert_int_equal(answer.gone, cases[i].gone);
        assert_string_equal(http_answer_class(&answer), cases[i].class);
    }
}

static void a_request_gets_its_answer(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "/ok");
    assert_answer(fixture, STATUS_OK, 200, "http.200");
    assert_int_equal(fixture->answer.body.length, 5);
    assert_int_equal(fixture->answer.retry_after_ms, -1);
    assert_false(fixture->with_expect);
    ask(fixture, "/fail");
    assert_answer(fixture, STATUS_RETRY, 503, "http.503");
    ask(fixture, "/busy");
    assert_answer(fixture, STATUS_RETRY, 429, "http.429");
    assert_int_equal(fixture->answer.retry_after_ms, 7000);
    ask(fixture, "/ok");
    assert_int_equal(fixture->answer.retry_after_ms, -1);
}

static void a_large_answer_is_cut_and_counts(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "/large");
    assert_answer(fixture, STATUS_OK, 200, "http.200");
    assert_int_equal(fixture->answer.body.length, 1000);
}

static void redirects_stay_in_the_house(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "/here");
    assert_answer(fixture, STATUS_OK, 200, "http.200");
    ask(fixture, "/there"); /* the same machine by another name */
    assert_answer(fixture, STATUS_REJECT, 308, "http.308");
    ask(fixture, "/get");
    assert_answer(fixture, STATUS_REJECT, 302, "http.302");
    size_t before = fixture->requests;
    ask(fixture, "/round");
    assert_answer(fixture, STATUS_REJECT, 307, "http.307");
    assert_int_equal(fixture->requests - before, 4);
}

static void what_does_not_answer_is_tried_again(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "/close");
    assert_answer(fixture, STATUS_RETRY, 0, "closed");
    assert_true(fixture->answer.endpoint_failed);
    MHD_stop_daemon(fixture->daemon);
    ask(fixture, "/ok");
    assert_int_equal(fixture->answer.status, STATUS_RETRY);
    fixture->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL, NULL, serve, fixture,
                                       MHD_OPTION_END);
}

static void a_connection_is_used_again(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < 20; i++) {
        ask(fixture, "/ok");
        assert_answer(fixture, STATUS_OK, 200, "http.200");
    }
    assert_int_equal(fixture->requests, 20);
    assert_int_equal(fixture->connections, 1);
}

/* An idle connection is still watched: its end must neither be missed nor wake the loop for ever. */
static void a_connection_that_ended_meanwhile_is_not_used_again(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "/ok");
    assert_int_equal(shutdown(fixture->server_socket, SHUT_RDWR), 0);
    http_run(fixture->http, 1000); /* hears of the end */
    int64_t begun_us = clock_monotonic_us();
    http_run(fixture->http, 50);
    assert_true(clock_monotonic_us() - begun_us >= 40000); /* and of nothing more */
    ask(fixture, "/ok");
    assert_int_equal(fixture->answer.http_status, 200);
    assert_int_equal(fixture->connections, 2);
}

static void no_connection_is_made_to_a_private_address(void **state)
{
    struct fixture *fixture = *state;
    char url[PORT_TEXT];

    (void)snprintf(url, sizeof url, "https://127.0.0.1:%d/ok", fixture->port);
    assert_int_equal(start(fixture, url, false, "x"), STATUS_OK);
    run_all(fixture);
    assert_answer(fixture, STATUS_RETRY, 0, "address.private");
    (void)snprintf(url, sizeof url, "https://localhost:%d/ok", fixture->port);
    assert_int_equal(start(fixture, url, false, "x"), STATUS_OK);
    run_all(fixture);
    assert_answer(fixture, STATUS_RETRY, 0, "address.private");
    assert_int_equal(fixture->requests, 0);
}

/* The connection is there already, made for one who may. */
static void no_request_goes_over_a_connection_that_others_may_use(void **state)
{
    struct fixture *fixture = *state;
    char url[PORT_TEXT];

    ask(fixture, "/ok");
    size_t before = fixture->requests;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", fixture->port);
    assert_int_equal(start(fixture, url, false, "x"), STATUS_OK); /* as if url_check had let it pass */
    run_all(fixture);
    assert_answer(fixture, STATUS_RETRY, 0, "address.private");
    assert_int_equal(fixture->requests, before);
}

static void a_header_cannot_smuggle_another(void **state)
{
    struct fixture *fixture = *state;
    char url[PORT_TEXT];

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", fixture->port);
    assert_int_equal(start(fixture, url, true, "x\r\nX-Evil: 1"), STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "http.header");
    assert_int_equal(http_pending(fixture->http), 0);
}

static void there_are_never_more_than_so_many_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    char url[PORT_TEXT];

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", fixture->port);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(start(fixture, url, true, "x"), STATUS_OK);
    assert_int_equal(start(fixture, url, true, "x"), STATUS_RETRY);
    run_all(fixture);
    assert_int_equal(fixture->answered, 4);
}

static void urls_are_checked(void **state)
{
    static const struct {
        const char *url;
        bool private_allowed, good;
    } cases[] = {
        {"https://example.org/hook", false, true},    {"https://example.org:8443/a?b=c", false, true},
        {"HTTPS://example.org/", false, true},        {"http://example.org/", false, false},
        {"http://10.0.0.1/", true, true},             {"ftp://example.org/", true, false},
        {"file:///etc/passwd", true, false},          {"https://user:secret@example.org/", false, false},
        {"https://", false, false},           {"https://example.org/#part", false, false},
        {"", true, false},                            {"example.org", true, false},
        {"https://exa mple.org/", false, false},      {"gopher://127.0.0.1:70/", true, false},
    };
    struct fault fault = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if ((url_check(cases[i].url, cases[i].private_allowed, &fault) == STATUS_OK) != cases[i].good)
            fail_msg("%s", cases[i].url);
}

static void another_thread_ends_the_wait(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t one = 1;
    int64_t begun_us = clock_monotonic_us();

    assert_int_equal(write(http_wake_descriptor(fixture->http), &one, sizeof one), (ssize_t)sizeof one);
    http_run(fixture->http, 5000);
    assert_true(clock_monotonic_us() - begun_us < 4000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_place_in_the_table),
        cmocka_unit_test_setup_teardown(a_request_gets_its_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_answer_is_cut_and_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(redirects_stay_in_the_house, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_answer_is_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connection_is_used_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connection_that_ended_meanwhile_is_not_used_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_connection_is_made_to_a_private_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_request_goes_over_a_connection_that_others_may_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_header_cannot_smuggle_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(there_are_never_more_than_so_many_at_a_time, set_up, tear_down),
        cmocka_unit_test(urls_are_checked),
        cmocka_unit_test_setup_teardown(another_thread_ends_the_wait, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
