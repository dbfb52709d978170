#include "gateway/subject.h"

#include "support/cmocka_all.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(1024, 64 * 1024);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void assert_same(const char *left, const char *right)
{
    const char *a = subject_canonical(left, arena), *b = subject_canonical(right, arena);

    assert_non_null(a);
    assert_non_null(b);
    assert_string_equal(a, b);
}

static void assert_differ(const char *left, const char *right)
{
    const char *a = subject_canonical(left, arena), *b = subject_canonical(right, arena);

    assert_non_null(a);
    assert_non_null(b);
    assert_string_not_equal(a, b);
}

static void one_name_has_many_spellings(void **state)
{
    (void)state;
    assert_same("CN=H65010000001,O=First Hospital,C=CN", "cn=H65010000001, o=First Hospital , C=CN");
    assert_same("CN=\\E7\\AC\\AC\\E4\\B8\\80\\E5\\8C\\BB\\E9\\99\\A2", "CN=第一医院");
    assert_same("CN=Smith\\, Inc", "CN=Smith\\2C Inc");
    assert_same("CN=a+UID=7,C=CN", "CN=a + UID=7, C=CN");
    assert_same("CN=a\\ ", "CN=a\\20");
    assert_same("CN=", "CN= ");
}

static void different_names_stay_different(void **state)
{
    (void)state;
    assert_differ("CN=a,C=CN", "C=CN,CN=a");
    assert_differ("CN=a", "CN=A"); /* values are compared as they are */
    assert_differ("CN=a,O=b", "CN=a+O=b");
    assert_differ("CN=a\\,O=b", "CN=a,O=b");
    assert_differ("CN=a\\ ", "CN=a");
    assert_differ("CN=a", "CN=a,C=CN");
    assert_differ("CN=a\\\\,O=b", "CN=a\\,O=b");
}

static void what_is_no_name_is_refused(void **state)
{
    static const char *const wrong[] = {"", "H65010000001", "=a", "CN", "CN=a,", "CN=a\\", "CN=a\\01b", "CN=a\1C=b",
                                        "C N=a", ",CN=a"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null(subject_canonical(wrong[i], arena));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_name_has_many_spellings),
        TEST(different_names_stay_different),
        TEST(what_is_no_name_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
