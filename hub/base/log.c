#include "base/log.h"

#include "base/clock.h"
#include "base/date.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* 4096 = PIPE_BUF: a pipe takes such a line whole even if several processes share it. */
enum { LINE_BYTES = 4096, VALUE_BYTES_MAX = 512 };

#define LINE_END     "}\n"
#define LINE_END_CUT ",\"cut\":true}\n"

struct line {
    char text[LINE_BYTES];
    size_t length;
    bool full; /* the last put did not fit */
};

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};
enum { LEVEL_COUNT = sizeof level_names / sizeof *level_names };
static_assert(LEVEL_COUNT == LOG_LEVEL_OFF + 1, "a name for every level");

static atomic_int level_in_force = LOG_LEVEL_INFO;
static atomic_int descriptor_in_force = STDERR_FILENO;
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;

static void put(struct line *line, const char *text, size_t length)
{
    /* The end of the line always has its place. */
    if (line->full || length > sizeof line->text - line->length - (sizeof LINE_END_CUT - 1)) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_escaped_ascii(struct line *line, char character)
{
    char code[8];

    switch (character) {
    case '"':
        put_text(line, "\\\"");
        return;
    case '\\':
        put_text(line, "\\\\");
        return;
    case '\n':
        put_text(line, "\\n");
        return;
    default:
        break;
    }
    if ((unsigned char)character >= 0x20 && character != 0x7f) {
        put(line, &character, 1);
        return;
    }
    snprintf(code, sizeof code, "\\u%04x", (unsigned)(unsigned char)character);
    put_text(line, code);
}

static void put_string(struct line *line, const char *text)
{
    struct bytes value = bytes_of(text);

    value.length = bytes_utf8_cut(value, VALUE_BYTES_MAX);
    put_text(line, "\"");
    for (size_t at = 0; at < value.length;) {
        size_t step = bytes_utf8_step(bytes_from(value.data + at, value.length - at));
        if (step == 0)
            put_text(line, "\xef\xbf\xbd");
        else if (step == 1)
            put_escaped_ascii(line, text[at]);
        else
            put(line, text + at, step);
        at += step == 0 ? 1 : step;
    }
    put_text(line, "\"");
}

static void put_integer(struct line *line, int64_t integer)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, integer);
    put_text(line, text);
}

static void put_decimal(struct line *line, double decimal)
{
    char text[32];

    if (!isfinite(decimal)) {
        put_text(line, "null");
        return;
    }
    snprintf(text, sizeof text, "%.9g", decimal);
    /* The client library may live in a program that has set a locale with a decimal comma. */
    char *comma = strchr(text, ',');
    if (comma != NULL)
        *comma = '.';
    put_text(line, text);
}

static bool is_own_name(const char *name)
{
    return strcmp(name, "ts") == 0 || strcmp(name, "level") == 0 || strcmp(name, "event") == 0;
}

static void put_name(struct line *line, const char *name)
{
    put_text(line, ",\"");
    put_text(line, name);
    put_text(line, is_own_name(name) ? "_\":" : "\":");
}

static void put_field(struct line *line, const struct log_field *field)
{
    put_name(line, field->name);
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        if (field->text == NULL)
            put_text(line, "null");
        else
            put_string(line, field->text);
        return;
    case LOG_FIELD_INT:
        put_integer(line, field->integer);
        return;
    case LOG_FIELD_DECIMAL:
        put_decimal(line, field->decimal);
        return;
    }
}

static void put_head(struct line *line, enum log_level level, const char *event)
{
    char moment[MOMENT_TEXT_BYTES];

    put_text(line, "{\"ts\":\"");
    put_text(line, moment_format_ms(clock_now_ms(clock_system()), moment));
    put_text(line, "\",\"level\":\"");
    put_text(line, level_names[level]);
    put_text(line, "\",\"event\":");
    put_string(line, event);
}

/* Leaves a field out that does not fit whole; true if there was one. */
static bool put_fields(struct line *line, const struct log_field *fields, size_t count)
{
    bool cut = false;

    for (size_t i = 0; i < count; i++) {
        size_t length = line->length;
        put_field(line, &fields[i]);
        if (line->full) {
            line->length = length;
            line->full = false;
            cut = true;
        }
    }
    return cut;
}

static void put_end(struct line *line, bool cut)
{
    const char *end = cut ? LINE_END_CUT : LINE_END;

    memcpy(line->text + line->length, end, strlen(end));
    line->length += strlen(end);
}

/* One write, as a rule; the lock keeps the rest of a line together when the descriptor takes only part of it.
 */
static void write_line(const struct line *line)
{
    int descriptor = atomic_load_explicit(&descriptor_in_force, memory_order_relaxed);

    pthread_mutex_lock(&write_lock);
    for (size_t at = 0; at < line->length;) {
        ssize_t written = write(descriptor, line->text + at, line->length - at);
        if (written < 0 && errno == EINTR)
            continue;
        /* Ignoring what cannot be written: there is no other place to tell it. */
        if (written <= 0)
            break;
        at += (size_t)written;
    }
    pthread_mutex_unlock(&write_lock);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    struct line line;
    int error = errno;

    if (level >= LOG_LEVEL_OFF || (int)level < atomic_load_explicit(&level_in_force, memory_order_relaxed))
        return;
    line.length = 0;
    line.full = false;
    put_head(&line, level, event);
    put_end(&line, put_fields(&line, fields, count));
    write_line(&line);
    /* Somebody may log a failure before looking at its errno. */
    errno = error;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_in_force, (int)level, memory_order_relaxed);
}

void log_set_descriptor(int descriptor)
{
    atomic_store_explicit(&descriptor_in_force, descriptor, memory_order_relaxed);
}

bool log_level_parse(const char *text, enum log_level *level)
{
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}
