#include "store/trace_questions.h"

#include "store/read_model_inside.h"
#include "store/rows_trace.h"

#include <stdlib.h>
#include <string.h>

enum { MS_PER_DAY = 24 * 60 * 60 * 1000 };

/* ---- which question ---- */

static unsigned bit_if(bool given, enum trace_argument argument)
{
    return given ? 1u << argument : 0;
}

static unsigned given(const struct trace_known *known)
{
    return bit_if(known->product[0] != '\0', TRACE_PRODUCT) | bit_if(known->lot[0] != '\0', TRACE_LOT) |
           bit_if(known->serial[0] != '\0', TRACE_SERIAL) | bit_if(known->holder[0] != '\0', TRACE_HOLDER) |
           bit_if(known->at_ms > 0, TRACE_AT) | bit_if(known->days > 0, TRACE_DAYS) |
           bit_if(known->recall[0] != '\0', TRACE_RECALL);
}

const struct trace_question *trace_question_find(const char *name, const struct trace_known *known, bool *exists)
{
    unsigned have = given(known);

    *exists = false;
    for (size_t i = 0; i < trace_question_count; i++) {
        if (strcmp(trace_questions[i].name, name) != 0)
            continue;
        *exists = true;
        if ((trace_questions[i].required & ~have) == 0)
            return &trace_questions[i];
    }
    return NULL;
}

bool trace_known_read(struct trace_known *known, const char *code, struct arena *arena)
{
    struct trace_identity identity;

    if (!trace_identity_read(bytes_of(code), arena, &identity))
        return false;
    const struct {
        const char **to;
        struct bytes from;
    } parts[] = {{&known->product, identity.product}, {&known->lot, identity.lot}, {&known->serial, identity.serial}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if ((*parts[i].to)[0] != '\0')
            continue;
        *parts[i].to = arena_text(arena, parts[i].from);
        if (*parts[i].to == NULL)
            return false;
    }
    return true;
}

/* ---- who may see what ---- */

struct rights {
    const char *viewer, *persons; /* "": of all */
};

static enum status is_maker(struct read_model *model, const char *product, const char *organisation, bool *maker,
                            struct fault *fault)
{
    const struct sql_value values[] = {sql_text(product), sql_text(organisation)};
    struct sql_cursor cursor;

    enum status status = sql_start(model->sql, "SELECT 1 FROM trace_product WHERE product = $1 AND organisation = $2",
                                   values, 2, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, maker, fault);
    sql_end(&cursor);
    return status;
}

static enum status read_rights(struct read_model *model, const struct trace_known *known, const struct trace_asker *asker,
                               struct rights *rights, struct fault *fault)
{
    bool maker = false;

    *rights = (struct rights){"", ""};
    if (asker == NULL || asker->sees_all)
        return STATUS_OK;
    enum status status = is_maker(model, known->product, asker->organisation, &maker, fault);
    *rights = (struct rights){maker ? "" : asker->organisation, asker->organisation};
    return status;
}

/* ---- asking ---- */

static struct sql_value value_of(enum trace_argument argument, const struct trace_known *known, const struct rights *rights,
                                 int64_t now_ms)
{
    switch (argument) {
    case TRACE_PRODUCT:
        return sql_text(known->product);
    case TRACE_LOT:
        return sql_text(known->lot);
    case TRACE_SERIAL:
        return sql_text(known->serial);
    case TRACE_HOLDER:
        return sql_text(known->holder);
    case TRACE_RECALL:
        return sql_text(known->recall);
    case TRACE_AT:
        return sql_integer(known->at_ms > 0 ? known->at_ms : now_ms);
    case TRACE_DAYS:
        return sql_integer(now_ms - known->days * MS_PER_DAY);
    case TRACE_LIMIT:
        return sql_integer(known->limit);
    case TRACE_VIEWER:
        return sql_text(rights->viewer);
    case TRACE_PERSONS:
        break;
    }
    return sql_text(rights->persons);
}

enum status trace_ask(struct read_model *model, const struct trace_question *question, const struct trace_known *known,
                      const struct trace_asker *asker, int64_t now_ms, struct trace_answer *answer, struct fault *fault)
{
    struct rights rights;

    *answer = (struct trace_answer){.model = model, .question = question, .first_left = -1};
    enum status status = sql_begin(model->sql, fault);
    if (status == STATUS_OK)
        status = read_rights(model, known, asker, &rights, fault);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < TRACE_ARGUMENTS_MAX && question->arguments[i] != 0; i++)
        answer->values[answer->value_count++] = value_of(question->arguments[i], known, &rights, now_ms);
    if (question->first != NULL)
        answer->first_left = strtoll(TRACE_FIRST_ROWS, NULL, 10);
    return sql_stream(model->sql, question->first != NULL ? question->first : question->text, answer->values,
                      answer->value_count, &answer->cursor, fault);
}

/* The first ones have come. */
static enum status go_on(struct trace_answer *answer, struct fault *fault)
{
    const struct trace_question *question = answer->question;

    for (size_t i = 0; i < answer->value_count; i++)
        if (question->arguments[i] == TRACE_LIMIT)
            answer->values[i].integer -= strtoll(TRACE_FIRST_ROWS, NULL, 10);
    answer->first_left = -1;
    sql_end(&answer->cursor);
    return sql_stream(answer->model->sql, question->text, answer->values, answer->value_count, &answer->cursor, fault);
}

enum status trace_next(struct trace_answer *answer, bool *row, struct fault *fault)
{
    enum status status = sql_next(&answer->cursor, row, fault);

    if (status == STATUS_OK && !*row && answer->first_left == 0) { /* all of the first ones came: there may be more */
        status = go_on(answer, fault);
        return status == STATUS_OK ? sql_next(&answer->cursor, row, fault) : status;
    }
    if (status == STATUS_OK && *row && answer->first_left > 0)
        answer->first_left--;
    return status;
}

void trace_end(struct trace_answer *answer)
{
    if (answer->model == NULL)
        return;
    sql_end(&answer->cursor);
    sql_rollback(answer->model->sql);
    answer->model = NULL;
}
