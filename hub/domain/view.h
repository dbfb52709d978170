/* view.h: the world as a decision sees it: rows of its own key, tables as of a date, policy, time.
 *
 * A view is filled by hub/flow (LMDB behind it) or by a test (plain arrays behind it); domain code cannot tell. It is
 * read-only and deterministic: the same view and the same event give the same decision. Every table row and policy
 * value that is read is noted, so that the fact can say what it was decided on. */
#ifndef DOMAIN_VIEW_H
#define DOMAIN_VIEW_H

#include "base/arena.h"
#include "base/calendar.h"
#include "base/date.h"

#include <protobuf-c/protobuf-c.h>

/* The nation as a region; other regions are GB/T 2260 codes such as "650100". */
#define REGION_NATION "000000"

/* Tables: compacted topics that every hub process holds in full. */
#define TABLE_CATALOGUE "catalogue" /* key KIND/CODE, medhub.catalogue.v1.Item */
#define TABLE_REGISTRY "registry"   /* key organisation id, medhub.registry.v1.Organisation */
#define TABLE_POLICY "policy"       /* key parameter, medhub.policy.v1.Parameter */
#define TABLE_CALENDAR "calendar"   /* key YYYY, medhub.policy.v1.CalendarYear */
#define TABLE_RELEASE "release"     /* key ID or ID/INSTITUTION, medhub.catalogue.v1.ReleaseRow */
#define TABLE_DESIGNATION "designation" /* key LIST/INSTITUTION[/DOCTOR], medhub.registry.v1.Designation */
#define TABLE_PRACTITIONER "practitioner" /* key INSTITUTION/CODE, medhub.registry.v1.Practitioner */

#define TABLE_DEVICE "device" /* key product identifier, medhub.trace.v1.Device */

/* One dated version of a row. value is NULL (data) when there is none. */
struct table_row {
    struct bytes value;
    uint64_t version; /* of the fact that wrote it; goes into the provenance of what is decided on it */
    date_t valid_from;
    date_t valid_until; /* inclusive; DATE_NONE = open */
    const char *region; /* the region whose row it is: the asked one or an outer one */
};

/* What was read, in order, each once. */
struct consulted_row {
    const char *table;
    const char *key;
    const char *region;
    date_t valid_from;
    uint64_t version; /* 0: looked for and not there */
    uint64_t mark;    /* a hash: rows that differ seldom have the same */
};

/* A look-up's answer, which a view may keep for the events to come. */
struct table_answer {
    bool known; /* what follows is filled in */
    bool found;
    struct table_row row;
    struct consulted_row consulted;               /* what is noted of it each time */
    struct arena *arena;                          /* lives as long as the answer; NULL: it is for this look-up only */
    const ProtobufCMessageDescriptor *descriptor; /* of the message */
    const ProtobufCMessage *message;              /* the row unpacked, once it was asked for */
};

struct view_operations {
    /* The row NAME of the event's key, BYTES_NONE if there is none. Lent until the end of the decision. */
    struct bytes (*state)(void *self, const char *name);
    /* Calls EACH for the rows of the event's key whose names begin with PREFIX and come after AFTER ("": from the first), in
     * byte order of names, until it returns false. What EACH gets is lent for the call; EACH reads nothing else. */
    void (*scan)(void *self, const char *prefix, const char *after,
                 bool (*each)(struct bytes name, struct bytes value, void *context), void *context);
    /* The row of TABLE under KEY for exactly REGION valid on DATE; false if there is none. */
    bool (*table)(void *self, const char *table, const char *key, const char *region, date_t date,
                  struct table_row *row);
    /* May be NULL: a view without memory. The answer kept for this look-up (REGION is where it begins), or an empty one to
     * fill in; NULL when there is no room for one. */
    struct table_answer *(*answer)(void *self, const char *table, const char *key, const char *region, date_t date);
};

struct view {
    const struct view_operations *operations;
    void *self;
    struct arena *arena;
    const char *key;                 /* of the event: person, product, item, institution */
    int64_t now_ms;                  /* the moment of the decision; recorded in the fact */
    const struct calendar *calendar; /* never NULL; may be empty */
    struct consulted_row *consulted;
    size_t consulted_count;
    size_t consulted_capacity;
    const char *candidate; /* the source of an event of a connection test: decided as if it were live; or NULL */
    bool failed; /* the arena was full while reading: the decision must not stand (handler_decide sees to it) */
};

/* SELF is what the operations get; KEY, OPERATIONS and CALENDAR must outlive the view. Frees nothing: what the view takes
 * lies in ARENA. */
void view_init(struct view *view, const struct view_operations *operations, void *self, struct arena *arena,
               const char *key, int64_t now_ms, const struct calendar *calendar);

/* The row NAME (printf) of this key unpacked as DESCRIPTOR's message, or NULL if there is none. A row that does not
 * unpack is our fault and aborts. */
ProtobufCMessage *view_state(struct view *view, const ProtobufCMessageDescriptor *descriptor, const char *name_format,
                             ...) __attribute__((format(printf, 3, 4)));

/* Rows of this key, as they were before this event (what earlier events of the batch wrote is there, as in view_state). */
struct view_row {
    const char *name;
    struct bytes value;
};
struct view_rows {
    const struct view_row *rows; /* in byte order of names; all of it lies in the view's arena */
    size_t count;
    bool more; /* there are rows behind the last one: go on after its name */
};
enum { VIEW_SCAN_ROWS_MAX = 10000, VIEW_SCAN_BYTES_MAX = 4 << 20 };
/* The first ROWS_MAX (1..VIEW_SCAN_ROWS_MAX) rows whose names begin with PREFIX and come after AFTER ("": from the first). Fewer,
 * but at least one, if they would take more than VIEW_SCAN_BYTES_MAX. A key may hold millions of rows: who wants all of them
 * goes on in rounds (background.h). */
struct view_rows view_scan(struct view *view, const char *prefix, const char *after, size_t rows_max);
/* A scanned row unpacked; NULL when the arena is full. */
ProtobufCMessage *view_unpack(struct view *view, const ProtobufCMessageDescriptor *descriptor,
                              const struct view_row *row);

/* The row of KEY on DATE for REGION or, if it has none, for the next outer one (county, city, province, nation). TABLE
 * and KEY must live as long as the event: a constant, a text of its arena or of its message. */
bool view_table(struct view *view, const char *table, const char *key, const char *region, date_t date,
                struct table_row *row);
/* The same, unpacked; NULL if there is none. Other events may be lent the same message. */
const ProtobufCMessage *view_table_message(struct view *view, const ProtobufCMessageDescriptor *descriptor,
                                           const char *table, const char *key, const char *region, date_t date);

/* A policy parameter's value for REGION on DATE. False if the policy has none: the rule must then say so (finding
 * "policy.missing"), never assume a number. Text values are lent by the arena. */
bool view_policy_int(struct view *view, const char *parameter, const char *region, date_t date, int64_t *value);
bool view_policy_date(struct view *view, const char *parameter, const char *region, date_t date, date_t *value);
bool view_policy_text(struct view *view, const char *parameter, const char *region, date_t date, const char **value);

#endif
