// links: medhub_base
#include "base/arena.h"

#include "cmocka_all.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(256, 4096);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void blocks_are_aligned_and_apart(void **state)
{
    (void)state;
    uint8_t *a = arena_take(arena, 1);
    uint8_t *b = arena_take(arena, 3);
    assert_int_equal((uintptr_t)a % 16, 0);
    assert_int_equal((uintptr_t)b % 16, 0);
    assert_true(b >= a + 16);
}

static void a_block_stays_where_it_is_when_more_is_taken(void **state)
{
    (void)state;
    char *text = arena_text(arena, bytes_of("stays"));
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_take(arena, 16));
    assert_string_equal(text, "stays");
}

static void the_limit_may_be_filled_exactly(void **state)
{
    (void)state;
    assert_non_null(arena_take(arena, 96));
    assert_non_null(arena_take(arena, 4000));
    assert_int_equal(arena_used(arena), 4096);
    assert_null(arena_take(arena, 1));
}

static void many_small_blocks_reach_the_limit_and_no_further(void **state)
{
    int count = 0;

    (void)state;
    while (arena_take(arena, 10) != NULL)
        count++;
    assert_int_equal(count, 4096 / 16);
}

static void what_is_too_large_is_refused_and_smaller_still_fits(void **state)
{
    (void)state;
    assert_null(arena_take(arena, 4097));
    assert_null(arena_take(arena, SIZE_MAX));
    assert_null(arena_take(arena, SIZE_MAX - 15));
    assert_non_null(arena_take(arena, 4096));
}

static void even_without_a_limit_a_size_cannot_overflow(void **state)
{
    (void)state;
    struct arena *endless = arena_new(0, SIZE_MAX);
    assert_null(arena_take(endless, SIZE_MAX));
    assert_null(arena_take(endless, SIZE_MAX - 15));
    assert_null(arena_take(endless, SIZE_MAX - 31));
    assert_non_null(arena_take(endless, 1));
    arena_free(endless);
}

static void zeroed_blocks_are_zero_even_where_memory_is_used_again(void **state)
{
    (void)state;
    memset(arena_take(arena, 64), 0xff, 64);
    arena_reset(arena);
    const uint8_t *block = arena_take_zeroed(arena, 64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(block[i], 0);
}

static void copies_are_equal_and_elsewhere(void **state)
{
    (void)state;
    const char data[] = {1, 0, 2};
    const char *copy = arena_copy(arena, data, sizeof data);
    assert_ptr_not_equal(copy, data);
    assert_memory_equal(copy, data, sizeof data);
}

static void a_text_ends_with_nul(void **state)
{
    (void)state;
    assert_string_equal(arena_text(arena, bytes_from("abcdef", 3)), "abc");
    assert_string_equal(arena_text(arena, BYTES_NONE), "");
}

static void formats_of_any_length_fit(void **state)
{
    (void)state;
    assert_string_equal(arena_format(arena, "%s-%d", "a", 7), "a-7");
    assert_int_equal(strlen(arena_format(arena, "%01000d", 7)), 1000);
    assert_null(arena_format(arena, "%05000d", 7));
}

static void absent_bytes_stay_absent_and_empty_ones_empty(void **state)
{
    (void)state;
    assert_null(arena_bytes(arena, BYTES_NONE).data);
    assert_non_null(arena_bytes(arena, bytes_of("")).data);
    assert_true(bytes_equal_text(arena_bytes(arena, bytes_of("xy")), "xy"));
}

static void a_mark_gives_back_what_came_after_it(void **state)
{
    (void)state;
    char *kept = arena_text(arena, bytes_of("kept"));
    size_t used = arena_used(arena);
    struct arena_mark mark = arena_mark(arena);
    assert_non_null(arena_take(arena, 2000));
    assert_non_null(arena_take(arena, 1000));
    arena_reset_to(arena, mark);
    assert_int_equal(arena_used(arena), used);
    assert_string_equal(kept, "kept");
    assert_non_null(arena_take(arena, 4096 - used));
}

static void a_reset_gives_back_everything_and_keeps_the_first_chunk(void **state)
{
    (void)state;
    void *first = arena_take(arena, 16);
    assert_non_null(arena_take(arena, 3000));
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    assert_ptr_equal(arena_take(arena, 16), first);
}

#if defined(__SANITIZE_ADDRESS__)
static void what_is_not_given_out_is_poisoned(void **state)
{
    (void)state;
    char *block = arena_take(arena, 32);
    assert_false(__asan_address_is_poisoned(block + 31));
    assert_true(__asan_address_is_poisoned(block + 32));
    arena_reset(arena);
    assert_true(__asan_address_is_poisoned(block));
}
#endif

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocks_are_aligned_and_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(a_block_stays_where_it_is_when_more_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(the_limit_may_be_filled_exactly, setup, teardown),
        cmocka_unit_test_setup_teardown(many_small_blocks_reach_the_limit_and_no_further, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_large_is_refused_and_smaller_still_fits, setup, teardown),
        cmocka_unit_test(even_without_a_limit_a_size_cannot_overflow),
        cmocka_unit_test_setup_teardown(zeroed_blocks_are_zero_even_where_memory_is_used_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(copies_are_equal_and_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_ends_with_nul, setup, teardown),
        cmocka_unit_test_setup_teardown(formats_of_any_length_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(absent_bytes_stay_absent_and_empty_ones_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mark_gives_back_what_came_after_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reset_gives_back_everything_and_keeps_the_first_chunk, setup,
                                        teardown),
#if defined(__SANITIZE_ADDRESS__)
        cmocka_unit_test_setup_teardown(what_is_not_given_out_is_poisoned, setup, teardown),
#endif
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
