/* samples.h: a typical prescription (about 600 bytes packed) for tests. */
#ifndef UNIT_EVENT_SAMPLES_H
#define UNIT_EVENT_SAMPLES_H

#include "base/arena.h"
#include "event/pack.h"

#include "medhub/prescription/v1/prescription.pb-c.h"

#include <assert.h>

#define SAMPLE_TEXT(text) ((char *)(uintptr_t)(text))

static inline void *sample_new(struct arena *arena, const ProtobufCMessageDescriptor *descriptor)
{
    void *made = arena_take(arena, descriptor->sizeof_message);
    assert(made != NULL);
    protobuf_c_message_init(descriptor, made);
    return made;
}

static inline Medhub__Common__V1__Quantity *sample_quantity(struct arena *arena, int64_t e4)
{
    Medhub__Common__V1__Quantity *quantity =
        sample_new(arena, &medhub__common__v1__quantity__descriptor);
    quantity->e4 = e4;
    return quantity;
}

static inline Google__Protobuf__Timestamp *sample_moment(struct arena *arena, int64_t seconds)
{
    Google__Protobuf__Timestamp *moment =
        sample_new(arena, &google__protobuf__timestamp__descriptor);
    moment->seconds = seconds;
    return moment;
}

static inline Medhub__Prescription__V1__Line *sample_line(struct arena *arena, const char *code, const char *name)
{
    Medhub__Prescription__V1__Line *line =
        sample_new(arena, &medhub__prescription__v1__line__descriptor);
    line->catalogue_code = SAMPLE_TEXT(code);
    line->generic_name = SAMPLE_TEXT(name);
    line->dosage_form = SAMPLE_TEXT("口服常释剂型");
    line->specification = SAMPLE_TEXT("20mg*14");
    line->quantity = sample_quantity(arena, 20000);
    line->quantity_unit = SAMPLE_TEXT("盒");
    line->single_dose = sample_quantity(arena, 200000);
    line->single_dose_unit = SAMPLE_TEXT("mg");
    line->frequency = sample_new(arena, &medhub__common__v1__coded__descriptor);
    line->frequency->code = SAMPLE_TEXT("11");
    line->frequency->name = SAMPLE_TEXT("每日一次");
    line->days = sample_quantity(arena, 140000);
    line->main_drug = 1;
    return line;
}

static inline Medhub__Prescription__V1__Uploaded *sample_prescription(struct arena *arena)
{
    Medhub__Prescription__V1__Uploaded *uploaded =
        sample_new(arena, &medhub__prescription__v1__uploaded__descriptor);
    uploaded->person = SAMPLE_TEXT("p:9f86d081884c7d659a2feaa0c55ad015");
    uploaded->hospital_number = SAMPLE_TEXT("RX202601310001");
    uploaded->national_number = SAMPLE_TEXT("990000000000000001");
    uploaded->institution = SAMPLE_TEXT("H65010000001");
    uploaded->institution_name = SAMPLE_TEXT("第一人民医院");
    uploaded->department_code = SAMPLE_TEXT("A03");
    uploaded->department_name = SAMPLE_TEXT("内科");
    uploaded->doctor = sample_new(arena, &medhub__common__v1__practitioner__descriptor);
    uploaded->doctor->code = SAMPLE_TEXT("D650100000001");
    uploaded->doctor->name = SAMPLE_TEXT("李医生");
    uploaded->region_of_care = SAMPLE_TEXT("650100");
    uploaded->region_of_insurance = SAMPLE_TEXT("650100");
    uploaded->business = MEDHUB__PRESCRIPTION__V1__BUSINESS__BUSINESS_INSTITUTION_VISIT;
    uploaded->kind = MEDHUB__PRESCRIPTION__V1__KIND__KIND_WESTERN;
    uploaded->issued_at = sample_moment(arena, 1769846400);
    uploaded->valid_days = 3;
    uploaded->valid_until = sample_moment(arena, 1770105600);

    uploaded->n_diagnoses = 1;
    uploaded->diagnoses = arena_take(arena, sizeof(*uploaded->diagnoses));
    Medhub__Prescription__V1__Diagnosis *diagnosis =
        sample_new(arena, &medhub__prescription__v1__diagnosis__descriptor);
    diagnosis->code = SAMPLE_TEXT("K25.900");
    diagnosis->name = SAMPLE_TEXT("胃溃疡");
    diagnosis->main = 1;
    uploaded->diagnoses[0] = diagnosis;

    uploaded->n_lines = 2;
    uploaded->lines = arena_take(arena, 2 * sizeof(*uploaded->lines));
    uploaded->lines[0] = sample_line(arena, "XA02BCA211A012010100154", "奥美拉唑");
    uploaded->lines[1] = sample_line(arena, "XA02BXR039A001010104321", "瑞巴派特");
    return uploaded;
}

static inline struct bytes sample_bytes(struct arena *arena)
{
    return pack_message(&sample_prescription(arena)->base, arena);
}

#endif
