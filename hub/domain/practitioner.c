#include "domain/practitioner.h"

#include "domain/format.h"
#include "domain/span.h"

const Practitioner *practitioner_on(struct view *view, const char *institution, const char *code, date_t date)
{
    const char *key = format_in(view->arena, "%s/%s", institution, code);
    view->failed |= key == NULL;
    return key == NULL ? NULL
                       : (const Practitioner *)view_table_message(view, PRACTITIONER, TABLE_PRACTITIONER, key,
                                                                  REGION_NATION, date);
}

static const char *kind_name(PractitionerKind kind)
{
    return kind == PRACTITIONER_DOCTOR ? "doctor" : "pharmacist";
}

static const char *wanted(struct rule_context *context, const struct practitioner_asked *asked)
{
    return rule_text(context, "a licence as %s at %s on %s", kind_name(asked->kind), asked->institution,
                     rule_day(context, asked->day));
}

/* What is wrong with a registration on that day; NULL: nothing. */
static const char *fault_of(struct rule_context *context, const Practitioner *registered,
                            const struct practitioner_asked *asked)
{
    struct span licence = {text_day(registered->licence_from), text_day(registered->licence_until)};
    if (registered->ended)
        return "no longer works there";
    if (registered->kind != asked->kind)
        return rule_text(context, "registered as %s", kind_name(registered->kind));
    if (!span_covers(licence, asked->day))
        return rule_text(context, "licence from %s to %s", registered->licence_from,
                         is_given(registered->licence_until) ? registered->licence_until : "further notice");
    return NULL;
}

void practitioner_must_be_licensed(struct rule_context *context, const struct practitioner_asked *asked)
{
    const Practitioner *registered =
        practitioner_on(context->view, asked->institution, asked->said->code, asked->day);
    if (registered != NULL) {
        const char *fault = fault_of(context, registered, asked);
        if (fault != NULL)
            rule_refuse(context, asked->path, fault, wanted(context, asked));
    } else if (rule_is_switched_on(context, asked->region, asked->day)) { /* a register has to be declared complete */
        rule_refuse(context, asked->path, "not registered", wanted(context, asked));
    }
}
