#include "client/catalogue_release.h"

#include "client/wire.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RELEASE_BYTES = 128, RELEASE_LENGTH_MAX = 100 };

/* Withdrawals of a release wait under its name with a mark before it, which no release bears. */
#define WITHDRAWALS "-"

static const char *name_of(const char *release, bool withdrawals, char name[RELEASE_BYTES])
{
    (void)snprintf(name, RELEASE_BYTES, "%s%.*s", withdrawals ? WITHDRAWALS : "", RELEASE_LENGTH_MAX, release);
    return name;
}

static enum medhub_status make_change(struct catalogue_copy *copy, enum catalogue_news news,
                                      const struct catalogue_line *read, struct medhub_error *error)
{
    const struct catalogue_row *row = &read->row;
    int64_t version = 0;
    enum medhub_status status = copy_version(copy, row->table, row->code, &version, error);

    if (status != MEDHUB_OK || (row->version > 0 && row->version <= version))
        return status; /* the snapshot may hold a little of what the feed tells behind it */
    if (news == CATALOGUE_WITHDRAWAL)
        return copy_undo(copy, row, read->release, error);
    status = copy_end_before(copy, row, error);
    if (status == MEDHUB_OK && news == CATALOGUE_CHANGE)
        status = copy_put(copy, row, error);
    return status;
}

static bool must_wait(struct catalogue_copy *copy, enum catalogue_news news, const struct catalogue_line *read,
                      date_t today)
{
    char name[RELEASE_BYTES];

    if (read->release[0] == '\0' || date_parse(bytes_of(read->row.valid_from)) <= today)
        return false;
    return copy_release(copy, name_of(read->release, news == CATALOGUE_WITHDRAWAL, name), NULL) != COPY_RELEASE_APPLIED;
}

static enum medhub_status wait(struct catalogue_copy *copy, enum catalogue_news news, const struct catalogue_line *read,
                               const json_t *event, struct medhub_error *error)
{
    char name[RELEASE_BYTES], *text = json_dumps(event, JSON_COMPACT);
    enum medhub_status status = text == NULL ? error_say(error, "memory.out", NULL)
                                             : copy_pend(copy, name_of(read->release, news == CATALOGUE_WITHDRAWAL, name),
                                                         &read->row, text, error);
    free(text);
    return status;
}

static enum medhub_status announce(struct catalogue_copy *copy, const struct catalogue_line *read, bool withdrawals,
                                   struct medhub_error *error)
{
    const struct copy_release announced = {COPY_RELEASE_ANNOUNCED, read->rows, read->release_digest, 0};
    char name[RELEASE_BYTES];

    (void)name_of(read->release, withdrawals, name);
    if (copy_release(copy, name, NULL) != COPY_RELEASE_UNKNOWN)
        return MEDHUB_OK;
    return copy_put_release(copy, name, &announced, error);
}

enum medhub_status catalogue_apply(struct catalogue_copy *copy, const json_t *event, date_t today,
                                   struct medhub_error *error)
{
    struct catalogue_line read;
    enum catalogue_news news = catalogue_event_read(event, &read);
    enum medhub_status status = MEDHUB_OK;

    if (news == CATALOGUE_UNREADABLE)
        return error_say(error, "gateway.answer", "feed " WIRE_FEED_CATALOGUE);
    if (news == CATALOGUE_PUBLISHED || news == CATALOGUE_TAKEN_BACK)
        status = announce(copy, &read, news == CATALOGUE_TAKEN_BACK, error);
    else if (news != CATALOGUE_NO_CHANGE)
        status = must_wait(copy, news, &read, today) ? wait(copy, news, &read, event, error)
                                                     : make_change(copy, news, &read, error);
    catalogue_line_done(&read);
    return status;
}

/* ---- a release all of which is there ---- */

static enum medhub_status make_pending(struct catalogue_copy *copy, const char *text, uint64_t *sum,
                                       struct medhub_error *error)
{
    json_t *event = json_loads(text, 0, NULL);
    struct catalogue_line read;
    enum catalogue_news news = catalogue_event_read(event, &read);
    enum medhub_status status = news == CATALOGUE_NO_CHANGE || news == CATALOGUE_UNREADABLE
                                    ? error_say(error, "catalogue.damaged", NULL)
                                    : make_change(copy, news, &read, error);

    if (status == MEDHUB_OK && news != CATALOGUE_WITHDRAWAL)
        *sum += catalogue_change_digest(event);
    catalogue_line_done(&read);
    json_decref(event);
    return status;
}

static enum medhub_status make_all(struct catalogue_copy *copy, const char *name, uint64_t *sum,
                                   struct medhub_error *error)
{
    enum medhub_status status = MEDHUB_OK;
    char *event = NULL;

    do {
        free(event);
        status = copy_take_pending(copy, name, &event, error);
        if (status == MEDHUB_OK && event != NULL)
            status = make_pending(copy, event, sum, error);
    } while (status == MEDHUB_OK && event != NULL);
    free(event);
    return status;
}

static enum medhub_status apply_release(struct catalogue_copy *copy, const char *name, int64_t now_ms,
                                        struct medhub_error *error)
{
    char announced[COPY_DIGEST_BYTES] = "", made[COPY_DIGEST_BYTES];
    uint64_t sum = 0;

    (void)copy_release(copy, name, announced);
    enum medhub_status status = make_all(copy, name, &sum, error);
    (void)snprintf(made, sizeof made, "%016llx", (unsigned long long)sum);
    if (status == MEDHUB_OK && announced[0] != '\0' && strcmp(announced, made) != 0)
        return error_say(error, "catalogue.damaged", "%s", name);
    const struct copy_release applied = {COPY_RELEASE_APPLIED, 0, name[0] == WITHDRAWALS[0] ? "" : made, now_ms};
    return status == MEDHUB_OK ? copy_put_release(copy, name, &applied, error) : status;
}

enum medhub_status catalogue_apply_releases(struct catalogue_copy *copy, int64_t now_ms, struct medhub_error *error)
{
    enum medhub_status status = MEDHUB_OK;
    char name[RELEASE_BYTES];

    while (status == MEDHUB_OK && copy_ready_release(copy, name, sizeof name))
        status = apply_release(copy, name, now_ms, error);
    return status;
}
