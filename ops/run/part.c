#include "ops/run/part.h"

#include "flow/hub.h"
#include "gateway/gateway.h"
#include "store/store_service.h"
#include "webhook/webhook.h"

#include <jansson.h>
#include <string.h>

static enum status start_hub(struct session *session, void **self, struct fault *fault)
{
    char boot_id[64];

    hub_read_boot_id(boot_id);
    const struct hub_options options = {.domains = domains_all, .clock = clock_system(), .boot_id = boot_id};
    return hub_start(&session->settings, &session->client, &options, (struct hub **)self, fault);
}

static bool hub_ready(void *self)
{
    return hub_is_ready(self);
}

static bool hub_alive(void *self, struct fault *fault)
{
    return hub_is_alive(self, fault);
}

static void stop_hub(void *self)
{
    hub_stop(self);
}

static enum status start_store(struct session *session, void **self, struct fault *fault)
{
    return store_service_start(&session->sql, &session->client, (struct store_service **)self, fault);
}

static bool store_ready(void *self)
{
    return store_service_is_ready(self);
}

static bool store_alive(void *self, struct fault *fault)
{
    return store_service_is_alive(self, fault);
}

static void stop_store(void *self)
{
    store_service_stop(self);
}

/* A file; the address of a server may hold a password. */
static void announce_store(void *self, const struct session *session, json_t *line)
{
    (void)self;
    if (strncmp(session->sql.database, "postgres", strlen("postgres")) != 0)
        (void)json_object_set_new(line, "store", json_string(session->sql.database));
}

static enum status start_gateway(struct session *session, void **self, struct fault *fault)
{
    return gateway_start(&session->gateway, &session->settings, &session->sql, &session->client, clock_system(),
                         (struct gateway **)self, fault);
}

static bool gateway_ready(void *self)
{
    return gateway_is_ready(self);
}

static bool gateway_alive(void *self, struct fault *fault)
{
    return gateway_is_alive(self, fault);
}

static void stop_gateway(void *self)
{
    gateway_stop(self);
}

static void announce_gateway(void *self, const struct session *session, json_t *line)
{
    (void)json_object_set_new(line, "gateway",
                              json_sprintf("%s://%s:%d", gateway_scheme(self), session->gateway.address,
                                           gateway_port(self)));
}

static enum status start_webhook(struct session *session, void **self, struct fault *fault)
{
    return webhook_start(&session->webhook, &session->client, clock_system(), (struct webhook **)self, fault);
}

static bool webhook_ready(void *self)
{
    return webhook_is_ready(self);
}

static bool webhook_alive(void *self, struct fault *fault)
{
    return webhook_is_alive(self, fault);
}

static void stop_webhook(void *self)
{
    webhook_stop(self);
}

const struct part_row parts[] = {
    {PART_HUB, "hub", start_hub, hub_ready, hub_alive, stop_hub, NULL},
    {PART_STORE, "store", start_store, store_ready, store_alive, stop_store, announce_store},
    {PART_GATEWAY, "gateway", start_gateway, gateway_ready, gateway_alive, stop_gateway, announce_gateway},
    {PART_WEBHOOK, "webhook", start_webhook, webhook_ready, webhook_alive, stop_webhook, NULL},
};
const size_t part_count = sizeof parts / sizeof *parts;
