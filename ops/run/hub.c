/* hub.c: medhub hub, gateway and connector webhook: one part of the house on an existing Kafka. */
#include "ops/ctl/commands.h"
#include "ops/run/service.h"

static enum exit_code run_part(struct call *call, enum part part)
{
    const struct service_options options = {.parts = part, .announce = true};
    struct session session;

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    service_prepare(call, &session);
    result = service_check_topics(call, &session);
    if (result == EXIT_OK)
        result = service_run(call, &session, &options);
    session_close(&session);
    return result;
}

static enum exit_code hub_command(struct call *call)
{
    return run_part(call, PART_HUB);
}

static enum exit_code gateway_command(struct call *call)
{
    return run_part(call, PART_GATEWAY);
}

static enum exit_code webhook_command(struct call *call)
{
    return run_part(call, PART_WEBHOOK);
}

static const char details[] =
    "Prints one JSON line with its addresses when it is ready; ends in order on SIGTERM or SIGINT.";

const struct command command_hub = {.words = "hub",
                                    .arguments = "",
                                    .summary_zh = "运行枢纽（连接已有的 Kafka）",
                                    .summary = "run the hub on an existing Kafka",
                                    .details = details,
                                    .uses = USES_KAFKA,
                                    .run = hub_command};

const struct command command_gateway = {.words = "gateway",
                                        .arguments = "",
                                        .summary_zh = "运行 HTTP 网关：提交事件、查询回执、订阅",
                                        .summary = "run the HTTP gateway: submit events, ask for receipts, follow feeds",
                                        .details = details,
                                        .uses = USES_KAFKA,
                                        .run = gateway_command};

const struct command command_connector_webhook = {.words = "connector webhook",
                                                  .arguments = "",
                                                  .summary_zh = "运行 webhook 连接器：向各机构端点推送投递",
                                                  .summary = "run webhook deliveries to the endpoints of organisations",
                                                  .details = details,
                                                  .uses = USES_KAFKA,
                                                  .run = webhook_command};
