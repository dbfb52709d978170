// links: medhub_code
/* Whatever a scanner sends: nothing is read outside of the input, answers are whole, and what was read
 * strictly can be written down again, in the raw form and as a link, and says the same. */
#include "code/code.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static bool is_view(struct bytes view, size_t size)
{
    return (view.data == NULL && view.length == 0) || (view.data != NULL && view.length <= size + 16);
}

static void require_same_elements(const struct code *code, const struct code *again)
{
    require(again->element_count == code->element_count);
    for (size_t i = 0; i < code->element_count; i++) {
        require(again->elements[i].ai == code->elements[i].ai);
        require(bytes_equal(again->elements[i].value, code->elements[i].value));
    }
}

static void require_same_when_raw(const struct code *code, const struct code_options *options,
                                  struct arena *arena)
{
    struct buffer raw;
    struct code again;
    buffer_init(&raw, 2 * CODE_BYTES_MAX);
    buffer_append_text(&raw, "]d2");
    for (size_t i = 0; i < code->element_count; i++) {
        buffer_append_text(&raw, code->elements[i].ai);
        buffer_append_bytes(&raw, code->elements[i].value);
        buffer_append_byte(&raw, CODE_FNC1);
    }
    /* A value may hold "<GS>" where brackets or a link said it; raw, that is FNC1. */
    bool gs = memmem(raw.data, raw.length, "<GS>", 4) != NULL;
    if (raw.length <= CODE_BYTES_MAX && !gs) {
        require(code_parse(buffer_bytes(&raw), options, arena, &again));
        require_same_elements(code, &again);
    }
    buffer_done(&raw);
}

static void require_same_link(struct code code, const struct code_options *options, struct arena *arena)
{
    struct buffer link, second;
    struct code again;
    buffer_init(&link, 8 * CODE_BYTES_MAX);
    buffer_init(&second, 8 * CODE_BYTES_MAX);
    if (code_canonical(&code, &link) && link.length <= CODE_BYTES_MAX) {
        require(code_parse(buffer_bytes(&link), options, arena, &again));
        require(code_canonical(&again, &second));
        require(bytes_equal(buffer_bytes(&link), buffer_bytes(&second)));
    }
    buffer_done(&link);
    buffer_done(&second);
}

static void require_answers(const struct code *code)
{
    struct buffer said;
    struct code copy = *code;
    struct code_prefixes prefixes = {.length = 0};
    buffer_init(&said, 16 * CODE_BYTES_MAX);
    code_json(code, &said);
    require(buffer_ok(&said) && said.length > 0 && bytes_is_utf8(buffer_bytes(&said)));
    if (code->error == CODE_OK)
        (void)code_urn(&copy, &prefixes, &said);
    for (size_t i = 0; i < code->element_count; i++) {
        char number[128];
        (void)code_decimal(&code->elements[i], number, sizeof number);
    }
    buffer_done(&said);
}

static void require_whole(const struct code *code, size_t size)
{
    require(code->element_count <= CODE_ELEMENTS_MAX && code->warning_count <= CODE_WARNINGS_MAX);
    require(is_view(code->di, size) && is_view(code->lot, size) && is_view(code->serial, size));
    require((code->confidence == CODE_STRICT) == (code->repairs == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct code code;
    struct arena *arena = arena_new(64 * 1024, 4 * 1024 * 1024);
    struct code_options lenient = {.current_year = 2026}, strict = {.current_year = 2026, .strict = true};

    if (code_parse(bytes_from(data, size), &lenient, arena, &code))
        require_whole(&code, size);
    else
        require(code.error != CODE_OK && code.at <= size);
    require_answers(&code);
    if (code_parse(bytes_from(data, size), &strict, arena, &code) && code.agency == CODE_AGENCY_GS1) {
        require(code.confidence == CODE_STRICT);
        require_same_when_raw(&code, &strict, arena);
        require_same_link(code, &strict, arena);
    }
    arena_free(arena);
    return 0;
}
