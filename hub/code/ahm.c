/* ahm.c: the device code of Ali Health: "MF", then maker and product (at most 13 characters), then tagged
 * fields: BN or BA lot, SN serial, MD made on, BD best before, ED expires on (six digits each), PL level of
 * packaging (one digit). "*" ends a field of variable length. Published only second-hand; it has no check
 * character. */
#include "code/agency.h"

enum { DI_MAX = 13 };

static const struct field {
    const char *tag;
    uint8_t length; /* 0: up to "*" or the end */
} fields[] = {{"BN", 0}, {"BA", 0}, {"SN", 0}, {"MD", 6}, {"BD", 6}, {"ED", 6}, {"PL", 1}};

static size_t star(const struct code_reader *reader, size_t begin)
{
    const uint8_t *data = reader->text.data, *found = NULL;
    if (begin < reader->text.length)
        found = memchr(data + begin, '*', reader->text.length - begin);
    return found == NULL ? reader->text.length : (size_t)(found - data);
}

static bool check_value(struct code_reader *reader, size_t begin, size_t end)
{
    if (begin == end)
        return code_fail(reader, CODE_VALUE_SHORT, begin);
    for (size_t i = begin; i < end; i++)
        if (!(gs1_characters[reader->text.data[i]] & GS1_CSET82))
            return code_fail(reader, CODE_CHARACTER, i);
    return true;
}

static bool read_di(struct code_reader *reader)
{
    size_t begin = reader->at + 2, end = star(reader, begin);
    if (end - begin > DI_MAX)
        end = begin + DI_MAX;
    for (size_t i = begin; i < end; i++)
        if (!is_alphanumeric(reader->text.data[i]))
            return code_fail(reader, CODE_STRUCTURE, i);
    if (begin == end)
        return code_fail(reader, CODE_STRUCTURE, begin);
    reader->code->di = bytes_from(reader->text.data + begin, end - begin);
    reader->at = end;
    return code_add(reader, "MF", reader->code->di, begin);
}

static bool take(struct code_reader *reader, const struct field *field, struct bytes value, size_t at)
{
    struct code *code = reader->code;
    if (field->length == 0) {
        *(field->tag[0] == 'S' ? &code->serial : &code->lot) = value;
    } else if (field->length == 6) {
        struct code_date *date = field->tag[0] == 'M' ? &code->made_on : &code->expires_on;
        int year = agency_number(value, 0, 2);
        bool right = year >= 0 && agency_date(gs1_year(year, reader->options->current_year),
                                              agency_number(value, 2, 2), agency_number(value, 4, 2), date);
        if (!right)
            return code_fail(reader, CODE_DATE, at);
    } else if (!gs1_is_digit(value.data[0])) {
        return code_fail(reader, CODE_CHARACTER, at);
    }
    return code_add(reader, field->tag, value, at);
}

static bool read_field(struct code_reader *reader)
{
    const struct field *field = fields, *fields_end = fields + sizeof fields / sizeof *fields;
    size_t left = reader->text.length - reader->at;
    while (field < fields_end && (left < 2 || memcmp(reader->text.data + reader->at, field->tag, 2) != 0))
        field++;
    if (field == fields_end)
        return code_fail(reader, CODE_STRUCTURE, reader->at);
    size_t begin = reader->at + 2, end = field->length == 0 ? star(reader, begin) : begin + field->length;
    if (end > reader->text.length)
        return code_fail(reader, CODE_VALUE_SHORT, reader->text.length);
    reader->at = end;
    return check_value(reader, begin, end) &&
           take(reader, field, bytes_from(reader->text.data + begin, end - begin), begin);
}

bool ahm_read(struct code_reader *reader)
{
    reader->code->agency = CODE_AGENCY_AHM;
    reader->code->form = CODE_FORM_TEXT;
    if (!read_di(reader))
        return false;
    while (reader->at < reader->text.length) {
        if (reader->text.data[reader->at] == '*')
            reader->at++;
        else if (!read_field(reader))
            return false;
    }
    return true;
}
