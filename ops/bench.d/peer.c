#include "peer.h"

#include "flow/flow.h"
#include "state/changelog.h"
#include "state/numbers.h"

const struct domain domain_peer = {
    .name = "peer",
    .key_kind = "peer",
    .inbox_topic = "peer-in",
    .fact_topic = "peer-facts",
    .state_topic = "peer-state",
};

/* A key's row: total, count, then the sequence numbers kept, the oldest first. */
struct tally {
    uint64_t total, count;
    size_t kept;
    uint64_t sequences[PEER_KEPT];
};
enum { TALLY_BYTES_MAX = 16 + 8 * PEER_KEPT };

static void read_tally(struct bytes row, struct tally *tally)
{
    *tally = (struct tally){0};
    if (row.length < 16)
        return;
    tally->total = get_le64(row.data);
    tally->count = get_le64(row.data + 8);
    for (size_t at = 16; at + 8 <= row.length && tally->kept < PEER_KEPT; at += 8)
        tally->sequences[tally->kept++] = get_le64(row.data + at);
}

static size_t write_tally(const struct tally *tally, uint8_t row[TALLY_BYTES_MAX])
{
    put_le64(row, tally->total);
    put_le64(row + 8, tally->count);
    for (size_t i = 0; i < tally->kept; i++)
        put_le64(row + 16 + 8 * i, tally->sequences[i]);
    return 16 + 8 * tally->kept;
}

static bool is_repeat(const struct tally *tally, uint64_t sequence)
{
    for (size_t i = 0; i < tally->kept; i++)
        if (tally->sequences[i] == sequence)
            return true;
    return false;
}

static void add_to_tally(struct tally *tally, uint64_t sequence, uint64_t amount)
{
    if (tally->kept == PEER_KEPT)
        memmove(tally->sequences, tally->sequences + 1, (--tally->kept) * sizeof *tally->sequences);
    tally->sequences[tally->kept++] = sequence;
    tally->total += amount;
    tally->count++;
}

static enum status decode(struct flow *flow, struct event *event)
{
    (void)flow;
    if (event->key.data == NULL || event->key.length == 0 || event->key.length > ENTITY_BYTES_MAX ||
        memchr(event->key.data, '\0', event->key.length) != NULL)
        return fault_reject(&event->fault, "peer.key", "the key is empty, too long or holds a NUL");
    if (event->value.length < PEER_HEAD_BYTES)
        return fault_reject(&event->fault, "peer.value", "the value has less than %d bytes", PEER_HEAD_BYTES);
    return STATUS_OK;
}

/* The record's value and the tail, or the tail alone. */
static struct bytes with_tail(struct event *event, struct bytes head, const struct tally *tally)
{
    uint8_t *value = arena_take(event->arena, head.length + PEER_TAIL_BYTES);

    if (value == NULL)
        return BYTES_NONE;
    if (head.length > 0)
        memcpy(value, head.data, head.length);
    put_le64(value + head.length, tally->total);
    put_le64(value + head.length + 8, tally->count);
    return bytes_from(value, head.length + PEER_TAIL_BYTES);
}

static void add_row(struct flow *flow, struct event *event, const struct row_key *key, const struct tally *tally)
{
    uint8_t *name = arena_take(event->arena, key->length + 1);
    uint8_t *row = arena_take(event->arena, TALLY_BYTES_MAX);

    if (name == NULL || row == NULL) {
        flow->outbox.failed = true;
        return;
    }
    name[0] = CHANGELOG_ROW;
    memcpy(name + 1, key->data, key->length);
    outbox_add_changelog(flow, bytes_from(name, key->length + 1), bytes_from(row, write_tally(tally, row)));
}

static enum status count(struct flow *flow, struct event *event)
{
    uint64_t sequence = get_le64(event->value.data), amount = get_le64(event->value.data + 8);
    struct row_key key;
    struct tally tally;

    if (!row_key_make(&key, event->key, ROW_STATE, BYTES_NONE))
        return fault_reject(&event->fault, "peer.key", "the key is too long");
    read_tally(store_get(flow->task->store, STORE_ROWS, row_key_bytes(&key)), &tally);
    if (is_repeat(&tally, sequence)) {
        event->decision->outcome = OUTCOME_DUPLICATE;
        return STATUS_OK;
    }
    add_to_tally(&tally, sequence, amount);

    struct sink_topic *receipts = sink_topic(flow_sink(flow), "peer-receipts");
    outbox_add(flow, flow_outlets(flow)->fact[flow->lane->index], event->key, with_tail(event, event->value, &tally),
               NULL);
    outbox_add(flow, receipts, event->key, with_tail(event, BYTES_NONE, &tally), NULL);
    add_row(flow, event, &key, &tally);
    return STATUS_OK;
}

static enum status emit(struct flow *flow, struct event *event)
{
    bool repeated = event->decision->outcome == OUTCOME_DUPLICATE;

    enum status status = outbox_check(flow, &event->fault);
    if (status == STATUS_OK && !repeated)
        status = outbox_apply(flow, &event->fault);
    if (status == STATUS_OK) {
        metric_add(repeated ? flow->measures.duplicate : flow->measures.accepted, 1);
        metric_add(flow->measures.facts, repeated ? 0 : 1);
    }
    return status;
}

const struct stage peer_stages[] = {
    {"decode", decode}, /* are key and value what the contract says? */
    {"count", count},   /* repeat, or total and count; what to send */
    {"emit", emit},     /* into the transaction */
    {NULL, NULL},
};
