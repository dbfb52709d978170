/* recall.c: ctl recall status | list | overdue NUMBER: where a recall stands, from the SQL read model. */
#include "ops/ctl/commands.h"
#include "ops/ctl/trace.h"

enum { LIMIT_DEFAULT = 100000, LIMIT_MAX = 10000000 };

struct recall_options {
    int64_t limit;
};

static enum exit_code ask_recall(struct call *call, const char *question)
{
    const struct recall_options *options = call->options;
    struct trace_known known = {.product = "",
                                .lot = "",
                                .serial = "",
                                .holder = "",
                                .recall = call->arguments[0],
                                .limit = options->limit < 0 ? LIMIT_DEFAULT : options->limit};

    return trace_command_answer(call, question, NULL, &known);
}

static enum exit_code recall_status(struct call *call)
{
    return ask_recall(call, "recall");
}

static enum exit_code recall_list(struct call *call)
{
    return ask_recall(call, "recall-holders");
}

static enum exit_code recall_overdue(struct call *call)
{
    return ask_recall(call, "recall-overdue");
}

static const struct option recall_options[] = {
    {"limit", 'n', OPTION_NUMBER, offsetof(struct recall_options, limit), "N", "at most N rows (100000)",
     "最多 N 行（默认 100000）", 1, LIMIT_MAX},
};

/* clang-format off */
#define RECALL_COMMAND(words_, zh_, en_, run_)                                                                         \
    {.words = (words_), .arguments = "NUMBER", .summary_zh = (zh_), .summary = (en_),                                  \
     .details = "Answered from the SQL read model. Exit code 3: no row.", .options = recall_options,                   \
     .option_count = sizeof recall_options / sizeof *recall_options, .options_size = sizeof(struct recall_options),    \
     .arguments_min = 1, .arguments_max = 1, .uses = USES_KAFKA | USES_ROWS, .run = (run_)}
/* clang-format on */

const struct command command_recall_status =
    RECALL_COMMAND("ctl recall status", "召回进度：匹配、数量、确认情况", "how far a recall has come, and where its units are", recall_status);
const struct command command_recall_list =
    RECALL_COMMAND("ctl recall list", "召回涉及的全部持有方", "all holders of a recall, as a stream", recall_list);
const struct command command_recall_overdue =
    RECALL_COMMAND("ctl recall overdue", "召回逾期未确认的持有方", "holders that have not acknowledged in time", recall_overdue);
