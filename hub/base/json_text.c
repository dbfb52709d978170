#include "base/json_text.h"

#include <string.h>

enum { DIGITS_MAX = 18 };

/* ---- passing over values ---- */

struct place {
    const uint8_t *at, *end;
};

static bool is_next(const struct place *place, uint8_t byte)
{
    return place->at < place->end && *place->at == byte;
}

static bool pass(struct place *place, uint8_t byte)
{
    bool is = is_next(place, byte);
    place->at += is ? 1 : 0;
    return is;
}

static void pass_plain(struct place *place)
{
    while (place->at < place->end && *place->at >= 0x20 && *place->at != '"' && *place->at != '\\')
        place->at++;
}

static bool is_lower_hex(uint8_t digit)
{
    return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
}

/* As RFC 8785 writes it: a letter where there is one, else u00 and two small digits. */
static bool pass_escape(struct place *place)
{
    static const char letters[] = "\"\\bfnrt", with_letter[] = "89acd";
    size_t left = (size_t)(place->end - place->at);
    const uint8_t *at = place->at;

    if (left >= 2 && at[1] != '\0' && strchr(letters, at[1]) != NULL) {
        place->at += 2;
        return true;
    }
    if (left < 6 || memcmp(at, "\\u00", 4) != 0 || (at[4] != '0' && at[4] != '1') || !is_lower_hex(at[5]) ||
        (at[4] == '0' && strchr(with_letter, at[5]) != NULL))
        return false;
    place->at += 6;
    return true;
}

static bool pass_string(struct place *place)
{
    if (!pass(place, '"'))
        return false;
    for (pass_plain(place); is_next(place, '\\'); pass_plain(place))
        if (!pass_escape(place))
            return false;
    return pass(place, '"');
}

/* Without escapes, so that names compare as they stand. */
static bool pass_name(struct place *place)
{
    if (!pass(place, '"'))
        return false;
    pass_plain(place);
    return pass(place, '"');
}

/* Zero has no sign here and no digit behind it: so that a number is written as it is read. */
static bool pass_number(struct place *place)
{
    bool negative = pass(place, '-');
    const uint8_t *first = place->at;

    while (place->at < place->end && *place->at >= '0' && *place->at <= '9')
        place->at++;
    size_t digits = (size_t)(place->at - first);
    if (digits == 0 || digits > DIGITS_MAX || (*first == '0' && (digits > 1 || negative)))
        return false;
    return !is_next(place, '.') && !is_next(place, 'e') && !is_next(place, 'E');
}

static bool pass_word(struct place *place, const char *word)
{
    struct bytes text = bytes_of(word);
    bool is = bytes_start_with(bytes_from(place->at, (size_t)(place->end - place->at)), text);

    place->at += is ? text.length : 0;
    return is;
}

static bool pass_value(struct place *place, unsigned depth);

static bool pass_member(struct place *place, unsigned depth)
{
    return pass_name(place) && pass(place, ':') && pass_value(place, depth);
}

static bool pass_all(struct place *place, uint8_t close, bool (*pass_one)(struct place *place, unsigned depth), unsigned depth)
{
    place->at++; /* what opened it */
    if (depth == JSON_TEXT_DEPTH_MAX)
        return false;
    if (pass(place, close))
        return true;
    do {
        if (!pass_one(place, depth + 1))
            return false;
    } while (pass(place, ','));
    return pass(place, close);
}

static bool pass_value(struct place *place, unsigned depth)
{
    if (place->at == place->end)
        return false;
    switch (*place->at) {
    case '"':
        return pass_string(place);
    case '{':
        return pass_all(place, '}', pass_member, depth);
    case '[':
        return pass_all(place, ']', pass_value, depth);
    case 't':
        return pass_word(place, "true");
    case 'f':
        return pass_word(place, "false");
    case 'n':
        return pass_word(place, "null");
    default:
        return pass_number(place);
    }
}

/* ---- members ---- */

static bool take_member(struct place *place, unsigned depth, struct json_members *members)
{
    const uint8_t *name = place->at;

    if (members->count == JSON_TEXT_MEMBERS_MAX || !pass_name(place))
        return false;
    struct json_member *member = &members->items[members->count++];
    member->name = bytes_from(name + 1, (size_t)(place->at - name) - 2);
    if (!pass(place, ':'))
        return false;
    const uint8_t *value = place->at;
    if (!pass_value(place, depth))
        return false;
    member->value = bytes_from(value, (size_t)(place->at - value));
    return true;
}

static bool take_members(struct bytes object, unsigned depth, struct json_members *members)
{
    struct place place = {object.data, object.data + object.length};

    members->count = 0;
    if (depth == JSON_TEXT_DEPTH_MAX || !pass(&place, '{'))
        return false;
    if (pass(&place, '}'))
        return place.at == place.end;
    do {
        if (!take_member(&place, depth + 1, members))
            return false;
    } while (pass(&place, ','));
    return pass(&place, '}') && place.at == place.end;
}

/* By insertion: they are few, and mostly in some order already. False: a name stands there twice. */
static bool sort_members(struct json_members *members)
{
    for (size_t i = 1; i < members->count; i++) {
        struct json_member member = members->items[i];
        size_t place = i;
        int order = 1;
        while (place > 0 && (order = bytes_compare(members->items[place - 1].name, member.name)) > 0) {
            members->items[place] = members->items[place - 1];
            place--;
        }
        members->items[place] = member;
        if (place > 0 && order == 0)
            return false;
    }
    return true;
}

bool json_text_members(struct bytes object, struct json_members *members)
{
    struct json_members sorted;

    if (!bytes_is_utf8(object) || !take_members(object, 0, members))
        return false;
    sorted = *members;
    return sort_members(&sorted);
}

bool json_text_string(struct bytes value, struct bytes *text)
{
    if (value.length < 2 || value.data[0] != '"' || memchr(value.data, '\\', value.length) != NULL)
        return false;
    *text = bytes_from(value.data + 1, value.length - 2);
    return true;
}

/* ---- sorted ---- */

static bool append_value(struct bytes value, unsigned depth, struct buffer *out);

static bool append_object(struct bytes object, unsigned depth, struct buffer *out)
{
    struct json_members members;

    if (!take_members(object, depth, &members) || !sort_members(&members))
        return false;
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < members.count; i++) {
        buffer_append(out, i == 0 ? "\"" : ",\"", i == 0 ? 1 : 2);
        buffer_append_bytes(out, members.items[i].name);
        buffer_append(out, "\":", 2);
        if (!append_value(members.items[i].value, depth + 1, out))
            return false;
    }
    buffer_append_byte(out, '}');
    return true;
}

static bool append_array(struct bytes array, unsigned depth, struct buffer *out)
{
    struct place place = {array.data + 1, array.data + array.length - 1}; /* it was passed over: it is one */

    if (depth == JSON_TEXT_DEPTH_MAX)
        return false;
    buffer_append_byte(out, '[');
    while (place.at < place.end) {
        const uint8_t *value = place.at;
        if (!pass_value(&place, depth + 1) || !append_value(bytes_from(value, (size_t)(place.at - value)), depth + 1, out))
            return false;
        if (pass(&place, ','))
            buffer_append_byte(out, ',');
    }
    buffer_append_byte(out, ']');
    return true;
}

static bool append_value(struct bytes value, unsigned depth, struct buffer *out)
{
    if (value.data[0] == '{')
        return append_object(value, depth, out);
    if (value.data[0] == '[')
        return append_array(value, depth, out);
    buffer_append_bytes(out, value);
    return true;
}

bool json_text_sorted(struct bytes object, struct buffer *out)
{
    return bytes_is_utf8(object) && append_object(object, 0, out) && buffer_ok(out);
}
