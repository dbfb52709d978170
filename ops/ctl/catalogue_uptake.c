/* catalogue_uptake.c: ctl catalogue uptake RELEASE: who has applied it, from the tables, read from the beginning. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scratch.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/uptake.h"

#include <jansson.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 64 * 1024 * 1024, INSTITUTIONS_MAX = 100000, NAMED_MAX = 100 };

struct uptake_options {
    const char *state;
    bool institutions;
};

/* The first of each state by name, so that nobody need ask again to know whom to call. */
static json_t *names_of(const json_t *institutions)
{
    json_t *names = json_pack("{s:[], s:[], s:[]}", "applied", "different", "missing");

    for (size_t i = 0; i < json_array_size(institutions); i++) {
        const json_t *one = json_array_get(institutions, i);
        json_t *of_state = json_object_get(names, json_string_value(json_object_get(one, "state")));
        if (json_array_size(of_state) < NAMED_MAX)
            (void)json_array_append_new(of_state, json_sprintf("%s %s", json_string_value(json_object_get(one, "id")),
                                                               json_string_value(json_object_get(one, "name"))));
    }
    return names;
}

static enum exit_code print(struct call *call, const char *text)
{
    static const char *const columns[] = {"id", "name", "state", "digest", "appliedAt", NULL};
    const struct uptake_options *options = call->options;
    json_t *uptake = json_loads(text, 0, NULL), *institutions = json_object_get(uptake, "institutions");
    bool written;

    if (options->institutions) {
        struct output *output = output_open(call, columns, false);
        for (size_t i = 0; output != NULL && i < json_array_size(institutions); i++)
            output_row(output, json_incref(json_array_get(institutions, i)));
        written = output_close(output);
        json_decref(uptake);
    } else {
        (void)json_object_set_new(uptake, "who", names_of(institutions));
        (void)json_object_del(uptake, "institutions");
        (void)json_object_del(uptake, "more");
        written = output_object(call, uptake);
    }
    return written ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code answer(struct call *call, struct session *session, struct scratch *scratch)
{
    const struct uptake_options *options = call->options;
    const struct uptake_question question = {.release = call->arguments[0],
                                             .state = options->state,
                                             .limit = INSTITUTIONS_MAX,
                                             .today = date_in_china(clock_now_ms(clock_system()))};
    struct buffer text;

    if (uptake_region(scratch->reader, question.release, session->arena) == NULL)
        return say_refusal(call, EXIT_NOT_FOUND, "release.unknown", "没有已发布的该版本", "no release %s is published",
                           question.release);
    buffer_init(&text, ANSWER_BYTES_MAX);
    enum exit_code result = uptake_write(scratch->reader, &question, session->arena, &text)
                                ? print(call, buffer_text(&text))
                                : say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    buffer_done(&text);
    return result;
}

static enum exit_code uptake_command(struct call *call)
{
    const struct uptake_options *options = call->options;
    struct session session;
    struct scratch scratch;
    struct fault fault = {0};

    if (options->state != NULL && strcmp(options->state, "applied") != 0 && strcmp(options->state, "different") != 0 &&
        strcmp(options->state, "missing") != 0)
        return say_refusal(call, EXIT_USAGE, "catalogue.options", "--state 为 applied、different 或 missing",
                           "--state is applied, different or missing");
    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    enum status status = scratch_open(call, &session, -1, &scratch, &fault);
    result = status == STATUS_OK ? answer(call, &session, &scratch) : say_fault(call, &fault);
    scratch_close(&scratch);
    session_close(&session);
    return result;
}

static const struct option uptake_options[] = {
    {"institutions", 'i', OPTION_FLAG, offsetof(struct uptake_options, institutions), NULL, "all of them in rows, with digest and moment",
     "逐行列出全部机构及其摘要、时间", 0, 0},
    {"state", 0, OPTION_TEXT, offsetof(struct uptake_options, state), "STATE", "only applied, different or missing ones",
     "只列出该状态的机构", 0, 0},
};
const struct command command_catalogue_uptake = {"ctl catalogue uptake",
                                                 "RELEASE",
                                                 "哪些机构已启用目录版本，哪些没有，哪些摘要不同",
                                                 "who has applied a release, who has not, who has another digest",
                                                 "Counts, and the first 100 of each by name. Read from the tables' topics, so it needs no hub that runs.",
                                                 uptake_options,
                                                 sizeof uptake_options / sizeof *uptake_options,
                                                 sizeof(struct uptake_options),
                                                 1,
                                                 1,
                                                 USES_KAFKA | USES_ROWS,
                                                 uptake_command};
