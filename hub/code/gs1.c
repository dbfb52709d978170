#include "code/gs1.h"
#include "code/gs1_table.h"

struct parser {
    struct bytes input;
    size_t at;
    int current_year;
    bool bracketed;
    struct gs1_scan *scan;
};

static bool fail(struct parser *parser, enum gs1_error error, size_t offset)
{
    parser->scan->error = error;
    parser->scan->error_offset = offset;
    return false;
}

/* --- characters and numbers --- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* CSET 82 of the GS1 General Specifications. */
static bool is_cset82(uint8_t c)
{
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                     "!\"%&'()*+,-./:;<=>?_";
    return memchr(characters, c, sizeof characters - 1) != NULL;
}

static int two_digits(const uint8_t *digits)
{
    return (digits[0] - '0') * 10 + digits[1] - '0';
}

bool gs1_check_digit_ok(struct bytes digits)
{
    if (digits.length < 8 || digits.length > 18)
        return false;
    unsigned sum = 0;
    unsigned weight = 1; /* of the check digit itself; then 3, 1, 3 ... to the left */
    for (size_t i = digits.length; i-- > 0; weight = 4 - weight) {
        if (!is_digit(digits.data[i]))
            return false;
        sum += weight * (unsigned)(digits.data[i] - '0');
    }
    return sum % 10 == 0;
}

/* --- dates --- */

static int full_year(int two_digit_year, int current_year)
{
    int distance = two_digit_year - current_year % 100;
    int century = current_year - current_year % 100;
    if (distance >= 51)
        century -= 100;
    else if (distance <= -50)
        century += 100;
    return century + two_digit_year;
}

static date_t last_day_of_month(int year, int month)
{
    date_t next = month == 12 ? date_from_civil(year + 1, 1, 1) : date_from_civil(year, month + 1, 1);
    return next == DATE_NONE ? DATE_NONE : next - 1;
}

static bool all_digits(struct bytes text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_digit(text.data[i]))
            return false;
    return true;
}

bool gs1_date_read(struct bytes digits, int current_year, struct gs1_date *date)
{
    if (digits.length != 6 || !all_digits(digits))
        return false;
    int year = full_year(two_digits(digits.data), current_year);
    int month = two_digits(digits.data + 2);
    int day = two_digits(digits.data + 4);
    if (month < 1 || month > 12)
        return false;
    date->day_given = day != 0;
    date->date = day == 0 ? last_day_of_month(year, month) : date_from_civil(year, month, day);
    return date->date != DATE_NONE;
}

/* --- one value --- */

static enum gs1_error lint(enum gs1_lint kind, struct bytes text, int current_year)
{
    struct gs1_date date;
    switch (kind) {
    case GS1_ANY:
        return GS1_OK;
    case GS1_CHECKED:
        return gs1_check_digit_ok(text) ? GS1_OK : GS1_CHECK_DIGIT;
    case GS1_YYMMDD:
        return gs1_date_read(text, current_year, &date) && date.day_given ? GS1_OK : GS1_DATE;
    case GS1_YYMMD0:
        return gs1_date_read(text, current_year, &date) ? GS1_OK : GS1_DATE;
    case GS1_HHMI:
        return two_digits(text.data) <= 23 && two_digits(text.data + 2) <= 59 ? GS1_OK : GS1_TIME;
    case GS1_PIECE_OF_TOTAL: {
        int piece = two_digits(text.data), total = two_digits(text.data + 2);
        return piece > 0 && piece <= total ? GS1_OK : GS1_PIECE;
    }
    }
    return GS1_OK;
}

/* In bracketed text a literal "(" is written "\("; the backslash is outside of CSET 82, so nothing else can
 * be meant. */
static bool is_escape(const struct parser *parser, size_t at, size_t end)
{
    return parser->bracketed && parser->input.data[at] == '\\' && at + 1 < end &&
           parser->input.data[at + 1] == '(';
}

/* Consumes one part of a value that ends at END. */
static bool parse_part(struct parser *parser, const struct gs1_part *part, size_t end)
{
    size_t begin = parser->at;
    size_t count = 0;
    for (; count < part->max && parser->at < end; count++) {
        if (is_escape(parser, parser->at, end))
            parser->at++;
        uint8_t c = parser->input.data[parser->at];
        if (part->characters == 'N' ? !is_digit(c) : !is_cset82(c))
            return fail(parser, GS1_CHARACTER, parser->at);
        parser->at++;
    }
    if (count < part->min)
        return fail(parser, GS1_VALUE_TOO_SHORT, parser->at);

    struct bytes text = bytes_from(parser->input.data + begin, parser->at - begin);
    enum gs1_error error = lint(part->lint, text, parser->current_year);
    return error == GS1_OK || fail(parser, error, begin);
}

static bool add_element(struct parser *parser, struct gs1_element element)
{
    struct gs1_scan *scan = parser->scan;
    const struct gs1_element *earlier = gs1_find(scan, element.ai->code);
    if (earlier != NULL && bytes_equal(earlier->value, element.value))
        return true; /* said twice with the same value: allowed, kept once */
    if (earlier != NULL)
        return fail(parser, GS1_REPEATED, element.offset);
    if (scan->count == GS1_ELEMENTS_MAX)
        return fail(parser, GS1_TOO_MANY, element.offset);
    scan->elements[scan->count++] = element;
    return true;
}

/* Consumes the value of AI, which ends at END. */
static bool parse_value(struct parser *parser, const struct gs1_ai *ai, size_t end)
{
    size_t begin = parser->at;
    for (const struct gs1_part *part = ai->parts; part->characters != 0; part++)
        if (!parse_part(parser, part, end))
            return false;
    if (parser->at < end)
        return fail(parser, GS1_VALUE_TOO_LONG, parser->at);
    struct bytes value = bytes_from(parser->input.data + begin, end - begin);
    return add_element(parser, (struct gs1_element){ai, value, begin});
}

/* --- the raw form --- */

static struct bytes rest(const struct parser *parser)
{
    return bytes_from(parser->input.data + parser->at, parser->input.length - parser->at);
}

static size_t find_byte(const struct parser *parser, uint8_t wanted)
{
    const uint8_t *begin = parser->input.data + parser->at;
    const uint8_t *found = memchr(begin, wanted, parser->input.length - parser->at);
    return found == NULL ? parser->input.length : parser->at + (size_t)(found - begin);
}

static size_t predefined_length(const struct gs1_ai *ai)
{
    size_t length = 0;
    for (const struct gs1_part *part = ai->parts; part->characters != 0; part++)
        length += part->max;
    return length;
}

static bool parse_raw_element(struct parser *parser)
{
    const struct gs1_ai *ai = gs1_ai_find(rest(parser));
    if (ai == NULL)
        return fail(parser, GS1_UNKNOWN_AI, parser->at);
    parser->at += strlen(ai->code);

    size_t end;
    if (ai->predefined) {
        size_t left = parser->input.length - parser->at;
        size_t length = predefined_length(ai);
        end = parser->at + (length < left ? length : left);
    } else {
        end = find_byte(parser, GS1_FNC1);
    }
    return parse_value(parser, ai, end);
}

/* One superfluous FNC1 after any element must be tolerated [GenSpecs 7.8.6.3]; readers also send one in
 * front. */
static void skip_fnc1(struct parser *parser)
{
    if (parser->at < parser->input.length && parser->input.data[parser->at] == GS1_FNC1)
        parser->at++;
}

static bool parse_raw(struct parser *parser)
{
    skip_fnc1(parser);
    while (parser->at < parser->input.length) {
        if (!parse_raw_element(parser))
            return false;
        skip_fnc1(parser);
    }
    return true;
}

/* --- the bracketed form --- */

/* The "(" that opens the next identifier, or the end. */
static size_t bracketed_value_end(const struct parser *parser)
{
    for (size_t at = parser->at; at < parser->input.length; at++) {
        if (is_escape(parser, at, parser->input.length))
            at++;
        else if (parser->input.data[at] == '(')
            return at;
    }
    return parser->input.length;
}

static bool parse_bracketed_element(struct parser *parser)
{
    if (parser->input.data[parser->at] != '(')
        return fail(parser, GS1_BRACKET, parser->at);
    parser->at++;
    const struct gs1_ai *ai = gs1_ai_find(rest(parser));
    if (ai == NULL)
        return fail(parser, GS1_UNKNOWN_AI, parser->at);
    parser->at += strlen(ai->code);
    if (parser->at == parser->input.length || parser->input.data[parser->at] != ')')
        return fail(parser, GS1_BRACKET, parser->at);
    parser->at++;
    return parse_value(parser, ai, bracketed_value_end(parser));
}

static bool parse_bracketed(struct parser *parser)
{
    parser->bracketed = true;
    while (parser->at < parser->input.length)
        if (!parse_bracketed_element(parser))
            return false;
    return true;
}

/* --- the whole --- */

static bool parse_symbology(struct parser *parser)
{
    static const char *const with_elements[] = {"]C1", "]d2", "]Q3", "]e0", "]J1"};

    if (parser->input.length == 0 || parser->input.data[0] != ']')
        return true;
    for (size_t i = 0; i < sizeof with_elements / sizeof *with_elements; i++) {
        if (!bytes_start_with(parser->input, bytes_of(with_elements[i])))
            continue;
        parser->scan->symbology = bytes_from(parser->input.data, 3);
        parser->at = 3;
        return true;
    }
    return fail(parser, GS1_SYMBOLOGY, 0);
}

static bool check_exclusions(struct parser *parser)
{
    const struct gs1_scan *scan = parser->scan;
    for (size_t i = 0; i < scan->count; i++) {
        const char *excludes = scan->elements[i].ai->excludes;
        for (size_t j = 0; excludes != NULL && j < scan->count; j++) {
            char word[8] = " ";
            strcat(strcat(word, scan->elements[j].ai->code), " ");
            if (strstr(excludes, word) != NULL)
                return fail(parser, GS1_EXCLUDED, scan->elements[j].offset);
        }
    }
    return true;
}

bool gs1_parse(struct bytes input, int current_year, struct gs1_scan *scan)
{
    struct parser parser = {.input = input, .current_year = current_year, .scan = scan};

    scan->symbology = BYTES_NONE;
    scan->count = 0;
    scan->error = GS1_OK;
    scan->error_offset = 0;

    if (input.length > GS1_INPUT_BYTES_MAX)
        return fail(&parser, GS1_INPUT_TOO_LONG, GS1_INPUT_BYTES_MAX);
    if (!parse_symbology(&parser))
        return false;
    bool bracketed = parser.at < input.length && input.data[parser.at] == '(';
    if (!(bracketed ? parse_bracketed(&parser) : parse_raw(&parser)))
        return false;
    if (scan->count == 0)
        return fail(&parser, GS1_EMPTY, parser.at);
    return check_exclusions(&parser);
}

/* --- asking --- */

const struct gs1_ai *gs1_ai_find(struct bytes text)
{
    size_t low = 0, high = gs1_table_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct bytes code = bytes_of(gs1_table[middle].code);
        struct bytes head = bytes_from(text.data, text.length < code.length ? text.length : code.length);
        int order = bytes_compare(head, code);
        if (order == 0)
            return &gs1_table[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct gs1_element *gs1_find(const struct gs1_scan *scan, const char *code)
{
    for (size_t i = 0; i < scan->count; i++)
        if (strcmp(scan->elements[i].ai->code, code) == 0)
            return &scan->elements[i];
    return NULL;
}

struct bytes gs1_item(const struct gs1_scan *scan)
{
    const struct gs1_element *element = gs1_find(scan, "01");
    if (element == NULL)
        element = gs1_find(scan, "8006");
    return element == NULL ? BYTES_NONE : bytes_from(element->value.data, 14);
}

bool gs1_expiry(const struct gs1_scan *scan, int current_year, struct gs1_date *date)
{
    const struct gs1_element *element = gs1_find(scan, "17");
    if (element == NULL)
        element = gs1_find(scan, "7003");
    return element != NULL && gs1_date_read(bytes_from(element->value.data, 6), current_year, date);
}

bool gs1_value_text(const struct gs1_element *element, char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < element->value.length; i++) {
        if (element->value.data[i] == '\\')
            continue;
        if (length + 1 >= size)
            return false;
        text[length++] = (char)element->value.data[i];
    }
    if (size == 0)
        return false;
    text[length] = '\0';
    return true;
}

const char *gs1_error_name(enum gs1_error error)
{
    switch (error) {
    case GS1_OK:
        return "ok";
    case GS1_EMPTY:
        return "gs1.empty";
    case GS1_INPUT_TOO_LONG:
        return "gs1.input_too_long";
    case GS1_SYMBOLOGY:
        return "gs1.symbology";
    case GS1_UNKNOWN_AI:
        return "gs1.unknown_ai";
    case GS1_BRACKET:
        return "gs1.bracket";
    case GS1_VALUE_TOO_SHORT:
        return "gs1.value_too_short";
    case GS1_VALUE_TOO_LONG:
        return "gs1.value_too_long";
    case GS1_CHARACTER:
        return "gs1.character";
    case GS1_CHECK_DIGIT:
        return "gs1.check_digit";
    case GS1_DATE:
        return "gs1.date";
    case GS1_TIME:
        return "gs1.time";
    case GS1_PIECE:
        return "gs1.piece";
    case GS1_REPEATED:
        return "gs1.repeated";
    case GS1_EXCLUDED:
        return "gs1.excluded";
    case GS1_TOO_MANY:
        return "gs1.too_many";
    }
    return "gs1.unknown";
}
