/* catalogue.c: the editions of the national drug list as changes of items, and their releases. */
#include "ops/ctl/printed_price.h"
#include "ops/gen/gen.h"

#include "domain/catalogue.h"
#include "domain/release.h"

#include <stdio.h>
#include <string.h>

static const struct edition {
    const char *release, *effective_on, *document;
} editions[EDITIONS] = {
    {"NRDL-2024", "2025-01-01", "国家基本医疗保险、工伤保险和生育保险药品目录（2024年）"},
    {"NRDL-2025", "2026-01-01", "医保发〔2025〕33号"},
};

static Medhub__Common__V1__Price *price_of(struct gen *gen, const char *text)
{
    int64_t micro_yuan = 0;

    if (!printed_price(bytes_of(text), &micro_yuan))
        return NULL;
    Medhub__Common__V1__Price *price = gen_new(gen, &medhub__common__v1__price__descriptor);
    price->micro_yuan = micro_yuan;
    return price;
}

static CatalogueItem *item_of(struct gen *gen, const struct drug *drug, const struct edition *edition)
{
    CatalogueItem *item = gen_new(gen, &medhub__catalogue__v1__item__descriptor);

    item->kind = drug->kind;
    item->code = (char *)drug->code;
    item->name = (char *)drug->name;
    item->dosage_form = (char *)drug->dosage_form;
    item->pay_class = strcmp(drug->pay_class, "甲") == 0 ? MEDHUB__CATALOGUE__V1__PAY_CLASS__PAY_CLASS_A
                                                         : MEDHUB__CATALOGUE__V1__PAY_CLASS__PAY_CLASS_B;
    item->section = (char *)drug->section;
    item->class_code = (char *)drug->class_code;
    item->class_name = (char *)drug->class_name;
    item->item_number = (char *)drug->item_number;
    item->payment_standard = price_of(gen, drug->payment_standard);
    item->payment_standard_text = (char *)drug->payment_standard;
    item->payment_standard_confidential = strcmp(drug->payment_standard, "*") == 0;
    item->limit_remark = (char *)drug->limit_remark;
    item->agreement_from = (char *)drug->agreement_from;
    item->agreement_until = (char *)drug->agreement_until;
    item->nationally_protected = true;
    item->region = gen_constant("000000");
    item->valid_from = (char *)edition->effective_on;
    item->release = (char *)edition->release;
    return item;
}

/* How DRUG of EDITION differs from the edition before: 0 if not at all. */
static change_set changes_of(struct gen *gen, const struct drug *drug, int edition)
{
    if (edition == EDITION_2024 || drug->other == NULL)
        return change_bit(CHANGE_ADDED);
    return catalogue_difference(item_of(gen, drug->other, &editions[EDITION_2024]),
                                item_of(gen, drug, &editions[EDITION_2025]));
}

static ItemChanged *change_of(struct gen *gen, const struct drug *drug, int edition, change_set changes)
{
    ItemChanged *said = gen_new(gen, &medhub__catalogue__v1__item_changed__descriptor);

    said->item = item_of(gen, drug, &editions[edition]);
    said->item_key = (char *)catalogue_key(gen->arena, drug->kind, drug->code);
    said->region = gen_constant("000000");
    said->effective_on = (char *)editions[edition].effective_on;
    said->release = (char *)editions[edition].release;
    said->document = (char *)editions[edition].document;
    said->changes = gen_list(gen, 32);
    for (unsigned change = 1; change < 32; change++)
        if ((changes & change_bit((CatalogueChange)change)) != 0)
            said->changes[said->n_changes++] = (CatalogueChange)change;
    return said;
}

/* Calls EACH with every change of the edition: what is new or different, then what is no longer in it. */
static void each_change(struct gen *gen, int edition,
                        void (*each)(struct gen *gen, const ItemChanged *said, change_set changes,
                                     void *context),
                        void *context)
{
    const struct world *world = gen->world;

    for (size_t i = 0; i < world->drug_count[edition]; i++) {
        gen_begin(gen);
        const struct drug *drug = &world->drugs[edition][i];
        change_set changes = changes_of(gen, drug, edition);
        if (changes != 0)
            each(gen, change_of(gen, drug, edition, changes), changes, context);
    }
    for (size_t i = 0; edition == EDITION_2025 && i < world->drug_count[EDITION_2024]; i++) {
        const struct drug *drug = &world->drugs[EDITION_2024][i];
        if (drug->other != NULL)
            continue;
        gen_begin(gen);
        change_set changes = change_bit(CHANGE_REMOVED);
        each(gen, change_of(gen, drug, edition, changes), changes, context);
    }
}

static void say_change(struct gen *gen, const ItemChanged *said, change_set changes, void *context)
{
    const struct edition *edition = context;
    (void)changes;

    gen_event(gen, gen->world->bureau->id, gen_text(gen, "%s-%s", edition->release, said->item->code),
              date_begin_in_china_ms(date_parse(bytes_of(edition->effective_on))), &said->base,
              (struct expected){0});
}

void gen_catalogue(struct gen *gen, int edition)
{
    each_change(gen, edition, say_change, (void *)&editions[edition]);
}

/* ---- other items ---- */

void gen_added_item(struct gen *gen, CatalogueItem *item, const char *prefix)
{
    ItemChanged *said = gen_new(gen, &medhub__catalogue__v1__item_changed__descriptor);

    said->item = item;
    said->item_key = (char *)catalogue_key(gen->arena, item->kind, item->code);
    said->region = item->region;
    said->effective_on = item->valid_from;
    said->changes = gen_list(gen, 1);
    said->changes[said->n_changes++] = CHANGE_ADDED;
    gen_event(gen, gen->world->bureau->id, gen_text(gen, "%s-%s", prefix, item->code),
              date_begin_in_china_ms(date_parse(bytes_of(item->valid_from))), &said->base, (struct expected){0});
}

/* ---- the release ---- */

struct tally {
    uint64_t items, digest, counts[32];
};

static void count_change(struct gen *gen, const ItemChanged *said, change_set changes, void *context)
{
    struct tally *tally = context;
    uint64_t digest = 0;

    gen->failed |= !catalogue_row_digest(gen->arena, said, changes, &digest);
    tally->digest += digest;
    tally->items++;
    for (unsigned change = 1; change < 32; change++)
        tally->counts[change] += (changes & change_bit((CatalogueChange)change)) != 0;
}

static void fill_counts(struct gen *gen, ReleasePublished *said, const struct tally *tally)
{
    said->counts = gen_list(gen, 32);
    for (unsigned change = 1; change < 32; change++) {
        if (tally->counts[change] == 0)
            continue;
        ChangeCount *count = gen_new(gen, CATALOGUE_CHANGE_COUNT);
        count->change = (CatalogueChange)change;
        count->count = tally->counts[change];
        said->counts[said->n_counts++] = count;
    }
}

void gen_release(struct gen *gen, int edition)
{
    const struct edition *what = &editions[edition];
    int64_t effective_ms = date_begin_in_china_ms(date_parse(bytes_of(what->effective_on)));
    uint8_t digest[RELEASE_DIGEST_BYTES];
    struct tally tally = {0};

    each_change(gen, edition, count_change, &tally);
    for (size_t i = 0; i < sizeof digest; i++)
        digest[i] = (uint8_t)(tally.digest >> (8 * (sizeof digest - 1 - i)));
    gen_begin(gen);
    ReleasePublished *said = gen_new(gen, &medhub__catalogue__v1__release_published__descriptor);
    said->item_key = gen_text(gen, "release/%s", what->release);
    said->release = (char *)what->release;
    said->region = gen_constant("000000");
    said->version = (char *)what->release;
    said->effective_on = (char *)what->effective_on;
    fill_counts(gen, said, &tally);
    said->item_count = tally.items;
    said->digest = (ProtobufCBinaryData){sizeof digest, digest};
    said->document = (char *)what->document;
    said->published_at = gen_moment(gen, effective_ms);
    gen_event(gen, gen->world->bureau->id, gen_text(gen, "%s-release", what->release), effective_ms,
              &said->base, (struct expected){0});
}
