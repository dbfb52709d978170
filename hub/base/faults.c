#include "base/faults.h"

#ifdef MEDHUB_FAULTS

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void *kill_in_a_millisecond(void *unused)
{
    const struct timespec millisecond = {.tv_nsec = 1000 * 1000};

    (void)nanosleep(&millisecond, NULL);
    (void)kill(getpid(), SIGKILL);
    return unused;
}

/* True if VARIABLE is "POINT" or "POINT:N" and this is the N-th time at POINT. */
static bool is_due(const char *variable, const char *point, atomic_int *passed)
{
    const char *wanted = getenv(variable);
    size_t length = strlen(point);

    if (wanted == NULL || strncmp(wanted, point, length) != 0 || (wanted[length] != '\0' && wanted[length] != ':'))
        return false;
    int nth = wanted[length] == ':' ? atoi(wanted + length + 1) : 1;
    return atomic_fetch_add(passed, 1) + 1 == nth;
}

void crash_point(const char *point)
{
    static atomic_int passed_stop, passed_crash; /* the harness names one point a process */

    if (is_due("MEDHUB_STOP_AT", point, &passed_stop))
        (void)raise(SIGSTOP); /* kill() would let this thread run on until the main thread has taken it */
    if (!is_due("MEDHUB_CRASH_AT", point, &passed_crash))
        return;
    if (strncmp(point, "inside_", strlen("inside_")) == 0) {
        pthread_t killer; /* while the call after this point is under way */
        if (pthread_create(&killer, NULL, kill_in_a_millisecond, NULL) == 0)
            return;
    }
    (void)kill(getpid(), SIGKILL);
}

bool is_broken(const char *rule)
{
    const char *broken = getenv("MEDHUB_BREAK");
    return broken != NULL && strcmp(broken, rule) == 0;
}

#else

typedef int faults_are_not_built; /* a translation unit is never empty in C */

#endif
