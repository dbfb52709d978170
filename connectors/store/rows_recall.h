/* rows_recall.h: what the facts of a recall are in the tables of 004_recall.sql. */
#ifndef STORE_ROWS_RECALL_H
#define STORE_ROWS_RECALL_H

#include "store/row_list.h"

#include <protobuf-c/protobuf-c.h>

/* Appends the rows of MESSAGE, a fact at PLACE; none if it is not of a recall. Full room shows in ROWS. They stay when the fact
 * leaves: a recall is asked about for years. */
void recall_rows(struct rows *rows, const ProtobufCMessage *message, int64_t place);

#endif
