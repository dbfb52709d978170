#include "client/handle.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct medhub_receipt {
    char *id, *answer;
    enum medhub_outcome outcome;
    json_t *root; /* of answer; NULL if it is none */
};

void medhub_receipt_free(struct medhub_receipt *receipt)
{
    if (receipt == NULL)
        return;
    json_decref(receipt->root);
    free(receipt->id);
    free(receipt->answer);
    free(receipt);
}

/* Takes ANSWER, also when it fails. */
static enum medhub_status make(const char *id, enum medhub_outcome outcome, char *answer,
                               struct medhub_receipt **receipt, struct medhub_error *error)
{
    struct medhub_receipt *made = calloc(1, sizeof *made);

    if (made == NULL) {
        free(answer);
        return error_say(error, "memory.out", NULL);
    }
    *made = (struct medhub_receipt){strdup(id), answer, outcome, json_loads(answer, 0, NULL)};
    if (made->id == NULL) {
        medhub_receipt_free(made);
        return error_say(error, "memory.out", NULL);
    }
    *receipt = made;
    return MEDHUB_OK;
}

enum medhub_status receipt_tell(const struct untold_receipt *receipt, medhub_receipt_callback *callback,
                                void *context)
{
    struct medhub_receipt told = {receipt->id, receipt->answer, receipt->outcome,
                                  json_loads(receipt->answer, 0, NULL)};
    enum medhub_status answer = callback(context, &told);
    json_decref(told.root);
    return answer;
}

/* Lock held. */
static enum medhub_status look(struct medhub *hub, const char *id, struct medhub_receipt **receipt,
                               struct medhub_error *error)
{
    enum medhub_outcome outcome = MEDHUB_PENDING;
    char *answer = NULL;
    enum medhub_status status = outbox_receipt(hub->outbox, id, &outcome, &answer, error);
    return status == MEDHUB_OK ? make(id, outcome, answer, receipt, error) : status;
}

enum medhub_status medhub_receipt(struct medhub *hub, const char *id, struct medhub_receipt **receipt,
                                  struct medhub_error *error)
{
    if (hub == NULL || id == NULL || receipt == NULL)
        return error_say(error, "argument.missing", NULL);
    *receipt = NULL;
    (void)pthread_mutex_lock(&hub->lock);
    enum medhub_status status = look(hub, id, receipt, error);
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}

struct wanted_receipt {
    const char *id;
    struct medhub_receipt **receipt;
    enum medhub_status status;
    struct medhub_error *error;
};

static bool is_there(struct medhub *hub, void *context)
{
    struct wanted_receipt *wanted = context;
    wanted->status = look(hub, wanted->id, wanted->receipt, wanted->error);
    return wanted->status != MEDHUB_AGAIN;
}

/* With what stands in the way, if anything does. */
static enum medhub_status say_pending(struct medhub *hub, struct medhub_error *error)
{
    struct medhub_error problem = MEDHUB_ERROR_INIT;

    (void)pthread_mutex_lock(&hub->lock);
    error_copy(&problem, &hub->problem);
    (void)pthread_mutex_unlock(&hub->lock);
    return error_say(error, "event.pending", problem.status == MEDHUB_OK ? NULL : "%s", problem.text_en);
}

enum medhub_status medhub_wait(struct medhub *hub, const char *id, int timeout_ms,
                               struct medhub_receipt **receipt, struct medhub_error *error)
{
    struct wanted_receipt wanted = {id, receipt, MEDHUB_AGAIN, error};

    if (hub == NULL || id == NULL || receipt == NULL)
        return error_say(error, "argument.missing", NULL);
    *receipt = NULL;
    enum medhub_status status = handle_until(hub, is_there, &wanted, timeout_ms, error);
    if (status == MEDHUB_AGAIN)
        return say_pending(hub, error);
    return status == MEDHUB_OK ? wanted.status : status;
}

const char *medhub_receipt_id(const struct medhub_receipt *receipt)
{
    return receipt->id;
}

enum medhub_outcome medhub_receipt_outcome(const struct medhub_receipt *receipt)
{
    return receipt->outcome;
}

const char *medhub_receipt_json(const struct medhub_receipt *receipt)
{
    return receipt->answer;
}

const char *medhub_receipt_field(const struct medhub_receipt *receipt, const char *field)
{
    const char *text = json_string_value(json_object_get(receipt->root, field));
    return text == NULL ? "" : text;
}

/* Both a receipt and the problem details of a refusal have them at the top. */
static const json_t *findings_of(const struct medhub_receipt *receipt)
{
    return json_object_get(receipt->root, "findings");
}

size_t medhub_receipt_finding_count(const struct medhub_receipt *receipt)
{
    return json_array_size(findings_of(receipt));
}

const char *medhub_receipt_finding(const struct medhub_receipt *receipt, size_t index, const char *field)
{
    const char *text = json_string_value(json_object_get(json_array_get(findings_of(receipt), index), field));
    return text == NULL ? "" : text;
}

const char *medhub_outcome_name(enum medhub_outcome outcome)
{
    static const char *const names[] = {"pending", "accepted", "refused", "duplicate"};
    return (size_t)outcome < sizeof names / sizeof *names ? names[outcome] : "unknown";
}
