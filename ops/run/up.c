/* up.c: medhub up: everything in one process for trying out; no server needed. */
#include "ops/ctl/commands.h"
#include "ops/ctl/say.h"
#include "ops/run/service.h"

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
    char *state_directory; /* temporary: the embedded broker forgets, so must the store */
};

static enum status create_embedded_topics(struct up *up, struct fault *fault)
{
    struct topics topics;

    enum status status = topics_shipped(up->session.arena, &topics, fault);
    for (size_t i = 0; i < topics.count && status == STATUS_OK; i++)
        status = embedded_topic(up->embedded, topics.rows[i].name, topics.rows[i].partitions, fault);
    return status;
}

static enum status make_state_directory(struct up *up, struct fault *fault)
{
    const char *temporary = getenv("TMPDIR");

    up->state_directory =
        arena_format(up->session.arena, "%s/medhub-up-XXXXXX", temporary == NULL ? "/tmp" : temporary);
    if (up->state_directory == NULL || mkdtemp(up->state_directory) == NULL) {
        int cause = errno;
        up->state_directory = NULL;
        return fault_fatal(fault, "state.directory", "no temporary folder for the state: %s",
                           strerror(cause));
    }
    up->session.settings.state_directory = up->state_directory;
    return STATUS_OK;
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
    say("内嵌 Kafka 仅供试用：数据在内存中，无事务隔离，退出即丢失",
        "the embedded broker is for trying out: in memory, no transaction isolation, gone at the end");
    status = create_embedded_topics(up, fault);
    return status == STATUS_OK ? make_state_directory(up, fault) : status;
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
    enum status status = embedded ? use_embedded(&up, &fault) : use_cluster(&up, &fault);
    if (status != STATUS_OK) {
        result = say_fault(call, &fault);
    } else {
        const struct service_options options = {.parts = PART_HUB, .embedded = embedded, .announce = true};
        result = service_run(call, &up.session, &options);
    }
    if (up.state_directory != NULL)
        (void)nftw(up.state_directory, remove_entry, 16,
                   FTW_DEPTH | FTW_PHYS); /* ignoring: it is temporary */
    embedded_stop(up.embedded);
    session_close(&up.session);
    return result;
}

const struct command command_up = {
    .words = "up",
    .arguments = "",
    .summary_zh = "试用：内嵌 Kafka 与枢纽在同一进程中运行",
    .summary = "try it out: an embedded broker and the hub in one process",
    .details =
        "With --brokers (or kafka.brokers in the file) it uses that Kafka and creates the topics there.\n"
        "Prints one JSON line with its addresses when it is ready.",
    .uses = USES_KAFKA,
    .run = up_command};
