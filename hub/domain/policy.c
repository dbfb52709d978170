#include "domain/policy.h"

#include "domain/span.h"

struct setting {
    const ParameterSet *said;
    struct span span;          /* of the value it sets; of a withdrawal: its first day */
    ParameterRows *rows;       /* of the region, never NULL */
    struct span *spans;        /* of these rows */
    ParameterRow *predecessor; /* in force on the day before, or NULL */
    ParameterRow *replaced;    /* began on the same day, or NULL */
    const ParameterRows *national; /* of a region's value: the nation's values, or NULL */
};

/* --- what the rules look at --- */

static bool read_rows(struct view *view, struct setting *setting)
{
    setting->rows = (ParameterRows *)view_state(view, PARAMETER_ROWS, "rows/%s", setting->said->region);
    if (setting->rows == NULL) {
        setting->rows = arena_take(view->arena, sizeof *setting->rows);
        if (setting->rows == NULL)
            return false;
        medhub__state__v1__parameter_rows__init(setting->rows);
    }
    size_t count = setting->rows->n_rows;
    setting->spans = arena_take(view->arena, (count + 1) * sizeof *setting->spans);
    for (size_t i = 0; setting->spans != NULL && i < count; i++)
        setting->spans[i] = (struct span){text_day(setting->rows->rows[i]->valid_from),
                                          text_day(setting->rows->rows[i]->valid_until)};
    return setting->spans != NULL;
}

static void *prepare_setting(struct view *view, const struct event *event)
{
    struct setting *setting = arena_take_zeroed(view->arena, sizeof *setting);
    if (setting == NULL)
        return NULL;
    setting->said = (const ParameterSet *)event->message;
    setting->span.from = text_day(setting->said->valid_from);
    setting->span.until =
        setting->said->withdrawn ? setting->span.from : text_day(setting->said->valid_until);
    if (!read_rows(view, setting))
        return NULL;
    if (strcmp(setting->said->region, REGION_NATION) != 0)
        setting->national = (const ParameterRows *)view_state(view, PARAMETER_ROWS, "rows/" REGION_NATION);

    size_t count = setting->rows->n_rows;
    size_t predecessor = spans_predecessor(setting->spans, count, setting->span.from);
    if (predecessor < count)
        setting->predecessor = setting->rows->rows[predecessor];
    for (size_t i = 0; i < count; i++)
        if (setting->spans[i].from == setting->span.from)
            setting->replaced = setting->rows->rows[i];
    return setting;
}

static const struct setting *setting_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules of a parameter --- */

static void name_is_the_key(struct rule_context *context)
{
    const ParameterSet *said = setting_of(context)->said;
    rule_key_is(context, "name", said->name);
    if (strcmp(said->parameter->name, said->name) != 0)
        rule_refuse(context, "parameter.name", said->parameter->name, said->name);
}

static void value_is_of_its_kind(struct rule_context *context)
{
    const Parameter *parameter = setting_of(context)->said->parameter;
    switch ((int)parameter->kind) {
    case PARAMETER_INTEGER:
        break;
    case PARAMETER_DATE:
        if (text_day(parameter->date) == DATE_NONE)
            rule_refuse(context, "parameter.date", parameter->date, "a date");
        break;
    case PARAMETER_TEXT:
        if (!is_given(parameter->text))
            rule_refuse(context, "parameter.text", "", "a text");
        break;
    default:
        rule_refuse(context, "parameter.kind", "unknown", "INTEGER, DATE or TEXT");
    }
}

static void document_is_named(struct rule_context *context)
{
    if (!is_given(setting_of(context)->said->parameter->document))
        rule_refuse(context, "parameter.document", "", "the document that sets the value");
}

static void values_do_not_overlap(struct rule_context *context)
{
    const struct setting *setting = setting_of(context);
    if (!span_is_ordered(setting->span)) {
        rule_refuse(context, "validUntil", setting->said->valid_until,
                    rule_text(context, "not before %s", setting->said->valid_from));
        return;
    }
    for (size_t i = 0; i < setting->rows->n_rows; i++)
        if (setting->spans[i].from > setting->span.from && spans_overlap(setting->spans[i], setting->span))
            rule_refuse(context, "validFrom", setting->said->valid_from,
                        rule_text(context, "to end before %s, when the next value begins",
                                  setting->rows->rows[i]->valid_from));
}

static void withdrawal_has_something_to_end(struct rule_context *context)
{
    const struct setting *setting = setting_of(context);
    if (setting->said->withdrawn && setting->predecessor == NULL && setting->replaced == NULL)
        rule_refuse(context, "validFrom", setting->said->valid_from, "a day on which a value is in force");
}

/* Text has no order: only REGION_MAY_NOTHING binds it. */
static bool may_deviate(const Parameter *national, const Parameter *said)
{
    bool dates = national->kind == PARAMETER_DATE;
    int64_t order = dates ? (int64_t)text_day(said->date) - text_day(national->date)
                          : (said->integer > national->integer) - (said->integer < national->integer);
    switch ((int)national->region_may) {
    case REGION_MAY_NOTHING:
        return order == 0 && strcmp(said->text, national->text) == 0;
    case REGION_MAY_RAISE:
        return order >= 0;
    case REGION_MAY_LOWER:
        return order <= 0;
    default:
        return true;
    }
}

static const char *value_text(struct rule_context *context, const Parameter *parameter)
{
    return parameter->kind == PARAMETER_INTEGER ? rule_text(context, "%lld", (long long)parameter->integer)
           : parameter->kind == PARAMETER_DATE  ? parameter->date
                                                : parameter->text;
}

static void nation_is_not_weakened(struct rule_context *context)
{
    const struct setting *setting = setting_of(context);
    const Parameter *said = setting->said->parameter;
    for (size_t i = 0; setting->national != NULL && !setting->said->withdrawn && i < setting->national->n_rows; i++) {
        const ParameterRow *row = setting->national->rows[i];
        const struct span span = {text_day(row->valid_from), text_day(row->valid_until)};
        if (spans_overlap(span, setting->span) && row->parameter->kind != said->kind)
            rule_refuse(context, "parameter.kind", "another kind", "the kind of the nation's value");
        else if (spans_overlap(span, setting->span) && !may_deviate(row->parameter, said))
            rule_refuse(context, "parameter", value_text(context, said),
                        rule_text(context, "what the nation's %s lets a region say", value_text(context, row->parameter)));
    }
}

/* --- the decision on a parameter --- */

static void end_predecessor(struct decision *decision, const struct setting *setting)
{
    char day[DATE_TEXT_BYTES];
    ParameterRow *row = setting->predecessor;
    date_t last_day = setting->span.from - 1;
    if (row == NULL || text_day(row->valid_until) == last_day)
        return;
    row->valid_until = arena_text(decision->arena, bytes_of(date_format(last_day, day)));
    if (row->valid_until == NULL)
        decision->failed = true;
    else
        decision_table_row(decision, TABLE_POLICY, setting->said->name, setting->said->region,
                           text_day(row->valid_from), last_day, &row->parameter->base);
}

static ParameterRow *new_row(struct decision *decision, const struct setting *setting)
{
    ParameterRow *row = decision_message(decision, PARAMETER_ROW);
    if (row == NULL)
        return NULL;
    row->parameter = setting->said->parameter;
    row->valid_from = setting->said->valid_from;
    row->valid_until = setting->said->valid_until;
    return row;
}

/* The rows without the one that is replaced, and with ADDED (NULL: nothing) where its first day belongs. */
static void rewrite_rows(struct decision *decision, struct setting *setting, ParameterRow *added)
{
    ParameterRows *rows = setting->rows;
    ParameterRow **list = decision_list(decision, rows->n_rows + 1);
    size_t count = 0;
    if (list == NULL)
        return;
    for (size_t i = 0; i < rows->n_rows; i++) {
        if (added != NULL && setting->spans[i].from >= setting->span.from) {
            list[count++] = added;
            added = NULL;
        }
        if (rows->rows[i] != setting->replaced)
            list[count++] = rows->rows[i];
    }
    if (added != NULL)
        list[count++] = added;
    rows->rows = list;
    rows->n_rows = count;
}

static void decide_setting(struct view *view, const struct event *event, void *prepared,
                           struct decision *decision)
{
    struct setting *setting = prepared;
    const ParameterSet *said = setting->said;
    const Parameter *value = said->withdrawn ? NULL : said->parameter;
    (void)view;
    (void)event;
    decision_fact_of_event(decision);
    end_predecessor(decision, setting);
    if (value != NULL || setting->replaced != NULL)
        decision_table_row(decision, TABLE_POLICY, said->name, said->region, setting->span.from,
                           value == NULL ? DATE_NONE : setting->span.until,
                           value == NULL ? NULL : &value->base);
    rewrite_rows(decision, setting, value == NULL ? NULL : new_row(decision, setting));
    decision_write(decision, &setting->rows->base, "rows/%s", said->region);
}

/* --- calendar --- */

static const CalendarPublished *calendar_of(const struct rule_context *context)
{
    return (const CalendarPublished *)context->event->message;
}

static void year_is_the_key(struct rule_context *context)
{
    const CalendarPublished *said = calendar_of(context);
    const char *expected = rule_text(context, "%d", (int)said->calendar->year);
    if (strcmp(said->year, expected) != 0 || strcmp(context->view->key, expected) != 0)
        rule_refuse(context, "year", said->year, expected);
}

static int days_of_year(int year)
{
    date_t first = date_from_civil(year, 1, 1), last = date_from_civil(year, 12, 31);
    return first == DATE_NONE || last == DATE_NONE ? 0 : last - first + 1;
}

static void every_day_is_told(struct rule_context *context)
{
    const CalendarPublished *said = calendar_of(context);
    size_t expected = ((size_t)days_of_year(said->calendar->year) + 7) / 8;
    if (expected == 0 || said->calendar->working_days.len != expected)
        rule_refuse(context, "calendar.workingDays",
                    rule_text(context, "%zu bytes", said->calendar->working_days.len),
                    rule_text(context, "%zu bytes, one bit for each day", expected));
}

static void decide_calendar(struct view *view, const struct event *event, void *prepared,
                            struct decision *decision)
{
    const CalendarPublished *said = (const CalendarPublished *)event->message;
    (void)view;
    (void)prepared;
    decision_fact_of_event(decision);
    decision_table_row(decision, TABLE_CALENDAR, said->year, REGION_NATION,
                       date_from_civil(said->calendar->year, 1, 1), DATE_NONE, &said->calendar->base);
}

/* --- the family --- */

static const struct rule parameter_rules[] = {
    {
        .id = "PO-001",
        .code = "policy.name_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "统筹地区确定并备案",
        .evaluate = name_is_the_key,
        .sentence_zh = "参数名称须与事件键一致",
        .sentence_en = "The parameter's name is the event's key.",
    },
    {
        .id = "PO-002",
        .code = "policy.value_missing",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "统筹地区确定并备案",
        .evaluate = value_is_of_its_kind,
        .sentence_zh = "参数值须与其类型相符",
        .sentence_en = "A parameter has a value of its kind.",
    },
    {
        .id = "PO-003",
        .code = "policy.document_missing",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "统筹地区确定并备案",
        .evaluate = document_is_named,
        .sentence_zh = "参数须注明来源文件",
        .sentence_en = "A parameter names the document that sets it.",
    },
    {
        .id = "PO-004",
        .code = "policy.values_overlap",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "统筹地区确定并备案",
        .evaluate = values_do_not_overlap,
        .sentence_zh = "同一参数在同一地区的有效期不得重叠",
        .sentence_en = "The values of a parameter in a region do not overlap.",
    },
    {
        .id = "PO-005",
        .code = "policy.nothing_to_withdraw",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "统筹地区确定并备案",
        .evaluate = withdrawal_has_something_to_end,
        .sentence_zh = "撤回的参数须正在有效",
        .sentence_en = "What is withdrawn is in force.",
    },
    {
        .id = "PO-006",
        .code = "policy.weakens_the_nation",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "统筹地区不得自行调整",
        .evaluate = nation_is_not_weakened,
        .sentence_zh = "统筹地区不得放宽国家规定的参数",
        .sentence_en = "A region does not weaken what the nation fixes.",
    },
};

static const struct rule calendar_rules[] = {
    {
        .id = "PO-101",
        .code = "policy.year_differs",
        .document = SOURCE_HOLIDAYS,
        .clause = "国务院办公厅年度通知",
        .evaluate = year_is_the_key,
        .sentence_zh = "日历年份须与事件键一致",
        .sentence_en = "The calendar's year is the event's key.",
    },
    {
        .id = "PO-102",
        .code = "policy.calendar_incomplete",
        .document = SOURCE_HOLIDAYS,
        .clause = "国务院办公厅年度通知",
        .evaluate = every_day_is_told,
        .sentence_zh = "日历须覆盖全年每一天",
        .sentence_en = "A calendar tells every day of its year.",
    },
};

static const struct handler handlers[] = {
    {
        .type = "medhub.policy.parameter_set.v1",
        .rules = parameter_rules,
        .rule_count = sizeof parameter_rules / sizeof *parameter_rules,
        .prepare = prepare_setting,
        .decide = decide_setting,
        .roles = "policy",
    },
    {
        .type = "medhub.policy.calendar_published.v1",
        .rules = calendar_rules,
        .rule_count = sizeof calendar_rules / sizeof *calendar_rules,
        .decide = decide_calendar,
        .roles = "policy",
    },
};

const struct domain domain_policy = {
    .name = "policy",
    .key_kind = "parameter",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};
