/* memo.h: what is kept is found under its name, until all is forgotten; a full memo says so and keeps what it has. */
#include "state/memo.h"
#include "support/cmocka_all.h"

#include <stdio.h>

enum { LIMIT_BYTES = 1 << 20, MANY = 5000 };

static struct bytes name_of(char text[32], int number)
{
    return bytes_from(text, (size_t)snprintf(text, 32, "name-%d", number));
}

static void what_is_kept_is_found_under_its_name_only(void **state)
{
    struct memo *memo = memo_new(LIMIT_BYTES);
    char text[32];
    (void)state;

    for (int i = 0; i < MANY; i++) {
        assert_null(memo_find(memo, name_of(text, i)));
        int *kept = memo_add(memo, name_of(text, i), sizeof *kept);
        assert_non_null(kept);
        assert_int_equal(*kept, 0);
        *kept = i + 1;
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(*(int *)memo_find(memo, name_of(text, i)), i + 1);
    assert_null(memo_find(memo, bytes_of("name")));
    assert_null(memo_find(memo, BYTES_NONE));
    assert_false(memo_is_full(memo));
    memo_free(memo);
}

static void what_is_forgotten_is_not_found(void **state)
{
    struct memo *memo = memo_new(LIMIT_BYTES);
    (void)state;

    assert_non_null(memo_add(memo, bytes_of("a"), 8));
    memo_clear(memo);
    assert_null(memo_find(memo, bytes_of("a")));
    assert_non_null(memo_add(memo, bytes_of("a"), 8));
    memo_free(memo);
}

static void a_full_memo_says_so_and_keeps_what_it_has(void **state)
{
    struct memo *memo = memo_new(64 * 1024);
    char text[32];
    int count = 0;
    (void)state;

    while (memo_add(memo, name_of(text, count), 1000) != NULL)
        count++;
    assert_true(count > 10 && count < 64);
    assert_true(memo_is_full(memo));
    assert_non_null(memo_find(memo, name_of(text, count - 1)));
    assert_null(memo_find(memo, name_of(text, count)));
    memo_clear(memo);
    assert_false(memo_is_full(memo));
    memo_free(memo);
}

static void more_small_things_than_there_is_room_for_end_in_a_full_memo(void **state)
{
    struct memo *memo = memo_new((size_t)64 << 20);
    char text[32];
    int count = 0;
    (void)state;

    while (memo_add(memo, name_of(text, count), 1) != NULL)
        count++;
    assert_true(count > MANY);
    assert_true(memo_is_full(memo));
    assert_null(memo_find(memo, bytes_of("nothing of the kind"))); /* and the search for it ends */
    memo_free(memo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_found_under_its_name_only),
        cmocka_unit_test(what_is_forgotten_is_not_found),
        cmocka_unit_test(a_full_memo_says_so_and_keeps_what_it_has),
        cmocka_unit_test(more_small_things_than_there_is_room_for_end_in_a_full_memo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
