#include "epcis/event_hash.h"
#include "epcis/event_tree.h"
#include "epcis/identifier.h"

#include "base/date.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBER_TEXT_BYTES = 400, TEXT_BYTES_MAX = 16 * 1024 * 1024 };

/* --- the canonical property order [CBV 2.0, table 8-4] --- */

struct property {
    const char *name;
    const struct property *children; /* NULL: a value */
};

static const struct property epcs[] = {{"epc", NULL}, {NULL, NULL}};
static const struct property quantity[] = {
    {"epcClass", NULL}, {"quantity", NULL}, {"uom", NULL}, {NULL, NULL}};
static const struct property quantities[] = {{"quantityElement", quantity}, {NULL, NULL}};
static const struct property dispositions[] = {{"set", NULL}, {"unset", NULL}, {NULL, NULL}};
static const struct property place[] = {{"id", NULL}, {NULL, NULL}};
static const struct property metadata[] = {{"time", NULL},
                                           {"startTime", NULL},
                                           {"endTime", NULL},
                                           {"deviceID", NULL},
                                           {"deviceMetadata", NULL},
                                           {"rawData", NULL},
                                           {"dataProcessingMethod", NULL},
                                           {"bizRules", NULL},
                                           {NULL, NULL}};
static const struct property report[] = {{"type", NULL},
                                         {"exception", NULL},
                                         {"deviceID", NULL},
                                         {"deviceMetadata", NULL},
                                         {"rawData", NULL},
                                         {"dataProcessingMethod", NULL},
                                         {"time", NULL},
                                         {"microorganism", NULL},
                                         {"chemicalSubstance", NULL},
                                         {"value", NULL},
                                         {"component", NULL},
                                         {"stringValue", NULL},
                                         {"booleanValue", NULL},
                                         {"hexBinaryValue", NULL},
                                         {"uriValue", NULL},
                                         {"minValue", NULL},
                                         {"maxValue", NULL},
                                         {"meanValue", NULL},
                                         {"sDev", NULL},
                                         {"percRank", NULL},
                                         {"percValue", NULL},
                                         {"uom", NULL},
                                         {"coordinateReferenceSystem", NULL},
                                         {NULL, NULL}};
static const struct property sensor[] = {
    {"sensorMetadata", metadata}, {"sensorReport", report}, {NULL, NULL}};
static const struct property sensors[] = {{"sensorElement", sensor}, {NULL, NULL}};
static const struct property event_order[] = {{"eventTime", NULL},
                                              {"eventTimeZoneOffset", NULL},
                                              {"certificationInfo", NULL},
                                              {"parentID", NULL},
                                              {"epcList", epcs},
                                              {"inputEPCList", epcs},
                                              {"childEPCs", epcs},
                                              {"quantityList", quantities},
                                              {"childQuantityList", quantities},
                                              {"inputQuantityList", quantities},
                                              {"outputEPCList", epcs},
                                              {"outputQuantityList", quantities},
                                              {"action", NULL},
                                              {"transformationID", NULL},
                                              {"bizStep", NULL},
                                              {"disposition", NULL},
                                              {"persistentDisposition", dispositions},
                                              {"readPoint", place},
                                              {"bizLocation", place},
                                              {"sensorElementList", sensors},
                                              {NULL, NULL}};

/* --- values --- */

static const char *trim(struct arena *arena, const char *text)
{
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    while (length > 0 && isspace((unsigned char)*text)) {
        text++;
        length--;
    }
    return arena_text(arena, bytes_from(text, length));
}

/* "2020-03-04T11:00:30.9995+01:00" as "2020-03-04T10:00:31.000Z": UTC, milliseconds, the third decimal
 * rounded by the fourth. What is no moment stays as it is. */
static const char *moment(struct arena *arena, const char *text)
{
    char whole[64], out[MOMENT_TEXT_BYTES];
    const char *dot = strchr(text, '.'), *zone = dot == NULL ? NULL : dot + 1 + strspn(dot + 1, "0123456789");
    int64_t seconds, milliseconds = 0;
    int32_t nanoseconds;

    (void)snprintf(whole, sizeof whole, "%.*s%s", dot == NULL ? 60 : (int)(dot - text), text,
                   zone == NULL ? "" : zone);
    if (!moment_parse(bytes_of(whole), &seconds, &nanoseconds))
        return text;
    for (const char *digit = dot; digit != NULL && digit + 1 < zone && digit < dot + 3; digit++)
        milliseconds += (digit[1] - '0') * (digit == dot ? 100 : digit == dot + 1 ? 10 : 1);
    milliseconds += dot != NULL && zone > dot + 4 && dot[4] >= '5';
    (void)moment_format(seconds + milliseconds / 1000, 0, out);
    out[strlen(out) - 1] = '\0';
    return arena_format(arena, "%s.%03dZ", out, (int)(milliseconds % 1000));
}

static bool is_number(const char *text, double *number)
{
    char *end;
    if (*text == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
        return false;
    *number = strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}

/* The shortest decimal that reads back as NUMBER; whole numbers without a point. */
static const char *number_text(struct arena *arena, double number)
{
    char text[NUMBER_TEXT_BYTES];
    int precision = 0;
    if (trunc(number) == number)
        return arena_format(arena, "%.0f", number == 0 ? 0.0 : number);
    do
        (void)snprintf(text, sizeof text, "%.*e", precision++, number);
    while (precision < 17 && strtod(text, NULL) != number);
    int exponent = atoi(strchr(text, 'e') + 1);
    return exponent < -4 ? arena_text(arena, bytes_of(text))
                         : arena_format(arena, "%.*f", precision - 1 - exponent, number);
}

/* urn:epcglobal:cbv:bizstep:receiving as https://ref.gs1.org/cbv/BizStep-receiving */
static const char *vocabulary_url(struct arena *arena, const char *text)
{
    static const char *const kinds[][2] = {
        {"bizstep:", "BizStep-"}, {"disp:", "Disp-"}, {"btt:", "BTT-"}, {"sdt:", "SDT-"}, {"er:", "ER-"}};
    static const char urn[] = "urn:epcglobal:cbv:";
    if (strncmp(text, urn, sizeof urn - 1) != 0)
        return text;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(text + sizeof urn - 1, kinds[i][0], strlen(kinds[i][0])) == 0)
            return arena_format(arena, "https://ref.gs1.org/cbv/%s%s", kinds[i][1],
                                text + sizeof urn - 1 + strlen(kinds[i][0]));
    return text;
}

static const char *canonical_value(struct arena *arena, const char *text)
{
    double number;
    if (is_number(text, &number))
        return number_text(arena, number);
    text = vocabulary_url(arena, text);
    return text == NULL ? NULL : identifier_canonical(arena, text);
}

/* --- strings in order --- */

struct strings {
    const char **items;
    size_t count, room;
};

struct hashing {
    struct arena *arena;
    bool failed;
};

static const char *checked(struct hashing *hashing, const char *text)
{
    if (text == NULL || strlen(text) > TEXT_BYTES_MAX)
        hashing->failed = true;
    return text == NULL ? "" : text;
}

static void add(struct hashing *hashing, struct strings *strings, const char *text)
{
    if (strings->count == strings->room) {
        size_t room = strings->room == 0 ? 8 : strings->room * 2;
        const char **more = arena_take(hashing->arena, room * sizeof *more);
        if (more == NULL) {
            hashing->failed = true;
            return;
        }
        if (strings->count > 0)
            memcpy(more, strings->items, strings->count * sizeof *more);
        strings->items = more;
        strings->room = room;
    }
    strings->items[strings->count++] = text;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *join(struct hashing *hashing, struct strings *strings, bool sorted)
{
    size_t length = 0, at = 0;
    if (sorted && strings->count > 1)
        qsort(strings->items, strings->count, sizeof *strings->items, compare);
    for (size_t i = 0; i < strings->count; i++)
        length += strlen(strings->items[i]);
    char *text = length > TEXT_BYTES_MAX ? NULL : arena_take(hashing->arena, length + 1);
    for (size_t i = 0; text != NULL && i < strings->count; i++) {
        size_t part = strlen(strings->items[i]);
        memcpy(text + at, strings->items[i], part);
        at += part;
    }
    if (text != NULL)
        text[at] = '\0';
    return checked(hashing, text);
}

/* --- members without an order of their own: extensions, ILMD, transactions, parties --- */

static const char *value_text(struct hashing *hashing, const struct node *node, bool may_be_time)
{
    const char *text = checked(hashing, trim(hashing->arena, node->value));
    if (*text == '\0')
        return "";
    bool is_time =
        may_be_time && strcasestr(node->name, "time") != NULL && strcasestr(node->name, "offset") == NULL;
    text = checked(hashing, is_time ? moment(hashing->arena, text) : canonical_value(hashing->arena, text));
    return *text == '\0' ? "" : checked(hashing, arena_format(hashing->arena, "=%s", text));
}

static bool is_party(const struct node *node)
{
    return node->name != NULL &&
           (strcmp(node->name, "bizTransaction") == 0 || strcmp(node->name, "source") == 0 ||
            strcmp(node->name, "destination") == 0);
}

static const char *unordered(struct hashing *hashing, const struct node *first)
{
    struct strings strings = {.items = NULL};
    bool sorted = true;
    for (const struct node *node = first; node != NULL; node = node->next) {
        const char *children = unordered(hashing, node->first);
        sorted = sorted && !is_party(node);
        if (node->name == NULL)
            add(hashing, &strings, children);
        else
            add(hashing, &strings,
                checked(hashing, arena_format(hashing->arena, "%s%s%s", node->name,
                                              value_text(hashing, node, false), children)));
    }
    return join(hashing, &strings, sorted);
}

/* --- members in order --- */

/* Extensions of a field are said at its end; those of the event at the end of the event. */
static struct node take_extensions(struct node *parent)
{
    struct node extensions = {.name = ""};
    bool is_event = false;
    for (const struct node *node = parent->first; node != NULL; node = node->next)
        is_event = is_event ||
                   (node->name != NULL && (strstr(node->name, "eventTime") || strstr(node->name, "action")));
    if (is_event || parent->first == parent->last)
        return extensions;
    for (struct node *node = parent->first, *next; node != NULL; node = next) {
        next = node->next;
        if (node->name == NULL || strchr(node->name, '{') == NULL || strstr(node->name, "/}") == NULL)
            continue;
        node_remove(parent, node);
        node->next = NULL;
        *(extensions.last == NULL ? &extensions.first : &extensions.last->next) = node;
        extensions.last = node;
    }
    return extensions;
}

static const char *ordered(struct hashing *hashing, struct node *parent, const struct property *order);

static const char *member(struct hashing *hashing, struct node *node, const struct property *property)
{
    const char *children = property->children == NULL ? "" : ordered(hashing, node, property->children);
    const char *value = value_text(hashing, node, true);
    if (*children == '\0' && *value == '\0')
        return "";
    return checked(hashing, arena_format(hashing->arena, "%s%s%s", node->name, value, children));
}

/* All members with this name, sorted. What is said is taken out of PARENT; what is not stays for the end. */
static const char *members(struct hashing *hashing, struct node *parent, const struct property *property)
{
    struct strings strings = {.items = NULL};
    for (struct node *node = parent->first, *next; node != NULL; node = next) {
        next = node->next;
        if (node->name == NULL || strcmp(node->name, property->name) != 0)
            continue;
        add(hashing, &strings, member(hashing, node, property));
        if (node->first == NULL)
            node_remove(parent, node);
        else
            node->value = ""; /* said; its other children follow under its name */
    }
    return join(hashing, &strings, true);
}

static const char *ordered(struct hashing *hashing, struct node *parent, const struct property *order)
{
    struct strings strings = {.items = NULL};
    struct node extensions = take_extensions(parent);
    for (; order->name != NULL; order++)
        add(hashing, &strings, members(hashing, parent, order));
    add(hashing, &strings, unordered(hashing, extensions.first));
    return join(hashing, &strings, false);
}

/* --- the event --- */

static void remove_administration(struct node *event)
{
    static const char *const names[] = {"recordTime", "eventID", "type", "errorDeclaration"};
    for (struct node *node = event->first, *next; node != NULL; node = next) {
        next = node->next;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (strcmp(node->name, names[i]) == 0) {
                node_remove(event, node);
                break;
            }
        }
    }
}

static const char *prehash_of(struct hashing *hashing, const struct event_document *document,
                              const json_t *event)
{
    struct node *tree = event_tree(document, event, hashing->arena);
    if (tree == NULL)
        return NULL;
    remove_administration(tree);
    const char *in_order = ordered(hashing, tree, event_order), *others = unordered(hashing, tree->first);
    const char *text = arena_format(hashing->arena, "eventType=%s%s%s", tree->name, in_order, others);
    return hashing->failed ? NULL : text;
}

/* --- documents --- */

static const json_t *event_list(const json_t *document)
{
    const json_t *body = json_object_get(document, "epcisBody");
    const json_t *results =
        json_object_get(json_object_get(json_object_get(body, "queryResults"), "resultsBody"), "eventList");
    const json_t *list = json_object_get(body, "eventList");
    if (list == NULL)
        list = results != NULL ? results : json_object_get(body, "event");
    if (list == NULL && json_object_get(document, "eventTime") != NULL)
        list = document;
    return list;
}

/* Members of the hub that made the document, which it says are not part of the event. */
static const json_t *ignored_members(const json_t *document)
{
    static const char end[] = ":ignoreFields";
    const json_t *owners[] = {document,
                              json_object_get(json_object_get(document, "epcisBody"), "queryResults")};
    const char *name;
    json_t *value;
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
        json_object_foreach((json_t *)(uintptr_t)owners[i], name, value)
        {
            size_t length = strlen(name);
            if (length >= sizeof end - 1 && strcmp(name + length - (sizeof end - 1), end) == 0)
                return value;
        }
    return NULL;
}

static void add_context(struct event_document *document, const json_t *owner)
{
    const json_t *context = json_object_get(owner, "@context");
    if (context != NULL && document->context_count < sizeof document->contexts / sizeof *document->contexts)
        document->contexts[document->context_count++] = context;
}

enum status event_hash_walk(const struct json_t *document, struct arena *arena, event_hash_each *each,
                            void *self, struct fault *fault)
{
    const json_t *list = event_list(document);
    size_t count = json_is_array(list) ? json_array_size(list) : 1;

    if (list == NULL)
        return fault_reject(fault, "epcis.document", "no EPCIS document with an event list, and no event");
    struct arena_mark mark = arena_mark(arena);
    for (size_t i = 0; i < count; i++) {
        const json_t *event = json_is_array(list) ? json_array_get(list, i) : list;
        struct event_document about = {.ignored = ignored_members(document)};
        struct hashing hashing = {.arena = arena};
        arena_reset_to(arena, mark);
        add_context(&about, document);
        if (event != document)
            add_context(&about, event);
        const char *prehash = json_is_object(event) ? prehash_of(&hashing, &about, event) : NULL;
        if (prehash == NULL)
            return fault_reject(fault, "epcis.event", "event %zu is not an object, or too large", i + 1);
        if (!each(self, prehash))
            break;
    }
    arena_reset_to(arena, mark);
    return STATUS_OK;
}

const char *event_hash_uri(const char *prehash, char uri[EVENT_HASH_URI_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char hexadecimal[2 * 32 + 1] = "";
    if (EVP_Digest(prehash, strlen(prehash), digest, &length, EVP_sha256(), NULL) != 1 || length != 32)
        abort(); /* only when memory is out */
    for (unsigned i = 0; i < length; i++)
        (void)snprintf(hexadecimal + 2 * i, 3, "%02x", digest[i]);
    (void)snprintf(uri, EVENT_HASH_URI_BYTES, "ni:///sha-256;%s?ver=CBV2.0", hexadecimal);
    return uri;
}
