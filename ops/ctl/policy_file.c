#include "ops/ctl/policy_file.h"

#include "base/hash.h"
#include "domain/region.h"
#include "domain/view.h"

#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NATIONAL "national.yaml"

size_t policy_shipped(struct arena *arena, const char *paths[POLICY_PACKS_MAX])
{
    const char *pattern = arena_format(arena, "%s/*.yaml", policy_folder());
    glob_t found = {0};
    size_t count = 1;

    paths[0] = arena_format(arena, "%s/" NATIONAL, policy_folder());
    if (pattern == NULL || paths[0] == NULL)
        return 0;
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && count < POLICY_PACKS_MAX; i++)
            if (strcmp(found.gl_pathv[i], paths[0]) != 0)
                paths[count++] = arena_text(arena, bytes_of(found.gl_pathv[i]));
    globfree(&found);
    return count;
}

/* The nation's pack among those that were read, or the shipped one, read into the place after them. */
static const struct policy_pack *read_nation(struct policy_set *set, struct arena *arena)
{
    struct policy_findings findings; /* of a pack that nobody asked about */

    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->packs[i].region, REGION_NATION) == 0)
            return &set->packs[i];
    const char *path = arena_format(arena, "%s/" NATIONAL, policy_folder());
    struct policy_pack *nation = &set->packs[set->count];
    policy_findings_init(&findings, arena);
    policy_pack_read(path == NULL ? NATIONAL : path, nation, &findings);
    policy_check(nation, nation, &findings);
    return nation;
}

/* Whether the pack of REGION, or of one that lies around it, sets what NATIONAL leaves to be set. */
static bool is_set(const struct policy_set *set, const char *region_code, const struct policy_value *national)
{
    struct region region = region_of(region_code);
    while (!region_is_nation(&region)) {
        for (size_t i = 0; i < set->count; i++) {
            const struct policy_value *own = strcmp(set->packs[i].region, region.code) == 0
                                                 ? policy_pack_any(&set->packs[i], national->name)
                                                 : NULL;
            if (own != NULL && strcmp(own->text, national->text) != 0)
                return true;
        }
        (void)region_widen(&region);
    }
    return false;
}

static void note_what_is_to_be_set(struct policy_set *set, const struct policy_pack *pack)
{
    for (size_t i = 0; i < set->nation->count; i++) {
        const struct policy_value *national = &set->nation->values[i];
        if (national->to_be_set && !is_set(set, pack->region, national))
            policy_find(&set->notes, POLICY_TO_BE_SET, pack->path, 0, national->name, national->text, national->title_en);
    }
}

void policy_set_read(const char *const *paths, size_t count, struct arena *arena, struct policy_set *set)
{
    *set = (struct policy_set){.count = count < POLICY_PACKS_MAX ? count : POLICY_PACKS_MAX};
    policy_findings_init(&set->findings, arena);
    policy_findings_init(&set->notes, arena);
    for (size_t i = 0; i < set->count; i++)
        policy_pack_read(paths[i], &set->packs[i], &set->findings);
    set->nation = read_nation(set, arena);
    for (size_t i = 0; i < set->count; i++) /* the nation's values before those that are held against them */
        if (&set->packs[i] == set->nation)
            policy_check(&set->packs[i], set->nation, &set->findings);
    for (size_t i = 0; i < set->count; i++)
        if (&set->packs[i] != set->nation) {
            policy_check(&set->packs[i], set->nation, &set->findings);
            note_what_is_to_be_set(set, &set->packs[i]);
        }
}

/* --- as events --- */

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(object, name, json_string(text));
}

static void set_day(json_t *object, const char *name, date_t day)
{
    char text[DATE_TEXT_BYTES];
    set_text(object, name, date_format(day, text));
}

static json_t *parameter_json(const struct policy_value *value)
{
    static const char *const kinds[] = {"", "PARAMETER_KIND_INTEGER", "PARAMETER_KIND_DATE", "PARAMETER_KIND_TEXT"};
    static const char *const fields[] = {"text", "integer", "date", "text"};
    static const char *const deviations[] = {"", "REGION_MAY_NOTHING", "REGION_MAY_RAISE", "REGION_MAY_LOWER",
                                             "REGION_MAY_ANYTHING"};
    json_t *parameter = json_object();

    set_text(parameter, "name", value->name);
    set_text(parameter, "kind", kinds[value->kind]);
    set_text(parameter, fields[value->kind], value->text);
    set_text(parameter, "unit", value->unit);
    set_text(parameter, "document", value->document);
    set_text(parameter, "clause", value->clause);
    set_text(parameter, "regionMay", deviations[value->region_may]);
    return parameter;
}

static json_t *event_json(const struct policy_value *value, const char *source, const char *time)
{
    json_t *data = json_object();
    char from[DATE_TEXT_BYTES];

    set_text(data, "name", value->name);
    set_text(data, "region", value->region);
    set_day(data, "validFrom", value->valid_from);
    set_day(data, "validUntil", value->valid_until);
    (void)json_object_set_new(data, "parameter", parameter_json(value));
    char *content = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);
    uint64_t hash = hash_bytes(bytes_of(content), 0);
    free(content);
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:o}", "specversion", "1.0", "id",
                     json_sprintf("policy/%s/%s/%s/%016" PRIx64, value->name, value->region,
                                  date_format(value->valid_from, from), hash),
                     "source", source, "type", "medhub.policy.parameter_set.v1", "time", time, "data", data);
}

/* A value that begins earlier must be said earlier: the hub refuses one that would reach over a later one. */
json_t *policy_events(const struct policy_pack *pack, const char *source, const char *time)
{
    json_t *events = json_array();
    date_t said = DATE_NONE;

    for (bool more = true; more;) {
        date_t next = DATE_NONE;
        for (size_t i = 0; i < pack->count; i++) {
            date_t from = pack->values[i].valid_from;
            if (from > said && (next == DATE_NONE || from < next))
                next = from;
        }
        for (size_t i = 0; i < pack->count; i++)
            if (next != DATE_NONE && pack->values[i].valid_from == next)
                (void)json_array_append_new(events, event_json(&pack->values[i], source, time));
        more = next != DATE_NONE;
        said = next;
    }
    return events;
}
