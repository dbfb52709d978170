#include "base/csv.h"

struct csv csv_open(struct bytes text)
{
    struct csv csv = {.rest = text, .next_line = 1};

    if (bytes_start_with(text, bytes_of("\xef\xbb\xbf")))
        csv.rest = bytes_from(text.data + 3, text.length - 3);
    return csv;
}

static void skip(struct csv *csv, size_t count)
{
    if (count == 0) /* an absent text has no address to add to */
        return;
    csv->rest = bytes_from(csv->rest.data + count, csv->rest.length - count);
}

/* Bytes of the line end at the front of the rest: 2, 1, or 0 if there is none. */
static size_t line_end(const struct csv *csv)
{
    if (bytes_start_with(csv->rest, bytes_of("\r\n")))
        return 2;
    return bytes_start_with(csv->rest, bytes_of("\n")) ? 1 : 0;
}

static bool take_line_end(struct csv *csv)
{
    size_t length = line_end(csv);

    skip(csv, length);
    csv->next_line += length > 0;
    return length > 0;
}

static bool malformed(struct csv *csv, const char *error)
{
    csv->error = error;
    return false;
}

/* The content of a quoted field with every second quote of a pair taken out. */
static bool unquote(struct csv *csv, struct arena *arena, struct bytes quoted, struct bytes *field)
{
    uint8_t *data = arena_take(arena, quoted.length);
    size_t length = 0;

    if (data == NULL)
        return malformed(csv, "the arena is full");
    for (size_t at = 0; at < quoted.length; at++) {
        data[length++] = quoted.data[at];
        at += quoted.data[at] == '"';
    }
    *field = bytes_from(data, length);
    return true;
}

static bool take_quoted(struct csv *csv, struct arena *arena, struct bytes *field)
{
    const struct bytes text = csv->rest;
    size_t at = 1;
    bool doubled = false;

    for (;; at++) {
        if (at >= text.length)
            return malformed(csv, "a quoted field does not end");
        csv->next_line += text.data[at] == '\n';
        if (text.data[at] != '"')
            continue;
        if (at + 1 == text.length || text.data[at + 1] != '"')
            break;
        doubled = true;
        at++;
    }
    *field = bytes_from(text.data + 1, at - 1);
    skip(csv, at + 1);
    return doubled ? unquote(csv, arena, *field, field) : true;
}

static bool take_plain(struct csv *csv, struct bytes *field)
{
    const struct bytes text = csv->rest;
    size_t at = 0;

    while (at < text.length && text.data[at] != ',' && text.data[at] != '\n' && text.data[at] != '\r') {
        if (text.data[at] == '"')
            return malformed(csv, "a quote in a field that does not begin with one");
        at++;
    }
    *field = bytes_from(text.data, at);
    skip(csv, at);
    return true;
}

static bool take_field(struct csv *csv, struct arena *arena, struct bytes *field)
{
    if (csv->rest.length > 0 && csv->rest.data[0] == '"')
        return take_quoted(csv, arena, field);
    return take_plain(csv, field);
}

/* True if another field follows; false at the end of the row or on an error. */
static bool take_comma(struct csv *csv)
{
    if (csv->rest.length == 0 || take_line_end(csv))
        return false;
    if (csv->rest.data[0] != ',')
        return malformed(csv, csv->rest.data[0] == '\r' ? "a carriage return without line feed"
                                                        : "text after a closing quote");
    skip(csv, 1);
    return true;
}

int csv_next(struct csv *csv, struct arena *arena, struct bytes *fields, int max)
{
    int count = 0;

    if (csv->error != NULL)
        return CSV_MALFORMED;
    while (take_line_end(csv))
        continue;
    csv->line = csv->next_line;
    if (csv->rest.length == 0)
        return CSV_END;
    do {
        if (count == max)
            malformed(csv, "more fields than expected");
        else if (take_field(csv, arena, &fields[count]))
            count++;
    } while (csv->error == NULL && take_comma(csv));
    return csv->error != NULL ? CSV_MALFORMED : count;
}

bool csv_read_header(struct csv *csv, struct arena *arena)
{
    struct bytes fields[CSV_FIELDS_MAX];
    int count = csv_next(csv, arena, fields, CSV_FIELDS_MAX);

    if (count < 0)
        return count == CSV_END ? malformed(csv, "there is no header row") : false;
    csv->header = arena_copy(arena, fields, (size_t)count * sizeof *fields);
    if (csv->header == NULL)
        return malformed(csv, "the arena is full");
    csv->header_count = count;
    return true;
}

int csv_column(const struct csv *csv, const char *name)
{
    for (int i = 0; i < csv->header_count; i++) {
        if (bytes_equal_text(csv->header[i], name))
            return i;
    }
    return -1;
}
