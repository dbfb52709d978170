/* uptake_handler.c: GET /v1/catalogue/releases/{release}/uptake. */
#include "base/date.h"
#include "base/text.h"
#include "gateway/house.h"
#include "gateway/uptake.h"

enum { LIMIT = 1000 };

void uptake_handler(struct request *request)
{
    const char *limit = request_query(request, "limit");
    int64_t count = LIMIT;
    struct uptake_question question = {
        .release = request->match.values[0],
        .state = request_query(request, "state"),
        .after = request_query(request, "after"),
        .today = date_in_china(clock_now_ms(request->gateway->clock)),
    };
    if (limit != NULL)
        (void)text_parse_i64(bytes_of(limit), &count); /* ignoring: the route has checked it */
    question.limit = (size_t)count;
    const char *region = uptake_region(request->tables, question.release, request->arena);

    if (region == NULL ||
        !uptake_may_ask(request->tables, request->caller.organisation, region, question.today, request->arena))
        answer_problem(request, 404, "release.unknown", NULL);
    else if (uptake_write(request->tables, &question, request->arena, answer_begin(request)))
        answer_finish(request, 200, JSON_TYPE);
    else
        answer_unavailable(request, "gateway.busy", NULL);
}
