/* items.h: every device identifier of the shipped data with the packs that hold it (ops/data/gudid_items.csv.gz). */
#ifndef GEN_ITEMS_H
#define GEN_ITEMS_H

#include "base/arena.h"
#include "base/fault.h"

enum { ITEM_IDENTIFIER_BYTES = 15, ITEM_PACKS_MAX = 2 };

struct item {
    char identifier[ITEM_IDENTIFIER_BYTES];
    bool has_lot, has_serial;
    struct item_pack {
        char identifier[ITEM_IDENTIFIER_BYTES];
        int32_t quantity; /* of what lies in it: units, then packs */
    } packs[ITEM_PACKS_MAX];
    int pack_count;
};

struct items {
    struct item *rows;
    size_t count;
};

/* The rows lie in ARENA. REJECT names file and line. */
enum status items_read(const char *folder, struct arena *arena, struct items *items, struct fault *fault) MUST_CHECK;

#endif
