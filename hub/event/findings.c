#include "event/finding.h"

static bool has_room(struct findings *findings)
{
    if (findings->count < findings->capacity)
        return true;
    if (findings->count >= FINDINGS_MAX)
        return false;

    size_t capacity = findings->capacity == 0 ? 4 : findings->capacity * 2;
    struct finding *items = arena_take(findings->arena, capacity * sizeof(*items));
    if (items == NULL)
        return false;
    if (findings->count > 0)
        memcpy(items, findings->items, findings->count * sizeof(*items));
    findings->items = items;
    findings->capacity = capacity;
    return true;
}

void findings_init(struct findings *findings, struct arena *arena)
{
    *findings = (struct findings){.arena = arena};
}

void findings_add(struct findings *findings, const struct finding *finding)
{
    if (finding->severity == SEVERITY_REFUSE)
        findings->refusing++;
    if (has_room(findings))
        findings->items[findings->count++] = *finding;
    else
        findings->dropped++;
}

const struct finding *findings_first_refusal(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].severity == SEVERITY_REFUSE)
            return &findings->items[i];
    return NULL;
}
