#include "ops/ctl/parked_record.h"

#include "ops/ctl/rules.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t header_number(const struct record *record, const char *name, struct arena *arena)
{
    int64_t number = -1;

    return text_parse_i64(bytes_of(decode_header(record, name, arena)), &number) ? number : -1;
}

struct parked parked_read(const struct record *record, struct arena *arena)
{
    struct parked parked = {
        .id = decode_header(record, "ce_id", arena),
        .source = decode_header(record, "ce_source", arena),
        .type = decode_header(record, "ce_type", arena),
        .code = decode_header(record, "medhub.code", arena),
        .rule = decode_header(record, "medhub.rule", arena),
        .message = decode_header(record, "__connect.errors.exception.message", arena),
        .stage = decode_header(record, "__connect.errors.stage", arena),
        .first_seen = decode_header(record, "medhub.first_seen", arena),
        .input_topic = decode_header(record, "__connect.errors.topic", arena),
        .input_partition = header_number(record, "__connect.errors.partition", arena),
        .input_offset = header_number(record, "__connect.errors.offset", arena),
        .attempt = header_number(record, "medhub.attempt", arena),
    };
    return parked;
}

struct sought_rule {
    const char *id;
    const struct rule *rule;
};

static void look_at_rule(const struct handler *handler, const struct rule *rule, void *context)
{
    struct sought_rule *sought = context;
    (void)handler;

    if (strcmp(rule->id, sought->id) == 0)
        sought->rule = rule;
}

/* What the rule asks for: the record itself only counts how many were broken. */
static void add_reason(json_t *row, const char *rule_id)
{
    struct sought_rule sought = {rule_id, NULL};

    rules_each(look_at_rule, &sought);
    if (sought.rule != NULL)
        (void)json_object_set_new(row, "reason", json_string(sought.rule->sentence_zh));
}

json_t *parked_json(const struct parked *parked, const struct record *record, unsigned visible, bool data,
                    struct arena *arena)
{
    const struct {
        const char *name, *text;
    } texts[] = {
        {"code", parked->code},       {"rule", parked->rule},
        {"message", parked->message}, {"stage", parked->stage},
        {"id", parked->id},           {"source", parked->source},
        {"type", parked->type},       {"firstSeen", parked->first_seen},
    };
    json_t *row = json_object();

    (void)json_object_set_new(row, "time", decode_moment(record->timestamp_ms));
    (void)json_object_set_new(row, "position",
                              json_sprintf("%d/%" PRId64, (int)record->partition, record->offset));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].text[0] != '\0')
            (void)json_object_set_new(row, texts[i].name, json_string(texts[i].text));
    add_reason(row, parked->rule);
    (void)json_object_set_new(row, "key", decode_key(parked->type, record->key, visible, arena));
    (void)json_object_set_new(row, "attempt", json_integer(parked->attempt));
    (void)json_object_set_new(
        row, "input", decode_position(parked->input_topic, parked->input_partition, parked->input_offset));
    (void)json_object_set_new(row, "bytes", json_integer((json_int_t)record->value.length));
    if (data) {
        json_t *decoded = decode_json(schema_find_event(parked->type), record->value, visible, arena);
        (void)json_object_set_new(row, "data", decoded == NULL ? json_null() : decoded);
    }
    return row;
}

bool parked_is(const struct parked *parked, const struct record *record, const char *name)
{
    char own[64], input[320];

    if (strncmp(name, TOPIC_PARKED "/", sizeof TOPIC_PARKED) == 0)
        name += sizeof TOPIC_PARKED;
    (void)snprintf(own, sizeof own, "%d/%" PRId64, (int)record->partition, record->offset);
    (void)snprintf(input, sizeof input, "%s/%" PRId64 "/%" PRId64, parked->input_topic,
                   parked->input_partition, parked->input_offset);
    return strcmp(name, own) == 0 || strcmp(name, input) == 0 ||
           (*name != '\0' && strcmp(name, parked->id) == 0);
}

struct header_copy {
    struct headers *headers;
    bool ok;
};

static bool copy_header(const char *name, struct bytes value, void *context)
{
    struct header_copy *copy = context;
    bool of_parking = strncmp(name, "__connect.errors.", 17) == 0 ||
                      (strncmp(name, "medhub.", 7) == 0 && strcmp(name, "medhub.first_seen") != 0);

    if (!of_parking)
        copy->ok = copy->ok && headers_add(copy->headers, name, value);
    return true;
}

struct headers *parked_original_headers(const struct record *record, const struct parked *parked)
{
    struct header_copy copy = {headers_new(12), true};
    char count[24];

    if (copy.headers == NULL)
        return NULL;
    record_each_header(record, copy_header, &copy);
    (void)snprintf(count, sizeof count, "%" PRId64, parked->attempt < 1 ? (int64_t)1 : parked->attempt);
    if (copy.ok && headers_add_text(copy.headers, "medhub.redrive", count))
        return copy.headers;
    headers_free(copy.headers);
    return NULL;
}
