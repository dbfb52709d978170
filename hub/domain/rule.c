#include "domain/rule.h"

#include "domain/format.h"

#include <stdarg.h>

/* --- findings --- */

struct provision rule_provision(const struct rule *rule, size_t index)
{
    if (index == 0)
        return (struct provision){rule->document, rule->clause};
    return index < RULE_PROVISIONS_MAX ? rule->also[index - 1] : (struct provision){NULL, NULL};
}

const char *rule_citation(const struct rule *rule, struct arena *arena)
{
    const char *text = source_citation(arena, rule->document, rule->clause);

    for (size_t i = 1; text != NULL && rule_provision(rule, i).document != NULL; i++) {
        const struct provision further = rule_provision(rule, i);
        const char *next = source_citation(arena, further.document, further.clause);
        text = next == NULL ? NULL : format_in(arena, "%s；%s", text, next);
    }
    return text;
}

static void report(struct rule_context *context, enum severity severity, const char *code, const char *path,
                   const char *found, const char *expected)
{
    const struct rule *rule = context->rule;
    const char *citation = rule_citation(rule, context->view->arena);
    findings_add(context->findings, &(struct finding){
                                        .severity = severity,
                                        .code = code,
                                        .rule = rule->id,
                                        .citation = citation == NULL ? rule->document : citation,
                                        .path = path,
                                        .found = found,
                                        .expected = expected,
                                        .sentence_zh = rule->sentence_zh,
                                        .sentence_en = rule->sentence_en,
                                    });
}

void rule_refuse(struct rule_context *context, const char *path, const char *found, const char *expected)
{
    report(context, SEVERITY_REFUSE, context->rule->code, path, found, expected);
}

void rule_warn(struct rule_context *context, const char *path, const char *found, const char *expected)
{
    report(context, SEVERITY_WARN, context->rule->code, path, found, expected);
}

void rule_policy_missing(struct rule_context *context, const char *region, date_t date)
{
    char day[DATE_TEXT_BYTES];
    const char *expected = rule_text(context, "a value of %s for region %s on %s", context->rule->parameter,
                                     region, date_format(date, day));
    report(context, SEVERITY_REFUSE, "policy.missing", "", "none", expected);
}

void rule_refuse_or_warn(struct rule_context *context, const char *region, date_t date, const char *path,
                         const char *found, const char *expected)
{
    int64_t refuses;
    if (!view_policy_int(context->view, context->rule->parameter, region, date, &refuses))
        rule_policy_missing(context, region, date);
    else if (refuses != 0)
        rule_refuse(context, path, found, expected);
    else
        rule_warn(context, path, found, expected);
}

void rule_key_is(struct rule_context *context, const char *path, const char *said)
{
    if (strcmp(said, context->view->key) != 0)
        rule_refuse(context, path, said, context->view->key);
}

bool rule_is_switched_on(struct rule_context *context, const char *region, date_t date)
{
    int64_t value = 0;
    return view_policy_int(context->view, context->rule->parameter, region, date, &value) && value != 0;
}

const char *rule_text(struct rule_context *context, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = format_text(context->view->arena, format, arguments);
    va_end(arguments);
    return text == NULL ? "" : text;
}

const char *rule_day(struct rule_context *context, date_t date)
{
    char text[DATE_TEXT_BYTES];
    return date == DATE_NONE ? "none" : rule_text(context, "%s", date_format(date, text));
}

/* --- handlers --- */

static const struct handler *find_in(const struct domain *domain, const char *type)
{
    for (size_t i = 0; i < domain->handler_count; i++)
        if (strcmp(domain->handlers[i].type, type) == 0)
            return &domain->handlers[i];
    return NULL;
}

const struct handler *handler_find(const struct domain *const *domains, const char *type,
                                   const struct domain **domain)
{
    for (; *domains != NULL; domains++) {
        const struct handler *handler = find_in(*domains, type);
        if (handler == NULL)
            continue;
        *domain = *domains;
        return handler;
    }
    return NULL;
}

static void evaluate_all(const struct handler *handler, struct rule_context *context)
{
    for (size_t i = 0; i < handler->rule_count; i++) {
        context->rule = &handler->rules[i];
        context->rule->evaluate(context);
    }
}

static void decide(const struct handler *handler, struct view *view, struct event *event,
                   struct decision *decision)
{
    void *prepared = handler->prepare == NULL ? NULL : handler->prepare(view, event);
    struct rule_context context = {
        .view = view, .event = event, .findings = &event->findings, .prepared = prepared};

    if (handler->prepare != NULL && prepared == NULL) {
        view->failed = true;
        return;
    }
    evaluate_all(handler, &context);
    if (findings_refuse(&event->findings))
        decision->outcome = OUTCOME_REFUSED;
    else
        handler->decide(view, event, prepared, decision);
}

/* The arena is the bound on what one event may cost; beyond it nothing of the decision can be trusted. */
static void refuse_as_too_complex(struct event *event, struct decision *decision)
{
    decision->outcome = OUTCOME_REFUSED;
    findings_add(&event->findings,
                 &(struct finding){
                     .severity = SEVERITY_REFUSE,
                     .code = "event.too_complex",
                     .rule = "",
                     .citation = "",
                     .path = "",
                     .found = "",
                     .expected = "an event that can be decided within the memory of one event",
                     .sentence_zh = "事件过于复杂，超出单个事件的处理内存",
                     .sentence_en = "The event needs more memory than one event may use.",
                 });
}

void handler_decide(const struct handler *handler, struct view *view, struct event *event,
                    struct decision *decision)
{
    bool conformance = handler->fire == NULL && event_is_conformance(event);

    if (conformance)
        view->candidate = event->attributes.source;
    if (handler->fire != NULL)
        handler->fire(view, event, decision);
    else
        decide(handler, view, event, decision);

    if (view->failed || decision->failed)
        refuse_as_too_complex(event, decision);
    if (decision->outcome == OUTCOME_NONE)
        decision->outcome = OUTCOME_ACCEPTED;
    if (decision->outcome != OUTCOME_ACCEPTED || conformance)
        decision_apply_nothing(decision);
}

bool parameter_is_a_group(const char *parameter)
{
    size_t length = parameter == NULL ? 0 : strlen(parameter);
    return length > 0 && parameter[length - 1] == '*';
}

static bool stands_for(const char *parameter, const char *name)
{
    if (parameter_is_a_group(parameter))
        return strncmp(parameter, name, strlen(parameter) - 1) == 0;
    return parameter != NULL && strcmp(parameter, name) == 0;
}

bool rule_reads(const struct rule *rule, const char *name)
{
    return stands_for(rule->parameter, name) || stands_for(rule->parameter_also, name);
}
