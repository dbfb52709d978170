#include "domain/settlement.h"

#include "domain/organisation.h"
#include "domain/sealed.h"

static void person_is_the_key(struct rule_context *context, const char *person)
{
    if (!is_given(person) || strcmp(person, context->view->key) != 0)
        rule_refuse(context, "person", is_given(person) ? "***" : "", "the key of the event");
}

/* The payee, or an agency of the insurer: nobody else knows what was paid. */
static void source_is_a_party(struct rule_context *context, const char *payee, date_t date)
{
    const char *source = context->event->attributes.source;
    if (strcmp(source, payee) == 0)
        return;
    const Organisation *organisation = organisation_on(context->view, source, date);
    if (organisation == NULL || organisation->kind != ORGANISATION_INSURER_AGENCY)
        rule_refuse(context, "payee", payee,
                    rule_text(context, "the source, %s, or an insurer agency", source));
}

/* --- posted --- */

static const struct posting *posting_of(const struct rule_context *context)
{
    return context->prepared;
}

static void posting_names_its_person(struct rule_context *context)
{
    person_is_the_key(context, posting_of(context)->said->person);
}

static void posting_comes_from_a_party(struct rule_context *context)
{
    source_is_a_party(context, posting_of(context)->said->payee, posting_of(context)->settled_on);
}

static void layers_are_not_negative(struct rule_context *context)
{
    const SettlementPosted *said = posting_of(context)->said;
    for (size_t i = 0; i < said->n_layers; i++)
        if (money_fen(said->layers[i]->amount) < 0)
            rule_refuse(context, rule_text(context, "layers[%zu].amount", i),
                        settlement_yuan(context, money_fen(said->layers[i]->amount)), "0.00 or more");
}

static void message_id_says_one_thing(struct rule_context *context)
{
    const struct posting *posting = posting_of(context);
    if (posting->earlier != NULL && settlement_contradicts(posting))
        rule_refuse(context, "messageId", posting->said->message_id,
                    rule_text(context, "the amounts first posted under it: total %s, fund %s",
                              settlement_yuan(context, posting->earlier->total_fen),
                              settlement_yuan(context, posting->earlier->fund_fen)));
}

static void identity_is_sealed(struct rule_context *context)
{
    const struct posting *posting = posting_of(context);
    sealed_identity_holds(context, posting->said->identity, posting->said->region_of_care, posting->settled_on);
}

/* --- reversed --- */

static const struct reversal *reversal_of(const struct rule_context *context)
{
    return context->prepared;
}

static void reversal_names_its_person(struct rule_context *context)
{
    person_is_the_key(context, reversal_of(context)->said->person);
}

static void reversal_comes_from_a_party(struct rule_context *context)
{
    const SettlementReversed *said = reversal_of(context)->said;
    source_is_a_party(context, said->payee, timestamp_day(said->reversed_at));
}

static void original_exists(struct rule_context *context)
{
    const SettlementReversed *said = reversal_of(context)->said;
    const SettlementState *original = reversal_of(context)->original;
    if (original == NULL)
        rule_refuse(context, "originalMessageId", said->original_message_id,
                    "the message id of a settlement posted for this person");
    else if (strcmp(original->payee, said->payee) != 0)
        rule_refuse(context, "payee", said->payee, original->payee);
}

static void compare_with_posted(struct rule_context *context, const char *path, const Money *said,
                                int64_t posted)
{
    if (said != NULL && said->fen != posted)
        rule_refuse(context, path, settlement_yuan(context, said->fen), settlement_yuan(context, posted));
}

static void reversal_is_exact(struct rule_context *context)
{
    const struct reversal *reversal = reversal_of(context);
    if (reversal->original == NULL)
        return;
    compare_with_posted(context, "total", reversal->said->total, reversal->original->total_fen);
    compare_with_posted(context, "fundTotal", reversal->said->fund_total, reversal->original->fund_fen);
}

/* The same reversal said again is a duplicate, not a second one. */
static void reversal_is_the_only_one(struct rule_context *context)
{
    const struct reversal *reversal = reversal_of(context);
    const SettlementState *original = reversal->original;
    if (original != NULL && original->status == SETTLEMENT_REVERSED &&
        strcmp(original->reversal_message_id, reversal->said->message_id) != 0)
        rule_refuse(context, "originalMessageId", original->message_id,
                    rule_text(context, "not reversed yet; reversed by %s", original->reversal_message_id));
}

/* --- the family --- */

#define PERSON_ZH "结算必须写明参保人，且与事件键一致"
#define PERSON_EN "A settlement names its person, and the event's key is that person."
#define PARTY_ZH  "结算由收款机构或经办机构提交"
#define PARTY_EN  "A settlement is said by its payee or by an insurer agency."

static const struct rule posted_rules[] = {
    {
        .id = "SE-001",
        .code = "settlement.person_differs",
        .document = SOURCE_PLATFORM,
        .clause = "2207 psn_no",
        .evaluate = posting_names_its_person,
        .sentence_zh = PERSON_ZH,
        .sentence_en = PERSON_EN,
    },
    {
        .id = "SE-002",
        .code = "settlement.source_is_no_party",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "经办机构与定点机构结算",
        .evaluate = posting_comes_from_a_party,
        .sentence_zh = PARTY_ZH,
        .sentence_en = PARTY_EN,
    },
    {
        .id = "SE-003",
        .code = "settlement.message_id_reused",
        .document = SOURCE_PLATFORM,
        .clause = "2207 msgid、medins_setl_id",
        .evaluate = message_id_says_one_thing,
        .sentence_zh = "同一报文号重复提交须金额完全一致",
        .sentence_en = "A message id that comes again says the same amounts.",
    },
    {
        .id = "SE-004",
        .code = "settlement.layer_negative",
        .document = SOURCE_PLATFORM,
        .clause = "setldetail fund_payamt",
        .evaluate = layers_are_not_negative,
        .sentence_zh = "各基金支付金额不得为负",
        .sentence_en = "No fund pays a negative amount.",
    },
    {
        .id = "SE-005",
        .code = "settlement.line_not_on_catalogue",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "目录外由个人账户支付",
        .also = {{SOURCE_BEIJING_CHRONIC, "跨省执行就医地目录"}},
        .parameter = "settlement.catalogue.hard",
        .evaluate = settlement_paid_lines_are_on_the_catalogue,
        .sentence_zh = "基金支付的项目在服务当日须在目录内",
        .sentence_en = "On its day of service a line that the fund pays for is on the catalogue and payable.",
    },
    {
        .id = "SE-006",
        .code = "settlement.identity_not_sealed",
        .document = SOURCE_DESIGN,
        .clause = "姓名与号码加密传输",
        .also = {{SOURCE_PLATFORM, "2207 psn_no、psn_name、certno"}},
        .parameter = "settlement.identity_sealed.refuse",
        .evaluate = identity_is_sealed,
        .sentence_zh = "参保人姓名、证件号码须按接收机构加密后提交",
        .sentence_en = "Name and identity number of the insured person are sealed for their recipients.",
    },
    {
        .id = "SE-007",
        .code = "settlement.excess_not_the_persons",
        .document = SOURCE_INNER_MONGOLIA_PAYMENT_STANDARD,
        .clause = "高于支付标准的部分由患者负担，标准以内按规定分担",
        .also = {{SOURCE_PLATFORM, "2207 overlmt_amt，超限价金额"}},
        .parameter = "settlement.payment_standard.hard",
        .evaluate = settlement_excess_is_borne_by_the_person,
        .sentence_zh = "高于服务当日支付标准或价格上限的部分由个人负担",
        .sentence_en = "What a price exceeds the payment standard or ceiling of the day of service is borne by the person.",
    },
    {
        .id = "SE-008",
        .code = "settlement.item_not_payable_there",
        .document = SOURCE_SERVICE_ITEMS,
        .clause = "先用于跨省异地就医结算，再与各省支付范围衔接",
        .parameter = "settlement.service_scope.hard",
        .evaluate = settlement_items_are_paid_there,
        .sentence_zh = "跨省就医只结算跨省可付的服务项目，本地就医只结算本地可付的服务项目",
        .sentence_en = "Across provinces the fund pays for service items payable across provinces, at home for those payable at home.",
    },
    {
        .id = "SE-009",
        .code = "settlement.item_of_another_insurance",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "限定支付：险种",
        .also = {{SOURCE_TIANJIN_DRUG_LIST, "工伤保险不受限定支付和甲乙类限制"}},
        .parameter = "settlement.insurance_limit.hard",
        .evaluate = settlement_items_are_of_the_insurance,
        .sentence_zh = "限定险种的项目只由该险种支付",
        .sentence_en = "An item limited to an insurance is paid by that insurance only.",
    },
    {
        .id = "SE-010",
        .code = "settlement.dual_channel_share",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "双通道门诊用药：职工不低于70%，医院药店同一政策",
        .parameter = "settlement.dual_channel_share.hard",
        .parameter_also = "settlement.dual_channel_share_employees",
        .evaluate = settlement_dual_channel_share_of_employees,
        .sentence_zh = "职工医保门诊双通道药品，基金支付比例不得低于规定",
        .sentence_en = "Of dual-channel drugs of outpatients the fund pays at least the share for employees.",
    },
    {
        .id = "SE-016",
        .code = "settlement.dual_channel_share",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "双通道门诊用药：居民不低于60%，医院药店同一政策",
        .parameter = "settlement.dual_channel_share.hard",
        .parameter_also = "settlement.dual_channel_share_residents",
        .evaluate = settlement_dual_channel_share_of_residents,
        .sentence_zh = "居民医保门诊双通道药品，基金支付比例不得低于规定",
        .sentence_en = "Of dual-channel drugs of outpatients the fund pays at least the share for residents.",
    },
    {
        .id = "SE-017",
        .code = "settlement.dual_channel_in_a_package",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "双通道标识、单独支付标识",
        .parameter = "settlement.dual_channel_by_itself.hard",
        .evaluate = settlement_dual_channel_is_paid_by_itself,
        .sentence_zh = "门诊双通道药品单独支付，不并入按病种、床日、人头或总额付费",
        .sentence_en = "A dual-channel drug is paid by itself, not within a payment by disease, bed day, head or budget.",
    },
    {
        .id = "SE-018",
        .code = "settlement.not_filed",
        .document = SOURCE_BEIJING_CHRONIC,
        .clause = "备案后在选定机构就医",
        .also = {{SOURCE_SHANGHAI_CHRONIC, "须有待遇资格并备案"}},
        .parameter = "person.filings_complete",
        .evaluate = settlement_person_has_filed,
        .sentence_zh = "跨省就医结算须有就医当日有效的备案",
        .sentence_en = "Care in another province is settled under a filing in force on its day.",
    },
    {
        .id = "SE-019",
        .code = "settlement.not_qualified",
        .document = SOURCE_BEIJING_CHRONIC,
        .clause = "资格认定加备案，按病种结算",
        .also = {{SOURCE_SHANGHAI_CHRONIC, "须有待遇资格并备案"}},
        .parameter = "person.qualifications_complete",
        .evaluate = settlement_person_is_qualified,
        .sentence_zh = "跨省门诊慢特病结算须有该病种的待遇资格",
        .sentence_en = "A chronic disease is settled across provinces for who is qualified for it.",
    },
    {
        .id = "SE-020",
        .code = "settlement.referral_deductible",
        .document = SOURCE_XINJIANG_COMMUNITIES,
        .clause = "上转补差额、下转免起付",
        .parameter = "settlement.referral_deductible.refuse",
        .parameter_also = "settlement.inpatient_deductible_fen.*",
        .evaluate = settlement_deductible_is_that_of_the_referral,
        .sentence_zh = "上转住院只收两级起付标准的差额，下转康复不再收起付",
        .sentence_en = "Of who is referred up the difference of the deductibles is charged, of who is referred down none.",
    },
    {
        .id = "SE-021",
        .code = "settlement.unreferred_share",
        .document = SOURCE_XINJIANG_COMMUNITIES,
        .clause = "未经转诊外出就医提高个人比例，原则上不低于10%",
        .parameter = "settlement.unreferred_share.refuse",
        .parameter_also = "settlement.inpatient_share.*",
        .evaluate = settlement_unreferred_bear_more,
        .sentence_zh = "未经转诊、备案到统筹地区外住院，统筹基金支付比例须相应降低",
        .sentence_en = "Of who leaves the region without referral or filing the fund pays a smaller share.",
    },
    {
        .id = "SE-022",
        .code = "settlement.serious_illness_share",
        .document = SOURCE_HEBEI_CRITICAL_ILLNESS,
        .clause = "大病保险支付比例，特困、低保、返贫人员提高5个百分点、不设封顶",
        .parameter = "settlement.serious_illness_share.refuse",
        .parameter_also = "settlement.relief.*",
        .evaluate = settlement_serious_illness_share,
        .sentence_zh = "大病保险支付比例不低于规定，困难人员倾斜支付",
        .sentence_en = "Insurance for serious illness pays at least its share, and more of who is helped.",
    },
    {
        .id = "SE-023",
        .code = "settlement.serious_illness_deductible",
        .document = SOURCE_HEBEI_CRITICAL_ILLNESS,
        .clause = "大病保险起付线为上年人均可支配收入的50%，困难人员降低50%",
        .parameter = "settlement.serious_illness_deductible.refuse",
        .parameter_also = "settlement.relief.*",
        .evaluate = settlement_serious_illness_deductible,
        .sentence_zh = "年度累计负担超过大病保险起付线的部分纳入大病保险，困难人员起付线减半",
        .sentence_en = "What a year leaves above the deductible is in the scope of serious illness; it is halved for who is helped.",
    },
    {
        .id = "SE-024",
        .code = "settlement.medical_aid_share",
        .document = SOURCE_HEBEI_CRITICAL_ILLNESS,
        .clause = "医疗救助起付标准与比例",
        .also = {{SOURCE_ZHEJIANG_POVERTY, "次月享受待遇"}},
        .parameter = "settlement.medical_aid_share.refuse",
        .parameter_also = "settlement.relief.*",
        .evaluate = settlement_medical_aid_share,
        .sentence_zh = "救助对象住院，超过救助起付标准的部分按规定比例救助",
        .sentence_en = "Of what is left of a stay medical assistance pays its share for who is helped.",
    },
    {
        .id = "SE-025",
        .code = "settlement.medical_aid_unreferred",
        .document = SOURCE_HEBEI_CRITICAL_ILLNESS,
        .clause = "未按规定转诊的医疗费用原则上不纳入救助范围",
        .parameter = "settlement.medical_aid_unreferred.refuse",
        .evaluate = settlement_unreferred_have_no_assistance,
        .sentence_zh = "未经转诊、备案到统筹地区外住院，原则上不予医疗救助",
        .sentence_en = "Medical assistance does not pay for who leaves the region without referral or filing.",
    },
    {
        .id = "SE-101",
        .code = "settlement.lines_do_not_add_up",
        .document = SOURCE_PLATFORM,
        .clause = "2206、2207 入参由 2204 明细汇总",
        .parameter = "settlement.i1.hard",
        .evaluate = settlement_i1_lines_add_up,
        .sentence_zh = "明细金额之和等于各项合计",
        .sentence_en = "The lines add up to the totals.",
    },
    {
        .id = "SE-102",
        .code = "settlement.line_amount_differs",
        .document = SOURCE_PLATFORM,
        .clause = "det_item_fee_sumamt = cnt × pric",
        .evaluate = settlement_i2_line_amounts,
        .sentence_zh = "明细金额等于数量乘以单价",
        .sentence_en = "A line's amount is quantity times price.",
    },
    {
        .id = "SE-103",
        .code = "settlement.partition_differs",
        .document = SOURCE_PLATFORM,
        .clause = "medfee_sumamt = fulamt_ownpay_amt + overlmt_selfpay + preselfpay_amt + inscp_scp_amt",
        .evaluate = settlement_i3_partition,
        .sentence_zh = "总费用等于全自费、超限价、先行自付与符合政策范围金额之和",
        .sentence_en = "Self-paid, over limit, first self-pay and in scope make up the total.",
    },
    {
        .id = "SE-104",
        .code = "settlement.layers_do_not_add_up",
        .document = SOURCE_PLATFORM,
        .clause = "fund_pay_sumamt 为各基金支付 setldetail fund_payamt 之和",
        .evaluate = settlement_i4_layers_add_up,
        .sentence_zh = "各基金支付之和等于基金支付总额",
        .sentence_en = "The layers add up to what the funds pay.",
    },
    {
        .id = "SE-106",
        .code = "settlement.person_part_differs",
        .document = SOURCE_PLATFORM,
        .clause = "psn_part_amt = medfee_sumamt − fund_pay_sumamt − hosp_part_amt",
        .parameter = "settlement.i6.hard",
        .evaluate = settlement_i6_person_pays_the_rest,
        .sentence_zh = "个人负担等于总费用减基金支付减医院负担",
        .sentence_en = "The person bears the total less the funds less what the institution bears.",
    },
    {
        .id = "SE-107",
        .code = "settlement.account_and_cash_differ",
        .document = SOURCE_PLATFORM,
        .clause = "psn_part_amt = acct_pay + psn_cash_pay",
        .evaluate = settlement_i7_account_and_cash,
        .sentence_zh = "个人负担等于个人账户支付加现金支付",
        .sentence_en = "The person pays from the account and in cash.",
    },
    {
        .id = "SE-108",
        .code = "settlement.payers_do_not_add_up",
        .document = SOURCE_PLATFORM,
        .clause = "medfee_sumamt = fund_pay_sumamt + acct_pay + psn_cash_pay + hosp_part_amt",
        .parameter = "settlement.i8.hard",
        .evaluate = settlement_i8_all_payers,
        .sentence_zh = "总费用等于基金、个人账户、现金与医院负担之和",
        .sentence_en = "Funds, account, cash and the institution pay the total.",
    },
};

static const struct rule reversed_rules[] = {
    {
        .id = "SE-011",
        .code = "settlement.person_differs",
        .document = SOURCE_PLATFORM,
        .clause = "2207 psn_no",
        .evaluate = reversal_names_its_person,
        .sentence_zh = PERSON_ZH,
        .sentence_en = PERSON_EN,
    },
    {
        .id = "SE-012",
        .code = "settlement.source_is_no_party",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "经办机构与定点机构结算",
        .evaluate = reversal_comes_from_a_party,
        .sentence_zh = PARTY_ZH,
        .sentence_en = PARTY_EN,
    },
    {
        .id = "SE-013",
        .code = "settlement.reversal_of_nothing",
        .document = SOURCE_PLATFORM,
        .clause = "2601 omsgid",
        .evaluate = original_exists,
        .sentence_zh = "冲正须指向已入账的结算，且收款机构一致",
        .sentence_en = "A reversal names a settlement that was posted for the same payee.",
    },
    {
        .id = "SE-014",
        .code = "settlement.reversal_differs",
        .document = SOURCE_PLATFORM,
        .clause = "2208、2601",
        .evaluate = reversal_is_exact,
        .sentence_zh = "冲正金额与原结算完全一致",
        .sentence_en = "A reversal takes back exactly what was posted.",
    },
    {
        .id = "SE-015",
        .code = "settlement.reversed_before",
        .document = SOURCE_PLATFORM,
        .clause = "2601",
        .evaluate = reversal_is_the_only_one,
        .sentence_zh = "同一结算只能冲正一次",
        .sentence_en = "A settlement is reversed once.",
    },
};

static const struct handler handlers[] = {
    {
        .type = "medhub.settlement.posted.v1",
        .rules = posted_rules,
        .rule_count = sizeof posted_rules / sizeof *posted_rules,
        .prepare = settlement_prepare_posting,
        .decide = settlement_decide_posting,
        .roles = "hospital|pharmacy|insurer",
    },
    {
        .type = "medhub.settlement.reversed.v1",
        .rules = reversed_rules,
        .rule_count = sizeof reversed_rules / sizeof *reversed_rules,
        .prepare = settlement_prepare_reversal,
        .decide = settlement_decide_reversal,
        .roles = "hospital|pharmacy|insurer",
    },
};

const struct domain domain_settlement = {
    .name = "settlement",
    .key_kind = "person",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};
