#include "flow/stages.h"

#include "flow/flow.h"
#include "state/rows.h"

/* The world as the decision sees it, with LMDB behind it. Copies: what the store lends ends with the next write. */
static struct bytes read_state(void *self, const char *name)
{
    struct flow *flow = self;
    struct row_key key;

    if (!row_key_make(&key, bytes_of(flow->view.key), ROW_STATE, bytes_of(name)))
        return BYTES_NONE;
    struct bytes row = store_get(flow->task->store, STORE_ROWS, row_key_bytes(&key));
    if (row.data == NULL)
        return BYTES_NONE;
    row = arena_bytes(flow->arena, row);
    if (row.data == NULL)
        flow->view.failed = true; /* it is there: deciding as if it were not would forget what was so far */
    return row;
}

static void scan_state(void *self, const char *prefix, const char *after,
                       bool (*each)(struct bytes name, struct bytes value, void *context), void *context)
{
    struct flow *flow = self;

    rows_each_after(flow->task->store, bytes_of(flow->view.key), ROW_STATE, bytes_of(prefix), bytes_of(after), each,
                    context);
}

/* Lends from the tables' snapshot, which stays as it is for the whole batch. */
static bool read_table(void *self, const char *table, const char *key, const char *region, date_t date,
                       struct table_row *row)
{
    struct flow *flow = self;
    struct tables_row found;

    if (!tables_find(flow->tables, table, key, region, date, &found))
        return false;
    *row = (struct table_row){.value = found.value,
                              .version = found.version,
                              .valid_from = found.valid_from,
                              .valid_until = found.valid_until,
                              .region = region};
    return true;
}

static uint8_t *put_part(uint8_t *to, const uint8_t *end, const char *part)
{
    size_t length = to == NULL ? 0 : strlen(part) + 1;

    return to == NULL || length > (size_t)(end - to) ? NULL : (uint8_t *)memcpy(to, part, length) + length;
}

/* Answers are remembered as long as the tables' snapshot stands, for all events of this worker: nine in ten look-ups ask
 * what was asked before, and unpacking an organisation costs more than a rule about it. */
static struct table_answer *remembered_answer(void *self, const char *table, const char *key, const char *region,
                                              date_t date)
{
    struct flow *flow = self;
    struct memo *memo = tables_reader_memo(flow->tables);
    uint8_t name[STORE_KEY_BYTES_MAX];
    const uint8_t *end = name + sizeof name;

    memcpy(name, &date, sizeof date);
    uint8_t *to = put_part(put_part(put_part(name + sizeof date, end, table), end, region), end, key);
    if (to == NULL)
        return NULL;
    struct bytes named = bytes_from(name, (size_t)(to - name));
    struct table_answer *answer = memo_find(memo, named);
    if (answer != NULL)
        return answer;
    answer = memo_add(memo, named, sizeof *answer);
    if (answer != NULL)
        answer->arena = memo_arena(memo);
    return answer;
}

static const struct view_operations view_of_store = {
    .state = read_state, .scan = scan_state, .table = read_table, .answer = remembered_answer};

enum status decide_stage(struct flow *flow, struct event *event)
{
    if (event->decision->outcome != OUTCOME_NONE)
        return STATUS_OK; /* answered already */

    const char *key = arena_text(event->arena, event->key);
    if (key == NULL)
        return fault_reject(&event->fault, "event.too_complex", "no memory left to decide the event");
    view_init(&flow->view, &view_of_store, flow, event->arena, key, flow->now_ms, flow->calendar);
    decision_init(event->decision, event->arena, event);
    handler_decide(flow->handler, &flow->view, event, event->decision);
    if (event->decision->outcome == OUTCOME_REFUSED)
        return event_refuse_by_findings(event);
    return STATUS_OK;
}
