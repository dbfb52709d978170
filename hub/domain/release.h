/* release.h: a release of the catalogue from its first piece to the last answer. Key: release/ID.
 *
 *     medhub.catalogue.release_staged.v1     a bureau: a piece of it; kept in this key's rows and told to nobody
 *     medhub.catalogue.release_approved.v1   a bureau, another person: from which day it holds
 *     medhub.catalogue.item_changed.v1       the hub to each item, some pieces in a batch (release_piece.c)
 *     medhub.catalogue.release_item_counted.v1   each item to the release: I have it; those of a batch in one event
 *     medhub.catalogue.release_published.v1  the hub, when all have answered: counts, digest -> every institution
 *     medhub.catalogue.release_withdrawn.v1  a bureau: before its day it is taken back, again item by item
 *     medhub.catalogue.applied.v1            an institution: I work with it -> its bureau
 *     medhub.catalogue.overdue.v1            the hub: the time to answer is over -> bureau and institutions
 *
 * Who follows item by item keeps the changes of a release aside until release_published, whose counts and digest say
 * when he has them all: then they come into force together (ops/docs/calling.md).
 *
 * Rows: release (where it stands), tally (what items have told), piece/N (what was staged), audience (who is to answer),
 * applied/INSTITUTION (what it answered). */
#ifndef DOMAIN_RELEASE_H
#define DOMAIN_RELEASE_H

#include "domain/messages.h"
#include "domain/rule.h"

#define RELEASE_STAGED_TYPE         "medhub.catalogue.release_staged.v1"
#define RELEASE_APPROVED_TYPE       "medhub.catalogue.release_approved.v1"
#define RELEASE_PUBLISHED_TYPE      "medhub.catalogue.release_published.v1"
#define RELEASE_WITHDRAWN_TYPE      "medhub.catalogue.release_withdrawn.v1"
#define RELEASE_PROGRESSED_TYPE     "medhub.catalogue.release_progressed.v1"
#define RELEASE_TAKEN_BACK_TYPE     "medhub.catalogue.release_taken_back.v1"
#define RELEASE_ITEM_COUNTED_TYPE   "medhub.catalogue.release_item_counted.v1"
#define ITEM_CHANGE_WITHDRAWN_TYPE  "medhub.catalogue.item_change_withdrawn.v1"
#define CATALOGUE_APPLIED_TYPE      "medhub.catalogue.applied.v1"
#define CATALOGUE_OVERDUE_TYPE      "medhub.catalogue.overdue.v1"
#define RELEASE_PIECE_TIMER         "medhub.catalogue.release_piece.timer"
#define RELEASE_OVERDUE_TIMER       "medhub.catalogue.release_overdue.timer"

#define RELEASE_LEAD_DAYS      "catalogue.release_lead_days_min"
#define CATALOGUE_ANSWER_HOURS "catalogue.answer_hours"
#define CATALOGUE_DIFFERENT_REFUSED "catalogue.applied_digest_differs.refuse"
#define CATALOGUE_REMIND_HOURS "catalogue.remind_hours"
#define CATALOGUE_REMINDERS    "catalogue.reminders_max"

/* So many items of a batch are counted by one event; each event of an item counts one. */
enum { RELEASE_COUNTED_TOGETHER = 500 };

/* A digest is a sum modulo 2^64, eight bytes, most significant first. */
enum { RELEASE_DIGEST_BYTES = 8 };
uint64_t release_digest_number(ProtobufCBinaryData digest);
/* In ARENA; data is NULL when that is full. */
ProtobufCBinaryData release_digest_bytes(struct arena *arena, uint64_t digest);
/* What one staged item adds to the digest of what was staged: XXH64 of the packed Item, seed 1 for a removal, else 0. False when
 * the arena is full. Any thread. */
bool release_staged_digest(struct arena *arena, const StagedItem *item, uint64_t *digest);

/* --- where it stands: release_state.c --- */

enum release_move {
    RELEASE_STAGE,
    RELEASE_SEAL, /* the last piece */
    RELEASE_APPROVE,
    RELEASE_COMPLETE,
    RELEASE_PUBLISH_AT_ONCE, /* by its bureau, item by item, without staging */
    RELEASE_WITHDRAW,
    RELEASE_COMPLETE_WITHDRAWAL,
    RELEASE_ANSWER,
    RELEASE_MOVES
};
/* True if RELEASE (NULL: there is none yet) may be moved so. */
bool release_may(const ReleaseState *release, enum release_move move);
void release_move(ReleaseState *release, enum release_move move); /* it must be possible */
const char *release_status_name(const ReleaseState *release);     /* "STAGED"; a constant */
const char *release_statuses_for(struct arena *arena, enum release_move move); /* "STAGING or STAGED" */

/* What every event of a release looks at; first member of what the handlers prepare. */
struct release_step {
    const char *item_key, *release, *region; /* as said */
    enum release_move move;
    ReleaseState *state; /* NULL: there is none yet */
};
/* Fills STATE of STEP. */
void release_begin(struct view *view, struct release_step *step);
ReleaseState *release_state(struct view *view);
ReleaseTally *release_tally(struct view *view); /* a new one if there is none; NULL: the arena is full */

/* Rules that several events share; PREPARED begins with a struct release_step. */
void release_key_is_its_name(struct rule_context *context);
void release_source_speaks_for_the_region(struct rule_context *context);
void release_move_is_possible(struct rule_context *context);

/* --- handlers --- */

enum {
    RELEASE_PUBLISHED_RULES = 6,
    RELEASE_STAGED_RULES = 10,
    RELEASE_APPROVED_RULES = 9,
    RELEASE_WITHDRAWN_RULES = 4,
    CATALOGUE_APPLIED_RULES = 4,
};
extern const struct rule release_published_rules[RELEASE_PUBLISHED_RULES];
extern const struct rule release_staged_rules[RELEASE_STAGED_RULES];
extern const struct rule release_approved_rules[RELEASE_APPROVED_RULES];
extern const struct rule release_withdrawn_rules[RELEASE_WITHDRAWN_RULES];
extern const struct rule catalogue_applied_rules[CATALOGUE_APPLIED_RULES];

void *release_prepare(struct view *view, const struct event *event);
void release_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void release_count(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void *release_stage_prepare(struct view *view, const struct event *event);
void release_stage_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void *release_approve_prepare(struct view *view, const struct event *event);
void release_approve_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void *release_withdraw_prepare(struct view *view, const struct event *event);
void release_withdraw_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
/* Of an item: its change by the release is undone. */
void release_undo_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void *catalogue_applied_prepare(struct view *view, const struct event *event);
void catalogue_applied_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void release_piece_fire(struct view *view, const struct event *event, struct decision *decision);
void release_overdue_fire(struct view *view, const struct event *event, struct decision *decision);

/* --- what they share --- */

/* Tells the release (ID) from one of its items; DIGEST is of its row, and absent of one that was taken back. */
void release_count_item(struct decision *decision, const char *release, const char *item_key, const CatalogueChange *changes,
                        size_t change_count, ProtobufCBinaryData digest, bool withdrawn);
/* The next pieces are looked at in the next batch (background.h). */
void release_go_on(struct view *view, struct decision *decision);
/* All items have answered: states release_published or release_taken_back, where that is the case. Writes RELEASE. */
void release_complete(struct view *view, struct decision *decision, ReleaseState *release, const ReleaseTally *tally);
/* From now on institutions answer: row of the table, time to answer. */
void release_open_for_answers(struct view *view, struct decision *decision, ReleaseState *release,
                              const ReleasePublished *published);

#endif
