/* trace_value.c: the values of answers as texts, JSON and CSV. */
#include "store/trace_questions.h"

#include "base/date.h"
#include "event/json.h"

#include "medhub/trace/v1/trace.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { E4 = 10000 };

static const char *const steps[] = {
    [MEDHUB__TRACE__V1__STEP__STEP_COMMISSIONED] = "commissioned", [MEDHUB__TRACE__V1__STEP__STEP_PACKED] = "packed",
    [MEDHUB__TRACE__V1__STEP__STEP_UNPACKED] = "unpacked",         [MEDHUB__TRACE__V1__STEP__STEP_INBOUND] = "inbound",
    [MEDHUB__TRACE__V1__STEP__STEP_OUTBOUND] = "outbound",         [MEDHUB__TRACE__V1__STEP__STEP_PURCHASED] = "purchased",
    [MEDHUB__TRACE__V1__STEP__STEP_STORED] = "stored",             [MEDHUB__TRACE__V1__STEP__STEP_USED] = "used",
    [MEDHUB__TRACE__V1__STEP__STEP_CHARGED] = "charged",           [MEDHUB__TRACE__V1__STEP__STEP_SETTLED] = "settled",
    [MEDHUB__TRACE__V1__STEP__STEP_SOLD] = "sold",                 [MEDHUB__TRACE__V1__STEP__STEP_RETURNED] = "returned",
    [MEDHUB__TRACE__V1__STEP__STEP_DESTROYED] = "destroyed",
    [MEDHUB__TRACE__V1__STEP__STEP_UNSETTLED] = "unsettled",
};

const char *trace_step_name(int64_t step)
{
    return step > 0 && step < (int64_t)(sizeof steps / sizeof *steps) ? steps[step] : NULL;
}

/* "1", "0.5", "-12.25" */
static void format_quantity(int64_t e4, char text[TRACE_TEXT_BYTES])
{
    uint64_t size = e4 < 0 ? 0 - (uint64_t)e4 : (uint64_t)e4;
    int length = snprintf(text, TRACE_TEXT_BYTES, "%s%" PRIu64 ".%04" PRIu64, e4 < 0 ? "-" : "", size / E4, size % E4);

    while (length > 0 && text[length - 1] == '0')
        text[--length] = '\0';
    if (length > 0 && text[length - 1] == '.')
        text[length - 1] = '\0';
}

struct bytes trace_value(const struct trace_answer *answer, size_t column, char text[TRACE_TEXT_BYTES])
{
    enum trace_type type = answer->question->columns[column].type;

    if (type == TRACE_TEXT)
        return sql_column_bytes(&answer->cursor, (int)column);
    int64_t number = sql_column_integer(&answer->cursor, (int)column);
    text[0] = '\0';
    if (type == TRACE_MOMENT && number > 0)
        (void)moment_format_ms(number, text);
    else if (type == TRACE_QUANTITY)
        format_quantity(number, text);
    else if (type == TRACE_NUMBER)
        (void)snprintf(text, TRACE_TEXT_BYTES, "%" PRId64, number);
    else if (type == TRACE_STEP && trace_step_name(number) != NULL)
        (void)snprintf(text, TRACE_TEXT_BYTES, "%s", trace_step_name(number));
    else if (type == TRACE_STEP)
        (void)snprintf(text, TRACE_TEXT_BYTES, "step-%" PRId64, number);
    return bytes_of(text);
}

static bool is_number(enum trace_type type)
{
    return type == TRACE_NUMBER || type == TRACE_QUANTITY;
}

void trace_write_json(const struct trace_answer *answer, struct buffer *out)
{
    const struct trace_column *columns = answer->question->columns;
    char text[TRACE_TEXT_BYTES];
    const char *comma = "";

    buffer_append_byte(out, '{');
    for (size_t i = 0; i < TRACE_COLUMNS_MAX && columns[i].name != NULL; i++) {
        struct bytes value = trace_value(answer, i, text);
        if (value.length == 0)
            continue;
        buffer_append_format(out, "%s\"%s\":", comma, columns[i].name);
        if (is_number(columns[i].type))
            buffer_append_bytes(out, value);
        else
            json_append_text(out, value);
        comma = ",";
    }
    buffer_append_byte(out, '}');
}

/* ---- CSV ---- */

static bool needs_quotes(struct bytes value)
{
    for (size_t i = 0; i < value.length; i++)
        if (strchr(",\"\r\n", value.data[i]) != NULL)
            return true;
    return false;
}

static void append_cell(struct buffer *out, struct bytes value)
{
    if (!needs_quotes(value)) {
        buffer_append_bytes(out, value);
        return;
    }
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] == '"')
            buffer_append_byte(out, '"');
        buffer_append_byte(out, value.data[i]);
    }
    buffer_append_byte(out, '"');
}

void trace_write_csv(const struct trace_answer *answer, struct buffer *out)
{
    const struct trace_column *columns = answer->question->columns;
    char text[TRACE_TEXT_BYTES];

    for (size_t i = 0; i < TRACE_COLUMNS_MAX && columns[i].name != NULL; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        append_cell(out, trace_value(answer, i, text));
    }
    buffer_append_text(out, "\r\n");
}

void trace_write_csv_head(const struct trace_question *question, struct buffer *out)
{
    for (size_t i = 0; i < TRACE_COLUMNS_MAX && question->columns[i].name != NULL; i++)
        buffer_append_format(out, "%s%s", i == 0 ? "" : ",", question->columns[i].name);
    buffer_append_text(out, "\r\n");
}
