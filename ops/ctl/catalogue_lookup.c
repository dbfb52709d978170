/* catalogue_lookup.c: ctl catalogue lookup KIND/CODE: the row that holds for a region, an institution and a day, and why. The
 * tables are read from the beginning, so the answer does not depend on a hub that runs. */
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scratch.h"

#include "base/clock.h"
#include "base/money.h"
#include "domain/catalogue_lookup.h"
#include "event/pack.h"
#include "flow/tables_view.h"

#include <string.h>

struct lookup_options {
    const char *region, *institution, *date, *insurance;
    bool across_provinces;
};

/* --- the answer --- */

static json_t *item_json(const CatalogueItem *item, struct arena *arena)
{
    return item == NULL ? json_null()
                        : decode_json(schema_of(item->base.descriptor), pack_message(&item->base, arena),
                                      SENSITIVITY_ALL, arena);
}

static json_t *reasons_json(const struct catalogue_answer *answer, struct arena *arena)
{
    json_t *reasons = json_array();

    for (size_t i = 0; i < answer->reason_count; i++) {
        const struct catalogue_reason_text *text = catalogue_reason_text(answer->reasons[i]);
        (void)json_array_append_new(reasons, json_string(arena_format(arena, "%s: %s / %s", text->name, text->zh, text->en)));
    }
    return reasons;
}

static json_t *price_json(const struct catalogue_answer *answer)
{
    char text[MONEY_TEXT_BYTES];

    return answer->has_price_limit ? json_string(money_format(answer->price_limit_micro, 6, text)) : json_null();
}

static json_t *answer_json(const struct catalogue_question *question, const struct catalogue_answer *answer,
                           struct arena *arena)
{
    char date[DATE_TEXT_BYTES], from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:b, s:o, s:o, s:o}", "asked",
                     catalogue_key(arena, question->kind, question->code), "date", date_format(question->date, date),
                     "layer", catalogue_layer_name(answer->layer), "key", answer->key, "region", answer->region,
                     "release", answer->release, "validFrom", date_format(answer->valid_from, from), "validUntil",
                     date_format(answer->valid_until, until), "institution",
                     question->institution == NULL ? "" : question->institution, "why", reasons_json(answer, arena),
                     "name", answer->item == NULL ? "" : answer->item->name, "payable", answer->payable, "priceLimit",
                     price_json(answer), "item", item_json(answer->item, arena),
                     "formulary", item_json(answer->formulary, arena));
}

static enum exit_code look_up(struct call *call, struct session *session, const struct catalogue_question *question)
{
    struct scratch scratch;
    struct fault fault = {0};
    struct view view;
    struct catalogue_answer answer = {0};
    enum exit_code result = EXIT_OK;

    if (scratch_open(call, session, -1, &scratch, &fault) != STATUS_OK) {
        scratch_close(&scratch);
        return say_fault(call, &fault);
    }
    tables_view_init(&view, scratch.reader, session->arena, clock_now_ms(clock_system()), scratch.calendar);
    catalogue_lookup(&view, question, &answer);
    if (view.failed || tables_reader_check(scratch.reader, &fault) != STATUS_OK)
        result = say_refusal(call, EXIT_FAILED, "tables.unreadable", "目录表无法读取", "the tables cannot be read");
    else if (!output_object(call, answer_json(question, &answer, session->arena)))
        result = EXIT_FAILED;
    else if (answer.item == NULL)
        result = EXIT_NOT_FOUND;
    scratch_close(&scratch);
    return result;
}

/* --- the question --- */

static bool parse_key(const char *text, struct catalogue_question *question)
{
    const char *slash = strchr(text, '/');

    for (unsigned i = 0; slash != NULL && i < CATALOGUE_KIND_ENUM->n_values; i++) {
        const char *name = catalogue_kind_name((CatalogueKind)CATALOGUE_KIND_ENUM->values[i].value);
        if (strlen(name) == (size_t)(slash - text) && strncmp(name, text, strlen(name)) == 0) {
            question->kind = (CatalogueKind)CATALOGUE_KIND_ENUM->values[i].value;
            question->code = slash + 1;
            return question->code[0] != '\0';
        }
    }
    return false;
}

static enum exit_code lookup_command(struct call *call)
{
    const struct lookup_options *options = call->options;
    struct catalogue_question question = {.region = options->region == NULL ? REGION_NATION : options->region,
                                          .institution = options->institution,
                                          .insurance_type = options->insurance,
                                          .across_provinces = options->across_provinces};
    struct session session;

    question.date = options->date == NULL ? date_in_china(clock_now_ms(clock_system()))
                                          : date_parse(bytes_of(options->date));
    if (!parse_key(call->arguments[0], &question))
        return say_refusal(call, EXIT_USAGE, "usage", "应为 类别/编码，如 WESTERN_DRUG/XA02BCA211A012010100154",
                           "an item is named KIND/CODE, as WESTERN_DRUG/XA02BCA211A012010100154");
    if (question.date == DATE_NONE)
        return say_refusal(call, EXIT_USAGE, "usage", "日期应为 YYYY-MM-DD", "the date is written as YYYY-MM-DD");
    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    result = look_up(call, &session, &question);
    session_close(&session);
    return result;
}

static const struct option lookup_options[] = {
    {"region", 'r', OPTION_TEXT, offsetof(struct lookup_options, region), "REGION",
     "of the insurance, across provinces of care, six digits; 000000 the nation",
     "参保统筹区，跨省就医为就医地（六位区划代码），默认 000000 全国", 0, 0},
    {"institution", 'i', OPTION_TEXT, offsetof(struct lookup_options, institution), "ORG",
     "also asks its formulary", "同时查询该机构的用药目录", 0, 0},
    {"date", 'd', OPTION_TEXT, offsetof(struct lookup_options, date), "DATE", "of service, YYYY-MM-DD; today",
     "就诊（服务）日期，默认今天", 0, 0},
    {"insurance", 0, OPTION_TEXT, offsetof(struct lookup_options, insurance), "TYPE",
     "insutype, as 310 employees, 390 residents, 510 maternity: whether it pays", "险种，如 310 职工、390 居民、510 生育：是否支付", 0, 0},
    {"across-provinces", 0, OPTION_FLAG, offsetof(struct lookup_options, across_provinces), NULL,
     "care in another province than the insurance", "跨省异地就医", 0, 0},
};

const struct command command_catalogue_lookup = {
    .words = "ctl catalogue lookup",
    .arguments = "KIND/CODE",
    .summary_zh = "查询某地区、某机构、某日的目录条目及理由",
    .summary = "what the catalogue says of an item for a region, an institution and a day, and why",
    .details = "Layers: the nation's list, the regions' rows over it unless the nation protects the item, the institution's\n"
               "formulary. Old codes and other names lead to the item that they stand for. payable: whether the fund pays for it\n"
               "there and of that insurance; priceLimit: up to which price. Exit code 3: nothing is in force.",
    .options = lookup_options,
    .option_count = sizeof lookup_options / sizeof *lookup_options,
    .options_size = sizeof(struct lookup_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .uses = USES_KAFKA | USES_ROWS,
    .run = lookup_command,
};
