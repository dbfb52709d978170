/* world.h: what the generated events talk about: drugs, devices, diagnoses, places from the shipped data, and
 * the organisations and persons that are made up from them. Read once, then constant. */
#ifndef GEN_WORLD_H
#define GEN_WORLD_H

#include "base/arena.h"
#include "base/date.h"
#include "base/fault.h"
#include "domain/messages.h"

enum { EDITION_2024, EDITION_2025, EDITIONS };
enum { CITIES = 4, HOSPITALS = 40, PHARMACIES = 40, DISTRIBUTORS = 3, MAKERS = 3 };

/* One row of the national drug list. */
struct drug {
    const char *code, *section, *class_code, *class_name, *pay_class, *item_number, *name, *dosage_form;
    const char *payment_standard, *limit_remark, *agreement_from, *agreement_until;
    CatalogueKind kind;
    const struct drug *other; /* the same item in the other edition, or NULL */
};

struct device {
    const char *identifier, *company, *model;
    bool has_lot, has_serial, has_expiry;
};

struct named_code {
    const char *code, *name;
};

struct participant {
    const char *id, *name, *region;
    OrganisationKind kind;
    const char *roles; /* "hospital|institution" */
};

struct world {
    struct arena *arena;
    struct drug *drugs[EDITIONS];
    size_t drug_count[EDITIONS];
    const struct drug **lasting[2]; /* in both editions: western, patent */
    size_t lasting_count[2];
    struct device *devices; /* with a right check digit */
    size_t device_count;
    struct device *misprinted;
    size_t misprinted_count;
    struct named_code *diagnoses;
    size_t diagnosis_count;
    struct named_code cities[CITIES];
    struct participant *participants;
    size_t participant_count;
    const struct participant *hospitals, *pharmacies; /* HOSPITALS and PHARMACIES of them, in a row */
    const struct participant *makers, *distributors;        /* MAKERS and DISTRIBUTORS of them */
    const struct participant *bureau, *suspended;
};

/* A file of the data folder as rows of texts. */
struct data_table {
    const char **cells;
    size_t row_count;
    size_t column_count;
};
/* COLUMNS: NULL-terminated names; the cells stand in their order. REJECT names file and line. */
enum status table_read(const char *folder, const char *file, const char *const *columns, struct arena *arena,
                       struct data_table *table, struct fault *fault) MUST_CHECK;
static inline const char *table_cell(const struct data_table *table, size_t row, size_t column)
{
    return table->cells[row * table->column_count + column];
}

enum status world_read(const char *folder, struct arena *arena, struct world *world,
                       struct fault *fault) MUST_CHECK;

#endif
