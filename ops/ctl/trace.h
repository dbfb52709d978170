/* trace.h: a question of store/trace_questions.h, asked and printed; ctl trace asks all of them, ctl recall those of a recall. */
#ifndef CTL_TRACE_H
#define CTL_TRACE_H

#include "ops/ctl/command.h"

#include "store/trace_questions.h"

/* CODE (may be NULL): a scanned code that says what KNOWN does not. EXIT_NOT_FOUND: no row. */
enum exit_code trace_command_answer(struct call *call, const char *name, const char *code, struct trace_known *known);

#endif
