/* What a product is: records of the UDI database. Row of the product: device, its latest version; table
 * "device": dated versions, so that a scan sees the one of its own day. A changed identifier is a new record
 * under its own key. */
#include "domain/organisation.h"
#include "domain/trace.h"

struct registration {
    const char *product;
    const Device *device; /* NULL: a withdrawal */
    date_t from;          /* a withdrawal: the first day without it */
    RegisteredDevice *earlier;
};

static void *prepare(struct view *view, const char *product, const Device *device, const char *from)
{
    struct registration *registration = arena_take(view->arena, sizeof *registration);
    if (registration == NULL)
        return NULL;
    *registration = (struct registration){product, device, text_day(from),
                                          (RegisteredDevice *)view_state(view, REGISTERED_DEVICE, "device")};
    return registration;
}

void *device_prepare_registration(struct view *view, const struct event *event)
{
    const DeviceRegistered *said = (const DeviceRegistered *)event->message;
    return prepare(view, said->product, said->device, said->valid_from);
}

void *device_prepare_update(struct view *view, const struct event *event)
{
    const DeviceUpdated *said = (const DeviceUpdated *)event->message;
    return prepare(view, said->product, said->device, said->valid_from);
}

void *device_prepare_withdrawal(struct view *view, const struct event *event)
{
    const DeviceWithdrawn *said = (const DeviceWithdrawn *)event->message;
    return prepare(view, said->product, NULL, said->withdrawn_from);
}

static const struct registration *registration_of(const struct rule_context *context)
{
    return context->prepared;
}

static bool is_registered(const RegisteredDevice *device)
{
    return device != NULL && !is_given(device->withdrawn_from);
}

/* --- rules --- */

static void product_is_the_key(struct rule_context *context)
{
    const struct registration *registration = registration_of(context);
    rule_key_is(context, "product", registration->product);
    if (registration->device != NULL && strcmp(registration->device->product, context->view->key) != 0)
        rule_refuse(context, "device.product", registration->device->product,
                    "the identifier itself: another one is a new record");
}

static void is_not_registered_yet(struct rule_context *context)
{
    const struct registration *registration = registration_of(context);
    if (is_registered(registration->earlier))
        rule_refuse(context, "product",
                    rule_text(context, "registered since %s", registration->earlier->valid_from),
                    "an update of its data");
}

static void is_registered_already(struct rule_context *context)
{
    const struct registration *registration = registration_of(context);
    if (!is_registered(registration->earlier))
        rule_refuse(context, "product", registration->earlier == NULL ? "never registered" : "withdrawn",
                    "a registered identifier");
}

/* The same day is a correction. */
static void versions_follow_in_time(struct rule_context *context)
{
    const struct registration *registration = registration_of(context);
    if (registration->earlier != NULL && registration->from < text_day(registration->earlier->valid_from))
        rule_refuse(context, registration->device == NULL ? "withdrawnFrom" : "validFrom",
                    rule_day(context, registration->from),
                    rule_text(context, "not before %s", registration->earlier->valid_from));
}

static bool is_database(struct view *view, const char *source)
{
    const Organisation *known = organisation_on(view, source, date_in_china(view->now_ms));
    return known == NULL || known->kind == ORGANISATION_HUB_OPERATOR ||
           organisation_has_role(known, "udi_database") || organisation_has_role(known, "regulator");
}

static void registrant_says_it(struct rule_context *context)
{
    const struct registration *registration = registration_of(context);
    const char *source = context->event->attributes.source;
    const Device *device = registration->device != NULL    ? registration->device
                           : registration->earlier != NULL ? registration->earlier->device
                                                           : NULL;
    if (device != NULL && strcmp(device->registrant, source) != 0 && !is_database(context->view, source))
        rule_refuse(context, "device.registrant", device->registrant,
                    rule_text(context, "the source, %s", source));
}

static void names_other_identifiers(struct rule_context *context)
{
    const Device *device = registration_of(context)->device;
    if (strcmp(device->replaces, device->product) == 0)
        rule_refuse(context, "device.replaces", device->replaces, "another identifier");
    if (strcmp(device->contains_product, device->product) == 0)
        rule_refuse(context, "device.containsProduct", device->contains_product, "what lies in the package");
    if (is_given(device->contains_product) &&
        (device->contains_quantity == NULL || device->contains_quantity->e4 <= 0))
        rule_refuse(context, "device.containsQuantity", "none", "how many lie in the package");
}

#define IS_KEY(number)                                                                                       \
    {                                                                                                        \
        .id = number, .code = "trace.identifier_changed", .document = SOURCE_GANSU_UDI,                      \
        .clause = "产品标识变化的，作为新标识重新上传", .evaluate = product_is_the_key,                      \
        .sentence_zh = "产品标识即事件键；标识变化须作为新标识登记",                                         \
        .sentence_en = "The identifier is the event's key; a changed identifier is a new record.",           \
    }
#define IS_SAID_BY_REGISTRANT(number)                                                                        \
    {                                                                                                        \
        .id = number, .code = "trace.not_the_registrant", .document = SOURCE_GANSU_UDI,                      \
        .clause = "注册人对数据真实、准确、完整负责", .evaluate = registrant_says_it,                        \
        .sentence_zh = "产品标识由注册人或标识数据库上报",                                                   \
        .sentence_en = "A record is told by its registrant or by the UDI database.",                         \
    }
#define IS_IN_ORDER(number)                                                                                  \
    {                                                                                                        \
        .id = number, .code = "trace.device_version_order", .document = SOURCE_GANSU_UDI,                    \
        .clause = "变更后上市销售前更新", .evaluate = versions_follow_in_time,                               \
        .sentence_zh = "产品标识数据的版本按日期先后",                                                       \
        .sentence_en = "Versions of a record follow in time.",                                               \
    }
#define IS_REGISTERED(number)                                                                                \
    {                                                                                                        \
        .id = number, .code = "trace.device_unknown", .document = SOURCE_GANSU_UDI,                          \
        .clause = "数据变化的，更新", .evaluate = is_registered_already,                                     \
        .sentence_zh = "只有已登记的产品标识可以更新或退市",                                                 \
        .sentence_en = "Only a registered identifier is updated or withdrawn.",                              \
    }

const struct rule device_registered_rules[DEVICE_REGISTERED_RULES] = {
    IS_KEY("TR-401"),
    {
        .id = "TR-402",
        .code = "trace.device_registered_already",
        .document = SOURCE_GANSU_UDI,
        .clause = "数据变化的，更新",
        .evaluate = is_not_registered_yet,
        .sentence_zh = "已登记的产品标识，数据变化以更新上报",
        .sentence_en = "Changed data of a registered identifier is an update.",
    },
    IS_SAID_BY_REGISTRANT("TR-403"),
    {
        .id = "TR-404",
        .code = "trace.device_names_itself",
        .document = SOURCE_GANSU_UDI,
        .clause = "最小销售单元与更高级别包装",
        .evaluate = names_other_identifiers,
        .sentence_zh = "被替代的标识与包装内的标识须为其他标识，包装须写明数量",
        .sentence_en =
            "What it replaces or contains is another identifier; a package says how many it contains.",
    },
};

const struct rule device_updated_rules[DEVICE_UPDATED_RULES] = {
    IS_KEY("TR-411"), IS_REGISTERED("TR-412"), IS_IN_ORDER("TR-413"), IS_SAID_BY_REGISTRANT("TR-414")};

const struct rule device_withdrawn_rules[DEVICE_WITHDRAWN_RULES] = {
    IS_REGISTERED("TR-421"), IS_IN_ORDER("TR-422"), IS_SAID_BY_REGISTRANT("TR-423")};

/* --- decisions --- */

void trace_tell_users(struct decision *decision, size_t fact)
{
    static const char *const feeds[] = {"procurement", "institution", "insurer", "regulator"};
    for (size_t i = 0; i < sizeof feeds / sizeof *feeds; i++)
        decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "%s@" REGION_NATION,
                         feeds[i]);
}

/* The version before ends on the day before; one that began on the same day is replaced. */
static void end_earlier(struct decision *decision, const struct registration *registration)
{
    const RegisteredDevice *earlier = registration->earlier;
    if (!is_registered(earlier))
        return;
    date_t began_on = text_day(earlier->valid_from);
    if (began_on < registration->from)
        decision_table_row(decision, TABLE_DEVICE, registration->product, REGION_NATION, began_on,
                           registration->from - 1, &earlier->device->base);
    else if (registration->device == NULL)
        decision_table_row(decision, TABLE_DEVICE, registration->product, REGION_NATION, began_on, began_on,
                           NULL);
}

static char *day_text(struct decision *decision, date_t day)
{
    char text[DATE_TEXT_BYTES];
    char *kept = arena_text(decision->arena, bytes_of(date_format(day, text)));
    decision->failed |= kept == NULL;
    return kept;
}

void device_register(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct registration *registration = prepared;
    RegisteredDevice *state = decision_message(decision, REGISTERED_DEVICE);
    (void)view, (void)event;
    if (state == NULL)
        return;
    state->device = (Device *)registration->device;
    state->valid_from = day_text(decision, registration->from);
    trace_tell_users(decision, decision_fact_of_event(decision));
    end_earlier(decision, registration);
    decision_table_row(decision, TABLE_DEVICE, registration->product, REGION_NATION, registration->from,
                       DATE_NONE, &registration->device->base);
    decision_write(decision, &state->base, "device");
}

void device_withdraw(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct registration *registration = prepared;
    (void)view, (void)event;
    end_earlier(decision, registration);
    registration->earlier->withdrawn_from = day_text(decision, registration->from);
    trace_tell_users(decision, decision_fact_of_event(decision));
    decision_write(decision, &registration->earlier->base, "device");
}
