// links: dep::jansson
/* The two digests of catalogues as libmedhub works them out: the golden values of tests/unit/domain/test_catalogue_digest.c, from what
 * a gateway says of the same item. */
#include "client/catalogue_row.h"

#include "support/cmocka_all.h"

#include <jansson.h>

#define ITEM                                                                                                                     \
    "{\"kind\":\"KIND_HOSPITAL_PREPARATION\",\"code\":\"J1/甲\",\"name\":\"止咳\\n\\\"合剂\\\"\\u001f\\\\\",\"region\":\"650000\","   \
    "\"validFrom\":\"2026-01-01\",\"release\":\"R-1\",\"limit\":{\"courseDays\":7,\"age\":\"LIMIT_AGE_CHILDREN\"},"                   \
    "\"aliases\":[\"二\",\"一\"],\"priceLimit\":{\"microYuan\":\"12500000\"},\"selfPayRatio\":{\"e4\":1000},"                       \
    "\"nationallyProtected\":true,\"paymentStandard\":{\"microYuan\":\"9000000000000\"}}"

static void a_change_counts_as_the_hub_counts_it(void **state)
{
    json_t *event = json_loads("{\"data\":{\"itemKey\":\"HOSPITAL_PREPARATION/J1/甲\",\"region\":\"650000\",\"effectiveOn\":\"2026-01-01\","
                               "\"changes\":[\"CHANGE_RENAMED\",\"CHANGE_LIMIT_CHANGED\"],\"item\":" ITEM "}}", 0, NULL);
    (void)state;
    assert_true(catalogue_change_digest(event) == UINT64_C(0x884a20c834dbb7ba));
    json_t *limit = json_object_get(json_object_get(json_object_get(event, "data"), "item"), "limit");
    assert_int_equal(json_object_set_new(limit, "courseDays", json_integer(8)), 0);
    assert_true(catalogue_change_digest(event) != UINT64_C(0x884a20c834dbb7ba)); /* a limit alone */
    json_decref(event);
}

/* LINE as a snapshot's row. */
static void check_row(const char *line, const char *expected)
{
    char text[DIGEST_SUM_TEXT_BYTES];
    struct catalogue_line read;
    struct buffer texts, counted;
    buffer_init(&texts, SIZE_MAX);
    buffer_init(&counted, SIZE_MAX);
    assert_int_equal(catalogue_line_read(bytes_of(line), &texts, &read), CATALOGUE_ROW);
    struct digest_sum digest = digest_of_row(&read.row, &counted);
    assert_string_equal(digest_sum_text(&digest, text), expected);
    catalogue_line_done(&read);
    buffer_done(&texts);
    buffer_done(&counted);
}

static void a_row_counts_as_the_hub_counts_it_however_it_is_written(void **state)
{
    static const char digest[] = "a420d1c86559c9afc23833b7dfd06ac613e2f9d333e025beda6efdb5df1f5011";
    (void)state;
    check_row("{\"kind\":\"HOSPITAL_PREPARATION\",\"code\":\"J1/甲\",\"region\":\"650000\",\"validFrom\":\"2026-01-01\",\"version\":\"7\","
              "\"item\":" ITEM "}", digest);
    check_row("{ \"kind\":\"HOSPITAL_PREPARATION\",\"code\":\"J1/\\u7532\",\"region\":\"650000\",\"validFrom\":\"2026-01-01\","
              "\"validUntil\":\"\",\"version\":7, \"item\": " ITEM "}", digest); /* left to jansson */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_counts_as_the_hub_counts_it),
        cmocka_unit_test(a_row_counts_as_the_hub_counts_it_however_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
