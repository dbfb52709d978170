#include "event/search.h"

#include "event/reflect.h"

#include <string.h>

static const struct {
    enum search_kind kind;
    const char *name;
} kinds[] = {
    {SEARCH_EVENT_ID, "event"},
    {SEARCH_TRACE_ID, "trace"},
    {SEARCH_KEY, "key"},
    {SEARCH_PRESCRIPTION, "prescription"},
    {SEARCH_SETTLEMENT, "settlement"},
    {SEARCH_PRODUCT, "product"},
    {SEARCH_LOT, "lot"},
    {SEARCH_SERIAL, "serial"},
    {SEARCH_ORDER, "order"},
    {SEARCH_ORGANISATION, "organisation"},
    {SEARCH_ITEM, "item"},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

const char *search_kind_name(enum search_kind kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (kinds[i].kind == kind)
            return kinds[i].name;
    return "";
}

bool search_kind_parse(const char *name, enum search_kind *kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

enum search_kind search_kind_at(size_t index)
{
    return index < KIND_COUNT ? kinds[index].kind : 0;
}

/* ---- the walk ---- */

struct walk {
    search_found *found;
    void *self;
};

static void walk_message(const struct walk *walk, const struct message_facts *facts,
                         const ProtobufCMessage *message);

static void walk_element(const struct walk *walk, const struct field_facts *field, const void *element)
{
    if (field->searched_inside)
        walk_message(walk, field->message, reflect_message(element));
    else if (reflect_text(element)[0] != '\0')
        walk->found(walk->self, (enum search_kind)field->search, reflect_text(element));
}

static void walk_field(const struct walk *walk, const struct field_facts *field, field_descriptor *descriptor,
                       const ProtobufCMessage *message)
{
    if (!reflect_is_present(message, descriptor))
        return;
    if (!reflect_is_list(descriptor)) {
        walk_element(walk, field, reflect_member(message, descriptor));
        return;
    }
    const char *elements = reflect_list(message, descriptor);
    size_t count = reflect_count(message, descriptor), size = reflect_size(descriptor->type);
    for (size_t i = 0; i < count; i++)
        walk_element(walk, field, elements + i * size);
}

/* No deeper than the schema: it has no recursion. */
static void walk_message(const struct walk *walk, const struct message_facts *facts,
                         const ProtobufCMessage *message)
{
    for (size_t i = 0; i < facts->field_count; i++)
        if (facts->fields[i].search != 0 || facts->fields[i].searched_inside)
            walk_field(walk, &facts->fields[i], &facts->descriptor->fields[i], message);
}

void search_message(const struct message_facts *facts, const ProtobufCMessage *message, search_found *found,
                    void *self)
{
    const struct walk walk = {found, self};

    walk_message(&walk, facts, message);
}
