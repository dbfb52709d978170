/* plain_words.h: events as people write them in a scenario. YAML becomes JSON, and where a field's type says
 * what is meant the short form becomes the long one:
 *
 *     quantity: 2.5            {"e4": 25000}          a common.v1.Quantity
 *     price: 12.30             {"microYuan": ...}     a Price;  amount: 12.30 a Money in fen
 *     doctor: D650102000001    {"code": ...}          a Practitioner or a Coded
 *     issued_at: now-1h        RFC 3339               now, now+3d, now-30m, or "2026-03-02 10:00" local time
 *     institution: 市一医院     its id                  any text that is the name of an organisation of the
 * world */
#ifndef SUPPORT_PLAIN_WORDS_H
#define SUPPORT_PLAIN_WORDS_H

#include "event/schema.h"

#include <jansson.h>

/* The file as JSON: the caller gives it back. Fails the test with file and line if it is no YAML. Words are
 * texts; true, false and whole numbers are what they look like unless they are quoted. */
json_t *words_read(const char *path);

/* VALUE as FACTS's message in the long form, a new value. NAMES: name -> id, or NULL. NOW_MS is "now". */
json_t *words_of_message(const struct message_facts *facts, const json_t *value, const json_t *names,
                         int64_t now_ms);

/* "2026-03-02 10:00[:00]" local time, or now+3d; fails the test if it is neither. */
int64_t words_moment(const char *text, int64_t now_ms);

/* Puts VALUE where PATH ("lines[0].quantity") says, into objects and lists that are there or are made; null
 * takes away. */
void words_set(json_t *object, const char *path, json_t *value);

#endif
