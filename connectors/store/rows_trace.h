/* rows_trace.h: what a scan is in the tables that the questions of trace_questions.h are asked of. */
#ifndef STORE_ROWS_TRACE_H
#define STORE_ROWS_TRACE_H

#include "store/row_list.h"

#include <protobuf-c/protobuf-c.h>

/* Appends the rows of MESSAGE, a fact that SOURCE said and that lies at PLACE; none if it is no scan. Full room shows in ROWS. */
void trace_rows(struct rows *rows, const ProtobufCMessage *message, const char *source, int64_t place);
/* Only those that are this fact's alone: they leave with it. What is known of an item stays. */
void trace_rows_of_place(struct rows *rows, const ProtobufCMessage *message, const char *source, int64_t place);

/* An item as the tables know it. */
struct trace_identity {
    struct bytes product, lot, serial; /* never NULL */
};
/* What a scanned or typed CODE says. A logistic unit (SSCC) is a product of its own whose number is also its serial. False:
 * it names no item. It lends from CODE or ARENA. */
bool trace_identity_read(struct bytes code, struct arena *arena, struct trace_identity *identity);

#endif
