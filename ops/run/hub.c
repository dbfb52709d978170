/* hub.c: medhub hub. */
#include "ops/ctl/commands.h"
#include "ops/ctl/say.h"
#include "ops/run/service.h"

#include "kafka/topics.h"

static enum exit_code check_topics(struct call *call, struct session *session)
{
    struct topics wanted;
    struct topics_seen seen;
    struct topics_plan plan = {0};
    struct fault fault = {0};

    enum status status = topics_shipped(session->arena, &wanted, &fault);
    if (status == STATUS_OK)
        status =
            topics_describe(&session->client, &wanted, SESSION_TIMEOUT_MS, session->arena, &seen, &fault);
    if (status == STATUS_OK)
        status = topics_plan(&wanted, &seen, session->arena, &plan, &fault);
    if (status != STATUS_OK)
        return say_fault(call, &fault);
    if (topics_plan_blocking(&plan) > 0)
        return say_refusal(
            call, EXIT_FAILED, "topics.missing", "主题缺少或分区数不符，请先运行 medhub ctl topics apply",
            "%zu topics are missing or have other partitions: run `medhub ctl topics apply` first",
            topics_plan_blocking(&plan));
    if (plan.count > 0)
        say("主题设置与要求不同，可运行 medhub ctl topics plan 查看",
            "%zu settings of topics differ: see `medhub ctl topics plan`", plan.count);
    return EXIT_OK;
}

static enum exit_code hub_command(struct call *call)
{
    const struct service_options options = {.announce = true};
    struct session session;

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    service_prepare(call, &session);
    result = check_topics(call, &session);
    if (result == EXIT_OK)
        result = service_run(call, &session, &options);
    session_close(&session);
    return result;
}

const struct command command_hub = {
    .words = "hub",
    .arguments = "",
    .summary_zh = "运行枢纽（连接已有的 Kafka）",
    .summary = "run the hub on an existing Kafka",
    .details =
        "Prints one JSON line with its addresses when it is ready; ends in order on SIGTERM or SIGINT.",
    .uses = USES_KAFKA,
    .run = hub_command};
