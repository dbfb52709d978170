/* epcis_capture.c: an EPCIS document becomes scans. */
#include "exchange/epcis_reading.h"

#include "base/date.h"
#include "event/json.h"
#include "store/rows_trace.h"

#include <stdio.h>
#include <string.h>

#define STEP_(name_) MEDHUB__TRACE__V1__STEP__STEP_##name_
enum { ID_BYTES = 96 };

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
    (void)reading_refuse_in_event(reading, "epcis.value", path, "must be " EPCIS_ORGANISATION "ID");
    return NULL;
}

static const char *location_of(struct reading *reading, const char *name)
{
    static const char *const members[] = {"id", NULL};
    const json_t *place = json_object_get(reading->event, name);

    if (place == NULL)
        return "";
    if (!json_is_object(place)) {
        (void)reading_refuse_in_event(reading, "epcis.value", name, "must be an object with id");
        return NULL;
    }
    if (!reading_knows_members(reading, place, members, reading_path(reading, name)))
        return NULL;
    const char *path = arena_format(reading->arena, "%s.id", name);
    return organisation_of(reading, reading_text(reading, place, "id", path, REQUIRED), path);
}

/* The party of a list of sources or destinations; one is enough. */
static const char *party_of(struct reading *reading, const char *name, const char *member)
{
    const json_t *list = json_object_get(reading->event, name);
    const char *path = arena_format(reading->arena, "%s[0].%s", name, member);

    if (list == NULL)
        return "";
    if (!json_is_array(list) || json_array_size(list) == 0 || !json_is_object(json_array_get(list, 0))) {
        (void)reading_refuse_in_event(reading, "epcis.value", name, "must be a list of objects");
        return NULL;
    }
    return organisation_of(reading, reading_text(reading, json_array_get(list, 0), member, path, REQUIRED), path);
}

/* ---- what all things of an event have in common ---- */

static bool read_time(struct reading *reading)
{
    const char *time = reading_member(reading, "eventTime", REQUIRED);
    const char *zone = time == NULL ? NULL : reading_member(reading, "eventTimeZoneOffset", REQUIRED);
    Google__Protobuf__Timestamp *at = arena_take(reading->arena, sizeof *at);

    if (zone == NULL)
        return false;
    if (at == NULL)
        return reading_has_no_memory(reading);
    *at = (Google__Protobuf__Timestamp)GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    if (!moment_parse(bytes_of(time), &at->seconds, &at->nanos))
        return reading_refuse_in_event(reading, "epcis.value", "eventTime", "must be a moment as in RFC 3339");
    if (strlen(zone) != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
        return reading_refuse_in_event(reading, "epcis.value", "eventTimeZoneOffset", "must be as +08:00");
    reading->said.scanned_at = at;
    return true;
}

static bool read_step(struct reading *reading)
{
    const char *type = reading_member(reading, "type", REQUIRED);
    const char *action = type == NULL ? NULL : reading_member(reading, "action", REQUIRED);
    const char *biz_step = action == NULL ? NULL : reading_member(reading, "bizStep", REQUIRED);
    const char *disposition = biz_step == NULL ? NULL : reading_member(reading, "disposition", OPTIONAL);

    if (disposition == NULL)
        return false;
    reading->step = epcis_step_find(type, action, biz_step, disposition);
    if (reading->step == NULL)
        return reading_refuse_in_event(reading, "epcis.step", "bizStep", "type, action and bizStep together are no step of ours");
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
        return reading_refuse_in_event(reading, "epcis.value", "bizTransactionList", "must be a list of objects");
    const char *uri = reading_text(reading, json_array_get(list, 0), "bizTransaction", path, REQUIRED);
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
    const char *reason = reading_text(reading, declaration, "reason", "errorDeclaration.reason", REQUIRED);
    if (reason == NULL)
        return false;
    if (strcmp(reason, "did_not_occur") != 0 && strcmp(reason, "https://ref.gs1.org/cbv/ER-did_not_occur") != 0)
        return reading_refuse_in_event(reading, "epcis.value", "errorDeclaration.reason", "only did_not_occur is taken");
    reading->said.cancels = reading->hash; /* of each thing its own id, see add_scan */
    return true;
}

static bool read_data(struct reading *reading)
{
    const json_t *ilmd = json_object_get(reading->event, "ilmd");
    const char *lot = reading_text(reading, reading->event, "medhub:lot", "medhub:lot", OPTIONAL);
    const char *region = reading_text(reading, reading->event, "medhub:region", "medhub:region", OPTIONAL);
    const char *settlement = reading_text(reading, reading->event, "medhub:settlement", "medhub:settlement", OPTIONAL);
    const char *printed = reading_text(reading, ilmd, "cbvmda:lotNumber", "ilmd.cbvmda:lotNumber", OPTIONAL);
    const char *expires = reading_text(reading, ilmd, "cbvmda:itemExpirationDate", "ilmd.cbvmda:itemExpirationDate", OPTIONAL);
    const char *made = reading_text(reading, ilmd, "medhub:madeOn", "ilmd.medhub:madeOn", OPTIONAL);

    if (lot == NULL || region == NULL || settlement == NULL || printed == NULL || expires == NULL || made == NULL)
        return false;
    if (expires[0] != '\0' && date_parse(bytes_from(expires, strlen(expires) > 10 ? 10 : strlen(expires))) == DATE_NONE)
        return reading_refuse_in_event(reading, "epcis.value", "ilmd.cbvmda:itemExpirationDate", "must be a date");
    reading->said.lot = (char *)(lot[0] != '\0' ? lot : printed);
    reading->said.region = (char *)region;
    reading->said.settlement = (char *)settlement;
    reading->said.expires_on = arena_format(reading->arena, "%.10s", expires);
    reading->said.made_on = (char *)made;
    return reading->said.expires_on != NULL || reading_has_no_memory(reading);
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
        (void)reading_refuse_in_event(reading, "epcis.value", "", "must be an object");
        return;
    }
    (void)(reading_knows_members(reading, reading->event, aggregates ? aggregation_members : object_members,
                             reading_path(reading, "")) &&
           read_step(reading) && read_time(reading) && read_parties(reading) && read_document(reading) &&
           read_error(reading) && read_data(reading) && reading_things(reading));
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
        return reading_has_no_memory(reading);
    if (context != NULL)
        (void)json_object_set(alone, "@context", (json_t *)(uintptr_t)context);
    enum status status = event_hash_walk(alone, reading->arena, keep_hash, reading->hash, reading->fault);
    json_decref(alone);
    return status == STATUS_OK || reading_refuse_in_event(reading, "epcis.value", "", "is no event, or too large");
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
        (void)reading_refuse(reading, "epcis.document", "type", "must be EPCISDocument");
    else if (version == NULL || version[0] != '2')
        (void)reading_refuse(reading, "epcis.document", "schemaVersion", "must be 2.0");
    else if (!json_is_array(list) || json_array_size(list) == 0)
        (void)reading_refuse(reading, "epcis.document", "epcisBody.eventList", "must be a list of events");
    else if (reading_knows_members(reading, document, members, "") && reading_knows_members(reading, body, body_members, "epcisBody"))
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
            (void)reading_has_no_memory(reading);
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
        (void)reading_has_no_memory(&reading);
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
