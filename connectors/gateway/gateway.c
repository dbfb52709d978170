#include "gateway/gateway.h"

enum status gateway_start(const struct gateway_settings *settings, const struct sql_settings *sql,
                          const struct kafka_client *client, struct clock clock, struct gateway **gateway,
                          struct fault *fault)
{
    (void)settings, (void)sql, (void)client, (void)clock, (void)gateway;
    return fault_fatal(fault, "gateway.absent", "the gateway is not built yet");
}

bool gateway_is_ready(struct gateway *gateway)
{
    (void)gateway;
    return false;
}

bool gateway_is_alive(struct gateway *gateway, struct fault *fault)
{
    (void)gateway, (void)fault;
    return false;
}

int gateway_port(const struct gateway *gateway)
{
    (void)gateway;
    return 0;
}

const char *gateway_scheme(const struct gateway *gateway)
{
    (void)gateway;
    return "http";
}

void gateway_stop(struct gateway *gateway)
{
    (void)gateway;
}
