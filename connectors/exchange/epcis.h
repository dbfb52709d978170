/* epcis.h: scans as EPCIS 2.0 events in JSON-LD, and back [EPCIS 2.0; CBV 2.0]. Any thread. */
#ifndef EXCHANGE_EPCIS_H
#define EXCHANGE_EPCIS_H

#include "base/arena.h"
#include "base/fault.h"
#include "store/trace_questions.h"

#include "medhub/trace/v1/trace.pb-c.h"

/* ---- steps ---- */

struct epcis_step {
    Medhub__Trace__V1__Step step;
    bool to_supplier; /* of what is returned: to whom it came from */
    const char *type, *action, *biz_step, *disposition;
};
/* The row of a scan; NULL: its step has none. */
const struct epcis_step *epcis_step_of(const Medhub__Trace__V1__ItemScanned *said);
/* The row that an event means; NULL: none. The words may be bare, or URIs of the vocabulary. */
const struct epcis_step *epcis_step_find(const char *type, const char *action, const char *biz_step,
                                         const char *disposition);

/* ---- out ---- */

/* Appends SAID, which SOURCE said and the hub recorded at RECORDED_MS, as one event. ARENA is scratch. REJECT "epcis.step": it
 * has no form there. RETRY: no memory. */
enum status epcis_write_event(const Medhub__Trace__V1__ItemScanned *said, const char *source, int64_t recorded_ms,
                              struct arena *arena, struct buffer *out, struct fault *fault) MUST_CHECK;

/* Which events: of an item (KNOWN has a serial) with the boxes that it lay in, or of a lot. */
struct epcis_query {
    const struct trace_known *known;
    const struct trace_asker *asker;  /* NULL: an operator */
    int64_t from_ms, until_ms;        /* eventTime; UNTIL excluded; 0: open */
    const char *biz_step;             /* bare or a URI; "": any */
};
/* Appends an EPCISQueryDocument with what the asker may see. REJECT "trace.needs": KNOWN names neither item nor lot; RETRY. */
enum status epcis_write_answer(struct read_model *model, const struct epcis_query *query, int64_t now_ms, struct arena *arena,
                               struct buffer *out, struct fault *fault) MUST_CHECK;

/* ---- in ---- */

struct epcis_scan {
    const char *id; /* the event's hash, and which of its things */
    const char *time;
    Medhub__Trace__V1__ItemScanned said;
};
enum { EPCIS_SCANS_MAX = 10000 };

/* The scans of an EPCISDocument, each said by SOURCE; they lie in ARENA. REJECT: *PATH (in ARENA, or "") is where it is wrong:
 *     json.syntax        no JSON
 *     epcis.document     no EPCISDocument of schema version 2.0 with a list of events
 *     epcis.member       a member that is unknown or not taken here
 *     epcis.missing      one that must be there
 *     epcis.value        a value that is not what it must be
 *     epcis.step         no step of ours: type, action and bizStep do not go together, or mean something else
 *     epcis.too_large    more than SCANS_MAX scans
 * RETRY: no memory. */
enum status epcis_read_capture(struct bytes body, const char *source, size_t scans_max, struct arena *arena,
                               struct epcis_scan **scans, size_t *count, const char **path,
                               struct fault *fault) MUST_CHECK;

#define EPCIS_ORGANISATION "urn:medhub:organisation:"
#define EPCIS_DOCUMENT     "urn:medhub:document:"
#define EPCIS_ITEM         "urn:medhub:item:"
#define EPCIS_NAMESPACE    "urn:medhub:"

#endif
