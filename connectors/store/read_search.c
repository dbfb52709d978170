#include "store/read_model_inside.h"

#include <stdint.h>

enum { CANDIDATES = 64, CANDIDATES_MAX = 20000 };

/* An exchange that the key names, and when it was decided: in this order they are looked through, newest
 * first. */
struct candidate {
    int64_t at_ms, input;
};

struct searching {
    struct read_model *model;
    const struct search_query *query;
    struct seen_lines lines;
    struct candidate last; /* looked at */
    size_t found, looked_at;
    bool more;
};

static enum status read_candidates(struct searching *search, struct candidate *candidates, size_t *count,
                                   struct fault *fault)
{
    const struct sql_value values[] = {
        sql_text(search->query->key), sql_integer((int64_t)search->query->kinds),
        sql_integer(search->last.at_ms), sql_integer(search->last.input), sql_integer(CANDIDATES)};
    struct sql_cursor cursor;
    bool row = true;

    *count = 0;
    enum status status =
        sql_start(search->model->sql,
                  "SELECT DISTINCT at_ms, input FROM business_key WHERE key = $1 AND (kind & $2) <> 0 "
                  "AND (at_ms, input) < ($3, $4) ORDER BY at_ms DESC, input DESC LIMIT $5",
                  values, 5, &cursor, fault);
    while (status == STATUS_OK && row) {
        status = sql_next(&cursor, &row, fault);
        if (status == STATUS_OK && row)
            candidates[(*count)++] =
                (struct candidate){sql_column_integer(&cursor, 0), sql_column_integer(&cursor, 1)};
    }
    sql_end(&cursor);
    return status;
}

static enum status look_at(struct searching *search, const struct candidate *candidate, struct fault *fault)
{
    const struct asked_by by = {search->query->key, search->query->kinds};
    size_t before = search->lines.count;

    enum status status =
        read_exchange(search->model, candidate->input, search->query->viewer, &by, &search->lines, fault);
    if (search->lines.count == before)
        return status; /* not for the viewer, or just gone */
    if (search->found == search->query->limit) {
        search->lines.count = before;
        search->more = true;
    } else {
        search->found++;
    }
    return status;
}

/* Looks at candidates until one more than wanted is found. A viewer who may see next to nothing of a key that
 * names very much gets what was found until then, and is told that there may be more. */
static enum status look_through(struct searching *search, struct fault *fault)
{
    struct candidate candidates[CANDIDATES];
    enum status status = STATUS_OK;
    size_t count = CANDIDATES;

    while (status == STATUS_OK && count == CANDIDATES && !search->more) {
        status = read_candidates(search, candidates, &count, fault);
        for (size_t i = 0; i < count && status == STATUS_OK && !search->more; i++)
            status = look_at(search, &candidates[i], fault);
        if (count > 0)
            search->last = candidates[count - 1];
        search->looked_at += count;
        search->more = search->more || search->looked_at >= CANDIDATES_MAX;
    }
    return status;
}

/* When the exchange BEFORE was decided: there the search goes on. */
static enum status go_on_behind(struct searching *search, const struct input_place *before,
                                struct fault *fault)
{
    struct sql_cursor cursor;
    bool known = false;
    int64_t input = 0;

    enum status status = read_place_make(search->model, before, &input, &known, fault);
    if (status != STATUS_OK)
        return status;
    search->last = (struct candidate){INT64_MIN, 0}; /* it has left: behind it there is only what is older */
    const struct sql_value value = sql_integer(input);
    status =
        sql_start(search->model->sql,
                  "SELECT decided_ms FROM receipt WHERE input = $1 UNION ALL SELECT decided_ms FROM fact "
                  "WHERE input = $1 UNION ALL SELECT decided_ms FROM parked WHERE input = $1",
                  &value, 1, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, &known, fault);
    if (status == STATUS_OK && known)
        search->last = (struct candidate){sql_column_integer(&cursor, 0), input};
    sql_end(&cursor);
    return status;
}

enum status read_model_search(struct read_model *model, const struct search_query *query, struct arena *arena,
                              struct seen_line **lines, size_t *count, bool *more, struct fault *fault)
{
    struct searching search = {
        .model = model, .query = query, .lines = {.arena = arena}, .last = {INT64_MAX, INT64_MAX}};

    *lines = NULL;
    *count = 0;
    *more = false;
    enum status status = sql_begin(model->sql, fault);
    if (status == STATUS_OK && query->before != NULL)
        status = go_on_behind(&search, query->before, fault);
    if (status == STATUS_OK)
        status = look_through(&search, fault);
    sql_rollback(model->sql);
    if (status != STATUS_OK)
        return status;
    *lines = search.lines.items;
    *count = search.lines.count;
    *more = search.more;
    return STATUS_OK;
}
