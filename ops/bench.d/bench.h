/* bench.h: what the programs of ops/bench share: options, the end by a sentence, and the watch over a run. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/* Options are pairs "--name value" in any order. */
struct bench_options {
    int count;
    char **words;
};
/* The value of the NTH (from 0) --NAME; NULL if there are not so many. */
const char *bench_nth_option(struct bench_options options, const char *name, int nth);
const char *bench_option(struct bench_options options, const char *name, const char *fallback);
int64_t bench_number(struct bench_options options, const char *name, int64_t fallback);

/* Prints a sentence to standard error and ends the process: a benchmark that went wrong has no numbers. */
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the process with FAULT unless STATUS is OK. */
void bench_need(enum status status, const struct fault *fault);

/* User and system time of this process, all threads. */
double bench_cpu_seconds(void);
/* Memory that is not backed by a file: what remains of a process when the page cache is left aside. */
int64_t bench_anonymous_bytes(void);

/* What is watched: how many events are committed so far, and whether all workers are at work. */
struct bench_watched {
    int64_t (*committed)(void *self);
    bool (*ready)(void *self);
    void (*check)(void *self); /* ends the process if the watched one has failed */
    void *self;
};

/* Measured from the first commit after everybody was at work: connecting, joining and warming up do not count. */
struct bench_run {
    int64_t events; /* committed within SECONDS */
    double seconds;
    double cpu_seconds;
    int64_t anonymous_bytes_max; /* seen over the whole run */
};

/* Returns when EVENTS are committed; with EVENTS 0, or before, when SIGTERM or SIGINT comes. Block these signals with
 * bench_block_signals() before the first thread is made. Says "bench: at work" on standard error when everybody is ready.
 * Fails after a minute without progress. */
void bench_block_signals(void);
struct bench_run bench_watch(const struct bench_watched *watched, int64_t events);
/* "events":N,"seconds":S,... without braces, to standard output. */
void bench_print_run(const struct bench_run *run);

#endif
