#include "domain/prescription.h"

#include "domain/catalogue_key.h"
#include "domain/organisation.h"

static const struct upload *upload_of(const struct rule_context *context)
{
    return context->prepared;
}

static void person_is_the_key(struct rule_context *context)
{
    const char *person = upload_of(context)->said->person;
    if (!is_given(person) || strcmp(person, context->view->key) != 0)
        rule_refuse(context, "person", is_given(person) ? "***" : "", "the key of the event");
}

static void source_is_the_issuer(struct rule_context *context)
{
    const char *institution = upload_of(context)->said->institution;
    const char *source = context->event->attributes.source;
    if (strcmp(source, institution) != 0)
        rule_refuse(context, "institution", institution, rule_text(context, "the source, %s", source));
}

static void issuer_is_designated(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    if (organisation_is_designated(upload->issuer, upload->issued_on))
        return;
    rule_refuse(
        context, "institution",
        rule_text(context, "%s: %s", upload->said->institution, organisation_state_name(upload->issuer)),
        rule_text(context, "live and designated on %s", rule_day(context, upload->issued_on)));
}

static void issuer_is_a_hospital(struct rule_context *context)
{
    const Organisation *issuer = upload_of(context)->issuer;
    if (issuer != NULL && issuer->kind != ORGANISATION_HOSPITAL)
        rule_refuse(context, "institution", issuer->id, "an organisation of kind HOSPITAL");
}

/* --- lines --- */

static CatalogueKind catalogue_kind(const struct upload *upload, const PrescriptionLine *line)
{
    if (line->hospital_preparation)
        return KIND_HOSPITAL_PREPARATION;
    switch (line->kind == LINE_KIND_UNSPECIFIED ? upload->said->kind : line->kind) {
    case LINE_PATENT_TCM:
        return KIND_PATENT_DRUG;
    case LINE_PIECES:
        return KIND_TCM_PIECE;
    case LINE_GRANULES:
        return KIND_TCM_GRANULE;
    default:
        return KIND_WESTERN_DRUG;
    }
}

static bool is_on_the_catalogue(struct view *view, const struct upload *upload, const PrescriptionLine *line)
{
    struct table_row row;
    const char *key = catalogue_key(view->arena, catalogue_kind(upload, line), line->catalogue_code);
    return key != NULL &&
           view_table(view, TABLE_CATALOGUE, key, upload->benefit_region, upload->issued_on, &row);
}

static void lines_are_on_the_catalogue(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    for (size_t i = 0; i < upload->said->n_lines; i++)
        if (!is_on_the_catalogue(context->view, upload, upload->said->lines[i]))
            rule_refuse(context, rule_text(context, "lines[%zu].catalogueCode", i), "***",
                        rule_text(context, "on the catalogue of region %s on %s", upload->benefit_region,
                                  rule_day(context, upload->issued_on)));
}

static void quantities_are_positive(struct rule_context *context)
{
    const PrescriptionUploaded *said = upload_of(context)->said;
    for (size_t i = 0; i < said->n_lines; i++)
        if (said->lines[i]->quantity == NULL || said->lines[i]->quantity->e4 <= 0)
            rule_refuse(context, rule_text(context, "lines[%zu].quantity", i), "***", "more than 0");
}

static void one_diagnosis_is_the_main_one(struct rule_context *context)
{
    const PrescriptionUploaded *said = upload_of(context)->said;
    size_t main_count = 0;
    for (size_t i = 0; i < said->n_diagnoses; i++)
        main_count += said->diagnoses[i]->main ? 1 : 0;
    if (main_count != 1)
        rule_refuse(context, "diagnoses", rule_text(context, "%zu marked as main", main_count),
                    "exactly one marked as main");
}

/* --- validity --- */

static void validity_can_be_told(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    if (upload->last_day == DATE_NONE)
        rule_policy_missing(context, upload->said->region_of_care, upload->issued_on);
}

static void validity_begins_with_the_issue(struct rule_context *context)
{
    const PrescriptionUploaded *said = upload_of(context)->said;
    char issued[MOMENT_TEXT_BYTES], valid[MOMENT_TEXT_BYTES];
    if (said->valid_until == NULL || timestamp_ms(said->valid_until) >= timestamp_ms(said->issued_at))
        return;
    rule_refuse(context, "validUntil",
                rule_text(context, "%s", moment_format_ms(timestamp_ms(said->valid_until), valid)),
                rule_text(context, "not before %s", moment_format_ms(timestamp_ms(said->issued_at), issued)));
}

/* --- said once --- */

static void national_number_is_new(struct rule_context *context)
{
    const char *number = upload_of(context)->said->national_number;
    if (is_given(number) && view_state(context->view, PRESCRIPTION_STATE, "prescription/%s", number) != NULL)
        rule_refuse(context, "nationalNumber", number, "a number that was not uploaded before");
}

static void hospital_number_is_new(struct rule_context *context)
{
    const PrescriptionUploaded *said = upload_of(context)->said;
    if (view_state(context->view, PRESCRIPTION_STATE, "prescription/%s/%s", said->institution,
                   said->hospital_number) != NULL)
        rule_refuse(context, "hospitalNumber", said->hospital_number,
                    rule_text(context, "a number that %s did not use before", said->institution));
}

#define CIRCULATION "津医保局发〔2021〕106号" /* Tianjin: insurance policy for prescription circulation */
#define CENTRE      "电子处方中心接口"        /* as public code shows it: nhsa-wire 2.2, 2.3 */
#define PRESCRIBING "处方管理办法（卫生部令第53号）"

/* --- the family --- */

static const struct rule uploaded_rules[] = {
    {
        .id = "RX-001",
        .code = "prescription.person_differs",
        .document = "甘医保发〔2021〕118号",
        .clause = "实名制，C4 L5516",
        .evaluate = person_is_the_key,
        .sentence_zh = "处方必须写明参保人，且与事件键一致",
        .sentence_en = "A prescription names its person, and the event's key is that person.",
    },
    {
        .id = "RX-002",
        .code = "prescription.source_is_not_issuer",
        .document = CIRCULATION,
        .clause = "处方实时上传，C1 L1360",
        .evaluate = source_is_the_issuer,
        .sentence_zh = "处方由开具机构自己上传",
        .sentence_en = "A prescription is uploaded by the institution that issued it.",
    },
    {
        .id = "RX-003",
        .code = "prescription.issuer_not_designated",
        .document = CIRCULATION,
        .clause = "定点医疗机构处方，C1 L1364",
        .evaluate = issuer_is_designated,
        .sentence_zh = "开具机构在开具当日须为在网的定点机构",
        .sentence_en = "On the day of issue the issuer is live and designated.",
    },
    {
        .id = "RX-004",
        .code = "prescription.issuer_of_wrong_kind",
        .document = CIRCULATION,
        .clause = "开具方为定点医疗机构，C1 L1360",
        .evaluate = issuer_is_a_hospital,
        .sentence_zh = "处方只能由医疗机构开具",
        .sentence_en = "Only a medical institution issues prescriptions.",
    },
    {
        .id = "RX-005",
        .code = "prescription.line_not_on_catalogue",
        .document = CIRCULATION,
        .clause = "目录内药品，C1 L1358、L1364",
        .evaluate = lines_are_on_the_catalogue,
        .sentence_zh = "每个药品在开具当日须在参保地目录内",
        .sentence_en = "On the day of issue every line is on the catalogue of the region of insurance.",
    },
    {
        .id = "RX-006",
        .code = "prescription.quantity_not_positive",
        .document = CENTRE,
        .clause = "D001 drugCnt，nhsa-wire 2.2",
        .evaluate = quantities_are_positive,
        .sentence_zh = "药品数量必须大于零",
        .sentence_en = "Every quantity is more than zero.",
    },
    {
        .id = "RX-007",
        .code = "prescription.main_diagnosis",
        .document = CENTRE,
        .clause = "D001 maindiagFlag，nhsa-wire 2.2",
        .evaluate = one_diagnosis_is_the_main_one,
        .sentence_zh = "须有且仅有一个主诊断",
        .sentence_en = "Exactly one diagnosis is the main one.",
    },
    {
        .id = "RX-008",
        .code = "prescription.validity_unknown",
        .document = PRESCRIBING,
        .clause = "第十八条",
        .parameter = PRESCRIPTION_VALID_DAYS,
        .evaluate = validity_can_be_told,
        .sentence_zh = "处方未写明有效期的，按政策规定的天数计算",
        .sentence_en = "Where a prescription does not say how long it is valid, the policy does.",
    },
    {
        .id = "RX-009",
        .code = "prescription.valid_until_before_issue",
        .document = CENTRE,
        .clause = "D001 valiEndTime，nhsa-wire 2.2",
        .evaluate = validity_begins_with_the_issue,
        .sentence_zh = "有效期截止时间不得早于开具时间",
        .sentence_en = "A prescription is not valid until a moment before it was issued.",
    },
    {
        .id = "RX-010",
        .code = "prescription.national_number_repeated",
        .document = CENTRE,
        .clause = "D003 hiRxno，nhsa-wire 2.3",
        .evaluate = national_number_is_new,
        .sentence_zh = "同一医保处方编号只能上传一次",
        .sentence_en = "A national prescription number is uploaded once.",
    },
    {
        .id = "RX-011",
        .code = "prescription.hospital_number_repeated",
        .document = CENTRE,
        .clause = "D001 hospRxno，nhsa-wire 2.2",
        .evaluate = hospital_number_is_new,
        .sentence_zh = "同一医院的处方号只能上传一次",
        .sentence_en = "A hospital uses a prescription number once.",
    },
};

static const struct handler handlers[] = {
    {
        .type = "medhub.prescription.uploaded.v1",
        .rules = uploaded_rules,
        .rule_count = sizeof uploaded_rules / sizeof *uploaded_rules,
        .prepare = prescription_prepare,
        .decide = prescription_decide,
        .roles = "hospital",
    },
    {
        .type = PRESCRIPTION_EXPIRY_TIMER,
        .fire = prescription_expire,
    },
};

const struct domain domain_prescription = {
    .name = "prescription",
    .key_kind = "person",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};
