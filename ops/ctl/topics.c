/* topics.c: ctl topics plan | apply | verify. */
#include "kafka/topics.h"

#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/session.h"

#include "base/log.h"

#include <jansson.h>
#include <stdio.h>

static const char *action_name(enum topic_action action)
{
    switch (action) {
    case TOPIC_CREATE:
        return "create";
    case TOPIC_RAISE:
        return "raise";
    case TOPIC_DIFFERS:
        return "differs";
    }
    return "";
}

static json_t *change_json(const struct topic_change *change)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "action", action_name(change->action), "topic",
                            change->row->name, "setting", change->setting, "current", change->current,
                            "wanted", change->wanted, "reason", change->reason);
    if (change->action == TOPIC_CREATE) {
        (void)json_object_set_new(row, "partitions", json_integer(change->row->partitions));
        (void)json_object_set_new(row, "replicas", json_integer(change->replicas));
    }
    return row;
}

static enum exit_code print_plan(struct call *call, const struct topics_plan *plan)
{
    static const char *const columns[] = {"action", "topic", "setting", "current", "wanted", "reason", NULL};
    struct output *output = output_open(call, columns, false);

    for (size_t i = 0; output != NULL && i < plan->count; i++)
        output_row(output, change_json(&plan->changes[i]));
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

static enum status make_plan(struct session *session, struct topics_plan *plan, struct fault *fault)
{
    struct topics wanted;
    struct topics_seen seen;

    enum status status = topics_shipped(session->arena, &wanted, fault);
    if (status == STATUS_OK)
        status = topics_describe(&session->client, &wanted, SESSION_TIMEOUT_MS, session->arena, &seen, fault);
    return status == STATUS_OK ? topics_plan(&wanted, &seen, session->arena, plan, fault) : status;
}

static size_t count_of(const struct topics_plan *plan, enum topic_action action)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++)
        count += plan->changes[i].action == action;
    return count;
}

/* ACT is called with the plan after it was printed. */
static enum exit_code with_plan(struct call *call, enum exit_code (*act)(struct call *, struct session *,
                                                                         const struct topics_plan *))
{
    struct topics_plan plan = {0};
    struct fault fault = {0};
    struct session session;

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    if (make_plan(&session, &plan, &fault) != STATUS_OK)
        result = say_fault(call, &fault);
    if (result == EXIT_OK)
        result = print_plan(call, &plan);
    if (result == EXIT_OK)
        result = act(call, &session, &plan);
    session_close(&session);
    return result;
}

static enum exit_code after_plan(struct call *call, struct session *session, const struct topics_plan *plan)
{
    (void)session;
    say_progress(call, plan->count == 0 ? "主题均符合要求" : "以上为将要进行的变更",
                 "%zu to create, %zu to raise, %zu for a person", count_of(plan, TOPIC_CREATE),
                 count_of(plan, TOPIC_RAISE), count_of(plan, TOPIC_DIFFERS));
    return EXIT_OK;
}

static enum exit_code after_apply(struct call *call, struct session *session, const struct topics_plan *plan)
{
    struct fault fault = {0};

    if (topics_apply(&session->client, plan, SESSION_TIMEOUT_MS, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    say_progress(call, "主题已就绪", "created %zu, raised %zu, left to a person %zu",
                 count_of(plan, TOPIC_CREATE), count_of(plan, TOPIC_RAISE), count_of(plan, TOPIC_DIFFERS));
    return count_of(plan, TOPIC_DIFFERS) > 0 ? EXIT_PARTIAL : EXIT_OK;
}

static enum exit_code after_verify(struct call *call, struct session *session, const struct topics_plan *plan)
{
    (void)session;
    if (plan->count == 0) {
        say_progress(call, "主题均符合要求", "all topics are as wanted");
        return EXIT_OK;
    }
    say_progress(call, "主题与要求不符", "%zu differences: medhub ctl topics apply", plan->count);
    return EXIT_FAILED;
}

static enum exit_code plan_command(struct call *call)
{
    return with_plan(call, after_plan);
}

static enum exit_code apply_command(struct call *call)
{
    return with_plan(call, after_apply);
}

static enum exit_code verify_command(struct call *call)
{
    return with_plan(call, after_verify);
}

const struct command command_topics_plan = {.words = "ctl topics plan",
                                            .arguments = "",
                                            .summary_zh = "比较集群主题与要求，列出差异",
                                            .summary = "what would be created or changed",
                                            .uses = USES_KAFKA | USES_ROWS,
                                            .run = plan_command};
const struct command command_topics_apply = {
    .words = "ctl topics apply",
    .arguments = "",
    .summary_zh = "创建缺少的主题，调高不足的设置",
    .summary = "create missing topics, raise settings",
    .details = "Never deletes, shortens or reduces anything and never changes a number of partitions: what "
               "only a person\n"
               "may decide is listed as \"differs\" and the exit code is 6.",
    .uses = USES_KAFKA | USES_ROWS,
    .run = apply_command};
const struct command command_topics_verify = {.words = "ctl topics verify",
                                              .arguments = "",
                                              .summary_zh = "检查主题，有差异则退出码为 1",
                                              .summary = "exit 1 if anything differs",
                                              .uses = USES_KAFKA | USES_ROWS,
                                              .run = verify_command};
