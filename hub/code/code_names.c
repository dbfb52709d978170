/* code_names.c: the stable names of code.h, and the sentences for people. */
#include "code/code.h"

#define NAME(names, value) ((size_t)(value) < sizeof(names) / sizeof *(names) ? (names)[value] : NULL)

const char *code_agency_name(enum code_agency agency)
{
    static const char *const names[] = {NULL, "gs1", "ma", "ahm", "hibc", "isbt128", "drug20", "nhsa"};
    return NAME(names, agency);
}

const char *code_form_name(enum code_form form)
{
    static const char *const names[] = {NULL,      "raw",       "bracketed",    "digital_link", "gtin",
                                        "primary", "secondary", "concatenated", "text",         "link",
                                        "xml",     "drug",      "consumable"};
    return NAME(names, form);
}

const char *code_confidence_name(enum code_confidence confidence)
{
    static const char *const names[] = {"strict", "repaired", "guessed"};
    return NAME(names, confidence);
}

const char *code_repair_name(unsigned bit)
{
    static const char *const names[] = {
        "spaces", "case", "keyboard", "full_width", "separator_lost", "separator_replaced", "symbology"};
    return NAME(names, bit);
}

const char *code_precision_name(enum code_precision precision)
{
    static const char *const names[] = {NULL, "month", "day", "hour", "minute"};
    return NAME(names, precision);
}

const char *code_warning_name(enum code_warning_kind kind)
{
    static const char *const names[] = {"code.companion_missing", "code.signature_unserialised",
                                        "code.separator_doubtful", "code.check_doubtful", "code.ambiguous"};
    return NAME(names, kind);
}

static const struct error {
    const char *name, *text, *text_zh;
} errors[CODE_ERRORS] = {
    [CODE_OK] = {"ok", "no fault", "无误"},
    [CODE_EMPTY] = {"code.empty", "there is nothing to read", "内容为空"},
    [CODE_TOO_LONG] = {"code.too_long", "longer than 4096 bytes", "超过4096字节"},
    [CODE_UNKNOWN] = {"code.unknown", "not a code of any agency that is known", "无法识别的编码"},
    [CODE_SYMBOLOGY] = {"code.symbology", "the symbology prefix is not known, or announces something else",
                        "码制标识符无效"},
    [CODE_ARENA_FULL] = {"code.memory", "no room to take it apart", "内存不足"},
    [CODE_TOO_MANY] = {"code.too_many_elements", "more than 64 elements", "数据项超过64个"},
    [CODE_UNKNOWN_AI] = {"code.unknown_ai", "no application identifier begins here", "没有这个应用标识符"},
    [CODE_BRACKET] = {"code.bracket", "a bracket is missing", "括号不完整"},
    [CODE_VALUE_SHORT] = {"code.value_too_short", "the value is too short", "数据过短"},
    [CODE_VALUE_LONG] = {"code.value_too_long", "the value is too long", "数据过长"},
    [CODE_CHARACTER] = {"code.character", "this character may not stand here", "字符不允许"},
    [CODE_PADDING] = {"code.padding", "wrong pad characters of base64url", "填充字符有误"},
    [CODE_CHECK_DIGIT] = {"code.check_digit", "wrong check digit", "校验位有误"},
    [CODE_CHECK_PAIR] = {"code.check_pair", "wrong pair of check characters", "校验字符对有误"},
    [CODE_CHECK_CHARACTER] = {"code.check_character", "wrong check character", "校验字符有误"},
    [CODE_PREFIX] = {"code.company_prefix", "no company prefix of at least four digits", "缺少厂商识别代码"},
    [CODE_DATE] = {"code.date", "no such day", "日期有误"},
    [CODE_TIME] = {"code.time", "no such time", "时间有误"},
    [CODE_COUNTRY] = {"code.country", "no such country code", "没有这个国家代码"},
    [CODE_CURRENCY] = {"code.currency", "no such currency code", "没有这个货币代码"},
    [CODE_IBAN] = {"code.iban", "not an IBAN", "国际银行账号有误"},
    [CODE_COUPON] = {"code.coupon", "the fields of the coupon are wrong", "优惠券数据有误"},
    [CODE_PIECE] = {"code.piece_of_total", "piece and total do not fit together", "件号与总件数不符"},
    [CODE_SEQUENCE] = {"code.sequence", "not a position in a sequence", "顺序位置有误"},
    [CODE_POSITION] = {"code.position", "no such latitude or longitude", "经纬度有误"},
    [CODE_VALUE] = {"code.value", "this value is not allowed", "取值不允许"},
    [CODE_PERCENT] = {"code.percent", "a percent sign without two hexadecimal digits", "百分号编码有误"},
    [CODE_REPEATED] = {"code.repeated", "the same identifier twice", "应用标识符重复"},
    [CODE_EXCLUDED] = {"code.excluded", "two identifiers that may not stand together", "应用标识符互斥"},
    [CODE_LINK] = {"code.link", "not a URI with a domain and a path", "链接缺少域名或路径"},
    [CODE_LINK_KEY] = {"code.link_key", "no identification key in the path", "路径中没有标识代码"},
    [CODE_LINK_PATH] = {"code.link_path", "the qualifiers of the path are not in their order",
                        "路径中限定符顺序有误"},
    [CODE_LINK_ATTRIBUTE] = {"code.link_attribute", "this identifier may not stand in the query",
                             "该应用标识符不能作为查询参数"},
    [CODE_LINK_SHORT_GTIN] = {"code.link_short_gtin", "a link needs the 14 digits of a GTIN",
                              "链接中的GTIN须为14位"},
    [CODE_LINK_WORD] = {"code.link_word_key", "word keys such as /gtin/ are not read",
                        "不支持单词形式的标识"},
    [CODE_LINK_COMPRESSED] = {"code.link_compressed", "compressed links are not read", "不支持压缩链接"},
    [CODE_STRUCTURE] = {"code.structure", "not built as its agency says", "结构不符合发码机构规则"},
    [CODE_NO_LINK] = {"code.no_link", "cannot be said as a GS1 Digital Link", "无法表示为GS1数字链接"},
    [CODE_NO_URN] = {"code.no_urn", "there is no EPC URN for it", "没有对应的EPC URN"},
    [CODE_PREFIX_LENGTH] = {"code.prefix_length", "the length of the company prefix is not known",
                            "厂商识别代码长度未知"},
};

const char *code_error_name(enum code_error error)
{
    return error < CODE_ERRORS ? errors[error].name : NULL;
}

const char *code_error_text(enum code_error error)
{
    return error < CODE_ERRORS ? errors[error].text : NULL;
}

const char *code_error_text_zh(enum code_error error)
{
    return error < CODE_ERRORS ? errors[error].text_zh : NULL;
}
