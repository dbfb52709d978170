#include "ops/run/service.h"

#include "ops/ctl/say.h"

#include "base/log.h"
#include "flow/hub.h"
#include "flow/monitor.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct service {
    struct call *call;
    struct session *session;
    const struct service_options *options;
    struct hub *hub;
    struct monitor *monitor;
    bool announced;
};

void service_prepare(struct call *call, const struct session *session)
{
    enum log_level level = LOG_LEVEL_INFO;

    (void)call;
    if (log_level_parse(session->settings.log_level, &level))
        log_set_level(level);
    stop_install();
    if (!kafka_library_is_recommended())
        say("librdkafka 版本过旧，建议运行 ops/deps", "librdkafka %s is older than recommended: run ops/deps",
            kafka_library_version());
}

static enum status start_monitor(struct service *service, struct fault *fault)
{
    const struct settings *settings = &service->session->settings;

    if (settings->monitor_port < 0)
        return STATUS_OK;
    return monitor_start(settings->monitor_address, (int)settings->monitor_port, monitor_of_hub(service->hub),
                         &service->monitor, fault);
}

static enum status start(struct service *service, struct fault *fault)
{
    char boot_id[64];

    hub_read_boot_id(boot_id);
    const struct hub_options options = {.domains = domains_all, .clock = clock_system(), .boot_id = boot_id};
    enum status status =
        hub_start(&service->session->settings, &service->session->client, &options, &service->hub, fault);
    return status == STATUS_OK ? start_monitor(service, fault) : status;
}

/* The line that scripts wait for. */
static void announce(struct service *service)
{
    json_t *line = json_pack("{s:s, s:b, s:I}", "brokers", service->session->client.brokers, "embedded",
                             service->options->embedded, "pid", (json_int_t)getpid());

    if (service->monitor != NULL)
        (void)json_object_set_new(line, "monitor",
                                  json_sprintf("http://%s:%d", service->session->settings.monitor_address,
                                               monitor_port(service->monitor)));
    (void)json_dumpf(line, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    json_decref(line);
}

static bool watch(struct service *service, struct fault *fault)
{
    if (!hub_is_alive(service->hub, fault))
        return false;
    if (!service->announced && hub_is_ready(service->hub)) {
        service->announced = true;
        log_info("hub.ready", LOG_STR("brokers", service->session->client.brokers));
        if (service->options->announce)
            announce(service);
    }
    return true;
}

enum exit_code service_run(struct call *call, struct session *session, const struct service_options *options)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    struct service service = {.call = call, .session = session, .options = options};
    struct fault fault = {0};

    bool good = start(&service, &fault) == STATUS_OK;
    while (good && !stop_requested()) {
        good = watch(&service, &fault);
        (void)nanosleep(&pause, NULL);
    }
    monitor_stop(service.monitor);
    hub_stop(service.hub);
    if (!good) {
        log_error("hub.died", LOG_STR("code", fault.code), LOG_STR("text", fault.text));
        return say_fault(call, &fault);
    }
    log_info("hub.stopped");
    return EXIT_OK;
}
