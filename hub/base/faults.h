/* faults.h: places where the chaos harness kills the process, and rules that it breaks on purpose to see whether the
 * verifier notices. Empty unless built with MEDHUB_FAULTS (preset "faults"). */
#ifndef BASE_FAULTS_H
#define BASE_FAULTS_H

#include <stdbool.h>

#ifdef MEDHUB_FAULTS

/* Kills the process (SIGKILL) when MEDHUB_CRASH_AT is "POINT" or "POINT:N" and this is the N-th time; stops it (SIGSTOP)
 * when MEDHUB_STOP_AT is. */
void crash_point(const char *point);
/* True if MEDHUB_BREAK names RULE. */
bool is_broken(const char *rule);

#else

static inline void crash_point(const char *point)
{
    (void)point;
}

static inline bool is_broken(const char *rule)
{
    (void)rule;
    return false;
}

#endif

#endif
