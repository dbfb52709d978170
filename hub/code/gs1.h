/* gs1.h: GS1 element strings, in the raw and in the bracketed form, and what holds over all elements of an
 * item. Inside of hub/code; others use code.h. */
#ifndef CODE_GS1_H
#define CODE_GS1_H

#include "code/code.h"
#include "code/gs1_table.h"

enum { GS1_ROW_WORDS = 16, GS1_VALUE_BYTES_MAX = 128 };

/* One code being taken apart. TEXT is what is read: the input, or its repaired copy. */
struct code_reader {
    struct bytes text;
    size_t at;
    const struct code_options *options;
    struct arena *arena;
    struct code *code;
    uint64_t present[GS1_ROW_WORDS]; /* bit per row of gs1_rows */
};

/* Says what is wrong and where; returns false. */
bool code_fail(struct code_reader *reader, enum code_error error, size_t at);
/* Copies into the arena; BYTES_NONE, after code_fail, when it is full. */
struct bytes code_keep(struct code_reader *reader, const void *data, size_t length, size_t at);
/* Adds an element of another agency. */
bool code_add(struct code_reader *reader, const char *ai, struct bytes value, size_t at);

/* From reader->at to the end [GenSpecs 7.8.6]. */
bool gs1_read_raw(struct code_reader *reader);
bool gs1_read_bracketed(struct code_reader *reader);
/* A Digital Link URI: the whole text [GS1 Digital Link: URI Syntax 6]. */
bool gs1_read_link(struct code_reader *reader);
/* 8, 12, 13 or 14 digits: the whole text from reader->at. */
bool gs1_read_gtin(struct code_reader *reader, struct bytes digits);

/* The row whose identifier TEXT begins with; GS1_NONE. */
uint16_t gs1_row_find(const uint8_t *text, size_t length);
/* The row of exactly this identifier; GS1_NONE. */
uint16_t gs1_row_get(const uint8_t *text, size_t length);
/* Adds a value that begins at AT of the text, after all its checks. */
bool gs1_add(struct code_reader *reader, uint16_t row, struct bytes value, size_t at);
/* When all elements are there: exclusions, companions, and the members of struct code that sum them up. */
bool gs1_finish(struct code_reader *reader);
bool gs1_is_present(const struct code_reader *reader, struct gs1_range range, uint16_t except);
/* The alternative of the key's qualifiers that holds all of COUNT ROWS in their order; NULL: none does. */
const uint16_t *gs1_qualifiers_find(const struct gs1_row *key, const uint16_t *rows, size_t count);

/* gs1_value.c: all rules of the dictionary for one value. CODE_OK, or the error and its byte in *AT. */
enum code_error gs1_value_check(const struct gs1_row *row, struct bytes value, int current_year, size_t *at);
/* Two digits to a full year [GenSpecs 7.12]: 49 years back, 50 ahead. */
int gs1_year(int two_digits, int current_year);
/* Days of that month; 0: no such month. */
int gs1_month_days(int year, int month);

static inline bool gs1_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline int gs1_two_digits(const uint8_t *digits)
{
    return (digits[0] - '0') * 10 + digits[1] - '0';
}

#endif
