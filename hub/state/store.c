#include "state/store.h"

#include "base/log.h"
#include "state/store_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, DIRECTORY_MODE = 0755, FILE_MODE = 0644 };

static const char *const database_names[STORE_DATABASES] = {"rows", "timers", "segments", "history", "meta"};

static const char META_CHECKPOINT[] = "checkpoint";

struct store {
    MDB_env *environment;
    MDB_txn *transaction;
    MDB_dbi databases[STORE_DATABASES];
    MDB_cursor *cursors[STORE_DATABASES]; /* of the open transaction, made when first needed */
    struct checkpoint checkpoint;         /* as in the open transaction */
    struct checkpoint committed;
    int folder;        /* locked as long as the store is open; taken over by release() */
    bool sync_each;
    size_t used_bytes;  /* of the file, when the last transaction began */
    size_t grown_bytes; /* so far the file has been written ahead */
    atomic_int broken; /* what LMDB answered to a read that failed: what was read meanwhile must not stand */
};

static enum status lmdb_fault(int code, const char *doing, struct fault *fault)
{
    switch (code) {
    case MDB_SUCCESS:
        return STATUS_OK;
    case MDB_MAP_FULL:
    case ENOSPC:
        return fault_fatal(fault, "state.full", "%s: %s (state.map_bytes, or the disk)", doing, mdb_strerror(code));
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_PANIC:
        return fault_fatal(fault, "state.torn", "%s: %s", doing, mdb_strerror(code));
    default:
        return fault_fatal(fault, "state.lmdb", "%s: %s", doing, mdb_strerror(code));
    }
}

/* A read that fails looks like a row that is not there: noted, so that nothing is decided on it. */
static void note(struct store *store, int code)
{
    /* BAD_TXN: a write failed before, and said so. */
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND && code != MDB_BAD_VALSIZE && code != MDB_BAD_TXN)
        atomic_store(&store->broken, code);
}

enum status store_check(struct store *store, struct fault *fault)
{
    return lmdb_fault(atomic_load(&store->broken), "reading the store", fault);
}

static MDB_val val_of(struct bytes bytes)
{
    return (MDB_val){bytes.length, (void *)bytes.data};
}

static struct bytes bytes_of_val(MDB_val val)
{
    return bytes_from(val.mv_data, val.mv_size);
}

static bool make_directories(const char *path)
{
    char partial[PATH_BYTES];

    if (snprintf(partial, sizeof partial, "%s", path) >= (int)sizeof partial)
        return false;
    for (char *slash = strchr(partial + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(partial, DIRECTORY_MODE) != 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return mkdir(partial, DIRECTORY_MODE) == 0 || errno == EEXIST;
}

static enum status mark_in_use(const struct store *store, const struct store_settings *settings, struct fault *fault)
{
    if (store_mark_dirty(store->folder, settings->boot_id))
        return STATUS_OK;
    return fault_fatal(fault, "state.directory", "cannot write the store's mark: %s", strerror(errno));
}

/* --- opening --- */

/* A file that is shorter than it says was cut off: reading behind its end would kill the process. */
static int check_length(struct store *store, const struct stat *before)
{
    MDB_envinfo info;
    MDB_stat stat;

    int code = mdb_env_info(store->environment, &info);
    if (code == MDB_SUCCESS)
        code = mdb_env_stat(store->environment, &stat);
    if (code == MDB_SUCCESS && before->st_size > 0 &&
        (size_t)before->st_size < (info.me_last_pgno + 1) * (size_t)stat.ms_psize)
        code = MDB_CORRUPTED;
    return code;
}

static enum status open_environment(struct store *store, const struct store_settings *settings, const char *path,
                                    struct fault *fault)
{
    /* Without sync the map is written through: 2.5 times as fast, and as safe against a killed process. */
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (settings->sync_each ? 0 : MDB_NOSYNC | MDB_WRITEMAP | MDB_NOMEMINIT);
    struct stat before;

    if (fstatat(store->folder, "data.mdb", &before, 0) != 0)
        before = (struct stat){0};
    int code = mdb_env_create(&store->environment);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxdbs(store->environment, STORE_DATABASES);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_mapsize(store->environment, settings->map_bytes);
    if (code == MDB_SUCCESS)
        code = mdb_env_open(store->environment, path, flags, FILE_MODE);
    if (code == MDB_SUCCESS)
        code = check_length(store, &before);
    if (code == MDB_SUCCESS) {
        int dead = 0;
        code = mdb_reader_check(store->environment, &dead);
    }
    return lmdb_fault(code, "opening the store", fault);
}

static enum status open_databases(struct store *store, struct fault *fault)
{
    enum status status = store_begin(store, fault);
    if (status != STATUS_OK)
        return status;
    for (int i = 0; i < STORE_DATABASES; i++) {
        int code = mdb_dbi_open(store->transaction, database_names[i], MDB_CREATE, &store->databases[i]);
        if (code != MDB_SUCCESS) {
            store_abort(store);
            return lmdb_fault(code, "opening a database of the store", fault);
        }
    }
    return store_commit(store, fault);
}

static enum status put_meta(struct store *store, const char *name, struct bytes value, struct fault *fault)
{
    return store_put(store, STORE_META, bytes_of(name), value, fault);
}

static bool is_empty(struct store *store)
{
    for (int i = 0; i < STORE_DATABASES; i++) {
        MDB_stat stat;
        if (mdb_stat(store->transaction, store->databases[i], &stat) != MDB_SUCCESS || stat.ms_entries > 0)
            return false;
    }
    return true;
}

static enum status read_checkpoint(struct store *store, bool *empty, struct fault *fault)
{
    enum status status = store_begin(store, fault);
    if (status != STATUS_OK)
        return status;

    struct bytes kept = store_get(store, STORE_META, bytes_of(META_CHECKPOINT));
    if (kept.length == sizeof store->committed)
        memcpy(&store->committed, kept.data, sizeof store->committed);
    else if (kept.data != NULL) /* rows without knowing where they stand */
        status = fault_fatal(fault, "state.torn", "the store's checkpoint has %zu bytes: another release wrote it",
                             kept.length);
    *empty = is_empty(store);
    store_abort(store);
    return status == STATUS_OK ? store_check(store, fault) : status;
}

static void release(struct store *store)
{
    if (store == NULL)
        return;
    store_abort(store);
    if (store->environment != NULL)
        mdb_env_close(store->environment);
    (void)close(store->folder);
    free(store);
}

static void delete_files(int folder)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", STORE_MARK_FILE};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        (void)unlinkat(folder, files[i], 0); /* ignoring: it may not be there; what stays is refused on the next open */
}

/* Takes over FOLDER whatever it answers. */
static enum status open_once(const struct store_settings *settings, const char *path, int folder,
                             struct store **store, bool *empty, struct fault *fault)
{
    struct store *made = calloc(1, sizeof *made);

    *store = NULL;
    if (made == NULL) {
        (void)close(folder);
        return fault_fatal(fault, "memory.out", "no memory for a store");
    }
    made->folder = folder;
    made->sync_each = settings->sync_each;
    /* The mark is on disk before the first unsynced page can be. */
    enum status status = mark_in_use(made, settings, fault);
    if (status == STATUS_OK)
        status = open_environment(made, settings, path, fault);
    if (status == STATUS_OK)
        status = open_databases(made, fault);
    if (status == STATUS_OK)
        status = read_checkpoint(made, empty, fault);
    if (status == STATUS_OK && settings->sync_each) {
        status = lmdb_fault(mdb_env_sync(made->environment, 1), "syncing the store", fault);
        if (status == STATUS_OK && !store_mark_synced(folder))
            status = fault_fatal(fault, "state.directory", "cannot write the store's mark: %s", strerror(errno));
    }
    if (status != STATUS_OK) {
        release(made);
        return status;
    }
    *store = made;
    return STATUS_OK;
}

/* LMDB must not be open twice, neither in one process (a partition that moves between workers) nor in two: its locks
 * would go with the first close, and one side's mark would speak for the other's pages. */
static enum status lock_folder(const char *path, int *folder, struct fault *fault)
{
    *folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder >= 0 && flock(*folder, LOCK_EX | LOCK_NB) == 0)
        return STATUS_OK;
    int error = errno;
    if (*folder >= 0)
        (void)close(*folder);
    if (error == EWOULDBLOCK)
        return fault_retry(fault, "state.in_use", "%s is open in another worker or process", path);
    return fault_fatal(fault, "state.directory", "cannot open %s: %s", path, strerror(error));
}

static void discard(int folder, const char *name, const char *why)
{
    /* Truth is in the changelog: a file that is torn, or may be, costs a restore and nothing else. */
    log_warn("state.discarded", LOG_STR("store", name), LOG_STR("why", why));
    delete_files(folder);
}

/* Since when nobody has opened, closed or written it. The files' own times: a copy that kept them is as old as its origin. */
static bool is_too_old(int folder, const struct store_settings *settings)
{
    static const char *const files[] = {"data.mdb", STORE_MARK_FILE};
    int64_t last_ms = INT64_MIN;
    struct stat file;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (fstatat(folder, files[i], &file, 0) == 0) {
            int64_t changed_ms = (int64_t)file.st_mtim.tv_sec * 1000;
            last_ms = changed_ms > last_ms ? changed_ms : last_ms;
        }
    return settings->age_ms_max > 0 && last_ms != INT64_MIN && settings->now_ms - last_ms > settings->age_ms_max;
}

enum status store_open(const struct store_settings *settings, const char *name, struct store **store, bool *empty,
                       struct fault *fault)
{
    char path[PATH_BYTES];
    int folder = -1;

    *store = NULL;
    *empty = true;
    if (snprintf(path, sizeof path, "%s/%s", settings->directory, name) >= (int)sizeof path || !make_directories(path))
        return fault_fatal(fault, "state.directory", "cannot make %s/%s: %s", settings->directory, name,
                           strerror(errno));
    enum status status = lock_folder(path, &folder, fault);
    if (status != STATUS_OK)
        return status;
    if (!store_mark_is_trusted(folder, settings->boot_id))
        discard(folder, name, "not closed before a reboot, broken, or of another release");
    else if (is_too_old(folder, settings))
        discard(folder, name, "away for longer than its topic remembers deletions");
    status = open_once(settings, path, folder, store, empty, fault);
    if (status == STATUS_OK || strcmp(fault->code, "state.torn") != 0)
        return status;

    char why[FAULT_TEXT_BYTES];
    (void)snprintf(why, sizeof why, "%s", fault->text);
    status = lock_folder(path, &folder, fault);
    if (status != STATUS_OK)
        return status;
    discard(folder, name, why);
    fault_clear(fault);
    return open_once(settings, path, folder, store, empty, fault);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store_abort(store);
    /* A store that could not be marked clean is only restored after a reboot: its failures may be ignored. */
    if (atomic_load(&store->broken) != MDB_SUCCESS)
        (void)store_mark_broken(store->folder);
    else if (mdb_env_sync(store->environment, 1) == MDB_SUCCESS)
        (void)store_mark_clean(store->folder);
    release(store);
}

/* --- growing --- */

enum { GROW_BYTES_MIN = 1 << 20, GROW_BYTES_MAX = 64 << 20, ZEROS_BYTES = 256 * 1024 };

static void write_zeros(int file, size_t from, size_t to)
{
    static const uint8_t zeros[ZEROS_BYTES];

    while (from < to) {
        size_t left = to - from;
        ssize_t written = pwrite(file, zeros, left < sizeof zeros ? left : sizeof zeros, (off_t)from);
        if (written <= 0)
            return; /* ignoring: a full disk is LMDB's to find */
        from += (size_t)written;
    }
}

/* The mapped file is sparse. The first write to each of its pages is a fault that also looks for room on the disk: 1.3 to 6.7 us
 * a page on ext4, a tenth of the hub's time while a store grows. Zeros written ahead in large pieces make it 1.0. Only between
 * transactions, and only behind the last page that LMDB has used. */
static void grow_ahead(struct store *store)
{
    MDB_envinfo info;
    MDB_stat page;
    int file = -1;

    if (store->sync_each || mdb_env_info(store->environment, &info) != MDB_SUCCESS ||
        mdb_env_stat(store->environment, &page) != MDB_SUCCESS ||
        mdb_env_get_fd(store->environment, &file) != MDB_SUCCESS)
        return;
    size_t used = (info.me_last_pgno + 1) * page.ms_psize;
    size_t taken = store->used_bytes > 0 && used > store->used_bytes ? used - store->used_bytes : 0;
    store->used_bytes = used;
    if (taken == 0 || store->grown_bytes >= used + taken)
        return; /* it does not grow, or has room for one like the last */
    /* No more than twice that: a store's first batches take most, and what is written ahead and never used is a tenth of their
     * time. */
    size_t ahead = 2 * taken > GROW_BYTES_MAX ? GROW_BYTES_MAX : 2 * taken < GROW_BYTES_MIN ? GROW_BYTES_MIN : 2 * taken;
    size_t upto = used + ahead < info.me_mapsize ? used + ahead : info.me_mapsize;
    write_zeros(file, store->grown_bytes > used ? store->grown_bytes : used, upto);
    store->grown_bytes = upto;
}

enum status store_begin(struct store *store, struct fault *fault)
{
    assert(store->transaction == NULL);
    enum status status = store_check(store, fault);
    if (status != STATUS_OK)
        return status;
    grow_ahead(store);
    int code = mdb_txn_begin(store->environment, NULL, 0, &store->transaction);
    if (code != MDB_SUCCESS)
        store->transaction = NULL;
    memset(store->cursors, 0, sizeof store->cursors);
    store->checkpoint = store->committed;
    return lmdb_fault(code, "beginning a store transaction", fault);
}

/* LMDB does not write pages that a transaction took and gave back, even at the end of the file: then it is as long as it
 * says all the same, or check_length() could not tell it from one that was cut off. */
static void keep_length(struct store *store)
{
    MDB_envinfo info;
    MDB_stat page;
    struct stat file;
    int descriptor = -1;

    if (!store->sync_each || mdb_env_info(store->environment, &info) != MDB_SUCCESS ||
        mdb_env_stat(store->environment, &page) != MDB_SUCCESS ||
        mdb_env_get_fd(store->environment, &descriptor) != MDB_SUCCESS || fstat(descriptor, &file) != 0)
        return; /* ignoring: it costs a restore at worst */
    off_t length = (off_t)((info.me_last_pgno + 1) * (size_t)page.ms_psize);
    if (file.st_size < length)
        (void)!ftruncate(descriptor, length);
}

enum status store_commit(struct store *store, struct fault *fault)
{
    enum status status = store_check(store, fault);
    if (status != STATUS_OK) {
        store_abort(store);
        return status;
    }
    int code = mdb_txn_commit(store->transaction); /* frees it, and write cursors, whatever it answers */

    store->transaction = NULL;
    if (code == MDB_SUCCESS)
        store->committed = store->checkpoint;
    keep_length(store);
    return lmdb_fault(code, "committing to the store", fault);
}

void store_abort(struct store *store)
{
    if (store->transaction == NULL)
        return;
    mdb_txn_abort(store->transaction);
    store->transaction = NULL;
    store->checkpoint = store->committed;
}

/* One cursor per database for everything in a transaction: rows of one entity lie together, and a cursor that already
 * stands on the right page is not led down the tree again. */
static MDB_cursor *cursor_of(struct store *store, enum store_database database)
{
    if (store->cursors[database] == NULL) {
        int code = mdb_cursor_open(store->transaction, store->databases[database], &store->cursors[database]);
        note(store, code);
        if (code != MDB_SUCCESS)
            store->cursors[database] = NULL;
    }
    return store->cursors[database];
}

struct bytes store_get(struct store *store, enum store_database database, struct bytes key)
{
    MDB_cursor *cursor = cursor_of(store, database);
    MDB_val wanted = val_of(key), found = {0, NULL};

    if (cursor == NULL)
        return BYTES_NONE;
    int code = mdb_cursor_get(cursor, &wanted, &found, MDB_SET);
    note(store, code);
    return code == MDB_SUCCESS ? bytes_of_val(found) : BYTES_NONE;
}

enum status store_put(struct store *store, enum store_database database, struct bytes key, struct bytes value,
                      struct fault *fault)
{
    MDB_cursor *cursor = cursor_of(store, database);
    MDB_val wanted = val_of(key), content = val_of(value);

    if (cursor == NULL)
        return lmdb_fault(MDB_BAD_TXN, "writing a row", fault);
    return lmdb_fault(mdb_cursor_put(cursor, &wanted, &content, 0), "writing a row", fault);
}

enum status store_delete(struct store *store, enum store_database database, struct bytes key, struct fault *fault)
{
    MDB_cursor *cursor = cursor_of(store, database);
    MDB_val wanted = val_of(key);

    if (cursor == NULL)
        return lmdb_fault(MDB_BAD_TXN, "deleting a row", fault);
    int code = mdb_cursor_get(cursor, &wanted, NULL, MDB_SET);
    if (code == MDB_SUCCESS)
        code = mdb_cursor_del(cursor, 0);
    return code == MDB_NOTFOUND ? STATUS_OK : lmdb_fault(code, "deleting a row", fault);
}

bool store_seek(struct store *store, enum store_database database, struct bytes from, struct bytes *key,
                struct bytes *value)
{
    MDB_cursor *cursor = cursor_of(store, database);
    MDB_val at = val_of(from), content = {0, NULL};

    if (cursor == NULL)
        return false;
    int code = mdb_cursor_get(cursor, &at, &content, from.length == 0 ? MDB_FIRST : MDB_SET_RANGE);
    note(store, code);
    if (code != MDB_SUCCESS)
        return false;
    *key = bytes_of_val(at);
    *value = bytes_of_val(content);
    return true;
}

/* AFTER BYTES_NONE: from the first. */
static void each_from(struct store *store, MDB_cursor *cursor, struct bytes prefix, struct bytes after,
                      bool (*each)(struct bytes key, struct bytes value, void *context), void *context)
{
    bool behind = after.length > 0 && bytes_compare(after, prefix) >= 0;
    struct bytes from = behind ? after : prefix;
    MDB_val key = val_of(from), value = {0, NULL};

    int code = mdb_cursor_get(cursor, &key, &value, from.length == 0 ? MDB_FIRST : MDB_SET_RANGE);
    if (code == MDB_SUCCESS && behind && bytes_equal(bytes_of_val(key), after))
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    while (code == MDB_SUCCESS && bytes_start_with(bytes_of_val(key), prefix) &&
           each(bytes_of_val(key), bytes_of_val(value), context))
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    note(store, code);
}

void store_each(struct store *store, enum store_database database, struct bytes prefix,
                bool (*each)(struct bytes key, struct bytes value, void *context), void *context)
{
    MDB_cursor *cursor = cursor_of(store, database);

    if (cursor != NULL)
        each_from(store, cursor, prefix, BYTES_NONE, each, context);
}

void store_each_after(struct store *store, enum store_database database, struct bytes prefix, struct bytes after,
                      bool (*each)(struct bytes key, struct bytes value, void *context), void *context)
{
    MDB_cursor *cursor = cursor_of(store, database);

    if (cursor != NULL)
        each_from(store, cursor, prefix, after, each, context);
}

struct store_reader {
    struct store *store;
    MDB_txn *transaction;
    MDB_cursor *seeker[STORE_DATABASES]; /* of store_reader_seek_back, kept over renewals */
    bool placed[STORE_DATABASES];        /* the seeker belongs to the present snapshot */
    bool fresh; /* the snapshot may be read */
};

enum status store_reader_open(struct store *store, struct store_reader **reader, struct fault *fault)
{
    struct store_reader *made = calloc(1, sizeof *made);

    *reader = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a reader of the store");
    made->store = store;
    int code = mdb_txn_begin(store->environment, NULL, MDB_RDONLY, &made->transaction);
    if (code != MDB_SUCCESS) {
        free(made);
        return lmdb_fault(code, "opening a reader of the store", fault);
    }
    mdb_txn_reset(made->transaction);
    *reader = made;
    return STATUS_OK;
}

void store_reader_close(struct store_reader *reader)
{
    if (reader == NULL)
        return;
    for (int i = 0; i < STORE_DATABASES; i++)
        if (reader->seeker[i] != NULL)
            mdb_cursor_close(reader->seeker[i]);
    mdb_txn_abort(reader->transaction);
    free(reader);
}

enum status store_reader_renew(struct store_reader *reader, struct fault *fault)
{
    store_reader_release(reader);
    enum status status = store_check(reader->store, fault);
    if (status != STATUS_OK)
        return status;
    int code = mdb_txn_renew(reader->transaction);
    reader->fresh = code == MDB_SUCCESS;
    return lmdb_fault(code, "taking a snapshot of the store", fault);
}

void store_reader_release(struct store_reader *reader)
{
    if (reader->fresh)
        mdb_txn_reset(reader->transaction);
    reader->fresh = false;
    memset(reader->placed, 0, sizeof reader->placed);
}

uint64_t store_reader_snapshot(const struct store_reader *reader)
{
    assert(reader->fresh);
    return mdb_txn_id(reader->transaction);
}

struct bytes store_reader_get(struct store_reader *reader, enum store_database database, struct bytes key)
{
    MDB_val wanted = val_of(key), found = {0, NULL};

    assert(reader->fresh);
    int code = mdb_get(reader->transaction, reader->store->databases[database], &wanted, &found);
    note(reader->store, code);
    return code == MDB_SUCCESS ? bytes_of_val(found) : BYTES_NONE;
}

static MDB_cursor *reader_cursor(struct store_reader *reader, enum store_database database)
{
    MDB_cursor *cursor = NULL;

    assert(reader->fresh);
    int code = mdb_cursor_open(reader->transaction, reader->store->databases[database], &cursor);
    note(reader->store, code);
    return code == MDB_SUCCESS ? cursor : NULL;
}

static MDB_cursor *seeker_of(struct store_reader *reader, enum store_database database)
{
    assert(reader->fresh);
    if (reader->seeker[database] == NULL)
        reader->seeker[database] = reader_cursor(reader, database);
    else if (!reader->placed[database])
        note(reader->store, mdb_cursor_renew(reader->transaction, reader->seeker[database]));
    reader->placed[database] = true;
    return reader->seeker[database];
}

bool store_reader_seek_back(struct store_reader *reader, enum store_database database, struct bytes upto,
                            struct bytes *key, struct bytes *value)
{
    MDB_cursor *cursor = seeker_of(reader, database);
    MDB_val at = val_of(upto), content = {0, NULL};

    if (cursor == NULL)
        return false;
    int code = mdb_cursor_get(cursor, &at, &content, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND)
        code = mdb_cursor_get(cursor, &at, &content, MDB_LAST);
    else if (code == MDB_SUCCESS && !bytes_equal(bytes_of_val(at), upto))
        code = mdb_cursor_get(cursor, &at, &content, MDB_PREV);
    note(reader->store, code);
    *key = bytes_of_val(at);
    *value = bytes_of_val(content);
    return code == MDB_SUCCESS;
}

void store_reader_each(struct store_reader *reader, enum store_database database, struct bytes prefix,
                       bool (*each)(struct bytes key, struct bytes value, void *context), void *context)
{
    MDB_cursor *cursor = reader_cursor(reader, database);

    if (cursor == NULL)
        return;
    each_from(reader->store, cursor, prefix, BYTES_NONE, each, context);
    mdb_cursor_close(cursor);
}

void store_checkpoint(struct store *store, struct checkpoint *checkpoint)
{
    *checkpoint = store->transaction == NULL ? store->committed : store->checkpoint;
}

enum status store_set_checkpoint(struct store *store, const struct checkpoint *checkpoint, struct fault *fault)
{
    store->checkpoint = *checkpoint;
    return put_meta(store, META_CHECKPOINT, bytes_from(checkpoint, sizeof *checkpoint), fault);
}

struct checkpoint_input *checkpoint_input(struct checkpoint *checkpoint, const char *topic)
{
    for (size_t i = 0; i < checkpoint->input_count; i++)
        if (strcmp(checkpoint->inputs[i].topic, topic) == 0)
            return &checkpoint->inputs[i];

    struct checkpoint_input *made = &checkpoint->inputs[checkpoint->input_count];
    if (checkpoint->input_count == CHECKPOINT_INPUTS_MAX || strlen(topic) >= sizeof made->topic)
        return NULL;
    memset(made, 0, sizeof *made);
    memcpy(made->topic, topic, strlen(topic));
    made->next_offset = -1;
    checkpoint->input_count++;
    return made;
}
