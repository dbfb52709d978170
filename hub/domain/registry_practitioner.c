/* The events of the register of practitioners. Rows of an institution: practitioner/CODE, the latest version
 * and its first day, and staff, how many there are. */
#include "domain/practitioner.h"

#include "domain/registry.h"
#include "domain/span.h"

struct registering {
    const char *institution, *code;   /* as the event says them */
    const Practitioner *said;         /* what holds from now on */
    RegisteredPractitioner *earlier;  /* or NULL */
    const Organisation *organisation; /* the institution as it is known now, or NULL */
    StaffState *staff;                /* or NULL */
    date_t from;
};

static struct registering *prepare(struct view *view, const char *institution, const char *code)
{
    struct registering *registering = arena_take(view->arena, sizeof *registering);
    if (registering == NULL)
        return NULL;
    const RegisteredOrganisation *organisation =
        (const RegisteredOrganisation *)view_state(view, REGISTERED_ORGANISATION, "organisation");
    *registering = (struct registering){
        .institution = institution,
        .code = code,
        .earlier =
            (RegisteredPractitioner *)view_state(view, REGISTERED_PRACTITIONER, "practitioner/%s", code),
        .organisation = organisation == NULL ? NULL : organisation->organisation,
        .staff = (StaffState *)view_state(view, STAFF_STATE, "staff"),
    };
    return registering;
}

void *practitioner_prepare_registration(struct view *view, const struct event *event)
{
    const PractitionerRegistered *said = (const PractitionerRegistered *)event->message;
    struct registering *registering = prepare(view, said->institution, said->practitioner->code);
    if (registering == NULL)
        return NULL;
    registering->said = said->practitioner;
    registering->from =
        text_day(is_given(said->effective_on) ? said->effective_on : said->practitioner->licence_from);
    return registering;
}

void *practitioner_prepare_end(struct view *view, const struct event *event)
{
    const PractitionerEnded *said = (const PractitionerEnded *)event->message;
    struct registering *registering = prepare(view, said->institution, said->code);
    if (registering == NULL)
        return NULL;
    registering->from = text_day(said->ended_on);
    return registering;
}

static const struct registering *registering_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

static void institution_is_the_key(struct rule_context *context)
{
    const struct registering *registering = registering_of(context);
    rule_key_is(context, "institution", registering->institution);
    if (registering->said != NULL)
        rule_key_is(context, "practitioner.institution", registering->said->institution);
}

static void licence_has_days(struct rule_context *context)
{
    const Practitioner *said = registering_of(context)->said;
    struct span licence = {text_day(said->licence_from), text_day(said->licence_until)};
    if (!span_is_ordered(licence))
        rule_refuse(context, "practitioner.licenceUntil", said->licence_until,
                    rule_text(context, "not before %s", said->licence_from));
}

static void versions_follow_in_time(struct rule_context *context)
{
    const struct registering *registering = registering_of(context);
    const RegisteredPractitioner *earlier = registering->earlier;
    if (earlier != NULL && registering->from < text_day(earlier->valid_from))
        rule_refuse(context, "effectiveOn", rule_day(context, registering->from),
                    rule_text(context, "not before %s", earlier->valid_from));
}

static bool has_department(const Organisation *organisation, const char *code)
{
    for (size_t i = 0; i < organisation->n_departments; i++)
        if (strcmp(organisation->departments[i]->code, code) == 0)
            return true;
    return false;
}

static void department_is_the_institutions(struct rule_context *context)
{
    const struct registering *registering = registering_of(context);
    const Organisation *organisation = registering->organisation;
    const char *code = registering->said->department_code;
    if (is_given(code) && organisation != NULL && organisation->n_departments > 0 &&
        !has_department(organisation, code))
        rule_refuse(context, "practitioner.departmentCode", code,
                    rule_text(context, "a department of %s", organisation->id));
}

static void works_there_until_the_day_before(struct rule_context *context)
{
    const struct registering *registering = registering_of(context);
    const RegisteredPractitioner *earlier = registering->earlier;
    if (earlier == NULL || earlier->practitioner->ended || registering->from < text_day(earlier->valid_from))
        rule_refuse(context, "endedOn", rule_day(context, registering->from),
                    "a day on which the practitioner is registered there");
}

const struct rule practitioner_registered_rules[PRACTITIONER_REGISTERED_RULES] = {
    {
        .id = "RG-021",
        .code = "practitioner.institution_differs",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "人员名单以电子化注册信息系统为准",
        .evaluate = institution_is_the_key,
        .sentence_zh = "医师药师须登记在作为事件键的机构名下",
        .sentence_en = "A practitioner is registered at the institution that is the key.",
    },
    {
        .id = "RG-022",
        .code = "practitioner.licence_dates_reversed",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "人员执业证",
        .evaluate = licence_has_days,
        .sentence_zh = "执业证截止日期不得早于起始日期",
        .sentence_en = "The last day of a licence is not before its first.",
    },
    {
        .id = "RG-023",
        .code = "practitioner.out_of_order",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "变更",
        .evaluate = versions_follow_in_time,
        .sentence_zh = "登记生效日期不得早于上一版本",
        .sentence_en = "A registration does not begin before the version it takes the place of.",
    },
    {
        .id = "RG-024",
        .code = "practitioner.department_unknown",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "诊疗科目",
        .evaluate = department_is_the_institutions,
        .sentence_zh = "所在科室须为该机构登记的诊疗科目",
        .sentence_en = "The department is one that the institution is licensed for.",
    },
};

const struct rule practitioner_ended_rules[PRACTITIONER_ENDED_RULES] = {
    {
        .id = "RG-025",
        .code = "practitioner.institution_differs",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "人员名单以电子化注册信息系统为准",
        .evaluate = institution_is_the_key,
        .sentence_zh = "终止登记的机构须与事件键一致",
        .sentence_en = "The institution that he leaves is the key.",
    },
    {
        .id = "RG-026",
        .code = "practitioner.not_registered",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "人员执业证与第一注册地",
        .evaluate = works_there_until_the_day_before,
        .sentence_zh = "终止登记之日须在登记期内",
        .sentence_en = "Who leaves an institution is registered there until the day before.",
    },
};

/* --- the decision --- */

static uint32_t counted(uint32_t count, bool was, bool is)
{
    return count + (is && !was ? 1 : 0) - (was && !is && count > 0 ? 1 : 0);
}

static bool is_own_doctor(const Practitioner *practitioner)
{
    return practitioner != NULL && !practitioner->ended && practitioner->kind == PRACTITIONER_DOCTOR &&
           practitioner->first_registered;
}

static bool is_pharmacist(const Practitioner *practitioner)
{
    return practitioner != NULL && !practitioner->ended && practitioner->kind == PRACTITIONER_PHARMACIST;
}

static void count_staff(struct decision *decision, const struct registering *registering,
                        const Practitioner *now)
{
    const Practitioner *before = registering->earlier == NULL ? NULL : registering->earlier->practitioner;
    StaffState *staff =
        registering->staff != NULL ? registering->staff : decision_message(decision, STAFF_STATE);
    if (staff == NULL)
        return;
    staff->first_registered_doctors =
        counted(staff->first_registered_doctors, is_own_doctor(before), is_own_doctor(now));
    staff->pharmacists = counted(staff->pharmacists, is_pharmacist(before), is_pharmacist(now));
    decision_write(decision, &staff->base, "staff");
}

static void put_row(struct decision *decision, const struct registering *registering, date_t from,
                    date_t until, const Practitioner *row)
{
    const char *key = arena_format(decision->arena, "%s/%s", registering->institution, registering->code);
    if (key == NULL)
        decision->failed = true;
    else
        decision_table_row(decision, TABLE_PRACTITIONER, key, REGION_NATION, from, until, &row->base);
}

/* NOW holds from its day on; what held before ends on the day before. */
static void apply(struct decision *decision, const struct registering *registering, const Practitioner *now)
{
    char day[DATE_TEXT_BYTES];
    const RegisteredPractitioner *earlier = registering->earlier;
    RegisteredPractitioner *state = decision_message(decision, REGISTERED_PRACTITIONER);
    size_t fact = decision_fact_of_event(decision);
    if (state == NULL)
        return;
    state->practitioner = (Practitioner *)now;
    state->valid_from = arena_text(decision->arena, bytes_of(date_format(registering->from, day)));
    decision->failed |= state->valid_from == NULL;
    if (earlier != NULL && text_day(earlier->valid_from) < registering->from)
        put_row(decision, registering, text_day(earlier->valid_from), registering->from - 1,
                earlier->practitioner);
    put_row(decision, registering, registering->from, DATE_NONE, now);
    decision_write(decision, &state->base, "practitioner/%s", registering->code);
    count_staff(decision, registering, now);
    registry_tell(decision, fact, registering->institution,
                  registering->organisation == NULL ? NULL : registering->organisation->region);
}

void practitioner_register(struct view *view, const struct event *event, void *prepared,
                           struct decision *decision)
{
    const struct registering *registering = prepared;
    (void)view;
    (void)event;
    apply(decision, registering, registering->said);
}

void practitioner_end(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct registering *registering = prepared;
    Practitioner *now = decision_message(decision, PRACTITIONER);
    (void)view;
    (void)event;
    if (now == NULL)
        return;
    *now = *registering->earlier->practitioner;
    now->ended = true;
    apply(decision, registering, now);
}
