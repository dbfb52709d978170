#include "code/recognise.h"
#include "code/agency.h"
#include "gs1_rows.h"

enum { COMPOSITE_PREFIX = 4 }; /* "|]e0" between a linear and a composite component */

static const uint8_t *rest_data(const struct code_reader *reader)
{
    return reader->text.data + reader->at;
}

static struct bytes rest(const struct code_reader *reader)
{
    return bytes_from(rest_data(reader), reader->text.length - reader->at);
}

static bool begins(const struct code_reader *reader, const char *text)
{
    return bytes_start_with(rest(reader), bytes_of(text));
}

static bool all_digits(struct bytes text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!gs1_is_digit(text.data[i]))
            return false;
    return text.length > 0;
}

/* Begins anew at AT. */
static void restart(struct code_reader *reader, size_t at)
{
    struct bytes symbology = reader->code->symbology;
    memset(reader->present, 0, sizeof reader->present);
    reader->at = at;
    struct code *code = reader->code;
    code->error = CODE_OK;
    code->at = 0;
    code->agency = CODE_AGENCY_NONE;
    code->form = CODE_FORM_NONE;
    code->confidence = CODE_STRICT;
    code->repairs = 0;
    code->symbology = symbology;
    code->di = code->lot = code->serial = BYTES_NONE;
    code->made_on = code->expires_on = (struct code_date){.precision = CODE_NO_DATE};
    code->quantity = -1;
    code->element_count = code->warning_count = 0;
}

static void warn(struct code *code, enum code_warning_kind kind)
{
    if (code->warning_count < CODE_WARNINGS_MAX)
        code->warnings[code->warning_count++] = (struct code_warning){.kind = kind};
}

/* --- element strings --- */

/* No FNC1 in the whole input, and the last value, of variable length, goes on like another element with a
 * date or a check digit: such a reading is right, but a lost FNC1 looks the same. */
static void doubt_separator(struct code_reader *reader)
{
    struct code *code = reader->code;
    const struct code_element *last = &code->elements[code->element_count - 1];
    if (gs1_rows[last->row].predefined || memchr(reader->text.data, CODE_FNC1, reader->text.length) != NULL)
        return;
    for (size_t i = 1; i + 8 <= last->value.length; i++) {
        size_t at, left = last->value.length - i;
        uint16_t row = gs1_row_find(last->value.data + i, left);
        if (row == GS1_NONE || !gs1_rows[row].predefined || !gs1_rows[row].checked)
            continue;
        size_t ai = gs1_rows[row].ai_length, length = gs1_rows[row].max;
        struct bytes value = bytes_from(last->value.data + i + ai, length);
        if (left >= ai + length &&
            gs1_value_check(&gs1_rows[row], value, reader->options->current_year, &at) == CODE_OK) {
            warn(code, CODE_SEPARATOR_DOUBTFUL);
            return;
        }
    }
}

static bool read_raw(struct code_reader *reader)
{
    if (!gs1_read_raw(reader) || !gs1_finish(reader))
        return false;
    doubt_separator(reader);
    return true;
}

static bool read_bracketed(struct code_reader *reader)
{
    return gs1_read_bracketed(reader) && gs1_finish(reader);
}

static bool read_gtin(struct code_reader *reader, size_t digits)
{
    return gs1_read_gtin(reader, bytes_from(rest_data(reader), digits)) && gs1_finish(reader);
}

/* --- digits only, without a prefix that says what they are --- */

static bool is_gtin_length(size_t length)
{
    return length == 8 || length == 12 || length == 13 || length == 14;
}

/* A wrong check digit refuses them, unless they are element strings that begin with a date or a check digit
 * of their own. */
static bool read_gtin_or_raw(struct code_reader *reader)
{
    struct bytes digits = rest(reader);
    size_t begin = reader->at;
    if (code_check_digit_ok(digits))
        return read_gtin(reader, digits.length);
    uint16_t row = gs1_row_find(digits.data, digits.length);
    if (row != GS1_NONE && gs1_rows[row].checked) {
        if (read_raw(reader))
            return true;
        restart(reader, begin);
    }
    return read_gtin(reader, digits.length);
}

/* Element strings such as (8003) look like a drug trace code; only a right check digit tells them. */
static bool read_drug20_or_raw(struct code_reader *reader)
{
    size_t begin = reader->at;
    uint16_t row = gs1_row_find(rest_data(reader), 4);
    if (row != GS1_NONE && gs1_rows[row].checked) {
        if (read_raw(reader)) {
            warn(reader->code, CODE_AMBIGUOUS);
            return true;
        }
        restart(reader, begin);
    }
    return drug20_read(reader);
}

/* --- links --- */

/* A link whose query holds the code of another agency: "https://x/?code=MA.156...". */
static bool read_link(struct code_reader *reader)
{
    static const char ma[] = "MA.";
    size_t begin = reader->at;
    if (gs1_read_link(reader) && gs1_finish(reader))
        return true;
    struct code *code = reader->code;
    if (code->error != CODE_LINK && code->error != CODE_LINK_KEY && code->error != CODE_LINK_COMPRESSED)
        return false;
    struct bytes text = reader->text;
    const uint8_t *found = memmem(text.data + begin, text.length - begin, ma, sizeof ma - 1);
    if (found == NULL || found == text.data || (found[-1] != '=' && found[-1] != '/'))
        return false;
    enum code_error error = code->error;
    size_t at = code->at;
    restart(reader, (size_t)(found - text.data));
    if (ma_read(reader)) {
        code->form = CODE_FORM_LINK;
        return true;
    }
    restart(reader, begin);
    return code_fail(reader, error, at);
}

/* --- by its first characters --- */

static bool is_link(const struct code_reader *reader)
{
    return begins(reader, "http://") || begins(reader, "https://") || begins(reader, "HTTP://") ||
           begins(reader, "HTTPS://");
}

static bool read_letter(struct code_reader *reader)
{
    if (begins(reader, "MA."))
        return ma_read(reader);
    if (begins(reader, "MF"))
        return ahm_read(reader);
    if (is_link(reader))
        return read_link(reader);
    if (begins(reader, "X") || begins(reader, "Z") || begins(reader, "C"))
        return nhsa_read(reader);
    return code_fail(reader, CODE_UNKNOWN, reader->at);
}

/* "01)0692...": an identifier in brackets of which the first is lost. */
static bool lacks_bracket(struct bytes text)
{
    size_t digits = 0;
    while (digits < text.length && digits < 5 && gs1_is_digit(text.data[digits]))
        digits++;
    return digits >= 2 && digits < text.length && text.data[digits] == ')';
}

static bool read_digits(struct code_reader *reader)
{
    struct bytes text = rest(reader);
    if (lacks_bracket(text))
        return code_fail(reader, CODE_BRACKET, reader->at);
    if (is_gtin_length(text.length) && all_digits(text))
        return read_gtin_or_raw(reader);
    return drug20_is(text) ? read_drug20_or_raw(reader) : read_raw(reader);
}

static bool read_unannounced(struct code_reader *reader)
{
    if (reader->at == reader->text.length)
        return code_fail(reader, CODE_EMPTY, reader->at);
    uint8_t first = *rest_data(reader);
    if (gs1_is_digit(first))
        return read_digits(reader);
    switch (first) {
    case '(':
        return read_bracketed(reader);
    case CODE_FNC1:
        return read_raw(reader);
    case '+':
        return hibc_read(reader);
    case '*':
        return begins(reader, "*+") ? hibc_read(reader) : code_fail(reader, CODE_UNKNOWN, reader->at);
    case '=':
    case '&':
        return isbt128_read(reader);
    case '<':
        return begins(reader, "<UDI") ? ma_read_xml(reader) : code_fail(reader, CODE_UNKNOWN, reader->at);
    default:
        return read_letter(reader);
    }
}

/* --- behind a symbology identifier [ISO/IEC 15424; GenSpecs 7.8.1] --- */

enum carrier { CARRIER_NONE, CARRIER_ELEMENTS, CARRIER_PLAIN, CARRIER_EAN };

static enum carrier carrier_of(const uint8_t *prefix)
{
    static const char elements[] = "C1 e0 d2 d5 Q3 Q4 J1";
    static const char plain[] = "A C F I L Q X d z J G";
    char identifier[] = {(char)prefix[1], (char)prefix[2], '\0'}, letter[] = {(char)prefix[1], '\0'};

    if (!((prefix[2] >= '0' && prefix[2] <= '9') || (prefix[2] >= 'A' && prefix[2] <= 'Z') ||
          (prefix[2] >= 'a' && prefix[2] <= 'z')) ||
        prefix[1] == ' ')
        return CARRIER_NONE;
    if (strstr(elements, identifier) != NULL)
        return CARRIER_ELEMENTS;
    if (prefix[1] == 'E')
        return CARRIER_EAN;
    return letter[0] != '\0' && strstr(plain, letter) != NULL ? CARRIER_PLAIN : CARRIER_NONE;
}

/* EAN and UPC: a GTIN, and perhaps a composite component with element strings. */
static bool read_ean(struct code_reader *reader)
{
    struct bytes text = rest(reader);
    const uint8_t *bar = memchr(text.data, '|', text.length);
    size_t digits = bar == NULL ? text.length : (size_t)(bar - text.data);
    if (digits != 8 && digits != 12 && digits != 13)
        return code_fail(reader, digits < 8 ? CODE_VALUE_SHORT : CODE_VALUE_LONG, reader->at);
    for (size_t i = 0; i < digits; i++)
        if (!gs1_is_digit(text.data[i]))
            return code_fail(reader, CODE_CHARACTER, reader->at + i);
    if (bar == NULL)
        return read_gtin(reader, digits);
    if (!gs1_read_gtin(reader, bytes_from(text.data, digits)))
        return false;
    if (!begins(reader, "|]e0"))
        return code_fail(reader, CODE_SYMBOLOGY, reader->at);
    reader->at += COMPOSITE_PREFIX;
    return gs1_read_raw(reader) && gs1_finish(reader);
}

/* No FNC1 in first place, so element strings are only a guess. */
static bool read_plain(struct code_reader *reader)
{
    if (!read_unannounced(reader))
        return false;
    struct code *code = reader->code;
    if (code->agency != CODE_AGENCY_GS1 || code->form != CODE_FORM_RAW)
        return true;
    if (reader->options->strict)
        return code_fail(reader, CODE_SYMBOLOGY, 0);
    code->confidence = CODE_GUESSED;
    code->repairs |= CODE_REPAIR_SYMBOLOGY;
    return true;
}

static bool read_elements(struct code_reader *reader)
{
    if (reader->at == reader->text.length)
        return code_fail(reader, CODE_EMPTY, reader->at);
    return read_raw(reader);
}

static bool read_announced(struct code_reader *reader)
{
    enum { PREFIX = 3 };
    if (reader->text.length < PREFIX)
        return code_fail(reader, CODE_SYMBOLOGY, 0);
    enum carrier carrier = carrier_of(reader->text.data);
    if (carrier == CARRIER_NONE)
        return code_fail(reader, CODE_SYMBOLOGY, 0);
    reader->code->symbology = bytes_from(reader->text.data, PREFIX);
    reader->at = PREFIX;
    if (carrier == CARRIER_ELEMENTS)
        return read_elements(reader);
    return carrier == CARRIER_EAN ? read_ean(reader) : read_plain(reader);
}

/* --- "<GS>" for FNC1 --- */

static const char gs_text[] = "<GS>";
enum { GS_TEXT = sizeof gs_text - 1 };

/* The byte of the input that byte PLACE of the text came from. */
static size_t place_in_input(struct bytes input, size_t place)
{
    size_t at = 0;
    for (; at < input.length && place > 0; place--)
        at += input.length - at >= GS_TEXT && memcmp(input.data + at, gs_text, GS_TEXT) == 0 ? GS_TEXT : 1;
    return at;
}

static struct bytes without_gs_text(struct code_reader *reader, struct bytes input)
{
    struct bytes copy = code_keep(reader, input.data, input.length, 0);
    if (copy.data == NULL)
        return copy;
    uint8_t *data = (uint8_t *)(uintptr_t)copy.data;
    size_t length = 0;
    for (size_t at = 0; at < input.length;) {
        bool gs = input.length - at >= GS_TEXT && memcmp(input.data + at, gs_text, GS_TEXT) == 0;
        data[length++] = gs ? CODE_FNC1 : input.data[at];
        at += gs ? GS_TEXT : 1;
    }
    return bytes_from(data, length);
}

static bool has_gs_text(struct bytes input)
{
    const uint8_t *first = memchr(input.data, '<', input.length);
    return first != NULL &&
           memmem(first, input.length - (size_t)(first - input.data), gs_text, GS_TEXT) != NULL;
}

bool code_recognise(struct bytes text, const struct code_options *options, struct arena *arena,
                    struct code *code)
{
    struct code_reader reader = {.text = text, .options = options, .arena = arena, .code = code};

    code->symbology = BYTES_NONE;
    restart(&reader, 0);
    if (text.length == 0)
        return code_fail(&reader, CODE_EMPTY, 0);
    bool gs = has_gs_text(text);
    if (gs) {
        reader.text = without_gs_text(&reader, text);
        if (reader.text.data == NULL)
            return false;
    }
    bool read = reader.text.data[0] == ']' ? read_announced(&reader) : read_unannounced(&reader);
    if (!read && gs)
        code->at = place_in_input(text, code->at);
    return read;
}
