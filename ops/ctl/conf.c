/* conf.c: ctl conf: every setting with its value, where that comes from, and its bounds. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/session.h"

#include <jansson.h>
#include <string.h>

static json_t *bounds_json(const struct conf_row *row)
{
    switch (row->kind) {
    case CONF_INT:
        return json_sprintf("%lld..%lld", (long long)row->min, (long long)row->max);
    case CONF_STRING:
        return row->max == 0 ? json_string("")
                             : json_sprintf("%lld..%lld bytes", (long long)row->min, (long long)row->max);
    case CONF_BOOL:
        return json_string("true|false");
    case CONF_CHOICE:
        return json_string(row->choices);
    }
    return json_null();
}

static void print_row(const struct conf_row *row, const char *value, const char *origin, void *context)
{
    struct output *output = context;

    json_t *json =
        json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s}", "key", row->key, "value", value, "origin", origin,
                  "bounds", bounds_json(row), "default", row->fallback == NULL ? "" : row->fallback, "help",
                  row->help, "helpZh", row->help_zh == NULL ? "" : row->help_zh);
    output_row(output, json);
}

static bool is_secret(const char *key)
{
    return strstr(key, "password") != NULL || strstr(key, "secret") != NULL || strstr(key, "key") != NULL;
}

static void print_free(const char *key, const char *value, void *context)
{
    struct output *output = context;

    json_t *row = json_pack("{s:o, s:s, s:s, s:s}", "key", json_sprintf("%s%s", settings_free_prefix, key),
                            "value", is_secret(key) ? "***" : value, "origin", "given", "help", "librdkafka");
    output_row(output, row);
}

static enum exit_code conf_command(struct call *call)
{
    static const char *const columns[] = {"key", "value", "origin", "bounds", "helpZh", NULL};
    struct session session;

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    struct output *output = output_open(call, columns, false);
    if (output != NULL) {
        conf_each(session.conf, print_row, output);
        conf_each_free(session.conf, print_free, output);
    }
    session_close(&session);
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

/* What a start would say of these settings, without starting anything: for charts and deployment scripts. */
static enum exit_code conf_check_command(struct call *call)
{
    struct session session;

    if (call->argument_count > 0)
        call->common.config = call->arguments[0];
    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    session_close(&session);
    say("设置无误", "the settings are right");
    return EXIT_OK;
}

const struct command command_conf_check = {.words = "ctl conf check",
                                           .arguments = "[FILE]",
                                           .summary_zh = "检查设置文件：未知的键、越界的值、librdkafka 不接受的属性",
                                           .summary = "check settings: unknown keys, values out of bounds, properties that librdkafka refuses",
                                           .arguments_max = 1,
                                           .uses = USES_KAFKA,
                                           .run = conf_check_command};

const struct command command_conf = {.words = "ctl conf",
                                     .arguments = "",
                                     .summary_zh = "列出全部设置：取值、来源、范围",
                                     .summary = "every setting: value, origin, bounds",
                                     .uses = USES_KAFKA | USES_ROWS,
                                     .run = conf_command};
