/* tables.h: the tables that records become rows of: one description for writing, digesting, expiring and rebuilding. What
 * they are in SQL stands in migrations/. */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include "store/sql.h"

enum table_id {
    TABLE_FACT,
    TABLE_RECEIPT,
    TABLE_DELIVERY,
    TABLE_RECIPIENT,
    TABLE_PARKED,
    TABLE_ANSWER,
    TABLE_BUSINESS_KEY,
    TABLE_UNREAD,
    TABLE_TRACE_SCAN,
    TABLE_TRACE_ITEM,
    TABLE_TRACE_SHIPMENT,
    TABLE_TRACE_MEMBER,
    TABLE_TRACE_USE,
    TABLE_TRACE_PRODUCT,
    TABLE_RECALL,
    TABLE_RECALL_PROGRESS,
    TABLE_RECALL_HOLDING,
    TABLE_RECALL_ANSWER,
    TABLE_COUNT,
};

struct table {
    const char *name;
    struct sql_column columns[SQL_COLUMNS_MAX];
    size_t column_count;
    size_t key_count;      /* the first so many columns are the primary key */
    size_t order_count;    /* of columns behind the key: the last row in their order stays; 0: the first that came */
    unsigned places;       /* bits of the columns that hold a place: a digest says them as topic, partition, offset */
    unsigned greatest;     /* bits of texts of which the greatest stays: struct sql_merge */
};

extern const struct table tables[TABLE_COUNT];

static inline struct sql_merge table_merge(const struct table *table)
{
    return (struct sql_merge){table->key_count, table->order_count, table->greatest};
}

#endif
