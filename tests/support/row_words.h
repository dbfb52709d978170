/* row_words.h: rows of the hub's state as people write them in a scenario: a few of their fields. */
#ifndef SUPPORT_ROW_WORDS_H
#define SUPPORT_ROW_WORDS_H

#include "support/stage.h"

/* True if the row NAME of KEY has the WANTED values (path in JSON's spelling to value; null: not set), or if WANTED is null
 * and there is none. Else WHY says what was found. The message is known by the row's name: domain/row_message.h. */
bool words_row_is(struct stage *stage, const char *key, const char *name, const json_t *wanted, char *why, size_t why_bytes);

/* The value at PATH ("lines[0].quantity") of VALUE, lent; NULL if it is not there. */
const json_t *words_at(const json_t *value, const char *path);

#endif
