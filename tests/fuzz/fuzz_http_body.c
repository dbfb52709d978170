// links: medhub_gateway
/* Any target, headers and body of a POST: sound or not, routed or not, read or refused with a code, in bounded memory. The first line is the
 * target, then come headers, one a line, up to an empty line; the rest is the body. */
#include "gateway/framing.h"
#include "gateway/intake.h"
#include "gateway/request.h"
#include "gateway/routes.h"
#include "gateway/target.h"

#include <stdlib.h>

enum { HEADERS_MAX = 20, EVENTS_MAX = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static const char *take_line(struct bytes *left, struct arena *arena)
{
    const uint8_t *end = left->length == 0 ? NULL : memchr(left->data, '\n', left->length);
    size_t length = end == NULL ? left->length : (size_t)(end - left->data);
    struct bytes line = bytes_from(left->data, length);

    length += end != NULL;
    *left = bytes_from(left->data + length, left->length - length);
    return memchr(line.data == NULL ? (const uint8_t *)"" : line.data, '\0', line.length) == NULL ? arena_text(arena, line)
                                                                                                 : NULL;
}

static size_t read_headers(struct bytes *left, struct http_header *headers, struct arena *arena)
{
    size_t count = 0;

    while (left->length > 0 && count < HEADERS_MAX) {
        char *line = (char *)(uintptr_t)take_line(left, arena);
        if (line == NULL || line[0] == '\0')
            break;
        char *colon = strchr(line, ':');
        if (colon != NULL)
            *colon = '\0';
        headers[count++] = (struct http_header){line, bytes_of(colon == NULL ? "" : colon + 1)};
    }
    return count;
}

static void check_events(const struct intake *intake)
{
    must(intake->count > 0 && intake->count <= EVENTS_MAX);
    for (size_t i = 0; i < intake->count; i++) {
        const struct cloudevent *event = &intake->events[i];
        must(event->facts != NULL && event->attributes.id[0] != '\0' && event->attributes.source[0] != '\0');
        must(bytes_is_utf8(bytes_of(event->attributes.id)) && strlen(event->attributes.id) <= ATTRIBUTE_BYTES_MAX);
    }
}

static void check_parameters(struct request *request)
{
    buffer_init(&request->answer.made, 1 << 20);
    request->answer.file = -1;
    if (!request_check_parameters(request))
        must(request->answer.status == 400 && request->answer.body.length > 0);
    (void)request_accepts(request, "application/json");
    buffer_done(&request->answer.made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct arena *arena = arena_new(16 * 1024, 4 << 20);
    struct bytes left = bytes_from(data, length);
    struct http_header headers[HEADERS_MAX];
    struct request request = {.arena = arena};
    struct intake intake;
    struct fault fault = {0};
    unsigned status = 0;
    const char *allow, *target = arena == NULL ? NULL : take_line(&left, arena);

    if (target != NULL) {
        request.view = (struct http_view){.method = "POST", .target = target, .headers = headers};
        request.view.header_count = read_headers(&left, headers, arena);
        request.view.body = left;
        struct framing_flaw flaw = {0};
        if (!framing_is_sound(&request.view, "HTTP/1.1", &flaw))
            must(flaw.code != NULL && flaw.why != NULL);
        for (size_t i = 0; i < 2; i++) {
            request.view.method = i == 0 ? "POST" : "GET";
            if (route_find(request.view.method, target, arena, &request.match, &allow) == ROUTE_FOUND)
                check_parameters(&request);
        }
        if (intake_read(&request.view, EVENTS_MAX, arena, &intake, &status, &fault) == STATUS_OK)
            check_events(&intake);
        else
            must(fault.code[0] != '\0' && status >= 400 && status < 500);
    }
    arena_free(arena);
    return 0;
}
