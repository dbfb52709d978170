#include "base/conf_file.h"

#include <errno.h>
#include <stdio.h>
#include <yaml.h>

enum { FILE_DEPTH_MAX = 16 /* bounds the recursion */ };

static enum status out_of_memory(struct fault *fault)
{
    return fault_fatal(fault, "conf.memory", "no memory is left for the settings");
}

struct file_reader {
    yaml_parser_t parser;
    const char *path;
    struct arena *arena;
    const struct conf_file_taker *taker;
    struct fault *fault;
};

/* What we need of a libyaml event; the text lies in the arena. */
struct node {
    yaml_event_type_t type;
    const char *text; /* of a scalar; NULL for null */
    size_t line;
};

static bool is_null(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;

    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static enum status refuse_file(const struct file_reader *reader, size_t line, const char *why)
{
    return fault_fatal(reader->fault, "conf.file", "file %s line %zu: %s", reader->path, line, why);
}

static enum status take_scalar(struct file_reader *reader, const yaml_event_t *event, struct node *node)
{
    struct bytes text = bytes_from(event->data.scalar.value, event->data.scalar.length);

    if (text.length > 0 && memchr(text.data, '\0', text.length) != NULL)
        return refuse_file(reader, node->line, "a value contains a NUL");
    node->text = arena_text(reader->arena, text);
    if (node->text == NULL)
        return out_of_memory(reader->fault);
    if (is_null(event))
        node->text = NULL;
    return STATUS_OK;
}

static enum status next_node(struct file_reader *reader, struct node *node)
{
    yaml_event_t event;
    enum status status = STATUS_OK;

    if (yaml_parser_parse(&reader->parser, &event) == 0) {
        const char *problem = reader->parser.problem != NULL ? reader->parser.problem : "it cannot be read";
        return refuse_file(reader, reader->parser.problem_mark.line + 1, problem);
    }
    *node = (struct node){.type = event.type, .line = event.start_mark.line + 1};
    if (event.type == YAML_SCALAR_EVENT)
        status = take_scalar(reader, &event, node);
    yaml_event_delete(&event);
    return status;
}

static enum status hand_over(struct file_reader *reader, const char *key, const struct node *node)
{
    const char *place = arena_format(reader->arena, "file %s line %zu", reader->path, node->line);

    if (place == NULL)
        return out_of_memory(reader->fault);
    return reader->taker->take(reader->taker->context, key, node->text, place, reader->fault);
}

static enum status read_mapping(struct file_reader *reader, const char *prefix, int depth);

static enum status read_value(struct file_reader *reader, const char *key, int depth)
{
    struct node node;
    enum status status = next_node(reader, &node);

    if (status != STATUS_OK)
        return status;
    if (node.type == YAML_SCALAR_EVENT)
        return hand_over(reader, key, &node);
    if (node.type != YAML_MAPPING_START_EVENT)
        return refuse_file(reader, node.line,
                           "settings are single values, lists and aliases are not understood");
    if (depth == FILE_DEPTH_MAX)
        return refuse_file(reader, node.line, "mappings are nested too deep");
    return read_mapping(reader, key, depth + 1);
}

/* The pairs of a mapping up to its end, each key behind PREFIX. */
static enum status read_mapping(struct file_reader *reader, const char *prefix, int depth)
{
    struct node node;

    for (;;) {
        enum status status = next_node(reader, &node);
        if (status != STATUS_OK || node.type == YAML_MAPPING_END_EVENT)
            return status;
        if (node.type != YAML_SCALAR_EVENT || node.text == NULL)
            return refuse_file(reader, node.line, "a key is no plain text");
        const char *key =
            arena_format(reader->arena, "%s%s%s", prefix, *prefix == '\0' ? "" : ".", node.text);
        if (key == NULL)
            return out_of_memory(reader->fault);
        status = read_value(reader, key, depth);
        if (status != STATUS_OK)
            return status;
    }
}

/* The root: a mapping, or nothing at all. */
static enum status read_document(struct file_reader *reader)
{
    struct node node;
    enum status status = next_node(reader, &node);

    if (status != STATUS_OK)
        return status;
    if (node.type == YAML_SCALAR_EVENT && node.text == NULL)
        return STATUS_OK;
    if (node.type != YAML_MAPPING_START_EVENT)
        return refuse_file(reader, node.line, "the file must be a mapping of settings");
    return read_mapping(reader, "", 0);
}

static enum status read_stream(struct file_reader *reader)
{
    struct node node;
    enum status status;
    int documents = 0;

    for (;;) {
        status = next_node(reader, &node);
        if (status != STATUS_OK || node.type == YAML_STREAM_END_EVENT)
            return status;
        if (node.type != YAML_DOCUMENT_START_EVENT)
            continue;
        if (documents++ > 0)
            return refuse_file(reader, node.line, "a second document");
        status = read_document(reader);
        if (status != STATUS_OK)
            return status;
    }
}

enum status conf_file_read(const char *path, struct arena *arena, const struct conf_file_taker *taker,
                           struct fault *fault)
{
    struct file_reader reader = {.path = path, .arena = arena, .taker = taker, .fault = fault};
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        return fault_fatal(fault, "conf.file", "file %s: %s", path, strerror(errno));
    if (yaml_parser_initialize(&reader.parser) == 0) {
        fclose(file);
        return out_of_memory(fault);
    }
    yaml_parser_set_input_file(&reader.parser, file);
    enum status status = read_stream(&reader);
    yaml_parser_delete(&reader.parser);
    fclose(file);
    return status;
}
