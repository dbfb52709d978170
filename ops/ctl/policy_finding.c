#include "ops/ctl/policy_finding.h"

const struct policy_fault_row policy_fault_rows[POLICY_FAULTS] = {
    [POLICY_NOT_READABLE] = {"policy.file_unreadable", "文件无法读取", "the file cannot be read"},
    [POLICY_NOT_YAML] = {"policy.not_yaml", "不是合法的 YAML", "this is not YAML"},
    [POLICY_SHAPE] = {"policy.shape", "结构不符：应为参数列表", "a pack is a list of parameters"},
    [POLICY_KEY_UNKNOWN] = {"policy.key_unknown", "未知的键", "no such key"},
    [POLICY_KEY_TWICE] = {"policy.key_twice", "键重复", "the key stands twice"},
    [POLICY_KEY_MISSING] = {"policy.key_missing", "缺少必填的键", "a key is missing"},
    [POLICY_NAME] = {"policy.name", "参数名称不合规范", "that is no name of a parameter"},
    [POLICY_KIND] = {"policy.kind", "类型须为 integer、date 或 text", "the kind is integer, date or text"},
    [POLICY_VALUE] = {"policy.value_type", "参数值与其类型不符", "the value is not of its kind"},
    [POLICY_UNIT] = {"policy.unit", "未知的计量单位", "no such unit"},
    [POLICY_BOUNDS] = {"policy.out_of_bounds", "参数值超出允许范围", "the value is out of bounds"},
    [POLICY_DAY] = {"policy.day", "日期须为 YYYY-MM-DD", "a day is YYYY-MM-DD"},
    [POLICY_DAYS_ORDER] = {"policy.days_order", "失效日期早于生效日期", "the last day lies before the first"},
    [POLICY_REGION] = {"policy.region", "行政区划代码须为六位数字", "a region is six digits"},
    [POLICY_REGION_OF_PACK] = {"policy.region_of_pack", "参数所属地区与文件不符", "the value is not of the pack's region"},
    [POLICY_SOURCE] = {"policy.source_missing", "参数须注明来源文件与条款", "a value names document and clause"},
    [POLICY_DEVIATION] = {"policy.deviation", "国家参数须写明地区可否调整", "the nation says whether a region may deviate"},
    [POLICY_OVERLAP] = {"policy.overlap", "同一参数在同一地区的有效期重叠", "values overlap in time"},
    [POLICY_PARAMETER_UNKNOWN] = {"policy.parameter_unknown", "国家参数包中没有该参数", "the national pack has no such parameter"},
    [POLICY_DIFFERS] = {"policy.differs", "类型或单位与国家参数不一致", "kind or unit differ from the nation's"},
    [POLICY_WEAKENS] = {"policy.weakens", "地区不得放宽国家规定", "a region may not weaken what the nation fixes"},
    [POLICY_UNREAD] = {"policy.unread", "没有规则使用该参数", "no rule reads the parameter"},
    [POLICY_TO_BE_SET] = {"policy.to_be_set", "本地区尚未设定该参数，依赖它的规则不起作用",
                          "the region has not set it: what depends on it is not judged there"},
    [POLICY_WITHOUT_VALUE] = {"policy.without_value", "规则所用参数在国家参数包中没有取值", "a rule reads a parameter that the nation lacks"},
};

void policy_findings_init(struct policy_findings *findings, struct arena *arena)
{
    *findings = (struct policy_findings){.arena = arena};
    findings->last = &findings->first;
}

static const char *copy_of(struct policy_findings *findings, const char *text)
{
    const char *copy = arena_text(findings->arena, bytes_of(text == NULL ? "" : text));
    findings->full = findings->full || copy == NULL;
    return copy == NULL ? "" : copy;
}

void policy_find(struct policy_findings *findings, enum policy_fault fault, const char *path, size_t line,
                 const char *parameter, const char *found, const char *expected)
{
    struct policy_finding *finding = arena_take(findings->arena, sizeof *finding);

    findings->count++;
    findings->full = findings->full || finding == NULL;
    if (finding == NULL)
        return;
    *finding = (struct policy_finding){.fault = fault,
                                       .path = copy_of(findings, path),
                                       .parameter = copy_of(findings, parameter),
                                       .line = line,
                                       .found = copy_of(findings, found),
                                       .expected = copy_of(findings, expected)};
    *findings->last = finding;
    findings->last = &finding->next;
}
