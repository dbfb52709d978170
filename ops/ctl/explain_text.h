/* explain_text.h: an explained decision told to a person: Chinese first, English beside it. */
#ifndef CTL_EXPLAIN_TEXT_H
#define CTL_EXPLAIN_TEXT_H

#include <jansson.h>
#include <stdbool.h>

/* EXPLAINED is what explain_json() made. False if standard output could not be written. */
bool explain_print(const json_t *explained);

#endif
