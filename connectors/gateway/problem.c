/* problem.c: what is wrong, for programs and for people (RFC 9457). */
#include "gateway/request.h"
#include "gateway/writer.h"

#define RETRY_AFTER_S "2"

struct status_row {
    unsigned status;
    const char *title, *sentence, *sentence_zh;
};
static const struct status_row statuses[] = {
    {400, "Bad Request", "the request is malformed", "请求格式有误"},
    {401, "Unauthorized", "the caller is not authenticated", "未通过身份认证"},
    {403, "Forbidden", "the caller may not do this", "无权进行此操作"},
    {404, "Not Found", "there is nothing here that this caller may see", "没有可见的内容"},
    {405, "Method Not Allowed", "this address has other methods", "该地址不支持此方法"},
    {406, "Not Acceptable", "no form of the answer is acceptable to the caller", "没有调用方可接受的内容形式"},
    {409, "Conflict", "it repeats what another event said", "与另一事件重复"},
    {410, "Gone", "what the cursor points at is no longer kept", "游标之后的内容已不再保留"},
    {413, "Content Too Large", "the request is larger than allowed", "请求超过允许的大小"},
    {415, "Unsupported Media Type", "this content type is not taken here", "不支持此内容类型"},
    {422, "Unprocessable Content", "the hub refused the event", "枢纽拒绝了该事件"},
    {429, "Too Many Requests", "this organisation asks too often", "该机构请求过于频繁"},
    {431, "Request Header Fields Too Large", "the request header is larger than allowed", "请求头超过允许的大小"},
    {503, "Service Unavailable", "not now; try again", "暂不可用，请稍后重试"},
};

/* Chinese sentences of codes where the status says too little. */
static const struct {
    const char *code, *zh;
} codes[] = {
    {"authentication.missing", "请求没有身份凭据：需要客户端证书或请求签名"},
    {"authentication.state", "该机构当前状态不允许调用"},
    {"authentication.key_expired", "密钥已过有效期"},
    {"signature.digest", "正文摘要不符"},
    {"signature.created", "签名时间不在允许的窗口内"},
    {"signature.replayed", "该签名已被使用过"},
    {"signature.wrong", "签名不正确"},
    {"request.body", "此地址不接受请求正文"},
    {"request.encoding", "请求正文不可压缩或编码"},
    {"request.framing", "请求长度的声明有歧义"},
    {"request.host", "必须有且仅有一个 Host 请求头"},
    {"request.connections", "同一地址的连接过多"},
    {"gateway.connections", "网关连接数已满"},
    {"request.parameter", "请求参数有误"},
    {"request.header", "请求头有误"},
    {"event.source", "调用机构无权以该来源提交事件"},
    {"event.attribute", "事件属性有误"},
    {"cloudevent.attribute", "事件属性缺少或有误"},
    {"cloudevent.data", "事件必须有且仅有一种数据"},
    {"cloudevent.unknown_type", "未知的事件类型"},
    {"batch.empty", "批量中没有事件"},
    {"batch.too_large", "批量中的事件过多"},
    {"json.syntax", "JSON 语法有误"},
    {"json.unknown_field", "数据中有未知字段"},
    {"kafka.not_delivered", "Kafka 未确认，请以同一编号重发"},
    {"gateway.stopping", "网关正在停止"},
    {"gateway.starting", "网关尚未就绪"},
    {"gateway.busy", "网关过载，请稍后重试"},
    {"feed.cursor", "游标无效"},
    {"feed.gone", "游标之后的内容已不再保留，请从快照重新开始"},
    {"feed.unknown", "没有该订阅"},
    {"receipt.unknown", "没有该事件的回执，或尚未决定"},
    {"item.unknown", "该日期没有此目录条目"},
    {"release.unknown", "没有该目录版本，或不属调用机构的地区"},
    {"epcis.behaviour", "事件逐个裁决，只支持 proceed"},
    {"epcis.document", "不是 EPCIS 2.0 文档"},
    {"epcis.member", "未知或不接收的成员"},
    {"epcis.missing", "缺少必需的成员"},
    {"epcis.value", "成员的值有误"},
    {"epcis.step", "事件类型、动作与业务步骤不对应任何环节"},
    {"epcis.too_large", "文档中的物品过多"},
    {"capture.unknown", "没有该采集任务，或尚未裁决"},
    {"trace.code", "无法识别该追溯码"},
    {"trace.question", "没有这个追溯问题"},
    {"trace.needs", "缺少该问题的必要条件"},
    {"snapshot.none", "快照尚未生成"},
};

static const struct status_row *row_of(unsigned status)
{
    size_t last = sizeof statuses / sizeof *statuses - 1;

    for (size_t i = 0; i < last; i++)
        if (statuses[i].status == status)
            return &statuses[i];
    return &statuses[last];
}

static const char *chinese(const char *code, const struct status_row *row)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].zh;
    return row->sentence_zh;
}

struct buffer *answer_begin_problem(struct request *request, unsigned status, const char *code, const char *detail,
                                    const char *detail_zh)
{
    const struct status_row *row = row_of(status);
    struct buffer *out = answer_begin(request);

    if (row->status == 401)
        answer_header(request, "WWW-Authenticate", "Signature realm=\"medhub\"");
    answer_header(request, "Content-Language", "en, zh");
    write_begin(out, '{');
    write_name(out, "type");
    buffer_append_format(out, "\"urn:medhub:problem:%s\"", code);
    write_text(out, "title", row->title);
    write_integer(out, "status", status);
    write_text(out, "detail", detail != NULL && detail[0] != '\0' ? detail : row->sentence);
    write_text(out, "detailZh", detail_zh != NULL && detail_zh[0] != '\0' ? detail_zh : chinese(code, row));
    write_text(out, "code", code);
    return out;
}

void answer_problem(struct request *request, unsigned status, const char *code, const char *detail)
{
    write_end(answer_begin_problem(request, status, code, detail, NULL), '}');
    answer_finish(request, status, PROBLEM_TYPE);
}

void answer_unavailable(struct request *request, const char *code, const char *detail)
{
    answer_problem(request, 503, code, detail);
    answer_header(request, "Retry-After", RETRY_AFTER_S);
}

void answer_fault(struct request *request, enum status status, unsigned rejected, const struct fault *fault)
{
    if (status == STATUS_REJECT)
        answer_problem(request, rejected, fault->code, fault->text);
    else
        answer_unavailable(request, fault->code, NULL);
}
