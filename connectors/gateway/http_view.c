#include "gateway/http_view.h"

struct bytes http_view_header(const struct http_view *request, const char *name, bool *repeated)
{
    struct bytes value = BYTES_NONE, wanted = bytes_of(name);
    size_t count = 0;

    for (size_t i = 0; i < request->header_count; i++)
        if (http_header_is(&request->headers[i], wanted) && count++ == 0) {
            value = request->headers[i].value;
            if (value.data == NULL)
                value = bytes_of(""); /* an empty header is there */
        }
    if (repeated != NULL)
        *repeated = count > 1;
    return value;
}
