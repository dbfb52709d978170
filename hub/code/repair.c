/* repair.c: scanner damage undone. Each step changes the text if it finds its damage, and then the text is
 * read again; steps add up. A check digit is never changed and a value never cut: what breaks a rule of its
 * agency stays refused. */
#include "code/agency.h"
#include "code/recognise.h"
#include "gs1_rows.h"

enum { PREFIX = 3, GROWTH = 3 };

struct repairing {
    struct bytes text;
    unsigned repairs;
    const struct code_options *options;
    struct arena *arena;
    struct code *code;
};

static bool read_again(struct repairing *repairing, struct bytes text, unsigned repairs,
                       enum code_confidence confidence)
{
    struct code *code = repairing->code;
    if (!code_recognise(text, repairing->options, repairing->arena, code))
        return false;
    code->repairs |= repairs;
    if (code->confidence < confidence)
        code->confidence = confidence;
    return true;
}

/* Room for a changed text, a little longer than the old one. NULL: the arena is full. */
static uint8_t *room(struct repairing *repairing, size_t more)
{
    return arena_take(repairing->arena, repairing->text.length + more + 1);
}

static bool starts(struct bytes text, const char *begin)
{
    return bytes_start_with(text, bytes_of(begin));
}

static struct bytes cut(struct bytes text, size_t begin)
{
    return bytes_from(text.data + begin, text.length - begin);
}

/* --- blanks --- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* Blanks around it, line ends, a byte order mark, NULs of fixed buffers. */
static bool trim(struct repairing *repairing, struct bytes *out)
{
    struct bytes text = repairing->text;
    for (bool again = true; again;) {
        again = false;
        if (starts(text, "\xEF\xBB\xBF")) {
            text = cut(text, 3);
            again = true;
        }
        while (text.length > 0 && is_blank(text.data[0])) {
            text = cut(text, 1);
            again = true;
        }
    }
    while (text.length > 0 && is_blank(text.data[text.length - 1]))
        text.length--;
    *out = text;
    return text.length < repairing->text.length;
}

/* Readers and people lose the blank that a HIBC check character can be. */
static bool add_blank(struct repairing *repairing, struct bytes *out)
{
    struct bytes text = repairing->text;
    if (!starts(text, "+") || text.length == CODE_BYTES_MAX || hibc_check_character(text) != ' ')
        return false;
    uint8_t *data = room(repairing, 1);
    if (data == NULL)
        return false;
    memcpy(data, text.data, text.length);
    data[text.length] = ' ';
    *out = bytes_from(data, text.length + 1);
    return true;
}

/* True if the value in brackets at AT, behind "(", is of digits only. */
static bool is_numeric_value(struct bytes text, size_t at)
{
    const uint8_t *close = memchr(text.data + at, ')', text.length - at);
    uint16_t row = close == NULL ? GS1_NONE : gs1_row_get(text.data + at, (size_t)(close - text.data) - at);
    return row != GS1_NONE && gs1_rows[row].numeric;
}

/* "6 901234 567892", and blanks that people put around brackets: (01) 0 6901234 56789 2 (10) A1. */
static bool join(struct repairing *repairing, struct bytes *out)
{
    struct bytes text = repairing->text;
    bool bracketed = text.length > 0 && text.data[0] == '(', numeric = false;
    for (size_t i = 0; i < text.length && !bracketed; i++)
        if (!gs1_is_digit(text.data[i]) && text.data[i] != ' ' && (text.data[i] != '-' || i == 0))
            return false;
    uint8_t *data = room(repairing, 0);
    if (data == NULL)
        return false;
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.data[i];
        if (bracketed && c == '(')
            numeric = is_numeric_value(text, i + 1);
        bool before = i + 1 < text.length && text.data[i + 1] == '(',
             after = length > 0 && data[length - 1] == ')';
        bool drop = bracketed ? c == ' ' && (numeric || before || after) : c == ' ' || c == '-';
        /* A run of blanks before "(" goes as a whole. */
        for (size_t j = i; bracketed && c == ' ' && !drop && j < text.length && text.data[j] == ' '; j++)
            drop = j + 1 < text.length && text.data[j + 1] == '(';
        if (!drop)
            data[length++] = c;
    }
    *out = bytes_from(data, length);
    return length < text.length;
}

/* --- full-width characters: U+FF01 .. U+FF5E, and the ideographic blank --- */

static bool narrow(struct repairing *repairing, struct bytes *out)
{
    struct bytes text = repairing->text;
    if (memchr(text.data, 0xEF, text.length) == NULL && memchr(text.data, 0xE3, text.length) == NULL)
        return false;
    uint8_t *data = room(repairing, 0);
    if (data == NULL)
        return false;
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        const uint8_t *c = text.data + i;
        bool three = i + 2 < text.length;
        if (three && c[0] == 0xEF && (c[1] == 0xBC || c[1] == 0xBD) && c[2] >= 0x80 && c[2] <= 0xBF) {
            unsigned point = (c[1] - 0xBCU) * 64 + c[2] - 0x80U;
            if (point >= 1 && point <= 0x5E) {
                data[length++] = (uint8_t)(point + 0x20);
                i += 2;
                continue;
            }
        }
        if (three && c[0] == 0xE3 && c[1] == 0x80 && c[2] == 0x80) {
            data[length++] = ' ';
            i += 2;
            continue;
        }
        data[length++] = c[0];
    }
    *out = bytes_from(data, length);
    return length < text.length;
}

/* --- separators --- */

/* What programs write for FNC1. */
static bool separator_words(struct repairing *repairing, struct bytes *out)
{
    static const char *const words[] = {"<FNC1>", "{FNC1}", "[FNC1]",  "{GS}",    "[GS]",        "<gs>",
                                        "\\x1d",  "\\x1D",  "\\u001d", "\\u001D", "&#29;",       "&#x1d;",
                                        "&#x1D;", "%1D",    "%1d",     "^]",      "\xE2\x90\x9D"};
    struct bytes text = repairing->text;
    uint8_t *data = room(repairing, 0);
    if (data == NULL)
        return false;
    size_t length = 0;
    for (size_t i = 0; i < text.length;) {
        size_t word = 0;
        while (word < sizeof words / sizeof *words && !starts(cut(text, i), words[word]))
            word++;
        bool found = word < sizeof words / sizeof *words;
        data[length++] = found ? CODE_FNC1 : text.data[i];
        i += found ? strlen(words[word]) : 1;
    }
    *out = bytes_from(data, length);
    return length < text.length;
}

/* Where element strings begin: behind the prefix. */
static size_t body_of(struct bytes text)
{
    return text.length >= PREFIX && text.data[0] == ']' ? PREFIX : 0;
}

/* One byte that has no place in element strings, wherever FNC1 would stand. */
static bool separator_byte(struct repairing *repairing, struct bytes *out)
{
    struct bytes text = repairing->text;
    size_t begin = body_of(text), length = 0;
    int found = -1;
    if (begin == text.length || !(gs1_is_digit(text.data[begin]) || gs1_is_digit(text.data[text.length - 1])))
        return false;
    for (size_t i = begin; i < text.length; i++) {
        uint8_t c = text.data[i];
        if (gs1_characters[c] & GS1_CSET82 || c == CODE_FNC1)
            continue;
        if (found >= 0 && found != c)
            return false;
        found = c;
    }
    uint8_t *data = found < 0 ? NULL : room(repairing, 0);
    if (data == NULL)
        return false;
    for (; length < text.length; length++)
        data[length] = length >= begin && text.data[length] == found ? CODE_FNC1 : text.data[length];
    *out = bytes_from(data, length);
    return true;
}

/* FNC1 left standing in bracketed text, and brackets encoded behind a prefix. */
static bool brackets(struct repairing *repairing, struct bytes *out)
{
    struct bytes text = repairing->text;
    size_t begin = body_of(text), length = 0;
    begin += begin < text.length && text.data[begin] == CODE_FNC1;
    if (begin >= text.length || text.data[begin] != '(')
        return false;
    uint8_t *data = room(repairing, 0);
    if (data == NULL)
        return false;
    for (size_t i = begin; i < text.length; i++)
        if (text.data[i] != CODE_FNC1 || (i + 1 < text.length && text.data[i + 1] != '('))
            data[length++] = text.data[i];
    *out = bytes_from(data, length);
    return length < text.length;
}

/* --- case --- */

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

/* How much of the text is to be in upper case: all of HIBC, MA and national codes. */
static size_t upper_length(struct bytes text)
{
    static const char *const whole[] = {"ma.", "Ma.", "mA.", "mf", "Mf", "mF", "MF",
                                        "x",   "z",   "c",   "X",  "Z",  "C",  "*+"};
    if (starts(text, "+"))
        return text.length;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (starts(text, whole[i]))
            return text.length;
    return 0;
}

/* "]D2" and the like. "]E0" and "]e0" are two, so they stay. */
static void right_prefix(uint8_t *prefix)
{
    static const char *const right[] = {"]C1", "]d2", "]Q3", "]J1", "]d1", "]Q1"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        if ((prefix[1] | 0x20) == (right[i][1] | 0x20) && prefix[2] == (uint8_t)right[i][2])
            prefix[1] = (uint8_t)right[i][1];
}

static void right_scheme(uint8_t *data, size_t length)
{
    static const char http[] = "http";
    for (size_t i = 0; i < sizeof http - 1; i++)
        if (length <= i || (data[i] | 0x20) != http[i])
            return;
    for (size_t i = 0; i < length && data[i] != ':'; i++)
        data[i] |= data[i] >= 'A' && data[i] <= 'Z' ? 0x20 : 0;
}

static bool right_case(struct repairing *repairing, struct bytes *out)
{
    struct bytes text = repairing->text;
    uint8_t *data = room(repairing, 0);
    if (data == NULL)
        return false;
    memcpy(data, text.data, text.length);
    size_t begin = body_of(text), upper = upper_length(cut(text, begin));
    for (size_t i = begin; i < begin + upper; i++)
        data[i] = (uint8_t)(data[i] - (is_lower(data[i]) ? 'a' - 'A' : 0));
    if (begin > 0)
        right_prefix(data);
    right_scheme(data + begin, text.length - begin);
    *out = bytes_from(data, text.length);
    return memcmp(data, text.data, text.length) != 0;
}

/* --- keyboard layouts: what another layout makes of the keys of a US keyboard --- */

struct layout {
    const char *us;
    const char *typed[96]; /* for each character of US */
};
static const struct layout layouts[] = {
    {"1234567890qawzm,./-=[];'QAWZM<>?_+:\"!(){}&%*",
     {"&", "\xC3\xA9", "\"", "'", "(", "-", "\xC3\xA8", "_",        "\xC3\xA7", "\xC3\xA0", "a",
      "q", "z",        "w",  ",", ";", ":", "!",        ")",        "=",        "^",        "$",
      "m", "\xC3\xB9", "A",  "Q", "Z", "W", "?",        ".",        "/",        "\xC2\xA7", "\xC2\xB0",
      "+", "M",        "%",  "1", "9", "0", "\xC2\xA8", "\xC2\xA3", "7",        "5",        "8"}},
    {"yzYZ-=[];'/\\()_+:\"<>?&*@#^",
     {"z",        "y", "Z", "Y", "\xC3\x9F", "\xC2\xB4", "\xC3\xBC", "+",        "\xC3\xB6",
      "\xC3\xA4", "-", "#", ")", "=",        "?",        "`",        "\xC3\x96", "\xC3\x84",
      ";",        ":", "_", "/", "(",        "\"",       "\xC2\xA7", "&"}},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

/* The key that typed what TEXT begins with; its bytes in *LENGTH. Keys that all layouts share stand for
 * themselves. */
static uint8_t key_of(const struct layout *layout, struct bytes text, size_t *length)
{
    for (size_t i = 0; layout->us[i] != '\0'; i++) {
        if (!starts(text, layout->typed[i]))
            continue;
        *length = strlen(layout->typed[i]);
        return (uint8_t)layout->us[i];
    }
    *length = 1;
    return text.data[0];
}

static struct bytes retype(struct repairing *repairing, const struct layout *layout)
{
    uint8_t *data = room(repairing, 0);
    size_t length = 0, step;
    for (size_t i = 0; data != NULL && i < repairing->text.length; i += step)
        data[length++] = key_of(layout, cut(repairing->text, i), &step);
    return bytes_from(data, data == NULL ? 0 : length);
}

/* Only a reading with a check digit or character of its own is believed. */
static bool is_proved(const struct code *code)
{
    for (size_t i = 0; i < code->element_count; i++)
        if (code->elements[i].row != GS1_NONE && gs1_rows[code->elements[i].row].key &&
            gs1_rows[code->elements[i].row].checked)
            return true;
    return code->agency == CODE_AGENCY_HIBC;
}

static bool keyboard(struct repairing *repairing)
{
    for (size_t i = 0; i < LAYOUTS; i++) {
        struct bytes text = retype(repairing, &layouts[i]);
        if (text.data != NULL &&
            read_again(repairing, text, repairing->repairs | CODE_REPAIR_KEYBOARD, CODE_REPAIRED) &&
            is_proved(repairing->code))
            return true;
    }
    return false;
}

/* --- lost separators --- */

enum { LOST_BYTES_MAX = 512, UNREADABLE = 0xFFFF };

/* How best to read the text from one byte on. */
struct reading {
    uint16_t cost; /* fewer separators put in is better, and such before a date best of all; UNREADABLE */
    uint16_t end;  /* of the element that begins here */
    bool several;  /* other readings cost the same */
};

/* What usually follows a lot or serial on labels. Others are too likely to be part of it. */
static bool may_follow(uint16_t row)
{
    return row == GS1_ROW_10 || row == GS1_ROW_21 || row == GS1_ROW_11 || row == GS1_ROW_13 ||
           row == GS1_ROW_15 || row == GS1_ROW_16 || row == GS1_ROW_17 || row == GS1_ROW_240;
}

static void offer(struct reading *reading, uint16_t cost, size_t end, bool several)
{
    if (cost < reading->cost)
        *reading = (struct reading){cost, (uint16_t)end, several};
    else if (cost == reading->cost)
        reading->several = true;
}

/* One element from AT on, with the best readings of everything behind it known. */
static void read_from(const struct repairing *repairing, struct bytes text, size_t at,
                      struct reading *readings)
{
    struct reading *reading = &readings[at];
    uint16_t number = gs1_row_find(text.data + at, text.length - at);
    *reading = (struct reading){.cost = UNREADABLE};
    if (number == GS1_NONE)
        return;
    const struct gs1_row *row = &gs1_rows[number];
    size_t begin = at + row->ai_length, most = begin + row->max, where;
    for (size_t end = row->predefined ? most : begin + row->min; end <= most && end <= text.length; end++) {
        bool last = end == text.length, split = !last && !row->predefined;
        uint16_t next = split ? gs1_row_find(text.data + end, text.length - end) : GS1_NONE;
        if ((!last && readings[end].cost == UNREADABLE) || (split && (next == GS1_NONE || !may_follow(next))))
            continue;
        if (gs1_value_check(row, bytes_from(text.data + begin, end - begin), repairing->options->current_year,
                            &where) != CODE_OK)
            continue;
        unsigned cost = last ? 0 : readings[end].cost;
        cost += !split ? 0 : gs1_rows[next].checked ? 2 : 3;
        offer(reading, (uint16_t)cost, end, !last && readings[end].several);
    }
}

static bool lost_separators(struct repairing *repairing)
{
    struct reading readings[LOST_BYTES_MAX + 1];
    struct bytes text = repairing->text, body = cut(text, body_of(text));
    if (body.length > 0 && body.data[0] == CODE_FNC1)
        body = cut(body, 1);
    if (body.length > LOST_BYTES_MAX || !starts(body, "01") ||
        memchr(body.data, CODE_FNC1, body.length) != NULL)
        return false;
    readings[body.length] = (struct reading){.cost = 0};
    for (size_t at = body.length; at-- > 0;)
        read_from(repairing, body, at, readings);
    if (readings[0].cost == UNREADABLE || readings[0].cost == 0)
        return false;

    uint8_t *data = arena_take(repairing->arena, text.length * 2);
    if (data == NULL)
        return false;
    size_t length = (size_t)(body.data - text.data);
    memcpy(data, text.data, length);
    for (size_t at = 0; at < body.length; at = readings[at].end) {
        if (at > 0 && data[length - 1] != CODE_FNC1)
            data[length++] = CODE_FNC1;
        memcpy(data + length, body.data + at, readings[at].end - at);
        length += readings[at].end - at;
    }
    return read_again(repairing, bytes_from(data, length), repairing->repairs | CODE_REPAIR_SEPARATOR_LOST,
                      readings[0].several ? CODE_GUESSED : CODE_REPAIRED);
}

/* --- the whole --- */

static const struct step {
    enum code_repair repair;
    bool (*change)(struct repairing *repairing, struct bytes *out);
} steps[] = {
    {CODE_REPAIR_SPACES, add_blank},
    {CODE_REPAIR_SPACES, trim},
    {CODE_REPAIR_SPACES, add_blank},
    {CODE_REPAIR_FULL_WIDTH, narrow},
    {CODE_REPAIR_SPACES, trim},
    {CODE_REPAIR_SPACES, join},
    {CODE_REPAIR_CASE, right_case},
    {CODE_REPAIR_SEPARATOR_REPLACED, separator_words},
    {CODE_REPAIR_SEPARATOR_REPLACED, brackets},
    {CODE_REPAIR_SPACES, join},
    {CODE_REPAIR_SEPARATOR_REPLACED, separator_byte},
};

bool code_repair_input(struct bytes input, const struct code_options *options, struct arena *arena,
                       struct code *code)
{
    struct repairing repairing = {.text = input, .options = options, .arena = arena, .code = code};
    enum code_error error = code->error, last = error;
    size_t at = code->at;

    if (keyboard(&repairing))
        return true;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct bytes text = repairing.text;
        if (repairing.text.length == 0 || !steps[i].change(&repairing, &text))
            continue;
        repairing.text = text;
        repairing.repairs |= (unsigned)steps[i].repair;
        if (read_again(&repairing, text, repairing.repairs, CODE_REPAIRED))
            return true;
        last = code->error;
    }
    if ((last == CODE_VALUE_LONG || last == CODE_CHARACTER) && repairing.text.length > 0 &&
        lost_separators(&repairing))
        return true;
    code->error = error;
    code->at = at;
    return false;
}
