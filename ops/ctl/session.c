#include "ops/ctl/session.h"

#include "ops/ctl/say.h"

#include "kafka/reader.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_FIRST = 64 * 1024, ARENA_LIMIT = 512 * 1024 * 1024 };

enum exit_code session_open(struct call *call, struct session *session)
{
    struct option_list sets = call->common.sets;
    struct fault fault = {0};

    *session = (struct session){.arena = arena_new(ARENA_FIRST, ARENA_LIMIT)};
    if (session->arena == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    if (call->common.brokers != NULL && sets.count < OPTION_LIST_MAX)
        sets.items[sets.count++] = arena_format(session->arena, "kafka.brokers=%s", call->common.brokers);
    struct conf_source source = {
        .file = call->common.config, .sets = sets.items, .set_count = sets.count, .environment = true};
    const struct conf_table connectors[] = {
        {sql_settings_rows, sql_settings_row_count, &session->sql},
        {gateway_settings_rows, gateway_settings_row_count, &session->gateway},
        {webhook_settings_rows, webhook_settings_row_count, &session->webhook},
    };
    if (settings_load_with(connectors, sizeof connectors / sizeof *connectors, source, &session->settings,
                           &session->client, &session->conf, &fault) != STATUS_OK) {
        arena_free(session->arena);
        *session = (struct session){0};
        (void)say_fault(call, &fault);
        return EXIT_USAGE;
    }
    (void)snprintf(call->kafka, sizeof call->kafka, "%s", session->client.brokers);
    return EXIT_OK;
}

void session_close(struct session *session)
{
    reader_close(session->kept_reader);
    if (session->conf != NULL)
        kafka_client_done(&session->client);
    conf_free(session->conf);
    arena_free(session->arena);
    *session = (struct session){0};
}

struct origin {
    const char *key;
    bool given;
};

static void note_origin(const struct conf_row *row, const char *value, const char *origin, void *context)
{
    struct origin *wanted = context;
    (void)value;

    if (strcmp(row->key, wanted->key) == 0)
        wanted->given = strcmp(origin, "default") != 0;
}

bool session_has(const struct session *session, const char *key)
{
    struct origin wanted = {key, false};

    conf_each(session->conf, note_origin, &wanted);
    return wanted.given;
}

static volatile sig_atomic_t stop_flag; /* a signal handler can reach nothing else */

static void ask_to_stop(int signal_number)
{
    stop_flag = 1;
    (void)signal(signal_number, SIG_DFL);
}

void stop_install(void)
{
    (void)signal(SIGINT, ask_to_stop);
    (void)signal(SIGTERM, ask_to_stop);
    (void)signal(SIGPIPE, SIG_IGN);
}

bool stop_requested(void)
{
    return stop_flag != 0;
}
