#include "ops/ctl/policy_pack.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { VALUES_MAX = 10000, NAME_BYTES_MAX = 128, TEXT_BYTES_MAX = 1000 };

const char *policy_folder(void)
{
    const char *folder = getenv("MEDHUB_POLICY_DIR");
    return folder == NULL ? MEDHUB_POLICY_DIR : folder;
}

static const char *const kind_names[] = {"", "integer", "date", "text"};
static const char *const deviation_names[] = {"", "nothing", "raise", "lower", "anything"};

const char *policy_kind_name(enum policy_kind kind)
{
    return kind_names[kind];
}

const char *policy_deviation_name(enum policy_deviation deviation)
{
    return deviation_names[deviation];
}

/* The index of NAME among NAMES from 1, 0 if it is none of them. */
static size_t index_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return 0;
}

struct reading {
    yaml_document_t document;
    struct policy_pack *pack;
    struct policy_findings *findings;
    struct policy_value *value; /* in hand; NULL: the file's own keys */
};

static size_t line_of(const yaml_node_t *node)
{
    return node == NULL ? 0 : node->start_mark.line + 1;
}

static void wrong(struct reading *reading, enum policy_fault fault, size_t line, const char *found,
                  const char *expected)
{
    policy_find(reading->findings, fault, reading->pack->path, line,
                reading->value == NULL ? "" : reading->value->name, found, expected);
}

/* The same of something without which the value cannot be used. */
static void unsound(struct reading *reading, enum policy_fault fault, size_t line, const char *found,
                    const char *expected)
{
    reading->value->sound = false;
    wrong(reading, fault, line, found, expected);
}

static const char *text_of(struct reading *reading, const yaml_node_t *node)
{
    const char *text = node->type != YAML_SCALAR_NODE || node->data.scalar.length > TEXT_BYTES_MAX
                           ? NULL
                           : arena_text(reading->findings->arena, bytes_from(node->data.scalar.value, node->data.scalar.length));
    return text == NULL ? "" : text;
}

static bool is_region(const char *text)
{
    return strlen(text) == 6 && strspn(text, "0123456789") == 6;
}

/* --- one key each --- */

static void take_name(struct reading *reading, const char *text, size_t line)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._";

    reading->value->name = text;
    if (text[0] == '\0' || strlen(text) > NAME_BYTES_MAX || strspn(text, allowed) != strlen(text))
        unsound(reading, POLICY_NAME, line, text, "a-z 0-9 . _");
}

static void take_kind(struct reading *reading, const char *text, size_t line)
{
    reading->value->kind = (enum policy_kind)index_of(kind_names, sizeof kind_names / sizeof *kind_names, text);
    if (reading->value->kind == POLICY_KIND_NONE)
        unsound(reading, POLICY_KIND, line, text, "integer, date, text");
}

static void take_value(struct reading *reading, const char *text, size_t line)
{
    (void)line;
    reading->value->text = text;
}

/* A unit may be followed by a remark: "days, the day of issue is the first". */
static void take_unit(struct reading *reading, const char *text, size_t line)
{
    (void)line;
    const char *unit = arena_text(reading->findings->arena, bytes_from(text, strcspn(text, ",")));
    reading->value->unit = unit == NULL ? "" : unit;
}

static void take_region(struct reading *reading, const char *text, size_t line)
{
    reading->value->region = text;
    if (!is_region(text))
        unsound(reading, POLICY_REGION, line, text, "\"000000\", \"650000\"");
}

static date_t day_of(struct reading *reading, const char *text, size_t line)
{
    date_t day = date_parse(bytes_of(text));
    if (day == DATE_NONE)
        unsound(reading, POLICY_DAY, line, text, "YYYY-MM-DD");
    return day;
}

static void take_valid_from(struct reading *reading, const char *text, size_t line)
{
    reading->value->valid_from = day_of(reading, text, line);
}

static void take_valid_until(struct reading *reading, const char *text, size_t line)
{
    reading->value->valid_until = day_of(reading, text, line);
}

static void take_document(struct reading *reading, const char *text, size_t line)
{
    (void)line;
    reading->value->document = text;
}

static void take_clause(struct reading *reading, const char *text, size_t line)
{
    (void)line;
    reading->value->clause = text;
}

static void take_title_zh(struct reading *reading, const char *text, size_t line)
{
    (void)line;
    reading->value->title_zh = text;
}

static void take_title_en(struct reading *reading, const char *text, size_t line)
{
    (void)line;
    reading->value->title_en = text;
}

static void take_region_may(struct reading *reading, const char *text, size_t line)
{
    reading->value->region_may =
        (enum policy_deviation)index_of(deviation_names, sizeof deviation_names / sizeof *deviation_names, text);
    if (reading->value->region_may == DEVIATION_NONE)
        wrong(reading, POLICY_DEVIATION, line, text, "nothing, raise, lower, anything");
}

static void take_to_be_set(struct reading *reading, const char *text, size_t line)
{
    reading->value->to_be_set = strcmp(text, "true") == 0;
    if (!reading->value->to_be_set)
        wrong(reading, POLICY_VALUE, line, text, "true");
}

static void take_minimum(struct reading *reading, const char *text, size_t line)
{
    reading->value->has_minimum = text_parse_i64(bytes_of(text), &reading->value->minimum);
    if (!reading->value->has_minimum)
        wrong(reading, POLICY_VALUE, line, text, "integer");
}

static void take_maximum(struct reading *reading, const char *text, size_t line)
{
    reading->value->has_maximum = text_parse_i64(bytes_of(text), &reading->value->maximum);
    if (!reading->value->has_maximum)
        wrong(reading, POLICY_VALUE, line, text, "integer");
}

static void take_pack_region(struct reading *reading, const char *text, size_t line)
{
    reading->pack->region = text;
    if (!is_region(text))
        wrong(reading, POLICY_REGION, line, text, "\"000000\", \"650000\"");
}

static void take_remark(struct reading *reading, const char *text, size_t line)
{
    (void)reading, (void)text, (void)line;
}

struct key_row {
    const char *name;
    void (*take)(struct reading *reading, const char *text, size_t line);
};

static const struct key_row value_keys[] = {
    {"name", take_name},           {"kind", take_kind},           {"value", take_value},
    {"unit", take_unit},           {"region", take_region},       {"valid_from", take_valid_from},
    {"valid_until", take_valid_until}, {"document", take_document}, {"clause", take_clause},
    {"title_zh", take_title_zh},   {"title_en", take_title_en},   {"region_may", take_region_may},
    {"minimum", take_minimum},     {"maximum", take_maximum},
    {"to_be_set", take_to_be_set},
};
enum { VALUE_KEYS = sizeof value_keys / sizeof *value_keys };

/* "parameters" is a list and is read by itself. */
static const struct key_row pack_keys[] = {
    {"region", take_pack_region}, {"title_zh", take_remark}, {"title_en", take_remark}, {"parameters", NULL}};
enum { PACK_KEYS = sizeof pack_keys / sizeof *pack_keys };

static size_t find_key(const struct key_row *keys, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(keys[i].name, name) != 0)
        i++;
    return i;
}

/* Reads all keys of MAPPING. Returns the node under "parameters", if there is one. */
static const yaml_node_t *take_keys(struct reading *reading, const yaml_node_t *mapping, const struct key_row *keys,
                                    size_t count)
{
    const yaml_node_t *list = NULL;
    bool seen[VALUE_KEYS] = {false};

    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(&reading->document, pair->key);
        const yaml_node_t *node = yaml_document_get_node(&reading->document, pair->value);
        size_t i = find_key(keys, count, text_of(reading, name));
        if (i == count)
            wrong(reading, POLICY_KEY_UNKNOWN, line_of(name), text_of(reading, name), "");
        else if (seen[i])
            wrong(reading, POLICY_KEY_TWICE, line_of(name), keys[i].name, "");
        else if (keys[i].take == NULL)
            list = node;
        else if (node->type != YAML_SCALAR_NODE)
            wrong(reading, POLICY_SHAPE, line_of(node), keys[i].name, "");
        else
            keys[i].take(reading, text_of(reading, node), line_of(node));
        if (i < count)
            seen[i] = true;
    }
    return list;
}

/* --- one parameter --- */

/* Its name first, so that every finding bears it. */
static void take_name_first(struct reading *reading, const yaml_node_t *mapping)
{
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++)
        if (strcmp(text_of(reading, yaml_document_get_node(&reading->document, pair->key)), "name") == 0)
            reading->value->name = text_of(reading, yaml_document_get_node(&reading->document, pair->value));
}

static void take_parameter(struct reading *reading, const yaml_node_t *mapping)
{
    struct policy_value *value = &reading->pack->values[reading->pack->count];

    if (mapping->type != YAML_MAPPING_NODE) {
        wrong(reading, POLICY_SHAPE, line_of(mapping), "", "name: …");
        return;
    }
    *value = (struct policy_value){.path = reading->pack->path, .line = line_of(mapping), .name = "", .region = reading->pack->region,
                                   .text = "", .unit = "", .valid_from = DATE_NONE, .valid_until = DATE_NONE, .last_day = DATE_NONE,
                                   .document = "", .clause = "", .title_zh = "", .title_en = "", .sound = true};
    reading->value = value;
    reading->pack->count++;
    take_name_first(reading, mapping);
    (void)take_keys(reading, mapping, value_keys, VALUE_KEYS);
    const struct {
        const char *key;
        bool missing;
    } needed[] = {{"name", value->name[0] == '\0'},
                  {"value", value->text[0] == '\0'},
                  {"region", value->region[0] == '\0'},
                  {"valid_from", value->valid_from == DATE_NONE}};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (needed[i].missing && value->sound)
            unsound(reading, POLICY_KEY_MISSING, value->line, "", needed[i].key);
    reading->value = NULL;
}

/* --- the file --- */

static void take_root(struct reading *reading)
{
    const yaml_node_t *root = yaml_document_get_root_node(&reading->document);

    if (root == NULL || root->type != YAML_MAPPING_NODE) {
        wrong(reading, POLICY_SHAPE, line_of(root), "", "parameters: …");
        return;
    }
    const yaml_node_t *list = take_keys(reading, root, pack_keys, PACK_KEYS);
    if (list == NULL || list->type != YAML_SEQUENCE_NODE) {
        wrong(reading, POLICY_SHAPE, line_of(list == NULL ? root : list), "", "parameters: …");
        return;
    }
    size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    if (count <= VALUES_MAX)
        reading->pack->values = arena_take(reading->findings->arena, (count + 1) * sizeof *reading->pack->values);
    if (reading->pack->values == NULL) {
        wrong(reading, POLICY_SHAPE, line_of(list), "", "at most 10000");
        return;
    }
    for (size_t i = 0; i < count; i++)
        take_parameter(reading, yaml_document_get_node(&reading->document, list->data.sequence.items.start[i]));
}

/* A value ends on the day before the next one begins. */
static void end_values(struct policy_pack *pack)
{
    for (size_t i = 0; i < pack->count; i++) {
        struct policy_value *value = &pack->values[i];
        value->last_day = value->valid_until;
        for (size_t j = 0; j < pack->count && value->valid_until == DATE_NONE; j++) {
            const struct policy_value *next = &pack->values[j];
            if (strcmp(next->name, value->name) == 0 && strcmp(next->region, value->region) == 0 &&
                next->valid_from > value->valid_from && (value->last_day == DATE_NONE || next->valid_from <= value->last_day))
                value->last_day = next->valid_from - 1;
        }
    }
}

static bool load(struct reading *reading, FILE *file)
{
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser))
        return false;
    yaml_parser_set_input_file(&parser, file);
    bool loaded = yaml_parser_load(&parser, &reading->document) == 1;
    if (!loaded)
        wrong(reading, POLICY_NOT_YAML, parser.problem_mark.line + 1, parser.problem, "");
    yaml_parser_delete(&parser);
    return loaded;
}

void policy_pack_read(const char *path, struct policy_pack *pack, struct policy_findings *findings)
{
    struct reading reading = {.pack = pack, .findings = findings};
    FILE *file = fopen(path, "r");

    *pack = (struct policy_pack){.path = path, .region = ""};
    if (file == NULL) {
        wrong(&reading, POLICY_NOT_READABLE, 0, strerror(errno), "");
        return;
    }
    if (load(&reading, file)) {
        take_root(&reading);
        end_values(pack);
        yaml_document_delete(&reading.document);
    }
    (void)fclose(file);
}

bool policy_value_holds(const struct policy_value *value, date_t date)
{
    return value->valid_from != DATE_NONE && value->valid_from <= date &&
           (value->last_day == DATE_NONE || date <= value->last_day);
}

const struct policy_value *policy_pack_find(const struct policy_pack *pack, const char *name, const char *region,
                                            date_t date)
{
    for (size_t i = 0; i < pack->count; i++)
        if (strcmp(pack->values[i].name, name) == 0 && strcmp(pack->values[i].region, region) == 0 &&
            policy_value_holds(&pack->values[i], date))
            return &pack->values[i];
    return NULL;
}

const struct policy_value *policy_pack_any(const struct policy_pack *pack, const char *name)
{
    for (size_t i = 0; i < pack->count; i++)
        if (strcmp(pack->values[i].name, name) == 0)
            return &pack->values[i];
    return NULL;
}
