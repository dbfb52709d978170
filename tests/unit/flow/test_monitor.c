/* monitor.h: what a hub tells over HTTP. */
#include "flow/monitor.h"

#include "base/metrics.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER_BYTES = 65536 };

static struct {
    bool alive, ready;
} subject;

static bool is_alive(void *self, struct fault *fault)
{
    (void)self;
    if (!subject.alive)
        (void)fault_fatal(fault, "kafka.gone", "for the test");
    return subject.alive;
}

static bool is_ready(void *self)
{
    (void)self;
    return subject.ready;
}

static uint64_t rows_of(void *self, const char *table)
{
    (void)self;
    return strlen(table);
}

static struct monitor *monitor;

static int set_up(void **state)
{
    struct fault fault = {0};
    (void)state;

    subject.alive = subject.ready = true;
    return monitor_start("127.0.0.1", 0, (struct monitor_subject){is_alive, is_ready, rows_of, NULL},
                         &monitor, &fault) != STATUS_OK;
}

static int tear_down(void **state)
{
    (void)state;
    monitor_stop(monitor);
    monitor = NULL;
    return 0;
}

/* The whole answer to REQUEST; lent until the next call. */
static const char *ask(const char *request)
{
    static char answer[ANSWER_BYTES];
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)monitor_port(monitor))};
    size_t length = 0;
    ssize_t more = 0;

    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(connection, (struct sockaddr *)&place, sizeof place), 0);
    assert_int_equal(write(connection, request, strlen(request)), (ssize_t)strlen(request));
    while (length < sizeof answer - 1 &&
           (more = read(connection, answer + length, sizeof answer - 1 - length)) > 0)
        length += (size_t)more;
    answer[length] = '\0';
    (void)close(connection);
    return answer;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void it_is_live_until_a_worker_died(void **state)
{
    (void)state;
    assert_non_null(strstr(ask(GET("/livez")), " 200 "));
    subject.alive = false;
    assert_non_null(strstr(ask(GET("/livez")), " 503 "));
    assert_non_null(strstr(ask(GET("/livez")), "kafka.gone"));
}

static void it_is_ready_when_everything_is_restored(void **state)
{
    (void)state;
    assert_non_null(strstr(ask(GET("/readyz")), " 200 "));
    subject.ready = false;
    assert_non_null(strstr(ask(GET("/readyz")), " 503 "));
}

static void metrics_come_in_the_text_format(void **state)
{
    static const struct metric_row row = {"medhub_test_total", METRIC_COUNTER, NULL, "for the test"};
    (void)state;

    metrics_register(&row, 1);
    metric_add(metric_get(&row, NULL), 3);
    const char *answer = ask(GET("/metrics"));
    assert_non_null(strstr(answer, "text/plain; version=0.0.4"));
    assert_non_null(strstr(answer, "\nmedhub_test_total 3\n"));
}

static void tables_come_as_json(void **state)
{
    (void)state;
    assert_non_null(
        strstr(ask(GET("/tables")), "{\"catalogue\":9,\"registry\":8,\"policy\":6,\"calendar\":8,\"designation\":11,\"practitioner\":12,\"release\":7,\"device\":6}"));
}

static void other_paths_and_methods_are_refused(void **state)
{
    (void)state;
    assert_non_null(strstr(ask(GET("/")), " 404 "));
    assert_non_null(strstr(ask(GET("/metrics/../livez")), " 404 "));
    assert_non_null(strstr(ask("DELETE /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), " 405 "));
}

static void nonsense_does_not_stop_it(void **state)
{
    (void)state;
    (void)ask("nonsense\r\n\r\n");
    (void)ask("\x16\x03\x01\r\n\r\n"); /* somebody speaks TLS */
    assert_non_null(strstr(ask(GET("/livez")), " 200 "));
}

static void an_address_that_cannot_be_had_is_named(void **state)
{
    struct monitor *second = NULL;
    struct fault fault = {0};
    (void)state;

    struct monitor_subject same = {is_alive, is_ready, rows_of, NULL};
    assert_int_equal(monitor_start("127.0.0.1", monitor_port(monitor), same, &second, &fault), STATUS_FATAL);
    assert_non_null(strstr(fault.text, "127.0.0.1"));
    assert_int_equal(monitor_start("not an address", 0, same, &second, &fault), STATUS_FATAL);
    assert_null(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_live_until_a_worker_died, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_ready_when_everything_is_restored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(metrics_come_in_the_text_format, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tables_come_as_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_paths_and_methods_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nonsense_does_not_stop_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_that_cannot_be_had_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
