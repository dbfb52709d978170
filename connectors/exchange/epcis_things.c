/* epcis_things.c: the things of an EPCIS event, by instance, by class and by parent, become scans. */
#include "exchange/epcis_reading.h"

#include "epcis/identifier.h"
#include "store/rows_trace.h"

#include <math.h>
#include <string.h>

#define STEP_(name_) MEDHUB__TRACE__V1__STEP__STEP_##name_
enum { E4 = 10000, QUANTITY_MAX = 1000000000 };

/* The code of an EPC as a Digital Link; one of our own URIs gives product and serial without a code. */
static bool read_code(struct reading *reading, const char *uri, const char *path, const char **code,
                      struct trace_identity *identity)
{
    const char *canonical = identifier_canonical(reading->arena, uri);
    const char *parts = strncmp(uri, EPCIS_ITEM, strlen(EPCIS_ITEM)) == 0 ? uri + strlen(EPCIS_ITEM) : NULL;

    if (canonical == NULL)
        return reading_has_no_memory(reading);
    *code = parts == NULL ? canonical : "";
    if (parts != NULL) {
        const char *colon = strchr(parts, ':');
        *identity = (struct trace_identity){bytes_of(""), bytes_of(""), bytes_of("")};
        if (colon == NULL || colon == parts || strchr(parts, '%') != NULL)
            return reading_refuse_in_event(reading, "epcis.value", path, "must be " EPCIS_ITEM "PRODUCT:SERIAL");
        identity->product = bytes_from(parts, (size_t)(colon - parts));
        identity->serial = bytes_of(colon + 1);
        return true;
    }
    return trace_identity_read(bytes_of(canonical), reading->arena, identity) ||
           reading_refuse_in_event(reading, "epcis.value", path, "names no item");
}

static bool add_scan(struct reading *reading, const char *uri, const char *path, double quantity, bool is_class)
{
    struct trace_identity identity;
    const char *code = "";

    if (!read_code(reading, uri, path, &code, &identity))
        return false;
    if (!is_class && identity.serial.length == 0)
        return reading_refuse_in_event(reading, "epcis.value", path, "an EPC has a serial; use the quantity list for classes");
    if (reading->count == reading->max)
        return reading_refuse(reading, "epcis.too_large", NULL, "too many things in one document");
    struct epcis_scan *scan = &reading->scans[reading->count];
    Medhub__Common__V1__Quantity *amount = arena_take(reading->arena, sizeof *amount);
    const char *digest = strchr(reading->hash, ';');
    scan->id = arena_format(reading->arena, "epcis-%.64s-%zu%s", digest == NULL ? "" : digest + 1, reading->things,
                            reading->said.cancels[0] == '\0' ? "" : "-error");
    scan->said = reading->said;
    if (reading->said.cancels[0] != '\0')
        scan->said.cancels =
            arena_format(reading->arena, "epcis-%.64s-%zu", digest == NULL ? "" : digest + 1, reading->things);
    scan->said.product = arena_text(reading->arena, identity.product);
    scan->said.serial = arena_text(reading->arena, identity.serial);
    if (identity.lot.length > 0)
        scan->said.lot = arena_text(reading->arena, identity.lot);
    scan->said.code = (char *)code;
    scan->said.code_system = code[0] == '\0' ? MEDHUB__TRACE__V1__CODE_SYSTEM__CODE_SYSTEM_UNSPECIFIED
                                             : MEDHUB__TRACE__V1__CODE_SYSTEM__CODE_SYSTEM_GS1;
    if (amount == NULL || scan->id == NULL || scan->said.product == NULL || scan->said.serial == NULL ||
        scan->said.lot == NULL || scan->said.cancels == NULL)
        return reading_has_no_memory(reading);
    *amount = (Medhub__Common__V1__Quantity)MEDHUB__COMMON__V1__QUANTITY__INIT;
    amount->e4 = llround(quantity * E4);
    scan->said.quantity = amount;
    reading->count++;
    reading->things++;
    return true;
}

static bool read_epcs(struct reading *reading, const char *name)
{
    const json_t *list = json_object_get(reading->event, name);

    if (list == NULL)
        return true;
    if (!json_is_array(list))
        return reading_refuse_in_event(reading, "epcis.value", name, "must be a list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *path = arena_format(reading->arena, "%s[%zu]", name, i);
        if (path == NULL)
            return reading_has_no_memory(reading);
        if (!json_is_string(one))
            return reading_refuse_in_event(reading, "epcis.value", path, "must be a URI");
        const char *uri = arena_text(reading->arena, bytes_from(json_string_value(one), json_string_length(one)));
        if (uri == NULL)
            return reading_has_no_memory(reading);
        if (!add_scan(reading, uri, path, 1, false))
            return false;
    }
    return true;
}

static bool read_quantity(struct reading *reading, const json_t *one, const char *path)
{
    static const char *const members[] = {"epcClass", "quantity", "uom", NULL};
    const json_t *quantity = json_object_get(one, "quantity");

    if (!json_is_object(one))
        return reading_refuse_in_event(reading, "epcis.value", path, "must be an object");
    if (!reading_knows_members(reading, one, members, reading_path(reading, path)))
        return false;
    const char *at = arena_format(reading->arena, "%s.epcClass", path);
    const char *uri = reading_text(reading, one, "epcClass", at, REQUIRED);
    if (uri == NULL)
        return false;
    if (!json_is_number(quantity) || !(json_number_value(quantity) > 0) || json_number_value(quantity) > QUANTITY_MAX)
        return reading_refuse_in_event(reading, "epcis.value", arena_format(reading->arena, "%s.quantity", path),
                               "must be a number above 0");
    return add_scan(reading, uri, at, json_number_value(quantity), true);
}

static bool read_quantities(struct reading *reading, const char *name)
{
    const json_t *list = json_object_get(reading->event, name);

    if (list == NULL)
        return true;
    if (!json_is_array(list))
        return reading_refuse_in_event(reading, "epcis.value", name, "must be a list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *path = arena_format(reading->arena, "%s[%zu]", name, i);
        if (path == NULL)
            return reading_has_no_memory(reading);
        if (!read_quantity(reading, json_array_get(list, i), path))
            return false;
    }
    return true;
}

static bool read_parent(struct reading *reading, const char **uri)
{
    struct trace_identity identity;
    const char *code = NULL;

    *uri = reading_member(reading, "parentID", REQUIRED);
    if (*uri == NULL || !read_code(reading, *uri, "parentID", &code, &identity))
        return false;
    reading->said.parent_code = (char *)(code[0] == '\0' ? *uri : code);
    return true;
}

bool reading_things(struct reading *reading)
{
    bool aggregates = strcmp(reading->step->type, "AggregationEvent") == 0;
    size_t before = reading->count;
    const char *parent = NULL;

    if (aggregates && !read_parent(reading, &parent))
        return false;
    if (!read_epcs(reading, aggregates ? "childEPCs" : "epcList") ||
        !read_quantities(reading, aggregates ? "childQuantityList" : "quantityList"))
        return false;
    if (reading->count > before)
        return true;
    if (!aggregates || reading->said.step != STEP_(UNPACKED))
        return reading_refuse_in_event(reading, "epcis.missing", aggregates ? "childEPCs" : "epcList", "names no thing");
    reading->said.parent_code = (char *)""; /* all that lies in it comes out */
    return add_scan(reading, parent, "parentID", 1, false);
}
