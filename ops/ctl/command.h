/* command.h: a subcommand as a table row: its words, options, help and function. Parsing and --help come from
 * the row, so no command parses anything itself.
 *
 * Conventions of all commands: data on standard output, everything else on standard error; -o
 * table|json|ndjson|csv; exit codes of exit_code.h. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include "ops/ctl/exit_code.h"

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_TEXT,   /* const char *, NULL = not given */
    OPTION_NUMBER, /* int64_t, min..max; -1 = not given */
    OPTION_MOMENT, /* int64_t Unix ms; -1 = not given: RFC 3339, YYYY-MM-DD (China), or 10m 2h 3d back from
                      now */
    OPTION_LIST,   /* struct option_list: may be given several times */
};

enum { OPTION_LIST_MAX = 64, ARGUMENTS_MAX = 64, COMMAND_WORDS_MAX = 3 };

struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t count;
};

struct option {
    const char *name; /* without the dashes */
    char letter;      /* 0 = none */
    enum option_kind kind;
    size_t offset;     /* in the command's own structure of options */
    const char *value; /* what stands for the value in the help: "KEY" */
    const char *help, *help_zh;
    int64_t min, max; /* of OPTION_NUMBER; 0, 0 = 0..INT64_MAX */
};

/* The options that every command has. */
struct common_options {
    const char *config;      /* --config FILE */
    struct option_list sets; /* --set KEY=VALUE */
    const char *brokers;     /* --brokers LIST */
    const char *output;      /* -o */
    const char *fields;      /* --fields a,b */
    bool quiet, help;
};

struct call {
    const struct command *command;
    struct common_options common;
    void *options; /* the command's own structure */
    const char *arguments[ARGUMENTS_MAX];
    size_t argument_count;
    int64_t counted_us; /* say_count: when the last line was written */
    bool counting;      /* a line without its end stands on the terminal */
    char kafka[160];    /* where session_open has told it that Kafka is; "" before */
};

enum command_uses {
    USES_KAFKA = 1, /* --config, --set, --brokers */
    USES_ROWS = 2,  /* -o, --fields */
};

struct command {
    const char *words;     /* "ctl parked show" */
    const char *arguments; /* "[FILE|-]" or "" */
    const char *summary_zh, *summary;
    const char *details; /* further lines of --help, or NULL */
    const struct option *options;
    size_t option_count;
    size_t options_size;
    size_t arguments_min, arguments_max;
    unsigned uses;
    enum exit_code (*run)(struct call *call);
};

/* A row without words: the heading of those that follow it in the overview. */
#define COMMAND_HEADING(zh, en) &(const struct command){.words = "", .arguments = "", .summary_zh = (zh), .summary = (en)}

/* Finds the row of COMMANDS (NULL-terminated) whose words ARGV begins with (the longest), parses the rest and
 * runs it. Also answers help, --help and `ctl help exit-codes`. Returns the exit code of the process. */
int commands_run(const struct command *const *commands, int argc, char **argv);

/* "10m", "2026-01-31", "2026-01-31T08:00:00+08:00", "1767196800000" to Unix milliseconds. */
bool moment_option_parse(const char *text, int64_t now_ms, int64_t *unix_ms);

#endif
