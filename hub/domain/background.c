#include "domain/background.h"

enum { ROWS_WITHOUT_POLICY = 100 };

size_t background_rows(struct view *view)
{
    int64_t rows;

    if (!view_policy_int(view, BACKGROUND_ROWS, REGION_NATION, date_in_china(view->now_ms), &rows))
        return ROWS_WITHOUT_POLICY;
    return rows < 1 ? 1 : rows > VIEW_SCAN_ROWS_MAX ? VIEW_SCAN_ROWS_MAX : (size_t)rows;
}

void background_continue(const struct view *view, struct decision *decision, const char *name, const char *type)
{
    decision_timer(decision, name, type, view->now_ms + 1);
}
