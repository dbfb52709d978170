/* adjustment_service.c: service items: 国家基本医疗保险医疗服务项目目录（第一批） (S-C). The bureau proposes from the price-item
 * guide; survey of hospitals, experts' scores, the fund's part, publication: first for settlement across provinces. */
#include "domain/adjustment_state.h"

#define IN(status) ADJUSTMENT_IN(ADJUSTMENT_##status)

static const struct adjustment_move_row moves[] = {
    {ADJUST_APPLY, IN(STATUS_NONE), ADJUSTMENT_APPLIED, ADJUSTMENT_APPLICANT, "adjustment.service_item.prepare"},
    {ADJUST_SURVEY, IN(APPLIED), ADJUSTMENT_SURVEYED, ADJUSTMENT_BUREAU, "adjustment.service_item.review"},
    {ADJUST_SCORE, IN(SURVEYED), ADJUSTMENT_SCORED, ADJUSTMENT_BUREAU, "adjustment.service_item.review"},
    {ADJUST_FAIL_REVIEW, IN(SURVEYED), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, "adjustment.service_item.review"},
    {ADJUST_ESTIMATE, IN(SCORED), ADJUSTMENT_ESTIMATED, ADJUSTMENT_BUREAU, "adjustment.service_item.review"},
    {ADJUST_FAIL_ESTIMATE, IN(SCORED), ADJUSTMENT_REFUSED, ADJUSTMENT_BUREAU, "adjustment.service_item.review"},
    {ADJUST_PUBLISH, IN(ESTIMATED), ADJUSTMENT_PUBLISHED, ADJUSTMENT_BUREAU, "adjustment.service_item.publish"},
};

const struct life_cycle life_cycle_service_item = {
    .id = LIFE_CYCLE_SERVICE_ITEM,
    .name = "service items",
    .name_zh = "医疗服务项目",
    .applicant = ORGANISATION_BUREAU,
    .moves = moves,
    .move_count = sizeof moves / sizeof *moves,
};
