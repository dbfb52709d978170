/* bench_items: how many bytes of keyed state an item takes.
 *
 *     bench_items --directory D [--chains 2000] [--data FOLDER]
 *
 * Decides the chains of `medhub gen --what chains` (real identifiers in their real packs) with the domain's own decisions, rules
 * left out, against an LMDB store, and sums what lies there in the end: key and value of the latest of each row, which is what a
 * compacted changelog holds. The rows of an item are its own and the one in its pack. Items that lie in a pack (shipped in it and
 * never received) and items that were settled are told by themselves. Prints one JSON object. */
#include "bench.h"

#include "base/log.h"
#include "domain/rule.h"
#include "domain/trace.h"
#include "ops/gen/gen.h"
#include "state/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_FIRST = 1 << 20, SAID_MAX = 4096, NAME_BYTES = 256 };
#define ARENA_LIMIT ((size_t)256 << 20)
#define MAP_BYTES   ((size_t)4 << 30)

/* Something to decide: what a chain says, what the hub tells itself, or a timer (no message). */
struct said {
    char type[64], key[64], source[64], id[NAME_BYTES], subject[NAME_BYTES];
    const ProtobufCMessageDescriptor *descriptor;
    size_t length;
    uint8_t *bytes;
};

struct house {
    struct store *store;
    struct arena *arena;
    struct calendar *calendar;
    struct said waiting[SAID_MAX]; /* in the order in which they were said */
    size_t first, count;
    int64_t now_ms, decided;
    struct fault fault;
};

/* --- the world as a decision sees it --- */

static struct bytes read_state(void *self, const char *name)
{
    struct house *house = self;
    struct row_key key;
    if (!row_key_make(&key, bytes_of(house->waiting[house->first].key), ROW_STATE, bytes_of(name)))
        bench_fail("a row key is too long");
    struct bytes row = store_get(house->store, STORE_ROWS, row_key_bytes(&key));
    return row.data == NULL ? BYTES_NONE : arena_bytes(house->arena, row);
}

static void scan_state(void *self, const char *prefix, const char *after,
                       bool (*each)(struct bytes name, struct bytes value, void *context), void *context)
{
    struct house *house = self;
    rows_each_after(house->store, bytes_of(house->waiting[house->first].key), ROW_STATE, bytes_of(prefix), bytes_of(after), each,
                    context);
}

static bool no_table(void *self, const char *table, const char *key, const char *region, date_t date, struct table_row *row)
{
    (void)self, (void)table, (void)key, (void)region, (void)date, (void)row;
    return false;
}

static const struct view_operations operations = {.state = read_state, .scan = scan_state, .table = no_table};

/* --- deciding --- */

static void wait(struct house *house, const char *type, const char *key, const char *source, const char *id, const char *subject,
                 const ProtobufCMessage *message)
{
    if (house->count == SAID_MAX)
        bench_fail("more than %d things to decide", SAID_MAX);
    struct said *said = &house->waiting[(house->first + house->count++) % SAID_MAX];
    (void)snprintf(said->type, sizeof said->type, "%s", type);
    (void)snprintf(said->key, sizeof said->key, "%s", key);
    (void)snprintf(said->source, sizeof said->source, "%s", source);
    (void)snprintf(said->id, sizeof said->id, "%s", id);
    (void)snprintf(said->subject, sizeof said->subject, "%s", subject);
    said->descriptor = message == NULL ? NULL : message->descriptor;
    said->length = message == NULL ? 0 : protobuf_c_message_get_packed_size(message);
    said->bytes = malloc(said->length + 1);
    if (said->bytes == NULL)
        bench_fail("no memory");
    if (message != NULL)
        (void)protobuf_c_message_pack(message, said->bytes);
}

static void write_rows(struct house *house, const struct said *said, const struct decision *decision)
{
    for (size_t i = 0; i < decision->write_count; i++) {
        const struct decided_write *write = &decision->writes[i];
        struct row_key key;
        if (!row_key_make(&key, bytes_of(said->key), ROW_STATE, bytes_of(write->name)))
            bench_fail("a row key is too long");
        if (write->message == NULL) {
            bench_need(store_delete(house->store, STORE_ROWS, row_key_bytes(&key), &house->fault), &house->fault);
            continue;
        }
        size_t length = protobuf_c_message_get_packed_size(write->message);
        uint8_t *value = arena_take(house->arena, length + 1);
        (void)protobuf_c_message_pack(write->message, value);
        bench_need(store_put(house->store, STORE_ROWS, row_key_bytes(&key), bytes_from(value, length), &house->fault), &house->fault);
    }
}

static void take_on(struct house *house, const struct said *said, const struct decision *decision)
{
    if (decision->failed)
        bench_fail("%s of %s was too complex", said->type, said->key);
    write_rows(house, said, decision);
    for (size_t i = 0; i < decision->submission_count; i++) {
        const struct decided_submission *more = &decision->submissions[i];
        char id[NAME_BYTES];
        (void)snprintf(id, sizeof id, "%.150s/%.90s", said->id, more->suffix);
        wait(house, more->type, more->key, "medhub", id, "", more->message);
    }
    for (size_t i = 0; i < decision->timer_count; i++)
        wait(house, decision->timers[i].type, said->key, "", "timer", decision->timers[i].name, NULL);
}

static void decide(struct house *house, struct said *said)
{
    const struct handler *handler = handler_find(domains_all, said->type, &(const struct domain *){NULL});
    struct event event = {.arena = house->arena, .key = bytes_of(said->key), .value = bytes_from(said->bytes, said->length)};
    struct decision decision;
    struct view view;
    if (handler == NULL)
        bench_fail("nobody decides %s", said->type);
    event.attributes = (struct event_attributes){said->id, said->source, said->type, said->subject, "", "", "", ""};
    findings_init(&event.findings, house->arena);
    decision_init(&decision, house->arena, &event);
    event.decision = &decision;
    view_init(&view, &operations, house, house->arena, said->key, house->now_ms, house->calendar);
    if (said->descriptor == NULL) {
        handler->fire(&view, &event, &decision);
    } else {
        event.message = protobuf_c_message_unpack(said->descriptor, NULL, said->length, said->bytes);
        void *prepared = event.message == NULL ? NULL : handler->prepare(&view, &event);
        if (prepared == NULL)
            bench_fail("%s of %s does not unpack", said->type, said->key);
        handler->decide(&view, &event, prepared, &decision);
    }
    take_on(house, said, &decision);
    if (event.message != NULL)
        protobuf_c_message_free_unpacked(event.message, NULL);
}

/* What a chain says, and all that follows from it. */
static void take(void *self, const char *source, const char *id, int64_t time_ms, const ProtobufCMessage *message)
{
    struct house *house = self;
    house->now_ms = time_ms;
    wait(house, ITEM_SCANNED_TYPE, ((const ItemScanned *)message)->product, source, id, "", message);
    for (; house->count > 0; house->decided++) {
        struct said *said = &house->waiting[house->first];
        arena_reset(house->arena);
        decide(house, said);
        free(said->bytes);
        house->first = (house->first + 1) % SAID_MAX;
        house->count--;
    }
}

/* --- what lies there --- */

struct standing {
    bool is_pack, is_settled, lies_in_a_pack;
};

static struct standing standing_of(struct bytes value)
{
    ProtobufCMessage *row = protobuf_c_message_unpack(SCANNED_ITEM_STATE, NULL, value.length, value.data);
    const ScannedItemState *item = (const ScannedItemState *)row;
    if (row == NULL)
        bench_fail("an item's row does not unpack");
    struct standing standing = {item->filled > 0, item->settled > item->unsettled,
                                item->filled == 0 && is_given(item->parent_serial)};
    protobuf_c_message_free_unpacked(row, NULL);
    return standing;
}

struct sums {
    struct house *house;
    int64_t items, item_bytes, packed, packed_bytes, settled, settled_bytes, packs, pack_bytes, lots, lot_bytes;
};

/* Bytes of a row of an item. */
static void add_bytes(struct sums *sums, const struct standing *standing, int64_t bytes)
{
    sums->item_bytes += bytes;
    sums->packed_bytes += standing->lies_in_a_pack ? bytes : 0;
    sums->settled_bytes += standing->is_settled ? bytes : 0;
}

/* "in/PACK/PRODUCT/s/SERIAL": the item that the row is of. Its pack's product and serials have no slash here. */
static void add_content(struct sums *sums, const char *name, int64_t bytes)
{
    char product[64], serial[128];
    struct row_key key;
    if (sscanf(name, "%*[a-z]/%*[^/]/%63[^/]/s/%127s", product, serial) != 2)
        return;
    char row[NAME_BYTES];
    (void)snprintf(row, sizeof row, "serial/%s", serial);
    if (!row_key_make(&key, bytes_of(product), ROW_STATE, bytes_of(row)))
        bench_fail("a row key is too long");
    struct bytes value = store_get(sums->house->store, STORE_ROWS, row_key_bytes(&key));
    struct standing standing = value.data == NULL ? (struct standing){.is_pack = true} : standing_of(value);
    if (!standing.is_pack) /* a pack in a larger one is none */
        add_bytes(sums, &standing, bytes);
}

static void add_row(struct sums *sums, const char *name, struct bytes value, int64_t bytes)
{
    if (strncmp(name, "held/", 5) == 0) {
        sums->lots++;
        sums->lot_bytes += bytes;
    } else if (strncmp(name, "in/", 3) == 0 || strncmp(name, "out/", 4) == 0) {
        add_content(sums, name, bytes);
    } else if (strncmp(name, "serial/", 7) == 0) {
        struct standing standing = standing_of(value);
        if (standing.is_pack) {
            sums->packs++;
            sums->pack_bytes += bytes;
            return;
        }
        sums->items++;
        sums->packed += standing.lies_in_a_pack;
        sums->settled += standing.is_settled;
        add_bytes(sums, &standing, bytes);
    }
}

static void sum_up(struct sums *sums)
{
    struct bytes from = BYTES_NONE, key, value;
    uint8_t last[STORE_KEY_BYTES_MAX + 1];
    for (from = bytes_of(""); store_seek(sums->house->store, STORE_ROWS, from, &key, &value);) {
        struct bytes entity, name;
        enum row_kind kind;
        memcpy(last, key.data, key.length);
        last[key.length] = 0; /* the next key is not before this */
        size_t length = key.length;
        arena_reset(sums->house->arena);
        if (row_key_split(key, &entity, &kind, &name) && kind == ROW_STATE)
            add_row(sums, arena_text(sums->house->arena, name), arena_bytes(sums->house->arena, value),
                    (int64_t)(key.length + value.length));
        from = bytes_from(last, length + 1);
    }
}

static double mean(int64_t bytes, int64_t count)
{
    return count == 0 ? 0 : (double)bytes / (double)count;
}

static void decide_chains(struct house *house, const char *folder, int64_t chains)
{
    struct arena *arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
    struct world world;
    struct items items;
    struct gen_state state = {0};
    bench_need(world_read(folder, arena, &world, &house->fault), &house->fault);
    bench_need(items_read(folder, arena, &items, &house->fault), &house->fault);
    struct gen gen = {.world = &world, .seed = 1, .day = date_from_civil(2026, 6, 1), .run = "260601001", .items = &items,
                      .arena = arena_new(ARENA_FIRST, ARENA_LIMIT), .take = take, .self = house};
    for (int64_t i = 0; i < chains; i++)
        gen_chain(&gen, &state, i);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    const struct store_settings how = {
        .directory = bench_option(options, "directory", "bench-items"), .boot_id = "bench", .map_bytes = MAP_BYTES};
    static struct house house;
    struct sums sums = {.house = &house};
    bool empty = false;

    log_set_level(LOG_LEVEL_WARN);
    house.arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
    house.calendar = calendar_new();
    bench_need(store_open(&how, "items", &house.store, &empty, &house.fault), &house.fault);
    if (!empty || house.arena == NULL || house.calendar == NULL)
        bench_fail("%s is not empty", how.directory);
    bench_need(store_begin(house.store, &house.fault), &house.fault);
    decide_chains(&house, bench_option(options, "data", "ops/data"), bench_number(options, "chains", 2000));
    sum_up(&sums);
    printf("{\"decided\":%" PRId64 ",\"items\":%" PRId64 ",\"bytes_an_item\":%.1f,\"packed\":%" PRId64
           ",\"bytes_a_packed_item\":%.1f,\"settled\":%" PRId64 ",\"bytes_a_settled_item\":%.1f,\"packs\":%" PRId64
           ",\"bytes_a_pack\":%.1f,\"lots\":%" PRId64 ",\"bytes_a_lot\":%.1f}\n",
           house.decided, sums.items, mean(sums.item_bytes, sums.items), sums.packed, mean(sums.packed_bytes, sums.packed),
           sums.settled, mean(sums.settled_bytes, sums.settled), sums.packs, mean(sums.pack_bytes, sums.packs), sums.lots,
           mean(sums.lot_bytes, sums.lots));
    store_abort(house.store);
    store_close(house.store);
    return 0;
}
