// links: medhub_base dep::jansson
#include "base/date.h"
#include "base/log.h"

#include "cmocka_all.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static int ends[2];

static int setup(void **state)
{
    (void)state;
    if (pipe2(ends, O_NONBLOCK) != 0)
        return 1;
    log_set_descriptor(ends[1]);
    log_set_level(LOG_LEVEL_INFO);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_set_descriptor(STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* What was written since the last call. */
static const char *written(void)
{
    static char text[65536];
    ssize_t length = read(ends[0], text, sizeof text - 1);

    text[length < 0 ? 0 : length] = '\0';
    return text;
}

/* The line that was written, as JSON; the caller gives it back. */
static json_t *line(void)
{
    const char *text = written();
    json_error_t error;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    if (object == NULL)
        fail_msg("%s in %s", error.text, text);
    assert_int_equal(text[strlen(text) - 1], '\n');
    return object;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void a_line_has_time_level_name_and_fields(void **state)
{
    (void)state;
    log_warn("delivery.refused", LOG_STR("event_id", "e-1"), LOG_INT("http", 503), LOG_DEC("seconds", 0.25));
    json_t *object = line();
    int64_t seconds;
    int32_t nanoseconds;
    assert_true(moment_parse(bytes_of(text_of(object, "ts")), &seconds, &nanoseconds));
    assert_string_equal(text_of(object, "level"), "warn");
    assert_string_equal(text_of(object, "event"), "delivery.refused");
    assert_string_equal(text_of(object, "event_id"), "e-1");
    assert_int_equal(json_integer_value(json_object_get(object, "http")), 503);
    assert_true(json_real_value(json_object_get(object, "seconds")) == 0.25);
    assert_int_equal(json_object_size(object), 6);
    json_decref(object);
}

static void a_line_may_have_no_fields(void **state)
{
    (void)state;
    log_info("hub.started");
    json_t *object = line();
    assert_int_equal(json_object_size(object), 3);
    json_decref(object);
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    log_debug("x");
    log_set_level(LOG_LEVEL_ERROR);
    log_warn("x");
    assert_string_equal(written(), "");
    log_error("x");
    assert_string_not_equal(written(), "");
    log_set_level(LOG_LEVEL_OFF);
    log_error("x");
    assert_string_equal(written(), "");
}

static void whatever_a_text_contains_it_stays_one_line_of_json(void **state)
{
    (void)state;
    log_info("x", LOG_STR("a", "quote \" backslash \\ newline \n tab \t bell \a delete \x7f 医保"));
    const char *text = written();
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    json_t *object = json_loads(text, 0, NULL);
    assert_string_equal(text_of(object, "a"),
                        "quote \" backslash \\ newline \n tab \t bell \a delete \x7f 医保");
    json_decref(object);
}

static void ill_formed_utf8_is_replaced(void **state)
{
    (void)state;
    log_info("x", LOG_STR("a", "\xff医\xe5\x8c"));
    json_t *object = line();
    assert_string_equal(text_of(object, "a"), "\xef\xbf\xbd医\xef\xbf\xbd\xef\xbf\xbd");
    json_decref(object);
}

static void a_missing_text_and_a_number_that_is_none_are_null(void **state)
{
    (void)state;
    log_info("x", LOG_STR("a", NULL), LOG_DEC("b", (double)NAN));
    json_t *object = line();
    assert_true(json_is_null(json_object_get(object, "a")));
    assert_true(json_is_null(json_object_get(object, "b")));
    json_decref(object);
}

static void a_long_value_is_cut_at_a_character(void **state)
{
    char value[602];

    (void)state;
    for (int i = 0; i < 600; i += 3)
        memcpy(value + i, "医", 3);
    value[600] = '\0';
    log_info("x", LOG_STR("a", value));
    json_t *object = line();
    assert_int_equal(strlen(text_of(object, "a")), 510);
    json_decref(object);
}

static void a_line_that_would_be_too_long_leaves_fields_out_and_says_so(void **state)
{
    char value[512];

    (void)state;
    memset(value, '\x01', sizeof value - 1); /* six times as long when escaped */
    value[sizeof value - 1] = '\0';
    log_info("x", LOG_STR("a", value), LOG_STR("b", value), LOG_INT("c", 3));
    json_t *object = line();
    assert_non_null(json_object_get(object, "a"));
    assert_null(json_object_get(object, "b"));
    assert_int_equal(json_integer_value(json_object_get(object, "c")), 3);
    assert_true(json_is_true(json_object_get(object, "cut")));
    json_decref(object);
}

static void a_field_cannot_replace_what_is_the_lines_own(void **state)
{
    (void)state;
    log_info("real", LOG_STR("event", "other"));
    json_t *object = line();
    assert_string_equal(text_of(object, "event"), "real");
    assert_string_equal(text_of(object, "event_"), "other");
    json_decref(object);
}

static void levels_are_read_by_name(void **state)
{
    enum log_level level = LOG_LEVEL_OFF;

    (void)state;
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_true(log_level_parse("off", &level));
    assert_int_equal(level, LOG_LEVEL_OFF);
    assert_false(log_level_parse("loud", &level));
    assert_false(log_level_parse("", &level));
}

enum { THREADS = 4, LINES = 50 };

static void *write_lines(void *name)
{
    for (int i = 0; i < LINES; i++)
        log_info("thread.line", LOG_STR("thread", name), LOG_INT("number", i));
    return NULL;
}

static void lines_of_several_threads_stay_whole(void **state)
{
    pthread_t threads[THREADS];
    int count = 0;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, (void *)"a thread"), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    char *text = strdup(written());
    for (char *rest = text, *one; (one = strsep(&rest, "\n")) != NULL && *one != '\0'; count++) {
        json_t *object = json_loads(one, 0, NULL);
        assert_non_null(object);
        json_decref(object);
    }
    assert_int_equal(count, THREADS * LINES);
    free(text);
}

static void nobody_reading_is_ignored(void **state)
{
    (void)state;
    log_set_descriptor(-1);
    log_error("x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_time_level_name_and_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_may_have_no_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_below_the_level_are_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(whatever_a_text_contains_it_stays_one_line_of_json, setup, teardown),
        cmocka_unit_test_setup_teardown(ill_formed_utf8_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_text_and_a_number_that_is_none_are_null, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_value_is_cut_at_a_character, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_that_would_be_too_long_leaves_fields_out_and_says_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_field_cannot_replace_what_is_the_lines_own, setup, teardown),
        cmocka_unit_test(levels_are_read_by_name),
        cmocka_unit_test_setup_teardown(lines_of_several_threads_stay_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_reading_is_ignored, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
