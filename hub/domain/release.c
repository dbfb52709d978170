/* Releases: what a bureau publishes as one edition, held against what the hub has counted of it. */
#include "domain/catalogue.h"

struct release {
    const ReleasePublished *said;
    ReleaseTally *tally; /* what was counted; never NULL */
};

/* --- counting --- */

static uint64_t digest_number(ProtobufCBinaryData digest)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digest.len && i < RELEASE_DIGEST_BYTES; i++)
        number = number << 8 | digest.data[i];
    return number;
}

static ReleaseTally *tally_of(struct view *view)
{
    ReleaseTally *tally = (ReleaseTally *)view_state(view, RELEASE_TALLY, "tally");
    if (tally != NULL)
        return tally;
    tally = arena_take(view->arena, sizeof *tally);
    if (tally != NULL)
        medhub__state__v1__release_tally__init(tally);
    return tally;
}

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

static void add_digest(struct decision *decision, ReleaseTally *tally, ProtobufCBinaryData row_digest)
{
    uint64_t sum =
        digest_number(tally->digest) + digest_number(row_digest); /* modulo 2^64: order does not matter */
    uint8_t *bytes = arena_take(decision->arena, RELEASE_DIGEST_BYTES);
    if (bytes == NULL) {
        decision->failed = true;
        return;
    }
    for (size_t i = 0; i < RELEASE_DIGEST_BYTES; i++)
        bytes[i] = (uint8_t)(sum >> (8 * (RELEASE_DIGEST_BYTES - 1 - i)));
    tally->digest = (ProtobufCBinaryData){RELEASE_DIGEST_BYTES, bytes};
}

void release_count(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const ReleaseItemCounted *counted = (const ReleaseItemCounted *)event->message;
    ReleaseTally *tally = tally_of(view);
    (void)prepared;
    if (tally == NULL) {
        decision->failed = true;
        return;
    }
    tally->release = counted->release;
    tally->item_count++;
    for (size_t i = 0; i < counted->n_changes; i++)
        count_change(decision, tally, counted->changes[i]);
    add_digest(decision, tally, counted->row_digest);
    decision_fact_of_event(decision);
    decision_write(decision, &tally->base, "tally");
}

/* --- publishing --- */

void *release_prepare(struct view *view, const struct event *event)
{
    struct release *release = arena_take(view->arena, sizeof *release);
    if (release == NULL)
        return NULL;
    release->said = (const ReleasePublished *)event->message;
    release->tally = tally_of(view);
    return release->tally == NULL ? NULL : release;
}

static const struct release *release_of(const struct rule_context *context)
{
    return context->prepared;
}

static void key_is_the_release(struct rule_context *context)
{
    const ReleasePublished *said = release_of(context)->said;
    const char *expected = rule_text(context, "release/%s", said->release);
    if (strcmp(said->item_key, expected) != 0 || strcmp(context->view->key, expected) != 0)
        rule_refuse(context, "itemKey", said->item_key, expected);
}

static void publisher_speaks_for_the_region(struct rule_context *context)
{
    const char *region = release_of(context)->said->region;
    const char *source = context->event->attributes.source;
    if (!bureau_speaks_for(context->view, source, region))
        rule_refuse(context, "region", region, rule_text(context, "a region that %s speaks for", source));
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
    return rule_text(context, "%016llx", (unsigned long long)digest_number(digest));
}

static void digest_agrees(struct rule_context *context)
{
    const struct release *release = release_of(context);
    ProtobufCBinaryData said = release->said->digest;
    if (said.len == 0)
        rule_warn(context, "digest", "none", hex(context, release->tally->digest));
    else if (said.len != RELEASE_DIGEST_BYTES || digest_number(said) != digest_number(release->tally->digest))
        rule_refuse(context, "digest", hex(context, said), hex(context, release->tally->digest));
}

static void published_once(struct rule_context *context)
{
    if (release_of(context)->tally->published)
        rule_refuse(context, "release", release_of(context)->said->release,
                    "a release that was not published yet");
}

#define DRUG_DATABASE "苏医保规〔2021〕2号" /* Jiangsu: use of drugs */

const struct rule release_published_rules[RELEASE_PUBLISHED_RULES] = {
    {
        .id = "CA-101",
        .code = "catalogue.release_key_differs",
        .document = DRUG_DATABASE,
        .clause = "药品目录数据库，C2 L3120",
        .evaluate = key_is_the_release,
        .sentence_zh = "版本事件的键须为 release/版本号",
        .sentence_en = "The key of a release is release/ID.",
    },
    {
        .id = "CA-102",
        .code = "catalogue.release_not_its_region",
        .document = DRUG_DATABASE,
        .clause = "省级统一发布，C2 L3120",
        .evaluate = publisher_speaks_for_the_region,
        .sentence_zh = "目录版本由本地区或国家医疗保障局发布",
        .sentence_en = "A release is published by the bureau of its region or the nation's.",
    },
    {
        .id = "CA-103",
        .code = "catalogue.release_counts_differ",
        .document = DRUG_DATABASE,
        .clause = "定期发布，C2 L3120",
        .evaluate = counts_agree,
        .sentence_zh = "版本声明的条目数须与已受理的变更一致",
        .sentence_en = "The counts of a release are those of the changes that were accepted for it.",
    },
    {
        .id = "CA-104",
        .code = "catalogue.release_digest_differs",
        .document = DRUG_DATABASE,
        .clause = "定期发布，C2 L3120",
        .evaluate = digest_agrees,
        .sentence_zh = "版本摘要须与已受理的变更一致",
        .sentence_en = "The digest of a release is that of the changes that were accepted for it.",
    },
    {
        .id = "CA-105",
        .code = "catalogue.release_published_before",
        .document = DRUG_DATABASE,
        .clause = "定期发布，C2 L3120",
        .evaluate = published_once,
        .sentence_zh = "同一版本只能发布一次",
        .sentence_en = "A release is published once.",
    },
};

void release_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct release *release = prepared;
    ReleaseTally *tally = release->tally;
    (void)view;
    (void)event;
    tally->release = release->said->release;
    tally->published = true;
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &tally->base, "tally");
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", release->said->region);
}
