#include "ops/ctl/ask.h"

#include "ops/ctl/decode.h"
#include "ops/ctl/receipt_json.h"
#include "ops/ctl/say.h"

#include "base/date.h"
#include "base/log.h"

static enum status read_progress(struct ask *ask, struct fault *fault)
{
    struct read_position *positions = NULL;
    size_t count = 0;

    enum status status = read_model_positions(ask->model, ask->session.arena, &positions, &count, fault);
    if (status != STATUS_OK || count == 0)
        return status;
    ask->complete_ms = positions[0].caught_up_ms;
    for (size_t i = 0; i < count; i++) {
        if (positions[i].caught_up_ms < ask->complete_ms)
            ask->complete_ms = positions[i].caught_up_ms;
        ask->lost += positions[i].lost;
    }
    return STATUS_OK;
}

enum exit_code ask_open(struct call *call, struct ask *ask)
{
    struct fault fault = {0};

    *ask = (struct ask){.call = call};
    enum exit_code result = session_open(call, &ask->session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    stop_install();
    enum status status = read_model_open(&ask->session.sql, &ask->model, &fault);
    if (status == STATUS_OK)
        status = read_progress(ask, &fault);
    return status == STATUS_OK ? EXIT_OK : say_fault(call, &fault);
}

void ask_done(struct ask *ask)
{
    read_model_close(ask->model);
    if (ask->session.conf != NULL)
        session_close(&ask->session);
}

void ask_say_complete(const struct ask *ask)
{
    char moment[MOMENT_TEXT_BYTES], zh[256];

    if (ask->complete_ms == 0) {
        say("查询库尚未读完 Kafka，结果可能不全",
            "the read model has not yet read all of Kafka: there may be more");
    } else {
        (void)snprintf(zh, sizeof zh, "结果完整截至 %s", moment_format_ms(ask->complete_ms, moment));
        say(zh, "the answer is complete up to %s", moment);
    }
    if (ask->lost > 0) {
        (void)snprintf(zh, sizeof zh, "另有 %lld 条记录在读取前已被 Kafka 清除", (long long)ask->lost);
        say(zh, "but for %lld records that Kafka had dropped before they were read", (long long)ask->lost);
    }
}

json_t *ask_complete_json(const struct ask *ask)
{
    return ask->complete_ms == 0 ? json_null() : decode_moment(ask->complete_ms);
}

/* ---- lines ---- */

static const struct {
    const char *name, *zh;
} steps[] = {
    [SEEN_SUBMITTED] = {"submitted", "提交"}, [SEEN_DECIDED] = {"decided", "裁决"},
    [SEEN_FACT] = {"fact", "事实"},           [SEEN_DELIVERY] = {"delivered", "投递"},
    [SEEN_PARKED] = {"parked", "暂存"},       [SEEN_ANSWERED] = {"answered", "应答"},
};

const char *ask_step_name(enum seen_step step)
{
    return steps[step].name;
}

const char *ask_step_name_zh(enum seen_step step)
{
    return steps[step].zh;
}

static void add_text(json_t *row, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        (void)json_object_set_new(row, name, json_string(text));
}

static json_t *data_of(const struct seen_line *line, struct arena *arena)
{
    switch (line->step) {
    case SEEN_FACT:
    case SEEN_DELIVERY:
    case SEEN_PARKED:
        return decode_json(schema_find_event(line->type), line->value, VISIBLE_TO_OPERATORS, arena);
    case SEEN_DECIDED: {
        const Receipt *receipt = receipt_read(line->value, arena);
        return receipt == NULL ? NULL : receipt_json(receipt, line->value, VISIBLE_TO_OPERATORS, arena);
    }
    case SEEN_SUBMITTED:
    case SEEN_ANSWERED:
        break;
    }
    return NULL;
}

json_t *ask_line_json(const struct seen_line *line, bool data, struct arena *arena)
{
    json_t *row = json_object();

    add_text(row, "step", ask_step_name(line->step));
    if (line->missing)
        (void)json_object_set_new(row, "missing", json_true());
    else
        (void)json_object_set_new(row, "time", decode_moment(line->at_ms));
    if (line->outcome != 0)
        add_text(row, "outcome", receipt_outcome_name(line->outcome));
    add_text(row, "code", line->code);
    add_text(row, "recipient", line->recipient);
    add_text(row, "type", line->type);
    add_text(row, "id", line->id);
    add_text(row, "source", line->source);
    add_text(row, "subject", line->subject);
    if (line->version > 0)
        (void)json_object_set_new(row, "version", json_integer((json_int_t)line->version));
    if (!line->missing)
        (void)json_object_set_new(row, "position",
                                  decode_position(line->topic, line->partition, line->offset));
    json_t *content = data && !line->missing ? data_of(line, arena) : NULL;
    if (content != NULL)
        (void)json_object_set_new(row, "data", content);
    return row;
}
