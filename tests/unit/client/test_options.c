// links: dep::jansson
/* Options, errors, pauses, codes: what needs no gateway. */
#include "client/error.h"
#include "client/retry.h"
#include "client/settings.h"
#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void every_row_has_a_default_within_its_bounds_and_help_in_both_languages(void **state)
{
    struct medhub_options *options = medhub_options_new();
    (void)state;
    for (size_t i = 0; i < client_settings_row_count; i++) {
        const struct conf_row *row = &client_settings_rows[i];
        assert_non_null(row->help);
        assert_non_null(row->help_zh);
        if (row->fallback != NULL)
            assert_int_equal(medhub_options_set(options, row->key, row->fallback, NULL), MEDHUB_OK);
    }
    medhub_options_free(options);
}

static void wrong_options_are_refused_by_name(void **state)
{
    static const struct {
        const char *name, *value, *code;
    } wrong[] = {
        {"gatway", "x", "option.unknown"},         {"connections_max", "0", "option.value"},
        {"connections_max", "65", "option.value"}, {"connections_max", "8x", "option.value"},
        {"connections_max", "", "option.value"},
    };
    struct medhub_options *options = medhub_options_new();
    struct medhub_error error = MEDHUB_ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(medhub_options_set(options, wrong[i].name, wrong[i].value, &error), MEDHUB_INVALID);
        assert_string_equal(error.code, wrong[i].code);
        assert_non_null(strstr(error.text_en, wrong[i].name));
        assert_non_null(strstr(error.text_zh, wrong[i].name));
    }
    medhub_options_free(options);
}

struct pair {
    const char *name, *value;
};

/* The code of what is wrong with the options, "" if nothing is. */
static void check_together(const struct pair *pairs, const char *expected)
{
    struct medhub_options *options = medhub_options_new();
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct client_settings settings;

    for (; pairs->name != NULL; pairs++)
        assert_int_equal(medhub_options_set(options, pairs->name, pairs->value, &error), MEDHUB_OK);
    error.code[0] = '\0';
    enum medhub_status status = settings_fill(options, &settings, &error);
    assert_string_equal(status == MEDHUB_OK ? "" : error.code, expected);
    medhub_options_free(options);
}

#define WHO                                                                                                  \
    {"organisation", "H1"},                                                                                  \
    {                                                                                                        \
        "directory", "/tmp/x"                                                                                \
    }

static void options_are_checked_together(void **state)
{
    (void)state;
    check_together((const struct pair[]){WHO, {NULL, NULL}}, "option.missing");
    check_together((const struct pair[]){WHO, {"gateway", "https://hub.example:8443"}, {NULL, NULL}}, "");
    check_together((const struct pair[]){WHO, {"gateway", "http://localhost:1"}, {NULL, NULL}}, "");
    check_together((const struct pair[]){WHO, {"gateway", "http://[::1]:1"}, {NULL, NULL}}, "");
    check_together((const struct pair[]){WHO, {"gateway", "http://hub.example"}, {NULL, NULL}},
                   "option.insecure");
    check_together((const struct pair[]){WHO, {"gateway", "http://localhost.evil.example"}, {NULL, NULL}},
                   "option.insecure");
    check_together((const struct pair[]){WHO, {"gateway", "http://127.0.0.1@evil"}, {NULL, NULL}},
                   "option.value");
    check_together((const struct pair[]){WHO, {"gateway", "ftp://x"}, {NULL, NULL}}, "option.value");
    check_together((const struct pair[]){WHO, {"gateway", "https://x"}, {"key", "k"}, {NULL, NULL}},
                   "option.missing");
    check_together(
        (const struct pair[]){WHO, {"gateway", "https://x"}, {"certificate_file", "c"}, {NULL, NULL}},
        "option.missing");
}

static void options_can_be_read_from_a_file(void **state)
{
    struct medhub_options *options = medhub_options_new();
    struct medhub_error error = MEDHUB_ERROR_INIT;
    char folder[TEMP_FOLDER_BYTES], path[TEMP_FOLDER_BYTES + 10];
    struct client_settings settings;

    (void)state;
    temp_folder_make(folder);
    (void)snprintf(path, sizeof path, "%s/o", folder);
    FILE *file = fopen(path, "w");
    (void)fputs(
        "# 注释\n\n gateway = https://hub.example \norganisation=H1\ndirectory=/tmp/x y\nfeeds_max = 3\n",
        file);
    (void)fclose(file);
    assert_int_equal(medhub_options_read(options, path, &error), MEDHUB_OK);
    assert_int_equal(settings_fill(options, &settings, &error), MEDHUB_OK);
    assert_string_equal(settings.gateway, "https://hub.example");
    assert_string_equal(settings.directory, "/tmp/x y");
    assert_int_equal(settings.feeds_max, 3);
    file = fopen(path, "w");
    (void)fputs("nonsense\n", file);
    (void)fclose(file);
    assert_int_equal(medhub_options_read(options, path, &error), MEDHUB_INVALID);
    assert_int_equal(medhub_options_read(options, "/nowhere", &error), MEDHUB_INVALID);
    medhub_options_free(options);
    temp_folder_remove(folder);
}

static void an_error_of_an_older_program_is_not_written_beyond_its_end(void **state)
{
    struct {
        struct medhub_error error;
        char behind;
    } old = {.error = {.size = offsetof(struct medhub_error, text_en), .text_en = "untouched"}};
    (void)state;
    assert_int_equal(error_say(&old.error, "outbox.full", "x"), MEDHUB_FULL);
    assert_string_equal(old.error.code, "outbox.full");
    assert_non_null(strstr(old.error.text_zh, "待发箱已满"));
    assert_string_equal(old.error.text_en, "untouched");
    assert_int_equal(old.error.size, offsetof(struct medhub_error, text_en));
}

static void a_long_detail_is_cut_between_characters(void **state)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    char detail[600];
    (void)state;
    for (size_t i = 0; i + 4 < sizeof detail; i += 3)
        memcpy(detail + i, "字", 4);
    for (size_t cut = 0; cut < 3; cut++) {
        assert_int_equal(error_say(&error, "internal", "%s", detail + 3 * cut), MEDHUB_PROTOCOL);
        assert_true(strlen(error.text_zh) < sizeof error.text_zh);
    }
    assert_string_equal(medhub_status_name(MEDHUB_FULL), "full");
    assert_string_equal(medhub_status_name(MEDHUB_MEMORY), "memory");
    assert_string_equal(medhub_status_name((enum medhub_status)99), "unknown");
}

static void pauses_grow_to_their_bound(void **state)
{
    const struct retry_plan plan = {.first_ms = 100, .max_ms = 1000};
    (void)state;
    assert_int_equal(retry_pause_ms(&plan, 1, -1, 0), 100);
    assert_int_equal(retry_pause_ms(&plan, 2, -1, 0), 200);
    assert_int_equal(retry_pause_ms(&plan, 50, -1, 0), 1000);
    assert_int_equal(retry_pause_ms(&plan, INT64_MAX, -1, 0), 1000);
    for (uint64_t seed = 0; seed < 1000; seed++)
        assert_in_range(retry_pause_ms(&plan, 4, -1, seed), 640, 800);
    assert_int_equal(retry_pause_ms(&plan, 1, 700, 0), 700);
    assert_int_equal(retry_pause_ms(&plan, 1, INT64_MAX, 0), 10000);
}

static void codes_are_taken_apart_without_a_handle(void **state)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    static const char text[] = "(01)06926347962617(17)280131(21)A7";
    char *json = NULL;

    (void)state;
    assert_int_equal(medhub_code_parse(text, strlen(text), 2026, &json, &error), MEDHUB_OK);
    json_t *code = json_loads(json, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(code, "di")), "06926347962617");
    assert_string_equal(json_string_value(json_object_get(code, "serial")), "A7");
    json_decref(code);
    medhub_free(json);
    assert_int_equal(medhub_code_parse("(01)06926347962618", 18, 0, &json, &error), MEDHUB_INVALID);
    assert_string_equal(error.code, "code.unreadable");
    assert_non_null(strstr(json, "check_digit"));
    medhub_free(json);
    assert_int_equal(medhub_code_parse(NULL, 0, 0, &json, &error), MEDHUB_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_default_within_its_bounds_and_help_in_both_languages),
        cmocka_unit_test(wrong_options_are_refused_by_name),
        cmocka_unit_test(options_are_checked_together),
        cmocka_unit_test(options_can_be_read_from_a_file),
        cmocka_unit_test(an_error_of_an_older_program_is_not_written_beyond_its_end),
        cmocka_unit_test(a_long_detail_is_cut_between_characters),
        cmocka_unit_test(pauses_grow_to_their_bound),
        cmocka_unit_test(codes_are_taken_apart_without_a_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
