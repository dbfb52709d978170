/* items.c: GET /v1/items/{table}/{code}: what the catalogue says of an item on a day, for a region and an institution, and why: the
 * answer that rules and `ctl catalogue lookup` get. */
#include "base/date.h"
#include "gateway/house.h"
#include "gateway/item_answer.h"

void item_handler(struct request *request)
{
    const char *date = request_query(request, "date"), *region = request_query(request, "region");
    const char *across = request_query(request, "acrossProvinces");
    int64_t now_ms = clock_now_ms(request->gateway->clock);
    struct fault fault = {0};
    bool found = false;
    const struct item_question asked = {
        .table = request->match.values[0],
        .code = request->match.values[1],
        .region = region == NULL ? request->caller.region : region,
        .institution = request_query(request, "institution"),
        .insurance = request_query(request, "insurance"),
        .date = date == NULL ? date_in_china(now_ms) : date_parse(bytes_of(date)),
        .across_provinces = across != NULL && strcmp(across, "true") == 0,
    };

    enum status status =
        item_answer(request->tables, &asked, now_ms, request->arena, answer_begin(request), &found, &fault);
    if (status != STATUS_OK)
        answer_fault(request, STATUS_RETRY, 503, &fault);
    else if (!found)
        answer_problem(request, 404, "item.unknown", NULL);
    else
        answer_finish(request, 200, JSON_TYPE);
}
