/* rows_find.c: the rows by which rows are found: made with them, and again when they leave. */
#include "store/rows_find.h"
#include "store/rows.h"

#include "base/hash.h"
#include "event/unpack.h"
#include "event/wire.h"
#include "store/rows_trace.h"

#include <string.h>

enum status rows_check_room(const struct rows *rows, struct fault *fault)
{
    return rows->full ? fault_reject(fault, "store.too_large", "a record needs more memory than it may have")
                      : STATUS_OK;
}

enum status rows_unpack(struct rows *rows, const ProtobufCMessageDescriptor *descriptor, struct bytes value,
                        void *message, struct fault *fault)
{
    ProtobufCMessage *made = NULL;

    if (value.data == NULL)
        return fault_reject(fault, "store.empty", "a record without a value");
    enum status status = unpack_message(schema_of(descriptor), value, rows->arena, &made, fault);
    memcpy(message, &made, sizeof made);
    return status;
}

void rows_add_key(void *self, enum search_kind kind, struct bytes key)
{
    struct row_keys *keys = self;
    struct sql_value text = rows_text(key);

    if (text.bytes.length == 0)
        return;
    struct sql_value *to = rows_add(keys->rows, TABLE_BUSINESS_KEY);
    if (to == NULL)
        return;
    *to++ = text;
    *to++ = sql_integer(keys->at_ms);
    *to++ = sql_integer(keys->input);
    *to++ = sql_integer(kind);
}

void rows_add_attribute_keys(struct row_keys *keys, const char *source, const char *id, struct bytes trace,
                             struct bytes key)
{
    rows_add_key(keys, SEARCH_EVENT_ID, bytes_of(id));
    rows_add_key(keys, SEARCH_ORGANISATION, bytes_of(source));
    rows_add_key(keys, SEARCH_TRACE_ID, trace);
    rows_add_key(keys, SEARCH_KEY, key);
}

void rows_add_receipt_keys(struct rows *rows, const Receipt *receipt, int64_t input)
{
    struct row_keys keys = {rows, input, receipt->decided_at_ms};

    rows_add_attribute_keys(&keys, receipt->source, receipt->id, BYTES_NONE, bytes_of(receipt->key));
    rows_add_key(&keys, SEARCH_EVENT_ID, bytes_of(receipt->first_id));
}

void rows_add_recipients(struct rows *rows, const Delivery *delivery, int64_t place)
{
    int64_t type = (int64_t)hash_bytes(bytes_of(delivery->type), 0);

    for (size_t i = 0; i < delivery->n_recipients; i++) {
        struct sql_value *to = rows_add(rows, TABLE_RECIPIENT);
        if (to == NULL)
            return;
        *to++ = sql_text(delivery->recipients[i]);
        *to++ = sql_integer(place);
        *to++ = sql_integer(type);
    }
}

void rows_add_parked_keys(struct rows *rows, const struct event_attributes *of, struct bytes trace,
                          struct bytes key, struct bytes value, int64_t input, int64_t decided_ms)
{
    const struct message_facts *facts = schema_find_event(of->type);
    struct row_keys keys = {rows, input, decided_ms};
    ProtobufCMessage *message = NULL;
    struct fault ignored;

    if (facts != NULL && value.data != NULL &&
        unpack_submitted(facts, value, WIRE_OWN, rows->arena, &message, NULL, &ignored) != STATUS_OK)
        message = NULL;
    rows_add_attribute_keys(&keys, of->source, of->id, trace, key);
    if (message != NULL)
        business_keys_of(facts, message, rows->arena, rows_add_key, &keys);
}

/* ---- the way back, for what leaves ---- */

static const char *column_text(struct rows *rows, const struct sql_cursor *cursor, int column)
{
    const char *text = arena_text(rows->arena, sql_column_bytes(cursor, column));

    return text == NULL ? "" : text;
}

static struct bytes column_bytes(struct rows *rows, const struct sql_cursor *cursor, int column)
{
    return arena_bytes(rows->arena,
                       sql_column_bytes(cursor, column)); /* the cursor moves on before the rows are used */
}

static void keys_of_fact(struct rows *rows, const struct sql_cursor *cursor)
{
    struct row_keys keys = {rows, sql_column_integer(cursor, 1), sql_column_integer(cursor, 4)};
    const struct message_facts *facts = schema_find_event(column_text(rows, cursor, 5));
    ProtobufCMessage *message = NULL;
    struct fault ignored;

    if (facts == NULL ||
        unpack_message(facts, sql_column_bytes(cursor, 11), rows->arena, &message, &ignored) != STATUS_OK)
        message = NULL;
    rows_add_attribute_keys(&keys, column_text(rows, cursor, 6), column_text(rows, cursor, 7),
                   column_bytes(rows, cursor, 9), column_bytes(rows, cursor, 10));
    if (message == NULL)
        return;
    business_keys_of(facts, message, rows->arena, rows_add_key, &keys);
    trace_rows_of_place(rows, message, column_text(rows, cursor, 6), sql_column_integer(cursor, 0));
}

static void keys_of_receipt(struct rows *rows, const struct sql_cursor *cursor)
{
    Receipt *receipt = NULL;
    struct fault ignored;

    if (rows_unpack(rows, &medhub__event__v1__receipt__descriptor, sql_column_bytes(cursor, 11), &receipt,
               &ignored) == STATUS_OK)
        rows_add_receipt_keys(rows, receipt, sql_column_integer(cursor, 1));
}

static void recipients_of_delivery(struct rows *rows, const struct sql_cursor *cursor)
{
    Delivery *delivery = NULL;
    struct fault ignored;

    if (rows_unpack(rows, &medhub__event__v1__delivery__descriptor, sql_column_bytes(cursor, 11), &delivery,
               &ignored) == STATUS_OK)
        rows_add_recipients(rows, delivery, sql_column_integer(cursor, 0));
}

static void keys_of_parked(struct rows *rows, const struct sql_cursor *cursor)
{
    const struct event_attributes of = {.source = column_text(rows, cursor, 3),
                                        .id = column_text(rows, cursor, 4),
                                        .type = column_text(rows, cursor, 5)};

    rows_add_parked_keys(rows, &of, column_bytes(rows, cursor, 7), column_bytes(rows, cursor, 9),
                sql_column_bytes(cursor, 10), sql_column_integer(cursor, 1), sql_column_integer(cursor, 2));
}

enum status rows_that_find(struct rows *rows, enum table_id table, const struct sql_cursor *cursor,
                           struct fault *fault)
{
    switch (table) {
    case TABLE_FACT:
        keys_of_fact(rows, cursor);
        break;
    case TABLE_RECEIPT:
        keys_of_receipt(rows, cursor);
        break;
    case TABLE_DELIVERY:
        recipients_of_delivery(rows, cursor);
        break;
    case TABLE_PARKED:
        keys_of_parked(rows, cursor);
        break;
    case TABLE_RECIPIENT:
    case TABLE_ANSWER:
    case TABLE_BUSINESS_KEY:
    case TABLE_UNREAD:
    case TABLE_TRACE_SCAN:
    case TABLE_TRACE_ITEM:
    case TABLE_TRACE_SHIPMENT:
    case TABLE_TRACE_MEMBER:
    case TABLE_TRACE_USE:
    case TABLE_TRACE_PRODUCT:
    case TABLE_RECALL:
    case TABLE_RECALL_PROGRESS:
    case TABLE_RECALL_HOLDING:
    case TABLE_RECALL_ANSWER:
    case TABLE_COUNT:
        break;
    }
    return rows_check_room(rows, fault);
}
