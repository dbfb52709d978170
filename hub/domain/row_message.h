/* row_message.h: which message a row holds, told by its name: for those who show rows to people. Beside the domain that
 * writes them; a domain that names a new row adds a line to the table in row_message.c. */
#ifndef DOMAIN_ROW_MESSAGE_H
#define DOMAIN_ROW_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

/* Of the row NAME ("prescription/N-1") of a key of KEY_KIND ("person"); NULL if no domain writes such rows. */
const ProtobufCMessageDescriptor *row_message_of_state(const char *key_kind, const char *name);
/* Of the rows of a global TABLE ("catalogue"); NULL if there is no such table. */
const ProtobufCMessageDescriptor *row_message_of_table(const char *table);

#endif
