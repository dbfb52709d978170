/* adjustment_drug.c: the national drug list: 2024年国家基本医保药品目录调整工作方案 (S-A). Prepare, apply, expert review,
 * negotiate or bid, publish; each stage has its months. */
#include "domain/adjustment_state.h"

#define IN(status) ADJUSTMENT_IN(ADJUSTMENT_##status)

static const struct adjustment_move_row moves[] = {
    {ADJUST_APPLY, IN(STATUS_NONE), ADJUSTMENT_APPLIED, ADJUSTMENT_APPLICANT, "adjustment.drug.apply"},
    {ADJUST_PASS_FORMAL, IN(APPLIED), ADJUSTMENT_FORMALLY_REVIEWED, ADJUSTMENT_BUREAU, "adjustment.drug.apply"},
    {ADJUST_FAIL_FORMAL, IN(APPLIED), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, "adjustment.drug.apply"},
    {ADJUST_PUBLICISE, IN(FORMALLY_REVIEWED), ADJUSTMENT_PUBLICISED, ADJUSTMENT_BUREAU, "adjustment.drug.apply"},
    {ADJUST_PASS_RECHECK, IN(PUBLICISED), ADJUSTMENT_RECHECKED, ADJUSTMENT_BUREAU, "adjustment.drug.apply"},
    {ADJUST_FAIL_RECHECK, IN(PUBLICISED), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, "adjustment.drug.apply"},
    {ADJUST_ANNOUNCE, IN(RECHECKED), ADJUSTMENT_ANNOUNCED, ADJUSTMENT_BUREAU, "adjustment.drug.apply"},
    {ADJUST_LIST, IN(ANNOUNCED), ADJUSTMENT_LISTED, ADJUSTMENT_BUREAU, "adjustment.drug.review"},
    {ADJUST_LIST_FOR_PRICE, IN(ANNOUNCED), ADJUSTMENT_LISTED_FOR_PRICE, ADJUSTMENT_BUREAU, "adjustment.drug.review"},
    {ADJUST_FAIL_REVIEW, IN(ANNOUNCED), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, "adjustment.drug.review"},
    {ADJUST_PRICE, IN(LISTED_FOR_PRICE), ADJUSTMENT_PRICED, ADJUSTMENT_BUREAU, "adjustment.drug.price"},
    {ADJUST_FAIL_PRICE, IN(LISTED_FOR_PRICE), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, "adjustment.drug.price"},
    {ADJUST_PUBLISH, IN(LISTED) | IN(PRICED), ADJUSTMENT_PUBLISHED, ADJUSTMENT_BUREAU, "adjustment.drug.publish"},
};

const struct life_cycle life_cycle_drug = {
    .id = LIFE_CYCLE_DRUG,
    .name = "drug",
    .name_zh = "国家医保药品目录",
    .applicant = ORGANISATION_REGISTRANT,
    .moves = moves,
    .move_count = sizeof moves / sizeof *moves,
};
