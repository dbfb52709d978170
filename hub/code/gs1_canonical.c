/* gs1_canonical.c: elements written down again as the one canonical Digital Link URI. */
#include "code/gs1.h"
#include "gs1_rows.h"

static const char stem[] = "https://id.gs1.org";

/* One way to say a code as a link: a key, and which of its qualifiers stand in the path. */
struct canonical {
    const struct code_element *path[CODE_ELEMENTS_MAX];
    size_t path_count;
    const struct code_element *query[CODE_ELEMENTS_MAX];
    size_t query_count;
};

static const struct code_element *find_row(const struct code *code, uint16_t row)
{
    for (size_t i = 0; i < code->element_count; i++)
        if (code->elements[i].row == row)
            return &code->elements[i];
    return NULL;
}

static bool is_in_path(const struct canonical *canonical, uint16_t row)
{
    for (size_t i = 0; i < canonical->path_count; i++)
        if (canonical->path[i]->row == row)
            return true;
    return false;
}

/* In order of the row, which is the lexical order of the identifiers; an identifier that stands twice once.
 */
static void add_to_query(struct canonical *canonical, const struct code_element *element)
{
    size_t place = canonical->query_count;
    while (place > 0 && canonical->query[place - 1]->row >= element->row)
        place--;
    if (place < canonical->query_count && canonical->query[place]->row == element->row)
        return;
    memmove(&canonical->query[place + 1], &canonical->query[place],
            (canonical->query_count - place) * sizeof canonical->query[0]);
    canonical->query[place] = element;
    canonical->query_count++;
}

/* Says CODE with KEY and the qualifiers of ALTERNATIVE (NULL: none). False if an element then has no place.
 */
static bool arrange(const struct code *code, const struct code_element *key, const uint16_t *alternative,
                    struct canonical *canonical)
{
    canonical->path[0] = key;
    canonical->path_count = 1;
    canonical->query_count = 0;
    for (; alternative != NULL && *alternative != GS1_NONE; alternative++) {
        const struct code_element *qualifier = find_row(code, *alternative);
        if (qualifier != NULL)
            canonical->path[canonical->path_count++] = qualifier;
    }
    for (size_t i = 0; i < code->element_count; i++) {
        if (is_in_path(canonical, code->elements[i].row))
            continue;
        if (!gs1_rows[code->elements[i].row].attribute)
            return false;
        add_to_query(canonical, &code->elements[i]);
    }
    return true;
}

/* The way with most in the path; among equals the first key of the dictionary. */
static void choose(const struct code *code, const struct code_element *key, struct canonical *best)
{
    const uint16_t *alternative = &gs1_qualifiers[gs1_rows[key->row].qualifiers];
    struct canonical candidate;
    do {
        bool arranged = arrange(code, key, alternative, &candidate);
        bool better = candidate.path_count > best->path_count ||
                      (candidate.path_count == best->path_count && key->row < best->path[0]->row);
        if (arranged && better)
            *best = candidate;
        while (*alternative != GS1_NONE)
            alternative++;
        alternative++;
    } while (*alternative != GS1_NONE);
}

static bool is_unreserved(uint8_t c)
{
    return gs1_is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static void append_encoded(struct buffer *buffer, struct bytes value)
{
    static const char hexadecimal[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.length; i++) {
        uint8_t c = value.data[i];
        if (is_unreserved(c)) {
            buffer_append_byte(buffer, c);
        } else {
            char encoded[3] = {'%', hexadecimal[c >> 4], hexadecimal[c & 15]};
            buffer_append(buffer, encoded, sizeof encoded);
        }
    }
}

static void append(struct buffer *buffer, const struct canonical *canonical)
{
    buffer_append_text(buffer, stem);
    for (size_t i = 0; i < canonical->path_count; i++) {
        buffer_append_byte(buffer, '/');
        buffer_append_text(buffer, canonical->path[i]->ai);
        buffer_append_byte(buffer, '/');
        append_encoded(buffer, canonical->path[i]->value);
    }
    for (size_t i = 0; i < canonical->query_count; i++) {
        buffer_append_byte(buffer, i == 0 ? '?' : '&');
        buffer_append_text(buffer, canonical->query[i]->ai);
        buffer_append_byte(buffer, '=');
        append_encoded(buffer, canonical->query[i]->value);
    }
}

bool code_canonical(struct code *code, struct buffer *buffer)
{
    struct canonical best = {.path_count = 0};
    for (size_t i = 0; code->agency == CODE_AGENCY_GS1 && i < code->element_count; i++)
        if (gs1_rows[code->elements[i].row].key)
            choose(code, &code->elements[i], &best);
    if (best.path_count == 0) {
        code->error = CODE_NO_LINK;
        code->at = 0;
        return false;
    }
    append(buffer, &best);
    return true;
}
