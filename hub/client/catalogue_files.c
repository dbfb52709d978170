#include "client/catalogue_files.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SNAPSHOT_NAME "catalogue.new"

void catalogue_path(const char *directory, int64_t number, char path[CATALOGUE_PATH_BYTES])
{
    (void)snprintf(path, CATALOGUE_PATH_BYTES, "%.2000s/catalogue-%lld.sqlite", directory,
                   (long long)number);
}

void catalogue_path_of_import(const char *directory, char path[CATALOGUE_PATH_BYTES])
{
    (void)snprintf(path, CATALOGUE_PATH_BYTES, "%.2000s/" SNAPSHOT_NAME, directory);
}

int64_t catalogue_number(const char *name)
{
    static const char prefix[] = "catalogue-", suffix[] = ".sqlite";
    size_t length = strlen(name);
    int64_t number = -1;

    if (length <= strlen(prefix) + strlen(suffix) || strncmp(name, prefix, strlen(prefix)) != 0 ||
        strcmp(name + length - strlen(suffix), suffix) != 0)
        return -1;
    struct bytes digits = bytes_from(name + strlen(prefix), length - strlen(prefix) - strlen(suffix));
    return text_parse_i64(digits, &number) ? number : -1;
}

int64_t catalogue_highest_number(const char *directory)
{
    DIR *folder = opendir(directory);
    int64_t highest = -1;

    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        int64_t number = catalogue_number(entry->d_name);
        highest = number > highest ? number : highest;
    }
    if (folder != NULL)
        (void)closedir(folder);
    return highest;
}

void catalogue_remove_file(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-journal", "-shm"};
    char name[CATALOGUE_PATH_BYTES + 16];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, endings[i]);
        (void)unlink(name);
    }
}

enum medhub_status catalogue_sync(const char *path, int flags, struct medhub_error *error)
{
    int descriptor = open(path, flags | O_CLOEXEC);
    bool synced = descriptor >= 0 && fsync(descriptor) == 0;
    int reason = errno;

    if (descriptor >= 0)
        (void)close(descriptor);
    return synced ? MEDHUB_OK : error_say(error, "storage.failed", "%s: %s", path, strerror(reason));
}
