/* Withdrawing: a release is taken back before its day; where its items were told already, item by item. */
#include "domain/release.h"

#include "domain/catalogue.h"
#include "domain/format.h"

void *release_withdraw_prepare(struct view *view, const struct event *event)
{
    const ReleaseWithdrawn *said = (const ReleaseWithdrawn *)event->message;
    struct release_step *step = arena_take(view->arena, sizeof *step);
    if (step == NULL)
        return NULL;
    *step = (struct release_step){
        .item_key = said->item_key, .release = said->release, .region = said->region, .move = RELEASE_WITHDRAW};
    release_begin(view, step);
    return step;
}

static void its_day_has_not_come(struct rule_context *context)
{
    const ReleaseState *release = ((const struct release_step *)context->prepared)->state;
    if (release == NULL || !is_given(release->effective_on))
        return;
    date_t effective_on = text_day(release->effective_on), today = date_in_china(context->view->now_ms);
    if (effective_on <= today)
        rule_refuse(context, "release", rule_text(context, "in force since %s", release->effective_on),
                    "a release whose day has not come");
    else if (release->status == RELEASE_IS_PUBLISHED && release->piece_count == 0)
        rule_refuse(context, "release", "published item by item", "a release that was staged");
}

const struct rule release_withdrawn_rules[RELEASE_WITHDRAWN_RULES] = {
    {
        .id = "CA-131",
        .code = "catalogue.release_key_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "药品目录数据库",
        .evaluate = release_key_is_its_name,
        .sentence_zh = "版本事件的键须为 release/版本号",
        .sentence_en = "The key of a release is release/ID.",
    },
    {
        .id = "CA-132",
        .code = "catalogue.release_not_its_region",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "省级统一发布",
        .evaluate = release_source_speaks_for_the_region,
        .sentence_zh = "目录版本由本地区或国家医疗保障局撤回",
        .sentence_en = "A release is withdrawn by the bureau of its region or the nation's.",
    },
    {
        .id = "CA-133",
        .code = "catalogue.release_move_not_possible",
        .document = SOURCE_DESIGN,
        .clause = "目录版本的状态",
        .evaluate = release_move_is_possible,
        .sentence_zh = "仅暂存中、齐备或已发布的版本可以撤回",
        .sentence_en = "What is withdrawn is being staged, complete or published.",
    },
    {
        .id = "CA-134",
        .code = "catalogue.release_in_force",
        .document = SOURCE_DESIGN,
        .clause = "生效日前可撤回",
        .evaluate = its_day_has_not_come,
        .sentence_zh = "版本只能在生效日之前撤回",
        .sentence_en = "A release is withdrawn before its day.",
    },
};

void release_withdraw_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct release_step *step = prepared;
    ReleaseState *release = step->state;
    (void)event;
    bool was_published = release->status == RELEASE_IS_PUBLISHED;
    release_move(release, RELEASE_WITHDRAW);
    release->next_piece = 1; /* they are taken back, or forgotten */
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &release->base, "release");
    release_go_on(view, decision);
    if (!was_published)
        return;
    decision_cancel_timer(decision, "overdue");
    decision_table_row(decision, TABLE_RELEASE, step->release, release->region, text_day(release->effective_on),
                       DATE_NONE, NULL);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", release->region);
}

/* --- the item's side --- */

static CatalogueRow **list_without(struct decision *decision, const CatalogueRows *rows, size_t place)
{
    CatalogueRow **list = decision_list(decision, rows->n_rows);
    for (size_t i = 0; list != NULL && i + 1 < rows->n_rows; i++)
        list[i] = rows->rows[i < place ? i : i + 1];
    return list;
}

static void remove_opened(struct decision *decision, const ItemChangeWithdrawn *said, CatalogueRows *rows)
{
    for (size_t i = 0; i < rows->n_rows; i++) {
        if (strcmp(rows->rows[i]->item->release, said->release) != 0 ||
            strcmp(rows->rows[i]->valid_from, said->effective_on) != 0)
            continue;
        decision_table_row(decision, TABLE_CATALOGUE, said->item_key, said->region, text_day(said->effective_on),
                           DATE_NONE, NULL);
        rows->rows = list_without(decision, rows, i);
        rows->n_rows--;
        return;
    }
}

/* The last day of the row at PLACE if nothing ends it but itself and the row after it. */
static date_t last_day(const CatalogueRows *rows, size_t place)
{
    date_t until = text_day(rows->rows[place]->item->valid_until);
    if (place + 1 == rows->n_rows)
        return until;
    date_t before_next = text_day(rows->rows[place + 1]->valid_from) - 1;
    return until == DATE_NONE || until > before_next ? before_next : until;
}

/* The row that ended on the day before is open again, or ends when it said at first, or before a row that came since. */
static void reopen_ended(struct decision *decision, const ItemChangeWithdrawn *said, CatalogueRows *rows)
{
    date_t effective_on = text_day(said->effective_on);
    for (size_t i = 0; i < rows->n_rows && !decision->failed; i++) {
        CatalogueRow *row = rows->rows[i];
        date_t until = last_day(rows, i);
        char day[DATE_TEXT_BYTES];
        if (text_day(row->valid_until) != effective_on - 1 || (until != DATE_NONE && until < effective_on))
            continue;
        row->valid_until =
            until == DATE_NONE ? lent("") : arena_text(decision->arena, bytes_of(date_format(until, day)));
        decision->failed |= row->valid_until == NULL;
        if (!decision->failed)
            decision_table_row(decision, TABLE_CATALOGUE, said->item_key, said->region, text_day(row->valid_from), until,
                               &row->item->base);
    }
}

void release_undo_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const ItemChangeWithdrawn *said = (const ItemChangeWithdrawn *)event->message;
    CatalogueRows *rows = (CatalogueRows *)view_state(view, CATALOGUE_ROWS, "rows/%s", said->region);
    (void)prepared;
    size_t fact = decision_fact_of_event(decision);
    if (rows != NULL) {
        remove_opened(decision, said, rows);
        reopen_ended(decision, said, rows);
        decision_write(decision, &rows->base, "rows/%s", said->region);
    }
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", said->region);
    release_count_item(decision, said->release, said->item_key, NULL, 0, (ProtobufCBinaryData){0, NULL}, true);
}
