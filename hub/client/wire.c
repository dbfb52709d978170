#include "client/wire.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- targets ---- */

/* Percent-encodes all but unreserved characters (RFC 3986). */
static void append_encoded(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
            strchr("-._~", (int)byte) != NULL)
            buffer_append_byte(out, byte);
        else
            buffer_append_format(out, "%%%02X", byte);
    }
}

static char *take_text(struct buffer *out)
{
    char *text = buffer_ok(out) ? strdup(buffer_text(out)) : NULL;
    buffer_done(out);
    return text;
}

enum { TARGET_BYTES_MAX = 16 * 1024 };

char *wire_submit_target(int64_t wait_seconds)
{
    struct buffer out;
    buffer_init(&out, TARGET_BYTES_MAX);
    buffer_append_text(&out, "/v1/events");
    if (wait_seconds > 0)
        buffer_append_format(&out, "?wait=%lld", (long long)wait_seconds);
    return take_text(&out);
}

char *wire_receipt_target(const char *source, const char *id)
{
    struct buffer out;
    buffer_init(&out, TARGET_BYTES_MAX);
    buffer_append_text(&out, "/v1/receipts/");
    append_encoded(&out, source);
    buffer_append_text(&out, "/");
    append_encoded(&out, id);
    return take_text(&out);
}

char *wire_feed_target(const char *feed, const char *cursor, int64_t limit, int64_t wait_seconds)
{
    struct buffer out;
    buffer_init(&out, TARGET_BYTES_MAX);
    buffer_append_text(&out, "/v1/feeds/");
    append_encoded(&out, feed);
    buffer_append_format(&out, "?limit=%lld", (long long)limit);
    if (wait_seconds > 0)
        buffer_append_format(&out, "&wait=%lld", (long long)wait_seconds);
    if (cursor[0] != '\0') {
        buffer_append_text(&out, "&after=");
        append_encoded(&out, cursor);
    }
    return take_text(&out);
}

char *wire_catch_up_target(const char *cursor)
{
    struct buffer out;
    buffer_init(&out, TARGET_BYTES_MAX);
    buffer_append_text(&out, "/v1/catalogue/catch-up?after=");
    append_encoded(&out, cursor);
    return take_text(&out);
}

/* ---- answers ---- */

static json_t *parse(const struct courier_answer *answer)
{
    json_t *root =
        json_loadb((const char *)answer->body.data, answer->body.length, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(root))
        return root;
    json_decref(root);
    return NULL;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static enum medhub_outcome outcome_of(const json_t *receipt)
{
    static const char *const names[] = {"pending", "accepted", "refused", "duplicate"};
    const char *name = text_of(receipt, "outcome");
    for (int i = MEDHUB_ACCEPTED; i <= MEDHUB_DUPLICATE; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum medhub_outcome)i;
    return MEDHUB_PENDING;
}

enum wire_verdict wire_refused(const struct courier_answer *answer)
{
    switch (answer->status) {
    case 0:
    case 429:
    case 503:
        return WIRE_PAUSE;
    case 401:
    case 403:
        return WIRE_DENIED;
    case 408:
        return WIRE_LATER;
    default:
        return answer->status >= 500 ? WIRE_LATER : WIRE_PROTOCOL;
    }
}

/* The status says it all: what is said again under its id is answered as the first time. */
static bool is_decided(int http_status, enum medhub_outcome *outcome)
{
    static const struct {
        int http_status;
        enum medhub_outcome outcome;
    } rows[] = {{200, MEDHUB_ACCEPTED},
                {409, MEDHUB_DUPLICATE},
                {422, MEDHUB_REFUSED},
                /* no event at all: said again it will not be better */
                {400, MEDHUB_REFUSED},
                {413, MEDHUB_REFUSED},
                {415, MEDHUB_REFUSED}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].http_status != http_status)
            continue;
        *outcome = rows[i].outcome;
        return true;
    }
    *outcome = MEDHUB_PENDING;
    return false;
}

enum wire_verdict wire_submitted(const struct courier_answer *answer, enum medhub_outcome *outcome)
{
    bool decided = is_decided(answer->status, outcome);
    json_t *root = decided ? parse(answer) : NULL;
    bool is_ours = root != NULL; /* a proxy's page of HTML is not the gateway's word */

    json_decref(root);
    if (decided)
        return is_ours ? WIRE_SETTLED : WIRE_PROTOCOL;
    return answer->status == 202 ? WIRE_TAKEN : wire_refused(answer);
}

enum wire_verdict wire_receipt(const struct courier_answer *answer, enum medhub_outcome *outcome)
{
    json_t *root = answer->status == 200 ? parse(answer) : NULL;

    *outcome = outcome_of(root);
    json_decref(root);
    if (answer->status == 200)
        return *outcome == MEDHUB_PENDING ? WIRE_PROTOCOL : WIRE_SETTLED;
    return answer->status == 404 ? WIRE_LATER : wire_refused(answer);
}

enum medhub_status wire_problem(const struct courier_answer *answer, struct medhub_error *error)
{
    static const char *const codes[] = {[WIRE_LATER] = "gateway.busy",     [WIRE_PAUSE] = "gateway.busy",
                                        [WIRE_DENIED] = "gateway.denied",  [WIRE_PROTOCOL] = "gateway.answer",
                                        [WIRE_SETTLED] = "gateway.answer", [WIRE_TAKEN] = "gateway.answer"};
    char detail[300];

    if (answer->status == 0)
        return error_say_http(error, "gateway.unreachable", 0, answer->problem);
    json_t *root = parse(answer);
    (void)snprintf(detail, sizeof detail, "HTTP %d %.60s %.200s", answer->status, text_of(root, "code"),
                   text_of(root, "detail"));
    json_decref(root);
    return error_say_http(error, codes[wire_refused(answer)], answer->status, detail);
}

bool wire_page(const struct courier_answer *answer, struct wire_page *page)
{
    json_t *root = answer->status == 200 ? parse(answer) : NULL;

    *page = (struct wire_page){.root = root,
                               .events = json_object_get(root, "events"),
                               .next = json_string_value(json_object_get(root, "next")),
                               .at_end = json_is_true(json_object_get(root, "atEnd"))};
    if (json_is_array(page->events) && page->next != NULL)
        return true;
    json_decref(root);
    *page = (struct wire_page){0};
    return false;
}

bool wire_snapshot_is_smaller(const struct courier_answer *answer)
{
    json_t *root = answer->status == 200 ? parse(answer) : NULL;
    json_int_t snapshot = json_integer_value(json_object_get(root, "snapshotBytes"));
    bool smaller = snapshot > 0 && snapshot < json_integer_value(json_object_get(root, "changesBytes"));

    json_decref(root);
    return smaller;
}
