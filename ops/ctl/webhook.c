/* webhook.c: ctl webhook list | show: where endpoints stand. */
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/webhook_topics.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/reader.h"
#include "webhook/feeder.h"

#include <string.h>

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
    (void)json_object_set_new(row, "failure", json_string(state->failure));
    (void)json_object_set_new(row, "failedat", state->failure_ms == 0 ? json_null() : decode_moment(state->failure_ms));
    (void)json_object_set_new(row, "written", decode_moment(state->written_ms));
    return row;
}

static const char *const list_columns[] = {"endpoint", "breaker", "paused", "proved", "open", "behind", "delivered",
                                           "setaside", "oldest", "failure", NULL};

static enum exit_code print_states(struct call *call, const struct webhook_gathered *gathered, const struct ends *ends)
{
    struct output *output = output_open(call, list_columns, false);

    for (const struct webhook_latest *each = gathered->all; each != NULL; each = each->hh.next)
        if (each->message != NULL)
            output_row(output, state_json(each->key, (const EndpointState *)each->message, ends));
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

/* Opens the session, reads all states and the ends of the deliveries. */
static enum exit_code look(struct call *call, struct session *session, struct webhook_gathered *gathered, struct ends *ends)
{
    struct fault fault = {0};

    enum exit_code result = session_open(call, session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    result = webhook_gather_states(call, session, gathered);
    if (result == EXIT_OK && read_ends(session, ends, &fault) != STATUS_OK)
        result = say_fault(call, &fault);
    return result;
}

static enum exit_code list_command(struct call *call)
{
    struct session session = {0};
    struct webhook_gathered gathered = {0};
    struct ends ends = {0};

    enum exit_code result = look(call, &session, &gathered, &ends);
    if (result == EXIT_OK)
        result = print_states(call, &gathered, &ends);
    webhook_gathered_done(&gathered);
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

static enum exit_code show_command(struct call *call)
{
    struct session session = {0};
    struct webhook_gathered gathered = {0};
    struct ends ends = {0};

    enum exit_code result = look(call, &session, &gathered, &ends);
    const EndpointState *state = result == EXIT_OK ? webhook_find_state(&gathered, call->arguments[0]) : NULL;
    if (result == EXIT_OK && state == NULL)
        result = webhook_unknown_endpoint(call);
    if (state != NULL) {
        json_t *row = state_json(call->arguments[0], state, &ends);
        if (!output_is_table(call)) /* there the number of them says enough */
            (void)json_object_set_new(row, "openlist", open_json(state));
        result = output_object(call, row) ? EXIT_OK : EXIT_FAILED;
    }
    webhook_gathered_done(&gathered);
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
                                             .summary_zh = "一个推送端点：等待多少、自何时起、最近一次失败的原因",
                                             .summary = "one endpoint: how many wait, since when, why the last request failed",
                                             .details = "breaker: closed, open (nothing is sent for a while), half_open (one is tried). failure: why the last\n"
                                                        "request or challenge failed (connect, dns, tls, timeout, http.STATUS, challenge.not_met), and when; it\n"
                                                        "stays when later ones succeed. proved: it has answered the challenge. The open deliveries: -o json.",
                                             .arguments_min = 1,
                                             .arguments_max = 1,
                                             .uses = USES_KAFKA | USES_ROWS,
                                             .run = show_command};
