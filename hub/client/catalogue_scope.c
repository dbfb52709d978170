#include "client/catalogue_scope.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTITUTIONS "institution@"
#define FORMULARIES  "FORMULARY_ITEM"

enum { REGIONS_BYTES_MAX = 64 * 1024, REGION_BYTES = 7 };

static void add_feed(struct buffer *regions, const json_t *feed)
{
    const char *name = json_string_value(json_object_get(feed, "name"));

    if (name != NULL && strncmp(name, INSTITUTIONS, strlen(INSTITUTIONS)) == 0)
        buffer_append_format(regions, "%s%s ", regions->length == 0 ? " " : "", name + strlen(INSTITUTIONS));
}

bool catalogue_scope_read(struct catalogue_scope *scope, const char *organisation, struct bytes feeds)
{
    json_t *root = json_loadb((const char *)feeds.data, feeds.length, 0, NULL), *list = json_object_get(root, "feeds");
    struct buffer regions;

    catalogue_scope_done(scope);
    scope->organisation = organisation;
    buffer_init(&regions, REGIONS_BYTES_MAX);
    for (size_t i = 0; i < json_array_size(list); i++)
        add_feed(&regions, json_array_get(list, i));
    if (regions.length > 0 && buffer_ok(&regions))
        scope->regions = strdup(buffer_text(&regions));
    bool read = json_is_array(list) && buffer_ok(&regions) && (regions.length == 0 || scope->regions != NULL);
    buffer_done(&regions);
    json_decref(root);
    return read;
}

void catalogue_scope_done(struct catalogue_scope *scope)
{
    free(scope->regions);
    *scope = (struct catalogue_scope){.regions = NULL};
}

const char *catalogue_scope_text(const struct catalogue_scope *scope)
{
    return scope->regions == NULL ? "*" : scope->regions;
}

bool catalogue_scope_has_region(const struct catalogue_scope *scope, const char *region)
{
    char word[REGION_BYTES + 2];

    (void)snprintf(word, sizeof word, " %.6s ", region);
    return scope->regions == NULL || strstr(scope->regions, word) != NULL;
}

/* The code of a formulary's row is INSTITUTION/KIND/CODE. */
static bool is_of_another_formulary(const struct catalogue_scope *scope, const struct catalogue_row *row)
{
    size_t length = strlen(scope->organisation);

    return strcmp(row->table, FORMULARIES) == 0 &&
           (strncmp(row->code, scope->organisation, length) != 0 || row->code[length] != '/');
}

bool catalogue_scope_has(const struct catalogue_scope *scope, const struct catalogue_row *row)
{
    return scope->regions == NULL ||
           (catalogue_scope_has_region(scope, row->region) && !is_of_another_formulary(scope, row));
}
