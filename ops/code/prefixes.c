#include "ops/code/prefixes.h"

#include "base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_BYTES = 256 };

struct rows {
    struct code_prefix *rows;
    size_t count, room;
    bool failed;
};

static void add(struct rows *rows, struct bytes digits, int64_t length)
{
    if (digits.length == 0 || digits.length >= sizeof rows->rows->digits || length < 0 || length > 12) {
        rows->failed = true;
        return;
    }
    if (rows->count == rows->room) {
        size_t room = rows->room == 0 ? 1024 : rows->room * 2;
        struct code_prefix *more = realloc(rows->rows, room * sizeof *more);
        if (more == NULL) {
            rows->failed = true;
            return;
        }
        rows->rows = more;
        rows->room = room;
    }
    struct code_prefix *row = &rows->rows[rows->count++];
    *row = (struct code_prefix){.length = (uint8_t)length};
    memcpy(row->digits, digits.data, digits.length);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct code_prefix *)a)->digits, ((const struct code_prefix *)b)->digits);
}

static void read_json(struct rows *rows, json_t *document)
{
    size_t index;
    json_t *entry;
    json_t *entries = json_object_get(json_object_get(document, "GCPPrefixFormatList"), "entry");
    rows->failed = rows->failed || !json_is_array(entries);
    json_array_foreach(entries, index, entry)
    {
        json_t *length = json_object_get(entry, "gcpLength");
        add(rows, bytes_of(json_string_value(json_object_get(entry, "prefix"))),
            json_is_integer(length) ? json_integer_value(length) : -1);
    }
}

/* Lines that do not begin with a digit (a head, a remark) are passed over. */
static void read_csv(struct rows *rows, FILE *file)
{
    char line[LINE_BYTES];
    while (!rows->failed && fgets(line, sizeof line, file) != NULL) {
        size_t digits = strspn(line, "0123456789");
        int64_t length;
        if (digits == 0)
            continue;
        const char *number = line + digits + (line[digits] != '\0');
        struct bytes text = bytes_from(number, strcspn(number, ",\r\n"));
        add(rows, bytes_from(line, digits),
            line[digits] == ',' && text_parse_i64(text, &length) ? length : -1);
    }
}

enum status prefixes_read(const char *path, struct code_prefixes *prefixes, struct fault *fault)
{
    struct rows rows = {.rows = NULL};
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fault_reject(fault, "file.open", "%s cannot be opened", path);
    json_t *document = json_loadf(file, 0, NULL);
    if (document != NULL) {
        read_json(&rows, document);
    } else {
        rewind(file);
        read_csv(&rows, file);
    }
    json_decref(document);
    (void)fclose(file);
    if (rows.failed || rows.count == 0) {
        free(rows.rows);
        return fault_reject(fault, "code.prefixes",
                            "%s holds no lengths of company prefixes, or not only such", path);
    }
    qsort(rows.rows, rows.count, sizeof *rows.rows, compare);
    *prefixes = (struct code_prefixes){.rows = rows.rows, .count = rows.count};
    return STATUS_OK;
}

void prefixes_free(struct code_prefixes *prefixes)
{
    free((void *)(uintptr_t)prefixes->rows);
    *prefixes = (struct code_prefixes){.rows = NULL};
}
