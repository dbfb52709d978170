#include "ops/ctl/submit.h"

#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"

#include "base/log.h"
#include "core/event_headers.h"
#include "event/cloudevent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 20000, TIMEOUT_MS = 60000 };

struct submit {
    struct call *call;
    struct submit_settings settings;
    struct session session;
    struct submission *submission;
    struct output *output;
    struct arena *arena; /* of one line */
    uint64_t line, answered;
};

static void print_answer(void *self, json_t *answer)
{
    static const char *const columns[] = {"outcome", "id", "source", "type", "code", "reason", NULL};
    struct submit *submit = self;

    if (submit->output == NULL)
        submit->output = output_open(submit->call, columns, false);
    if (submit->output == NULL)
        json_decref(answer);
    else
        output_row(submit->output, answer);
    submit->answered++;
    say_count(submit->call, "已回执", "answered", submit->answered, submit->line);
}

static enum exit_code open_submission(struct submit *submit)
{
    const struct submission_settings settings = {
        .wait = !submit->settings.no_wait,
        .timeout_ms = submit->settings.timeout_ms > 0 ? submit->settings.timeout_ms : TIMEOUT_MS,
        .window = WINDOW,
        .answered = print_answer,
        .self = submit,
    };
    struct fault fault = {0};

    if (submission_open(&submit->session, &settings, &submit->submission, &fault) == STATUS_OK)
        return EXIT_OK;
    return say_fault(submit->call, &fault);
}

static void submit_free(struct submit *submit)
{
    submission_close(submit->submission);
    arena_free(submit->arena);
    session_close(&submit->session);
    free(submit);
}

enum exit_code submit_open(struct call *call, const struct submit_settings *settings, struct submit **submit)
{
    struct submit *made = calloc(1, sizeof *made);

    *submit = NULL;
    if (made == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    if (call->common.output == NULL)
        call->common.output = "ndjson"; /* one receipt a line, also on a terminal */
    made->call = call;
    made->settings = *settings;
    enum exit_code result = session_open(call, &made->session);
    if (result != EXIT_OK) {
        free(made);
        return result;
    }
    log_set_level(LOG_LEVEL_WARN);
    stop_install();
    made->arena = arena_new(256 * 1024, 64 * 1024 * 1024);
    result = made->arena == NULL ? EXIT_FAILED : open_submission(made);
    if (result != EXIT_OK) {
        submit_free(made);
        return result;
    }
    *submit = made;
    return EXIT_OK;
}

static enum exit_code answer_invalid(struct submit *submit, const struct fault *fault)
{
    json_t *answer = json_pack("{s:I, s:s, s:s, s:s}", "line", (json_int_t)submit->line, "outcome", "invalid",
                               "code", fault->code, "message", fault->text);
    return submission_skip(submit->submission, answer) == STATUS_OK ? EXIT_OK : EXIT_FAILED;
}

static struct headers *headers_of(const struct submit *submit, const struct cloudevent *event)
{
    struct headers *headers = event_headers(&event->attributes);

    if (headers != NULL && submit->settings.causation != NULL)
        (void)headers_add_text(headers, "ce_causationid", submit->settings.causation);
    return headers;
}

enum exit_code submit_line(struct submit *submit, struct bytes line)
{
    struct cloudevent event = {0};
    struct fault fault = {0};

    submit->line++;
    arena_reset(submit->arena);
    if (cloudevent_parse(line, submit->arena, &event, &fault) != STATUS_OK)
        return answer_invalid(submit, &fault);
    struct headers *headers = headers_of(submit, &event);
    if (headers == NULL)
        return say_refusal(submit->call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    enum status status = submission_send(submit->submission, event.facts->topic, event.key, event.data,
                                         headers, event.attributes.source, event.attributes.id, &fault);
    if (status == STATUS_OK)
        return stop_requested() ? EXIT_PENDING : EXIT_OK;
    enum exit_code said = say_fault(submit->call, &fault);
    return status == STATUS_RETRY ? EXIT_PENDING : said;
}

enum exit_code submit_settle(struct submit *submit)
{
    struct fault fault = {0};

    enum status status = submission_settle(submit->submission, &fault);
    if (submit->output != NULL)
        output_flush(submit->output);
    if (status == STATUS_OK)
        return EXIT_OK;
    (void)say_fault(submit->call, &fault);
    return EXIT_PENDING;
}

static void say_sum(struct submit *submit)
{
    struct submission_counts counts = submission_counts(submit->submission);
    char zh[256];

    say_count_end(submit->call);
    (void)snprintf(zh, sizeof zh,
                   "已提交 %" PRIu64 "：受理 %" PRIu64 "，拒绝 %" PRIu64 "，重复 %" PRIu64 "，待回执 %" PRIu64
                   "，无效或未送达 %" PRIu64,
                   counts.sent, counts.accepted, counts.refused, counts.duplicate, counts.pending,
                   counts.failed);
    say_progress(submit->call, zh,
                 "submitted %" PRIu64 ": accepted %" PRIu64 ", refused %" PRIu64 ", duplicate %" PRIu64
                 ", pending %" PRIu64 ", invalid or not sent %" PRIu64,
                 counts.sent, counts.accepted, counts.refused, counts.duplicate, counts.pending,
                 counts.failed);
}

enum exit_code submit_close(struct submit *submit, enum exit_code result)
{
    struct fault fault = {0};

    if (submission_finish(submit->submission, &fault) != STATUS_OK && result == EXIT_OK)
        result = say_fault(submit->call, &fault);
    if (submit->output != NULL && !output_close(submit->output) && result == EXIT_OK)
        result = EXIT_FAILED;
    say_sum(submit);
    if (result == EXIT_OK)
        result = submission_exit_code(submit->submission);
    submit_free(submit);
    return result;
}

/* ---- ctl submit ---- */

struct submit_options {
    bool no_wait;
    int64_t timeout_s;
};

static enum exit_code submit_file(struct submit *submit, FILE *file)
{
    enum exit_code result = EXIT_OK;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length = 0;

    while (result == EXIT_OK && (length = getline(&line, &capacity, file)) >= 0) {
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            length--;
        result = length > 0 ? submit_line(submit, bytes_from(line, (size_t)length)) : submit_settle(submit);
    }
    free(line);
    return result;
}

static enum exit_code submit_command(struct call *call)
{
    const struct submit_options *options = call->options;
    const char *name = call->argument_count == 0 ? "-" : call->arguments[0];
    const struct submit_settings settings = {
        .no_wait = options->no_wait,
        .timeout_ms = options->timeout_s < 0 ? -1 : options->timeout_s * 1000,
    };
    struct submit *submit = NULL;
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

    if (file == NULL)
        return say_refusal(call, EXIT_NOT_FOUND, "file.missing", "打不开文件", "%s: %s", name,
                           strerror(errno));
    enum exit_code result = submit_open(call, &settings, &submit);
    if (result == EXIT_OK)
        result = submit_close(submit, submit_file(submit, file));
    if (file != stdin)
        (void)fclose(file);
    return result;
}

static const struct option submit_options[] = {
    {"no-wait", 0, OPTION_FLAG, offsetof(struct submit_options, no_wait), NULL,
     "do not wait for receipts, only for the brokers", "只等 Kafka 确认，不等回执", 0, 0},
    {"timeout", 0, OPTION_NUMBER, offsetof(struct submit_options, timeout_s), "SECONDS",
     "give up when nothing came for so long; 60", "无任何回应多久后放弃", 1, 86400},
};

const struct command command_submit = {
    "ctl submit",
    "[FILE|-]",
    "提交事件：每行一个 CloudEvent JSON，逐行输出回执",
    "submit events: one JSON CloudEvent a line, one receipt a line in the same order",
    "An empty line waits until everything before it is answered and its receipts are written.\n"
    "Exit code 6 if some were refused, 8 if receipts are still to come.",
    submit_options,
    sizeof submit_options / sizeof *submit_options,
    sizeof(struct submit_options),
    0,
    1,
    USES_KAFKA | USES_ROWS,
    submit_command};
