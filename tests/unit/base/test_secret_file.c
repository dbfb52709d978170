/* secret_file.h: what is a secret and what is not. */
#include "base/secret_file.h"
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/medhub-secret-XXXXXX";

static int make(void **state)
{
    int file = mkstemp(path);
    (void)state;
    return file < 0 ? -1 : close(file);
}

static int drop(void **state)
{
    (void)state;
    return unlink(path);
}

static enum status read_what(const void *content, size_t length, char secret[SECRET_BYTES_MAX], struct fault *fault)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return secret_file_read(path, secret, fault);
}

static void a_line_break_at_the_end_is_no_part_of_it(void **state)
{
    char secret[SECRET_BYTES_MAX];
    (void)state;

    assert_int_equal(read_what("a b=\xc3\xa4\r\n", 8, secret, NULL), STATUS_OK);
    assert_string_equal(secret, "a b=\xc3\xa4");
}

static void what_is_none_is_refused_and_never_told(void **state)
{
    static char large[SECRET_BYTES_MAX];
    char secret[SECRET_BYTES_MAX];
    struct fault fault = {0};
    (void)state;

    memset(large, 'x', sizeof large);
    assert_int_equal(read_what(large, sizeof large - 1, secret, &fault), STATUS_OK);
    assert_int_equal(read_what(large, sizeof large, secret, &fault), STATUS_FATAL);
    assert_int_equal(secret[0], 0);
    assert_null(strstr(fault.text, "xx"));
    assert_int_equal(read_what("\n", 1, secret, &fault), STATUS_FATAL);
    assert_int_equal(read_what("a\0b", 3, secret, &fault), STATUS_FATAL);
    assert_int_equal(secret_file_read("/no/such/file", secret, &fault), STATUS_FATAL);
    assert_string_equal(fault.code, "secret.file");
    assert_non_null(strstr(fault.text, "/no/such/file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_break_at_the_end_is_no_part_of_it),
        cmocka_unit_test(what_is_none_is_refused_and_never_told),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
