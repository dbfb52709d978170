#include "state/store.h"

#include "base/log.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, DIRECTORY_MODE = 0755, FILE_MODE = 0644 };

static const char *const database_names[STORE_DATABASES] = {"rows", "timers", "segments", "history", "meta"};

static const char META_CHECKPOINT[] = "checkpoint";
static const char META_BOOT[] = "boot"; /* "dirty <boot id>" while open, "clean" after an orderly close */
static const char BOOT_CLEAN[] = "clean";

struct store {
    MDB_env *environment;
    MDB_txn *transaction;
    MDB_dbi databases[STORE_DATABASES];
    MDB_cursor *cursors[STORE_DATABASES]; /* of the open transaction, made when first needed */
    struct checkpoint checkpoint;         /* as in the open transaction */
    struct checkpoint committed;
};

static enum status lmdb_fault(int code, const char *doing, struct fault *fault)
{
    if (code == MDB_SUCCESS)
        return STATUS_OK;
    if (code == MDB_MAP_FULL || code == ENOSPC)
        return fault_fatal(fault, "state.full", "%s: %s (state.map_bytes, or the disk)", doing, mdb_strerror(code));
    return fault_fatal(fault, "state.lmdb", "%s: %s", doing, mdb_strerror(code));
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

static enum status open_environment(struct store *store, const struct store_settings *settings, const char *path,
                                    struct fault *fault)
{
    /* Without sync the map is written through: 2.5 times as fast, and as safe against a killed process. */
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (settings->sync_each ? 0 : MDB_NOSYNC | MDB_WRITEMAP | MDB_NOMEMINIT);

    int code = mdb_env_create(&store->environment);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxdbs(store->environment, STORE_DATABASES);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_mapsize(store->environment, settings->map_bytes);
    if (code == MDB_SUCCESS)
        code = mdb_env_open(store->environment, path, flags, FILE_MODE);
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

static struct bytes get_meta(struct store *store, const char *name)
{
    return store_get(store, STORE_META, bytes_of(name));
}

static bool text_is(struct bytes bytes, const char *first, const char *second)
{
    char text[128];
    (void)snprintf(text, sizeof text, "%s%s", first, second);
    return bytes_equal_text(bytes, text);
}

/* May what the file holds be believed? Asked in an open transaction. */
static bool is_trusted(struct store *store, const struct store_settings *settings)
{
    struct bytes mark = get_meta(store, META_BOOT);

    if (mark.data == NULL || settings->sync_each)
        return true; /* new, or always durable */
    if (bytes_equal_text(mark, BOOT_CLEAN))
        return true;
    return settings->boot_id[0] != '\0' && text_is(mark, "dirty ", settings->boot_id);
}

static enum status put_meta(struct store *store, const char *name, struct bytes value, struct fault *fault)
{
    return store_put(store, STORE_META, bytes_of(name), value, fault);
}

static void read_checkpoint(struct store *store)
{
    struct bytes kept = get_meta(store, META_CHECKPOINT);

    store->checkpoint = (struct checkpoint){0};
    if (kept.length == sizeof store->checkpoint)
        memcpy(&store->checkpoint, kept.data, sizeof store->checkpoint);
    store->committed = store->checkpoint;
}

/* Reads what is there and marks the store as in use; TRUSTED false leaves it as it is, to be deleted. */
static enum status take_over(struct store *store, const struct store_settings *settings, bool *trusted, bool *empty,
                             struct fault *fault)
{
    char mark[128];

    enum status status = store_begin(store, fault);
    if (status != STATUS_OK)
        return status;
    *trusted = is_trusted(store, settings);
    if (!*trusted) {
        store_abort(store);
        return STATUS_OK;
    }
    read_checkpoint(store);
    *empty = store->checkpoint.changelog_next == 0;
    (void)snprintf(mark, sizeof mark, "dirty %s", settings->boot_id);
    status = put_meta(store, META_BOOT, bytes_of(mark), fault);
    if (status != STATUS_OK) {
        store_abort(store);
        return status;
    }
    status = store_commit(store, fault);
    /* The mark must be on disk before the first unsynced page can be. */
    if (status == STATUS_OK)
        status = lmdb_fault(mdb_env_sync(store->environment, 1), "syncing the store", fault);
    return status;
}

static void release(struct store *store)
{
    if (store == NULL)
        return;
    store_abort(store);
    if (store->environment != NULL)
        mdb_env_close(store->environment);
    free(store);
}

static void delete_files(const char *path)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    char file[PATH_BYTES];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (snprintf(file, sizeof file, "%s/%s", path, files[i]) < (int)sizeof file)
            (void)unlink(file); /* ignoring: it may not be there; what stays is refused on the next open */
}

static enum status open_once(const struct store_settings *settings, const char *path, struct store **store,
                             bool *trusted, bool *empty, struct fault *fault)
{
    struct store *made = calloc(1, sizeof *made);

    *store = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a store");
    enum status status = open_environment(made, settings, path, fault);
    if (status == STATUS_OK)
        status = open_databases(made, fault);
    if (status == STATUS_OK)
        status = take_over(made, settings, trusted, empty, fault);
    if (status != STATUS_OK || !*trusted) {
        release(made);
        return status;
    }
    *store = made;
    return STATUS_OK;
}

enum status store_open(const struct store_settings *settings, const char *name, struct store **store, bool *empty,
                       struct fault *fault)
{
    char path[PATH_BYTES];
    bool trusted = false;

    *store = NULL;
    *empty = true;
    if (snprintf(path, sizeof path, "%s/%s", settings->directory, name) >= (int)sizeof path || !make_directories(path))
        return fault_fatal(fault, "state.directory", "cannot make %s/%s: %s", settings->directory, name,
                           strerror(errno));

    enum status status = open_once(settings, path, store, &trusted, empty, fault);
    bool torn = status != STATUS_OK && strcmp(fault->code, "state.lmdb") == 0;
    if (*store != NULL || (status != STATUS_OK && !torn))
        return status;

    /* Truth is in the changelog: a file that is torn, or may be, costs a restore and nothing else. */
    log_warn("state.discarded", LOG_STR("store", name), LOG_STR("why", torn ? fault->text : "not closed before a reboot"));
    delete_files(path);
    fault_clear(fault);
    *empty = true;
    return open_once(settings, path, store, &trusted, empty, fault);
}

void store_close(struct store *store)
{
    struct fault fault;

    if (store == NULL)
        return;
    store_abort(store);
    /* A store that could not be marked clean is only restored after a reboot: its failures may be ignored. */
    if (mdb_env_sync(store->environment, 1) == MDB_SUCCESS && store_begin(store, &fault) == STATUS_OK &&
        put_meta(store, META_BOOT, bytes_of(BOOT_CLEAN), &fault) == STATUS_OK &&
        store_commit(store, &fault) == STATUS_OK)
        (void)mdb_env_sync(store->environment, 1);
    release(store);
}

enum status store_begin(struct store *store, struct fault *fault)
{
    int code = mdb_txn_begin(store->environment, NULL, 0, &store->transaction);

    if (code != MDB_SUCCESS)
        store->transaction = NULL;
    memset(store->cursors, 0, sizeof store->cursors);
    store->checkpoint = store->committed;
    return lmdb_fault(code, "beginning a store transaction", fault);
}

enum status store_commit(struct store *store, struct fault *fault)
{
    int code = mdb_txn_commit(store->transaction); /* frees it, and write cursors, whatever it answers */

    store->transaction = NULL;
    if (code == MDB_SUCCESS)
        store->committed = store->checkpoint;
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

struct bytes store_get(struct store *store, enum store_database database, struct bytes key)
{
    MDB_val wanted = val_of(key), found = {0, NULL};

    if (mdb_get(store->transaction, store->databases[database], &wanted, &found) != MDB_SUCCESS)
        return BYTES_NONE;
    return bytes_of_val(found);
}

enum status store_put(struct store *store, enum store_database database, struct bytes key, struct bytes value,
                      struct fault *fault)
{
    MDB_val wanted = val_of(key), content = val_of(value);

    return lmdb_fault(mdb_put(store->transaction, store->databases[database], &wanted, &content, 0), "writing a row",
                      fault);
}

enum status store_delete(struct store *store, enum store_database database, struct bytes key, struct fault *fault)
{
    MDB_val wanted = val_of(key);

    int code = mdb_del(store->transaction, store->databases[database], &wanted, NULL);
    return code == MDB_NOTFOUND ? STATUS_OK : lmdb_fault(code, "deleting a row", fault);
}

static MDB_cursor *cursor_of(struct store *store, enum store_database database)
{
    if (store->cursors[database] == NULL &&
        mdb_cursor_open(store->transaction, store->databases[database], &store->cursors[database]) != MDB_SUCCESS)
        store->cursors[database] = NULL;
    return store->cursors[database];
}

bool store_seek(struct store *store, enum store_database database, struct bytes from, struct bytes *key,
                struct bytes *value)
{
    MDB_cursor *cursor = cursor_of(store, database);
    MDB_val at = val_of(from), content = {0, NULL};

    if (cursor == NULL)
        return false;
    int code = mdb_cursor_get(cursor, &at, &content, from.length == 0 ? MDB_FIRST : MDB_SET_RANGE);
    if (code != MDB_SUCCESS)
        return false;
    *key = bytes_of_val(at);
    *value = bytes_of_val(content);
    return true;
}

static void each_from(MDB_cursor *cursor, struct bytes prefix,
                      bool (*each)(struct bytes key, struct bytes value, void *context), void *context)
{
    MDB_val key = val_of(prefix), value = {0, NULL};

    int code = mdb_cursor_get(cursor, &key, &value, prefix.length == 0 ? MDB_FIRST : MDB_SET_RANGE);
    while (code == MDB_SUCCESS && bytes_start_with(bytes_of_val(key), prefix) &&
           each(bytes_of_val(key), bytes_of_val(value), context))
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
}

void store_each(struct store *store, enum store_database database, struct bytes prefix,
                bool (*each)(struct bytes key, struct bytes value, void *context), void *context)
{
    MDB_cursor *cursor = cursor_of(store, database);

    if (cursor != NULL)
        each_from(cursor, prefix, each, context);
}

struct store_reader {
    struct store *store;
    MDB_txn *transaction;
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
    mdb_txn_abort(reader->transaction);
    free(reader);
}

enum status store_reader_renew(struct store_reader *reader, struct fault *fault)
{
    store_reader_release(reader);
    int code = mdb_txn_renew(reader->transaction);
    reader->fresh = code == MDB_SUCCESS;
    return lmdb_fault(code, "taking a snapshot of the store", fault);
}

void store_reader_release(struct store_reader *reader)
{
    if (reader->fresh)
        mdb_txn_reset(reader->transaction);
    reader->fresh = false;
}

struct bytes store_reader_get(struct store_reader *reader, enum store_database database, struct bytes key)
{
    MDB_val wanted = val_of(key), found = {0, NULL};

    assert(reader->fresh);
    if (mdb_get(reader->transaction, reader->store->databases[database], &wanted, &found) != MDB_SUCCESS)
        return BYTES_NONE;
    return bytes_of_val(found);
}

static MDB_cursor *reader_cursor(struct store_reader *reader, enum store_database database)
{
    MDB_cursor *cursor = NULL;

    assert(reader->fresh);
    if (mdb_cursor_open(reader->transaction, reader->store->databases[database], &cursor) != MDB_SUCCESS)
        return NULL;
    return cursor;
}

bool store_reader_seek_back(struct store_reader *reader, enum store_database database, struct bytes upto,
                            struct bytes *key, struct bytes *value)
{
    MDB_cursor *cursor = reader_cursor(reader, database);
    MDB_val at = val_of(upto), content = {0, NULL};

    if (cursor == NULL)
        return false;
    int code = mdb_cursor_get(cursor, &at, &content, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND)
        code = mdb_cursor_get(cursor, &at, &content, MDB_LAST);
    else if (code == MDB_SUCCESS && !bytes_equal(bytes_of_val(at), upto))
        code = mdb_cursor_get(cursor, &at, &content, MDB_PREV);
    mdb_cursor_close(cursor);
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
    each_from(cursor, prefix, each, context);
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
