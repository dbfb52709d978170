/* parked.c: ctl parked show | redrive: refused records looked at, sent again. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/parked_gather.h"
#include "ops/ctl/say.h"
#include "ops/ctl/submit.h"
#include "ops/ctl/unmask.h"

#include "base/log.h"
#include "event/cloudevent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- show ---- */

struct show_options {
    struct unmask unmask;
    bool event;
};

static json_t *as_cloudevent(const struct kept_parked *kept, unsigned visible, struct arena *arena)
{
    const struct json_options options = {.visible = visible == SENSITIVITY_ALL ? 0 : visible};
    const struct event_attributes attributes = {
        .id = kept->parked.id,
        .source = kept->parked.source,
        .type = kept->parked.type,
        .subject = decode_header(&kept->record, "ce_subject", arena),
        .time = decode_header(&kept->record, "ce_time", arena),
        .traceparent = decode_header(&kept->record, "traceparent", arena),
        .conformance = decode_header(&kept->record, "ce_conformance", arena),
    };
    struct buffer text;
    struct fault fault = {0};
    json_t *json = NULL;

    buffer_init(&text, 32 * 1024 * 1024);
    if (cloudevent_print(&attributes, kept->record.value, &options, arena, &text, &fault) == STATUS_OK)
        json = json_loadb((const char *)text.data, text.length, 0, NULL);
    buffer_done(&text);
    return json;
}

static enum exit_code show_kept(struct call *call, const struct parked_gathering *gathering)
{
    const struct show_options *options = call->options;
    unsigned visible = unmask_visible(options->unmask);
    /* The latest: an event that was redriven and refused again is parked again. */
    const struct kept_parked *kept = &gathering->items[gathering->count - 1];
    json_t *event = as_cloudevent(kept, visible, gathering->arena);

    if (options->event)
        return output_object(call, event == NULL ? json_object() : event) ? EXIT_OK : EXIT_FAILED;
    json_t *row = parked_json(&kept->parked, &kept->record, visible, false, gathering->arena);
    (void)json_object_set_new(row, "event", event == NULL ? json_null() : event);
    say_progress(call, "全部问题、依据与查阅过的行见 medhub ctl explain", "all findings, citations and the rows behind them: medhub ctl explain %s/%s",
                 kept->parked.source, kept->parked.id);
    return output_object(call, row) ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code show_command(struct call *call)
{
    const struct show_options *options = call->options;
    struct option_list names = {.items = {call->arguments[0]}, .count = 1};
    struct parked_gathering gathering = {.names = &names};
    struct session session;

    enum exit_code result = unmask_session_open(call, options->unmask, &session);
    if (result != EXIT_OK)
        return result;
    if (call->common.output == NULL)
        call->common.output = "json"; /* nested: a table would hide it */
    result = parked_gather(call, &session, -1, &gathering);
    if (result == EXIT_OK)
        result = gathering.count == 0 ? parked_not_found(call, call->arguments[0]) : show_kept(call, &gathering);
    parked_gathering_free(&gathering);
    session_close(&session);
    return result;
}

/* ---- redrive ---- */

struct redrive_options {
    const char *code, *type, *source;
    struct option_list ids;
    int64_t since, expect_count, timeout_s;
    bool dry_run, yes, no_wait;
};

struct redrive_answers {
    struct output *output;
};

static void print_redriven(void *self, json_t *answer)
{
    struct redrive_answers *answers = self;
    output_row(answers->output, answer);
}

static const char *const redrive_columns[] = {"outcome", "id", "source", "position", "code", "reason", NULL};

static enum exit_code print_dry_run(struct call *call, const struct parked_gathering *gathering)
{
    struct output *output = output_open(call, redrive_columns, false);

    for (size_t i = 0; i < gathering->count; i++) {
        const struct kept_parked *kept = &gathering->items[i];
        json_t *row =
            parked_json(&kept->parked, &kept->record, VISIBLE_TO_OPERATORS, false, gathering->arena);
        (void)json_object_set_new(row, "outcome", json_string("would_redrive"));
        output_row(output, row);
    }
    say_progress(call, "试运行：未发送任何记录", "dry run: %zu records would be sent again",
                 gathering->count);
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code confirm(struct call *call, size_t count)
{
    const struct redrive_options *options = call->options;
    char answer[8] = "";

    if (options->expect_count >= 0 && (uint64_t)options->expect_count != count)
        return say_refusal(call, EXIT_PRECONDITION, "parked.count", "数量与 --expect-count 不符",
                           "there are %zu records, expected %" PRId64, count, options->expect_count);
    if (options->yes || count == 0)
        return EXIT_OK;
    if (isatty(STDIN_FILENO) != 1)
        return say_refusal(call, EXIT_PRECONDITION, "parked.confirm",
                           "须用 --yes 确认，或先用 --dry-run 查看",
                           "%zu records: confirm with --yes, look first with --dry-run", count);
    (void)fprintf(stderr, "重新提交 %zu 条？/ send %zu records again? [y/N] ", count, count);
    bool agreed = fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
    return agreed ? EXIT_OK : EXIT_PRECONDITION;
}

static enum exit_code send_kept(struct call *call, struct submission *submission,
                                const struct parked_gathering *gathering)
{
    struct fault fault = {0};

    for (size_t i = 0; i < gathering->count; i++) {
        const struct kept_parked *kept = &gathering->items[i];
        struct headers *headers = parked_original_headers(&kept->record, &kept->parked);
        if (headers == NULL)
            return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
        if (submission_send(submission, kept->parked.input_topic, kept->record.key, kept->record.value,
                            headers, kept->parked.source, kept->parked.id, &fault) != STATUS_OK)
            return say_fault(call, &fault);
        if (stop_requested())
            return EXIT_PENDING;
    }
    if (submission_finish(submission, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    return submission_exit_code(submission);
}

static enum exit_code redrive(struct call *call, struct session *session, const struct parked_gathering *gathering)
{
    const struct redrive_options *options = call->options;
    struct redrive_answers answers = {.output = output_open(call, redrive_columns, false)};
    const struct submission_settings settings = {
        .wait = !options->no_wait,
        .timeout_ms = options->timeout_s < 0 ? 60000 : options->timeout_s * 1000,
        .window = 10000,
        .as_they_were = true, /* or a forged event would be as good as a signed one */
        .answered = print_redriven,
        .self = &answers,
    };
    struct submission *submission = NULL;
    struct fault fault = {0};

    if (submission_open(session, &settings, &submission, &fault) != STATUS_OK) {
        (void)output_close(answers.output);
        return say_fault(call, &fault);
    }
    enum exit_code result = send_kept(call, submission, gathering);
    struct submission_counts counts = submission_counts(submission);
    submission_close(submission);
    say_progress(call, "已重新提交",
                 "sent again %" PRIu64 ": accepted %" PRIu64 ", refused %" PRIu64 ", duplicate %" PRIu64
                 ", pending %" PRIu64,
                 counts.sent, counts.accepted, counts.refused, counts.duplicate, counts.pending);
    return output_close(answers.output) ? result : EXIT_FAILED;
}

static int by_event(const void *left, const void *right)
{
    const struct kept_parked *a = left, *b = right;
    int order = strcmp(a->parked.source, b->parked.source);

    if (order == 0)
        order = strcmp(a->parked.id, b->parked.id);
    if (order == 0 && a->hash != b->hash)
        order = a->hash < b->hash ? -1 : 1;
    return order;
}

static int by_event_and_attempt(const void *left, const void *right)
{
    const struct kept_parked *a = left, *b = right;
    int order = by_event(left, right);

    return order != 0 ? order
                      : (a->parked.attempt > b->parked.attempt) - (a->parked.attempt < b->parked.attempt);
}

/* Within a partition the offset decides, across partitions nothing does. */
static int by_place(const void *left, const void *right)
{
    const struct kept_parked *a = left, *b = right;

    if (a->record.partition != b->record.partition)
        return a->record.partition < b->record.partition ? -1 : 1;
    return a->record.offset < b->record.offset ? -1 : a->record.offset > b->record.offset;
}

/* An event that was refused twice is parked twice; only its last copy is sent again. */
static void keep_last_of_each(struct parked_gathering *gathering)
{
    size_t kept = 0;

    if (gathering->count == 0)
        return;
    qsort(gathering->items, gathering->count, sizeof *gathering->items, by_event_and_attempt);
    for (size_t i = 0; i < gathering->count; i++) {
        bool last = i + 1 == gathering->count || gathering->items[i].parked.id[0] == '\0' ||
                    by_event(&gathering->items[i], &gathering->items[i + 1]) != 0;
        if (last)
            gathering->items[kept++] = gathering->items[i];
        else
            record_release(&gathering->items[i].record);
    }
    gathering->count = kept;
    qsort(gathering->items, gathering->count, sizeof *gathering->items, by_place);
}

static enum exit_code redrive_gathered(struct call *call, struct session *session,
                                       struct parked_gathering *gathering)
{
    const struct redrive_options *options = call->options;

    keep_last_of_each(gathering);
    if (gathering->count == 0 && options->ids.count > 0)
        return parked_not_found(call, options->ids.items[0]);
    if (options->dry_run)
        return print_dry_run(call, gathering);
    enum exit_code result = confirm(call, gathering->count);
    return result == EXIT_OK ? redrive(call, session, gathering) : result;
}

static enum exit_code redrive_command(struct call *call)
{
    const struct redrive_options *options = call->options;
    struct parked_gathering gathering = {
        .names = &options->ids, .code = options->code, .type = options->type, .source = options->source};
    struct session session;

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    stop_install();
    result = parked_gather(call, &session, options->since, &gathering);
    if (result == EXIT_OK)
        result = redrive_gathered(call, &session, &gathering);
    parked_gathering_free(&gathering);
    session_close(&session);
    return result;
}

/* ---- rows of the main table ---- */

#define SHOW(member) offsetof(struct show_options, member)
static const struct option show_options[] = {
    {"event", 0, OPTION_FLAG, SHOW(event), NULL, "only the event, as a line that can be edited and submitted",
     "只输出可编辑的事件本身", 0, 0},
    UNMASK_OPTIONS(struct show_options, unmask),
};
const struct command command_parked_show = {
    "ctl parked show",
    "ID|POSITION",
    "查看一条暂存记录及其原因",
    "one parked record with its reasons",
    "ID is the event's id; POSITION is PARTITION/OFFSET as ctl parked lists it.",
    show_options,
    sizeof show_options / sizeof *show_options,
    sizeof(struct show_options),
    1,
    1,
    USES_KAFKA | USES_ROWS,
    show_command};

#define REDRIVE(member) offsetof(struct redrive_options, member)
static const struct option redrive_options[] = {
    {"id", 0, OPTION_LIST, REDRIVE(ids), "ID", "this record (several times)", "指定记录，可多次给出", 0, 0},
    {"code", 0, OPTION_TEXT, REDRIVE(code), "CODE", "all refused for this reason", "按原因代码选取", 0, 0},
    {"type", 't', OPTION_TEXT, REDRIVE(type), "TYPE", "all of this type", "按事件类型选取", 0, 0},
    {"source", 0, OPTION_TEXT, REDRIVE(source), "ORG", "all of this organisation", "按提交机构选取", 0, 0},
    {"since", 0, OPTION_MOMENT, REDRIVE(since), "T", "parked from then on", "起始时刻", 0, 0},
    {"dry-run", 0, OPTION_FLAG, REDRIVE(dry_run), NULL, "only say what would be sent", "只显示，不发送", 0,
     0},
    {"expect-count", 0, OPTION_NUMBER, REDRIVE(expect_count), "N", "do nothing if there are not exactly N",
     "数量不符则不执行", 0, 0},
    {"yes", 'y', OPTION_FLAG, REDRIVE(yes), NULL, "do not ask", "不再询问", 0, 0},
    {"no-wait", 0, OPTION_FLAG, REDRIVE(no_wait), NULL, "do not wait for receipts", "不等回执", 0, 0},
    {"timeout", 0, OPTION_NUMBER, REDRIVE(timeout_s), "SECONDS", "give up when nothing came for so long; 60",
     "无任何回应多久后放弃", 1, 86400},
};
const struct command command_parked_redrive = {"ctl parked redrive",
                                               "",
                                               "把暂存记录原样重新提交",
                                               "send parked records again, byte for byte",
                                               "Look first with --dry-run, then guard with --expect-count. "
                                               "An accepted event stays accepted: a second time it is\n"
                                               "a duplicate.",
                                               redrive_options,
                                               sizeof redrive_options / sizeof *redrive_options,
                                               sizeof(struct redrive_options),
                                               0,
                                               0,
                                               USES_KAFKA | USES_ROWS,
                                               redrive_command};
