// links: medhub_gateway
/* routes.h and target.h: which row a request means, and what its path and query say. */
#include "gateway/routes.h"

#include "gateway/target.h"
#include "support/cmocka_all.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096, 1 << 20);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static enum route_result find(const char *method, const char *target, struct route_match *match, const char **allow)
{
    return route_find(method, target, arena, match, allow);
}

static void a_path_means_its_row_and_gives_its_values_decoded(void **state)
{
    struct route_match match;
    const char *allow;
    (void)state;

    assert_int_equal(find("GET", "/v1/receipts/H65010000001/a%2Fb%20%E4%B8%80?x=1", &match, &allow), ROUTE_FOUND);
    assert_string_equal(match.route->operation, "receipt");
    assert_string_equal(match.values[0], "H65010000001");
    assert_string_equal(match.values[1], "a/b 一");
    assert_int_equal(find("HEAD", "/v1/feeds", &match, &allow), ROUTE_FOUND);
    assert_string_equal(match.route->operation, "feeds");
}

static void another_method_is_told_which_there_are(void **state)
{
    struct route_match match;
    const char *allow;
    (void)state;

    assert_int_equal(find("DELETE", "/v1/events", &match, &allow), ROUTE_METHOD);
    assert_string_equal(allow, "POST, GET, HEAD");
    assert_int_equal(find("POST", "/v1/feeds/deliveries", &match, &allow), ROUTE_METHOD);
    assert_string_equal(allow, "GET, HEAD");
}

static void other_paths_are_unknown_and_bad_ones_malformed(void **state)
{
    static const char *const unknown[] = {"/", "/v1", "/v1/", "/v1/events/", "/v1/receipts/a", "/v1/receipts/a/b/c",
                                          "/v1//feeds", "/v1/receipts//b", "/V1/events", "/v1/feeds/"};
    static const char *const malformed[] = {"", "v1/feeds", "*", "http://x/v1/feeds", "/v1/feeds/%zz", "/v1/feeds/%00",
                                            "/v1/feeds/a%0Ab", "/v1/feeds/%ff", "/v1/feeds/%4"};
    struct route_match match;
    const char *allow;
    (void)state;

    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(find("GET", unknown[i], &match, &allow), ROUTE_UNKNOWN);
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        assert_int_equal(find("GET", malformed[i], &match, &allow), ROUTE_MALFORMED);
}

static void every_row_is_reached_and_says_what_it_must(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];
        struct route_match match;
        const char *allow;
        assert_int_equal(find(route->method, route->path, &match, &allow), ROUTE_FOUND); /* {name} is a value like any */
        assert_ptr_equal(match.route, route);
        assert_non_null(route->handler);
        assert_true(route->anonymous == (strcmp(route->tag, "health") == 0));
        assert_true((route->bodies != NULL) == (strcmp(route->method, "POST") == 0));
        assert_int_not_equal(route->answers[0].status, 0);
    }
}

static void shapes_lie_together_and_name_only_shapes_that_are(void **state)
{
    static const char *const plain[] = {"string", "integer", "number", "boolean", "date-time", "date", "uri-reference", "any", "event"};
    (void)state;

    for (size_t i = 0; i < schema_row_count; i++) {
        size_t length = strcspn(schema_rows[i].type, "[");
        bool known = false;
        for (size_t k = 0; k < sizeof plain / sizeof *plain; k++)
            known = known || (strlen(plain[k]) == length && strncmp(plain[k], schema_rows[i].type, length) == 0);
        for (size_t k = 0; k < schema_row_count; k++)
            known = known || (strlen(schema_rows[k].schema) == length &&
                              strncmp(schema_rows[k].schema, schema_rows[i].type, length) == 0);
        if (!known)
            fail_msg("%s.%s has no type %s", schema_rows[i].schema, schema_rows[i].member, schema_rows[i].type);
    }
}

static enum target_found query(const char *text, const char *name, const char **value)
{
    return target_query(bytes_of(text), name, arena, value);
}

static void a_query_gives_each_value_once(void **state)
{
    const char *value;
    (void)state;

    assert_int_equal(query("a=1&b=%E4%B8%80+x&c", "b", &value), TARGET_VALUE);
    assert_string_equal(value, "一+x");
    assert_int_equal(query("a=1&c", "c", &value), TARGET_VALUE);
    assert_string_equal(value, "");
    assert_int_equal(query("a=1", "b", &value), TARGET_ABSENT);
    assert_int_equal(query("", "b", &value), TARGET_ABSENT);
    assert_int_equal(query("a=1&a=1", "a", &value), TARGET_MALFORMED);
    assert_int_equal(query("a=%0", "a", &value), TARGET_MALFORMED);
    assert_int_equal(query("ab=1&b=2&&", "b", &value), TARGET_VALUE);
    assert_string_equal(value, "2");
}

static void what_is_encoded_is_decoded_to_the_same(void **state)
{
    static const char *const texts[] = {"", "plain-._~@", "a/b?c=d&e", "处方 100%", "+\"\\"};
    (void)state;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        target_append_encoded(&out, texts[i]);
        assert_string_equal(target_decode(buffer_bytes(&out), arena), texts[i]);
        buffer_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_means_its_row_and_gives_its_values_decoded),
        cmocka_unit_test(another_method_is_told_which_there_are),
        cmocka_unit_test(other_paths_are_unknown_and_bad_ones_malformed),
        cmocka_unit_test(every_row_is_reached_and_says_what_it_must),
        cmocka_unit_test(shapes_lie_together_and_name_only_shapes_that_are),
        cmocka_unit_test(a_query_gives_each_value_once),
        cmocka_unit_test(what_is_encoded_is_decoded_to_the_same),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
