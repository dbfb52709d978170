/* epcis_event.c: a fact as an EPCIS event. */
#include "exchange/epcis.h"

#include "base/date.h"
#include "epcis/event_hash.h"
#include "store/rows_trace.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define STEP_(name_)     MEDHUB__TRACE__V1__STEP__STEP_##name_
#define CONTEXT          "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
#define ZONE             "+08:00" /* China has one */
#define DIGITAL_LINK     "https://id.gs1.org"
enum { E4 = 10000, GTIN_DIGITS = 14, SSCC_DIGITS = 18 };

typedef Medhub__Trace__V1__ItemScanned ItemScanned;

struct writing {
    const ItemScanned *said;
    const struct epcis_step *step;
    struct trace_identity item, parent;
    struct arena *arena;
    json_t *event;
};

/* ---- identifiers ---- */

static bool all_digits(struct bytes text, size_t count)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.length == count;
}

/* What stands in a URI as it is, and what does not. */
static void append_encoded(struct buffer *out, struct bytes text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] != '\0' && strchr(plain, text.data[i]) != NULL)
            buffer_append_byte(out, text.data[i]);
        else
            buffer_append_format(out, "%%%02X", text.data[i]);
}

static void append_part(struct buffer *out, const char *head, struct bytes text)
{
    buffer_append_text(out, head);
    append_encoded(out, text);
}

/* The finest level: an item by its serial, else so many of the lot, else of the product. */
static json_t *uri_of(const struct trace_identity *item)
{
    struct buffer out;

    buffer_init(&out, 4096);
    if (all_digits(item->product, SSCC_DIGITS)) {
        append_part(&out, DIGITAL_LINK "/00/", item->product);
    } else if (all_digits(item->product, GTIN_DIGITS)) {
        append_part(&out, DIGITAL_LINK "/01/", item->product);
        if (item->serial.length > 0)
            append_part(&out, "/21/", item->serial);
        else if (item->lot.length > 0)
            append_part(&out, "/10/", item->lot);
    } else {
        append_part(&out, EPCIS_ITEM, item->product);
        append_part(&out, ":", item->serial.length > 0 ? item->serial : item->lot);
    }
    json_t *uri = buffer_ok(&out) ? json_string(buffer_text(&out)) : NULL;
    buffer_done(&out);
    return uri;
}

static json_t *named_uri(const char *stem, const char *name)
{
    struct buffer out;

    buffer_init(&out, 4096);
    append_part(&out, stem, bytes_of(name));
    json_t *uri = buffer_ok(&out) ? json_string(buffer_text(&out)) : NULL;
    buffer_done(&out);
    return uri;
}

/* ---- members ---- */

static void put(struct writing *writing, const char *name, json_t *value)
{
    (void)json_object_set_new(writing->event, name, value);
}

static void put_text(struct writing *writing, const char *name, const char *text)
{
    if (text[0] != '\0')
        put(writing, name, json_string(text));
}

static void put_moment(struct writing *writing, const char *name, int64_t unix_ms)
{
    char text[MOMENT_TEXT_BYTES];

    put_text(writing, name, moment_format_ms(unix_ms, text));
}

static void put_party(struct writing *writing, const char *list, const char *member, const char *organisation)
{
    if (organisation[0] != '\0')
        put(writing, list,
            json_pack("[{s:s, s:o}]", "type", "owning_party", member, named_uri(EPCIS_ORGANISATION, organisation)));
}

/* Epcs where there is a serial, else a quantity of a class. */
static void put_thing(struct writing *writing, const char *list, const char *quantities)
{
    int64_t e4 = writing->said->quantity == NULL ? E4 : writing->said->quantity->e4;

    if (writing->item.serial.length > 0)
        put(writing, list, json_pack("[o]", uri_of(&writing->item)));
    else
        put(writing, quantities,
            json_pack("[{s:o, s:o}]", "epcClass", uri_of(&writing->item), "quantity",
                      e4 % E4 == 0 ? json_integer(e4 / E4) : json_real((double)e4 / E4)));
}

static void put_what(struct writing *writing)
{
    bool has_parent = writing->said->parent_code[0] != '\0';

    if (strcmp(writing->step->type, "AggregationEvent") != 0) {
        put_thing(writing, "epcList", "quantityList");
    } else if (has_parent) {
        put(writing, "parentID", uri_of(&writing->parent));
        put_thing(writing, "childEPCs", "childQuantityList");
    } else { /* all that lies in it comes out */
        put(writing, "parentID", uri_of(&writing->item));
        put(writing, "childEPCs", json_array());
    }
}

/* Who sends and who receives, whichever of the two SOURCE named as holder. */
static void put_parties(struct writing *writing, const char *source)
{
    const ItemScanned *said = writing->said;
    bool sends = strcmp(writing->step->biz_step, "shipping") == 0,
         takes = said->step == STEP_(INBOUND) || said->step == STEP_(PURCHASED);
    bool is_own = strcmp(said->holder, source) == 0 || !sends;
    const char *here = is_own ? said->holder : source,
               *there = is_own ? said->counterparty : said->holder;

    put(writing, "readPoint", json_pack("{s:o}", "id", named_uri(EPCIS_ORGANISATION, here)));
    put(writing, "bizLocation", json_pack("{s:o}", "id", named_uri(EPCIS_ORGANISATION, here)));
    if (said->document[0] != '\0')
        put(writing, "bizTransactionList",
            json_pack("[{s:s, s:o}]", "type", "desadv", "bizTransaction", named_uri(EPCIS_DOCUMENT, said->document)));
    if (!sends && !takes)
        return;
    put_party(writing, "sourceList", "source", sends ? here : there);
    put_party(writing, "destinationList", "destination", sends ? there : here);
}

/* Master data goes with the event that made the item. */
static void put_data(struct writing *writing)
{
    const ItemScanned *said = writing->said;
    json_t *ilmd = json_object();

    if (writing->item.lot.length > 0)
        (void)json_object_set_new(ilmd, "cbvmda:lotNumber",
                                  json_stringn((const char *)writing->item.lot.data, writing->item.lot.length));
    if (said->expires_on[0] != '\0')
        (void)json_object_set_new(ilmd, "cbvmda:itemExpirationDate", json_string(said->expires_on));
    if (said->made_on[0] != '\0')
        (void)json_object_set_new(ilmd, "medhub:madeOn", json_string(said->made_on));
    if (said->step == STEP_(COMMISSIONED) && json_object_size(ilmd) > 0)
        put(writing, "ilmd", ilmd);
    else
        json_decref(ilmd);
    if (said->step != STEP_(COMMISSIONED) && writing->item.serial.length > 0 && writing->item.lot.length > 0)
        put(writing, "medhub:lot", json_stringn((const char *)writing->item.lot.data, writing->item.lot.length));
    put_text(writing, "medhub:region", said->region);
    put_text(writing, "medhub:settlement", said->settlement);
}

/* ---- the whole ---- */

static bool keep_hash(void *self, const char *prehash)
{
    (void)event_hash_uri(prehash, self);
    return true;
}

static enum status put_id(struct writing *writing, struct fault *fault)
{
    char uri[EVENT_HASH_URI_BYTES] = "";
    json_t *document = json_pack("{s:[s, {s:s}], s:{s:[O]}}", "@context", CONTEXT, "medhub", EPCIS_NAMESPACE, "epcisBody",
                                 "eventList", writing->event);
    enum status status = document == NULL ? fault_retry(fault, "memory.out", "no memory for an event")
                                          : event_hash_walk(document, writing->arena, keep_hash, uri, fault);

    json_decref(document);
    if (status == STATUS_OK)
        put_text(writing, "eventID", uri);
    return status;
}

static enum status append(const json_t *event, struct buffer *out, struct fault *fault)
{
    char *text = json_dumps(event, JSON_COMPACT);

    if (text == NULL)
        return fault_retry(fault, "memory.out", "no memory for an event");
    buffer_append_text(out, text);
    free(text);
    return STATUS_OK;
}

static void read_identities(struct writing *writing)
{
    const ItemScanned *said = writing->said;

    (void)!trace_identity_read(bytes_of(said->code), writing->arena, &writing->item);
    writing->item.product = bytes_of(said->product);
    if (writing->item.lot.length == 0)
        writing->item.lot = bytes_of(said->lot);
    if (writing->item.serial.length == 0)
        writing->item.serial = bytes_of(said->serial);
    if (!trace_identity_read(bytes_of(said->parent_code), writing->arena, &writing->parent))
        writing->parent.product = bytes_of(said->parent_code);
}

enum status epcis_write_event(const ItemScanned *said, const char *source, int64_t recorded_ms, struct arena *arena,
                              struct buffer *out, struct fault *fault)
{
    struct writing writing = {.said = said, .step = epcis_step_of(said), .arena = arena};

    if (writing.step == NULL)
        return fault_reject(fault, "epcis.step", "step %d is none of EPCIS", (int)said->step);
    writing.event = json_object();
    read_identities(&writing);
    put_text(&writing, "type", writing.step->type);
    put_moment(&writing, "eventTime",
               said->scanned_at == NULL ? 0 : said->scanned_at->seconds * 1000 + said->scanned_at->nanos / 1000000);
    put_text(&writing, "eventTimeZoneOffset", ZONE);
    put_what(&writing);
    put_text(&writing, "action", writing.step->action);
    put_text(&writing, "bizStep", writing.step->biz_step);
    put_text(&writing, "disposition", writing.step->disposition);
    put_parties(&writing, source);
    put_data(&writing);
    enum status status = put_id(&writing, fault);
    if (said->cancels[0] != '\0') { /* the same event again, declared an error: its ID stays */
        char moment[MOMENT_TEXT_BYTES];
        put(&writing, "errorDeclaration",
            json_pack("{s:s, s:s}", "declarationTime", moment_format_ms(recorded_ms, moment), "reason", "did_not_occur"));
    }
    put_moment(&writing, "recordTime", recorded_ms);
    if (status == STATUS_OK)
        status = append(writing.event, out, fault);
    json_decref(writing.event);
    return status;
}
