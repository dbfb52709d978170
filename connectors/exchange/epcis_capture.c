/* epcis_capture.c: an EPCIS document becomes scans. */
#include "exchange/epcis.h"

#include "base/date.h"
#include "epcis/event_hash.h"
#include "epcis/identifier.h"
#include "event/json.h"
#include "store/rows_trace.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define STEP_(name_) MEDHUB__TRACE__V1__STEP__STEP_##name_
enum { E4 = 10000, ID_BYTES = 96, QUANTITY_MAX = 1000000000 };

typedef Medhub__Trace__V1__ItemScanned ItemScanned;

struct reading {
    const char *source;
    struct arena *arena;
    struct epcis_scan *scans;
    size_t count, max;
    const char *path; /* where it is wrong */
    struct fault *fault;
    enum status status;
    /* of the event at hand */
    const json_t *event;
    size_t index, things;
    char hash[EVENT_HASH_URI_BYTES];
    const struct epcis_step *step;
    ItemScanned said; /* what all its things have in common */
};

/* ---- what is wrong ---- */

static bool refuse(struct reading *reading, const char *code, const char *path, const char *text)
{
    if (reading->status == STATUS_OK) {
        reading->path = path == NULL ? "" : path;
        reading->status = fault_reject(reading->fault, code, "%s%s%s", reading->path, path == NULL ? "" : ": ", text);
    }
    return false;
}

static bool no_memory(struct reading *reading)
{
    if (reading->status == STATUS_OK)
        reading->status = fault_retry(reading->fault, "gateway.busy", "no memory for the events");
    return false;
}

static const char *path_in_event(struct reading *reading, const char *member)
{
    return arena_format(reading->arena, "epcisBody.eventList[%zu]%s%s", reading->index, member[0] == '\0' ? "" : ".", member);
}

static bool refuse_in_event(struct reading *reading, const char *code, const char *member, const char *text)
{
    return refuse(reading, code, path_in_event(reading, member), text);
}

/* ---- members ---- */

enum need { OPTIONAL, REQUIRED };

/* "" if it is not there and need not be; NULL: refused. */
static const char *text_of(struct reading *reading, const json_t *of, const char *name, const char *path, enum need need)
{
    const json_t *value = json_object_get(of, name);

    if (value == NULL && need == OPTIONAL)
        return "";
    if (value == NULL) {
        (void)refuse_in_event(reading, "epcis.missing", path, "must be there");
        return NULL;
    }
    if (!json_is_string(value)) {
        (void)refuse_in_event(reading, "epcis.value", path, "must be text");
        return NULL;
    }
    const char *kept = arena_text(reading->arena, bytes_from(json_string_value(value), json_string_length(value)));
    if (kept == NULL) {
        (void)no_memory(reading);
    } else if (strlen(kept) != json_string_length(value)) {
        (void)refuse_in_event(reading, "epcis.value", path, "must not hold NUL");
        kept = NULL;
    }
    return kept;
}

static const char *member_text(struct reading *reading, const char *name, enum need need)
{
    return text_of(reading, reading->event, name, name, need);
}

static bool is_among(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* Members of foreign namespaces (with a colon) are taken and not kept. */
static bool members_are_known(struct reading *reading, const json_t *of, const char *const *names, const char *path)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)of, name, value)
    {
        if (strchr(name, ':') != NULL || is_among(name, names))
            continue;
        return refuse(reading, "epcis.member", arena_format(reading->arena, "%s%s%s", path, path[0] == '\0' ? "" : ".", name),
                      "is unknown, or not taken here");
    }
    return true;
}

/* ---- organisations ---- */

static bool is_plain(const char *text)
{
    return text[0] != '\0' &&
           text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

/* "urn:medhub:organisation:D1"; "" stays "". NULL: refused. */
static const char *organisation_of(struct reading *reading, const char *uri, const char *path)
{
    size_t stem = strlen(EPCIS_ORGANISATION);

    if (uri == NULL || uri[0] == '\0')
        return uri;
    if (strncmp(uri, EPCIS_ORGANISATION, stem) == 0 && is_plain(uri + stem))
        return uri + stem;
    (void)refuse_in_event(reading, "epcis.value", path, "must be " EPCIS_ORGANISATION "ID");
    return NULL;
}

static const char *location_of(struct reading *reading, const char *name)
{
    static const char *const members[] = {"id", NULL};
    const json_t *place = json_object_get(reading->event, name);

    if (place == NULL)
        return "";
    if (!json_is_object(place)) {
        (void)refuse_in_event(reading, "epcis.value", name, "must be an object with id");
        return NULL;
    }
    if (!members_are_known(reading, place, members, path_in_event(reading, name)))
        return NULL;
    const char *path = arena_format(reading->arena, "%s.id", name);
    return organisation_of(reading, text_of(reading, place, "id", path, REQUIRED), path);
}

/* The party of a list of sources or destinations; one is enough. */
static const char *party_of(struct reading *reading, const char *name, const char *member)
{
    const json_t *list = json_object_get(reading->event, name);
    const char *path = arena_format(reading->arena, "%s[0].%s", name, member);

    if (list == NULL)
        return "";
    if (!json_is_array(list) || json_array_size(list) == 0 || !json_is_object(json_array_get(list, 0))) {
        (void)refuse_in_event(reading, "epcis.value", name, "must be a list of objects");
        return NULL;
    }
    return organisation_of(reading, text_of(reading, json_array_get(list, 0), member, path, REQUIRED), path);
}

/* ---- what all things of an event have in common ---- */

static bool read_time(struct reading *reading)
{
    const char *time = member_text(reading, "eventTime", REQUIRED);
    const char *zone = time == NULL ? NULL : member_text(reading, "eventTimeZoneOffset", REQUIRED);
    Google__Protobuf__Timestamp *at = arena_take(reading->arena, sizeof *at);

    if (zone == NULL)
        return false;
    if (at == NULL)
        return no_memory(reading);
    *at = (Google__Protobuf__Timestamp)GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    if (!moment_parse(bytes_of(time), &at->seconds, &at->nanos))
        return refuse_in_event(reading, "epcis.value", "eventTime", "must be a moment as in RFC 3339");
    if (strlen(zone) != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
        return refuse_in_event(reading, "epcis.value", "eventTimeZoneOffset", "must be as +08:00");
    reading->said.scanned_at = at;
    return true;
}

static bool read_step(struct reading *reading)
{
    const char *type = member_text(reading, "type", REQUIRED);
    const char *action = type == NULL ? NULL : member_text(reading, "action", REQUIRED);
    const char *biz_step = action == NULL ? NULL : member_text(reading, "bizStep", REQUIRED);
    const char *disposition = biz_step == NULL ? NULL : member_text(reading, "disposition", OPTIONAL);

    if (disposition == NULL)
        return false;
    reading->step = epcis_step_find(type, action, biz_step, disposition);
    if (reading->step == NULL)
        return refuse_in_event(reading, "epcis.step", "bizStep", "type, action and bizStep together are no step of ours");
    reading->said.step = reading->step->step;
    return true;
}

/* Who has it: of what is sent the sender, else where it was seen; nobody said: who captures. */
static bool read_parties(struct reading *reading)
{
    const char *location = location_of(reading, "bizLocation"), *point = location_of(reading, "readPoint");
    const char *from = party_of(reading, "sourceList", "source"), *to = party_of(reading, "destinationList", "destination");
    bool sends = strcmp(reading->step->biz_step, "shipping") == 0;

    if (location == NULL || point == NULL || from == NULL || to == NULL)
        return false;
    const char *here = location[0] != '\0' ? location : point[0] != '\0' ? point : reading->source;
    reading->said.holder = (char *)(sends && from[0] != '\0' ? from : here);
    reading->said.counterparty = (char *)(sends ? to : from);
    if (reading->said.step == STEP_(RETURNED) && !reading->step->to_supplier)
        reading->said.counterparty = (char *)"";
    return true;
}

static bool read_document(struct reading *reading)
{
    const json_t *list = json_object_get(reading->event, "bizTransactionList");
    const char *path = "bizTransactionList[0].bizTransaction";
    size_t stem = strlen(EPCIS_DOCUMENT);

    if (list == NULL)
        return true;
    if (!json_is_array(list) || json_array_size(list) == 0)
        return refuse_in_event(reading, "epcis.value", "bizTransactionList", "must be a list of objects");
    const char *uri = text_of(reading, json_array_get(list, 0), "bizTransaction", path, REQUIRED);
    if (uri != NULL)
        reading->said.document = (char *)(strncmp(uri, EPCIS_DOCUMENT, stem) == 0 ? uri + stem : uri);
    return uri != NULL;
}

/* Only this error is one of ours: the scan is taken back. */
static bool read_error(struct reading *reading)
{
    const json_t *declaration = json_object_get(reading->event, "errorDeclaration");

    if (declaration == NULL)
        return true;
    const char *reason = text_of(reading, declaration, "reason", "errorDeclaration.reason", REQUIRED);
    if (reason == NULL)
        return false;
    if (strcmp(reason, "did_not_occur") != 0 && strcmp(reason, "https://ref.gs1.org/cbv/ER-did_not_occur") != 0)
        return refuse_in_event(reading, "epcis.value", "errorDeclaration.reason", "only did_not_occur is taken");
    reading->said.cancels = reading->hash; /* of each thing its own id, see add_scan */
    return true;
}

static bool read_data(struct reading *reading)
{
    const json_t *ilmd = json_object_get(reading->event, "ilmd");
    const char *lot = text_of(reading, reading->event, "medhub:lot", "medhub:lot", OPTIONAL);
    const char *region = text_of(reading, reading->event, "medhub:region", "medhub:region", OPTIONAL);
    const char *settlement = text_of(reading, reading->event, "medhub:settlement", "medhub:settlement", OPTIONAL);
    const char *printed = text_of(reading, ilmd, "cbvmda:lotNumber", "ilmd.cbvmda:lotNumber", OPTIONAL);
    const char *expires = text_of(reading, ilmd, "cbvmda:itemExpirationDate", "ilmd.cbvmda:itemExpirationDate", OPTIONAL);
    const char *made = text_of(reading, ilmd, "medhub:madeOn", "ilmd.medhub:madeOn", OPTIONAL);

    if (lot == NULL || region == NULL || settlement == NULL || printed == NULL || expires == NULL || made == NULL)
        return false;
    if (expires[0] != '\0' && date_parse(bytes_from(expires, strlen(expires) > 10 ? 10 : strlen(expires))) == DATE_NONE)
        return refuse_in_event(reading, "epcis.value", "ilmd.cbvmda:itemExpirationDate", "must be a date");
    reading->said.lot = (char *)(lot[0] != '\0' ? lot : printed);
    reading->said.region = (char *)region;
    reading->said.settlement = (char *)settlement;
    reading->said.expires_on = arena_format(reading->arena, "%.10s", expires);
    reading->said.made_on = (char *)made;
    return reading->said.expires_on != NULL || no_memory(reading);
}

/* ---- things ---- */

/* The code of an EPC as a Digital Link; one of our own URIs gives product and serial without a code. */
static bool read_code(struct reading *reading, const char *uri, const char *path, const char **code,
                      struct trace_identity *identity)
{
    const char *canonical = identifier_canonical(reading->arena, uri);
    const char *parts = strncmp(uri, EPCIS_ITEM, strlen(EPCIS_ITEM)) == 0 ? uri + strlen(EPCIS_ITEM) : NULL;

    if (canonical == NULL)
        return no_memory(reading);
    *code = parts == NULL ? canonical : "";
    if (parts != NULL) {
        const char *colon = strchr(parts, ':');
        *identity = (struct trace_identity){bytes_of(""), bytes_of(""), bytes_of("")};
        if (colon == NULL || colon == parts || strchr(parts, '%') != NULL)
            return refuse_in_event(reading, "epcis.value", path, "must be " EPCIS_ITEM "PRODUCT:SERIAL");
        identity->product = bytes_from(parts, (size_t)(colon - parts));
        identity->serial = bytes_of(colon + 1);
        return true;
    }
    return trace_identity_read(bytes_of(canonical), reading->arena, identity) ||
           refuse_in_event(reading, "epcis.value", path, "names no item");
}

static bool add_scan(struct reading *reading, const char *uri, const char *path, double quantity, bool is_class)
{
    struct trace_identity identity;
    const char *code = "";

    if (!read_code(reading, uri, path, &code, &identity))
        return false;
    if (!is_class && identity.serial.length == 0)
        return refuse_in_event(reading, "epcis.value", path, "an EPC has a serial; use the quantity list for classes");
    if (reading->count == reading->max)
        return refuse(reading, "epcis.too_large", NULL, "too many things in one document");
    struct epcis_scan *scan = &reading->scans[reading->count];
    Medhub__Common__V1__Quantity *amount = arena_take(reading->arena, sizeof *amount);
    const char *digest = strchr(reading->hash, ';');
    scan->id = arena_format(reading->arena, "epcis-%.64s-%zu%s", digest == NULL ? "" : digest + 1, reading->things,
                            reading->said.cancels[0] == '\0' ? "" : "-error");
    scan->said = reading->said;
    if (reading->said.cancels[0] != '\0')
        scan->said.cancels =
            arena_format(reading->arena, "epcis-%.64s-%zu", digest == NULL ? "" : digest + 1, reading->things);
    scan->said.product = arena_text(reading->arena, identity.product);
    scan->said.serial = arena_text(reading->arena, identity.serial);
    if (identity.lot.length > 0)
        scan->said.lot = arena_text(reading->arena, identity.lot);
    scan->said.code = (char *)code;
    scan->said.code_system = code[0] == '\0' ? MEDHUB__TRACE__V1__CODE_SYSTEM__CODE_SYSTEM_UNSPECIFIED
                                             : MEDHUB__TRACE__V1__CODE_SYSTEM__CODE_SYSTEM_GS1;
    if (amount == NULL || scan->id == NULL || scan->said.product == NULL || scan->said.serial == NULL ||
        scan->said.lot == NULL || scan->said.cancels == NULL)
        return no_memory(reading);
    *amount = (Medhub__Common__V1__Quantity)MEDHUB__COMMON__V1__QUANTITY__INIT;
    amount->e4 = llround(quantity * E4);
    scan->said.quantity = amount;
    reading->count++;
    reading->things++;
    return true;
}

static bool read_epcs(struct reading *reading, const char *name)
{
    const json_t *list = json_object_get(reading->event, name);

    if (list == NULL)
        return true;
    if (!json_is_array(list))
        return refuse_in_event(reading, "epcis.value", name, "must be a list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *path = arena_format(reading->arena, "%s[%zu]", name, i);
        if (path == NULL)
            return no_memory(reading);
        if (!json_is_string(one))
            return refuse_in_event(reading, "epcis.value", path, "must be a URI");
        const char *uri = arena_text(reading->arena, bytes_from(json_string_value(one), json_string_length(one)));
        if (uri == NULL)
            return no_memory(reading);
        if (!add_scan(reading, uri, path, 1, false))
            return false;
    }
    return true;
}

static bool read_quantity(struct reading *reading, const json_t *one, const char *path)
{
    static const char *const members[] = {"epcClass", "quantity", "uom", NULL};
    const json_t *quantity = json_object_get(one, "quantity");

    if (!json_is_object(one))
        return refuse_in_event(reading, "epcis.value", path, "must be an object");
    if (!members_are_known(reading, one, members, path_in_event(reading, path)))
        return false;
    const char *at = arena_format(reading->arena, "%s.epcClass", path);
    const char *uri = text_of(reading, one, "epcClass", at, REQUIRED);
    if (uri == NULL)
        return false;
    if (!json_is_number(quantity) || !(json_number_value(quantity) > 0) || json_number_value(quantity) > QUANTITY_MAX)
        return refuse_in_event(reading, "epcis.value", arena_format(reading->arena, "%s.quantity", path),
                               "must be a number above 0");
    return add_scan(reading, uri, at, json_number_value(quantity), true);
}

static bool read_quantities(struct reading *reading, const char *name)
{
    const json_t *list = json_object_get(reading->event, name);

    if (list == NULL)
        return true;
    if (!json_is_array(list))
        return refuse_in_event(reading, "epcis.value", name, "must be a list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *path = arena_format(reading->arena, "%s[%zu]", name, i);
        if (path == NULL)
            return no_memory(reading);
        if (!read_quantity(reading, json_array_get(list, i), path))
            return false;
    }
    return true;
}

static bool read_parent(struct reading *reading, const char **uri)
{
    struct trace_identity identity;
    const char *code = NULL;

    *uri = member_text(reading, "parentID", REQUIRED);
    if (*uri == NULL || !read_code(reading, *uri, "parentID", &code, &identity))
        return false;
    reading->said.parent_code = (char *)(code[0] == '\0' ? *uri : code);
    return true;
}

static bool read_things(struct reading *reading)
{
    bool aggregates = strcmp(reading->step->type, "AggregationEvent") == 0;
    size_t before = reading->count;
    const char *parent = NULL;

    if (aggregates && !read_parent(reading, &parent))
        return false;
    if (!read_epcs(reading, aggregates ? "childEPCs" : "epcList") ||
        !read_quantities(reading, aggregates ? "childQuantityList" : "quantityList"))
        return false;
    if (reading->count > before)
        return true;
    if (!aggregates || reading->said.step != STEP_(UNPACKED))
        return refuse_in_event(reading, "epcis.missing", aggregates ? "childEPCs" : "epcList", "names no thing");
    reading->said.parent_code = (char *)""; /* all that lies in it comes out */
    return add_scan(reading, parent, "parentID", 1, false);
}

/* ---- events ---- */

static const char *const object_members[] = {
    "@context",    "type",        "eventID",            "eventTime",  "eventTimeZoneOffset", "recordTime", "errorDeclaration",
    "epcList",     "quantityList", "action",            "bizStep",    "disposition",         "readPoint",  "bizLocation",
    "bizTransactionList", "sourceList", "destinationList", "ilmd",    NULL};
static const char *const aggregation_members[] = {
    "@context",    "type",        "eventID",            "eventTime",  "eventTimeZoneOffset", "recordTime", "errorDeclaration",
    "parentID",    "childEPCs",   "childQuantityList",  "action",     "bizStep",             "disposition", "readPoint",
    "bizLocation", "bizTransactionList", "sourceList",  "destinationList", NULL};

static void read_event(struct reading *reading)
{
    const char *type = json_string_value(json_object_get(reading->event, "type"));
    bool aggregates = type != NULL && strcmp(type, "AggregationEvent") == 0;

    reading->said = (ItemScanned)MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    reading->things = 0;
    if (!json_is_object(reading->event)) {
        (void)refuse_in_event(reading, "epcis.value", "", "must be an object");
        return;
    }
    (void)(members_are_known(reading, reading->event, aggregates ? aggregation_members : object_members,
                             path_in_event(reading, "")) &&
           read_step(reading) && read_time(reading) && read_parties(reading) && read_document(reading) &&
           read_error(reading) && read_data(reading) && read_things(reading));
}

static bool keep_hash(void *self, const char *prehash)
{
    (void)event_hash_uri(prehash, self);
    return true;
}

/* The hash of one event as it stands in its document, whose prefixes count. */
static bool hash_event(struct reading *reading, const json_t *document)
{
    const json_t *context = json_object_get(document, "@context");
    json_t *alone = json_pack("{s:{s:[O]}}", "epcisBody", "eventList", (json_t *)(uintptr_t)reading->event);

    if (alone == NULL)
        return no_memory(reading);
    if (context != NULL)
        (void)json_object_set(alone, "@context", (json_t *)(uintptr_t)context);
    enum status status = event_hash_walk(alone, reading->arena, keep_hash, reading->hash, reading->fault);
    json_decref(alone);
    return status == STATUS_OK || refuse_in_event(reading, "epcis.value", "", "is no event, or too large");
}

static const json_t *event_list(struct reading *reading, const json_t *document)
{
    static const char *const members[] = {"@context", "id", "type", "schemaVersion", "creationDate", "epcisBody",
                                          "sender", "receiver", "instanceIdentifier", "epcisHeader", NULL};
    static const char *const body_members[] = {"eventList", NULL};
    const json_t *body = json_object_get(document, "epcisBody"), *list = json_object_get(body, "eventList");
    const char *type = json_string_value(json_object_get(document, "type")),
               *version = json_string_value(json_object_get(document, "schemaVersion"));

    if (type == NULL || strcmp(type, "EPCISDocument") != 0)
        (void)refuse(reading, "epcis.document", "type", "must be EPCISDocument");
    else if (version == NULL || version[0] != '2')
        (void)refuse(reading, "epcis.document", "schemaVersion", "must be 2.0");
    else if (!json_is_array(list) || json_array_size(list) == 0)
        (void)refuse(reading, "epcis.document", "epcisBody.eventList", "must be a list of events");
    else if (members_are_known(reading, document, members, "") && members_are_known(reading, body, body_members, "epcisBody"))
        return list;
    return NULL;
}

static void name_times(struct reading *reading)
{
    for (size_t i = 0; i < reading->count && reading->status == STATUS_OK; i++) {
        const Google__Protobuf__Timestamp *at = reading->scans[i].said.scanned_at;
        char moment[MOMENT_TEXT_BYTES];
        reading->scans[i].time = arena_text(reading->arena, bytes_of(moment_format(at->seconds, at->nanos, moment)));
        if (reading->scans[i].time == NULL)
            (void)no_memory(reading);
    }
}

enum status epcis_read_capture(struct bytes body, const char *source, size_t scans_max, struct arena *arena,
                               struct epcis_scan **scans, size_t *count, const char **path, struct fault *fault)
{
    size_t max = scans_max < EPCIS_SCANS_MAX ? scans_max : EPCIS_SCANS_MAX;
    struct reading reading = {.source = source, .arena = arena, .max = max, .path = "", .fault = fault};
    json_t *document = json_parse(body, fault);

    *count = 0;
    *path = "";
    if (document == NULL)
        return STATUS_REJECT;
    reading.scans = arena_take_zeroed(arena, max * sizeof *reading.scans);
    const json_t *list = reading.scans == NULL ? NULL : event_list(&reading, document);
    if (reading.scans == NULL)
        (void)no_memory(&reading);
    for (; list != NULL && reading.index < json_array_size(list) && reading.status == STATUS_OK; reading.index++) {
        reading.event = json_array_get(list, reading.index);
        if (hash_event(&reading, document))
            read_event(&reading);
    }
    name_times(&reading);
    json_decref(document);
    *scans = reading.scans;
    *count = reading.count;
    *path = reading.path == NULL ? "" : reading.path;
    return reading.status;
}
