/* hibc.c: HIBC supplier labelling [ANSI/HIBC 2.6]: "+" and a letter is a primary code (what it is), "+" and a
 * digit or "$" a secondary one (lot, serial, dates), "/" between them a concatenated one. */
#include "code/agency.h"

enum { LIC = 4, PCN_MAX = 18, LOT_MAX = 18 };

/* --- the check character, modulo 43 --- */

static const char characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";

static int character_value(uint8_t c)
{
    const char *found = c == '\0' ? NULL : strchr(characters, c);
    return found == NULL ? -1 : (int)(found - characters);
}

char hibc_check_character(struct bytes text)
{
    int sum = 0;
    for (size_t i = 0; i < text.length; i++) {
        int value = character_value(text.data[i]);
        if (value < 0)
            return '\0';
        sum += value;
    }
    return characters[sum % 43];
}

static bool check_characters(struct code_reader *reader)
{
    for (size_t i = reader->at; i < reader->text.length; i++)
        if (character_value(reader->text.data[i]) < 0)
            return code_fail(reader, CODE_CHARACTER, i);
    return true;
}

/* --- primary: LIC, PCN, unit of measure --- */

static bool read_primary(struct code_reader *reader, size_t end)
{
    const uint8_t *data = reader->text.data;
    size_t begin = reader->at;
    if (end - begin < LIC + 2 || end - begin > LIC + PCN_MAX + 1)
        return code_fail(reader, CODE_STRUCTURE, begin);
    for (size_t i = begin; i < end - 1; i++)
        if (i == begin ? !is_upper(data[i]) : !is_upper_or_digit(data[i]))
            return code_fail(reader, CODE_STRUCTURE, i);
    if (!gs1_is_digit(data[end - 1]))
        return code_fail(reader, CODE_STRUCTURE, end - 1);
    reader->code->di = bytes_from(data + begin, end - begin);
    reader->at = end;
    return code_add(reader, "LIC", bytes_from(data + begin, LIC), begin) &&
           code_add(reader, "PCN", bytes_from(data + begin + LIC, end - 1 - begin - LIC), begin + LIC) &&
           code_add(reader, "UOM", bytes_from(data + end - 1, 1), end - 1);
}

/* --- secondary: dates --- */

/* What the digit behind "$$" announces. With 0 and 1 it belongs to the date already. */
static const struct date_form {
    uint8_t length;
    uint8_t month, day, year, day_of_year,
        hour; /* places of two digits (three for the day of the year), 1 = first */
} date_forms[] = {
    {4, 1, 0, 3, 0, 0},                     /* MMYY */
    {4, 1, 0, 3, 0, 0}, {6, 1, 3, 5, 0, 0}, /* MMDDYY */
    {6, 3, 5, 1, 0, 0},                     /* YYMMDD */
    {8, 3, 5, 1, 0, 7},                     /* YYMMDDHH */
    {5, 0, 0, 1, 3, 0},                     /* YYJJJ */
    {7, 0, 0, 1, 3, 6},                     /* YYJJJHH */
    {0, 0, 0, 0, 0, 0},                     /* no date */
};

static int two_at(struct bytes text, size_t begin, uint8_t place)
{
    return place == 0 ? -1 : agency_number(text, begin + place - 1, 2);
}

static bool date_parts(struct code_reader *reader, const struct date_form *form, struct code_date *date)
{
    struct bytes text = reader->text;
    size_t begin = reader->at;
    int year = two_at(text, begin, form->year), month = two_at(text, begin, form->month);
    if (year < 0)
        return false;
    year = gs1_year(year, reader->options->current_year);
    if (form->day_of_year != 0)
        return agency_day_of_year(year, agency_number(text, begin + form->day_of_year - 1, 3), date);
    if (form->day != 0)
        return agency_date(year, month, two_at(text, begin, form->day), date);
    if (!agency_date(year, month, 1, date))
        return false;
    date->day = 0;
    date->precision = CODE_MONTH;
    return true;
}

static bool read_date(struct code_reader *reader, const struct date_form *form, size_t end,
                      struct code_date *date)
{
    size_t begin = reader->at;
    if (end - begin < form->length || !date_parts(reader, form, date))
        return code_fail(reader, CODE_DATE, begin);
    int hour = two_at(reader->text, begin, form->hour);
    if (form->hour != 0 && (hour < 0 || hour > 23))
        return code_fail(reader, CODE_TIME, begin + form->hour - 1);
    if (form->hour != 0) {
        date->hour = (uint8_t)hour;
        date->precision = CODE_HOUR;
    }
    reader->at += form->length;
    return true;
}

static bool read_expiry(struct code_reader *reader, const struct date_form *form, size_t end)
{
    size_t begin = reader->at;
    return read_date(reader, form, end, &reader->code->expires_on) &&
           code_add(reader, "EXP", bytes_from(reader->text.data + begin, form->length), begin);
}

/* --- secondary: the fields --- */

static bool starts(const struct code_reader *reader, size_t end, const char *text)
{
    size_t length = strlen(text);
    return end - reader->at >= length && memcmp(reader->text.data + reader->at, text, length) == 0;
}

static bool read_quantity(struct code_reader *reader, size_t digits)
{
    int number = agency_number(reader->text, reader->at, digits);
    if (number < 0)
        return code_fail(reader, CODE_STRUCTURE, reader->at);
    reader->code->quantity = number;
    reader->at += digits;
    return code_add(reader, "QTY", bytes_from(reader->text.data + reader->at - digits, digits),
                    reader->at - digits);
}

/* Lot or serial up to END; may be absent. */
static bool read_name(struct code_reader *reader, size_t end, bool serial)
{
    struct bytes value = bytes_from(reader->text.data + reader->at, end - reader->at);
    if (value.length > LOT_MAX)
        return code_fail(reader, CODE_VALUE_LONG, reader->at + LOT_MAX);
    for (size_t i = 0; i < value.length; i++)
        if (value.data[i] == '+' || value.data[i] == '$')
            return code_fail(reader, CODE_CHARACTER, reader->at + i);
    size_t at = reader->at;
    reader->at = end;
    if (value.length == 0)
        return true;
    *(serial ? &reader->code->serial : &reader->code->lot) = value;
    return code_add(reader, serial ? "SERIAL" : "LOT", value, at);
}

/* Behind "$$" and "$$+": quantity, date digit, date, lot or serial. */
static bool read_dated(struct code_reader *reader, size_t end, bool serial)
{
    int digit = agency_number(reader->text, reader->at, reader->at < end ? 1 : SIZE_MAX - reader->at);
    if ((digit == 8 || digit == 9) && !serial) {
        reader->at++;
        if (!read_quantity(reader, digit == 8 ? 2 : 5))
            return false;
        digit = reader->at < end ? agency_number(reader->text, reader->at, 1) : 7;
        if (reader->at == end)
            return true;
    }
    if (digit < 0 || digit > 7)
        return code_fail(reader, CODE_STRUCTURE, reader->at);
    reader->at += digit > 1;
    if (digit != 7 && !read_expiry(reader, &date_forms[digit], end))
        return false;
    return read_name(reader, end, serial);
}

static bool read_eight_digits(struct code_reader *reader, size_t end, const char *tag, struct code_date *date)
{
    struct bytes text = reader->text;
    size_t at = reader->at;
    bool right = end - at == 8 && agency_date(agency_number(text, at, 4), agency_number(text, at + 4, 2),
                                              agency_number(text, at + 6, 2), date);
    if (!right)
        return code_fail(reader, CODE_DATE, at);
    reader->at = end;
    return code_add(reader, tag, bytes_from(text.data + at, 8), at);
}

/* Data that follow a "/" of their own [ANSI/HIBC 2.6, 2.3.2.4]. */
static bool read_supplement(struct code_reader *reader, size_t end)
{
    bool dated = starts(reader, end, "14D") || starts(reader, end, "16D");
    bool made = starts(reader, end, "16D");
    if (dated) {
        reader->at += 3;
        return made ? read_eight_digits(reader, end, "MFG", &reader->code->made_on)
                    : read_eight_digits(reader, end, "EXP", &reader->code->expires_on);
    }
    if (starts(reader, end, "S")) {
        reader->at++;
        return read_name(reader, end, true);
    }
    if (starts(reader, end, "Q") && end - reader->at <= 6 && end - reader->at > 1) {
        reader->at++;
        return read_quantity(reader, end - reader->at);
    }
    return code_fail(reader, CODE_STRUCTURE, reader->at);
}

static bool read_field(struct code_reader *reader, size_t end)
{
    static const struct {
        const char *begin;
        bool dated, serial;
    } fields[] = {{"$$+", true, true}, {"$$", true, false}, {"$+", false, true}, {"$", false, false}};

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!starts(reader, end, fields[i].begin))
            continue;
        reader->at += strlen(fields[i].begin);
        return fields[i].dated ? read_dated(reader, end, fields[i].serial)
                               : read_name(reader, end, fields[i].serial);
    }
    bool supplement = starts(reader, end, "14D") || starts(reader, end, "16D");
    if (!supplement &&
        agency_number(reader->text, reader->at, end - reader->at < 5 ? end - reader->at + 1 : 5) >= 0)
        return read_expiry(reader, &date_forms[5], end) && read_name(reader, end, false);
    return read_supplement(reader, end);
}

/* Fields with "/" between them. */
static bool read_secondary(struct code_reader *reader, size_t end)
{
    for (bool first = true; first || reader->at < end; first = false) {
        const uint8_t *slash = memchr(reader->text.data + reader->at, '/', end - reader->at);
        size_t field_end = slash == NULL ? end : (size_t)(slash - reader->text.data);
        if (!(first ? read_field(reader, field_end) : read_supplement(reader, field_end)))
            return false;
        reader->at += reader->at < end;
    }
    return true;
}

static bool read_concatenated(struct code_reader *reader, size_t slash, size_t end)
{
    reader->code->form = CODE_FORM_CONCATENATED;
    if (!read_primary(reader, slash))
        return false;
    reader->at++;
    return read_secondary(reader, end);
}

/* Its own check character comes last, and before it the link: the check character of its primary. */
static bool read_lone_secondary(struct code_reader *reader, size_t end)
{
    reader->code->form = CODE_FORM_SECONDARY;
    if (end - reader->at < 2)
        return code_fail(reader, CODE_STRUCTURE, reader->at);
    return read_secondary(reader, end - 1) &&
           code_add(reader, "LINK", bytes_from(reader->text.data + end - 1, 1), end - 1);
}

/* Readers that send the start and stop characters of Code 39. */
static void strip_stars(struct code_reader *reader)
{
    struct bytes *text = &reader->text;
    if (text->length - reader->at > 2 && text->data[reader->at] == '*' &&
        text->data[text->length - 1] == '*') {
        reader->at++;
        text->length--;
    }
}

bool hibc_read(struct code_reader *reader)
{
    struct bytes text;

    reader->code->agency = CODE_AGENCY_HIBC;
    reader->code->form = CODE_FORM_PRIMARY;
    strip_stars(reader);
    text = reader->text;
    size_t begin = reader->at, end = text.length - 1;
    if (text.length - begin < 4)
        return code_fail(reader, CODE_STRUCTURE, begin);
    if (!check_characters(reader))
        return false;
    if (hibc_check_character(bytes_from(text.data + begin, end - begin)) != (char)text.data[end])
        return code_fail(reader, CODE_CHECK_CHARACTER, end);
    reader->at++;
    if (!is_upper(text.data[reader->at]))
        return read_lone_secondary(reader, end);
    const uint8_t *slash = memchr(text.data + reader->at, '/', end - reader->at);
    return slash == NULL ? read_primary(reader, end)
                         : read_concatenated(reader, (size_t)(slash - text.data), end);
}
