/* adjustment_consumable.c: consumables: 新疆医用耗材支付管理办法（试行，征求意见稿） (S-D). A hospital applies, experts review,
 * the result is public, it is in; what harms, is overpriced or misused gets out. At any time of the year. */
#include "domain/adjustment_state.h"

#define IN(status) ADJUSTMENT_IN(ADJUSTMENT_##status)

static const struct adjustment_move_row moves[] = {
    {ADJUST_APPLY, IN(STATUS_NONE), ADJUSTMENT_APPLIED, ADJUSTMENT_APPLICANT, NULL},
    {ADJUST_LIST, IN(APPLIED), ADJUSTMENT_LISTED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_FAIL_REVIEW, IN(APPLIED), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_PUBLICISE, IN(LISTED), ADJUSTMENT_PUBLICISED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_PUBLISH, IN(PUBLICISED), ADJUSTMENT_PUBLISHED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_EXIT, IN(PUBLISHED), ADJUSTMENT_EXITED, ADJUSTMENT_BUREAU, NULL},
};

const struct life_cycle life_cycle_consumable = {
    .id = LIFE_CYCLE_CONSUMABLE,
    .name = "consumables",
    .name_zh = "医用耗材",
    .applicant = ORGANISATION_HOSPITAL,
    .moves = moves,
    .move_count = sizeof moves / sizeof *moves,
};
