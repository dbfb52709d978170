#include "ops/ctl/command.h"

#include "ops/ctl/say.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct exit_code_row exit_code_rows[] = {
    {EXIT_OK, "ok", "成功", "it worked"},
    {EXIT_FAILED, "failed", "失败", "it did not work; the sentence on standard error says why"},
    {EXIT_USAGE, "usage", "命令行有误", "the command line is wrong"},
    {EXIT_NOT_FOUND, "not found", "找不到所指的对象", "what was named does not exist"},
    {EXIT_NOT_ALLOWED, "not allowed", "未认证或不允许", "not authenticated, or not allowed"},
    {EXIT_PRECONDITION, "precondition", "前提已变（数量不符、未确认）",
     "the world has changed: another count than expected, or not confirmed"},
    {EXIT_PARTIAL, "partial", "部分失败或被拒绝", "some items failed or were refused"},
    {EXIT_PENDING, "pending", "仍有未到的结果", "some answers are still to come"},
};
const int exit_code_row_count = sizeof exit_code_rows / sizeof *exit_code_rows;

static const struct option kafka_options[] = {
    {"config", 'c', OPTION_TEXT, offsetof(struct common_options, config), "FILE", "settings (YAML)",
     "配置文件", 0, 0},
    {"set", 's', OPTION_LIST, offsetof(struct common_options, sets), "KEY=VALUE",
     "one setting, above all others", "单项配置，优先于其他来源", 0, 0},
    {"brokers", 'b', OPTION_TEXT, offsetof(struct common_options, brokers), "HOST:PORT,...",
     "where Kafka is (or MEDHUB_KAFKA_BROKERS)", "Kafka 地址", 0, 0},
};

static const struct option row_options[] = {
    {"output", 'o', OPTION_TEXT, offsetof(struct common_options, output), "table|json|ndjson|csv",
     "form of the output; table on a terminal, else ndjson", "输出格式", 0, 0},
    {"fields", 0, OPTION_TEXT, offsetof(struct common_options, fields), "A,B", "only these columns",
     "只输出这些列", 0, 0},
};

static const struct option general_options[] = {
    {"quiet", 'q', OPTION_FLAG, offsetof(struct common_options, quiet), NULL, "no progress on standard error",
     "不显示进度", 0, 0},
    {"help", 'h', OPTION_FLAG, offsetof(struct common_options, help), NULL, "this text", "显示帮助", 0, 0},
};

/* The tables of options that a command has, with the structure that each fills. */
struct option_group {
    const struct option *rows;
    size_t count;
    void *into;
};
enum { GROUPS = 4 };

static size_t option_groups(struct call *call, struct option_group groups[GROUPS])
{
    const struct command *command = call->command;
    size_t count = 0;

    groups[count++] = (struct option_group){command->options, command->option_count, call->options};
    if (command->uses & USES_ROWS)
        groups[count++] =
            (struct option_group){row_options, sizeof row_options / sizeof *row_options, &call->common};
    if (command->uses & USES_KAFKA)
        groups[count++] =
            (struct option_group){kafka_options, sizeof kafka_options / sizeof *kafka_options, &call->common};
    groups[count++] = (struct option_group){general_options, sizeof general_options / sizeof *general_options,
                                            &call->common};
    return count;
}

/* ---- help ---- */

static void print_option(const struct option *option)
{
    char left[64];

    (void)snprintf(left, sizeof left, "%c%c%s--%s%s%s", option->letter ? '-' : ' ',
                   option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
                   option->value == NULL ? "" : " ", option->value == NULL ? "" : option->value);
    (void)printf("  %-38s %s；%s\n", left, option->help_zh, option->help);
}

static enum exit_code print_command_help(struct call *call)
{
    const struct command *command = call->command;
    struct option_group groups[GROUPS];
    size_t count = option_groups(call, groups);

    (void)printf("medhub %s [OPTION...] %s\n\n%s\n%s\n", command->words, command->arguments,
                 command->summary_zh, command->summary);
    if (command->details != NULL)
        (void)printf("\n%s\n", command->details);
    (void)printf("\n选项 / options:\n");
    for (size_t g = 0; g < count; g++)
        for (size_t i = 0; i < groups[g].count; i++)
            print_option(&groups[g].rows[i]);
    return EXIT_OK;
}

static bool words_begin(const char *words, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(words, prefix, length) == 0 &&
           (length == 0 || words[length] == ' ' || words[length] == '\0');
}

static bool is_heading(const struct command *command)
{
    return command->words[0] == '\0';
}

static enum exit_code print_overview(const struct command *const *commands, const char *prefix)
{
    const struct command *heading = NULL; /* of what follows, not yet printed */

    (void)printf("medhub: 医保事件集成枢纽 / an event-driven integration hub for medical insurance\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (is_heading(commands[i]))
            heading = commands[i];
        if (is_heading(commands[i]) || !words_begin(commands[i]->words, prefix))
            continue;
        if (i == 0 || heading != NULL)
            (void)printf("\n");
        if (heading != NULL)
            (void)printf("%s / %s\n", heading->summary_zh, heading->summary);
        heading = NULL;
        char left[96];
        (void)snprintf(left, sizeof left, "medhub %s %s", commands[i]->words, commands[i]->arguments);
        (void)printf("  %-44s %s；%s\n", left, commands[i]->summary_zh, commands[i]->summary);
    }
    (void)printf("\nmedhub COMMAND --help          选项 / options of a command\n"
                 "medhub ctl help exit-codes     退出码 / exit codes\n");
    return EXIT_OK;
}

static enum exit_code print_exit_codes(void)
{
    for (int i = 0; i < exit_code_row_count; i++)
        (void)printf("%d  %-13s %s；%s\n", exit_code_rows[i].code, exit_code_rows[i].name,
                     exit_code_rows[i].meaning_zh, exit_code_rows[i].meaning);
    return EXIT_OK;
}

/* ---- parsing ---- */

bool moment_option_parse(const char *text, int64_t now_ms, int64_t *unix_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60 * 1000}, {'h', 3600 * 1000}, {'d', 86400 * 1000}};
    size_t length = strlen(text);
    int64_t number = 0, seconds = 0;
    int32_t nanoseconds = 0;

    if (length > 1 && text_parse_i64(bytes_from(text, length - 1), &number) && number >= 0 &&
        number < 100000000)
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (text[length - 1] == units[i].unit) {
                *unix_ms = now_ms - number * units[i].ms;
                return true;
            }
    if (date_parse(bytes_of(text)) != DATE_NONE) {
        *unix_ms = date_begin_in_china_ms(date_parse(bytes_of(text)));
        return true;
    }
    if (moment_parse(bytes_of(text), &seconds, &nanoseconds)) {
        *unix_ms = seconds * 1000 + nanoseconds / 1000000;
        return true;
    }
    return length >= 12 && text_parse_i64(bytes_of(text), unix_ms) && *unix_ms >= 0;
}

static bool take_number(const struct option *option, const char *value, int64_t *number)
{
    int64_t max = option->min == 0 && option->max == 0 ? INT64_MAX : option->max;
    return text_parse_i64(bytes_of(value), number) && *number >= option->min && *number <= max;
}

static bool take_list(struct option_list *list, const char *value)
{
    if (list->count == OPTION_LIST_MAX)
        return false;
    list->items[list->count++] = value;
    return true;
}

static bool take_value(const struct option *option, void *into, const char *value)
{
    void *place = (char *)into + option->offset;

    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return true;
    case OPTION_TEXT:
        *(const char **)place = value;
        return true;
    case OPTION_NUMBER:
        return take_number(option, value, place);
    case OPTION_MOMENT:
        return moment_option_parse(value, clock_now_ms(clock_system()), place);
    case OPTION_LIST:
        return take_list(place, value);
    }
    return false;
}

static const struct option *find_option(struct call *call, const char *name, size_t length, char letter,
                                        void **into)
{
    struct option_group groups[GROUPS];
    size_t count = option_groups(call, groups);

    for (size_t g = 0; g < count; g++)
        for (size_t i = 0; i < groups[g].count; i++) {
            const struct option *option = &groups[g].rows[i];
            bool same = name != NULL
                            ? strlen(option->name) == length && strncmp(option->name, name, length) == 0
                            : option->letter == letter;
            if (same) {
                *into = groups[g].into;
                return option;
            }
        }
    return NULL;
}

static enum exit_code wrong_usage(const struct call *call, const char *zh, const char *en, const char *what)
{
    return say_refusal(call, EXIT_USAGE, "usage", zh, "%s: %s (medhub %s --help)", en, what,
                       call->command->words);
}

/* Takes one option at ARGV[*AT] and moves *AT behind it. */
static enum exit_code take_option(struct call *call, int argc, char **argv, int *at)
{
    const char *text = argv[(*at)++];
    const char *equals = strchr(text, '=');
    bool is_long = text[1] == '-';
    void *into = NULL;
    const struct option *option =
        is_long ? find_option(call, text + 2, equals == NULL ? strlen(text + 2) : (size_t)(equals - text - 2),
                              0, &into)
                : find_option(call, NULL, 0, text[1], &into);

    if (option == NULL)
        return wrong_usage(call, "没有这个选项", "no such option", text);
    const char *value = is_long ? (equals == NULL ? NULL : equals + 1) : (text[2] == '\0' ? NULL : text + 2);
    if (option->kind == OPTION_FLAG && value != NULL)
        return wrong_usage(call, "该选项不带值", "this option takes no value", text);
    if (option->kind != OPTION_FLAG && value == NULL) {
        if (*at == argc)
            return wrong_usage(call, "该选项缺少值", "this option needs a value", text);
        value = argv[(*at)++];
    }
    return take_value(option, into, value)
               ? EXIT_OK
               : wrong_usage(call, "选项的值不对", "wrong value of an option", text);
}

static enum exit_code parse(struct call *call, int argc, char **argv, int at)
{
    bool only_arguments = false;

    while (at < argc) {
        const char *text = argv[at];
        if (!only_arguments && strcmp(text, "--") == 0) {
            only_arguments = true;
            at++;
        } else if (!only_arguments && text[0] == '-' && text[1] != '\0') {
            enum exit_code taken = take_option(call, argc, argv, &at);
            if (taken != EXIT_OK)
                return taken;
        } else {
            if (call->argument_count == call->command->arguments_max)
                return wrong_usage(call, "参数过多", "too many arguments", text);
            call->arguments[call->argument_count++] = argv[at++];
        }
    }
    if (!call->common.help && call->argument_count < call->command->arguments_min)
        return wrong_usage(call, "缺少参数", "an argument is missing", call->command->arguments);
    return EXIT_OK;
}

static void set_defaults(struct call *call)
{
    for (size_t i = 0; i < call->command->option_count; i++) {
        const struct option *option = &call->command->options[i];
        if (option->kind == OPTION_NUMBER || option->kind == OPTION_MOMENT)
            *(int64_t *)((char *)call->options + option->offset) = -1;
    }
}

static bool output_is_known(const char *output)
{
    static const char *const known[] = {"table", "json", "ndjson", "csv"};

    for (size_t i = 0; output != NULL && i < sizeof known / sizeof *known; i++)
        if (strcmp(output, known[i]) == 0)
            return true;
    return output == NULL;
}

static enum exit_code run_command(const struct command *command, int argc, char **argv, int at)
{
    struct call call = {.command = command};

    call.options = calloc(1, command->options_size + 1);
    if (call.options == NULL)
        return EXIT_FAILED;
    set_defaults(&call);
    enum exit_code result = parse(&call, argc, argv, at);
    if (result == EXIT_OK && call.common.help)
        result = print_command_help(&call);
    else if (result == EXIT_OK && !output_is_known(call.common.output))
        result = wrong_usage(&call, "输出格式不对", "the output is table, json, ndjson or csv",
                             call.common.output);
    else if (result == EXIT_OK)
        result = command->run(&call);
    free(call.options);
    return result;
}

/* ---- finding the command ---- */

/* How many of the words at ARGV[1...] are those of COMMAND; 0 if they are not all there. */
static int matching_words(const char *words, int argc, char **argv)
{
    int at = 1;

    for (const char *word = words; *word != '\0'; at++) {
        size_t length = strcspn(word, " ");
        if (at >= argc || strlen(argv[at]) != length || strncmp(argv[at], word, length) != 0)
            return 0;
        word += length;
        word += *word == ' ';
    }
    return at - 1;
}

static bool is_help(const char *text)
{
    return strcmp(text, "help") == 0 || strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

/* `medhub`, `medhub help`, `medhub ctl --help`, `medhub ctl help exit-codes`, or a word that is unknown. */
static enum exit_code answer_without_command(const struct command *const *commands, int argc, char **argv)
{
    char prefix[128] = "";
    int at = 1;

    for (; at < argc && !is_help(argv[at]); at++) {
        size_t length = strlen(prefix); /* what does not fit is no word of ours */
        (void)snprintf(prefix + length, sizeof prefix - length, "%s%s", length == 0 ? "" : " ", argv[at]);
    }
    if (at + 1 < argc && strcmp(argv[at + 1], "exit-codes") == 0)
        return print_exit_codes();
    for (size_t i = 0; commands[i] != NULL; i++)
        if (words_begin(commands[i]->words, prefix)) {
            (void)print_overview(commands, prefix);
            return at < argc ? EXIT_OK : EXIT_USAGE;
        }
    say("没有这个命令", "no such command: %s (medhub help)", prefix);
    return EXIT_USAGE;
}

int commands_run(const struct command *const *commands, int argc, char **argv)
{
    static char version[] = "version";
    const struct command *found = NULL;
    int words = 0;

    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        argv[1] = version;

    for (size_t i = 0; commands[i] != NULL; i++) {
        int count = matching_words(commands[i]->words, argc, argv);
        if (count > words) {
            words = count;
            found = commands[i];
        }
    }
    return (int)(found == NULL ? answer_without_command(commands, argc, argv)
                               : run_command(found, argc, argv, words + 1));
}
