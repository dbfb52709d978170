/* wire.h: works on protobuf bytes by the table of facts, without unpacking.
 *
 * protobuf-c accepts a NUL inside a string (and then reads a shorter one than was signed), does not look at UTF-8 and
 * recurses without limit. wire_check() closes these before anything is unpacked. Any thread. */
#ifndef EVENT_WIRE_H
#define EVENT_WIRE_H

#include "base/fault.h"
#include "event/schema.h"

enum { WIRE_DEPTH_MAX = 16, WIRE_FIELDS_MAX = 100000 };

/* Who made the bytes. */
enum wire_origin {
    WIRE_SUBMITTED, /* an organisation: fields that only the hub writes are refused */
    WIRE_OWN,       /* the hub: facts, rows, receipts */
};

/* What wire_check() saw on the way. */
struct wire_summary {
    uint32_t fields;
    bool unknown;         /* holds fields of a newer version: allowed, kept as long as bytes are passed on */
    struct bytes key;     /* value of the key field, lent by the input; BYTES_NONE if there is none */
    struct bytes subject; /* likewise */
    bool right; /* check_message() has nothing to find: seen while unpacking. False: it may have */
};

/* Refuses (STATUS_REJECT, the fault names message and field, never a value): "wire.truncated", "wire.varint",
 * "wire.tag" (field number 0 or too large), "wire.group" (groups and unknown wire types), "wire.type" (a known field
 * with another wire type), "wire.nul", "wire.utf8", "wire.depth", "wire.fields", "wire.key_twice", "wire.hub_only".
 * Other singular fields may occur twice: the last one wins and messages merge, as protobuf says. SUMMARY may be NULL
 * and is valid only after STATUS_OK. */
enum status wire_check(const struct message_facts *facts, struct bytes value, enum wire_origin origin,
                       struct wire_summary *summary, struct fault *fault) MUST_CHECK;

/* Appends to OUT what somebody who may see the classes VISIBLE (bits of enum sensitivity) sees of VALUE: fields of
 * other classes and unknown fields are left out, lengths corrected. A message left empty by that is left out with its
 * field (not even their number is told), unless the field itself has a visible class. What the sender wrote in what order stays as it was. VALUE must
 * have passed wire_check(). False if it is malformed or OUT is full; OUT then holds what it held before, and is failed
 * if it was full. */
bool wire_project(const struct message_facts *facts, struct bytes value, unsigned visible, struct buffer *out)
    MUST_CHECK;
/* The same for a VALUE in which wire_check() or unpacking has found nothing wrong and nothing unknown: a message of which
 * all may be seen is copied without being looked into. */
bool wire_project_known(const struct message_facts *facts, struct bytes value, unsigned visible, struct buffer *out)
    MUST_CHECK;

/* Appends to OUT the lists at the top of VALUE, as they lie there, and nothing else of it: behind a message of the same type they
 * lengthen its lists, since protobuf reads messages one behind the other as one. False if VALUE is malformed or OUT is full. */
bool wire_append_lists(const struct message_facts *facts, struct bytes value, struct buffer *out) MUST_CHECK;

/* Finds the last top-level occurrence of the length-delimited field NUMBER. BYTES_NONE if there is none or VALUE is
 * malformed; an empty field has data but no length. */
struct bytes wire_find(struct bytes value, uint32_t number);

#endif
