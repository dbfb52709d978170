/* epcis_reading.h: an EPCIS document while it becomes scans (epcis_capture.c): what has been read, what is wrong with it, and
 * its members. */
#ifndef EXCHANGE_EPCIS_READING_H
#define EXCHANGE_EPCIS_READING_H

#include "exchange/epcis.h"

#include "epcis/event_hash.h"

#include <jansson.h>

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

/* Refuses the document for CODE at PATH (NULL: no place); the first refusal counts. False, always. */
bool reading_refuse(struct reading *reading, const char *code, const char *path, const char *text);
/* The same at MEMBER ("" is the event itself) of the event at hand. */
bool reading_refuse_in_event(struct reading *reading, const char *code, const char *member, const char *text);
/* The same because memory is out: the document may come again. */
bool reading_has_no_memory(struct reading *reading);
/* The path of MEMBER of the event at hand, in the arena. */
const char *reading_path(struct reading *reading, const char *member);

enum need { OPTIONAL, REQUIRED };

/* Text of member NAME, in the arena; "" if it is not there and need not be; NULL: refused at PATH of the event. */
const char *reading_text(struct reading *reading, const json_t *of, const char *name, const char *path, enum need need);
/* The same of the event at hand. */
const char *reading_member(struct reading *reading, const char *name, enum need need);
/* False, and refused, if OF, which lies at PATH, has a member that is not among NAMES; those of foreign namespaces (with a colon)
 * are taken and not kept. */
bool reading_knows_members(struct reading *reading, const json_t *of, const char *const *names, const char *path);

/* epcis_things.c: one scan for each thing of the event at hand; what all have in common stands in READING. */
bool reading_things(struct reading *reading);

#endif
