/* rule.h: rules are tables. All rules of an event are evaluated and every finding is reported, not only the first. */
#ifndef DOMAIN_RULE_H
#define DOMAIN_RULE_H

#include "domain/decision.h"
#include "domain/source_document.h"
#include "domain/view.h"

/* What a rule function gets: the event, the view, and what the handler's prepare step looked up once for all rules. */
struct rule_context {
    struct view *view;
    const struct event *event;
    struct findings *findings;
    const struct rule *rule; /* the row being evaluated; finding() takes rule id and citation from it */
    void *prepared;          /* the handler's own structure, in the arena */
};

/* Where in which document: the document as source_document.h has it, the provision in words ("第十八条", "实名制", "2207 psn_no"). */
struct provision {
    const char *document, *clause;
};
enum { RULE_PROVISIONS_MAX = 3 };

struct rule {
    const char *id;        /* "RX-001": never reused */
    const char *code;      /* "prescription.issuer_not_designated": stable, what partners' programs match */
    const char *document;  /* its first provision */
    const char *clause;
    struct provision also[RULE_PROVISIONS_MAX - 1]; /* of other documents, if it rests on several */
    const char *parameter; /* policy parameter it reads, or NULL; the switch of rule_refuse_or_warn; "adjustment.*": all that begin so */
    const char *parameter_also; /* a second one or group, or NULL */
    void (*evaluate)(struct rule_context *context);
    const char *sentence_zh; /* what must hold, one sentence */
    const char *sentence_en;
};

/* Reports that the rule is broken at PATH (printf not applied). FOUND and EXPECTED are printf results the caller made
 * in the arena, or constants. Identity and clinical values must be passed as "***". */
void rule_refuse(struct rule_context *context, const char *path, const char *found, const char *expected);
void rule_warn(struct rule_context *context, const char *path, const char *found, const char *expected);
/* The policy has no value of the rule's parameter for REGION on DATE: refuses with code "policy.missing". */
void rule_policy_missing(struct rule_context *context, const char *region, date_t date);
/* The rule's parameter is a switch: refuses where the policy of REGION on DATE says 1, warns where it says 0. */
void rule_refuse_or_warn(struct rule_context *context, const char *region, date_t date, const char *path,
                         const char *found, const char *expected);
/* Refuses at PATH what is not the event's key. For keys that are no secret: the finding names both. */
void rule_key_is(struct rule_context *context, const char *path, const char *said);
/* True where the policy of REGION on DATE says 1 of the rule's parameter, a switch; where it says nothing it is off. */
bool rule_is_switched_on(struct rule_context *context, const char *region, date_t date);
/* arena printf for paths and values; "" when it is full */
const char *rule_text(struct rule_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "2026-01-31", or "none" */
const char *rule_day(struct rule_context *context, date_t date);

/* Provision number INDEX of the rule, from 0; its document is NULL behind the last. */
struct provision rule_provision(const struct rule *rule, size_t index);
/* What the rule rests on as a person reads it: number and title of each document and the provision, "；" between. In ARENA; NULL when
 * that is full. */
const char *rule_citation(const struct rule *rule, struct arena *arena);

/* True if RULE reads the policy parameter NAME. */
bool rule_reads(const struct rule *rule, const char *name);
/* True if PARAMETER of a rule, which may be NULL, stands for all that begin so: "adjustment.*". */
bool parameter_is_a_group(const char *parameter);

/* What one event type does. decide is called only if no rule refused; it may not add refusing findings. */
struct handler {
    const char *type; /* CloudEvents type, or the type of a timer */
    const struct rule *rules;
    size_t rule_count;
    /* Looks up once what several rules and decide need; NULL if there is nothing. Returns the structure, in the
     * view's arena; NULL only when that is full. */
    void *(*prepare)(struct view *view, const struct event *event);
    void (*decide)(struct view *view, const struct event *event, void *prepared, struct decision *decision);
    /* For a timer type: EVENT has attributes.type = the timer's type, attributes.subject = its name, no message. */
    void (*fire)(struct view *view, const struct event *event, struct decision *decision);
    /* Of a type that only the hub submits: so many follow-ups of it under one key and of one batch may travel as one record, the
     * lists of the others appended to the first's (flow/merge.h). 0: each by itself. */
    unsigned merges_max;
    /* Roles of which the source must hold one ("hospital|pharmacy"); NULL for timers. */
    const char *roles;
};

/* Domains of one key kind share the keyed state: a person's prescriptions and settlements lie in one partition, so the
 * inbox topics of a key kind have equal partition counts. Topics left NULL have the names in the comments. */
struct domain {
    const char *name;     /* "prescription" */
    const char *key_kind; /* person, product, item, institution, parameter */
    const char *inbox_topic; /* medhub.inbox.NAME */
    const char *fact_topic;  /* medhub.fact.NAME */
    const char *state_topic; /* medhub.state.KEY_KIND */
    const struct handler *handlers;
    size_t handler_count;
};

/* The shipped domains, in reading order; ends with NULL. */
extern const struct domain *const domains_all[];

/* Finds the handler of TYPE among DOMAINS (NULL-terminated) and in *DOMAIN the domain it belongs to; NULL if none. */
const struct handler *handler_find(const struct domain *const *domains, const char *type, const struct domain **domain);

/* Runs prepare, all rules, and, if none refuses, decide; sets the outcome. Pure. Any thread. */
void handler_decide(const struct handler *handler, struct view *view, struct event *event, struct decision *decision);

#endif
