// links: dep::sqlite3
/* The outbox on a disk that loses power: SQLite writes through a recorder of all writes and syncs; for many
 * moments the files are made again as a disk could have left them: what was synced is there, of what was not
 * any part may be there, torn at sectors of 512 bytes, in any combination. What was answered OK before that
 * moment must be in them.
 *
 * What this does not show: a disk that lies about having synced. */
#include "client/outbox.h"
#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 4, SECTOR_BYTES = 512, EVENTS = 220, BODY_BYTES = 9000, MOMENTS = 60 };

enum act { ACT_WRITE, ACT_TRUNCATE, ACT_SYNC, ACT_DELETE };
struct record {
    enum act act;
    int file;
    int64_t offset, length; /* of a truncation: the new length */
    uint8_t *data;
};

struct recorder {
    sqlite3_vfs vfs, *real;
    char names[FILES_MAX][TEMP_FOLDER_BYTES + 40];
    int file_count;
    struct record *records;
    size_t count, capacity;
};

struct recorded_file {
    sqlite3_file base;
    struct recorder *recorder;
    int file;
    sqlite3_file real[]; /* xOpen gave room for it */
};

static void add(struct recorder *recorder, struct record record)
{
    if (recorder->count == recorder->capacity) {
        recorder->capacity = recorder->capacity == 0 ? 1024 : recorder->capacity * 2;
        recorder->records = realloc(recorder->records, recorder->capacity * sizeof record);
        assert_non_null(recorder->records);
    }
    recorder->records[recorder->count++] = record;
}

static int number_of_file(struct recorder *recorder, const char *name)
{
    for (int i = 0; i < recorder->file_count; i++)
        if (strcmp(recorder->names[i], name) == 0)
            return i;
    assert_in_range(recorder->file_count, 0, FILES_MAX - 1);
    (void)snprintf(recorder->names[recorder->file_count], sizeof recorder->names[0], "%s", name);
    return recorder->file_count++;
}

#define SELF(file_) struct recorded_file *self = (struct recorded_file *)(file_)
#define REAL        self->real->pMethods

static int file_close(sqlite3_file *file)
{
    SELF(file);
    return REAL->xClose(self->real);
}

static int file_read(sqlite3_file *file, void *data, int length, sqlite3_int64 offset)
{
    SELF(file);
    return REAL->xRead(self->real, data, length, offset);
}

static int file_write(sqlite3_file *file, const void *data, int length, sqlite3_int64 offset)
{
    SELF(file);
    uint8_t *copy = malloc((size_t)length);
    assert_non_null(copy);
    memcpy(copy, data, (size_t)length);
    add(self->recorder, (struct record){ACT_WRITE, self->file, offset, length, copy});
    return REAL->xWrite(self->real, data, length, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 length)
{
    SELF(file);
    add(self->recorder, (struct record){ACT_TRUNCATE, self->file, 0, length, NULL});
    return REAL->xTruncate(self->real, length);
}

static int file_sync(sqlite3_file *file, int flags)
{
    SELF(file);
    add(self->recorder, (struct record){ACT_SYNC, self->file, 0, 0, NULL});
    return REAL->xSync(self->real, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    SELF(file);
    return REAL->xFileSize(self->real, size);
}

static int file_lock(sqlite3_file *file, int level)
{
    SELF(file);
    return REAL->xLock(self->real, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    SELF(file);
    return REAL->xUnlock(self->real, level);
}

static int file_reserved(sqlite3_file *file, int *reserved)
{
    SELF(file);
    return REAL->xCheckReservedLock(self->real, reserved);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    SELF(file);
    return REAL->xFileControl(self->real, operation, argument);
}

static int file_sector(sqlite3_file *file)
{
    SELF(file);
    return REAL->xSectorSize(self->real);
}

static int file_traits(sqlite3_file *file)
{
    SELF(file);
    return REAL->xDeviceCharacteristics(self->real);
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no shared memory: the library must do without */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct recorder *recorder = vfs->pAppData;
    SELF(file);
    int code = recorder->real->xOpen(recorder->real, name, self->real, flags, out_flags);
    self->base.pMethods = code == SQLITE_OK ? &methods : NULL;
    self->recorder = recorder;
    self->file = code == SQLITE_OK ? number_of_file(recorder, name) : -1;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    struct recorder *recorder = vfs->pAppData;
    int file = number_of_file(recorder, name);
    add(recorder, (struct record){ACT_DELETE, file, 0, 0, NULL});
    if (sync) /* of the folder: the name is gone for good */
        add(recorder, (struct record){ACT_SYNC, file, 0, 0, NULL});
    return recorder->real->xDelete(recorder->real, name, sync);
}

static void start_recording(struct recorder *recorder)
{
    recorder->real = sqlite3_vfs_find(NULL);
    recorder->vfs = *recorder->real;
    recorder->vfs.pNext = NULL;
    recorder->vfs.zName = "recorder";
    recorder->vfs.pAppData = recorder;
    recorder->vfs.szOsFile = (int)sizeof(struct recorded_file) + recorder->real->szOsFile;
    recorder->vfs.xOpen = vfs_open;
    recorder->vfs.xDelete = vfs_delete;
    assert_int_equal(sqlite3_vfs_register(&recorder->vfs, 1), SQLITE_OK);
}

/* ---- a file as the disk may have it ---- */

struct image {
    uint8_t *data;
    int64_t length, capacity;
};

static void grow(struct image *image, int64_t length)
{
    if (length > image->capacity) {
        int64_t capacity = length * 2 + 65536;
        image->data = realloc(image->data, (size_t)capacity);
        assert_non_null(image->data);
        memset(image->data + image->capacity, 0, (size_t)(capacity - image->capacity));
        image->capacity = capacity;
    }
    if (length > image->length)
        image->length = length;
}

static uint64_t dice(uint64_t *seed, uint64_t sides)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % sides;
}

static void write_part(struct image *image, const struct record *record, int64_t from, int64_t length)
{
    grow(image, record->offset + from + length);
    memcpy(image->data + record->offset + from, record->data + from, (size_t)length);
}

/* SEED NULL: whole. Else each sector by chance. */
static void apply(struct image *image, const struct record *record, uint64_t *seed)
{
    if (seed != NULL && record->act != ACT_WRITE && dice(seed, 2) == 0)
        return;
    if (record->act == ACT_TRUNCATE && record->length < image->length) {
        memset(image->data + record->length, 0, (size_t)(image->length - record->length));
        image->length = record->length;
    }
    if (record->act == ACT_DELETE)
        image->length = 0;
    bool all = seed == NULL || dice(seed, 3) == 0, none = !all && dice(seed, 2) == 0;
    for (int64_t at = 0; record->act == ACT_WRITE && at < record->length && !none; at += SECTOR_BYTES) {
        int64_t length = record->length - at < SECTOR_BYTES ? record->length - at : SECTOR_BYTES;
        if (all || dice(seed, 2) == 0)
            write_part(image, record, at, length);
    }
}

/* FILE at the moment before record MOMENT. */
static struct image image_of(const struct recorder *recorder, int file, size_t moment, uint64_t *seed)
{
    struct image image = {0};
    size_t synced = 0;

    for (size_t i = 0; i < moment; i++)
        if (recorder->records[i].file == file && recorder->records[i].act == ACT_SYNC)
            synced = i;
    for (size_t i = 0; i < moment; i++)
        if (recorder->records[i].file == file)
            apply(&image, &recorder->records[i], i < synced ? NULL : seed);
    return image;
}

static void write_images(const struct recorder *recorder, size_t moment, uint64_t *seed, const char *folder)
{
    char path[TEMP_FOLDER_BYTES + 60];

    for (int file = 0; file < recorder->file_count; file++) {
        struct image image = image_of(recorder, file, moment, seed);
        const char *name = strrchr(recorder->names[file], '/') + 1;
        (void)snprintf(path, sizeof path, "%s/%s", folder, name);
        (void)unlink(path);
        if (image.length > 0 || file == 0) {
            int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
            assert_true(descriptor >= 0);
            assert_int_equal(write(descriptor, image.data, (size_t)image.length), image.length);
            (void)close(descriptor);
        }
        free(image.data);
    }
}

/* ---- what must survive ---- */

struct promise {
    size_t moment; /* given before this record */
    char id[20];
};

struct promises {
    struct promise list[EVENTS];
    size_t count;
};

static void promise(struct promises *promises, const struct recorder *recorder, const char *id)
{
    struct promise *made = &promises->list[promises->count++];
    *made = (struct promise){.moment = recorder->count};
    (void)snprintf(made->id, sizeof made->id, "%s", id);
}

static const struct outbox_limits limits = {.events_max = 10000, .bytes_max = 1 << 30, .receipts_max = 10000};
static const int64_t now_ms = 1000;

static void open_outbox(const char *folder, struct database **local, struct outbox **outbox)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    char path[TEMP_FOLDER_BYTES + 40];

    (void)snprintf(path, sizeof path, "%s/medhub.sqlite", folder);
    if (database_open(path, &local_kind, local, &error) != MEDHUB_OK ||
        outbox_open(*local, &limits, clock_fixed(&now_ms), outbox, &error) != MEDHUB_OK)
        fail_msg("%s", error.text_en);
}

static void settle_one(struct outbox *outbox)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct outbox_entry entry;

    assert_int_equal(outbox_due(outbox, EVENT_READY, NULL, 0, &entry, &error), MEDHUB_OK);
    assert_int_equal(outbox_settle(outbox, &entry, MEDHUB_ACCEPTED, bytes_of("{\"a\":1}"), &error),
                     MEDHUB_OK);
    outbox_entry_done(&entry);
}

/* Enough that the log is taken over into the file in between. */
static void play(struct outbox *outbox, struct promises *promises, const struct recorder *recorder)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    char body[BODY_BYTES], id[20], key[20];
    uint64_t seed = 3;

    memset(body, 'x', sizeof body);
    for (int i = 0; i < EVENTS; i++) {
        (void)snprintf(id, sizeof id, "e%d", i);
        (void)snprintf(key, sizeof key, "k%d", i % 5);
        const struct outbox_event event = {id, key, bytes_from(body, sizeof body), 7};
        assert_int_equal(outbox_put(outbox, &event, 1, &error), MEDHUB_OK);
        promise(promises, recorder, id);
        if (dice(&seed, 2) == 0)
            settle_one(outbox);
    }
}

/* What was put is there: as an event, or, if it was settled meanwhile and that reached the disk, by its
 * receipt. */
static void check_promises(struct outbox *outbox, const struct promises *promises, size_t moment)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;

    for (size_t i = 0; i < promises->count && promises->list[i].moment <= moment; i++) {
        enum medhub_outcome outcome = MEDHUB_PENDING;
        char *answer = NULL;
        enum medhub_status status = outbox_receipt(outbox, promises->list[i].id, &outcome, &answer, &error);
        assert_true(status == MEDHUB_AGAIN || status == MEDHUB_OK);
        free(answer);
    }
}

static void check_integrity(const char *folder)
{
    char path[TEMP_FOLDER_BYTES + 40];
    sqlite3 *connection = NULL;
    sqlite3_stmt *statement = NULL;

    (void)snprintf(path, sizeof path, "%s/medhub.sqlite", folder);
    assert_int_equal(sqlite3_open(path, &connection), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(connection, "PRAGMA integrity_check", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(connection);
}

static void check_moment(const struct recorder *recorder, const struct promises *promises, size_t moment,
                         uint64_t *seed, const char *folder)
{
    struct database *local = NULL;
    struct outbox *outbox = NULL;

    write_images(recorder, moment, seed, folder);
    open_outbox(folder, &local, &outbox);
    check_promises(outbox, promises, moment);
    outbox_close(outbox);
    database_close(local);
    check_integrity(folder);
}

static size_t count_acts(const struct recorder *recorder, int file, enum act act)
{
    size_t count = 0;
    for (size_t i = 0; i < recorder->count; i++)
        count += recorder->records[i].file == file && recorder->records[i].act == act;
    return count;
}

static void free_records(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->count; i++)
        free(recorder->records[i].data);
    free(recorder->records);
}

static void what_was_answered_ok_survives_a_power_loss_at_any_moment(void **state)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    struct promises *promises = calloc(1, sizeof *promises);
    char folder[TEMP_FOLDER_BYTES], other[TEMP_FOLDER_BYTES];
    struct database *local = NULL;
    struct outbox *outbox = NULL;
    uint64_t seed = 11;

    (void)state;
    temp_folder_make(folder);
    temp_folder_make(other);
    start_recording(recorder);
    open_outbox(folder, &local, &outbox);
    size_t opened = recorder->count;
    play(outbox, promises, recorder);
    size_t played = recorder->count;
    outbox_close(outbox);
    database_close(local);
    (void)sqlite3_vfs_unregister(&recorder->vfs);

    /* each promise cost a sync of the log, and the log was taken over at least once while playing */
    assert_string_equal(strrchr(recorder->names[0], '/'), "/medhub.sqlite");
    assert_true(count_acts(recorder, 0, ACT_SYNC) >= 2);
    assert_true(played > opened + promises->count);
    for (int i = 0; i < MOMENTS; i++) {
        size_t moment = opened + dice(&seed, recorder->count - opened + 1);
        check_moment(recorder, promises, moment, &seed, other);
    }
    free_records(recorder);
    free(recorder);
    free(promises);
    temp_folder_remove(folder);
    temp_folder_remove(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_answered_ok_survives_a_power_loss_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
