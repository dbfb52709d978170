#include "domain/release.h"

#include "base/hash.h"
#include "domain/catalogue.h"
#include "domain/format.h"
#include "event/pack.h"

#include <assert.h>

/* --- the table --- */

static const char *const status_names[] = {
    [RELEASE_NONE] = "NONE",
    [RELEASE_STAGING] = "STAGING",
    [RELEASE_STAGED] = "STAGED",
    [RELEASE_PUBLISHING] = "PUBLISHING",
    [RELEASE_IS_PUBLISHED] = "PUBLISHED",
    [RELEASE_IS_WITHDRAWN] = "WITHDRAWN",
    [RELEASE_TAKING_BACK] = "TAKING_BACK",
    [RELEASE_IS_TAKEN_BACK] = "TAKEN_BACK",
};
enum { STATUSES = sizeof status_names / sizeof *status_names };

static const struct move_row {
    enum release_move move;
    ReleaseStatus from, to;
} moves[] = {
    {RELEASE_STAGE, RELEASE_NONE, RELEASE_STAGING},
    {RELEASE_STAGE, RELEASE_STAGING, RELEASE_STAGING},
    {RELEASE_SEAL, RELEASE_NONE, RELEASE_STAGED},
    {RELEASE_SEAL, RELEASE_STAGING, RELEASE_STAGED},
    {RELEASE_APPROVE, RELEASE_STAGED, RELEASE_PUBLISHING},
    {RELEASE_COMPLETE, RELEASE_PUBLISHING, RELEASE_IS_PUBLISHED},
    {RELEASE_PUBLISH_AT_ONCE, RELEASE_NONE, RELEASE_IS_PUBLISHED},
    {RELEASE_WITHDRAW, RELEASE_STAGING, RELEASE_IS_WITHDRAWN},
    {RELEASE_WITHDRAW, RELEASE_STAGED, RELEASE_IS_WITHDRAWN},
    {RELEASE_WITHDRAW, RELEASE_IS_PUBLISHED, RELEASE_TAKING_BACK},
    {RELEASE_COMPLETE_WITHDRAWAL, RELEASE_TAKING_BACK, RELEASE_IS_TAKEN_BACK},
    {RELEASE_ANSWER, RELEASE_IS_PUBLISHED, RELEASE_IS_PUBLISHED},
};

static ReleaseStatus status_of(const ReleaseState *release)
{
    return release == NULL ? RELEASE_NONE : release->status;
}

static const struct move_row *find_move(const ReleaseState *release, enum release_move move)
{
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (moves[i].move == move && moves[i].from == status_of(release))
            return &moves[i];
    return NULL;
}

bool release_may(const ReleaseState *release, enum release_move move)
{
    return find_move(release, move) != NULL;
}

void release_move(ReleaseState *release, enum release_move move)
{
    const struct move_row *row = find_move(release, move);
    assert(row != NULL);
    release->status = row->to;
}

const char *release_status_name(const ReleaseState *release)
{
    ReleaseStatus status = status_of(release);
    return (unsigned)status < STATUSES ? status_names[status] : "unknown";
}

const char *release_statuses_for(struct arena *arena, enum release_move move)
{
    const char *text = "";
    for (size_t i = 0; i < sizeof moves / sizeof *moves && text != NULL; i++)
        if (moves[i].move == move)
            text = format_in(arena, "%s%s%s", text, *text == '\0' ? "" : " or ", status_names[moves[i].from]);
    return text == NULL ? "" : text;
}

/* --- rows --- */

ReleaseState *release_state(struct view *view)
{
    return (ReleaseState *)view_state(view, RELEASE_STATE, "release");
}

ReleaseTally *release_tally(struct view *view)
{
    ReleaseTally *tally = (ReleaseTally *)view_state(view, RELEASE_TALLY, "tally");
    if (tally != NULL)
        return tally;
    tally = arena_take(view->arena, sizeof *tally);
    if (tally != NULL)
        medhub__state__v1__release_tally__init(tally);
    return tally;
}

void release_begin(struct view *view, struct release_step *step)
{
    step->state = release_state(view);
}

/* --- rules that several events share --- */

static const struct release_step *step_of(const struct rule_context *context)
{
    return context->prepared;
}

void release_key_is_its_name(struct rule_context *context)
{
    const struct release_step *step = step_of(context);
    const char *expected = rule_text(context, "release/%s", step->release);
    if (strcmp(step->item_key, expected) != 0 || strcmp(context->view->key, expected) != 0)
        rule_refuse(context, "itemKey", step->item_key, expected);
}

void release_source_speaks_for_the_region(struct rule_context *context)
{
    const struct release_step *step = step_of(context);
    const char *source = context->event->attributes.source;
    if (!bureau_speaks_for(context->view, source, step->region))
        rule_refuse(context, "region", step->region, rule_text(context, "a region that %s speaks for", source));
    else if (step->state != NULL && strcmp(step->state->region, step->region) != 0)
        rule_refuse(context, "region", step->region, step->state->region);
}

void release_move_is_possible(struct rule_context *context)
{
    const struct release_step *step = step_of(context);
    if (!release_may(step->state, step->move))
        rule_refuse(context, "release", release_status_name(step->state),
                    release_statuses_for(context->view->arena, step->move));
}

/* --- digests --- */

uint64_t release_digest_number(ProtobufCBinaryData digest)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digest.len && i < RELEASE_DIGEST_BYTES; i++)
        number = number << 8 | digest.data[i];
    return number;
}

ProtobufCBinaryData release_digest_bytes(struct arena *arena, uint64_t digest)
{
    uint8_t *bytes = arena_take(arena, RELEASE_DIGEST_BYTES);
    for (size_t i = 0; bytes != NULL && i < RELEASE_DIGEST_BYTES; i++)
        bytes[i] = (uint8_t)(digest >> (8 * (RELEASE_DIGEST_BYTES - 1 - i)));
    return (ProtobufCBinaryData){bytes == NULL ? 0 : RELEASE_DIGEST_BYTES, bytes};
}

bool release_staged_digest(struct arena *arena, const StagedItem *item, uint64_t *digest)
{
    struct arena_mark mark = arena_mark(arena);
    struct bytes packed = pack_message(&item->item->base, arena);
    if (packed.data != NULL)
        *digest = hash_bytes(packed, item->removed ? 1 : 0);
    arena_reset_to(arena, mark);
    return packed.data != NULL;
}
