#include "base/text.h"

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

bool text_parse_i64(struct bytes text, int64_t *value)
{
    bool minus = text.length > 0 && text.data[0] == '-';
    int64_t negative = 0; /* collected below zero, where there is room for INT64_MIN too */

    if (text.length == (size_t)minus)
        return false;
    for (size_t at = minus; at < text.length; at++) {
        if (!is_digit(text.data[at]) || __builtin_mul_overflow(negative, INT64_C(10), &negative) ||
            __builtin_sub_overflow(negative, (int64_t)(text.data[at] - '0'), &negative))
            return false;
    }
    if (!minus && negative == INT64_MIN)
        return false;
    *value = minus ? negative : -negative;
    return true;
}

char *text_hex(struct arena *arena, struct bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = bytes.length > (SIZE_MAX - 1) / 2 ? NULL : arena_take(arena, 2 * bytes.length + 1);

    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < bytes.length; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    text[2 * bytes.length] = '\0';
    return text;
}

static const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* COUNT (1..3) bytes make four characters. */
static void encode_group(const uint8_t *data, size_t count, char text[4])
{
    uint32_t group = (uint32_t)data[0] << 16;

    if (count > 1)
        group |= (uint32_t)data[1] << 8;
    if (count > 2)
        group |= data[2];
    for (size_t i = 0; i < 4; i++)
        text[i] = i > count ? '=' : base64_alphabet[group >> (18 - 6 * i) & 63];
}

size_t text_base64_encode(struct bytes bytes, char *text, size_t capacity)
{
    size_t length = 0;

    if (bytes.length > SIZE_MAX / 2 || capacity <= TEXT_BASE64_LENGTH(bytes.length)) {
        if (capacity > 0)
            text[0] = '\0';
        return 0;
    }
    for (size_t at = 0; at < bytes.length; at += 3, length += 4)
        encode_group(bytes.data + at, bytes.length - at < 3 ? bytes.length - at : 3, text + length);
    text[length] = '\0';
    return length;
}

/* 0..63, or -1. */
static int base64_value(uint8_t character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (is_digit(character))
        return character - '0' + 52;
    return character == '+' ? 62 : character == '/' ? 63 : -1;
}

/* Four characters, the last PADDING of them '=', make 3 - PADDING bytes. */
static bool decode_group(const uint8_t text[4], size_t padding, uint8_t *data)
{
    uint32_t group = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? base64_value(text[i]) : 0;
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t)value;
    }
    for (size_t i = 0; i < 3; i++) {
        uint8_t byte = (uint8_t)(group >> (16 - 8 * i));
        if (i < 3 - padding)
            data[i] = byte;
        else if (byte != 0)
            return false;
    }
    return true;
}

static size_t count_padding(struct bytes text)
{
    if (text.length == 0 || text.data[text.length - 1] != '=')
        return 0;
    return text.data[text.length - 2] == '=' ? 2 : 1;
}

bool text_base64_decode(struct bytes text, uint8_t *data, size_t capacity, size_t *length)
{
    if (text.length % 4 != 0)
        return false;
    size_t padding = count_padding(text);
    size_t count = TEXT_BASE64_BYTES_MAX(text.length) - padding;
    if (count > capacity)
        return false;

    for (size_t at = 0; at < text.length; at += 4) {
        bool last = at + 4 == text.length;
        if (!decode_group(text.data + at, last ? padding : 0, data + at / 4 * 3))
            return false;
    }
    *length = count;
    return true;
}

bool text_is_identity_number(struct bytes text)
{
    static const uint8_t weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    unsigned sum = 0;

    if (text.length != sizeof weights + 1)
        return false;
    for (size_t i = 0; i < sizeof weights; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        sum += (unsigned)weights[i] * (unsigned)(text.data[i] - '0');
    }
    uint8_t last = text.data[sizeof weights] == 'x' ? 'X' : text.data[sizeof weights];
    return last == (uint8_t)"10X98765432"[sum % 11];
}
