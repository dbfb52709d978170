/* dispensing.c: what becomes of the prescriptions of the day: three in four are claimed by a pharmacy of the
 * city, passed by its pharmacist and dispensed, most of them whole, with a trace code on every box; one claim
 * in ten is released instead, and one in ten tries to dispense before its pharmacist has looked. */
#include "ops/gen/gen.h"

#include "domain/line_quantity.h"

#include <stdio.h>
#include <string.h>


enum {
    MINUTE_MS = 60000,
    CLAIMED_PERCENT = 75,
    RELEASED_PERCENT = 10,
    HASTY_PERCENT = 10,
    PART_PERCENT = 15
};

struct course {
    const PrescriptionUploaded *prescription;
    const struct participant *pharmacy;
    int64_t number, at_ms;
};

static const struct participant *pharmacy_near(const struct gen *gen, const char *region, struct dice *dice)
{
    size_t first = dice_roll(dice, PHARMACIES);

    for (size_t i = 0; i < PHARMACIES; i++) {
        const struct participant *pharmacy = &gen->world->pharmacies[(first + i) % PHARMACIES];
        if (strcmp(pharmacy->region, region) == 0)
            return pharmacy;
    }
    return &gen->world->pharmacies[first];
}

static NamedPractitioner *pharmacist_of(struct gen *gen, const struct participant *pharmacy)
{
    NamedPractitioner *pharmacist = gen_new(gen, &medhub__common__v1__practitioner__descriptor);

    pharmacist->code = gen_text(gen, "HY%s000001", pharmacy->region);
    return pharmacist;
}

static void say(struct gen *gen, struct course *course, const char *what, const ProtobufCMessage *message,
                struct expected expected)
{
    gen_event(gen, course->pharmacy->id,
              gen_text(gen, "%s-%s-%lld", gen->run, what, (long long)course->number), course->at_ms, message,
              expected);
    course->at_ms += MINUTE_MS;
}

/* ---- the steps ---- */

static void say_claim(struct gen *gen, struct course *course)
{
    PrescriptionClaimed *said = gen_new(gen, &medhub__prescription__v1__claimed__descriptor);

    said->person = course->prescription->person;
    said->national_number = course->prescription->national_number;
    said->dispenser = (char *)course->pharmacy->id;
    said->region = (char *)course->pharmacy->region;
    said->claimed_at = gen_moment(gen, course->at_ms);
    say(gen, course, "claim", &said->base, (struct expected){0});
}

static void say_release(struct gen *gen, struct course *course)
{
    PrescriptionReleased *said = gen_new(gen, &medhub__prescription__v1__released__descriptor);

    said->person = course->prescription->person;
    said->national_number = course->prescription->national_number;
    said->dispenser = (char *)course->pharmacy->id;
    said->reason = gen_constant("缺货");
    said->released_at = gen_moment(gen, course->at_ms);
    say(gen, course, "release", &said->base, (struct expected){0});
}

static void say_review(struct gen *gen, struct course *course)
{
    PrescriptionReviewed *said = gen_new(gen, &medhub__prescription__v1__reviewed__descriptor);

    said->person = course->prescription->person;
    said->national_number = course->prescription->national_number;
    said->reviewer = (char *)course->pharmacy->id;
    said->stage = STAGE_DISPENSER;
    said->result = REVIEW_PASSED;
    said->pharmacist = pharmacist_of(gen, course->pharmacy);
    said->reviewed_at = gen_moment(gen, course->at_ms);
    say(gen, course, "review", &said->base, (struct expected){0});
}

/* 20 digits: the drug's identifier of 7, then 13 that no other box of the day has. */
static char *trace_code(struct gen *gen, const char *catalogue_code, int64_t number, size_t line, size_t box)
{
    unsigned drug = (unsigned)(hash_bytes(bytes_of(catalogue_code), 0) % 1000000);

    return gen_text(gen, "8%06u%05u%05lld%01u%02u", drug, (unsigned)(gen->seed * 7919 % 100000),
                    (long long)(number % 100000), (unsigned)(line % 10), (unsigned)(box % 100));
}

static DispensedLine *dispensed_line(struct gen *gen, const struct course *course, size_t place, bool whole)
{
    const PrescriptionLine *line = course->prescription->lines[place];
    DispensedLine *said = gen_new(gen, &medhub__prescription__v1__dispensed_line__descriptor);
    int64_t boxes = whole ? quantity_e4(line->quantity) / 10000 : 1;

    said->line_number = line->line_number;
    said->catalogue_code = line->catalogue_code;
    said->generic_name = line->generic_name;
    said->quantity = gen_quantity(gen, boxes * 10000);
    said->quantity_unit = line->quantity_unit;
    said->price = gen_new(gen, &medhub__common__v1__price__descriptor);
    said->price->micro_yuan = 10000; /* one fen: below every payment standard */
    said->trace_codes = gen_list(gen, (size_t)boxes);
    for (int64_t box = 0; box < boxes; box++)
        said->trace_codes[said->n_trace_codes++] =
            trace_code(gen, line->catalogue_code, course->number, place, (size_t)box);
    return said;
}

static void say_dispensing(struct gen *gen, struct course *course, bool whole, struct expected expected)
{
    PrescriptionDispensed *said = gen_new(gen, &medhub__prescription__v1__dispensed__descriptor);
    bool is_hasty = expected.outcome == EXPECT_REFUSED;

    said->person = course->prescription->person;
    said->national_number = course->prescription->national_number;
    said->dispenser = (char *)course->pharmacy->id;
    said->dispensing_number = gen_text(gen, "S%s%06lld", gen->run, (long long)course->number);
    said->dispensed_at = gen_moment(gen, course->at_ms);
    said->pharmacist = pharmacist_of(gen, course->pharmacy);
    said->credential_type = gen_constant("01");
    said->lines = gen_list(gen, course->prescription->n_lines);
    for (size_t i = 0; i < course->prescription->n_lines; i++)
        said->lines[said->n_lines++] = dispensed_line(gen, course, i, whole);
    say(gen, course, is_hasty ? "hasty" : "dispense", &said->base, expected);
}

/* ---- the load ---- */

static void play(struct gen *gen, struct course *course, struct dice *dice)
{
    say_claim(gen, course);
    if (dice_percent(dice, RELEASED_PERCENT)) {
        say_release(gen, course);
        return;
    }
    if (dice_percent(dice, HASTY_PERCENT))
        say_dispensing(gen, course, true,
                       (struct expected){EXPECT_REFUSED, "prescription.move_not_possible", false});
    say_review(gen, course);
    say_dispensing(gen, course, !dice_percent(dice, PART_PERCENT), (struct expected){0});
}

void gen_dispensing(struct gen *gen, struct gen_state *state, int64_t number)
{
    struct dice of_prescription = dice_of(gen->seed, "prescription", (uint64_t)number);
    struct dice dice = dice_of(gen->seed, "dispensing", (uint64_t)number);
    (void)state;

    gen_begin(gen);
    const PrescriptionUploaded *prescription = gen_right_prescription(gen, number, &of_prescription);
    bool was_wrong = dice_percent(&of_prescription, gen->wrong_percent);
    if (was_wrong || !dice_percent(&dice, CLAIMED_PERCENT))
        return;
    struct course course = {
        .prescription = prescription,
        .pharmacy = pharmacy_near(gen, prescription->region_of_care, &dice),
        .number = number,
        .at_ms = timestamp_ms(prescription->issued_at) + 10 * MINUTE_MS,
    };
    play(gen, &course, &dice);
}
