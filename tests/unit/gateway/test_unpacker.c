/* A compressed file read whole: what the packer wrote, at the edges of its pieces; what is not whole is refused. */
#include "gateway/packer.h"
#include "gateway/unpacker.h"

#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024, PATH_BYTES = 256 };

static char path[PATH_BYTES];

static void pack(enum snapshot_coding coding, struct bytes content)
{
    struct packer *packer = NULL;
    struct fault fault;
    assert_int_equal(packer_open(path, coding, &packer, &fault), STATUS_OK);
    assert_int_equal(packer_write(packer, content, &fault), STATUS_OK);
    assert_int_equal(packer_finish(packer, &fault), STATUS_OK);
    packer_close(packer);
}

static void cut(long from_end)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    assert_int_equal(ftruncate(fileno(file), length - from_end), 0);
    assert_int_equal(fclose(file), 0);
}

static void append(const char *text)
{
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static const char *refused(size_t limit)
{
    static struct fault fault;
    struct buffer out;
    buffer_init(&out, limit);
    assert_int_equal(unpack_file(path, &out, &fault), STATUS_REJECT);
    buffer_done(&out);
    return fault.code;
}

static void what_was_packed_comes_out(void **state)
{
    static const size_t lengths[] = {0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 1000003};
    uint8_t *content = malloc(1000003);
    (void)state;
    for (size_t i = 0; i < 1000003; i++)
        content[i] = (uint8_t)(i * i >> 7);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (enum snapshot_coding coding = 0; coding < SNAPSHOT_CODINGS; coding++) {
            struct buffer out;
            struct fault fault;
            buffer_init(&out, SIZE_MAX);
            pack(coding, bytes_from(content, lengths[i]));
            assert_int_equal(unpack_file(path, &out, &fault), STATUS_OK);
            assert_int_equal(out.length, lengths[i]);
            if (out.length > 0)
                assert_memory_equal(out.data, content, out.length);
            buffer_done(&out);
        }
    free(content);
}

static void what_is_not_whole_is_refused(void **state)
{
    (void)state;
    for (enum snapshot_coding coding = 0; coding < SNAPSHOT_CODINGS; coding++) {
        pack(coding, bytes_of("one line\nanother line\n"));
        assert_string_equal(refused(10), "file.too_large");
        append("and what does not belong to it");
        assert_string_equal(refused(SIZE_MAX), "file.unreadable");
        pack(coding, bytes_of("one line\nanother line\n"));
        cut(1);
        assert_string_equal(refused(SIZE_MAX), "file.unreadable");
    }
    (void)remove(path);
    assert_string_equal(refused(SIZE_MAX), "file.missing");
    append("no compressed file");
    assert_string_equal(refused(SIZE_MAX), "file.unreadable");
}

static char folder[TEMP_FOLDER_BYTES];

static int set_up(void **state)
{
    (void)state;
    temp_folder_make(folder);
    (void)snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_packed_comes_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_whole_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
