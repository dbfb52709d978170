#include "domain/designation.h"

#include "domain/format.h"

const char *designation_key(struct arena *arena, DesignationList list, const char *institution,
                            const char *doctor)
{
    switch ((int)list) {
    case LIST_HOSPITAL:
        return format_in(arena, "HOSPITAL/%s", institution);
    case LIST_PHARMACY:
        return format_in(arena, "PHARMACY/%s", institution);
    case LIST_RECOGNITION:
        return format_in(arena, "RECOGNITION/%s", institution);
    default:
        return format_in(arena, "DOCTOR/%s/%s", institution, doctor);
    }
}

bool designation_holds(struct view *view, DesignationList list, const char *institution, const char *doctor,
                       const char *region, date_t date)
{
    struct table_row row;
    const char *key = designation_key(view->arena, list, institution, doctor);
    view->failed |= key == NULL;
    return key != NULL && view_table(view, TABLE_DESIGNATION, key, region, date, &row);
}
