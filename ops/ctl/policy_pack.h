/* policy_pack.h: a pack of policy parameters (ops/policy/REGION.yaml) as plain rows. The form of the file is told in
 * ops/policy/README.md; what is wrong with it becomes findings, all of them, each with its line. */
#ifndef CTL_POLICY_PACK_H
#define CTL_POLICY_PACK_H

#include "ops/ctl/policy_finding.h"

#include "base/date.h"

#include <stdint.h>

enum policy_kind { POLICY_KIND_NONE, POLICY_KIND_INTEGER, POLICY_KIND_DATE, POLICY_KIND_TEXT };

/* What a region may do to a national value. */
enum policy_deviation {
    DEVIATION_NONE,     /* the file does not say */
    DEVIATION_NOTHING,  /* the value is fixed */
    DEVIATION_RAISE,    /* higher, or a later day */
    DEVIATION_LOWER,    /* lower, or an earlier day */
    DEVIATION_ANYTHING, /* left to the regions */
};

struct policy_value {
    const char *path; /* of its pack */
    size_t line;      /* of its first key */
    const char *name, *region;
    enum policy_kind kind; /* NONE: not given, or wrong */
    int64_t integer;
    date_t date;
    const char *text; /* the value as it is written, of whatever kind */
    const char *unit; /* up to the first comma: "days, the first counts" is "days"; "" if not given */
    date_t valid_from, valid_until; /* DATE_NONE: not given or wrong; open */
    date_t last_day; /* valid_until, or the day before the next value of name and region; DATE_NONE: open */
    const char *document, *clause, *title_zh, *title_en;
    enum policy_deviation region_may;
    bool has_minimum, has_maximum;
    int64_t minimum, maximum;
    bool to_be_set; /* of a national value: it stands for none, each region sets its own */
    bool sound; /* nothing was found that makes its value, days or region unusable */
};

struct policy_pack {
    const char *path, *region; /* region: of the whole pack; "" if each value says its own */
    struct policy_value *values;
    size_t count;
};

/* Reads PATH; everything lies in the findings' arena. What is wrong becomes a finding and the rest is read nevertheless. */
void policy_pack_read(const char *path, struct policy_pack *pack, struct policy_findings *findings);

/* The value of NAME that PACK gives for exactly REGION on DATE, or NULL. */
const struct policy_value *policy_pack_find(const struct policy_pack *pack, const char *name, const char *region,
                                            date_t date);
/* The first value of NAME that PACK gives, or NULL. */
const struct policy_value *policy_pack_any(const struct policy_pack *pack, const char *name);
bool policy_value_holds(const struct policy_value *value, date_t date);

/* "integer", "lower"; "" for NONE. */
const char *policy_kind_name(enum policy_kind kind);
const char *policy_deviation_name(enum policy_deviation deviation);

/* The folder of the shipped packs: MEDHUB_POLICY_DIR of the environment, or as installed. */
const char *policy_folder(void);

#endif
