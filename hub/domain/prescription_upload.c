/* What an upload must be. What is made of it: prescription_upload_decide.c. */
#include "domain/prescription.h"

#include "domain/licence.h"
#include "domain/organisation.h"
#include "domain/practitioner.h"
#include "domain/prescription_dual_channel.h"
#include "domain/registry.h"
#include "domain/sealed.h"

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
    if (upload->last_day == DATE_NONE && !upload->said->long_term)
        rule_policy_missing(context, upload->said->region_of_care, upload->issued_on);
}

static void long_term_validity_can_be_told(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    if (upload->last_day == DATE_NONE && upload->said->long_term)
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

/* --- who it is for, under seal --- */

static void identity_is_sealed(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    sealed_identity_holds(context, upload->said->identity, upload->said->region_of_care, upload->issued_on);
}

/* --- the table --- */

const struct rule prescription_uploaded_rules[UPLOADED_RULES] = {
    {
        .id = "RX-001",
        .code = "prescription.person_differs",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "实名制",
        .evaluate = person_is_the_key,
        .sentence_zh = "处方必须写明参保人，且与事件键一致",
        .sentence_en = "A prescription names its person, and the event's key is that person.",
    },
    {
        .id = "RX-002",
        .code = "prescription.source_is_not_issuer",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "处方实时上传",
        .evaluate = source_is_the_issuer,
        .sentence_zh = "处方由开具机构自己上传",
        .sentence_en = "A prescription is uploaded by the institution that issued it.",
    },
    {
        .id = "RX-003",
        .code = "prescription.issuer_not_designated",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "定点医疗机构处方",
        .evaluate = issuer_is_designated,
        .sentence_zh = "开具机构在开具当日须为在网的定点机构",
        .sentence_en = "On the day of issue the issuer is live and designated.",
    },
    {
        .id = "RX-004",
        .code = "prescription.issuer_of_wrong_kind",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "开具方为定点医疗机构",
        .evaluate = issuer_is_a_hospital,
        .sentence_zh = "处方只能由医疗机构开具",
        .sentence_en = "Only a medical institution issues prescriptions.",
    },
    {
        .id = "RX-005",
        .code = "prescription.line_not_on_catalogue",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "目录内药品",
        .evaluate = upload_lines_are_on_the_catalogue,
        .sentence_zh = "每个药品在开具当日须在参保地目录内",
        .sentence_en = "On the day of issue every line is on the catalogue of the region of insurance.",
    },
    {
        .id = "RX-006",
        .code = "prescription.quantity_not_positive",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 drugCnt",
        .evaluate = upload_quantities_are_positive,
        .sentence_zh = "药品数量必须大于零",
        .sentence_en = "Every quantity is more than zero.",
    },
    {
        .id = "RX-007",
        .code = "prescription.main_diagnosis",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 maindiagFlag",
        .evaluate = one_diagnosis_is_the_main_one,
        .sentence_zh = "须有且仅有一个主诊断",
        .sentence_en = "Exactly one diagnosis is the main one.",
    },
    {
        .id = "RX-008",
        .code = "prescription.validity_unknown",
        .document = SOURCE_PRESCRIBING,
        .clause = "第十八条",
        .parameter = PRESCRIPTION_VALID_DAYS,
        .evaluate = validity_can_be_told,
        .sentence_zh = "处方未写明有效期的，按政策规定的天数计算",
        .sentence_en = "Where a prescription does not say how long it is valid, the policy does.",
    },
    {
        .id = "RX-009",
        .code = "prescription.valid_until_before_issue",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 valiEndTime",
        .evaluate = validity_begins_with_the_issue,
        .sentence_zh = "有效期截止时间不得早于开具时间",
        .sentence_en = "A prescription is not valid until a moment before it was issued.",
    },
    {
        .id = "RX-010",
        .code = "prescription.national_number_repeated",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D003 hiRxno",
        .evaluate = national_number_is_new,
        .sentence_zh = "同一医保处方编号只能上传一次",
        .sentence_en = "A national prescription number is uploaded once.",
    },
    {
        .id = "RX-011",
        .code = "prescription.hospital_number_repeated",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 hospRxno",
        .evaluate = hospital_number_is_new,
        .sentence_zh = "同一医院的处方号只能上传一次",
        .sentence_en = "A hospital uses a prescription number once.",
    },
    {
        .id = "RX-012",
        .code = "prescription.validity_unknown",
        .document = SOURCE_PRACTICE,
        .clause = "长期处方默认有效天数，由统筹地区确定",
        .parameter = PRESCRIPTION_LONG_TERM_VALID_DAYS,
        .evaluate = long_term_validity_can_be_told,
        .sentence_zh = "长期处方未写明有效期的，按政策规定的长期处方天数计算",
        .sentence_en = "Where a long-term prescription does not say how long it is valid, the policy does.",
    },
    {
        .id = "RX-013",
        .code = "prescription.line_number_repeated",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D005 rxDetlList",
        .evaluate = upload_line_numbers_are_different,
        .sentence_zh = "处方内明细序号不得重复",
        .sentence_en = "The lines of a prescription have different numbers.",
    },
    {
        .id = "RX-014",
        .code = "prescription.doses_missing",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 rxDrugCnt，中药饮片填剂数",
        .evaluate = upload_pieces_are_in_doses,
        .sentence_zh = "中药饮片处方须写明剂数",
        .sentence_en = "A prescription of TCM pieces says how many doses.",
    },
    {
        .id = "RX-015",
        .code = "prescription.hospital_not_listed",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "三定：定医疗机构",
        .evaluate = dual_channel_hospital_is_listed,
        .sentence_zh = "双通道处方的开具机构须在统筹地区三定名单内",
        .sentence_en = "The hospital of a dual-channel prescription is on the list of designated hospitals.",
    },
    {
        .id = "RX-016",
        .code = "prescription.doctor_not_listed",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "三定：定责任医师",
        .evaluate = dual_channel_doctor_is_listed,
        .sentence_zh = "双通道处方的开方医师须在责任医师名单内",
        .sentence_en = "The doctor of a dual-channel prescription is on the list of responsible doctors.",
    },
    {
        .id = "RX-017",
        .code = "prescription.patient_not_named",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "实名制",
        .evaluate = dual_channel_patient_is_named,
        .sentence_zh = "双通道处方须实名，并附加密的参保人身份",
        .sentence_en = "A dual-channel prescription travels with its patient's sealed identity.",
    },
    {
        .id = "RX-042",
        .code = "prescription.drug_not_dual_channel",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "双通道药品目录与常规乙类分类管理",
        .parameter = "prescription.dual_channel_list_complete",
        .evaluate = dual_channel_drugs_are_listed,
        .sentence_zh = "双通道处方的药品当日须在参保地双通道药品目录内",
        .sentence_en = "What a dual-channel prescription is for is on the region's dual-channel list on that day.",
    },
    {
        .id = "RX-018",
        .code = "prescription.preparation_elsewhere",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "医疗机构制剂",
        .also = {{SOURCE_XINJIANG_ETHNIC_DRUGS, "制剂限配制机构和指定协作医疗机构使用"}},
        .evaluate = upload_preparations_are_the_hospitals_own,
        .sentence_zh = "医疗机构制剂只能由配制机构或指定协作机构开具",
        .sentence_en = "A hospital preparation is prescribed by its maker or a named partner only.",
    },
    {
        .id = "RX-019",
        .code = "prescription.beyond_the_doctors_level",
        .document = SOURCE_SICHUAN_CANCER_CARE,
        .clause = "处方分级授权",
        .evaluate = doctor_may_prescribe_it,
        .sentence_zh = "目录要求处方权限的，医师职称须达到要求",
        .sentence_en = "Where the catalogue demands a level, the doctor has it.",
    },
    {
        .id = "RX-020",
        .code = "prescription.chronic_disease_not_one",
        .document = SOURCE_BEIJING_CHRONIC,
        .clause = "按病种分别开具处方",
        .evaluate = upload_chronic_disease_is_one,
        .sentence_zh = "门诊慢特病按病种分别开具处方",
        .sentence_en = "A chronic disease has a prescription of its own.",
    },
    {
        .id = "RX-043",
        .code = "prescription.not_qualified",
        .document = SOURCE_BEIJING_CHRONIC,
        .clause = "待遇资格认定",
        .parameter = "person.qualifications_complete",
        .evaluate = upload_chronic_disease_is_qualified_for,
        .sentence_zh = "门诊慢特病处方的参保人须有该病种的待遇资格",
        .sentence_en = "A prescription for a chronic disease is for somebody who is qualified for it.",
    },
    {
        .id = "RX-044",
        .code = "prescription.examination_not_recognised",
        .document = SOURCE_GUIZHOU_EXAMINATIONS,
        .clause = "检查检验结果互认，结果互认机构名录",
        .parameter = "registry.recognition_complete",
        .evaluate = upload_examinations_are_recognised,
        .sentence_zh = "处方所依据的外院检查检验结果须来自互认名录内的机构",
        .sentence_en = "An examination of another hospital counts where that is in the directory of mutual recognition.",
    },
    {
        .id = "RX-021",
        .code = "prescription.double_medication",
        .document = SOURCE_PRACTICE,
        .clause = "重复用药，由统筹地区确定提示或拒绝",
        .parameter = "prescription.double_medication.refuse",
        .evaluate = upload_drugs_are_not_taken_twice,
        .sentence_zh = "同一通用名药品的用药时间不应与其他处方重叠",
        .sentence_en = "A drug is not prescribed for days for which another prescription gives it.",
    },
    {
        .id = "RX-022",
        .code = "prescription.identity_not_sealed",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "实名制",
        .also = {{SOURCE_DESIGN, "姓名与证件号码加密传输"}},
        .parameter = "prescription.identity_sealed.refuse",
        .evaluate = identity_is_sealed,
        .sentence_zh = "参保人姓名、证件号码、电话须按接收机构加密后上传",
        .sentence_en = "Name, identity number and telephone of the patient are sealed for their recipients.",
    },
    {
        .id = "RX-031",
        .code = "prescription.limit_sex",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "限定支付：性别",
        .evaluate = limit_sex_is_met,
        .sentence_zh = "限定性别的药品须符合患者性别",
        .sentence_en = "A drug limited to a sex is for a patient of that sex.",
    },
    {
        .id = "RX-032",
        .code = "prescription.limit_age",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "限定支付：年龄",
        .parameter = "prescription.child_age_years",
        .evaluate = limit_age_is_met,
        .sentence_zh = "限儿童使用的药品须用于儿童",
        .sentence_en = "A drug limited to children is for a child.",
    },
    {
        .id = "RX-033",
        .code = "prescription.limit_insurance",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "限定支付：险种",
        .evaluate = limit_insurance_is_met,
        .sentence_zh = "限定险种的药品须符合参保险种",
        .sentence_en = "A drug limited to an insurance is for a patient of that insurance.",
    },
    {
        .id = "RX-034",
        .code = "prescription.limit_care",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "限定支付：就医方式",
        .evaluate = limit_care_is_met,
        .sentence_zh = "限住院使用的药品须用于住院",
        .sentence_en = "A drug limited to inpatients is for an inpatient.",
    },
    {
        .id = "RX-035",
        .code = "prescription.limit_institution_level",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "限定支付：医疗机构级别",
        .evaluate = limit_level_is_met,
        .sentence_zh = "限定医疗机构级别的药品须由该级别以上机构开具",
        .sentence_en = "A drug limited to a level of hospital is prescribed by one of that level or above.",
    },
    {
        .id = "RX-036",
        .code = "prescription.limit_disease",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "限定支付：病种，诊断与限定支付范围相符",
        .evaluate = limit_disease_is_met,
        .sentence_zh = "诊断须符合药品的限定支付范围",
        .sentence_en = "The diagnosis is one that the drug is limited to.",
    },
    {
        .id = "RX-037",
        .code = "prescription.limit_course",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "限定支付：疗程",
        .evaluate = limit_course_is_met,
        .sentence_zh = "用药天数不得超过限定疗程",
        .sentence_en = "A course is no longer than the drug is limited to.",
    },
    {
        .id = "RX-038",
        .code = "prescription.limit_amount",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "限定支付：用量",
        .evaluate = limit_amount_is_met,
        .sentence_zh = "药品数量不得超过限定用量",
        .sentence_en = "An amount is no more than the drug is limited to.",
    },
    {
        .id = "RX-039",
        .code = "prescription.doctor_not_licensed",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "人员执业证与第一注册地",
        .parameter = PRACTITIONERS_COMPLETE,
        .evaluate = doctor_is_licensed,
        .sentence_zh = "开方医师当日须在开方机构有有效执业证",
        .sentence_en = "Who prescribes is licensed as a doctor at the issuing institution on that day.",
    },
    {
        .id = "RX-040",
        .code = "prescription.pharmacist_not_licensed",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "药师、执业药师审核",
        .parameter = PRACTITIONERS_COMPLETE,
        .evaluate = pharmacist_is_licensed,
        .sentence_zh = "随处方上传审核结果的药师当日须在开方机构有有效执业证",
        .sentence_en = "The pharmacist whose review comes with a prescription is licensed at its issuer on that day.",
    },
    {
        .id = "RX-041",
        .code = "prescription.issuer_not_licensed",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "医疗机构执业许可证",
        .also = {{SOURCE_JIANGXI_FILING, "执业许可证公开"}},
        .parameter = LICENCES_COMPLETE,
        .evaluate = issuer_is_licensed,
        .sentence_zh = "开具机构当日须有有效的执业许可证或设置备案",
        .sentence_en = "On the day of issue the issuer's practice licence or filing counts.",
    },
};
