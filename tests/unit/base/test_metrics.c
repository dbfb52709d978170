// links: medhub_base
#include "base/metrics.h"

#include "cmocka_all.h"

#include <pthread.h>

/* Series live as long as the process, so each test has rows of its own. */
static struct buffer page;

static int setup(void **state)
{
    (void)state;
    buffer_init(&page, 1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_done(&page);
    return 0;
}

static const char *written(void)
{
    buffer_clear(&page);
    metrics_write(&page);
    assert_true(buffer_ok(&page));
    return buffer_text(&page);
}

static void assert_written(const char *part)
{
    if (strstr(written(), part) == NULL)
        fail_msg("no \"%s\" in\n%s", part, buffer_text(&page));
}

static void a_counter_counts(void **state)
{
    static const struct metric_row row = {"test_counts_total", METRIC_COUNTER, NULL, "Counts."};

    (void)state;
    struct metric *metric = metric_get(&row, NULL);
    metric_add(metric, 2);
    metric_add(metric, 3);
    assert_int_equal(metric_value(metric), 5);
    assert_written(
        "# HELP test_counts_total Counts.\n# TYPE test_counts_total counter\ntest_counts_total 5\n");
}

static void a_gauge_is_set(void **state)
{
    static const struct metric_row row = {"test_level", METRIC_GAUGE, NULL, "Level."};

    (void)state;
    struct metric *metric = metric_get(&row, NULL);
    metric_set(metric, 7);
    metric_add(metric, -9);
    assert_int_equal(metric_value(metric), -2);
    assert_written("# TYPE test_level gauge\ntest_level -2\n");
}

static void the_same_label_is_the_same_series(void **state)
{
    static const struct metric_row row = {"test_by_topic_total", METRIC_COUNTER, "topic", "By topic."};

    (void)state;
    struct metric *a = metric_get(&row, "a");
    char again[] = "a";
    assert_ptr_not_equal(metric_get(&row, "b"), a);
    assert_ptr_equal(metric_get(&row, again), a);
    metric_add(a, 1);
    assert_written("# TYPE test_by_topic_total counter\n"
                   "test_by_topic_total{topic=\"a\"} 1\ntest_by_topic_total{topic=\"b\"} 0\n");
}

static void label_values_are_escaped(void **state)
{
    static const struct metric_row row = {"test_escaped_total", METRIC_COUNTER, "x", "Back\\slash\nline."};

    (void)state;
    metric_get(&row, "a\"b\\c\nd医\xff");
    assert_written("# HELP test_escaped_total Back\\\\slash\\nline.\n");
    assert_written("test_escaped_total{x=\"a\\\"b\\\\c\\nd医?\"} 0\n");
}

static void a_histogram_counts_up_to_each_bound(void **state)
{
    static const struct metric_row row = {"test_seconds", METRIC_HISTOGRAM, "stage", "Seconds."};

    (void)state;
    struct metric *metric = metric_get(&row, "s");
    metric_observe_us(metric, 100);      /* on the first bound */
    metric_observe_us(metric, 101);      /* above it */
    metric_observe_us(metric, 60000001); /* above the last */
    assert_int_equal(metric_value(metric), 3);
    assert_written("test_seconds_bucket{stage=\"s\",le=\"0.0001\"} 1\n"
                   "test_seconds_bucket{stage=\"s\",le=\"0.00025\"} 2\n");
    assert_written("test_seconds_bucket{stage=\"s\",le=\"60\"} 2\n"
                   "test_seconds_bucket{stage=\"s\",le=\"+Inf\"} 3\n"
                   "test_seconds_sum{stage=\"s\"} 60.000202\n"
                   "test_seconds_count{stage=\"s\"} 3\n");
}

static void a_histogram_without_label_has_only_le(void **state)
{
    static const struct metric_row row = {"test_plain_seconds", METRIC_HISTOGRAM, NULL, "Seconds."};

    (void)state;
    metric_get(&row, NULL);
    assert_written("test_plain_seconds_bucket{le=\"0.0001\"} 0\n");
    assert_written("test_plain_seconds_sum 0.000000\ntest_plain_seconds_count 0\n");
}

static void registered_rows_are_written_from_the_start(void **state)
{
    static const struct metric_row rows[] = {
        {"test_registered_total", METRIC_COUNTER, NULL, "Registered."},
        {"test_registered_by_total", METRIC_COUNTER, "by", "Registered by."},
    };

    (void)state;
    metrics_register(rows, 2);
    metrics_register(rows, 2);
    assert_written("\ntest_registered_total 0\n");
    assert_written("# TYPE test_registered_by_total counter\n# HELP");
}

struct names {
    const char *last;
    int count;
};

static void note_name(const struct metric_row *row, void *context)
{
    struct names *names = context;

    assert_true(names->last == NULL || strcmp(names->last, row->name) < 0);
    names->last = row->name;
    names->count += strncmp(row->name, "test_order_", 11) == 0;
}

static void rows_are_described_in_order_of_name(void **state)
{
    static const struct metric_row rows[] = {
        {"test_order_c", METRIC_GAUGE, NULL, "C."},
        {"test_order_a", METRIC_GAUGE, NULL, "A."},
        {"test_order_b", METRIC_GAUGE, "x", "B."},
    };
    struct names names = {NULL, 0};

    (void)state;
    metrics_register(rows, 3);
    metrics_describe(note_name, &names);
    assert_int_equal(names.count, 3);
}

enum { THREADS = 4, ROUNDS = 10000 };

static void *count_up(void *unused)
{
    static const struct metric_row row = {"test_threads_total", METRIC_COUNTER, "x", "Threads."};

    (void)unused;
    for (int i = 0; i < ROUNDS; i++)
        metric_add(metric_get(&row, i % 2 == 0 ? "even" : "odd"), 1);
    return (void *)metric_get(&row, "odd");
}

static void threads_may_register_and_count_at_once(void **state)
{
    pthread_t threads[THREADS];
    void *metric = NULL;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, NULL), 0);
    written();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], &metric);
    assert_int_equal(metric_value(metric), THREADS * ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_counter_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gauge_is_set, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_label_is_the_same_series, setup, teardown),
        cmocka_unit_test_setup_teardown(label_values_are_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_histogram_counts_up_to_each_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(a_histogram_without_label_has_only_le, setup, teardown),
        cmocka_unit_test_setup_teardown(registered_rows_are_written_from_the_start, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_are_described_in_order_of_name, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_may_register_and_count_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
