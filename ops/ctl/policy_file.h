/* policy_file.h: packs of policy parameters (ops/policy/REGION.yaml), looked over together, and as events. */
#ifndef CTL_POLICY_FILE_H
#define CTL_POLICY_FILE_H

#include "ops/ctl/policy_check.h"

#include <jansson.h>

enum { POLICY_PACKS_MAX = 64 };

struct policy_set {
    struct policy_pack packs[POLICY_PACKS_MAX + 1]; /* those that were asked for, then perhaps the nation's */
    size_t count;                                   /* of those that were asked for */
    const struct policy_pack *nation;
    struct policy_findings findings; /* of those that were asked for */
    struct policy_findings notes;    /* of them too: nothing is wrong, but somebody has to know (POLICY_TO_BE_SET) */
};

/* Reads and checks the packs at PATHS, all in ARENA; paths must live as long. The nation is the first of them whose region
 * is 000000, or else the shipped pack. */
void policy_set_read(const char *const *paths, size_t count, struct arena *arena, struct policy_set *set);

/* The paths of the shipped packs, in ARENA: the nation first, regions by code. Returns how many. */
size_t policy_shipped(struct arena *arena, const char *paths[POLICY_PACKS_MAX]);

/* One CloudEvent (medhub.policy.parameter_set.v1, structured JSON form) for each value of a pack without findings, the
 * earliest first; the caller gives the array back. The ids name content and day, so publishing a pack again says nothing
 * new: the hub answers "duplicate". */
json_t *policy_events(const struct policy_pack *pack, const char *source, const char *time);

#endif
