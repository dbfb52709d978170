/* decode.h: records of medhub's topics as JSON for people. */
#ifndef CTL_DECODE_H
#define CTL_DECODE_H

#include "base/arena.h"
#include "event/schema.h"
#include "kafka/record.h"

#include <jansson.h>

/* The message as JSON; a field that VISIBLE (bits of enum sensitivity) does not cover is "***". NULL if it
 * does not unpack. The arena is scratch. */
json_t *decode_json(const struct message_facts *facts, struct bytes value, unsigned visible,
                    struct arena *arena);

/* The value of the header as text in the arena, or "". */
const char *decode_header(const struct record *record, const char *name, struct arena *arena);

/* How the key of events of TYPE is shown: as it is, or "***" and six digits that are the same for the same
 * key where it is a person's pseudonym and VISIBLE does not cover identity. */
json_t *decode_key(const char *type, struct bytes key, unsigned visible, struct arena *arena);

/* "medhub.inbox.trace/2/1041" */
json_t *decode_position(const char *topic, int64_t partition, int64_t offset);
json_t *decode_moment(int64_t unix_ms);

/* True if TYPE is NAME, or what medhub.NAME.v1 stands for. */
bool decode_type_is(const char *type, const char *name);

enum { VISIBLE_TO_OPERATORS = SENSITIVITY_PUBLIC | SENSITIVITY_ORGANISATION };

#endif
