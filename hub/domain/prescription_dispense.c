/* What a dispensing must be: the dispenser that holds it, and whose pharmacist has passed it, gives some or
 * all of it to the patient. What is made of it: prescription_dispense_decide.c. */
#include "domain/prescription_dispense.h"

#include "domain/catalogue_payment.h"
#include "domain/licence.h"
#include "domain/line_quantity.h"
#include "domain/prescription_dual_channel.h"
#include "domain/prescription_trace.h"
#include "domain/registry.h"

static const struct dispensing *dispensing_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules: who, when, how often --- */

static void dispensers_pharmacist_has_passed_it(struct rule_context *context)
{
    const PrescriptionState *state = dispensing_of(context)->step.state;
    if (state != NULL && state->status == PRESCRIPTION_CLAIMED)
        rule_refuse(context, "nationalNumber", "CLAIMED", "passed by the dispenser's pharmacist");
}

static void dispensing_number_is_new(struct rule_context *context)
{
    const struct dispensing *dispensing = dispensing_of(context);
    const PrescriptionState *state = dispensing->step.state;
    for (size_t i = 0; state != NULL && i < state->n_dispensings; i++)
        if (strcmp(state->dispensings[i]->number, dispensing->said->dispensing_number) == 0 &&
            strcmp(state->dispensings[i]->dispenser, dispensing->said->dispenser) == 0)
            rule_refuse(context, "dispensingNumber", dispensing->said->dispensing_number,
                        "a number that this dispenser did not use for it before");
}

static void not_too_often(struct rule_context *context)
{
    const struct prescription_step *step = &dispensing_of(context)->step;
    const PrescriptionState *state = step->state;
    int64_t count_max;
    if (state == NULL)
        return;
    count_max = state->repeat_max;
    if (count_max == 0 && !view_policy_int(context->view, context->rule->parameter, state->region_of_care,
                                           step->day, &count_max))
        rule_policy_missing(context, state->region_of_care, step->day);
    else if ((int64_t)state->n_dispensings >= count_max)
        rule_refuse(context, "dispensingNumber",
                    rule_text(context, "%zu dispensings before", state->n_dispensings),
                    rule_text(context, "at most %lld in all", (long long)count_max));
}

static void not_too_soon(struct rule_context *context)
{
    const struct prescription_step *step = &dispensing_of(context)->step;
    const PrescriptionState *state = step->state;
    if (state == NULL || state->n_dispensings == 0)
        return;
    date_t last = date_in_china(state->dispensings[state->n_dispensings - 1]->dispensed_at_ms);
    date_t next = last + (date_t)(state->repeat_interval_days < 3660 ? state->repeat_interval_days : 3660);
    if (step->day < next)
        rule_refuse(context, "dispensedAt", rule_day(context, step->day),
                    rule_text(context, "not before %s", rule_day(context, next)));
}

/* --- rules: what and how much --- */

static bool is_said_before(const PrescriptionDispensed *said, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (strcmp(said->lines[i]->line_number, said->lines[place]->line_number) == 0)
            return true;
    return false;
}

static void lines_are_those_of_the_prescription(struct rule_context *context)
{
    const struct dispensing *dispensing = dispensing_of(context);
    for (size_t i = 0; dispensing->step.state != NULL && i < dispensing->said->n_lines; i++)
        if (dispensing->lines[i].line == NULL || is_said_before(dispensing->said, i))
            rule_refuse(context, rule_text(context, "lines[%zu].lineNumber", i),
                        dispensing->said->lines[i]->line_number, "a line of the prescription, once");
}

/* Another maker's product of the same generic name is the prescribed drug. */
static void drugs_are_the_prescribed_ones(struct rule_context *context)
{
    const struct dispensing *dispensing = dispensing_of(context);
    for (size_t i = 0; i < dispensing->said->n_lines; i++) {
        const DispensedLine *said = dispensing->said->lines[i];
        const PrescriptionLineState *line = dispensing->lines[i].line;
        if (line != NULL && strcmp(said->catalogue_code, line->catalogue_code) != 0 &&
            (!is_given(said->generic_name) || strcmp(said->generic_name, line->generic_name) != 0))
            rule_refuse(context, rule_text(context, "lines[%zu].catalogueCode", i), "***",
                        "the prescribed drug, or one of the same generic name");
    }
}

static void quantities_are_positive(struct rule_context *context)
{
    const PrescriptionDispensed *said = dispensing_of(context)->said;
    for (size_t i = 0; i < said->n_lines; i++)
        if (quantity_e4(said->lines[i]->quantity) <= 0)
            rule_refuse(context, rule_text(context, "lines[%zu].quantity", i), "***", "more than 0");
}

static void quantities_add_up(struct rule_context *context)
{
    const struct dispensing *dispensing = dispensing_of(context);
    for (size_t i = 0; i < dispensing->said->n_lines; i++) {
        const PrescriptionLineState *line = dispensing->lines[i].line;
        if (line != NULL && quantity_e4(dispensing->said->lines[i]->quantity) > line_open_e4(line))
            rule_refuse(context, rule_text(context, "lines[%zu].quantity", i), "***",
                        "no more than what is left of the prescribed quantity");
    }
}

static void doses_add_up(struct rule_context *context)
{
    const struct dispensing *dispensing = dispensing_of(context);
    const PrescriptionState *state = dispensing->step.state;
    int64_t doses = quantity_e4(dispensing->said->doses);
    if (state == NULL || state->prescribed_doses == NULL)
        return;
    int64_t left = quantity_e4(state->prescribed_doses) - quantity_e4(state->dispensed_doses);
    if (doses <= 0 || doses > left)
        rule_refuse(context, "doses", "***", "more than 0 and no more than the doses that are left");
}

/* True if the line at PLACE is sold for more than the fund counts of its price on that day, or does not say for how much. */
static bool is_above_the_standard(struct rule_context *context, size_t place, int64_t *standard_micro)
{
    const struct dispensing *dispensing = dispensing_of(context);
    const CatalogueItem *item = dispensing->lines[place].item;
    const Medhub__Common__V1__Price *price = dispensing->said->lines[place]->price;
    return item != NULL &&
           item_price_limit(context->view, item, prescription_benefit_region(dispensing->step.state), dispensing->step.day,
                            standard_micro) &&
           (price == NULL || price->micro_yuan > *standard_micro);
}

static const char *price_found(struct rule_context *context, size_t place)
{
    const Medhub__Common__V1__Price *price = dispensing_of(context)->said->lines[place]->price;
    return price == NULL ? "" : rule_text(context, "%lld µ¥", (long long)price->micro_yuan);
}

static const char *price_expected(struct rule_context *context, int64_t standard_micro)
{
    return rule_text(context, "at most %lld µ¥, the standard on %s", (long long)standard_micro,
                     rule_day(context, dispensing_of(context)->step.day));
}

static void pharmacy_sells_no_dearer_than_the_standard(struct rule_context *context)
{
    const struct dispensing *dispensing = dispensing_of(context);
    int64_t standard_micro;
    for (size_t i = 0; step_is_of_a_pharmacy(&dispensing->step) && i < dispensing->said->n_lines; i++)
        if (is_above_the_standard(context, i, &standard_micro))
            rule_refuse(context, rule_text(context, "lines[%zu].price", i), price_found(context, i),
                        price_expected(context, standard_micro));
}

/* A hospital may: what is above the standard the patient bears, which its settlement must say. */
static void hospital_is_told_of_the_excess(struct rule_context *context)
{
    const struct dispensing *dispensing = dispensing_of(context);
    const PrescriptionState *state = dispensing->step.state;
    int64_t standard_micro;
    if (state == NULL || step_is_of_a_pharmacy(&dispensing->step))
        return;
    for (size_t i = 0; i < dispensing->said->n_lines; i++)
        if (dispensing->said->lines[i]->price != NULL && is_above_the_standard(context, i, &standard_micro))
            rule_refuse_or_warn(context, prescription_benefit_region(state), dispensing->step.day,
                                rule_text(context, "lines[%zu].price", i), price_found(context, i),
                                price_expected(context, standard_micro));
}

static bool contradicts(const DispensedLine *line, const struct label *label)
{
    bool other_lot = is_given(line->lot) && is_given(label->lot) && strcmp(line->lot, label->lot) != 0;
    bool other_day = is_given(line->expires_on) && label->expires_on != DATE_NONE &&
                     text_day(line->expires_on) != label->expires_on;
    return other_lot || other_day;
}

static void check_code(struct rule_context *context, const DispensedLine *line, const char *path,
                       const char *code)
{
    struct label label;
    if (!trace_read_code(context->view, code, &label))
        return;
    if (label.form == LABEL_OTHER)
        rule_warn(context, path, "a code of another system", "a code that the trace family can follow");
    else if (!label_names_product(&label))
        rule_refuse(context, path, "unreadable", "a GS1 code of an item or a 20-digit drug trace code");
    else if (contradicts(line, &label))
        rule_refuse(context, path, "another lot or expiry", "lot and expiry of the line");
}

static void trace_codes_can_be_followed(struct rule_context *context)
{
    const PrescriptionDispensed *said = dispensing_of(context)->said;
    for (size_t i = 0; i < said->n_lines; i++)
        for (size_t j = 0; j < said->lines[i]->n_trace_codes; j++)
            check_code(context, said->lines[i], rule_text(context, "lines[%zu].traceCodes[%zu]", i, j),
                       said->lines[i]->trace_codes[j]);
}

const struct rule prescription_dispensed_rules[DISPENSED_RULES] = {
    PRESCRIPTION_STEP_RULES("10"),
    {
        .id = "RX-106",
        .code = "prescription.not_reviewed_by_dispenser",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "调配前由调配方药师审核",
        .evaluate = dispensers_pharmacist_has_passed_it,
        .sentence_zh = "调配方药师审核通过后方可配药",
        .sentence_en = "A prescription is dispensed after the dispenser's pharmacist has passed it.",
    },
    {
        .id = "RX-107",
        .code = "prescription.dispenser_not_designated",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "定点医疗机构或定点零售药店调配",
        .evaluate = step_dispenser_is_designated,
        .sentence_zh = "配药机构在配药当日须为在网的定点机构",
        .sentence_en = "On the day of dispensing the dispenser is live and designated.",
    },
    {
        .id = "RX-108",
        .code = "prescription.past_validity",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 valiEndTime",
        .evaluate = step_is_within_validity,
        .sentence_zh = "处方须在有效期内配药",
        .sentence_en = "A prescription is dispensed while it is valid.",
    },
    {
        .id = "RX-109",
        .code = "prescription.dispensing_number_repeated",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "7206 售药明细上传",
        .evaluate = dispensing_number_is_new,
        .sentence_zh = "同一配药单号不得重复",
        .sentence_en = "A dispenser uses a dispensing number once.",
    },
    {
        .id = "RX-110",
        .code = "prescription.line_unknown",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "7206 selinfo",
        .evaluate = lines_are_those_of_the_prescription,
        .sentence_zh = "配药明细须对应处方明细，且各出现一次",
        .sentence_en = "What is dispensed are lines of the prescription, each said once.",
    },
    {
        .id = "RX-111",
        .code = "prescription.other_drug",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "通用名",
        .evaluate = drugs_are_the_prescribed_ones,
        .sentence_zh = "所配药品须为处方药品或同一通用名药品",
        .sentence_en = "The drug given is the prescribed one, or one of the same generic name.",
    },
    {
        .id = "RX-112",
        .code = "prescription.quantity_not_positive",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "7206 sel_retn_cnt",
        .evaluate = quantities_are_positive,
        .sentence_zh = "配药数量必须大于零",
        .sentence_en = "Every quantity dispensed is more than zero.",
    },
    {
        .id = "RX-113",
        .code = "prescription.quantity_exceeded",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "凭处方支付",
        .evaluate = quantities_add_up,
        .sentence_zh = "各次配药数量累计不得超过处方数量",
        .sentence_en = "All dispensings together give no more than was prescribed.",
    },
    {
        .id = "RX-114",
        .code = "prescription.doses_exceeded",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 rxDrugCnt，中药饮片剂数",
        .evaluate = doses_add_up,
        .sentence_zh = "中药饮片须写明剂数，累计不得超过处方剂数",
        .sentence_en = "TCM pieces are dispensed in doses, no more than were prescribed.",
    },
    {
        .id = "RX-115",
        .code = "prescription.price_above_standard",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "药店售价不得高于谈判支付标准",
        .evaluate = pharmacy_sells_no_dearer_than_the_standard,
        .sentence_zh = "药店售价不得高于配药当日的支付标准",
        .sentence_en = "A pharmacy sells no dearer than the payment standard of the day.",
    },
    {
        .id = "RX-116",
        .code = "prescription.patient_not_identified",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "实名制",
        .evaluate = dual_channel_patient_is_identified,
        .sentence_zh = "双通道药品须实名取药",
        .sentence_en = "A dual-channel drug is handed to an identified patient.",
    },
    {
        .id = "RX-117",
        .code = "prescription.dispensed_too_often",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 maxReptCnt；未写明的由统筹地区确定",
        .parameter = "prescription.dispensings_max",
        .evaluate = not_too_often,
        .sentence_zh = "配药次数不得超过处方写明或政策规定的次数",
        .sentence_en = "It is dispensed no more often than it says, or else the policy.",
    },
    {
        .id = "RX-118",
        .code = "prescription.dispensed_too_soon",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 minInrvDays",
        .evaluate = not_too_soon,
        .sentence_zh = "两次配药间隔不得少于处方写明的天数",
        .sentence_en = "Between two dispensings lie the days that the prescription says.",
    },
    {
        .id = "RX-119",
        .code = "prescription.trace_code_wrong",
        .document = SOURCE_TRACE_CODES,
        .clause = "追溯码采集",
        .evaluate = trace_codes_can_be_followed,
        .sentence_zh = "追溯码须可识别，且批号、有效期与明细一致",
        .sentence_en = "Trace codes can be read and say the line's lot and expiry.",
    },
    {
        .id = "RX-120",
        .code = "prescription.dispenser_not_listed",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "三定：定零售药店",
        .evaluate = dual_channel_dispenser_is_listed,
        .sentence_zh = "双通道处方的配药机构在配药当日须在统筹地区三定名单内",
        .sentence_en =
            "On the day of dispensing the dispenser of a dual-channel prescription is on the lists.",
    },
    {
        .id = "RX-121",
        .code = "prescription.price_above_standard_at_hospital",
        .document = SOURCE_INNER_MONGOLIA_PAYMENT_STANDARD, /* Inner Mongolia: the pilot of payment standards */
        .clause = "高于支付标准的部分由患者负担",
        .parameter = "prescription.price_above_standard.refuse",
        .evaluate = hospital_is_told_of_the_excess,
        .sentence_zh = "医疗机构售价高于配药当日支付标准的，高出部分由患者负担",
        .sentence_en = "What a hospital's price exceeds the payment standard of the day is borne by the patient.",
    },
    {
        .id = "RX-122",
        .code = "prescription.dispenser_not_licensed",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "药品经营许可证、医疗机构执业许可证",
        .parameter = LICENCES_COMPLETE,
        .evaluate = step_dispenser_is_licensed,
        .sentence_zh = "配药机构在配药当日须有有效许可",
        .sentence_en = "On the day of dispensing the dispenser's licence counts.",
    },
};
