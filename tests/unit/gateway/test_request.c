// links: medhub_gateway dep::jansson
/* request.h: what a request asks for beside its path, and problems as it is told of them. */
#include "gateway/request.h"

#include "support/cmocka_all.h"

#include <jansson.h>
#include <stdlib.h>

struct fixture {
    struct request request;
    struct http_header headers[4];
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    fixture->request.arena = arena_new(16 * 1024, 1 << 20);
    fixture->request.view = (struct http_view){.method = "GET", .target = "/", .headers = fixture->headers};
    fixture->request.answer.file = -1;
    buffer_init(&fixture->request.answer.made, 1 << 20);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    buffer_done(&fixture->request.answer.made);
    arena_free(fixture->request.arena);
    free(fixture);
    return 0;
}

static void header(struct fixture *fixture, const char *name, const char *value)
{
    fixture->headers[fixture->request.view.header_count++] = (struct http_header){name, bytes_of(value)};
}

static bool accepts(struct fixture *fixture, const char *accept, const char *type)
{
    fixture->request.view.header_count = 0;
    if (accept != NULL)
        header(fixture, "accept", accept);
    return request_accepts(&fixture->request, type);
}

static void accept_is_read_as_http_says(void **state)
{
    struct fixture *fixture = *state;

    assert_true(accepts(fixture, NULL, "application/json"));
    assert_true(accepts(fixture, "", "application/json"));
    assert_true(accepts(fixture, "*/*", "application/json"));
    assert_true(accepts(fixture, "text/html, application/*;q=0.1", "application/json"));
    assert_true(accepts(fixture, "Application/JSON", "application/json"));
    assert_true(accepts(fixture, "application/json;charset=utf-8", "application/json"));
    assert_false(accepts(fixture, "text/html", "application/json"));
    assert_false(accepts(fixture, "application/json;q=0", "application/json"));
    assert_false(accepts(fixture, "application/json; q=0.000", "application/json"));
    assert_false(accepts(fixture, "application/jso", "application/json"));
    assert_false(accepts(fixture, "applicatio/*", "application/json"));
}

static bool good(struct fixture *fixture, const char *target)
{
    const char *allow;

    fixture->request.view.target = target;
    fixture->request.answer.status = 0;
    assert_int_equal(route_find("GET", target, fixture->request.arena, &fixture->request.match, &allow), ROUTE_FOUND);
    bool is_good = request_check_parameters(&fixture->request);
    assert_int_equal(fixture->request.answer.status, is_good ? 0 : 400);
    return is_good;
}

static void parameters_are_as_their_rows_say(void **state)
{
    static const char *const right[] = {
        "/v1/feeds/deliveries", "/v1/feeds/deliveries?wait=0&limit=1&types=a,b&after=x", "/v1/search?key=1&kind=lot,order",
        "/v1/items/A/B?date=2024-02-29&region=650100"};
    static const char *const wrong[] = {
        "/v1/feeds/deliveries?wait=-1",    "/v1/feeds/deliveries?wait=3601",        "/v1/feeds/deliveries?wait=1s",
        "/v1/feeds/deliveries?limit=0",    "/v1/feeds/deliveries?limit=1&limit=1",  "/v1/feeds/deliveries?after=",
        "/v1/feeds/deliveries?other=1",    "/v1/search",                            "/v1/search?key=",
        "/v1/search?key=%ff",              "/v1/items/A/B?date=2023-02-29",         "/v1/items/A/B?region=65010",
        "/v1/feeds?wait=1",                "/v1/feeds/deliveries?wait=9223372036854775808"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        if (!good(fixture, right[i]))
            fail_msg("%s: %s", right[i], (const char *)fixture->request.answer.body.data);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (good(fixture, wrong[i]))
            fail_msg("%s is taken", wrong[i]);
}

static void check_problem(struct fixture *fixture, unsigned status, const char *code, const char *detail)
{
    json_error_t error;
    struct bytes body = fixture->request.answer.body;
    json_t *problem = json_loadb((const char *)body.data, body.length, 0, &error);

    assert_non_null(problem);
    assert_int_equal(fixture->request.answer.status, status);
    assert_string_equal(fixture->request.answer.content_type, "application/problem+json");
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), status);
    assert_string_equal(json_string_value(json_object_get(problem, "code")), code);
    assert_string_equal(json_string_value(json_object_get(problem, "detail")), detail);
    assert_non_null(json_string_value(json_object_get(problem, "title")));
    assert_true(strlen(json_string_value(json_object_get(problem, "detailZh"))) > 0);
    json_decref(problem);
}

static void a_problem_is_told_in_both_languages(void **state)
{
    struct fixture *fixture = *state;

    answer_problem(&fixture->request, 400, "feed.cursor", "say \"why\"\n");
    check_problem(fixture, 400, "feed.cursor", "say \"why\"\n");
    answer_problem(&fixture->request, 404, "never.heard", NULL);
    check_problem(fixture, 404, "never.heard", "there is nothing here that this caller may see");
    answer_unavailable(&fixture->request, "gateway.busy", NULL);
    check_problem(fixture, 503, "gateway.busy", "not now; try again");
    assert_string_equal(fixture->request.answer.headers[fixture->request.answer.header_count - 1].name, "Retry-After");
}

static void a_fault_of_ours_tells_nothing_of_us(void **state)
{
    struct fixture *fixture = *state;
    const struct fault fault = {"sql.disk", "/var/lib/medhub/x: no space"};

    answer_fault(&fixture->request, STATUS_FATAL, 400, &fault);
    check_problem(fixture, 503, "sql.disk", "not now; try again");
    answer_fault(&fixture->request, STATUS_REJECT, 400, &(const struct fault){"json.syntax", "line 1"});
    check_problem(fixture, 400, "json.syntax", "line 1");
}

static void an_answer_that_grows_too_large_is_none(void **state)
{
    struct fixture *fixture = *state;
    char block[1024] = {0};

    struct buffer *out = answer_begin(&fixture->request);
    for (int i = 0; i < 2000; i++)
        buffer_append(out, block, sizeof block);
    answer_finish(&fixture->request, 200, "application/json");
    assert_int_equal(fixture->request.answer.status, 503);
    answer_set(&fixture->request, 200, "application/json", bytes_of("{}")); /* and the next is right again */
    assert_true(bytes_equal_text(fixture->request.answer.body, "{}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accept_is_read_as_http_says, setup, teardown),
        cmocka_unit_test_setup_teardown(parameters_are_as_their_rows_say, setup, teardown),
        cmocka_unit_test_setup_teardown(a_problem_is_told_in_both_languages, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fault_of_ours_tells_nothing_of_us, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_grows_too_large_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
