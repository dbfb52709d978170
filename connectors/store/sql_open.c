/* The database that the settings name. */
#include "store/sql_driver.h"

#include <string.h>

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

enum status sql_open(const struct sql_settings *settings, enum sql_use use, struct sql **sql,
                     struct fault *fault)
{
    const char *name = settings->database;

    *sql = NULL;
    if (begins_with(name, "postgresql://") || begins_with(name, "postgres://"))
        return postgres_open(settings, use, sql, fault);
    return sqlite_open(settings, begins_with(name, "sqlite:") ? name + strlen("sqlite:") : name, use, sql,
                       fault);
}
