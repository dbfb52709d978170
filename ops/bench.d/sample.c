#include "sample.h"

#include "bench.h"

#include "domain/messages.h"
#include "domain/view.h"
#include "event/pack.h"
#include "state/numbers.h"
#include "state/tables.h"

#include "medhub/event/v1/event.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTER_BYTES = 300, REPEAT_EVERY = 20, REPEAT_BACK = 7, HOSPITALS = 50, DRUGS = 3000, GENERIC_NAMES = 600, LINES = 3 };
#define CARE_REGION   "650102"
#define INSURED_IN    "650100"
#define ROW_KEY_BYTES 400

typedef Medhub__Common__V1__Coded Coded;
typedef Medhub__Common__V1__Price Price;
typedef Medhub__Prescription__V1__Diagnosis Diagnosis;
typedef Medhub__Prescription__V1__Visit Visit;

enum profile sample_profile(const char *name)
{
    if (strcmp(name, "counter") == 0)
        return PROFILE_COUNTER;
    if (strcmp(name, "prescription") == 0)
        return PROFILE_PRESCRIPTION;
    if (strcmp(name, "scan") == 0)
        return PROFILE_SCAN;
    bench_fail("unknown profile %s", name);
}

const char *sample_inbox(enum profile profile)
{
    return profile == PROFILE_COUNTER ? "peer-in"
           : profile == PROFILE_SCAN  ? "medhub.inbox.trace"
                                      : "medhub.inbox.prescription";
}

const char *sample_facts(enum profile profile)
{
    return profile == PROFILE_COUNTER ? "peer-facts"
           : profile == PROFILE_SCAN  ? "medhub.fact.trace"
                                      : "medhub.fact.prescription";
}

/* protobuf-c's members are not const; nothing here writes through them. */
static char *text(const char *of)
{
    return (char *)of;
}

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t draw(const struct sample *sample, int64_t number, uint64_t which)
{
    return mix(sample->seed ^ mix((uint64_t)number * 16 + which));
}

static int64_t key_of(const struct sample *sample, int64_t number)
{
    int64_t place = number - sample->base;
    return place >= 0 && place < sample->keys ? place : (int64_t)(draw(sample, number, 0) % (uint64_t)sample->keys);
}

/* --- the counter --- */

static struct sample_event make_counter(const struct sample *sample, int64_t number, struct arena *arena)
{
    uint8_t *value = arena_take(arena, COUNTER_BYTES + 17);
    struct sample_event event = {0};

    if (number % REPEAT_EVERY == REPEAT_EVERY - 1)
        number -= REPEAT_BACK;
    event.key = bytes_of(arena_format(arena, "key-%07" PRId64, key_of(sample, number)));
    put_le64(value, (uint64_t)number);
    put_le64(value + 8, draw(sample, number, 1) % 1000 + 1);
    for (int at = 16; at < COUNTER_BYTES; at += 16) /* digits: as compressible as text */
        (void)snprintf((char *)value + at, 17, "%016" PRIx64, draw(sample, number, (uint64_t)(2 + at % 13)));
    event.value = bytes_from(value, COUNTER_BYTES);
    return event;
}

int64_t sample_distinct(int64_t first, int64_t events)
{
    return events - ((first + events) / REPEAT_EVERY - first / REPEAT_EVERY);
}

/* --- the prescription --- */

static char *hospital_id(struct arena *arena, uint64_t hospital)
{
    return arena_format(arena, "H6501020%04u", (unsigned)(hospital % HOSPITALS));
}

static char *drug_code(struct arena *arena, uint64_t drug)
{
    return arena_format(arena, "XA02BCA211A0120101%05u", (unsigned)(drug % DRUGS));
}

static void fill_line(PrescriptionLine *line, uint64_t drug, struct arena *arena)
{
    static Quantity quantity = {.base = PROTOBUF_C_MESSAGE_INIT(&medhub__common__v1__quantity__descriptor), .e4 = 20000};
    static Quantity dose = {.base = PROTOBUF_C_MESSAGE_INIT(&medhub__common__v1__quantity__descriptor), .e4 = 5000};
    static Quantity days = {.base = PROTOBUF_C_MESSAGE_INIT(&medhub__common__v1__quantity__descriptor), .e4 = 70000};
    static Coded frequency = {PROTOBUF_C_MESSAGE_INIT(&medhub__common__v1__coded__descriptor), (char *)"22", (char *)"每日二次"};
    static Coded route = {PROTOBUF_C_MESSAGE_INIT(&medhub__common__v1__coded__descriptor), (char *)"1", (char *)"口服"};
    static Price price = {.base = PROTOBUF_C_MESSAGE_INIT(&medhub__common__v1__price__descriptor),
                          .micro_yuan = 23450000};
    static Money amount = {.base = PROTOBUF_C_MESSAGE_INIT(&medhub__common__v1__money__descriptor), .fen = 4690};

    medhub__prescription__v1__line__init(line);
    line->catalogue_code = drug_code(arena, drug);
    line->kind = LINE_WESTERN;
    line->generic_name = arena_format(arena, "奥美拉唑肠溶胶囊%03u", (unsigned)(drug % GENERIC_NAMES));
    line->dosage_form = text("肠溶胶囊剂");
    line->specification = text("20mg×14粒");
    line->maker = text("示例制药股份有限公司");
    line->approval_number = arena_format(arena, "国药准字H%08u", (unsigned)(drug % DRUGS));
    line->quantity = &quantity;
    line->quantity_unit = text("盒");
    line->single_dose = &dose;
    line->single_dose_unit = text("片");
    line->frequency = &frequency;
    line->route = &route;
    line->days = &days;
    line->price = &price;
    line->amount = &amount;
}

static Diagnosis *main_diagnosis(struct arena *arena)
{
    Diagnosis *diagnosis = arena_take(arena, sizeof *diagnosis);

    medhub__prescription__v1__diagnosis__init(diagnosis);
    diagnosis->kind = MEDHUB__PRESCRIPTION__V1__DIAGNOSIS_KIND__DIAGNOSIS_KIND_WESTERN;
    diagnosis->code = text("K25.901");
    diagnosis->name = text("胃溃疡");
    diagnosis->main = true;
    diagnosis->order = 1;
    return diagnosis;
}

static NamedPractitioner *practitioner(struct arena *arena, const char *code, const char *name)
{
    NamedPractitioner *made = arena_take(arena, sizeof *made);

    medhub__common__v1__practitioner__init(made);
    made->code = text(code);
    made->name = text(name);
    made->department_code = text("A03.05");
    made->department_name = text("消化内科");
    return made;
}

static Visit *visit(struct arena *arena, int64_t number)
{
    Visit *made = arena_take(arena, sizeof *made);

    medhub__prescription__v1__visit__init(made);
    made->visit_id = arena_format(arena, "V%012" PRId64, number);
    made->setting = MEDHUB__PRESCRIPTION__V1__SETTING__SETTING_OUTPATIENT;
    made->medical_type = text("11");
    made->sex = MEDHUB__PRESCRIPTION__V1__SEX__SEX_FEMALE;
    return made;
}

static Timestamp *timestamp(struct arena *arena, int64_t unix_ms)
{
    Timestamp *made = arena_take(arena, sizeof *made);

    google__protobuf__timestamp__init(made);
    made->seconds = unix_ms / 1000;
    return made;
}

static void fill_lines(const struct sample *sample, int64_t number, PrescriptionUploaded *said, struct arena *arena)
{
    PrescriptionLine *lines = arena_take(arena, LINES * sizeof *lines);

    said->lines = arena_take(arena, LINES * sizeof *said->lines);
    said->n_lines = LINES;
    for (unsigned i = 0; i < LINES; i++) {
        fill_line(&lines[i], draw(sample, number, 3 + i), arena);
        said->lines[i] = &lines[i];
    }
}

static struct bytes pack_prescription(const struct sample *sample, int64_t number, const char *hospital,
                                      const char *person, struct arena *arena)
{
    PrescriptionUploaded said = MEDHUB__PRESCRIPTION__V1__UPLOADED__INIT;
    Diagnosis *diagnosis = main_diagnosis(arena);

    said.person = text(person);
    said.hospital_number = arena_format(arena, "RX%012" PRId64, number);
    said.national_number = arena_format(arena, "6500%016" PRId64, number);
    said.institution = text(hospital);
    said.institution_name = text("示例市第一人民医院");
    said.department_code = text("A03.05");
    said.department_name = text("消化内科");
    said.doctor = practitioner(arena, "D650102000123", "王医生");
    said.pharmacist = practitioner(arena, "HY650102000456", "李药师");
    said.region_of_care = text(CARE_REGION);
    said.region_of_insurance = text(INSURED_IN);
    said.business = MEDHUB__PRESCRIPTION__V1__BUSINESS__BUSINESS_INSTITUTION_VISIT;
    said.kind = LINE_WESTERN;
    said.issued_at = timestamp(arena, sample->now_ms);
    said.valid_days = 3;
    said.valid_until = timestamp(arena, sample->now_ms + 3LL * 86400 * 1000);
    said.diagnoses = &diagnosis;
    said.n_diagnoses = 1;
    said.visit = visit(arena, number);
    fill_lines(sample, number, &said, arena);
    return pack_message(&said.base, arena);
}

static struct headers *prescription_headers(const struct sample *sample, int64_t number, const char *hospital)
{
    struct headers *headers = headers_new(6);
    char id[40], time[MOMENT_TEXT_BYTES];

    (void)snprintf(id, sizeof id, "rx-%" PRId64, number);
    if (headers == NULL || !headers_add_text(headers, "ce_specversion", "1.0") ||
        !headers_add_text(headers, "ce_id", id) || !headers_add_text(headers, "ce_source", hospital) ||
        !headers_add_text(headers, "ce_type", "medhub.prescription.uploaded.v1") ||
        !headers_add_text(headers, "ce_time", moment_format_ms(sample->now_ms, time)) ||
        !headers_add_text(headers, "content-type", "application/protobuf"))
        bench_fail("no memory for headers");
    return headers;
}

static struct sample_event make_prescription(const struct sample *sample, int64_t number, struct arena *arena)
{
    const char *hospital = hospital_id(arena, draw(sample, number, 1));
    int64_t key = key_of(sample, number);
    const char *person = arena_format(arena, "p%016" PRIx64 "%016" PRIx64, mix((uint64_t)key), mix(~(uint64_t)key));

    return (struct sample_event){.key = bytes_of(person),
                                 .value = pack_prescription(sample, number, hospital, person, arena),
                                 .headers = prescription_headers(sample, number, hospital)};
}

struct sample_event sample_make(const struct sample *sample, int64_t number, struct arena *arena)
{
    if (sample->profile == PROFILE_SCAN)
        return sample_make_scan(sample, number, key_of(sample, number), hospital_id(arena, draw(sample, number, 1)), arena);
    return sample->profile == PROFILE_COUNTER ? make_counter(sample, number, arena)
                                              : make_prescription(sample, number, arena);
}

/* --- looking at facts --- */

static bool read_id(const char *name, struct bytes value, void *context)
{
    char text[32];

    if (strcmp(name, "ce_id") != 0 || value.length < 4 || value.length >= sizeof text)
        return true;
    memcpy(text, value.data, value.length);
    text[value.length] = '\0';
    const char *number = strchr(text, '-'); /* rx-7, scan-7 */
    if (number != NULL)
        *(int64_t *)context = strtoll(number + 1, NULL, 10);
    return false;
}

int64_t sample_number(enum profile profile, const struct record *fact)
{
    int64_t number = -1;

    if (profile != PROFILE_COUNTER)
        record_each_header(fact, read_id, &number);
    else if (fact->value.length >= 8)
        number = (int64_t)get_le64(fact->value.data);
    return number;
}

/* --- table rows --- */

static void row(const char *table, const char *key, const ProtobufCMessage *message, struct arena *arena,
                void (*each)(const char *topic, struct bytes key, struct bytes value, void *context), void *context)
{
    Medhub__Event__V1__TableRow row = MEDHUB__EVENT__V1__TABLE_ROW__INIT;
    struct bytes value = pack_message(message, arena);
    struct buffer name;

    row.table = text(table);
    row.key = text(key);
    row.region = text(REGION_NATION);
    row.valid_from = text("2024-01-01");
    row.version = 1;
    row.value.data = (uint8_t *)value.data;
    row.value.len = value.length;
    buffer_init(&name, ROW_KEY_BYTES);
    if (!tables_row_key(table, key, REGION_NATION, date_from_civil(2024, 1, 1), &name))
        bench_fail("the key of a table row is too long");
    each(arena_format(arena, "medhub.table.%s", table), buffer_bytes(&name), pack_message(&row.base, arena), context);
    buffer_done(&name);
}

static void hospital_row(uint64_t number, struct arena *arena,
                         void (*each)(const char *topic, struct bytes key, struct bytes value, void *context),
                         void *context)
{
    Organisation hospital = MEDHUB__REGISTRY__V1__ORGANISATION__INIT;
    char *roles[] = {text("hospital")};

    hospital.id = hospital_id(arena, number);
    hospital.name = text("示例市人民医院");
    hospital.kind = MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_HOSPITAL;
    hospital.roles = roles;
    hospital.n_roles = 1;
    hospital.region = text(CARE_REGION);
    hospital.state = MEDHUB__REGISTRY__V1__STATE__STATE_LIVE;
    hospital.designated_from = text("2024-01-01");
    row(TABLE_REGISTRY, hospital.id, &hospital.base, arena, each, context);
}

static void drug_row(uint64_t number, struct arena *arena,
                     void (*each)(const char *topic, struct bytes key, struct bytes value, void *context),
                     void *context)
{
    Medhub__Catalogue__V1__Item drug = MEDHUB__CATALOGUE__V1__ITEM__INIT;

    drug.kind = MEDHUB__CATALOGUE__V1__KIND__KIND_WESTERN_DRUG;
    drug.code = drug_code(arena, number);
    drug.name = text("奥美拉唑");
    drug.dosage_form = text("口服常释剂型");
    drug.pay_class = MEDHUB__CATALOGUE__V1__PAY_CLASS__PAY_CLASS_B;
    drug.section = text("西药部分");
    drug.region = text(REGION_NATION);
    drug.valid_from = text("2024-01-01");
    row(TABLE_CATALOGUE, arena_format(arena, "WESTERN_DRUG/%s", drug.code), &drug.base, arena, each, context);
}

/* Persons come again, and with them the same drugs: the policy as shipped warns of that and takes the prescription. */
static void policy_row(struct arena *arena,
                       void (*each)(const char *topic, struct bytes key, struct bytes value, void *context), void *context)
{
    Medhub__Policy__V1__Parameter parameter = MEDHUB__POLICY__V1__PARAMETER__INIT;

    parameter.name = text("prescription.double_medication.refuse");
    parameter.kind = MEDHUB__POLICY__V1__PARAMETER_KIND__PARAMETER_KIND_INTEGER;
    row(TABLE_POLICY, parameter.name, &parameter.base, arena, each, context);
}

void sample_each_row(struct arena *arena,
                     void (*each)(const char *topic, struct bytes key, struct bytes value, void *context),
                     void *context)
{
    for (uint64_t i = 0; i < HOSPITALS; i++) {
        arena_reset(arena);
        hospital_row(i, arena, each, context);
    }
    for (uint64_t i = 0; i < DRUGS; i++) {
        arena_reset(arena);
        drug_row(i, arena, each, context);
    }
    arena_reset(arena);
    policy_row(arena, each, context);
}
