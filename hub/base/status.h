/* status.h: what the caller does now. Finer causes are in struct fault. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <assert.h>

enum status {
    STATUS_OK = 0, /* go on */
    STATUS_RETRY,  /* the world is not ready: the same thing again, later */
    STATUS_REJECT, /* the input is wrong: park it with its fault */
    STATUS_FATAL,  /* we are wrong, or cannot go on: stop */
};
static_assert(STATUS_OK == 0, "callers and tests rely on it");

/* Put before a function whose answer must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_argument)                                                            \
    __attribute__((format(printf, format_index, first_argument)))

/* "ok", "retry", "reject", "fatal". Lends a constant. Any thread. */
const char *status_name(enum status status);

#endif
