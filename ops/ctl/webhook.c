/* webhook.c: ctl webhook list | show | pause | resume | parked | redrive: where endpoints stand, and what operators want of
 * them. All of it is read from Kafka; wishes go as records to the process that serves the endpoint. */
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"

#include "base/log.h"
#include "event/pack.h"
#include "event/unpack.h"
#include "kafka/publisher.h"
#include "kafka/reader.h"
#include "webhook/feeder.h"
#include "webhook/journal.h"

#include "medhub/webhook/v1/webhook.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

typedef Medhub__Webhook__V1__EndpointState EndpointState;
typedef Medhub__Webhook__V1__ParkedDelivery ParkedDelivery;
typedef Medhub__Webhook__V1__Control Control;
typedef Medhub__Webhook__V1__DeliveryPlace DeliveryPlace;

enum { PLACES_PER_WISH = 200, WISHES_MAX = 1000, ARENA_LIMIT = 1024 * 1024 * 1024, SEND_TIMEOUT_MS = 30000 };

/* ---- compacted topics ---- */

struct latest { /* the last record of a key; message NULL: a tombstone */
    char *key;
    ProtobufCMessage *message;
    UT_hash_handle hh;
};

struct gathered {
    struct arena *arena;
    const struct message_facts *facts;
    const char *prefix; /* keys that begin so; NULL: all */
    struct latest *all; /* uthash, by key */
    bool failed;
};

static bool gather(void *self, struct record *record)
{
    struct gathered *gathered = self;
    struct latest *latest = NULL;
    struct fault fault; /* ignoring: what cannot be read is nobody's record */
    char *key = arena_text(gathered->arena, record->key);

    gathered->failed = key == NULL;
    if (key == NULL || (gathered->prefix != NULL && strncmp(key, gathered->prefix, strlen(gathered->prefix)) != 0))
        return !gathered->failed;
    HASH_FIND_STR(gathered->all, key, latest);
    if (latest == NULL) {
        latest = arena_take_zeroed(gathered->arena, sizeof *latest);
        gathered->failed = latest == NULL;
        if (latest == NULL)
            return false;
        latest->key = key;
        HASH_ADD_KEYPTR(hh, gathered->all, latest->key, strlen(latest->key), latest);
    }
    latest->message = NULL;
    if (record->value.data != NULL)
        (void)!unpack_message(gathered->facts, record->value, gathered->arena, &latest->message, &fault);
    return true;
}

static int by_key(const struct latest *left, const struct latest *right)
{
    return strcmp(left->key, right->key);
}

static enum exit_code gather_topic(struct call *call, struct session *session, const char *topic, struct gathered *gathered)
{
    const struct scan_request request = {.topics = &topic, .topic_count = 1, .since_ms = -1, .until_ms = -1};
    struct fault fault = {0};

    gathered->arena = arena_new(256 * 1024, ARENA_LIMIT);
    if (gathered->arena == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    if (scan_topics(session, &request, gather, gathered, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    if (gathered->failed)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    HASH_SORT(gathered->all, by_key);
    return EXIT_OK;
}

static void gathered_done(struct gathered *gathered)
{
    HASH_CLEAR(hh, gathered->all);
    arena_free(gathered->arena);
}

static enum exit_code gather_states(struct call *call, struct session *session, struct gathered *gathered)
{
    *gathered = (struct gathered){.facts = schema_of(&medhub__webhook__v1__endpoint_state__descriptor)};
    return gather_topic(call, session, TOPIC_WEBHOOK_STATE, gathered);
}

static enum exit_code unknown_endpoint(struct call *call)
{
    return say_refusal(call, EXIT_NOT_FOUND, "webhook.endpoint", "没有这个端点（应为 机构/端点）",
                       "no endpoint %s (ORGANISATION/ENDPOINT)", call->arguments[0]);
}

/* ---- list, show ---- */

enum { PARTITIONS_MAX = 256 };
struct ends {
    int64_t offset[PARTITIONS_MAX];
    int32_t count;
};

static enum status read_ends(struct session *session, struct ends *ends, struct fault *fault)
{
    struct reader *reader = NULL;
    int64_t low = 0;
    enum status status = reader_open(&session->client, true, &reader, fault);

    ends->count = 0;
    if (status == STATUS_OK)
        status = reader_partition_count(reader, TOPIC_DELIVERY, SESSION_TIMEOUT_MS, &ends->count, fault);
    for (int32_t i = 0; status == STATUS_OK && i < ends->count && i < PARTITIONS_MAX; i++)
        status = reader_watermarks(reader, TOPIC_DELIVERY, i, SESSION_TIMEOUT_MS, &low, &ends->offset[i], fault);
    reader_close(reader);
    return status;
}

static const char *pause_name(Medhub__Webhook__V1__PauseReason reason)
{
    static const char *const names[] = {"", "operator", "gone"};
    return (unsigned)reason < sizeof names / sizeof *names ? names[reason] : "?";
}

static const char *breaker_name(const EndpointState *state)
{
    const struct breaker breaker = {.failures = state->failures, .until_ms = state->breaker_until_ms};
    return breaker_state_name(breaker_state(&breaker, clock_now_ms(clock_system())));
}

/* Records of medhub.delivery, anybody's, that the endpoint's process has not looked at yet for it, as of its last state. */
static int64_t behind(const EndpointState *state, const struct ends *ends)
{
    int64_t sum = 0;

    for (int32_t i = 0; i < ends->count && (size_t)i < state->n_next_offset; i++)
        sum += ends->offset[i] > state->next_offset[i] ? ends->offset[i] - state->next_offset[i] : 0;
    return sum;
}

static json_t *state_json(const char *name, const EndpointState *state, const struct ends *ends)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:b}", "endpoint", name, "breaker", breaker_name(state), "paused",
                            pause_name(state->paused), "reason", state->pause_text, "proved",
                            state->proved_url.len > 0);

    (void)json_object_set_new(row, "open", json_integer((json_int_t)state->n_open));
    (void)json_object_set_new(row, "behind", json_integer(behind(state, ends)));
    (void)json_object_set_new(row, "delivered", json_integer((json_int_t)state->delivered));
    (void)json_object_set_new(row, "setaside", json_integer((json_int_t)state->set_aside));
    (void)json_object_set_new(row, "oldest", state->oldest_ms == 0 ? json_null() : decode_moment(state->oldest_ms));
    (void)json_object_set_new(row, "written", decode_moment(state->written_ms));
    return row;
}

static const char *const list_columns[] = {"endpoint", "breaker", "paused", "proved", "open", "behind", "delivered",
                                           "setaside", "oldest", NULL};

static enum exit_code print_states(struct call *call, const struct gathered *gathered, const struct ends *ends)
{
    struct output *output = output_open(call, list_columns, false);

    for (const struct latest *each = gathered->all; each != NULL; each = each->hh.next)
        if (each->message != NULL)
            output_row(output, state_json(each->key, (const EndpointState *)each->message, ends));
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

/* Opens the session, reads all states and the ends of the deliveries. */
static enum exit_code look(struct call *call, struct session *session, struct gathered *gathered, struct ends *ends)
{
    struct fault fault = {0};

    enum exit_code result = session_open(call, session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    result = gather_states(call, session, gathered);
    if (result == EXIT_OK && read_ends(session, ends, &fault) != STATUS_OK)
        result = say_fault(call, &fault);
    return result;
}

static enum exit_code list_command(struct call *call)
{
    struct session session = {0};
    struct gathered gathered = {0};
    struct ends ends = {0};

    enum exit_code result = look(call, &session, &gathered, &ends);
    if (result == EXIT_OK)
        result = print_states(call, &gathered, &ends);
    gathered_done(&gathered);
    session_close(&session);
    return result;
}

static json_t *open_json(const EndpointState *state)
{
    json_t *list = json_array();

    for (size_t i = 0; i < state->n_open; i++) {
        const Medhub__Webhook__V1__Open *open = state->open[i];
        json_t *row = json_pack("{s:i, s:I, s:i}", "partition", open->partition, "offset", (json_int_t)open->offset,
                                "attempts", (int)open->attempts);
        (void)json_object_set_new(row, "due", open->due_ms == 0 ? json_null() : decode_moment(open->due_ms));
        (void)json_array_append_new(list, row);
    }
    return list;
}

static const EndpointState *find_state(const struct gathered *gathered, const char *name)
{
    struct latest *found = NULL;

    HASH_FIND_STR(gathered->all, name, found);
    return found == NULL ? NULL : (const EndpointState *)found->message;
}

static enum exit_code show_command(struct call *call)
{
    struct session session = {0};
    struct gathered gathered = {0};
    struct ends ends = {0};

    enum exit_code result = look(call, &session, &gathered, &ends);
    const EndpointState *state = result == EXIT_OK ? find_state(&gathered, call->arguments[0]) : NULL;
    if (result == EXIT_OK && state == NULL)
        result = unknown_endpoint(call);
    if (state != NULL) {
        json_t *row = state_json(call->arguments[0], state, &ends);
        (void)json_object_set_new(row, "openlist", open_json(state));
        result = output_object(call, row) ? EXIT_OK : EXIT_FAILED;
    }
    gathered_done(&gathered);
    session_close(&session);
    return result;
}

/* ---- wishes ---- */

struct sending {
    size_t failed;
    struct fault fault;
};

static void sent(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    struct sending *sending = self;
    (void)context, (void)partition, (void)offset;

    if (fault == NULL)
        return;
    sending->failed++;
    sending->fault = *fault;
}

static bool split_name(struct session *session, const char *name, Control *control)
{
    const char *slash = strchr(name, '/');

    if (slash == NULL || slash == name || slash[1] == '\0')
        return false;
    control->organisation = arena_text(session->arena, bytes_from(name, (size_t)(slash - name)));
    control->endpoint = arena_text(session->arena, bytes_of(slash + 1));
    return control->organisation != NULL && control->endpoint != NULL;
}

static enum status publish(struct session *session, const char *name, Control *const *controls, size_t count,
                           struct sending *sending, struct fault *fault)
{
    const struct publisher_settings how = {
        .messages_max = 10000, .delivery_timeout_ms = SEND_TIMEOUT_MS, .linger_ms = 0, .compression = "none"};
    struct publisher *publisher = NULL;

    enum status status = publisher_open(&session->client, &how, sent, sending, &publisher, fault);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = publisher_send(publisher, TOPIC_WEBHOOK_CONTROL, bytes_of(name),
                                pack_message(&controls[i]->base, session->arena), NULL, NULL, fault);
    if (status == STATUS_OK)
        status = publisher_flush(publisher, SEND_TIMEOUT_MS, fault);
    publisher_close(publisher);
    return status;
}

static enum exit_code send_wishes(struct call *call, struct session *session, Control *const *controls, size_t count)
{
    struct sending sending = {0};
    struct fault fault = {0};

    if (publish(session, call->arguments[0], controls, count, &sending, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    return sending.failed > 0 ? say_fault(call, &sending.fault) : EXIT_OK;
}

struct wish_options {
    const char *reason;
};

static enum exit_code ask(struct call *call, Medhub__Webhook__V1__Wish wish)
{
    const struct wish_options *options = call->options;
    struct session session = {0};
    struct gathered gathered = {0};
    Control control = MEDHUB__WEBHOOK__V1__CONTROL__INIT, *controls[] = {&control};

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    result = gather_states(call, &session, &gathered);
    if (result == EXIT_OK && (find_state(&gathered, call->arguments[0]) == NULL ||
                              !split_name(&session, call->arguments[0], &control)))
        result = unknown_endpoint(call);
    control.wish = wish;
    control.reason = (char *)(uintptr_t)(options->reason == NULL ? "" : options->reason);
    control.asked_at_ms = clock_now_ms(clock_system());
    if (result == EXIT_OK)
        result = send_wishes(call, &session, controls, 1);
    if (result == EXIT_OK)
        say_progress(call, "已交给连接器", "handed to the connector; see `medhub ctl webhook show %s`", call->arguments[0]);
    gathered_done(&gathered);
    session_close(&session);
    return result;
}

static enum exit_code pause_command(struct call *call)
{
    const struct wish_options *options = call->options;

    if (options->reason == NULL)
        return say_refusal(call, EXIT_NOT_ALLOWED, "pause.reason", "暂停须用 --reason 说明理由",
                           "a pause needs --reason TEXT");
    log_warn("audit.webhook_pause", LOG_STR("endpoint", call->arguments[0]), LOG_STR("reason", options->reason));
    return ask(call, MEDHUB__WEBHOOK__V1__WISH__WISH_PAUSE);
}

static enum exit_code resume_command(struct call *call)
{
    return ask(call, MEDHUB__WEBHOOK__V1__WISH__WISH_RESUME);
}

/* ---- the parked list ---- */

struct parked_options {
    const char *code, *type;
    struct option_list ids;
    int64_t expect_count;
    bool dry_run, yes;
};

static bool is_wanted(const struct parked_options *options, const ParkedDelivery *parked)
{
    bool named = options->ids.count == 0;

    for (size_t i = 0; !named && i < options->ids.count; i++)
        named = strcmp(options->ids.items[i], parked->id) == 0;
    return named && (options->code == NULL || strcmp(options->code, parked->code) == 0) &&
           (options->type == NULL || decode_type_is(parked->type, options->type));
}

static enum exit_code gather_parked(struct call *call, struct session *session, struct gathered *gathered)
{
    *gathered = (struct gathered){.facts = schema_of(&medhub__webhook__v1__parked_delivery__descriptor)};
    gathered->prefix = arena_format(session->arena, "%s/", call->arguments[0]);
    return gather_topic(call, session, TOPIC_WEBHOOK_PARKED, gathered);
}

static json_t *parked_row(const ParkedDelivery *parked, const char *outcome)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:i, s:i}", "id", parked->id, "source", parked->source, "type",
                            parked->type, "code", parked->code, "partition", parked->delivery_partition, "offset",
                            (json_int_t)parked->delivery_offset, "attempts", (int)parked->attempts, "http",
                            (int)parked->http_status);

    (void)json_object_set_new(row, "first", decode_moment(parked->first_try_ms));
    (void)json_object_set_new(row, "parked", decode_moment(parked->parked_at_ms));
    if (outcome != NULL)
        (void)json_object_set_new(row, "outcome", json_string(outcome));
    return row;
}

/* The wanted ones, in the order in which they were delivered, so that a key's go again in order. */
struct chosen {
    const ParkedDelivery **items;
    size_t count;
};

static int by_place(const void *left, const void *right)
{
    const ParkedDelivery *a = *(const ParkedDelivery *const *)left, *b = *(const ParkedDelivery *const *)right;

    if (a->delivery_partition != b->delivery_partition)
        return a->delivery_partition < b->delivery_partition ? -1 : 1;
    return (a->delivery_offset > b->delivery_offset) - (a->delivery_offset < b->delivery_offset);
}

static bool choose(const struct gathered *gathered, const struct parked_options *options, struct chosen *chosen)
{
    chosen->count = 0;
    chosen->items = arena_take(gathered->arena, (HASH_COUNT(gathered->all) + 1) * sizeof *chosen->items);
    if (chosen->items == NULL)
        return false;
    for (const struct latest *each = gathered->all; each != NULL; each = each->hh.next)
        if (each->message != NULL && is_wanted(options, (const ParkedDelivery *)each->message))
            chosen->items[chosen->count++] = (const ParkedDelivery *)each->message;
    qsort(chosen->items, chosen->count, sizeof(const ParkedDelivery *), by_place);
    return true;
}

static const char *const parked_columns[] = {"id", "source", "type", "code", "attempts", "parked", NULL};
static const char *const redrive_columns[] = {"outcome", "id", "source", "type", "code", "parked", NULL};

static enum exit_code print_chosen(struct call *call, const struct chosen *chosen, const char *outcome)
{
    struct output *output = output_open(call, outcome == NULL ? parked_columns : redrive_columns, false);

    for (size_t i = 0; i < chosen->count; i++)
        output_row(output, parked_row(chosen->items[i], outcome));
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code open_parked(struct call *call, struct session *session, struct gathered *gathered,
                                  struct chosen *chosen)
{
    enum exit_code result = session_open(call, session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    result = gather_parked(call, session, gathered);
    if (result == EXIT_OK && !choose(gathered, call->options, chosen))
        result = say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    return result;
}

static enum exit_code parked_command(struct call *call)
{
    struct session session = {0};
    struct gathered gathered = {0};
    struct chosen chosen = {0};

    enum exit_code result = open_parked(call, &session, &gathered, &chosen);
    if (result == EXIT_OK)
        result = print_chosen(call, &chosen, NULL);
    gathered_done(&gathered);
    session_close(&session);
    return result;
}

static enum exit_code confirm(struct call *call, size_t count)
{
    const struct parked_options *options = call->options;
    char answer[8] = "";

    if (options->expect_count >= 0 && (uint64_t)options->expect_count != count)
        return say_refusal(call, EXIT_PRECONDITION, "webhook.count", "数量与 --expect-count 不符",
                           "there are %zu deliveries, expected %" PRId64, count, options->expect_count);
    if (options->yes || count == 0)
        return EXIT_OK;
    if (isatty(STDIN_FILENO) != 1)
        return say_refusal(call, EXIT_PRECONDITION, "webhook.confirm", "须用 --yes 确认，或先用 --dry-run 查看",
                           "%zu deliveries: confirm with --yes, look first with --dry-run", count);
    (void)fprintf(stderr, "重新推送 %zu 条？/ deliver %zu again? [y/N] ", count, count);
    bool agreed = fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
    return agreed ? EXIT_OK : EXIT_PRECONDITION;
}

/* One wish for each PLACES_PER_WISH of them. NULL: no memory. */
static Control *wish_of(struct call *call, struct session *session, const struct chosen *chosen, size_t from)
{
    size_t count = chosen->count - from < PLACES_PER_WISH ? chosen->count - from : PLACES_PER_WISH;
    Control *control = arena_take(session->arena, sizeof *control);
    DeliveryPlace **pointers = arena_take(session->arena, count * sizeof *pointers);
    DeliveryPlace *places = arena_take(session->arena, count * sizeof *places);

    if (control == NULL || pointers == NULL || places == NULL)
        return NULL;
    medhub__webhook__v1__control__init(control);
    for (size_t i = 0; i < count; i++) {
        medhub__webhook__v1__delivery_place__init(&places[i]);
        places[i].partition = chosen->items[from + i]->delivery_partition;
        places[i].offset = chosen->items[from + i]->delivery_offset;
        pointers[i] = &places[i];
    }
    control->wish = MEDHUB__WEBHOOK__V1__WISH__WISH_REDRIVE;
    control->deliveries = pointers;
    control->n_deliveries = count;
    control->asked_at_ms = clock_now_ms(clock_system());
    return split_name(session, call->arguments[0], control) ? control : NULL;
}

static enum exit_code redrive(struct call *call, struct session *session, const struct chosen *chosen)
{
    Control *controls[WISHES_MAX];
    size_t count = 0;

    if (chosen->count > (size_t)WISHES_MAX * PLACES_PER_WISH)
        return say_refusal(call, EXIT_FAILED, "webhook.too_many", "数量过多，请用 --code 或 --id 缩小范围",
                           "more than %d deliveries: narrow them with --code or --id", WISHES_MAX * PLACES_PER_WISH);
    for (size_t from = 0; from < chosen->count; from += PLACES_PER_WISH) {
        controls[count] = wish_of(call, session, chosen, from);
        if (controls[count++] == NULL)
            return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    }
    enum exit_code result = send_wishes(call, session, controls, count);
    return result == EXIT_OK ? print_chosen(call, chosen, "asked") : result;
}

static enum exit_code redrive_command(struct call *call)
{
    const struct parked_options *options = call->options;
    struct session session = {0};
    struct gathered gathered = {0};
    struct chosen chosen = {0};

    enum exit_code result = open_parked(call, &session, &gathered, &chosen);
    if (result == EXIT_OK && options->dry_run)
        result = print_chosen(call, &chosen, "would_redrive");
    else if (result == EXIT_OK)
        result = confirm(call, chosen.count);
    if (result == EXIT_OK && !options->dry_run)
        result = redrive(call, &session, &chosen);
    gathered_done(&gathered);
    session_close(&session);
    return result;
}

/* ---- rows of the main table ---- */

const struct command command_webhook_list = {.words = "ctl webhook list",
                                             .arguments = "",
                                             .summary_zh = "各推送端点的进度与状态",
                                             .summary = "where each endpoint stands",
                                             .uses = USES_KAFKA | USES_ROWS,
                                             .run = list_command};
const struct command command_webhook_show = {.words = "ctl webhook show",
                                             .arguments = "ORGANISATION/ENDPOINT",
                                             .summary_zh = "一个推送端点的进度与未完成的投递",
                                             .summary = "one endpoint with its open deliveries",
                                             .arguments_min = 1,
                                             .arguments_max = 1,
                                             .uses = USES_KAFKA | USES_ROWS,
                                             .run = show_command};

static const struct option wish_options[] = {
    {"reason", 0, OPTION_TEXT, offsetof(struct wish_options, reason), "TEXT", "why", "理由", 0, 0},
};
const struct command command_webhook_pause = {.words = "ctl webhook pause",
                                              .arguments = "ORGANISATION/ENDPOINT",
                                              .summary_zh = "暂停向端点推送",
                                              .summary = "send an endpoint nothing until it is resumed",
                                              .options = wish_options,
                                              .option_count = 1,
                                              .options_size = sizeof(struct wish_options),
                                              .arguments_min = 1,
                                              .arguments_max = 1,
                                              .uses = USES_KAFKA,
                                              .run = pause_command};
const struct command command_webhook_resume = {.words = "ctl webhook resume",
                                               .arguments = "ORGANISATION/ENDPOINT",
                                               .summary_zh = "恢复向端点推送（同时解除熔断与等待）",
                                               .summary = "go on, also after 410 Gone; ends every wait",
                                               .options = wish_options,
                                               .option_count = 1,
                                               .options_size = sizeof(struct wish_options),
                                               .arguments_min = 1,
                                               .arguments_max = 1,
                                               .uses = USES_KAFKA,
                                               .run = resume_command};

#define PARKED(member) offsetof(struct parked_options, member)
static const struct option parked_options[] = {
    {"id", 0, OPTION_LIST, PARKED(ids), "ID", "of this event (several times)", "事件标识，可多次给出", 0, 0},
    {"code", 0, OPTION_TEXT, PARKED(code), "CODE", "set aside for this reason: http.422", "按原因代码选取", 0, 0},
    {"type", 't', OPTION_TEXT, PARKED(type), "TYPE", "of this type", "按事件类型选取", 0, 0},
    {"dry-run", 0, OPTION_FLAG, PARKED(dry_run), NULL, "only say what would be delivered", "只显示，不推送", 0, 0},
    {"expect-count", 0, OPTION_NUMBER, PARKED(expect_count), "N", "do nothing if there are not exactly N",
     "数量不符则不执行", 0, 0},
    {"yes", 'y', OPTION_FLAG, PARKED(yes), NULL, "do not ask", "不再询问", 0, 0},
};
const struct command command_webhook_parked = {.words = "ctl webhook parked",
                                               .arguments = "ORGANISATION/ENDPOINT",
                                               .summary_zh = "端点未接收的投递",
                                               .summary = "what an endpoint would not take",
                                               .options = parked_options,
                                               .option_count = 3,
                                               .options_size = sizeof(struct parked_options),
                                               .arguments_min = 1,
                                               .arguments_max = 1,
                                               .uses = USES_KAFKA | USES_ROWS,
                                               .run = parked_command};
const struct command command_webhook_redrive = {.words = "ctl webhook redrive",
                                                .arguments = "ORGANISATION/ENDPOINT",
                                                .summary_zh = "重新推送端点未接收的投递",
                                                .summary = "deliver again what an endpoint would not take",
                                                .details = "Look first with --dry-run, then guard with --expect-count.",
                                                .options = parked_options,
                                                .option_count = sizeof parked_options / sizeof *parked_options,
                                                .options_size = sizeof(struct parked_options),
                                                .arguments_min = 1,
                                                .arguments_max = 1,
                                                .uses = USES_KAFKA | USES_ROWS,
                                                .run = redrive_command};
