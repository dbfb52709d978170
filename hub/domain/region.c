#include "domain/region.h"

#include <string.h>

static bool is_code(const char *code)
{
    for (size_t i = 0; i < REGION_BYTES - 1; i++)
        if (code[i] < '0' || code[i] > '9')
            return false;
    return code[REGION_BYTES - 1] == '\0';
}

struct region region_of(const char *code)
{
    struct region region;
    memcpy(region.code, code != NULL && is_code(code) ? code : "000000", REGION_BYTES);
    return region;
}

/* Two digits each: province, city, county. */
static struct region cut_after(const char *code, size_t digits)
{
    struct region region = region_of(code);
    memset(region.code + digits, '0', REGION_BYTES - 1 - digits);
    return region;
}

struct region region_city(const char *code)
{
    return cut_after(code, 4);
}

struct region region_province(const char *code)
{
    return cut_after(code, 2);
}

bool region_is_nation(const struct region *region)
{
    return strcmp(region->code, "000000") == 0;
}

bool region_widen(struct region *region)
{
    static const size_t parts[] = {4, 2, 0}; /* where county, city and province begin */
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (memcmp(region->code + parts[i], "00", 2) == 0)
            continue;
        memcpy(region->code + parts[i], "00", 2);
        return true;
    }
    return false;
}

unsigned region_number(const char *code)
{
    struct region region = region_of(code);
    unsigned number = 0;
    for (size_t i = 0; i < REGION_BYTES - 1; i++)
        number = number * 10 + (unsigned)(region.code[i] - '0');
    return number;
}

struct region region_of_number(unsigned number)
{
    struct region region = region_of(NULL);
    for (size_t i = REGION_BYTES - 1; i-- > 0; number /= 10)
        region.code[i] = (char)('0' + number % 10);
    return region;
}
