#include "store/settings.h"

#define ROW(...) CONF_ROW(struct sql_settings, __VA_ARGS__)

const struct conf_row sql_settings_rows[] = {
    ROW("store.database", CONF_STRING, database, 1, 4096, "medhub.sqlite",
        "the SQL read model: a file for SQLite, or postgresql://USER@HOST/DATABASE",
        "SQL 查询库：SQLite 为文件名，PostgreSQL 为 postgresql://USER@HOST/DATABASE"),
    ROW("store.password_file", CONF_STRING, password_file, 0, 4096, "",
        "file with the password of the PostgreSQL user; empty: none, or libpq's own ways", "PostgreSQL 用户口令所在文件；留空则不使用或按 libpq 的方式"),
    ROW("store.batch_rows_max", CONF_INT, batch_rows_max, 1, 1000000, "20000",
        "records in one SQL transaction at most", "一个 SQL 事务最多包含的记录数"),
    ROW("store.batch_wait_ms", CONF_INT, batch_wait_ms, 0, 10000, "2",
        "how long a SQL transaction may wait for more records after its first, in milliseconds",
        "一个 SQL 事务从首条记录起最多等待的毫秒数"),
    ROW("store.busy_wait_ms", CONF_INT, busy_wait_ms, 0, 60000, "2000",
        "how long one call waits for the database when it is busy or does not answer, in milliseconds",
        "数据库繁忙或无应答时单次调用最多等待的毫秒数"),
    ROW("store.lock_wait_ms", CONF_INT, lock_wait_ms, 0, 3600000, "10000",
        "how long a second writer waits for the first one to go, in milliseconds",
        "第二个写入进程等待前一个退出的最长毫秒数"),
    ROW("store.statement_timeout_ms", CONF_INT, statement_timeout_ms, 100, 3600000, "30000",
        "PostgreSQL: how long one statement may take, in milliseconds", "PostgreSQL 单条语句最长执行毫秒数"),
    ROW("store.cache_mib", CONF_INT, cache_mib, 1, 1048576, "64",
        "SQLite: memory for pages of the database, in MiB for each connection", "SQLite 每个连接的页缓存（MiB）"),
    ROW("store.watch_interval_ms", CONF_INT, watch_interval_ms, 50, 3600000, "1000",
        "how often the ends of the topics are asked for: answers are complete up to then, in milliseconds",
        "查询各主题末端的间隔毫秒数，决定查询结果截至时刻"),
    ROW("store.expire_rows_max", CONF_INT, expire_rows_max, 1, 100000, "500",
        "rows deleted in one SQL transaction when their records have left Kafka",
        "Kafka 记录过期后，一个 SQL 事务最多删除的行数"),
    ROW("store.retry_delay_ms_max", CONF_INT, retry_delay_ms_max, 10, 600000, "5000",
        "longest pause before the database is tried again, in milliseconds", "重连数据库前的最长等待毫秒数"),
    ROW("store.record_memory_bytes_max", CONF_INT, record_memory_bytes_max, 1048576, 1073741824, "67108864",
        "memory to take one record apart; a record that needs more is kept unread", "解析单条记录的内存上限（字节）"),
};
const size_t sql_settings_row_count = sizeof sql_settings_rows / sizeof *sql_settings_rows;
