#include "ops/ctl/org_candidate.h"
#include "ops/ctl/receipt_json.h"
#include "ops/ctl/scan.h"

#include "base/clock.h"
#include "domain/span.h"

#include <string.h>

typedef Medhub__Event__V1__TableRow TableRow;

struct look_up {
    struct session *session;
    struct arena *arena;
    const char *organisation;
    date_t today;
    struct candidate *candidate;
    char *organisation_from; /* first day of the version that was kept */
};

static bool holds(const struct look_up *look, const char *from, const char *until)
{
    return span_covers((struct span){text_day(from), text_day(until)}, look->today);
}

/* The versions of a key come in order: the last word on today counts. */
static void take_organisation(struct look_up *look, const TableRow *row)
{
    if (strcmp(row->key, look->organisation) != 0)
        return;
    if (!row->removed && holds(look, row->valid_from, row->valid_until)) {
        look->candidate->organisation = (const Organisation *)receipt_unpack(
            "medhub.registry.v1.Organisation", bytes_from(row->value.data, row->value.len), look->arena);
        look->organisation_from = arena_text(look->arena, bytes_of(row->valid_from));
    } else if (look->organisation_from != NULL && strcmp(look->organisation_from, row->valid_from) == 0) {
        look->candidate->organisation = NULL;
    }
}

/* Keys are INSTITUTION/CODE. */
static void take_practitioner(struct look_up *look, const TableRow *row)
{
    size_t length = strlen(look->organisation);
    if (strncmp(row->key, look->organisation, length) != 0 || row->key[length] != '/')
        return;
    const Practitioner *said = (const Practitioner *)receipt_unpack(
        "medhub.registry.v1.Practitioner", bytes_from(row->value.data, row->value.len), look->arena);
    if (said == NULL)
        return;
    const Practitioner **kept =
        said->kind == PRACTITIONER_DOCTOR ? &look->candidate->doctor : &look->candidate->pharmacist;
    bool works = !row->removed && !said->ended && holds(look, row->valid_from, row->valid_until) &&
                 holds(look, said->licence_from, said->licence_until);
    if (works)
        *kept = said;
    else if (*kept != NULL && strcmp((*kept)->code, said->code) == 0)
        *kept = NULL;
}

static bool look_at_row(void *self, struct record *record)
{
    struct look_up *look = self;
    const TableRow *row =
        record->value.data == NULL
            ? NULL
            : (const TableRow *)receipt_unpack("medhub.event.v1.TableRow", record->value, look->session->arena);
    if (row != NULL && strcmp(row->table, "registry") == 0)
        take_organisation(look, row);
    else if (row != NULL)
        take_practitioner(look, row);
    arena_reset(look->session->arena);
    return true;
}

enum status candidate_look_up(struct session *session, const char *organisation, struct arena *arena,
                              struct candidate *candidate, struct fault *fault)
{
    static const char *const topics[] = {"medhub.table.registry", "medhub.table.practitioner"};
    const struct scan_request request = {
        .topics = topics, .topic_count = sizeof topics / sizeof *topics, .since_ms = -1, .until_ms = -1};
    struct look_up look = {.session = session,
                           .arena = arena,
                           .organisation = organisation,
                           .today = date_in_china(clock_now_ms(clock_system())),
                           .candidate = candidate};
    *candidate = (struct candidate){0};
    return scan_topics(session, &request, look_at_row, &look, fault);
}
