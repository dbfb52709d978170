#include "domain/licence.h"

#include "domain/organisation.h"
#include "domain/span.h"

bool licence_fits(LicenceKind licence, OrganisationKind kind)
{
    switch ((int)kind) {
    case ORGANISATION_HOSPITAL:
        return licence == LICENCE_MEDICAL_PRACTICE || licence == LICENCE_SET_UP_FILING;
    case ORGANISATION_PHARMACY:
    case ORGANISATION_DISTRIBUTOR:
        return licence == LICENCE_DRUG_BUSINESS;
    default:
        return false;
    }
}

bool licence_counts(const Licence *licence, date_t date)
{
    struct span span = {text_day(licence->valid_from), text_day(licence->valid_until)};
    return span_covers(span, date) && (!is_given(licence->ended_on) || date < text_day(licence->ended_on));
}

/* The last day on which LICENCE counts, for people. */
static const char *end_of(const Licence *licence)
{
    return is_given(licence->ended_on)      ? licence->ended_on
           : is_given(licence->valid_until) ? licence->valid_until
                                            : "further notice";
}

/* *LATEST: the last one of the kind that the institution works on; NULL: it has none. */
static bool has_licence(const Organisation *institution, date_t day, const Licence **latest)
{
    *latest = NULL;
    for (size_t i = 0; i < institution->n_licences; i++) {
        const Licence *licence = institution->licences[i];
        if (!licence_fits(licence->kind, institution->kind))
            continue;
        *latest = licence;
        if (licence_counts(licence, day))
            return true;
    }
    return false;
}

void licence_must_count(struct rule_context *context, const char *path, const char *institution, const char *region,
                        date_t day)
{
    const Organisation *known = organisation_on(context->view, institution, date_in_china(context->view->now_ms));
    const Licence *latest;
    bool needs_one = known != NULL && (known->kind == ORGANISATION_HOSPITAL || known->kind == ORGANISATION_PHARMACY);
    if (!needs_one || has_licence(known, day, &latest))
        return;
    if (latest != NULL)
        rule_refuse(context, path,
                    rule_text(context, "licence %s from %s to %s", latest->number, latest->valid_from, end_of(latest)),
                    rule_text(context, "a licence that counts on %s", rule_day(context, day)));
    else if (rule_is_switched_on(context, region, day)) /* a register has to be declared complete */
        rule_refuse(context, path, rule_text(context, "%s: no licence is recorded", institution),
                    rule_text(context, "a licence that counts on %s", rule_day(context, day)));
}
