/* parked_edit.c: ctl parked edit: a refused event, corrected, in its place. */
#include "ops/ctl/commands.h"
#include "ops/ctl/parked_gather.h"
#include "ops/ctl/say.h"
#include "ops/ctl/submit.h"

#include "base/log.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct edit_options {
    const char *reason;
    int64_t timeout_s;
    bool dry_run;
};

/* Reads FILE ("-": standard input) as one JSON object. */
static json_t *read_event(struct call *call, const char *name)
{
    json_error_t error;
    json_t *event = strcmp(name, "-") == 0 ? json_loadf(stdin, 0, &error) : json_load_file(name, 0, &error);

    if (event == NULL)
        (void)say_refusal(call, EXIT_FAILED, "json.syntax", "文件不是 JSON 事件", "%s: line %d: %s", name,
                          error.line, error.text);
    return event;
}

/* The same id with other content would be refused as reused. */
static void give_new_id(json_t *event, const struct parked *parked)
{
    const char *id = json_string_value(json_object_get(event, "id"));

    if (id == NULL || strcmp(id, parked->id) == 0)
        (void)json_object_set_new(event, "id", json_sprintf("%s.%" PRId64, parked->id, parked->attempt + 1));
}

static enum exit_code submit_edited(struct call *call, const struct parked *parked, json_t *event)
{
    const struct edit_options *options = call->options;
    const struct submit_settings settings = {
        .timeout_ms = options->timeout_s < 0 ? -1 : options->timeout_s * 1000, .causation = parked->id};
    struct submit *submit = NULL;

    give_new_id(event, parked);
    char *line = json_dumps(event, JSON_COMPACT);
    if (line == NULL)
        return EXIT_FAILED;
    enum exit_code result = EXIT_OK;
    if (options->dry_run) {
        (void)puts(line);
    } else {
        log_warn("audit.edit", LOG_STR("event_id", parked->id), LOG_STR("reason", options->reason));
        result = submit_open(call, &settings, &submit);
        if (result == EXIT_OK)
            result = submit_close(submit, submit_line(submit, bytes_of(line)));
    }
    free(line);
    return result;
}

static enum exit_code edit_command(struct call *call)
{
    const struct edit_options *options = call->options;
    struct option_list names = {.items = {call->arguments[0]}, .count = 1};
    struct parked_gathering gathering = {.names = &names};
    struct session session;

    if (options->reason == NULL && !options->dry_run)
        return say_refusal(call, EXIT_NOT_ALLOWED, "edit.reason", "更正须用 --reason 说明理由",
                           "an edit needs --reason TEXT");
    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    result = parked_gather(call, &session, -1, &gathering);
    if (result == EXIT_OK && gathering.count == 0)
        result = parked_not_found(call, call->arguments[0]);
    json_t *event = result == EXIT_OK ? read_event(call, call->arguments[1]) : NULL;
    if (result == EXIT_OK)
        result = event == NULL ? EXIT_FAILED
                               : submit_edited(call, &gathering.items[gathering.count - 1].parked, event);
    json_decref(event);
    parked_gathering_free(&gathering);
    session_close(&session);
    return result;
}

#define EDIT(member) offsetof(struct edit_options, member)
static const struct option edit_options[] = {
    {"reason", 0, OPTION_TEXT, EDIT(reason), "TEXT", "why it is corrected", "更正理由", 0, 0},
    {"dry-run", 0, OPTION_FLAG, EDIT(dry_run), NULL, "only print the event", "只显示，不发送", 0, 0},
    {"timeout", 0, OPTION_NUMBER, EDIT(timeout_s), "SECONDS", "give up when nothing came for so long; 60",
     "无任何回应多久后放弃", 1, 86400},
};
const struct command command_parked_edit = {"ctl parked edit",
                                            "ID|POSITION FILE|-",
                                            "以更正后的内容作为新事件提交",
                                            "submit a corrected event in its place",
                                            "FILE holds the event as `ctl parked show --event` prints it. It "
                                            "gets an id of its own and names the parked one as\n"
                                            "its cause.",
                                            edit_options,
                                            sizeof edit_options / sizeof *edit_options,
                                            sizeof(struct edit_options),
                                            2,
                                            2,
                                            USES_KAFKA | USES_ROWS,
                                            edit_command};
