#include "event/pattern.h"

#include "base/date.h"
#include "base/text.h"

enum character_class {
    DIGIT = 1,
    LETTER = 2,
    UPPER = 4,
    POINT = 8,       /* . _ - */
    PUNCTUATION = 16, /* other visible ASCII */
    COLON = 32,
};

#define D DIGIT
#define U (LETTER | UPPER)
#define L LETTER
#define V PUNCTUATION
static const uint8_t classes_of_bytes[256] = {
    /* controls and space */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    /* ! to , */ V, V, V, V, V, V, V, V, V, V, V, V,
    /* - . / */ POINT, POINT, V,
    /* 0 to 9 */ D, D, D, D, D, D, D, D, D, D,
    /* : to @ */ COLON, V, V, V, V, V, V,
    /* A to Z */ U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U,
    /* [ to ` */ V, V, V, V, POINT, V,
    /* a to z */ L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    /* { to ~ */ V, V, V, V,
    /* DEL and what is not ASCII: 0 */};
#undef D
#undef U
#undef L
#undef V

static inline unsigned class_of(uint8_t c)
{
    return classes_of_bytes[c];
}

static inline bool all_of(struct bytes text, unsigned classes)
{
    const uint8_t *end = text.data + text.length;
    for (const uint8_t *at = text.data; at < end; at++) {
        if ((class_of(*at) & classes) == 0)
            return false;
    }
    return text.length > 0;
}

static bool is_token(struct bytes text)
{
    return all_of(text, DIGIT | LETTER | POINT);
}

static bool is_visible(struct bytes text)
{
    return all_of(text, DIGIT | LETTER | POINT | COLON | PUNCTUATION);
}

/* A pseudonym. An identity number itself is none, nor is a mobile number: they would travel in clear. */
static bool is_person(struct bytes text)
{
    bool is_mobile = text.length == 11 && text.data[0] == '1' && all_of(text, DIGIT);
    return all_of(text, DIGIT | LETTER | POINT | COLON) && !is_mobile && !text_is_identity_number(text);
}

static bool is_digits(struct bytes text, size_t count)
{
    return text.length == count && all_of(text, DIGIT);
}

static bool is_region(struct bytes text)
{
    return is_digits(text, 6);
}

static bool is_year(struct bytes text)
{
    return is_digits(text, 4);
}

static bool is_date(struct bytes text)
{
    return date_parse(text) != DATE_NONE;
}

/* A letter, two digits, then whatever the insurance edition appends: I25.101, M80000/3, S06.800x001. */
static bool is_diagnosis(struct bytes text)
{
    return text.length >= 3 && (class_of(text.data[0]) & UPPER) != 0 && all_of((struct bytes){text.data + 1, 2}, DIGIT) &&
           is_visible(text);
}

/* As the scanner gave it: visible ASCII, spaces and the group separator that stands for FNC1. */
static bool is_scan(struct bytes text)
{
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.data[i];
        if (c != 0x1d && (c < ' ' || c >= 0x7f))
            return false;
    }
    return text.length > 0;
}

/* Where an item has no code its name stands for it, so Chinese and inner spaces are allowed; controls are not. */
static bool is_item_code(struct bytes text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    }
    return text.length > 0;
}

static bool is_item_key(struct bytes text)
{
    const uint8_t *slash = text.length == 0 ? NULL : memchr(text.data, '/', text.length);
    if (slash == NULL)
        return false;
    size_t kind = (size_t)(slash - text.data);
    return is_token((struct bytes){text.data, kind}) &&
           is_item_code((struct bytes){slash + 1, text.length - kind - 1});
}

const struct pattern pattern_table[PATTERN_COUNT] = {
    [PATTERN_CATALOGUE_CODE] = {"catalogue_code", "^[!-~]+$", "目录编码：无空格的可见字符",
                                "a catalogue code: visible ASCII without spaces", is_visible},
    [PATTERN_DATE] = {"date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "日期 YYYY-MM-DD", "a date YYYY-MM-DD that exists",
                      is_date},
    [PATTERN_DIAGNOSIS] = {"diagnosis", "^[A-Z][0-9]{2}[!-~]*$", "诊断编码（ICD-10 医保版），如 I25.101",
                           "a diagnosis code such as I25.101", is_diagnosis},
    [PATTERN_INSTITUTION] = {"institution", "^[A-Za-z0-9._-]+$", "定点机构编码，如 H43028110001",
                             "an institution code such as H43028110001", is_token},
    [PATTERN_ITEM_CODE] = {"item_code", "^[^[:cntrl:]]+$", "条目编码或名称，无控制字符",
                           "an item's code or name without control characters", is_item_code},
    [PATTERN_ITEM_KEY] = {"item_key", "^[A-Za-z0-9._-]+/[^[:cntrl:]]+$", "条目键 KIND/CODE", "an item key KIND/CODE",
                          is_item_key},
    [PATTERN_ORGANISATION] = {"organisation", "^[A-Za-z0-9._-]+$", "机构标识", "an organisation id", is_token},
    [PATTERN_PERSON] = {"person", "^[A-Za-z0-9._:-]+$", "参保人假名", "a person's pseudonym", is_person},
    [PATTERN_REGION] = {"region", "^[0-9]{6}$", "六位行政区划代码", "a region of six digits (GB/T 2260)", is_region},
    [PATTERN_SCAN] = {"scan", "^[\x1d -~]+$", "扫码原文（FNC1 为 0x1D）", "a code as scanned, FNC1 as 0x1D", is_scan},
    [PATTERN_TOKEN] = {"token", "^[A-Za-z0-9._-]+$", "字母、数字与 . _ -", "letters, digits and . _ -", is_token},
    [PATTERN_VISIBLE] = {"visible", "^[!-~]+$", "无空格的可见 ASCII 字符", "visible ASCII without spaces", is_visible},
    [PATTERN_YEAR] = {"year", "^[0-9]{4}$", "四位年份", "a year of four digits", is_year},
};
