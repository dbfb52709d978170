/* trace.c: ctl trace QUESTION: what the read model knows of items and lots. The questions are those of store/trace_questions.h. */
#include "ops/ctl/ask.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/trace.h"

#include "base/clock.h"
#include "exchange/epcis.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 10000000, DOCUMENT_BYTES_MAX = 1024 * 1024 * 1024 };
#define EPCIS "epcis"

struct trace_options {
    const char *product, *lot, *serial, *holder, *recall;
    int64_t at, days, limit;
};

/* ---- without a question: the list of them ---- */

static void add_requirements(json_t *row, unsigned required)
{
    static const struct {
        enum trace_argument argument;
        const char *option;
    } options[] = {{TRACE_PRODUCT, "--product"}, {TRACE_LOT, "--lot"}, {TRACE_SERIAL, "--serial"},
                   {TRACE_HOLDER, "--holder"},   {TRACE_AT, "--at"},   {TRACE_DAYS, "--days"},
                   {TRACE_RECALL, "--recall"}};
    char text[128] = "";
    int length = 0;

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if ((required >> options[i].argument & 1) != 0)
            length += snprintf(text + length, sizeof text - (size_t)length, "%s%s", length == 0 ? "" : " ",
                               options[i].option);
    (void)json_object_set_new(row, "needs", json_string(text));
}

static enum exit_code list_questions(struct call *call)
{
    static const char *const columns[] = {"question", "needs", "zh", "en", NULL};
    struct output *output = output_open(call, columns, false);

    if (output == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    for (size_t i = 0; i < trace_question_count; i++) {
        json_t *row = json_pack("{s:s, s:s, s:s}", "question", trace_questions[i].name, "zh",
                                trace_questions[i].sentence_zh, "en", trace_questions[i].sentence_en);
        add_requirements(row, trace_questions[i].required);
        output_row(output, row);
    }
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

/* ---- one answer ---- */

static json_t *value_json(const struct trace_answer *answer, size_t column)
{
    enum trace_type type = answer->question->columns[column].type;
    char text[TRACE_TEXT_BYTES];
    struct bytes value = trace_value(answer, column, text);

    if (value.length == 0)
        return NULL;
    if (type == TRACE_NUMBER || type == TRACE_QUANTITY)
        return json_loadb((const char *)value.data, value.length, JSON_DECODE_ANY, NULL);
    return json_stringn((const char *)value.data, value.length);
}

static json_t *row_json(const struct trace_answer *answer)
{
    const struct trace_column *columns = answer->question->columns;
    json_t *row = json_object();

    for (size_t i = 0; i < TRACE_COLUMNS_MAX && columns[i].name != NULL; i++) {
        json_t *value = value_json(answer, i);
        if (value != NULL)
            (void)json_object_set_new(row, columns[i].name, value);
    }
    return row;
}

static struct output *open_output(const struct call *call, const struct trace_question *question)
{
    const char *names[TRACE_COLUMNS_MAX + 1] = {NULL};

    for (size_t i = 0; i < TRACE_COLUMNS_MAX && question->columns[i].name != NULL; i++)
        names[i] = question->columns[i].name;
    return output_open(call, names, false);
}

static enum exit_code print(struct ask *ask, struct trace_answer *answer, int64_t limit)
{
    struct output *output = open_output(ask->call, answer->question);
    struct fault fault = {0};
    int64_t count = 0;
    bool row = true;

    if (output == NULL)
        return say_refusal(ask->call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    enum status status = STATUS_OK;
    while (status == STATUS_OK && row) {
        status = trace_next(answer, &row, &fault);
        if (status != STATUS_OK || !row)
            break;
        output_row(output, row_json(answer));
        count++;
    }
    bool written = output_close(output);
    if (status != STATUS_OK)
        return say_fault(ask->call, &fault);
    if (count == 0)
        say("没有符合的记录", "no row answers that");
    if (count == limit)
        say("可能还有更多，可用 --limit 放宽", "there may be more: raise --limit");
    if (!written)
        return EXIT_FAILED;
    return count == 0 ? EXIT_NOT_FOUND : EXIT_OK;
}

static enum exit_code answer(struct ask *ask, const struct trace_question *question, const struct trace_known *known)
{
    struct trace_answer answer;
    struct fault fault = {0};

    enum status status =
        trace_ask(ask->model, question, known, NULL, clock_now_ms(clock_system()), &answer, &fault);
    enum exit_code result = status == STATUS_OK ? print(ask, &answer, known->limit) : say_fault(ask->call, &fault);
    trace_end(&answer);
    ask_say_complete(ask);
    return result;
}

/* ---- what is asked ---- */

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static enum exit_code choose(struct ask *ask, const char *name, const char *code, struct trace_known *known,
                             const struct trace_question **question)
{
    struct call *call = ask->call;
    bool exists = false;

    if (code != NULL && !trace_known_read(known, code, ask->session.arena))
        return say_refusal(call, EXIT_USAGE, "trace.code", "无法识别该追溯码",
                           "%s is no code of an item: see `medhub code parse`", code);
    *question = trace_question_find(name, known, &exists);
    if (!exists)
        return say_refusal(call, EXIT_USAGE, "trace.question", "没有这个问题",
                           "there is no question %s: `medhub ctl trace` lists them", name);
    if (*question == NULL)
        return say_refusal(call, EXIT_USAGE, "trace.needs", "缺少必要条件",
                           "%s needs more than was given: `medhub ctl trace` lists what", name);
    return EXIT_OK;
}

/* ctl trace epcis: not rows, but a document. */
static enum exit_code print_epcis(struct ask *ask, const char *code, struct trace_known *known)
{
    const struct epcis_query query = {.known = known, .biz_step = ""};
    struct fault fault = {0};
    struct buffer out;

    if (code != NULL && !trace_known_read(known, code, ask->session.arena))
        return say_refusal(ask->call, EXIT_USAGE, "trace.code", "无法识别该追溯码",
                           "%s is no code of an item: see `medhub code parse`", code);
    buffer_init(&out, DOCUMENT_BYTES_MAX);
    enum status status =
        epcis_write_answer(ask->model, &query, clock_now_ms(clock_system()), ask->session.arena, &out, &fault);
    bool written = status == STATUS_OK && fwrite(out.data, 1, out.length, stdout) == out.length && putchar('\n') != EOF &&
                   fflush(stdout) == 0;
    buffer_done(&out);
    if (status != STATUS_OK)
        return say_fault(ask->call, &fault);
    ask_say_complete(ask);
    return written ? EXIT_OK : EXIT_FAILED;
}

enum exit_code trace_command_answer(struct call *call, const char *name, const char *code, struct trace_known *known)
{
    const struct trace_question *question = NULL;
    struct ask ask = {0};

    enum exit_code result = ask_open(call, &ask);
    if (result == EXIT_OK && strcmp(name, EPCIS) == 0) {
        result = print_epcis(&ask, code, known);
    } else {
        if (result == EXIT_OK)
            result = choose(&ask, name, code, known, &question);
        if (result == EXIT_OK)
            result = answer(&ask, question, known);
    }
    ask_done(&ask);
    return result;
}

static enum exit_code trace_command(struct call *call)
{
    const struct trace_options *options = call->options;
    struct trace_known known = {.product = or_empty(options->product),
                                .lot = or_empty(options->lot),
                                .serial = or_empty(options->serial),
                                .holder = or_empty(options->holder),
                                .recall = or_empty(options->recall),
                                .at_ms = options->at < 0 ? 0 : options->at,
                                .days = options->days < 0 ? 0 : options->days,
                                .limit = options->limit < 0 ? LIMIT_DEFAULT : options->limit};

    if (call->argument_count == 0)
        return list_questions(call);
    return trace_command_answer(call, call->arguments[0], call->argument_count > 1 ? call->arguments[1] : NULL, &known);
}

#define TRACE(member) offsetof(struct trace_options, member)
static const struct option trace_options[] = {
    {"product", 0, OPTION_TEXT, TRACE(product), "ID", "device identifier, first 7 digits of a drug code", "产品标识", 0, 0},
    {"lot", 0, OPTION_TEXT, TRACE(lot), "LOT", "lot", "批号", 0, 0},
    {"serial", 0, OPTION_TEXT, TRACE(serial), "SERIAL", "serial number", "序列号", 0, 0},
    {"holder", 0, OPTION_TEXT, TRACE(holder), "ORGANISATION", "where the upstream chain of a lot begins", "追溯起点机构", 0, 0},
    {"recall", 0, OPTION_TEXT, TRACE(recall), "NUMBER", "a recall", "召回编号", 0, 0},
    {"at", 0, OPTION_MOMENT, TRACE(at), "TIME", "as of then", "截至该时刻的状态", 0, 0},
    {"days", 0, OPTION_NUMBER, TRACE(days), "N", "not received for N days", "超过 N 天未收货", 1, 3650},
    {"limit", 'n', OPTION_NUMBER, TRACE(limit), "N", "at most N rows (1000)", "最多 N 行（默认 1000）", 1, LIMIT_MAX},
};
const struct command command_trace = {
    .words = "ctl trace",
    .arguments = "[QUESTION [CODE]]",
    .summary_zh = "追溯查询：物品经过、批次持有者、使用去向、上游链条、包装展开、发出未收",
    .summary = "where items and lots are and were: history holders uses upstream contents unreceived state",
    .details = "CODE is a whole code as the scanner gives it; it says product, lot and serial. Without QUESTION: the questions\n"
               "and what each needs. Answered from the SQL read model, by the time of the scans. Exit code 3: no row.\n"
               "QUESTION epcis: the scans of CODE (or of --product and --serial or --lot) as an EPCIS 2.0 document.",
    .options = trace_options,
    .option_count = sizeof trace_options / sizeof *trace_options,
    .options_size = sizeof(struct trace_options),
    .arguments_min = 0,
    .arguments_max = 2,
    .uses = USES_KAFKA | USES_ROWS,
    .run = trace_command};
