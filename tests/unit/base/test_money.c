// links: medhub_base
#include "base/money.h"

#include "cmocka_all.h"
#include "random.h"

static void sums_are_exact_or_refused(void **state)
{
    int64_t sum = 7;

    (void)state;
    assert_true(money_add(INT64_MAX - 1, 1, &sum));
    assert_int_equal(sum, INT64_MAX);
    sum = 7;
    assert_false(money_add(INT64_MAX, 1, &sum));
    assert_false(money_add(INT64_MIN, -1, &sum));
    assert_int_equal(sum, 7);
}

static int64_t multiplied(int64_t a, int64_t b, int64_t divisor)
{
    int64_t product = 0;

    assert_true(money_multiply(a, b, divisor, &product));
    return product;
}

static void halves_are_rounded_away_from_zero(void **state)
{
    (void)state;
    assert_int_equal(multiplied(5, 1, 10), 1);
    assert_int_equal(multiplied(4, 1, 10), 0);
    assert_int_equal(multiplied(-5, 1, 10), -1);
    assert_int_equal(multiplied(-4, 1, 10), 0);
    assert_int_equal(multiplied(15, 1, -10), -2);
    assert_int_equal(multiplied(1, 1, 3), 0);
    assert_int_equal(multiplied(2, 1, 3), 1);
}

static void the_product_in_between_may_be_larger_than_64_bits(void **state)
{
    (void)state;
    assert_int_equal(multiplied(INT64_MAX, INT64_MAX, INT64_MAX), INT64_MAX);
    assert_int_equal(multiplied(INT64_MIN, INT64_MIN, INT64_MIN), INT64_MIN);
    assert_int_equal(multiplied(INT64_MIN, 7000, 10000), -6456360425798343066);
}

static void a_result_that_does_not_fit_is_refused(void **state)
{
    int64_t product = 7;

    (void)state;
    assert_false(money_multiply(INT64_MAX, 2, 1, &product));
    assert_false(money_multiply(INT64_MIN, -1, 1, &product));
    assert_false(money_multiply(INT64_MIN, INT64_MIN, 1, &product));
    assert_false(money_multiply(1, 1, 0, &product));
    assert_int_equal(product, 7);
}

static void price_times_quantity_is_rounded_to_fen(void **state)
{
    int64_t fen = 0;

    (void)state;
    assert_true(money_fen_of(12345678, 20000, &fen)); /* 12.345678 yuan x 2 = 24.691356 */
    assert_int_equal(fen, 2469);
    assert_true(money_fen_of(5000, 10000, &fen)); /* 0.005 yuan */
    assert_int_equal(fen, 1);
    assert_true(money_fen_of(4999, 10000, &fen));
    assert_int_equal(fen, 0);
}

static void a_return_takes_back_exactly_what_the_sale_took(void **state)
{
    uint64_t seed = 3;
    int64_t sale, back;

    (void)state;
    for (int round = 0; round < 10000; round++) {
        int64_t price = (int64_t)(random_next(&seed) % 10000000000);
        int64_t quantity = (int64_t)(random_next(&seed) % 10000000);
        assert_true(money_fen_of(price, quantity, &sale));
        assert_true(money_fen_of(price, -quantity, &back));
        assert_int_equal(sale, -back);
    }
}

static void the_largest_remainder_gets_the_odd_fen(void **state)
{
    const int64_t weights[] = {50, 30, 20};
    int64_t parts[3];

    (void)state;
    assert_true(money_allocate(101, weights, 3, parts)); /* 50.5 30.3 20.2 */
    assert_int_equal(parts[0], 51);
    assert_int_equal(parts[1], 30);
    assert_int_equal(parts[2], 20);
}

static void ties_go_to_the_earlier_part(void **state)
{
    const int64_t weights[] = {1, 1, 1, 0};
    int64_t parts[4];

    (void)state;
    assert_true(money_allocate(5, weights, 4, parts));
    assert_int_equal(parts[0], 2);
    assert_int_equal(parts[1], 2);
    assert_int_equal(parts[2], 1);
    assert_int_equal(parts[3], 0);
}

static void weights_that_cannot_be_shared_by_are_refused(void **state)
{
    int64_t parts[2];

    (void)state;
    assert_false(money_allocate(1, (const int64_t[]){0, 0}, 2, parts));
    assert_false(money_allocate(1, (const int64_t[]){2, -1}, 2, parts));
    assert_false(money_allocate(1, (const int64_t[]){INT64_MAX, 1}, 2, parts));
    assert_false(money_allocate(1, NULL, 0, parts));
}

static void the_largest_amounts_can_be_shared(void **state)
{
    const int64_t weights[] = {INT64_MAX - 1, 1};
    int64_t parts[2];

    (void)state;
    assert_true(money_allocate(INT64_MIN, weights, 2, parts));
    assert_int_equal(parts[0], INT64_MIN + 1);
    assert_int_equal(parts[1], -1);
    assert_true(money_allocate(INT64_MIN, (const int64_t[]){0, 9}, 2, parts));
    assert_int_equal(parts[1], INT64_MIN);
}

enum { PARTS_MAX = 40 };

/* The rule by the book: hand out the rest one by one, each time to the first of the largest remainders. */
static void allocate_slowly(int64_t total, const int64_t *weights, size_t count, int64_t *parts)
{
    int64_t remainders[PARTS_MAX], sum = 0, rest = total;

    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    for (size_t i = 0; i < count; i++) {
        parts[i] = total * weights[i] / sum;
        remainders[i] = total * weights[i] % sum;
        rest -= parts[i];
    }
    for (; rest > 0; rest--) {
        size_t best = 0;
        for (size_t i = 1; i < count; i++)
            best = remainders[i] > remainders[best] ? i : best;
        parts[best]++;
        remainders[best] = -1;
    }
}

static void parts_always_add_up_follow_the_rule_and_mirror(void **state)
{
    int64_t weights[PARTS_MAX], parts[PARTS_MAX], expected[PARTS_MAX], mirrored[PARTS_MAX];
    uint64_t seed = 4;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t count = 1 + random_next(&seed) % PARTS_MAX;
        uint64_t span = 1 + random_next(&seed) % 5000; /* small spans make ties */
        int64_t total = (int64_t)(random_next(&seed) % 100000000), sum = 0;
        for (size_t i = 0; i < count; i++)
            weights[i] = (int64_t)(random_next(&seed) % span);
        weights[count / 2]++;
        assert_true(money_allocate(total, weights, count, parts));
        assert_true(money_allocate(-total, weights, count, mirrored));
        allocate_slowly(total, weights, count, expected);
        for (size_t i = 0; i < count; i++) {
            sum += parts[i];
            assert_int_equal(parts[i], expected[i]);
            assert_int_equal(parts[i], -mirrored[i]);
        }
        assert_int_equal(sum, total);
    }
}

static void large_random_totals_are_conserved(void **state)
{
    int64_t weights[PARTS_MAX], parts[PARTS_MAX];
    uint64_t seed = 5;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        int64_t total = (int64_t)random_next(&seed), rest = total;
        for (size_t i = 0; i < PARTS_MAX; i++)
            weights[i] = (int64_t)(random_next(&seed) >> 8);
        assert_true(money_allocate(total, weights, PARTS_MAX, parts));
        for (size_t i = 0; i < PARTS_MAX; i++)
            rest -= parts[i];
        assert_int_equal(rest, 0);
    }
}

static void amounts_are_written_with_their_decimals(void **state)
{
    char text[MONEY_TEXT_BYTES];

    (void)state;
    assert_string_equal(money_format(12345, 2, text), "123.45");
    assert_string_equal(money_format(-5, 2, text), "-0.05");
    assert_string_equal(money_format(0, 2, text), "0.00");
    assert_string_equal(money_format(-100, 0, text), "-100");
    assert_string_equal(money_format(7, 6, text), "0.000007");
    assert_string_equal(money_format(INT64_MIN, 2, text), "-92233720368547758.08");
    assert_string_equal(money_format(INT64_MIN, 18, text), "-9.223372036854775808");
}

static int64_t amount(const char *text, int decimals)
{
    int64_t scaled = 0;

    assert_true(money_parse(bytes_of(text), decimals, &scaled));
    return scaled;
}

static void amounts_are_read_with_up_to_their_decimals(void **state)
{
    (void)state;
    assert_int_equal(amount("123.45", 2), 12345);
    assert_int_equal(amount("123.4", 2), 12340);
    assert_int_equal(amount("123", 2), 12300);
    assert_int_equal(amount("-0.05", 2), -5);
    assert_int_equal(amount("-0", 2), 0);
    assert_int_equal(amount("007.10", 2), 710);
    assert_int_equal(amount("92233720368547758.07", 2), INT64_MAX);
    assert_int_equal(amount("-92233720368547758.08", 2), INT64_MIN);
}

static void other_forms_of_amounts_are_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "-",
                                        ".5",
                                        "5.",
                                        "1.234",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1,5",
                                        "1e3",
                                        "--1",
                                        "1.2.3",
                                        "0x1",
                                        "1.-2",
                                        "-.5",
                                        "1..2",
                                        "NaN",
                                        "92233720368547758.08",
                                        "99999999999999999999",
                                        "-92233720368547758.09"};
    int64_t scaled = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (money_parse(bytes_of(wrong[i]), 2, &scaled))
            fail_msg("%s", wrong[i]);
    }
    assert_false(money_parse(BYTES_NONE, 2, &scaled));
    assert_false(money_parse(bytes_of("1.0"), 0, &scaled));
    assert_int_equal(scaled, 7);
}

static void every_amount_comes_back(void **state)
{
    uint64_t seed = 6;
    char text[MONEY_TEXT_BYTES];

    (void)state;
    for (int round = 0; round < 100000; round++) {
        int64_t scaled = (int64_t)(random_next(&seed) >> random_next(&seed) % 64);
        int decimals = (int)(random_next(&seed) % 19);
        assert_int_equal(amount(money_format(scaled, decimals, text), decimals), scaled);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_exact_or_refused),
        cmocka_unit_test(halves_are_rounded_away_from_zero),
        cmocka_unit_test(the_product_in_between_may_be_larger_than_64_bits),
        cmocka_unit_test(a_result_that_does_not_fit_is_refused),
        cmocka_unit_test(price_times_quantity_is_rounded_to_fen),
        cmocka_unit_test(a_return_takes_back_exactly_what_the_sale_took),
        cmocka_unit_test(the_largest_remainder_gets_the_odd_fen),
        cmocka_unit_test(ties_go_to_the_earlier_part),
        cmocka_unit_test(weights_that_cannot_be_shared_by_are_refused),
        cmocka_unit_test(the_largest_amounts_can_be_shared),
        cmocka_unit_test(parts_always_add_up_follow_the_rule_and_mirror),
        cmocka_unit_test(large_random_totals_are_conserved),
        cmocka_unit_test(amounts_are_written_with_their_decimals),
        cmocka_unit_test(amounts_are_read_with_up_to_their_decimals),
        cmocka_unit_test(other_forms_of_amounts_are_refused),
        cmocka_unit_test(every_amount_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
