/* catalogue_release.c: ctl catalogue publish | withdraw | status. */
#include "ops/ctl/catalogue_release.h"

#include "ops/ctl/catalogue_sender.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"
#include "ops/ctl/scratch.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/log.h"
#include "base/hash.h"
#include "domain/catalogue_key.h"
#include "domain/release.h"
#include "event/pack.h"
#include "event/unpack.h"
#include "gateway/uptake.h"
#include "kafka/reader.h"
#include "state/changelog.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FACTS "medhub.fact.catalogue"
enum { POLL_MS = 200, WAIT_S = 120, AUDIENCE_MAX = 10000 };

/* ---- where it stands ---- */

struct release_search {
    struct arena *arena;
    struct bytes key;
    struct catalogue_release *read;
    struct fault *fault;
    enum status status;
};

static bool look_at_row(void *self, struct record *record)
{
    struct release_search *search = self;
    struct bytes entity, name;
    enum row_kind kind = ROW_STATE;
    bool is_release, is_tally;

    if (record->key.length < 2 || record->key.data[0] != CHANGELOG_ROW ||
        !row_key_split(bytes_from(record->key.data + 1, record->key.length - 1), &entity, &kind, &name) ||
        kind != ROW_STATE || !bytes_equal(entity, search->key))
        return true;
    is_release = bytes_equal_text(name, "release");
    is_tally = bytes_equal_text(name, "tally");
    if (!is_release && !is_tally)
        return true;
    ProtobufCMessage *message = NULL;
    if (record->value.data != NULL) {
        struct bytes kept = arena_bytes(search->arena, record->value);
        search->status = unpack_message(schema_of(is_release ? RELEASE_STATE : RELEASE_TALLY), kept, search->arena,
                                        &message, search->fault);
    }
    if (is_release)
        search->read->state = (ReleaseState *)message;
    else
        search->read->tally = (ReleaseTally *)message;
    return search->status == STATUS_OK;
}

enum status catalogue_release_read(struct session *session, const char *release, struct catalogue_release *read,
                                   struct fault *fault)
{
    static const char *const topics[] = {"medhub.state.item"};
    struct release_search search = {.arena = session->arena, .read = read, .fault = fault};
    const char *key = arena_format(session->arena, "release/%s", release);

    *read = (struct catalogue_release){NULL, NULL};
    search.key = key == NULL ? BYTES_NONE : bytes_of(key);
    const struct scan_request request = {
        .topics = topics, .topic_count = 1, .since_ms = -1, .until_ms = -1, .key = search.key};
    enum status status = scan_topics(session, &request, look_at_row, &search, fault);
    return status == STATUS_OK ? search.status : status;
}

static void put_number(json_t *object, const char *name, uint64_t number)
{
    (void)json_object_set_new(object, name, json_integer((json_int_t)number));
}

static void put_digest(json_t *object, const char *name, uint64_t digest)
{
    char text[17];
    (void)snprintf(text, sizeof text, "%016" PRIx64, digest);
    (void)json_object_set_new(object, name, json_string(text));
}

static json_t *counts_json(const ReleaseTally *tally)
{
    json_t *counts = json_object();

    for (size_t i = 0; tally != NULL && i < tally->n_counts; i++)
        put_number(counts, catalogue_change_name(tally->counts[i]->change), tally->counts[i]->count);
    return counts;
}

static json_t *status_json(const char *id, const struct catalogue_release *release)
{
    const ReleaseState *state = release->state;
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "release", id, "status", release_status_name(state), "region",
                               state->region, "publisher", state->publisher);
    json_t *proposers = json_array();

    for (size_t i = 0; i < state->n_proposers; i++)
        (void)json_array_append_new(proposers, json_string(state->proposers[i]));
    (void)json_object_set_new(object, "proposers", proposers);
    (void)json_object_set_new(object, "approver", json_string(state->approver));
    (void)json_object_set_new(object, "version", json_string(state->version));
    (void)json_object_set_new(object, "effectiveOn", json_string(state->effective_on));
    put_number(object, "stagedItems", state->staged_count);
    put_digest(object, "stagedDigest", state->staged_digest);
    put_number(object, "told", state->told_count);
    put_number(object, "same", state->same_count);
    put_number(object, "answered", release->tally == NULL ? 0 : release->tally->item_count);
    (void)json_object_set_new(object, "counts", counts_json(release->tally));
    if (release->tally != NULL)
        put_digest(object, "digest", release_digest_number(release->tally->digest));
    put_number(object, "applied", state->applied_count);
    put_number(object, "different", state->different_count);
    return object;
}

static enum exit_code say_unknown(struct call *call, const char *release)
{
    return say_refusal(call, EXIT_NOT_FOUND, "release.unknown", "没有该版本", "there is no release %s", release);
}

static enum exit_code status_command(struct call *call)
{
    struct catalogue_release release;
    struct session session;
    struct fault fault = {0};

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    enum status status = catalogue_release_read(&session, call->arguments[0], &release, &fault);
    if (status != STATUS_OK)
        result = say_fault(call, &fault);
    else if (release.state == NULL)
        result = say_unknown(call, call->arguments[0]);
    else if (!output_object(call, status_json(call->arguments[0], &release)))
        result = EXIT_FAILED;
    session_close(&session);
    return result;
}

/* ---- publish ---- */

struct release_options {
    const char *effective, *approver, *by, *source, *version, *document, *digest, *reason;
    int64_t audience, timeout_s;
    bool no_wait;
};

/* What is approved is what stands there now; with --digest, what the approver has seen. */
static enum exit_code fill_approval(struct call *call, struct session *session, const struct catalogue_release *release,
                                    ReleaseApproved *said)
{
    const struct release_options *options = call->options;
    const char *id = call->arguments[0];
    char digest[17];

    (void)snprintf(digest, sizeof digest, "%016" PRIx64, release->state->staged_digest);
    if (options->digest != NULL && strcmp(options->digest, digest) != 0)
        return say_refusal(call, EXIT_PRECONDITION, "release.digest", "暂存内容的摘要与所看到的不同",
                           "what is staged has digest %s, not %s", digest, options->digest);
    said->item_key = arena_format(session->arena, "release/%s", id);
    said->release = (char *)id;
    said->region = release->state->region;
    said->approver = (char *)options->approver;
    said->effective_on = (char *)options->effective;
    said->item_count = release->state->staged_count;
    said->staged_digest = release_digest_bytes(session->arena, release->state->staged_digest);
    said->version = (char *)(options->version == NULL ? id : options->version);
    said->document = (char *)(options->document == NULL ? "" : options->document);
    said->audience_count = options->audience < 0 ? 0 : (uint64_t)options->audience;
    return said->item_key == NULL || said->staged_digest.data == NULL ? EXIT_FAILED : EXIT_OK;
}

/* ---- who is to answer ---- */

struct audience {
    struct arena *arena;
    char **ids; /* the first AUDIENCE_MAX */
    size_t count;
    bool failed;
};

static bool add_institution(void *context, const char *id)
{
    struct audience *audience = context;
    char *kept = audience->count < AUDIENCE_MAX ? arena_text(audience->arena, bytes_of(id)) : NULL;

    audience->failed |= audience->count < AUDIENCE_MAX && kept == NULL;
    if (kept != NULL)
        audience->ids[audience->count] = kept;
    audience->count++;
    return !audience->failed;
}

/* Those of the release's region that take part today, by the registry: by name, so that reminders can name who is late. They live in
 * the session's arena. */
static enum exit_code name_audience(struct call *call, struct session *session, ReleaseApproved *said)
{
    struct audience audience = {.arena = session->arena, .ids = arena_take(session->arena, AUDIENCE_MAX * sizeof *audience.ids)};
    struct arena *reading = arena_new(64 * 1024, 1024 * 1024);
    struct scratch scratch;
    struct fault fault = {0};

    enum status status = scratch_open_only(call, session, TABLE_REGISTRY, &scratch, &fault);
    audience.failed = audience.ids == NULL || reading == NULL;
    if (status == STATUS_OK && !audience.failed)
        uptake_each_institution(scratch.reader, said->region, date_in_china(clock_now_ms(clock_system())), reading,
                                add_institution, &audience);
    scratch_close(&scratch);
    arena_free(reading);
    if (status != STATUS_OK)
        return say_fault(call, &fault);
    if (audience.failed)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    said->audience_count = audience.count;
    if (audience.count > AUDIENCE_MAX) {
        say("机构过多，逾期提醒只报数目", "%zu institutions are too many to be named: reminders tell their number", audience.count);
    } else {
        said->audience = audience.ids;
        said->n_audience = audience.count;
    }
    return EXIT_OK;
}

static enum exit_code send(struct call *call, struct catalogue_sender *sender, const char *type, const char *key,
                           const ProtobufCMessage *message)
{
    struct session *session = catalogue_sender_session(sender);
    const char *id = arena_format(session->arena, "%s/%lld", key, (long long)clock_now_ms(clock_system()));
    struct bytes value = pack_message(message, session->arena);

    if (id == NULL || value.data == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    return catalogue_sender_send(sender, type, key, id, value);
}

/* What the hub states of the release from now on. */
struct listening {
    struct reader *reader;
    struct bytes key;
    struct arena *arena;
    uint64_t items;
};

static enum status begin_listening(struct session *session, const char *key, struct listening *listening, struct fault *fault)
{
    int32_t count = 0;
    int64_t low = 0, high = 0;

    *listening = (struct listening){.key = bytes_of(key), .arena = arena_new(4096, 4 * 1024 * 1024)};
    enum status status = listening->arena == NULL ? fault_fatal(fault, "memory.out", "no memory")
                                                : reader_open(&session->client, true, &listening->reader, fault);
    if (status == STATUS_OK)
        status = reader_partition_count(listening->reader, FACTS, SESSION_TIMEOUT_MS, &count, fault);
    if (status == STATUS_OK && count == 0)
        return fault_fatal(fault, "topic.missing", "there is no topic " FACTS);
    int32_t partition = status == STATUS_OK ? hash_kafka_partition(listening->key, count) : 0;
    if (status == STATUS_OK)
        status = reader_watermarks(listening->reader, FACTS, partition, SESSION_TIMEOUT_MS, &low, &high, fault);
    return status == STATUS_OK ? reader_add(listening->reader, FACTS, partition, high, fault) : status;
}

static uint64_t counted_items(struct listening *listening, const struct record *record)
{
    ProtobufCMessage *message = NULL;
    struct fault ignored; /* it is only for the eye */

    return unpack_message(schema_of(RELEASE_ITEM_COUNTED), record->value, listening->arena, &message, &ignored) == STATUS_OK
               ? ((const ReleaseItemCounted *)message)->n_items
               : 0;
}

static bool says_the_end(struct listening *listening, const struct record *record)
{
    arena_reset(listening->arena);
    if (!bytes_equal(record->key, listening->key))
        return false;
    const char *type = decode_header(record, "ce_type", listening->arena);
    if (strcmp(type, RELEASE_ITEM_COUNTED_TYPE) == 0)
        listening->items += counted_items(listening, record);
    return strcmp(type, RELEASE_PUBLISHED_TYPE) == 0 || strcmp(type, RELEASE_TAKEN_BACK_TYPE) == 0;
}

static enum exit_code wait_until_done(struct call *call, struct listening *listening)
{
    const struct release_options *options = call->options;
    int64_t until_us = clock_monotonic_us() + (options->timeout_s < 0 ? WAIT_S : options->timeout_s) * 1000000;
    bool done = false;

    while (!done && !stop_requested() && clock_monotonic_us() < until_us) {
        struct record record = {0};
        struct fault fault = {0};
        enum reader_result result = reader_poll(listening->reader, POLL_MS, &record, &fault);
        if (result == READER_ERROR)
            return say_fault(call, &fault);
        if (result != READER_RECORD)
            continue;
        done = says_the_end(listening, &record);
        record_release(&record);
        say_count(call, "已告知条目", "items told", listening->items, 0);
    }
    say_count_end(call);
    if (!done)
        say("尚未完成，可用 ctl catalogue status 查看", "not done yet: see ctl catalogue status");
    return done ? EXIT_OK : EXIT_PENDING;
}

static enum exit_code summarise(struct call *call, struct session *session, json_t **summary)
{
    struct catalogue_release release;
    struct fault fault = {0};

    if (catalogue_release_read(session, call->arguments[0], &release, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    *summary = release.state == NULL ? NULL : status_json(call->arguments[0], &release);
    return EXIT_OK;
}

/* Sends MESSAGE; waits until every item is told, if there is something to tell (IS_TOLD). */
static enum exit_code decide(struct call *call, struct catalogue_sender *sender, const char *type, const char *key,
                             const ProtobufCMessage *message, bool is_told)
{
    const struct release_options *options = call->options;
    struct session *session = catalogue_sender_session(sender);
    struct listening listening;
    struct fault fault = {0};
    json_t *summary = NULL;

    enum exit_code result = key != NULL && begin_listening(session, key, &listening, &fault) == STATUS_OK
                                ? send(call, sender, type, key, message)
                                : say_fault(call, &fault);
    if (result == EXIT_OK)
        result = catalogue_sender_settle(sender);
    if (result == EXIT_OK && is_told && !options->no_wait)
        result = wait_until_done(call, &listening);
    if (result == EXIT_OK)
        result = summarise(call, session, &summary);
    reader_close(listening.reader);
    arena_free(listening.arena);
    return catalogue_sender_close(sender, result, summary);
}

static enum exit_code publish_command(struct call *call)
{
    const struct release_options *options = call->options;
    struct catalogue_sender *sender = NULL;
    struct catalogue_release release;
    struct fault fault = {0};

    if (options->effective == NULL || options->approver == NULL)
        return say_refusal(call, EXIT_USAGE, "catalogue.options", "须给出 --effective 与 --approver",
                           "--effective and --approver are needed");
    enum exit_code result = catalogue_sender_open(call, options->source, -1, &sender);
    if (result != EXIT_OK)
        return result;
    struct session *session = catalogue_sender_session(sender);
    ReleaseApproved said = MEDHUB__CATALOGUE__V1__RELEASE_APPROVED__INIT;
    if (catalogue_release_read(session, call->arguments[0], &release, &fault) != STATUS_OK)
        result = say_fault(call, &fault);
    else if (release.state == NULL)
        result = say_unknown(call, call->arguments[0]);
    else
        result = fill_approval(call, session, &release, &said);
    if (result == EXIT_OK && options->audience < 0)
        result = name_audience(call, session, &said);
    return result == EXIT_OK ? decide(call, sender, RELEASE_APPROVED_TYPE, said.item_key, &said.base, true)
                             : catalogue_sender_close(sender, result, NULL);
}

/* ---- withdraw ---- */

static enum exit_code withdraw_command(struct call *call)
{
    const struct release_options *options = call->options;
    struct catalogue_sender *sender = NULL;
    struct catalogue_release release;
    struct fault fault = {0};

    if (options->by == NULL)
        return say_refusal(call, EXIT_USAGE, "catalogue.options", "须给出 --by", "--by is needed");
    enum exit_code result = catalogue_sender_open(call, options->source, -1, &sender);
    if (result != EXIT_OK)
        return result;
    struct session *session = catalogue_sender_session(sender);
    if (catalogue_release_read(session, call->arguments[0], &release, &fault) != STATUS_OK)
        result = say_fault(call, &fault);
    else if (release.state == NULL)
        result = say_unknown(call, call->arguments[0]);
    if (result != EXIT_OK)
        return catalogue_sender_close(sender, result, NULL);
    ReleaseWithdrawn said = MEDHUB__CATALOGUE__V1__RELEASE_WITHDRAWN__INIT;
    said.item_key = arena_format(session->arena, "release/%s", call->arguments[0]);
    said.release = (char *)call->arguments[0];
    said.region = release.state->region;
    said.withdrawn_by = (char *)options->by;
    said.reason = (char *)(options->reason == NULL ? "" : options->reason);
    return decide(call, sender, RELEASE_WITHDRAWN_TYPE, said.item_key, &said.base,
                  release.state->status == RELEASE_IS_PUBLISHED);
}

/* ---- the rows ---- */

#define RELEASE(member) offsetof(struct release_options, member)
#define SHARED_OPTIONS                                                                                                      \
    {"source", 0, OPTION_TEXT, RELEASE(source), "ORG", "who says it; medhub, the hub's operator",                           \
     "发布机构，默认为枢纽自身", 0, 0},                                                                                     \
        {"no-wait", 0, OPTION_FLAG, RELEASE(no_wait), NULL, "only until it is decided, not until every item is told",       \
         "只等受理，不等全部告知", 0, 0},                                                                                   \
    {                                                                                                                       \
        "timeout", 0, OPTION_NUMBER, RELEASE(timeout_s), "SECONDS", "wait at most so long; 120", "最多等待多久", 1, 86400   \
    }

static const struct option publish_options[] = {
    {"effective", 'e', OPTION_TEXT, RELEASE(effective), "DATE", "first day, by day of service", "生效日（按服务日期）", 0, 0},
    {"approver", 0, OPTION_TEXT, RELEASE(approver), "PERSON", "who approves it: none of those who proposed it",
     "批准人，不得是提交人", 0, 0},
    {"digest", 0, OPTION_TEXT, RELEASE(digest), "HEX", "publish only if what is staged has it", "须与暂存内容的摘要一致", 0, 0},
    {"version", 0, OPTION_TEXT, RELEASE(version), "TEXT", "as people call it; the release's ID", "版本名称", 0, 0},
    {"document", 0, OPTION_TEXT, RELEASE(document), "TEXT", "the notice it comes from", "依据文件", 0, 0},
    {"audience", 0, OPTION_NUMBER, RELEASE(audience), "COUNT",
     "so many institutions are to answer, not named; without: those of its region, by name, so that reminders name who is late",
     "应回告启用的机构数（不点名）；缺省为本地区全部机构，逾期提醒逐一点名", 0, 0},
    SHARED_OPTIONS,
};
static const struct option withdraw_options[] = {
    {"by", 0, OPTION_TEXT, RELEASE(by), "PERSON", "who withdraws it", "撤回人", 0, 0},
    {"reason", 0, OPTION_TEXT, RELEASE(reason), "TEXT", "why", "理由", 0, 0},
    SHARED_OPTIONS,
};
const struct command command_catalogue_publish = {"ctl catalogue publish",
                                                  "RELEASE",
                                                  "批准并发布已暂存的目录版本（四眼原则）",
                                                  "approve and publish a staged release; not by who proposed it",
                                                  NULL,
                                                  publish_options,
                                                  sizeof publish_options / sizeof *publish_options,
                                                  sizeof(struct release_options),
                                                  1,
                                                  1,
                                                  USES_KAFKA | USES_ROWS,
                                                  publish_command};
const struct command command_catalogue_withdraw = {"ctl catalogue withdraw",
                                                   "RELEASE",
                                                   "在生效日之前撤回目录版本",
                                                   "take a release back before its day",
                                                   NULL,
                                                   withdraw_options,
                                                   sizeof withdraw_options / sizeof *withdraw_options,
                                                   sizeof(struct release_options),
                                                   1,
                                                   1,
                                                   USES_KAFKA | USES_ROWS,
                                                   withdraw_command};
const struct command command_catalogue_status = {"ctl catalogue status",
                                                 "RELEASE",
                                                 "目录版本进行到哪一步",
                                                 "where a release stands: counts, digests, who proposed and approved it",
                                                 NULL,
                                                 NULL,
                                                 0,
                                                 0,
                                                 1,
                                                 1,
                                                 USES_KAFKA | USES_ROWS,
                                                 status_command};
