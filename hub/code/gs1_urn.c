/* gs1_urn.c: elements as an EPC URN [EPC Tag Data Standard 2.0, 6.3 and 7]. A URN splits a key into company
 * prefix and the rest, so it needs to know how long the prefix is. */
#include "code/gs1.h"
#include "gs1_rows.h"

/* --- lengths of company prefixes --- */

static const struct code_prefix shipped[] = {
    {"690", 7}, {"691", 7}, {"692", 8}, {"693", 8}, {"694", 8}, {"695", 8}, {"696", 8}, {"697", 9},
};
const struct code_prefixes code_prefixes_shipped = {.rows = shipped,
                                                    .count = sizeof shipped / sizeof *shipped};

static const struct code_prefix *find_prefix(const struct code_prefixes *prefixes, struct bytes digits)
{
    size_t low = 0, high = prefixes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(bytes_of(prefixes->rows[middle].digits), digits);
        if (order == 0)
            return &prefixes->rows[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Of the longest row that KEY begins with; 0: not known. */
static size_t prefix_length(const struct code_prefixes *prefixes, struct bytes key)
{
    if (prefixes->length != 0)
        return prefixes->length;
    const struct code_prefixes *table = prefixes->rows == NULL ? &code_prefixes_shipped : prefixes;
    for (size_t length = key.length < 12 ? key.length : 12; length > 0; length--) {
        const struct code_prefix *found = find_prefix(table, bytes_from(key.data, length));
        if (found != NULL)
            return found->length;
    }
    return 0;
}

/* --- schemes --- */

/* How a key is cut up: an indicator that moves behind the prefix, or none; how many characters belong to it;
 * what is left is its serial component. REST_MAY_BE_EMPTY: the serial component is optional, and a pattern
 * stands for it. */
struct scheme {
    uint16_t key, qualifier;   /* GS1_NONE: none needed */
    const char *urn, *pattern; /* with a serial, and without; NULL: there is none */
    uint8_t skip;              /* characters in front that the URN leaves out */
    bool indicator;
    uint8_t key_length; /* of prefix and reference; 0: all */
    uint8_t key_end;    /* where the serial component begins; 0: there is none */
    bool takes_pieces;  /* ITIP: piece and total */
};

/* The finest first. */
static const struct scheme schemes[] = {
    {GS1_ROW_01, GS1_ROW_21, "id:sgtin", NULL, 0, true, 12, 0, false},
    {GS1_ROW_8006, GS1_ROW_21, "id:itip", NULL, 0, true, 12, 0, true},
    {GS1_ROW_01, GS1_ROW_235, "id:upui", NULL, 0, true, 12, 0, false},
    {GS1_ROW_8010, GS1_ROW_8011, "id:cpi", NULL, 0, false, 0, 0, false},
    {GS1_ROW_00, GS1_NONE, "id:sscc", NULL, 0, true, 16, 0, false},
    {GS1_ROW_8004, GS1_NONE, "id:giai", NULL, 0, false, 0, 0, false},
    {GS1_ROW_8018, GS1_NONE, "id:gsrn", NULL, 0, false, 17, 0, false},
    {GS1_ROW_8017, GS1_NONE, "id:gsrnp", NULL, 0, false, 17, 0, false},
    {GS1_ROW_8003, GS1_NONE, "id:grai", "idpat:grai", 1, false, 12, 14, false},
    {GS1_ROW_253, GS1_NONE, "id:gdti", "idpat:gdti", 0, false, 12, 13, false},
    {GS1_ROW_255, GS1_NONE, "id:sgcn", "idpat:sgcn", 0, false, 12, 13, false},
    {GS1_ROW_01, GS1_ROW_10, "class:lgtin", NULL, 0, true, 12, 0, false},
    {GS1_ROW_01, GS1_NONE, NULL, "idpat:sgtin", 0, true, 12, 0, false},
    {GS1_ROW_8006, GS1_NONE, NULL, "idpat:itip", 0, true, 12, 0, true},
    {GS1_ROW_8010, GS1_NONE, NULL, "idpat:cpi", 0, false, 0, 0, false},
    {GS1_ROW_402, GS1_NONE, "id:gsin", NULL, 0, false, 16, 0, false},
    {GS1_ROW_401, GS1_NONE, "id:ginc", NULL, 0, false, 0, 0, false},
    {GS1_ROW_414, GS1_NONE, "id:sgln", NULL, 0, false, 12, 0, false},
    {GS1_ROW_417, GS1_NONE, "id:pgln", NULL, 0, false, 12, 0, false},
};

static const struct code_element *find_row(const struct code *code, uint16_t row)
{
    for (size_t i = 0; i < code->element_count; i++)
        if (code->elements[i].row == row)
            return &code->elements[i];
    return NULL;
}

static const struct scheme *find_scheme(const struct code *code)
{
    for (size_t i = 0; code->agency == CODE_AGENCY_GS1 && i < sizeof schemes / sizeof *schemes; i++)
        if (find_row(code, schemes[i].key) != NULL &&
            (schemes[i].qualifier == GS1_NONE || find_row(code, schemes[i].qualifier) != NULL))
            return &schemes[i];
    return NULL;
}

/* --- writing --- */

static void append_bytes(struct buffer *buffer, struct bytes value, size_t begin, size_t end)
{
    buffer_append(buffer, value.data + begin, end - begin);
}

/* A serial: what a URN may not hold is percent-encoded [TDS 6.3, A.3]. */
static void append_serial(struct buffer *buffer, struct bytes value)
{
    for (size_t i = 0; i < value.length; i++) {
        if (strchr("\"%&/<>?#", value.data[i]) != NULL)
            buffer_append_format(buffer, "%%%02X", value.data[i]);
        else
            buffer_append_byte(buffer, value.data[i]);
    }
}

/* PREFIX.REFERENCE, an indicator digit in front of the reference. */
static void append_key(struct buffer *buffer, const struct scheme *scheme, struct bytes key, size_t prefix)
{
    size_t begin = scheme->skip + scheme->indicator;
    size_t end = scheme->key_length == 0 ? key.length : begin + scheme->key_length;
    append_bytes(buffer, key, begin, begin + prefix);
    buffer_append_byte(buffer, '.');
    if (scheme->indicator)
        append_bytes(buffer, key, 0, 1);
    append_serial(buffer, bytes_from(key.data + begin + prefix, end - begin - prefix));
}

static void append_rest(struct buffer *buffer, const struct code *code, const struct scheme *scheme,
                        struct bytes key)
{
    bool has_serial = scheme->key_end != 0 && key.length > scheme->key_end;
    const struct code_element *extension = find_row(code, GS1_ROW_254);
    if (scheme->takes_pieces) {
        buffer_append_byte(buffer, '.');
        append_bytes(buffer, key, 14, 16);
        buffer_append_byte(buffer, '.');
        append_bytes(buffer, key, 16, 18);
    }
    if (scheme->qualifier != GS1_NONE) {
        buffer_append_byte(buffer, '.');
        append_serial(buffer, find_row(code, scheme->qualifier)->value);
    } else if (has_serial) {
        buffer_append_byte(buffer, '.');
        append_serial(buffer, bytes_from(key.data + scheme->key_end, key.length - scheme->key_end));
    } else if (scheme->pattern != NULL) {
        buffer_append_text(buffer, ".*");
    } else if (scheme->key == GS1_ROW_414) {
        buffer_append_byte(buffer, '.');
        append_serial(buffer, extension == NULL ? bytes_of("0") : extension->value);
    }
}

static bool fail(struct code *code, enum code_error error)
{
    code->error = error;
    code->at = 0;
    return false;
}

bool code_urn(struct code *code, const struct code_prefixes *prefixes, struct buffer *buffer)
{
    const struct scheme *scheme = find_scheme(code);
    if (scheme == NULL)
        return fail(code, CODE_NO_URN);
    struct bytes key = find_row(code, scheme->key)->value;
    size_t begin = scheme->skip + scheme->indicator,
           most = scheme->key_length == 0 ? key.length - begin : scheme->key_length;
    size_t prefix = prefix_length(prefixes, bytes_from(key.data + begin, most));
    if (prefix == 0 || prefix > 12 || prefix > most)
        return fail(code, CODE_PREFIX_LENGTH);
    bool serial = scheme->qualifier != GS1_NONE || scheme->pattern == NULL ||
                  (scheme->key_end != 0 && key.length > scheme->key_end);
    buffer_append_format(buffer, "urn:epc:%s:", serial ? scheme->urn : scheme->pattern);
    append_key(buffer, scheme, key, prefix);
    append_rest(buffer, code, scheme, key);
    return true;
}
