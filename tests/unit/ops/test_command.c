/* command.h: words, options, arguments and exit codes of a table of commands. */
#include "ops/ctl/command.h"

#include "base/date.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGUMENTS = 12 };

struct options {
    bool flag;
    const char *text;
    int64_t number, moment;
    struct option_list list;
};

/* What the last run saw. */
static struct {
    int runs;
    const char *words;
    struct options options;
    struct common_options common;
    size_t argument_count;
    const char *argument;
} seen;

static enum exit_code note(struct call *call)
{
    seen.runs++;
    seen.words = call->command->words;
    seen.options = *(struct options *)call->options;
    seen.common = call->common;
    seen.argument_count = call->argument_count;
    seen.argument = call->argument_count > 0 ? call->arguments[0] : NULL;
    return EXIT_PARTIAL;
}

static const struct option rows[] = {
    {"flag", 'f', OPTION_FLAG, offsetof(struct options, flag), NULL, "", "", 0, 0},
    {"text", 't', OPTION_TEXT, offsetof(struct options, text), "T", "", "", 0, 0},
    {"number", 'n', OPTION_NUMBER, offsetof(struct options, number), "N", "", "", 1, 9},
    {"moment", 0, OPTION_MOMENT, offsetof(struct options, moment), "M", "", "", 0, 0},
    {"list", 'l', OPTION_LIST, offsetof(struct options, list), "L", "", "", 0, 0},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const struct command shorter = {
    "look", "[KEY]", "", "", NULL, rows, ROWS, sizeof(struct options), 0, 1, USES_KAFKA | USES_ROWS, note};
static const struct command longer = {"look closely",         "KEY", "", "", NULL, rows, ROWS,
                                      sizeof(struct options), 1,     1,  0,  note};
static const struct command *const commands[] = {&shorter, &longer, NULL};

/* Runs "medhub" with the arguments up to NULL; what it prints goes nowhere. */
static int run(const char *first, ...)
{
    char *argv[ARGUMENTS] = {(char *)"medhub"};
    int argc = 1;
    va_list arguments;

    va_start(arguments, first);
    for (const char *next = first; next != NULL; next = va_arg(arguments, const char *))
        argv[argc++] = (char *)next;
    va_end(arguments);

    memset(&seen, 0, sizeof seen);
    (void)fflush(stdout);
    (void)fflush(stderr);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
    (void)dup2(nowhere, STDOUT_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
    int result = commands_run(commands, argc, argv);
    (void)fflush(stdout);
    (void)fflush(stderr);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)close(out);
    (void)close(err);
    (void)close(nowhere);
    return result;
}

static void the_longest_words_decide(void **state)
{
    (void)state;
    assert_int_equal(run("look", NULL), EXIT_PARTIAL);
    assert_string_equal(seen.words, "look");
    assert_int_equal(run("look", "closely", "k", NULL), EXIT_PARTIAL);
    assert_string_equal(seen.words, "look closely");
    assert_string_equal(seen.argument, "k");
    assert_int_equal(run("look", "about", NULL), EXIT_PARTIAL);
    assert_string_equal(seen.words, "look");
    assert_string_equal(seen.argument, "about");
}

static void options_fill_their_structure(void **state)
{
    (void)state;
    assert_int_equal(run("look", "-f", "--text=a b", "-n9", "--list", "x", "-l", "y", "key", NULL),
                     EXIT_PARTIAL);
    assert_true(seen.options.flag);
    assert_string_equal(seen.options.text, "a b");
    assert_int_equal(seen.options.number, 9);
    assert_int_equal(seen.options.list.count, 2);
    assert_string_equal(seen.options.list.items[1], "y");
    assert_int_equal(seen.options.moment, -1);
    assert_string_equal(seen.argument, "key");
}

static void the_common_options_belong_to_those_who_use_them(void **state)
{
    (void)state;
    assert_int_equal(run("look", "-b", "host:1", "-o", "csv", "--set", "a=b", "-q", NULL), EXIT_PARTIAL);
    assert_string_equal(seen.common.brokers, "host:1");
    assert_string_equal(seen.common.output, "csv");
    assert_true(seen.common.quiet);
    assert_int_equal(run("look", "closely", "k", "-b", "host:1", NULL), EXIT_USAGE);
    assert_int_equal(seen.runs, 0);
}

static void a_wrong_line_is_a_usage_error_and_runs_nothing(void **state)
{
    (void)state;
    assert_int_equal(run("look", "--nothing", NULL), EXIT_USAGE);
    assert_int_equal(run("look", "-n", "10", NULL), EXIT_USAGE);
    assert_int_equal(run("look", "-n", NULL), EXIT_USAGE);
    assert_int_equal(run("look", "--flag=1", NULL), EXIT_USAGE);
    assert_int_equal(run("look", "a", "b", NULL), EXIT_USAGE);
    assert_int_equal(run("look", "closely", NULL), EXIT_USAGE);
    assert_int_equal(run("look", "-o", "xml", NULL), EXIT_USAGE);
    assert_int_equal(run("look", "--moment", "yesterday", NULL), EXIT_USAGE);
    assert_int_equal(run("nothing", NULL), EXIT_USAGE);
    assert_int_equal(run(NULL), EXIT_USAGE);
    assert_int_equal(seen.runs, 0);
}

static void help_is_an_answer(void **state)
{
    (void)state;
    assert_int_equal(run("help", NULL), EXIT_OK);
    assert_int_equal(run("look", "--help", NULL), EXIT_OK);
    assert_int_equal(run("look", "closely", "-h", NULL), EXIT_OK);
    assert_int_equal(run("ctl", "help", "exit-codes", NULL), EXIT_OK);
    assert_int_equal(seen.runs, 0);
}

static void after_two_dashes_everything_is_an_argument(void **state)
{
    (void)state;
    assert_int_equal(run("look", "--", "-f", NULL), EXIT_PARTIAL);
    assert_string_equal(seen.argument, "-f");
    assert_false(seen.options.flag);
    assert_int_equal(run("look", "-", NULL), EXIT_PARTIAL);
    assert_string_equal(seen.argument, "-");
}

static void moments_are_told_in_several_ways(void **state)
{
    const int64_t now = INT64_C(1767196800000);
    int64_t moment = 0;
    (void)state;

    assert_true(moment_option_parse("10m", now, &moment));
    assert_int_equal(moment, now - 600000);
    assert_true(moment_option_parse("2d", now, &moment));
    assert_int_equal(moment, now - 2 * 86400000);
    assert_true(moment_option_parse("2026-01-01", now, &moment)); /* midnight in China */
    assert_int_equal(moment, INT64_C(1767196800000));
    assert_true(moment_option_parse("2026-01-01T00:00:00+08:00", now, &moment));
    assert_int_equal(moment, INT64_C(1767196800000));
    assert_true(moment_option_parse("1767196800123", now, &moment));
    assert_int_equal(moment, INT64_C(1767196800123));
    assert_false(moment_option_parse("soon", now, &moment));
    assert_false(moment_option_parse("-5m", now, &moment));
    assert_false(moment_option_parse("", now, &moment));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_words_decide),
        cmocka_unit_test(options_fill_their_structure),
        cmocka_unit_test(the_common_options_belong_to_those_who_use_them),
        cmocka_unit_test(a_wrong_line_is_a_usage_error_and_runs_nothing),
        cmocka_unit_test(help_is_an_answer),
        cmocka_unit_test(after_two_dashes_everything_is_an_argument),
        cmocka_unit_test(moments_are_told_in_several_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
