#include "code/gs1.h"
#include "gs1_rows.h"

_Static_assert(GS1_ROWS <= GS1_ROW_WORDS * 64, "struct code_reader has a bit for each row");

/* --- rows --- */

uint16_t gs1_row_find(const uint8_t *text, size_t length)
{
    if (length < 2 || !gs1_is_digit(text[0]) || !gs1_is_digit(text[1]))
        return GS1_NONE;
    const struct gs1_prefix *prefix = &gs1_prefixes[gs1_two_digits(text)];
    if (prefix->ai_length == 2)
        return prefix->base;
    if (prefix->ai_length == 0 || length < prefix->ai_length || !gs1_is_digit(text[2]))
        return GS1_NONE;
    if (prefix->ai_length == 3)
        return gs1_index[prefix->base + text[2] - '0'];
    return gs1_is_digit(text[3]) ? gs1_index[prefix->base + gs1_two_digits(text + 2)] : GS1_NONE;
}

uint16_t gs1_row_get(const uint8_t *text, size_t length)
{
    uint16_t row = gs1_row_find(text, length);
    return row != GS1_NONE && gs1_rows[row].ai_length == length ? row : GS1_NONE;
}

const uint16_t *gs1_qualifiers_find(const struct gs1_row *key, const uint16_t *rows, size_t count)
{
    if (key->qualifiers == GS1_NONE)
        return NULL;
    const uint16_t *begin = &gs1_qualifiers[key->qualifiers];
    do {
        size_t found = 0;
        const uint16_t *next = begin;
        for (; *next != GS1_NONE; next++)
            found += found < count && *next == rows[found];
        if (found == count)
            return begin;
        begin = next + 1;
    } while (*begin != GS1_NONE);
    return NULL;
}

/* --- the reader --- */

bool code_fail(struct code_reader *reader, enum code_error error, size_t at)
{
    reader->code->error = error;
    reader->code->at = at;
    return false;
}

struct bytes code_keep(struct code_reader *reader, const void *data, size_t length, size_t at)
{
    void *copy = reader->arena == NULL ? NULL : arena_copy(reader->arena, data, length);
    if (copy == NULL)
        (void)code_fail(reader, CODE_ARENA_FULL, at);
    return copy == NULL ? BYTES_NONE : bytes_from(copy, length);
}

bool code_add(struct code_reader *reader, const char *ai, struct bytes value, size_t at)
{
    struct code *code = reader->code;
    if (code->element_count == CODE_ELEMENTS_MAX)
        return code_fail(reader, CODE_TOO_MANY, at);
    code->elements[code->element_count++] =
        (struct code_element){.ai = ai, .value = value, .at = (uint16_t)at, .row = GS1_NONE};
    return true;
}

static bool has(const struct code_reader *reader, uint16_t row)
{
    return reader->present[row / 64] >> row % 64 & 1;
}

/* The same identifier may stand twice only with the same value [GenSpecs 4.14]. */
static bool check_repeated(struct code_reader *reader, uint16_t row, struct bytes value, size_t at)
{
    if (!has(reader, row))
        return true;
    for (size_t i = 0; i < reader->code->element_count; i++)
        if (reader->code->elements[i].row == row && !bytes_equal(reader->code->elements[i].value, value))
            return code_fail(reader, CODE_REPEATED, at);
    return true;
}

bool gs1_add(struct code_reader *reader, uint16_t row, struct bytes value, size_t at)
{
    struct code *code = reader->code;
    size_t where = 0;

    enum code_error error = gs1_value_check(&gs1_rows[row], value, reader->options->current_year, &where);
    if (error != CODE_OK)
        return code_fail(reader, error, at + where);
    if (code->element_count == CODE_ELEMENTS_MAX)
        return code_fail(reader, CODE_TOO_MANY, at);
    if (!check_repeated(reader, row, value, at))
        return false;
    code->elements[code->element_count++] =
        (struct code_element){.ai = gs1_rows[row].ai, .value = value, .at = (uint16_t)at, .row = row};
    reader->present[row / 64] |= UINT64_C(1) << row % 64;
    return true;
}

/* --- raw --- */

/* One superfluous FNC1 after any element must be tolerated [GenSpecs 7.8.6.3]; readers also send one in
 * front. */
static void skip_fnc1(struct code_reader *reader)
{
    if (reader->at < reader->text.length && reader->text.data[reader->at] == CODE_FNC1)
        reader->at++;
}

static size_t value_end(const struct code_reader *reader, const struct gs1_row *row)
{
    const uint8_t *begin = reader->text.data + reader->at;
    size_t left = reader->text.length - reader->at;
    if (row->predefined && left > row->max)
        left = row->max;
    const uint8_t *fnc1 = left == 0 ? NULL : memchr(begin, CODE_FNC1, left);
    return fnc1 == NULL ? reader->at + left : (size_t)(fnc1 - reader->text.data);
}

static bool read_element(struct code_reader *reader)
{
    uint16_t row = gs1_row_find(reader->text.data + reader->at, reader->text.length - reader->at);
    if (row == GS1_NONE)
        return code_fail(reader, CODE_UNKNOWN_AI, reader->at);
    reader->at += gs1_rows[row].ai_length;
    size_t begin = reader->at, end = value_end(reader, &gs1_rows[row]);
    reader->at = end;
    return gs1_add(reader, row, bytes_from(reader->text.data + begin, end - begin), begin);
}

bool gs1_read_raw(struct code_reader *reader)
{
    reader->code->agency = CODE_AGENCY_GS1;
    reader->code->form = CODE_FORM_RAW;
    skip_fnc1(reader);
    if (reader->at == reader->text.length)
        return code_fail(reader, CODE_EMPTY, reader->at);
    while (reader->at < reader->text.length) {
        if (!read_element(reader))
            return false;
        skip_fnc1(reader);
    }
    return true;
}

/* --- bracketed --- */

static bool is_escape(const struct bytes *text, size_t at)
{
    return text->data[at] == '\\' && at + 1 < text->length && text->data[at + 1] == '(';
}

/* The "(" that opens the next identifier, or the end. */
static size_t bracketed_end(const struct code_reader *reader, bool *escaped)
{
    const struct bytes *text = &reader->text;
    size_t at = reader->at;
    *escaped = false;
    for (; at < text->length && text->data[at] != '('; at++) {
        if (is_escape(text, at)) {
            *escaped = true;
            at++;
        }
    }
    return at;
}

static struct bytes without_escapes(struct code_reader *reader, struct bytes value, size_t at)
{
    struct bytes copy = code_keep(reader, value.data, value.length, at);
    if (copy.data == NULL)
        return copy;
    uint8_t *data = (uint8_t *)(uintptr_t)copy.data;
    size_t length = 0;
    for (size_t i = 0; i < value.length; i++) {
        i += is_escape(&value, i);
        data[length++] = value.data[i];
    }
    return bytes_from(data, length);
}

/* The byte of the text at which byte PLACE of a value without its escapes stands. */
static size_t escaped_place(struct bytes value, size_t place)
{
    size_t at = 0;
    for (; at < value.length && place > 0; place--)
        at += is_escape(&value, at) ? 2 : 1;
    return at;
}

static bool add_bracketed(struct code_reader *reader, uint16_t row, size_t end, bool escaped)
{
    size_t at = reader->at;
    struct bytes value = bytes_from(reader->text.data + at, end - at), plain = value;
    if (escaped) {
        plain = without_escapes(reader, value, at);
        if (plain.data == NULL)
            return false;
    }
    reader->at = end;
    bool added = gs1_add(reader, row, plain, at);
    if (!added && escaped)
        reader->code->at = at + escaped_place(value, reader->code->at - at);
    return added;
}

static bool read_bracketed_element(struct code_reader *reader)
{
    if (reader->text.data[reader->at] != '(')
        return code_fail(reader, CODE_BRACKET, reader->at);
    reader->at++;
    const uint8_t *begin = reader->text.data + reader->at;
    const uint8_t *close = memchr(begin, ')', reader->text.length - reader->at);
    if (close == NULL)
        return code_fail(reader, CODE_BRACKET, reader->at);
    uint16_t row = gs1_row_get(begin, (size_t)(close - begin));
    if (row == GS1_NONE)
        return code_fail(reader, CODE_UNKNOWN_AI, reader->at);
    reader->at += gs1_rows[row].ai_length + 1U;

    bool escaped;
    size_t end = bracketed_end(reader, &escaped);
    return add_bracketed(reader, row, end, escaped);
}

bool gs1_read_bracketed(struct code_reader *reader)
{
    reader->code->agency = CODE_AGENCY_GS1;
    reader->code->form = CODE_FORM_BRACKETED;
    while (reader->at < reader->text.length)
        if (!read_bracketed_element(reader))
            return false;
    return true;
}

/* --- a bare GTIN --- */

bool gs1_read_gtin(struct code_reader *reader, struct bytes digits)
{
    uint8_t padded[14] = "00000000000000";

    reader->code->agency = CODE_AGENCY_GS1;
    reader->code->form = CODE_FORM_GTIN;
    if (!code_check_digit_ok(digits))
        return code_fail(reader, CODE_CHECK_DIGIT, reader->at + digits.length - 1);
    struct bytes gtin = digits;
    if (digits.length < sizeof padded) {
        memcpy(padded + sizeof padded - digits.length, digits.data, digits.length);
        gtin = code_keep(reader, padded, sizeof padded, reader->at);
        if (gtin.data == NULL)
            return false;
    }
    size_t at = reader->at;
    reader->at += digits.length;
    return gs1_add(reader, GS1_ROW_01, gtin, at);
}

/* --- what holds over all elements --- */

bool gs1_is_present(const struct code_reader *reader, struct gs1_range range, uint16_t except)
{
    if (range.first == range.last)
        return range.first != except && has(reader, range.first);
    for (uint16_t row = range.first; row <= range.last; row++)
        if (row != except && has(reader, row))
            return true;
    return false;
}

static bool is_within(uint16_t row, struct gs1_range range, uint16_t except)
{
    return row != except && row >= range.first && row <= range.last;
}

/* At the later of the two. */
static bool fail_excluded(struct code_reader *reader, const struct code_element *element,
                          struct gs1_range range)
{
    const struct code *code = reader->code;
    size_t at = element->at;
    for (size_t i = 0; i < code->element_count; i++)
        if (is_within(code->elements[i].row, range, element->row) && code->elements[i].at > at)
            at = code->elements[i].at;
    return code_fail(reader, CODE_EXCLUDED, at);
}

static bool check_excluded(struct code_reader *reader, const struct code_element *element)
{
    const struct gs1_row *row = &gs1_rows[element->row];
    for (size_t i = 0; i < row->exclude_count; i++)
        if (gs1_is_present(reader, gs1_excludes[row->excludes + i], element->row))
            return fail_excluded(reader, element, gs1_excludes[row->excludes + i]);
    return true;
}

static void warn(struct code *code, enum code_warning_kind kind, const char *ai, const char *missing)
{
    if (code->warning_count < CODE_WARNINGS_MAX)
        code->warnings[code->warning_count++] =
            (struct code_warning){.kind = kind, .ai = ai, .missing = missing};
}

/* Each requirement is a list of alternatives, and each of them a group that must be there as a whole. */
static void check_companions(struct code_reader *reader, const struct code_element *element)
{
    const struct gs1_row *row = &gs1_rows[element->row];
    bool group = true, satisfied = false;
    for (size_t i = 0; i < row->need_count; i++) {
        const struct gs1_need *need = &gs1_needs[row->needs + i];
        group = group && gs1_is_present(reader, need->range, element->row);
        if (!need->last_of_group)
            continue;
        satisfied = satisfied || group;
        group = true;
        if (!need->last_of_all)
            continue;
        if (!satisfied)
            warn(reader->code, CODE_COMPANION_MISSING, row->ai, gs1_need_texts[need->text]);
        satisfied = false;
    }
}

/* A signature holds for one instance: the key must have its serial component [GenSpecs 3.9.14]. */
static void check_signature(struct code_reader *reader, const struct code_element *element)
{
    bool has_optional_serial =
        element->row == GS1_ROW_253 || element->row == GS1_ROW_255 || element->row == GS1_ROW_8003;
    if (has_optional_serial && element->value.length == gs1_rows[element->row].min &&
        has(reader, GS1_ROW_8030))
        warn(reader->code, CODE_SIGNATURE_UNSERIALISED, element->ai, NULL);
}

static struct code_date six_digits(const uint8_t *digits, int current_year)
{
    struct code_date date = {.year = (int16_t)gs1_year(gs1_two_digits(digits), current_year),
                             .month = (uint8_t)gs1_two_digits(digits + 2),
                             .day = (uint8_t)gs1_two_digits(digits + 4)};
    date.precision = date.day == 0 ? CODE_MONTH : CODE_DAY;
    return date;
}

/* YYMMDD, then HH and MM as far as they are given. */
static struct code_date date_of(struct bytes value, int current_year)
{
    struct code_date date = six_digits(value.data, current_year);
    if (value.length >= 8) {
        date.hour = (uint8_t)gs1_two_digits(value.data + 6);
        date.precision = CODE_HOUR;
    }
    if (value.length >= 10) {
        date.minute = (uint8_t)gs1_two_digits(value.data + 8);
        date.precision = CODE_MINUTE;
    }
    return date;
}

static int64_t count_of(struct bytes digits)
{
    int64_t count = 0;
    for (size_t i = 0; i < digits.length; i++)
        count = count * 10 + digits.data[i] - '0';
    return count;
}

static void sum_up(struct code *code, const struct code_element *element, int current_year)
{
    switch (element->row) {
    case GS1_ROW_01:
        code->di = element->value;
        break;
    case GS1_ROW_10:
        code->lot = element->value;
        break;
    case GS1_ROW_21:
        code->serial = element->value;
        break;
    case GS1_ROW_11:
        code->made_on = date_of(element->value, current_year);
        break;
    case GS1_ROW_8008:
        if (code->made_on.precision == CODE_NO_DATE)
            code->made_on = date_of(element->value, current_year);
        break;
    case GS1_ROW_17:
        code->expires_on = date_of(element->value, current_year);
        break;
    case GS1_ROW_7003:
        if (code->expires_on.precision == CODE_NO_DATE)
            code->expires_on = date_of(element->value, current_year);
        break;
    case GS1_ROW_30:
    case GS1_ROW_37:
        code->quantity = count_of(element->value);
        break;
    default:
        break;
    }
}

bool gs1_finish(struct code_reader *reader)
{
    struct code *code = reader->code;
    if (code->element_count == 0)
        return code_fail(reader, CODE_EMPTY, reader->at);
    for (size_t i = 0; i < code->element_count; i++)
        if (gs1_rows[code->elements[i].row].exclude_count > 0 && !check_excluded(reader, &code->elements[i]))
            return false;
    for (size_t i = 0; i < code->element_count; i++) {
        check_companions(reader, &code->elements[i]);
        check_signature(reader, &code->elements[i]);
        sum_up(code, &code->elements[i], reader->options->current_year);
    }
    return true;
}
