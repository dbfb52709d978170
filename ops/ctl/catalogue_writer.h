/* catalogue_writer.h: a compressed file of dated rows that gets its name when it is whole. */
#ifndef CTL_CATALOGUE_WRITER_H
#define CTL_CATALOGUE_WRITER_H

#include "ops/ctl/catalogue_rows.h"
#include "ops/ctl/command.h"

enum { CATALOGUE_LINE_BYTES_MAX = 8 * 1024 * 1024 };

struct catalogue_writer;

/* Says what is wrong with the name FILE (.zst or .gz) or FORM (csv, protobuf; NULL: csv). */
enum exit_code catalogue_writer_check(const struct call *call, const char *file, const char *form) MUST_CHECK;
/* CHANGES: of what has changed, not of all rows. Both texts live as long. */
enum status catalogue_writer_open(const char *file, const char *form, bool changes, struct catalogue_writer **writer,
                                  struct fault *fault) MUST_CHECK;
enum status catalogue_writer_put(struct catalogue_writer *writer, const struct catalogue_dated *row, struct fault *fault) MUST_CHECK;
uint64_t catalogue_writer_rows(const struct catalogue_writer *writer); /* that were put */
const char *catalogue_writer_form(const struct catalogue_writer *writer);
/* Ends the file, brings it to the disk and names it. */
enum status catalogue_writer_finish(struct catalogue_writer *writer, struct fault *fault) MUST_CHECK;
/* What was not finished is not there. NULL is fine. */
void catalogue_writer_close(struct catalogue_writer *writer);

#endif
