/* chain.c: the way of real items in their real packs: made, packed, shipped, received, unpacked, used on persons, settled. One
 * chain is one lot of one identifier; where the identifier has no serials and no pack it goes its way as quantities. */
#include "ops/gen/gen.h"
#include "ops/gen/items.h"

#include "code/code.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef Medhub__Trace__V1__Use Use;
typedef Medhub__Trace__V1__Step Step;
#define STEP_(name_) MEDHUB__TRACE__V1__STEP__STEP_##name_

#define SPREAD UINT64_C(2654435761) /* neighbouring chains are of distant identifiers */

enum {
    UNITS_MAX = 24,      /* of a box: the real ones may hold thousands */
    LOOSE_UNITS = 4,     /* at most, where there is no box */
    LOT_QUANTITY = 200,
    DAYS_BACK = 200,     /* chains begin up to so many days ago and take up to DAYS_TAKEN */
    DAYS_TAKEN = 30,
    HOUR_MS = 3600 * 1000,
    LOST_PERCENT = 1,    /* shipped to a hospital and never received */
    USED_PERCENT = 85,
    SETTLED_PERCENT = 80, /* of those used */
};

struct chain {
    struct gen *gen;
    struct dice dice;
    const struct item *item;
    const struct participant *maker, *dealer, *hospital;
    int64_t number, begin_ms;
    int said; /* scans so far */
    bool has_serials, is_carton;
    int64_t units;
    char lot[24], expires_on[DATE_TEXT_BYTES], made_on[DATE_TEXT_BYTES], expiry[8];
};

/* What is scanned: a unit, a box, a carton, or so many of the lot. */
struct thing {
    const char *product;
    char serial[32];
    int64_t quantity;
    bool is_pack;
};

/* ---- codes ---- */

static struct thing unit_of(const struct chain *chain, int64_t unit)
{
    struct thing thing = {.product = chain->item->identifier, .quantity = 1};

    (void)snprintf(thing.serial, sizeof thing.serial, "%s%" PRId64 "U%" PRId64, chain->gen->run, chain->number, unit);
    return thing;
}

static struct thing pack_of(const struct chain *chain, int level)
{
    struct thing thing = {.product = chain->item->packs[level].identifier, .quantity = 1, .is_pack = true};

    (void)snprintf(thing.serial, sizeof thing.serial, "%s%" PRId64 "P%d", chain->gen->run, chain->number, level);
    return thing;
}

static struct thing some_of(const struct chain *chain, int64_t quantity)
{
    return (struct thing){.product = chain->item->identifier, .quantity = quantity};
}

static char *code_of(const struct chain *chain, const struct thing *thing)
{
    if (thing->is_pack)
        return gen_text(chain->gen, "(01)%s(21)%s", thing->product, thing->serial);
    if (thing->serial[0] == '\0')
        return gen_text(chain->gen, "(01)%s(17)%s(10)%s", thing->product, chain->expiry, chain->lot);
    return gen_text(chain->gen, "]d201%s17%s10%s%c21%s", thing->product, chain->expiry, chain->lot, CODE_FNC1,
                    thing->serial);
}

/* ---- one scan ---- */

static ItemScanned *scan(struct chain *chain, const struct thing *thing, const struct participant *holder, Step step,
                         int hour)
{
    struct gen *gen = chain->gen;

    gen_begin(gen);
    ItemScanned *said = gen_new(gen, &medhub__trace__v1__item_scanned__descriptor);
    said->product = (char *)thing->product;
    said->step = step;
    said->code = code_of(chain, thing);
    said->code_system = CODE_GS1;
    said->product_kind = MEDHUB__TRACE__V1__PRODUCT_KIND__PRODUCT_KIND_DEVICE;
    said->device_class = MEDHUB__TRACE__V1__DEVICE_CLASS__DEVICE_CLASS_II;
    said->serial = (char *)thing->serial;
    if (!thing->is_pack) {
        said->lot = chain->lot;
        said->made_on = chain->made_on;
        said->made_on_precision = MEDHUB__TRACE__V1__DATE_PRECISION__DATE_PRECISION_DAY;
        said->expires_on = chain->expires_on;
        said->expires_on_precision = MEDHUB__TRACE__V1__DATE_PRECISION__DATE_PRECISION_DAY;
    }
    said->quantity = gen_quantity(gen, thing->quantity * 10000);
    said->holder = (char *)holder->id;
    said->region = (char *)holder->region;
    said->scanned_at = gen_moment(gen, chain->begin_ms + (int64_t)hour * HOUR_MS + chain->said);
    return said;
}

static void say(struct chain *chain, const ItemScanned *said)
{
    gen_event(chain->gen, said->holder,
              gen_text(chain->gen, "%s-c%" PRId64 "-%d", chain->gen->run, chain->number, chain->said++),
              said->scanned_at->seconds * 1000 + said->scanned_at->nanos / 1000000, &said->base, (struct expected){0});
}

static void say_scan(struct chain *chain, const struct thing *thing, const struct participant *holder, Step step, int hour)
{
    say(chain, scan(chain, thing, holder, step, hour));
}

static void pack_into(struct chain *chain, const struct thing *thing, const struct thing *pack,
                      const struct participant *holder, Step step, int hour)
{
    ItemScanned *said = scan(chain, thing, holder, step, hour);

    said->parent_code = code_of(chain, pack);
    say(chain, said);
}

static void move(struct chain *chain, const struct thing *thing, const struct participant *from,
                 const struct participant *to, Step step, int hour)
{
    ItemScanned *said = scan(chain, thing, step == STEP_(OUTBOUND) ? from : to, step, hour);

    said->counterparty = (char *)(step == STEP_(OUTBOUND) ? to->id : from->id);
    said->document = gen_text(chain->gen, "DN%s%" PRId64, chain->gen->run, chain->number);
    say(chain, said);
}

static void use(struct chain *chain, const struct thing *thing, int hour)
{
    struct gen *gen = chain->gen;
    char text[PERSON_BYTES];
    ItemScanned *said = scan(chain, thing, chain->hospital, STEP_(USED), hour);

    said->use = gen_new(gen, &medhub__trace__v1__use__descriptor);
    said->use->person = gen_text(gen, "%s", gen_person(gen, dice_roll(&chain->dice, 1000000), text));
    said->use->site = gen_constant("下颌右侧第一磨牙");
    said->use->purpose = gen_constant("种植修复");
    said->name = gen_constant("牙科材料");
    said->specification = gen_constant("-");
    say(chain, said);
}

static void use_and_settle(struct chain *chain, const struct thing *thing, int hour)
{
    if (!dice_percent(&chain->dice, USED_PERCENT))
        return;
    use(chain, thing, hour);
    if (!dice_percent(&chain->dice, SETTLED_PERCENT))
        return;
    ItemScanned *said = scan(chain, thing, chain->hospital, STEP_(SETTLED), hour + 24);
    said->settlement = gen_text(chain->gen, "S%s%" PRId64 "-%d", chain->gen->run, chain->number, chain->said);
    say(chain, said);
}

/* ---- the ways ---- */

/* From one to the next. False: it was lost on the way. */
static bool ship(struct chain *chain, const struct thing *things, int64_t count, const struct participant *from,
                 const struct participant *to, int hour, bool may_be_lost)
{
    bool lost = may_be_lost && dice_percent(&chain->dice, LOST_PERCENT);

    for (int64_t i = 0; i < count; i++)
        move(chain, &things[i], from, to, STEP_(OUTBOUND), hour);
    for (int64_t i = 0; i < count && !lost; i++)
        move(chain, &things[i], from, to, STEP_(INBOUND), hour + 72);
    return !lost;
}

static void make_units(struct chain *chain, struct thing units[UNITS_MAX])
{
    for (int64_t i = 0; i < chain->units; i++) {
        units[i] = unit_of(chain, i);
        say_scan(chain, &units[i], chain->maker, STEP_(COMMISSIONED), 0);
    }
}

static void go_loose(struct chain *chain)
{
    struct thing units[UNITS_MAX];

    make_units(chain, units);
    (void)ship(chain, units, chain->units, chain->maker, chain->dealer, 24, false);
    if (!ship(chain, units, chain->units, chain->dealer, chain->hospital, 200, true))
        return;
    for (int64_t i = 0; i < chain->units; i++)
        use_and_settle(chain, &units[i], 320);
}

static void go_in_boxes(struct chain *chain)
{
    struct thing units[UNITS_MAX], box = pack_of(chain, 0), carton = {0};

    make_units(chain, units);
    say_scan(chain, &box, chain->maker, STEP_(COMMISSIONED), 1);
    for (int64_t i = 0; i < chain->units; i++)
        pack_into(chain, &units[i], &box, chain->maker, STEP_(PACKED), 2);
    if (chain->is_carton) {
        carton = pack_of(chain, 1);
        say_scan(chain, &carton, chain->maker, STEP_(COMMISSIONED), 3);
        pack_into(chain, &box, &carton, chain->maker, STEP_(PACKED), 4);
    }
    (void)ship(chain, chain->is_carton ? &carton : &box, 1, chain->maker, chain->dealer, 24, false);
    if (chain->is_carton)
        pack_into(chain, &box, &carton, chain->dealer, STEP_(UNPACKED), 150);
    if (!ship(chain, &box, 1, chain->dealer, chain->hospital, 200, true))
        return;
    for (int64_t i = 0; i < chain->units; i++) {
        pack_into(chain, &units[i], &box, chain->hospital, STEP_(UNPACKED), 300);
        use_and_settle(chain, &units[i], 320);
    }
}

static void go_as_quantities(struct chain *chain)
{
    int64_t made = LOT_QUANTITY + (int64_t)dice_roll(&chain->dice, LOT_QUANTITY), half = made / 2;
    struct thing all = some_of(chain, made), part = some_of(chain, half), one = some_of(chain, 1);

    say_scan(chain, &all, chain->maker, STEP_(COMMISSIONED), 0);
    (void)ship(chain, &all, 1, chain->maker, chain->dealer, 24, false);
    if (!ship(chain, &part, 1, chain->dealer, chain->hospital, 200, true))
        return;
    for (int i = 0; i < LOOSE_UNITS; i++)
        use_and_settle(chain, &one, 320 + i);
}

static const struct participant *pick(struct chain *chain, const struct participant *of, uint64_t count)
{
    return &of[dice_roll(&chain->dice, count)];
}

static void begin(struct chain *chain)
{
    const struct gen *gen = chain->gen;
    date_t made_on = gen->day - DAYS_BACK - DAYS_TAKEN - 1;

    chain->maker = pick(chain, gen->world->makers, MAKERS);
    chain->dealer = pick(chain, gen->world->distributors, DISTRIBUTORS);
    chain->hospital = pick(chain, gen->world->hospitals, HOSPITALS);
    chain->has_serials = chain->item->has_serial || chain->item->pack_count > 0 || !chain->item->has_lot;
    chain->is_carton = chain->item->pack_count > 1 && dice_percent(&chain->dice, 50);
    chain->units = chain->item->pack_count == 0 ? 1 + (int64_t)dice_roll(&chain->dice, LOOSE_UNITS)
                   : chain->item->packs[0].quantity < UNITS_MAX ? chain->item->packs[0].quantity
                                                                 : UNITS_MAX;
    chain->begin_ms = date_begin_in_china_ms(gen->day - DAYS_TAKEN) -
                      (int64_t)dice_roll(&chain->dice, DAYS_BACK) * 24 * HOUR_MS + (int64_t)dice_roll(&chain->dice, HOUR_MS);
    (void)snprintf(chain->lot, sizeof chain->lot, "K%" PRId64, chain->number);
    (void)date_format(made_on, chain->made_on);
    (void)date_format(gen->day + 700, chain->expires_on);
    (void)snprintf(chain->expiry, sizeof chain->expiry, "%.2s%.2s%.2s", chain->expires_on + 2, chain->expires_on + 5,
                   chain->expires_on + 8);
}

void gen_chain(struct gen *gen, struct gen_state *state, int64_t number)
{
    const struct items *items = gen->items;
    struct chain chain = {.gen = gen, .dice = dice_of(gen->seed, "chain", (uint64_t)number), .number = number};
    (void)state;

    chain.item = &items->rows[(uint64_t)number * SPREAD % items->count];
    begin(&chain);
    if (!chain.has_serials)
        go_as_quantities(&chain);
    else if (chain.item->pack_count > 0)
        go_in_boxes(&chain);
    else
        go_loose(&chain);
}
