/* look.c: ctl facts | receipts | deliveries | parked: what stands in the hub's topics. */
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/parked_record.h"
#include "ops/ctl/receipt_json.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"
#include "ops/ctl/unmask.h"

#include "kafka/topics.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_MAX = 100000 };

struct look_options {
    const char *key, *type, *id, *source, *code, *outcome, *recipient;
    int64_t since, until, limit, tail;
    bool follow, data;
    struct unmask unmask;
};

struct held_row {
    int64_t timestamp_ms;
    uint64_t number; /* of arrival: keeps the order within a partition */
    json_t *json;
};

struct looking {
    struct call *call;
    const struct look_options *options;
    const struct look_kind *kind;
    struct arena *arena; /* of one record */
    unsigned visible;
    struct output *output;
    struct held_row *held;
    size_t held_count;
    uint64_t arrived;
    bool holding; /* rows are sorted by time before they are written */
};

/* One of the four: which topics, which columns, and how a record becomes a row (NULL: not asked for). */
struct look_kind {
    const char *topic_prefix;
    const char *const *columns;
    json_t *(*row)(struct looking *look, struct record *record);
};

/* ---- what is asked for ---- */

static bool text_matches(const char *wanted, const char *text)
{
    return wanted == NULL || strcmp(wanted, text) == 0;
}

static bool event_matches(const struct looking *look, const char *type, const char *id, const char *source,
                          struct bytes key)
{
    const struct look_options *options = look->options;

    return (options->type == NULL || decode_type_is(type, options->type)) && text_matches(options->id, id) &&
           text_matches(options->source, source) &&
           (options->key == NULL || bytes_equal_text(key, options->key));
}

static void add_text(json_t *row, const char *name, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(row, name, json_string(text));
}

static void add_data(struct looking *look, json_t *row, const char *type, struct bytes value)
{
    json_t *data = decode_json(schema_find_event(type), value, look->visible, look->arena);

    if (data != NULL)
        (void)json_object_set_new(row, "data", data);
}

/* ---- the four ---- */

static json_t *fact_row(struct looking *look, struct record *record)
{
    const char *type = decode_header(record, "ce_type", look->arena);
    const char *id = decode_header(record, "ce_id", look->arena);
    const char *source = decode_header(record, "ce_source", look->arena);

    if (!event_matches(look, type, id, source, record->key))
        return NULL;
    json_t *row = json_object();
    (void)json_object_set_new(row, "time", decode_moment(record->timestamp_ms));
    add_text(row, "type", type);
    add_text(row, "id", id);
    add_text(row, "source", source);
    add_text(row, "subject", decode_header(record, "ce_subject", look->arena));
    (void)json_object_set_new(row, "key", decode_key(type, record->key, look->visible, look->arena));
    (void)json_object_set_new(row, "position",
                              decode_position(record->topic, record->partition, record->offset));
    add_data(look, row, type, record->value);
    return row;
}

static bool outcome_matches(const struct looking *look, const json_t *row)
{
    const char *code = json_string_value(json_object_get(row, "code"));

    return text_matches(look->options->outcome, json_string_value(json_object_get(row, "outcome"))) &&
           text_matches(look->options->code, code == NULL ? "" : code);
}

static json_t *receipt_row(struct looking *look, struct record *record)
{
    const Receipt *receipt = receipt_read(record->value, look->arena);

    if (receipt == NULL ||
        !event_matches(look, receipt->type, receipt->id, receipt->source, bytes_of(receipt->key)))
        return NULL;
    json_t *row = receipt_json(receipt, record->value, look->visible, look->arena);
    if (outcome_matches(look, row))
        return row;
    json_decref(row);
    return NULL;
}

static bool recipient_matches(const struct looking *look, const Delivery *delivery)
{
    for (size_t i = 0; i < delivery->n_recipients; i++)
        if (text_matches(look->options->recipient, delivery->recipients[i]))
            return true;
    return false;
}

static json_t *delivery_row(struct looking *look, struct record *record)
{
    const Delivery *delivery = delivery_read(record->value, look->arena);

    if (delivery == NULL || !recipient_matches(look, delivery) ||
        !event_matches(look, delivery->type, delivery->id, delivery->source, bytes_of(delivery->key)))
        return NULL;
    json_t *row = json_object(), *recipients = json_array();
    for (size_t i = 0; i < delivery->n_recipients; i++)
        (void)json_array_append_new(recipients, json_string(delivery->recipients[i]));
    (void)json_object_set_new(row, "time", decode_moment(delivery->decided_at_ms));
    (void)json_object_set_new(row, "recipients", recipients);
    add_text(row, "type", delivery->type);
    add_text(row, "id", delivery->id);
    add_text(row, "source", delivery->source);
    (void)json_object_set_new(
        row, "key", decode_key(delivery->type, bytes_of(delivery->key), look->visible, look->arena));
    (void)json_object_set_new(row, "version", json_integer((json_int_t)delivery->version));
    (void)json_object_set_new(row, "visibility", json_integer(delivery->visibility));
    (void)json_object_set_new(
        row, "input",
        decode_position(delivery->input_topic, delivery->input_partition, delivery->input_offset));
    add_data(look, row, delivery->type, bytes_from(delivery->data.data, delivery->data.len));
    return row;
}

static json_t *parked_row(struct looking *look, struct record *record)
{
    struct parked parked = parked_read(record, look->arena);

    if (!event_matches(look, parked.type, parked.id, parked.source, record->key) ||
        !text_matches(look->options->code, parked.code))
        return NULL;
    return parked_json(&parked, record, look->visible, look->options->data, look->arena);
}

static const char *const fact_columns[] = {"time", "type", "id", "source", "key", "position", NULL};
static const char *const receipt_columns[] = {"time", "outcome", "id",     "source",
                                              "type", "code",    "reason", NULL};
static const char *const delivery_columns[] = {"time", "recipients", "type", "id", "key", "version", NULL};
static const char *const parked_columns[] = {"time", "position", "id",     "source",
                                             "type", "code",     "reason", NULL};

static const struct look_kind facts_kind = {"medhub.fact.", fact_columns, fact_row};
static const struct look_kind receipts_kind = {"medhub.receipt", receipt_columns, receipt_row};
static const struct look_kind deliveries_kind = {"medhub.delivery", delivery_columns, delivery_row};
static const struct look_kind parked_kind = {"medhub.parked", parked_columns, parked_row};

/* ---- order and limits ---- */

static int by_time(const void *left, const void *right)
{
    const struct held_row *a = left, *b = right;

    if (a->timestamp_ms != b->timestamp_ms)
        return a->timestamp_ms < b->timestamp_ms ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static void drop_oldest(struct looking *look, size_t keep)
{
    qsort(look->held, look->held_count, sizeof *look->held, by_time);
    if (look->held_count <= keep)
        return;
    size_t dropped = look->held_count - keep;
    for (size_t i = 0; i < dropped; i++)
        json_decref(look->held[i].json);
    memmove(look->held, look->held + dropped, keep * sizeof *look->held);
    look->held_count = keep;
}

static void write_held(struct looking *look)
{
    size_t keep = look->options->tail >= 0 ? (size_t)look->options->tail : SIZE_MAX;

    drop_oldest(look, keep);
    for (size_t i = 0; i < look->held_count; i++) {
        if (look->options->limit >= 0 && i >= (size_t)look->options->limit)
            json_decref(look->held[i].json);
        else
            output_row(look->output, look->held[i].json);
    }
    look->held_count = 0;
}

/* More rows than fit are written as they come: their order is then that of each partition only. */
static void hold(struct looking *look, json_t *row, int64_t timestamp_ms)
{
    if (look->held_count == HELD_MAX) {
        if (look->options->tail >= 0 && look->options->tail < HELD_MAX / 2) {
            drop_oldest(look, (size_t)look->options->tail);
        } else {
            say("记录很多，不再按时间排序", "too many rows to sort by time");
            look->holding = false;
            write_held(look);
        }
    }
    if (look->holding)
        look->held[look->held_count++] = (struct held_row){timestamp_ms, look->arrived, row};
    else
        output_row(look->output, row);
}

static bool look_at(void *self, struct record *record)
{
    struct looking *look = self;

    arena_reset(look->arena);
    json_t *row = look->kind->row(look, record);
    if (row == NULL)
        return true;
    look->arrived++;
    hold(look, row, record->timestamp_ms);
    bool enough =
        !look->holding && look->options->limit >= 0 && look->arrived >= (uint64_t)look->options->limit;
    return !enough;
}

/* ---- the command ---- */

static enum status find_topics(struct session *session, const char *prefix, const char **names, size_t max,
                               size_t *count, struct fault *fault)
{
    struct topics topics;

    enum status status = topics_shipped(session->arena, &topics, fault);
    for (size_t i = 0; i < topics.count && status == STATUS_OK && *count < max; i++)
        if (strncmp(topics.rows[i].name, prefix, strlen(prefix)) == 0)
            names[(*count)++] = topics.rows[i].name;
    return status;
}

static enum exit_code scan_and_print(struct looking *look, struct session *session)
{
    enum { NAMES_MAX = 64 };
    const struct look_options *options = look->options;
    const char *names[NAMES_MAX];
    struct fault fault = {0};
    struct scan_request request = {
        .topics = names, .since_ms = options->since, .until_ms = options->until, .follow = options->follow};

    enum status status =
        find_topics(session, look->kind->topic_prefix, names, NAMES_MAX, &request.topic_count, &fault);
    if (status == STATUS_OK)
        status = scan_topics(session, &request, look_at, look, &fault);
    write_held(look);
    bool written = output_close(look->output);
    if (status != STATUS_OK)
        return say_fault(look->call, &fault);
    return written ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code look(struct call *call, const struct look_kind *kind)
{
    enum { RECORD_FIRST = 256 * 1024, RECORD_LIMIT = 256 * 1024 * 1024 };
    const struct look_options *options = call->options;
    struct looking look = {.call = call, .options = options, .kind = kind, .holding = !options->follow};
    struct session session;

    enum exit_code result = unmask_session_open(call, options->unmask, &session);
    if (result != EXIT_OK)
        return result;
    stop_install();
    look.visible = unmask_visible(options->unmask);
    look.arena = arena_new(RECORD_FIRST, RECORD_LIMIT);
    look.held = calloc(HELD_MAX, sizeof *look.held);
    look.output = output_open(call, kind->columns, options->follow);
    if (look.arena == NULL || look.held == NULL || look.output == NULL)
        result = say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    else
        result = scan_and_print(&look, &session);
    free(look.held);
    arena_free(look.arena);
    session_close(&session);
    return result;
}

static enum exit_code look_at_facts(struct call *call)
{
    return look(call, &facts_kind);
}

static enum exit_code look_at_receipts(struct call *call)
{
    return look(call, &receipts_kind);
}

static enum exit_code look_at_deliveries(struct call *call)
{
    return look(call, &deliveries_kind);
}

static enum exit_code look_at_parked(struct call *call)
{
    return look(call, &parked_kind);
}

#define LOOK(member) offsetof(struct look_options, member)
static const struct option look_options[] = {
    {"key", 'k', OPTION_TEXT, LOOK(key), "KEY", "only this key", "只看此键", 0, 0},
    {"type", 't', OPTION_TEXT, LOOK(type), "TYPE", "only this type: prescription.uploaded", "只看此类事件", 0,
     0},
    {"id", 0, OPTION_TEXT, LOOK(id), "ID", "only this event", "只看此事件编号", 0, 0},
    {"source", 0, OPTION_TEXT, LOOK(source), "ORG", "only from this organisation", "只看此机构提交的", 0, 0},
    {"since", 0, OPTION_MOMENT, LOOK(since), "T", "from then on: 10m, 2026-01-31, RFC 3339", "起始时刻", 0,
     0},
    {"until", 0, OPTION_MOMENT, LOOK(until), "T", "before then", "截止时刻", 0, 0},
    {"follow", 'f', OPTION_FLAG, LOOK(follow), NULL, "go on with what comes", "持续输出新记录", 0, 0},
    {"limit", 'n', OPTION_NUMBER, LOOK(limit), "N", "at most the first N", "最多前 N 条", 0, 0},
    {"tail", 0, OPTION_NUMBER, LOOK(tail), "N", "only the last N", "只看最后 N 条", 0, 50000},
    UNMASK_OPTIONS(struct look_options, unmask),
    /* The ones above belong to all four. */
    {"code", 0, OPTION_TEXT, LOOK(code), "CODE", "only with this reason code", "只看此原因代码", 0, 0},
    {"outcome", 0, OPTION_TEXT, LOOK(outcome), "O", "accepted, refused or duplicate", "受理结果", 0, 0},
    {"recipient", 0, OPTION_TEXT, LOOK(recipient), "ORG", "only for this recipient", "只看此接收方", 0, 0},
    {"data", 0, OPTION_FLAG, LOOK(data), NULL, "with the decoded content", "附带解码内容", 0, 0},
};
enum { ALL_FOUR = 11, OPTION_COUNT = sizeof look_options / sizeof *look_options };

const struct command command_facts = {
    "ctl facts",
    "",
    "查看已受理的事实",
    "facts: what the hub accepted",
    "Clinical and identity fields are masked unless --unmask --reason TEXT.",
    look_options,
    ALL_FOUR,
    sizeof(struct look_options),
    0,
    0,
    USES_KAFKA | USES_ROWS,
    look_at_facts};
const struct command command_receipts = {"ctl receipts",
                                         "",
                                         "查看回执：受理、拒绝、重复",
                                         "receipts: one answer per submission",
                                         NULL,
                                         look_options,
                                         OPTION_COUNT,
                                         sizeof(struct look_options),
                                         0,
                                         0,
                                         USES_KAFKA | USES_ROWS,
                                         look_at_receipts};
const struct command command_deliveries = {"ctl deliveries",
                                           "",
                                           "查看发给各接收方的投影",
                                           "facts as their recipients see them",
                                           NULL,
                                           look_options,
                                           OPTION_COUNT,
                                           sizeof(struct look_options),
                                           0,
                                           0,
                                           USES_KAFKA | USES_ROWS,
                                           look_at_deliveries};
const struct command command_parked = {"ctl parked",
                                       "",
                                       "查看被拒绝并暂存的原始记录",
                                       "refused records, kept byte for byte",
                                       NULL,
                                       look_options,
                                       OPTION_COUNT,
                                       sizeof(struct look_options),
                                       0,
                                       0,
                                       USES_KAFKA | USES_ROWS,
                                       look_at_parked};
