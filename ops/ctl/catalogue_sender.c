#include "ops/ctl/catalogue_sender.h"

#include "ops/ctl/output.h"
#include "ops/ctl/say.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/log.h"
#include "core/event_headers.h"
#include "event/event.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 64 }; /* pieces of half a megabyte */

struct catalogue_sender {
    struct call *call;
    const char *source;
    struct session session;
    struct submission *submission;
    json_t *refused; /* receipts */
};

static void take_answer(void *self, json_t *answer)
{
    struct catalogue_sender *sender = self;
    const char *outcome = json_string_value(json_object_get(answer, "outcome"));

    if (outcome != NULL && (strcmp(outcome, "accepted") == 0 || strcmp(outcome, "duplicate") == 0))
        json_decref(answer);
    else
        (void)json_array_append_new(sender->refused, answer);
}

static enum exit_code open_all(struct catalogue_sender *sender, int64_t timeout_ms)
{
    enum { TIMEOUT_MS = 60000 };
    const struct submission_settings settings = {.wait = true,
                                                 .timeout_ms = timeout_ms > 0 ? timeout_ms : TIMEOUT_MS,
                                                 .window = WINDOW,
                                                 .answered = take_answer,
                                                 .self = sender};
    struct fault fault = {0};

    log_set_level(LOG_LEVEL_WARN);
    stop_install();
    if (submission_open(&sender->session, &settings, &sender->submission, &fault) == STATUS_OK)
        return EXIT_OK;
    return say_fault(sender->call, &fault);
}

static void release(struct catalogue_sender *sender)
{
    submission_close(sender->submission);
    json_decref(sender->refused);
    session_close(&sender->session);
    free(sender);
}

enum exit_code catalogue_sender_open(struct call *call, const char *source, int64_t timeout_ms,
                                     struct catalogue_sender **sender)
{
    struct catalogue_sender *made = calloc(1, sizeof *made);

    *sender = NULL;
    if (made == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    made->call = call;
    enum exit_code result = session_open(call, &made->session);
    if (result != EXIT_OK) {
        free(made);
        return result;
    }
    made->source = source == NULL ? made->session.settings.hub_operator : source;
    made->refused = json_array();
    result = open_all(made, timeout_ms);
    if (result == EXIT_OK)
        *sender = made;
    else
        release(made);
    return result;
}

struct session *catalogue_sender_session(struct catalogue_sender *sender)
{
    return &sender->session;
}

enum exit_code catalogue_sender_send(struct catalogue_sender *sender, const char *type, const char *key, const char *id,
                                     struct bytes value)
{
    char now[MOMENT_TEXT_BYTES];
    struct fault fault = {0};
    const struct event_attributes attributes = {
        .id = id,
        .source = sender->source,
        .type = type,
        .subject = key,
        .time = moment_format_ms(clock_now_ms(clock_system()), now),
    };
    struct headers *headers = event_headers(&attributes);

    if (headers == NULL)
        return say_refusal(sender->call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    enum status status = submission_send(sender->submission, schema_find_event(type)->topic, bytes_of(key), value, headers,
                                         sender->source, id, &fault);
    if (status == STATUS_OK)
        return stop_requested() ? EXIT_PENDING : EXIT_OK;
    enum exit_code said = say_fault(sender->call, &fault);
    return status == STATUS_RETRY ? EXIT_PENDING : said;
}

enum exit_code catalogue_sender_settle(struct catalogue_sender *sender)
{
    struct fault fault = {0};

    if (submission_settle(sender->submission, &fault) != STATUS_OK) {
        (void)say_fault(sender->call, &fault);
        return EXIT_PENDING;
    }
    return json_array_size(sender->refused) > 0 ? EXIT_PARTIAL : EXIT_OK;
}

static bool print_refused(struct catalogue_sender *sender)
{
    static const char *const columns[] = {"outcome", "id", "type", "code", "reason", NULL};
    struct output *output = output_open(sender->call, columns, false);

    for (size_t i = 0; output != NULL && i < json_array_size(sender->refused); i++)
        output_row(output, json_incref(json_array_get(sender->refused, i)));
    return output_close(output);
}

enum exit_code catalogue_sender_close(struct catalogue_sender *sender, enum exit_code result, json_t *summary)
{
    struct fault fault = {0};

    if (submission_finish(sender->submission, &fault) != STATUS_OK && result == EXIT_OK)
        result = say_fault(sender->call, &fault);
    say_count_end(sender->call);
    if (result == EXIT_OK)
        result = submission_exit_code(sender->submission);
    if (json_array_size(sender->refused) > 0) {
        json_decref(summary);
        if (!print_refused(sender))
            result = EXIT_FAILED;
    } else if (result == EXIT_OK && summary != NULL) {
        result = output_object(sender->call, summary) ? EXIT_OK : EXIT_FAILED;
    } else {
        json_decref(summary);
    }
    release(sender);
    return result;
}
