#include "store/rows_trace.h"

#include "code/code.h"

#include "medhub/trace/v1/device.pb-c.h"
#include "medhub/trace/v1/trace.pb-c.h"

#include <string.h>

/* It decides the century of dates only, and those are not looked for; fixed, so that a rebuild reads what was read. */
enum { CENTURY_YEAR = 2026 };
enum { ONE_E4 = 10000 };
#define STEP_(name_) MEDHUB__TRACE__V1__STEP__STEP_##name_
typedef Medhub__Trace__V1__ItemScanned ItemScanned;

/* ---- what a code names ---- */

static struct bytes text_or_empty(struct bytes text)
{
    return text.data == NULL ? bytes_of("") : text;
}

bool trace_identity_read(struct bytes text, struct arena *arena, struct trace_identity *identity)
{
    const struct code_options options = {.current_year = CENTURY_YEAR};
    const struct code_element *unit = NULL;
    struct code code;

    *identity = (struct trace_identity){bytes_of(""), bytes_of(""), bytes_of("")};
    if (text.length == 0 || !code_parse(text, &options, arena, &code))
        return false;
    identity->product = text_or_empty(code.di);
    identity->lot = text_or_empty(code.lot);
    identity->serial = text_or_empty(code.serial);
    if (identity->product.length == 0 && (unit = code_find(&code, "00")) != NULL)
        identity->product = identity->serial = unit->value;
    return identity->product.length > 0;
}

/* ---- a scan ---- */

struct scan {
    const ItemScanned *said;
    struct trace_identity item, parent;
    const char *holder, *counterparty;
    int64_t at_ms, place, quantity_e4;
};

static int64_t moment_ms(const Google__Protobuf__Timestamp *moment)
{
    return moment == NULL ? 0 : moment->seconds * 1000 + moment->nanos / 1000000;
}

/* Where code and fields differ the code counts, as for the hub's rules. */
static void read_item(struct scan *scan, struct arena *arena)
{
    const ItemScanned *said = scan->said;

    (void)!trace_identity_read(bytes_of(said->code), arena, &scan->item); /* items without a code have fields */
    scan->item.product = bytes_of(said->product);
    if (scan->item.lot.length == 0)
        scan->item.lot = bytes_of(said->lot);
    if (scan->item.serial.length == 0)
        scan->item.serial = bytes_of(said->serial);
}

/* A parent that cannot be read is known by its code as it stands. */
static void read_parent(struct scan *scan, struct arena *arena)
{
    struct bytes code = bytes_of(scan->said->parent_code);

    if (!trace_identity_read(code, arena, &scan->parent))
        scan->parent.serial = code;
    else if (scan->parent.serial.length == 0)
        scan->parent.serial = scan->parent.lot.length > 0 ? scan->parent.lot : code;
}

/* It takes a wrong scan back, and says again all that it counted. */
static bool is_cancelling(const ItemScanned *said)
{
    return said->cancels[0] != '\0';
}

/* What goes back goes to whom it came from where another organisation is named, else it comes from a patient. */
static bool is_sent(const ItemScanned *said)
{
    return said->step == STEP_(OUTBOUND) || (said->step == STEP_(RETURNED) && said->counterparty[0] != '\0');
}

/* The field holder is who has it after the step. Of what is on its way the rows name the giver, and the taker as the other
 * side, as the hub's own domain/trace_scan.c reads it. */
static void find_sides(struct scan *scan, const char *source)
{
    const ItemScanned *said = scan->said;

    scan->holder = said->holder;
    scan->counterparty = said->counterparty;
    bool says_itself = strcmp(said->holder, source) == 0 || (said->carried != NULL && said->counterparty[0] == '\0');
    if (!is_sent(said) || says_itself)
        return;
    scan->holder = said->counterparty[0] == '\0' ? source : said->counterparty;
    scan->counterparty = said->holder;
}

static struct scan read_scan(const ItemScanned *said, const char *source, int64_t place, struct arena *arena)
{
    struct scan scan = {.said = said,
                        .place = place,
                        .at_ms = moment_ms(said->scanned_at),
                        .quantity_e4 = said->quantity == NULL ? ONE_E4 : said->quantity->e4};

    if (is_cancelling(said))
        scan.quantity_e4 = -scan.quantity_e4;
    find_sides(&scan, source);
    read_item(&scan, arena);
    read_parent(&scan, arena);
    return scan;
}

/* ---- rows ---- */

/* A step of an item that was taken back leaves it in stock with who has it. */
static int64_t step_of(const struct scan *scan)
{
    bool is_item = scan->item.serial.length > 0;

    return is_cancelling(scan->said) && is_item ? STEP_(STORED) : scan->said->step;
}

static void add_scan(struct rows *rows, const struct scan *scan)
{
    struct sql_value *to = rows_add(rows, TABLE_TRACE_SCAN);

    if (to == NULL)
        return;
    *to++ = rows_text(scan->item.product);
    *to++ = rows_text(scan->item.lot);
    *to++ = rows_text(scan->item.serial);
    *to++ = sql_text(scan->holder);
    *to++ = sql_integer(scan->at_ms);
    *to++ = sql_integer(scan->place);
    *to++ = sql_integer(step_of(scan));
    *to++ = sql_text(scan->counterparty);
    *to++ = rows_text(scan->parent.product);
    *to++ = rows_text(scan->parent.serial);
    *to++ = sql_integer(scan->quantity_e4);
    *to++ = sql_text(scan->said->region);
    *to++ = sql_text(scan->said->document);
}

static bool is_on_its_way(const struct scan *scan)
{
    return is_sent(scan->said) && !is_cancelling(scan->said);
}

/* Booking moves nothing: where the item is others say. */
static bool is_booking(const ItemScanned *said)
{
    return said->step == STEP_(CHARGED) || said->step == STEP_(SETTLED) || said->step == STEP_(UNSETTLED);
}

/* It lies in its parent from the packing on until it is scanned by itself. */
static void add_item(struct rows *rows, const struct scan *scan)
{
    bool is_inside = step_of(scan) == STEP_(PACKED);
    bool is_item = scan->item.serial.length > 0 && !is_booking(scan->said);
    struct sql_value *to = is_item ? rows_add(rows, TABLE_TRACE_ITEM) : NULL;

    if (to == NULL)
        return;
    *to++ = rows_text(scan->item.product);
    *to++ = rows_text(scan->item.serial);
    *to++ = sql_integer(scan->at_ms);
    *to++ = sql_integer(scan->place);
    *to++ = sql_integer(step_of(scan));
    *to++ = sql_text(scan->holder);
    *to++ = sql_text(scan->counterparty);
    *to++ = rows_text(is_inside ? scan->parent.product : bytes_of(""));
    *to++ = rows_text(is_inside ? scan->parent.serial : bytes_of(""));
    *to++ = sql_integer(scan->quantity_e4 < 0 ? -scan->quantity_e4 : scan->quantity_e4);
    *to++ = rows_text(scan->item.lot);
    *to++ = sql_text(is_on_its_way(scan) ? scan->counterparty : "");
}

static bool is_received(const struct scan *scan)
{
    return (scan->said->step == STEP_(INBOUND) || scan->said->step == STEP_(PURCHASED)) && scan->counterparty[0] != '\0';
}

static void add_shipment(struct rows *rows, const struct scan *scan)
{
    bool received = is_received(scan), of_lot = scan->item.serial.length == 0;
    struct sql_value *to = of_lot && (received || is_sent(scan->said)) ? rows_add(rows, TABLE_TRACE_SHIPMENT) : NULL;

    if (to == NULL)
        return;
    *to++ = rows_text(scan->item.product);
    *to++ = rows_text(scan->item.lot);
    *to++ = sql_text(received ? scan->counterparty : scan->holder);
    *to++ = sql_text(received ? scan->holder : scan->counterparty);
    *to++ = sql_integer(scan->at_ms);
    *to++ = sql_integer(scan->place);
    *to++ = sql_integer(scan->said->step);
    *to++ = sql_integer(scan->quantity_e4);
}

static void add_member(struct rows *rows, const struct scan *scan)
{
    bool is_known = scan->item.serial.length > 0 && scan->item.lot.length > 0;
    struct sql_value *to = is_known ? rows_add(rows, TABLE_TRACE_MEMBER) : NULL;

    if (to == NULL)
        return;
    *to++ = rows_text(scan->item.product);
    *to++ = rows_text(scan->item.lot);
    *to++ = rows_text(scan->item.serial);
}

static bool is_use(const ItemScanned *said)
{
    return said->step == STEP_(USED) || said->step == STEP_(SOLD) || is_booking(said) || said->use != NULL || said->settlement[0] != '\0';
}

static void add_use(struct rows *rows, const struct scan *scan)
{
    struct sql_value *to = is_use(scan->said) ? rows_add(rows, TABLE_TRACE_USE) : NULL;

    if (to == NULL)
        return;
    *to++ = rows_text(scan->item.product);
    *to++ = rows_text(scan->item.lot);
    *to++ = rows_text(scan->item.serial);
    *to++ = sql_integer(scan->at_ms);
    *to++ = sql_integer(scan->place);
    *to++ = sql_integer(scan->said->step);
    *to++ = sql_text(scan->holder);
    *to++ = sql_text(scan->said->use == NULL ? "" : scan->said->use->person);
    *to++ = sql_text(scan->said->settlement);
    *to++ = sql_integer(scan->quantity_e4);
    *to++ = sql_text(scan->said->region);
}

static void add_product(struct rows *rows, const struct scan *scan)
{
    struct sql_value *to = scan->said->step == STEP_(COMMISSIONED) ? rows_add(rows, TABLE_TRACE_PRODUCT) : NULL;

    if (to == NULL)
        return;
    *to++ = rows_text(scan->item.product);
    *to++ = sql_text(scan->holder);
}

static const ItemScanned *scan_in(const ProtobufCMessage *message)
{
    return message->descriptor == &medhub__trace__v1__item_scanned__descriptor ? (const ItemScanned *)message : NULL;
}

/* What a pack hands on to an item in it is not written again: the pack's scan counts for its contents, until they come out. Of
 * a lot without serials only the scan itself tells. */
static bool is_said_by_pack(const struct scan *scan)
{
    return scan->said->carried != NULL && scan->item.serial.length > 0 && scan->said->step != STEP_(UNPACKED);
}

static void add_registrant(struct rows *rows, const ProtobufCMessage *message)
{
    const Medhub__Trace__V1__DeviceRegistered *said = (const Medhub__Trace__V1__DeviceRegistered *)message;
    bool is_registered = message->descriptor == &medhub__trace__v1__device_registered__descriptor && said->device != NULL;
    struct sql_value *to = is_registered ? rows_add(rows, TABLE_TRACE_PRODUCT) : NULL;

    if (to == NULL)
        return;
    *to++ = sql_text(said->product);
    *to++ = sql_text(said->device->registrant);
}

void trace_rows(struct rows *rows, const ProtobufCMessage *message, const char *source, int64_t place)
{
    const ItemScanned *said = scan_in(message);

    if (said == NULL) {
        add_registrant(rows, message);
        return;
    }
    const struct scan scan = read_scan(said, source, place, rows->arena);
    add_member(rows, &scan);
    add_use(rows, &scan);
    add_product(rows, &scan);
    if (is_said_by_pack(&scan))
        return;
    add_scan(rows, &scan);
    add_item(rows, &scan);
    add_shipment(rows, &scan);
}

void trace_rows_of_place(struct rows *rows, const ProtobufCMessage *message, const char *source, int64_t place)
{
    const ItemScanned *said = scan_in(message);

    if (said == NULL)
        return;
    const struct scan scan = read_scan(said, source, place, rows->arena);
    add_use(rows, &scan);
    if (!is_said_by_pack(&scan))
        add_scan(rows, &scan);
}
