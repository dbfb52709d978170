/* changelog.h: what is restored is what was written, whatever compaction took away. */
#include "fixture.h"

#include "state/changelog.h"
#include "state/dedupe.h"
#include "state/numbers.h"
#include "support/dump.h"

#include <stdio.h>

enum { RECORDS_MAX = 4000, BATCHES = 120, DUMP_MAX = 8 << 20 };

/* A changelog as it would lie in Kafka. */
struct log {
    struct log_record {
        struct buffer key, value;
        bool tombstone;
    } records[RECORDS_MAX];
    size_t count;
};

static void append(struct log *log, struct bytes key, struct bytes value)
{
    assert_true(log->count < RECORDS_MAX);
    struct log_record *to = &log->records[log->count++];

    buffer_init(&to->key, 1024);
    buffer_init(&to->value, 1 << 20);
    buffer_append_bytes(&to->key, key);
    buffer_append_bytes(&to->value, value);
    to->tombstone = value.data == NULL;
    assert_true(buffer_ok(&to->key) && buffer_ok(&to->value));
}

static struct bytes value_of(const struct log_record *record)
{
    /* An empty value is not a null one. */
    return record->tombstone ? BYTES_NONE
                             : bytes_from(record->value.length == 0 ? (const uint8_t *)"" : record->value.data,
                                          record->value.length);
}

static void free_log(struct log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        buffer_done(&log->records[i].key);
        buffer_done(&log->records[i].value);
    }
    free(log);
}

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Applies a record to the live store the way the hub does it, and logs it. */
static void write(struct fixture *fixture, struct log *log, struct bytes key, struct bytes value)
{
    struct checkpoint unused = {0};

    assert_int_equal(changelog_apply(fixture->store, &unused, key, value, &fixture->fault), STATUS_OK);
    append(log, key, value);
}

static void write_row(struct fixture *fixture, struct log *log, uint64_t *seed)
{
    char entity[8], name[8], value[40];
    struct row_key row;
    uint8_t key[STORE_KEY_BYTES_MAX + 1] = {CHANGELOG_ROW};

    (void)snprintf(entity, sizeof entity, "p%u", (unsigned)(random_next(seed) % 5));
    (void)snprintf(name, sizeof name, "r%u", (unsigned)(random_next(seed) % 6));
    bool version = random_next(seed) % 4 == 0;
    assert_true(row_key_make(&row, bytes_of(entity), version ? ROW_VERSION : ROW_STATE,
                             version ? BYTES_NONE : bytes_of(name)));
    memcpy(key + 1, row.data, row.length);
    memset(value, 0, sizeof value);
    put_le64((uint8_t *)value, random_next(seed));
    struct bytes content = bytes_from(value, version ? 8 : (size_t)(random_next(seed) % sizeof value));
    if (random_next(seed) % 5 == 0)
        content = BYTES_NONE;
    write(fixture, log, bytes_from(key, row.length + 1), content);
}

static void write_timer(struct fixture *fixture, struct log *log, uint64_t *seed)
{
    char entity[8], name[8];
    struct buffer key, value;
    uint8_t due[8];

    (void)snprintf(entity, sizeof entity, "p%u", (unsigned)(random_next(seed) % 5));
    (void)snprintf(name, sizeof name, "t%u", (unsigned)(random_next(seed) % 4));
    buffer_init(&key, 600);
    buffer_init(&value, 600);
    changelog_timer_key(bytes_of(entity), bytes_of(name), &key);
    put_be64(due, random_next(seed) % 50);
    buffer_append(&value, due, sizeof due);
    buffer_append_text(&value, random_next(seed) % 2 == 0 ? "medhub.a.timer" : "");
    write(fixture, log, buffer_bytes(&key), random_next(seed) % 3 == 0 ? BYTES_NONE : buffer_bytes(&value));
    buffer_done(&key);
    buffer_done(&value);
}

/* The entries of one batch, written as the hub writes them: entry by entry, then the segment. */
static void write_segment(struct fixture *fixture, struct log *log, uint64_t *seed, uint32_t batch)
{
    struct buffer key, segment;

    buffer_init(&key, 64);
    buffer_init(&segment, 10000);
    for (uint64_t i = random_next(seed) % 6; i > 0; i--) {
        struct dedupe_entry entry = {.outcome = 2, .fingerprint = i, .version = batch, .decided_ms = batch};
        char entity[8], id[8];
        uint8_t name[DEDUPE_NAME_BYTES];
        (void)snprintf(entity, sizeof entity, "p%u", (unsigned)(random_next(seed) % 3));
        (void)snprintf(id, sizeof id, "e%u", (unsigned)(random_next(seed) % 40));
        dedupe_name(bytes_of("H1"), bytes_of(id), name);
        assert_int_equal(dedupe_remember(fixture->store, bytes_of(entity), name, &entry, &segment, &fixture->fault),
                         STATUS_OK);
    }
    if (segment.length > 0) {
        changelog_segment_key(1000 + batch / 10 * 10, batch, &key); /* several a day, never out of order */
        struct bytes name = buffer_bytes(&key);
        assert_int_equal(store_put(fixture->store, STORE_SEGMENTS, bytes_from(name.data + 1, name.length - 1),
                                   buffer_bytes(&segment), &fixture->fault),
                         STATUS_OK);
        append(log, name, buffer_bytes(&segment));
    }
    buffer_done(&key);
    buffer_done(&segment);
}

static void forget_segments(struct fixture *fixture, struct log *log, int64_t now_ms)
{
    struct bytes segment;
    uint8_t key[13] = {CHANGELOG_DEDUPE};

    while (dedupe_expired(fixture->store, now_ms, &segment)) {
        assert_int_equal(segment.length, 12);
        memcpy(key + 1, segment.data, 12);
        write(fixture, log, bytes_from(key, sizeof key), BYTES_NONE);
    }
}

static struct log *random_work(struct fixture *fixture, uint64_t seed)
{
    struct log *log = calloc(1, sizeof *log);

    for (uint32_t batch = 0; batch < BATCHES; batch++) {
        for (uint64_t i = random_next(&seed) % 8; i > 0; i--)
            if (random_next(&seed) % 2 == 0)
                write_row(fixture, log, &seed);
            else
                write_timer(fixture, log, &seed);
        write_segment(fixture, log, &seed, batch);
        if (batch % 20 == 19)
            forget_segments(fixture, log, 1000 + batch - 40);
        assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
        assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    }
    return log;
}

static bool is_superseded(const struct log *log, size_t at, size_t upto)
{
    for (size_t i = at + 1; i < upto; i++)
        if (bytes_equal(buffer_bytes(&log->records[i].key), buffer_bytes(&log->records[at].key)))
            return true;
    return false;
}

/* DIRTY: nothing is dropped. Otherwise superseded records below UPTO are, at random or (ALL) every one, and tombstones
 * too if TOMBSTONES. */
enum compaction { DIRTY, SOME, ALL, ALL_AND_TOMBSTONES };

static void restore(struct store *store, const struct log *log, enum compaction compaction, size_t upto, uint64_t seed)
{
    struct checkpoint checkpoint = {0};

    for (size_t i = 0; i < log->count; i++) {
        const struct log_record *record = &log->records[i];
        bool old = i < upto && is_superseded(log, i, upto);
        if ((compaction == SOME && old && random_next(&seed) % 2 == 0) || (compaction >= ALL && old) ||
            (compaction == ALL_AND_TOMBSTONES && i < upto && record->tombstone))
            continue;
        assert_int_equal(changelog_apply(store, &checkpoint, buffer_bytes(&record->key), value_of(record), NULL),
                         STATUS_OK);
    }
}

static void restored_is_written_byte_for_byte(void **state)
{
    struct fixture *fixture = *state;
    struct buffer live, restored;

    buffer_init(&live, DUMP_MAX);
    buffer_init(&restored, DUMP_MAX);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct log *log = random_work(fixture, seed * UINT64_C(0x9e3779b97f4a7c15));
        dump_store(fixture->store, &live);
        for (int compaction = DIRTY; compaction <= ALL_AND_TOMBSTONES; compaction++)
            for (size_t upto = log->count / 2; upto <= log->count; upto += (log->count + 1) / 2) {
                struct store *other = NULL;
                bool empty = false;
                assert_int_equal(store_open(&fixture->settings, "other", &other, &empty, &fixture->fault), STATUS_OK);
                assert_int_equal(store_begin(other, &fixture->fault), STATUS_OK);
                restore(other, log, (enum compaction)compaction, upto, seed);
                buffer_clear(&restored);
                dump_store(other, &restored);
                if (!bytes_equal(buffer_bytes(&live), buffer_bytes(&restored)))
                    fail_msg("seed %d, compaction %d up to %zu of %zu", (int)seed, compaction, upto, log->count);
                store_close(other); /* aborts */
            }
        free_log(log);
        buffer_clear(&live);
        store_close(fixture->store);
        temp_folder_remove(fixture->folder);
        temp_folder_make(fixture->folder);
        assert_int_equal(open_store(fixture), STATUS_OK);
        assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    }
    buffer_done(&live);
    buffer_done(&restored);
}

/* A restore that was interrupted between applying and committing begins again where it was. */
static void applying_a_tail_twice_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct log *log = random_work(fixture, 99);
    struct checkpoint checkpoint = {0};
    struct buffer live, again;

    buffer_init(&live, DUMP_MAX);
    buffer_init(&again, DUMP_MAX);
    dump_store(fixture->store, &live);
    for (size_t i = 0; i < log->count; i++)
        assert_int_equal(changelog_apply(fixture->store, &checkpoint, buffer_bytes(&log->records[i].key),
                                         value_of(&log->records[i]), &fixture->fault),
                         STATUS_OK);
    dump_store(fixture->store, &again);
    assert_true(bytes_equal(buffer_bytes(&live), buffer_bytes(&again)));
    buffer_done(&live);
    buffer_done(&again);
    free_log(log);
}

static void input_offsets_come_back(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint written = {0}, read = {0};
    struct buffer value;

    checkpoint_input(&written, "medhub.inbox.a")->next_offset = 5;
    checkpoint_input(&written, "medhub.inbox.b")->next_offset = INT64_MAX;
    checkpoint_input(&written, "medhub.inbox.never");
    buffer_init(&value, 4096);
    changelog_encode_checkpoint(&written, &value);
    assert_int_equal(changelog_apply(fixture->store, &read, bytes_of("c"), buffer_bytes(&value), &fixture->fault),
                     STATUS_OK);
    assert_int_equal(checkpoint_input(&read, "medhub.inbox.a")->next_offset, 5);
    assert_int_equal(checkpoint_input(&read, "medhub.inbox.b")->next_offset, INT64_MAX);
    assert_int_equal(checkpoint_input(&read, "medhub.inbox.never")->next_offset, -1);
    assert_int_equal(read.input_count, 3);
    for (size_t length = 1; length < value.length; length++) {
        struct checkpoint cut = {0};
        uint8_t *exact = malloc(length);
        memcpy(exact, value.data, length);
        enum status status =
            changelog_apply(fixture->store, &cut, bytes_of("c"), bytes_from(exact, length), &fixture->fault);
        assert_int_equal(status, length % 23 == 0 && length <= 46 ? STATUS_OK : STATUS_REJECT);
        free(exact);
    }
    buffer_done(&value);
}

static void what_is_not_ours_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static char long_name[700];
    struct buffer many;
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[0] = 't';
    long_name[2] = '\0';
    buffer_init(&many, 4096);
    for (int i = 0; i < CHECKPOINT_INPUTS_MAX + 1; i++) {
        const uint8_t offset[8] = {0};
        buffer_append_byte(&many, 1);
        buffer_append_byte(&many, (uint8_t)('a' + i));
        buffer_append(&many, offset, sizeof offset);
    }
    const struct {
        struct bytes key, value;
    } rows[] = {
        {BYTES_NONE, bytes_of("x")},
        {bytes_of(""), bytes_of("x")},
        {bytes_of("x"), bytes_of("x")},
        {bytes_of("r"), bytes_of("x")},
        {bytes_of("rentity"), bytes_of("x")},
        {bytes_from("re\0", 3), bytes_of("x")},
        {bytes_from("re\0d0123456789abcdef", 20), bytes_of("x")}, /* only segments carry these */
        {bytes_from("re\0tname", 8), bytes_of("12345678")},
        {bytes_from("re\0v", 4), bytes_of("1234567")}, /* a version is 8 bytes */
        {bytes_from("re\0v", 4), bytes_of("")},
        {bytes_of("tentity"), bytes_of("12345678")},
        {bytes_from("te\0n", 4), bytes_of("1234567")},
        {bytes_from("te\0n", 4), bytes_of("\x80xxxxxxxtype")}, /* before 1970 */
        {bytes_from(long_name, 600), bytes_of("12345678")},
        {bytes_from(long_name, 600), BYTES_NONE},
        {bytes_from("te\0n", 4), bytes_from(long_name, 8 + 256)},
        {bytes_of("d"), bytes_of("")},
        {bytes_of("d12345678901"), BYTES_NONE},
        {bytes_of("d1234567890123"), BYTES_NONE},
        {bytes_of("d123456789012"), bytes_of("x")},
        {bytes_of("c"), buffer_bytes(&many)},
        {bytes_of("c"), bytes_of("\xff")},
    };
    struct buffer before, after;

    buffer_init(&before, DUMP_MAX);
    buffer_init(&after, DUMP_MAX);
    dump_store(fixture->store, &before);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct checkpoint checkpoint = {0};
        fault_clear(&fixture->fault);
        if (changelog_apply(fixture->store, &checkpoint, rows[i].key, rows[i].value, &fixture->fault) != STATUS_REJECT)
            fail_msg("row %zu is accepted", i);
        assert_int_equal(strncmp(fixture->fault.code, "changelog.", 10) == 0 ||
                             strncmp(fixture->fault.code, "timer.", 6) == 0,
                         true);
    }
    dump_store(fixture->store, &after);
    assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    buffer_done(&before);
    buffer_done(&after);
    buffer_done(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(restored_is_written_byte_for_byte, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(applying_a_tail_twice_changes_nothing, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(input_offsets_come_back, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_ours_is_refused, set_up_begun, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
