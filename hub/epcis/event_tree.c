#include "epcis/event_tree.h"
#include "epcis/vocabulary.h"

#include <jansson.h>
#include <stdio.h>

enum { DEPTH_MAX = 32 };

struct making {
    const struct event_document *document;
    struct arena *arena;
    bool failed;
    unsigned depth;
};

/* --- nodes --- */

static struct node *node_new(struct making *making, const char *name, const char *value)
{
    struct node *node = arena_take_zeroed(making->arena, sizeof *node);
    if (node == NULL || value == NULL) {
        making->failed = true;
        return NULL;
    }
    node->name = name;
    node->value = value;
    return node;
}

static void node_add(struct node *parent, struct node *node)
{
    if (parent == NULL || node == NULL)
        return;
    node->next = NULL;
    if (parent->last == NULL)
        parent->first = node;
    else
        parent->last->next = node;
    parent->last = node;
}

void node_remove(struct node *parent, const struct node *node)
{
    struct node *before = NULL;
    for (struct node *child = parent->first; child != NULL; before = child, child = child->next) {
        if (child != node)
            continue;
        *(before == NULL ? &parent->first : &before->next) = child->next;
        if (parent->last == child)
            parent->last = before;
        return;
    }
}

/* --- prefixes --- */

/* The namespace of PREFIX (LENGTH bytes) as the document declares it, else as EPCIS does; NULL: none. */
static const char *namespace_of(const struct making *making, const char *prefix, size_t length)
{
    static const char *const known[][2] = {{"gs1", "https://gs1.org/voc/"},
                                           {"cbv", "https://ref.gs1.org/cbv/"},
                                           {"epcis", "https://ref.gs1.org/epcis/"},
                                           {"cbvmda", "urn:epcglobal:cbv:mda:"}};
    for (size_t i = making->document->context_count; i-- > 0;) {
        const json_t *context = making->document->contexts[i];
        size_t count = json_is_array(context) ? json_array_size(context) : 1;
        for (size_t j = count; j-- > 0;) {
            const json_t *entry = json_is_array(context) ? json_array_get(context, j) : context;
            const char *found = json_string_value(json_object_getn(entry, prefix, length));
            if (found != NULL)
                return found;
        }
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i][0]) == length && memcmp(known[i][0], prefix, length) == 0)
            return known[i][1];
    return NULL;
}

/* "example:field" as "{https://ns.example.com/}field"; a value without the brackets. */
static const char *expand(struct making *making, const char *text, bool is_key)
{
    const char *colon = strchr(text, ':');
    const char *found = colon == NULL ? NULL : namespace_of(making, text, (size_t)(colon - text));
    if (found == NULL)
        return arena_text(making->arena, bytes_of(text));
    return arena_format(making->arena, is_key ? "{%s}%s" : "%s%s", found, colon + 1);
}

/* --- JSON --- */

static const char *scalar(struct making *making, const char *owner, const char *name, const json_t *json)
{
    if (json_is_string(json)) {
        const char *text = expand(making, json_string_value(json), false);
        return text == NULL ? NULL : vocabulary_uri(making->arena, owner, name, text);
    }
    if (json_is_integer(json))
        return arena_format(making->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    if (json_is_real(json))
        return arena_format(making->arena, "%.17g", json_real_value(json));
    return json_is_true(json) ? "True" : json_is_false(json) ? "False" : "None";
}

static void fill(struct making *making, struct node *node, const char *owner, const json_t *object,
                 bool is_event);

/* A member or an element of it. OWNER is what its own members will stand in. */
static struct node *make(struct making *making, const char *owner, const char *name, const json_t *json)
{
    if (!json_is_object(json) && !json_is_array(json))
        return node_new(making, name, scalar(making, owner, name, json));
    struct node *node = node_new(making, name, "");
    if (node == NULL || making->depth == DEPTH_MAX) {
        making->failed = true;
        return NULL;
    }
    making->depth++;
    if (json_is_object(json))
        fill(making, node, name, json, false);
    for (size_t i = 0; i < json_array_size(json); i++)
        node_add(node, make(making, name, "", json_array_get(json, i)));
    making->depth--;
    return node;
}

/* --- lists: their elements have names that JSON leaves out --- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_pair_list(const char *name)
{
    return strcmp(name, "bizTransactionList") == 0 || strcmp(name, "sourceList") == 0 ||
           strcmp(name, "destinationList") == 0;
}

/* {"type": ..., "source": ...}: the type first, as public implementations have it. */
static struct node *make_pair(struct making *making, const char *list, const json_t *element)
{
    const char *name;
    json_t *value;
    struct node *pair = node_new(making, NULL, "");
    json_t *type = json_object_get(element, "type");
    if (type != NULL)
        node_add(pair, node_new(making, "type", scalar(making, list, "type", type)));
    json_object_foreach((json_t *)(uintptr_t)element, name, value)
    {
        bool is_own = strncmp(list, name, strlen(name)) == 0 && strcmp(list + strlen(name), "List") == 0;
        if (is_own)
            node_add(pair, node_new(making, arena_text(making->arena, bytes_of(name)),
                                    scalar(making, list, name, value)));
    }
    return pair;
}

static const char *element_name(struct making *making, const char *list, const json_t *element)
{
    const char *stem = list;
    if (strcmp(list, "childEPCs") == 0)
        return "epc";
    if (ends_with(list, "List"))
        stem = arena_text(making->arena, bytes_from(list, strlen(list) - strlen("List")));
    if (stem == NULL) {
        making->failed = true;
        return list;
    }
    if (strcmp(stem, "inputEPC") == 0 || strcmp(stem, "outputEPC") == 0)
        return "epc";
    if (strcmp(stem, "inputQuantity") == 0 || strcmp(stem, "outputQuantity") == 0 ||
        strcmp(stem, "childQuantity") == 0 || (strcmp(stem, "quantity") == 0 && json_is_object(element)))
        return "quantityElement";
    return stem;
}

static void add_list(struct making *making, struct node *parent, const char *name, const json_t *value)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    struct node *list = node_new(making, name, "");
    for (size_t i = 0; i < count; i++) {
        const json_t *element = json_is_array(value) ? json_array_get(value, i) : value;
        if (is_pair_list(name) && json_is_object(element))
            node_add(list, make_pair(making, name, element));
        else
            node_add(list, make(making, name, element_name(making, name, element), element));
    }
    if (count > 0)
        node_add(parent, list);
}

static void add_member(struct making *making, struct node *parent, const char *owner, const char *name,
                       const json_t *value)
{
    if (ends_with(name, "List") || strcmp(name, "childEPCs") == 0) {
        add_list(making, parent, name, value);
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            node_add(parent, make(making, owner, name, json_array_get(value, i)));
    } else {
        node_add(parent, make(making, owner, name, value));
    }
}

static bool is_ignored(const struct making *making, const char *name, bool is_event)
{
    static const char *const remarks[] = {"#text", "rdfs:comment", "comment", "@context"};
    for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++)
        if (strcmp(name, remarks[i]) == 0)
            return true;
    for (size_t i = 0; is_event && i < json_array_size(making->document->ignored); i++) {
        const char *ignored = json_string_value(json_array_get(making->document->ignored, i));
        if (ignored != NULL && strcmp(name, ignored) == 0)
            return true;
    }
    return strncmp(name, "@xmlns", 6) == 0;
}

static void fill(struct making *making, struct node *node, const char *owner, const json_t *object,
                 bool is_event)
{
    const char *key;
    json_t *value;
    const char *text = json_string_value(json_object_get(object, "#text"));
    if (text != NULL)
        node->value = arena_text(making->arena, bytes_of(text));
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (is_ignored(making, key, is_event))
            continue;
        const char *name = expand(making, key, true);
        if (name == NULL)
            making->failed = true;
        else
            add_member(making, node, owner, name, value);
    }
}

struct node *event_tree(const struct event_document *document, const struct json_t *event,
                        struct arena *arena)
{
    struct making making = {.document = document, .arena = arena};
    const char *type = json_string_value(json_object_get(event, "type"));
    struct node *node = node_new(&making, type == NULL ? "" : expand(&making, type, false), "");
    if (node != NULL)
        fill(&making, node, NULL, event, true);
    return making.failed || node == NULL || node->name == NULL || node->value == NULL ? NULL : node;
}
