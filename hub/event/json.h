/* json.h: the proto3 JSON mapping in both directions, generic over protobuf-c descriptors.
 *
 * Follows protobuf.dev/programming-guides/json: names in lowerCamelCase (the .proto's own name is accepted too), 64-bit
 * integers as strings (numbers are accepted where exact), enumerations by name (numbers are accepted), Timestamp as
 * RFC 3339, bytes as base64 (the url-safe alphabet and missing padding are accepted), NaN and Infinity as strings.
 * Stricter than Google's: a name twice in one object, a NUL inside a string, white space in numbers, more than
 * JSON_DEPTH_MAX levels and both spellings of one field are refused. A number without quotes above 2^63-1 is refused:
 * write such a uint64 as a string. Any thread. */
#ifndef EVENT_JSON_H
#define EVENT_JSON_H

#include "base/arena.h"
#include "base/fault.h"
#include "event/schema.h"

struct json_t; /* jansson */

enum { JSON_DEPTH_MAX = 32 };

/* TEXT as FACTS's message in the arena. STATUS_REJECT: "json.syntax" (with line and column), "json.unknown_field",
 * "json.type" (a value of the wrong kind), "json.range", "json.enum", "json.moment", "json.base64", "json.nul",
 * "json.twice" (one field or choice given twice), "json.null" (in a list), "json.depth", "json.too_large" (the arena is
 * full). The fault names the path, never a value. Does not check what the options say: check_message() does. */
enum status json_decode(const struct message_facts *facts, struct bytes text, struct arena *arena,
                        ProtobufCMessage **message, struct fault *fault) MUST_CHECK;
/* The same from a parsed object, whose path is PATH ("data" or ""). */
enum status json_decode_value(const struct message_facts *facts, const struct json_t *value, const char *path,
                              struct arena *arena, ProtobufCMessage **message, struct fault *fault) MUST_CHECK;
/* TEXT parsed with the strictness above, or NULL and the fault. The caller gives back with json_decref(). */
struct json_t *json_parse(struct bytes text, struct fault *fault);

struct json_options {
    bool defaults;    /* also write fields that are not set: "", 0, false, [] (messages and choices not) */
    unsigned visible; /* bits of enum sensitivity; other values become "***". 0 means all are visible */
};

/* Appends MESSAGE as one line without spaces. OPTIONS may be NULL. STATUS_REJECT "json.moment" (a Timestamp out of
 * range), "json.utf8" (a string that is not UTF-8), "json.depth", "json.too_large" (OUT is full); OUT then holds what it
 * held before. */
enum status json_encode(const struct message_facts *facts, const ProtobufCMessage *message,
                        const struct json_options *options, struct buffer *out, struct fault *fault) MUST_CHECK;

/* Appends MESSAGE in its canonical form, RFC 8785: the line of json_encode() with the members of all objects in order of their
 * names. What digests of rows are made of. Also STATUS_REJECT "json.canonical": more than JSON_TEXT_MEMBERS_MAX fields are set,
 * it is deeper than JSON_TEXT_DEPTH_MAX, or it has a number that is not whole (base/json_text.h). */
enum status json_encode_canonical(const struct message_facts *facts, const ProtobufCMessage *message, struct buffer *out,
                                  struct fault *fault) MUST_CHECK;

/* Appends TEXT quoted and escaped; it must be UTF-8. For those who write a line of JSON by hand. */
void json_append_text(struct buffer *out, struct bytes text);

#endif
