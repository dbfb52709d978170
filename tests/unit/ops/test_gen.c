// links: medhub_event medhub_domain medhub_code dep::jansson
/* gen: the events are what the shipped data and the rules say, and the same for the same seed. */
#include "ops/gen/gen.h"

#include "code/code.h"
#include "event/check.h"
#include "event/cloudevent.h"
#include "event/unpack.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA "ops/data"
enum { LINES_MAX = 8000, YEAR = 2026 };

struct fixture {
    struct arena *arena, *event_arena;
    struct world world;
    struct gen gen;
    struct gen_state state;
    char *lines[LINES_MAX];
    size_t line_count;
};

static void take_line(void *self, struct bytes line)
{
    struct fixture *fixture = self;

    assert_true(fixture->line_count < LINES_MAX);
    if (line.length > 0)
        fixture->lines[fixture->line_count++] = strndup((const char *)line.data, line.length);
}

static void begin(struct fixture *fixture, uint64_t seed, int64_t count, int64_t wrong, int64_t repeat)
{
    fixture->state = (struct gen_state){0};
    fixture->gen = (struct gen){
        .world = &fixture->world,
        .seed = seed,
        .day = date_from_civil(YEAR, 3, 2),
        .count = count,
        .wrong_percent = wrong,
        .repeat_percent = repeat,
        .run = "260302001",
        .arena = fixture->event_arena,
        .write = take_line,
        .self = fixture,
    };
}

static void end(struct fixture *fixture)
{
    for (size_t i = 0; i < REMEMBERED_MAX; i++)
        free(fixture->gen.remembered[i]);
    for (size_t i = 0; i < fixture->line_count; i++)
        free(fixture->lines[i]);
    fixture->line_count = 0;
    fixture->gen.remembered_count = 0;
    memset(fixture->gen.remembered, 0, sizeof fixture->gen.remembered);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct fault fault = {0};

    fixture->arena = arena_new(1 << 20, 256 << 20);
    fixture->event_arena = arena_new(1 << 20, 64 << 20);
    if (world_read(DATA, fixture->arena, &fixture->world, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    end(fixture);
    arena_free(fixture->event_arena);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void generate_load(struct fixture *fixture, uint64_t seed, int64_t count, int64_t wrong,
                          int64_t repeat)
{
    begin(fixture, seed, count, wrong, repeat);
    for (int64_t number = 0; number < count; number++) {
        gen_prescription(&fixture->gen, &fixture->state, number);
        gen_scan(&fixture->gen, &fixture->state, number);
        gen_settlement(&fixture->gen, &fixture->state, number);
    }
    assert_false(fixture->gen.failed);
}

static json_t *read_line(const struct fixture *fixture, size_t number)
{
    json_t *line = json_loads(fixture->lines[number], 0, NULL);
    assert_non_null(line);
    return line;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static bool is_accepted(const json_t *line)
{
    return strcmp(text_of(line, "expect"), "accepted") == 0;
}

/* ---- the catalogue ---- */

/* "CHANGE CODE" of every change, sorted. */
static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static size_t changes_of_lines(struct fixture *fixture, char **changes)
{
    size_t count = 0, index = 0;
    json_t *change = NULL;

    for (size_t i = 0; i < fixture->line_count; i++) {
        json_t *line = read_line(fixture, i), *data = json_object_get(line, "data");
        json_array_foreach(json_object_get(data, "changes"), index, change)
        {
            changes[count++] =
                arena_format(fixture->arena, "%s %s", json_string_value(change) + strlen("CHANGE_"),
                             text_of(json_object_get(data, "item"), "code"));
        }
        json_decref(line);
    }
    qsort(changes, count, sizeof *changes, by_text);
    return count;
}

static size_t known_changes(struct fixture *fixture, char **changes)
{
    static const char *const columns[] = {"change", "code", NULL};
    struct data_table table;
    struct fault fault;

    assert_int_equal(table_read(DATA, "nrdl_diff_2024_2025.csv", columns, fixture->arena, &table, &fault),
                     STATUS_OK);
    for (size_t i = 0; i < table.row_count; i++) {
        const char *change = table_cell(&table, i, 0);
        changes[i] =
            arena_format(fixture->arena, "%s %s",
                         strcmp(change, "PAY_STD_CHANGED") == 0 ? "PAYMENT_STANDARD_CHANGED" : change,
                         table_cell(&table, i, 1));
    }
    qsort(changes, table.row_count, sizeof *changes, by_text);
    return table.row_count;
}

static void the_differences_between_the_editions_are_the_known_ones(void **state)
{
    struct fixture *fixture = *state;
    static char *said[LINES_MAX], *known[LINES_MAX];

    begin(fixture, 1, 0, 0, 0);
    gen_catalogue(&fixture->gen, EDITION_2025);
    size_t known_count = known_changes(fixture, known);
    assert_int_equal(known_count, 123 + 34 + 59 + 66 + 76 + 236 + 11);
    assert_int_equal(changes_of_lines(fixture, said), known_count);
    for (size_t i = 0; i < known_count; i++)
        assert_string_equal(said[i], known[i]);
}

static void a_release_counts_its_changes(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture, 1, 0, 0, 0);
    gen_release(&fixture->gen, EDITION_2024);
    json_t *line = read_line(fixture, 0), *data = json_object_get(line, "data");
    assert_string_equal(text_of(data, "itemCount"), "3826");
    assert_string_equal(text_of(json_array_get(json_object_get(data, "counts"), 0), "change"),
                        "CHANGE_ADDED");
    assert_string_equal(text_of(json_array_get(json_object_get(data, "counts"), 0), "count"), "3826");
    assert_string_not_equal(text_of(data, "digest"), "");
    json_decref(line);
}

/* ---- the load ---- */

static void the_same_seed_gives_the_same_events(void **state)
{
    struct fixture *fixture = *state;

    generate_load(fixture, 7, 40, 20, 10);
    size_t count = fixture->line_count;
    char **first = calloc(count, sizeof *first);
    for (size_t i = 0; i < count; i++)
        first[i] = strdup(fixture->lines[i]);
    end(fixture);

    generate_load(fixture, 7, 40, 20, 10);
    assert_int_equal(fixture->line_count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(fixture->lines[i], first[i]);
    end(fixture);

    generate_load(fixture, 8, 40, 20, 10);
    assert_string_not_equal(fixture->lines[0], first[0]);
    for (size_t i = 0; i < count; i++)
        free(first[i]);
    free(first);
}

static void what_is_right_passes_the_checks_of_its_fields(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = arena_new(1 << 20, 64 << 20);

    generate_load(fixture, 3, 150, 0, 0);
    gen_organisations(&fixture->gen);
    gen_devices(&fixture->gen);
    gen_catalogue(&fixture->gen, EDITION_2025);
    for (size_t i = 0; i < fixture->line_count; i++) {
        struct cloudevent event;
        struct findings findings;
        ProtobufCMessage *message = NULL;
        struct fault fault = {0};
        arena_reset(arena);
        findings_init(&findings, arena);
        assert_int_equal(cloudevent_parse(bytes_of(fixture->lines[i]), arena, &event, &fault), STATUS_OK);
        assert_int_equal(unpack_message(event.facts, event.data, arena, &message, &fault), STATUS_OK);
        check_message(event.facts, message, &findings);
        if (findings.count > 0)
            fail_msg("%s: %s %s", event.attributes.id, findings.items[0].code, findings.items[0].path);
    }
    arena_free(arena);
}

/* Nineteen in twenty of the devices that are scanned: the others are what TR-006 finds. */
static void most_devices_are_registered_each_once_by_a_maker(void **state)
{
    struct fixture *fixture = *state;
    json_t *seen = json_object();

    begin(fixture, 3, 0, 0, 0);
    gen_devices(&fixture->gen);
    for (size_t i = 0; i < fixture->line_count; i++) {
        json_t *line = read_line(fixture, i), *data = json_object_get(line, "data");
        assert_null(json_object_get(seen, text_of(data, "product")));
        (void)json_object_set_new(seen, text_of(data, "product"), json_true());
        assert_int_equal(text_of(line, "source")[0], 'M');
        assert_string_equal(text_of(line, "source"), text_of(json_object_get(data, "device"), "registrant"));
        json_decref(line);
    }
    assert_int_equal(fixture->line_count, fixture->gen.world->device_count - fixture->gen.world->device_count / 20);
    json_decref(seen);
}

/* Whatever the time of the day: a hub refuses what lies ahead of it, so the day of `gen` without --day is over. */
static void what_happens_on_the_last_whole_day_has_happened(void **state)
{
    struct fixture *fixture = *state;
    const int64_t hour_ms = 3600 * 1000, begin_ms = date_begin_in_china_ms(date_from_civil(YEAR, 3, 3));

    for (int64_t now_ms = begin_ms; now_ms < begin_ms + 24 * hour_ms; now_ms += hour_ms / 2)
        assert_int_equal(gen_last_whole_day(now_ms), date_from_civil(YEAR, 3, 2));
    assert_int_equal(gen_last_whole_day(begin_ms - 1), date_from_civil(YEAR, 3, 1));
    begin(fixture, 3, 50, 0, 0);
    for (int64_t number = 0; number < fixture->gen.count; number++) {
        gen_prescription(&fixture->gen, &fixture->state, number);
        gen_dispensing(&fixture->gen, &fixture->state, number);
        gen_scan(&fixture->gen, &fixture->state, number);
        gen_settlement(&fixture->gen, &fixture->state, number);
    }
    for (size_t i = 0; i < fixture->line_count; i++) {
        json_t *line = read_line(fixture, i);
        int64_t at_seconds;
        int32_t nanoseconds;
        assert_true(moment_parse(bytes_of(text_of(line, "time")), &at_seconds, &nanoseconds));
        assert_true(at_seconds * 1000 < begin_ms);
        json_decref(line);
    }
}

/* ---- chains ---- */

enum { STEPS = 16 };

/* What each thing was scanned for, in the order of the lines. */
static void count_steps(const struct fixture *fixture, int counts[STEPS])
{
    memset(counts, 0, STEPS * sizeof *counts);
    for (size_t i = 0; i < fixture->line_count; i++) {
        json_t *event = json_loads(fixture->lines[i], 0, NULL);
        const char *step = text_of(json_object_get(event, "data"), "step");
        for (int j = 1; j < STEPS; j++) {
            const ProtobufCEnumValue *value =
                protobuf_c_enum_descriptor_get_value(&medhub__trace__v1__step__descriptor, j);
            counts[j] += value != NULL && strcmp(value->name, step) == 0;
        }
        json_decref(event);
    }
}

#define COUNT_OF(name_) counts[MEDHUB__TRACE__V1__STEP__STEP_##name_]

static void chains_go_from_the_maker_to_the_patient_in_real_packs(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = arena_new(1 << 20, 256 << 20);
    struct gen_state gen_state = {0};
    struct items items;
    struct fault fault = {0};
    int counts[STEPS];

    assert_int_equal(items_read(DATA, arena, &items, &fault), STATUS_OK);
    assert_int_equal(items.count, 278888);
    for (size_t i = 0; i < items.count; i += 997)
        assert_true(code_check_digit_ok(bytes_of(items.rows[i].identifier)));
    begin(fixture, 3, 0, 0, 0);
    fixture->gen.items = &items;
    for (int64_t i = 0; i < 60; i++)
        gen_chain(&fixture->gen, &gen_state, i);
    count_steps(fixture, counts);
    assert_true(COUNT_OF(COMMISSIONED) > 60);
    assert_true(COUNT_OF(PACKED) > 0 && COUNT_OF(UNPACKED) > 0);
    assert_true(COUNT_OF(OUTBOUND) >= COUNT_OF(INBOUND) && COUNT_OF(INBOUND) > 60);
    assert_true(COUNT_OF(USED) > 0 && COUNT_OF(SETTLED) > 0 && COUNT_OF(SETTLED) <= COUNT_OF(USED));
    end(fixture);
    arena_free(arena);
}

static int64_t fen(const json_t *amounts, const char *name)
{
    const char *text = text_of(json_object_get(amounts, name), "fen");
    return *text == '\0' ? 0 : strtoll(text, NULL, 10);
}

static void settlements_close_to_the_fen(void **state)
{
    struct fixture *fixture = *state;
    size_t seen = 0, index = 0;
    json_t *item = NULL;

    generate_load(fixture, 5, 200, 30, 0);
    for (size_t i = 0; i < fixture->line_count; i++) {
        json_t *line = read_line(fixture, i), *data = json_object_get(line, "data");
        json_t *amounts = json_object_get(data, "amounts");
        int64_t lines = 0, layers = 0;
        if (amounts != NULL && is_accepted(line)) {
            json_array_foreach(json_object_get(data, "lines"), index, item) lines += fen(item, "amount");
            json_array_foreach(json_object_get(data, "layers"), index, item) layers += fen(item, "amount");
            assert_int_equal(lines, fen(amounts, "total"));
            assert_int_equal(layers, fen(amounts, "fundTotal"));
            assert_int_equal(fen(amounts, "total"),
                             fen(amounts, "fundTotal") + fen(amounts, "account") + fen(amounts, "cash"));
            assert_int_equal(fen(amounts, "personTotal"), fen(amounts, "account") + fen(amounts, "cash"));
            seen++;
        }
        json_decref(line);
    }
    assert_true(seen > 100);
}

static void scans_carry_real_codes_that_parse(void **state)
{
    struct fixture *fixture = *state;
    struct code_options options = {.current_year = YEAR, .strict = true};
    size_t seen = 0;

    generate_load(fixture, 5, 100, 0, 0);
    for (size_t i = 0; i < fixture->line_count; i++) {
        json_t *line = read_line(fixture, i), *data = json_object_get(line, "data");
        const char *code = text_of(data, "code");
        struct code read;
        if (*code != '\0') {
            assert_true(code_parse(bytes_of(code), &options, NULL, &read));
            assert_true(bytes_equal_text(read.di, text_of(data, "product")));
            assert_true(bytes_equal_text(read.serial, text_of(data, "serial")));
            seen++;
        }
        json_decref(line);
    }
    assert_int_equal(seen, 100 + fixture->line_count - 300); /* all scans, also those of a second use */
}

static void each_rule_is_broken_in_turn(void **state)
{
    struct fixture *fixture = *state;
    json_t *codes = json_object();

    generate_load(fixture, 9, 100, 50, 0);
    for (size_t i = 0; i < fixture->line_count; i++) {
        json_t *line = read_line(fixture, i);
        if (!is_accepted(line))
            (void)json_object_set_new(codes, text_of(line, "expectcode"), json_true());
        json_decref(line);
    }
    assert_int_equal(json_object_size(codes), 11 + 6 + 9);
    json_decref(codes);
}

static void what_is_repeated_is_said_the_same_way(void **state)
{
    struct fixture *fixture = *state;
    json_t *seen = json_object();
    size_t repeated = 0;

    generate_load(fixture, 9, 200, 0, 20);
    for (size_t i = 0; i < fixture->line_count; i++) {
        json_t *line = read_line(fixture, i);
        const char *id = text_of(line, "id");
        json_t *earlier = json_object_get(seen, id);
        assert_true(earlier == NULL || strcmp(text_of(line, "expect"), "duplicate") == 0);
        if (earlier != NULL)
            assert_true(json_equal(earlier, json_object_get(line, "data")));
        else
            (void)json_object_set(seen, id, json_object_get(line, "data"));
        repeated += earlier != NULL;
        json_decref(line);
    }
    assert_true(repeated > 50);
    json_decref(seen);
}

static void a_missing_folder_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct world world;
    struct fault fault = {0};

    assert_int_equal(world_read("/nowhere", fixture->arena, &world, &fault), STATUS_REJECT);
    assert_string_equal(fault.code, "file.missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_differences_between_the_editions_are_the_known_ones, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_release_counts_its_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chains_go_from_the_maker_to_the_patient_in_real_packs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_seed_gives_the_same_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_right_passes_the_checks_of_its_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(most_devices_are_registered_each_once_by_a_maker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_happens_on_the_last_whole_day_has_happened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(settlements_close_to_the_fen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scans_carry_real_codes_that_parse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_rule_is_broken_in_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_repeated_is_said_the_same_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_folder_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
