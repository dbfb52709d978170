/* asyncapi.h: the topics and the events on them as an AsyncAPI 3.0 document, made from schemas/topics.csv and the schemas.
 *
 * It describes the hub: what it receives (inbox topics) and what it sends (all others). Messages carry their protobuf schema
 * as a file that stands alone, CloudEvents attributes as headers, and Kafka bindings. */
#ifndef GATEWAY_ASYNCAPI_H
#define GATEWAY_ASYNCAPI_H

#include "base/bytes.h"
#include "base/fault.h"

/* Appends it: application/json, at most DOCUMENT_BYTES_MAX of gateway/openapi.h. FATAL: OUT is too small, or memory is out. */
enum status asyncapi_write(struct buffer *out, struct fault *fault) MUST_CHECK;

#endif
