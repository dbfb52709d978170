#include "client/error.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sentence {
    const char *code;
    enum medhub_status status;
    const char *zh, *en;
};

static const struct sentence sentences[] = {
    {"argument.missing", MEDHUB_INVALID, "缺少参数", "an argument is missing"},
    {"option.unknown", MEDHUB_INVALID, "没有这个选项", "there is no such option"},
    {"option.value", MEDHUB_INVALID, "选项的值不可用", "the option's value cannot be used"},
    {"option.missing", MEDHUB_INVALID, "缺少必需的选项", "an option that must be given is missing"},
    {"option.file", MEDHUB_INVALID, "选项文件不可读", "the file of options cannot be read"},
    {"option.insecure", MEDHUB_INVALID, "仅本机地址可以使用不加密的 HTTP",
     "HTTP without TLS is only for addresses of this machine"},
    {"key.unusable", MEDHUB_INVALID, "签名密钥不可用", "the signing key cannot be used"},
    {"memory.out", MEDHUB_MEMORY, "内存不足", "out of memory"},
    {"storage.failed", MEDHUB_STORAGE, "本地文件无法读写", "the local files cannot be read or written"},
    {"storage.busy", MEDHUB_BUSY, "该目录正被另一个程序使用", "the directory is in use by another program"},
    {"storage.newer", MEDHUB_STORAGE, "本地文件由更新版本的库写入",
     "the local files were written by a newer library"},
    {"storage.foreign", MEDHUB_STORAGE, "该文件不是本库的文件", "the file is not one of this library"},
    {"work.busy", MEDHUB_BUSY, "另一个线程正在处理，或在回调中调用",
     "another thread works, or a callback calls"},
    {"work.thread", MEDHUB_BUSY, "线程无法启动或已在运行", "the thread cannot be started or runs already"},
    {"event.syntax", MEDHUB_INVALID, "不是 JSON 对象", "not a JSON object"},
    {"event.attribute", MEDHUB_INVALID, "CloudEvents 属性缺失或不正确",
     "an attribute of CloudEvents is missing or wrong"},
    {"event.source", MEDHUB_INVALID, "事件来源不是本机构", "the event's source is not this organisation"},
    {"event.too_large", MEDHUB_INVALID, "事件超过大小上限", "the event is larger than the bound"},
    {"event.conflict", MEDHUB_CONFLICT, "该编号已用于另一事件", "another event was submitted with this id"},
    {"event.unknown", MEDHUB_NOT_FOUND, "没有该编号的事件", "no event with this id is known"},
    {"event.pending", MEDHUB_AGAIN, "回执尚未到达", "the receipt has not arrived yet"},
    {"outbox.full", MEDHUB_FULL, "待发箱已满", "the outbox is at its bound"},
    {"gateway.unreachable", MEDHUB_UNREACHABLE, "网关没有应答", "the gateway does not answer"},
    {"gateway.denied", MEDHUB_DENIED, "网关不接受密钥、证书或权限",
     "the gateway does not accept key, certificate or right"},
    {"gateway.busy", MEDHUB_UNREACHABLE, "网关暂时不可用", "the gateway is not available for the moment"},
    {"gateway.answer", MEDHUB_PROTOCOL, "无法理解网关的应答", "the gateway's answer is not to be understood"},
    {"feed.unknown", MEDHUB_NOT_FOUND, "没有这个消息流", "there is no such feed"},
    {"feed.active", MEDHUB_BUSY, "该消息流正在被接收", "the feed is being followed"},
    {"feed.none", MEDHUB_AGAIN, "暂无新消息", "nothing new for the moment"},
    {"feed.item", MEDHUB_INVALID, "该条目不是最近给出的一条", "this item is not the one that was lent last"},
    {"feed.many", MEDHUB_INVALID, "消息流过多", "too many feeds"},
    {"catalogue.none", MEDHUB_NOT_FOUND, "本机尚无目录副本", "there is no local copy of the catalogue yet"},
    {"catalogue.absent", MEDHUB_NOT_FOUND, "该日期没有有效的目录条目",
     "no such item is in force on that day"},
    {"catalogue.damaged", MEDHUB_DAMAGED, "本机目录副本已损坏", "the local copy of the catalogue is damaged"},
    {"catalogue.digest", MEDHUB_PROTOCOL, "目录快照的摘要不符", "the snapshot's digest does not agree"},
    {"catalogue.pending", MEDHUB_AGAIN, "目录更新尚未完成", "the catalogue's refresh is not finished"},
    {"catalogue.date", MEDHUB_INVALID, "日期或地区不正确", "the date or region is none"},
    {"seal.failed", MEDHUB_INVALID, "无法加密或解开", "it cannot be sealed or opened"},
    {"code.unreadable", MEDHUB_INVALID, "无法识别的编码", "the code cannot be read"},
    {"internal", MEDHUB_PROTOCOL, "内部错误", "an internal error"},
};

static const struct sentence *find(const char *code)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (strcmp(sentences[i].code, code) == 0)
            return &sentences[i];
    return &sentences[sizeof sentences / sizeof *sentences - 1];
}

static void add_detail(char *text, size_t size, const char *sentence, const char *detail)
{
    char whole[1024];
    (void)snprintf(whole, sizeof whole, "%s%s%s", sentence, detail[0] == '\0' ? "" : ": ", detail);
    size_t kept = bytes_utf8_cut(bytes_of(whole), size - 1);
    memcpy(text, whole, kept);
    text[kept] = '\0';
}

static enum medhub_status say(struct medhub_error *error, const char *code, int http_status,
                              const char *detail)
{
    const struct sentence *row = find(code);
    struct medhub_error whole = MEDHUB_ERROR_INIT;

    whole.status = (int)row->status;
    whole.http_status = http_status;
    (void)snprintf(whole.code, sizeof whole.code, "%s", row->code);
    add_detail(whole.text_zh, sizeof whole.text_zh, row->zh, detail);
    add_detail(whole.text_en, sizeof whole.text_en, row->en, detail);
    error_copy(error, &whole);
    return row->status;
}

enum medhub_status error_say(struct medhub_error *error, const char *code, const char *detail, ...)
{
    char text[400] = "";
    va_list arguments;

    if (detail != NULL) {
        va_start(arguments, detail);
        (void)vsnprintf(text, sizeof text, detail, arguments);
        va_end(arguments);
    }
    return say(error, code, 0, text);
}

enum medhub_status error_say_http(struct medhub_error *error, const char *code, int http_status,
                                  const char *detail)
{
    return say(error, code, http_status, detail == NULL ? "" : detail);
}

enum medhub_status error_of_fault(struct medhub_error *error, const char *code, const struct fault *fault)
{
    return error_say(error, code, "%s (%s)", fault->text, fault->code);
}

void error_clear(struct medhub_error *error)
{
    static const struct medhub_error none = MEDHUB_ERROR_INIT;
    error_copy(error, &none);
}

void error_copy(struct medhub_error *to, const struct medhub_error *from)
{
    if (to == NULL || to == from)
        return;
    size_t size = to->size < sizeof *to ? to->size : sizeof *to; /* the caller's header may be older */
    if (size <= sizeof to->size)
        return;
    memcpy((char *)to + sizeof to->size, (const char *)from + sizeof to->size, size - sizeof to->size);
}

const char *medhub_status_name(enum medhub_status status)
{
    static const char *const names[] = {"ok",       "again",   "full",    "invalid",     "not_found",
                                        "conflict", "busy",    "storage", "unreachable", "denied",
                                        "protocol", "damaged", "memory"};
    return (size_t)status < sizeof names / sizeof *names ? names[status] : "unknown";
}
