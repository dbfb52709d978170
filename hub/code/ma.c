/* ma.c: the MA code (IDcode) of ZIIOT: MA.156.M0.100350.01004YA10017.SLMS1.M210628.LAY21.E220628.V220627.C3
 *
 * DI: "MA", country, industry, registrant, product code; then PI groups of a letter and a value in any order:
 * S serial, L lot, M or P made on, E expires on, V valid until, D sterilisation lot, C check. No published
 * maximum lengths. */
#include "code/agency.h"

enum { DI_GROUPS = 5 };

/* --- check digits: published twice, differently, so a mismatch is only a warning --- */

/* The number that a character stands for; -1: none. */
static int character_value(uint8_t c)
{
    static const char others[] = "-.@$,*+%/#!^~";
    if (gs1_is_digit(c))
        return c - '0';
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'g')
        return c - 'a' + 36;
    if (c >= 'h' && c <= 'z')
        return c - 'h' + 45;
    const char *found = c == '\0' ? NULL : strchr(others, c);
    return found == NULL ? -1 : (int)(found - others) + 64;
}

/* The numbers of all characters written one after the other, then modulo 10: every second digit from the
 * right, not the rightmost, counts double, less 9 above 9. */
static char check_digit(struct bytes text)
{
    unsigned sum = 0, place = 0;
    for (size_t i = text.length; i-- > 0;) {
        int value = character_value(text.data[i]);
        for (bool first = true; value >= 0 && (first || value > 0); value /= 10, first = false, place++) {
            unsigned digit = (unsigned)value % 10 << place % 2;
            sum += digit > 9 ? digit - 9 : digit;
        }
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static void warn(struct code_reader *reader, const char *tag)
{
    struct code *code = reader->code;
    code->warnings[code->warning_count++] = (struct code_warning){.kind = CODE_CHECK_DOUBTFUL, .ai = tag};
}

/* --- DI --- */

static size_t group_end(const struct code_reader *reader, size_t begin)
{
    const uint8_t *data = reader->text.data, *dot = NULL;
    if (begin < reader->text.length)
        dot = memchr(data + begin, '.', reader->text.length - begin);
    return dot == NULL ? reader->text.length : (size_t)(dot - data);
}

static bool is_group(struct bytes group, size_t number)
{
    if (group.length == 0)
        return false;
    for (size_t i = 0; i < group.length; i++)
        if (number == 1 ? !gs1_is_digit(group.data[i]) : !is_alphanumeric(group.data[i]))
            return false;
    switch (number) {
    case 0:
        return bytes_equal_text(group, "MA");
    case 1:
        return group.length == 3;
    case 2:
        return group.length == 2;
    case 3:
        return group.length >= 4 && group.length <= 8;
    default:
        return group.length >= 3;
    }
}

static bool read_di(struct code_reader *reader)
{
    size_t begin = reader->at, at = begin, end = begin;
    for (size_t number = 0; number < DI_GROUPS; number++, at = end + 1) {
        end = group_end(reader, at);
        if (at > reader->text.length || !is_group(bytes_from(reader->text.data + at, end - at), number))
            return code_fail(reader, CODE_STRUCTURE, at < reader->text.length ? at : reader->text.length);
    }
    struct bytes di = bytes_from(reader->text.data + begin, end - begin);
    reader->code->di = di;
    reader->at = end;
    if (check_digit(bytes_from(di.data, di.length - 1)) != (char)di.data[di.length - 1])
        warn(reader, "DI");
    return code_add(reader, "DI", di, begin);
}

/* --- PI --- */

/* YYMMDD or YYYYMMDD. */
static bool read_date(struct code_reader *reader, struct bytes value, struct code_date *date)
{
    bool short_year = value.length == 6;
    size_t place = short_year ? 2 : 4;
    int year = agency_number(value, 0, place);
    if (year >= 0 && short_year)
        year = gs1_year(year, reader->options->current_year);
    bool right = (short_year || value.length == 8) &&
                 agency_date(year, agency_number(value, place, 2), agency_number(value, place + 2, 2), date);
    return right || code_fail(reader, CODE_DATE, (size_t)(value.data - reader->text.data));
}

static const struct group {
    char letter;
    const char *tag;
} groups[] = {{'S', "S"}, {'L', "L"}, {'M', "M"}, {'P', "P"}, {'E', "E"}, {'V', "V"}, {'D', "D"}, {'C', "C"}};

/* "Valid until" is the last day of use; "expires on" is taken for it where the first is not given. */
static bool take(struct code_reader *reader, char letter, struct bytes value, struct code_date *expires)
{
    struct code *code = reader->code;
    switch (letter) {
    case 'S':
        code->serial = value;
        return true;
    case 'L':
        code->lot = value;
        return true;
    case 'M':
    case 'P':
        return read_date(reader, value, &code->made_on);
    case 'E':
        return read_date(reader, value, expires);
    case 'V':
        return read_date(reader, value, &code->expires_on);
    default:
        return true;
    }
}

static bool check_value(struct code_reader *reader, struct bytes value)
{
    size_t begin = (size_t)(value.data - reader->text.data);
    if (value.length == 0)
        return code_fail(reader, CODE_VALUE_SHORT, begin);
    for (size_t i = 0; i < value.length; i++)
        if (value.data[i] <= ' ' || value.data[i] > '~')
            return code_fail(reader, CODE_CHARACTER, begin + i);
    return true;
}

static bool read_group(struct code_reader *reader, size_t pi, struct code_date *expires)
{
    size_t begin = reader->at + 1, end = group_end(reader, begin);
    const struct group *group = groups, *groups_end = groups + sizeof groups / sizeof *groups;
    while (group < groups_end && (begin == end || reader->text.data[begin] != (uint8_t)group->letter))
        group++;
    if (group == groups_end)
        return code_fail(reader, CODE_STRUCTURE, begin < reader->text.length ? begin : reader->text.length);

    struct bytes value = bytes_from(reader->text.data + begin + 1, end - begin - 1);
    if (!check_value(reader, value))
        return false;
    for (size_t i = 0; i < reader->code->element_count; i++)
        if (reader->code->elements[i].ai == group->tag)
            return code_fail(reader, CODE_REPEATED, begin);
    if (group->letter == 'C' && check_digit(bytes_from(reader->text.data + pi, reader->at - pi)) !=
                                    (char)value.data[value.length - 1])
        warn(reader, "C");
    reader->at = end;
    return code_add(reader, group->tag, value, begin + 1) && take(reader, group->letter, value, expires);
}

bool ma_read(struct code_reader *reader)
{
    struct code_date expires = {.precision = CODE_NO_DATE};
    reader->code->agency = CODE_AGENCY_MA;
    reader->code->form = CODE_FORM_TEXT;
    if (!read_di(reader))
        return false;
    size_t pi = reader->at;
    while (reader->at < reader->text.length)
        if (!read_group(reader, pi, &expires))
            return false;
    if (reader->code->expires_on.precision == CODE_NO_DATE)
        reader->code->expires_on = expires;
    return true;
}

/* --- <UDI IAC="MA"><DI>...</DI><LOT>...</LOT></UDI>: rewritten as text, then read --- */

static const struct tag {
    const char *name;
    char letter; /* NUL: the DI itself */
} tags[] = {{"DI", '\0'}, {"SN", 'S'}, {"LOT", 'L'}, {"MFG", 'M'}, {"EXP", 'E'}, {"VAL", 'V'}};

/* What stands between <NAME> and </NAME>; BYTES_NONE: nothing. */
static struct bytes content(struct bytes text, const char *name)
{
    char open[8] = "<", close[8] = "</";
    strcat(strcat(open, name), ">");
    strcat(strcat(close, name), ">");
    const uint8_t *begin = memmem(text.data, text.length, open, strlen(open));
    if (begin == NULL)
        return BYTES_NONE;
    begin += strlen(open);
    const uint8_t *end = memmem(begin, text.length - (size_t)(begin - text.data), close, strlen(close));
    return end == NULL ? BYTES_NONE : bytes_from(begin, (size_t)(end - begin));
}

bool ma_read_xml(struct code_reader *reader)
{
    uint8_t text[CODE_BYTES_MAX + 16];
    size_t length = 0, at = reader->at;
    struct bytes xml = bytes_from(reader->text.data + at, reader->text.length - at);

    reader->code->agency = CODE_AGENCY_MA;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        struct bytes value = content(xml, tags[i].name);
        if (value.length == 0 || length + value.length + 2 > sizeof text)
            continue;
        if (tags[i].letter != '\0') {
            text[length++] = '.';
            text[length++] = (uint8_t)tags[i].letter;
        }
        memcpy(text + length, value.data, value.length);
        length += value.length;
    }
    reader->text = code_keep(reader, text, length, at);
    reader->at = 0;
    if (reader->text.data == NULL)
        return false;
    bool read = ma_read(reader);
    reader->code->form = CODE_FORM_XML;
    if (!read)
        reader->code->at = at;
    return read;
}
