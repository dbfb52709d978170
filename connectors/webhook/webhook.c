#include "webhook/webhook.h"

enum status webhook_start(const struct webhook_settings *settings, const struct kafka_client *client, struct clock clock,
                          struct webhook **webhook, struct fault *fault)
{
    (void)settings, (void)client, (void)clock, (void)webhook;
    return fault_fatal(fault, "webhook.absent", "webhook deliveries are not built yet");
}

bool webhook_is_ready(struct webhook *webhook)
{
    (void)webhook;
    return false;
}

bool webhook_is_alive(struct webhook *webhook, struct fault *fault)
{
    (void)webhook, (void)fault;
    return false;
}

void webhook_stop(struct webhook *webhook)
{
    (void)webhook;
}
