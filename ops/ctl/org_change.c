/* org_change.c: ctl org change ORG: the event with which a registrar gives an organisation a key or an address for webhooks, with
 * everything else as the registry has it today. */
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/org_candidate.h"
#include "ops/ctl/say.h"

#include "base/clock.h"
#include "base/date.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES_MAX = 64 * 1024 * 1024 };

struct change_options {
    struct option_list keys, endpoints;
    const char *effective, *document, *reason;
    bool private_network;
};

struct change {
    struct call *call;
    const struct change_options *options;
    json_t *organisation; /* as it will be */
    const char *day;
};

/* ITEM in LIST in the place of what has its id, else at the end. Takes ITEM. */
static void put_by_id(json_t *organisation, const char *list, json_t *item)
{
    const char *id = json_string_value(json_object_get(item, "id"));
    json_t *items = json_object_get(organisation, list);

    if (items == NULL) {
        items = json_array();
        (void)json_object_set_new(organisation, list, items);
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        const char *other = json_string_value(json_object_get(json_array_get(items, i), "id"));
        if (other != NULL && strcmp(other, id) == 0) {
            (void)json_array_set_new(items, i, item);
            return;
        }
    }
    (void)json_array_append_new(items, item);
}

static enum exit_code add_key(struct change *change, const char *path)
{
    json_error_t error;
    json_t *key = strcmp(path, "-") == 0 ? json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &error) : json_load_file(path, 0, &error);

    if (!json_is_string(json_object_get(key, "id")) || json_object_get(key, "algorithm") == NULL) {
        json_decref(key);
        return say_refusal(change->call, EXIT_USAGE, "key.line", "须为 medhub ctl key new 输出的一行",
                           "%s is not the line that `medhub ctl key new` or `key show` prints", path);
    }
    put_by_id(change->organisation, "keys", key);
    return EXIT_OK;
}

static enum exit_code add_endpoint(struct change *change, const char *text)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text)
        return say_refusal(change->call, EXIT_USAGE, "usage", "推送地址的写法为 编号=地址", "--endpoint takes ID=URL, not %s", text);
    json_t *endpoint = json_pack("{s:s%, s:s}", "id", text, (size_t)(equals - text), "url", equals + 1);
    if (change->options->private_network)
        (void)json_object_set_new(endpoint, "privateNetwork", json_true());
    put_by_id(change->organisation, "endpoints", endpoint);
    return EXIT_OK;
}

static enum exit_code print_event(const struct change *change, const char *operator_id)
{
    const struct change_options *options = change->options;
    const char *id = change->call->arguments[0];
    json_t *data = json_pack("{s:s, s:O, s:s, s:s*, s:s*}", "organisationId", id, "organisation", change->organisation,
                             "effectiveOn", change->day, "document", options->document, "reason", options->reason);
    json_t *event =
        json_pack("{s:s, s:o, s:s, s:s, s:s, s:o}", "specversion", "1.0", "id",
                  json_sprintf("org-change-%s-%" PRId64, id, clock_now_ms(clock_system())), "source", operator_id, "type",
                  "medhub.registry.organisation_changed.v1", "subject", id, "data", data);
    bool written = json_dumpf(event, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;

    json_decref(event);
    return written ? EXIT_OK : EXIT_FAILED;
}

/* The registry's row as the JSON that the event takes: what events of their own change is left out. */
static json_t *row_json(const Organisation *organisation, struct arena *arena)
{
    size_t length = protobuf_c_message_get_packed_size(&organisation->base);
    uint8_t *packed = arena_take(arena, length);
    if (packed == NULL)
        return NULL;
    (void)protobuf_c_message_pack(&organisation->base, packed);
    json_t *json =
        decode_json(schema_of(organisation->base.descriptor), bytes_from(packed, length), SENSITIVITY_ALL, arena);
    (void)json_object_del(json, "licences");
    return json;
}

static enum exit_code change_row(struct change *change, struct session *session, struct arena *arena)
{
    struct call *call = change->call;
    struct candidate candidate;
    struct fault fault = {0};

    if (candidate_look_up(session, call->arguments[0], arena, &candidate, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    if (candidate.organisation == NULL)
        return say_refusal(call, EXIT_NOT_FOUND, "organisation.unknown", "该机构今日未登记", "%s is not in the registry today",
                           call->arguments[0]);
    change->organisation = row_json(candidate.organisation, arena);
    if (change->organisation == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    (void)json_object_set_new(change->organisation, "validFrom", json_string(change->day));
    enum exit_code result = EXIT_OK;
    for (size_t i = 0; i < change->options->keys.count && result == EXIT_OK; i++)
        result = add_key(change, change->options->keys.items[i]);
    for (size_t i = 0; i < change->options->endpoints.count && result == EXIT_OK; i++)
        result = add_endpoint(change, change->options->endpoints.items[i]);
    if (result == EXIT_OK)
        result = print_event(change, session->settings.hub_operator);
    json_decref(change->organisation);
    return result;
}

static enum exit_code change_command(struct call *call)
{
    char today[DATE_TEXT_BYTES];
    const struct change_options *options = call->options;
    struct change change = {.call = call, .options = options, .day = options->effective};
    struct session session;

    if (change.day == NULL)
        change.day = date_format(date_in_china(clock_now_ms(clock_system())), today);
    if (date_parse(bytes_of(change.day)) == DATE_NONE)
        return say_refusal(call, EXIT_USAGE, "usage", "日期须为 YYYY-MM-DD", "--effective is YYYY-MM-DD");
    if (options->keys.count + options->endpoints.count == 0)
        return say_refusal(call, EXIT_USAGE, "usage", "没有要变更的内容", "nothing is to be changed: --key or --endpoint");
    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    struct arena *arena = arena_new(64 * 1024, ARENA_BYTES_MAX);
    result = arena == NULL ? say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory")
                           : change_row(&change, &session, arena);
    arena_free(arena);
    session_close(&session);
    return result;
}

#define CHANGE(member) offsetof(struct change_options, member)
static const struct option change_options[] = {
    {"key", 'k', OPTION_LIST, CHANGE(keys), "FILE|-", "the line that `key new` or `key show` printed; one of the same id is replaced",
     "key new 或 key show 输出的一行；同编号者被替换", 0, 0},
    {"endpoint", 0, OPTION_LIST, CHANGE(endpoints), "ID=URL", "where deliveries are sent by webhook; one of the same id is replaced",
     "推送地址；同编号者被替换", 0, 0},
    {"private-network", 0, OPTION_FLAG, CHANGE(private_network), NULL, "these addresses may lie in a private network",
     "推送地址可位于内网", 0, 0},
    {"effective", 0, OPTION_TEXT, CHANGE(effective), "YYYY-MM-DD", "from that day on; today", "生效日，默认今天", 0, 0},
    {"document", 0, OPTION_TEXT, CHANGE(document), "TEXT", "what it stands on", "依据文件", 0, 0},
    {"reason", 0, OPTION_TEXT, CHANGE(reason), "TEXT", "why", "事由", 0, 0},
};

const struct command command_org_change = {
    .words = "ctl org change",
    .arguments = "ORG",
    .summary_zh = "为机构登记密钥或推送地址，输出可提交的事件",
    .summary = "the event that gives an organisation a key or an address for webhooks, for `ctl submit`",
    .details = "Everything else stays as the registry has it today. The event is printed, for `medhub ctl submit`:\n"
               "  medhub ctl org change P44010000021 --key pharmacy.json --reason 'first key' | medhub ctl submit",
    .options = change_options,
    .option_count = sizeof change_options / sizeof *change_options,
    .options_size = sizeof(struct change_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .uses = USES_KAFKA,
    .run = change_command,
};
