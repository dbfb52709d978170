// links: medhub_gateway
/* cursor.h: a place comes back as it went, and nothing else is taken for one. */
#include "gateway/cursor.h"

#include "support/cmocka_all.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(16 * 1024, 1 << 20);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void check_round_trip(const struct feed_place *place)
{
    struct feed_place back;
    const char *text = cursor_encode(place, arena);

    assert_non_null(text);
    assert_true(strlen(text) < CURSOR_BYTES_MAX);
    assert_true(cursor_decode(text, &back));
    assert_memory_equal(&back, place, sizeof back);
}

static void a_place_comes_back_as_it_went(void **state)
{
    struct feed_place none = {0}, few = {.partition_count = 6, .next_offset = {0, 1, 127, 128, 1000000, INT64_MAX}};
    struct feed_place all = {.partition_count = FEED_PARTITIONS_MAX};
    (void)state;

    for (int32_t i = 0; i < FEED_PARTITIONS_MAX; i++)
        all.next_offset[i] = INT64_MAX - i;
    check_round_trip(&none);
    check_round_trip(&few);
    check_round_trip(&all);
}

static void it_is_stable_for_ever(void **state)
{
    const struct feed_place place = {.partition_count = 3, .next_offset = {0, 300, 7}};
    (void)state;

    /* Followers keep cursors for months: this text must mean this place in every release. */
    assert_string_equal(cursor_encode(&place, arena), "AQMArAIHWtIhQQ");
}

static void every_changed_character_is_noticed(void **state)
{
    const struct feed_place place = {.partition_count = 6, .next_offset = {12, 0, 99999, 5, 6, 7}};
    char *text = (char *)(uintptr_t)cursor_encode(&place, arena);
    size_t length = strlen(text);
    struct feed_place back;
    (void)state;

    for (size_t i = 0; i < length; i++) {
        char was = text[i];
        for (const char *other = "ABCxyz019-_!%= "; *other != '\0'; other++) {
            text[i] = *other;
            assert_true(*other == was || !cursor_decode(text, &back));
        }
        text[i] = '\0';
        assert_false(cursor_decode(text, &back));
        text[i] = was;
    }
    assert_true(cursor_decode(text, &back));
}

static void what_is_no_cursor_is_refused(void **state)
{
    static const char *const others[] = {"", "A", "AQ", "now", "AQAAAAAA", "AAAAAAAAAAAA", "游标"};
    struct feed_place back;
    char *long_one = arena_take(arena, 10000);
    (void)state;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(cursor_decode(others[i], &back));
    memset(long_one, 'A', 9999);
    long_one[9999] = '\0';
    assert_false(cursor_decode(long_one, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_comes_back_as_it_went),
        cmocka_unit_test(it_is_stable_for_ever),
        cmocka_unit_test(every_changed_character_is_noticed),
        cmocka_unit_test(what_is_no_cursor_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
