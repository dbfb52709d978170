/* find.c: ctl find KEY: which exchanges a business key names. */
#include "ops/ctl/ask.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/receipt_json.h"
#include "ops/ctl/say.h"

#include "code/code.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT_DEFAULT = 50, CENTURY_YEAR = 2026 };

struct find_options {
    const char *kind;
    int64_t limit;
};

static enum exit_code read_kinds(struct call *call, const char *name, unsigned *kinds)
{
    enum search_kind kind = 0;

    *kinds = SEARCH_ALL;
    if (name == NULL)
        return EXIT_OK;
    if (!search_kind_parse(name, &kind))
        return say_refusal(call, EXIT_USAGE, "find.kind", "没有这种业务键",
                           "there is no kind of key called %s: see `medhub ctl find --help`", name);
    *kinds = (unsigned)kind;
    return EXIT_OK;
}

/* ---- one exchange as a row ---- */

struct summary {
    const struct seen_line *first; /* with the most telling attributes: decided, else any */
    int outcome;
    const char *code, *gap;
    size_t deliveries, answers;
};

static struct summary summarise(const struct seen_line *lines, size_t count)
{
    struct summary summary = {.first = lines, .code = "", .gap = ""};

    for (size_t i = 0; i < count; i++) {
        if (lines[i].missing) {
            summary.gap = ask_step_name(lines[i].step);
            continue;
        }
        if (lines[i].step == SEEN_DECIDED) {
            summary.first = &lines[i];
            summary.outcome = lines[i].outcome;
            summary.code = lines[i].code;
        }
        summary.deliveries += lines[i].step == SEEN_DELIVERY;
        summary.answers += lines[i].step == SEEN_ANSWERED;
    }
    return summary;
}

static void add_text(json_t *row, const char *name, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(row, name, json_string(text));
}

static json_t *exchange_row(const struct ask *ask, const struct seen_line *lines, size_t count)
{
    struct summary summary = summarise(lines, count);
    const struct seen_line *of = summary.first;
    json_t *row = json_object();

    (void)json_object_set_new(row, "time", decode_moment(of->at_ms));
    add_text(row, "type", of->type);
    add_text(row, "source", of->source);
    add_text(row, "id", of->id);
    if (summary.outcome != 0)
        add_text(row, "outcome", receipt_outcome_name(summary.outcome));
    add_text(row, "code", summary.code);
    (void)json_object_set_new(row, "delivered", json_integer((json_int_t)summary.deliveries));
    (void)json_object_set_new(row, "answered", json_integer((json_int_t)summary.answers));
    add_text(row, "missing", summary.gap);
    (void)json_object_set_new(row, "input",
                              decode_position(of->input.topic, of->input.partition, of->input.offset));
    (void)json_object_set_new(row, "completeUpTo", ask_complete_json(ask));
    return row;
}

static bool same_exchange(const struct seen_line *a, const struct seen_line *b)
{
    return a->input.offset == b->input.offset && a->input.partition == b->input.partition &&
           strcmp(a->input.topic, b->input.topic) == 0;
}

static enum exit_code print(struct ask *ask, const struct seen_line *lines, size_t count)
{
    static const char *const columns[] = {"time",      "type",     "source",  "id",    "outcome", "code",
                                          "delivered", "answered", "missing", "input", NULL};
    struct output *output = output_open(ask->call, columns, false);

    if (output == NULL)
        return say_refusal(ask->call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && same_exchange(&lines[i], &lines[end]); end++)
            continue;
        output_row(output, exchange_row(ask, lines + i, end - i));
    }
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

/* ---- the search ---- */

/* A whole code as the scanner gives it stands for the finest thing that it says. */
static bool read_code(struct arena *arena, const char *text, struct search_query *query)
{
    const struct code_options options = {.current_year = CENTURY_YEAR};
    struct code code;

    if (!code_parse(bytes_of(text), &options, arena, &code) || code.di.length == 0)
        return false;
    struct bytes finest = code.serial.length > 0 ? code.serial : code.lot.length > 0 ? code.lot : code.di;
    query->kinds = code.serial.length > 0 ? SEARCH_SERIAL : code.lot.length > 0 ? SEARCH_LOT : SEARCH_PRODUCT;
    query->key = arena_text(arena, finest);
    return query->key != NULL;
}

static enum exit_code find(struct ask *ask, struct search_query *query)
{
    struct arena *arena = ask->session.arena;
    struct seen_line *lines = NULL;
    struct fault fault = {0};
    size_t count = 0;
    bool more = false;

    enum status status = read_model_search(ask->model, query, arena, &lines, &count, &more, &fault);
    if (status == STATUS_OK && count == 0 && query->kinds == SEARCH_ALL &&
        read_code(arena, query->key, query)) {
        say("按扫码内容查询", "read as a scanned code: looking for its %s",
            search_kind_name((enum search_kind)query->kinds));
        status = read_model_search(ask->model, query, arena, &lines, &count, &more, &fault);
    }
    if (status != STATUS_OK)
        return say_fault(ask->call, &fault);
    enum exit_code result = print(ask, lines, count);
    if (count == 0)
        say("没有找到", "nothing is known by %s", query->key);
    if (more)
        say("还有更多结果，可用 --limit 放宽", "there are more: raise --limit");
    ask_say_complete(ask);
    return result == EXIT_OK && count == 0 ? EXIT_NOT_FOUND : result;
}

static enum exit_code find_command(struct call *call)
{
    const struct find_options *options = call->options;
    struct search_query query = {.key = call->arguments[0],
                                 .limit = options->limit < 0 ? LIMIT_DEFAULT : (size_t)options->limit};
    struct ask ask = {0};

    enum exit_code result = read_kinds(call, options->kind, &query.kinds);
    if (result != EXIT_OK)
        return result;
    result = ask_open(call, &ask);
    if (result == EXIT_OK)
        result = find(&ask, &query);
    ask_done(&ask);
    return result;
}

#define FIND(member) offsetof(struct find_options, member)
static const struct option find_options[] = {
    {"kind", 0, OPTION_TEXT, FIND(kind), "KIND", "only as this kind of key", "只按此类业务键查询", 0, 0},
    {"limit", 'n', OPTION_NUMBER, FIND(limit), "N", "at most N, newest first (50)",
     "最多 N 条，新的在前（默认 50）", 1, 10000},
};
const struct command command_find = {
    .words = "ctl find",
    .arguments = "KEY",
    .summary_zh = "按业务键查询：处方号、结算号、参保人、批号、机构等",
    .summary = "which exchanges a number names: prescription, settlement, person, lot, order ...",
    .details =
        "KEY may be of any kind: event trace key prescription settlement product lot serial order "
        "organisation item\n"
        "(key: the Kafka key, such as a person's pseudonym), or a whole scanned code. Answered from the SQL "
        "read model,\n"
        "with the moment up to which the answer is complete. Exit code 3: nothing is known by that key.",
    .options = find_options,
    .option_count = sizeof find_options / sizeof *find_options,
    .options_size = sizeof(struct find_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .uses = USES_KAFKA | USES_ROWS,
    .run = find_command};
