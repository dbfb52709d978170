/* Stock of a wholesaler in several warehouses: the stages, the change of owner, the head company's
 * instructions [C4 L5226-5280]. Rows of the product: stock/LOT/WAREHOUSE (LOT escaped as in trace_state.h),
 * instruction/HEAD/NUMBER. */
#include "domain/format.h"
#include "domain/line_quantity.h"
#include "domain/organisation.h"
#include "domain/region.h"
#include "domain/trace.h"

/* --- the stages --- */

#define AT(stage) (1u << (stage))
#define IN_HOUSE  (AT(STAGE_ACCEPTED) | AT(STAGE_STORED) | AT(STAGE_MAINTAINED))
#define NOT_BEGUN AT(0)
#define FROM_START                                                                                           \
    (NOT_BEGUN | AT(STAGE_RECEIVED) | IN_HOUSE | AT(STAGE_OUTBOUND) | AT(STAGE_IN_TRANSIT) |                 \
     AT(STAGE_RETURNED))

/* After which stages of the same warehouse each may come. What left may be received again; a recall reaches
 * everything. */
static const struct stage {
    StockStage stage;
    const char *name;
    unsigned after;
} stages[] = {
    {STAGE_RECEIVED, "received", FROM_START | AT(STAGE_RECALLED)},
    {STAGE_ACCEPTED, "accepted", AT(STAGE_RECEIVED) | IN_HOUSE},
    {STAGE_STORED, "stored", IN_HOUSE},
    {STAGE_MAINTAINED, "maintained", IN_HOUSE},
    {STAGE_OUTBOUND, "outbound", IN_HOUSE | AT(STAGE_OUTBOUND) | AT(STAGE_IN_TRANSIT)},
    {STAGE_IN_TRANSIT, "in transit", AT(STAGE_OUTBOUND) | AT(STAGE_IN_TRANSIT)},
    {STAGE_RETURNED, "returned", AT(STAGE_RECEIVED) | IN_HOUSE | AT(STAGE_OUTBOUND) | AT(STAGE_IN_TRANSIT)},
    {STAGE_RECALLED, "recalled", ~NOT_BEGUN},
};

static const struct stage *stage_of(StockStage stage)
{
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (stages[i].stage == stage)
            return &stages[i];
    return &stages[0];
}

static const char *stage_name(const WarehouseStock *row)
{
    return row == NULL || row->stage == 0 ? "not received" : stage_of(row->stage)->name;
}

/* --- what the rules look at --- */

enum { STOCK_ALERTS_MAX = 8 };

struct stock_event {
    const char *product;
    const Stock *stock;
    const char *head, *warehouse, *other; /* organisations; OTHER "" if there is none */
    const char *region;
    int64_t at_ms;
    const Device *device;
    const char *row_name;
    WarehouseStock *row; /* or NULL */
    /* one of them */
    const StockMoved *moved;
    const OwnerChanged *changed;
    const InstructionIssued *issued;
    const char *instruction_name; /* of MOVED and ISSUED; NULL if none is named */
    StockInstruction *instruction;
    struct {
        AlertKind kind;
        const struct rule *rule;
    } alerts[STOCK_ALERTS_MAX]; /* what the rules found */
    size_t alert_count;
};

static const char *row_name(struct view *view, const Stock *stock, const char *warehouse)
{
    const char *lot = trace_name_part(view->arena, stock->lot);
    if (lot == NULL)
        return NULL;
    return is_given(stock->serial) ? format_in(view->arena, "stock/%s/%s/%s", lot, warehouse, stock->serial)
                                   : format_in(view->arena, "stock/%s/%s", lot, warehouse);
}

static struct stock_event *look_up(struct view *view, const struct stock_event *said, const char *instruction)
{
    struct stock_event *found = arena_take_zeroed(view->arena, sizeof *found);
    if (found == NULL)
        return NULL;
    *found = *said;
    found->region = is_given(said->region) ? said->region : REGION_NATION;
    found->device = (const Device *)view_table_message(view, DEVICE, TABLE_DEVICE, view->key, REGION_NATION,
                                                       date_in_china(said->at_ms));
    found->row_name = row_name(view, said->stock, said->warehouse);
    if (is_given(instruction))
        found->instruction_name = format_in(view->arena, "instruction/%s/%s", said->head, instruction);
    if (found->row_name == NULL || (is_given(instruction) && found->instruction_name == NULL))
        return NULL;
    found->row = (WarehouseStock *)view_state(view, WAREHOUSE_STOCK, "%s", found->row_name);
    if (found->instruction_name != NULL)
        found->instruction =
            (StockInstruction *)view_state(view, STOCK_INSTRUCTION, "%s", found->instruction_name);
    return found;
}

void *stock_prepare_move(struct view *view, const struct event *event)
{
    const StockMoved *said = (const StockMoved *)event->message;
    struct stock_event found = {.product = said->product,
                                .stock = said->stock,
                                .head = said->head_company,
                                .warehouse = said->warehouse,
                                .other = said->other_warehouse,
                                .region = said->region,
                                .at_ms = timestamp_ms(said->moved_at),
                                .moved = said};
    return look_up(view, &found, said->instruction);
}

void *stock_prepare_owner(struct view *view, const struct event *event)
{
    const OwnerChanged *said = (const OwnerChanged *)event->message;
    struct stock_event found = {.product = said->product,
                                .stock = said->stock,
                                .head = said->head_company,
                                .warehouse = said->warehouse,
                                .other = "",
                                .region = said->region,
                                .at_ms = timestamp_ms(said->changed_at),
                                .changed = said};
    return look_up(view, &found, "");
}

void *stock_prepare_instruction(struct view *view, const struct event *event)
{
    const InstructionIssued *said = (const InstructionIssued *)event->message;
    struct stock_event found = {.product = said->product,
                                .stock = said->stock,
                                .head = said->head_company,
                                .warehouse = said->warehouse,
                                .other = said->other_warehouse,
                                .region = said->region,
                                .at_ms = timestamp_ms(said->issued_at),
                                .issued = said};
    return look_up(view, &found, said->instruction);
}

static struct stock_event *stock_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

static void alert(struct rule_context *context, AlertKind kind, const char *path, const char *found,
                  const char *expected)
{
    struct stock_event *stock = stock_of(context);
    rule_refuse_or_warn(context, stock->region, date_in_china(stock->at_ms), path, found, expected);
    if (stock->alert_count == STOCK_ALERTS_MAX)
        return;
    stock->alerts[stock->alert_count].kind = kind;
    stock->alerts[stock->alert_count++].rule = context->rule;
}

static void product_is_the_key(struct rule_context *context)
{
    const struct stock_event *stock = stock_of(context);
    rule_key_is(context, "product", stock->product);
    if (quantity_e4(stock->stock->quantity) <= 0)
        rule_refuse(context, "stock.quantity", "none", "more than nothing");
}

/* A branch is registered under its head company. */
static bool is_branch(struct rule_context *context, const char *warehouse)
{
    const struct stock_event *stock = stock_of(context);
    const Organisation *known = organisation_on(context->view, warehouse, date_in_china(stock->at_ms));
    return known != NULL && strcmp(known->parent, stock->head) == 0;
}

static bool is_head(const struct stock_event *stock, const char *warehouse)
{
    return strcmp(warehouse, stock->head) == 0;
}

static void check_warehouse(struct rule_context *context, const char *path, const char *warehouse)
{
    if (is_given(warehouse) && !is_head(stock_of(context), warehouse) && !is_branch(context, warehouse))
        alert(context, ALERT_BRANCH_TO_BRANCH, path, warehouse, "the head company or a branch of it");
}

static void warehouses_are_of_one_company(struct rule_context *context)
{
    const struct stock_event *stock = stock_of(context);
    check_warehouse(context, "warehouse", stock->warehouse);
    check_warehouse(context, "otherWarehouse", stock->other);
}

static void branches_do_not_store_for_each_other(struct rule_context *context)
{
    const struct stock_event *stock = stock_of(context);
    if (is_given(stock->other) && !is_head(stock, stock->warehouse) && !is_head(stock, stock->other) &&
        strcmp(stock->warehouse, stock->other) != 0)
        alert(context, ALERT_BRANCH_TO_BRANCH, "otherWarehouse",
              rule_text(context, "from branch to branch: %s, %s", stock->warehouse, stock->other),
              "the head company on one side");
}

static void drugs_are_not_specially_controlled(struct rule_context *context)
{
    const struct stock_event *stock = stock_of(context);
    if (stock->stock->special_control || (stock->device != NULL && stock->device->special_control))
        alert(context, ALERT_SPECIAL_CONTROL, "stock.specialControl", "a specially controlled drug",
              "kept out of multi-warehouse stock");
}

/* The warehouse, or the head company whose system it is, tells what happens to its own stock. */
static void its_own_side_says_it(struct rule_context *context)
{
    const struct stock_event *stock = stock_of(context);
    const char *source = context->event->attributes.source;
    if (strcmp(source, stock->head) != 0 && strcmp(source, stock->warehouse) != 0)
        rule_refuse(context, "warehouse", stock->warehouse, rule_text(context, "the source, %s", source));
}

/* What arrives late is before what is known. */
static void stages_follow_each_other(struct rule_context *context)
{
    const struct stock_event *stock = stock_of(context);
    const struct stage *stage = stage_of(stock->moved->stage);
    unsigned before = stock->row == NULL ? NOT_BEGUN : AT(stock->row->stage);
    bool is_late = stock->row != NULL && stock->at_ms < stock->row->moved_at_ms;
    if (!is_late && (stage->after & before) == 0)
        alert(context, ALERT_STEP_NOT_POSSIBLE, "stage", stage_name(stock->row),
              rule_text(context, "a stage after which it can be %s", stage->name));
}

static void owner_change_has_its_documents(struct rule_context *context)
{
    const OwnerChanged *said = stock_of(context)->changed;
    if (!is_given(said->sale_document))
        rule_refuse(context, "saleDocument", "", "the document of the sale");
    if (!is_given(said->purchase_document))
        rule_refuse(context, "purchaseDocument", "", "the document of the purchase");
}

static void owner_change_is_of_accepted_stock(struct rule_context *context)
{
    const struct stock_event *stock = stock_of(context);
    if (strcmp(stock->changed->to_owner, stock->warehouse) != 0)
        rule_refuse(context, "toOwner", stock->changed->to_owner, "the branch in whose warehouse it lies");
    if (stock->row == NULL || !stock->row->accepted)
        rule_refuse(context, "stock.lot", stage_name(stock->row), "accepted stock of this warehouse");
}

static void head_company_says_it(struct rule_context *context)
{
    const struct stock_event *stock = stock_of(context);
    const char *source = context->event->attributes.source;
    if (strcmp(source, stock->head) != 0)
        rule_refuse(context, "headCompany", stock->head, rule_text(context, "the source, %s", source));
    if (stock->instruction != NULL)
        rule_refuse(context, "instruction", stock->issued->instruction, "a number of its own");
}

#define RULE(number, name, where, reads, function, zh, en)                                                   \
    {                                                                                                        \
        .id = number, .code = name, .document = SOURCE_SHAANXI_WAREHOUSES, .clause = where, .parameter = reads, \
        .evaluate = function, .sentence_zh = zh, .sentence_en = en                                           \
    }
#define OF_ITS_KEY(number)                                                                                   \
    RULE(number, "trace.stock_differs", "记录真实、准确、完整", NULL, product_is_the_key,                    \
         "产品标识须与事件键一致，数量大于零", "The product is the event's key, and there is some of it.")
#define OF_ONE_COMPANY(number)                                                                               \
    RULE(number, "trace.not_a_branch", "仅限全资或控股子公司的仓库", "trace.not_a_branch.refuse",            \
         warehouses_are_of_one_company, "仓库须属于总部或其分公司",                                          \
         "A warehouse is the head company's or that of a branch.")
#define NO_SPECIAL_CONTROL(number)                                                                           \
    RULE(number, "trace.specially_controlled", "国家有专门管理要求的药品除外",                               \
         "trace.special_control.refuse", drugs_are_not_specially_controlled, "特殊管理药品不得多仓协同",     \
         "Drugs under special control are kept out of multi-warehouse stock.")
#define BRANCHES_APART(number)                                                                               \
    RULE(number, "trace.branch_to_branch", "分公司之间不得相互储存、配送",                                   \
         "trace.branch_to_branch.refuse", branches_do_not_store_for_each_other,                              \
         "分公司之间不得相互储存、配送", "Branches neither store nor deliver for each other.")

const struct rule stock_moved_rules[STOCK_MOVED_RULES] = {
    OF_ITS_KEY("TR-301"),
    OF_ONE_COMPANY("TR-302"),
    BRANCHES_APART("TR-303"),
    NO_SPECIAL_CONTROL("TR-304"),
    RULE("TR-305", "trace.stock_of_another", "分仓实时上报总部", NULL, its_own_side_says_it,
         "库存环节由该仓库或总部上报", "A warehouse, or its head company, tells what happens to its stock."),
    RULE("TR-306", "trace.stage_out_of_order", "收货、验收、储存、养护、出库、运输、退货、召回",
         "trace.stock_stage.refuse", stages_follow_each_other, "库存环节须按顺序",
         "The stages of a warehouse's stock follow each other."),
};

const struct rule owner_changed_rules[OWNER_CHANGED_RULES] = {
    OF_ITS_KEY("TR-311"),
    OF_ONE_COMPANY("TR-312"),
    NO_SPECIAL_CONTROL("TR-313"),
    RULE("TR-314", "trace.owner_documents_missing",
         "随货主转移的购销票据，票、账、货、款一致", NULL, owner_change_has_its_documents,
         "货主转移须有购销票据", "A change of owner has the documents of sale and purchase."),
    RULE("TR-315", "trace.owner_of_unaccepted", "已由总部验收、存于本仓的，不再收货验收", NULL,
         owner_change_is_of_accepted_stock, "货主转移限于已验收并存于本仓的货物",
         "A branch takes over what lies accepted in its own warehouse."),
};

const struct rule instruction_issued_rules[INSTRUCTION_ISSUED_RULES] = {
    OF_ONE_COMPANY("TR-321"),
    BRANCHES_APART("TR-322"),
    NO_SPECIAL_CONTROL("TR-323"),
    RULE("TR-324", "trace.instruction_not_by_head", "总部指令", NULL, head_company_says_it,
         "指令由总部下达，编号不重复", "Instructions are the head company's, each with its number."),
};

/* --- decisions --- */

/* The head company, the warehouses and the regulator follow stock in real time. */
static void tell(struct decision *decision, size_t fact, const struct stock_event *stock)
{
    struct region province = region_province(stock->region);
    const char *const sides[] = {stock->head, stock->warehouse, stock->other};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        if (is_given(sides[i]) && strcmp(sides[i], decision->event->attributes.source) != 0)
            decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "%s", sides[i]);
    decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "regulator@%s", province.code);
}

static void raise_alert(struct decision *decision, const struct stock_event *stock, AlertKind kind,
                        const struct rule *rule)
{
    struct region province = region_province(stock->region);
    AlertRaised *message = decision_message(decision, ALERT_RAISED);
    if (message == NULL)
        return;
    message->product = lent(stock->product);
    message->alert = kind;
    message->rule = lent(rule->id);
    message->citation = lent(rule_citation(rule, decision->arena));
    message->lot = stock->stock->lot;
    message->serial = stock->stock->serial;
    message->holder = lent(stock->warehouse);
    message->other_holder = lent(stock->other);
    message->scanned_at = decision_moment(decision, stock->at_ms);
    message->region = lent(stock->region);
    message->sentence_zh = lent(rule->sentence_zh);
    message->sentence_en = lent(rule->sentence_en);
    decision->failed |= message->citation == NULL;
    if (decision->failed)
        return;
    size_t fact = decision_fact(decision, TRACE_ALERT_TYPE, message->lot, &message->base);
    decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "regulator@%s", province.code);
}

static void raise_alerts(struct decision *decision, const struct stock_event *stock)
{
    for (size_t i = 0; i < stock->alert_count; i++)
        raise_alert(decision, stock, stock->alerts[i].kind, stock->alerts[i].rule);
}

static WarehouseStock *row_of(struct decision *decision, const struct stock_event *stock)
{
    return stock->row != NULL ? stock->row : decision_message(decision, WAREHOUSE_STOCK);
}

static void count_stage(WarehouseStock *row, const struct stock_event *stock)
{
    StockStage stage = stock->moved->stage;
    int64_t amount_e4 = quantity_e4(stock->stock->quantity);
    row->received_e4 += stage == STAGE_RECEIVED ? amount_e4 : 0;
    row->left_e4 += stage == STAGE_OUTBOUND || stage == STAGE_RETURNED ? amount_e4 : 0;
    row->accepted |= stage == STAGE_ACCEPTED;
    if (stock->at_ms < row->moved_at_ms)
        return;
    row->stage = stage;
    row->moved_at_ms = stock->at_ms;
    if (is_given(stock->moved->owner))
        row->owner = stock->moved->owner;
}

void stock_decide_move(struct view *view, const struct event *event, void *prepared,
                       struct decision *decision)
{
    const struct stock_event *stock = prepared;
    WarehouseStock *row = row_of(decision, stock);
    (void)view, (void)event;
    if (row == NULL)
        return;
    count_stage(row, stock);
    tell(decision, decision_fact_of_event(decision), stock);
    decision_write(decision, &row->base, "%s", stock->row_name);
    if (stock->instruction != NULL && !stock->instruction->done) {
        stock->instruction->done = true;
        decision_write(decision, &stock->instruction->base, "%s", stock->instruction_name);
    }
    raise_alerts(decision, stock);
}

void stock_decide_owner(struct view *view, const struct event *event, void *prepared,
                        struct decision *decision)
{
    const struct stock_event *stock = prepared;
    (void)view, (void)event;
    stock->row->owner = stock->changed->to_owner;
    tell(decision, decision_fact_of_event(decision), stock);
    decision_write(decision, &stock->row->base, "%s", stock->row_name);
    raise_alerts(decision, stock);
}

void stock_decide_instruction(struct view *view, const struct event *event, void *prepared,
                              struct decision *decision)
{
    const struct stock_event *stock = prepared;
    StockInstruction *row = decision_message(decision, STOCK_INSTRUCTION);
    (void)view, (void)event;
    if (row == NULL)
        return;
    row->kind = stock->issued->kind;
    row->warehouse = stock->issued->warehouse;
    row->other_warehouse = stock->issued->other_warehouse;
    row->issued_at_ms = stock->at_ms;
    tell(decision, decision_fact_of_event(decision), stock);
    decision_write(decision, &row->base, "%s", stock->instruction_name);
    raise_alerts(decision, stock);
}
