/* adjustment_ethnic.c: ethnic medicine and hospital preparations: 新疆2025年民族药、医疗机构制剂纳入医保目录工作方案 (S-B). The
 * region and the Corps act together; hospitals apply; two rounds of selection, consulting experts, the leading group. */
#include "domain/adjustment_state.h"

#define IN(status) ADJUSTMENT_IN(ADJUSTMENT_##status)

static const struct adjustment_move_row moves[] = {
    {ADJUST_APPLY, IN(STATUS_NONE), ADJUSTMENT_APPLIED, ADJUSTMENT_APPLICANT, "adjustment.ethnic.apply"},
    {ADJUST_PASS_FORMAL, IN(APPLIED), ADJUSTMENT_FORMALLY_REVIEWED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_FAIL_FORMAL, IN(APPLIED), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_SELECT_ONCE, IN(FORMALLY_REVIEWED), ADJUSTMENT_SELECTED_ONCE, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_FAIL_SELECT_ONCE, IN(FORMALLY_REVIEWED), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_SELECT_TWICE, IN(SELECTED_ONCE), ADJUSTMENT_SELECTED_TWICE, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_FAIL_SELECT_TWICE, IN(SELECTED_ONCE), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_CONSULT, IN(SELECTED_TWICE), ADJUSTMENT_CONSULTED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_FAIL_CONSULT, IN(SELECTED_TWICE), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_APPROVE, IN(CONSULTED), ADJUSTMENT_APPROVED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_FAIL_APPROVE, IN(CONSULTED), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, NULL},
    {ADJUST_PUBLISH, IN(APPROVED), ADJUSTMENT_PUBLISHED, ADJUSTMENT_BUREAU, "adjustment.ethnic.publish"},
};

const struct life_cycle life_cycle_ethnic = {
    .id = LIFE_CYCLE_ETHNIC,
    .name = "ethnic medicine and preparations",
    .name_zh = "民族药和医疗机构制剂",
    .applicant = ORGANISATION_HOSPITAL,
    .moves = moves,
    .move_count = sizeof moves / sizeof *moves,
};
