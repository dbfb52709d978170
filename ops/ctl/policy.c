/* policy.c: ctl policy check | publish | show. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/policy_file.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scratch.h"
#include "ops/ctl/submit.h"

#include "base/clock.h"
#include "domain/messages.h"
#include "domain/region.h"
#include "domain/source_document.h"
#include "domain/view.h"
#include "event/unpack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct policy_options {
    const char *source, *region, *date;
    int64_t timeout_s;
    bool dry_run, packs;
};

/* The packs of a command, with the memory they lie in. */
struct policy_look {
    struct arena *arena;
    struct policy_set set;
};

/* Reads the packs named by the arguments, or all shipped ones. */
static enum exit_code look_open(struct call *call, const char *const *paths, size_t count, struct policy_look *look)
{
    const char *shipped[POLICY_PACKS_MAX];

    look->arena = arena_new(256 * 1024, 64 * 1024 * 1024);
    if (look->arena == NULL)
        return EXIT_FAILED;
    for (size_t i = 0; i < count; i++)
        if (access(paths[i], R_OK) != 0)
            return say_refusal(call, EXIT_NOT_FOUND, "file.missing", "文件无法读取", "%s cannot be read", paths[i]);
    if (count == 0) {
        count = policy_shipped(look->arena, shipped);
        paths = shipped;
    }
    policy_set_read(paths, count, look->arena, &look->set);
    return EXIT_OK;
}

static void look_close(struct policy_look *look)
{
    arena_free(look->arena);
}

static void print_list(struct output *output, const struct policy_findings *findings, const char *severity)
{
    for (const struct policy_finding *each = findings->first; output != NULL && each != NULL; each = each->next) {
        const struct policy_fault_row *row = &policy_fault_rows[each->fault];
        output_row(output, json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "file", each->path, "line",
                                     (json_int_t)each->line, "parameter", each->parameter, "severity", severity, "code",
                                     row->code, "found", each->found, "expected", each->expected, "messageZh", row->zh,
                                     "message", row->en));
    }
}

/* Prints every finding and note; OK if there is no finding. */
static enum exit_code print_findings(struct call *call, const struct policy_look *look)
{
    static const char *const columns[] = {"file",  "line",     "parameter", "severity", "code",
                                          "found", "expected", "messageZh", "message",  NULL};
    struct output *output = output_open(call, columns, false);

    print_list(output, &look->set.findings, "fault");
    print_list(output, &look->set.notes, "note");
    bool written = output != NULL && output_close(output);
    return written && look->set.findings.count == 0 && !look->set.findings.full ? EXIT_OK : EXIT_FAILED;
}

static size_t count_values(const struct policy_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->packs[i].count;
    return count;
}

static enum exit_code check_command(struct call *call)
{
    struct policy_look look = {0};

    enum exit_code result = look_open(call, call->arguments, call->argument_count, &look);
    if (result == EXIT_OK)
        result = print_findings(call, &look);
    if (result == EXIT_OK)
        say_progress(call, "参数文件无误", "%zu values in %zu packs are right", count_values(&look.set), look.set.count);
    else if (look.set.findings.count > 0)
        say("参数文件有误", "%zu things are wrong", look.set.findings.count);
    look_close(&look);
    return result;
}

/* --- publish --- */

static const Parameter *unpack_parameter(struct bytes value, struct arena *arena)
{
    ProtobufCAllocator allocator = unpack_allocator(arena);
    return (const Parameter *)protobuf_c_message_unpack(PARAMETER, &allocator, value.length, value.data);
}

static const char *parameter_text(const Parameter *parameter, struct arena *arena)
{
    return parameter->kind == PARAMETER_INTEGER ? arena_format(arena, "%" PRId64, parameter->integer)
           : parameter->kind == PARAMETER_DATE  ? parameter->date
                                                : parameter->text;
}

/* What publishing VALUE would do to the hub's row of the same first day. */
static json_t *plan_row(const struct policy_value *value, struct tables_reader *reader, struct arena *arena)
{
    struct tables_row row;
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    const char *now = "", *change = "new";

    if (tables_find(reader, TABLE_POLICY, value->name, value->region, value->valid_from, &row)) {
        const Parameter *held = unpack_parameter(row.value, arena);
        now = held == NULL ? "" : parameter_text(held, arena);
        bool same = held != NULL && row.valid_from == value->valid_from && strcmp(now, value->text) == 0 &&
                    strcmp(held->document, value->document) == 0 && strcmp(held->clause, value->clause) == 0;
        change = same ? "same" : row.valid_from == value->valid_from ? "corrects" : "succeeds";
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "parameter", value->name, "region", value->region, "validFrom",
                     date_format(value->valid_from, from), "validUntil", date_format(value->valid_until, until), "now", now,
                     "value", value->text, "change", change);
}

static enum exit_code print_plan(struct call *call, const struct policy_look *look, struct tables_reader *reader)
{
    static const char *const columns[] = {"parameter", "region", "validFrom", "validUntil", "now", "value", "change", NULL};
    struct output *output = output_open(call, columns, false);

    for (size_t i = 0; output != NULL && i < look->set.count; i++)
        for (size_t j = 0; j < look->set.packs[i].count; j++)
            output_row(output, plan_row(&look->set.packs[i].values[j], reader, look->arena));
    return output != NULL && output_close(output) ? EXIT_OK : EXIT_FAILED;
}

/* Opens what the hub's tables say now, calls PRINT, closes. */
struct hub_look {
    struct session session;
    struct scratch scratch;
};

static enum exit_code hub_open(struct call *call, struct hub_look *hub)
{
    struct fault fault = {0};
    enum exit_code result = session_open(call, &hub->session);
    if (result != EXIT_OK)
        return result;
    if (scratch_open(call, &hub->session, -1, &hub->scratch, &fault) == STATUS_OK)
        return EXIT_OK;
    result = say_fault(call, &fault);
    scratch_close(&hub->scratch);
    session_close(&hub->session);
    return result;
}

static void hub_close(struct hub_look *hub)
{
    scratch_close(&hub->scratch);
    session_close(&hub->session);
}

static enum exit_code dry_run(struct call *call, const struct policy_look *look)
{
    struct hub_look hub;
    enum exit_code result = hub_open(call, &hub);
    if (result != EXIT_OK)
        return result;
    result = print_plan(call, look, hub.scratch.reader);
    hub_close(&hub);
    return result;
}

static enum exit_code submit_pack(struct submit *submit, const struct policy_pack *pack, const char *source)
{
    enum exit_code result = EXIT_OK;
    char now[MOMENT_TEXT_BYTES];
    json_t *events = policy_events(pack, source, moment_format_ms(clock_now_ms(clock_system()), now));

    for (size_t i = 0; result == EXIT_OK && i < json_array_size(events); i++) {
        char *line = json_dumps(json_array_get(events, i), JSON_COMPACT);
        result = line == NULL ? EXIT_FAILED : submit_line(submit, bytes_of(line));
        free(line);
    }
    json_decref(events);
    return result == EXIT_OK ? submit_settle(submit) : result; /* the nation stands before a region is held against it */
}

static enum exit_code publish(struct call *call, const struct policy_look *look)
{
    const struct policy_options *options = call->options;
    const struct submit_settings settings = {.timeout_ms = options->timeout_s < 0 ? -1 : options->timeout_s * 1000};
    struct submit *submit = NULL;

    enum exit_code result = submit_open(call, &settings, &submit);
    for (size_t i = 0; result == EXIT_OK && i < look->set.count; i++)
        result = submit_pack(submit, &look->set.packs[i], options->source == NULL ? "medhub" : options->source);
    return submit == NULL ? result : submit_close(submit, result);
}

static enum exit_code publish_command(struct call *call)
{
    const struct policy_options *options = call->options;
    struct policy_look look = {0};

    enum exit_code result = look_open(call, call->arguments, call->argument_count, &look);
    if (result == EXIT_OK && look.set.findings.count > 0)
        result = print_findings(call, &look);
    if (result == EXIT_OK)
        result = options->dry_run ? dry_run(call, &look) : publish(call, &look);
    look_close(&look);
    return result;
}

/* --- show --- */

struct question {
    const char *name, *region;
    date_t date;
};

static json_t *answer_json(const struct question *question, const char *region, date_t from, date_t until, const char *value,
                           const char *unit, const char *document, const char *clause)
{
    char first[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES], asked[DATE_TEXT_BYTES];
    struct arena *arena = arena_new(4096, 64 * 1024);
    const char *citation = arena == NULL ? NULL : source_citation(arena, document, clause);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "parameter", question->name, "askedRegion",
                     question->region, "askedDate", date_format(question->date, asked), "value", value, "unit", unit, "region",
                     region, "validFrom", date_format(from, first), "validUntil", date_format(until, last), "document",
                     document, "clause", clause, "citation", citation == NULL ? document : citation);
    arena_free(arena);
    return json;
}

/* The row of the region or of the next outer one: as a decision would find it. */
static json_t *ask_tables(const struct question *question, struct tables_reader *reader, struct arena *arena)
{
    struct region region = region_of(question->region);
    struct tables_row row;
    do {
        if (tables_find(reader, TABLE_POLICY, question->name, region.code, question->date, &row)) {
            const Parameter *held = unpack_parameter(row.value, arena);
            if (held != NULL)
                return answer_json(question, region.code, row.valid_from, row.valid_until, parameter_text(held, arena),
                                   held->unit, held->document, held->clause);
        }
    } while (region_widen(&region));
    return NULL;
}

static json_t *ask_packs(const struct question *question, const struct policy_set *set)
{
    struct region region = region_of(question->region);
    do
        for (size_t i = 0; i < set->count; i++) {
            const struct policy_value *value = policy_pack_find(&set->packs[i], question->name, region.code, question->date);
            if (value != NULL)
                return answer_json(question, region.code, value->valid_from, value->last_day, value->text, value->unit,
                                   value->document, value->clause);
        }
    while (region_widen(&region));
    return NULL;
}

static enum exit_code answer(struct call *call, json_t *found)
{
    if (found == NULL)
        return say_refusal(call, EXIT_NOT_FOUND, "policy.missing", "该地区该日没有该参数的值；参数名见 medhub ctl rules",
                           "no value of %s for that region on that day; which names there are: "
                           "medhub ctl rules -o csv --fields parameter,id",
                           call->arguments[0]);
    return output_object(call, found) ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code show_of_packs(struct call *call, const struct question *question)
{
    struct policy_look look = {0};
    enum exit_code result = look_open(call, NULL, 0, &look);
    if (result == EXIT_OK)
        result = answer(call, ask_packs(question, &look.set));
    look_close(&look);
    return result;
}

static enum exit_code show_of_hub(struct call *call, const struct question *question)
{
    struct hub_look hub;
    enum exit_code result = hub_open(call, &hub);
    if (result != EXIT_OK)
        return result;
    result = answer(call, ask_tables(question, hub.scratch.reader, hub.session.arena));
    hub_close(&hub);
    return result;
}

static enum exit_code show_command(struct call *call)
{
    const struct policy_options *options = call->options;
    struct question question = {.name = call->arguments[0],
                                .region = options->region == NULL ? REGION_NATION : options->region,
                                .date = options->date == NULL ? date_in_china(clock_now_ms(clock_system()))
                                                              : date_parse(bytes_of(options->date))};

    if (question.date == DATE_NONE || strlen(question.region) != 6 || strspn(question.region, "0123456789") != 6)
        return say_refusal(call, EXIT_USAGE, "policy.question", "日期须为 YYYY-MM-DD，地区须为六位数字",
                           "--date is YYYY-MM-DD, --region six digits");
    return options->packs ? show_of_packs(call, &question) : show_of_hub(call, &question);
}

/* --- the rows --- */

#define POLICY(member) offsetof(struct policy_options, member)
static const struct option publish_options[] = {
    {"dry-run", 0, OPTION_FLAG, POLICY(dry_run), NULL, "print what would change, send nothing", "只显示将发生的变化，不发送", 0, 0},
    {"source", 0, OPTION_TEXT, POLICY(source), "ORG", "who says it; medhub, the hub's operator", "发布机构，默认为枢纽自身", 0, 0},
    {"timeout", 0, OPTION_NUMBER, POLICY(timeout_s), "SECONDS", "give up when nothing came for so long; 60",
     "无任何回应多久后放弃", 1, 86400},
};
static const struct option show_options[] = {
    {"region", 0, OPTION_TEXT, POLICY(region), "CODE", "whose rules: 650102; the nation, 000000", "适用地区，默认全国", 0, 0},
    {"date", 0, OPTION_TEXT, POLICY(date), "YYYY-MM-DD", "the day of service; today", "服务日期，默认今天", 0, 0},
    {"packs", 0, OPTION_FLAG, POLICY(packs), NULL, "ask the shipped packs, not a hub", "查随附的参数文件，不查枢纽", 0, 0},
};

const struct command command_policy_check = {
    .words = "ctl policy check",
    .arguments = "[FILE...]",
    .summary_zh = "检查政策参数文件：单位、范围、重叠、来源、未知键、放宽国家规定",
    .summary = "look policy packs over: units, bounds, overlaps, sources, unknown keys, weakening of the nation",
    .details = "Without FILE: all shipped packs. Prints everything that is wrong, with its line.",
    .options_size = sizeof(struct policy_options),
    .arguments_max = ARGUMENTS_MAX,
    .uses = USES_ROWS,
    .run = check_command};
const struct command command_policy_publish = {
    .words = "ctl policy publish",
    .arguments = "[FILE...]",
    .summary_zh = "发布政策参数（先 --dry-run；重复发布无副作用）",
    .summary = "publish policy packs (--dry-run first); a second time changes nothing",
    .details = "Without FILE: all shipped packs. What check would find wrong is not sent.",
    .options = publish_options,
    .option_count = sizeof publish_options / sizeof *publish_options,
    .options_size = sizeof(struct policy_options),
    .arguments_max = ARGUMENTS_MAX,
    .uses = USES_KAFKA | USES_ROWS,
    .run = publish_command};
const struct command command_policy_show = {
    .words = "ctl policy show",
    .arguments = "PARAMETER",
    .summary_zh = "查看某参数在某地区某日的取值、出处与条款",
    .summary = "the value of a parameter for a region on a day: whose it is, document, clause",
    .options = show_options,
    .option_count = sizeof show_options / sizeof *show_options,
    .options_size = sizeof(struct policy_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .uses = USES_KAFKA | USES_ROWS,
    .run = show_command};
