#include "ops/ctl/scratch.h"

#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"

#include "base/clock.h"
#include "flow/flow.h"
#include "flow/walk.h"
#include "kafka/topics.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_TOPICS "medhub.table."

enum { TOPICS_MAX = 32 };

static enum status make_directory(struct scratch *scratch)
{
    const char *temporary = getenv("TMPDIR");

    scratch->directory = arena_format(scratch->session->arena, "%s/medhub-ctl-XXXXXX",
                                      temporary == NULL || *temporary == '\0' ? "/tmp" : temporary);
    if (scratch->directory != NULL && mkdtemp(scratch->directory) != NULL)
        return STATUS_OK;
    int cause = errno;
    scratch->directory = NULL;
    return fault_fatal(scratch->fault, "state.directory", "no temporary folder: %s", strerror(cause));
}

static enum status open_tables(struct scratch *scratch)
{
    const struct store_settings settings = {.directory = scratch->directory,
                                            .boot_id = "",
                                            .map_bytes = (size_t)scratch->session->settings.state_map_bytes};
    bool empty = false;

    enum status status = tables_open(&settings, &scratch->tables, &empty, scratch->fault);
    return status == STATUS_OK ? tables_begin(scratch->tables, scratch->fault) : status;
}

static bool take_row(void *self, struct record *record)
{
    struct scratch *scratch = self;

    if (scratch->until_ms >= 0 && record->timestamp_ms > scratch->until_ms) {
        scratch->later++;
        return true;
    }
    scratch->status = tables_apply(scratch->tables, record->key, record->value, scratch->fault);
    say_count(scratch->call, "正在读取全量表", "reading the tables", ++scratch->rows, 0);
    return scratch->status == STATUS_OK;
}

static bool is_wanted(const struct scratch *scratch, const char *topic)
{
    size_t length = strlen(TABLE_TOPICS);

    return strncmp(topic, TABLE_TOPICS, length) == 0 && (scratch->only == NULL || strcmp(topic + length, scratch->only) == 0);
}

static enum status read_tables(struct scratch *scratch)
{
    const char *names[TOPICS_MAX];
    struct scan_request request = {.topics = names, .since_ms = -1, .until_ms = -1};
    struct topics topics;

    enum status status = topics_shipped(scratch->session->arena, &topics, scratch->fault);
    for (size_t i = 0; status == STATUS_OK && i < topics.count && request.topic_count < TOPICS_MAX; i++)
        if (is_wanted(scratch, topics.rows[i].name))
            names[request.topic_count++] = topics.rows[i].name;
    if (status == STATUS_OK)
        status = scan_topics(scratch->session, &request, take_row, scratch, scratch->fault);
    say_count_end(scratch->call);
    if (status == STATUS_OK)
        status = scratch->status;
    if (status == STATUS_OK)
        status = tables_commit(scratch->tables, scratch->fault);
    if (status == STATUS_OK)
        status = tables_reader_open(scratch->tables, &scratch->reader, scratch->fault);
    return status == STATUS_OK ? tables_reader_renew(scratch->reader, scratch->fault) : status;
}

/* With the hub's own function, so that both count days alike. */
static enum status read_calendar(struct scratch *scratch)
{
    const struct shared shared = {.settings = &scratch->session->settings, .tables = scratch->tables};
    struct flow *flow = calloc(1, sizeof *flow);

    if (flow == NULL)
        return fault_fatal(scratch->fault, "memory.out", "no memory for the calendar");
    flow->shared = &shared;
    flow->tables = scratch->reader;
    flow->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    flow->now_ms = scratch->until_ms >= 0 ? scratch->until_ms : clock_now_ms(clock_system());
    enum status status = flow->arena == NULL ? fault_fatal(scratch->fault, "memory.out", "no memory for the calendar")
                                             : walk_refresh_calendar(flow, scratch->fault);
    scratch->calendar = flow->calendar;
    scratch->dedupe_days = flow->dedupe_days;
    arena_free(flow->arena);
    free(flow);
    return status;
}

static enum status open_scratch(struct scratch *scratch)
{
    enum status status = make_directory(scratch);
    if (status == STATUS_OK)
        status = open_tables(scratch);
    if (status == STATUS_OK)
        status = read_tables(scratch);
    return status == STATUS_OK ? read_calendar(scratch) : status;
}

enum status scratch_open(struct call *call, struct session *session, int64_t until_ms, struct scratch *scratch,
                         struct fault *fault)
{
    *scratch = (struct scratch){.call = call, .session = session, .until_ms = until_ms, .fault = fault};
    return open_scratch(scratch);
}

enum status scratch_open_only(struct call *call, struct session *session, const char *table, struct scratch *scratch,
                              struct fault *fault)
{
    *scratch = (struct scratch){.call = call, .session = session, .until_ms = -1, .only = table, .fault = fault};
    return open_scratch(scratch);
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status, (void)flag, (void)place;
    return remove(path);
}

void scratch_close(struct scratch *scratch)
{
    calendar_free(scratch->calendar);
    tables_reader_close(scratch->reader);
    tables_close(scratch->tables);
    if (scratch->directory != NULL)
        (void)nftw(scratch->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS); /* ignoring: it is temporary */
    *scratch = (struct scratch){0};
}
