/* Property: whatever is said of an item, in whichever event and region, no two of its rows hold on one day. */
#include "domain/catalogue.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define NATION_KEY    "WESTERN_DRUG/A"
#define LISTING_KEY   "PLATFORM_LISTING/PP65/WESTERN_DRUG/A"
#define FORMULARY_KEY "FORMULARY_ITEM/H65/WESTERN_DRUG/A"
#define REGION        "650000"
#define RELEASE       "R-1"
enum { DAYS = 60, ROUNDS = 4000, NAMES = 3, EVENTS = 5 };

static uint32_t seed = 7;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static date_t first_day(void)
{
    return date_parse(bytes_of("2026-01-01"));
}

/* An item with random days, name and payment standard; its texts live as long as the next call. */
static void fill(CatalogueItem *item, CatalogueKind kind, const char *code, const char *region)
{
    static char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES], name[16];
    static Medhub__Common__V1__Price price;
    date_t begin = first_day() + (date_t)next_random(DAYS);
    medhub__catalogue__v1__item__init(item);
    medhub__common__v1__price__init(&price);
    price.micro_yuan = (int64_t)next_random(NAMES) * 1000000;
    (void)snprintf(name, sizeof name, "name %u", next_random(NAMES));
    item->kind = kind;
    item->code = chars(code);
    item->name = name;
    item->region = chars(region);
    item->valid_from = chars(date_format(begin, from));
    item->valid_until = chars(next_random(3) == 0 ? "" : date_format(begin + (date_t)next_random(20) - 1, until));
    item->payment_standard = &price;
}

static void say(struct trial *trial, const char *type, const char *source, const char *key, const ProtobufCMessage *said)
{
    trial_submit(trial, type, source, key, said);
    if (trial->decision.outcome == OUTCOME_ACCEPTED)
        trial_apply(trial);
}

static void say_item(struct trial *trial)
{
    const CatalogueChange kinds[] = {CHANGE_ADDED, CHANGE_REMOVED, CHANGE_RENAMED, CHANGE_PAYMENT_STANDARD};
    CatalogueChange changes[] = {kinds[next_random(4)]};
    ItemChanged said = MEDHUB__CATALOGUE__V1__ITEM_CHANGED__INIT;
    CatalogueItem item;
    const char *region = next_random(2) == 0 ? REGION_NATION : REGION;
    fill(&item, KIND_WESTERN_DRUG, "A", region);
    said.item_key = chars(NATION_KEY);
    said.region = chars(region);
    said.item = &item;
    said.effective_on = item.valid_from;
    item.release = chars(next_random(2) == 0 ? RELEASE : "");
    said.changes = changes;
    said.n_changes = 1;
    say(trial, "medhub.catalogue.item_changed.v1", "nhsa", NATION_KEY, &said.base);
}

/* The changes of a release, of which there is one a day at most, are taken back: what it opened goes, what it ended is open again. */
static void say_withdrawn(struct trial *trial)
{
    ItemChangeWithdrawn said = MEDHUB__CATALOGUE__V1__ITEM_CHANGE_WITHDRAWN__INIT;
    char day[DATE_TEXT_BYTES];
    said.item_key = chars(NATION_KEY);
    said.region = chars(next_random(2) == 0 ? REGION_NATION : REGION);
    said.release = chars(RELEASE);
    said.effective_on = chars(date_format(first_day() + (date_t)next_random(DAYS), day));
    say(trial, "medhub.catalogue.item_change_withdrawn.v1", "medhub", NATION_KEY, &said.base);
}

static void say_standard(struct trial *trial)
{
    PaymentStandardChanged said = MEDHUB__CATALOGUE__V1__PAYMENT_STANDARD_CHANGED__INIT;
    CatalogueItem item;
    const char *region = next_random(2) == 0 ? REGION_NATION : REGION;
    fill(&item, KIND_WESTERN_DRUG, "A", region);
    said.item_key = chars(NATION_KEY);
    said.region = chars(region);
    said.item = &item;
    said.effective_on = item.valid_from;
    said.basis = BASIS_NEGOTIATION;
    say(trial, "medhub.catalogue.payment_standard_changed.v1", "nhsa", NATION_KEY, &said.base);
}

static void say_listing(struct trial *trial)
{
    ListingChanged said = MEDHUB__CATALOGUE__V1__LISTING_CHANGED__INIT;
    Medhub__Catalogue__V1__Listing listing = MEDHUB__CATALOGUE__V1__LISTING__INIT;
    CatalogueItem item;
    fill(&item, KIND_PLATFORM_LISTING, "PP65/WESTERN_DRUG/A", REGION);
    listing.platform = chars("PP65");
    listing.item_key = chars(NATION_KEY);
    item.details_case = DETAILS_LISTING;
    item.listing = &listing;
    said.item_key = chars(LISTING_KEY);
    said.region = chars(REGION);
    said.item = &item;
    said.effective_on = item.valid_from;
    said.removed = next_random(4) == 0;
    say(trial, "medhub.catalogue.listing_changed.v1", "PP65", LISTING_KEY, &said.base);
}

static void say_formulary(struct trial *trial)
{
    FormularyChanged said = MEDHUB__CATALOGUE__V1__FORMULARY_CHANGED__INIT;
    FormularyEntry entry = MEDHUB__CATALOGUE__V1__FORMULARY_ENTRY__INIT;
    CatalogueItem item;
    fill(&item, KIND_FORMULARY_ITEM, "H65/WESTERN_DRUG/A", REGION);
    entry.institution = chars("H65");
    entry.item_key = chars(NATION_KEY);
    entry.temporary_purchase = true;
    item.details_case = DETAILS_FORMULARY;
    item.formulary = &entry;
    said.item_key = chars(FORMULARY_KEY);
    said.region = chars(REGION);
    said.item = &item;
    said.effective_on = item.valid_from;
    said.removed = next_random(4) == 0;
    say(trial, "medhub.catalogue.formulary_changed.v1", "H65", FORMULARY_KEY, &said.base);
}

static void assert_no_overlap(const struct trial *trial)
{
    static const struct {
        const char *key, *region;
    } rows[] = {{NATION_KEY, REGION_NATION}, {NATION_KEY, REGION}, {LISTING_KEY, REGION}, {FORMULARY_KEY, REGION}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (date_t date = first_day() - 1; date < first_day() + DAYS + 30; date++)
            assert_true(memory_count_rows(trial->world, TABLE_CATALOGUE, rows[i].key, rows[i].region, date) <= 1);
}

static void no_two_rows_hold_on_one_day(void **state)
{
    static void (*const say_something[])(struct trial *trial) = {say_item, say_standard, say_listing, say_formulary, say_withdrawn};
    struct trial *trial = trial_new("2026-01-31T03:00:05Z");
    size_t accepted[EVENTS] = {0};
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t event = next_random(EVENTS);
        say_something[event](trial);
        if (trial->decision.outcome != OUTCOME_ACCEPTED)
            continue;
        accepted[event]++;
        assert_no_overlap(trial);
    }
    for (size_t i = 0; i < EVENTS; i++)
        assert_true(accepted[i] > 3);
    trial_free(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_two_rows_hold_on_one_day)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
