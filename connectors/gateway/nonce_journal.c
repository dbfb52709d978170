#include "gateway/nonce_journal.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 64, PATH_BYTES = 4200, READ_ENTRIES = 512 };

/* As in the file, where an entry of zeros is a place that is free. One that a kill cut in two is of a request that nobody
 * answered. */
struct entry {
    struct nonce nonce;
    int64_t until_ms;
};
static_assert(sizeof(struct entry) == 24, "entries lie side by side");

/* A file grows by blocks, and the block in use is mapped: an entry is a copy into memory that outlives the process, not a
 * call of the system for each request. Its place on the disk is there before it is mapped. */
enum { BLOCK_ENTRIES = 32 * 1024 };
static_assert(BLOCK_ENTRIES * sizeof(struct entry) % (64 * 1024) == 0, "a block begins where a page does, of any size");
#define BLOCK_BYTES ((off_t)(BLOCK_ENTRIES * sizeof(struct entry)))

struct file {
    int64_t end_ms; /* everything in it is over then; its name */
    int descriptor;
    size_t count;        /* of entries */
    struct entry *block; /* that entry COUNT belongs to; NULL: not mapped */
};

struct nonce_journal {
    char directory[PATH_BYTES - 100];
    pthread_mutex_t lock;
    struct file files[FILES_MAX];
    size_t file_count;
};

static void path_of(const struct nonce_journal *journal, int64_t end_ms, char path[PATH_BYTES])
{
    (void)snprintf(path, PATH_BYTES, "%s/%" PRId64 ".nonces", journal->directory, end_ms);
}

static bool add_file(struct nonce_journal *journal, int64_t end_ms)
{
    char path[PATH_BYTES];

    if (journal->file_count == FILES_MAX)
        return false;
    path_of(journal, end_ms, path);
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return false;
    journal->files[journal->file_count++] = (struct file){.end_ms = end_ms, .descriptor = descriptor};
    return true;
}

static void unmap(struct file *file)
{
    if (file->block != NULL)
        (void)munmap(file->block, (size_t)BLOCK_BYTES);
    file->block = NULL;
}

static void remove_file(struct nonce_journal *journal, size_t place)
{
    char path[PATH_BYTES];

    path_of(journal, journal->files[place].end_ms, path);
    unmap(&journal->files[place]);
    (void)close(journal->files[place].descriptor);
    (void)unlink(path);
    journal->files[place] = journal->files[--journal->file_count];
}

static void remove_what_is_over(struct nonce_journal *journal, int64_t now_ms)
{
    for (size_t i = journal->file_count; i-- > 0;)
        if (journal->files[i].end_ms <= now_ms)
            remove_file(journal, i);
}

/* ---- reading ---- */

/* The moment that NAME tells; -1: it is none of ours. */
static int64_t end_of(const char *name)
{
    int64_t end_ms = -1;
    int length = 0;

    if (sscanf(name, "%" SCNd64 ".nonces%n", &end_ms, &length) != 1 || length == 0 || name[length] != '\0')
        return -1;
    return end_ms;
}

static bool find_files(struct nonce_journal *journal)
{
    DIR *folder = opendir(journal->directory);
    bool good = folder != NULL;

    for (struct dirent *found; good && (found = readdir(folder)) != NULL;) {
        int64_t end_ms = end_of(found->d_name);
        good = end_ms < 0 || add_file(journal, end_ms);
    }
    if (folder != NULL)
        (void)closedir(folder);
    return good;
}

static bool is_free(const struct entry *entry)
{
    return entry->until_ms == 0 && entry->nonce.high == 0 && entry->nonce.low == 0;
}

static bool read_file(struct file *file, int64_t now_ms,
                      void (*each)(struct nonce nonce, int64_t until_ms, void *context), void *context)
{
    struct entry entries[READ_ENTRIES];
    off_t at = 0;

    for (;;) {
        ssize_t length = pread(file->descriptor, entries, sizeof entries, at);
        size_t count = length < 0 ? 0 : (size_t)length / sizeof *entries;
        for (size_t i = 0; i < count; i++) {
            if (is_free(&entries[i]))
                continue;
            file->count = (size_t)at / sizeof *entries + i + 1;
            if (entries[i].until_ms >= now_ms)
                each(entries[i].nonce, entries[i].until_ms, context);
        }
        at += (off_t)(count * sizeof *entries);
        if (length < 0)
            return false;
        if (count < READ_ENTRIES)
            return true;
    }
}

enum status nonce_journal_open(const char *directory, int64_t now_ms,
                               void (*each)(struct nonce nonce, int64_t until_ms, void *context), void *context,
                               struct nonce_journal **journal, struct fault *fault)
{
    struct nonce_journal *made = calloc(1, sizeof *made);

    *journal = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the journal of nonces");
    (void)pthread_mutex_init(&made->lock, NULL);
    (void)snprintf(made->directory, sizeof made->directory, "%s", directory);
    bool good = (mkdir(directory, 0700) == 0 || errno == EEXIST) && find_files(made);
    if (good)
        remove_what_is_over(made, now_ms);
    for (size_t i = 0; good && i < made->file_count; i++)
        good = read_file(&made->files[i], now_ms, each, context);
    if (good) {
        *journal = made;
        return STATUS_OK;
    }
    enum status status = fault_fatal(fault, "nonces.journal", "%s cannot be read or written: %s", directory, strerror(errno));
    nonce_journal_close(made);
    return status;
}

void nonce_journal_close(struct nonce_journal *journal)
{
    if (journal == NULL)
        return;
    for (size_t i = 0; i < journal->file_count; i++) {
        unmap(&journal->files[i]);
        (void)close(journal->files[i].descriptor);
    }
    (void)pthread_mutex_destroy(&journal->lock);
    free(journal);
}

/* ---- writing ---- */

/* Locked. NULL: it cannot be made. */
static struct file *file_of(struct nonce_journal *journal, int64_t end_ms, int64_t now_ms)
{
    for (size_t i = 0; i < journal->file_count; i++)
        if (journal->files[i].end_ms == end_ms)
            return &journal->files[i];
    remove_what_is_over(journal, now_ms);
    return add_file(journal, end_ms) ? &journal->files[journal->file_count - 1] : NULL;
}

/* Locked. The block of the next entry, mapped; without room on the disk the file stays as it is. */
static bool map_block(struct file *file)
{
    off_t at = (off_t)(file->count / BLOCK_ENTRIES) * BLOCK_BYTES;

    if (file->block != NULL && file->count % BLOCK_ENTRIES != 0)
        return true;
    unmap(file);
    errno = posix_fallocate(file->descriptor, at, BLOCK_BYTES);
    if (errno != 0)
        return false;
    void *mapped = mmap(NULL, (size_t)BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file->descriptor, at);
    file->block = mapped == MAP_FAILED ? NULL : mapped;
    return file->block != NULL;
}

bool nonce_journal_add(struct nonce_journal *journal, struct nonce nonce, int64_t until_ms, int64_t end_ms, int64_t now_ms)
{
    (void)pthread_mutex_lock(&journal->lock);
    struct file *file = file_of(journal, end_ms, now_ms);
    bool written = file != NULL && map_block(file);
    if (written)
        file->block[file->count++ % BLOCK_ENTRIES] = (struct entry){nonce, until_ms};
    int why = errno;
    (void)pthread_mutex_unlock(&journal->lock);
    if (!written)
        log_error("nonces.journal", LOG_STR("error", strerror(why)));
    return written;
}
