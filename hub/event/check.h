/* check.h: holds an unpacked message against the facts of its fields and reports everything that is wrong. */
#ifndef EVENT_CHECK_H
#define EVENT_CHECK_H

#include "event/finding.h"
#include "event/schema.h"

/* Adds a refusing finding for each field that breaks what its options say, with its JSON path ("lines[2].quantity"):
 *   field.required   not there, or empty          field.too_long    more characters or bytes than max_length
 *   field.pattern    not of its pattern           field.code        not in its code table
 *   field.enum       a number without a name      field.too_many    more elements than max_items
 *   field.moment     no moment of years 1..9999
 * What was found is shown, cut to 64 characters, or as "***" where the field is clinical or identity. Paths and found
 * texts lie in the findings' arena; if it is full, the finding goes without. MESSAGE's strings must have passed
 * wire_check(). Any thread. */
void check_message(const struct message_facts *facts, const ProtobufCMessage *message, struct findings *findings);

#endif
