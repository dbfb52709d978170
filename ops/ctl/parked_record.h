/* parked_record.h: what a record of medhub.parked says about the refusal it is kept for. */
#ifndef CTL_PARKED_RECORD_H
#define CTL_PARKED_RECORD_H

#include "ops/ctl/decode.h"

#define TOPIC_PARKED "medhub.parked"

/* Texts lie in the arena; "" where a header is missing. */
struct parked {
    const char *id, *source, *type;
    const char *code, *rule, *message, *stage, *first_seen;
    const char *input_topic;
    int64_t input_partition, input_offset;
    int64_t attempt; /* how often it was decided: 1, then one more for each redrive */
};

struct parked parked_read(const struct record *record, struct arena *arena);
/* A row for people. DATA: with the decoded content. */
json_t *parked_json(const struct parked *parked, const struct record *record, unsigned visible, bool data,
                    struct arena *arena);
/* True if NAME is its event id, its position ("3/17" or "medhub.parked/3/17") or that of the refused record.
 */
bool parked_is(const struct parked *parked, const struct record *record, const char *name);

/* The headers of RECORD without what parking added, and with the number of the redrive: what the hub gets
 * again. */
struct headers *parked_original_headers(const struct record *record, const struct parked *parked);

#endif
