/* journey.c: ctl journey EVENT: what became of a submission, step by step, and what is missing. */
#include "ops/ctl/ask.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/fetch.h"
#include "ops/ctl/output.h"
#include "ops/ctl/receipt_json.h"
#include "ops/ctl/say.h"

#include "base/date.h"
#include "event/schema.h"

#include <stdio.h>
#include <string.h>

enum { EXCHANGES_MAX = 20 };

struct journey_options {
    bool data;
};

struct journey {
    struct ask ask;
    const struct journey_options *options;
    struct seen_line *lines;
    size_t count;
    bool more;
};

/* ---- finding it ---- */

static enum status read_place(struct journey *journey, const struct event_position *position,
                              struct fault *fault)
{
    struct input_place record = {position->topic, position->partition, position->offset}, input = record;
    struct arena *arena = journey->ask.session.arena;
    bool found = false;

    enum status status = read_model_input_of(journey->ask.model, &record, &input, &found, fault);
    if (status != STATUS_OK)
        return status;
    return read_model_timeline(journey->ask.model, found ? &input : &record, NULL, arena, &journey->lines,
                               &journey->count, fault);
}

static enum status read_id(struct journey *journey, const char *id, struct fault *fault)
{
    const struct search_query query = {.key = id, .kinds = SEARCH_EVENT_ID, .limit = EXCHANGES_MAX};

    return read_model_search(journey->ask.model, &query, journey->ask.session.arena, &journey->lines,
                             &journey->count, &journey->more, fault);
}

static bool same_exchange(const struct seen_line *a, const struct seen_line *b)
{
    return a->input.offset == b->input.offset && a->input.partition == b->input.partition &&
           strcmp(a->input.topic, b->input.topic) == 0;
}

static size_t exchange_end(const struct journey *journey, size_t begin)
{
    size_t end = begin + 1;

    while (end < journey->count && same_exchange(&journey->lines[begin], &journey->lines[end]))
        end++;
    return end;
}

static bool is_of_source(const struct seen_line *lines, size_t count, const char *source, size_t source_bytes)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(lines[i].source) == source_bytes && memcmp(lines[i].source, source, source_bytes) == 0)
            return true;
    return false;
}

/* Of all exchanges with that id those of the one source. */
static void keep_source(struct journey *journey, const char *source, size_t source_bytes)
{
    size_t kept = 0;

    for (size_t i = 0, end; i < journey->count; i = end) {
        end = exchange_end(journey, i);
        if (is_of_source(journey->lines + i, end - i, source, source_bytes)) {
            memmove(journey->lines + kept, journey->lines + i, (end - i) * sizeof *journey->lines);
            kept += end - i;
        }
    }
    journey->count = kept;
}

/* How often the event was refused and kept, by the exchanges found so far. */
static size_t times_parked(const struct journey *journey)
{
    size_t times = 0;

    for (size_t i = 0; i < journey->count; i++)
        times += journey->lines[i].step == SEEN_PARKED && !journey->lines[i].missing;
    return times;
}

static enum status put_in_front(struct journey *journey, const struct journey *found, struct fault *fault)
{
    size_t count = found->count + journey->count;
    struct seen_line *lines = arena_take(journey->ask.session.arena, count * sizeof *lines);

    if (lines == NULL)
        return fault_retry(fault, "memory.out", "no memory for a journey");
    memcpy(lines, found->lines, found->count * sizeof *lines);
    memcpy(lines + found->count, journey->lines, journey->count * sizeof *lines);
    journey->lines = lines;
    journey->count = count;
    return STATUS_OK;
}

/* What a person corrected (ctl parked edit) has the id of the refused event and the number of its attempt. */
static enum status add_corrections(struct journey *journey, const char *id, struct fault *fault)
{
    size_t last = times_parked(journey) + 1;
    enum status status = STATUS_OK;

    for (size_t attempt = 2; status == STATUS_OK && attempt <= last && attempt <= EXCHANGES_MAX; attempt++) {
        struct journey found = {.ask = journey->ask, .options = journey->options};
        const char *corrected = arena_format(journey->ask.session.arena, "%s.%zu", id, attempt);
        if (corrected == NULL)
            return fault_retry(fault, "memory.out", "no memory for a journey");
        status = read_id(&found, corrected, fault);
        if (status == STATUS_OK && found.count > 0)
            status = put_in_front(journey, &found, fault);
    }
    return status;
}

/* A position, an id (the ids of what the hub made itself have slashes in them), or SOURCE/ID. */
static enum status read_event(struct journey *journey, const char *text, struct fault *fault)
{
    struct event_position position;
    const char *slash = strchr(text, '/');

    if (fetch_parse_position(text, journey->ask.session.arena, &position))
        return read_place(journey, &position, fault);
    enum status status = read_id(journey, text, fault);
    if (status == STATUS_OK && journey->count > 0)
        return add_corrections(journey, text, fault);
    if (status != STATUS_OK || slash == NULL)
        return status;
    status = read_id(journey, slash + 1, fault);
    if (status == STATUS_OK)
        status = add_corrections(journey, slash + 1, fault);
    if (status == STATUS_OK)
        keep_source(journey, text, (size_t)(slash - text));
    return status;
}

/* ---- telling it ---- */

static const struct {
    const char *name, *zh;
} outcomes[] = {{"accepted", "受理"}, {"refused", "拒绝"}, {"duplicate", "重复"}};

static const char *outcome_zh(const char *name)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (strcmp(outcomes[i].name, name) == 0)
            return outcomes[i].zh;
    return "?";
}

static void print_line(const struct seen_line *line)
{
    char moment[MOMENT_TEXT_BYTES] = "";

    if (!line->missing)
        (void)moment_format_ms(line->at_ms, moment);
    (void)printf("  %-24s  %s / %s", line->missing ? "-" : moment, ask_step_name_zh(line->step),
                 ask_step_name(line->step));
    if (line->missing)
        (void)printf("  缺失 / missing");
    if (line->outcome != 0) {
        const char *name = receipt_outcome_name(line->outcome);
        (void)printf("  %s / %s", outcome_zh(name), name);
    }
    if (line->recipient[0] != '\0')
        (void)printf("  → %s", line->recipient);
    if (line->code[0] != '\0')
        (void)printf("  %s", line->code);
    if (line->step == SEEN_FACT)
        (void)printf("  %s 版本 / version %llu", line->type, (unsigned long long)line->version);
    if (!line->missing)
        (void)printf("  [%s/%d/%lld]", line->topic, (int)line->partition, (long long)line->offset);
    (void)putchar('\n');
}

static const char *title_zh(const char *type)
{
    const struct message_facts *facts = schema_find_event(type);

    return facts == NULL ? "" : facts->title_zh;
}

static void print_exchange(const struct seen_line *lines, size_t count)
{
    const struct seen_line *of = lines;

    (void)printf("%s %s  %s/%s\n", title_zh(of->type), of->type, of->source, of->id);
    for (size_t i = 0; i < count; i++)
        print_line(&lines[i]);
}

static json_t *exchange_json(const struct journey *journey, size_t begin, size_t end)
{
    const struct seen_line *of = &journey->lines[begin];
    json_t *lines = json_array();

    for (size_t i = begin; i < end; i++)
        (void)json_array_append_new(
            lines, ask_line_json(&journey->lines[i], journey->options->data, journey->ask.session.arena));
    return json_pack("{s:o, s:o}", "input",
                     decode_position(of->input.topic, of->input.partition, of->input.offset), "lines", lines);
}

static bool print_json(const struct journey *journey)
{
    json_t *exchanges = json_array();

    for (size_t i = 0, end; i < journey->count; i = end) {
        end = exchange_end(journey, i);
        (void)json_array_append_new(exchanges, exchange_json(journey, i, end));
    }
    return output_object(
        journey->ask.call,
        json_pack("{s:o, s:o}", "completeUpTo", ask_complete_json(&journey->ask), "exchanges", exchanges));
}

static enum exit_code tell(const struct journey *journey)
{
    bool written = true;

    if (!output_is_table(journey->ask.call))
        written = print_json(journey);
    for (size_t i = 0, end; output_is_table(journey->ask.call) && i < journey->count; i = end) {
        end = exchange_end(journey, i);
        print_exchange(journey->lines + i, end - i);
    }
    if (journey->more)
        say("还有更早的同编号事件", "there are older events of this id");
    ask_say_complete(&journey->ask);
    return written && fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code journey_command(struct call *call)
{
    struct journey journey = {.options = call->options};
    struct fault fault = {0};

    enum exit_code result = ask_open(call, &journey.ask);
    if (result == EXIT_OK && read_event(&journey, call->arguments[0], &fault) != STATUS_OK)
        result = say_fault(call, &fault);
    else if (result == EXIT_OK && journey.count == 0) {
        ask_say_complete(&journey.ask);
        result = say_refusal(call, EXIT_NOT_FOUND, "journey.unknown", "查无此事件", "nothing is known of %s",
                             call->arguments[0]);
    } else if (result == EXIT_OK) {
        result = tell(&journey);
    }
    ask_done(&journey.ask);
    return result;
}

#define JOURNEY(member) offsetof(struct journey_options, member)
static const struct option journey_options[] = {
    {"data", 0, OPTION_FLAG, JOURNEY(data), NULL, "with what each record says, masked (not in a table)",
     "附带解码内容（敏感字段遮蔽，非表格输出）", 0, 0},
};
const struct command command_journey = {
    .words = "ctl journey",
    .arguments = "ID|SOURCE/ID|POSITION",
    .summary_zh = "查看一次提交的全过程：提交、裁决、事实、投递、应答，缺失处可见",
    .summary = "what became of a submission: decided, fact, deliveries, answers, and what is missing",
    .details = "POSITION is TOPIC/PARTITION/OFFSET of the submission or of any record that came of it. "
               "By its id also what a\n"
               "person made of it with ctl parked edit. Answered from the SQL read model, with the moment up to which the answer\n"
               "is complete. Exit code 3: nothing is known of it.",
    .options = journey_options,
    .option_count = sizeof journey_options / sizeof *journey_options,
    .options_size = sizeof(struct journey_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .uses = USES_KAFKA | USES_ROWS,
    .run = journey_command};
