#include "ops/gen/items.h"

#include "ops/gen/packed_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = 300000, DIGITS = 13, QUANTITY_MAX = 1000000 };

/* The 13 digits with their check digit behind them. */
static void print_identifier(uint64_t digits, char text[ITEM_IDENTIFIER_BYTES])
{
    unsigned sum = 0;

    (void)snprintf(text, ITEM_IDENTIFIER_BYTES, "%013" PRIu64, digits % UINT64_C(10000000000000));
    for (int i = 0; i < DIGITS; i++)
        sum += (unsigned)(text[i] - '0') * (i % 2 == 0 ? 3 : 1);
    text[DIGITS] = (char)('0' + (10 - sum % 10) % 10);
    text[DIGITS + 1] = '\0';
}

/* "16931718175586:24" */
static bool read_pack(const char *text, struct item *item)
{
    struct item_pack *pack = &item->packs[item->pack_count];
    char *end = NULL;

    if (item->pack_count == ITEM_PACKS_MAX || strlen(text) < ITEM_IDENTIFIER_BYTES || text[DIGITS + 1] != ':')
        return false;
    long quantity = strtol(text + ITEM_IDENTIFIER_BYTES, &end, 10);
    memcpy(pack->identifier, text, DIGITS + 1);
    pack->quantity = (int32_t)quantity;
    item->pack_count++;
    return end != NULL && *end == '\0' && quantity > 0 && quantity < QUANTITY_MAX;
}

/* *DIGITS_BEFORE: of the row before; afterwards of this one. */
static bool read_row(char *line, uint64_t *digits_before, struct item *item)
{
    char *rest = line, *cell = strsep(&rest, ","), *end = NULL;

    *digits_before += strtoull(cell, &end, 16);
    if (end == cell || *end != '\0' || rest == NULL)
        return false;
    print_identifier(*digits_before, item->identifier);
    cell = strsep(&rest, ",");
    item->has_lot = strchr(cell, 'l') != NULL;
    item->has_serial = strchr(cell, 's') != NULL;
    while ((cell = strsep(&rest, ",")) != NULL)
        if (!read_pack(cell, item))
            return false;
    return true;
}

struct reading {
    struct items *items;
    uint64_t digits; /* of the row before */
};

static bool take_item(void *context, char *line)
{
    struct reading *reading = context;
    struct items *items = reading->items;

    if (items->count == ITEMS_MAX || !read_row(line, &reading->digits, &items->rows[items->count]))
        return false;
    items->count++;
    return true;
}

enum status items_read(const char *folder, struct arena *arena, struct items *items, struct fault *fault)
{
    struct reading reading = {items, 0};

    *items = (struct items){.rows = arena_take_zeroed(arena, ITEMS_MAX * sizeof *items->rows)};
    if (items->rows == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the items");
    return packed_lines_read(folder, "gudid_items.csv.gz", take_item, &reading, fault);
}
