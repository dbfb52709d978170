#include "store/settings.h"

#define ROW(key_, kind_, member_, min_, max_, fallback_, help_, help_zh_)                                              \
    {.key = (key_),                                                                                                    \
     .kind = (kind_),                                                                                                  \
     .offset = offsetof(struct sql_settings, member_),                                                                 \
     .min = (min_),                                                                                                    \
     .max = (max_),                                                                                                    \
     .fallback = (fallback_),                                                                                          \
     .help = (help_),                                                                                                  \
     .help_zh = (help_zh_)}

const struct conf_row sql_settings_rows[] = {
    ROW("store.database", CONF_STRING, database, 1, 4096, "medhub.sqlite",
        "the SQL read model: a file for SQLite, or postgresql://USER@HOST/DATABASE",
        "SQL 查询库：SQLite 为文件名，PostgreSQL 为 postgresql://USER@HOST/DATABASE"),
    ROW("store.batch_rows_max", CONF_INT, batch_rows_max, 1, 1000000, "20000",
        "records in one SQL transaction at most", "一个 SQL 事务最多包含的记录数"),
    ROW("store.batch_wait_ms", CONF_INT, batch_wait_ms, 0, 10000, "5",
        "how long a SQL transaction may wait for more records after its first, in milliseconds",
        "一个 SQL 事务从首条记录起最多等待的毫秒数"),
};
const size_t sql_settings_row_count = sizeof sql_settings_rows / sizeof *sql_settings_rows;
