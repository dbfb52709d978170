/* agency.h: the codes of other agencies than GS1. Each reader takes the whole text from reader->at, fills the
 * code and its elements, and refuses with the byte at which the text is not built as the agency says. Inside
 * of hub/code. */
#ifndef CODE_AGENCY_H
#define CODE_AGENCY_H

#include "code/gs1.h"

/* hibc.c: "+A123BJC5D6E71G" */
bool hibc_read(struct code_reader *reader);
/* The check character of TEXT [ANSI/HIBC 2.6, appendix B], NUL if a character has no place in it. */
char hibc_check_character(struct bytes text);
/* ma.c: "MA.156.M0.100350.01004YA10017.LAY21062803", and as <UDI IAC="MA"> */
bool ma_read(struct code_reader *reader);
bool ma_read_xml(struct code_reader *reader);
/* ahm.c: "MF1234567890123*BN2021*MD210628" */
bool ahm_read(struct code_reader *reader);
/* isbt128.c: "=/A9999XYZ100T0476=,000025" */
bool isbt128_read(struct code_reader *reader);
/* national.c: 20 digits beginning with 8; "XJ01CAA040A001010100600" */
bool drug20_is(struct bytes text);
bool drug20_read(struct code_reader *reader);
bool nhsa_read(struct code_reader *reader);

static inline bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool is_upper_or_digit(uint8_t c)
{
    return is_upper(c) || gs1_is_digit(c);
}

static inline bool is_alphanumeric(uint8_t c)
{
    return is_upper_or_digit(c) || (c >= 'a' && c <= 'z');
}

/* Digits BEGIN .. BEGIN + COUNT of TEXT as a number; -1: not there, or no digits. */
static inline int agency_number(struct bytes text, size_t begin, size_t count)
{
    int number = 0;
    if (begin + count > text.length)
        return -1;
    for (size_t i = begin; i < begin + count; i++) {
        if (!gs1_is_digit(text.data[i]))
            return -1;
        number = number * 10 + text.data[i] - '0';
    }
    return number;
}

/* True, and DATE of precision day, if there is such a day. */
static inline bool agency_date(int year, int month, int day, struct code_date *date)
{
    if (year < 0 || month < 1 || day < 1 || day > gs1_month_days(year, month))
        return false;
    *date = (struct code_date){
        .year = (int16_t)year, .month = (uint8_t)month, .day = (uint8_t)day, .precision = CODE_DAY};
    return true;
}

/* The same for the day of the year, 1 to 366. */
static inline bool agency_day_of_year(int year, int day, struct code_date *date)
{
    for (int month = 1; year >= 0 && day >= 1 && month <= 12; month++) {
        int days = gs1_month_days(year, month);
        if (day <= days)
            return agency_date(year, month, day, date);
        day -= days;
    }
    return false;
}

#endif
