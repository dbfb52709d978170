/* scan.c: scans of real device identifiers: bought by a hospital, then used on a person; and one wrong one
 * for each rule. */
#include "ops/gen/gen.h"

#include "code/code.h"

#include <stdio.h>
#include <string.h>

typedef Medhub__Trace__V1__Use Use;

/* What stands on the label. */
struct label {
    char code[160], lot[24], serial[24], made_on[DATE_TEXT_BYTES], expires_on[DATE_TEXT_BYTES];
};

static void yymmdd(date_t date, char text[7])
{
    char day[DATE_TEXT_BYTES];

    (void)date_format(date, day);
    (void)snprintf(text, 7, "%.2s%.2s%.2s", day + 2, day + 5, day + 8);
}

/* Half of the scanners give the raw string with FNC1, half the text that stands under the symbol. */
static void print_code(struct label *label, const char *identifier, date_t expires_on, bool raw)
{
    char expiry[7];

    yymmdd(expires_on, expiry);
    if (raw)
        (void)snprintf(label->code, sizeof label->code, "]d201%s17%s10%s%c21%s", identifier, expiry,
                       label->lot, CODE_FNC1, label->serial);
    else
        (void)snprintf(label->code, sizeof label->code, "(01)%s(17)%s(10)%s(21)%s", identifier, expiry,
                       label->lot, label->serial);
}

static void make_label(struct gen *gen, const char *identifier, int64_t number, date_t expires_on,
                       struct dice *dice, struct label *label)
{
    (void)snprintf(label->lot, sizeof label->lot, "L%04u", (unsigned)dice_roll(dice, 10000));
    (void)snprintf(label->serial, sizeof label->serial, "%s%05lld", gen->run, (long long)number);
    (void)date_format(gen->day - 300, label->made_on);
    (void)date_format(expires_on, label->expires_on);
    print_code(label, identifier, expires_on, dice_roll(dice, 2) == 0);
}

/* ---- one scan ---- */

static ItemScanned *scan_of(struct gen *gen, const struct device *device, const struct participant *holder,
                            const struct label *label, int64_t at_ms, Medhub__Trace__V1__Step step)
{
    ItemScanned *said = gen_new(gen, &medhub__trace__v1__item_scanned__descriptor);
    struct bytes model = bytes_of(device->model);

    said->product = (char *)device->identifier;
    said->step = step;
    said->code = gen_text(gen, "%s", label->code);
    said->code_system = CODE_GS1;
    said->product_kind = MEDHUB__TRACE__V1__PRODUCT_KIND__PRODUCT_KIND_DEVICE;
    said->device_class = MEDHUB__TRACE__V1__DEVICE_CLASS__DEVICE_CLASS_II;
    said->made_on = gen_text(gen, "%s", label->made_on);
    said->made_on_precision = MEDHUB__TRACE__V1__DATE_PRECISION__DATE_PRECISION_DAY;
    said->expires_on = gen_text(gen, "%s", label->expires_on);
    said->expires_on_precision = MEDHUB__TRACE__V1__DATE_PRECISION__DATE_PRECISION_DAY;
    said->lot = gen_text(gen, "%s", label->lot);
    said->serial = gen_text(gen, "%s", label->serial);
    said->quantity = gen_quantity(gen, 10000);
    said->quantity_unit = gen_constant("件");
    said->holder = (char *)holder->id;
    said->scanned_at = gen_moment(gen, at_ms);
    said->region = (char *)holder->region;
    said->name = gen_text(gen, "%.*s", (int)bytes_utf8_cut(bytes_of(device->company), 190), device->company);
    said->specification = model.length == 0
                              ? gen_constant("-")
                              : gen_text(gen, "%.*s", (int)bytes_utf8_cut(model, 190), device->model);
    return said;
}

static void record_use(struct gen *gen, ItemScanned *said, uint64_t person)
{
    Use *use = gen_new(gen, &medhub__trace__v1__use__descriptor);
    char text[PERSON_BYTES];

    use->person = gen_text(gen, "%s", gen_person(gen, person, text));
    use->site = gen_constant("下颌右侧第一磨牙");
    use->purpose = gen_constant("种植修复");
    said->use = use;
    said->device_class = DEVICE_CLASS_III;
}

/* ---- faults ---- */

struct draft {
    ItemScanned *said;
    struct label label;
    const struct device *device;
};

static void check_digit_wrong(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    const struct world *world = gen->world;
    (void)state;

    const char *identifier = world->misprinted_count > 0 ? world->misprinted[0].identifier : "00000000000001";
    print_code(&draft->label, identifier, date_parse(bytes_of(draft->label.expires_on)), false);
    draft->said->code = gen_text(gen, "%s", draft->label.code);
    draft->said->product = (char *)identifier;
}

static void other_product(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    const struct world *world = gen->world;
    (void)state;

    size_t at = (size_t)(draft->device - world->devices);
    draft->said->product = (char *)world->devices[(at + 1) % world->device_count].identifier;
}

static void other_serial(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)state;
    draft->said->serial = gen_text(gen, "%s-X", draft->label.serial);
}

static void class_iii_without_code(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)gen, (void)state;
    draft->said->code = gen_constant("");
    draft->said->code_system = CODE_UNSPECIFIED;
    draft->said->device_class = DEVICE_CLASS_III;
}

static void use_not_recorded(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)gen, (void)state;
    draft->said->device_class = DEVICE_CLASS_III;
    draft->said->step = STEP_USED;
}

static void used_after_expiry(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)state;
    (void)date_format(gen->day - 10, draft->label.expires_on);
    print_code(&draft->label, draft->device->identifier, gen->day - 10, false);
    draft->said->code = gen_text(gen, "%s", draft->label.code);
    draft->said->expires_on = gen_text(gen, "%s", draft->label.expires_on);
    draft->said->step = STEP_SOLD;
}

static const struct scan_fault {
    const char *code;
    void (*apply)(struct gen *gen, const struct gen_state *state, struct draft *draft);
} faults[] = {
    {"trace.code_unreadable", check_digit_wrong}, {"trace.udi_missing", class_iii_without_code},
    {"trace.product_differs", other_product},     {"trace.given_away_after_expiry", used_after_expiry},
    {"trace.label_differs", other_serial},        {"trace.use_not_recorded", use_not_recorded},
};
enum { FAULTS = sizeof faults / sizeof *faults };

/* ---- the load ---- */

/* A device used a second time raises an alert; the policy as shipped does not refuse it. */
enum { USED_TWICE_PERCENT = 2 };

static void say_scan(struct gen *gen, const ItemScanned *said, const char *what, int64_t number,
                     struct expected expected)
{
    gen_event(gen, said->holder, gen_text(gen, "%s-%s-%lld", gen->run, what, (long long)number),
              timestamp_ms(said->scanned_at), &said->base, expected);
}

static void use_again(struct gen *gen, const struct device *device, const struct participant *holder,
                      const struct label *label, int64_t number, int64_t at_ms, struct dice *dice)
{
    gen_begin(gen);
    ItemScanned *said = scan_of(gen, device, holder, label, at_ms, STEP_USED);
    record_use(gen, said, dice_roll(dice, (uint64_t)gen->count / 3 + 1));
    say_scan(gen, said, "use-again", number, (struct expected){0});
}

void gen_scan(struct gen *gen, struct gen_state *state, int64_t number)
{
    struct dice dice = dice_of(gen->seed, "scan", (uint64_t)number);
    const struct device *device = &gen->world->devices[dice_roll(&dice, gen->world->device_count)];
    const struct participant *holder = &gen->world->hospitals[dice_roll(&dice, HOSPITALS)];
    struct draft draft = {.device = device};
    int64_t at_ms = gen_moment_of(gen, number);

    gen_begin(gen);
    make_label(gen, device->identifier, number, gen->day + 700, &dice, &draft.label);
    draft.said = scan_of(gen, device, holder, &draft.label, at_ms, STEP_PURCHASED);
    if (dice_percent(&dice, gen->wrong_percent)) {
        const struct scan_fault *fault = &faults[state->wrong_scans++ % FAULTS];
        fault->apply(gen, state, &draft);
        say_scan(gen, draft.said, "scan", number, (struct expected){EXPECT_REFUSED, fault->code, false});
    } else if (number % 2 == 0) {
        say_scan(gen, draft.said, "scan", number, (struct expected){0});
    } else {
        draft.said->step = STEP_USED;
        record_use(gen, draft.said, dice_roll(&dice, (uint64_t)gen->count / 3 + 1));
        say_scan(gen, draft.said, "scan", number, (struct expected){0});
        if (dice_percent(&dice, USED_TWICE_PERCENT))
            use_again(gen, device, holder, &draft.label, number, at_ms + 1000, &dice);
    }
    gen_maybe_repeat(gen, &dice);
}
