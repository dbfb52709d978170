#include "flow/stages.h"

#include "base/date.h"
#include "base/hash.h"
#include "event/unpack.h"
#include "flow/flow.h"
#include "flow/signatures.h"

#include "medhub/registry/v1/registry.pb-c.h"

#include <stdio.h>

typedef Medhub__Registry__V1__Organisation Organisation;

static const char *state_name(int state)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &medhub__registry__v1__state__descriptor, state);
    return value == NULL ? "?" : value->name;
}

static void keep_roles(struct known_source *source, const Organisation *organisation)
{
    size_t used = 0;

    source->roles[used++] = '|';
    for (size_t i = 0; i < organisation->n_roles; i++) {
        size_t length = strlen(organisation->roles[i]);
        if (used + length + 2 > sizeof source->roles)
            break;
        memcpy(source->roles + used, organisation->roles[i], length);
        used += length;
        source->roles[used++] = '|';
    }
    source->roles[used] = '\0';
}

/* *ORGANISATION is today's row of ID, or NULL. False if there is no memory left in the event's arena to read it. */
static bool read_row(struct flow *flow, struct event *event, const char *id, const Organisation **organisation)
{
    struct tables_row row;
    ProtobufCMessage *message = NULL;
    struct fault fault; /* a row that the hub wrote and cannot read makes the source unknown: refused, not guessed */
    date_t today = date_in_china(flow->now_ms);

    *organisation = NULL;
    if (!tables_find(flow->tables, TABLE_REGISTRY, id, REGION_NATION, today, &row))
        return true;
    if (unpack_message(schema_of(&medhub__registry__v1__organisation__descriptor), row.value, event->arena, &message,
                       &fault) != STATUS_OK)
        return strcmp(fault.code, "unpack.too_large") != 0;
    *organisation = (const Organisation *)message;
    return true;
}

static bool look_up(struct flow *flow, struct event *event, struct known_source *source)
{
    const Organisation *organisation;

    if (!read_row(flow, event, source->id, &organisation))
        return false;
    if (organisation == NULL)
        return true;
    source->known = true;
    source->live = organisation->state == MEDHUB__REGISTRY__V1__STATE__STATE_LIVE;
    source->candidate = organisation->state == MEDHUB__REGISTRY__V1__STATE__STATE_DESIGNATED ||
                        organisation->state == MEDHUB__REGISTRY__V1__STATE__STATE_TESTED;
    (void)snprintf(source->state, sizeof source->state, "%s", state_name((int)organisation->state));
    keep_roles(source, organisation);
    return true;
}

/* The slot of ID, or the free one where it belongs: where its hash says, or behind. There are always free ones. */
static struct known_source *slot_of(struct flow *flow, struct bytes id)
{
    size_t at = hash_quick(id, 0) % SOURCE_CACHE_MAX;

    while (flow->sources[at].id[0] != '\0' && !bytes_equal_text(id, flow->sources[at].id))
        at = (at + 1) % SOURCE_CACHE_MAX;
    return &flow->sources[at];
}

static void forget_sources(struct flow *flow)
{
    for (size_t i = 0; i < SOURCE_CACHE_MAX; i++)
        flow->sources[i].id[0] = '\0';
    flow->source_count = 0;
}

/* What the registry says of ID: kept until a row of the registry changes, or the day. NULL: no memory. */
static const struct known_source *source_find(struct flow *flow, struct event *event, const char *id)
{
    static const struct known_source unknown;
    uint64_t rows = tables_reader_rows(flow->tables, TABLE_REGISTRY);
    date_t today = date_in_china(flow->now_ms);
    struct bytes wanted = bytes_of(id);

    if (rows != flow->registry_rows || today != flow->registry_day || flow->source_count > SOURCE_CACHE_MAX / 2) {
        forget_sources(flow);
        flow->registry_rows = rows;
        flow->registry_day = today;
    }
    if (wanted.length == 0 || wanted.length >= sizeof unknown.id)
        return &unknown; /* longer than any organisation's id */
    struct known_source *slot = slot_of(flow, wanted);
    if (slot->id[0] != '\0')
        return slot;

    struct known_source made = {0};
    memcpy(made.id, id, wanted.length + 1);
    if (!look_up(flow, event, &made))
        return NULL; /* this event has used its memory up: nothing is known of its source, and nothing kept */
    *slot = made;
    flow->source_count++;
    return slot;
}

/* ROLES is "hospital|pharmacy", HELD "|hospital|": is one of the first among the second? */
static bool holds_one(const char *held, const char *roles)
{
    while (*roles != '\0') {
        size_t length = strcspn(roles, "|");
        for (const char *at = strchr(held, '|'); at != NULL; at = strchr(at + 1, '|'))
            if (strncmp(at + 1, roles, length) == 0 && at[1 + length] == '|' && length > 0)
                return true;
        roles += length + (roles[length] == '|');
    }
    return false;
}

static enum status no_memory(struct event *event)
{
    return fault_reject(&event->fault, "event.too_complex", "no memory left to look up the source");
}

static enum status refuse(struct event *event, const char *code, const char *found, const char *expected,
                          const char *sentence_zh, const char *sentence_en)
{
    const struct finding finding = {
        .severity = SEVERITY_REFUSE,
        .code = code,
        .rule = "",
        .citation = "",
        .path = "source",
        .found = found,
        .expected = expected,
        .sentence_zh = sentence_zh,
        .sentence_en = sentence_en,
    };
    findings_add(&event->findings, &finding);
    return fault_reject(&event->fault, code, "%s", sentence_en);
}

static enum status check_signature(struct flow *flow, struct event *event)
{
    const struct signatures *signatures = flow->shared->signatures;
    const Organisation *row = NULL;
    const char *found;

    if (signatures == NULL)
        return STATUS_OK; /* an explanation: the keys are the hub's */
    if (signatures_want_row(signatures, event) && !read_row(flow, event, event->attributes.source, &row))
        return no_memory(event);
    const char *code = signatures_check(signatures, event, row, flow->now_ms, &found);
    if (code == NULL)
        return STATUS_OK;
    return refuse(event, code, found, "a signature of the source, or the operator's voucher",
                  "事件签名缺失或不成立", "the event's signature is missing or does not hold");
}

enum status authorise_stage(struct flow *flow, struct event *event)
{
    const char *id = event->attributes.source;
    const char *roles = flow->handler->roles;
    enum status status = check_signature(flow, event);

    if (status != STATUS_OK)
        return status; /* whoever it was: the source has said nothing, and its id is not used up */
    if (strcmp(id, flow->shared->settings->hub_operator) != 0) {
        const struct known_source *source = source_find(flow, event, id);
        if (source == NULL)
            return no_memory(event);
        if (!source->known)
            return refuse(event, "source.unknown", id, "an organisation of the registry", "来源机构未登记",
                          "the source is not in the registry");
        if (!source->live && !(source->candidate && event_is_conformance(event)))
            return refuse(event, "source.not_live", arena_format(event->arena, "%s", source->state),
                          "STATE_LIVE", "来源机构当前不可提交事件",
                          "the source's state does not allow it to submit events");
        if (roles == NULL || !holds_one(source->roles, roles))
            return refuse(event, "source.role", arena_format(event->arena, "%s", source->roles),
                          roles == NULL ? "" : roles, "来源机构无权提交此类事件",
                          "the source holds no role that may say this");
    }
    flow->remembered = true;
    return STATUS_OK;
}
