#include "flow/tables_view.h"

#include "state/tables.h"

static struct bytes no_state(void *self, const char *name)
{
    (void)self, (void)name;
    return BYTES_NONE;
}

static void no_rows(void *self, const char *prefix, const char *after,
                    bool (*each)(struct bytes name, struct bytes value, void *context), void *context)
{
    (void)self, (void)prefix, (void)after, (void)each, (void)context;
}

static bool read_table(void *self, const char *table, const char *key, const char *region, date_t date,
                       struct table_row *row)
{
    struct tables_row found;

    if (!tables_find(self, table, key, region, date, &found))
        return false;
    *row = (struct table_row){found.value, found.version, found.valid_from, found.valid_until, region};
    return true;
}

void tables_view_init(struct view *view, struct tables_reader *reader, struct arena *arena, int64_t now_ms,
                      const struct calendar *calendar)
{
    static const struct view_operations operations = {.state = no_state, .scan = no_rows, .table = read_table};

    view_init(view, &operations, reader, arena, "", now_ms, calendar);
}
