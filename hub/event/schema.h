/* schema.h: what every message and field is, as the options in schemas/ say it. The table is generated from the
 * descriptor set at build time; nothing about a field is written down a second time. Constant data, any thread. */
#ifndef EVENT_SCHEMA_H
#define EVENT_SCHEMA_H

#include "event/pattern.h"

#include <protobuf-c/protobuf-c.h>

/* Who may see a field, as bits; the numbers equal those of enum visibility in domain/decision.h. */
enum sensitivity {
    SENSITIVITY_UNSPECIFIED = 0, /* as the field that holds the message, else ORGANISATION */
    SENSITIVITY_PUBLIC = 1,
    SENSITIVITY_ORGANISATION = 2,
    SENSITIVITY_CLINICAL = 4,
    SENSITIVITY_IDENTITY = 8,
    SENSITIVITY_ALL = 15,
};

/* A list of codes from schemas/codes/NAME.csv, sorted bytewise. */
struct code_table {
    const char *name;
    const char *const *codes;
    size_t count;
};

struct message_facts;
struct unpacking; /* event/unpack_plain.h */
struct met;
struct packing;   /* event/pack_plain.h */

/* What check_message() has to look at. */
enum look {
    LOOK_NOTHING = 0, /* any value and none is right */
    LOOK_TEXT,        /* one string that is not a choice */
    LOOK_MESSAGE,     /* one message, likewise */
    LOOK_OTHER,
};

/* A message has at most 64 fields for each; one does today, and each more costs every message that is unpacked. */
enum { FIELD_WORDS = 1 };

struct field_facts {
    const char *name;      /* as in the .proto: "hospital_number" */
    const char *json_name; /* "hospitalNumber" */
    uint32_t number;
    uint32_t max_length;           /* characters of a string, bytes of a bytes field; 0: no limit of its own */
    uint32_t max_items;            /* of a list */
    const struct pattern *pattern; /* or NULL */
    const struct code_table *codes;
    const struct message_facts *message; /* of a message field, else NULL */
    const ProtobufCEnumDescriptor *names; /* of an enumeration, else NULL */
    enum sensitivity sensitivity;
    enum look look;
    uint32_t offset;   /* of the member in protobuf-c's structure */
    uint8_t wire_type; /* 0, 1, 2 or 5: of one element */
    bool packable;     /* a list of numbers: may also come as one length-delimited block */
    bool text;         /* a string: must be UTF-8 without NUL */
    bool required;
    bool key;
    bool subject;
    bool hub_only;
    bool searched_inside; /* a message that holds, at some depth, a field with SEARCH */
    bool wraps_inside;    /* a message that is a wrap of a sealed value, or holds one at some depth */
    uint16_t search;      /* enum search_kind (event/search.h); 0: nobody searches by it */
};

struct message_facts {
    const char *name; /* "medhub.prescription.v1.Uploaded" */
    const ProtobufCMessageDescriptor *descriptor;
    const struct field_facts *fields; /* parallel to descriptor->fields: in order of number */
    size_t field_count;
    const uint8_t *places; /* places[number] = index in fields + 1, 0: no such field; for numbers below place_count */
    uint32_t place_count;
    int16_t key_field; /* index in fields, -1: none */
    int16_t subject_field;
    /* Unpacks what is plain from AT on (event/unpack_plain.h). Where it stopped; NULL: refused. */
    const uint8_t *(*plain)(struct unpacking *unpacking, const uint8_t *at, const uint8_t *end, void *message,
                            struct met *met, unsigned depth);
    void (*pack)(struct packing *packing, const void *message); /* event/pack_plain.h */
    uint64_t required[FIELD_WORDS]; /* bit i: fields[i] is */
    bool moment; /* google.protobuf.Timestamp */
    uint8_t classes; /* set of enum sensitivity: of all that lies within, at any depth */
    bool inherits;   /* something within has the class of the field that holds the message */

    /* Of an event; all NULL for other messages. */
    const char *type;     /* CloudEvents type */
    const char *topic;    /* where it is submitted; a fact topic when only the hub says it */
    const char *key_kind; /* "person", "product", "item", "institution", "parameter" */
    const char *title_zh;
    const char *title_en;
};

/* The event of that CloudEvents type, or NULL. */
const struct message_facts *schema_find_event(const char *type);
/* The facts of a generated message's descriptor; NULL for messages that are not medhub's. */
const struct message_facts *schema_of(const ProtobufCMessageDescriptor *descriptor);
/* By full protobuf name, or NULL. */
const struct message_facts *schema_find_message(const char *name);

/* All events in order of type; all messages in order of name. INDEX from 0; NULL after the last. */
const struct message_facts *schema_event(size_t index);
const struct message_facts *schema_message(size_t index);

/* The field of that number, or NULL. */
const struct field_facts *schema_field(const struct message_facts *facts, uint32_t number);
/* True if CODE is in TABLE. */
bool schema_has_code(const struct code_table *table, struct bytes code);

/* What a field counts as inside a field of class OUTER. */
static inline enum sensitivity sensitivity_within(enum sensitivity outer, enum sensitivity own)
{
    return own == SENSITIVITY_UNSPECIFIED ? outer : own;
}
/* The class of a value: UNSPECIFIED is ORGANISATION. */
static inline enum sensitivity sensitivity_of_value(enum sensitivity within)
{
    return within == SENSITIVITY_UNSPECIFIED ? SENSITIVITY_ORGANISATION : within;
}
/* True if only those who must know may read it: findings and consoles show "***". */
static inline bool sensitivity_is_masked(enum sensitivity within)
{
    return within == SENSITIVITY_CLINICAL || within == SENSITIVITY_IDENTITY;
}

#endif
