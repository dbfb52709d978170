#include "client/catalogue_answer.h"

#include "client/local.h"
#include "client/submission.h"

#include "base/date.h"
#include "base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLIED_TYPE "medhub.catalogue.applied.v1"

enum { RELEASE_BYTES = 128, HEX_DIGITS_MAX = 128 };

struct held {
    char release[RELEASE_BYTES], digest[HEX_DIGITS_MAX + 1];
    int64_t applied_ms;
};
struct held_list {
    struct held *items;
    size_t count;
    bool failed;
};

static void hold(void *context, const char *id, const char *digest, int64_t applied_ms)
{
    struct held_list *list = context;
    struct held *longer = realloc(list->items, (list->count + 1) * sizeof *longer);

    if (longer == NULL) {
        list->failed = true;
        return;
    }
    list->items = longer;
    struct held *held = &longer[list->count];
    held->applied_ms = applied_ms;
    if (snprintf(held->release, sizeof held->release, "%s", id) < (int)sizeof held->release &&
        snprintf(held->digest, sizeof held->digest, "%s", digest) < (int)sizeof held->digest && digest[0] != '\0')
        list->count++; /* a release without a digest cannot be answered */
}

/* ---- what was answered ---- */

static bool is_answered(struct database *local, const struct held *held)
{
    sqlite3_stmt *statement = database_statement(local, LOCAL_ANSWERED);
    enum medhub_status status = MEDHUB_OK;

    statement_bind_text(statement, 1, held->release);
    statement_bind_text(statement, 2, held->digest);
    bool found = statement_step(local, statement, &status, NULL);
    (void)sqlite3_reset(statement);
    return found;
}

static enum medhub_status note_answered(struct database *local, const struct held *held, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(local, LOCAL_PUT_ANSWERED);

    statement_bind_text(statement, 1, held->release);
    statement_bind_text(statement, 2, held->digest);
    return database_run(local, statement, error);
}

/* ---- the answer ---- */

static bool digest_base64(const char *hex, char *text, size_t capacity)
{
    uint8_t bytes[HEX_DIGITS_MAX / 2];
    size_t count = strlen(hex) / 2;

    for (size_t i = 0; i < count; i++) {
        const char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        char *end;
        bytes[i] = (uint8_t)strtoul(pair, &end, 16);
        if (*end != '\0')
            return false;
    }
    return text_base64_encode(bytes_from(bytes, count), text, capacity) > 0;
}

static char *answer_data(const struct medhub *hub, const struct copy_facts *facts, const struct held *held)
{
    char key[RELEASE_BYTES + 16], digest[HEX_DIGITS_MAX], copy_digest[DIGEST_SUM_TEXT_BYTES], moment[MOMENT_TEXT_BYTES], rows[24];

    if (!digest_base64(held->digest, digest, sizeof digest))
        return NULL;
    (void)snprintf(key, sizeof key, "release/%s", held->release);
    (void)snprintf(rows, sizeof rows, "%llu", (unsigned long long)facts->rows);
    json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "itemKey", key, "release", held->release, "institution",
                             hub->settings.organisation, "digest", digest, "rows", rows, "copyDigest",
                             digest_sum_text(&facts->digest, copy_digest), "appliedAt",
                             moment_format_ms(held->applied_ms, moment));
    char *text = data == NULL ? NULL : json_dumps(data, JSON_COMPACT);
    json_decref(data);
    return text;
}

static enum medhub_status put(struct medhub *hub, const struct medhub_event *event, struct medhub_error *error)
{
    struct submission made;
    enum medhub_status status = submission_make(event, hub->settings.organisation, clock_now_ms(hub->clock),
                                                (size_t)hub->settings.event_bytes_max, &made, error);

    if (status != MEDHUB_OK)
        return status;
    const struct outbox_event put = {made.id, made.key, bytes_of(made.body), made.fingerprint};
    status = outbox_put(hub->outbox, &put, 1, error);
    submission_done(&made);
    return status;
}

/* The id says release and digest: killed between the outbox and the note, it says the same again, and CONFLICT (the same said of a
 * copy that was made anew meanwhile) is as good as said. */
static enum medhub_status answer(struct medhub *hub, const struct copy_facts *facts, const struct held *held,
                                 struct medhub_error *error)
{
    char id[MEDHUB_ID_BYTES], key[RELEASE_BYTES + 16];
    char *data = answer_data(hub, facts, held);
    struct medhub_event event = MEDHUB_EVENT_INIT;
    struct medhub_error ignored = MEDHUB_ERROR_INIT;

    if (data == NULL)
        return MEDHUB_OK; /* a digest that is none: nothing that could be said */
    (void)snprintf(id, sizeof id, "applied/%s/%.100s", held->release, held->digest);
    (void)snprintf(key, sizeof key, "release/%s", held->release);
    event.type = APPLIED_TYPE;
    event.id = id;
    event.subject = event.key = key;
    event.data = data;
    enum medhub_status status = put(hub, &event, &ignored);
    free(data);
    if (status == MEDHUB_OK || status == MEDHUB_CONFLICT)
        return note_answered(hub->local, held, error);
    if (status != MEDHUB_FULL)
        error_copy(error, &ignored);
    return status;
}

enum medhub_status catalogue_answer(struct medhub *hub, struct catalogue_copy *copy, struct medhub_error *error)
{
    struct copy_facts facts = copy_facts(copy);
    struct held_list held = {0};

    if (hub->settings.answer_releases == 0)
        return MEDHUB_OK;
    enum medhub_status status = copy_each_release(copy, hold, &held, error);
    if (status == MEDHUB_OK && held.failed)
        status = error_say(error, "memory.out", NULL);
    for (size_t i = 0; status == MEDHUB_OK && i < held.count; i++)
        if (!is_answered(hub->local, &held.items[i]))
            status = answer(hub, &facts, &held.items[i], error);
    free(held.items);
    return status == MEDHUB_FULL ? MEDHUB_OK : status;
}
