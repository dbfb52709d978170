#include "flow/explaining.h"

#include "event/schema.h"
#include "event/unpack.h"
#include "flow/stages.h"
#include "flow/walk.h"

#include <stdlib.h>

typedef Medhub__Event__V1__ConsultedRow ConsultedRow;

enum { MILLISECONDS_A_DAY = 86400000 };

/* --- what is recorded --- */

static enum outcome outcome_of(const RecordedReceipt *receipt)
{
    switch (receipt->outcome) {
    case MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED:
        return OUTCOME_ACCEPTED;
    case MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED:
        return OUTCOME_REFUSED;
    case MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE:
        return OUTCOME_DUPLICATE;
    default:
        return OUTCOME_NONE;
    }
}

bool explain_is_remembered(const RecordedReceipt *receipt)
{
    static const char *const before[] = {"event.", "source.", "wire.", "unpack."}; /* decode, authorise, dedupe itself */
    const char *code = receipt->n_findings == 0 ? "" : receipt->findings[0]->code;

    if (receipt->outcome != MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED)
        return receipt->outcome == MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED;
    if (strcmp(code, "event.too_complex") == 0 || strcmp(code, "event.result_too_large") == 0)
        return true;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (strncmp(code, before[i], strlen(before[i])) == 0)
            return false;
    return true;
}

static const struct rebuilt_step *find_step(const struct rebuild *rebuild, const struct event_position *position)
{
    for (size_t i = 0; i < rebuild->step_count; i++) {
        const Provenance *of = rebuild->facts[rebuild->steps[i].first].provenance;
        if (of->partition == position->partition && of->offset == position->offset &&
            strcmp(of->topic, position->topic) == 0)
            return &rebuild->steps[i];
    }
    return NULL;
}

/* How many steps came before what has no fact: at least FROM, at most TO. A batch has one moment; within it only inputs of
 * the same topic have a known order, and timers come last. */
struct place {
    size_t from, to;
};

static bool came_later(const struct explain_target *target, const struct rebuilt_step *step, const Provenance *of)
{
    if (of->decided_at_ms != target->decided_at_ms)
        return of->decided_at_ms > target->decided_at_ms;
    return strcmp(of->topic, target->position.topic) == 0 ? of->offset > target->position.offset : step->timer;
}

static struct place place_of(const struct explaining *work)
{
    const struct explain_target *target = work->target;
    const struct rebuild *rebuild = work->rebuild;
    struct place place = {0, 0};

    if (work->to->step != NULL)
        return (struct place){(size_t)(work->to->step - rebuild->steps), (size_t)(work->to->step - rebuild->steps)};
    for (size_t i = 0; i < rebuild->step_count; i++) {
        const Provenance *of = rebuild->facts[rebuild->steps[i].first].provenance;
        if (came_later(target, &rebuild->steps[i], of))
            break;
        place.to = i + 1;
        if (of->decided_at_ms < target->decided_at_ms || strcmp(of->topic, target->position.topic) == 0)
            place.from = place.to;
    }
    return place;
}

/* --- what stands in the way --- */

static void tell_gone_rows(struct explaining *work)
{
    const Provenance *of = work->to->provenance;
    struct tables_row row;

    for (size_t i = 0; of != NULL && i < of->n_rows; i++) {
        const ConsultedRow *gone = of->rows[i];
        if (gone->version == 0 || rebuild_find_row(work->rebuild, gone, &row))
            continue;
        const char *key = explaining_shown_key(work, gone->table, gone->key);
        explaining_gap(work, arena_format(work->arena, "所依据的行已不在表主题中：%s %s %s %s 版本 %llu", gone->table, key,
                                   gone->region, gone->valid_from, (unsigned long long)gone->version),
                arena_format(work->arena, "a row that it read is no longer in the table's topic: %s %s %s %s version %llu",
                             gone->table, key, gone->region, gone->valid_from, (unsigned long long)gone->version));
    }
}

static void tell_world(struct explaining *work)
{
    const struct rebuild_report *report = &work->rebuild->report;
    struct arena *arena = work->arena;

    if (report->missing_version > 0)
        explaining_gap(work, arena_format(arena, "该键的事实缺少版本 %llu", (unsigned long long)report->missing_version),
                arena_format(arena, "the key's facts lack version %llu", (unsigned long long)report->missing_version));
    if (report->undecided > 0)
        explaining_gap(work, arena_format(arena, "%zu 个较早的事件无法重新裁决", report->undecided),
                arena_format(arena, "%zu earlier events could not be decided again", report->undecided));
    if (report->differing > 0)
        explaining_gap(work, arena_format(arena, "%zu 个较早的事件重算结果不同，首个为版本 %llu", report->differing,
                                   (unsigned long long)report->differing_version),
                arena_format(arena, "%zu earlier events come out otherwise today, the first is version %llu",
                             report->differing, (unsigned long long)report->differing_version));
    if (report->rows_gone > 0)
        explaining_gap(work, arena_format(arena, "较早事件所依据的 %zu 个行版本已不在表主题中", report->rows_gone),
                arena_format(arena, "%zu row versions that earlier events read are no longer in the tables' topics",
                             report->rows_gone));
}

/* --- the stages --- */

static void begin_stages(struct explanation *to)
{
    static const char *const functions[EXPLAIN_STAGES] = {
        "decode_stage (hub/flow/decode.c)", "authorise_stage (hub/flow/authorise.c)",
        "dedupe_stage (hub/flow/dedupe.c)", "check_stage (hub/flow/check.c)",
        "decide_stage (hub/flow/decide.c)", "emit_stage (hub/flow/emit.c)"};

    for (size_t i = 0; i < EXPLAIN_STAGES; i++)
        to->stages[i] = (struct explained_stage){.name = stages_standard[i].name,
                                                 .function = functions[i],
                                                 .state = STAGE_NOT_REACHED,
                                                 .code = "",
                                                 .note = "",
                                                 .note_zh = ""};
}

/* True if the walk goes on. */
static bool passed(struct explaining *work, enum stage_index index, enum status status)
{
    struct explained_stage *stage = &work->to->stages[index];

    if (status == STATUS_OK) {
        stage->state = STAGE_PASSED;
        return true;
    }
    stage->state = STAGE_REFUSED;
    stage->code = explaining_text(arena_format(work->arena, "%s", work->event->fault.code));
    work->event->decision->outcome = OUTCOME_REFUSED;
    return false;
}

static void note(struct explaining *work, enum stage_index index, const char *zh, const char *en)
{
    work->to->stages[index].note_zh = explaining_text(zh);
    work->to->stages[index].note = explaining_text(en);
}

static bool walk_decode(struct explaining *work)
{
    struct event *event = work->event;
    struct remade *remade = &work->to->remade;

    if (work->target->record != NULL) {
        bool on = passed(work, DECODE, decode_stage(work->flow, event));
        remade->handler = handler_find(work->rebuild->settings.domains, event->attributes.type, &remade->domain);
        return on;
    }
    if (event->facts == NULL || remade->handler == NULL) {
        (void)fault_reject(&event->fault, "event.type", "unknown event type");
        return passed(work, DECODE, STATUS_REJECT);
    }
    note(work, DECODE, "收件主题中已无原记录，仅重新解码其内容", "the record is no longer in its inbox: only its content was "
                                                                  "decoded again");
    return passed(work, DECODE,
                  unpack_submitted(event->facts, event->value, WIRE_SUBMITTED, work->arena, &event->message, NULL,
                                   &event->fault));
}

static bool is_refused_by_signature(const struct explaining *work)
{
    const char *code = explaining_recorded_code(work->target);

    return strcmp(code, "source.signature") == 0 || strcmp(code, "source.unsigned") == 0;
}

/* Facts do not name the version of the registry that authorise read, so only a recorded refusal can be contradicted. */
static bool walk_authorise(struct explaining *work)
{
    bool refused_here = strncmp(explaining_recorded_code(work->target), "source.", 7) == 0;

    if (work->target->tables == NULL) {
        work->to->stages[AUTHORISE].state = STAGE_NOT_REPEATED;
        return !refused_here;
    }
    if (is_refused_by_signature(work)) {
        work->to->stages[AUTHORISE].state = STAGE_NOT_REPEATED;
        note(work, AUTHORISE, "签名不再核验：密钥在枢纽处", "the signature is not checked again: the keys are the hub's");
        return false;
    }
    work->flow->handler = work->to->remade.handler;
    enum status status = authorise_stage(work->flow, work->event);
    if (status == STATUS_OK || refused_here)
        return passed(work, AUTHORISE, status);
    work->to->stages[AUTHORISE].state = STAGE_PASSED;
    note(work, AUTHORISE, "按现在的机构登记会被拒绝", "the registry as it is now would refuse it");
    findings_init(&work->event->findings, work->arena);
    work->event->fault = (struct fault){0};
    return true;
}

/* The fact that the same source stated under the same id before, within the memory's window. */
static const struct rebuilt_fact *find_first(const struct explaining *work, size_t steps)
{
    const struct rebuild *rebuild = work->rebuild;
    int64_t window_ms = work->target->settings->dedupe_days * MILLISECONDS_A_DAY;

    for (size_t i = steps; i > 0; i--) {
        const struct rebuilt_fact *fact = rebuild_submission(rebuild, &rebuild->steps[i - 1]);
        if (fact != NULL && strcmp(fact->attributes.id, work->event->attributes.id) == 0 &&
            strcmp(fact->attributes.source, work->event->attributes.source) == 0 &&
            work->target->decided_at_ms - fact->provenance->decided_at_ms <= window_ms)
            return fact;
    }
    return NULL;
}

static bool answer(struct explaining *work, uint64_t version)
{
    work->to->stages[DEDUPE].state = STAGE_ANSWERED;
    work->to->first_version = version;
    work->event->decision->outcome = OUTCOME_DUPLICATE;
    work->event->decision->duplicate_of = work->event->attributes.id;
    return false;
}

static bool refuse_other_content(struct explaining *work)
{
    (void)fault_reject(&work->event->fault, "event.id_reused", "this id was used by this source for other content");
    return passed(work, DEDUPE, STATUS_REJECT);
}

static bool walk_dedupe(struct explaining *work, size_t steps)
{
    const struct explain_target *target = work->target;
    const struct rebuilt_fact *first = find_first(work, steps);
    bool reused = strcmp(explaining_recorded_code(target), "event.id_reused") == 0;

    if (first != NULL)
        return bytes_equal(first->original, work->event->value) ? answer(work, first->provenance->version)
                                                                : refuse_other_content(work);
    /* A redrive is decided anew; that it is one stands in the record's headers only. */
    if (target->first == NULL || target->first->outcome != MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED ||
        !explain_is_remembered(target->first) || target->record == NULL || work->flow->redrive > 0)
        return passed(work, DEDUPE, STATUS_OK);
    note(work, DEDUPE, "首次提交被拒绝，其内容未再比较", "the first one was refused; its content was not compared again");
    return reused ? refuse_other_content(work) : answer(work, 0);
}

static bool walk_decide(struct explaining *work)
{
    struct explanation *to = work->to;

    to->decided = true;
    to->tables_as_they_are = to->provenance == NULL;
    rebuild_decide(work->rebuild, &to->remade, to->provenance);
    switch (work->event->decision->outcome) {
    case OUTCOME_REFUSED:
        return passed(work, DECIDE, event_refuse_by_findings(work->event));
    case OUTCOME_DUPLICATE:
        to->stages[DECIDE].state = STAGE_ANSWERED;
        return true;
    case OUTCOME_NONE:
    case OUTCOME_ACCEPTED:
        break;
    }
    return passed(work, DECIDE, STATUS_OK);
}

static void walk_submission(struct explaining *work, size_t steps)
{
    if (!walk_decode(work) || !walk_authorise(work) || !walk_dedupe(work, steps))
        return;
    if (passed(work, CHECK, check_stage(work->flow, work->event)) && walk_decide(work))
        work->to->stages[EMIT].state = STAGE_PASSED;
}

/* A timer goes through the last two stages only. */
static void walk_timer_again(struct explaining *work)
{
    note(work, DECODE, "定时器触发，无人提交", "a timer fired: nobody submitted it");
    if (walk_decide(work))
        work->to->stages[EMIT].state = STAGE_PASSED;
}

/* --- the whole --- */

static enum status open_flow(struct explaining *work, struct fault *fault)
{
    const struct explain_target *target = work->target;

    work->flow = calloc(1, sizeof *work->flow);
    if (work->flow == NULL)
        return fault_retry(fault, "memory.out", "no memory to decide the event again");
    work->flow->sources = calloc(SOURCE_CACHE_MAX + 1, sizeof *work->flow->sources);
    if (work->flow->sources == NULL)
        return fault_retry(fault, "memory.out", "no memory to decide the event again");
    work->shared = (struct shared){.settings = target->settings, .tables = target->tables};
    work->flow->shared = &work->shared;
    work->flow->tables = work->rebuild->settings.tables;
    work->flow->arena = work->arena;
    work->flow->now_ms = target->decided_at_ms;
    work->flow->record = (struct record *)target->record; /* decode only reads it */
    enum status status = lanes_init(&work->shared.lanes, work->rebuild->settings.domains, fault);
    for (size_t i = 0; i < work->shared.lanes.keyspace_count; i++)
        work->shared.lanes.keyspaces[i].partitions = target->partitions > 0 ? target->partitions : 1;
    work->flow->lane = lane_of_inbox(&work->shared.lanes, target->position.topic);
    return status;
}

static void close_flow(struct explaining *work)
{
    if (work->flow == NULL)
        return;
    free(work->flow->sources);
    free(work->flow);
}

static void find_recorded(struct explaining *work)
{
    struct explanation *to = work->to;

    to->step = find_step(work->rebuild, &work->target->position);
    to->provenance = to->step == NULL ? NULL : work->rebuild->facts[to->step->first].provenance;
    if (work->target->receipt != NULL)
        to->recorded = outcome_of(work->target->receipt);
    else
        to->recorded = to->step == NULL ? OUTCOME_NONE : OUTCOME_ACCEPTED;
}

static bool begin_timer(struct explaining *work)
{
    const Provenance *of = work->to->provenance;
    const char *cause = of == NULL ? "" : of->cause_id;
    const char *name = strncmp(cause, "timer/", 6) == 0 ? cause + 6 : "";
    struct event_attributes attributes = {
        "", work->rebuild->settings.hub_operator, explaining_text(rebuild_timer_type(work->rebuild, name)), name, "", "", "", ""};

    attributes.id = explaining_text(
        walk_timer_id(work->arena, name, bytes_of(work->rebuild->key), of == NULL ? 0 : rebuild_due_ms(of)));
    rebuild_begin(work->rebuild, &work->to->remade, work->arena, &attributes, &work->target->position, BYTES_NONE,
                  work->target->decided_at_ms);
    return work->to->remade.handler != NULL && work->to->remade.handler->fire != NULL;
}

static bool decide_timer_again(struct explaining *work)
{
    bool known = begin_timer(work);

    if (known)
        walk_timer_again(work);
    else
        explaining_gap(work, "找不到触发它的定时器", "the timer that caused it is not among what its key's facts set");
    return known;
}

/* As it was submitted: the record itself, or the fact that it became. */
static void begin_submission(struct explaining *work)
{
    const struct event_attributes none = EVENT_ATTRIBUTES_NONE;
    const struct explain_target *target = work->target;
    const struct rebuilt_fact *fact =
        work->to->step == NULL ? NULL : rebuild_submission(work->rebuild, work->to->step);
    const struct event_attributes *attributes = target->record != NULL ? &none
                                                : fact != NULL         ? &fact->attributes
                                                                       : &target->attributes;
    struct bytes value = target->record != NULL       ? target->record->value
                         : target->value.data != NULL ? target->value
                         : fact != NULL               ? fact->original
                                                      : BYTES_NONE;

    rebuild_begin(work->rebuild, &work->to->remade, work->arena, attributes, &target->position, value,
                  target->decided_at_ms);
    if (target->record != NULL)
        work->event->key = target->record->key;
}

/* False if it could not even be tried. */
static bool decide_again(struct explaining *work, size_t steps)
{
    if (strcmp(work->target->position.topic, "timer") == 0)
        return decide_timer_again(work);
    begin_submission(work);
    if (work->event->value.data != NULL || work->target->record != NULL) {
        walk_submission(work, steps);
        return true;
    }
    explaining_gap(work, "原始提交已不在其主题中", "the submission is no longer in its topic");
    for (size_t i = 0; i < EXPLAIN_STAGES; i++)
        work->to->stages[i].state = STAGE_NOT_REPEATED;
    return false;
}

static void judge(struct explaining *work, bool walked)
{
    struct explanation *to = work->to;

    if (walked)
        explain_compare(work);
    to->verdict = walked && to->difference_count == 0 ? EXPLAIN_SAME
                  : to->gap_count > 0                 ? EXPLAIN_INCOMPLETE
                                                      : EXPLAIN_DIFFERS;
}

/* With the first STEPS steps of the key before it. */
static void attempt(struct explaining *work, size_t steps)
{
    struct explanation *to = work->to;

    *to = (struct explanation){.step = to->step, .provenance = to->provenance, .recorded = to->recorded};
    begin_stages(to);
    work->flow->redrive = 0;
    rebuild_replay(work->rebuild, steps);
    tell_world(work);
    bool walked = decide_again(work, steps);
    tell_gone_rows(work);
    judge(work, walked);
}

/* Where the order is not recorded, it is the one in which the event comes out the same, if there is one. */
static void attempt_each_order(struct explaining *work)
{
    struct place place = place_of(work);

    attempt(work, place.from);
    for (size_t steps = place.from + 1; work->to->verdict != EXPLAIN_SAME && steps <= place.to; steps++)
        attempt(work, steps);
    if (work->to->verdict == EXPLAIN_SAME || place.from == place.to)
        return;
    work->to->verdict = EXPLAIN_INCOMPLETE;
    explaining_gap(work, "同一批次内有经由其他主题的同键事件，先后次序未记录",
            "an event of the same key was decided in the same batch through another topic; which was first is not recorded");
}

enum status explain_run(struct rebuild *rebuild, const struct explain_target *target, struct arena *arena,
                        struct explanation *explanation, struct fault *fault)
{
    struct explaining work = {.rebuild = rebuild, .target = target, .arena = arena, .to = explanation};

    *explanation = (struct explanation){0};
    work.event = &explanation->remade.event;
    enum status status = rebuild_order(rebuild, fault);
    if (status == STATUS_OK)
        status = open_flow(&work, fault);
    if (status == STATUS_OK) {
        find_recorded(&work);
        attempt_each_order(&work);
    }
    close_flow(&work);
    return status;
}
