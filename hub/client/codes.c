#include "client/error.h"

#include "base/clock.h"
#include "base/date.h"
#include "code/code.h"

#include <stdlib.h>
#include <string.h>

enum { CODE_ARENA_FIRST_BYTES = 16 * 1024, CODE_ARENA_BYTES = 256 * 1024, CODE_JSON_BYTES_MAX = 1024 * 1024 };

static int year_of_the_clock(void)
{
    int year = 0, month = 0, day = 0;
    date_to_civil(date_in_china(clock_now_ms(clock_system())), &year, &month, &day);
    return year;
}

static enum medhub_status print(const struct code *code, char **json, struct medhub_error *error)
{
    struct buffer out;

    buffer_init(&out, CODE_JSON_BYTES_MAX);
    code_json(code, &out);
    *json = buffer_ok(&out) ? strdup(buffer_text(&out)) : NULL;
    buffer_done(&out);
    return *json == NULL ? error_say(error, "memory.out", NULL) : MEDHUB_OK;
}

enum medhub_status medhub_code_parse(const char *text, size_t length, int current_year, char **json,
                                     struct medhub_error *error)
{
    if (text == NULL || json == NULL)
        return error_say(error, "argument.missing", NULL);
    *json = NULL;
    struct arena *arena = arena_new(CODE_ARENA_FIRST_BYTES, CODE_ARENA_BYTES);
    struct code *code = calloc(1, sizeof *code);
    const struct code_options options = {.current_year =
                                             current_year != 0 ? current_year : year_of_the_clock()};
    enum medhub_status status = MEDHUB_OK;

    if (arena == NULL || code == NULL) {
        status = error_say(error, "memory.out", NULL);
    } else {
        bool readable = code_parse(bytes_from(text, length), &options, arena, code);
        status = print(code, json, error);
        if (status == MEDHUB_OK && !readable)
            status = error_say(error, "code.unreadable", "%s, %zu", code_error_name(code->error), code->at);
    }
    free(code);
    arena_free(arena);
    return status;
}
