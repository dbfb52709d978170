/* conf.h: settings as one table: a row gives parser, bounds, default, `medhub ctl conf` and the documentation
 * page.
 *
 * Order of precedence: --set KEY=VALUE, environment (MEDHUB_ + upper case, dots as underscores), file (YAML
 * mapping, nested or dotted keys), default. An unknown key, a value out of bounds or of the wrong kind stops
 * the start with a sentence that names the key, the value, the bounds and where it came from.
 *
 * In the environment a MEDHUB_ variable is refused as unknown only if it begins with a section that the table
 * has (MEDHUB_KAFKA_...): other variables of that kind belong to scripts. What Kubernetes adds for services
 * is skipped. */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_kind {
    CONF_INT,    /* int64_t, min..max */
    CONF_BOOL,   /* bool: true, false */
    CONF_STRING, /* const char *, min..max bytes, max 0 = any length */
    CONF_CHOICE, /* const char *, one of choices "a|b|c" */
};

struct conf_row {
    const char *key; /* "hub.batch_events_max" */
    enum conf_kind kind;
    size_t offset; /* in the structure that conf_load fills */
    int64_t min, max;
    const char *fallback; /* the default, as text; NULL = must be given */
    const char *choices;
    const char *help;    /* one English sentence, with the unit */
    const char *help_zh; /* the same in Chinese */
};

/* A row for a number or a text, and one for a choice, that fill MEMBER_ of STRUCT_: what every table of settings is written in. */
#define CONF_ROW(struct_, key_, kind_, member_, min_, max_, fallback_, help_, help_zh_)                                \
    {.key = (key_),                                                                                                    \
     .kind = (kind_),                                                                                                  \
     .offset = offsetof(struct_, member_),                                                                             \
     .min = (min_),                                                                                                    \
     .max = (max_),                                                                                                    \
     .fallback = (fallback_),                                                                                          \
     .help = (help_),                                                                                                  \
     .help_zh = (help_zh_)}
#define CONF_ROW_OF_CHOICES(struct_, key_, member_, choices_, fallback_, help_, help_zh_)                              \
    {.key = (key_),                                                                                                    \
     .kind = CONF_CHOICE,                                                                                              \
     .offset = offsetof(struct_, member_),                                                                             \
     .fallback = (fallback_),                                                                                          \
     .choices = (choices_),                                                                                            \
     .help = (help_),                                                                                                  \
     .help_zh = (help_zh_)}

struct conf; /* the loaded values with their origin; owns the strings */

struct conf_source {
    const char *file;        /* NULL = none */
    const char *const *sets; /* "KEY=VALUE" */
    size_t set_count;
    bool environment; /* read MEDHUB_* */
};

/* Fills INTO (a structure described by ROWS, which must outlive *CONF) and returns in *CONF what owns its
 * strings and the free keys. On failure (STATUS_FATAL) INTO is untouched and *CONF is NULL.
 *
 * FREE_PREFIX, "kafka.client." or NULL: every key below it is passed on (librdkafka properties), not looked
 * up in the table. In the environment underscores after it stand for dots: MEDHUB_KAFKA_CLIENT_SASL_PASSWORD.
 * In the file null means "not set here". */
enum status conf_load(const struct conf_row *rows, size_t row_count, const char *free_prefix,
                      struct conf_source source, void *into, struct conf **conf,
                      struct fault *fault) MUST_CHECK;
/* The same for several tables at once, each with the structure that it fills: one file serves all programs of the house,
 * and a key is unknown only if none of them has it. */
struct conf_table {
    const struct conf_row *rows;
    size_t row_count;
    void *into;
};
enum status conf_load_tables(const struct conf_table *tables, size_t table_count, const char *free_prefix,
                             struct conf_source source, struct conf **conf, struct fault *fault) MUST_CHECK;
void conf_free(struct conf *conf);

/* Calls EACH for each key below the free prefix (without the prefix). */
void conf_each_free(const struct conf *conf, void (*each)(const char *key, const char *value, void *context),
                    void *context);
/* Calls EACH with every row's key, value in force and origin ("default", "file", "environment", "--set").
 * Values of keys that contain "password", "secret" or "key" are given as "***". */
void conf_each(const struct conf *conf,
               void (*each)(const struct conf_row *row, const char *value, const char *origin, void *context),
               void *context);

#endif
