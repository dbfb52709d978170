/* catalogue_file.h: a catalogue, or what changes of one, as a CSV file. Which column is which field of
 * medhub.catalogue.v1.Item says a mapping, itself a CSV with the columns
 *
 *     field      a field of Item as in catalogue.proto (kind, code, name, payment_standard), of its
 *                details (consumable.generic_name) or of its limit (limit.age), or "removed"
 *     column     the file's column it is taken from
 *     constant   or the value it always has
 *     values     or what the column's values become: 甲=PAY_CLASS_A|乙=PAY_CLASS_B, X*=KIND_WESTERN_DRUG for all that
 *                begin with X; any other value is a bad row
 *
 * Without a mapping a column is the field of its name. Prices and ratios are decimal numbers (prices also as
 * printed: 63.00元(10mg/支)), lists are joined by "|", switches
 * are true, 1, yes, 是 or nothing. */
#ifndef CTL_CATALOGUE_FILE_H
#define CTL_CATALOGUE_FILE_H

#include "base/arena.h"
#include "base/fault.h"
#include "domain/messages.h"

struct catalogue_entry {
    const char *key; /* KIND/CODE */
    CatalogueItem *item;
    bool removed;
    size_t line;
};

/* What stands in every row, unless the file says otherwise. */
struct catalogue_defaults {
    const char *region, *valid_from, *kind; /* NULL: the file must say */
};

/* A row that cannot be used: its line (of the file, 1 is the header), the field, what stands there and what should, in Chinese and in
 * English. */
struct catalogue_bad_row {
    size_t line;
    const char *field, *found, *expected_zh, *expected_en;
};
typedef void catalogue_complaint(void *context, const struct catalogue_bad_row *bad);

struct catalogue_file {
    struct catalogue_entry *entries; /* in order of key; each key once */
    size_t count;
    size_t bad_rows; /* each was complained about; COUNT is then of the others */
};

/* Reads PATH with MAPPING (NULL: none). Everything lies in ARENA. REJECT: a file is not there or no CSV, or the mapping names what
 * is not there. */
enum status catalogue_file_read(const char *path, const char *mapping, const struct catalogue_defaults *defaults,
                                catalogue_complaint *complain, void *context, struct arena *arena,
                                struct catalogue_file *file, struct fault *fault) MUST_CHECK;

#endif
