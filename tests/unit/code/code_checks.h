/* code_checks.h: one code at a time, read, looked at, said again. */
#ifndef CODE_CHECKS_H
#define CODE_CHECKS_H

#include "code/code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { YEAR = 2026 };

struct checks {
    struct arena *arena;
    struct buffer said;
    struct code code;
    bool strict;
};

static inline int checks_begin(void **state)
{
    struct checks *checks = calloc(1, sizeof *checks);
    checks->arena = arena_new(64 * 1024, 1024 * 1024);
    buffer_init(&checks->said, 64 * 1024);
    *state = checks;
    return checks->arena == NULL;
}

static inline int checks_end(void **state)
{
    struct checks *checks = *state;
    arena_free(checks->arena);
    buffer_done(&checks->said);
    free(checks);
    return 0;
}

static inline bool parse_bytes(struct checks *checks, struct bytes input)
{
    struct code_options options = {.current_year = YEAR, .strict = checks->strict};
    arena_reset(checks->arena);
    return code_parse(input, &options, checks->arena, &checks->code);
}

static inline bool parse(struct checks *checks, const char *text)
{
    return parse_bytes(checks, bytes_of(text));
}

static inline void assert_read(struct checks *checks, const char *text)
{
    if (!parse(checks, text))
        fail_msg("%s: %s at byte %zu", text, code_error_name(checks->code.error), checks->code.at);
}

static inline void assert_refused(struct checks *checks, const char *text, enum code_error error, size_t at)
{
    assert_false(parse(checks, text));
    assert_string_equal(code_error_name(checks->code.error), code_error_name(error));
    assert_int_equal(checks->code.at, at);
}

static inline void assert_view(struct bytes view, const char *expected)
{
    if (expected == NULL) {
        assert_null(view.data);
        return;
    }
    assert_non_null(view.data);
    assert_int_equal(view.length, strlen(expected));
    assert_memory_equal(view.data, expected, view.length);
}

static inline void assert_value(const struct checks *checks, const char *ai, const char *expected)
{
    const struct code_element *element = code_find(&checks->code, ai);
    assert_non_null(element);
    assert_view(element->value, expected);
}

static inline void assert_date(const struct code_date *date, const char *expected)
{
    char text[CODE_DATE_TEXT_BYTES];
    assert_string_equal(code_date_text(date, text), expected);
}

static inline void assert_repaired(struct checks *checks, const char *text, unsigned repairs,
                                   enum code_confidence confidence)
{
    assert_read(checks, text);
    assert_int_equal(checks->code.repairs, repairs);
    assert_string_equal(code_confidence_name(checks->code.confidence), code_confidence_name(confidence));
}

static inline void assert_json(struct checks *checks, const char *text, const char *expected)
{
    (void)parse(checks, text);
    buffer_clear(&checks->said);
    code_json(&checks->code, &checks->said);
    assert_string_equal(buffer_text(&checks->said), expected);
}

static inline void assert_canonical(struct checks *checks, const char *text, const char *expected)
{
    assert_read(checks, text);
    buffer_clear(&checks->said);
    assert_true(code_canonical(&checks->code, &checks->said));
    assert_string_equal(buffer_text(&checks->said), expected);
}

#endif
