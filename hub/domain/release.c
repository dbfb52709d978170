/* Counting what items tell of a release, and publishing it when all have told: by the hub, if it was staged, or by its bureau,
 * whose counts are held against what was counted. */
#include "domain/release.h"

#include "domain/catalogue.h"
#include "domain/format.h"

struct release {
    struct release_step step;
    const ReleasePublished *said;
    ReleaseTally *tally; /* what was counted; never NULL */
};

/* --- counting --- */

static ChangeCount *find_count(ChangeCount *const *counts, size_t count, CatalogueChange change)
{
    for (size_t i = 0; i < count; i++)
        if (counts[i]->change == change)
            return counts[i];
    return NULL;
}

/* In order of the change's number, so that the same counts are always the same bytes. */
static void insert_count(struct decision *decision, ReleaseTally *tally, CatalogueChange change)
{
    ChangeCount *added = decision_message(decision, CATALOGUE_CHANGE_COUNT);
    ChangeCount **list = decision_list(decision, tally->n_counts + 1);
    size_t place = 0;
    if (added == NULL || list == NULL)
        return;
    added->change = change;
    added->count = 1;
    while (place < tally->n_counts && tally->counts[place]->change < change)
        place++;
    for (size_t i = 0; i < place; i++)
        list[i] = tally->counts[i];
    list[place] = added;
    for (size_t i = place; i < tally->n_counts; i++)
        list[i + 1] = tally->counts[i];
    tally->counts = list;
    tally->n_counts++;
}

static void count_change(struct decision *decision, ReleaseTally *tally, CatalogueChange change)
{
    ChangeCount *found = find_count(tally->counts, tally->n_counts, change);
    if (found != NULL)
        found->count++;
    else
        insert_count(decision, tally, change);
}

/* Items that have their change; those that took it back are counted in *TAKEN_BACK. */
static void count_items(struct decision *decision, ReleaseTally *tally, const ReleaseItemCounted *counted, uint64_t *taken_back)
{
    uint64_t digest = release_digest_number(tally->digest);
    for (size_t i = 0; i < counted->n_items; i++) {
        const CountedItem *item = counted->items[i];
        if (item->withdrawn) {
            ++*taken_back;
            continue;
        }
        tally->item_count++;
        digest += release_digest_number(item->row_digest); /* modulo 2^64: order does not matter */
        for (size_t k = 0; k < item->n_changes; k++)
            count_change(decision, tally, item->changes[k]);
    }
    tally->digest = release_digest_bytes(decision->arena, digest);
    decision->failed |= tally->digest.data == NULL;
}

void release_count(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const ReleaseItemCounted *counted = (const ReleaseItemCounted *)event->message;
    ReleaseTally *tally = release_tally(view);
    ReleaseState *release = release_state(view);
    uint64_t taken_back = 0;
    (void)prepared;
    if (tally == NULL) {
        decision->failed = true;
        return;
    }
    tally->release = lent(view->key + strlen("release/"));
    count_items(decision, tally, counted, &taken_back);
    decision_fact_of_event(decision);
    if (taken_back < counted->n_items)
        decision_write(decision, &tally->base, "tally");
    if (release == NULL)
        return;
    if (taken_back > 0) {
        release->taken_back_count += taken_back;
        decision_write(decision, &release->base, "release");
    }
    release_complete(view, decision, release, tally);
}

/* The release has a key of its own; it is told of the item by a follow-up event. */
void release_count_item(struct decision *decision, const char *release, const char *item_key, const CatalogueChange *changes,
                        size_t change_count, ProtobufCBinaryData digest, bool withdrawn)
{
    ReleaseItemCounted *counted = decision_message(decision, RELEASE_ITEM_COUNTED);
    CountedItem *item = decision_message(decision, COUNTED_ITEM);
    CountedItem **items = decision_list(decision, 1);
    const char *key = format_in(decision->arena, "release/%s", release);
    if (counted == NULL || item == NULL || items == NULL || key == NULL) {
        decision->failed = true;
        return;
    }
    item->item_key = lent(item_key);
    item->changes = (CatalogueChange *)changes; /* the message has no const */
    item->n_changes = change_count;
    item->row_digest = digest;
    item->withdrawn = withdrawn;
    items[0] = item;
    counted->item_key = lent(key);
    counted->items = items;
    counted->n_items = 1;
    decision_submit(decision, RELEASE_ITEM_COUNTED_TYPE, key, "release", &counted->base);
}

/* --- when all items have told --- */

static ReleasePublished *published_by_the_hub(struct view *view, struct decision *decision, const ReleaseState *release,
                                              const ReleaseTally *tally)
{
    ReleasePublished *published = decision_message(decision, RELEASE_PUBLISHED_MESSAGE);
    if (published == NULL)
        return NULL;
    published->item_key = lent(view->key);
    published->release = lent(view->key + strlen("release/"));
    published->region = release->region;
    published->version = release->version;
    published->effective_on = release->effective_on;
    published->n_counts = tally->n_counts;
    published->counts = tally->counts;
    published->item_count = tally->item_count;
    published->digest = tally->digest;
    published->document = release->document;
    published->published_at = decision_moment(decision, view->now_ms);
    return published;
}

static void publish(struct view *view, struct decision *decision, ReleaseState *release, const ReleaseTally *tally)
{
    ReleasePublished *published = published_by_the_hub(view, decision, release, tally);
    if (published == NULL)
        return;
    release_move(release, RELEASE_COMPLETE);
    release->next_piece = 1; /* from its day on they are forgotten */
    size_t fact = decision_fact(decision, RELEASE_PUBLISHED_TYPE, view->key, &published->base);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", release->region);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "%s", release->publisher);
    decision_timer(decision, "piece", RELEASE_PIECE_TIMER, date_begin_in_china_ms(text_day(release->effective_on)));
    release_open_for_answers(view, decision, release, published);
    decision_write(decision, &release->base, "release");
}

static void end_withdrawal(struct view *view, struct decision *decision, ReleaseState *release)
{
    ReleaseTakenBack *taken_back = decision_message(decision, RELEASE_TAKEN_BACK);
    if (taken_back == NULL)
        return;
    release_move(release, RELEASE_COMPLETE_WITHDRAWAL);
    release->next_piece = 1;
    taken_back->item_key = lent(view->key);
    taken_back->release = lent(view->key + strlen("release/"));
    taken_back->region = release->region;
    taken_back->effective_on = release->effective_on;
    taken_back->item_count = release->taken_back_count;
    size_t fact = decision_fact(decision, RELEASE_TAKEN_BACK_TYPE, view->key, &taken_back->base);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", release->region);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "%s", release->publisher);
    release_go_on(view, decision);
    decision_write(decision, &release->base, "release");
}

void release_complete(struct view *view, struct decision *decision, ReleaseState *release, const ReleaseTally *tally)
{
    if (release->next_piece <= release->piece_count)
        return; /* not all of it is told yet */
    if (release->status == RELEASE_PUBLISHING && tally->item_count >= release->told_count)
        publish(view, decision, release, tally);
    else if (release->status == RELEASE_TAKING_BACK && release->taken_back_count >= release->staged_count)
        end_withdrawal(view, decision, release);
}

/* --- publishing by the bureau --- */

void *release_prepare(struct view *view, const struct event *event)
{
    const ReleasePublished *said = (const ReleasePublished *)event->message;
    struct release *release = arena_take(view->arena, sizeof *release);
    if (release == NULL)
        return NULL;
    *release = (struct release){
        .step = {.item_key = said->item_key,
                 .release = said->release,
                 .region = said->region,
                 .move = RELEASE_PUBLISH_AT_ONCE},
        .said = said,
        .tally = release_tally(view),
    };
    release_begin(view, &release->step);
    return release->tally == NULL ? NULL : release;
}

static const struct release *release_of(const struct rule_context *context)
{
    return context->prepared;
}

static uint64_t counted(ChangeCount *const *counts, size_t count, CatalogueChange change)
{
    const ChangeCount *found = find_count(counts, count, change);
    return found == NULL ? 0 : found->count;
}

static void compare_counts(struct rule_context *context, const char *path, uint64_t said, uint64_t tallied)
{
    if (said != tallied)
        rule_refuse(context, path, rule_text(context, "%llu", (unsigned long long)said),
                    rule_text(context, "%llu counted by the hub", (unsigned long long)tallied));
}

static void counts_agree(struct rule_context *context)
{
    const struct release *release = release_of(context);
    const ReleasePublished *said = release->said;
    const ReleaseTally *tally = release->tally;
    compare_counts(context, "itemCount", said->item_count, tally->item_count);
    for (unsigned number = 1; number <= CATALOGUE_CHANGE_ENUM->n_values; number++) {
        CatalogueChange change = (CatalogueChange)number;
        compare_counts(context, rule_text(context, "counts.%s", catalogue_change_name(change)),
                       counted(said->counts, said->n_counts, change),
                       counted(tally->counts, tally->n_counts, change));
    }
}

static const char *hex(struct rule_context *context, ProtobufCBinaryData digest)
{
    return rule_text(context, "%016llx", (unsigned long long)release_digest_number(digest));
}

static void digest_agrees(struct rule_context *context)
{
    const struct release *release = release_of(context);
    ProtobufCBinaryData said = release->said->digest;
    if (said.len == 0)
        rule_warn(context, "digest", "none", hex(context, release->tally->digest));
    else if (said.len != RELEASE_DIGEST_BYTES || release_digest_number(said) != release_digest_number(release->tally->digest))
        rule_refuse(context, "digest", hex(context, said), hex(context, release->tally->digest));
}

static void published_once(struct rule_context *context)
{
    if (release_of(context)->tally->published)
        rule_refuse(context, "release", release_of(context)->said->release,
                    "a release that was not published yet");
}

static void staged_is_published_by_the_hub(struct rule_context *context)
{
    const ReleaseState *state = release_of(context)->step.state;
    if (state != NULL && state->piece_count > 0)
        rule_refuse(context, "release", release_status_name(state), "a release that was not staged");
}

const struct rule release_published_rules[RELEASE_PUBLISHED_RULES] = {
    {
        .id = "CA-101",
        .code = "catalogue.release_key_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "药品目录数据库",
        .evaluate = release_key_is_its_name,
        .sentence_zh = "版本事件的键须为 release/版本号",
        .sentence_en = "The key of a release is release/ID.",
    },
    {
        .id = "CA-102",
        .code = "catalogue.release_not_its_region",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "省级统一发布",
        .evaluate = release_source_speaks_for_the_region,
        .sentence_zh = "目录版本由本地区或国家医疗保障局发布",
        .sentence_en = "A release is published by the bureau of its region or the nation's.",
    },
    {
        .id = "CA-103",
        .code = "catalogue.release_counts_differ",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "定期发布",
        .evaluate = counts_agree,
        .sentence_zh = "版本声明的条目数须与已受理的变更一致",
        .sentence_en = "The counts of a release are those of the changes that were accepted for it.",
    },
    {
        .id = "CA-104",
        .code = "catalogue.release_digest_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "定期发布",
        .evaluate = digest_agrees,
        .sentence_zh = "版本摘要须与已受理的变更一致",
        .sentence_en = "The digest of a release is that of the changes that were accepted for it.",
    },
    {
        .id = "CA-105",
        .code = "catalogue.release_published_before",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "定期发布",
        .evaluate = published_once,
        .sentence_zh = "同一版本只能发布一次",
        .sentence_en = "A release is published once.",
    },
    {
        .id = "CA-106",
        .code = "catalogue.release_is_staged",
        .document = SOURCE_DESIGN,
        .clause = "四眼原则",
        .evaluate = staged_is_published_by_the_hub,
        .sentence_zh = "暂存的版本须经批准，由枢纽发布",
        .sentence_en = "What was staged is approved, and published by the hub.",
    },
};

void release_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct release *release = prepared;
    ReleaseTally *tally = release->tally;
    ReleaseState *state = decision_message(decision, RELEASE_STATE);
    if (state == NULL)
        return;
    tally->release = release->said->release;
    tally->published = true;
    release_move(state, RELEASE_PUBLISH_AT_ONCE);
    state->region = release->said->region;
    state->publisher = lent(event->attributes.source);
    state->effective_on = release->said->effective_on;
    state->next_piece = 1;
    size_t fact = decision_fact_of_event(decision);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", release->said->region);
    release_open_for_answers(view, decision, state, release->said);
    decision_write(decision, &tally->base, "tally");
    decision_write(decision, &state->base, "release");
}
