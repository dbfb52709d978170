/* receipts.h: the hub's answers as JSON, and as problems where they refuse. */
#ifndef GATEWAY_RECEIPTS_H
#define GATEWAY_RECEIPTS_H

#include "base/arena.h"

#include "medhub/event/v1/event.pb-c.h"

typedef Medhub__Event__V1__Receipt Receipt;

enum outcome_kind { DECIDED_NOT, DECIDED_ACCEPTED, DECIDED_REFUSED, DECIDED_DUPLICATE };

/* A packed receipt in the arena; NULL if it is none. */
const Receipt *receipt_parse(struct bytes value, struct arena *arena);
/* True if it says no more than that this submission was made before: the first receipt is the answer. */
bool receipt_is_repetition(const Receipt *receipt);
/* What it means for the caller; of a repetition, what was decided the first time. */
enum outcome_kind receipt_kind(const Receipt *receipt);
const char *receipt_outcome_text(int outcome); /* "accepted" */

/* Appends the object, or the value of the member "findings" with its name (nothing if there are none). */
void receipt_write(const Receipt *receipt, struct buffer *out);
void receipt_write_findings(const Receipt *receipt, struct buffer *out);
/* "/v1/receipts/SOURCE/ID" in the arena; NULL when it is full. */
const char *receipt_address(const char *source, const char *id, struct arena *arena);

#endif
