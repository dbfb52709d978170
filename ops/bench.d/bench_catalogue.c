/* bench_catalogue: what a snapshot of the catalogue costs and what a look-up in it costs, on one core and without a broker.
 *
 *     bench_catalogue --snapshot catalogue.ndjson.gz --directory D [--options medhub.options] [--lookups 1000000]
 *
 * The rows of a gateway's snapshot go into tables as the hub keeps them. Then, in no order of codes: the row of a code on a day
 * from the tables (the nation's, and from a county outwards as a rule asks), and from the copy that libmedhub keeps with OPTIONS.
 * Beside them gzip and zstd on the snapshot's bytes. Prints one JSON object. */
#include "bench.h"

#include "base/clock.h"
#include "domain/region.h"
#include "domain/view.h"
#include "event/json.h"
#include "event/pack.h"
#include "state/tables.h"

#include "medhub/catalogue/v1/catalogue.pb-c.h"
#include "medhub/event/v1/event.pb-c.h"
#include "medhub/medhub.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

enum { ROWS_A_COMMIT = 5000, KEY_BYTES = 64, DAYS_LATER = 30, ARENA_FIRST = 1 << 20 };
enum { GZIP_LEVEL = 6, GZIP_WINDOW = 15 + 16, ZSTD_LEVEL = 3 };
#define ARENA_LIMIT      ((size_t)64 << 20)
#define MAP_BYTES        ((size_t)8 << 30)
#define SNAPSHOT_MAX     ((size_t)4 << 30)
#define CARE_REGION      "440106"

struct house {
    struct buffer snapshot;
    char (*keys)[KEY_BYTES]; /* of the rows, TABLE/CODE; in the order in which they are asked for */
    size_t count, room;
    date_t day; /* some days after the last of them began */
    char day_text[DATE_TEXT_BYTES];
    struct arena *arena;
    struct tables *tables;
};

/* Of this thread: what else the machine does is not counted. */
static double thread_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- the snapshot --- */

static void read_snapshot(struct house *house, const char *path)
{
    static uint8_t piece[1 << 16];
    gzFile file = gzopen(path, "rb");
    int count = 0;

    if (file == NULL)
        bench_fail("%s cannot be read", path);
    buffer_init(&house->snapshot, SNAPSHOT_MAX);
    while ((count = gzread(file, piece, sizeof piece)) > 0)
        buffer_append(&house->snapshot, piece, (size_t)count);
    (void)gzclose(file);
    if (count < 0 || !buffer_ok(&house->snapshot))
        bench_fail("%s is no snapshot", path);
}

/* MB/s of what goes in. */
static double gzip_speed(struct bytes content)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        bench_fail("gzip does not begin");
    size_t room = deflateBound(&stream, content.length);
    uint8_t *out = malloc(room);
    stream.next_in = (Bytef *)content.data;
    stream.avail_in = (uInt)content.length;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    double begun_s = thread_seconds();
    if (out == NULL || deflate(&stream, Z_FINISH) != Z_STREAM_END)
        bench_fail("gzip failed");
    double seconds = thread_seconds() - begun_s;
    (void)deflateEnd(&stream);
    free(out);
    return (double)content.length / 1e6 / seconds;
}

static double zstd_speed(struct bytes content, double *ratio)
{
    size_t room = ZSTD_compressBound(content.length);
    uint8_t *out = malloc(room);
    double begun_s = thread_seconds();
    size_t length = out == NULL ? 0 : ZSTD_compress(out, room, content.data, content.length, ZSTD_LEVEL);
    if (out == NULL || ZSTD_isError(length))
        bench_fail("zstd failed");
    double seconds = thread_seconds() - begun_s;
    free(out);
    *ratio = (double)content.length / (double)length;
    return (double)content.length / 1e6 / seconds;
}

/* --- the hub's own table --- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static struct bytes packed_item(struct house *house, const json_t *item)
{
    struct fault fault = {0};
    ProtobufCMessage *message = NULL;

    bench_need(json_decode_value(schema_of(&medhub__catalogue__v1__item__descriptor), item, "item", house->arena, &message, &fault),
               &fault);
    return pack_message(message, house->arena);
}

static void keep_key(struct house *house, const json_t *row)
{
    if (house->count == house->room) {
        house->room = house->room == 0 ? 4096 : 2 * house->room;
        house->keys = realloc(house->keys, house->room * sizeof *house->keys);
        if (house->keys == NULL)
            bench_fail("no memory");
    }
    char *key = house->keys[house->count++];
    if (snprintf(key, KEY_BYTES, "%s/%s", text_of(row, "kind"), text_of(row, "code")) >= KEY_BYTES)
        bench_fail("the key of a row is too long");
    date_t from = date_parse(bytes_of(text_of(row, "validFrom")));
    if (house->day == DATE_NONE || from > house->day)
        house->day = from;
}

static void apply(struct house *house, const json_t *row)
{
    Medhub__Event__V1__TableRow stored = MEDHUB__EVENT__V1__TABLE_ROW__INIT;
    struct bytes value = packed_item(house, json_object_get(row, "item"));
    struct fault fault = {0};
    struct buffer name;

    keep_key(house, row);
    stored.table = (char *)TABLE_CATALOGUE;
    stored.key = house->keys[house->count - 1];
    stored.region = (char *)text_of(row, "region");
    stored.valid_from = (char *)text_of(row, "validFrom");
    stored.valid_until = (char *)text_of(row, "validUntil");
    stored.version = 1;
    stored.value.data = (uint8_t *)value.data;
    stored.value.len = value.length;
    buffer_init(&name, 4 * KEY_BYTES);
    if (!tables_row_key(stored.table, stored.key, stored.region, date_parse(bytes_of(stored.valid_from)), &name))
        bench_fail("the key of a row is too long");
    bench_need(tables_apply(house->tables, buffer_bytes(&name), pack_message(&stored.base, house->arena), &fault), &fault);
    buffer_done(&name);
    arena_reset(house->arena);
}

/* As many rows in a commit as a follower takes at once. */
static void fill_tables(struct house *house)
{
    struct bytes left = buffer_bytes(&house->snapshot);
    struct fault fault = {0};
    size_t in_commit = 0;

    for (const uint8_t *end; (end = memchr(left.data, '\n', left.length)) != NULL;) {
        json_t *row = json_loadb((const char *)left.data, (size_t)(end - left.data), 0, NULL);
        left = bytes_from(end + 1, left.length - (size_t)(end + 1 - left.data));
        if (json_object_get(row, "item") != NULL) {
            if (in_commit++ == 0)
                bench_need(tables_begin(house->tables, &fault), &fault);
            apply(house, row);
        }
        json_decref(row);
        if (in_commit == ROWS_A_COMMIT || (in_commit > 0 && left.length == 0)) {
            bench_need(tables_commit(house->tables, &fault), &fault);
            in_commit = 0;
        }
    }
    if (house->count == 0)
        bench_fail("a snapshot without rows");
    house->day += DAYS_LATER;
    (void)date_format(house->day, house->day_text);
}

/* Who asks has the code in hand: the keys lie in the order of the questions, which is no order of codes. */
static void shuffle(struct house *house)
{
    uint64_t drawn = 1;

    for (size_t i = house->count - 1; i > 0; i--) {
        char kept[KEY_BYTES];
        drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t other = (size_t)(drawn >> 33) % (i + 1);
        memcpy(kept, house->keys[i], KEY_BYTES);
        memmove(house->keys[i], house->keys[other], KEY_BYTES);
        memcpy(house->keys[other], kept, KEY_BYTES);
    }
}

static const char *key_at(const struct house *house, int64_t turn)
{
    return house->keys[(size_t)turn % house->count];
}

static bool find_outwards(struct tables_reader *reader, const char *key, const char *region, date_t day)
{
    struct region searched = region_of(region);
    struct tables_row row;

    do {
        if (tables_find(reader, TABLE_CATALOGUE, key, searched.code, day, &row))
            return true;
    } while (region_widen(&searched));
    return false;
}

static double table_lookups(const struct house *house, const char *region, int64_t lookups)
{
    struct tables_reader *reader = NULL;
    struct fault fault = {0};
    int64_t found = 0;

    bench_need(tables_reader_open(house->tables, &reader, &fault), &fault);
    bench_need(tables_reader_renew(reader, &fault), &fault);
    double begun_s = thread_seconds();
    for (int64_t i = 0; i < lookups; i++)
        found += find_outwards(reader, key_at(house, i), region, house->day);
    double seconds = thread_seconds() - begun_s;
    tables_reader_close(reader);
    if (found != lookups)
        bench_fail("the tables have %lld of %lld rows", (long long)found, (long long)lookups);
    return (double)lookups / seconds;
}

/* What the file takes of the disk and of the page cache. */
static double file_megabytes(const char *directory)
{
    char path[4200];
    struct stat file;

    (void)snprintf(path, sizeof path, "%s/tables/data.mdb", directory);
    if (stat(path, &file) != 0)
        bench_fail("%s is not there", path);
    return (double)file.st_blocks * 512 / 1e6;
}

/* --- libmedhub's copy --- */

static double copy_lookups(const struct house *house, const char *options, int64_t lookups)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct medhub_options *read = medhub_options_new();
    struct medhub *hub = NULL;
    int64_t found = 0;

    if (medhub_options_read(read, options, &error) != MEDHUB_OK || medhub_open(read, &hub, &error) != MEDHUB_OK)
        bench_fail("libmedhub: %s", error.text_en);
    double begun_s = thread_seconds();
    for (int64_t i = 0; i < lookups; i++) {
        char table[KEY_BYTES], *json = NULL;
        const char *key = key_at(house, i), *slash = strchr(key, '/');
        memcpy(table, key, (size_t)(slash - key));
        table[slash - key] = '\0';
        found += medhub_catalogue_find(hub, table, slash + 1, CARE_REGION, house->day_text, &json, &error) == MEDHUB_OK;
        medhub_free(json);
    }
    double seconds = thread_seconds() - begun_s;
    medhub_close(hub);
    medhub_options_free(read);
    if (found != lookups)
        bench_fail("libmedhub found %lld of %lld rows: %s", (long long)found, (long long)lookups, error.text_en);
    return (double)lookups / seconds;
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    const struct store_settings how = {
        .directory = bench_option(options, "directory", "bench-catalogue"), .boot_id = "bench", .map_bytes = MAP_BYTES};
    const char *medhub_options = bench_option(options, "options", NULL);
    int64_t lookups = bench_number(options, "lookups", 1000000);
    struct house house = {.day = DATE_NONE, .arena = arena_new(ARENA_FIRST, ARENA_LIMIT)};
    struct fault fault = {0};
    bool empty = false;
    double ratio = 0;

    if (house.arena == NULL)
        bench_fail("no memory");
    read_snapshot(&house, bench_option(options, "snapshot", "catalogue.ndjson.gz"));
    double gzip = gzip_speed(buffer_bytes(&house.snapshot)), zstd = zstd_speed(buffer_bytes(&house.snapshot), &ratio);
    bench_need(tables_open(&how, &house.tables, &empty, &fault), &fault);
    fill_tables(&house);
    shuffle(&house);
    double rows = (double)house.count, megabytes = file_megabytes(how.directory);
    double nation = table_lookups(&house, REGION_NATION, lookups), county = table_lookups(&house, CARE_REGION, lookups);
    double copy = medhub_options == NULL ? 0 : copy_lookups(&house, medhub_options, lookups);
    printf("{\"rows\":%.0f,\"megabytes\":%.1f,\"gzip\":%.1f,\"zstd\":%.1f,\"zstd_ratio\":%.1f,\"table_megabytes\":%.1f,"
           "\"anonymous_megabytes\":%.1f,\"table_lookups\":%.0f,\"county_lookups\":%.0f,\"copy_lookups\":%.0f}\n",
           rows, (double)house.snapshot.length / 1e6, gzip, zstd, ratio, megabytes * 100000 / rows,
           (double)bench_anonymous_bytes() / 1e6, nation, county, copy);
    tables_close(house.tables);
    return 0; /* what else it holds goes with the process */
}
