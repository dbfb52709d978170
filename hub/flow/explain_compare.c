/* explain_compare.c: holding one against the other. */
#include "flow/explaining.h"

#include "base/hash.h"
#include "event/schema.h"

typedef Medhub__Event__V1__ConsultedRow ConsultedRow;
typedef Medhub__Event__V1__Finding RecordedFinding;

void explaining_gap(struct explaining *work, const char *zh, const char *en)
{
    if (work->to->gap_count < EXPLAIN_GAPS_MAX)
        work->to->gaps[work->to->gap_count++] = (struct explain_gap){explaining_text(zh), explaining_text(en)};
}

void explaining_difference(struct explaining *work, const char *what, const char *recorded, const char *remade)
{
    if (work->to->difference_count < EXPLAIN_DIFFERENCES_MAX)
        work->to->differences[work->to->difference_count++] =
            (struct explain_difference){explaining_text(what), explaining_text(recorded), explaining_text(remade)};
}

static void compare_texts(struct explaining *work, const char *what, const char *recorded, const char *remade)
{
    if (strcmp(explaining_text(recorded), explaining_text(remade)) != 0)
        explaining_difference(work, what, recorded, remade);
}

static void compare_numbers(struct explaining *work, const char *what, uint64_t recorded, uint64_t remade)
{
    if (recorded != remade)
        explaining_difference(work, what, arena_format(work->arena, "%llu", (unsigned long long)recorded),
                       arena_format(work->arena, "%llu", (unsigned long long)remade));
}

static const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {"none", "accepted", "refused", "duplicate"};
    return names[outcome];
}

const char *explaining_recorded_code(const struct explain_target *target)
{
    return target->receipt == NULL || target->receipt->n_findings == 0 ? "" : target->receipt->findings[0]->code;
}

static bool is_of_person(const struct remade *remade)
{
    return remade->domain != NULL && strcmp(remade->domain->key_kind, "person") == 0;
}

const char *explain_row_key(const struct remade *remade, const char *table, const char *key, unsigned visible,
                            struct arena *arena)
{
    if (strcmp(table, TABLE_CATALOGUE) != 0 || !is_of_person(remade) || (visible & SENSITIVITY_CLINICAL) != 0)
        return key;
    return explaining_text(arena_format(arena, "***%06llx", (unsigned long long)(hash_bytes(bytes_of(key), 0) & 0xffffff)));
}

const char *explaining_shown_key(struct explaining *work, const char *table, const char *key)
{
    return explain_row_key(&work->to->remade, table, key, work->target->visible, work->arena);
}

static void compare_finding(struct explaining *work, size_t index, const RecordedFinding *recorded,
                            const struct finding *made)
{
    const struct {
        const char *name, *recorded, *made;
    } rows[] = {
        {"severity", recorded->severity == MEDHUB__EVENT__V1__SEVERITY__SEVERITY_WARN ? "warn" : "refuse",
         made->severity == SEVERITY_WARN ? "warn" : "refuse"},
        {"code", recorded->code, made->code},
        {"rule", recorded->rule, made->rule},
        {"path", recorded->path, made->path},
        {"found", recorded->found, made->found},
        {"expected", recorded->expected, made->expected},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        compare_texts(work, arena_format(work->arena, "findings[%zu].%s", index, rows[i].name), rows[i].recorded,
                      rows[i].made);
}

/* A refusal before the rules has only a fault, and so has its receipt. */
static void compare_findings(struct explaining *work)
{
    const RecordedReceipt *receipt = work->target->receipt;
    const struct findings *made = &work->event->findings;
    enum outcome outcome = work->event->decision->outcome;

    if (receipt == NULL || outcome == OUTCOME_DUPLICATE)
        return;
    if (outcome == OUTCOME_REFUSED && made->count == 0) {
        compare_texts(work, "findings[0].code", explaining_recorded_code(work->target), work->event->fault.code);
        return;
    }
    compare_numbers(work, "findings", receipt->n_findings, made->count);
    for (size_t i = 0; i < made->count && i < receipt->n_findings; i++)
        compare_finding(work, i, receipt->findings[i], &made->items[i]);
}

static void compare_fact(struct explaining *work, size_t index)
{
    const struct rebuilt_fact *recorded = &work->rebuild->facts[work->to->step->first + index];
    struct bytes made = rebuild_fact_bytes(&work->to->remade, index), old = recorded->original;
    size_t at = 0;

    compare_texts(work, arena_format(work->arena, "facts[%zu].type", index), recorded->attributes.type,
                  work->to->remade.decision.facts[index].type);
    if (bytes_equal(made, old))
        return;
    while (at < made.length && at < old.length && made.data[at] == old.data[at])
        at++;
    explaining_difference(work, arena_format(work->arena, "facts[%zu]", index),
                   arena_format(work->arena, "%zu bytes", old.length),
                   arena_format(work->arena, "%zu bytes, other from byte %zu on", made.length, at));
}

static void compare_facts(struct explaining *work)
{
    size_t recorded = work->to->step == NULL ? 0 : work->to->step->count;
    size_t made = work->event->decision->fact_count;

    compare_numbers(work, "facts", recorded, made);
    for (size_t i = 0; i < made && i < recorded; i++)
        compare_fact(work, i);
}

static bool is_consulted(const ConsultedRow *recorded, const struct consulted_row *made)
{
    char day[DATE_TEXT_BYTES];

    return recorded->version == made->version && strcmp(recorded->table, made->table) == 0 &&
           strcmp(recorded->key, made->key) == 0 && strcmp(recorded->region, made->region) == 0 &&
           (made->version == 0 || strcmp(recorded->valid_from, date_format(made->valid_from, day)) == 0);
}

static const char *row_text(struct explaining *work, const char *table, const char *row_key, const char *region,
                            uint64_t version)
{
    const char *key = explaining_shown_key(work, table, row_key);

    return version == 0 ? arena_format(work->arena, "%s %s %s: not there", table, key, region)
                        : arena_format(work->arena, "%s %s %s version %llu", table, key, region,
                                       (unsigned long long)version);
}

static void compare_rows_recorded(struct explaining *work)
{
    const Provenance *of = work->to->provenance;
    const struct view *view = &work->to->remade.view;

    for (size_t i = 0; i < of->n_rows; i++) {
        const ConsultedRow *row = of->rows[i];
        size_t j = 0;
        while (j < view->consulted_count && !is_consulted(row, &view->consulted[j]))
            j++;
        if (j == view->consulted_count)
            explaining_difference(work, "rows", row_text(work, row->table, row->key, row->region, row->version), "not read");
    }
}

static void compare_rows_made(struct explaining *work)
{
    const Provenance *of = work->to->provenance;
    const struct view *view = &work->to->remade.view;

    for (size_t i = 0; i < view->consulted_count; i++) {
        const struct consulted_row *row = &view->consulted[i];
        size_t j = 0;
        while (j < of->n_rows && !is_consulted(of->rows[j], row))
            j++;
        if (j == of->n_rows)
            explaining_difference(work, "rows", "not read", row_text(work, row->table, row->key, row->region, row->version));
    }
}

static void compare_versions(struct explaining *work)
{
    const RecordedReceipt *receipt = work->target->receipt;

    if (receipt == NULL)
        return;
    if (work->to->provenance != NULL)
        compare_numbers(work, "version", receipt->version, work->to->provenance->version);
    else if (work->to->stages[DEDUPE].state == STAGE_ANSWERED)
        compare_numbers(work, "version", receipt->version, work->to->first_version);
    if (work->event->decision->outcome == OUTCOME_DUPLICATE)
        compare_texts(work, "firstId", receipt->first_id, work->event->decision->duplicate_of);
}

void explain_compare(struct explaining *work)
{
    enum outcome made = work->event->decision->outcome;

    if (strcmp(explaining_recorded_code(work->target), "event.result_too_large") == 0 ||
        strcmp(explaining_recorded_code(work->target), "event.too_complex") == 0)
        explaining_gap(work, "当时受内存或消息大小限制而被拒绝，此处不受同样限制",
                "it was refused for memory or size, whose limits are not the same here");
    compare_texts(work, "outcome", outcome_name(work->to->recorded), outcome_name(made));
    compare_findings(work);
    compare_versions(work);
    compare_facts(work);
    if (work->to->provenance != NULL && work->to->decided) {
        compare_rows_recorded(work);
        compare_rows_made(work);
    }
}
