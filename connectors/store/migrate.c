#include "store/migrate.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>

#define MIGRATION(symbol_)                                                                                   \
    extern const unsigned char symbol_[];                                                                    \
    extern const size_t symbol_##_length;
MIGRATION(store_001_first)
MIGRATION(store_002_answers)
MIGRATION(store_003_trace)
MIGRATION(store_004_recall)
MIGRATION(store_005_lot_holders)

static const struct {
    const char *name;
    const unsigned char *text;
    const size_t *length;
} migrations[] = {
    {"001_first", store_001_first, &store_001_first_length},
    {"002_answers", store_002_answers, &store_002_answers_length},
    {"003_trace", store_003_trace, &store_003_trace_length},
    {"004_recall", store_004_recall, &store_004_recall_length},
    {"005_lot_holders", store_005_lot_holders, &store_005_lot_holders_length},
};

int migrate_newest(void)
{
    return sizeof migrations / sizeof *migrations;
}

static enum status read_version(struct sql *sql, int64_t *version, struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = false;

    enum status status = sql_start(sql, "SELECT max(version) FROM schema_version", NULL, 0, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, &row, fault);
    *version = status == STATUS_OK && row ? sql_column_integer(&cursor, 0) : 0;
    sql_end(&cursor);
    return status;
}

static enum status refuse_newer(int64_t version, struct fault *fault)
{
    return fault_fatal(fault, "store.newer",
                       "the read model has schema %" PRId64
                       ", made by a newer medhub; this one knows up to %d",
                       version, migrate_newest());
}

static enum status apply(struct sql *sql, int number, struct fault *fault)
{
    const struct sql_value row[] = {sql_integer(number), sql_integer(clock_now_ms(clock_system()))};
    struct bytes text = bytes_from(migrations[number - 1].text, *migrations[number - 1].length);

    enum status status = sql_begin(sql, fault);
    if (status == STATUS_OK)
        status = sql_script(sql, bytes_of("SET LOCAL statement_timeout=0; -- postgresql\n"), fault);
    if (status == STATUS_OK)
        status = sql_script(sql, text, fault);
    if (status == STATUS_OK)
        status = sql_run(sql, "INSERT INTO schema_version(version, applied_ms) VALUES($1, $2)", row, 2, NULL,
                         fault);
    if (status == STATUS_OK)
        status = sql_commit(sql, fault);
    sql_rollback(sql);
    if (status == STATUS_OK)
        log_info("store.migrated", LOG_STR("migration", migrations[number - 1].name));
    return status;
}

enum status migrate_up_to(struct sql *sql, int wanted, struct fault *fault)
{
    int64_t version = 0;

    enum status status = sql_script(sql,
                                    bytes_of("CREATE TABLE IF NOT EXISTS schema_version("
                                             "version BIGINT PRIMARY KEY, applied_ms BIGINT NOT NULL)"),
                                    fault);
    if (status == STATUS_OK)
        status = read_version(sql, &version, fault);
    if (status == STATUS_OK && version > migrate_newest())
        return refuse_newer(version, fault);
    for (int number = (int)version + 1; number <= wanted && status == STATUS_OK; number++)
        status = apply(sql, number, fault);
    return status;
}

enum status migrate_check(struct sql *sql, struct fault *fault)
{
    int64_t version = 0;

    enum status status = read_version(sql, &version, fault);
    if (status == STATUS_FATAL)
        return fault_fatal(fault, "store.absent",
                           "there is no read model here yet: `medhub connector store` makes it");
    if (status == STATUS_OK && version > migrate_newest())
        return refuse_newer(version, fault);
    if (status == STATUS_OK && version < migrate_newest())
        return fault_fatal(fault, "store.older",
                           "the read model has schema %" PRId64
                           " and must have %d: start `medhub connector store` first",
                           version, migrate_newest());
    return status;
}
