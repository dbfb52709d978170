/* dedupe.h: what was decided is remembered as long as it must be, and no longer. */
#include "fixture.h"

#include "state/dedupe.h"
#include "support/dump.h"

#include <stdio.h>

enum { SEGMENT_MAX = 100000 };

static struct bytes segment_key(uint8_t key[12], uint64_t expires_ms, uint8_t number)
{
    for (int i = 0; i < 8; i++)
        key[i] = (uint8_t)(expires_ms >> (56 - 8 * i));
    key[8] = key[9] = key[10] = 0;
    key[11] = number;
    return bytes_from(key, 12);
}

static struct dedupe_entry entry_of(uint8_t outcome, uint64_t version, const char *code)
{
    struct dedupe_entry entry = {.outcome = outcome, .fingerprint = 77, .version = version, .decided_ms = 1234};

    (void)snprintf(entry.code, sizeof entry.code, "%s", code);
    return entry;
}

static void remember(struct fixture *fixture, const char *entity, const char *id, struct dedupe_entry entry,
                     struct buffer *segment)
{
    uint8_t name[DEDUPE_NAME_BYTES];

    dedupe_name(bytes_of("H1"), bytes_of(id), name);
    assert_int_equal(dedupe_remember(fixture->store, bytes_of(entity), name, &entry, segment, &fixture->fault),
                     STATUS_OK);
}

static bool find(struct fixture *fixture, const char *entity, const char *id, struct dedupe_entry *entry)
{
    uint8_t name[DEDUPE_NAME_BYTES];

    dedupe_name(bytes_of("H1"), bytes_of(id), name);
    return dedupe_find(fixture->store, bytes_of(entity), name, entry);
}

static enum status apply(struct fixture *fixture, uint64_t expires_ms, uint8_t number, struct bytes value)
{
    uint8_t key[12];
    return dedupe_apply_segment(fixture->store, segment_key(key, expires_ms, number), value, &fixture->fault);
}

static void what_is_remembered_is_found_for_its_entity_only(void **state)
{
    struct fixture *fixture = *state;
    struct buffer segment;
    struct dedupe_entry found;

    buffer_init(&segment, SEGMENT_MAX);
    assert_false(find(fixture, "p", "1", &found));
    remember(fixture, "p", "1", entry_of(2, 9, "field.required"), &segment);
    assert_true(find(fixture, "p", "1", &found));
    assert_int_equal(found.outcome, 2);
    assert_int_equal(found.version, 9);
    assert_int_equal(found.fingerprint, 77);
    assert_int_equal(found.decided_ms, 1234);
    assert_string_equal(found.code, "field.required");
    assert_false(find(fixture, "q", "1", &found));
    assert_false(find(fixture, "p", "2", &found));
    buffer_done(&segment);
}

static void a_name_tells_source_and_id_apart(void **state)
{
    uint8_t first[DEDUPE_NAME_BYTES], second[DEDUPE_NAME_BYTES];
    (void)state;

    dedupe_name(bytes_of("ab"), bytes_of("c"), first);
    dedupe_name(bytes_of("a"), bytes_of("bc"), second);
    assert_memory_not_equal(first, second, sizeof first);
    dedupe_name(bytes_of("ab"), bytes_of("c"), second);
    assert_memory_equal(first, second, sizeof first);
    dedupe_name(bytes_of("c"), bytes_of("ab"), second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void the_longest_code_is_kept_and_a_longer_one_cut(void **state)
{
    struct fixture *fixture = *state;
    struct dedupe_entry entry = entry_of(2, 0, ""), found;
    struct buffer segment;

    memset(entry.code, 'c', sizeof entry.code); /* not even ended */
    buffer_init(&segment, SEGMENT_MAX);
    remember(fixture, "p", "1", entry, &segment);
    assert_true(find(fixture, "p", "1", &found));
    assert_int_equal(strlen(found.code), DEDUPE_CODE_BYTES - 1);
    assert_int_equal(apply(fixture, 1000, 0, buffer_bytes(&segment)), STATUS_OK);
    buffer_done(&segment);
}

static void a_segment_that_was_restored_equals_what_was_written(void **state)
{
    struct fixture *fixture = *state;
    struct buffer segment, live, restored;

    buffer_init(&segment, SEGMENT_MAX);
    buffer_init(&live, SEGMENT_MAX);
    buffer_init(&restored, SEGMENT_MAX);
    for (int i = 0; i < 100; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        remember(fixture, i % 3 == 0 ? "p" : "", id, entry_of((uint8_t)(i % 4), (uint64_t)i, i % 5 == 0 ? "" : "c"),
                 &segment);
    }
    uint8_t key[12];
    assert_int_equal(store_put(fixture->store, STORE_SEGMENTS, segment_key(key, 1000, 1), buffer_bytes(&segment),
                               &fixture->fault),
                     STATUS_OK);
    dump_store(fixture->store, &live);
    store_abort(fixture->store);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    assert_int_equal(apply(fixture, 1000, 1, buffer_bytes(&segment)), STATUS_OK);
    dump_store(fixture->store, &restored);
    assert_true(bytes_equal(buffer_bytes(&live), buffer_bytes(&restored)));
    buffer_done(&segment);
    buffer_done(&live);
    buffer_done(&restored);
}

static void a_segment_expires_as_a_whole_and_the_earliest_first(void **state)
{
    struct fixture *fixture = *state;
    struct buffer first, second;
    struct bytes key;
    struct dedupe_entry found;
    uint8_t copy[12];

    buffer_init(&first, SEGMENT_MAX);
    buffer_init(&second, SEGMENT_MAX);
    remember(fixture, "p", "1", entry_of(1, 1, ""), &first);
    remember(fixture, "q", "2", entry_of(1, 1, ""), &first);
    remember(fixture, "p", "3", entry_of(1, 2, ""), &second);
    assert_false(dedupe_expired(fixture->store, INT64_MAX, &key));
    assert_int_equal(apply(fixture, 2000, 0, buffer_bytes(&second)), STATUS_OK);
    assert_int_equal(apply(fixture, 1000, 0, buffer_bytes(&first)), STATUS_OK);

    assert_false(dedupe_expired(fixture->store, 999, &key));
    assert_true(dedupe_expired(fixture->store, 1000, &key));
    assert_int_equal(dedupe_segment_expires_ms(key), 1000);
    memcpy(copy, key.data, sizeof copy);
    assert_int_equal(dedupe_apply_segment(fixture->store, bytes_from(copy, sizeof copy), BYTES_NONE, &fixture->fault),
                     STATUS_OK);
    assert_false(find(fixture, "p", "1", &found) || find(fixture, "q", "2", &found));
    assert_true(find(fixture, "p", "3", &found));
    assert_false(dedupe_expired(fixture->store, 1999, &key));
    /* A tombstone for what is gone already, as a restore may meet it. */
    assert_int_equal(apply(fixture, 1000, 0, BYTES_NONE), STATUS_OK);
    buffer_done(&first);
    buffer_done(&second);
}

static void an_event_decided_anew_outlives_its_first_decision(void **state)
{
    struct fixture *fixture = *state;
    struct buffer first, second;
    struct dedupe_entry found;

    buffer_init(&first, SEGMENT_MAX);
    buffer_init(&second, SEGMENT_MAX);
    remember(fixture, "p", "1", entry_of(2, 0, "refused"), &first);
    assert_int_equal(apply(fixture, 1000, 0, buffer_bytes(&first)), STATUS_OK);
    remember(fixture, "p", "1", entry_of(1, 5, ""), &second);
    assert_int_equal(apply(fixture, 2000, 0, buffer_bytes(&second)), STATUS_OK);
    assert_int_equal(apply(fixture, 1000, 0, BYTES_NONE), STATUS_OK);
    assert_true(find(fixture, "p", "1", &found));
    assert_int_equal(found.version, 5);
    assert_int_equal(apply(fixture, 2000, 0, BYTES_NONE), STATUS_OK);
    assert_false(find(fixture, "p", "1", &found));
    buffer_done(&first);
    buffer_done(&second);
}

static void malformed_segments_are_refused_at_every_length(void **state)
{
    struct fixture *fixture = *state;
    struct buffer segment;

    buffer_init(&segment, SEGMENT_MAX);
    remember(fixture, "person", "1", entry_of(2, 3, "code"), &segment);
    size_t one = segment.length;
    remember(fixture, "person", "2", entry_of(2, 3, "code"), &segment);
    for (size_t length = 1; length < segment.length; length++) {
        uint8_t *exact = malloc(length); /* a read past the end is seen by the sanitizer */
        memcpy(exact, segment.data, length);
        assert_int_equal(apply(fixture, 1000, 0, bytes_from(exact, length)),
                         length == one ? STATUS_OK : STATUS_REJECT);
        free(exact);
    }
    segment.data[0] = 0x01; /* an entity of 256 bytes and more */
    assert_int_equal(apply(fixture, 1000, 0, buffer_bytes(&segment)), STATUS_REJECT);
    segment.data[0] = 0x00;
    segment.data[2] = '\0'; /* a NUL in the entity */
    assert_int_equal(apply(fixture, 1000, 0, buffer_bytes(&segment)), STATUS_REJECT);
    buffer_done(&segment);
}

struct seen {
    size_t count, limit;
    char entities[4][16];
    uint64_t versions[4];
};

static bool note_entry(struct bytes entity, struct bytes name, const struct dedupe_entry *entry, void *context)
{
    struct seen *seen = context;

    assert_int_equal(name.length, DEDUPE_NAME_BYTES);
    memcpy(seen->entities[seen->count], entity.data, entity.length);
    seen->versions[seen->count++] = entry->version;
    return seen->count < seen->limit;
}

static void the_entries_of_a_segment_can_be_looked_at_without_a_store(void **state)
{
    struct fixture *fixture = *state;
    struct seen all = {.limit = 4}, first = {.limit = 1}, none = {.limit = 4};
    struct buffer segment;

    buffer_init(&segment, SEGMENT_MAX);
    remember(fixture, "person", "1", entry_of(1, 3, ""), &segment);
    remember(fixture, "other", "2", entry_of(2, 4, "code"), &segment);
    assert_true(dedupe_each_entry(buffer_bytes(&segment), note_entry, &all));
    assert_int_equal(all.count, 2);
    assert_string_equal(all.entities[0], "person");
    assert_string_equal(all.entities[1], "other");
    assert_true(dedupe_each_entry(buffer_bytes(&segment), note_entry, &first));
    assert_int_equal(first.count, 1);
    assert_false(dedupe_each_entry(bytes_from(segment.data, segment.length - 1), note_entry, &none));
    assert_true(dedupe_each_entry(BYTES_NONE, note_entry, &none));
    buffer_done(&segment);
}

static void an_entity_that_is_too_long_is_refused_and_a_full_segment_stops(void **state)
{
    struct fixture *fixture = *state;
    static char entity[ENTITY_BYTES_MAX + 1];
    const struct dedupe_entry entry = entry_of(1, 1, "");
    uint8_t name[DEDUPE_NAME_BYTES] = {0};
    struct buffer segment;

    memset(entity, 'e', sizeof entity);
    buffer_init(&segment, 64);
    assert_int_equal(dedupe_remember(fixture->store, bytes_from(entity, sizeof entity), name, &entry, &segment,
                                     &fixture->fault),
                     STATUS_REJECT);
    assert_int_equal(dedupe_remember(fixture->store, bytes_of("p"), name, &entry, &segment, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(dedupe_remember(fixture->store, bytes_of("p"), name, &entry, &segment, &fixture->fault),
                     STATUS_FATAL);
    buffer_done(&segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_remembered_is_found_for_its_entity_only, set_up_begun, tear_down),
        cmocka_unit_test(a_name_tells_source_and_id_apart),
        cmocka_unit_test_setup_teardown(the_longest_code_is_kept_and_a_longer_one_cut, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(a_segment_that_was_restored_equals_what_was_written, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(a_segment_expires_as_a_whole_and_the_earliest_first, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(an_event_decided_anew_outlives_its_first_decision, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(malformed_segments_are_refused_at_every_length, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(the_entries_of_a_segment_can_be_looked_at_without_a_store, set_up_begun,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_entity_that_is_too_long_is_refused_and_a_full_segment_stops, set_up_begun,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
