#include "ops/run/service.h"

#include "ops/ctl/say.h"
#include "ops/run/part.h"

#include "base/log.h"
#include "flow/hub.h"
#include "flow/monitor.h"
#include "kafka/topics.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { PARTS_MAX = 8 };

struct service {
    struct call *call;
    struct session *session;
    const struct service_options *options;
    void *running[PARTS_MAX]; /* beside parts[]; NULL: not asked for, or not started */
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

enum exit_code service_check_topics(struct call *call, struct session *session)
{
    struct topics wanted;
    struct topics_seen seen;
    struct topics_plan plan = {0};
    struct fault fault = {0};

    enum status status = topics_shipped(session->arena, &wanted, &fault);
    if (status == STATUS_OK)
        status = topics_describe(&session->client, &wanted, SESSION_TIMEOUT_MS, session->arena, &seen, &fault);
    if (status == STATUS_OK)
        status = topics_plan(&wanted, &seen, session->arena, &plan, &fault);
    if (status != STATUS_OK)
        return say_fault(call, &fault);
    if (topics_plan_blocking(&plan) > 0)
        return say_refusal(call, EXIT_FAILED, "topics.missing",
                           "主题缺少或分区数不符，请先运行 medhub ctl topics apply",
                           "%zu topics are missing or have other partitions: run `medhub ctl topics apply` first",
                           topics_plan_blocking(&plan));
    if (plan.count > 0)
        say("主题设置与要求不同，可运行 medhub ctl topics plan 查看",
            "%zu settings of topics differ: see `medhub ctl topics plan`", plan.count);
    return EXIT_OK;
}

/* ---- health, as the monitor asks for it ---- */

static bool all_alive(void *self, struct fault *fault)
{
    struct service *service = self;

    for (size_t i = 0; i < part_count; i++)
        if (service->running[i] != NULL && !parts[i].is_alive(service->running[i], fault))
            return false;
    return true;
}

static bool all_ready(void *self)
{
    struct service *service = self;

    for (size_t i = 0; i < part_count; i++)
        if (service->running[i] != NULL && !parts[i].is_ready(service->running[i]))
            return false;
    return true;
}

static uint64_t table_rows(void *self, const char *table)
{
    struct service *service = self;

    return service->running[0] == NULL ? 0 : hub_table_rows(service->running[0], table);
}

/* ---- start and end ---- */

static enum status start_monitor(struct service *service, struct fault *fault)
{
    const struct settings *settings = &service->session->settings;
    const struct monitor_subject subject = {all_alive, all_ready, table_rows, service};

    if (settings->monitor_port < 0)
        return STATUS_OK;
    return monitor_start(settings->monitor_address, (int)settings->monitor_port, subject, &service->monitor, fault);
}

static enum status start(struct service *service, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < part_count && status == STATUS_OK; i++)
        if ((service->options->parts & parts[i].part) != 0)
            status = parts[i].start(service->session, &service->running[i], fault);
    return status == STATUS_OK ? start_monitor(service, fault) : status;
}

static void stop(struct service *service)
{
    monitor_stop(service->monitor);
    for (size_t i = part_count; i-- > 0;)
        if (service->running[i] != NULL)
            parts[i].stop(service->running[i]);
}

/* What a person pastes into the next terminal, so that every command below finds this hub. */
static void tell_person(const json_t *line)
{
    static const struct {
        const char *name, *variable;
    } rows[] = {{"brokers", "MEDHUB_KAFKA_BROKERS"}, {"store", "MEDHUB_STORE_DATABASE"}, {"gateway", "HUB"}};

    say("已就绪；请把以下几行粘贴到下一个终端（Ctrl-C 结束）", "ready; paste these lines into the next terminal (Ctrl-C ends it)");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *value = json_string_value(json_object_get(line, rows[i].name));
        if (value != NULL)
            (void)fprintf(stderr, "export %s=%s\n", rows[i].variable, value);
    }
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
    for (size_t i = 0; i < part_count; i++)
        if (service->running[i] != NULL && parts[i].announce != NULL)
            parts[i].announce(service->running[i], service->session, line);
    (void)json_dumpf(line, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    if (service->options->parts == PART_ALL && !service->call->common.quiet)
        tell_person(line);
    json_decref(line);
}

static bool watch(struct service *service, struct fault *fault)
{
    if (!all_alive(service, fault))
        return false;
    if (!service->announced && all_ready(service)) {
        service->announced = true;
        log_info("service.ready", LOG_STR("brokers", service->session->client.brokers));
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
    stop(&service);
    if (!good) {
        log_error("service.died", LOG_STR("code", fault.code), LOG_STR("text", fault.text));
        return say_fault(call, &fault);
    }
    log_info("service.stopped");
    return EXIT_OK;
}
