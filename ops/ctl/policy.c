/* policy.c: ctl policy check | publish. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/policy_file.h"
#include "ops/ctl/say.h"
#include "ops/ctl/submit.h"

#include "base/clock.h"
#include "base/date.h"
#include "event/check.h"
#include "event/cloudevent.h"
#include "event/unpack.h"

#include <stdlib.h>
#include <string.h>

struct policy_options {
    const char *source;
    int64_t timeout_s;
};

/* The events of the named file, or of the shipped national pack. */
static enum exit_code read_events(struct call *call, json_t **events)
{
    const struct policy_options *options = call->options;
    char path[1024], now[MOMENT_TEXT_BYTES];
    struct fault fault = {0};

    policy_file_default(path, sizeof path);
    const char *name = call->argument_count > 0 ? call->arguments[0] : path;
    const char *source = options->source == NULL ? "medhub" : options->source;
    (void)moment_format_ms(clock_now_ms(clock_system()), now);
    if (policy_file_read(name, source, now, events, &fault) == STATUS_OK)
        return EXIT_OK;
    (void)say_fault(call, &fault);
    return strcmp(fault.code, "file.missing") == 0 ? EXIT_NOT_FOUND : EXIT_FAILED;
}

/* Adds a row for every finding of the fields' own rules; true if there was none. */
static bool check_event(const json_t *event, struct arena *arena, struct output *output)
{
    char *line = json_dumps(event, JSON_COMPACT);
    const char *name = json_string_value(json_object_get(json_object_get(event, "data"), "name"));
    struct cloudevent parsed = {0};
    ProtobufCMessage *message = NULL;
    struct findings findings;
    struct fault fault = {0};

    findings_init(&findings, arena);
    enum status status =
        line == NULL ? STATUS_FATAL : cloudevent_parse(bytes_of(line), arena, &parsed, &fault);
    if (status == STATUS_OK)
        status = unpack_message(parsed.facts, parsed.data, arena, &message, &fault);
    if (status == STATUS_OK)
        check_message(parsed.facts, message, &findings);
    else
        output_row(output, json_pack("{s:s, s:s, s:s}", "parameter", name, "code", fault.code, "message",
                                     fault.text));
    for (size_t i = 0; i < findings.count; i++)
        output_row(output, json_pack("{s:s, s:s, s:s, s:s, s:s}", "parameter", name, "code",
                                     findings.items[i].code, "path", findings.items[i].path, "found",
                                     findings.items[i].found, "expected", findings.items[i].expected));
    free(line);
    return status == STATUS_OK && findings.count == 0;
}

static enum exit_code check_command(struct call *call)
{
    static const char *const columns[] = {"parameter", "code", "path", "found", "expected", NULL};
    struct arena *arena = arena_new(256 * 1024, 64 * 1024 * 1024);
    json_t *events = NULL;
    bool good = true;

    enum exit_code result = arena == NULL ? EXIT_FAILED : read_events(call, &events);
    struct output *output = result == EXIT_OK ? output_open(call, columns, false) : NULL;
    for (size_t i = 0; output != NULL && i < json_array_size(events); i++) {
        arena_reset(arena);
        good = check_event(json_array_get(events, i), arena, output) && good;
    }
    if (result == EXIT_OK)
        result = output_close(output) && good ? EXIT_OK : EXIT_FAILED;
    if (result == EXIT_OK)
        say_progress(call, "参数文件无误", "%zu parameters are well-formed", json_array_size(events));
    json_decref(events);
    arena_free(arena);
    return result;
}

static enum exit_code publish_command(struct call *call)
{
    const struct policy_options *options = call->options;
    const struct submit_settings settings = {.timeout_ms =
                                                 options->timeout_s < 0 ? -1 : options->timeout_s * 1000};
    struct submit *submit = NULL;
    json_t *events = NULL;

    enum exit_code result = read_events(call, &events);
    if (result == EXIT_OK)
        result = submit_open(call, &settings, &submit);
    for (size_t i = 0; result == EXIT_OK && i < json_array_size(events); i++) {
        char *line = json_dumps(json_array_get(events, i), JSON_COMPACT);
        result = line == NULL ? EXIT_FAILED : submit_line(submit, bytes_of(line));
        free(line);
    }
    if (submit != NULL)
        result = submit_close(submit, result);
    json_decref(events);
    return result;
}

static const struct option policy_options[] = {
    {"source", 0, OPTION_TEXT, offsetof(struct policy_options, source), "ORG",
     "who says it; medhub, the hub's operator", "发布机构，默认为枢纽自身", 0, 0},
    {"timeout", 0, OPTION_NUMBER, offsetof(struct policy_options, timeout_s), "SECONDS",
     "give up when nothing came for so long; 60", "无任何回应多久后放弃", 1, 86400},
};
enum { POLICY_OPTIONS = sizeof policy_options / sizeof *policy_options };

const struct command command_policy_check = {"ctl policy check",
                                             "[FILE]",
                                             "检查政策参数文件",
                                             "look a policy file over without sending it",
                                             "Without FILE: the shipped national pack.",
                                             policy_options,
                                             POLICY_OPTIONS,
                                             sizeof(struct policy_options),
                                             0,
                                             1,
                                             USES_ROWS,
                                             check_command};
const struct command command_policy_publish = {"ctl policy publish",
                                               "[FILE]",
                                               "发布政策参数（重复发布无副作用）",
                                               "publish policy parameters; a second time changes nothing",
                                               "Without FILE: the shipped national pack.",
                                               policy_options,
                                               POLICY_OPTIONS,
                                               sizeof(struct policy_options),
                                               0,
                                               1,
                                               USES_KAFKA | USES_ROWS,
                                               publish_command};
