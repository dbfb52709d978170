#include "domain/medication.h"

#include "domain/line_quantity.h"

#include <stdlib.h>

#define MEDICATION_ROW "medication"

/* A year back is more than any look-up asks for; the number of items bounds the row. */
enum { KEPT_DAYS = 366, ITEMS_MAX = 500, QUANTITY_ONE_DAY = 10000, DAYS_MAX = 3660 };

const Medication *medication_of(struct view *view)
{
    return (const Medication *)view_state(view, MEDICATION, MEDICATION_ROW);
}

/* --- days --- */

static date_t last_day(const PrescriptionLine *line, date_t first)
{
    int64_t days = (quantity_e4(line->days) + QUANTITY_ONE_DAY - 1) / QUANTITY_ONE_DAY;
    if (line->ends_at != NULL && timestamp_day(line->ends_at) >= first)
        return timestamp_day(line->ends_at);
    return days < 1 ? first : first + (date_t)(days > DAYS_MAX ? DAYS_MAX : days) - 1;
}

struct span medication_days(const PrescriptionLine *line, date_t day)
{
    date_t first = line->starts_at == NULL || timestamp_day(line->starts_at) == DATE_NONE
                       ? day
                       : timestamp_day(line->starts_at);
    return (struct span){first, last_day(line, first)};
}

static struct span days_of(const MedicationItem *item)
{
    return (struct span){text_day(item->from), text_day(item->until)};
}

const MedicationItem *medication_overlap(const Medication *medication, const char *generic_name,
                                         struct span days)
{
    for (size_t i = 0; medication != NULL && i < medication->n_items; i++)
        if (strcmp(medication->items[i]->generic_name, generic_name) == 0 &&
            spans_overlap(days_of(medication->items[i]), days))
            return medication->items[i];
    return NULL;
}

/* --- the row --- */

/* A row to write: of what the person took BEFORE (may be NULL) all that is not long past on DAY, with room for MORE. */
static Medication *begin(const Medication *before, struct decision *decision, date_t day, size_t more)
{
    size_t count = before == NULL ? 0 : before->n_items;
    Medication *medication = decision_message(decision, MEDICATION);
    MedicationItem **items = decision_list(decision, count + more);
    if (medication == NULL || items == NULL)
        return NULL;
    medication->items = items;
    size_t skipped = count + more > ITEMS_MAX ? count + more - ITEMS_MAX : 0;
    for (size_t i = skipped; i < count; i++)
        if (day == DATE_NONE || days_of(before->items[i]).until >= day - KEPT_DAYS)
            items[medication->n_items++] = before->items[i];
    return medication;
}

static int by_first_day(const void *left, const void *right)
{
    const MedicationItem *a = *(MedicationItem *const *)left, *b = *(MedicationItem *const *)right;
    int order = strcmp(a->from, b->from);
    if (order == 0)
        order = strcmp(a->prescription, b->prescription);
    return order != 0 ? order : strcmp(a->line_number, b->line_number);
}

static void write_row(struct decision *decision, Medication *medication)
{
    qsort(medication->items, medication->n_items, sizeof *medication->items, by_first_day);
    decision_write(decision, medication->n_items == 0 ? NULL : &medication->base, MEDICATION_ROW);
}

static void set_days(struct decision *decision, MedicationItem *item, struct span days)
{
    char day[DATE_TEXT_BYTES];
    item->from = arena_text(decision->arena, bytes_of(date_format(days.from, day)));
    item->until = arena_text(decision->arena, bytes_of(date_format(days.until, day)));
    decision->failed |= item->from == NULL || item->until == NULL;
}

/* --- uploaded --- */

static MedicationItem *prescribed_item(struct decision *decision, const char *row,
                                       const PrescriptionLine *line, const char *line_number,
                                       date_t issued_on)
{
    MedicationItem *item = decision_message(decision, MEDICATION_ITEM);
    if (item == NULL)
        return NULL;
    item->prescription = lent(row);
    item->line_number = lent(line_number);
    item->catalogue_code = line->catalogue_code;
    item->generic_name = line->generic_name;
    set_days(decision, item, medication_days(line, issued_on));
    return item;
}

void medication_prescribed(const Medication *before, struct decision *decision, const char *row,
                           const PrescriptionUploaded *said, date_t issued_on)
{
    Medication *medication = begin(before, decision, issued_on, said->n_lines);
    for (size_t i = 0; medication != NULL && i < said->n_lines; i++) {
        char number[LINE_NUMBER_BYTES];
        const char *line_number =
            arena_text(decision->arena, bytes_of(line_number_of(said->lines[i], i, number)));
        MedicationItem *item = line_number == NULL
                                   ? NULL
                                   : prescribed_item(decision, row, said->lines[i], line_number, issued_on);
        decision->failed |= item == NULL;
        if (item != NULL)
            medication->items[medication->n_items++] = item;
    }
    if (medication != NULL && !decision->failed)
        write_row(decision, medication);
}

/* --- dispensed --- */

static bool is_among(const PrescriptionDispensed *said, const char *line_number)
{
    for (size_t i = 0; i < said->n_lines; i++)
        if (strcmp(said->lines[i]->line_number, line_number) == 0)
            return true;
    return false;
}

/* The first dispensing says when it begins; a later one makes it last as long again. */
static struct span days_from_dispensing(const MedicationItem *item, date_t day)
{
    struct span days = days_of(item);
    date_t length = days.until - days.from;
    if (!item->dispensed)
        return (struct span){day, day + length};
    return (struct span){days.from, days.until > day + length ? days.until : day + length};
}

void medication_dispensed(struct view *view, struct decision *decision, const char *row,
                          const PrescriptionDispensed *said, date_t day)
{
    Medication *medication = begin(medication_of(view), decision, day, 0);
    for (size_t i = 0; medication != NULL && i < medication->n_items; i++) {
        MedicationItem *item = medication->items[i];
        if (strcmp(item->prescription, row) != 0 || !is_among(said, item->line_number))
            continue;
        set_days(decision, item, days_from_dispensing(item, day));
        item->dispensed = true;
    }
    if (medication != NULL && !decision->failed)
        write_row(decision, medication);
}

/* --- ended --- */

void medication_ended(struct view *view, struct decision *decision, const char *row)
{
    Medication *medication = begin(medication_of(view), decision, DATE_NONE, 0);
    size_t kept = 0;
    for (size_t i = 0; medication != NULL && i < medication->n_items; i++)
        if (strcmp(medication->items[i]->prescription, row) != 0 || medication->items[i]->dispensed)
            medication->items[kept++] = medication->items[i];
    if (medication == NULL)
        return;
    medication->n_items = kept;
    write_row(decision, medication);
}
