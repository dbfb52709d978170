/* scratch.h: the global tables, read from the beginning into a temporary folder. */
#ifndef CTL_SCRATCH_H
#define CTL_SCRATCH_H

#include "ops/ctl/session.h"

#include "base/calendar.h"
#include "state/tables.h"

struct scratch {
    struct call *call;
    struct session *session;
    char *directory;
    struct tables *tables;
    struct tables_reader *reader; /* renewed */
    const char *only;             /* the one table that is read; NULL: all of them */
    struct calendar *calendar;    /* the working days that the tables tell */
    int64_t dedupe_days;          /* the policy's window, or the setting's */
    int64_t until_ms;             /* -1: everything */
    uint64_t rows, later;         /* read; left out because they came after UNTIL_MS */
    struct fault *fault;
    enum status status;
};

/* Reads all tables as they were at UNTIL_MS by the time stamps of their records (-1: as they are), with every version
 * that their topics still hold. Release with scratch_close in any case. */
enum status scratch_open(struct call *call, struct session *session, int64_t until_ms, struct scratch *scratch,
                         struct fault *fault) MUST_CHECK;
/* The same of one table (TABLE_REGISTRY), which costs less where others are large. */
enum status scratch_open_only(struct call *call, struct session *session, const char *table, struct scratch *scratch,
                              struct fault *fault) MUST_CHECK;
void scratch_close(struct scratch *scratch);

#endif
