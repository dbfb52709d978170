#include "gateway/snapshot.h"

#include "base/clock.h"
#include "base/log.h"
#include "domain/catalogue_sum.h"
#include "domain/view.h"
#include "event/json.h"
#include "event/unpack.h"
#include "gateway/cursor.h"
#include "gateway/house.h"
#include "gateway/packer.h"
#include "gateway/snapshot_releases.h"
#include "gateway/writer.h"
#include "kafka/reader.h"

#include "medhub/catalogue/v1/catalogue.pb-c.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_TOPIC "medhub.table.catalogue"
#define RELEASE_TOPIC "medhub.table.release"

enum {
    PAUSE_MS = 100,
    ASK_TIMEOUT_MS = 5000,
    FOLLOW_TIMEOUT_US = 30 * 1000 * 1000,
    RELEASE_TIMEOUT_US = 60 * 1000 * 1000,
    MODEL_LATE_MS_MAX = 1000,
    PATH_BYTES = 4200,
    LINE_BYTES_MAX = 4 * 1024 * 1024,
    PARTITIONS_MAX = 64,
};

static const char *const extensions[SNAPSHOT_CODINGS] = {[SNAPSHOT_ZSTD] = "zst", [SNAPSHOT_GZIP] = "gz"};

struct snapshots {
    struct snapshots_settings settings;
    struct tables *tables;
    struct follower *follower;
    struct read_model *model;
    struct reader *reader;
    struct arena *arena;
    pthread_t thread;

    struct snapshot_releases *releases;
    int64_t waiting_since_us; /* for a release that is being published; 0: not */

    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t news;
    bool stopping, there;
    struct snapshot current; /* file and bytes are not used */
};

/* One that is being written. */
struct making {
    struct snapshots *snapshots;
    struct packer *packers[SNAPSHOT_CODINGS];
    struct buffer line, scratch;
    struct catalogue_sum sum;
    uint64_t bytes; /* before they are packed */
    date_t today;
    bool takes_any; /* has waited long enough for a release */
    enum status status;
    struct fault fault;
};

static void path_of(const struct snapshots *snapshots, enum snapshot_coding coding, bool finished, char path[PATH_BYTES])
{
    (void)snprintf(path, PATH_BYTES, "%s/catalogue.ndjson.%s%s", snapshots->settings.directory, extensions[coding],
                   finished ? "" : ".new");
}

/* ---- lines ---- */

static void put_line(struct making *making)
{
    buffer_append_byte(&making->line, '\n');
    if (making->status == STATUS_OK && !buffer_ok(&making->line))
        making->status = fault_fatal(&making->fault, "snapshot.line", "a row is too large as JSON");
    for (size_t i = 0; i < SNAPSHOT_CODINGS && making->status == STATUS_OK; i++)
        making->status = packer_write(making->packers[i], buffer_bytes(&making->line), &making->fault);
    making->bytes += making->line.length;
    buffer_clear(&making->line);
}

/* Appends the item, which then counts for the digest. */
static void write_item(struct making *making, const char *key, const char *region, const struct tables_row *row,
                       const ProtobufCMessage *item)
{
    const struct message_facts *facts = schema_of(&medhub__catalogue__v1__item__descriptor);
    struct buffer *out = &making->line;
    size_t from = out->length;

    making->status = json_encode_canonical(facts, item, out, &making->fault);
    if (making->status != STATUS_OK || !buffer_ok(out))
        return;
    const struct catalogue_sum_row counted = {key,     region, row->valid_from, row->valid_until, bytes_from(out->data + from, out->length - from),
                                              row->version};
    if (!catalogue_sum_add(&making->sum, &counted, &making->scratch))
        making->status = fault_fatal(&making->fault, "memory.out", "no memory for a snapshot");
}

static void write_row(struct making *making, const char *key, const char *region, const struct tables_row *row,
                      const ProtobufCMessage *item)
{
    const char *slash = strchr(key, '/');
    char day[DATE_TEXT_BYTES], kind[64];
    struct buffer *out = &making->line;

    (void)snprintf(kind, sizeof kind, "%.*s", slash == NULL ? 0 : (int)(slash - key), key);
    write_begin(out, '{');
    write_text(out, "kind", kind);
    write_text(out, "code", slash == NULL ? key : slash + 1);
    write_text(out, "region", region);
    write_text(out, "validFrom", date_format(row->valid_from, day));
    write_text_if(out, "validUntil", date_format(row->valid_until, day));
    write_unsigned(out, "version", row->version);
    write_name(out, "item");
    write_item(making, key, region, row, item);
    write_end(out, '}');
}

static bool put_row(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct making *making = context;
    struct snapshots *snapshots = making->snapshots;
    const struct message_facts *facts = schema_of(&medhub__catalogue__v1__item__descriptor);
    ProtobufCMessage *item = NULL;

    arena_reset(snapshots->arena);
    making->status = unpack_message(facts, row->value, snapshots->arena, &item, &making->fault);
    if (making->status == STATUS_OK && !making->takes_any &&
        snapshot_releases_lack(snapshots->releases, (const Medhub__Catalogue__V1__Item *)item, row->valid_from, making->today))
        making->status = fault_retry(&making->fault, "snapshot.release", "a release is being published");
    if (making->status != STATUS_OK)
        return false;
    write_row(making, key, region, row, item);
    put_line(making);
    return making->status == STATUS_OK;
}

static void put_head(struct making *making, const char *cursor)
{
    write_begin(&making->line, '{');
    write_text(&making->line, "snapshot", "catalogue");
    write_text(&making->line, "cursor", cursor);
    write_name(&making->line, "releases");
    snapshot_releases_write(making->snapshots->releases, &making->line);
    write_end(&making->line, '}');
    put_line(making);
}

static void put_tail(struct making *making, char digest[65])
{
    (void)catalogue_sum_text(&making->sum, digest);
    write_begin(&making->line, '{');
    write_integer(&making->line, "rows", (int64_t)making->sum.rows);
    write_text(&making->line, "digest", digest);
    write_end(&making->line, '}');
    put_line(making);
}

/* ---- one snapshot ---- */

static bool is_stopping(struct snapshots *snapshots)
{
    (void)pthread_mutex_lock(&snapshots->lock);
    bool stopping = snapshots->stopping;
    (void)pthread_mutex_unlock(&snapshots->lock);
    return stopping;
}

static void pause_a_little(struct snapshots *snapshots)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PAUSE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&snapshots->lock);
    if (!snapshots->stopping)
        (void)pthread_cond_timedwait(&snapshots->news, &snapshots->lock, &until); /* early is fine */
    (void)pthread_mutex_unlock(&snapshots->lock);
}

/* The place of a read model that is behind is right too, but whoever begins with such a snapshot reads all that it lacks once more, one
 * change after the other: after a large release that takes longer than the snapshot. One that does not come is not waited for. */
static enum status wait_for_model(struct snapshots *snapshots, struct fault *fault)
{
    int64_t wanted_ms = clock_now_ms(clock_system()) - MODEL_LATE_MS_MAX, complete_ms = 0;
    int64_t until_us = clock_monotonic_us() + FOLLOW_TIMEOUT_US;

    enum status status = read_model_feed_complete(snapshots->model, &complete_ms, fault);
    while (status == STATUS_OK && complete_ms < wanted_ms && !is_stopping(snapshots) && clock_monotonic_us() < until_us) {
        pause_a_little(snapshots);
        status = read_model_feed_complete(snapshots->model, &complete_ms, fault);
    }
    return status;
}

/* The tables hold all that the feed tells up to a place once they have read what is in Kafka now: a delivery and its rows are
 * of one transaction, and the place was read before. RETRY: they are late. */
static enum status wait_for_table(struct snapshots *snapshots, const char *topic, struct fault *fault)
{
    int64_t low = 0, high[PARTITIONS_MAX], until_us = clock_monotonic_us() + FOLLOW_TIMEOUT_US;
    int32_t count = 0;

    enum status status = reader_partition_count(snapshots->reader, topic, ASK_TIMEOUT_MS, &count, fault);
    for (int32_t i = 0; status == STATUS_OK && i < count && i < PARTITIONS_MAX; i++)
        status = reader_watermarks(snapshots->reader, topic, i, ASK_TIMEOUT_MS, &low, &high[i], fault);
    for (int32_t i = 0; status == STATUS_OK && i < count && i < PARTITIONS_MAX; i++)
        while (!follower_has_read(snapshots->follower, topic, i, high[i])) {
            if (is_stopping(snapshots) || clock_monotonic_us() > until_us)
                return fault_retry(fault, "snapshot.tables", "the copy of the catalogue is behind");
            pause_a_little(snapshots);
        }
    return status;
}

/* Releases first, at a moment of their own: what is published by then has all its rows in what is waited for afterwards. */
static enum status wait_for_tables(struct snapshots *snapshots, struct fault *fault)
{
    struct tables_reader *reader = NULL;

    enum status status = wait_for_table(snapshots, RELEASE_TOPIC, fault);
    if (status == STATUS_OK)
        status = tables_reader_open(snapshots->tables, &reader, fault);
    if (status == STATUS_OK)
        status = tables_reader_renew(reader, fault);
    if (status == STATUS_OK)
        status = snapshot_releases_read(snapshots->releases, reader, fault);
    tables_reader_close(reader);
    return status == STATUS_OK ? wait_for_table(snapshots, TABLE_TOPIC, fault) : status;
}

static enum status put_rows(struct making *making)
{
    struct tables_reader *reader = NULL;

    enum status status = tables_reader_open(making->snapshots->tables, &reader, &making->fault);
    if (status == STATUS_OK)
        status = tables_reader_renew(reader, &making->fault);
    if (status == STATUS_OK) {
        making->status = STATUS_OK;
        tables_each(reader, TABLE_CATALOGUE, put_row, making);
        status = making->status;
    }
    if (status == STATUS_OK)
        status = tables_reader_check(reader, &making->fault);
    tables_reader_close(reader);
    return status;
}

static enum status write_files(struct making *making, const char *cursor, struct snapshot *made)
{
    char path[PATH_BYTES];
    enum status status = STATUS_OK;

    for (enum snapshot_coding i = 0; status == STATUS_OK && i < SNAPSHOT_CODINGS; i++) {
        path_of(making->snapshots, i, false, path);
        status = packer_open(path, i, &making->packers[i], &making->fault);
    }
    if (status != STATUS_OK)
        return status;
    put_head(making, cursor);
    if (making->status == STATUS_OK)
        making->status = put_rows(making);
    if (making->status == STATUS_OK)
        put_tail(making, made->digest);
    for (size_t i = 0; making->status == STATUS_OK && i < SNAPSHOT_CODINGS; i++)
        making->status = packer_finish(making->packers[i], &making->fault);
    return making->status;
}

/* Both files change under the lock, so that whoever opens one gets what CURRENT says. */
static enum status publish(struct snapshots *snapshots, const struct snapshot *made, struct fault *fault)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    enum status status = STATUS_OK;

    (void)pthread_mutex_lock(&snapshots->lock);
    for (enum snapshot_coding i = 0; status == STATUS_OK && i < SNAPSHOT_CODINGS; i++) {
        path_of(snapshots, i, false, from);
        path_of(snapshots, i, true, to);
        if (rename(from, to) != 0)
            status = fault_fatal(fault, "snapshot.rename", "%s: %s", to, strerror(errno));
    }
    snapshots->there = status == STATUS_OK;
    snapshots->current = *made;
    (void)pthread_mutex_unlock(&snapshots->lock);
    return status;
}

/* True when a release that is not published for so long, perhaps never, is waited for no more. */
static bool waited_enough(struct snapshots *snapshots)
{
    int64_t now_us = clock_monotonic_us();

    return snapshots->waiting_since_us != 0 && now_us - snapshots->waiting_since_us > RELEASE_TIMEOUT_US;
}

static void note_waiting(struct snapshots *snapshots, const struct fault *fault, enum status status)
{
    if (status == STATUS_OK)
        snapshots->waiting_since_us = 0;
    else if (strcmp(fault->code, "snapshot.release") == 0 && snapshots->waiting_since_us == 0)
        snapshots->waiting_since_us = clock_monotonic_us();
}

static enum status make_one(struct snapshots *snapshots, struct fault *fault)
{
    struct making making = {.snapshots = snapshots,
                            .today = date_in_china(clock_now_ms(clock_system())),
                            .takes_any = waited_enough(snapshots)};
    struct snapshot made = {.file = -1};
    struct feed_place place;

    arena_reset(snapshots->arena);
    enum status status = wait_for_model(snapshots, fault);
    if (status == STATUS_OK)
        status = read_model_feed_end(snapshots->model, &place, fault);
    if (status == STATUS_OK)
        status = wait_for_tables(snapshots, fault);
    const char *cursor = status == STATUS_OK ? cursor_encode(&place, snapshots->arena) : NULL;
    if (cursor == NULL)
        return status == STATUS_OK ? fault_retry(fault, "memory.out", "no memory for a snapshot") : status;
    (void)snprintf(made.cursor, sizeof made.cursor, "%s", cursor);
    buffer_init(&making.line, LINE_BYTES_MAX);
    buffer_init(&making.scratch, LINE_BYTES_MAX);
    int64_t begun_us = clock_monotonic_us();
    status = write_files(&making, made.cursor, &made);
    if (status == STATUS_OK)
        log_info("gateway.snapshot", LOG_INT("rows", making.sum.rows), LOG_INT("bytes", making.bytes),
                 LOG_INT("us", clock_monotonic_us() - begun_us));
    made.rows = making.sum.rows;
    for (size_t i = 0; i < SNAPSHOT_CODINGS; i++)
        packer_close(making.packers[i]);
    buffer_done(&making.line);
    buffer_done(&making.scratch);
    *fault = making.fault;
    note_waiting(snapshots, fault, status);
    return status == STATUS_OK ? publish(snapshots, &made, fault) : status;
}

/* ---- the thread ---- */

struct last_made {
    bool there;
    uint64_t rows; /* of the table, then */
    int64_t at_us;
};

static bool is_due(const struct snapshots *snapshots, const struct last_made *last, uint64_t rows)
{
    int64_t age_us = clock_monotonic_us() - last->at_us;

    if (!last->there)
        return true;
    return age_us >= (rows != last->rows ? snapshots->settings.interval_us : snapshots->settings.age_us_max);
}

static void *run(void *self)
{
    struct snapshots *snapshots = self;
    struct last_made last = {.there = false};
    bool failing = false;

    while (!is_stopping(snapshots)) {
        uint64_t rows = tables_rows_applied(snapshots->tables, TABLE_CATALOGUE);
        struct fault fault = {0};
        pause_a_little(snapshots);
        if (!follower_is_ready(snapshots->follower) || !is_due(snapshots, &last, rows))
            continue;
        enum status status = make_one(snapshots, &fault);
        if (status != STATUS_OK && !failing)
            log_warn("gateway.snapshot_failed", LOG_STR("code", fault.code), LOG_STR("text", fault.text));
        failing = status != STATUS_OK;
        if (!failing)
            last = (struct last_made){true, rows, clock_monotonic_us()};
    }
    return NULL;
}

bool snapshots_open(struct snapshots *snapshots, enum snapshot_coding coding, struct snapshot *snapshot)
{
    char path[PATH_BYTES];
    struct stat file;

    path_of(snapshots, coding, true, path);
    (void)pthread_mutex_lock(&snapshots->lock);
    bool there = snapshots->there;
    *snapshot = snapshots->current;
    snapshot->file = there ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    (void)pthread_mutex_unlock(&snapshots->lock);
    if (snapshot->file < 0)
        return false;
    if (fstat(snapshot->file, &file) != 0) {
        (void)close(snapshot->file);
        return false;
    }
    snapshot->bytes = (uint64_t)file.st_size;
    return true;
}

static void release(struct snapshots *snapshots)
{
    read_model_close(snapshots->model);
    reader_close(snapshots->reader);
    snapshot_releases_free(snapshots->releases);
    arena_free(snapshots->arena);
    (void)pthread_mutex_destroy(&snapshots->lock);
    (void)pthread_cond_destroy(&snapshots->news);
    free(snapshots);
}

enum status snapshots_start(const struct snapshots_settings *settings, struct tables *tables, struct follower *follower,
                            struct snapshots **snapshots, struct fault *fault)
{
    struct snapshots *made = calloc(1, sizeof *made);

    *snapshots = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for snapshots");
    made->settings = *settings;
    made->tables = tables;
    made->follower = follower;
    (void)pthread_mutex_init(&made->lock, NULL);
    (void)pthread_cond_init(&made->news, NULL);
    made->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    made->releases = snapshot_releases_new();
    enum status status = made->arena == NULL || made->releases == NULL ? fault_fatal(fault, "memory.out", "no memory for snapshots") : STATUS_OK;
    if (status == STATUS_OK)
        status = read_model_open(settings->sql, &made->model, fault);
    if (status == STATUS_OK)
        status = reader_open(settings->client, true, &made->reader, fault);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = fault_fatal(fault, "gateway.thread", "no thread for snapshots");
    if (status != STATUS_OK) {
        release(made);
        return status;
    }
    *snapshots = made;
    return STATUS_OK;
}

void snapshots_stop(struct snapshots *snapshots)
{
    if (snapshots == NULL)
        return;
    (void)pthread_mutex_lock(&snapshots->lock);
    snapshots->stopping = true;
    (void)pthread_cond_signal(&snapshots->news);
    (void)pthread_mutex_unlock(&snapshots->lock);
    (void)pthread_join(snapshots->thread, NULL);
    release(snapshots);
}

/* ---- GET /v1/catalogue/snapshot ---- */

/* zstd where it is taken, else gzip; a client that names neither and forbids neither can read gzip. */
static bool choose_coding(struct request *request, enum snapshot_coding *coding)
{
    const char *accepted = request_header(request, "Accept-Encoding");

    if (accepted == NULL)
        return false;
    *coding = strstr(accepted, "zstd") != NULL ? SNAPSHOT_ZSTD : SNAPSHOT_GZIP;
    return accepted[0] == '\0' || strstr(accepted, "zstd") != NULL || strstr(accepted, "gzip") != NULL ||
           strchr(accepted, '*') != NULL;
}

static void add_headers(struct request *request, const struct snapshot *snapshot, enum snapshot_coding coding)
{
    char text[96];

    (void)snprintf(text, sizeof text, "\"%.32s-%s\"", snapshot->digest, extensions[coding]);
    answer_header(request, "ETag", text);
    answer_header(request, "Cache-Control", "no-cache");
    answer_header(request, "Vary", "Accept-Encoding");
    answer_header(request, "Content-Encoding", coding == SNAPSHOT_ZSTD ? "zstd" : "gzip");
    answer_header(request, "Medhub-Cursor", snapshot->cursor);
    answer_header(request, "Medhub-Digest", snapshot->digest);
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)snapshot->rows);
    answer_header(request, "Medhub-Rows", text);
}

static bool has_it_already(struct request *request, const struct snapshot *snapshot, enum snapshot_coding coding)
{
    const char *known = request_header(request, "If-None-Match");
    char tag[96];

    (void)snprintf(tag, sizeof tag, "\"%.32s-%s\"", snapshot->digest, extensions[coding]);
    return known != NULL && strstr(known, tag) != NULL;
}

void snapshot_handler(struct request *request)
{
    enum snapshot_coding coding = SNAPSHOT_GZIP;
    struct snapshot snapshot;

    if (!request_accepts(request, "application/x-ndjson") || !choose_coding(request, &coding)) {
        answer_problem(request, 406, "request.accept", "the snapshot is application/x-ndjson in zstd or gzip");
    } else if (!snapshots_open(request->gateway->snapshots, coding, &snapshot)) {
        answer_unavailable(request, "snapshot.none", "the snapshot is not made yet");
    } else if (has_it_already(request, &snapshot, coding)) {
        (void)close(snapshot.file);
        answer_lend(request, 304, NULL, bytes_from("", 0));
        add_headers(request, &snapshot, coding);
    } else {
        answer_file(request, 200, "application/x-ndjson", snapshot.file, snapshot.bytes);
        add_headers(request, &snapshot, coding);
    }
}
