#include "ops/ctl/printed_price.h"

#include "base/money.h"

#include <string.h>

enum { PRICE_DECIMALS = 6 };
#define YUAN      "元"
#define SEMICOLON "；"

static const uint8_t *find(struct bytes text, const char *word)
{
    return memmem(text.data, text.length, word, strlen(word));
}

bool printed_price(struct bytes text, int64_t *micro_yuan)
{
    const uint8_t *unit = text.length == 0 ? NULL : find(text, YUAN);
    if (unit == NULL)
        return money_parse(text, PRICE_DECIMALS, micro_yuan);
    size_t before = (size_t)(unit - text.data);
    struct bytes rest = bytes_from(unit + strlen(YUAN), text.length - before - strlen(YUAN));
    if (find(rest, YUAN) != NULL || find(text, SEMICOLON) != NULL)
        return false;
    return money_parse(bytes_from(text.data, before), PRICE_DECIMALS, micro_yuan);
}
