#include "event/facts.h"

#include <endian.h>
#include <stdlib.h>

static const char *name_of(const struct message_facts *facts)
{
    return facts->name;
}

static const char *type_of(const struct message_facts *facts)
{
    return facts->type;
}

static const struct message_facts *find(const struct message_facts *const *rows, size_t count, const char *wanted,
                                        const char *(*text_of)(const struct message_facts *))
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(wanted, text_of(rows[middle]));
        if (order == 0)
            return rows[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct message_facts *schema_find_event(const char *type)
{
    return type == NULL ? NULL : find(facts_events, facts_event_count, type, type_of);
}

const struct message_facts *schema_find_message(const char *name)
{
    return find(facts_messages, facts_message_count, name, name_of);
}

static uint64_t word_at(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof(word));
    return le64toh(word);
}

/* Asked for each message that is packed, and for each row that is unpacked: a hash of what most tells names apart, the package
 * and the end. The generator has filled the slots by the same; half of them and more are empty. */
const struct message_facts *schema_of(const ProtobufCMessageDescriptor *descriptor)
{
    size_t length = strlen(descriptor->name), mask = ((size_t)1 << FACTS_SLOT_BITS) - 1;
    if (length < FACTS_NAME_BYTES_MIN)
        return NULL;
    uint64_t mixed = word_at(descriptor->name + FACTS_PACKAGE_AT) * FACTS_FACTOR_PACKAGE +
                     word_at(descriptor->name + length - sizeof(uint64_t)) + length;
    size_t slot = (size_t)(mixed * FACTS_FACTOR >> (64 - FACTS_SLOT_BITS));
    while (facts_slots[slot] != NULL && facts_slots[slot]->descriptor != descriptor)
        slot = (slot + 1) & mask;
    return facts_slots[slot];
}

const struct message_facts *schema_event(size_t index)
{
    return index < facts_event_count ? facts_events[index] : NULL;
}

const struct message_facts *schema_message(size_t index)
{
    return index < facts_message_count ? facts_messages[index] : NULL;
}

const struct field_facts *schema_field(const struct message_facts *facts, uint32_t number)
{
    if (number < facts->place_count) {
        uint8_t place = facts->places[number];
        return place == 0 ? NULL : &facts->fields[place - 1];
    }
    /* Numbers above the table are few (provenance): they lie at the end. */
    for (size_t i = facts->field_count; i > 0 && facts->fields[i - 1].number >= facts->place_count; i--) {
        if (facts->fields[i - 1].number == number)
            return &facts->fields[i - 1];
    }
    return NULL;
}

static int compare_code(const void *wanted, const void *row)
{
    return bytes_compare(*(const struct bytes *)wanted, bytes_of(*(const char *const *)row));
}

bool schema_has_code(const struct code_table *table, struct bytes code)
{
    return bsearch(&code, table->codes, table->count, sizeof(table->codes[0]), compare_code) != NULL;
}
