#include "ops/ctl/policy_file.h"

#include "base/date.h"
#include "base/hash.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { PARAMETERS_MAX = 10000 };

void policy_file_default(char *path, size_t size)
{
    const char *folder = getenv("MEDHUB_POLICY_DIR");
    (void)snprintf(path, size, "%s/national.yaml", folder == NULL ? MEDHUB_POLICY_DIR : folder);
}

struct reading {
    const char *path, *source, *time;
    yaml_document_t document;
    struct fault *fault;
};

static enum status wrong(struct reading *reading, const yaml_node_t *node, const char *key, const char *what)
{
    return fault_reject(reading->fault, "policy.malformed", "%s line %zu: %s %s", reading->path,
                        node == NULL ? (size_t)0 : node->start_mark.line + 1, key, what);
}

/* The node under KEY, or NULL. */
static yaml_node_t *find(struct reading *reading, const yaml_node_t *mapping, const char *key)
{
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
         pair++) {
        yaml_node_t *name = yaml_document_get_node(&reading->document, pair->key);
        if (name != NULL && name->type == YAML_SCALAR_NODE &&
            strcmp((char *)name->data.scalar.value, key) == 0)
            return yaml_document_get_node(&reading->document, pair->value);
    }
    return NULL;
}

/* The text under KEY, or "". */
static const char *text_of(struct reading *reading, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_t *node = find(reading, mapping, key);
    return node == NULL || node->type != YAML_SCALAR_NODE ? "" : (const char *)node->data.scalar.value;
}

static enum status check_keys(struct reading *reading, const yaml_node_t *mapping)
{
    static const char *const known[] = {"name",   "kind",       "value",       "unit",
                                        "region", "valid_from", "valid_until", "document",
                                        "clause", "title_zh",   "title_en"};

    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *name = yaml_document_get_node(&reading->document, pair->key);
        bool found = false;
        for (size_t i = 0; name->type == YAML_SCALAR_NODE && i < sizeof known / sizeof *known; i++)
            found = found || strcmp((const char *)name->data.scalar.value, known[i]) == 0;
        if (!found)
            return wrong(reading, name,
                         name->type == YAML_SCALAR_NODE ? (const char *)name->data.scalar.value : "?",
                         "is not a key of a parameter");
    }
    return STATUS_OK;
}

/* Puts the value into PARAMETER under the field of its kind. */
static enum status take_value(struct reading *reading, const yaml_node_t *mapping, json_t *parameter)
{
    const char *kind = text_of(reading, mapping, "kind"), *value = text_of(reading, mapping, "value");
    const yaml_node_t *node = find(reading, mapping, "value");
    int64_t number = 0;

    if (strcmp(kind, "integer") == 0) {
        if (!text_parse_i64(bytes_of(value), &number))
            return wrong(reading, node, "value", "is not an integer");
        (void)json_object_set_new(parameter, "kind", json_string("PARAMETER_KIND_INTEGER"));
        (void)json_object_set_new(parameter, "integer", json_string(value));
    } else if (strcmp(kind, "date") == 0) {
        if (date_parse(bytes_of(value)) == DATE_NONE)
            return wrong(reading, node, "value", "is not a date YYYY-MM-DD");
        (void)json_object_set_new(parameter, "kind", json_string("PARAMETER_KIND_DATE"));
        (void)json_object_set_new(parameter, "date", json_string(value));
    } else if (strcmp(kind, "text") == 0 && value[0] != '\0') {
        (void)json_object_set_new(parameter, "kind", json_string("PARAMETER_KIND_TEXT"));
        (void)json_object_set_new(parameter, "text", json_string(value));
    } else {
        return wrong(reading, find(reading, mapping, "kind"), "kind",
                     "is integer, date or text, with a value");
    }
    return STATUS_OK;
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(object, name, json_string(text));
}

/* A unit may be followed by a remark: "days, the day of issue is the first". */
static void set_unit(json_t *parameter, const char *unit)
{
    if (unit[0] != '\0')
        (void)json_object_set_new(parameter, "unit", json_stringn(unit, strcspn(unit, ",")));
}

static json_t *envelope(struct reading *reading, json_t *data, const char *name, const char *region,
                        const char *from)
{
    char *content = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);
    uint64_t hash = hash_bytes(bytes_of(content), 0);

    free(content);
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:o}", "specversion", "1.0", "id",
                     json_sprintf("policy/%s/%s/%s/%016" PRIx64, name, region, from, hash), "source",
                     reading->source, "type", "medhub.policy.parameter_set.v1", "time", reading->time, "data",
                     data);
}

static enum status take_parameter(struct reading *reading, const yaml_node_t *mapping, json_t *events)
{
    if (mapping->type != YAML_MAPPING_NODE)
        return wrong(reading, mapping, "parameters", "holds something that is no parameter");
    const char *name = text_of(reading, mapping, "name"), *region = text_of(reading, mapping, "region");
    const char *from = text_of(reading, mapping, "valid_from");

    enum status status = check_keys(reading, mapping);
    if (status == STATUS_OK && name[0] == '\0')
        status = wrong(reading, mapping, "name", "is missing");
    if (status == STATUS_OK && date_parse(bytes_of(from)) == DATE_NONE)
        status = wrong(reading, mapping, "valid_from", "is not a date YYYY-MM-DD");
    if (status == STATUS_OK && text_of(reading, mapping, "document")[0] == '\0')
        status = wrong(reading, mapping, "document", "is missing: a parameter names where it comes from");
    if (status != STATUS_OK)
        return status;

    json_t *parameter = json_object(), *data = json_object();
    set_text(parameter, "name", name);
    status = take_value(reading, mapping, parameter);
    set_unit(parameter, text_of(reading, mapping, "unit"));
    set_text(parameter, "document", text_of(reading, mapping, "document"));
    set_text(parameter, "clause", text_of(reading, mapping, "clause"));
    set_text(data, "name", name);
    set_text(data, "region", region);
    set_text(data, "validFrom", from);
    set_text(data, "validUntil", text_of(reading, mapping, "valid_until"));
    (void)json_object_set_new(data, "parameter", parameter);
    (void)json_array_append_new(events, envelope(reading, data, name, region, from));
    return status;
}

static enum status take_parameters(struct reading *reading, json_t *events)
{
    const yaml_node_t *root = yaml_document_get_root_node(&reading->document);
    const yaml_node_t *list =
        root == NULL || root->type != YAML_MAPPING_NODE ? NULL : find(reading, root, "parameters");
    enum status status = STATUS_OK;

    if (list == NULL || list->type != YAML_SEQUENCE_NODE)
        return wrong(reading, root, "parameters", "is missing");
    for (yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top && status == STATUS_OK; item++)
        status = json_array_size(events) == PARAMETERS_MAX
                     ? wrong(reading, list, "parameters", "are too many")
                     : take_parameter(reading, yaml_document_get_node(&reading->document, *item), events);
    return status;
}

static enum status load(struct reading *reading, FILE *file)
{
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser))
        return fault_fatal(reading->fault, "memory.out", "no memory for a YAML parser");
    yaml_parser_set_input_file(&parser, file);
    bool loaded = yaml_parser_load(&parser, &reading->document) == 1;
    enum status status = loaded ? STATUS_OK
                                : fault_reject(reading->fault, "policy.malformed", "%s line %zu: %s",
                                               reading->path, parser.problem_mark.line + 1,
                                               parser.problem == NULL ? "not YAML" : parser.problem);
    yaml_parser_delete(&parser);
    return status;
}

enum status policy_file_read(const char *path, const char *source, const char *time, json_t **events,
                             struct fault *fault)
{
    struct reading reading = {.path = path, .source = source, .time = time, .fault = fault};
    FILE *file = fopen(path, "r");

    *events = NULL;
    if (file == NULL)
        return fault_reject(fault, "file.missing", "%s: %s", path, strerror(errno));
    enum status status = load(&reading, file);
    (void)fclose(file);
    if (status != STATUS_OK)
        return status;
    *events = json_array();
    status = take_parameters(&reading, *events);
    yaml_document_delete(&reading.document);
    if (status != STATUS_OK) {
        json_decref(*events);
        *events = NULL;
    }
    return status;
}
