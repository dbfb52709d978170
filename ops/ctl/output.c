#include "ops/ctl/output.h"

#include "base/bytes.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS_MAX = 160, HELD_MAX = 2000, HELD_STREAM_MAX = 1, CELL_WIDTH_MAX = 60, NAME_BYTES = 64 };

enum form { FORM_TABLE, FORM_JSON, FORM_NDJSON, FORM_CSV };

struct output {
    enum form form;
    char columns[COLUMNS_MAX][NAME_BYTES];
    int widths[COLUMNS_MAX];
    size_t column_count;
    bool only_columns; /* --fields */
    json_t **held;     /* rows of a table that are not written yet */
    size_t held_count, held_max;
    size_t written;
    bool header_written;
};

static enum form form_of(const struct call *call)
{
    const char *name = call->common.output;

    if (name == NULL)
        return isatty(STDOUT_FILENO) == 1 ? FORM_TABLE : FORM_NDJSON;
    return strcmp(name, "json") == 0     ? FORM_JSON
           : strcmp(name, "ndjson") == 0 ? FORM_NDJSON
           : strcmp(name, "csv") == 0    ? FORM_CSV
                                         : FORM_TABLE;
}

bool output_is_table(const struct call *call)
{
    return form_of(call) == FORM_TABLE;
}

static void add_column(struct output *output, const char *name, size_t length)
{
    if (output->column_count < COLUMNS_MAX && length > 0 && length < NAME_BYTES)
        memcpy(output->columns[output->column_count++], name, length);
}

static void choose_columns(struct output *output, const char *const *columns, const char *fields)
{
    output->only_columns = fields != NULL;
    if (fields == NULL) {
        for (; *columns != NULL; columns++)
            add_column(output, *columns, strlen(*columns));
        return;
    }
    while (*fields != '\0') {
        size_t length = strcspn(fields, ",");
        add_column(output, fields, length);
        fields += length;
        fields += *fields == ',';
    }
}

struct output *output_open(const struct call *call, const char *const *columns, bool stream)
{
    struct output *output = calloc(1, sizeof *output);

    if (output == NULL)
        return NULL;
    output->form = form_of(call);
    output->held_max = stream ? HELD_STREAM_MAX : HELD_MAX;
    output->held = calloc(output->held_max, sizeof *output->held);
    if (output->held == NULL) {
        free(output);
        return NULL;
    }
    choose_columns(output, columns, call->common.fields);
    if (output->form == FORM_JSON)
        (void)fputs("[", stdout);
    return output;
}

/* ---- cells ---- */

/* The member that a dotted name leads to, or NULL. */
static const json_t *member(const json_t *row, const char *name)
{
    char part[NAME_BYTES];

    while (row != NULL && *name != '\0') {
        size_t length = strcspn(name, ".");
        (void)snprintf(part, sizeof part, "%.*s", (int)length, name);
        row = json_object_get(row, part);
        name += length;
        name += *name == '.';
    }
    return row;
}

/* Text of a value; the caller frees it. */
static char *cell_text(const json_t *value)
{
    if (value == NULL || json_is_null(value))
        return strdup("");
    if (json_is_string(value))
        return strdup(json_string_value(value));
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* Columns on a terminal that the character needs which begins at TEXT and has LENGTH bytes. */
static int character_width(const char *text, size_t length)
{
    if (length < 3)
        return 1;
    unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];
    if (length == 4)
        return 2;
    /* U+1100.. Hangul, U+2E80.. CJK, U+AC00.. Hangul, U+F900.. CJK, U+FF00.. full-width */
    return (first == 0xe1 && second >= 0x84 && second <= 0x85) || (first == 0xe2 && second >= 0xba) ||
                   (first >= 0xe3 && first <= 0xed) || (first == 0xef && second >= 0xa4 && second <= 0xbd)
               ? 2
               : 1;
}

/* Width of TEXT up to LIMIT columns; *BYTES is how much of it that is. */
static int text_width(const char *text, int limit, size_t *bytes)
{
    int width = 0;
    size_t at = 0;

    while (text[at] != '\0') {
        size_t step = bytes_utf8_step(bytes_of(text + at));
        step = step == 0 ? 1 : step;
        int more = character_width(text + at, step);
        if (width + more > limit)
            break;
        width += more;
        at += step;
    }
    *bytes = at;
    return width;
}

/* ---- table ---- */

static void print_cell(const char *text, int width, bool last)
{
    size_t bytes = 0;
    int used = text_width(text, width, &bytes);

    for (size_t i = 0; i < bytes; i++)
        (void)fputc((unsigned char)text[i] < 0x20 ? ' ' : text[i], stdout);
    if (text[bytes] != '\0' && width > 1)
        (void)fputs("…", stdout); /* in the gap between the columns */
    else if (!last)
        (void)fputc(' ', stdout);
    if (!last)
        (void)printf("%*s", width - used + 1, "");
}

static void widen(struct output *output, size_t column, const char *text)
{
    size_t bytes = 0;
    int width = text == NULL ? 0 : text_width(text, CELL_WIDTH_MAX, &bytes);

    output->widths[column] = width > output->widths[column] ? width : output->widths[column];
}

static void measure(struct output *output)
{
    for (size_t c = 0; c < output->column_count; c++) {
        widen(output, c, output->columns[c]);
        for (size_t r = 0; r < output->held_count; r++) {
            char *text = cell_text(member(output->held[r], output->columns[c]));
            widen(output, c, text);
            free(text);
        }
    }
}

static void print_row(struct output *output, const json_t *row)
{
    for (size_t c = 0; c < output->column_count; c++) {
        char *text = cell_text(member(row, output->columns[c]));
        widen(output, c, text); /* of a stream the first rows alone were measured */
        print_cell(text == NULL ? "" : text, output->widths[c], c + 1 == output->column_count);
        free(text);
    }
    (void)fputc('\n', stdout);
}

static void print_held(struct output *output)
{
    if (!output->header_written && output->held_count > 0) {
        measure(output);
        for (size_t c = 0; c < output->column_count; c++)
            print_cell(output->columns[c], output->widths[c], c + 1 == output->column_count);
        (void)fputc('\n', stdout);
        output->header_written = true;
    }
    for (size_t i = 0; i < output->held_count; i++) {
        print_row(output, output->held[i]);
        json_decref(output->held[i]);
    }
    output->held_count = 0;
    (void)fflush(stdout);
}

/* ---- csv ---- */

static void print_csv_cell(const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        (void)fputs(text, stdout);
        return;
    }
    (void)fputc('"', stdout);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)fputc('"', stdout);
        (void)fputc(*text, stdout);
    }
    (void)fputc('"', stdout);
}

static void print_csv_header(struct output *output)
{
    for (size_t c = 0; c < output->column_count; c++)
        (void)printf("%s%s", c == 0 ? "" : ",", output->columns[c]);
    (void)fputc('\n', stdout);
    output->header_written = true;
}

static void print_csv(struct output *output, const json_t *row)
{
    if (!output->header_written)
        print_csv_header(output);
    for (size_t c = 0; c < output->column_count; c++) {
        char *text = cell_text(member(row, output->columns[c]));
        if (c > 0)
            (void)fputc(',', stdout);
        print_csv_cell(text == NULL ? "" : text);
        free(text);
    }
    (void)fputc('\n', stdout);
}

/* ---- json ---- */

static json_t *only_columns(struct output *output, json_t *row)
{
    if (!output->only_columns)
        return row;
    json_t *chosen = json_object();
    for (size_t c = 0; c < output->column_count; c++) {
        const json_t *value = member(row, output->columns[c]);
        if (value != NULL)
            (void)json_object_set_new(chosen, output->columns[c], json_deep_copy(value));
    }
    json_decref(row);
    return chosen;
}

static void print_json(struct output *output, const json_t *row, const char *before, const char *after)
{
    (void)fputs(output->written == 0 && output->form == FORM_JSON ? "\n" : before, stdout);
    (void)json_dumpf(row, stdout, JSON_COMPACT);
    (void)fputs(after, stdout);
}

void output_row(struct output *output, json_t *row)
{
    switch (output->form) {
    case FORM_TABLE:
        output->held[output->held_count++] = row;
        if (output->held_count == output->held_max)
            print_held(output);
        return;
    case FORM_CSV:
        print_csv(output, row);
        break;
    case FORM_JSON:
        row = only_columns(output, row);
        print_json(output, row, ",\n", "");
        break;
    case FORM_NDJSON:
        row = only_columns(output, row);
        print_json(output, row, "", "\n");
        if (output->held_max == HELD_STREAM_MAX)
            (void)fflush(stdout);
        break;
    }
    output->written++;
    json_decref(row);
}

void output_flush(struct output *output)
{
    if (output->form == FORM_TABLE)
        print_held(output);
    (void)fflush(stdout);
}

bool output_close(struct output *output)
{
    if (output == NULL)
        return false;
    if (output->form == FORM_TABLE)
        print_held(output);
    if (output->form == FORM_CSV && !output->header_written)
        print_csv_header(output);
    if (output->form == FORM_JSON)
        (void)fputs(output->written == 0 ? "]\n" : "\n]\n", stdout);
    free(output->held);
    free(output);
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}

bool output_object(const struct call *call, json_t *object)
{
    const char *name = NULL;
    json_t *value = NULL;

    if (form_of(call) == FORM_TABLE || form_of(call) == FORM_CSV) {
        json_object_foreach(object, name, value)
        {
            char *text = cell_text(value);
            (void)printf("%s%s%s\n", name, form_of(call) == FORM_CSV ? "," : ": ", text == NULL ? "" : text);
            free(text);
        }
    } else {
        (void)json_dumpf(object, stdout, JSON_COMPACT);
        (void)fputc('\n', stdout);
    }
    json_decref(object);
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}
