// links: medhub_domain
#include "domain/trace_content.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define UNIT "06926347962617"
#define PACK "B/1"
enum { ONE = 10000, TAKEN_MS = 1000 };

static struct trace_placed unit_of(const char *serial, const char *lot, int quantity)
{
    return (struct trace_placed){PACK, UNIT, serial, lot, "H65010200001", (int64_t)quantity * ONE, TAKEN_MS};
}

static PackContent *row_in(struct trial *trial, const struct trace_placed *placed)
{
    return (PackContent *)view_state(&trial->view, PACK_CONTENT, "%s",
                                     trace_content_name(trial->arena, placed));
}

static struct trial *pack_new(void)
{
    struct trial *trial = trial_new("2026-03-02T03:00:00Z");
    trial_fire(trial, "medhub.trace.pack_carried.timer", "16926347962614",
               "carry/none"); /* a decision that says nothing */
    return trial;
}

static int put_in(struct trial *trial, struct trace_placed placed)
{
    int more = trace_put_in_pack(&trial->view, &trial->decision, &placed, row_in(trial, &placed));
    trial_apply(trial);
    decision_apply_nothing(&trial->decision);
    return more;
}

static int take_out(struct trial *trial, struct trace_placed placed)
{
    int more = trace_take_from_pack(&trial->view, &trial->decision, &placed, row_in(trial, &placed));
    trial_apply(trial);
    decision_apply_nothing(&trial->decision);
    return more;
}

static struct view_rows rows_with(struct trial *trial, const char *prefix)
{
    return view_scan(&trial->view, prefix, "", 10);
}

static void names_of_rows_can_be_told_apart(void **state)
{
    struct arena *arena = arena_new(4096, 65536);
    struct trace_placed unit = unit_of("S/1", "", 1), lot = unit_of("", "L1", 1);
    (void)state;
    assert_string_equal(trace_content_name(arena, &unit), "in/B%2F1/" UNIT "/s/S/1");
    assert_string_equal(trace_content_name(arena, &lot), "in/B%2F1/" UNIT "/l/L1");
    assert_string_equal(trace_contents_prefix(arena, "B"), "in/B/");
    assert_string_equal(trace_taken_out_prefix(arena, "B"), "out/B/");
    arena_free(arena);
}

static void a_unit_lies_in_the_pack_or_was_taken_out(void **state)
{
    struct trial *trial = pack_new();
    const char *holder;
    (void)state;
    assert_int_equal(put_in(trial, unit_of("S/1", "", 1)), 1);
    assert_int_equal(put_in(trial, unit_of("S/1", "", 1)), 0);
    assert_int_equal(rows_with(trial, "in/").count, 1);
    assert_in_range(rows_with(trial, "in/").rows[0].value.length, 1, 3); /* its name says nearly all */
    assert_string_equal(trace_read_content(&trial->view, &rows_with(trial, "in/").rows[0], &holder)->serial,
                        "S/1");
    assert_int_equal(take_out(trial, unit_of("S/1", "", 1)), -1);
    assert_int_equal(rows_with(trial, "in/").count, 0);
    const PackContent *out = trace_read_content(&trial->view, &rows_with(trial, "out/").rows[0], &holder);
    assert_string_equal(out->product, UNIT);
    assert_string_equal(out->serial, "S/1");
    assert_string_equal(holder, "");
    assert_int_equal(take_out(trial, unit_of("S2", "", 1)), 0); /* never was in it */
    assert_int_equal(put_in(trial, unit_of("S/1", "", 1)), 1);
    assert_int_equal(rows_with(trial, "out/").count, 0);
    trial_free(trial);
}

static void of_a_lot_the_two_rows_add_up(void **state)
{
    struct trial *trial = pack_new();
    const char *holder;
    (void)state;
    assert_int_equal(put_in(trial, unit_of("", "L/1", 10)), 1);
    assert_int_equal(take_out(trial, unit_of("", "L/1", 3)), 0);
    const PackContent *out = trace_read_content(&trial->view, &rows_with(trial, "out/").rows[0], &holder);
    assert_string_equal(out->lot, "L/1");
    assert_string_equal(holder, "H65010200001");
    assert_int_equal(out->quantity_e4, 3 * ONE);
    assert_int_equal(put_in(trial, unit_of("", "L/1", 5)), 0); /* three go back, two are new */
    assert_int_equal(rows_with(trial, "out/").count, 0);
    assert_int_equal(trace_read_content(&trial->view, &rows_with(trial, "in/").rows[0], NULL)->quantity_e4,
                     12 * ONE);
    assert_int_equal(take_out(trial, unit_of("", "L/1", 20)), -1); /* no more than there is */
    assert_int_equal(trace_read_content(&trial->view, &rows_with(trial, "out/").rows[0], NULL)->quantity_e4,
                     12 * ONE);
    trial_free(trial);
}

static void what_was_named_as_recalled_goes_along(void **state)
{
    struct trial *trial = pack_new();
    struct trace_placed lot = unit_of("", "L1", 10);
    (void)state;
    (void)put_in(trial, lot);
    PackContent *content = row_in(trial, &lot);
    assert_null(trace_recalled_of(NULL, content, "ZH-1"));
    trace_recalled_of(&trial->decision, content, "ZH-1")->quantity_e4 = 10 * ONE;
    trace_write_content(&trial->decision, trace_content_name(trial->arena, &lot), content);
    trial_apply(trial);
    decision_apply_nothing(&trial->decision);
    (void)take_out(trial, unit_of("", "L1", 4));
    PackContent *out = trace_read_content(&trial->view, &rows_with(trial, "out/").rows[0], NULL);
    assert_int_equal(trace_recalled_of(NULL, out, "ZH-1")->quantity_e4, 4 * ONE);
    assert_int_equal(out->taken_at_ms, TAKEN_MS);
    assert_int_equal(trace_recalled_of(NULL, row_in(trial, &lot), "ZH-1")->quantity_e4, 6 * ONE);
    trial_free(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_rows_can_be_told_apart),
        cmocka_unit_test(a_unit_lies_in_the_pack_or_was_taken_out),
        cmocka_unit_test(of_a_lot_the_two_rows_add_up),
        cmocka_unit_test(what_was_named_as_recalled_goes_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
