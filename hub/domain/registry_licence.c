/* The events of licences and filings. They change the organisation's own row, from today on. */
#include "domain/licence.h"

#include "domain/registry.h"
#include "domain/span.h"

enum { LICENCES_MAX = 20, WORKING_DAYS_MAX = 3660 };

struct licensing {
    const char *institution; /* as the event says it */
    const Licence *said;     /* recorded; NULL: one that ends */
    LicenceKind kind;
    const char *number;
    date_t ended_on;                          /* one that ends: the first day on which it no longer counts */
    const RegisteredOrganisation *registered; /* or NULL */
    const Licence *known;                     /* of that kind and number, or NULL */
};

/* --- what the rules look at --- */

static const Licence *known_as(const RegisteredOrganisation *registered, LicenceKind kind, const char *number)
{
    for (size_t i = 0; registered != NULL && i < registered->organisation->n_licences; i++) {
        const Licence *licence = registered->organisation->licences[i];
        if (licence->kind == kind && strcmp(licence->number, number) == 0)
            return licence;
    }
    return NULL;
}

static struct licensing *prepare(struct view *view, const char *institution, LicenceKind kind, const char *number)
{
    struct licensing *licensing = arena_take(view->arena, sizeof *licensing);
    if (licensing == NULL)
        return NULL;
    const RegisteredOrganisation *registered =
        (const RegisteredOrganisation *)view_state(view, REGISTERED_ORGANISATION, "organisation");
    *licensing = (struct licensing){.institution = institution,
                                    .kind = kind,
                                    .number = number,
                                    .ended_on = DATE_NONE,
                                    .registered = registered,
                                    .known = known_as(registered, kind, number)};
    return licensing;
}

void *licence_prepare_record(struct view *view, const struct event *event)
{
    const LicenceRecorded *said = (const LicenceRecorded *)event->message;
    struct licensing *licensing = prepare(view, said->institution, said->licence->kind, said->licence->number);
    if (licensing != NULL)
        licensing->said = said->licence;
    return licensing;
}

void *licence_prepare_end(struct view *view, const struct event *event)
{
    const LicenceEnded *said = (const LicenceEnded *)event->message;
    struct licensing *licensing = prepare(view, said->institution, said->kind, said->number);
    if (licensing != NULL)
        licensing->ended_on = text_day(said->ended_on);
    return licensing;
}

static const struct licensing *licensing_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

static void institution_is_registered(struct rule_context *context)
{
    const struct licensing *licensing = licensing_of(context);
    date_t today = date_in_china(context->view->now_ms);
    rule_key_is(context, "institution", licensing->institution);
    if (licensing->registered == NULL)
        rule_refuse(context, "institution", "not registered", "an organisation that a registrar has entered");
    else if (text_day(licensing->registered->valid_from) > today)
        rule_refuse(context, "institution", licensing->registered->valid_from,
                    rule_text(context, "no change that begins after %s", rule_day(context, today)));
}

static void days_are_in_order(struct rule_context *context)
{
    const Licence *said = licensing_of(context)->said;
    struct span span = {text_day(said->valid_from), text_day(said->valid_until)};
    if (!span_is_ordered(span))
        rule_refuse(context, "licence.validUntil", said->valid_until,
                    rule_text(context, "not before %s", said->valid_from));
}

static void kind_fits_the_institution(struct rule_context *context)
{
    const struct licensing *licensing = licensing_of(context);
    if (licensing->registered != NULL && !licence_fits(licensing->kind, licensing->registered->organisation->kind))
        rule_refuse(context, "licence.kind", licensing->number,
                    "a practice licence or a filing of a medical institution, a drug business licence of a pharmacy or "
                    "a distributor");
}

/* The last day on which it can count; DATE_NONE: open. */
static struct span days_of(const Licence *licence)
{
    struct span span = {text_day(licence->valid_from), text_day(licence->valid_until)};
    date_t ended_on = is_given(licence->ended_on) ? text_day(licence->ended_on) : DATE_NONE;
    if (ended_on != DATE_NONE && (span.until == DATE_NONE || ended_on <= span.until))
        span.until = ended_on - 1;
    return span;
}

/* One that has ended before its first day counts on no day, so it stands in nobody's way. */
static void one_of_a_kind_at_a_time(struct rule_context *context)
{
    const struct licensing *licensing = licensing_of(context);
    struct span said = days_of(licensing->said);
    for (size_t i = 0; licensing->registered != NULL && i < licensing->registered->organisation->n_licences; i++) {
        const Licence *other = licensing->registered->organisation->licences[i];
        struct span span = days_of(other);
        if (other != licensing->known && other->kind == licensing->kind && span_is_ordered(span) &&
            spans_overlap(span, said))
            rule_refuse(context, "licence.validFrom", licensing->said->valid_from,
                        rule_text(context, "after %s, which counts until %s", other->number,
                                  span.until == DATE_NONE ? "further notice" : rule_day(context, span.until)));
    }
}

/* What was approved is filed within the working days of the policy, the first day of the filing counting as its own. */
static void filing_is_in_time(struct rule_context *context)
{
    const struct licensing *licensing = licensing_of(context);
    const Licence *said = licensing->said;
    date_t today = date_in_china(context->view->now_ms), last;
    int64_t days;
    if (said->kind != LICENCE_SET_UP_FILING || !is_given(said->approved_on) || licensing->registered == NULL)
        return;
    const char *region = licensing->registered->organisation->region;
    if (!view_policy_int(context->view, context->rule->parameter_also, region, today, &days) || days < 0 ||
        days > WORKING_DAYS_MAX)
        rule_policy_missing(context, region, today);
    else if (!calendar_add_working_days(context->view->calendar, text_day(said->approved_on), (int)days, &last))
        rule_refuse(context, "licence.approvedOn", said->approved_on,
                    rule_text(context, "a calendar that covers %lld working days from then", (long long)days));
    else if (text_day(said->valid_from) > last)
        rule_refuse_or_warn(context, region, today, "licence.validFrom", said->valid_from,
                            rule_text(context, "filed by %s", rule_day(context, last)));
}

static void licence_counts_until_then(struct rule_context *context)
{
    const struct licensing *licensing = licensing_of(context);
    if (licensing->known == NULL || !licence_counts(licensing->known, licensing->ended_on))
        rule_refuse(context, "endedOn", rule_day(context, licensing->ended_on),
                    rule_text(context, "a day on which licence %s counts", licensing->number));
}

/* clang-format off */
#define RULE(id_, code_, document_, clause_, evaluate_, zh_, en_)                                            \
    {.id = (id_), .code = (code_), .document = (document_), .clause = (clause_), .evaluate = (evaluate_),    \
     .sentence_zh = (zh_), .sentence_en = (en_)}

const struct rule licence_recorded_rules[LICENCE_RECORDED_RULES] = {
    RULE("RG-041", "licence.institution_differs", SOURCE_XINJIANG_ADMISSION, "申请材料：执业许可证",
         institution_is_registered, "许可须登记在作为事件键的已登记机构名下",
         "A licence is recorded of a registered institution that is the key."),
    RULE("RG-042", "licence.dates_reversed", SOURCE_XINJIANG_ADMISSION, "执业许可证有效期",
         days_are_in_order, "许可截止日期不得早于起始日期", "The last day of a licence is not before its first."),
    RULE("RG-043", "licence.of_wrong_kind", SOURCE_XINJIANG_ADMISSION, "医疗机构、零售药店各自的许可",
         kind_fits_the_institution, "许可类型须与机构类型相符", "The licence is one that institutions of that kind work on."),
    RULE("RG-044", "licence.overlaps", SOURCE_XINJIANG_ADMISSION, "许可变更",
         one_of_a_kind_at_a_time, "同类许可的有效期不得重叠，续期沿用原编号",
         "Licences of one kind follow one another; a renewal keeps its number."),
    {.id = "RG-045", .code = "licence.filed_late", .document = SOURCE_JIANGXI_FILING, .clause = "批准之日起5个工作日内备案",
     .parameter = "registry.filing_late.refuse", .parameter_also = "registry.filing_working_days",
     .evaluate = filing_is_in_time, .sentence_zh = "设置批准后须在规定工作日内备案",
     .sentence_en = "What was approved is filed within the working days of the policy."},
};

const struct rule licence_ended_rules[LICENCE_ENDED_RULES] = {
    RULE("RG-046", "licence.institution_differs", SOURCE_XINJIANG_ADMISSION, "申请材料：执业许可证",
         institution_is_registered, "终止的许可须属于作为事件键的已登记机构",
         "The licence that ends is of the registered institution that is the key."),
    RULE("RG-047", "licence.not_in_force", SOURCE_XINJIANG_ADMISSION, "执业许可证",
         licence_counts_until_then, "终止之日须在该许可有效期内", "What ends counts until the day before."),
};
/* clang-format on */

/* --- the decision --- */

/* Full of licences: those that are over make room. */
static size_t keep_others(Licence **licences, const struct licensing *licensing, date_t today)
{
    const Organisation *organisation = licensing->registered->organisation;
    bool is_full = organisation->n_licences >= LICENCES_MAX;
    size_t count = 0;
    for (size_t i = 0; i < organisation->n_licences; i++) {
        struct span days = days_of(organisation->licences[i]);
        bool is_over = !span_is_ordered(days) || (days.until != DATE_NONE && days.until < today);
        if (organisation->licences[i] != licensing->known && !(is_full && is_over))
            licences[count++] = organisation->licences[i];
    }
    return count;
}

/* ADDED stands beside the others, in the place of the one that it is. */
static void put(struct view *view, struct decision *decision, const struct licensing *licensing, Licence *added)
{
    const Organisation *organisation = licensing->registered->organisation;
    Organisation *now = decision_message(decision, ORGANISATION);
    Licence **licences = decision_list(decision, organisation->n_licences + 1);
    date_t today = date_in_china(view->now_ms);
    if (now == NULL || licences == NULL || added == NULL)
        return;
    *now = *organisation;
    now->licences = licences;
    now->n_licences = keep_others(licences, licensing, today);
    licences[now->n_licences++] = added;

    size_t fact = decision_fact_of_event(decision);
    registry_put_organisation(decision, licensing->registered, now, today);
    registry_tell(decision, fact, now->id, now->region);
}

void licence_record(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct licensing *licensing = prepared;
    Licence *added = decision_message(decision, LICENCE);
    (void)event;
    if (added != NULL)
        *added = *licensing->said;
    put(view, decision, licensing, added);
}

void licence_end(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct licensing *licensing = prepared;
    Licence *ended = decision_message(decision, LICENCE);
    if (ended != NULL) {
        *ended = *licensing->known;
        ended->ended_on = ((const LicenceEnded *)event->message)->ended_on;
    }
    put(view, decision, licensing, ended);
}
