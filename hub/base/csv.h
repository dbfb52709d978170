/* csv.h: reads RFC 4180 text that lies in memory: the data files we ship, and exports in tests and tools.
 *
 *     struct csv csv = csv_open(text);
 *     if (!csv_read_header(&csv, arena)) ...csv.error
 *     int code = csv_column(&csv, "drg_code");
 *     while ((count = csv_next(&csv, arena, fields, CSV_FIELDS_MAX)) >= 0)
 *         use(fields[code]);
 *     if (count == CSV_MALFORMED) ...csv.line, csv.error
 *
 * Commas, quotes doubled in quoted fields, CRLF or LF. A byte order mark at the front and empty lines are
 * skipped; a quote in the middle of a field, a text after a closing quote, a lone CR and an open quote at the
 * end are errors. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/arena.h"

enum { CSV_END = -1, CSV_MALFORMED = -2, CSV_FIELDS_MAX = 128 };

struct csv {
    struct bytes rest; /* not read yet */
    size_t line;       /* on which the row that was read last begins; 1 = first */
    size_t next_line;
    const char *error; /* a sentence after CSV_MALFORMED, else NULL */
    struct bytes *header;
    int header_count;
};

/* TEXT must live as long as the fields are used. */
struct csv csv_open(struct bytes text);
/* Reads the next row into FIELDS and returns how many there are (at least 1), CSV_END or CSV_MALFORMED (which
 * stays; more than MAX fields are malformed too). A field views the text, or the arena where it had doubled
 * quotes. */
int csv_next(struct csv *csv, struct arena *arena, struct bytes *fields, int max);
/* Takes the next row as names for csv_column(); they live as long as the arena. False if there is none. */
bool csv_read_header(struct csv *csv, struct arena *arena);
/* Index of the column called NAME, or -1. */
int csv_column(const struct csv *csv, const char *name);

#endif
