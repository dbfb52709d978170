// links: medhub_gateway
/* framing.h: what is doubtful is refused, what is usual is not. */
#include "gateway/framing.h"

#include "support/cmocka_all.h"

enum { FIELDS_MAX = 4 };

struct example {
    const char *version;
    struct {
        const char *name, *value;
    } fields[FIELDS_MAX];
    const char *code; /* NULL: sound */
};

static void check(const struct example *example)
{
    struct http_header headers[FIELDS_MAX];
    struct http_view view = {.method = "POST", .target = "/v1/events", .headers = headers};
    struct framing_flaw flaw = {NULL, NULL};

    for (size_t i = 0; i < FIELDS_MAX && example->fields[i].name != NULL; i++)
        headers[view.header_count++] = (struct http_header){example->fields[i].name, bytes_of(example->fields[i].value)};
    bool is_sound = framing_is_sound(&view, example->version, &flaw);
    if (is_sound != (example->code == NULL) || (!is_sound && strcmp(flaw.code, example->code) != 0))
        fail_msg("%s %s: %s: %s", example->version, view.header_count == 0 ? "" : headers[view.header_count - 1].name,
                 is_sound ? "sound" : flaw.code, is_sound ? "" : flaw.why);
}

#define NEW "HTTP/1.1"
#define OLD "HTTP/1.0"
#define HOST {"Host", "hub"}

static void the_length_is_said_once(void **state)
{
    static const struct example examples[] = {
        {NEW, {HOST}, NULL},
        {NEW, {HOST, {"Content-Length", "0"}}, NULL},
        {NEW, {HOST, {"Content-Length", "12"}}, NULL},
        {NEW, {HOST, {"content-length", "1"}, {"Content-Length", "1"}}, "request.framing"},
        {NEW, {HOST, {"Content-Length", "1"}, {"Content-Length", "2"}}, "request.framing"},
        {NEW, {HOST, {"Content-Length", "+1"}}, "request.framing"},
        {NEW, {HOST, {"Content-Length", "1, 1"}}, "request.framing"},
        {NEW, {HOST, {"Content-Length", "0x10"}}, "request.framing"},
        {NEW, {HOST, {"Content-Length", ""}}, "request.framing"},
        {NEW, {HOST, {"Transfer-Encoding", "chunked"}}, NULL},
        {NEW, {HOST, {"transfer-encoding", "Chunked"}}, NULL},
        {NEW, {HOST, {"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}, "request.framing"},
        {NEW, {HOST, {"Content-Length", "0"}, {"Transfer-Encoding", "chunked"}}, "request.framing"},
        {NEW, {HOST, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, "request.framing"},
        {NEW, {HOST, {"Transfer-Encoding", "gzip, chunked"}}, "request.framing"},
        {NEW, {HOST, {"Transfer-Encoding", "identity"}}, "request.framing"},
        {NEW, {HOST, {"Transfer-Encoding", "xchunked"}}, "request.framing"},
        {NEW, {HOST, {"Transfer-Encoding", ""}}, "request.framing"},
        {OLD, {HOST, {"Transfer-Encoding", "chunked"}}, "request.framing"},
        {OLD, {HOST, {"Content-Length", "3"}}, NULL},
    };
    (void)state;

    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        check(&examples[i]);
}

static void the_host_is_said_once(void **state)
{
    static const struct example examples[] = {
        {NEW, {{NULL, NULL}}, "request.host"},
        {NEW, {{"Accept", "*/*"}}, "request.host"},
        {NEW, {{"Host", ""}}, NULL},
        {NEW, {HOST, {"host", "hub"}}, "request.host"},
        {NEW, {HOST, {"Host", "other"}}, "request.host"},
        {OLD, {{NULL, NULL}}, NULL},
        {OLD, {HOST, HOST}, "request.host"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        check(&examples[i]);
}

static void names_are_tokens_and_values_are_text(void **state)
{
    static const struct example examples[] = {
        {NEW, {HOST, {"X-Any!#$%&'*+.^_`|~9", "a\tb \xE4\xB8\xAD"}}, NULL},
        {NEW, {HOST, {"", "a"}}, "request.header"},
        {NEW, {HOST, {"Content-Length ", "1"}}, "request.header"},
        {NEW, {HOST, {"Transfer-Encoding\t", "chunked"}}, "request.header"},
        {NEW, {HOST, {"A\x01", "a"}}, "request.header"},
        {NEW, {HOST, {"A\xC3", "a"}}, "request.header"},
        {NEW, {HOST, {"A", "b\rc"}}, "request.header"},
        {NEW, {HOST, {"A", "b\x7F"}}, "request.header"},
        {NEW, {HOST, {"A", "b\x1F"}}, "request.header"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        check(&examples[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_length_is_said_once),
        cmocka_unit_test(the_host_is_said_once),
        cmocka_unit_test(names_are_tokens_and_values_are_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
