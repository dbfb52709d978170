/* sample.h: the events that are measured with, made from a seed and a number: the same pair gives the same event. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include "base/arena.h"
#include "kafka/record.h"

enum profile {
    PROFILE_COUNTER,      /* 300 bytes to peer-in, see peer.h; one in 20 repeats an earlier one */
    PROFILE_PRESCRIPTION, /* medhub.prescription.uploaded.v1 with three lines, accepted by every rule */
    PROFILE_SCAN,         /* medhub.trace.item_scanned.v1: a hospital receives a device with lot, expiry and serial */
};

struct sample {
    enum profile profile;
    uint64_t seed;
    int64_t keys;   /* persons, or keys of the counter; the first KEYS events from BASE on visit each key once */
    int64_t base;
    int64_t now_ms; /* prescriptions are issued then and stay valid for three days */
};

struct sample_event {
    struct bytes key, value; /* in the arena */
    struct headers *headers; /* the taker's; NULL for the counter */
};

enum profile sample_profile(const char *name); /* ends the process if there is none */
const char *sample_inbox(enum profile profile);
const char *sample_facts(enum profile profile);

struct sample_event sample_make(const struct sample *sample, int64_t number, struct arena *arena);
/* The number of the event that FACT came from; -1 if it is none of ours. */
int64_t sample_number(enum profile profile, const struct record *fact);

/* sample_scan.c: event NUMBER of PROFILE_SCAN; KEY products are scanned. */
struct sample_event sample_make_scan(const struct sample *sample, int64_t number, int64_t key, const char *hospital,
                                     struct arena *arena);

/* How many of the counter's EVENTS from FIRST on are no repeats. */
int64_t sample_distinct(int64_t first, int64_t events);

/* The table rows without which no prescription is accepted: hospitals, drugs. */
void sample_each_row(struct arena *arena,
                     void (*each)(const char *topic, struct bytes key, struct bytes value, void *context),
                     void *context);

#endif
