#include "gateway/framing.h"

/* RFC 9110 section 5.6.2. */
static bool is_token(const char *name)
{
    const char *at = name;

    while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
           (*at != '\0' && strchr("!#$%&'*+-.^_`|~", *at) != NULL))
        at++;
    return at > name && *at == '\0';
}

static bool is_text(struct bytes value)
{
    for (size_t i = 0; i < value.length; i++)
        if ((value.data[i] < ' ' && value.data[i] != '\t') || value.data[i] == 0x7F)
            return false;
    return true;
}

static bool is_number(struct bytes value)
{
    for (size_t i = 0; i < value.length; i++)
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
    return value.length > 0;
}

static bool is_chunked(struct bytes value)
{
    return value.length == strlen("chunked") && strncasecmp((const char *)value.data, "chunked", value.length) == 0;
}

static bool refuse(struct framing_flaw *flaw, const char *code, const char *why)
{
    *flaw = (struct framing_flaw){code, why};
    return false;
}

static bool check_fields(const struct http_view *view, struct framing_flaw *flaw)
{
    for (size_t i = 0; i < view->header_count; i++)
        if (!is_token(view->headers[i].name) || !is_text(view->headers[i].value))
            return refuse(flaw, "request.header", "a header's name is no token, or its value holds control characters");
    return true;
}

static bool check_host(const struct http_view *view, bool is_new, struct framing_flaw *flaw)
{
    bool repeated = false;
    struct bytes host = http_view_header(view, "Host", &repeated);

    return (host.data != NULL || !is_new) && !repeated ? true
                                                       : refuse(flaw, "request.host", "there must be one Host header");
}

static bool check_end(const struct http_view *view, bool is_new, struct framing_flaw *flaw)
{
    bool several_lengths = false, several_codings = false;
    struct bytes length = http_view_header(view, "Content-Length", &several_lengths);
    struct bytes coding = http_view_header(view, "Transfer-Encoding", &several_codings);

    if (several_lengths || (length.data != NULL && !is_number(length)))
        return refuse(flaw, "request.framing", "Content-Length must be one number");
    if (coding.data == NULL)
        return true;
    if (length.data != NULL)
        return refuse(flaw, "request.framing", "Content-Length and Transfer-Encoding exclude each other");
    return !several_codings && is_chunked(coding) && is_new
               ? true
               : refuse(flaw, "request.framing", "Transfer-Encoding must be chunked, and of HTTP/1.1");
}

bool framing_is_sound(const struct http_view *view, const char *version, struct framing_flaw *flaw)
{
    bool is_new = strcmp(version, "HTTP/1.1") == 0;

    return check_fields(view, flaw) && check_host(view, is_new, flaw) && check_end(view, is_new, flaw);
}
