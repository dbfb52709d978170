#include "domain/trace.h"

#include "domain/recall.h"

static struct scan *scan_of(const struct rule_context *context)
{
    return context->prepared;
}

static bool is_class_iii(const ItemScanned *said)
{
    return said->device_class == DEVICE_CLASS_III;
}

/* --- the code --- */

static void code_is_readable(struct rule_context *context)
{
    const struct label *label = &scan_of(context)->label;
    if (label->form == LABEL_OTHER)
        rule_warn(context, "code", "a code of another system", "not read yet: only its form was checked");
    if (label->form != LABEL_UNREADABLE)
        return;
    if (label->error == CODE_OK)
        rule_refuse(context, "code", "not 20 digits beginning with 8", "a drug trace code");
    else
        rule_refuse(context, "code",
                    rule_text(context, "%s at byte %zu", code_error_name(label->error), label->error_offset),
                    "a GS1 element string or a 20-digit drug trace code");
}

static void code_names_the_product(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    bool is_read = scan->label.form == LABEL_GS1 || scan->label.form == LABEL_DRUG;
    if (strcmp(scan->said->product, context->view->key) != 0)
        rule_refuse(context, "product", scan->said->product, "the key of the event");
    else if (is_read && strcmp(scan->label.product, scan->said->product) != 0)
        rule_refuse(context, "product", scan->said->product,
                    is_given(scan->label.product) ? scan->label.product : "a code with an item identifier");
}

static void compare_with_label(struct rule_context *context, const char *path, const char *said,
                               const char *printed)
{
    if (is_given(said) && is_given(printed) && strcmp(said, printed) != 0)
        rule_refuse(context, path, said, printed);
}

static void fields_say_what_the_label_says(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    compare_with_label(context, "serial", scan->said->serial, scan->label.serial);
    compare_with_label(context, "lot", scan->said->lot, scan->label.lot);

    date_t said = text_day(scan->said->expires_on), printed = scan->label.expires_on;
    if (said != DATE_NONE && printed != DATE_NONE && said != printed)
        rule_refuse(context, "expiresOn", rule_day(context, said), rule_day(context, printed));
}

/* --- class III --- */

/* What comes back or is destroyed may lack the code; everything else is trade, storage or use. */
static bool is_trade_or_use(const ItemScanned *said)
{
    return said->step != STEP_RETURNED && said->step != STEP_DESTROYED;
}

/* "以后" leaves open whether the first day counts; it does here, as in the notice's own 自…起 [C4 L5403]. */
static void class_iii_bears_a_udi(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    date_t required_from, made_on = text_day(scan->said->made_on);
    if (!is_class_iii(scan->said) || !is_trade_or_use(scan->said) || scan->label.form != LABEL_NONE)
        return;
    if (!view_policy_date(context->view, TRACE_UDI_REQUIRED_FROM, scan->region, scan->scanned_on,
                          &required_from))
        rule_policy_missing(context, scan->region, scan->scanned_on);
    else if (made_on == DATE_NONE)
        rule_refuse(context, "madeOn", "no code and no date of production",
                    rule_text(context, "a UDI, or made before %s", rule_day(context, required_from)));
    else if (made_on >= required_from)
        rule_refuse(context, "code", rule_text(context, "no code, made on %s", rule_day(context, made_on)),
                    rule_text(context, "a UDI if made on or after %s", rule_day(context, required_from)));
}

static void class_iii_use_is_recorded(struct rule_context *context)
{
    const ItemScanned *said = scan_of(context)->said;
    if (!is_class_iii(said) || said->step != STEP_USED)
        return;
    const struct {
        const char *path;
        bool is_there;
    } fields[] = {
        {"name", is_given(said->name)},
        {"specification", is_given(said->specification)},
        {"quantity", said->quantity != NULL && said->quantity->e4 > 0},
        {"use.site", said->use != NULL && is_given(said->use->site)},
        {"use.purpose", said->use != NULL && is_given(said->use->purpose)},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!fields[i].is_there)
            rule_refuse(context, fields[i].path, "", "recorded with the use");
}

/* --- alerts --- */

void trace_alert(struct rule_context *context, AlertKind kind, const char *path, const char *found,
                 const char *expected)
{
    struct scan *scan = scan_of(context);
    rule_refuse_or_warn(context, scan->region, scan->scanned_on, path, found, expected);
    if (scan->alert_count == TRACE_ALERTS_MAX)
        return;
    scan->alerts[scan->alert_count].kind = kind;
    scan->alerts[scan->alert_count++].rule = context->rule;
}

static void not_given_away_after_expiry(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (trace_gives_away(scan) && scan->expires_on != DATE_NONE && scan->scanned_on > scan->expires_on)
        trace_alert(context, ALERT_SOLD_AFTER_EXPIRY, "expiresOn", rule_day(context, scan->expires_on),
              rule_text(context, "not before %s", rule_day(context, scan->scanned_on)));
}

/* A part of a split pack carries the code of the pack and may come several times. */
static void not_given_away_twice(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (trace_gives_away(scan) && !scan->said->split && trace_is_gone(scan))
        trace_alert(context, ALERT_SOLD_TWICE, "serial",
              rule_text(context, "%s, sold or used before by %s", scan->serial, scan->earlier->holder),
              "one sale or use for each serial, unless it was returned");
}

/* --- the family --- */

#define UDI_PLAN        "甘药监发〔2021〕184号" /* Gansu: unique identification of devices */
#define COLLECTION      "《关于加强药品追溯码在医疗保障和工伤保险领域采集应用的通知》"
#define ELEMENT_STRINGS "GS1 General Specifications" /* udi.md 1.2 */

static const struct rule scanned_rules[] = {
    {
        .id = "TR-001",
        .code = "trace.code_unreadable",
        .document = ELEMENT_STRINGS,
        .clause = "7.8，udi 1.2、5",
        .evaluate = code_is_readable,
        .sentence_zh = "追溯码须为校验位正确的 GS1 字符串或 20 位药品追溯码",
        .sentence_en =
            "A code is a GS1 element string with a right check digit, or a 20-digit drug trace code.",
    },
    {
        .id = "TR-002",
        .code = "trace.product_differs",
        .document = UDI_PLAN,
        .clause = "产品标识，C4 L5375",
        .evaluate = code_names_the_product,
        .sentence_zh = "码中的产品标识须与事件键一致",
        .sentence_en = "The item identifier in the code is the event's key.",
    },
    {
        .id = "TR-003",
        .code = "trace.label_differs",
        .document = UDI_PLAN,
        .clause = "数据真实、准确、完整，C4 L5347",
        .evaluate = fields_say_what_the_label_says,
        .sentence_zh = "填报的批号、序列号、失效日期须与码一致",
        .sentence_en = "Lot, serial and expiry as reported are those that the code says.",
    },
    {
        .id = "TR-004",
        .code = "trace.udi_missing",
        .document = UDI_PLAN,
        .clause = "第三类医疗器械，C4 L5373-5379",
        .parameter = TRACE_UDI_REQUIRED_FROM,
        .evaluate = class_iii_bears_a_udi,
        .sentence_zh = "规定日期起生产的第三类医疗器械无唯一标识的，不得交易、储存、采购或使用",
        .sentence_en =
            "A class III device made since the set date is not traded, stored, bought or used without a UDI.",
    },
    {
        .id = "TR-005",
        .code = "trace.use_not_recorded",
        .document = "新疆医用耗材支付管理办法（试行）征求意见稿 2025",
        .clause = "第三类耗材使用登记，S-D",
        .evaluate = class_iii_use_is_recorded,
        .sentence_zh = "使用第三类耗材须记录名称、规格、数量、部位与用途",
        .sentence_en =
            "The use of a class III item is recorded with name, specification, quantity, site and purpose.",
    },
    {
        .id = "TR-101",
        .code = "trace.given_away_after_expiry",
        .document = "医疗器械监督管理条例（国务院令第739号）",
        .clause = "第五十五条",
        .parameter = "trace.sold_after_expiry.refuse",
        .evaluate = not_given_away_after_expiry,
        .sentence_zh = "不得销售或使用过期的器械与药品",
        .sentence_en = "Nothing is sold or used after its expiry.",
    },
    {
        .id = "TR-102",
        .code = "trace.given_away_twice",
        .document = COLLECTION,
        .clause = "一物一码，一盒只应有一次销售记录，udi 5",
        .parameter = "trace.sold_twice.refuse",
        .evaluate = not_given_away_twice,
        .sentence_zh = "同一追溯码未经退回只能销售或使用一次",
        .sentence_en = "One serial is sold or used once unless it was returned.",
    },
    {
        .id = "RC-051",
        .code = "trace.recalled",
        .document = RECALL_DOCUMENT,
        .clause = "产品召回，C4 L5317",
        .parameter = "trace.recalled.refuse",
        .evaluate = scan_is_not_of_recalled,
        .sentence_zh = "召回的产品不得再交易或使用，只能退回或销毁",
        .sentence_en = "What is recalled is neither traded nor used: it comes back or is destroyed.",
    },
    {
        .id = "RC-052",
        .code = "trace.sale_suspended",
        .document = "辽药监告〔2021〕100号",
        .clause = "停止销售，C2 L2572",
        .parameter = "trace.sale_suspended.refuse",
        .evaluate = scan_is_not_of_suspended,
        .sentence_zh = "暂停销售的产品不得销售、采购或发货",
        .sentence_en = "A product whose sale is suspended is not sold, bought or sent.",
    },
};

static const struct handler handlers[] = {
    {
        .type = "medhub.trace.item_scanned.v1",
        .rules = scanned_rules,
        .rule_count = sizeof scanned_rules / sizeof *scanned_rules,
        .prepare = trace_prepare,
        .decide = trace_decide,
        .roles = "hospital|pharmacy|distributor|registrant|logistics",
    },
    {
        .type = "medhub.trace.recall_issued.v1",
        .rules = recall_issued_rules,
        .rule_count = RECALL_ISSUED_RULES,
        .prepare = recall_issued_prepare,
        .decide = recall_issued_decide,
        .roles = "registrant|regulator",
    },
    {
        .type = RECALL_EXTENDED_TYPE,
        .rules = recall_extended_rules,
        .rule_count = RECALL_EXTENDED_RULES,
        .prepare = recall_extended_prepare,
        .decide = recall_issued_decide,
        .roles = "hub",
    },
    {
        .type = "medhub.trace.recall_acknowledged.v1",
        .rules = recall_acknowledged_rules,
        .rule_count = RECALL_ACKNOWLEDGED_RULES,
        .prepare = recall_acknowledged_prepare,
        .decide = recall_acknowledged_decide,
        .roles = "hospital|pharmacy|distributor|registrant|logistics",
    },
    {
        .type = "medhub.trace.recall_closed.v1",
        .rules = recall_closed_rules,
        .rule_count = RECALL_CLOSED_RULES,
        .prepare = recall_closed_prepare,
        .decide = recall_closed_decide,
        .roles = "registrant|regulator",
    },
    {.type = RECALL_ROUND_TIMER, .fire = recall_round},
    {.type = RECALL_DEADLINE_TIMER, .fire = recall_deadline},
    {
        .type = "medhub.trace.sale_suspended.v1",
        .rules = sale_suspended_rules,
        .rule_count = SALE_SUSPENDED_RULES,
        .prepare = sale_suspended_prepare,
        .decide = sale_suspended_decide,
        .roles = "registrant|regulator",
    },
    {
        .type = "medhub.trace.sale_resumed.v1",
        .rules = sale_resumed_rules,
        .rule_count = SALE_RESUMED_RULES,
        .prepare = sale_resumed_prepare,
        .decide = sale_resumed_decide,
        .roles = "registrant|regulator",
    },
    {
        .type = "medhub.trace.adverse_event_reported.v1",
        .rules = adverse_event_rules,
        .rule_count = ADVERSE_EVENT_RULES,
        .prepare = adverse_event_prepare,
        .decide = adverse_event_decide,
        .roles = "hospital|pharmacy|distributor|registrant",
    },
};

const struct domain domain_trace = {
    .name = "trace",
    .key_kind = "product",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};
