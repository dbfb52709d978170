/* isbt128.c: ISBT 128 data structures [ICCBBA ST-001; FDA UDI formats 1.3]: each begins with "=" or "&" and a
 * further character that names it; the length follows from the name. A donation identification number has no
 * such name: its first character belongs to the data. */
#include "code/agency.h"

enum role { ROLE_NONE, ROLE_DI, ROLE_SERIAL, ROLE_LOT, ROLE_EXPIRES, ROLE_MADE };

static const struct structure {
    const char *name; /* also the tag of the element */
    uint8_t length;
    uint8_t role;
} structures[] = {
    {"=/", 16, ROLE_DI},      /* processor product identification code */
    {"=,", 6, ROLE_SERIAL},   /* product division */
    {"&,1", 18, ROLE_LOT},    /* MPHO lot number */
    {"=>", 6, ROLE_EXPIRES},  /* cyyjjj */
    {"&>", 10, ROLE_EXPIRES}, /* cyyjjjhhmm */
    {"=}", 6, ROLE_MADE},     {"&}", 10, ROLE_MADE}, {"=*", 6, ROLE_NONE}, /* collected on */
    {"&*", 10, ROLE_NONE},                                                 /* collected at */
    {"=<", 8, ROLE_NONE},                                                  /* product code */
    {"=%", 4, ROLE_NONE},                                                  /* blood groups */
    {"=\\", 18, ROLE_NONE},                          /* special testing: red cell antigens */
    {"&\\", 18, ROLE_NONE},   {"={", 18, ROLE_NONE}, /* platelet antigens */
    {"&(", 5, ROLE_NONE},                            /* special testing */
    {"=+", 5, ROLE_NONE},                            /* how many structures follow, and which */
};
static const struct structure donation = {"=", 15, ROLE_NONE};

/* The longest name that the text goes on with. */
static const struct structure *find(const struct code_reader *reader)
{
    const uint8_t *begin = reader->text.data + reader->at;
    size_t left = reader->text.length - reader->at;
    for (size_t i = 0; i < sizeof structures / sizeof *structures; i++) {
        size_t length = strlen(structures[i].name);
        if (left >= length && memcmp(begin, structures[i].name, length) == 0)
            return &structures[i];
    }
    return left > 1 && begin[0] == '=' && is_upper_or_digit(begin[1]) ? &donation : NULL;
}

/* Century (0: 2000, 9: 1900), year, day of the year; then hour and minute. */
static bool read_date(struct code_reader *reader, struct bytes value, size_t at, struct code_date *date)
{
    int century = agency_number(value, 0, 1), year = agency_number(value, 1, 2);
    year += century == 9 ? 1900 : 2000 + 100 * century;
    if (century < 0 || year < 0 || !agency_day_of_year(year, agency_number(value, 3, 3), date))
        return code_fail(reader, CODE_DATE, at);
    if (value.length < 10)
        return true;
    int hour = agency_number(value, 6, 2), minute = agency_number(value, 8, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return code_fail(reader, CODE_TIME, at + 6);
    date->hour = (uint8_t)hour;
    date->minute = (uint8_t)minute;
    date->precision = CODE_MINUTE;
    return true;
}

static bool take(struct code_reader *reader, enum role role, struct bytes value, size_t at)
{
    struct code *code = reader->code;
    switch (role) {
    case ROLE_NONE:
        return true;
    case ROLE_DI:
        code->di = value;
        return true;
    case ROLE_SERIAL:
        code->serial = value;
        return agency_number(value, 0, value.length) >= 0 || code_fail(reader, CODE_CHARACTER, at);
    case ROLE_LOT:
        code->lot = value;
        return true;
    case ROLE_EXPIRES:
        return read_date(reader, value, at, &code->expires_on);
    case ROLE_MADE:
        return read_date(reader, value, at, &code->made_on);
    }
    return true;
}

static bool read_structure(struct code_reader *reader)
{
    const struct structure *structure = find(reader);
    if (structure == NULL)
        return code_fail(reader, CODE_STRUCTURE, reader->at);
    size_t begin = reader->at + strlen(structure->name), end = begin + structure->length;
    if (end > reader->text.length)
        return code_fail(reader, CODE_VALUE_SHORT, reader->text.length);
    for (size_t i = begin; i < end; i++)
        if (!is_alphanumeric(reader->text.data[i]))
            return code_fail(reader, CODE_CHARACTER, i);
    struct bytes value = bytes_from(reader->text.data + begin, structure->length);
    reader->at = end;
    return code_add(reader, structure == &donation ? "DIN" : structure->name, value, begin) &&
           take(reader, structure->role, value, begin);
}

bool isbt128_read(struct code_reader *reader)
{
    reader->code->agency = CODE_AGENCY_ISBT128;
    reader->code->form = CODE_FORM_TEXT;
    while (reader->at < reader->text.length)
        if (!read_structure(reader))
            return false;
    return true;
}
