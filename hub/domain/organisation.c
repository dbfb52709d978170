#include "domain/organisation.h"

#include "domain/region.h"
#include "domain/span.h"

/* A candidate in its connection test, as it will be when it is live. */
static const Organisation *as_live(struct view *view, const Organisation *candidate)
{
    Organisation *live = arena_take(view->arena, sizeof *live);
    view->failed |= live == NULL;
    if (live == NULL)
        return NULL;
    *live = *candidate;
    live->state = STATE_LIVE;
    live->designated_from = lent("0001-01-01");
    live->designated_until = lent("");
    return live;
}

const Organisation *organisation_on(struct view *view, const char *id, date_t date)
{
    const Organisation *found =
        (const Organisation *)view_table_message(view, ORGANISATION, TABLE_REGISTRY, id, REGION_NATION, date);
    bool tested = found != NULL && view->candidate != NULL && strcmp(view->candidate, id) == 0;
    return tested ? as_live(view, found) : found;
}

bool organisation_is_designated(const Organisation *organisation, date_t date)
{
    if (organisation == NULL || organisation->state != STATE_LIVE)
        return false;
    struct span designation = {text_day(organisation->designated_from),
                               text_day(organisation->designated_until)};
    return span_covers(designation, date);
}

static bool lies_within(const char *region, const char *outer)
{
    struct region widening = region_of(region);
    do
        if (strcmp(widening.code, outer) == 0)
            return true;
    while (region_widen(&widening));
    return false;
}

bool organisation_covers(const Organisation *organisation, const char *region)
{
    for (size_t i = 0; i < organisation->n_regions; i++)
        if (lies_within(region, organisation->regions[i]))
            return true;
    return lies_within(region, organisation->region);
}

bool organisation_has_role(const Organisation *organisation, const char *role)
{
    for (size_t i = 0; i < organisation->n_roles; i++)
        if (strcmp(organisation->roles[i], role) == 0)
            return true;
    return false;
}

const char *organisation_state_name(const Organisation *organisation)
{
    if (organisation == NULL)
        return "not registered";
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(ORGANISATION_STATE_ENUM, (int)organisation->state);
    return value == NULL ? "unknown" : value->name + strlen("STATE_");
}
