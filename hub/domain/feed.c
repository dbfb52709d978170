#include "domain/feed.h"

#include "domain/organisation.h"
#include "domain/region.h"

#define KIND(name) (1u << MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_##name)

const struct feed_row feed_rows[] = {
    {"circulation", KIND(CIRCULATION_CENTRE), "electronic prescription centres", "电子处方中心"},
    {"insurer", KIND(INSURER_AGENCY), "agencies that handle insurance", "医保经办机构"},
    {"pharmacy", KIND(PHARMACY), "designated pharmacies", "定点零售药店"},
    {"hospital", KIND(HOSPITAL), "designated medical institutions", "定点医疗机构"},
    {"institution", KIND(HOSPITAL) | KIND(PHARMACY), "designated institutions", "定点医药机构"},
    {"regulator", KIND(REGULATOR), "regulators of drugs and devices", "药品监督管理部门"},
    {"procurement", KIND(PROCUREMENT_PLATFORM), "procurement platforms", "医药采购平台"},
    {"civil_affairs", 0, "civil affairs offices", "民政部门"},
    {"rural_revitalisation", 0, "rural revitalisation offices", "乡村振兴部门"},
    {"finance", 0, "finance departments", "财政部门"},
    {"tax", 0, "tax offices that collect premiums", "税务部门"},
    {"trace_platform", KIND(TRACE_PLATFORM), "platforms that trace drugs and devices", "追溯协同平台"},
};
const size_t feed_row_count = sizeof feed_rows / sizeof *feed_rows;

enum { REGIONS_OF_ONE = 4 }; /* county, city, province, nation */

const struct feed_row *feed_of(const char *recipient)
{
    const char *at = strchr(recipient, '@');
    size_t length = at == NULL ? 0 : (size_t)(at - recipient);

    for (size_t i = 0; i < feed_row_count && at != NULL; i++)
        if (strlen(feed_rows[i].name) == length && memcmp(feed_rows[i].name, recipient, length) == 0)
            return &feed_rows[i];
    return NULL;
}

static bool takes_part(const Organisation *organisation, date_t today)
{
    bool is_institution =
        organisation->kind == ORGANISATION_HOSPITAL || organisation->kind == ORGANISATION_PHARMACY;
    return is_institution ? organisation_is_designated(organisation, today) : organisation->state == STATE_LIVE;
}

static bool is_heard(const struct feed_row *feed, const Organisation *organisation)
{
    bool by_kind = (unsigned)organisation->kind < 32 && (feed->kinds >> organisation->kind & 1) != 0;
    return by_kind || organisation_has_role(organisation, feed->name);
}

/* Adds the region CODE and those above it that are not there yet. */
static void add_regions(struct region *regions, size_t *count, const char *code)
{
    struct region region = region_of(code);

    do {
        size_t place = 0;
        while (place < *count && strcmp(regions[place].code, region.code) != 0)
            place++;
        if (place == *count)
            regions[(*count)++] = region;
    } while (region_widen(&region));
}

/* "NAME@REGION"; NULL: the arena is full. Made for each caller of the gateway and each endpoint, so without a format. */
static const char *recipient_of(const char *name, const char *region, struct arena *arena)
{
    size_t length = strlen(name), region_bytes = strlen(region) + 1;
    char *text = arena_take(arena, length + 1 + region_bytes);

    if (text == NULL)
        return NULL;
    memcpy(text, name, length);
    text[length] = '@';
    memcpy(text + length + 1, region, region_bytes);
    return text;
}

const char *const *feeds_of(const Organisation *organisation, date_t today, struct arena *arena, size_t *count)
{
    size_t region_count = 0, room = (organisation->n_regions + 1) * REGIONS_OF_ONE;
    struct region *regions = arena_take(arena, room * sizeof *regions);
    const char **recipients = arena_take(arena, (room * feed_row_count + 1) * sizeof *recipients);

    *count = 0;
    if (regions == NULL || recipients == NULL)
        return NULL;
    recipients[(*count)++] = organisation->id;
    if (!takes_part(organisation, today))
        return recipients;
    add_regions(regions, &region_count, organisation->region);
    for (size_t i = 0; i < organisation->n_regions; i++)
        add_regions(regions, &region_count, organisation->regions[i]);
    for (size_t f = 0; f < feed_row_count; f++)
        for (size_t r = 0; r < region_count && is_heard(&feed_rows[f], organisation); r++) {
            const char *recipient = recipient_of(feed_rows[f].name, regions[r].code, arena);
            if (recipient == NULL)
                return NULL;
            recipients[(*count)++] = recipient;
        }
    return recipients;
}
