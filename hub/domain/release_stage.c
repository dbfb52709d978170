/* Staging: the pieces of a release are taken one after the other and kept where nobody sees them. */
#include "domain/release.h"

#include "domain/catalogue.h"

struct stage {
    struct release_step step;
    const ReleaseStaged *said;
    const char *const *keys; /* KIND/CODE of its items */
    uint64_t digest;         /* of its items */
};

static const char *const *keys_of(struct view *view, const ReleaseStaged *said)
{
    const char **keys = arena_take(view->arena, (said->n_items + 1) * sizeof *keys);
    for (size_t i = 0; keys != NULL && i < said->n_items; i++) {
        const CatalogueItem *item = said->items[i]->item;
        keys[i] = catalogue_key(view->arena, item->kind, item->code);
        if (keys[i] == NULL)
            return NULL;
    }
    return keys;
}

static bool sum_digests(struct view *view, struct stage *stage)
{
    for (size_t i = 0; i < stage->said->n_items; i++) {
        uint64_t digest = 0;
        if (!release_staged_digest(view->arena, stage->said->items[i], &digest))
            return false;
        stage->digest += digest;
    }
    return true;
}

void *release_stage_prepare(struct view *view, const struct event *event)
{
    const ReleaseStaged *said = (const ReleaseStaged *)event->message;
    struct stage *stage = arena_take_zeroed(view->arena, sizeof *stage);
    if (stage == NULL)
        return NULL;
    stage->said = said;
    stage->step = (struct release_step){
        .item_key = said->item_key,
        .release = said->release,
        .region = said->region,
        .move = said->last ? RELEASE_SEAL : RELEASE_STAGE,
    };
    release_begin(view, &stage->step);
    stage->keys = keys_of(view, said);
    return stage->keys != NULL && sum_digests(view, stage) ? stage : NULL;
}

/* --- rules --- */

static const struct stage *stage_of(const struct rule_context *context)
{
    return context->prepared;
}

static void pieces_come_in_order(struct rule_context *context)
{
    const struct stage *stage = stage_of(context);
    uint32_t expected = (stage->step.state == NULL ? 0 : stage->step.state->piece_count) + 1;
    if (stage->said->piece != expected)
        rule_refuse(context, "piece", rule_text(context, "%u", stage->said->piece),
                    rule_text(context, "%u", expected));
}

static void one_bureau_stages_it(struct rule_context *context)
{
    const struct stage *stage = stage_of(context);
    const char *source = context->event->attributes.source;
    if (stage->step.state != NULL && strcmp(stage->step.state->publisher, source) != 0)
        rule_refuse(context, "release", source, stage->step.state->publisher);
}

static void items_ascend(struct rule_context *context)
{
    const struct stage *stage = stage_of(context);
    const char *before = stage->step.state == NULL ? "" : stage->step.state->last_key;
    for (size_t i = 0; i < stage->said->n_items; before = stage->keys[i++])
        if (strcmp(stage->keys[i], before) <= 0)
            rule_refuse(context, rule_text(context, "items[%zu].item.code", i), stage->keys[i],
                        rule_text(context, "after %s", before));
}

static void items_are_of_the_region(struct rule_context *context)
{
    const ReleaseStaged *said = stage_of(context)->said;
    for (size_t i = 0; i < said->n_items; i++)
        if (strcmp(said->items[i]->item->region, said->region) != 0)
            rule_refuse(context, rule_text(context, "items[%zu].item.region", i), said->items[i]->item->region,
                        said->region);
}

static bool is_protected(struct view *view, const char *key, date_t today)
{
    const CatalogueItem *national = (const CatalogueItem *)view_table_message(
        view, CATALOGUE_ITEM, TABLE_CATALOGUE, key, REGION_NATION, today);
    return national != NULL && national->nationally_protected;
}

static void protected_items_stay(struct rule_context *context)
{
    const struct stage *stage = stage_of(context);
    date_t today = date_in_china(context->view->now_ms);
    if (strcmp(stage->said->region, REGION_NATION) == 0)
        return;
    for (size_t i = 0; i < stage->said->n_items; i++)
        if (is_protected(context->view, stage->keys[i], today))
            rule_refuse(context, rule_text(context, "items[%zu].item.code", i), stage->keys[i],
                        "an item that the nation does not protect");
}

/* Says at which item it was: "item.classCode" becomes "items[7].item.classCode". */
static void name_item(struct rule_context *context, size_t first, size_t item)
{
    for (size_t i = first; i < context->findings->count; i++)
        context->findings->items[i].path =
            rule_text(context, "items[%zu].%s", item, context->findings->items[i].path);
}

/* What each item would be refused for when it is told. */
static void items_say_what_their_kind_must(struct rule_context *context)
{
    void (*const rules[])(struct rule_context *) = {item_details_are_of_its_kind, item_has_a_class_that_is_possible,
                                                    item_names_who_may_use_it};
    const ReleaseStaged *said = stage_of(context)->said;
    for (size_t i = 0; i < said->n_items; i++) {
        ItemChanged changed = {.item = said->items[i]->item};
        struct item_change change = {.row = {.day = text_day(said->items[i]->item->valid_from)}, .said = &changed};
        struct rule_context of_item = *context;
        size_t before = context->findings->count;
        of_item.prepared = &change;
        for (size_t k = 0; !said->items[i]->removed && k < sizeof rules / sizeof *rules; k++)
            rules[k](&of_item);
        name_item(context, before, i);
    }
}

static void the_last_piece_counts_them(struct rule_context *context)
{
    const struct stage *stage = stage_of(context);
    uint64_t count = (stage->step.state == NULL ? 0 : stage->step.state->staged_count) + stage->said->n_items;
    if (stage->said->last && (stage->said->item_count != count || count == 0))
        rule_refuse(context, "itemCount", rule_text(context, "%llu", (unsigned long long)stage->said->item_count),
                    rule_text(context, "%llu, and more than none", (unsigned long long)count));
}

const struct rule release_staged_rules[RELEASE_STAGED_RULES] = {
    {
        .id = "CA-110",
        .code = "catalogue.staged_item_incomplete",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "药品目录数据库",
        .evaluate = items_say_what_their_kind_must,
        .sentence_zh = "条目须具备其类别所要求的内容",
        .sentence_en = "An item says what items of its kind must say.",
    },
    {
        .id = "CA-111",
        .code = "catalogue.release_key_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "药品目录数据库",
        .evaluate = release_key_is_its_name,
        .sentence_zh = "版本事件的键须为 release/版本号",
        .sentence_en = "The key of a release is release/ID.",
    },
    {
        .id = "CA-112",
        .code = "catalogue.release_not_its_region",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "省级统一发布",
        .evaluate = release_source_speaks_for_the_region,
        .sentence_zh = "目录版本由本地区或国家医疗保障局暂存",
        .sentence_en = "A release is staged by the bureau of its region or the nation's.",
    },
    {
        .id = "CA-113",
        .code = "catalogue.release_move_not_possible",
        .document = SOURCE_DESIGN,
        .clause = "目录版本的状态",
        .evaluate = release_move_is_possible,
        .sentence_zh = "版本齐备、发布或撤回后不得再增条目",
        .sentence_en = "Nothing is added to a release that is complete, published or withdrawn.",
    },
    {
        .id = "CA-114",
        .code = "catalogue.release_piece_out_of_order",
        .document = SOURCE_DESIGN,
        .clause = "分段按序",
        .evaluate = pieces_come_in_order,
        .sentence_zh = "版本各段须按 1、2、3 的顺序到达",
        .sentence_en = "The pieces of a release come as 1, 2, 3.",
    },
    {
        .id = "CA-115",
        .code = "catalogue.release_items_not_ascending",
        .document = SOURCE_DESIGN,
        .clause = "同一版本一条目一次",
        .evaluate = items_ascend,
        .sentence_zh = "条目按键升序，同一条目在一个版本中只出现一次",
        .sentence_en = "Items ascend by key, so that none is in a release twice.",
    },
    {
        .id = "CA-116",
        .code = "catalogue.row_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "省级统一发布",
        .evaluate = items_are_of_the_region,
        .sentence_zh = "条目的地区须与版本一致",
        .sentence_en = "The region of the items is that of the release.",
    },
    {
        .id = "CA-117",
        .code = "catalogue.release_of_another",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "省级统一发布",
        .evaluate = one_bureau_stages_it,
        .sentence_zh = "一个版本由一个机构暂存",
        .sentence_en = "One bureau stages a release.",
    },
    {
        .id = "CA-118",
        .code = "catalogue.nationally_protected",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "不得变更国家药品",
        .evaluate = protected_items_stay,
        .sentence_zh = "地区不得变更国家目录内受保护的条目",
        .sentence_en = "A region does not alter an item that the nation protects.",
    },
    {
        .id = "CA-119",
        .code = "catalogue.release_counts_differ",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "定期发布",
        .evaluate = the_last_piece_counts_them,
        .sentence_zh = "最后一段声明的条目总数须与已收到的一致",
        .sentence_en = "The last piece says how many items there are in all.",
    },
};

/* --- the decision --- */

static ReleaseState *new_release(struct decision *decision, const struct event *event, const ReleaseStaged *said)
{
    ReleaseState *release = decision_message(decision, RELEASE_STATE);
    if (release == NULL)
        return NULL;
    release->region = said->region;
    release->publisher = lent(event->attributes.source);
    return release;
}

static void note_proposer(struct decision *decision, ReleaseState *release, char *proposer)
{
    for (size_t i = 0; i < release->n_proposers; i++)
        if (strcmp(release->proposers[i], proposer) == 0)
            return;
    char **list = decision_list(decision, release->n_proposers + 1);
    if (list == NULL)
        return;
    for (size_t i = 0; i < release->n_proposers; i++)
        list[i] = release->proposers[i];
    list[release->n_proposers++] = proposer;
    release->proposers = list;
}

void release_stage_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct stage *stage = prepared;
    const ReleaseStaged *said = stage->said;
    ReleaseState *release = stage->step.state == NULL ? new_release(decision, event, said) : stage->step.state;
    ReleasePiece *piece = decision_message(decision, RELEASE_PIECE);
    (void)view;
    if (release == NULL || piece == NULL)
        return;
    release_move(release, stage->step.move);
    note_proposer(decision, release, said->proposer);
    release->piece_count = said->piece;
    release->staged_count += said->n_items;
    release->staged_digest += stage->digest;
    if (said->n_items > 0)
        release->last_key = lent(stage->keys[said->n_items - 1]);
    piece->n_items = said->n_items;
    piece->items = said->items;
    (void)decision_fact_of_event(decision);
    decision_write(decision, &release->base, "release");
    decision_write(decision, &piece->base, "piece/%u", said->piece);
}
