#include "client/catalogue_row.h"

#include "base/hash.h"
#include "base/json_text.h"
#include "base/text.h"
#include "signature/digest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGE_BYTES_MAX = 8 * 1024 * 1024 };

/* ---- digests ---- */

static struct digest_sum digest_sum_of(struct bytes line)
{
    struct digest_sum sum = {{0}};
    uint8_t digest[DIGEST_BYTES_MAX];
    if (digest_of(DIGEST_SHA_256, line, digest) ==
        DIGEST_SUM_BYTES) /* else zero, which agrees with nothing */
        memcpy(sum.bytes, digest, DIGEST_SUM_BYTES);
    return sum;
}

void digest_sum_add(struct digest_sum *sum, const struct digest_sum *digest)
{
    unsigned carry = 0;
    for (size_t i = DIGEST_SUM_BYTES; i-- > 0; carry >>= 8) {
        carry += (unsigned)sum->bytes[i] + digest->bytes[i];
        sum->bytes[i] = (uint8_t)carry;
    }
}

void digest_sum_subtract(struct digest_sum *sum, const struct digest_sum *digest)
{
    unsigned borrow = 0;
    for (size_t i = DIGEST_SUM_BYTES; i-- > 0;) {
        unsigned difference = 256u + sum->bytes[i] - digest->bytes[i] - borrow;
        sum->bytes[i] = (uint8_t)difference;
        borrow = difference < 256;
    }
}

const char *digest_sum_text(const struct digest_sum *sum, char text[DIGEST_SUM_TEXT_BYTES])
{
    for (size_t i = 0; i < DIGEST_SUM_BYTES; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", sum->bytes[i]);
    return text;
}

struct digest_sum digest_of_row(const struct catalogue_row *row, struct buffer *line)
{
    const char *const texts[] = {row->table,      row->code,        row->region,
                                 row->valid_from, row->valid_until, row->item};
    struct digest_sum none = {{0}};

    buffer_clear(line);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buffer_append_text(line, texts[i]);
        buffer_append_byte(line, '\n');
    }
    buffer_append_format(line, "%lld", (long long)row->version);
    return buffer_ok(line) ? digest_sum_of(buffer_bytes(line)) : none;
}

/* ---- reading ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* 64-bit numbers travel as texts. */
static int64_t number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    int64_t number = 0;

    if (json_is_integer(value))
        return (int64_t)json_integer_value(value);
    return text_parse_i64(bytes_of(text_of(object, name)), &number) ? number : 0;
}

void catalogue_line_done(struct catalogue_line *read)
{
    json_decref(read->root);
    free(read->item);
    *read = (struct catalogue_line){0};
}

static bool is_complete(const struct catalogue_row *row)
{
    return row->table[0] != '\0' && row->code[0] != '\0' && strlen(row->region) == 6 &&
           strlen(row->valid_from) == 10 && (row->valid_until[0] == '\0' || strlen(row->valid_until) == 10) &&
           row->item != NULL;
}

/* jansson writes the digits of \u001F large, RFC 8785 small. */
static void lower_escapes(char *json)
{
    for (char *at = strchr(json, '\\'); at != NULL && at[1] != '\0'; at = strchr(at + 2, '\\'))
        for (int i = 2; at[1] == 'u' && i < 6 && at[i] != '\0'; i++)
            at[i] = (char)(at[i] >= 'A' && at[i] <= 'F' ? at[i] - 'A' + 'a' : at[i]);
}

/* ITEM as RFC 8785 writes it, to be freed. NULL: no object, or no memory. */
static char *canonical(const json_t *item)
{
    char *text = json_is_object(item) ? json_dumps(item, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    if (text != NULL)
        lower_escapes(text);
    return text;
}

/* Takes the item's text into READ. */
static bool finish(struct catalogue_line *read, const json_t *item)
{
    read->item = canonical(item);
    read->row.item = read->item;
    if (is_complete(&read->row))
        return true;
    catalogue_line_done(read);
    return false;
}

static enum catalogue_line_kind read_row(struct catalogue_line *read)
{
    const json_t *root = read->root;

    read->row = (struct catalogue_row){.table = text_of(root, "kind"),
                                       .code = text_of(root, "code"),
                                       .region = text_of(root, "region"),
                                       .valid_from = text_of(root, "validFrom"),
                                       .valid_until = text_of(root, "validUntil"),
                                       .version = number_of(root, "version")};
    return finish(read, json_object_get(root, "item")) ? CATALOGUE_ROW : CATALOGUE_NO_LINE;
}

/* ---- a row of the plain form: all but a few ---- */

enum row_part { ROW_KIND, ROW_CODE, ROW_REGION, ROW_FROM, ROW_UNTIL, ROW_VERSION, ROW_ITEM, ROW_PARTS };

/* The values of a row's members by their place in PARTS; absent ones are none. False: another line, or not of the plain form. */
static bool find_parts(struct bytes line, struct bytes parts[ROW_PARTS])
{
    static const char *const names[ROW_PARTS] = {
        [ROW_KIND] = "kind",        [ROW_CODE] = "code",       [ROW_REGION] = "region", [ROW_FROM] = "validFrom",
        [ROW_UNTIL] = "validUntil", [ROW_VERSION] = "version", [ROW_ITEM] = "item"};
    struct json_members members;

    if (!json_text_members(line, &members))
        return false;
    for (size_t i = 0; i < members.count; i++) {
        int part = 0;
        while (part < ROW_PARTS && !bytes_equal_text(members.items[i].name, names[part]))
            part++;
        if (part == ROW_PARTS)
            return false;
        parts[part] = members.items[i].value;
    }
    return true;
}

/* Appends the text with a NUL and says where it begins. False: no text. */
static bool keep_text(struct bytes value, struct buffer *texts, size_t *at)
{
    struct bytes text = bytes_from("", 0);

    *at = texts->length;
    if (value.data != NULL && !json_text_string(value, &text))
        return false;
    buffer_append_bytes(texts, text);
    buffer_append_byte(texts, '\0');
    return true;
}

static bool scan_row(struct bytes line, struct buffer *texts, struct catalogue_row *row)
{
    struct bytes parts[ROW_PARTS] = {{0}};
    size_t at[ROW_ITEM];

    buffer_clear(texts);
    if (!find_parts(line, parts) || parts[ROW_ITEM].data == NULL || !json_text_sorted(parts[ROW_ITEM], texts))
        return false;
    buffer_append_byte(texts, '\0');
    for (int i = 0; i < ROW_ITEM; i++)
        if (!keep_text(parts[i], texts, &at[i]))
            return false;
    const char *text = buffer_text(texts);
    *row = (struct catalogue_row){.table = text + at[ROW_KIND],
                                  .code = text + at[ROW_CODE],
                                  .region = text + at[ROW_REGION],
                                  .valid_from = text + at[ROW_FROM],
                                  .valid_until = text + at[ROW_UNTIL],
                                  .item = text};
    return buffer_ok(texts) && text_parse_i64(bytes_of(text + at[ROW_VERSION]), &row->version) && is_complete(row);
}

enum catalogue_line_kind catalogue_line_read(struct bytes line, struct buffer *texts, struct catalogue_line *read)
{
    *read = (struct catalogue_line){0};
    if (scan_row(line, texts, &read->row))
        return CATALOGUE_ROW;
    json_t *root = json_loadb((const char *)line.data, line.length, JSON_REJECT_DUPLICATES, NULL);

    *read = (struct catalogue_line){.cursor = text_of(root, "cursor"),
                                    .rows = number_of(root, "rows"),
                                    .digest = text_of(root, "digest"),
                                    .root = root};
    if (json_object_get(root, "snapshot") != NULL)
        return CATALOGUE_HEAD;
    return json_object_get(root, "digest") != NULL ? CATALOGUE_TAIL : read_row(read);
}

static bool is_removal(const json_t *data)
{
    const json_t *changes = json_object_get(data, "changes");

    if (json_is_true(json_object_get(data, "removed")))
        return true;
    for (size_t i = 0; i < json_array_size(changes); i++) {
        const char *change = json_string_value(json_array_get(changes, i));
        if (change != NULL && strcmp(change, "CHANGE_REMOVED") == 0)
            return true;
    }
    return false;
}

/* "WESTERN_DRUG" of "KIND_WESTERN_DRUG". */
static const char *table_of(const json_t *item)
{
    const char *kind = text_of(item, "kind");
    return strncmp(kind, "KIND_", 5) == 0 ? kind + 5 : "";
}

static bool is_of_type(const json_t *event, const char *name)
{
    static const char prefix[] = "medhub.catalogue.";
    const char *type = text_of(event, "type");

    return strncmp(type, prefix, strlen(prefix)) == 0 && strcmp(type + strlen(prefix), name) == 0;
}

/* Those that say how the row of an item is from a day on. */
static bool changes_a_row(const json_t *event)
{
    static const char *const names[] = {"item_changed.v1", "payment_standard_changed.v1", "listing_changed.v1",
                                        "formulary_changed.v1", "code_mapped.v1"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_of_type(event, names[i]))
            return true;
    return false;
}

/* "WESTERN_DRUG/X": the code may hold further slashes. The text before the first one lies in READ. */
static enum catalogue_news read_withdrawal(const json_t *event, struct catalogue_line *read)
{
    const char *key = text_of(read->root, "itemKey"), *slash = strchr(key, '/');

    read->item = slash == NULL ? NULL : strndup(key, (size_t)(slash - key));
    read->row = (struct catalogue_row){.table = read->item,
                                       .code = slash == NULL ? "" : slash + 1,
                                       .region = text_of(read->root, "region"),
                                       .valid_from = text_of(read->root, "effectiveOn"),
                                       .valid_until = "",
                                       .item = "",
                                       .version = number_of(event, "factversion")};
    if (read->item != NULL && is_complete(&read->row))
        return CATALOGUE_WITHDRAWAL;
    catalogue_line_done(read);
    return CATALOGUE_UNREADABLE;
}

static enum catalogue_news read_change(const json_t *event, struct catalogue_line *read)
{
    const json_t *data = read->root, *item = json_object_get(data, "item");

    read->row = (struct catalogue_row){.table = table_of(item),
                                       .code = text_of(item, "code"),
                                       .region = text_of(data, "region"),
                                       .valid_from = text_of(data, "effectiveOn"),
                                       .valid_until = text_of(item, "validUntil"),
                                       .version = number_of(event, "factversion")};
    if (!finish(read, item))
        return CATALOGUE_UNREADABLE;
    return is_removal(data) ? CATALOGUE_REMOVAL : CATALOGUE_CHANGE;
}

/* ---- digests ---- */

/* Bytes travel as base64. "" if it is none. */
static void read_digest(const char *text, char *hexadecimal, size_t size)
{
    uint8_t digest[64];
    size_t length = 0;

    hexadecimal[0] = '\0';
    if (!text_base64_decode(bytes_of(text), digest, sizeof digest, &length) || 2 * length + 1 > size)
        return;
    for (size_t i = 0; i < length; i++)
        (void)snprintf(hexadecimal + 2 * i, 3, "%02x", digest[i]);
}

static void append_changes(struct buffer *out, const json_t *changes)
{
    static const char *const names[] = {"ADDED",         "REMOVED",          "SECTION_MOVED",  "PAYMENT_STANDARD_CHANGED",
                                        "LIMIT_CHANGED", "VALIDITY_CHANGED", "CATEGORY_MOVED", "RENAMED",
                                        "OTHER"};
    bool first = true;

    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t i = 0; i < json_array_size(changes); i++) {
            const char *change = json_string_value(json_array_get(changes, i));
            if (change == NULL || strncmp(change, "CHANGE_", 7) != 0 || strcmp(change + 7, names[n]) != 0)
                continue;
            buffer_append_text(out, first ? "" : ", ");
            buffer_append_text(out, names[n]);
            first = false;
        }
}

uint64_t catalogue_change_digest(const json_t *event)
{
    static const char *const names[] = {"itemKey", "region", "effectiveOn"};
    const json_t *data = json_object_get(event, "data");
    char *item = canonical(json_object_get(data, "item"));
    struct buffer row;

    buffer_init(&row, CHANGE_BYTES_MAX);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        buffer_append_text(&row, text_of(data, names[i]));
        buffer_append_byte(&row, 0x1F);
    }
    append_changes(&row, json_object_get(data, "changes"));
    buffer_append_byte(&row, 0x1F);
    buffer_append_text(&row, item == NULL ? "" : item);
    uint64_t digest = hash_bytes(buffer_bytes(&row), 0);
    buffer_done(&row);
    free(item);
    return digest;
}

enum catalogue_news catalogue_event_read(const json_t *event, struct catalogue_line *read)
{
    json_t *data = json_object_get(event, "data");

    *read = (struct catalogue_line){.root = json_incref(data), .release = text_of(data, "release")};
    if (changes_a_row(event))
        return read_change(event, read);
    if (is_of_type(event, "item_change_withdrawn.v1"))
        return read_withdrawal(event, read);
    read->rows = number_of(data, "itemCount");
    read_digest(text_of(data, "digest"), read->release_digest, sizeof read->release_digest);
    bool is_published = is_of_type(event, "release_published.v1"), is_back = is_of_type(event, "release_taken_back.v1");
    if ((is_published || is_back) && read->release[0] != '\0')
        return is_published ? CATALOGUE_PUBLISHED : CATALOGUE_TAKEN_BACK;
    catalogue_line_done(read);
    return CATALOGUE_NO_CHANGE;
}

bool catalogue_item_text(const char *item, const char *name, char *text, size_t size)
{
    json_t *root = json_loads(item, 0, NULL);
    const char *found = text_of(root, name);
    bool fits = strlen(found) < size;

    (void)snprintf(text, size, "%s", fits ? found : "");
    json_decref(root);
    return fits;
}

bool catalogue_item_text_is(const char *item, const char *name, const char *expected)
{
    char text[256];

    return catalogue_item_text(item, name, text, sizeof text) && strcmp(text, expected) == 0;
}
