#include "ops/ctl/policy_check.h"

#include "ops/ctl/rules.h"

#include "base/text.h"
#include "domain/rule.h"

#include <inttypes.h>
#include <string.h>

const struct policy_unit policy_units[] = {
    {"switch", 0, 1, "开关"},
    {"minutes", 0, 60 * 24 * 366, "分钟"},
    {"hours", 0, 24 * 366, "小时"},
    {"days", 0, 3660, "天"},
    {"working days", 0, 366, "工作日"},
    {"months", 0, 120, "月"},
    {"years", 0, 150, "年"},
    {"dispensings", 1, 1000, "次配药"},
    {"kilometres per hour", 1, 2000, "公里每小时"},
    {"persons", 0, 100000, "人"},
    {"rows", 1, 1000000, "行"},
    {"items", 0, 1000000, "项"},
    {"times", 0, 100000, "次"},
    {"percent", 0, 100, "百分比"},
    {"e4", 0, 10000, "万分比"},
    {"fen", 0, INT64_C(100000000000000), "分"},
};
const size_t policy_unit_count = sizeof policy_units / sizeof *policy_units;

/* Parameters that the engine reads, not a rule. */
static const char *const read_by_engine[] = {"dedupe.window_days", "background.rows_per_round", "person.exit_grace_months",  "person.rural_income_fen",  "person.warn_borne_fen",
                                             "person.warn_borne_percent", "person.warn_incurred_percent", "recall.reminder_hours",
                                             "recall.reminders_max"};

static bool is_nation(const char *region)
{
    return strcmp(region, REGION_NATION) == 0;
}

/* --- one value by itself --- */

struct checking {
    const struct policy_pack *nation;
    struct policy_findings *findings;
    struct policy_value *value;
};

static void wrong(const struct checking *checking, enum policy_fault fault, const char *found, const char *expected)
{
    const struct policy_value *value = checking->value;
    policy_find(checking->findings, fault, value->path, value->line, value->name, found, expected);
}

static void unsound(const struct checking *checking, enum policy_fault fault, const char *found, const char *expected)
{
    checking->value->sound = false;
    wrong(checking, fault, found, expected);
}

static const struct policy_unit *unit_of(const char *name)
{
    for (size_t i = 0; i < policy_unit_count; i++)
        if (strcmp(policy_units[i].name, name) == 0)
            return &policy_units[i];
    return NULL;
}

static const char *unit_names(struct arena *arena)
{
    const char *names = "";
    for (size_t i = 0; i < policy_unit_count && names != NULL; i++)
        names = arena_format(arena, "%s%s%s", names, i == 0 ? "" : ", ", policy_units[i].name);
    return names;
}

static void within(const struct checking *checking, int64_t minimum, int64_t maximum)
{
    const struct policy_value *value = checking->value;
    if (value->integer < minimum || value->integer > maximum)
        wrong(checking, POLICY_BOUNDS, value->text,
              arena_format(checking->findings->arena, "%" PRId64 "..%" PRId64, minimum, maximum));
}

static void check_integer(const struct checking *checking)
{
    struct policy_value *value = checking->value;
    const struct policy_unit *unit = unit_of(value->unit);

    if (!text_parse_i64(bytes_of(value->text), &value->integer)) {
        unsound(checking, POLICY_VALUE, value->text, "integer");
        return;
    }
    if (unit == NULL)
        wrong(checking, POLICY_UNIT, value->unit, unit_names(checking->findings->arena));
    else
        within(checking, unit->minimum, unit->maximum);
    const struct policy_value *bounds = policy_pack_any(checking->nation, value->name);
    if (bounds != NULL && (bounds->has_minimum || bounds->has_maximum))
        within(checking, bounds->has_minimum ? bounds->minimum : INT64_MIN,
               bounds->has_maximum ? bounds->maximum : INT64_MAX);
}

static void check_value(const struct checking *checking)
{
    struct policy_value *value = checking->value;

    if (!value->sound)
        return;
    switch (value->kind) {
    case POLICY_KIND_INTEGER:
        check_integer(checking);
        break;
    case POLICY_KIND_DATE:
        value->date = date_parse(bytes_of(value->text));
        if (value->date == DATE_NONE)
            unsound(checking, POLICY_VALUE, value->text, "YYYY-MM-DD");
        break;
    case POLICY_KIND_TEXT:
        break;
    case POLICY_KIND_NONE:
        unsound(checking, POLICY_KEY_MISSING, "", "kind");
        break;
    }
}

static void check_days(const struct checking *checking)
{
    const struct policy_value *value = checking->value;
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    if (value->valid_from != DATE_NONE && value->valid_until != DATE_NONE && value->valid_until < value->valid_from)
        unsound(checking, POLICY_DAYS_ORDER, date_format(value->valid_until, until), date_format(value->valid_from, from));
}

static void check_source(const struct checking *checking)
{
    if (checking->value->document[0] == '\0')
        wrong(checking, POLICY_SOURCE, "", "document");
    if (checking->value->clause[0] == '\0')
        wrong(checking, POLICY_SOURCE, "", "clause");
}

/* --- against the nation --- */

bool policy_may_deviate(enum policy_deviation deviation, const struct policy_value *national,
                        const struct policy_value *value)
{
    int64_t mine = value->kind == POLICY_KIND_DATE ? value->date : value->integer;
    int64_t theirs = national->kind == POLICY_KIND_DATE ? national->date : national->integer;

    switch (deviation) {
    case DEVIATION_NONE:
    case DEVIATION_ANYTHING:
        return true;
    case DEVIATION_NOTHING:
        return strcmp(value->text, national->text) == 0;
    case DEVIATION_RAISE:
        return mine >= theirs;
    case DEVIATION_LOWER:
        return mine <= theirs;
    }
    return false;
}

static void weakens(const struct checking *checking, const struct policy_value *national)
{
    wrong(checking, POLICY_WEAKENS, checking->value->text,
          arena_format(checking->findings->arena, "region_may: %s %s (%s:%zu)",
                       policy_deviation_name(national->region_may), national->text, national->path, national->line));
}

static bool share_a_day(const struct policy_value *value, const struct policy_value *other)
{
    return policy_value_holds(value, other->valid_from) || policy_value_holds(other, value->valid_from);
}

/* Every national value that holds on one of its days. */
static void check_deviation(const struct checking *checking)
{
    const struct policy_value *value = checking->value;
    for (size_t i = 0; i < checking->nation->count && value->sound; i++) {
        const struct policy_value *national = &checking->nation->values[i];
        if (national->sound && national->kind == value->kind && strcmp(national->name, value->name) == 0 &&
            share_a_day(value, national) && !policy_may_deviate(national->region_may, national, value))
            weakens(checking, national);
    }
}

/* Kind and unit of the nation are taken over; others are refused. */
static void take_over(const struct checking *checking, const struct policy_value *national)
{
    struct policy_value *value = checking->value;
    if (value->kind == POLICY_KIND_NONE)
        value->kind = national->kind;
    if (value->unit[0] == '\0')
        value->unit = national->unit;
    if (value->kind != national->kind)
        unsound(checking, POLICY_DIFFERS, policy_kind_name(value->kind), policy_kind_name(national->kind));
    if (strcmp(value->unit, national->unit) != 0)
        wrong(checking, POLICY_DIFFERS, value->unit, national->unit);
}

static void check_regional(const struct checking *checking, const struct policy_pack *pack)
{
    const struct policy_value *value = checking->value;
    if (value->region_may != DEVIATION_NONE || value->has_minimum || value->has_maximum || value->to_be_set)
        wrong(checking, POLICY_KEY_UNKNOWN, "region_may, minimum, maximum, to_be_set", "");
    if (pack->region[0] != '\0' && strcmp(pack->region, value->region) != 0)
        wrong(checking, POLICY_REGION_OF_PACK, value->region, pack->region);
    if (policy_pack_any(checking->nation, value->name) == NULL)
        unsound(checking, POLICY_PARAMETER_UNKNOWN, value->name, checking->nation->path);
}

static void check_national(const struct checking *checking)
{
    const struct policy_value *value = checking->value;
    bool ordered = value->region_may == DEVIATION_RAISE || value->region_may == DEVIATION_LOWER;
    if (value->region_may == DEVIATION_NONE || (ordered && value->kind == POLICY_KIND_TEXT))
        wrong(checking, POLICY_DEVIATION, policy_deviation_name(value->region_may),
              value->kind == POLICY_KIND_TEXT ? "region_may: nothing, anything"
                                              : "region_may: nothing, raise, lower, anything");
    if (value->title_zh[0] == '\0' || value->title_en[0] == '\0')
        wrong(checking, POLICY_KEY_MISSING, "", "title_zh, title_en");
}

/* --- values against one another --- */

/* An open value makes room for the next one; a value that says its last day does not, nor do two of the same first day. */
static bool overlap(const struct policy_value *one, const struct policy_value *other)
{
    const struct policy_value *earlier = one->valid_from <= other->valid_from ? one : other;
    const struct policy_value *later = earlier == one ? other : one;
    return earlier->valid_from == later->valid_from ||
           (earlier->valid_until != DATE_NONE && earlier->valid_until >= later->valid_from);
}

static void check_overlaps(const struct policy_pack *pack, struct policy_findings *findings)
{
    for (size_t i = 0; i < pack->count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct policy_value *later = &pack->values[i], *earlier = &pack->values[j];
            if (later->sound && earlier->sound && strcmp(later->name, earlier->name) == 0 &&
                strcmp(later->region, earlier->region) == 0 && overlap(later, earlier))
                policy_find(findings, POLICY_OVERLAP, later->path, later->line, later->name,
                            arena_format(findings->arena, "%s", later->text),
                            arena_format(findings->arena, "valid_until of line %zu", earlier->line));
        }
}

/* --- against the rules --- */

struct reader_search {
    const char *name;
    bool found;
};

static void look_for_reader(const struct handler *handler, const struct rule *rule, void *context)
{
    struct reader_search *search = context;
    (void)handler;
    search->found = search->found || rule_reads(rule, search->name);
}

static void check_is_read(const struct checking *checking)
{
    struct reader_search search = {.name = checking->value->name};
    rules_each(look_for_reader, &search);
    for (size_t i = 0; i < sizeof read_by_engine / sizeof *read_by_engine; i++)
        search.found = search.found || strcmp(read_by_engine[i], search.name) == 0;
    if (!search.found)
        wrong(checking, POLICY_UNREAD, checking->value->name, "");
}

static void check_has_value(const struct handler *handler, const struct rule *rule, void *context)
{
    const struct checking *checking = context;
    const char *const read[] = {rule->parameter, rule->parameter_also};
    (void)handler;
    for (size_t i = 0; i < sizeof read / sizeof *read; i++)
        if (read[i] != NULL && !parameter_is_a_group(read[i]) && policy_pack_any(checking->nation, read[i]) == NULL)
            policy_find(checking->findings, POLICY_WITHOUT_VALUE, checking->nation->path, 0, read[i], rule->id, "");
}

void policy_check(struct policy_pack *pack, const struct policy_pack *nation, struct policy_findings *findings)
{
    struct checking checking = {.nation = nation, .findings = findings};

    for (size_t i = 0; i < pack->count; i++) {
        checking.value = &pack->values[i];
        const struct policy_value *national = policy_pack_any(nation, checking.value->name);
        bool is_regional = !is_nation(checking.value->region);
        if (is_regional)
            check_regional(&checking, pack);
        else
            check_national(&checking);
        if (national != NULL && national != checking.value)
            take_over(&checking, national);
        check_value(&checking);
        check_days(&checking);
        check_source(&checking);
        check_is_read(&checking);
        if (is_regional)
            check_deviation(&checking);
    }
    check_overlaps(pack, findings);
    if (pack == nation)
        rules_each(check_has_value, &checking);
}
