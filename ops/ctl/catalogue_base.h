/* catalogue_base.h: the rows of an older export, as something newer is held against them: which are there and the same. */
#ifndef CTL_CATALOGUE_BASE_H
#define CTL_CATALOGUE_BASE_H

#include "ops/ctl/catalogue_rows.h"

struct catalogue_base;

/* Reads the export PATH. REJECT as catalogue_rows_read; "catalogue.file" also if it holds changes. catalogue_base_free in any case. */
enum status catalogue_base_read(const char *path, struct catalogue_base **base, struct fault *fault) MUST_CHECK;
void catalogue_base_free(struct catalogue_base *base); /* NULL is fine */

const struct catalogue_sum *catalogue_base_sum(const struct catalogue_base *base);
/* True if the same row is there. Whether or not it is the same, its place was asked for. */
bool catalogue_base_has(struct catalogue_base *base, const struct catalogue_dated *row);
/* Calls EACH with those that nobody asked for, as rows that go. */
void catalogue_base_each_other(const struct catalogue_base *base, catalogue_rows_each *each, void *context);

#endif
