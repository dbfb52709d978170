#include "ops/ctl/receipt_json.h"

#include "event/unpack.h"
#include "event/wire.h"

ProtobufCMessage *receipt_unpack(const char *name, struct bytes value, struct arena *arena)
{
    const struct message_facts *facts = schema_find_message(name);
    ProtobufCMessage *message = NULL;
    struct fault fault;

    if (facts == NULL || wire_check(facts, value, WIRE_OWN, NULL, &fault) != STATUS_OK ||
        unpack_message(facts, value, arena, &message, &fault) != STATUS_OK)
        return NULL;
    return message;
}

const char *receipt_outcome_name(int outcome)
{
    static const char *const names[] = {"unspecified", "accepted", "refused", "duplicate"};
    return outcome >= 0 && outcome < 4 ? names[outcome] : "unknown";
}

static void add_text(json_t *row, const char *name, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(row, name, json_string(text));
}

/* The first finding that refuses; of an accepted event the first warning. */
static const Medhub__Event__V1__Finding *reason_of(const Receipt *receipt)
{
    for (size_t i = 0; i < receipt->n_findings; i++)
        if (receipt->findings[i]->severity == MEDHUB__EVENT__V1__SEVERITY__SEVERITY_REFUSE)
            return receipt->findings[i];
    return receipt->findings[0];
}

static void add_findings(json_t *row, const Receipt *receipt, struct bytes value, struct arena *arena)
{
    json_t *all = decode_json(schema_find_message("medhub.event.v1.Receipt"), value, SENSITIVITY_ALL, arena);
    const Medhub__Event__V1__Finding *reason = reason_of(receipt);

    (void)json_object_set_new(row, "code", json_string(reason->code));
    (void)json_object_set_new(row, "reason", json_string(reason->sentence_zh));
    (void)json_object_set(row, "findings", json_object_get(all, "findings"));
    json_decref(all);
}

json_t *receipt_json(const Receipt *receipt, struct bytes value, unsigned visible, struct arena *arena)
{
    json_t *row = json_object();

    (void)json_object_set_new(row, "id", json_string(receipt->id));
    (void)json_object_set_new(row, "source", json_string(receipt->source));
    (void)json_object_set_new(row, "type", json_string(receipt->type));
    (void)json_object_set_new(row, "outcome", json_string(receipt_outcome_name((int)receipt->outcome)));
    (void)json_object_set_new(row, "time", decode_moment(receipt->decided_at_ms));
    (void)json_object_set_new(row, "key", decode_key(receipt->type, bytes_of(receipt->key), visible, arena));
    (void)json_object_set_new(
        row, "input", decode_position(receipt->input_topic, receipt->input_partition, receipt->input_offset));
    if (receipt->version > 0)
        (void)json_object_set_new(row, "version", json_integer((json_int_t)receipt->version));
    add_text(row, "factTopic", receipt->fact_topic);
    add_text(row, "firstId", receipt->first_id);
    if (receipt->first_outcome != 0)
        add_text(row, "firstOutcome", receipt_outcome_name((int)receipt->first_outcome));
    if (receipt->n_findings > 0)
        add_findings(row, receipt, value, arena);
    return row;
}
