/* answer.c: the answer of a request. */
#include "gateway/request.h"

#include <unistd.h>

static void forget(struct request *request)
{
    struct answer *answer = &request->answer;

    if (answer->file >= 0)
        (void)close(answer->file);
    answer->file = -1;
    answer->header_count = 0;
}

void answer_lend(struct request *request, unsigned status, const char *content_type, struct bytes body)
{
    request->answer.status = status;
    request->answer.content_type = content_type;
    request->answer.body = body;
}

void answer_set(struct request *request, unsigned status, const char *content_type, struct bytes body)
{
    struct buffer *out = answer_begin(request);

    buffer_append_bytes(out, body);
    answer_finish(request, status, content_type);
}

struct buffer *answer_begin(struct request *request)
{
    forget(request);
    buffer_clear(&request->answer.made);
    return &request->answer.made;
}

void answer_finish(struct request *request, unsigned status, const char *content_type)
{
    static const char full[] = "{\"status\":503,\"code\":\"answer.too_large\"}";
    struct buffer *made = &request->answer.made;

    if (buffer_ok(made))
        answer_lend(request, status, content_type, buffer_bytes(made));
    else
        answer_lend(request, 503, PROBLEM_TYPE, bytes_of(full));
}

void answer_header(struct request *request, const char *name, const char *value)
{
    struct answer *answer = &request->answer;
    char *kept_name = arena_text(request->arena, bytes_of(name));
    char *kept_value = arena_text(request->arena, bytes_of(value));

    if (kept_name == NULL || kept_value == NULL || answer->header_count == ANSWER_HEADERS_MAX)
        return; /* ignoring: an answer without it is still right */
    answer->headers[answer->header_count++] = (struct answer_header){kept_name, kept_value};
}

void answer_file(struct request *request, unsigned status, const char *content_type, int file, uint64_t bytes)
{
    forget(request);
    answer_lend(request, status, content_type, BYTES_NONE);
    request->answer.file = file;
    request->answer.file_bytes = bytes;
}
