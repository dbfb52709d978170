#include "exchange/epcis_reading.h"

#include <string.h>

/* ---- what is wrong ---- */

bool reading_refuse(struct reading *reading, const char *code, const char *path, const char *text)
{
    if (reading->status == STATUS_OK) {
        reading->path = path == NULL ? "" : path;
        reading->status = fault_reject(reading->fault, code, "%s%s%s", reading->path, path == NULL ? "" : ": ", text);
    }
    return false;
}

bool reading_has_no_memory(struct reading *reading)
{
    if (reading->status == STATUS_OK)
        reading->status = fault_retry(reading->fault, "gateway.busy", "no memory for the events");
    return false;
}

const char *reading_path(struct reading *reading, const char *member)
{
    return arena_format(reading->arena, "epcisBody.eventList[%zu]%s%s", reading->index, member[0] == '\0' ? "" : ".", member);
}

bool reading_refuse_in_event(struct reading *reading, const char *code, const char *member, const char *text)
{
    return reading_refuse(reading, code, reading_path(reading, member), text);
}

/* ---- members ---- */

const char *reading_text(struct reading *reading, const json_t *of, const char *name, const char *path, enum need need)
{
    const json_t *value = json_object_get(of, name);

    if (value == NULL && need == OPTIONAL)
        return "";
    if (value == NULL) {
        (void)reading_refuse_in_event(reading, "epcis.missing", path, "must be there");
        return NULL;
    }
    if (!json_is_string(value)) {
        (void)reading_refuse_in_event(reading, "epcis.value", path, "must be text");
        return NULL;
    }
    const char *kept = arena_text(reading->arena, bytes_from(json_string_value(value), json_string_length(value)));
    if (kept == NULL) {
        (void)reading_has_no_memory(reading);
    } else if (strlen(kept) != json_string_length(value)) {
        (void)reading_refuse_in_event(reading, "epcis.value", path, "must not hold NUL");
        kept = NULL;
    }
    return kept;
}

const char *reading_member(struct reading *reading, const char *name, enum need need)
{
    return reading_text(reading, reading->event, name, name, need);
}

static bool is_among(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

bool reading_knows_members(struct reading *reading, const json_t *of, const char *const *names, const char *path)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)of, name, value)
    {
        if (strchr(name, ':') != NULL || is_among(name, names))
            continue;
        return reading_refuse(reading, "epcis.member", arena_format(reading->arena, "%s%s%s", path, path[0] == '\0' ? "" : ".", name),
                      "is unknown, or not taken here");
    }
    return true;
}
