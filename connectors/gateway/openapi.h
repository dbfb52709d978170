/* openapi.h: this interface as an OpenAPI 3.1 document, made from the route table and from the schemas of all events that
 * organisations may submit. Nothing in it is written by hand but the description of how to authenticate. */
#ifndef GATEWAY_OPENAPI_H
#define GATEWAY_OPENAPI_H

#include "base/bytes.h"
#include "base/fault.h"

enum { DOCUMENT_BYTES_MAX = 8 * 1024 * 1024 };

/* Appends it: application/json, the same bytes for one version of the program. FATAL: OUT is too small. */
enum status openapi_write(struct buffer *out, struct fault *fault) MUST_CHECK;

#endif
