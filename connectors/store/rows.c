#include "store/rows.h"

#include "base/hash.h"
#include "base/text.h"
#include "event/attributes.h"
#include "event/unpack.h"
#include "event/wire.h"
#include "store/business_keys.h"
#include "store/rows_find.h"
#include "store/rows_recall.h"
#include "store/rows_trace.h"

#include "medhub/event/v1/event.pb-c.h"
#include "medhub/webhook/v1/webhook.pb-c.h"

#include <string.h>

typedef Medhub__Event__V1__Provenance Provenance;
typedef Medhub__Webhook__V1__Outcome Outcome;

#define DELIVERY_TOPIC "medhub.delivery"

/* ---- small things ---- */

/* Which submission a record belongs to. What a timer said has none: one number for what it says of one key at
 * one time stands for it, so that many keys with the same moment stay apart. */
static enum status input_of(struct rows *rows, const char *topic, int32_t partition, int64_t offset,
                            struct bytes key, int64_t *input, struct fault *fault)
{
    if (strcmp(topic, "timer") == 0)
        offset = (int64_t)(hash_bytes(key, (uint64_t)offset) & PLACE_OFFSET_MAX);
    return place_of(rows->topics, rows->sql, topic, partition, offset, input, fault);
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
    status = rows_unpack(rows, facts->descriptor, record->value, &message, fault);
    const Provenance *provenance = status == STATUS_OK ? provenance_of(facts, message) : NULL;
    if (status == STATUS_OK && provenance == NULL)
        status = fault_reject(fault, "store.provenance", "a fact without provenance");
    if (status == STATUS_OK)
        status = input_of(rows, provenance->topic, provenance->partition, provenance->offset, record->key,
                          &input, fault);
    struct sql_value *to = status == STATUS_OK ? rows_add(rows, TABLE_FACT) : NULL;
    if (to == NULL)
        return status == STATUS_OK ? rows_check_room(rows, fault) : status;

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

    struct row_keys keys = {rows, input, provenance->decided_at_ms};
    rows_add_attribute_keys(&keys, event.attributes.source, event.attributes.id, trace, record->key);
    business_keys_of(facts, message, rows->arena, rows_add_key, &keys);
    trace_rows(rows, message, event.attributes.source, place);
    recall_rows(rows, message, place);
    return rows_check_room(rows, fault);
}

/* ---- receipts ---- */

static const char *first_code(const Receipt *receipt)
{
    return receipt->n_findings == 0 ? "" : receipt->findings[0]->code;
}

static enum status receipt_rows(struct rows *rows, const struct record *record, int64_t place,
                                struct fault *fault)
{
    Receipt *receipt = NULL;
    int64_t input = 0;

    enum status status =
        rows_unpack(rows, &medhub__event__v1__receipt__descriptor, record->value, &receipt, fault);
    if (status == STATUS_OK)
        status = input_of(rows, receipt->input_topic, receipt->input_partition, receipt->input_offset,
                          bytes_of(receipt->key), &input, fault);
    struct sql_value *to = status == STATUS_OK ? rows_add(rows, TABLE_RECEIPT) : NULL;
    if (to == NULL)
        return status == STATUS_OK ? rows_check_room(rows, fault) : status;
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
    rows_add_receipt_keys(rows, receipt, input);
    return rows_check_room(rows, fault);
}

/* ---- deliveries ---- */

static enum status delivery_rows(struct rows *rows, const struct record *record, int64_t place,
                                 struct fault *fault)
{
    Delivery *delivery = NULL;
    int64_t input = 0;

    enum status status =
        rows_unpack(rows, &medhub__event__v1__delivery__descriptor, record->value, &delivery, fault);
    if (status == STATUS_OK)
        status = input_of(rows, delivery->input_topic, delivery->input_partition, delivery->input_offset,
                          record->key, &input, fault);
    struct sql_value *to = status == STATUS_OK ? rows_add(rows, TABLE_DELIVERY) : NULL;
    if (to == NULL)
        return status == STATUS_OK ? rows_check_room(rows, fault) : status;
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
    rows_add_recipients(rows, delivery, place);
    return rows_check_room(rows, fault);
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
        return status == STATUS_OK ? rows_check_room(rows, fault) : status;
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
    rows_add_parked_keys(rows, of, trace, key, value, input, decided_ms);
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
        rows_unpack(rows, &medhub__webhook__v1__outcome__descriptor, record->value, &outcome, fault);
    if (status == STATUS_OK)
        status = place_of(rows->topics, rows->sql, DELIVERY_TOPIC, outcome->delivery_partition,
                          outcome->delivery_offset, &delivery, fault);
    if (status == STATUS_OK && outcome->input_topic[0] != '\0')
        status = place_of(rows->topics, rows->sql, outcome->input_topic, outcome->input_partition,
                          outcome->input_offset, &input, fault);
    struct sql_value *to = status == STATUS_OK ? rows_add(rows, TABLE_ANSWER) : NULL;
    if (to == NULL)
        return status == STATUS_OK ? rows_check_room(rows, fault) : status;
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
    return rows_check_room(rows, fault);
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
