/* event_headers.h: a CloudEvent's attributes as the headers of a Kafka record. */
#ifndef CORE_EVENT_HEADERS_H
#define CORE_EVENT_HEADERS_H

#include "event/event.h"
#include "kafka/record.h"

/* Binary mode of the CloudEvents 1.0 Kafka protocol binding; attributes that are "" or NULL are left out. NULL when memory is
 * out. The taker frees. */
struct headers *event_headers(const struct event_attributes *attributes);

#endif
