/* item_answer.h: what the catalogue says of an item, from the gateway's tables: catalogue_lookup.h as JSON. */
#ifndef GATEWAY_ITEM_ANSWER_H
#define GATEWAY_ITEM_ANSWER_H

#include "base/arena.h"
#include "base/date.h"
#include "base/fault.h"

#include <stdbool.h>

struct tables_reader;

struct item_question {
    const char *table, *code; /* WESTERN_DRUG */
    const char *region;       /* six digits */
    const char *institution, *insurance; /* NULL: any */
    date_t date;
    bool across_provinces;
};

/* Writes the object ItemRow of routes.c to OUT; *FOUND false: nothing is in force, and OUT is as it was. RETRY: no memory. The
 * reader's thread. */
enum status item_answer(struct tables_reader *tables, const struct item_question *asked, int64_t now_ms, struct arena *arena,
                        struct buffer *out, bool *found, struct fault *fault) MUST_CHECK;

#endif
