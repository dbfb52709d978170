#include "code/code.h"
#include "code/gs1.h"
#include "code/recognise.h"

#include <stdio.h>

bool code_parse(struct bytes input, const struct code_options *options, struct arena *arena,
                struct code *code)
{
    if (input.length > CODE_BYTES_MAX) {
        (void)code_recognise(BYTES_NONE, options, arena, code);
        code->error = CODE_TOO_LONG;
        code->at = CODE_BYTES_MAX;
        return false;
    }
    if (code_recognise(input, options, arena, code))
        return true;
    return !options->strict && input.length > 0 && arena != NULL &&
           code_repair_input(input, options, arena, code);
}

const struct code_element *code_find(const struct code *code, const char *ai)
{
    for (size_t i = 0; i < code->element_count; i++)
        if (strcmp(code->elements[i].ai, ai) == 0)
            return &code->elements[i];
    return NULL;
}

/* --- implied decimals [GenSpecs 3.6.1]: the last digit of the identifier says how many --- */

/* How many digits of the value stand before the number: a currency. -1: no decimals. */
static int digits_before_number(const char *ai)
{
    if (strlen(ai) != 4)
        return -1;
    if ((ai[0] == '3' && ai[1] >= '1' && ai[1] <= '6') || strncmp(ai, "390", 3) == 0 ||
        strncmp(ai, "392", 3) == 0 || strncmp(ai, "394", 3) == 0 || strncmp(ai, "395", 3) == 0)
        return 0;
    return strncmp(ai, "391", 3) == 0 || strncmp(ai, "393", 3) == 0 ? 3 : -1;
}

bool code_decimal(const struct code_element *element, char *text, size_t size)
{
    int before = element->row == GS1_NONE ? -1 : digits_before_number(element->ai);
    if (before < 0)
        return false;
    struct bytes digits = bytes_from(element->value.data + before, element->value.length - (size_t)before);
    size_t decimals = (size_t)(element->ai[3] - '0'), zeros = 0, length = 0;
    size_t whole = digits.length > decimals ? digits.length - decimals : 0;
    if (digits.length + decimals + 3 > size)
        return false;
    while (zeros + 1 < whole && digits.data[zeros] == '0')
        zeros++;
    if (whole == 0)
        text[length++] = '0';
    memcpy(text + length, digits.data + zeros, whole == 0 ? 0 : whole - zeros);
    length += whole == 0 ? 0 : whole - zeros;
    if (decimals > 0) {
        text[length++] = '.';
        for (size_t missing = digits.length; missing < decimals; missing++)
            text[length++] = '0';
        memcpy(text + length, digits.data + whole, digits.length - whole);
        length += digits.length - whole;
    }
    text[length] = '\0';
    return true;
}

const char *code_date_text(const struct code_date *date, char text[CODE_DATE_TEXT_BYTES])
{
    int year = date->year < 0 ? 0 : date->year % 10000;
    unsigned month = date->month % 100U, day = date->day % 100U, hour = date->hour % 100U,
             minute = date->minute % 100U;
    switch ((enum code_precision)date->precision) {
    case CODE_NO_DATE:
        text[0] = '\0';
        break;
    case CODE_MONTH:
        (void)snprintf(text, CODE_DATE_TEXT_BYTES, "%04d-%02u", year, month);
        break;
    case CODE_DAY:
        (void)snprintf(text, CODE_DATE_TEXT_BYTES, "%04d-%02u-%02u", year, month, day);
        break;
    case CODE_HOUR:
        (void)snprintf(text, CODE_DATE_TEXT_BYTES, "%04d-%02u-%02uT%02u", year, month, day, hour);
        break;
    case CODE_MINUTE:
        (void)snprintf(text, CODE_DATE_TEXT_BYTES, "%04d-%02u-%02uT%02u:%02u", year, month, day, hour,
                       minute);
        break;
    }
    return text;
}
