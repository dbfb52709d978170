/* conf_file.h: reads a YAML file of settings for conf.c, the only place that knows libyaml. */
#ifndef BASE_CONF_FILE_H
#define BASE_CONF_FILE_H

#include "base/arena.h"
#include "base/fault.h"

/* Gets each setting in the order of the file: KEY with dots however it was nested, VALUE (NULL for null),
 * PLACE for a sentence ("file /etc/medhub.yaml line 3"). The texts live as long as the arena. */
struct conf_file_taker {
    enum status (*take)(void *context, const char *key, const char *value, const char *place,
                        struct fault *fault);
    void *context;
};

/* STATUS_FATAL, with a sentence that names the line, if the file is no mapping of single values or cannot be
 * read; otherwise the first answer of TAKER that is not STATUS_OK. */
enum status conf_file_read(const char *path, struct arena *arena, const struct conf_file_taker *taker,
                           struct fault *fault) MUST_CHECK;

#endif
