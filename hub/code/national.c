/* national.c: codes that only China has: the 20-digit drug trace code, and the insurance codes of drugs and
 * consumables. */
#include "code/agency.h"

/* --- drug trace code: 7 digits name product and pack layer, 13 the unit; no published check digit --- */

enum { DRUG_PRODUCT = 7, DRUG_DIGITS = 20 };

bool drug20_is(struct bytes text)
{
    if (text.length != DRUG_DIGITS || text.data[0] != '8')
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (!gs1_is_digit(text.data[i]))
            return false;
    return true;
}

bool drug20_read(struct code_reader *reader)
{
    struct code *code = reader->code;
    const uint8_t *data = reader->text.data + reader->at;
    code->agency = CODE_AGENCY_DRUG20;
    code->form = CODE_FORM_TEXT;
    code->di = bytes_from(data, DRUG_PRODUCT);
    code->serial = bytes_from(data + DRUG_PRODUCT, DRUG_DIGITS - DRUG_PRODUCT);
    size_t at = reader->at;
    reader->at += DRUG_DIGITS;
    return code_add(reader, "PRODUCT", code->di, at) &&
           code_add(reader, "SERIAL", code->serial, at + DRUG_PRODUCT);
}

/* --- insurance codes: A letter, d digit --- */

static const struct pattern {
    const char *letters;
    enum code_form form;
} patterns[] = {
    {"XAddAAAdddAdddddddddddd",
     CODE_FORM_DRUG}, /* western: class, ingredient, form, specification, maker, pack */
    {"ZAddAAAddddddddddddd", CODE_FORM_DRUG},              /* Chinese patent medicine */
    {"Cddddddddddddddddddd", CODE_FORM_CONSUMABLE},        /* class, generic name, features, maker */
    {"Cdddddddddddddddddddddddddd", CODE_FORM_CONSUMABLE}, /* and the single product */
};

static bool matches(const char *letters, struct bytes text)
{
    if (strlen(letters) != text.length)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        bool right = i == 0              ? text.data[0] == (uint8_t)letters[0]
                     : letters[i] == 'd' ? gs1_is_digit(text.data[i])
                                         : is_upper(text.data[i]);
        if (!right)
            return false;
    }
    return true;
}

bool nhsa_read(struct code_reader *reader)
{
    struct bytes text = bytes_from(reader->text.data + reader->at, reader->text.length - reader->at);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (!matches(patterns[i].letters, text))
            continue;
        reader->code->agency = CODE_AGENCY_NHSA;
        reader->code->form = patterns[i].form;
        reader->code->di = text;
        return code_add(reader, patterns[i].form == CODE_FORM_DRUG ? "DRUG" : "CONSUMABLE", text, reader->at);
    }
    return code_fail(reader, CODE_STRUCTURE, reader->at);
}
