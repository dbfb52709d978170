#include "support/temp_folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void temp_folder_make(char path[TEMP_FOLDER_BYTES])
{
    const char *const places[] = {"/dev/shm", "/tmp"};

    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, TEMP_FOLDER_BYTES, "%s/medhub-test-XXXXXX", places[i]);
        if (mkdtemp(path) != NULL)
            return;
    }
    abort();
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

void temp_folder_remove(const char *path)
{
    enum { DESCRIPTORS = 8 };

    (void)nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}
