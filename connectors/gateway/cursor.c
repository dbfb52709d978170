#include "gateway/cursor.h"

#include "base/hash.h"

enum { VERSION = 1, SUM_BYTES = 4, VARINT_BYTES = 10, RAW_BYTES_MAX = 1 + 2 + FEED_PARTITIONS_MAX * VARINT_BYTES + SUM_BYTES };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t put_varint(uint8_t *to, uint64_t value)
{
    size_t length = 0;

    for (; value >= 0x80; value >>= 7)
        to[length++] = (uint8_t)(value | 0x80);
    to[length++] = (uint8_t)value;
    return length;
}

/* Bytes taken; 0 if there is no number that fits, or it is written longer than need be. */
static size_t get_varint(struct bytes from, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < from.length && i < VARINT_BYTES; i++) {
        *value |= (uint64_t)(from.data[i] & 0x7F) << (7 * i);
        if (from.data[i] < 0x80)
            return i > 0 && from.data[i] == 0 ? 0 : i + 1;
    }
    return 0;
}

static void put_sum(uint8_t *to, struct bytes of)
{
    uint64_t sum = hash_bytes(of, 0);

    for (size_t i = 0; i < SUM_BYTES; i++)
        to[i] = (uint8_t)(sum >> (56 - 8 * i));
}

static char *armour(struct bytes raw, struct arena *arena)
{
    char *text = arena_take(arena, (raw.length * 4 + 2) / 3 + 1);
    size_t length = 0;
    uint32_t bits = 0;
    unsigned count = 0;

    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < raw.length; i++) {
        bits = bits << 8 | raw.data[i];
        for (count += 8; count >= 6; count -= 6)
            text[length++] = digits[bits >> (count - 6) & 63];
    }
    if (count > 0)
        text[length++] = digits[bits << (6 - count) & 63];
    text[length] = '\0';
    return text;
}

/* Length, or 0 if TEXT is not base64url in its one right form, or too long. */
static size_t unarmour(const char *text, uint8_t raw[RAW_BYTES_MAX])
{
    size_t length = 0;
    uint32_t bits = 0;
    unsigned count = 0;

    for (; *text != '\0'; text++) {
        const char *digit = strchr(digits, *text);
        if (digit == NULL || length == RAW_BYTES_MAX)
            return 0;
        bits = bits << 6 | (uint32_t)(digit - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            raw[length++] = (uint8_t)(bits >> count);
            bits &= (1u << count) - 1;
        }
    }
    return bits == 0 && count < 6 ? length : 0;
}

const char *cursor_encode(const struct feed_place *place, struct arena *arena)
{
    uint8_t raw[RAW_BYTES_MAX];
    size_t length = 0;

    raw[length++] = VERSION;
    length += put_varint(raw + length, (uint64_t)place->partition_count);
    for (int32_t i = 0; i < place->partition_count; i++)
        length += put_varint(raw + length, (uint64_t)place->next_offset[i]);
    put_sum(raw + length, bytes_from(raw, length));
    return armour(bytes_from(raw, length + SUM_BYTES), arena);
}

static bool read_place(struct bytes raw, struct feed_place *place)
{
    uint64_t value = 0;
    size_t step = get_varint(raw, &value);

    if (step == 0 || value > FEED_PARTITIONS_MAX)
        return false;
    place->partition_count = (int32_t)value;
    for (int32_t i = 0; i < place->partition_count; i++) {
        raw = bytes_from(raw.data + step, raw.length - step);
        step = get_varint(raw, &value);
        if (step == 0 || value > INT64_MAX)
            return false;
        place->next_offset[i] = (int64_t)value;
    }
    return raw.length == step;
}

bool cursor_decode(const char *text, struct feed_place *place)
{
    uint8_t raw[RAW_BYTES_MAX], sum[SUM_BYTES];
    size_t length = unarmour(text, raw);

    *place = (struct feed_place){0};
    if (length <= 1 + SUM_BYTES || raw[0] != VERSION)
        return false;
    put_sum(sum, bytes_from(raw, length - SUM_BYTES));
    return memcmp(sum, raw + length - SUM_BYTES, SUM_BYTES) == 0 &&
           read_place(bytes_from(raw + 1, length - SUM_BYTES - 1), place);
}
