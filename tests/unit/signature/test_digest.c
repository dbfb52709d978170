// links: medhub_signature
#include "signature/digest.h"

#include "support/cmocka_all.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(16 * 1024, 1024 * 1024);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static const char *written(enum digest_algorithm algorithm, const char *body)
{
    struct buffer out;

    buffer_init(&out, 256);
    content_digest_write(algorithm, bytes_of(body), &out);
    const char *kept = arena_text(arena, buffer_bytes(&out));
    buffer_done(&out);
    return kept;
}

/* RFC 9530 appendix B.1 and D; GB/T 32905-2016 appendix A.1: "abc" is 66c7f0f4 ... 8f4ba8e0. */
static void examples_of_the_standards_hold(void **state)
{
    (void)state;
    assert_string_equal(written(DIGEST_SHA_256, "{\"hello\": \"world\"}\n"),
                        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
    assert_string_equal(written(DIGEST_SHA_512, "{\"hello\": \"world\"}"),
                        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:");
    assert_string_equal(written(DIGEST_SM3, "abc"), "sm3=:Zsfw9GLu7dnR8tRr3BDk4kFnxIdc8veiKX2gK49LqOA=:");
    assert_string_equal(written(DIGEST_SHA_256, ""), "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
}

static const char *check(const char *field, const char *body)
{
    struct fault fault = {"", ""};
    enum status status = content_digest_check(bytes_of(field), bytes_of(body), arena, &fault);

    assert_true(status == STATUS_OK || status == STATUS_REJECT);
    return arena_text(arena, bytes_of(fault.code));
}

static void every_known_digest_must_hold(void **state)
{
    const char *sha = written(DIGEST_SHA_256, "body"), *sm3 = written(DIGEST_SM3, "body"),
               *other = written(DIGEST_SM3, "other");

    (void)state;
    assert_string_equal(check(sha, "body"), "");
    assert_string_equal(check(sha, "bodY"), "signature.digest");
    assert_string_equal(check(arena_format(arena, "%s, %s", sha, sm3), "body"), "");
    assert_string_equal(check(arena_format(arena, "%s, %s", sha, other), "body"), "signature.digest");
    assert_string_equal(check(arena_format(arena, "md5=:AAAA:, %s, id-sha-256=token", sm3), "body"), "");
    assert_string_equal(check("md5=:AAAA:", "body"), "signature.digest");
    assert_string_equal(check("", "body"), "signature.digest");
    assert_string_equal(check("sha-256=:AAAA:", "body"), "signature.digest");
    assert_string_equal(check("sha-256=AAAA", "body"), "signature.syntax");
    assert_string_equal(check("sha-256=(:AAAA:)", "body"), "signature.syntax");
    assert_string_equal(check("SHA-256=:AAAA:", "body"), "signature.syntax");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(examples_of_the_standards_hold),
        TEST(every_known_digest_must_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
