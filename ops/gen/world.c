#include "ops/gen/world.h"

#include "base/csv.h"
#include "code/code.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- files ---- */

static enum status read_file(const char *path, struct arena *arena, struct bytes *text, struct fault *fault)
{
    FILE *file = fopen(path, "rb");
    enum status status = STATUS_OK;
    long length = 0;

    if (file == NULL)
        return fault_reject(fault, "file.missing", "%s: %s (--data names the folder)", path, strerror(errno));
    if (fseek(file, 0, SEEK_END) == 0)
        length = ftell(file);
    uint8_t *data = length <= 0 ? NULL : arena_take(arena, (size_t)length);
    if (data == NULL || fseek(file, 0, SEEK_SET) != 0 ||
        fread(data, 1, (size_t)length, file) != (size_t)length)
        status = fault_reject(fault, "file.unreadable", "%s cannot be read", path);
    else
        *text = bytes_from(data, (size_t)length);
    (void)fclose(file);
    return status;
}

static size_t count_lines(struct bytes text)
{
    size_t count = 1;

    for (size_t i = 0; i < text.length; i++)
        count += text.data[i] == '\n';
    return count;
}

static enum status find_columns(struct csv *csv, const char *path, const char *const *columns,
                                struct arena *arena, int *places, size_t *count, struct fault *fault)
{
    if (!csv_read_header(csv, arena))
        return fault_reject(fault, "data.malformed", "%s has no header", path);
    for (*count = 0; columns[*count] != NULL; (*count)++) {
        places[*count] = csv_column(csv, columns[*count]);
        if (places[*count] < 0)
            return fault_reject(fault, "data.malformed", "%s has no column %s", path, columns[*count]);
    }
    return STATUS_OK;
}

enum status table_read(const char *folder, const char *file, const char *const *columns, struct arena *arena,
                       struct data_table *table, struct fault *fault)
{
    struct bytes fields[CSV_FIELDS_MAX], text = BYTES_NONE;
    int places[CSV_FIELDS_MAX], count = 0;
    const char *path = arena_format(arena, "%s/%s", folder, file);

    enum status status = read_file(path, arena, &text, fault);
    if (status != STATUS_OK)
        return status;
    struct csv csv = csv_open(text);
    *table = (struct data_table){0};
    status = find_columns(&csv, path, columns, arena, places, &table->column_count, fault);
    table->cells = arena_take(arena, count_lines(text) * (table->column_count + 1) * sizeof *table->cells);
    while (status == STATUS_OK && table->cells != NULL &&
           (count = csv_next(&csv, arena, fields, CSV_FIELDS_MAX)) > 0) {
        if (count != csv.header_count)
            return fault_reject(fault, "data.malformed", "%s line %zu: too many or too few fields", path,
                                csv.line);
        for (size_t c = 0; c < table->column_count; c++)
            table->cells[table->row_count * table->column_count + c] = arena_text(arena, fields[places[c]]);
        table->row_count++;
    }
    if (status == STATUS_OK && (count == CSV_MALFORMED || table->cells == NULL))
        return fault_reject(fault, "data.malformed", "%s line %zu: %s", path, csv.line,
                            csv.error == NULL ? "no memory" : csv.error);
    return status;
}

/* ---- drugs ---- */

static enum status read_drugs(const char *folder, struct world *world, int edition, struct fault *fault)
{
    static const char *const files[EDITIONS] = {"nrdl_2024.csv", "nrdl_2025.csv"};
    static const char *const columns[] = {
        "code",        "section",          "class_code",   "class_name", "pay_class", "item_no", "drug_name",
        "dosage_form", "payment_standard", "limit_remark", "valid_from", "valid_to",  NULL};
    struct data_table table;

    enum status status = table_read(folder, files[edition], columns, world->arena, &table, fault);
    if (status != STATUS_OK)
        return status;
    world->drugs[edition] = arena_take_zeroed(world->arena, table.row_count * sizeof *world->drugs[edition]);
    if (world->drugs[edition] == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the drugs");
    for (size_t i = 0; i < table.row_count; i++) {
        const char *const *cell = &table.cells[i * table.column_count];
        world->drugs[edition][i] = (struct drug){
            .code = cell[0],
            .section = cell[1],
            .class_code = cell[2],
            .class_name = cell[3],
            .pay_class = cell[4],
            .item_number = cell[5],
            .name = cell[6],
            .dosage_form = cell[7],
            .payment_standard = cell[8],
            .limit_remark = cell[9],
            .agreement_from = cell[10],
            .agreement_until = cell[11],
            .kind = cell[2][0] == 'Z' ? KIND_PATENT_DRUG : KIND_WESTERN_DRUG,
        };
    }
    world->drug_count[edition] = table.row_count;
    return STATUS_OK;
}

static int by_code(const void *left, const void *right)
{
    return strcmp((*(struct drug *const *)left)->code, (*(struct drug *const *)right)->code);
}

/* Points the two editions of an item at each other. */
static enum status pair_editions(struct world *world, struct fault *fault)
{
    size_t count = world->drug_count[EDITION_2024];
    struct drug **sorted = arena_take(world->arena, (count + 1) * sizeof(struct drug *));

    if (sorted == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the drugs");
    for (size_t i = 0; i < count; i++)
        sorted[i] = &world->drugs[EDITION_2024][i];
    qsort(sorted, count, sizeof(struct drug *), by_code);
    for (size_t i = 0; i < world->drug_count[EDITION_2025]; i++) {
        struct drug *later = &world->drugs[EDITION_2025][i];
        struct drug **earlier = bsearch(&later, sorted, count, sizeof(struct drug *), by_code);
        if (earlier == NULL)
            continue;
        later->other = *earlier;
        (*earlier)->other = later;
    }
    return STATUS_OK;
}

static enum status choose_lasting(struct world *world, struct fault *fault)
{
    for (int kind = 0; kind < 2; kind++) {
        world->lasting[kind] =
            arena_take(world->arena, (world->drug_count[EDITION_2025] + 1) * sizeof(const struct drug *));
        if (world->lasting[kind] == NULL)
            return fault_fatal(fault, "memory.out", "no memory for the drugs");
        for (size_t i = 0; i < world->drug_count[EDITION_2025]; i++) {
            const struct drug *drug = &world->drugs[EDITION_2025][i];
            if (drug->other != NULL && (drug->kind == KIND_PATENT_DRUG) == (kind == 1))
                world->lasting[kind][world->lasting_count[kind]++] = drug;
        }
    }
    return STATUS_OK;
}

/* ---- devices, diagnoses, places ---- */

static enum status read_devices(const char *folder, struct world *world, struct fault *fault)
{
    static const char *const columns[] = {"primary_di", "company",  "model", "lot",
                                          "serial",     "exp_date", NULL};
    struct data_table table;

    enum status status = table_read(folder, "gudid_devices.csv", columns, world->arena, &table, fault);
    if (status != STATUS_OK)
        return status;
    world->devices = arena_take(world->arena, table.row_count * sizeof *world->devices);
    world->misprinted = arena_take(world->arena, table.row_count * sizeof *world->misprinted);
    if (world->devices == NULL || world->misprinted == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the devices");
    for (size_t i = 0; i < table.row_count; i++) {
        struct device device = {
            .identifier = table_cell(&table, i, 0),
            .company = table_cell(&table, i, 1),
            .model = table_cell(&table, i, 2),
            .has_lot = table_cell(&table, i, 3)[0] == '1',
            .has_serial = table_cell(&table, i, 4)[0] == '1',
            .has_expiry = table_cell(&table, i, 5)[0] == '1',
        };
        if (code_check_digit_ok(bytes_of(device.identifier)))
            world->devices[world->device_count++] = device;
        else
            world->misprinted[world->misprinted_count++] = device;
    }
    return STATUS_OK;
}

static enum status read_diagnoses(const char *folder, struct world *world, struct fault *fault)
{
    static const char *const columns[] = {"code", "name", NULL};
    struct data_table table;

    enum status status = table_read(folder, "icd10.csv", columns, world->arena, &table, fault);
    if (status != STATUS_OK)
        return status;
    world->diagnoses = arena_take(world->arena, table.row_count * sizeof *world->diagnoses);
    if (world->diagnoses == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the diagnoses");
    for (size_t i = 0; i < table.row_count; i++)
        world->diagnoses[i] = (struct named_code){table_cell(&table, i, 0), table_cell(&table, i, 1)};
    world->diagnosis_count = table.row_count;
    return STATUS_OK;
}

/* The first cities of Guangdong, where most of the hospital names come from. */
static enum status read_cities(const char *folder, struct world *world, struct fault *fault)
{
    static const char *const columns[] = {"code", "name", "parent_code", NULL};
    struct data_table table;
    size_t count = 0;

    enum status status = table_read(folder, "regions.csv", columns, world->arena, &table, fault);
    for (size_t i = 0; status == STATUS_OK && i < table.row_count && count < CITIES; i++)
        if (strcmp(table_cell(&table, i, 2), "440000") == 0)
            world->cities[count++] = (struct named_code){table_cell(&table, i, 0), table_cell(&table, i, 1)};
    if (status == STATUS_OK && count < CITIES)
        return fault_reject(fault, "data.malformed", "regions.csv has too few cities");
    return status;
}

/* ---- organisations ---- */

static const struct participant *add_participant(struct world *world, const char *id, const char *name,
                                                 const char *region, OrganisationKind kind, const char *roles)
{
    struct participant *added = &world->participants[world->participant_count++];
    *added = (struct participant){id, name, region, kind, roles};
    return added;
}

#define KIND_OF(name) MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_##name

static void add_authorities(struct world *world)
{
    struct arena *arena = world->arena;

    world->bureau = add_participant(world, "B000000", "国家医疗保障局", "000000", KIND_OF(BUREAU), "bureau");
    (void)add_participant(world, "B440000", "广东省医疗保障局", "440000", KIND_OF(BUREAU), "bureau");
    (void)add_participant(world, "R440000", "广东省药品监督管理局", "440000", KIND_OF(REGULATOR),
                          "regulator");
    for (size_t i = 0; i < CITIES; i++)
        (void)add_participant(world, arena_format(arena, "A%s00001", world->cities[i].code),
                              arena_format(arena, "%s医疗保障事业管理中心", world->cities[i].name),
                              world->cities[i].code, KIND_OF(INSURER_AGENCY), "insurer");
    world->makers = &world->participants[world->participant_count];
    for (unsigned i = 0; i < MAKERS; i++)
        (void)add_participant(world, arena_format(arena, "M440000%05u", i + 1),
                              arena_format(arena, "南方医疗器械第%u厂", i + 1), "440000", KIND_OF(REGISTRANT), "registrant");
    world->distributors = &world->participants[world->participant_count];
    for (unsigned i = 0; i < DISTRIBUTORS; i++)
        (void)add_participant(world, arena_format(arena, "D440000%05u", i + 1),
                              arena_format(arena, "南方医药器械物流第%u公司", i + 1), "440000",
                              KIND_OF(DISTRIBUTOR), "distributor");
}

static void add_institutions(struct world *world, const struct data_table *names)
{
    struct arena *arena = world->arena;

    world->hospitals = &world->participants[world->participant_count];
    for (unsigned i = 0; i < HOSPITALS; i++)
        (void)add_participant(world, arena_format(arena, "H%s%05u", world->cities[i % CITIES].code, i + 1),
                              table_cell(names, i % names->row_count, 0), world->cities[i % CITIES].code,
                              KIND_OF(HOSPITAL), "hospital|institution");
    world->pharmacies = &world->participants[world->participant_count];
    for (unsigned i = 0; i < PHARMACIES; i++)
        (void)add_participant(
            world, arena_format(arena, "P%s%05u", world->cities[i % CITIES].code, i + 1),
            arena_format(arena, "%s惠民大药房第%u店", world->cities[i % CITIES].name, i + 1),
            world->cities[i % CITIES].code, KIND_OF(PHARMACY), "pharmacy|institution");
    world->suspended = add_participant(world, arena_format(arena, "H%s99901", world->cities[0].code),
                                       table_cell(names, HOSPITALS % names->row_count, 0),
                                       world->cities[0].code, KIND_OF(HOSPITAL), "hospital|institution");
}

static enum status make_participants(const char *folder, struct world *world, struct fault *fault)
{
    static const char *const columns[] = {"name", NULL};
    enum { PARTICIPANTS = 4 + CITIES + MAKERS + DISTRIBUTORS + HOSPITALS + PHARMACIES };
    struct data_table names;

    enum status status = table_read(folder, "hospital_names.csv", columns, world->arena, &names, fault);
    if (status != STATUS_OK)
        return status;
    world->participants = arena_take_zeroed(world->arena, PARTICIPANTS * sizeof *world->participants);
    if (world->participants == NULL || names.row_count == 0)
        return fault_fatal(fault, "memory.out", "no memory for the organisations");
    add_authorities(world);
    add_institutions(world, &names);
    return STATUS_OK;
}

enum status world_read(const char *folder, struct arena *arena, struct world *world, struct fault *fault)
{
    *world = (struct world){.arena = arena};
    enum status status = read_drugs(folder, world, EDITION_2024, fault);
    if (status == STATUS_OK)
        status = read_drugs(folder, world, EDITION_2025, fault);
    if (status == STATUS_OK)
        status = pair_editions(world, fault);
    if (status == STATUS_OK)
        status = choose_lasting(world, fault);
    if (status == STATUS_OK)
        status = read_devices(folder, world, fault);
    if (status == STATUS_OK)
        status = read_diagnoses(folder, world, fault);
    if (status == STATUS_OK)
        status = read_cities(folder, world, fault);
    return status == STATUS_OK ? make_participants(folder, world, fault) : status;
}
