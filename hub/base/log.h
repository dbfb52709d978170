/* log.h: facts with a stable name, one JSON object a line on a file descriptor (standard error by default).
 *
 *     log_warn("delivery.refused", LOG_STR("event_id", id), LOG_INT("http", code));
 *
 * The name is what alerts and tests match. There is no function that takes a payload, a person or a message:
 * the fields are identifiers of events, topics, organisations, codes and numbers. Any thread; a line is
 * written whole. ts, level and event are the line's own names: a field called so is written as "ts_",
 * "level_", "event_". */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/bytes.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_OFF };

struct log_field {
    const char *name;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_DECIMAL } kind;
    const char *text;
    int64_t integer;
    double decimal;
};

#define LOG_STR(name_, text_) ((struct log_field){.name = (name_), .kind = LOG_FIELD_TEXT, .text = (text_)})
#define LOG_INT(name_, integer_)                                                                             \
    ((struct log_field){.name = (name_), .kind = LOG_FIELD_INT, .integer = (int64_t)(integer_)})
#define LOG_DEC(name_, decimal_)                                                                             \
    ((struct log_field){.name = (name_), .kind = LOG_FIELD_DECIMAL, .decimal = (decimal_)})

/* Values longer than 512 bytes are cut; control characters are escaped, ill-formed UTF-8 becomes U+FFFD. A
 * line has at most 4096 bytes (what a pipe takes whole): fields beyond that are left out and the line says
 * "cut":true. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);

/* The end mark gives the variadic part its one argument in a call without fields. */
#define LOG_END_ ((struct log_field){.name = NULL})
#define LOG_AT_(level, event, ...)                                                                           \
    do {                                                                                                     \
        const struct log_field log_fields_[] = {__VA_ARGS__};                                                \
        log_write((level), (event), log_fields_, sizeof log_fields_ / sizeof *log_fields_ - 1);              \
    } while (0)
/* log_info(event, field, field ...): any number of fields, also none. */
#define log_debug(...) LOG_AT_(LOG_LEVEL_DEBUG, __VA_ARGS__, LOG_END_)
#define log_info(...)  LOG_AT_(LOG_LEVEL_INFO, __VA_ARGS__, LOG_END_)
#define log_warn(...)  LOG_AT_(LOG_LEVEL_WARN, __VA_ARGS__, LOG_END_)
#define log_error(...) LOG_AT_(LOG_LEVEL_ERROR, __VA_ARGS__, LOG_END_)

void log_set_level(enum log_level level);
void log_set_descriptor(int descriptor);
/* "debug", "info", "warn", "error", "off". False if unknown. */
bool log_level_parse(const char *text, enum log_level *level);

#endif
