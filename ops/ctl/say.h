/* say.h: sentences for the person at the terminal, on standard error, Chinese first. */
#ifndef CTL_SAY_H
#define CTL_SAY_H

#include "ops/ctl/command.h"

/* "medhub: ZH / EN" */
void say(const char *zh, const char *en_format, ...) PRINTF_LIKE(2, 3);
/* The same unless --quiet. */
void say_progress(const struct call *call, const char *zh, const char *en_format, ...) PRINTF_LIKE(3, 4);
/* A line that is written over by the next one on a terminal; elsewhere at most one in ten seconds. */
void say_count(struct call *call, const char *zh, const char *en, uint64_t count, uint64_t of);
void say_count_end(struct call *call);

/* "medhub: ZH: text code=CODE", or with -o json one object {code, message, message_zh}. Returns EXIT_FAILED.
 */
enum exit_code say_fault(const struct call *call, const struct fault *fault);
/* The same with another exit code. */
enum exit_code say_refusal(const struct call *call, enum exit_code exit_code, const char *code,
                           const char *zh, const char *en_format, ...) PRINTF_LIKE(5, 6);

#endif
