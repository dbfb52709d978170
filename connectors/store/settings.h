/* settings.h: where the SQL read model lies and how it is filled. */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include "base/conf.h"

struct sql_settings {
    const char *database; /* a file name or sqlite:FILE for SQLite; postgresql://... for PostgreSQL */
    const char *password_file; /* of PostgreSQL; "": none */
    int64_t batch_rows_max;
    int64_t batch_wait_ms;
    int64_t busy_wait_ms;
    int64_t lock_wait_ms;
    int64_t statement_timeout_ms;
    int64_t cache_mib;
    int64_t watch_interval_ms;
    int64_t expire_rows_max;
    int64_t retry_delay_ms_max;
    int64_t record_memory_bytes_max;
};

extern const struct conf_row sql_settings_rows[];
extern const size_t sql_settings_row_count;

#endif
