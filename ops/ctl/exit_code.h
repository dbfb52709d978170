/* exit_code.h: how a command ends, as scripts rely on it: `medhub ctl help exit-codes`. */
#ifndef CTL_EXIT_CODE_H
#define CTL_EXIT_CODE_H

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,       /* it did not work */
    EXIT_USAGE = 2,        /* the command line is wrong */
    EXIT_NOT_FOUND = 3,    /* what was named does not exist */
    EXIT_NOT_ALLOWED = 4,  /* not authenticated, or not allowed */
    EXIT_PRECONDITION = 5, /* the world has changed: another count than expected, not confirmed */
    EXIT_PARTIAL = 6,      /* some items failed */
    EXIT_PENDING = 8,      /* some answers are still to come */
};

struct exit_code_row {
    enum exit_code code;
    const char *name, *meaning_zh, *meaning;
};
extern const struct exit_code_row exit_code_rows[];
extern const int exit_code_row_count;

#endif
