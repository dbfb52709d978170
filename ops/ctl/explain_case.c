#include "ops/ctl/explain_case.h"

#include "ops/ctl/parked_record.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"

#include "event/pack.h"

#include <string.h>

enum { ANSWERS_MAX = 256, CASE_BYTES_MAX = 1024 * 1024 * 1024 };

/* Receipts that may be the one. */
struct answers {
    struct explain_case *of;
    struct arena *scratch; /* of one record */
    const struct event_position *position; /* wanted by position; or */
    const char *source, *id;               /* by both; or */
    const char *name;                      /* by "ID" or "SOURCE/ID" */
    const Receipt *items[ANSWERS_MAX];
    size_t count;
};

/* ---- receipts ---- */

static bool is_at(const Receipt *receipt, const struct event_position *position)
{
    return receipt->input_partition == position->partition && receipt->input_offset == position->offset &&
           strcmp(receipt->input_topic, position->topic) == 0;
}

static bool is_named(const char *source, const char *id, const char *name)
{
    size_t length = strlen(source);

    return strcmp(id, name) == 0 ||
           (strncmp(name, source, length) == 0 && name[length] == '/' && strcmp(name + length + 1, id) == 0);
}

static bool is_wanted(const struct answers *answers, const Receipt *receipt)
{
    if (answers->position != NULL)
        return is_at(receipt, answers->position);
    if (answers->name != NULL)
        return is_named(receipt->source, receipt->id, answers->name);
    return strcmp(receipt->source, answers->source) == 0 && strcmp(receipt->id, answers->id) == 0;
}

static bool look_at_receipt(void *self, struct record *record)
{
    struct answers *answers = self;
    struct arena *arena = answers->of->session->arena;

    arena_reset(answers->scratch);
    const Receipt *seen = receipt_read(record->value, answers->scratch);
    if (seen == NULL || !is_wanted(answers, seen))
        return true;
    const Receipt *kept = receipt_read(arena_bytes(arena, record->value), arena);
    if (kept != NULL)
        answers->items[answers->count++] = kept;
    return answers->count < ANSWERS_MAX && answers->position == NULL;
}

static enum status scan_receipts(struct answers *answers, struct fault *fault)
{
    static const char *const names[] = {TOPIC_RECEIPT};
    struct scan_request request = {.topics = names, .topic_count = 1, .since_ms = -1, .until_ms = -1};

    if (answers->source != NULL)
        request.key = bytes_of(answers->source[0] == '\0' ? "unknown" : answers->source);
    answers->scratch = arena_new(64 * 1024, 64 * 1024 * 1024);
    if (answers->scratch == NULL)
        return fault_fatal(fault, "memory.out", "no memory to look for the event");
    enum status status = scan_topics(answers->of->session, &request, look_at_receipt, answers, fault);
    arena_free(answers->scratch);
    return status;
}

/* What decided it: the acceptance if there is one, else the last refusal, else the first answer. */
static const Receipt *choose(const struct answers *answers)
{
    const Receipt *chosen = NULL;

    for (size_t i = 0; i < answers->count; i++) {
        const Receipt *each = answers->items[i];
        if (each->outcome == MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED)
            return each;
        if (each->outcome == MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED || chosen == NULL)
            chosen = each;
    }
    return chosen;
}

static bool is_one_source(const struct answers *answers)
{
    for (size_t i = 1; i < answers->count; i++)
        if (strcmp(answers->items[i]->source, answers->items[0]->source) != 0)
            return false;
    return true;
}

static bool came_before(const struct explain_case *to, const Receipt *receipt)
{
    return receipt->decided_at_ms < to->decided_at_ms ||
           (receipt->decided_at_ms == to->decided_at_ms && receipt->input_offset < to->input.offset);
}

/* The last answer to the same key, source and id before this one that dedupe remembered. */
static void note_first(struct explain_case *to, const struct answers *answers)
{
    to->answers = answers->count;
    for (size_t i = 0; i < answers->count; i++) {
        const Receipt *each = answers->items[i];
        if (came_before(to, each) && strcmp(each->key, to->key) == 0 && explain_is_remembered(each) &&
            (to->first == NULL || each->decided_at_ms >= to->first->decided_at_ms))
            to->first = each;
    }
}

static void take_receipt(struct explain_case *to, const Receipt *receipt)
{
    to->receipt = receipt;
    to->input = (struct event_position){receipt->input_topic, receipt->input_partition, receipt->input_offset};
    to->decided_at_ms = receipt->decided_at_ms;
    to->type = receipt->type;
    to->key = receipt->key;
}

/* ---- facts ---- */

static bool take_fact(struct explain_case *to, const struct record *record)
{
    struct arena *arena = to->session->arena;
    struct bytes provenance = BYTES_NONE;

    (void)pack_original(record->value, &provenance);
    const Provenance *from =
        (const Provenance *)receipt_unpack("medhub.event.v1.Provenance", arena_bytes(arena, provenance), arena);
    if (provenance.data == NULL || from == NULL)
        return false;
    to->input = (struct event_position){from->topic, from->partition, from->offset};
    to->decided_at_ms = from->decided_at_ms;
    to->type = decode_header(record, "ce_type", arena);
    to->key = arena_text(arena, record->key);
    for (size_t i = 0; i < to->lanes.lane_count; i++)
        if (strcmp(to->lanes.lanes[i].fact_topic, record->topic) == 0)
            to->keyspace = to->lanes.lanes[i].keyspace;
    return true;
}

struct fact_search {
    struct explain_case *to;
    struct arena *scratch;
    bool found;
};

static bool look_for_fact(void *self, struct record *record)
{
    struct fact_search *search = self;

    arena_reset(search->scratch);
    if (!is_named(decode_header(record, "ce_source", search->scratch), decode_header(record, "ce_id", search->scratch),
                  search->to->name))
        return true;
    search->found = take_fact(search->to, record);
    return !search->found;
}

static enum status find_fact(struct explain_case *to, bool *found, struct fault *fault)
{
    const char *names[LANES_MAX];
    struct scan_request request = {.topics = names, .since_ms = -1, .until_ms = -1};
    struct fact_search search = {.to = to, .scratch = arena_new(64 * 1024, 1024 * 1024)};

    if (search.scratch == NULL)
        return fault_fatal(fault, "memory.out", "no memory to look for the event");
    for (size_t i = 0; i < to->lanes.lane_count; i++)
        names[request.topic_count++] = to->lanes.lanes[i].fact_topic;
    enum status status = scan_topics(to->session, &request, look_for_fact, &search, fault);
    arena_free(search.scratch);
    *found = search.found;
    return status;
}

/* ---- what EVENT names ---- */

/* A record of a fact, a receipt or a parked refusal leads to the input that it came from. */
static bool follow(struct explain_case *to, const struct record *record)
{
    struct arena *arena = to->session->arena;

    if (strncmp(record->topic, "medhub.fact.", 12) == 0)
        return take_fact(to, record);
    if (strcmp(record->topic, TOPIC_RECEIPT) == 0) {
        const Receipt *receipt = receipt_read(arena_bytes(arena, record->value), arena);
        if (receipt != NULL)
            take_receipt(to, receipt);
        return receipt != NULL;
    }
    if (strcmp(record->topic, TOPIC_PARKED) == 0) {
        const struct parked parked = parked_read(record, arena);
        to->input = (struct event_position){parked.input_topic, (int32_t)parked.input_partition, parked.input_offset};
        return true;
    }
    return true; /* an inbox: the position is the input's */
}

static enum status find_by_position(struct explain_case *to, bool *found, struct fault *fault)
{
    struct fetched fetched;
    bool inbox = lane_of_inbox(&to->lanes, to->input.topic) != NULL;

    enum status status = fetch_record(to->session, &to->input, &fetched, fault);
    *found = inbox || (fetched.record.message != NULL && follow(to, &fetched.record));
    fetch_done(&fetched);
    if (status != STATUS_OK || !*found || to->receipt != NULL || strcmp(to->input.topic, "timer") == 0)
        return status;
    struct answers answers = {.of = to, .position = &to->input};
    status = scan_receipts(&answers, fault);
    if (answers.count > 0)
        take_receipt(to, answers.items[0]);
    *found = answers.count > 0 || to->key != NULL; /* a fact is enough */
    return status;
}

static enum exit_code say_ambiguous(const struct explain_case *to, const struct answers *answers)
{
    return say_refusal(to->call, EXIT_USAGE, "explain.ambiguous", "多个来源使用此编号，请写明 来源/编号",
                       "several sources use that id: say SOURCE/ID, e.g. %s/%s", answers->items[0]->source,
                       answers->items[0]->id);
}

static enum exit_code find_by_name(struct explain_case *to, bool *found)
{
    struct answers answers = {.of = to, .name = to->name};
    struct fault fault = {0};

    enum status status = scan_receipts(&answers, &fault);
    if (status == STATUS_OK && answers.count > 0 && !is_one_source(&answers))
        return say_ambiguous(to, &answers);
    *found = answers.count > 0;
    if (*found)
        take_receipt(to, choose(&answers));
    else if (status == STATUS_OK)
        status = find_fact(to, found, &fault);
    if (status == STATUS_OK && *found && to->receipt == NULL && strcmp(to->input.topic, "timer") != 0) {
        struct answers of_input = {.of = to, .position = &to->input};
        status = scan_receipts(&of_input, &fault);
        if (of_input.count > 0)
            take_receipt(to, of_input.items[0]);
    }
    return status == STATUS_OK ? EXIT_OK : say_fault(to->call, &fault);
}

static enum exit_code find(struct explain_case *to)
{
    struct fault fault = {0};
    bool found = false;
    enum exit_code result = EXIT_OK;

    say_progress(to->call, "正在查找事件", "looking for the event");
    if (!fetch_parse_position(to->name, to->session->arena, &to->input))
        result = find_by_name(to, &found);
    else if (find_by_position(to, &found, &fault) != STATUS_OK)
        result = say_fault(to->call, &fault);
    if (result == EXIT_OK && !found)
        result = say_refusal(to->call, EXIT_NOT_FOUND, "explain.none", "没有找到该事件的回执或事实",
                             "there is no receipt and no fact of that event");
    return result;
}

/* ---- the key's facts and the tables ---- */

struct fact_taking {
    struct explain_case *to;
    struct arena *scratch;
    enum status status;
    struct fault *fault;
};

static bool add_fact(void *self, struct record *record)
{
    struct fact_taking *taking = self;

    if (!bytes_equal_text(record->key, taking->to->key))
        return true;
    arena_reset(taking->scratch);
    const struct event_attributes attributes = {
        .id = decode_header(record, "ce_id", taking->scratch),
        .source = decode_header(record, "ce_source", taking->scratch),
        .type = decode_header(record, "ce_type", taking->scratch),
        .subject = decode_header(record, "ce_subject", taking->scratch),
        .time = decode_header(record, "ce_time", taking->scratch),
        .traceparent = decode_header(record, "traceparent", taking->scratch),
        .conformance = decode_header(record, "ce_conformance", taking->scratch),
    };
    const struct event_position position = {record->topic, record->partition, record->offset};
    taking->status = rebuild_add_fact(taking->to->rebuild, &attributes, &position, record->value, taking->fault);
    return taking->status == STATUS_OK;
}

static enum status add_facts(struct explain_case *to, struct fault *fault)
{
    const char *names[LANES_MAX];
    struct scan_request request = {.topics = names, .since_ms = -1, .until_ms = -1, .key = bytes_of(to->key)};
    struct fact_taking taking = {.to = to, .fault = fault, .scratch = arena_new(64 * 1024, 1024 * 1024)};

    if (taking.scratch == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the facts");
    for (size_t i = 0; i < to->lanes.lane_count; i++)
        if (to->lanes.lanes[i].keyspace == to->keyspace)
            names[request.topic_count++] = to->lanes.lanes[i].fact_topic;
    enum status status = scan_topics(to->session, &request, add_fact, &taking, fault);
    arena_free(taking.scratch);
    return status == STATUS_OK ? taking.status : status;
}

static enum status make_rebuild(struct explain_case *to, struct fault *fault)
{
    const struct rebuild_settings settings = {
        .domains = domains_all,
        .hub_operator = to->session->settings.hub_operator,
        .tables = to->scratch.reader,
        .calendar = to->scratch.calendar,
        .memory_bytes_max = CASE_BYTES_MAX,
    };

    to->rebuild = rebuild_new(&settings, bytes_of(to->key));
    if (to->rebuild == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the facts");
    return to->keyspace == NULL || to->key[0] == '\0' ? STATUS_OK : add_facts(to, fault);
}

static enum status read_answers(struct explain_case *to, struct fault *fault)
{
    struct answers answers = {.of = to};

    if (to->receipt == NULL || to->receipt->id[0] == '\0')
        return STATUS_OK;
    answers.source = to->receipt->source;
    answers.id = to->receipt->id;
    enum status status = scan_receipts(&answers, fault);
    note_first(to, &answers);
    return status;
}

/* Accepted events name the versions that they read; for others the tables are taken as they were. */
static int64_t tables_until(const struct explain_case *to)
{
    bool has_fact = to->receipt == NULL || to->receipt->outcome == MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED;
    return has_fact ? -1 : to->decided_at_ms;
}

static enum status gather(struct explain_case *to, struct fault *fault)
{
    const struct handler *handler = NULL;
    const struct lane *lane = to->keyspace != NULL ? NULL : lane_of_type(&to->lanes, to->type, &handler);

    if (lane != NULL)
        to->keyspace = lane->keyspace;
    enum status status = read_answers(to, fault);
    if (status == STATUS_OK)
        status = scratch_open(to->call, to->session, tables_until(to), &to->scratch, fault);
    if (status == STATUS_OK && strcmp(to->input.topic, "timer") != 0)
        status = fetch_record(to->session, &to->input, &to->submission, fault);
    return status == STATUS_OK ? make_rebuild(to, fault) : status;
}

static enum status decide_again(struct explain_case *to, struct fault *fault)
{
    to->session->settings.dedupe_days = to->scratch.dedupe_days;
    const struct explain_target target = {
        .attributes = {to->receipt == NULL ? "" : to->receipt->id, to->receipt == NULL ? "" : to->receipt->source,
                       to->type, "", "", "", "", ""},
        .position = to->input,
        .record = to->submission.record.message == NULL ? NULL : &to->submission.record,
        .partitions = to->submission.partitions,
        .value = BYTES_NONE,
        .receipt = to->receipt,
        .first = to->first,
        .decided_at_ms = to->decided_at_ms,
        .settings = &to->session->settings,
        .tables = to->scratch.tables,
        .visible = to->visible,
    };
    return explain_run(to->rebuild, &target, to->session->arena, &to->explanation, fault);
}

enum exit_code explain_case_open(struct explain_case *open)
{
    struct fault fault = {0};

    if (lanes_init(&open->lanes, domains_all, &fault) != STATUS_OK)
        return say_fault(open->call, &fault);
    enum exit_code result = find(open);
    if (result != EXIT_OK)
        return result;
    enum status status = gather(open, &fault);
    if (status == STATUS_OK)
        status = decide_again(open, &fault);
    return status == STATUS_OK ? EXIT_OK : say_fault(open->call, &fault);
}

void explain_case_done(struct explain_case *open)
{
    fetch_done(&open->submission);
    rebuild_free(open->rebuild);
    scratch_close(&open->scratch);
}
