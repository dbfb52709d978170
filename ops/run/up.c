/* up.c: medhub up: everything in one process for trying out; no server needed. */
#include "ops/ctl/commands.h"
#include "ops/ctl/say.h"
#include "ops/run/service.h"

#include "base/log.h"
#include "kafka/embedded.h"
#include "kafka/topics.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct up {
    struct call *call;
    struct session session;
    struct embedded *embedded;
    char *folder; /* temporary: the embedded broker forgets, so must everything that follows it */
};

static enum status create_embedded_topics(struct up *up, struct fault *fault)
{
    struct topics topics;

    enum status status = topics_shipped(up->session.arena, &topics, fault);
    for (size_t i = 0; i < topics.count && status == STATUS_OK; i++)
        status = embedded_topic(up->embedded, topics.rows[i].name, topics.rows[i].partitions, fault);
    return status;
}

static enum status make_folder(struct up *up, struct fault *fault)
{
    const char *temporary = getenv("TMPDIR");

    up->folder = arena_format(up->session.arena, "%s/medhub-up-XXXXXX", temporary == NULL ? "/tmp" : temporary);
    if (up->folder == NULL || mkdtemp(up->folder) == NULL) {
        int cause = errno;
        up->folder = NULL;
        return fault_fatal(fault, "state.directory", "no temporary folder: %s", strerror(cause));
    }
    return STATUS_OK;
}

/* What nobody has set lies in the temporary folder. */
static enum status put_into_folder(struct up *up, struct fault *fault)
{
    struct session *session = &up->session;
    const struct {
        const char *key, *name;
        const char **value;
    } places[] = {
        {"state.directory", "state", &session->settings.state_directory},
        {"store.database", "medhub.sqlite", &session->sql.database},
        {"gateway.directory", "gateway", &session->gateway.directory},
        {"webhook.directory", "webhook", &session->webhook.directory},
    };

    enum status status = make_folder(up, fault);
    for (size_t i = 0; i < sizeof places / sizeof *places && status == STATUS_OK; i++) {
        if (session_has(session, places[i].key))
            continue;
        *places[i].value = arena_format(session->arena, "%s/%s", up->folder, places[i].name);
        if (*places[i].value == NULL)
            status = fault_fatal(fault, "memory.out", "no memory for a path");
    }
    return status;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status, (void)flag, (void)place;
    return remove(path);
}

static enum status use_embedded(struct up *up, struct fault *fault)
{
    enum status status = embedded_start(1, &up->embedded, fault);
    if (status != STATUS_OK)
        return status;
    up->session.client.brokers = embedded_brokers(up->embedded);
    up->session.client.embedded = true;
    up->session.settings.kafka_brokers = up->session.client.brokers;
    if (!session_has(&up->session, "hub.workers"))
        up->session.settings.hub_workers = 1; /* a second member costs its rebalance eight seconds here */
    if (!session_has(&up->session, "gateway.port"))
        up->session.gateway.port = 0;
    say("内嵌 Kafka 仅供试用：数据在内存中，无事务隔离，退出即丢失",
        "the embedded broker is for trying out: in memory, no transaction isolation, gone at the end");
    status = create_embedded_topics(up, fault);
    return status == STATUS_OK ? put_into_folder(up, fault) : status;
}

static enum status use_cluster(struct up *up, struct fault *fault)
{
    struct topics wanted;
    struct topics_seen seen;
    struct topics_plan plan = {0};
    struct arena *arena = up->session.arena;

    enum status status = topics_shipped(arena, &wanted, fault);
    if (status == STATUS_OK)
        status = topics_describe(&up->session.client, &wanted, SESSION_TIMEOUT_MS, arena, &seen, fault);
    if (status == STATUS_OK)
        status = topics_plan(&wanted, &seen, arena, &plan, fault);
    return status == STATUS_OK ? topics_apply(&up->session.client, &plan, SESSION_TIMEOUT_MS, fault) : status;
}

static enum exit_code up_command(struct call *call)
{
    struct up up = {.call = call};
    struct fault fault = {0};

    enum exit_code result = session_open(call, &up.session);
    if (result != EXIT_OK)
        return result;
    service_prepare(call, &up.session);
    bool embedded = !session_has(&up.session, "kafka.brokers");
    if (embedded && !session_has(&up.session, "log.level"))
        log_set_level(LOG_LEVEL_WARN); /* somebody tries it out at a terminal */
    enum status status = embedded ? use_embedded(&up, &fault) : use_cluster(&up, &fault);
    if (status != STATUS_OK) {
        result = say_fault(call, &fault);
    } else {
        const struct service_options options = {.parts = PART_ALL, .embedded = embedded, .announce = true};
        result = service_run(call, &up.session, &options);
    }
    if (up.folder != NULL)
        (void)nftw(up.folder, remove_entry, 16,
                   FTW_DEPTH | FTW_PHYS); /* ignoring: it is temporary */
    embedded_stop(up.embedded);
    session_close(&up.session);
    return result;
}

const struct command command_up = {
    .words = "up",
    .arguments = "",
    .summary_zh = "试用：内嵌 Kafka、枢纽、网关、查询库、推送在同一进程中运行",
    .summary = "try it out: an embedded broker, hub, gateway, store and webhooks in one process",
    .details =
        "With --brokers (or kafka.brokers in the file) it uses that Kafka and creates the topics there.\n"
        "Without, nothing is kept: the database and all copies lie in a temporary folder, the gateway takes any free port.\n"
        "Prints one JSON line with its addresses when it is ready, and, unless -q, lines to paste into the next terminal;\n"
        "without a Kafka of its own it logs warnings only (-s log.level=info for more).",
    .uses = USES_KAFKA,
    .run = up_command};
