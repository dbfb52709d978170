/* submit.h: sending CloudEvents in JSON form and printing what became of them: ctl submit, policy publish,
 * gen. */
#ifndef CTL_SUBMIT_H
#define CTL_SUBMIT_H

#include "ops/ctl/submission.h"

struct submit;

struct submit_settings {
    bool no_wait;
    int64_t timeout_ms;    /* -1: one minute */
    const char *causation; /* id of the event that these follow from, or NULL */
};

/* Opens session, submission and output. Says what is wrong. */
enum exit_code submit_open(struct call *call, const struct submit_settings *settings, struct submit **submit);
/* Sends one line: a CloudEvent in structured JSON form. A line that is none is answered as "invalid".
 * EXIT_OK: go on. */
enum exit_code submit_line(struct submit *submit, struct bytes line);
/* Waits until all lines so far are answered. */
enum exit_code submit_settle(struct submit *submit);
/* Waits, prints the rest, says the sum on standard error, releases everything. RESULT: what happened so far.
 */
enum exit_code submit_close(struct submit *submit, enum exit_code result);

#endif
