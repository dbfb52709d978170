#include "client/catalogue_release.h"

#include "client/wire.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RELEASE_BYTES = 128, RELEASE_LENGTH_MAX = 100 };

/* Withdrawals of a release wait under its name with a mark before it, which no release bears; so does a change of its own that
 * comes behind one that waits. */
#define WITHDRAWALS "-"
#define SINGLE      "+"

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

static bool waits_for_its_release(struct catalogue_copy *copy, enum catalogue_news news, const struct catalogue_line *read,
                                  date_t today)
{
    char name[RELEASE_BYTES];

    if (read->release[0] == '\0' || date_parse(bytes_of(read->row.valid_from)) <= today)
        return false;
    return copy_release(copy, name_of(read->release, news == CATALOGUE_WITHDRAWAL, name), NULL) != COPY_RELEASE_APPLIED;
}

static enum medhub_status wait_as(struct catalogue_copy *copy, const char *name, const struct catalogue_line *read,
                                  const json_t *event, struct medhub_error *error)
{
    char *text = json_dumps(event, JSON_COMPACT);
    enum medhub_status status =
        text == NULL ? error_say(error, "memory.out", NULL) : copy_pend(copy, name, &read->row, text, error);
    free(text);
    return status;
}

/* Changes of an item are made in the order of their versions: what comes behind one that waits, waits too. */
static enum medhub_status wait_behind(struct catalogue_copy *copy, const struct catalogue_line *read, const json_t *event,
                                      struct medhub_error *error)
{
    static const struct copy_release alone = {COPY_RELEASE_ANNOUNCED, 1, "", 0};
    char name[RELEASE_BYTES];

    (void)snprintf(name, sizeof name, SINGLE "%lld/%.80s", (long long)read->row.version, read->row.code);
    enum medhub_status status = wait_as(copy, name, read, event, error);
    return status == MEDHUB_OK ? copy_put_release(copy, name, &alone, error) : status;
}

static enum medhub_status take_change(struct catalogue_copy *copy, enum catalogue_news news,
                                      const struct catalogue_line *read, const json_t *event, date_t today,
                                      struct medhub_error *error)
{
    char name[RELEASE_BYTES];

    if (waits_for_its_release(copy, news, read, today))
        return wait_as(copy, name_of(read->release, news == CATALOGUE_WITHDRAWAL, name), read, event, error);
    return copy_is_pending(copy, &read->row) ? wait_behind(copy, read, event, error) : make_change(copy, news, read, error);
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
        status = take_change(copy, news, &read, event, today, error);
    catalogue_line_done(&read);
    return status;
}

/* ---- releases all of which are there ---- */

struct sum_of {
    char name[RELEASE_BYTES];
    uint64_t sum; /* of its changes' digests */
};

struct making {
    struct catalogue_copy *copy;
    struct sum_of *sums;
    size_t count;
};

static struct sum_of *sum_of(struct making *making, const char *name)
{
    for (size_t i = 0; i < making->count; i++)
        if (strcmp(making->sums[i].name, name) == 0)
            return &making->sums[i];
    struct sum_of *longer = realloc(making->sums, (making->count + 1) * sizeof *longer);
    if (longer == NULL)
        return NULL;
    making->sums = longer;
    (void)snprintf(longer[making->count].name, RELEASE_BYTES, "%s", name);
    longer[making->count].sum = 0;
    return &longer[making->count++];
}

static enum medhub_status make_waiting(struct making *making, const char *release, const json_t *event,
                                       struct medhub_error *error)
{
    struct catalogue_line read;
    enum catalogue_news news = catalogue_event_read(event, &read);
    bool is_change = news == CATALOGUE_CHANGE || news == CATALOGUE_REMOVAL || news == CATALOGUE_WITHDRAWAL;
    enum medhub_status status =
        is_change ? make_change(making->copy, news, &read, error) : error_say(error, "catalogue.damaged", NULL);

    if (status == MEDHUB_OK && release[0] != SINGLE[0]) {
        struct sum_of *sum = sum_of(making, release);
        if (sum == NULL)
            status = error_say(error, "memory.out", NULL);
        else if (news != CATALOGUE_WITHDRAWAL)
            sum->sum += catalogue_change_digest(event);
    }
    catalogue_line_done(&read);
    return status;
}

static enum medhub_status make_one(void *context, const char *release, const char *text, struct medhub_error *error)
{
    json_t *event = json_loads(text, 0, NULL);
    enum medhub_status status = make_waiting(context, release, event, error);

    json_decref(event);
    return status;
}

static enum medhub_status note_applied(struct making *making, const char *name, int64_t now_ms, struct medhub_error *error)
{
    char announced[COPY_DIGEST_BYTES] = "", made[COPY_DIGEST_BYTES];
    const struct sum_of *sum = sum_of(making, name); /* a release may have no changes */

    if (sum == NULL)
        return error_say(error, "memory.out", NULL);
    (void)copy_release(making->copy, name, announced);
    (void)snprintf(made, sizeof made, "%016llx", (unsigned long long)sum->sum);
    if (announced[0] != '\0' && strcmp(announced, made) != 0)
        return error_say(error, "catalogue.damaged", "%s", name);
    const struct copy_release applied = {COPY_RELEASE_APPLIED, 0, name[0] == WITHDRAWALS[0] ? "" : made, now_ms};
    return copy_put_release(making->copy, name, &applied, error);
}

static enum medhub_status make_ready(struct making *making, int64_t now_ms, struct medhub_error *error)
{
    char name[RELEASE_BYTES];
    enum medhub_status status = copy_each_ready(making->copy, make_one, making, error);

    while (status == MEDHUB_OK && copy_ready_release(making->copy, name, sizeof name))
        status = note_applied(making, name, now_ms, error);
    return status;
}

enum medhub_status catalogue_apply_releases(struct catalogue_copy *copy, int64_t now_ms, struct medhub_error *error)
{
    struct making making = {.copy = copy};
    char name[RELEASE_BYTES];
    enum medhub_status status = copy_choose_ready(copy, error);

    while (status == MEDHUB_OK && copy_ready_release(copy, name, sizeof name)) {
        status = make_ready(&making, now_ms, error);
        if (status == MEDHUB_OK)
            status = copy_choose_ready(copy, error); /* what waited behind them */
    }
    free(making.sums);
    return status;
}
