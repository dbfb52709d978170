/* document.h: parts of JSON documents that OpenAPI and AsyncAPI share. They are made from the tables that the program works
 * with, so they cannot say anything else. Made once at start: when memory is out the process ends, as for metrics. */
#ifndef GATEWAY_DOCUMENT_H
#define GATEWAY_DOCUMENT_H

#include "base/bytes.h"
#include "base/fault.h"
#include "event/schema.h"

#include <jansson.h>

/* OBJECT[KEY] = VALUE, LIST[] = VALUE; VALUE is taken over. */
void document_put(json_t *object, const char *key, json_t *value);
void document_add(json_t *list, json_t *value);
/* Texts may be NULL: then nothing is put. */
void document_put_text(json_t *object, const char *key, const char *text);
/* "English · 中文" */
void document_put_both(json_t *object, const char *key, const char *english, const char *chinese);

json_t *document_object(void);
json_t *document_list(void);
json_t *document_text(const char *text);
/* printf forms. */
json_t *document_textf(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *document_reference(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Adds the JSON Schema of FACTS, and of every message in it, to SCHEMAS under their protobuf names: the proto3 JSON mapping
 * as event/json.h reads and writes it, with what the options say of each field. What only the hub writes is left out. */
void document_add_message(json_t *schemas, const struct message_facts *facts);

/* Appends a proto3 file that holds FACTS's message and all that it needs, under short names, so that it stands alone. */
void document_write_proto(const struct message_facts *facts, struct buffer *out);

/* The finished document as text; DOCUMENT is given back. */
enum status document_print(json_t *document, struct buffer *out, struct fault *fault) MUST_CHECK;

#endif
