// links: medhub_code
/* Whatever a scanner sends: the parser stays inside the input, and what it accepts can be written down again
 * in the raw form and gives the same elements. */
#include "code/drug_trace.h"
#include "code/gs1.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static size_t write_raw(const struct gs1_scan *scan, char *raw, size_t capacity)
{
    size_t length = 0;
    for (size_t i = 0; i < scan->count; i++) {
        const struct gs1_element *element = &scan->elements[i];
        char value[GS1_VALUE_CHARACTERS_MAX + 1];
        require(gs1_value_text(element, value, sizeof value));
        require(length + strlen(element->ai->code) + strlen(value) + 1 <= capacity);
        for (const char *c = element->ai->code; *c != '\0'; c++)
            raw[length++] = *c;
        for (const char *c = value; *c != '\0'; c++)
            raw[length++] = *c;
        raw[length++] = GS1_FNC1;
    }
    return length;
}

static void require_same_after_rewriting(const struct gs1_scan *scan)
{
    static char raw[2 * GS1_INPUT_BYTES_MAX];
    size_t length = write_raw(scan, raw, sizeof raw);
    if (length > GS1_INPUT_BYTES_MAX)
        return;
    struct gs1_scan again;
    require(gs1_parse(bytes_from(raw, length), 2026, &again));
    require(again.count == scan->count);
    for (size_t i = 0; i < scan->count; i++)
        require(again.elements[i].ai == scan->elements[i].ai);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gs1_scan scan;
    struct drug_trace trace;
    struct gs1_date date;

    if (gs1_parse(bytes_from(data, size), 2026, &scan)) {
        require(scan.count > 0 && scan.count <= GS1_ELEMENTS_MAX);
        require_same_after_rewriting(&scan);
        (void)gs1_item(&scan);
        (void)gs1_expiry(&scan, 2026, &date);
    } else {
        require(scan.error != GS1_OK);
        require(scan.error_offset <= size);
    }
    (void)drug_trace_parse(bytes_from(data, size), &trace);
    return 0;
}
