/* The events of the three designations and of the directory of mutual recognition. Row of an institution: designation/KEY/REGION, the latest span on
 * that list. */
#include "domain/designation.h"
#include "domain/registry.h"
#include "domain/span.h"

struct listing {
    const char *institution; /* as the event says it */
    const Designation *designation;
    const char *key;         /* of the table's row */
    DesignatedState *latest; /* or NULL */
    struct span span;        /* a removal: from the first day without it */
};

static struct listing *prepare(struct view *view, const char *institution, const Designation *designation,
                               struct span span)
{
    struct listing *listing = arena_take(view->arena, sizeof *listing);
    const char *key =
        designation_key(view->arena, designation->list, designation->institution, designation->doctor);
    if (listing == NULL || key == NULL)
        return NULL;
    *listing = (struct listing){
        .institution = institution,
        .designation = designation,
        .key = key,
        .latest = (DesignatedState *)view_state(view, DESIGNATED_STATE, "designation/%s/%s", key,
                                                designation->region),
        .span = span,
    };
    return listing;
}

void *designation_prepare_listing(struct view *view, const struct event *event)
{
    const DesignationListed *said = (const DesignationListed *)event->message;
    return prepare(view, said->institution, said->designation,
                   (struct span){text_day(said->valid_from), text_day(said->valid_until)});
}

void *designation_prepare_removal(struct view *view, const struct event *event)
{
    const DesignationRemoved *said = (const DesignationRemoved *)event->message;
    return prepare(view, said->institution, said->designation,
                   (struct span){text_day(said->removed_from), DATE_NONE});
}

static const struct listing *listing_of(const struct rule_context *context)
{
    return context->prepared;
}

static struct span latest_span(const struct listing *listing)
{
    return (struct span){text_day(listing->latest->valid_from), text_day(listing->latest->valid_until)};
}

/* --- rules --- */

static void institution_is_the_key(struct rule_context *context)
{
    const struct listing *listing = listing_of(context);
    bool is_doctors = listing->designation->list == LIST_DOCTOR;
    rule_key_is(context, "institution", listing->institution);
    rule_key_is(context, "designation.institution", listing->designation->institution);
    if (is_doctors != is_given(listing->designation->doctor))
        rule_refuse(context, "designation.doctor", listing->designation->doctor,
                    is_doctors ? "the doctor's code" : "no doctor: it is a list of institutions");
}

static void institution_is_of_the_lists_kind(struct rule_context *context)
{
    const struct listing *listing = listing_of(context);
    const RegisteredOrganisation *registered =
        (const RegisteredOrganisation *)view_state(context->view, REGISTERED_ORGANISATION, "organisation");
    bool is_pharmacies = listing->designation->list == LIST_PHARMACY;
    OrganisationKind wanted = is_pharmacies ? ORGANISATION_PHARMACY : ORGANISATION_HOSPITAL;
    if (registered != NULL && registered->organisation->kind != wanted)
        rule_refuse(context, "designation.list", registered->organisation->id,
                    is_pharmacies ? "a pharmacy" : "a medical institution");
}

static void days_are_in_order(struct rule_context *context)
{
    const struct listing *listing = listing_of(context);
    if (!span_is_ordered(listing->span))
        rule_refuse(context, "validUntil", rule_day(context, listing->span.until),
                    rule_text(context, "not before %s", rule_day(context, listing->span.from)));
}

static void listed_once_at_a_time(struct rule_context *context)
{
    const struct listing *listing = listing_of(context);
    if (listing->latest != NULL && (spans_overlap(latest_span(listing), listing->span) ||
                                    latest_span(listing).from > listing->span.from))
        rule_refuse(context, "validFrom", rule_day(context, listing->span.from),
                    rule_text(context, "after the span from %s to %s", listing->latest->valid_from,
                              is_given(listing->latest->valid_until) ? listing->latest->valid_until
                                                                     : "further notice"));
}

static void removed_from_a_list_it_is_on(struct rule_context *context)
{
    const struct listing *listing = listing_of(context);
    if (listing->latest == NULL || !span_covers(latest_span(listing), listing->span.from))
        rule_refuse(context, "removedFrom", rule_day(context, listing->span.from),
                    "a day on which it is on the list");
}

const struct rule designation_listed_rules[DESIGNATION_LISTED_RULES] = {
    {
        .id = "RG-011",
        .code = "designation.institution_differs",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "三定名单报省级备案",
        .evaluate = institution_is_the_key,
        .sentence_zh = "名单所列机构须与事件键一致，责任医师须写明编码",
        .sentence_en =
            "What is listed belongs to the institution that is the key; a doctor is listed by code.",
    },
    {
        .id = "RG-012",
        .code = "designation.dates_reversed",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "三定名单",
        .evaluate = days_are_in_order,
        .sentence_zh = "名单截止日期不得早于起始日期",
        .sentence_en = "The last day on a list is not before the first.",
    },
    {
        .id = "RG-013",
        .code = "designation.listed_already",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "准入退出",
        .evaluate = listed_once_at_a_time,
        .sentence_zh = "同一名单的列入时间不得重叠",
        .sentence_en = "Spans on one list follow one another.",
    },
    {
        .id = "RG-016",
        .code = "designation.institution_of_wrong_kind",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "三定：定医疗机构、定零售药店",
        .also = {{SOURCE_GUIZHOU_EXAMINATIONS, "结果互认机构名录"}},
        .evaluate = institution_is_of_the_lists_kind,
        .sentence_zh = "药店名单只列零售药店，其他名单与互认名录只列医疗机构",
        .sentence_en = "Pharmacies stand on the list of pharmacies, medical institutions on the others.",
    },
};

const struct rule designation_removed_rules[DESIGNATION_REMOVED_RULES] = {
    {
        .id = "RG-014",
        .code = "designation.institution_differs",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "三定名单报省级备案",
        .evaluate = institution_is_the_key,
        .sentence_zh = "移出名单的机构须与事件键一致，责任医师须写明编码",
        .sentence_en =
            "What is removed belongs to the institution that is the key; a doctor is named by code.",
    },
    {
        .id = "RG-015",
        .code = "designation.not_listed",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "准入退出",
        .evaluate = removed_from_a_list_it_is_on,
        .sentence_zh = "移出之日须在名单之内",
        .sentence_en = "What is removed is on the list until the day before.",
    },
};

/* --- the decision --- */

/* The span becomes a row of the table and is remembered; one without a day takes the row away. */
static void apply(struct decision *decision, const struct listing *listing, struct span span)
{
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    const Designation *designation = listing->designation;
    DesignatedState *state = decision_message(decision, DESIGNATED_STATE);
    size_t fact = decision_fact_of_event(decision);
    if (state == NULL)
        return;
    state->designation = (Designation *)designation;
    state->valid_from = arena_text(decision->arena, bytes_of(date_format(span.from, from)));
    state->valid_until = arena_text(decision->arena, bytes_of(date_format(span.until, until)));
    decision->failed |= state->valid_from == NULL || state->valid_until == NULL;

    const ProtobufCMessage *row = span_is_ordered(span) ? &designation->base : NULL;
    decision_table_row(decision, TABLE_DESIGNATION, listing->key, designation->region, span.from, span.until,
                       row);
    decision_write(decision, row == NULL ? NULL : &state->base, "designation/%s/%s", listing->key,
                   designation->region);
    registry_tell(decision, fact, designation->institution, designation->region);
    decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "circulation@%s",
                     designation->region);
}

void designation_list(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct listing *listing = prepared;
    (void)view;
    (void)event;
    apply(decision, listing, listing->span);
}

void designation_remove(struct view *view, const struct event *event, void *prepared,
                        struct decision *decision)
{
    const struct listing *listing = prepared;
    (void)view;
    (void)event;
    apply(decision, listing, (struct span){latest_span(listing).from, listing->span.from - 1});
}
