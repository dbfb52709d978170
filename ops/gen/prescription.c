/* prescription.c: prescriptions of the day, and one wrong one for each rule. */
#include "ops/gen/gen.h"

#include <stdio.h>
#include <string.h>

typedef Medhub__Prescription__V1__Diagnosis Diagnosis;
typedef Medhub__Common__V1__Coded Coded;

enum { DAY_MS = 86400000, VALID_DAYS = 3 };

static Coded *coded(struct gen *gen, const char *code, const char *name)
{
    Coded *made = gen_new(gen, &medhub__common__v1__coded__descriptor);
    made->code = (char *)code;
    made->name = (char *)name;
    return made;
}

static void fill_diagnoses(struct gen *gen, PrescriptionUploaded *said, struct dice *dice)
{
    size_t count = 1 + dice_roll(dice, 3);

    said->diagnoses = gen_list(gen, count);
    for (size_t i = 0; i < count; i++) {
        const struct named_code *code = &gen->world->diagnoses[dice_roll(dice, gen->world->diagnosis_count)];
        Diagnosis *diagnosis = gen_new(gen, &medhub__prescription__v1__diagnosis__descriptor);
        diagnosis->kind = MEDHUB__PRESCRIPTION__V1__DIAGNOSIS_KIND__DIAGNOSIS_KIND_WESTERN;
        diagnosis->code = (char *)code->code;
        diagnosis->name = (char *)code->name;
        diagnosis->main = i == 0;
        diagnosis->order = (uint32_t)i + 1;
        said->diagnoses[said->n_diagnoses++] = diagnosis;
    }
}

static PrescriptionLine *line_of(struct gen *gen, const struct drug *drug, struct dice *dice)
{
    static const struct {
        const char *code, *name;
    } frequencies[] = {{"qd", "每日一次"}, {"bid", "每日两次"}, {"tid", "每日三次"}};
    size_t often = dice_roll(dice, sizeof frequencies / sizeof *frequencies);
    PrescriptionLine *line = gen_new(gen, &medhub__prescription__v1__line__descriptor);
    struct bytes form = bytes_of(drug->dosage_form);

    line->catalogue_code = (char *)drug->code;
    line->generic_name = gen_text(gen, "%.*s", (int)bytes_utf8_cut(bytes_of(drug->name), 99), drug->name);
    line->dosage_form = gen_text(gen, "%.*s", (int)bytes_utf8_cut(form, 29), drug->dosage_form);
    line->quantity = gen_quantity(gen, (int64_t)(1 + dice_roll(dice, 6)) * 10000);
    line->quantity_unit = gen_constant("盒");
    line->frequency = coded(gen, frequencies[often].code, frequencies[often].name);
    line->route = coded(gen, "1", "口服");
    line->days = gen_quantity(gen, (int64_t)(3 + dice_roll(dice, 12)) * 10000);
    return line;
}

static void fill_lines(struct gen *gen, PrescriptionUploaded *said, struct dice *dice)
{
    int kind = dice_roll(dice, 3) == 0;
    size_t count = 1 + dice_roll(dice, 4), first = dice_roll(dice, gen->world->lasting_count[kind]);

    said->kind = kind == 1 ? LINE_PATENT_TCM : LINE_WESTERN;
    said->lines = gen_list(gen, count);
    for (size_t i = 0; i < count; i++) { /* a step that is no divisor of the list: no drug twice */
        size_t at = (first + i * 131) % gen->world->lasting_count[kind];
        said->lines[said->n_lines] = line_of(gen, gen->world->lasting[kind][at], dice);
        said->lines[said->n_lines]->line_number = gen_text(gen, "%zu", said->n_lines + 1);
        said->n_lines++;
    }
}

/* Written by the hospital's responsible doctor, with the patient's name under seal. */
static void make_dual_channel(struct gen *gen, PrescriptionUploaded *said)
{
    static uint8_t fresh[32] = {9}, sealed[64] = {0x80}, wrapped[48] = {0x80}; /* of the form of a seal, but nobody's */
    Medhub__Common__V1__SealWrap *wrap = gen_new(gen, &medhub__common__v1__seal_wrap__descriptor);

    said->extra_attribute = DUAL_CHANNEL;
    said->doctor->code = gen_text(gen, "%s", gen_responsible_doctor(gen, said->institution));
    said->identity = gen_new(gen, &medhub__common__v1__sealed__descriptor);
    said->identity->key_id = gen_constant("generated");
    said->identity->suite = MEDHUB__COMMON__V1__SEAL_SUITE__SEAL_SUITE_X25519_AES256GCM;
    said->identity->ephemeral_key = (ProtobufCBinaryData){sizeof fresh, fresh};
    said->identity->ciphertext = (ProtobufCBinaryData){sizeof sealed, sealed};
    said->identity->wraps = gen_list(gen, 1);
    said->identity->wraps[said->identity->n_wraps++] = wrap;
    wrap->recipient = said->institution;
    wrap->key_id = gen_constant("generated");
    wrap->wrapped_key = (ProtobufCBinaryData){sizeof wrapped, wrapped};
}

static NamedPractitioner *pharmacist_of(struct gen *gen, const char *region, struct dice *dice)
{
    NamedPractitioner *pharmacist = gen_new(gen, &medhub__common__v1__practitioner__descriptor);
    pharmacist->code = gen_text(gen, "HY%s%06u", region, (unsigned)dice_roll(dice, 100));
    return pharmacist;
}

PrescriptionUploaded *gen_right_prescription(struct gen *gen, int64_t number, struct dice *dice)
{
    const struct participant *hospital = &gen->world->hospitals[dice_roll(dice, HOSPITALS)];
    PrescriptionUploaded *said = gen_new(gen, &medhub__prescription__v1__uploaded__descriptor);
    NamedPractitioner *doctor = gen_new(gen, &medhub__common__v1__practitioner__descriptor);
    int64_t issued_ms = gen_moment_of(gen, number);
    char person[PERSON_BYTES];

    doctor->code = gen_text(gen, "D%s%06u", hospital->region, (unsigned)dice_roll(dice, 500));
    said->person =
        gen_text(gen, "%s", gen_person(gen, dice_roll(dice, (uint64_t)gen->count / 3 + 1), person));
    said->hospital_number = gen_text(gen, "RX%s%06lld", gen->run, (long long)number);
    said->national_number = gen_text(gen, "44%s%06lld", gen->run, (long long)number);
    said->institution = (char *)hospital->id;
    said->institution_name = (char *)hospital->name;
    said->department_code = gen_constant("0301");
    said->department_name = gen_constant("心血管内科");
    said->doctor = doctor;
    said->pharmacist = pharmacist_of(gen, hospital->region, dice);
    said->reviewed_at = gen_moment(gen, issued_ms);
    said->region_of_care = (char *)hospital->region;
    said->region_of_insurance = (char *)hospital->region;
    said->business = MEDHUB__PRESCRIPTION__V1__BUSINESS__BUSINESS_INSTITUTION_VISIT;
    if (dice_roll(dice, 10) == 0)
        make_dual_channel(gen, said);
    else
        said->extra_attribute = MEDHUB__PRESCRIPTION__V1__EXTRA_ATTRIBUTE__EXTRA_ATTRIBUTE_POOLED_OUTPATIENT;
    said->issued_at = gen_moment(gen, issued_ms);
    said->valid_days = VALID_DAYS;
    said->valid_until = gen_moment(gen, issued_ms + (int64_t)VALID_DAYS * DAY_MS);
    fill_diagnoses(gen, said, dice);
    fill_lines(gen, said, dice);
    return said;
}

/* ---- faults ---- */

struct draft {
    PrescriptionUploaded *said;
    const char *source;
};

static void no_quantity(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)state;
    draft->said->lines[0]->quantity = gen_quantity(gen, 0);
}

static void unlisted_drug(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)gen, (void)state;
    draft->said->lines[0]->catalogue_code = gen_constant("NRDL-000000000000");
}

static void valid_before_issue(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)state;
    draft->said->valid_until = gen_moment(gen, timestamp_ms(draft->said->issued_at) - DAY_MS);
}

static void no_main_diagnosis(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)gen, (void)state;
    draft->said->diagnoses[0]->main = false;
}

static void national_number_again(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    draft->said->person = gen_text(gen, "%s", state->prescription.person);
    draft->said->national_number = gen_text(gen, "%s", state->prescription.national_number);
}

static void hospital_number_again(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    draft->said->person = gen_text(gen, "%s", state->prescription.person);
    draft->said->hospital_number = gen_text(gen, "%s", state->prescription.hospital_number);
    draft->said->institution = gen_text(gen, "%s", state->prescription.institution);
    draft->source = draft->said->institution;
}

static void said_by_another(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    const struct participant *other = &gen->world->hospitals[0];
    (void)state;

    draft->source = strcmp(other->id, draft->source) == 0 ? gen->world->hospitals[1].id : other->id;
}

static void doctor_missing(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)gen, (void)state;
    draft->said->doctor = NULL;
}

static void from_suspended(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)state;
    draft->said->institution = (char *)gen->world->suspended->id;
    draft->source = gen->world->suspended->id;
}

static void from_unknown(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)state;
    draft->said->institution = gen_text(gen, "H%s88888", gen->world->cities[0].code);
    draft->source = draft->said->institution;
}

static void from_pharmacy(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)state;
    draft->said->institution = (char *)gen->world->pharmacies[0].id;
    draft->source = gen->world->pharmacies[0].id;
}

static const struct prescription_fault {
    const char *code;
    void (*apply)(struct gen *gen, const struct gen_state *state, struct draft *draft);
    bool needs_earlier; /* a right prescription before it */
    bool forgotten;
} faults[] = {
    {"prescription.quantity_not_positive", no_quantity, false, false},
    {"prescription.line_not_on_catalogue", unlisted_drug, false, false},
    {"source.not_live", from_suspended, false, true},
    {"prescription.valid_until_before_issue", valid_before_issue, false, false},
    {"prescription.national_number_repeated", national_number_again, true, false},
    {"prescription.main_diagnosis", no_main_diagnosis, false, false},
    {"source.unknown", from_unknown, false, true},
    {"prescription.hospital_number_repeated", hospital_number_again, true, false},
    {"prescription.source_is_not_issuer", said_by_another, false, false},
    {"source.role", from_pharmacy, false, true},
    {"field.required", doctor_missing, false, false},
};
enum { FAULTS = sizeof faults / sizeof *faults };

static const struct prescription_fault *next_fault(struct gen_state *state)
{
    const struct prescription_fault *fault = &faults[state->wrong_prescriptions++ % FAULTS];

    return fault->needs_earlier && !state->prescription.known ? &faults[0] : fault;
}

static void remember(struct gen_state *state, const PrescriptionUploaded *said)
{
    state->prescription.known = true;
    (void)snprintf(state->prescription.person, sizeof state->prescription.person, "%s", said->person);
    (void)snprintf(state->prescription.institution, sizeof state->prescription.institution, "%s",
                   said->institution);
    (void)snprintf(state->prescription.hospital_number, sizeof state->prescription.hospital_number, "%s",
                   said->hospital_number);
    (void)snprintf(state->prescription.national_number, sizeof state->prescription.national_number, "%s",
                   said->national_number);
}

void gen_prescription(struct gen *gen, struct gen_state *state, int64_t number)
{
    struct dice dice = dice_of(gen->seed, "prescription", (uint64_t)number);
    struct expected expected = {0};

    gen_begin(gen);
    struct draft draft = {.said = gen_right_prescription(gen, number, &dice)};
    draft.source = draft.said->institution;
    if (dice_percent(&dice, gen->wrong_percent)) {
        const struct prescription_fault *fault = next_fault(state);
        fault->apply(gen, state, &draft);
        expected = (struct expected){EXPECT_REFUSED, fault->code, fault->forgotten};
    } else {
        remember(state, draft.said);
    }
    gen_event(gen, draft.source, gen_text(gen, "%s-rx-%lld", gen->run, (long long)number),
              gen_moment_of(gen, number), &draft.said->base, expected);
    gen_maybe_repeat(gen, &dice);
}
