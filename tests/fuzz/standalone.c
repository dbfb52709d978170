/* Stands in for libFuzzer where it is not linked: replays every file of the folders (or files) named on the
 * command line once, so that each build keeps what fuzzing found, and each fuzzer at least compiles. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }

    struct stat about;
    size_t size = fstat(fileno(file), &about) == 0 ? (size_t)about.st_size : 0;
    uint8_t *data = malloc(size + 1); /* + 1: malloc(0) may be NULL */
    size_t got = data != NULL ? fread(data, 1, size, file) : 0;
    fclose(file);

    /* A copy of the exact size lets the address sanitizer see a read past the end. */
    uint8_t *exact = data != NULL ? realloc(data, got > 0 ? got : 1) : NULL;
    if (exact == NULL) {
        free(data);
        return 1;
    }
    LLVMFuzzerTestOneInput(exact, got);
    free(exact);
    return 0;
}

static int replay_folder(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    int failed = count < 0;

    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        struct stat about;
        if (stat(name, &about) == 0 && S_ISREG(about.st_mode))
            failed |= replay_file(name);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        struct stat about;
        if (stat(argv[i], &about) == 0 && S_ISDIR(about.st_mode))
            failed |= replay_folder(argv[i]);
        else
            failed |= replay_file(argv[i]);
    }
    return failed;
}
