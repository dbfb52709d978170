#include "store/store_service.h"

enum status store_service_start(const struct sql_settings *settings, const struct kafka_client *client,
                                struct store_service **service, struct fault *fault)
{
    (void)settings, (void)client, (void)service;
    return fault_fatal(fault, "store.absent", "the SQL store is not built yet");
}

bool store_service_is_ready(struct store_service *service)
{
    (void)service;
    return false;
}

bool store_service_is_alive(struct store_service *service, struct fault *fault)
{
    (void)service, (void)fault;
    return false;
}

void store_service_stop(struct store_service *service)
{
    (void)service;
}
