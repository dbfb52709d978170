#include "store/rows.h"

#include "base/hash.h"
#include "base/text.h"
#include "event/attributes.h"
#include "event/unpack.h"
#include "event/wire.h"
#include "store/business_keys.h"
#include "store/rows_recall.h"
#include "store/rows_trace.h"

#include "medhub/event/v1/event.pb-c.h"
#include "medhub/webhook/v1/webhook.pb-c.h"

#include <string.h>

typedef Medhub__Event__V1__Provenance Provenance;
typedef Medhub__Event__V1__Receipt Receipt;
typedef Medhub__Event__V1__Delivery Delivery;
typedef Medhub__Webhook__V1__Outcome Outcome;

#define DELIVERY_TOPIC "medhub.delivery"

/* ---- small things ---- */

static enum status check_room(const struct rows *rows, struct fault *fault)
{
    return rows->full ? fault_reject(fault, "store.too_large", "a record needs more memory than it may have")
                      : STATUS_OK;
}

/* Which submission a record belongs to. What a timer said has none: one number for what it says of one key at
 * one time stands for it, so that many keys with the same moment stay apart. */
static enum status input_of(struct rows *rows, const char *topic, int32_t partition, int64_t offset,
                            struct bytes key, int64_t *input, struct fault *fault)
{
    if (strcmp(topic, "timer") == 0)
        offset = (int64_t)(hash_bytes(key, (uint64_t)offset) & PLACE_OFFSET_MAX);
    return place_of(rows->topics, rows->sql, topic, partition, offset, input, fault);
}

static enum status unpack(struct rows *rows, const ProtobufCMessageDescriptor *descriptor, struct bytes value,
                          void *message, struct fault *fault)
{
    ProtobufCMessage *made = NULL;

    if (value.data == NULL)
        return fault_reject(fault, "store.empty", "a record without a value");
    enum status status = unpack_message(schema_of(descriptor), value, rows->arena, &made, fault);
    memcpy(message, &made, sizeof made);
    return status;
}

/* ---- business keys ---- */

struct keys {
    struct rows *rows;
    int64_t input, at_ms;
};

static void add_key(void *self, enum search_kind kind, struct bytes key)
{
    struct keys *keys = self;
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

static void add_attributes(struct keys *keys, const char *source, const char *id, struct bytes trace,
                           struct bytes key)
{
    add_key(keys, SEARCH_EVENT_ID, bytes_of(id));
    add_key(keys, SEARCH_ORGANISATION, bytes_of(source));
    add_key(keys, SEARCH_TRACE_ID, trace);
    add_key(keys, SEARCH_KEY, key);
}

/* ---- facts ---- */

static bool take_header(const char *name, struct bytes value, void *context)
{
    attributes_take(context, name, value);
    return true;
}

static enum status read_attributes(const struct record *record, struct event *event, struct fault *fault)
{
    struct attribute_reader reader;

    event->attributes = EVENT_ATTRIBUTES_NONE;
    attributes_begin(&reader, event);
    record_each_header(record, take_header, &reader);
    enum status status = attributes_check(&reader);
    if (status != STATUS_OK)
        *fault = event->fault;
    return status;
}

/* The last field of every event. */
static const Provenance *provenance_of(const struct message_facts *facts, const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *last = &facts->descriptor->fields[facts->field_count - 1];
    const Provenance *provenance;

    memcpy(&provenance, (const char *)message + last->offset, sizeof provenance);
    return provenance;
}

static enum status fact_rows(struct rows *rows, const struct record *record, int64_t place,
                             struct fault *fault)
{
    struct event event = {.arena = rows->arena};
    ProtobufCMessage *message = NULL;
    int64_t input = 0;

    enum status status = read_attributes(record, &event, fault);
    if (status != STATUS_OK)
        return status;
    const struct message_facts *facts = schema_find_event(event.attributes.type);
    if (facts == NULL)
        return fault_reject(fault, "store.type", "a fact of a type that this medhub does not know");
    status = unpack(rows, facts->descriptor, record->value, &message, fault);
    const Provenance *provenance = status == STATUS_OK ? provenance_of(facts, message) : NULL;
    if (status == STATUS_OK && provenance == NULL)
        status = fault_reject(fault, "store.provenance", "a fact without provenance");
    if (status == STATUS_OK)
        status = input_of(rows, provenance->topic, provenance->partition, provenance->offset, record->key,
                          &input, fault);
    struct sql_value *to = status == STATUS_OK ? rows_add(rows, TABLE_FACT) : NULL;
    if (to == NULL)
        return status == STATUS_OK ? check_room(rows, fault) : status;

    struct bytes trace = business_trace_id(event.attributes.traceparent);
    *to++ = sql_integer(place);
    *to++ = sql_integer(input);
    *to++ = sql_integer(provenance->index);
    *to++ = sql_integer((int64_t)provenance->version);
    *to++ = sql_integer(provenance->decided_at_ms);
    *to++ = sql_text(event.attributes.type);
    *to++ = sql_text(event.attributes.source);
    *to++ = sql_text(event.attributes.id);
    *to++ = sql_text(event.attributes.subject);
    *to++ = (struct sql_value){.type = SQL_TEXT, .bytes = trace};
    *to++ = rows_text(record->key);
    *to++ = sql_bytes(record->value);

    struct keys keys = {rows, input, provenance->decided_at_ms};
    add_attributes(&keys, event.attributes.source, event.attributes.id, trace, record->key);
    business_keys_of(facts, message, rows->arena, add_key, &keys);
    trace_rows(rows, message, event.attributes.source, place);
    recall_rows(rows, message, place);
    return check_room(rows, fault);
}

/* ---- receipts ---- */

static const char *first_code(const Receipt *receipt)
{
    return receipt->n_findings == 0 ? "" : receipt->findings[0]->code;
}

static void receipt_keys(struct rows *rows, const Receipt *receipt, int64_t input)
{
    struct keys keys = {rows, input, receipt->decided_at_ms};

    add_attributes(&keys, receipt->source, receipt->id, BYTES_NONE, bytes_of(receipt->key));
    add_key(&keys, SEARCH_EVENT_ID, bytes_of(receipt->first_id));
}

static enum status receipt_rows(struct rows *rows, const struct record *record, int64_t place,
                                struct fault *fault)
{
    Receipt *receipt = NULL;
    int64_t input = 0;

    enum status status =
        unpack(rows, &medhub__event__v1__receipt__descriptor, record->value, &receipt, fault);
    if (status == STATUS_OK)
        status = input_of(rows, receipt->input_topic, receipt->input_partition, receipt->input_offset,
                          bytes_of(receipt->key), &input, fault);
    struct sql_value *to = status == STATUS_OK ? rows_add(rows, TABLE_RECEIPT) : NULL;
    if (to == NULL)
        return status == STATUS_OK ? check_room(rows, fault) : status;
    *to++ = sql_integer(place);
    *to++ = sql_integer(input);
    *to++ = sql_text(receipt->source);
    *to++ = sql_text(receipt->id);
    *to++ = sql_text(receipt->type);
    *to++ = sql_integer(receipt->outcome);
    *to++ = sql_text(first_code(receipt));
    *to++ = sql_text(receipt->fact_topic);
    *to++ = sql_integer((int64_t)receipt->version);
    *to++ = sql_integer(receipt->submitted_at_ms);
    *to++ = sql_integer(receipt->decided_at_ms);
    *to++ = sql_bytes(record->value);
    receipt_keys(rows, receipt, input);
    return check_room(rows, fault);
}

/* ---- deliveries ---- */

static void recipient_rows(struct rows *rows, const Delivery *delivery, int64_t place)
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

static enum status delivery_rows(struct rows *rows, const struct record *record, int64_t place,
                                 struct fault *fault)
{
    Delivery *delivery = NULL;
    int64_t input = 0;

    enum status status =
        unpack(rows, &medhub__event__v1__delivery__descriptor, record->value, &delivery, fault);
    if (status == STATUS_OK)
        status = input_of(rows, delivery->input_topic, delivery->input_partition, delivery->input_offset,
                          record->key, &input, fault);
    struct sql_value *to = status == STATUS_OK ? rows_add(rows, TABLE_DELIVERY) : NULL;
    if (to == NULL)
        return status == STATUS_OK ? check_room(rows, fault) : status;
    *to++ = sql_integer(place);
    *to++ = sql_integer(input);
    *to++ = sql_integer(delivery->index);
    *to++ = sql_integer((int64_t)delivery->version);
    *to++ = sql_integer(delivery->decided_at_ms);
    *to++ = sql_integer(record->timestamp_ms);
    *to++ = sql_integer(delivery->visibility);
    *to++ = sql_text(delivery->type);
    *to++ = sql_text(delivery->source);
    *to++ = sql_text(delivery->id);
    *to++ = sql_text(delivery->subject);
    *to++ = sql_bytes(record->value);
    recipient_rows(rows, delivery, place);
    return check_room(rows, fault);
}

/* ---- parked records ---- */

struct parked_place {
    struct bytes topic, partition, offset, code, decided;
};

static bool note_place(const char *name, struct bytes value, void *context)
{
    struct parked_place *place = context;

    if (strcmp(name, "__connect.errors.topic") == 0)
        place->topic = value;
    else if (strcmp(name, "__connect.errors.partition") == 0)
        place->partition = value;
    else if (strcmp(name, "__connect.errors.offset") == 0)
        place->offset = value;
    else if (strcmp(name, "medhub.code") == 0)
        place->code = value;
    else if (strcmp(name, "medhub.decided") == 0)
        place->decided = value;
    return true;
}

static enum status parked_input(struct rows *rows, const struct record *record, struct parked_place *place,
                                int64_t *input, struct fault *fault)
{
    int64_t partition = 0, offset = 0;

    record_each_header(record, note_place, place);
    const char *topic = arena_text(rows->arena, rows_text(place->topic).bytes);
    if (topic == NULL || topic[0] == '\0' || !text_parse_i64(place->partition, &partition) ||
        !text_parse_i64(place->offset, &offset) || partition < 0 || partition > INT32_MAX)
        return fault_reject(fault, "store.headers",
                            "a parked record that does not say where it was submitted");
    return input_of(rows, topic, (int32_t)partition, offset, record->key, input, fault);
}

/* Of what was refused: often it cannot be read, then it is found by its attributes only. */
static void parked_keys(struct rows *rows, const struct event_attributes *of, struct bytes trace,
                        struct bytes key, struct bytes value, int64_t input, int64_t decided_ms)
{
    const struct message_facts *facts = schema_find_event(of->type);
    struct keys keys = {rows, input, decided_ms};
    ProtobufCMessage *message = NULL;
    struct fault ignored;

    if (facts != NULL && value.data != NULL &&
        unpack_submitted(facts, value, WIRE_OWN, rows->arena, &message, NULL, &ignored) != STATUS_OK)
        message = NULL;
    add_attributes(&keys, of->source, of->id, trace, key);
    if (message != NULL)
        business_keys_of(facts, message, rows->arena, add_key, &keys);
}

/* What the read model keeps of a refused event: no pseudonym, no sealed value, and nothing that a sender put in clear where
 * one of these belongs. The parked topic has it byte for byte. What cannot be read is kept as it is. */
static struct bytes parked_value(struct rows *rows, const struct event_attributes *of, struct bytes value)
{
    const struct message_facts *facts = schema_find_event(of->type);
    struct bytes result = value;
    struct buffer kept;

    if (facts == NULL || value.length == 0)
        return value;
    buffer_init(&kept, value.length);
    if (wire_project(facts, value, SENSITIVITY_ALL & ~(unsigned)SENSITIVITY_IDENTITY, &kept))
        result = arena_bytes(rows->arena, bytes_from(kept.data == NULL ? (const uint8_t *)"" : kept.data, kept.length));
    buffer_done(&kept);
    rows->full = rows->full || result.data == NULL;
    return result;
}

static struct bytes parked_key(struct bytes key)
{
    return text_is_identity_number(key) ? bytes_of("***") : key;
}

static enum status parked_rows(struct rows *rows, const struct record *record, int64_t place,
                               struct fault *fault)
{
    struct event event = {.arena = rows->arena};
    struct parked_place from = {BYTES_NONE, BYTES_NONE, BYTES_NONE, BYTES_NONE, BYTES_NONE};
    const struct event_attributes *of = &event.attributes;
    struct fault ignored; /* it may have been refused for its attributes */
    int64_t input = 0;

    (void)!read_attributes(record, &event, &ignored);
    enum status status = parked_input(rows, record, &from, &input, fault);
    struct sql_value *to = status == STATUS_OK ? rows_add(rows, TABLE_PARKED) : NULL;
    if (to == NULL)
        return status == STATUS_OK ? check_room(rows, fault) : status;
    struct bytes trace = business_trace_id(of->traceparent);
    int64_t decided_ms = record->timestamp_ms; /* of records of a hub that did not say it */
    (void)text_parse_i64(from.decided, &decided_ms);
    *to++ = sql_integer(place);
    *to++ = sql_integer(input);
    *to++ = sql_integer(decided_ms);
    *to++ = sql_text(of->source);
    *to++ = sql_text(of->id);
    *to++ = sql_text(of->type);
    *to++ = sql_text(of->subject);
    *to++ = (struct sql_value){.type = SQL_TEXT, .bytes = trace};
    *to++ = rows_text(from.code);
    struct bytes key = parked_key(record->key), value = parked_value(rows, of, record->value);
    *to++ = sql_bytes(key);
    *to++ = sql_bytes(value);
    parked_keys(rows, of, trace, key, value, input, decided_ms);
    rows->full = false; /* a refused giant is still a row; what did not fit is not found by its fields */
    return STATUS_OK;
}

/* ---- answers of endpoints ---- */

static enum status answer_rows(struct rows *rows, const struct record *record, int64_t place,
                               struct fault *fault)
{
    Outcome *outcome = NULL;
    int64_t input = 0, delivery = 0;

    enum status status =
        unpack(rows, &medhub__webhook__v1__outcome__descriptor, record->value, &outcome, fault);
    if (status == STATUS_OK)
        status = place_of(rows->topics, rows->sql, DELIVERY_TOPIC, outcome->delivery_partition,
                          outcome->delivery_offset, &delivery, fault);
    if (status == STATUS_OK && outcome->input_topic[0] != '\0')
        status = place_of(rows->topics, rows->sql, outcome->input_topic, outcome->input_partition,
                          outcome->input_offset, &input, fault);
    struct sql_value *to = status == STATUS_OK ? rows_add(rows, TABLE_ANSWER) : NULL;
    if (to == NULL)
        return status == STATUS_OK ? check_room(rows, fault) : status;
    *to++ = sql_integer(place);
    *to++ = sql_integer(input);
    *to++ = sql_integer(delivery);
    *to++ = sql_text(outcome->organisation);
    *to++ = sql_text(outcome->endpoint);
    *to++ = sql_integer(outcome->result);
    *to++ = sql_text(outcome->code);
    *to++ = sql_integer(outcome->attempts);
    *to++ = sql_integer(outcome->settled_at_ms);
    *to++ = sql_bytes(record->value);
    return check_room(rows, fault);
}

/* ---- which is which ---- */

static const struct {
    const char *prefix;
    bool whole;
    enum status (*rows)(struct rows *rows, const struct record *record, int64_t place, struct fault *fault);
} kinds[] = {
    {"medhub.fact.", false, fact_rows},
    {"medhub.receipt", true, receipt_rows},
    {DELIVERY_TOPIC, true, delivery_rows},
    {"medhub.parked", true, parked_rows},
    {"medhub.webhook.outcome", true, answer_rows},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static size_t kind_of(const char *topic)
{
    size_t i = 0;

    while (i < KIND_COUNT && (kinds[i].whole ? strcmp(topic, kinds[i].prefix) != 0
                                             : strncmp(topic, kinds[i].prefix, strlen(kinds[i].prefix)) != 0))
        i++;
    return i;
}

bool rows_are_made_of(const char *topic)
{
    return kind_of(topic) < KIND_COUNT;
}

static void rows_cut(struct rows *rows, struct store_row **last)
{
    *last = NULL;
    rows->last = last;
    rows->full = false;
}

enum status rows_of_record(struct rows *rows, const struct record *record, int64_t place, struct fault *fault)
{
    struct store_row **last = rows->last;
    size_t kind = kind_of(record->topic);

    if (kind == KIND_COUNT)
        return fault_reject(fault, "store.topic", "records of %s have no table", record->topic);
    enum status status = kinds[kind].rows(rows, record, place, fault);
    if (status != STATUS_OK)
        rows_cut(rows, last);
    return status;
}

enum status rows_of_unread(struct rows *rows, const struct record *record, int64_t place, const char *code,
                           struct fault *fault)
{
    struct sql_value *to = rows_add(rows, TABLE_UNREAD);

    if (to == NULL)
        return fault_retry(fault, "memory.out", "no memory for a row");
    *to++ = sql_integer(place);
    *to++ = sql_integer(record->timestamp_ms);
    *to++ = sql_text(code);
    *to++ = sql_bytes(record->key);
    *to++ = sql_bytes(record->value);
    return STATUS_OK;
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
    struct keys keys = {rows, sql_column_integer(cursor, 1), sql_column_integer(cursor, 4)};
    const struct message_facts *facts = schema_find_event(column_text(rows, cursor, 5));
    ProtobufCMessage *message = NULL;
    struct fault ignored;

    if (facts == NULL ||
        unpack_message(facts, sql_column_bytes(cursor, 11), rows->arena, &message, &ignored) != STATUS_OK)
        message = NULL;
    add_attributes(&keys, column_text(rows, cursor, 6), column_text(rows, cursor, 7),
                   column_bytes(rows, cursor, 9), column_bytes(rows, cursor, 10));
    if (message == NULL)
        return;
    business_keys_of(facts, message, rows->arena, add_key, &keys);
    trace_rows_of_place(rows, message, column_text(rows, cursor, 6), sql_column_integer(cursor, 0));
}

static void keys_of_receipt(struct rows *rows, const struct sql_cursor *cursor)
{
    Receipt *receipt = NULL;
    struct fault ignored;

    if (unpack(rows, &medhub__event__v1__receipt__descriptor, sql_column_bytes(cursor, 11), &receipt,
               &ignored) == STATUS_OK)
        receipt_keys(rows, receipt, sql_column_integer(cursor, 1));
}

static void recipients_of_delivery(struct rows *rows, const struct sql_cursor *cursor)
{
    Delivery *delivery = NULL;
    struct fault ignored;

    if (unpack(rows, &medhub__event__v1__delivery__descriptor, sql_column_bytes(cursor, 11), &delivery,
               &ignored) == STATUS_OK)
        recipient_rows(rows, delivery, sql_column_integer(cursor, 0));
}

static void keys_of_parked(struct rows *rows, const struct sql_cursor *cursor)
{
    const struct event_attributes of = {.source = column_text(rows, cursor, 3),
                                        .id = column_text(rows, cursor, 4),
                                        .type = column_text(rows, cursor, 5)};

    parked_keys(rows, &of, column_bytes(rows, cursor, 7), column_bytes(rows, cursor, 9),
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
    return check_room(rows, fault);
}
