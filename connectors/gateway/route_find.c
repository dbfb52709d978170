/* route_find.c: which row of routes.c a request means. */
#include "gateway/routes.h"
#include "gateway/target.h"

enum { ALLOW_BYTES = 64 };

static bool is_value(struct bytes part)
{
    return part.length > 2 && part.data[0] == '{';
}

/* True if PATH has the form of TEMPLATE; the undecoded values go to VALUES. */
static bool fits(const char *template, struct bytes path, struct bytes values[ROUTE_VALUES_MAX])
{
    struct bytes form = bytes_of(template), wanted, part;
    size_t count = 0;

    while (target_next_part(&form, &wanted)) {
        if (!target_next_part(&path, &part))
            return false;
        if (is_value(wanted) && part.length > 0 && count < ROUTE_VALUES_MAX)
            values[count++] = part;
        else if (!bytes_equal(wanted, part))
            return false;
    }
    return path.length == 0;
}

static bool answers(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 || (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static enum route_result take_values(const struct bytes values[ROUTE_VALUES_MAX], struct arena *arena,
                                     struct route_match *match)
{
    for (size_t i = 0; i < ROUTE_VALUES_MAX && values[i].data != NULL; i++) {
        match->values[i] = target_decode(values[i], arena);
        if (match->values[i] == NULL)
            return ROUTE_MALFORMED;
    }
    return ROUTE_FOUND;
}

static void allow_also(char *allow, const char *method)
{
    size_t used = strlen(allow);
    const char *more = strcmp(method, "GET") == 0 ? "GET, HEAD" : method;

    if (used + strlen(more) + 3 > ALLOW_BYTES || strstr(allow, method) != NULL)
        return;
    if (used > 0) {
        memcpy(allow + used, ", ", 3);
        used += 2;
    }
    memcpy(allow + used, more, strlen(more) + 1);
}

enum route_result route_find(const char *method, const char *target, struct arena *arena, struct route_match *match,
                             const char **allow)
{
    char *allowed = arena_take_zeroed(arena, ALLOW_BYTES);
    struct bytes path, query;

    *match = (struct route_match){.route = NULL};
    *allow = "";
    if (allowed == NULL)
        return ROUTE_TOO_LARGE;
    target_split(target, &path, &query);
    if (path.length == 0 || path.data[0] != '/')
        return ROUTE_MALFORMED;
    for (size_t i = 0; i < route_count; i++) {
        struct bytes values[ROUTE_VALUES_MAX] = {{NULL, 0}};
        if (!fits(routes[i].path, path, values))
            continue;
        if (answers(&routes[i], method)) {
            match->route = &routes[i];
            return take_values(values, arena, match);
        }
        allow_also(allowed, routes[i].method);
    }
    *allow = allowed;
    return allowed[0] == '\0' ? ROUTE_UNKNOWN : ROUTE_METHOD;
}
