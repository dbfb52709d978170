// links: medhub_domain
#include "domain/feed.h"

#include "support/cmocka_all.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096, 64 * 1024);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static char *chars(const char *text)
{
    return (char *)(uintptr_t)text;
}

static Organisation organisation_in(const char *region, OrganisationKind kind)
{
    Organisation organisation = MEDHUB__REGISTRY__V1__ORGANISATION__INIT;
    organisation.id = chars("O1");
    organisation.region = chars(region);
    organisation.kind = kind;
    organisation.state = STATE_LIVE;
    organisation.designated_from = chars("2025-01-01");
    return organisation;
}

static void hears(const Organisation *organisation, const char *const *wanted)
{
    size_t count = 0;
    const char *const *heard = feeds_of(organisation, date_parse(bytes_of("2026-01-31")), arena, &count);

    assert_non_null(heard);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(wanted[i]);
        assert_string_equal(heard[i], wanted[i]);
    }
    assert_null(wanted[count]);
}

#define HEARS(organisation, ...) hears((organisation), (const char *const[]){__VA_ARGS__, NULL})

static void an_organisation_hears_its_kinds_feeds_in_its_region_and_above(void **state)
{
    Organisation pharmacy = organisation_in("650102", ORGANISATION_PHARMACY);
    Organisation agency = organisation_in("650000", ORGANISATION_INSURER_AGENCY);

    (void)state;
    HEARS(&pharmacy, "O1", "pharmacy@650102", "pharmacy@650100", "pharmacy@650000", "pharmacy@000000",
          "institution@650102", "institution@650100", "institution@650000", "institution@000000");
    HEARS(&agency, "O1", "insurer@650000", "insurer@000000");
}

static void further_regions_add_their_feeds_each_once(void **state)
{
    Organisation centre =
        organisation_in("650100", MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_CIRCULATION_CENTRE);
    char *regions[] = {chars("650200"), chars("650100")};

    (void)state;
    centre.regions = regions;
    centre.n_regions = 2;
    HEARS(&centre, "O1", "circulation@650100", "circulation@650000", "circulation@000000", "circulation@650200");
}

static void a_role_gives_the_feed_of_its_name_and_others_give_none(void **state)
{
    Organisation bureau = organisation_in("000000", MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_BUREAU);
    char *roles[] = {chars("bureau"), chars("insurer"), chars("pharmacy@650100"), chars("")};

    (void)state;
    HEARS(&bureau, "O1");
    bureau.roles = roles;
    bureau.n_roles = 4;
    HEARS(&bureau, "O1", "insurer@000000");
    bureau.kind = (OrganisationKind)99; /* a later version's */
    HEARS(&bureau, "O1", "insurer@000000");
}

static void who_does_not_take_part_hears_only_what_is_addressed_to_it(void **state)
{
    Organisation pharmacy = organisation_in("650102", ORGANISATION_PHARMACY);
    Organisation agency = organisation_in("000000", ORGANISATION_INSURER_AGENCY);

    (void)state;
    pharmacy.state = STATE_TESTED;
    HEARS(&pharmacy, "O1");
    pharmacy.state = STATE_SUSPENDED;
    HEARS(&pharmacy, "O1");
    pharmacy.state = STATE_LIVE;
    pharmacy.designated_until = chars("2026-01-30");
    HEARS(&pharmacy, "O1");
    agency.designated_from = chars("");
    HEARS(&agency, "O1", "insurer@000000");
    agency.state = STATE_ENDED;
    HEARS(&agency, "O1");
}

static void a_recipient_tells_its_feed(void **state)
{
    (void)state;
    assert_string_equal(feed_of("trace_platform@650000")->name, "trace_platform");
    assert_null(feed_of("H65010000001"));
    assert_null(feed_of("trace@650000"));
    assert_null(feed_of("@650000"));
}

static void a_full_arena_is_told(void **state)
{
    Organisation pharmacy = organisation_in("650102", ORGANISATION_PHARMACY);
    struct arena *small = arena_new(64, 64);
    size_t count = 0;

    (void)state;
    assert_null(feeds_of(&pharmacy, date_parse(bytes_of("2026-01-31")), small, &count));
    arena_free(small);
}

/* ---- what the decisions name ---- */

static char *text_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = arena_take(arena, 256 * 1024);

    assert_non_null(file);
    assert_non_null(text);
    size_t length = fread(text, 1, 256 * 1024 - 1, file);
    text[length] = '\0';
    (void)fclose(file);
    return text;
}

/* Heard by who has the role: offices are no kind of organisation of their own. */
static bool is_of_an_office(const char *name)
{
    static const char *const offices[] = {"civil_affairs", "rural_revitalisation", "finance", "tax"};
    for (size_t i = 0; i < sizeof offices / sizeof *offices; i++)
        if (strcmp(offices[i], name) == 0)
            return true;
    return false;
}

/* Every recipient "NAME@%s" in the sources of the decisions; returns how many there were. */
static size_t check_recipients(const char *path)
{
    size_t found = 0;
    char *text = text_of(path);

    for (char *at = strstr(text, "@%s\""); at != NULL; at = strstr(at + 1, "@%s\"")) {
        char *begin = at;
        while (begin > text && (islower((unsigned char)begin[-1]) || begin[-1] == '_'))
            begin--;
        assert_int_equal(begin[-1], '"');
        *at = '\0';
        const struct feed_row *feed = feed_of(arena_format(arena, "%s@000000", begin));
        if (feed == NULL)
            fail_msg("%s delivers to the feed %s, which nobody hears: feed.c has no such row", path, begin);
        assert_true(feed->kinds != 0 || is_of_an_office(begin));
        *at = '@';
        found++;
    }
    return found;
}

static void every_feed_that_a_decision_delivers_to_is_heard_by_some_kind(void **state)
{
    glob_t sources;
    size_t found = 0;

    (void)state;
    arena_free(arena);
    arena = arena_new(4096, 64 * 1024 * 1024);
    assert_int_equal(glob("hub/domain/*.c", 0, NULL, &sources), 0);
    for (size_t i = 0; i < sources.gl_pathc; i++)
        if (strcmp(sources.gl_pathv[i], "hub/domain/feed.c") != 0)
            found += check_recipients(sources.gl_pathv[i]);
    globfree(&sources);
    assert_true(found >= 10); /* or the pattern no longer finds them */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_organisation_hears_its_kinds_feeds_in_its_region_and_above),
        TEST(further_regions_add_their_feeds_each_once),
        TEST(a_role_gives_the_feed_of_its_name_and_others_give_none),
        TEST(who_does_not_take_part_hears_only_what_is_addressed_to_it),
        TEST(a_recipient_tells_its_feed),
        TEST(a_full_arena_is_told),
        TEST(every_feed_that_a_decision_delivers_to_is_heard_by_some_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
