#include "flow/rebuild.h"

#include "flow/walk.h"

#include "event/pack.h"
#include "event/schema.h"
#include "event/unpack.h"

#include <stdlib.h>

typedef Medhub__Event__V1__ConsultedRow ConsultedRow;

enum { ARENA_FIRST_BYTES = 256 * 1024, STEP_BYTES_MAX = 64 * 1024 * 1024 };

struct rebuild *rebuild_new(const struct rebuild_settings *settings, struct bytes key)
{
    struct rebuild *rebuild = calloc(1, sizeof *rebuild);

    if (rebuild == NULL)
        return NULL;
    rebuild->settings = *settings;
    rebuild->arena = arena_new(ARENA_FIRST_BYTES, settings->memory_bytes_max);
    rebuild->step_arena = arena_new(ARENA_FIRST_BYTES, STEP_BYTES_MAX);
    if (rebuild->arena != NULL)
        rebuild->key = arena_text(rebuild->arena, key.data == NULL ? bytes_of("") : key);
    if (rebuild->key == NULL || rebuild->step_arena == NULL) {
        rebuild_free(rebuild);
        return NULL;
    }
    return rebuild;
}

void rebuild_free(struct rebuild *rebuild)
{
    if (rebuild == NULL)
        return;
    arena_free(rebuild->arena);
    arena_free(rebuild->step_arena);
    free(rebuild->facts);
    free(rebuild->steps);
    free(rebuild->rows);
    free(rebuild->timers);
    free(rebuild);
}

/* Room for one more in a list of the rebuild's own; false when memory is out. */
static bool make_room(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t larger = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = realloc(*items, larger * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *capacity = larger;
    return true;
}

/* --- facts --- */

static const char *keep(struct arena *arena, const char *text)
{
    const char *kept = arena_text(arena, bytes_of(text == NULL ? "" : text));
    return kept == NULL ? "" : kept;
}

static struct event_attributes keep_attributes(struct arena *arena, const struct event_attributes *from)
{
    return (struct event_attributes){
        .id = keep(arena, from->id),
        .source = keep(arena, from->source),
        .type = keep(arena, from->type),
        .subject = keep(arena, from->subject),
        .time = keep(arena, from->time),
        .traceparent = keep(arena, from->traceparent),
        .conformance = keep(arena, from->conformance),
    };
}

static const Provenance *read_provenance(struct rebuild *rebuild, struct bytes value)
{
    ProtobufCMessage *message = NULL;
    struct fault ignored; /* told as: no provenance */

    if (value.data == NULL || unpack_message(schema_of(&medhub__event__v1__provenance__descriptor), value,
                                             rebuild->arena, &message, &ignored) != STATUS_OK)
        return NULL;
    return (const Provenance *)message;
}

enum status rebuild_add_fact(struct rebuild *rebuild, const struct event_attributes *attributes,
                             const struct event_position *position, struct bytes value, struct fault *fault)
{
    struct bytes copy = arena_bytes(rebuild->arena, value), provenance = BYTES_NONE;

    if (copy.data == NULL || !make_room((void **)&rebuild->facts, rebuild->fact_count, &rebuild->fact_capacity,
                                        sizeof *rebuild->facts))
        return fault_retry(fault, "memory.out", "no memory for the facts of the key");
    struct rebuilt_fact *made = &rebuild->facts[rebuild->fact_count];
    *made = (struct rebuilt_fact){.attributes = keep_attributes(rebuild->arena, attributes)};
    made->position = (struct event_position){keep(rebuild->arena, position->topic), position->partition,
                                             position->offset};
    made->original = pack_original(copy, &provenance);
    made->provenance = read_provenance(rebuild, provenance);
    if (made->provenance == NULL)
        return fault_reject(fault, "fact.provenance", "%s/%d/%lld carries no provenance", position->topic,
                            (int)position->partition, (long long)position->offset);
    rebuild->fact_count++;
    return STATUS_OK;
}

static int by_version(const void *left, const void *right)
{
    const struct rebuilt_fact *a = left, *b = right;
    return (a->provenance->version > b->provenance->version) - (a->provenance->version < b->provenance->version);
}

static bool is_same_input(const Provenance *a, const Provenance *b)
{
    return a->partition == b->partition && a->offset == b->offset && strcmp(a->topic, b->topic) == 0 &&
           strcmp(a->cause_id, b->cause_id) == 0;
}

static void drop_repeated(struct rebuild *rebuild)
{
    size_t kept = 0;

    for (size_t i = 0; i < rebuild->fact_count; i++)
        if (kept == 0 || rebuild->facts[kept - 1].provenance->version != rebuild->facts[i].provenance->version)
            rebuild->facts[kept++] = rebuild->facts[i];
    rebuild->fact_count = kept;
}

enum status rebuild_order(struct rebuild *rebuild, struct fault *fault)
{
    if (rebuild->fact_count == 0)
        return STATUS_OK;
    qsort(rebuild->facts, rebuild->fact_count, sizeof *rebuild->facts, by_version);
    drop_repeated(rebuild);
    rebuild->steps = calloc(rebuild->fact_count, sizeof *rebuild->steps);
    if (rebuild->steps == NULL)
        return fault_retry(fault, "memory.out", "no memory for the facts of the key");
    for (size_t i = 0; i < rebuild->fact_count; i++) {
        const Provenance *of = rebuild->facts[i].provenance;
        if (i == 0 || !is_same_input(of, rebuild->facts[i - 1].provenance))
            rebuild->steps[rebuild->step_count++] =
                (struct rebuilt_step){.first = i, .timer = strcmp(of->topic, "timer") == 0};
        rebuild->steps[rebuild->step_count - 1].count++;
    }
    return STATUS_OK;
}

const struct rebuilt_fact *rebuild_submission(const struct rebuild *rebuild, const struct rebuilt_step *step)
{
    const struct domain *domain = NULL;

    for (size_t i = step->first; i < step->first + step->count; i++) {
        const struct handler *handler =
            handler_find(rebuild->settings.domains, rebuild->facts[i].attributes.type, &domain);
        if (handler != NULL && handler->decide != NULL)
            return &rebuild->facts[i];
    }
    return NULL;
}

/* --- the world as a decision sees it --- */

/* Where the row NAME stands, or would. */
static size_t place_of(const struct rebuild *rebuild, const char *name)
{
    size_t low = 0, high = rebuild->row_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(rebuild->rows[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool stands_at(const struct rebuild *rebuild, size_t place, const char *name)
{
    return place < rebuild->row_count && strcmp(rebuild->rows[place].name, name) == 0;
}

static struct bytes read_state(void *self, const char *name)
{
    const struct rebuild *rebuild = self;
    size_t place = place_of(rebuild, name);
    return stands_at(rebuild, place, name) ? rebuild->rows[place].value : BYTES_NONE;
}

static void scan_state(void *self, const char *prefix, const char *after,
                       bool (*each)(struct bytes name, struct bytes value, void *context), void *context)
{
    const struct rebuild *rebuild = self;
    bool behind = after[0] != '\0' && strcmp(after, prefix) >= 0;
    size_t place = place_of(rebuild, behind ? after : prefix);

    if (behind && stands_at(rebuild, place, after))
        place++;
    for (; place < rebuild->row_count; place++) {
        const struct rebuilt_row *row = &rebuild->rows[place];
        if (strncmp(row->name, prefix, strlen(prefix)) != 0)
            return;
        if (row->value.data != NULL && !each(bytes_of(row->name), row->value, context))
            return;
    }
}

bool rebuild_find_row(const struct rebuild *rebuild, const ConsultedRow *consulted, struct tables_row *row)
{
    return rebuild->settings.tables != NULL &&
           tables_find_version(rebuild->settings.tables, consulted->table, consulted->key, consulted->region,
                               date_parse(bytes_of(consulted->valid_from)), consulted->version, row);
}

/* What the decision read the first time; a row that it did not read is not there. */
static bool find_consulted(const struct rebuild *rebuild, const char *table, const char *key, const char *region,
                           date_t date, struct tables_row *found)
{
    const Provenance *of = rebuild->answering;

    for (size_t i = 0; i < of->n_rows; i++) {
        const ConsultedRow *row = of->rows[i];
        if (row->version == 0 || strcmp(row->table, table) != 0 || strcmp(row->key, key) != 0 ||
            strcmp(row->region, region) != 0 || !rebuild_find_row(rebuild, row, found))
            continue;
        if (found->valid_from <= date && (found->valid_until == DATE_NONE || date <= found->valid_until))
            return true;
    }
    return false;
}

static bool read_table(void *self, const char *table, const char *key, const char *region, date_t date,
                       struct table_row *row)
{
    const struct rebuild *rebuild = self;
    struct tables_row found;

    bool there = rebuild->answering != NULL ? find_consulted(rebuild, table, key, region, date, &found)
                                            : rebuild->settings.tables != NULL &&
                                                  tables_find(rebuild->settings.tables, table, key, region, date, &found);
    if (there)
        *row = (struct table_row){found.value, found.version, found.valid_from, found.valid_until, region};
    return there;
}

static const struct view_operations view_of_facts = {
    .state = read_state, .scan = scan_state, .table = read_table};

/* --- deciding again --- */

void rebuild_begin(const struct rebuild *rebuild, struct remade *remade, struct arena *arena,
                   const struct event_attributes *attributes, const struct event_position *position,
                   struct bytes value, int64_t now_ms)
{
    *remade = (struct remade){.arena = arena};
    remade->event = (struct event){
        .arena = arena,
        .position = *position,
        .submitted_ms = now_ms,
        .key = bytes_of(rebuild->key),
        .value = value,
        .attributes = *attributes,
        .decision = &remade->decision,
    };
    remade->handler = handler_find(rebuild->settings.domains, attributes->type, &remade->domain);
    remade->event.facts = schema_find_event(attributes->type);
    findings_init(&remade->event.findings, arena);
    view_init(&remade->view, &view_of_facts, (void *)rebuild, arena, rebuild->key, now_ms, rebuild->settings.calendar);
    decision_init(&remade->decision, arena, &remade->event);
}

void rebuild_decide(struct rebuild *rebuild, struct remade *remade, const Provenance *answering)
{
    rebuild->answering = answering;
    remade->view.self = rebuild;
    handler_decide(remade->handler, &remade->view, &remade->event, &remade->decision);
    rebuild->answering = NULL;
}

struct bytes rebuild_fact_bytes(const struct remade *remade, size_t index)
{
    const struct decided_fact *fact = &remade->decision.facts[index];
    return fact->original.data != NULL ? fact->original : pack_message(fact->message, remade->arena);
}

/* --- what a step leaves behind --- */

static void take_write(struct rebuild *rebuild, const struct decided_write *write)
{
    size_t place = place_of(rebuild, write->name);
    struct bytes value = write->message == NULL ? BYTES_NONE : pack_message(write->message, rebuild->arena);

    if (!stands_at(rebuild, place, write->name)) {
        if (!make_room((void **)&rebuild->rows, rebuild->row_count, &rebuild->row_capacity, sizeof *rebuild->rows))
            return;
        memmove(&rebuild->rows[place + 1], &rebuild->rows[place],
                (rebuild->row_count++ - place) * sizeof *rebuild->rows);
        rebuild->rows[place].name = keep(rebuild->arena, write->name);
    }
    rebuild->rows[place].value = value;
}

static struct rebuilt_timer *find_timer(const struct rebuild *rebuild, const char *name)
{
    for (size_t i = 0; i < rebuild->timer_count; i++)
        if (strcmp(rebuild->timers[i].name, name) == 0)
            return &rebuild->timers[i];
    return NULL;
}

static void take_timer(struct rebuild *rebuild, const struct decided_timer *decided)
{
    struct rebuilt_timer *timer = find_timer(rebuild, decided->name);

    if (timer == NULL) {
        if (!make_room((void **)&rebuild->timers, rebuild->timer_count, &rebuild->timer_capacity,
                       sizeof *rebuild->timers))
            return;
        timer = &rebuild->timers[rebuild->timer_count++];
        *timer = (struct rebuilt_timer){.name = keep(rebuild->arena, decided->name), .type = ""};
    }
    timer->set = !decided->cancel;
    if (timer->set) {
        timer->type = keep(rebuild->arena, decided->type);
        timer->due_ms = decided->due_ms;
    }
}

static void take_in(struct rebuild *rebuild, const struct remade *remade)
{
    for (size_t i = 0; i < remade->decision.write_count; i++)
        take_write(rebuild, &remade->decision.writes[i]);
    for (size_t i = 0; i < remade->decision.timer_count; i++)
        take_timer(rebuild, &remade->decision.timers[i]);
}

const char *rebuild_timer_type(const struct rebuild *rebuild, const char *name)
{
    const struct rebuilt_timer *timer = find_timer(rebuild, name);
    return timer != NULL && timer->set ? timer->type : NULL;
}

int64_t rebuild_due_ms(const Provenance *of_timer)
{
    return of_timer->due_ms != 0 ? of_timer->due_ms : of_timer->offset;
}

/* --- replay --- */

static void count_rows_gone(struct rebuild *rebuild, const Provenance *of)
{
    struct tables_row row;

    for (size_t i = 0; i < of->n_rows; i++)
        if (of->rows[i]->version > 0 && !rebuild_find_row(rebuild, of->rows[i], &row))
            rebuild->report.rows_gone++;
}

static bool begin_timer(struct rebuild *rebuild, const struct rebuilt_step *step, struct remade *remade)
{
    const Provenance *of = rebuild->facts[step->first].provenance;
    const char *name = strncmp(of->cause_id, "timer/", 6) == 0 ? of->cause_id + 6 : "";
    struct event_attributes attributes = {"", rebuild->settings.hub_operator, NULL, name, "", "", "", ""};
    struct event_position position = {"timer", of->partition, of->offset};

    attributes.type = rebuild_timer_type(rebuild, name);
    if (attributes.type == NULL)
        return false;
    attributes.id = walk_timer_id(rebuild->step_arena, name, bytes_of(rebuild->key), rebuild_due_ms(of));
    rebuild_begin(rebuild, remade, rebuild->step_arena, &attributes, &position, BYTES_NONE, of->decided_at_ms);
    take_timer(rebuild, &(struct decided_timer){.name = name, .cancel = true}); /* before it fires, as walk_timer does */
    return attributes.id != NULL && remade->handler != NULL && remade->handler->fire != NULL;
}

static bool begin_submission(struct rebuild *rebuild, const struct rebuilt_step *step, struct remade *remade)
{
    const struct rebuilt_fact *said = rebuild_submission(rebuild, step);
    struct fault ignored; /* counted as undecided */

    if (said == NULL)
        return false;
    const struct event_position position = {said->provenance->topic, said->provenance->partition,
                                            said->provenance->offset};
    rebuild_begin(rebuild, remade, rebuild->step_arena, &said->attributes, &position, said->original,
                  said->provenance->decided_at_ms);
    return remade->event.facts != NULL && remade->handler != NULL &&
           unpack_message(remade->event.facts, said->original, rebuild->step_arena, &remade->event.message,
                          &ignored) == STATUS_OK;
}

static bool came_out_as_recorded(const struct rebuild *rebuild, const struct rebuilt_step *step,
                                 const struct remade *remade)
{
    if (remade->decision.outcome != OUTCOME_ACCEPTED || remade->decision.fact_count != step->count)
        return false;
    for (size_t i = 0; i < step->count; i++)
        if (!bytes_equal(rebuild_fact_bytes(remade, i), rebuild->facts[step->first + i].original))
            return false;
    return true;
}

static void take_step(struct rebuild *rebuild, const struct rebuilt_step *step)
{
    const Provenance *of = rebuild->facts[step->first].provenance;
    struct remade remade;

    arena_reset(rebuild->step_arena);
    count_rows_gone(rebuild, of);
    if (!(step->timer ? begin_timer(rebuild, step, &remade) : begin_submission(rebuild, step, &remade))) {
        rebuild->report.undecided++;
        return;
    }
    rebuild_decide(rebuild, &remade, of);
    if (!came_out_as_recorded(rebuild, step, &remade) && rebuild->report.differing++ == 0)
        rebuild->report.differing_version = of->version;
    take_in(rebuild, &remade);
}

/* Versions have no gap: where one is, facts are missing and with them what they wrote. */
static void notice_gap(struct rebuild *rebuild, size_t step)
{
    size_t first = rebuild->steps[step].first;
    uint64_t expected = first == 0 ? 1 : rebuild->facts[first - 1].provenance->version + 1;

    if (rebuild->facts[first].provenance->version != expected && rebuild->report.missing_version == 0)
        rebuild->report.missing_version = expected;
}

void rebuild_replay(struct rebuild *rebuild, size_t upto)
{
    while (rebuild->report.steps < upto && rebuild->report.steps < rebuild->step_count) {
        notice_gap(rebuild, rebuild->report.steps);
        take_step(rebuild, &rebuild->steps[rebuild->report.steps++]);
    }
    if (upto < rebuild->step_count)
        notice_gap(rebuild, upto);
}
