/* device.c: the UDI database's records of the devices that are scanned: what rule TR-006 looks up. One in twenty is left out, so
 * that the rule finds something. */
#include "ops/gen/gen.h"

#define REGISTERED_FROM "2024-01-01"

enum { NOT_REGISTERED_EVERY = 20, TEXT_BYTES_MAX = 190 };

static bool is_registered(size_t number)
{
    return number % NOT_REGISTERED_EVERY != NOT_REGISTERED_EVERY - 1;
}

static char *shortened(struct gen *gen, const char *text)
{
    return gen_text(gen, "%.*s", (int)bytes_utf8_cut(bytes_of(text), TEXT_BYTES_MAX), text);
}

/* Used on persons they are of class III (scan.c), so that is what they are registered as. */
static Device *record_of(struct gen *gen, const struct device *device, const struct participant *registrant)
{
    Device *record = gen_new(gen, DEVICE);

    record->product = (char *)device->identifier;
    record->name = shortened(gen, device->company);
    record->specification = shortened(gen, device->model);
    record->product_kind = MEDHUB__TRACE__V1__PRODUCT_KIND__PRODUCT_KIND_DEVICE;
    record->device_class = DEVICE_CLASS_III;
    record->code_system = CODE_GS1;
    record->registrant = (char *)registrant->id;
    record->lot_on_label = device->has_lot;
    record->serial_on_label = device->has_serial;
    record->expiry_on_label = device->has_expiry;
    return record;
}

void gen_devices(struct gen *gen)
{
    const struct world *world = gen->world;

    for (size_t i = 0; i < world->device_count; i++) {
        const struct participant *registrant = &world->makers[i % MAKERS];
        if (!is_registered(i))
            continue;
        gen_begin(gen);
        DeviceRegistered *said = gen_new(gen, &medhub__trace__v1__device_registered__descriptor);
        said->product = (char *)world->devices[i].identifier;
        said->device = record_of(gen, &world->devices[i], registrant);
        said->valid_from = gen_constant(REGISTERED_FROM);
        gen_event(gen, registrant->id, gen_text(gen, "device-%s", said->product),
                  date_begin_in_china_ms(date_parse(bytes_of(REGISTERED_FROM))), &said->base, (struct expected){0});
    }
}
