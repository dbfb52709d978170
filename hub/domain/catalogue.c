#include "domain/catalogue.h"

#include "domain/organisation.h"
#include "domain/release.h"

static const struct item_change *change_of(const struct rule_context *context)
{
    return context->prepared;
}

bool bureau_speaks_for(struct view *view, const char *source, const char *region)
{
    const Organisation *bureau = organisation_on(view, source, date_in_china(view->now_ms));
    if (bureau == NULL)
        return true; /* the hub's operator, whom the authorise stage lets pass without a registry row */
    if (strcmp(bureau->region, REGION_NATION) == 0 || strcmp(bureau->region, region) == 0)
        return true;
    for (size_t i = 0; i < bureau->n_regions; i++)
        if (strcmp(bureau->regions[i], region) == 0)
            return true;
    return false;
}

static void declared_changes_are_the_actual_ones(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    if (change->declared == change->actual)
        return;
    struct arena *arena = context->view->arena;
    rule_refuse(context, "changes", catalogue_change_names(arena, change->declared),
                change->actual == 0 ? "none: the item is as before"
                                    : catalogue_change_names(arena, change->actual));
}

/* --- the family --- */

static const struct rule changed_rules[] = {
    {
        .id = "CA-001",
        .code = "catalogue.key_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "国家医保药品代码",
        .evaluate = row_key_is_kind_and_code,
        .sentence_zh = "条目键须为“类别/编码”，且与条目一致",
        .sentence_en = "The key is KIND/CODE of the item.",
    },
    {
        .id = "CA-002",
        .code = "catalogue.not_its_region",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "统筹地区不得自行调整",
        .evaluate = row_bureau_speaks_for_the_region,
        .sentence_zh = "只有本地区或国家医疗保障局可以变更本地区目录",
        .sentence_en = "A region's catalogue is changed by its own bureau or the nation's.",
    },
    {
        .id = "CA-003",
        .code = "catalogue.row_differs",
        .document = SOURCE_TIANJIN_DRUG_LIST,
        .clause = "执行时间",
        .evaluate = row_agrees_with_the_change,
        .sentence_zh = "条目的地区与起始日期须与变更一致",
        .sentence_en = "Region and first day of the item are those of the change.",
    },
    {
        .id = "CA-004",
        .code = "catalogue.dates_reversed",
        .document = SOURCE_TIANJIN_DRUG_LIST,
        .clause = "执行期限",
        .evaluate = row_dates_are_in_order,
        .sentence_zh = "截止日期不得早于起始日期",
        .sentence_en = "The last day is not before the first.",
    },
    {
        .id = "CA-005",
        .code = "catalogue.rows_overlap",
        .document = SOURCE_SHANXI_DRUG_LIST,
        .clause = "新旧目录衔接",
        .evaluate = row_does_not_overlap,
        .sentence_zh = "同一条目在同一地区的有效期不得重叠",
        .sentence_en = "The spans of an item in a region do not overlap.",
    },
    {
        .id = "CA-006",
        .code = "catalogue.nothing_to_remove",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "调出",
        .evaluate = row_removal_has_something_to_end,
        .sentence_zh = "调出的条目须在前一日有效",
        .sentence_en = "What is removed was in force on the day before.",
    },
    {
        .id = "CA-007",
        .code = "catalogue.nationally_protected",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "不得变更国家药品",
        .evaluate = row_is_not_nationally_protected,
        .sentence_zh = "地区不得变更国家目录内受保护的条目",
        .sentence_en = "A region does not alter an item that the nation protects.",
    },
    {
        .id = "CA-008",
        .code = "catalogue.changes_differ",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "目录调整公布",
        .evaluate = declared_changes_are_the_actual_ones,
        .sentence_zh = "声明的变更类型须与实际差异一致",
        .sentence_en = "The declared changes are what differs from the row before.",
    },
    {
        .id = "CA-009",
        .code = "catalogue.details_differ",
        .document = SOURCE_XINJIANG_CONSUMABLES,
        .clause = "目录字段：名称、编码、医保通用名、统一分类",
        .evaluate = item_details_are_of_its_kind,
        .sentence_zh = "条目的专属信息须与类别相符，耗材须写明医保通用名和分类",
        .sentence_en = "The details are those of its kind; a consumable says its generic name and class.",
    },
    {
        .id = "CA-010",
        .code = "catalogue.class_not_possible",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "协议期内谈判药品、民族药、医疗机构制剂为乙类",
        .evaluate = item_has_a_class_that_is_possible,
        .sentence_zh = "协议期内谈判药品、民族药和医疗机构制剂按乙类支付",
        .sentence_en = "Negotiated drugs in term, ethnic medicine and preparations are of class B.",
    },
    {
        .id = "CA-011",
        .code = "catalogue.users_not_named",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "医疗机构制剂限配制机构及批准调剂范围",
        .evaluate = item_names_who_may_use_it,
        .sentence_zh = "医疗机构制剂须写明配制机构和协作机构",
        .sentence_en = "A preparation names its maker and the institutions that may use it.",
    },
    {
        .id = "CA-012",
        .code = "catalogue.supersedes_nothing",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "名称变更与替代",
        .evaluate = item_supersedes_something,
        .sentence_zh = "被替代的编码须为同类且前一日有效的另一条目",
        .sentence_en = "What it supersedes is another item of its kind, in force on the day before.",
    },
    {
        .id = "CA-013",
        .code = "catalogue.not_under_agreement",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "协议期内谈判药品",
        .evaluate = item_is_within_its_agreement,
        .sentence_zh = "双通道药品须为当日在协议期内的谈判药品",
        .sentence_en = "What is put on the dual-channel list is a negotiated drug in its term.",
    },
    {
        .id = "CA-014",
        .code = "catalogue.standard_negotiated",
        .document = SOURCE_TIANJIN_DRUG_LIST,
        .clause = "协议期内执行全国统一支付标准，不得二次议价",
        .evaluate = item_sets_no_standard_of_a_negotiated_drug,
        .sentence_zh = "协议期内的谈判药品不得另定支付标准",
        .sentence_en = "No other payment standard is set for a negotiated drug in its term.",
    },
};

static const struct handler handlers[] = {
    {
        .type = "medhub.catalogue.item_changed.v1",
        .rules = changed_rules,
        .rule_count = sizeof changed_rules / sizeof *changed_rules,
        .prepare = catalogue_prepare,
        .decide = catalogue_decide,
        .roles = "bureau",
    },
    {
        .type = "medhub.catalogue.release_published.v1",
        .rules = release_published_rules,
        .rule_count = RELEASE_PUBLISHED_RULES,
        .prepare = release_prepare,
        .decide = release_decide,
        .roles = "bureau",
    },
    {
        .type = "medhub.catalogue.payment_standard_changed.v1",
        .rules = payment_standard_rules,
        .rule_count = PAYMENT_STANDARD_RULES,
        .prepare = payment_standard_prepare,
        .decide = payment_standard_decide,
        .roles = "bureau",
    },
    {
        .type = "medhub.catalogue.listing_changed.v1",
        .rules = listing_rules,
        .rule_count = LISTING_RULES,
        .prepare = listing_prepare,
        .decide = listing_decide,
        .roles = "procurement_platform",
    },
    {
        .type = "medhub.catalogue.formulary_changed.v1",
        .rules = formulary_rules,
        .rule_count = FORMULARY_RULES,
        .prepare = formulary_prepare,
        .decide = formulary_decide,
        .roles = "hospital",
    },
    {
        .type = CODE_MAPPED_TYPE,
        .rules = code_map_rules,
        .rule_count = CODE_MAP_RULES,
        .prepare = code_map_prepare,
        .decide = code_map_decide,
        .roles = "hub",
    },
    {
        .type = RELEASE_ITEM_COUNTED_TYPE,
        .decide = release_count,
        .merges_max = RELEASE_COUNTED_TOGETHER,
        .roles = "hub",
    },
    {
        .type = RELEASE_STAGED_TYPE,
        .rules = release_staged_rules,
        .rule_count = RELEASE_STAGED_RULES,
        .prepare = release_stage_prepare,
        .decide = release_stage_decide,
        .roles = "bureau",
    },
    {
        .type = RELEASE_APPROVED_TYPE,
        .rules = release_approved_rules,
        .rule_count = RELEASE_APPROVED_RULES,
        .prepare = release_approve_prepare,
        .decide = release_approve_decide,
        .roles = "bureau",
    },
    {
        .type = RELEASE_WITHDRAWN_TYPE,
        .rules = release_withdrawn_rules,
        .rule_count = RELEASE_WITHDRAWN_RULES,
        .prepare = release_withdraw_prepare,
        .decide = release_withdraw_decide,
        .roles = "bureau",
    },
    {
        .type = CATALOGUE_APPLIED_TYPE,
        .rules = catalogue_applied_rules,
        .rule_count = CATALOGUE_APPLIED_RULES,
        .prepare = catalogue_applied_prepare,
        .decide = catalogue_applied_decide,
        .roles = "hospital|pharmacy",
    },
    {
        .type = ITEM_CHANGE_WITHDRAWN_TYPE,
        .decide = release_undo_decide,
        .roles = "hub",
    },
    {
        .type = RELEASE_PIECE_TIMER,
        .fire = release_piece_fire,
    },
    {
        .type = RELEASE_OVERDUE_TIMER,
        .fire = release_overdue_fire,
    },
};

const struct domain domain_catalogue = {
    .name = "catalogue",
    .key_kind = "item",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};
