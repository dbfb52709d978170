/* output.h: rows on standard output in the form that -o asks for.
 *
 * json is one array ([] when there is no row), ndjson one object a line as soon as it is known, csv has a
 * header, table is for people: Chinese counts two columns, and rows are held back to find the widths (in a
 * stream: the first ones). */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include "ops/ctl/command.h"

struct json_t; /* jansson */
struct output;

/* COLUMNS (NULL-terminated, names of members) are what table and csv show; json and ndjson show whole rows
 * unless --fields names some. NULL when memory is out. STREAM: rows come over hours, hold back little. */
struct output *output_open(const struct call *call, const char *const *columns, bool stream);
/* Takes ROW, an object. */
void output_row(struct output *output, struct json_t *row);
/* Writes the rows so far, for a reader who waits for them. */
void output_flush(struct output *output);
/* Writes what was held back. False if standard output could not be written. */
bool output_close(struct output *output);

/* One object, for commands that answer with one thing: json as it is, otherwise name and value a line. Takes
 * OBJECT. */
bool output_object(const struct call *call, struct json_t *object);

/* True if the rows go to a person. */
bool output_is_table(const struct call *call);

#endif
