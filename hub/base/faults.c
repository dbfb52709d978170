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

void crash_point(const char *point)
{
    static atomic_int passed; /* the harness names one point a process */
    const char *wanted = getenv("MEDHUB_CRASH_AT");
    size_t length = strlen(point);

    if (wanted == NULL || strncmp(wanted, point, length) != 0 || (wanted[length] != '\0' && wanted[length] != ':'))
        return;
    int nth = wanted[length] == ':' ? atoi(wanted + length + 1) : 1;
    if (atomic_fetch_add(&passed, 1) + 1 != nth)
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
