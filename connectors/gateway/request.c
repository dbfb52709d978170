/* request.c: what a request says beside its path: headers and query parameters. */
#include "gateway/request.h"

#include "base/date.h"
#include "base/text.h"
#include "gateway/target.h"

#include <strings.h>

const char *request_header(struct request *request, const char *name)
{
    bool repeated = false;
    struct bytes value = http_view_header(&request->view, name, &repeated);

    if (value.data == NULL)
        return "";
    if (repeated || !bytes_is_utf8(value) || memchr(value.data, '\0', value.length) != NULL)
        return NULL;
    return arena_text(request->arena, value);
}

static struct bytes query_of(const struct request *request)
{
    struct bytes path, query;

    target_split(request->view.target, &path, &query);
    return query;
}

const char *request_query(struct request *request, const char *name)
{
    const char *value = NULL;

    return target_query(query_of(request), name, request->arena, &value) == TARGET_VALUE ? value : NULL;
}

int64_t request_query_integer(struct request *request, const char *name, int64_t fallback)
{
    const char *text = request_query(request, name);
    int64_t value = 0;

    return text != NULL && text_parse_i64(bytes_of(text), &value) ? value : fallback;
}

/* ---- Accept (RFC 9110 section 12.5.1); a quality other than 0 counts as yes ---- */

static struct bytes trimmed(struct bytes text)
{
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = bytes_from(text.data + 1, text.length - 1);
    while (text.length > 0 && (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '\t'))
        text.length--;
    return text;
}

static struct bytes before(struct bytes *text, char mark)
{
    const uint8_t *at = text->length == 0 ? NULL : memchr(text->data, mark, text->length);
    size_t length = at == NULL ? text->length : (size_t)(at - text->data);
    struct bytes part = bytes_from(text->data, length);
    size_t step = at == NULL ? length : length + 1;

    *text = bytes_from(text->data + step, text->length - step);
    return trimmed(part);
}

/* "q=0", "q=0.0", "q=0.00", "q=0.000" */
static bool is_zero_quality(struct bytes parameter)
{
    if (parameter.length < 3 || strncasecmp((const char *)parameter.data, "q=0", 3) != 0)
        return false;
    for (size_t i = 3; i < parameter.length; i++)
        if (parameter.data[i] != '0' && parameter.data[i] != '.')
            return false;
    return true;
}

static bool is_refused(struct bytes parameters)
{
    while (parameters.length > 0)
        if (is_zero_quality(before(&parameters, ';')))
            return true;
    return false;
}

static bool covers(struct bytes range, const char *type)
{
    size_t slash = strcspn(type, "/");

    if (range.length == 0)
        return false;
    if (bytes_equal_text(range, "*/*") || bytes_equal_text(range, "*"))
        return true;
    if (range.length == slash + 2 && range.data[range.length - 1] == '*')
        return strncasecmp((const char *)range.data, type, slash + 1) == 0;
    return range.length == strlen(type) && strncasecmp((const char *)range.data, type, range.length) == 0;
}

bool request_accepts(struct request *request, const char *type)
{
    bool any = false;

    for (size_t i = 0; i < request->view.header_count; i++) {
        if (strcasecmp(request->view.headers[i].name, "Accept") != 0)
            continue;
        struct bytes rest = request->view.headers[i].value;
        any = any || rest.length > 0;
        while (rest.length > 0) {
            struct bytes one = before(&rest, ',');
            if (covers(before(&one, ';'), type) && !is_refused(one))
                return true;
        }
    }
    return !any;
}

/* ---- parameters as their rows say ---- */

static bool refuse(struct request *request, const char *name, const char *sentence)
{
    const char *detail = arena_format(request->arena, "%s %s", name, sentence);

    answer_problem(request, 400, "request.parameter", detail);
    return false;
}

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += ((uint8_t)*text & 0xC0) != 0x80;
    return count;
}

static bool in_bounds(int64_t value, const struct parameter_row *row)
{
    return value >= row->min && value <= row->max;
}

static bool is_as_said(const struct parameter_row *row, const char *value)
{
    int64_t number = 0;
    size_t commas = 0;

    switch (row->kind) {
    case PARAMETER_INTEGER:
        return text_parse_i64(bytes_of(value), &number) && in_bounds(number, row);
    case PARAMETER_DATE:
        return date_parse(bytes_of(value)) != DATE_NONE;
    case PARAMETER_LIST:
        for (const char *at = value; *at != '\0'; at++)
            commas += *at == ',';
        return in_bounds((int64_t)commas + 1, row);
    case PARAMETER_TEXT:
        break;
    }
    return in_bounds((int64_t)characters(value), row);
}

static bool check_query(struct request *request, const struct parameter_row *row)
{
    const char *value = NULL;

    switch (target_query(query_of(request), row->name, request->arena, &value)) {
    case TARGET_ABSENT:
        return !row->required || refuse(request, row->name, "is missing");
    case TARGET_MALFORMED:
        return refuse(request, row->name, "is given twice or not well encoded");
    case TARGET_VALUE:
        break;
    }
    return is_as_said(row, value) || refuse(request, row->name, "is not as it must be: see /v1/openapi.json");
}

static bool check_path_value(struct request *request, const struct parameter_row *row, size_t index)
{
    return is_as_said(row, request->match.values[index]) || refuse(request, row->name, "is too long");
}

static bool check_header(struct request *request, const struct parameter_row *row)
{
    const char *value = request_header(request, row->name);

    if (value == NULL)
        return refuse(request, row->name, "is given twice or is not text");
    if (value[0] == '\0')
        return true;
    /* ce-* values are percent-encoded, so their length is looked at when they are read. */
    return strncmp(row->name, "ce-", 3) == 0 || is_as_said(row, value) || refuse(request, row->name, "is not as it must be");
}

struct unknown {
    struct request *request;
    bool found;
};

static bool note_unknown(struct bytes name, void *context)
{
    struct unknown *unknown = context;
    const struct parameter_row *row = unknown->request->match.route->parameters;

    while (row->name != NULL && (row->in != IN_QUERY || !bytes_equal_text(name, row->name)))
        row++;
    unknown->found = row->name == NULL;
    return !unknown->found;
}

bool request_check_parameters(struct request *request)
{
    struct unknown unknown = {request, false};
    size_t value = 0;
    bool good = true;

    for (const struct parameter_row *row = request->match.route->parameters; good && row->name != NULL; row++)
        if (row->in == IN_QUERY)
            good = check_query(request, row);
        else if (row->in == IN_PATH)
            good = check_path_value(request, row, value++);
        else
            good = check_header(request, row);
    if (good)
        target_each_name(query_of(request), note_unknown, &unknown);
    return good && (!unknown.found || refuse(request, "a parameter", "is not known here"));
}
