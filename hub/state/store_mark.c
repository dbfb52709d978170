#include "state/store_mark.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MARK_BYTES = 128, FILE_MODE = 0644 };

/* The number is that of the store's format, raised when keys or values change: one of another format is not trusted, and
 * restored. 2: timers by due time, name, entity. */
#define FORMAT " 2"
static const char CLEAN[] = "clean" FORMAT;
static const char SYNCED[] = "synced" FORMAT;
static const char BROKEN[] = "broken";

static void read_mark(int folder, char mark[MARK_BYTES])
{
    int file = openat(folder, STORE_MARK_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, mark, MARK_BYTES - 1);

    mark[length < 0 ? 0 : length] = '\0';
    if (file >= 0)
        (void)close(file);
}

static bool write_mark(int folder, const char *mark)
{
    int file = openat(folder, "mark.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (file < 0)
        return false;
    bool ok = write(file, mark, strlen(mark)) == (ssize_t)strlen(mark) && fsync(file) == 0;
    ok = close(file) == 0 && ok;
    return ok && renameat(folder, "mark.new", folder, STORE_MARK_FILE) == 0 && fsync(folder) == 0;
}

static void write_dirty(char mark[MARK_BYTES], const char *boot_id)
{
    (void)snprintf(mark, MARK_BYTES, "dirty" FORMAT " %s", boot_id);
}

bool store_mark_is_trusted(int folder, const char *boot_id)
{
    char mark[MARK_BYTES], dirty[MARK_BYTES];

    if (faccessat(folder, "data.mdb", F_OK, 0) != 0)
        return true; /* new */
    read_mark(folder, mark);
    write_dirty(dirty, boot_id);
    return strcmp(mark, CLEAN) == 0 || strcmp(mark, SYNCED) == 0 || (boot_id[0] != '\0' && strcmp(mark, dirty) == 0);
}

bool store_mark_dirty(int folder, const char *boot_id)
{
    char mark[MARK_BYTES];

    write_dirty(mark, boot_id);
    return write_mark(folder, mark);
}

bool store_mark_synced(int folder)
{
    return write_mark(folder, SYNCED);
}

bool store_mark_clean(int folder)
{
    return write_mark(folder, CLEAN);
}

bool store_mark_broken(int folder)
{
    return write_mark(folder, BROKEN);
}
