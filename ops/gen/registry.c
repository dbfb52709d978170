/* registry.c: the organisations of the generated world, and the working days of the calendar. */
#include "ops/gen/gen.h"

#include <stdlib.h>
#include <string.h>

#define DESIGNATED_FROM "2024-01-01"
#define SUSPENDED_FROM  "2024-07-01"

/* TEXT "a|b" as a list. */
static void fill_roles(struct gen *gen, Organisation *organisation, const char *text)
{
    organisation->roles = gen_list(gen, 8);
    while (*text != '\0' && organisation->n_roles < 8) {
        size_t length = strcspn(text, "|");
        organisation->roles[organisation->n_roles++] = gen_text(gen, "%.*s", (int)length, text);
        text += length;
        text += *text == '|';
    }
}

static void say_organisation(struct gen *gen, const struct participant *participant, OrganisationState state,
                             const char *effective_on)
{
    gen_begin(gen);
    OrganisationChanged *said = gen_new(gen, &medhub__registry__v1__organisation_changed__descriptor);
    Organisation *organisation = gen_new(gen, ORGANISATION);

    organisation->id = (char *)participant->id;
    organisation->name = (char *)participant->name;
    organisation->kind = participant->kind;
    fill_roles(gen, organisation, participant->roles);
    organisation->region = (char *)participant->region;
    organisation->state = state;
    organisation->designated_from = gen_constant(DESIGNATED_FROM);
    organisation->valid_from = gen_constant(DESIGNATED_FROM);
    said->organisation_id = (char *)participant->id;
    said->organisation = organisation;
    said->effective_on = (char *)effective_on;
    said->reason = gen_constant(state == STATE_SUSPENDED ? "中止服务协议" : "纳入协议管理");
    gen_event(gen, "medhub", gen_text(gen, "org-%s-%s", participant->id, effective_on),
              date_begin_in_china_ms(date_parse(bytes_of(effective_on))), &said->base, (struct expected){0});
}

/* ---- the three designations ---- */

const char *gen_responsible_doctor(struct gen *gen, const char *institution)
{
    return gen_text(gen, "D%s9", institution + 1);
}

static void say_designation(struct gen *gen, const struct participant *participant, DesignationList list,
                            const char *doctor)
{
    DesignationListed *said = gen_new(gen, &medhub__registry__v1__designation_listed__descriptor);
    Designation *designation = gen_new(gen, DESIGNATION);

    designation->list = list;
    designation->institution = (char *)participant->id;
    designation->doctor = (char *)doctor;
    designation->region = (char *)participant->region;
    said->institution = (char *)participant->id;
    said->designation = designation;
    said->valid_from = gen_constant(DESIGNATED_FROM);
    gen_event(gen, "medhub", gen_text(gen, "list-%s-%d", participant->id, (int)list),
              date_begin_in_china_ms(date_parse(bytes_of(DESIGNATED_FROM))), &said->base, (struct expected){0});
}

static void say_designations(struct gen *gen)
{
    for (size_t i = 0; i < HOSPITALS; i++) {
        gen_begin(gen);
        say_designation(gen, &gen->world->hospitals[i], LIST_HOSPITAL, "");
        say_designation(gen, &gen->world->hospitals[i], LIST_DOCTOR,
                        gen_responsible_doctor(gen, gen->world->hospitals[i].id));
    }
    for (size_t i = 0; i < PHARMACIES; i++) {
        gen_begin(gen);
        say_designation(gen, &gen->world->pharmacies[i], LIST_PHARMACY, "");
    }
}

void gen_organisations(struct gen *gen)
{
    for (size_t i = 0; i < gen->world->participant_count; i++)
        say_organisation(gen, &gen->world->participants[i], STATE_LIVE, DESIGNATED_FROM);
    say_organisation(gen, gen->world->suspended, STATE_SUSPENDED, SUSPENDED_FROM);
    say_designations(gen);
}

/* ---- calendar ---- */

enum { YEAR_BYTES = 46 };

static void say_year(struct gen *gen, int year, const uint8_t days[YEAR_BYTES])
{
    CalendarPublished *said = gen_new(gen, &medhub__policy__v1__calendar_published__descriptor);
    Medhub__Policy__V1__CalendarYear *calendar = gen_new(gen, &medhub__policy__v1__calendar_year__descriptor);

    calendar->year = year;
    calendar->working_days = (ProtobufCBinaryData){YEAR_BYTES, (uint8_t *)days};
    calendar->document = gen_text(gen, "国务院办公厅关于%d年部分节假日安排的通知", year);
    said->year = gen_text(gen, "%d", year);
    said->calendar = calendar;
    gen_event(gen, "medhub", gen_text(gen, "calendar-%d", year),
              date_begin_in_china_ms(date_from_civil(year, 1, 1)), &said->base, (struct expected){0});
}

/* DAYS: date and is_working_day, in order of date. */
void gen_calendar(struct gen *gen, const struct data_table *days)
{
    uint8_t bits[YEAR_BYTES] = {0};
    int year = 0, last_year = 0, month = 0, day_of_month = 0;

    for (size_t i = 0; i <= days->row_count; i++) {
        date_t day = i < days->row_count ? date_parse(bytes_of(table_cell(days, i, 0))) : DATE_NONE;
        if (day != DATE_NONE)
            date_to_civil(day, &year, &month, &day_of_month);
        if (last_year != 0 && (day == DATE_NONE || year != last_year)) {
            gen_begin(gen);
            say_year(gen, last_year, bits);
            memset(bits, 0, sizeof bits);
        }
        if (day == DATE_NONE)
            return;
        int32_t place = day - date_from_civil(year, 1, 1);
        if (table_cell(days, i, 1)[0] == '1')
            bits[place / 8] |= (uint8_t)(1u << (place % 8));
        last_year = year;
    }
}
