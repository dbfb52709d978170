// links: dep::sqlite3
/* outbox.h: order per key, bounds, and that nothing that was answered OK is lost, whatever happens in
 * between. */
#include "client/outbox.h"
#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture {
    char folder[TEMP_FOLDER_BYTES], path[TEMP_FOLDER_BYTES + 32];
    struct outbox_limits limits;
    int64_t now_ms;
    struct database *local;
    struct outbox *outbox;
    struct medhub_error error;
    char due[500];
};

static void open_outbox(struct fixture *fixture)
{
    assert_int_equal(database_open(fixture->path, &local_kind, &fixture->local, &fixture->error), MEDHUB_OK);
    assert_int_equal(outbox_open(fixture->local, &fixture->limits, clock_fixed(&fixture->now_ms),
                                 &fixture->outbox, &fixture->error),
                     MEDHUB_OK);
}

static void close_outbox(struct fixture *fixture)
{
    outbox_close(fixture->outbox);
    database_close(fixture->local);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    temp_folder_make(fixture->folder);
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/medhub.sqlite", fixture->folder);
    fixture->limits =
        (struct outbox_limits){.events_max = 1000, .bytes_max = 1 << 20, .receipts_max = 100000};
    fixture->now_ms = 1000;
    fixture->error.size = sizeof fixture->error;
    open_outbox(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    close_outbox(fixture);
    temp_folder_remove(fixture->folder);
    free(fixture);
    return 0;
}

static enum medhub_status put_one(struct fixture *fixture, const char *id, const char *key, const char *body)
{
    const struct outbox_event event = {id, key, bytes_of(body), (uint64_t)strlen(body)};
    return outbox_put(fixture->outbox, &event, 1, &fixture->error);
}

static void put(struct fixture *fixture, const char *id, const char *key)
{
    assert_int_equal(put_one(fixture, id, key, "{}"), MEDHUB_OK);
}

/* The ids that are due at PLACE, each held back from the next look, joined with blanks. */
static const char *due(struct fixture *fixture, enum event_place place)
{
    char *text = fixture->due;
    int64_t busy[64];
    size_t count = 0;
    struct outbox_entry entry;

    text[0] = '\0';
    while (count < 64 &&
           outbox_due(fixture->outbox, place, busy, count, &entry, &fixture->error) == MEDHUB_OK) {
        busy[count++] = entry.sequence;
        (void)snprintf(text + strlen(text), sizeof fixture->due - strlen(text), "%s%s", count > 1 ? " " : "",
                       entry.id);
        outbox_entry_done(&entry);
    }
    return text;
}

static struct outbox_entry take_due(struct fixture *fixture, enum event_place place)
{
    struct outbox_entry entry;
    assert_int_equal(outbox_due(fixture->outbox, place, NULL, 0, &entry, &fixture->error), MEDHUB_OK);
    return entry;
}

static void settle(struct fixture *fixture, enum event_place place, enum medhub_outcome outcome,
                   const char *answer)
{
    struct outbox_entry entry = take_due(fixture, place);
    assert_int_equal(outbox_settle(fixture->outbox, &entry, outcome, bytes_of(answer), &fixture->error),
                     MEDHUB_OK);
    outbox_entry_done(&entry);
}

static void one_event_of_a_key_is_due_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a1", "a");
    put(fixture, "a2", "a");
    put(fixture, "b1", "b");
    put(fixture, "a3", "a");
    assert_string_equal(due(fixture, EVENT_READY), "a1 b1");

    struct outbox_entry entry = take_due(fixture, EVENT_READY);
    assert_int_equal(outbox_taken(fixture->outbox, &entry, 5000, &fixture->error), MEDHUB_OK);
    outbox_entry_done(&entry);
    assert_string_equal(due(fixture, EVENT_READY), "a2 b1");
    assert_string_equal(due(fixture, EVENT_SENT), "");
    fixture->now_ms = 5000;
    assert_string_equal(due(fixture, EVENT_SENT), "a1");
}

static void a_refused_event_does_not_block_its_key(void **state)
{
    struct fixture *fixture = *state;
    enum medhub_outcome outcome = MEDHUB_PENDING;
    char *answer = NULL;

    put(fixture, "a1", "a");
    put(fixture, "a2", "a");
    settle(fixture, EVENT_READY, MEDHUB_REFUSED, "{\"code\":\"x\"}");
    assert_string_equal(due(fixture, EVENT_READY), "a2");
    assert_int_equal(outbox_receipt(fixture->outbox, "a1", &outcome, &answer, &fixture->error), MEDHUB_OK);
    assert_int_equal(outcome, MEDHUB_REFUSED);
    assert_string_equal(answer, "{\"code\":\"x\"}");
    free(answer);
    assert_int_equal(outbox_receipt(fixture->outbox, "a2", &outcome, &answer, &fixture->error), MEDHUB_AGAIN);
    assert_int_equal(outbox_receipt(fixture->outbox, "a3", &outcome, &answer, &fixture->error),
                     MEDHUB_NOT_FOUND);
}

static void a_postponed_event_holds_up_its_key_only(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a1", "a");
    put(fixture, "a2", "a");
    put(fixture, "b1", "b");
    struct outbox_entry entry = take_due(fixture, EVENT_READY);
    assert_int_equal(outbox_postpone(fixture->outbox, &entry, 9000, &fixture->error), MEDHUB_OK);
    outbox_entry_done(&entry);
    assert_string_equal(due(fixture, EVENT_READY), "b1");
    assert_int_equal(outbox_next_due_ms(fixture->outbox, EVENT_READY), 9000);
    fixture->now_ms = 9000;
    entry = take_due(fixture, EVENT_READY);
    assert_string_equal(entry.id, "b1");
    outbox_entry_done(&entry);
    assert_string_equal(due(fixture, EVENT_READY), "b1 a1");
}

static void the_same_id_is_taken_once_and_another_event_with_it_is_a_conflict(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a1", "a");
    put(fixture, "a1", "a");
    assert_int_equal(outbox_counts(fixture->outbox).waiting, 1);
    assert_int_equal(put_one(fixture, "a1", "a", "{ }"), MEDHUB_CONFLICT);
    settle(fixture, EVENT_READY, MEDHUB_ACCEPTED, "{}");
    put(fixture, "a1", "a");
    assert_int_equal(put_one(fixture, "a1", "a", "{ }"), MEDHUB_CONFLICT);
    assert_int_equal(outbox_counts(fixture->outbox).waiting, 0);
}

static void it_is_bounded_in_events_and_bytes_and_takes_all_or_none(void **state)
{
    struct fixture *fixture = *state;
    close_outbox(fixture);
    fixture->limits = (struct outbox_limits){.events_max = 3, .bytes_max = 10, .receipts_max = 2};
    open_outbox(fixture);

    const struct outbox_event four[] = {{"1", "a", bytes_of("{}"), 0},
                                        {"2", "a", bytes_of("{}"), 0},
                                        {"3", "a", bytes_of("{}"), 0},
                                        {"4", "a", bytes_of("{}"), 0}};
    assert_int_equal(outbox_put(fixture->outbox, four, 4, &fixture->error), MEDHUB_FULL);
    assert_string_equal(fixture->error.code, "outbox.full");
    assert_int_equal(outbox_counts(fixture->outbox).waiting, 0);
    assert_string_equal(due(fixture, EVENT_READY), "");
    assert_int_equal(outbox_put(fixture->outbox, four, 3, &fixture->error), MEDHUB_OK);
    assert_int_equal(put_one(fixture, "5", "b", "{}"), MEDHUB_FULL);
    settle(fixture, EVENT_READY, MEDHUB_ACCEPTED, "{}");
    assert_int_equal(put_one(fixture, "5", "b", "{1234567}"), MEDHUB_FULL);
    assert_int_equal(put_one(fixture, "5", "b", "{1234}"), MEDHUB_OK);
    assert_int_equal(outbox_counts(fixture->outbox).bytes, 10);
}

static void old_receipts_are_forgotten(void **state)
{
    struct fixture *fixture = *state;
    int64_t oldest_ms = 0;
    uint64_t receipts = 0;
    char id[20];

    close_outbox(fixture);
    fixture->limits.receipts_max = 2;
    open_outbox(fixture);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(id, sizeof id, "%d", i);
        put(fixture, id, "k");
        settle(fixture, EVENT_READY, MEDHUB_ACCEPTED, "{}");
    }
    assert_int_equal(outbox_ages(fixture->outbox, &oldest_ms, &receipts, &fixture->error), MEDHUB_OK);
    assert_int_equal(receipts, 2);
    assert_int_equal(oldest_ms, 0);
}

static void a_receipt_is_told_until_it_was_told(void **state)
{
    struct fixture *fixture = *state;
    struct untold_receipt receipt;

    put(fixture, "a1", "a");
    settle(fixture, EVENT_READY, MEDHUB_DUPLICATE, "{}");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(outbox_untold(fixture->outbox, &receipt, &fixture->error), MEDHUB_OK);
        assert_string_equal(receipt.id, "a1");
        assert_int_equal(receipt.outcome, MEDHUB_DUPLICATE);
        free(receipt.id);
        free(receipt.answer);
        close_outbox(fixture);
        open_outbox(fixture);
    }
    assert_int_equal(outbox_told(fixture->outbox, receipt.sequence, &fixture->error), MEDHUB_OK);
    assert_int_equal(outbox_untold(fixture->outbox, &receipt, &fixture->error), MEDHUB_NOT_FOUND);
}

static void a_withdrawn_event_leaves_and_the_next_of_its_key_is_due(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a1", "a");
    put(fixture, "a2", "a");
    struct outbox_entry in_hand = take_due(fixture, EVENT_READY);
    assert_int_equal(outbox_withdraw(fixture->outbox, "a1", &fixture->error), MEDHUB_OK);
    assert_int_equal(outbox_withdraw(fixture->outbox, "a1", &fixture->error), MEDHUB_NOT_FOUND);
    assert_string_equal(due(fixture, EVENT_READY), "a2");
    assert_int_equal(outbox_settle(fixture->outbox, &in_hand, MEDHUB_ACCEPTED, BYTES_NONE, &fixture->error),
                     MEDHUB_OK);
    assert_int_equal(outbox_taken(fixture->outbox, &in_hand, 0, &fixture->error), MEDHUB_OK);
    assert_int_equal(outbox_counts(fixture->outbox).waiting, 1);
    assert_string_equal(due(fixture, EVENT_READY), "a2");
    outbox_entry_done(&in_hand);
}

static void two_programs_do_not_share_a_folder(void **state)
{
    struct fixture *fixture = *state;
    struct database *second = NULL;
    assert_int_equal(database_open(fixture->path, &local_kind, &second, &fixture->error), MEDHUB_BUSY);
    assert_string_equal(fixture->error.code, "storage.busy");
    assert_null(second);
}

static void a_file_of_another_kind_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    static const char *const others[] = {"CREATE TABLE x (y)"};
    const struct database_kind other = {.application_id = 7, .migrations = others, .version = 1};
    struct database *second = NULL;
    char path[TEMP_FOLDER_BYTES + 32];

    (void)snprintf(path, sizeof path, "%s/other.sqlite", fixture->folder);
    assert_int_equal(database_open(path, &other, &second, &fixture->error), MEDHUB_OK);
    database_close(second);
    assert_int_equal(database_open(path, &local_kind, &second, &fixture->error), MEDHUB_STORAGE);
    assert_string_equal(fixture->error.code, "storage.foreign");
}

/* ---- anything in any order ---- */

enum { MODEL_EVENTS = 400, MODEL_KEYS = 7, MODEL_STEPS = 3000, MODEL_LIMIT = 25 };

/* What must be so, kept beside the outbox. */
struct model {
    int put; /* events 0..put-1 */
    int key[MODEL_EVENTS];
    bool arrived[MODEL_EVENTS]; /* the gateway saw it at least once */
    bool settled[MODEL_EVENTS];
    int last_arrived[MODEL_KEYS]; /* of the first arrivals: must only grow */
    int open;
};

static uint64_t dice(uint64_t *seed, uint64_t sides)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % sides;
}

static void model_put(struct fixture *fixture, struct model *model, uint64_t *seed)
{
    char id[20], key[20];
    if (model->put == MODEL_EVENTS)
        return;
    int chosen = (int)dice(seed, MODEL_KEYS);
    (void)snprintf(id, sizeof id, "%d", model->put);
    (void)snprintf(key, sizeof key, "k%d", chosen);
    enum medhub_status status = put_one(fixture, id, key, "{}");
    assert_int_equal(status, model->open < MODEL_LIMIT ? MEDHUB_OK : MEDHUB_FULL);
    if (status != MEDHUB_OK)
        return;
    model->key[model->put++] = chosen;
    model->open++;
}

/* The gateway sees the event: for the first time only after all earlier ones of its key. */
static void model_arrives(struct model *model, int event)
{
    int key = model->key[event];
    if (model->arrived[event])
        return;
    assert_true(event > model->last_arrived[key]);
    for (int i = 0; i < event; i++)
        assert_true(model->key[i] != key || model->arrived[i]);
    model->arrived[event] = true;
    model->last_arrived[key] = event;
}

static void model_answer(struct fixture *fixture, struct model *model, uint64_t *seed)
{
    enum event_place place = dice(seed, 2) == 0 ? EVENT_READY : EVENT_SENT;
    struct outbox_entry entry;
    enum medhub_status status = outbox_due(fixture->outbox, place, NULL, 0, &entry, &fixture->error);

    if (status == MEDHUB_NOT_FOUND)
        return;
    assert_int_equal(status, MEDHUB_OK);
    int event = atoi(entry.id);
    assert_false(model->settled[event]);
    uint64_t what = dice(seed, 5);
    if (place == EVENT_READY && what > 0)
        model_arrives(model, event);
    switch (what) {
    case 0: /* the request was lost, or the gateway asked for patience */
    case 4: /* the answer was lost */
        assert_int_equal(outbox_postpone(fixture->outbox, &entry, fixture->now_ms + (int64_t)dice(seed, 50),
                                         &fixture->error),
                         MEDHUB_OK);
        break;
    case 1:
        assert_int_equal(
            outbox_taken(fixture->outbox, &entry, fixture->now_ms + (int64_t)dice(seed, 50), &fixture->error),
            MEDHUB_OK);
        break;
    default:
        assert_int_equal(outbox_settle(fixture->outbox, &entry,
                                       dice(seed, 2) ? MEDHUB_ACCEPTED : MEDHUB_REFUSED, bytes_of("{}"),
                                       &fixture->error),
                         MEDHUB_OK);
        model->settled[event] = true;
        model->open--;
    }
    outbox_entry_done(&entry);
}

static void check_counts(struct fixture *fixture, const struct model *model)
{
    struct outbox_counts counts = outbox_counts(fixture->outbox);
    assert_int_equal(counts.waiting + counts.sent, model->open);
    assert_true(model->open <= MODEL_LIMIT);
    assert_int_equal(counts.bytes, 2 * model->open);
}

static void run_model(struct fixture *fixture, struct model *model, uint64_t seed)
{
    for (int i = 0; i < MODEL_KEYS; i++)
        model->last_arrived[i] = -1;
    for (int i = 0; i < MODEL_STEPS || model->open > 0; i++) {
        uint64_t what = dice(&seed, 100);
        fixture->now_ms += (int64_t)dice(&seed, 20);
        if (what < 35 && i < MODEL_STEPS) {
            model_put(fixture, model, &seed);
        } else if (what < 98) {
            model_answer(fixture, model, &seed);
        } else { /* the program ends and comes back */
            close_outbox(fixture);
            open_outbox(fixture);
        }
        check_counts(fixture, model);
    }
}

static void every_event_arrives_in_the_order_of_its_key_whatever_the_answers(void **state)
{
    struct fixture *fixture = *state;
    close_outbox(fixture);
    fixture->limits.events_max = MODEL_LIMIT;
    open_outbox(fixture);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct model *model = calloc(1, sizeof *model);
        run_model(fixture, model, seed);
        assert_true(model->put > 200);
        for (int i = 0; i < model->put; i++)
            assert_true(model->arrived[i] && model->settled[i]);
        free(model);
        close_outbox(fixture); /* a fresh file: ids begin again */
        assert_int_equal(remove(fixture->path), 0);
        open_outbox(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_event_of_a_key_is_due_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_event_does_not_block_its_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_postponed_event_holds_up_its_key_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_id_is_taken_once_and_another_event_with_it_is_a_conflict,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_bounded_in_events_and_bytes_and_takes_all_or_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(old_receipts_are_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_receipt_is_told_until_it_was_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_withdrawn_event_leaves_and_the_next_of_its_key_is_due, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(two_programs_do_not_share_a_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_another_kind_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_event_arrives_in_the_order_of_its_key_whatever_the_answers,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
