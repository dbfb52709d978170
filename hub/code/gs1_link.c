/* gs1_link.c: GS1 Digital Link URIs, uncompressed, with GTIN-14 and numeric keys [GS1 Digital Link: URI
 * Syntax 6]. What the standard has deprecated or left to other tools is refused by name. */
#include "code/gs1.h"
#include "gs1_rows.h"

enum { PATH_MAX_ROWS = 8 };

struct link {
    struct code_reader *reader;
    size_t path, path_end;   /* of the URI: from the first "/" after the domain */
    size_t query, query_end; /* query == query_end: none */
    size_t begin;            /* the "/" before the key */
    uint16_t rows[PATH_MAX_ROWS];
    size_t row_count;
};

static uint8_t byte_at(const struct link *link, size_t at)
{
    return link->reader->text.data[at];
}

static struct bytes span(const struct link *link, size_t begin, size_t end)
{
    return bytes_from(link->reader->text.data + begin, end - begin);
}

/* --- the parts of the URI [RFC 3986] --- */

static bool is_uri_character(uint8_t c)
{
    static const char others[] = "-._~:/?#[]@!$&'()*+,;=%";
    return gs1_is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr(others, c) != NULL);
}

static bool check_characters(struct link *link)
{
    struct bytes text = link->reader->text;
    for (size_t i = 0; i < text.length; i++)
        if (!is_uri_character(text.data[i]))
            return code_fail(link->reader, CODE_CHARACTER, i);
    return true;
}

static size_t scheme_length(struct bytes text)
{
    static const char *const schemes[] = {"https://", "HTTPS://", "http://", "HTTP://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (bytes_start_with(text, bytes_of(schemes[i])))
            return strlen(schemes[i]);
    return 0;
}

static size_t find(const struct link *link, size_t begin, size_t end, char c)
{
    const uint8_t *data = link->reader->text.data;
    const uint8_t *found = begin == end ? NULL : memchr(data + begin, c, end - begin);
    return found == NULL ? end : (size_t)(found - data);
}

static bool split(struct link *link)
{
    struct bytes text = link->reader->text;
    size_t domain = scheme_length(text), at = domain;

    if (domain == 0)
        return code_fail(link->reader, CODE_LINK, 0);
    for (; at < text.length && text.data[at] != '/'; at++)
        if (strchr("_~?#@!$&'()*+,;=%", text.data[at]) != NULL)
            return code_fail(link->reader, CODE_LINK, at);
    if (at == text.length || at == domain)
        return code_fail(link->reader, CODE_LINK, at);
    size_t end = find(link, at, text.length, '#');
    link->path = at;
    link->path_end = find(link, at, end, '?');
    link->query = link->path_end == end ? end : link->path_end + 1;
    link->query_end = end;
    return true;
}

/* --- values --- */

static int nibble(uint8_t c)
{
    if (gs1_is_digit(c))
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Without percent-encoding; in a query "+" is a blank. A "%" that encodes nothing stands for itself. */
static struct bytes decode(struct link *link, size_t begin, size_t end, bool in_query)
{
    struct bytes text = span(link, begin, end);
    bool plain = memchr(text.data, '%', text.length) == NULL &&
                 (!in_query || memchr(text.data, '+', text.length) == NULL);
    if (plain)
        return text;
    struct bytes copy = code_keep(link->reader, text.data, text.length, begin);
    if (copy.data == NULL)
        return copy;
    uint8_t *data = (uint8_t *)(uintptr_t)copy.data;
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.data[i];
        if (c == '%' && i + 2 < text.length && nibble(text.data[i + 1]) >= 0 &&
            nibble(text.data[i + 2]) >= 0) {
            c = (uint8_t)(nibble(text.data[i + 1]) * 16 + nibble(text.data[i + 2]));
            i += 2;
        } else if (c == '+' && in_query) {
            c = ' ';
        }
        data[length++] = c;
    }
    return bytes_from(data, length);
}

static bool is_short_gtin(uint16_t row, struct bytes value)
{
    if (row != GS1_ROW_01 || (value.length != 8 && value.length != 12 && value.length != 13))
        return false;
    for (size_t i = 0; i < value.length; i++)
        if (!gs1_is_digit(value.data[i]))
            return false;
    return true;
}

static bool add(struct link *link, uint16_t row, size_t begin, size_t end, bool in_query)
{
    struct code_reader *reader = link->reader;
    if (begin == end)
        return code_fail(reader, CODE_VALUE_SHORT, begin);
    struct bytes value = decode(link, begin, end, in_query);
    if (value.data == NULL)
        return false;
    if (is_short_gtin(row, value))
        return code_fail(reader, CODE_LINK_SHORT_GTIN, begin);
    if (gs1_is_present(reader, (struct gs1_range){row, row}, GS1_NONE))
        return code_fail(reader, CODE_REPEATED, begin);
    return gs1_add(reader, row, value, begin);
}

/* --- the path --- */

static bool is_word_key(struct bytes word)
{
    static const char *const words[] = {"gtin", "itip", "cpid", "gln",  "party", "gsrn",  "gsrnp",
                                        "gcn",  "sscc", "gdti", "giai", "grai",  "gmn",   "cpv",
                                        "lot",  "ser",  "tpx",  "cpsn", "glnx",  "refno", "srin"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_equal_text(word, words[i]))
            return true;
    return false;
}

/* Compressed links end with a base64url segment of some length, or have one behind a readable key. */
static bool is_compressed(struct bytes segment)
{
    enum { SHORTEST = 10 };
    bool letter = false;
    for (size_t i = 0; i < segment.length; i++) {
        if (!(gs1_characters[segment.data[i]] & GS1_CSET64))
            return false;
        letter = letter || !gs1_is_digit(segment.data[i]);
    }
    return letter && segment.length >= SHORTEST;
}

/* Why there is no key. */
static bool fail_key(struct link *link)
{
    struct bytes last = BYTES_NONE;
    size_t end, last_at = link->path;
    for (size_t at = link->path + 1; at <= link->path_end; at = end + 1) {
        end = find(link, at, link->path_end, '/');
        last = span(link, at, end);
        last_at = at;
        if (is_word_key(last) && end < link->path_end)
            return code_fail(link->reader, CODE_LINK_WORD, at);
    }
    return code_fail(link->reader, is_compressed(last) ? CODE_LINK_COMPRESSED : CODE_LINK_KEY, last_at);
}

/* The "/" that begins the segment before END. */
static size_t segment_begin(const struct link *link, size_t end)
{
    while (end > link->path && byte_at(link, end - 1) != '/')
        end--;
    return end == link->path ? link->path : end - 1;
}

/* From the end: identifier and value in turn, until one is a key. The rightmost wins. */
static bool find_key(struct link *link)
{
    for (size_t end = link->path_end; end > link->path;) {
        size_t value = segment_begin(link, end);
        if (value == link->path)
            break;
        size_t ai = segment_begin(link, value);
        uint16_t row = gs1_row_get(span(link, ai + 1, value).data, value - ai - 1);
        if (row == GS1_NONE)
            break;
        if (gs1_rows[row].key) {
            link->begin = ai;
            return true;
        }
        end = ai;
    }
    return fail_key(link);
}

static bool read_path(struct link *link)
{
    for (size_t at = link->begin; at < link->path_end;) {
        size_t slash = find(link, at + 1, link->path_end, '/'),
               end = find(link, slash + 1, link->path_end, '/');
        uint16_t row = gs1_row_get(span(link, at + 1, slash).data, slash - at - 1);
        if (link->row_count == PATH_MAX_ROWS)
            return code_fail(link->reader, CODE_LINK_PATH, at + 1);
        link->rows[link->row_count++] = row;
        if (!add(link, row, slash + 1, end, false))
            return false;
        at = end;
    }
    return true;
}

static bool check_path(struct link *link)
{
    const struct gs1_row *key = &gs1_rows[link->rows[0]];
    if (link->row_count > 1 && gs1_qualifiers_find(key, link->rows + 1, link->row_count - 1) == NULL)
        return code_fail(link->reader, CODE_LINK_PATH, link->begin + 1);
    return true;
}

/* --- the query --- */

/* True if ROW, put at some place into the path, would be a qualifier of the key there. */
static bool belongs_into_path(const struct link *link, uint16_t row)
{
    uint16_t rows[PATH_MAX_ROWS];
    for (size_t place = 0; place < link->row_count && link->row_count < PATH_MAX_ROWS; place++) {
        size_t count = 0;
        for (size_t i = 1; i < link->row_count; i++) {
            if (count == place)
                rows[count++] = row;
            rows[count++] = link->rows[i];
        }
        if (count == place)
            rows[count++] = row;
        if (gs1_qualifiers_find(&gs1_rows[link->rows[0]], rows, count) != NULL)
            return true;
    }
    return false;
}

static bool all_digits(struct bytes text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!gs1_is_digit(text.data[i]))
            return false;
    return true;
}

/* Other keys than numbers are somebody else's and are passed over. */
static bool read_parameter(struct link *link, size_t begin, size_t end)
{
    size_t equals = find(link, begin, end, '=');
    struct bytes name = span(link, begin, equals);
    if (equals == end || !all_digits(name))
        return true;
    uint16_t row = gs1_row_get(name.data, name.length);
    if (row == GS1_NONE)
        return code_fail(link->reader, CODE_UNKNOWN_AI, begin);
    if (!gs1_rows[row].attribute || belongs_into_path(link, row))
        return code_fail(link->reader, CODE_LINK_ATTRIBUTE, begin);
    return add(link, row, equals + 1, end, true);
}

static bool read_query(struct link *link)
{
    size_t end;
    for (size_t at = link->query; at < link->query_end; at = end + 1) {
        end = find(link, at, link->query_end, '&');
        if (!read_parameter(link, at, end))
            return false;
    }
    return true;
}

bool gs1_read_link(struct code_reader *reader)
{
    struct link link = {.reader = reader};
    reader->code->agency = CODE_AGENCY_GS1;
    reader->code->form = CODE_FORM_DIGITAL_LINK;
    return split(&link) && check_characters(&link) && find_key(&link) && read_path(&link) &&
           check_path(&link) && read_query(&link);
}
