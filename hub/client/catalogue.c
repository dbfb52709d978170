#include "client/catalogue.h"

#include "client/catalogue_answer.h"
#include "client/catalogue_copy.h"
#include "client/catalogue_files.h"
#include "client/catalogue_import.h"
#include "client/catalogue_lookup.h"
#include "client/catalogue_release.h"
#include "client/wire.h"

#include "base/date.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>


struct catalogue {
    struct medhub *hub;
    struct catalogue_copy *copy; /* lock; NULL: none */
    int64_t number;              /* of the copy's file */
    bool damaged;                /* lock: the next refresh takes a snapshot */
    bool was_late;               /* when the feed ended last, a release waited for changes */
    bool checked;                /* the copy was read through since it was opened */
    struct catalogue_scope scope; /* the worker's: of which regions it is to hold rows; asked for in each refresh */
    bool scope_known;             /* it was, in this one */
    bool must_weigh, weighed; /* the worker's: is a snapshot smaller than what is left of the changes; asked once in a refresh */

    bool wanted;               /* lock: somebody waits for a refresh */
    bool under_way;            /* the worker's */
    enum medhub_status result; /* lock: of the last refresh */
    struct medhub_error error;
    struct catalogue_import import;
};

/* ---- files ---- */

static void remove_others(const struct catalogue *catalogue)
{
    DIR *folder = opendir(catalogue->hub->settings.directory);
    char path[CATALOGUE_PATH_BYTES];

    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        int64_t number = catalogue_number(entry->d_name);
        if (number < 0 || number == catalogue->number)
            continue;
        catalogue_path(catalogue->hub->settings.directory, number, path);
        catalogue_remove_file(path);
    }
    if (folder != NULL)
        (void)closedir(folder);
    catalogue_path_of_import(catalogue->hub->settings.directory, path);
    catalogue_remove_file(path);
}

enum medhub_status catalogue_open(struct medhub *hub, struct catalogue **catalogue,
                                  struct medhub_error *error)
{
    struct catalogue *opened = calloc(1, sizeof *opened);
    struct medhub_error ignored = MEDHUB_ERROR_INIT;
    char path[CATALOGUE_PATH_BYTES];

    *catalogue = opened;
    if (opened == NULL)
        return error_say(error, "memory.out", NULL);
    opened->hub = hub;
    opened->error.size = opened->import.error.size = sizeof opened->error;
    opened->number = catalogue_highest_number(hub->settings.directory);
    if (opened->number >= 0) {
        catalogue_path(hub->settings.directory, opened->number, path);
        opened->damaged = copy_open(path, &opened->copy, &ignored) != MEDHUB_OK;
    }
    remove_others(opened);
    return MEDHUB_OK;
}

static void drop_import(struct catalogue *catalogue)
{
    char path[CATALOGUE_PATH_BYTES];

    copy_close(catalogue->import.copy);
    buffer_done(&catalogue->import.line);
    buffer_done(&catalogue->import.texts);
    buffer_done(&catalogue->import.counted);
    catalogue->import.copy = NULL;
    catalogue_path_of_import(catalogue->hub->settings.directory, path);
    catalogue_remove_file(path);
}

void catalogue_close(struct catalogue *catalogue)
{
    if (catalogue == NULL)
        return;
    if (catalogue->import.copy != NULL)
        drop_import(catalogue);
    copy_close(catalogue->copy);
    catalogue_scope_done(&catalogue->scope);
    free(catalogue);
}

/* ---- how a refresh ends; lock held ---- */

static void end_refresh(struct catalogue *catalogue, enum medhub_status status,
                        const struct medhub_error *error)
{
    catalogue->wanted = catalogue->scope_known = false;
    catalogue->result = status;
    error_copy(&catalogue->error, error);
    (void)pthread_cond_broadcast(&catalogue->hub->changed);
}

static void end_with_problem(struct catalogue *catalogue, const struct courier_answer *answer)
{
    struct medhub_error problem = MEDHUB_ERROR_INIT;
    enum medhub_status status = wire_problem(answer, &problem);

    handle_contact(catalogue->hub, &problem);
    (void)pthread_mutex_lock(&catalogue->hub->lock);
    end_refresh(catalogue, status, &problem);
    (void)pthread_mutex_unlock(&catalogue->hub->lock);
}

/* ---- which regions ---- */

/* An institution that came to another region, or is one of another now, has no rows of it, and changes do not bring them. */
static void compare_scope(struct catalogue *catalogue)
{
    (void)pthread_mutex_lock(&catalogue->hub->lock);
    if (catalogue->copy != NULL && !copy_has_scope(catalogue->copy, catalogue_scope_text(&catalogue->scope)))
        catalogue->damaged = true; /* a snapshot next */
    (void)pthread_mutex_unlock(&catalogue->hub->lock);
}

static void on_feeds(void *context, const struct courier_answer *answer)
{
    struct catalogue *catalogue = context;
    struct medhub_error error = MEDHUB_ERROR_INIT;

    catalogue->under_way = false;
    if (answer->status != 200) {
        end_with_problem(catalogue, answer);
        return;
    }
    catalogue->scope_known = catalogue_scope_read(&catalogue->scope, catalogue->hub->settings.organisation, answer->body);
    if (catalogue->scope_known) {
        compare_scope(catalogue);
        return;
    }
    (void)pthread_mutex_lock(&catalogue->hub->lock);
    end_refresh(catalogue, error_say(&error, "gateway.answer", WIRE_FEEDS_TARGET), &error);
    (void)pthread_mutex_unlock(&catalogue->hub->lock);
}

static enum medhub_status ask_feeds(struct catalogue *catalogue, struct medhub_error *error)
{
    const struct courier_request request = {.method = "GET",
                                            .target = WIRE_FEEDS_TARGET,
                                            .accept_encoding = "",
                                            .timeout_ms = catalogue->hub->settings.request_timeout_ms,
                                            .done = on_feeds,
                                            .context = catalogue};
    return courier_start(catalogue->hub->courier, &request, error);
}

/* ---- snapshot ---- */

static bool on_snapshot_piece(void *context, struct bytes piece)
{
    struct catalogue *catalogue = context;

    return catalogue_import_take(&catalogue->import, piece);
}

/* The new file is whole and on disk before it gets its name. */
static enum medhub_status name_import(struct catalogue *catalogue, int64_t number, struct medhub_error *error)
{
    char from[CATALOGUE_PATH_BYTES], to[CATALOGUE_PATH_BYTES];

    catalogue_path_of_import(catalogue->hub->settings.directory, from);
    catalogue_path(catalogue->hub->settings.directory, number, to);
    catalogue_remove_file(to);
    enum medhub_status status = catalogue_sync(from, O_RDWR, error);
    if (status != MEDHUB_OK)
        return status;
    if (rename(from, to) != 0)
        return error_say(error, "storage.failed", "%s: %s", to, strerror(errno));
    return catalogue_sync(catalogue->hub->settings.directory, O_RDONLY | O_DIRECTORY, error);
}

static enum medhub_status close_import(struct catalogue *catalogue, struct medhub_error *error)
{
    struct catalogue_import *import = &catalogue->import;
    int64_t now = clock_now_ms(catalogue->hub->clock);
    enum medhub_status status = catalogue_import_check(import);

    if (status != MEDHUB_OK)
        error_copy(error, &import->error);
    status = copy_end(import->copy, status, import->cursor, now, 0, error);
    if (status == MEDHUB_OK)
        status = copy_finish(import->copy, error);
    copy_close(import->copy);
    import->copy = NULL;
    return status;
}

static void switch_to(struct catalogue *catalogue, int64_t number, struct catalogue_copy *copy)
{
    (void)pthread_mutex_lock(&catalogue->hub->lock);
    struct catalogue_copy *old = catalogue->copy;
    catalogue->copy = copy;
    catalogue->number = number;
    catalogue->damaged = catalogue->was_late = false;
    catalogue->checked = true; /* row by row, as it came in */
    (void)pthread_mutex_unlock(&catalogue->hub->lock);
    copy_close(old);
    remove_others(catalogue);
}

static enum medhub_status take_import(struct catalogue *catalogue, struct medhub_error *error)
{
    struct catalogue_copy *copy = NULL;
    int64_t number = catalogue->number + 1;
    char path[CATALOGUE_PATH_BYTES];
    enum medhub_status status = close_import(catalogue, error);

    catalogue_path(catalogue->hub->settings.directory, number, path);
    if (status == MEDHUB_OK)
        status = name_import(catalogue, number, error);
    if (status == MEDHUB_OK)
        status = copy_open(path, &copy, error);
    if (status == MEDHUB_OK)
        switch_to(catalogue, number, copy);
    return status;
}

static void on_snapshot(void *context, const struct courier_answer *answer)
{
    struct catalogue *catalogue = context;
    struct medhub_error error = MEDHUB_ERROR_INIT;

    catalogue->under_way = false;
    if (answer->status == 0 && catalogue->import.status != MEDHUB_OK) { /* we broke it off */
        (void)pthread_mutex_lock(&catalogue->hub->lock);
        end_refresh(catalogue, catalogue->import.status, &catalogue->import.error);
        (void)pthread_mutex_unlock(&catalogue->hub->lock);
    } else if (answer->status != 200) {
        end_with_problem(catalogue, answer);
    } else {
        handle_contact(catalogue->hub, NULL);
        enum medhub_status status = take_import(catalogue, &error);
        (void)pthread_mutex_lock(&catalogue->hub->lock);
        if (status != MEDHUB_OK) /* else it goes on with the feed */
            end_refresh(catalogue, status, &error);
        (void)pthread_mutex_unlock(&catalogue->hub->lock);
    }
    drop_import(catalogue);
}

static enum medhub_status begin_import(struct catalogue *catalogue, struct medhub_error *error)
{
    struct catalogue_import *import = &catalogue->import;
    char path[CATALOGUE_PATH_BYTES];

    drop_import(catalogue);
    *import = (struct catalogue_import){.scope = &catalogue->scope, .error = MEDHUB_ERROR_INIT, .bytes_max = catalogue->hub->settings.snapshot_bytes_max,
                                        .begun_ms = clock_now_ms(catalogue->hub->clock)};
    buffer_init(&import->line, (size_t)catalogue->hub->settings.snapshot_row_bytes_max);
    buffer_init(&import->texts, 2 * (size_t)catalogue->hub->settings.snapshot_row_bytes_max);
    buffer_init(&import->counted, 2 * (size_t)catalogue->hub->settings.snapshot_row_bytes_max);
    catalogue_path_of_import(catalogue->hub->settings.directory, path);
    enum medhub_status status = copy_create(path, &import->copy, error);
    if (status == MEDHUB_OK)
        status = copy_begin(import->copy, error);
    return status == MEDHUB_OK ? copy_put_scope(import->copy, catalogue_scope_text(&catalogue->scope), error) : status;
}

static enum medhub_status ask_snapshot(struct catalogue *catalogue, struct medhub_error *error)
{
    const struct courier_request request = {
        .method = "GET",
        .target = WIRE_SNAPSHOT_TARGET,
        .accept_encoding = "",
        .timeout_ms = catalogue->hub->settings.snapshot_timeout_ms,
        .sink = on_snapshot_piece,
        .done = on_snapshot,
        .context = catalogue,
    };
    enum medhub_status status = begin_import(catalogue, error);
    return status == MEDHUB_OK ? courier_start(catalogue->hub->courier, &request, error) : status;
}

/* ---- what changes ---- */

static enum medhub_status apply_page(struct catalogue *catalogue, const struct wire_page *page,
                                     struct medhub_error *error)
{
    struct catalogue_copy *copy = catalogue->copy;
    struct copy_facts facts = copy_facts(copy);
    int64_t refreshed_ms = page->at_end ? clock_now_ms(catalogue->hub->clock) : facts.refreshed_ms;
    date_t today = date_in_china(clock_now_ms(catalogue->hub->clock));
    enum medhub_status status = copy_begin(copy, error);

    if (status != MEDHUB_OK)
        return status;
    for (size_t i = 0; i < json_array_size(page->events) && status == MEDHUB_OK; i++)
        status = catalogue_apply(copy, json_array_get(page->events, i), today, error);
    if (status == MEDHUB_OK)
        status = catalogue_apply_releases(copy, clock_now_ms(catalogue->hub->clock), error);
    return copy_end(copy, status, page->next, facts.snapshot_ms, refreshed_ms, error);
}

/* A release that still waits for changes although the feed ended twice will not get them: a snapshot has them. */
static void note_late(struct catalogue *catalogue)
{
    bool waits = copy_waits(catalogue->copy);

    catalogue->damaged |= waits && catalogue->was_late;
    catalogue->was_late = waits;
}

static void on_changes(void *context, const struct courier_answer *answer)
{
    struct catalogue *catalogue = context;
    struct medhub_error error = MEDHUB_ERROR_INIT;
    struct wire_page page = {0};

    catalogue->under_way = false;
    if (answer->status != 410 && !wire_page(answer, &page)) {
        end_with_problem(catalogue, answer);
        return;
    }
    handle_contact(catalogue->hub, NULL);
    (void)pthread_mutex_lock(&catalogue->hub->lock);
    if (answer->status == 410) {
        catalogue->damaged = true; /* too old: a snapshot next */
    } else {
        enum medhub_status status = apply_page(catalogue, &page, &error);
        catalogue->damaged |= status == MEDHUB_DAMAGED;
        if (status == MEDHUB_OK && page.at_end)
            note_late(catalogue);
        if (status == MEDHUB_OK && page.at_end)
            status = catalogue_answer(catalogue->hub, catalogue->copy, &error);
        if (status != MEDHUB_OK || page.at_end)
            end_refresh(catalogue, status, &error);
        catalogue->must_weigh = !page.at_end && !catalogue->weighed;
        catalogue->weighed = !page.at_end && catalogue->weighed;
    }
    (void)pthread_mutex_unlock(&catalogue->hub->lock);
    json_decref(page.root);
}

static enum medhub_status ask_changes(struct catalogue *catalogue, struct medhub_error *error)
{
    const struct client_settings *settings = &catalogue->hub->settings;
    char *cursor = NULL;
    enum medhub_status status = copy_cursor(catalogue->copy, &cursor, error);

    if (status != MEDHUB_OK)
        return status;
    char *target = wire_feed_target(WIRE_FEED_CATALOGUE, cursor, settings->feed_page_events, 0);
    const struct courier_request request = {.method = "GET",
                                            .target = target,
                                            .accept_encoding = "",
                                            .timeout_ms = settings->request_timeout_ms,
                                            .done = on_changes,
                                            .context = catalogue};
    status = target == NULL ? error_say(error, "memory.out", NULL)
                            : courier_start(catalogue->hub->courier, &request, error);
    free(target);
    free(cursor);
    return status;
}

/* ---- which is smaller ---- */

/* A gateway that does not say has us go on with the changes. */
static void on_weights(void *context, const struct courier_answer *answer)
{
    struct catalogue *catalogue = context;

    catalogue->under_way = catalogue->must_weigh = false;
    catalogue->weighed = true;
    (void)pthread_mutex_lock(&catalogue->hub->lock);
    catalogue->damaged |= wire_snapshot_is_smaller(answer);
    (void)pthread_mutex_unlock(&catalogue->hub->lock);
}

static enum medhub_status ask_weights(struct catalogue *catalogue, struct medhub_error *error)
{
    char *cursor = NULL;
    enum medhub_status status = copy_cursor(catalogue->copy, &cursor, error);
    char *target = status == MEDHUB_OK ? wire_catch_up_target(cursor) : NULL;
    const struct courier_request request = {.method = "GET",
                                            .target = target,
                                            .accept_encoding = "",
                                            .timeout_ms = catalogue->hub->settings.request_timeout_ms,
                                            .done = on_weights,
                                            .context = catalogue};

    if (status == MEDHUB_OK)
        status = target == NULL ? error_say(error, "memory.out", NULL)
                                : courier_start(catalogue->hub->courier, &request, error);
    free(target);
    free(cursor);
    return status;
}

static enum medhub_status ask_next(struct catalogue *catalogue, struct medhub_error *error)
{
    return catalogue->must_weigh ? ask_weights(catalogue, error) : ask_changes(catalogue, error);
}

/* Changes are only added to a copy that is what it was. Lock held. */
static bool is_whole(struct catalogue *catalogue)
{
    if (catalogue->copy == NULL || catalogue->damaged)
        return false;
    if (!catalogue->checked && copy_check(catalogue->copy, NULL) == MEDHUB_OK)
        catalogue->checked = true;
    catalogue->damaged = !catalogue->checked;
    return catalogue->checked;
}

void catalogue_step(struct catalogue *catalogue)
{
    struct medhub *hub = catalogue->hub;
    struct medhub_error error = MEDHUB_ERROR_INIT;

    if (catalogue->under_way)
        return;
    (void)pthread_mutex_lock(&hub->lock);
    if (catalogue->wanted) {
        enum medhub_status status = !catalogue->scope_known ? ask_feeds(catalogue, &error)
                                    : is_whole(catalogue)   ? ask_next(catalogue, &error)
                                                            : ask_snapshot(catalogue, &error);
        catalogue->under_way = status == MEDHUB_OK;
        if (status != MEDHUB_OK)
            end_refresh(catalogue, status, &error);
    }
    (void)pthread_mutex_unlock(&hub->lock);
}

/* ---- what callers ask ---- */

static bool is_refreshed(struct medhub *hub, void *context)
{
    (void)context;
    return !hub->catalogue->wanted;
}

enum medhub_status medhub_catalogue_refresh(struct medhub *hub, int timeout_ms, struct medhub_error *error)
{
    if (hub == NULL)
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    hub->catalogue->wanted = true;
    (void)pthread_mutex_unlock(&hub->lock);
    courier_wake(hub->courier);
    enum medhub_status status = handle_until(hub, is_refreshed, NULL, timeout_ms, error);
    if (status == MEDHUB_AGAIN)
        return error_say(error, "catalogue.pending", NULL);
    if (status != MEDHUB_OK)
        return status;
    (void)pthread_mutex_lock(&hub->lock);
    status = hub->catalogue->result;
    if (status != MEDHUB_OK)
        error_copy(error, &hub->catalogue->error);
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}

static bool is_region(const char *region)
{
    return strlen(region) == 6 && strspn(region, "0123456789") == 6;
}

/* As much of TEXT as needs no escape. */
static size_t plain_length(const char *text)
{
    size_t length = 0;
    while ((unsigned char)text[length] >= 0x20 && text[length] != '"' && text[length] != '\\')
        length++;
    return length;
}

static void append_member(struct buffer *out, const char *name, const char *text)
{
    buffer_append_text(out, name);
    for (;;) {
        size_t length = plain_length(text);
        buffer_append(out, text, length);
        if (text[length] == '\0')
            break;
        buffer_append_format(out, "\\u%04x", (unsigned)(unsigned char)text[length]);
        text += length + 1;
    }
    buffer_append_text(out, "\",");
}

/* The item lies there as JSON already. */
static char *row_json(const struct catalogue_row *row)
{
    struct buffer out;

    buffer_init(&out, SIZE_MAX);
    append_member(&out, "{\"table\":\"", row->table);
    append_member(&out, "\"code\":\"", row->code);
    append_member(&out, "\"region\":\"", row->region);
    append_member(&out, "\"validFrom\":\"", row->valid_from);
    append_member(&out, "\"validUntil\":\"", row->valid_until);
    buffer_append_text(&out, "\"item\":");
    buffer_append_text(&out, row->item);
    buffer_append_byte(&out, '}');
    (void)buffer_text(&out);
    if (buffer_ok(&out))
        return (char *)out.data;
    buffer_done(&out);
    return NULL;
}

static enum medhub_status note(struct catalogue *catalogue, enum medhub_status status, struct medhub_error *error)
{
    if (status == MEDHUB_NOT_FOUND)
        return error_say(error, "catalogue.absent", NULL);
    if (status == MEDHUB_DAMAGED)
        catalogue->damaged = true;
    return status;
}

/* Lock held. */
static enum medhub_status find(struct catalogue *catalogue, const char *table, const char *code,
                               const char *region, const char *date, char **json, struct medhub_error *error)
{
    struct catalogue_row row;

    enum medhub_status status = note(catalogue, copy_find(catalogue->copy, table, code, region, date, &row, error), error);
    if (status != MEDHUB_OK)
        return status;
    *json = row_json(&row);
    return *json == NULL ? error_say(error, "memory.out", NULL) : MEDHUB_OK;
}

static bool has_copy(const struct catalogue *catalogue)
{
    return catalogue->copy != NULL && copy_facts(catalogue->copy).snapshot_ms != 0;
}

static bool is_region_and_date(const char *region, const char *date)
{
    return is_region(region) && date_parse(bytes_of(date)) != DATE_NONE;
}

enum medhub_status medhub_catalogue_find(struct medhub *hub, const char *table, const char *code,
                                         const char *region, const char *date, char **json,
                                         struct medhub_error *error)
{
    if (hub == NULL || table == NULL || code == NULL || region == NULL || date == NULL || json == NULL)
        return error_say(error, "argument.missing", NULL);
    *json = NULL;
    if (!is_region_and_date(region, date))
        return error_say(error, "catalogue.date", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    enum medhub_status status = has_copy(hub->catalogue)
                                    ? find(hub->catalogue, table, code, region, date, json, error)
                                    : error_say(error, "catalogue.none", NULL);
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}

enum medhub_status medhub_catalogue_lookup(struct medhub *hub, const struct medhub_question *question, char **json,
                                           struct medhub_error *error)
{
    struct medhub_question asked = MEDHUB_QUESTION_INIT;

    if (question != NULL) /* of an older or newer header */
        memcpy(&asked, question, question->size < sizeof asked ? question->size : sizeof asked);
    if (hub == NULL || json == NULL || asked.table == NULL || asked.code == NULL || asked.region == NULL || asked.date == NULL)
        return error_say(error, "argument.missing", NULL);
    *json = NULL;
    if (!is_region_and_date(asked.region, asked.date))
        return error_say(error, "catalogue.date", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    struct catalogue *catalogue = hub->catalogue;
    enum medhub_status status =
        has_copy(catalogue)
            ? note(catalogue, catalogue_look_up(catalogue->copy, &asked, hub->settings.organisation, json, error), error)
            : error_say(error, "catalogue.none", NULL);
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}

enum medhub_status medhub_catalogue_check(struct medhub *hub, struct medhub_error *error)
{
    if (hub == NULL)
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    struct catalogue *catalogue = hub->catalogue;
    enum medhub_status status = MEDHUB_OK;
    if (catalogue->damaged)
        status = error_say(error, "catalogue.damaged", NULL);
    else if (catalogue->copy == NULL)
        status = error_say(error, "catalogue.none", NULL);
    else
        status = copy_check(catalogue->copy, error);
    if (status == MEDHUB_DAMAGED)
        catalogue->damaged = true;
    (void)pthread_mutex_unlock(&hub->lock);
    return status;
}

enum medhub_status medhub_catalogue_state(struct medhub *hub, struct medhub_catalogue_state *state,
                                          struct medhub_error *error)
{
    struct medhub_catalogue_state whole = MEDHUB_CATALOGUE_STATE_INIT;

    if (hub == NULL || state == NULL || state->size < sizeof state->size)
        return error_say(error, "argument.missing", NULL);
    (void)pthread_mutex_lock(&hub->lock);
    if (hub->catalogue->copy != NULL) {
        struct copy_facts facts = copy_facts(hub->catalogue->copy);
        whole.rows = facts.rows;
        whole.snapshot_ms = facts.snapshot_ms;
        whole.refreshed_ms = facts.refreshed_ms;
        (void)digest_sum_text(&facts.digest, whole.digest);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    whole.size = state->size;
    memcpy(state, &whole, state->size < sizeof whole ? state->size : sizeof whole);
    return MEDHUB_OK;
}

static void add_release(void *context, const char *id, const char *digest, int64_t applied_ms)
{
    (void)json_array_append_new(context, json_pack("{s:s, s:s, s:I}", "release", id, "digest", digest, "appliedMs",
                                                   (json_int_t)applied_ms));
}

enum medhub_status medhub_catalogue_releases(struct medhub *hub, char **json, struct medhub_error *error)
{
    if (hub == NULL || json == NULL)
        return error_say(error, "argument.missing", NULL);
    *json = NULL;
    json_t *releases = json_array();
    (void)pthread_mutex_lock(&hub->lock);
    enum medhub_status status = hub->catalogue->copy == NULL
                                    ? error_say(error, "catalogue.none", NULL)
                                    : copy_each_release(hub->catalogue->copy, add_release, releases, error);
    (void)pthread_mutex_unlock(&hub->lock);
    if (status == MEDHUB_OK)
        *json = json_dumps(releases, JSON_COMPACT);
    json_decref(releases);
    return status == MEDHUB_OK && *json == NULL ? error_say(error, "memory.out", NULL) : status;
}
