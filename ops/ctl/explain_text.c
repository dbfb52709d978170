#include "ops/ctl/explain_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static long long number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static const struct word {
    const char *name, *zh, *en;
} words[] = {
    {"accepted", "受理", "accepted"},
    {"refused", "拒绝", "refused"},
    {"duplicate", "重复", "duplicate"},
    {"passed", "通过", "passed"},
    {"answered", "按首次结果答复", "answered as the first time"},
    {"not_reached", "未到达", "not reached"},
    {"not_repeated", "无法重做", "cannot be repeated"},
    {"held", "符合", "held"},
    {"broken", "违反", "broken"},
    {"not_asked", "未判断", "not asked"},
    {"same", "重算结果：一致", "recomputed: the same"},
    {"differs", "重算结果：不一致", "recomputed: it differs"},
    {"incomplete", "重算结果：依据已不完整，无法得出结论",
     "recomputed: something it stood on is gone, so this proves nothing"},
};

static const struct word *word_of(const char *name)
{
    static const struct word unknown = {"", "?", "?"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].name, name) == 0)
            return &words[i];
    return &unknown;
}

static void heading(const char *zh, const char *en)
{
    (void)printf("\n%s / %s\n", zh, en);
}

static void line_if_given(const json_t *object, const char *name, const char *zh, const char *en)
{
    const char *text = text_of(object, name);
    if (*text != '\0')
        (void)printf("  %s / %s: %s\n", zh, en, text);
}

static void print_value(const char *indent, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (text != NULL && !json_is_null(value))
        (void)printf("%s%s\n", indent, text);
    free(text);
}

static void print_event(const json_t *explained)
{
    const json_t *event = json_object_get(explained, "event"), *recorded = json_object_get(explained, "recorded");
    const struct word *outcome = word_of(text_of(recorded, "outcome"));

    (void)printf("%s %s\n", text_of(event, "titleZh"), text_of(event, "type"));
    line_if_given(event, "id", "编号", "id");
    line_if_given(event, "source", "来源", "source");
    line_if_given(event, "key", "键", "key");
    line_if_given(event, "input", "收件位置", "input");
    line_if_given(event, "submittedAt", "提交时间", "submitted");
    line_if_given(recorded, "decidedAt", "裁决时间", "decided");
    (void)printf("  结果 / outcome: %s / %s", outcome->zh, outcome->en);
    if (number_of(recorded, "version") > 0)
        (void)printf("，该键的第 %lld 个事实 / version %lld of its key", number_of(recorded, "version"),
                     number_of(recorded, "version"));
    (void)putchar('\n');
    line_if_given(recorded, "firstId", "首次编号", "first id");
    if (number_of(recorded, "receipts") > 1)
        (void)printf("  此编号共有 %lld 张回执 / %lld receipts of this id\n", number_of(recorded, "receipts"),
                     number_of(recorded, "receipts"));
}

static void print_journey(const json_t *explained)
{
    size_t index;
    json_t *stage;

    heading("处理过程", "the journey");
    json_array_foreach(json_object_get(explained, "journey"), index, stage)
    {
        const struct word *state = word_of(text_of(stage, "state"));
        (void)printf("  %zu %-9s %s / %s  %s %s\n", index + 1, text_of(stage, "stage"), state->zh, state->en,
                     text_of(stage, "function"), text_of(stage, "code"));
        if (text_of(stage, "note")[0] != '\0')
            (void)printf("              %s / %s\n", text_of(stage, "noteZh"), text_of(stage, "note"));
    }
}

static void print_findings(const json_t *findings)
{
    size_t index;
    json_t *finding;

    json_array_foreach(findings, index, finding)
        (void)printf("      %s %s: 实际 / found \"%s\", 应为 / expected \"%s\"\n", text_of(finding, "code"),
                     text_of(finding, "path"), text_of(finding, "found"), text_of(finding, "expected"));
}

static void print_rules(const json_t *explained)
{
    size_t index;
    json_t *rule;

    if (json_array_size(json_object_get(explained, "rules")) > 0)
        heading("规则", "rules");
    json_array_foreach(json_object_get(explained, "rules"), index, rule)
    {
        const struct word *answer = word_of(text_of(rule, "answer"));
        (void)printf("  %s %s / %s  %s / %s\n      依据 / citation: %s\n", text_of(rule, "id"), answer->zh, answer->en,
                     text_of(rule, "sentenceZh"), text_of(rule, "sentence"), text_of(rule, "citation"));
        print_findings(json_object_get(rule, "findings"));
    }
    if (json_array_size(json_object_get(explained, "findings")) > 0)
        heading("其他问题", "other findings");
    print_findings(json_object_get(explained, "findings"));
}

static void print_read_row(const json_t *row)
{
    const char *answer = text_of(row, "answer");

    (void)printf("  %s %s %s", text_of(row, "table"), text_of(row, "key"), text_of(row, "region"));
    if (strcmp(answer, "not_there") == 0) {
        (void)printf("  查无此行 / not there\n");
        return;
    }
    (void)printf("  自 %s 起 / from %s, 版本 / version %lld", text_of(row, "validFrom"), text_of(row, "validFrom"),
                 number_of(row, "version"));
    (void)printf("%s\n", strcmp(answer, "gone") == 0 ? "  已不在表主题中 / no longer in the table's topic" : "");
    if (json_object_get(row, "value") != NULL)
        print_value("      ", json_object_get(row, "value"));
}

static void print_read(const json_t *explained)
{
    const json_t *read = json_object_get(explained, "read");
    size_t index;
    json_t *row;

    heading("所依据的行与参数", "rows and values it read");
    if (strcmp(text_of(read, "tables"), "as_they_were") == 0)
        (void)printf("  无事实可查：按 %s 时的表 / no fact names them: the tables as they were at %s\n",
                     text_of(read, "tablesAt"), text_of(read, "tablesAt"));
    json_array_foreach(json_object_get(read, "rows"), index, row)
        print_read_row(row);
    (void)printf("  该键此前的事件 / earlier events of its key: %lld\n", number_of(read, "earlierEvents"));
}

static void print_fact(const json_t *fact)
{
    (void)printf("  事实 / fact: %s", text_of(fact, "type"));
    if (number_of(fact, "version") > 0)
        (void)printf("  版本 / version %lld  %s", number_of(fact, "version"), text_of(fact, "position"));
    (void)putchar('\n');
    print_value("      ", json_object_get(fact, "data"));
}

static void print_delivery(const json_t *delivery)
{
    size_t index;
    json_t *class;

    (void)printf("  送达 / delivered to: %s (事实 / fact %lld), 可见 / sees", text_of(delivery, "recipient"),
                 number_of(delivery, "fact"));
    json_array_foreach(json_object_get(delivery, "sees"), index, class)
        (void)printf(" %s", json_string_value(class));
    (void)putchar('\n');
}

static void print_timer(const json_t *timer)
{
    if (json_is_true(json_object_get(timer, "cancelled")))
        (void)printf("  取消定时 / timer cancelled: %s\n", text_of(timer, "name"));
    else
        (void)printf("  定时 / timer: %s %s %s\n", text_of(timer, "due"), text_of(timer, "type"), text_of(timer, "name"));
}

static void print_written(const json_t *row)
{
    (void)printf("  记录 / row: %s\n", text_of(row, "row"));
    print_value("      ", json_object_get(row, "value"));
}

static void print_table_row(const json_t *row)
{
    (void)printf("  表行 / table row: %s %s %s %s..%s\n", text_of(row, "table"), text_of(row, "key"),
                 text_of(row, "region"), text_of(row, "validFrom"), text_of(row, "validUntil"));
    print_value("      ", json_object_get(row, "value"));
}

static void print_submission(const json_t *submission)
{
    (void)printf("  后续提交 / follow-up: %s %s%s\n", text_of(submission, "type"), text_of(submission, "id"),
                 json_is_true(json_object_get(submission, "mayBeMerged")) ? "（可能与同批合并 / perhaps one record with others)" : "");
}

static void print_became(const json_t *explained)
{
    static const struct {
        const char *name;
        void (*print)(const json_t *row);
    } parts[] = {
        {"facts", print_fact},         {"deliveries", print_delivery}, {"rows", print_written},
        {"timers", print_timer},       {"tableRows", print_table_row}, {"submissions", print_submission},
    };
    const json_t *became = json_object_get(explained, "became");
    size_t index;
    json_t *row;

    if (json_array_size(json_object_get(became, "facts")) == 0)
        return;
    heading("由此成立", "what became true");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        json_array_foreach(json_object_get(became, parts[i].name), index, row)
            parts[i].print(row);
}

static void print_verdict(const json_t *explained)
{
    const struct word *verdict = word_of(text_of(explained, "recomputed"));
    size_t index;
    json_t *row;

    (void)printf("\n%s / %s\n", verdict->zh, verdict->en);
    json_array_foreach(json_object_get(explained, "differences"), index, row)
        (void)printf("  %s: 记录为 / recorded \"%s\", 重算为 / recomputed \"%s\"\n", text_of(row, "what"),
                     text_of(row, "recorded"), text_of(row, "recomputed"));
    json_array_foreach(json_object_get(explained, "gaps"), index, row)
        (void)printf("  注意 / note: %s / %s\n", text_of(row, "zh"), text_of(row, "en"));
}

bool explain_print(const json_t *explained)
{
    print_event(explained);
    print_journey(explained);
    print_rules(explained);
    print_read(explained);
    print_became(explained);
    print_verdict(explained);
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}
