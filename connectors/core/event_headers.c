#include "core/event_headers.h"

struct headers *event_headers(const struct event_attributes *attributes)
{
    const struct {
        const char *name, *text;
    } rows[] = {
        {"ce_specversion", "1.0"},
        {"ce_id", attributes->id},
        {"ce_source", attributes->source},
        {"ce_type", attributes->type},
        {"ce_time", attributes->time},
        {"ce_subject", attributes->subject},
        {"traceparent", attributes->traceparent},
        {"ce_conformance", attributes->conformance},
        {"content-type", "application/protobuf"},
    };
    struct headers *headers = headers_new(sizeof rows / sizeof *rows);
    bool ok = headers != NULL;

    for (size_t i = 0; ok && i < sizeof rows / sizeof *rows; i++)
        if (rows[i].text != NULL && rows[i].text[0] != '\0')
            ok = headers_add_text(headers, rows[i].name, rows[i].text);
    if (ok)
        return headers;
    headers_free(headers);
    return NULL;
}
