#include "bench.h"

#include "base/clock.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { LOOK_NS = 10 * 1000 * 1000, MEMORY_EVERY_US = 2000 * 1000, STUCK_AFTER_US = 60 * 1000 * 1000 };

const char *bench_nth_option(struct bench_options options, const char *name, int nth)
{
    for (int i = 1; i + 1 < options.count; i += 2)
        if (strncmp(options.words[i], "--", 2) == 0 && strcmp(options.words[i] + 2, name) == 0 && nth-- == 0)
            return options.words[i + 1];
    return NULL;
}

const char *bench_option(struct bench_options options, const char *name, const char *fallback)
{
    const char *value = bench_nth_option(options, name, 0);
    return value == NULL ? fallback : value;
}

int64_t bench_number(struct bench_options options, const char *name, int64_t fallback)
{
    const char *value = bench_nth_option(options, name, 0);
    return value == NULL ? fallback : strtoll(value, NULL, 10);
}

_Noreturn void bench_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    exit(1);
}

void bench_need(enum status status, const struct fault *fault)
{
    if (status != STATUS_OK)
        bench_fail("%s: %s", fault->code, fault->text);
}

double bench_cpu_seconds(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int64_t bench_anonymous_bytes(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long long kilobytes = 0;

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "RssAnon: %lld kB", &kilobytes) == 1)
            break;
    (void)fclose(file);
    return kilobytes * 1024;
}

static sigset_t end_signals(void)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    return signals;
}

void bench_block_signals(void)
{
    sigset_t signals = end_signals();
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

struct moment {
    int64_t committed;
    int64_t at_us;
    double cpu_seconds;
};

static struct moment moment_of(const struct bench_watched *watched)
{
    return (struct moment){watched->committed(watched->self), clock_monotonic_us(), bench_cpu_seconds()};
}

static void look_at_memory(struct bench_run *run, int64_t *looked_us, int64_t now_us)
{
    if (now_us - *looked_us < MEMORY_EVERY_US)
        return;
    *looked_us = now_us;
    int64_t bytes = bench_anonymous_bytes();
    if (bytes > run->anonymous_bytes_max)
        run->anonymous_bytes_max = bytes;
}

struct bench_run bench_watch(const struct bench_watched *watched, int64_t events)
{
    const struct timespec look = {.tv_nsec = LOOK_NS};
    const sigset_t signals = end_signals();
    struct bench_run run = {0};
    struct moment first = {0}, last = {.at_us = clock_monotonic_us()};
    int64_t looked_us = 0;
    bool at_work = false, begun = false;

    while (sigtimedwait(&signals, NULL, &look) < 0) {
        struct moment now = moment_of(watched);
        watched->check(watched->self);
        look_at_memory(&run, &looked_us, now.at_us);
        if (now.committed > last.committed) {
            if (at_work && !begun)
                first = now;
            begun = at_work;
            last = now;
        }
        if (!at_work && watched->ready(watched->self)) {
            at_work = true;
            (void)fputs("bench: at work\n", stderr);
        }
        if (events > 0 && last.committed >= events)
            break;
        if (events > 0 && now.at_us - last.at_us > STUCK_AFTER_US)
            bench_fail("no progress for a minute, %lld of %lld events committed", (long long)last.committed,
                       (long long)events);
    }
    run.events = begun ? last.committed - first.committed : 0;
    run.seconds = begun ? (double)(last.at_us - first.at_us) / 1e6 : 0;
    run.cpu_seconds = begun ? last.cpu_seconds - first.cpu_seconds : 0;
    return run;
}

void bench_print_run(const struct bench_run *run)
{
    printf("\"events\":%lld,\"seconds\":%.3f,\"cpu_seconds\":%.3f,\"anonymous_bytes\":%lld", (long long)run->events,
           run->seconds, run->cpu_seconds, (long long)run->anonymous_bytes_max);
}
