/* gen.h: seeded realistic events, one CloudEvent a line.
 *
 * Every line carries two attributes of ours that the hub does not keep: expect (accepted, refused or
 * duplicate) and, for a refusal, expectcode: what the hub must answer if all lines are submitted in order on
 * the policy as shipped. */
#ifndef GEN_GEN_H
#define GEN_GEN_H

#include "ops/gen/dice.h"
#include "ops/gen/items.h"
#include "ops/gen/world.h"

#include "event/event.h"

enum { REMEMBERED_MAX = 256 };

struct gen {
    const struct world *world;
    uint64_t seed;
    date_t day;
    int64_t count; /* of each kind */
    int64_t wrong_percent, repeat_percent;
    const char *run;     /* begins every id: seed and day */
    struct arena *arena; /* of one event */
    const struct items *items; /* of chains; else NULL */
    /* Takes a line without its end. */
    void (*write)(void *self, struct bytes line);
    /* In place of WRITE, where not NULL: takes the event itself, which lasts until it returns. */
    void (*take)(void *self, const char *source, const char *id, int64_t time_ms, const ProtobufCMessage *message);
    void *self;
    char *remembered[REMEMBERED_MAX]; /* lines that may be repeated */
    size_t remembered_count;
    uint64_t lines;
    bool failed;
};

enum expectation { EXPECT_ACCEPTED, EXPECT_REFUSED, EXPECT_DUPLICATE };

struct expected {
    enum expectation outcome;
    const char *code; /* of the first finding of a refusal, else "" */
    bool
        forgotten; /* refused before the hub remembers ids: said again it is refused again, not a duplicate */
};

/* protobuf-c's members are char *, also where nobody writes to them. */
static inline char *gen_constant(const char *text)
{
    return (char *)text;
}

/* A message in the event's arena, initialised. Never NULL: the process ends when memory is out. */
void *gen_new(struct gen *gen, const ProtobufCMessageDescriptor *descriptor);
/* A list of COUNT pointers in the event's arena. */
void *gen_list(struct gen *gen, size_t count);
char *gen_text(struct gen *gen, const char *format, ...) __attribute__((format(printf, 2, 3)));
Timestamp *gen_moment(struct gen *gen, int64_t unix_ms);
Money *gen_money(struct gen *gen, int64_t fen);
Quantity *gen_quantity(struct gen *gen, int64_t e4);

/* Begins a new event: what the last one took is given back. */
void gen_begin(struct gen *gen);
/* Writes MESSAGE as the event ID of SOURCE. */
void gen_event(struct gen *gen, const char *source, const char *id, int64_t time_ms,
               const ProtobufCMessage *message, struct expected expected);
/* An empty line: `ctl submit` waits there until all that went before is answered. */
void gen_barrier(struct gen *gen);
/* Repeats one of the last lines with the gen's probability. */
void gen_maybe_repeat(struct gen *gen, struct dice *dice);

/* The last day that is over in China at NOW_MS: nothing of it lies ahead of a hub, which would refuse it. */
date_t gen_last_whole_day(int64_t now_ms);
/* Moment of event NUMBER of the day: ten working hours, evenly. */
int64_t gen_moment_of(const struct gen *gen, int64_t number);
/* The pseudonym of person NUMBER of this run, in TEXT. */
enum { PERSON_BYTES = 32 };
const char *gen_person(const struct gen *gen, uint64_t number, char text[PERSON_BYTES]);

/* The code of the doctor of INSTITUTION who is on the region's list for dual-channel drugs. */
const char *gen_responsible_doctor(struct gen *gen, const char *institution);

/* What can be generated, one file each. */
void gen_organisations(struct gen *gen);
void gen_devices(struct gen *gen);
void gen_catalogue(struct gen *gen, int edition);
void gen_release(struct gen *gen, int edition);
void gen_calendar(struct gen *gen, const struct data_table *days);
/* LIMITS: the columns gen_limit_columns, in their order. */
extern const char *const gen_limit_columns[];
void gen_limits(struct gen *gen, const struct data_table *limits);
/* The nation adds ITEM on its first day; the event's id is PREFIX-CODE. */
void gen_added_item(struct gen *gen, CatalogueItem *item, const char *prefix);
/* Every code as an item of the catalogue, called as its product in LIMITS. */
struct drug_codes;
void gen_drug_codes(struct gen *gen, const struct drug_codes *codes, const struct data_table *limits);
/* Event NUMBER, 0 .. count - 1, of the day's load. */
struct gen_state;
void gen_prescription(struct gen *gen, struct gen_state *state, int64_t number);
void gen_dispensing(struct gen *gen, struct gen_state *state, int64_t number);
void gen_scan(struct gen *gen, struct gen_state *state, int64_t number);
/* The whole way of a lot, many scans each. */
void gen_chain(struct gen *gen, struct gen_state *state, int64_t number);
void gen_settlement(struct gen *gen, struct gen_state *state, int64_t number);

/* The prescription NUMBER of the load, before any fault; DICE is dice_of(seed, "prescription", NUMBER). */
PrescriptionUploaded *gen_right_prescription(struct gen *gen, int64_t number, struct dice *dice);

/* What later events of the load refer to. Texts are kept in buffers of their own. */
struct gen_state {
    uint64_t wrong_prescriptions, wrong_scans, wrong_settlements; /* which fault comes next */
    struct {
        bool known;
        char person[PERSON_BYTES], institution[32], hospital_number[48], national_number[48];
    } prescription; /* the last right one */
    struct {
        bool known, reversed;
        char person[PERSON_BYTES], payee[32], region[8], message_id[40], reversal_id[40];
        int64_t total_fen, fund_fen;
    } settlement; /* the last right one, and whether it was reversed */
    struct {
        bool known;
        char product[24], serial[24];
        uint64_t number; /* of its scan */
    } used;              /* the last device that was used on a person */
};

#endif
