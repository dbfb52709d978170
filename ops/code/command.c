/* command.c: medhub code parse | canonical: one line out for each line in, in the same order. */
#include "ops/code/lines.h"
#include "ops/code/prefixes.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/say.h"

#include "base/clock.h"
#include "base/date.h"
#include "code/code.h"

#include <stdio.h>

enum { OUTPUT_BYTES = 256 * 1024, OUTPUT_BYTES_MAX = 1024 * 1024 };

struct code_command_options {
    const char *prefixes;
    int64_t year, prefix_length;
    bool strict, urn;
};

struct work {
    struct call *call;
    const struct code_command_options *options;
    struct code_options parse;
    struct code_prefixes prefixes;
    struct lines lines;
    struct arena *arena;
    struct buffer output;
    uint64_t refused;
    bool failed;
    void (*answer)(struct work *work, struct code *code);
};

static void flush(struct work *work)
{
    size_t length = work->output.length;
    work->failed = work->failed || !buffer_ok(&work->output) ||
                   fwrite(work->output.data, 1, length, stdout) != length || fflush(stdout) != 0;
    buffer_clear(&work->output);
}

/* --- the answers --- */

static void answer_json(struct work *work, struct code *code)
{
    code_json(code, &work->output);
}

static void answer_canonical(struct work *work, struct code *code)
{
    bool said = code->error == CODE_OK && (work->options->urn ? code_urn(code, &work->prefixes, &work->output)
                                                              : code_canonical(code, &work->output));
    if (!said)
        code_json(code, &work->output);
}

static void answer_line(struct work *work, struct bytes line)
{
    struct code code;
    arena_reset(work->arena);
    (void)code_parse(line, &work->parse, work->arena, &code);
    work->answer(work, &code);
    work->refused += code.error != CODE_OK;
    buffer_append_byte(&work->output, '\n');
}

static void answer_lines(struct work *work)
{
    struct bytes line;
    while (!work->failed && lines_next(&work->lines, &line)) {
        answer_line(work, line);
        if (work->output.length >= OUTPUT_BYTES || lines_would_read(&work->lines))
            flush(work);
    }
    flush(work);
}

/* --- the command --- */

static int year_now(void)
{
    int year, month, day;
    date_to_civil(date_in_china(clock_now_ms(clock_system())), &year, &month, &day);
    return year;
}

static enum status set_up(struct work *work, struct fault *fault)
{
    const struct code_command_options *options = work->options;
    const char *path = work->call->argument_count > 0 ? work->call->arguments[0] : NULL;

    work->parse = (struct code_options){.current_year = options->year < 0 ? year_now() : (int)options->year,
                                        .strict = options->strict};
    work->arena = arena_new(64 * 1024, 1024 * 1024);
    buffer_init(&work->output, OUTPUT_BYTES_MAX);
    if (work->arena == NULL)
        return fault_fatal(fault, "memory", "out of memory");
    if (options->prefixes != NULL && prefixes_read(options->prefixes, &work->prefixes, fault) != STATUS_OK)
        return STATUS_REJECT;
    work->prefixes.length = options->prefix_length < 0 ? 0 : (unsigned)options->prefix_length;
    return lines_open(&work->lines, path, fault);
}

static enum exit_code run(struct call *call, void (*answer)(struct work *work, struct code *code))
{
    struct work work = {.call = call, .options = call->options, .lines = {.file = -1}, .answer = answer};
    struct fault fault = {.code = ""};

    enum exit_code result = EXIT_NOT_FOUND;
    if (set_up(&work, &fault) != STATUS_OK) {
        (void)say_fault(call, &fault);
    } else {
        answer_lines(&work);
        result = work.failed || work.lines.failed ? EXIT_FAILED : work.refused > 0 ? EXIT_PARTIAL : EXIT_OK;
    }
    lines_close(&work.lines);
    prefixes_free(&work.prefixes);
    buffer_done(&work.output);
    arena_free(work.arena);
    return result;
}

static enum exit_code parse_command(struct call *call)
{
    return run(call, answer_json);
}

static enum exit_code canonical_command(struct call *call)
{
    return run(call, answer_canonical);
}

#define CODE(member) offsetof(struct code_command_options, member)
static const struct option options[] = {
    {"strict", 0, OPTION_FLAG, CODE(strict), NULL, "repair and guess nothing", "不修复、不猜测", 0, 0},
    {"year", 0, OPTION_NUMBER, CODE(year), "YEAR",
     "the current year, for the century of two-digit years; this year", "两位年份按哪一年推定世纪，默认今年",
     1951, 9899},
    {"urn", 0, OPTION_FLAG, CODE(urn), NULL, "EPC URNs instead of links", "输出EPC URN而非链接", 0, 0},
    {"prefix-length", 0, OPTION_NUMBER, CODE(prefix_length), "N", "how long all company prefixes are",
     "厂商识别代码的长度", 4, 12},
    {"prefixes", 0, OPTION_TEXT, CODE(prefixes), "FILE",
     "lengths of company prefixes: GS1's GCPPrefixFormatList as JSON, or lines PREFIX,LENGTH; China's are "
     "built in",
     "厂商识别代码长度表（JSON或CSV），内置中国前缀", 0, 0},
};
enum { PARSE_OPTIONS = 2, CANONICAL_OPTIONS = sizeof options / sizeof *options };

const struct command command_code_parse = {
    .words = "code parse",
    .arguments = "[FILE|-]",
    .summary_zh = "解析扫描或输入的编码：每行一个，输出一行JSON",
    .summary = "takes codes apart, one a line, into one JSON object a line",
    .details = "GS1 (element strings with FNC1 as 0x1D or <GS>, brackets, Digital Link, GTIN), MA, AHM, "
               "HIBC, ISBT 128, drug trace\n"
               "codes, national codes of drugs and consumables. Ends with 6 if some were refused.",
    .options = options,
    .option_count = PARSE_OPTIONS,
    .options_size = sizeof(struct code_command_options),
    .arguments_max = 1,
    .run = parse_command,
};
const struct command command_code_canonical = {
    .words = "code canonical",
    .arguments = "[FILE|-]",
    .summary_zh = "编码的规范GS1数字链接（或EPC URN），每行一个",
    .summary = "the canonical GS1 Digital Link URI of each code, or its EPC URN",
    .details = "What cannot be read, or has no such form, becomes the JSON object that says why. Ends with 6 "
               "if there were such.",
    .options = options,
    .option_count = CANONICAL_OPTIONS,
    .options_size = sizeof(struct code_command_options),
    .arguments_max = 1,
    .run = canonical_command,
};
