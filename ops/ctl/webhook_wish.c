/* webhook_wish.c: ctl webhook pause | resume, and how wishes are sent. */
#include "ops/ctl/webhook_wish.h"

#include "ops/ctl/commands.h"
#include "ops/ctl/say.h"
#include "ops/ctl/webhook_topics.h"

#include "base/clock.h"
#include "base/log.h"
#include "event/pack.h"
#include "kafka/publisher.h"
#include "webhook/journal.h"

#include <string.h>

enum { SEND_TIMEOUT_MS = 30000 };

struct sending {
    size_t failed;
    struct fault fault;
};

static void sent(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    struct sending *sending = self;
    (void)context, (void)partition, (void)offset;

    if (fault == NULL)
        return;
    sending->failed++;
    sending->fault = *fault;
}

bool webhook_split_name(struct session *session, const char *name, Control *control)
{
    const char *slash = strchr(name, '/');

    if (slash == NULL || slash == name || slash[1] == '\0')
        return false;
    control->organisation = arena_text(session->arena, bytes_from(name, (size_t)(slash - name)));
    control->endpoint = arena_text(session->arena, bytes_of(slash + 1));
    return control->organisation != NULL && control->endpoint != NULL;
}

static enum status publish(struct session *session, const char *name, Control *const *controls, size_t count,
                           struct sending *sending, struct fault *fault)
{
    const struct publisher_settings how = {
        .messages_max = 10000, .delivery_timeout_ms = SEND_TIMEOUT_MS, .linger_ms = 0, .compression = "none"};
    struct publisher *publisher = NULL;

    enum status status = publisher_open(&session->client, &how, sent, sending, &publisher, fault);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = publisher_send(publisher, TOPIC_WEBHOOK_CONTROL, bytes_of(name),
                                pack_message(&controls[i]->base, session->arena), NULL, NULL, fault);
    if (status == STATUS_OK)
        status = publisher_flush(publisher, SEND_TIMEOUT_MS, fault);
    publisher_close(publisher);
    return status;
}

enum exit_code webhook_send_wishes(struct call *call, struct session *session, Control *const *controls, size_t count)
{
    struct sending sending = {0};
    struct fault fault = {0};

    if (publish(session, call->arguments[0], controls, count, &sending, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    return sending.failed > 0 ? say_fault(call, &sending.fault) : EXIT_OK;
}

struct wish_options {
    const char *reason;
};

static enum exit_code ask(struct call *call, Medhub__Webhook__V1__Wish wish)
{
    const struct wish_options *options = call->options;
    struct session session = {0};
    struct webhook_gathered gathered = {0};
    Control control = MEDHUB__WEBHOOK__V1__CONTROL__INIT, *controls[] = {&control};

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    result = webhook_gather_states(call, &session, &gathered);
    if (result == EXIT_OK && (webhook_find_state(&gathered, call->arguments[0]) == NULL ||
                              !webhook_split_name(&session, call->arguments[0], &control)))
        result = webhook_unknown_endpoint(call);
    control.wish = wish;
    control.reason = (char *)(uintptr_t)(options->reason == NULL ? "" : options->reason);
    control.asked_at_ms = clock_now_ms(clock_system());
    if (result == EXIT_OK)
        result = webhook_send_wishes(call, &session, controls, 1);
    if (result == EXIT_OK)
        say_progress(call, "已交给连接器", "handed to the connector; see `medhub ctl webhook show %s`", call->arguments[0]);
    webhook_gathered_done(&gathered);
    session_close(&session);
    return result;
}

static enum exit_code pause_command(struct call *call)
{
    const struct wish_options *options = call->options;

    if (options->reason == NULL)
        return say_refusal(call, EXIT_NOT_ALLOWED, "pause.reason", "暂停须用 --reason 说明理由",
                           "a pause needs --reason TEXT");
    log_warn("audit.webhook_pause", LOG_STR("endpoint", call->arguments[0]), LOG_STR("reason", options->reason));
    return ask(call, MEDHUB__WEBHOOK__V1__WISH__WISH_PAUSE);
}

static enum exit_code resume_command(struct call *call)
{
    return ask(call, MEDHUB__WEBHOOK__V1__WISH__WISH_RESUME);
}

/* ---- rows of the main table ---- */

static const struct option wish_options[] = {
    {"reason", 0, OPTION_TEXT, offsetof(struct wish_options, reason), "TEXT", "why", "理由", 0, 0},
};
const struct command command_webhook_pause = {.words = "ctl webhook pause",
                                              .arguments = "ORGANISATION/ENDPOINT",
                                              .summary_zh = "暂停向端点推送",
                                              .summary = "send an endpoint nothing until it is resumed",
                                              .options = wish_options,
                                              .option_count = 1,
                                              .options_size = sizeof(struct wish_options),
                                              .arguments_min = 1,
                                              .arguments_max = 1,
                                              .uses = USES_KAFKA,
                                              .run = pause_command};
const struct command command_webhook_resume = {.words = "ctl webhook resume",
                                               .arguments = "ORGANISATION/ENDPOINT",
                                               .summary_zh = "恢复向端点推送（同时解除熔断与等待）",
                                               .summary = "go on, also after 410 Gone; ends every wait",
                                               .options = wish_options,
                                               .option_count = 1,
                                               .options_size = sizeof(struct wish_options),
                                               .arguments_min = 1,
                                               .arguments_max = 1,
                                               .uses = USES_KAFKA,
                                               .run = resume_command};
