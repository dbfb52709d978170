/* session.h: what a command needs to talk to a hub's cluster: settings, client, an arena. */
#ifndef CTL_SESSION_H
#define CTL_SESSION_H

#include "ops/ctl/command.h"

#include "base/arena.h"
#include "flow/settings.h"
#include "gateway/settings.h"
#include "store/settings.h"
#include "webhook/settings.h"

struct session {
    struct settings settings;
    struct sql_settings sql;
    struct gateway_settings gateway;
    struct webhook_settings webhook;
    struct kafka_client client;
    struct conf *conf;
    struct arena *arena;        /* lives as long as the session */
    struct reader *kept_reader; /* of records that a command holds on to */
};

enum { SESSION_TIMEOUT_MS = 15000 };

/* Loads the settings with --config, --set, --brokers and the environment. Says what is wrong. */
enum exit_code session_open(struct call *call, struct session *session);
void session_close(struct session *session);
/* True if somebody gave the setting (file, environment, --set, --brokers), so that it is not the default. */
bool session_has(const struct session *session, const char *key);

/* SIGINT and SIGTERM ask the process to end; the second one ends it. */
void stop_install(void);
bool stop_requested(void);

#endif
