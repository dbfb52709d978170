/* error.h: the sentences of the library, once, in both languages: a code gives status, Chinese and English.
 */
#ifndef CLIENT_ERROR_H
#define CLIENT_ERROR_H

#include "client/medhub.h"

#include "base/fault.h"

/* Fills ERROR (may be NULL) from the row CODE and returns its status. DETAIL (may be NULL) is added to both
 * texts: names, bounds, codes of libraries; never payload. Nothing beyond the caller's error.size is written.
 */
enum medhub_status error_say(struct medhub_error *error, const char *code, const char *detail, ...)
    PRINTF_LIKE(3, 4);
/* The same for an HTTP answer. */
enum medhub_status error_say_http(struct medhub_error *error, const char *code, int http_status,
                                  const char *detail);
/* What a lower library said; its code and text are the detail of the row CODE. */
enum medhub_status error_of_fault(struct medhub_error *error, const char *code, const struct fault *fault);
/* MEDHUB_OK, texts empty. */
void error_clear(struct medhub_error *error);
/* What TO's caller knows of FROM, whole. */
void error_copy(struct medhub_error *to, const struct medhub_error *from);

#endif
