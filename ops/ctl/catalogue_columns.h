/* catalogue_columns.h: an item as the columns that catalogue_file.h reads without a mapping: its fields by name, those of its
 * details and of its limit with a dot (consumable.generic_name, limit.age). */
#ifndef CTL_CATALOGUE_COLUMNS_H
#define CTL_CATALOGUE_COLUMNS_H

#include "base/arena.h"
#include "domain/messages.h"

struct json_t; /* jansson */

/* True if a column can hold FIELD: texts and lists of them, choices, switches, numbers, prices, ratios, quantities. */
bool catalogue_column_holds(const ProtobufCFieldDescriptor *field);
/* True if the fields of FIELD's message are columns: the details of a kind, and the limit. */
bool catalogue_column_is_group(const ProtobufCFieldDescriptor *field);

struct catalogue_columns;
/* Of all items: the item's own fields. Lies in ARENA; NULL when that is full. */
struct catalogue_columns *catalogue_columns_new(struct arena *arena);
/* ITEM's details and limit get columns too. */
void catalogue_columns_note(struct catalogue_columns *columns, const CatalogueItem *item);
/* FIRST, then the columns; both NULL-terminated. In ARENA; NULL when that is full. */
const char *const *catalogue_columns_names(const struct catalogue_columns *columns, const char *const *first, struct arena *arena);
/* Adds to ROW what ITEM says, what lies in a group in an object of its name; prices are decimal texts, lists joined by "|". */
void catalogue_columns_put(const struct catalogue_columns *columns, const CatalogueItem *item, struct json_t *row);

#endif
