#include "ops/ctl/say.h"

#include "base/clock.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COUNT_EVERY_TERMINAL_US = 100 * 1000, COUNT_EVERY_FILE_US = 10 * 1000 * 1000 };

__attribute__((format(printf, 2, 0))) static void say_words(const char *zh, const char *en_format,
                                                            va_list arguments)
{
    char text[FAULT_TEXT_BYTES];

    (void)vsnprintf(text, sizeof text, en_format, arguments);
    (void)fprintf(stderr, "medhub: %s%s%s\n", zh, *zh == '\0' || *text == '\0' ? "" : " / ", text);
}

void say(const char *zh, const char *en_format, ...)
{
    va_list arguments;

    va_start(arguments, en_format);
    say_words(zh, en_format, arguments);
    va_end(arguments);
}

void say_progress(const struct call *call, const char *zh, const char *en_format, ...)
{
    va_list arguments;

    if (call->common.quiet)
        return;
    va_start(arguments, en_format);
    say_words(zh, en_format, arguments);
    va_end(arguments);
}

void say_count(struct call *call, const char *zh, const char *en, uint64_t count, uint64_t of)
{
    bool terminal = isatty(STDERR_FILENO) == 1;
    int64_t now_us = clock_monotonic_us();
    int64_t every_us = terminal ? COUNT_EVERY_TERMINAL_US : COUNT_EVERY_FILE_US;

    if (call->counted_us == 0 && !terminal)
        call->counted_us = now_us; /* a short job in a script says nothing */
    if (call->common.quiet || now_us - call->counted_us < every_us)
        return;
    call->counted_us = now_us;
    (void)fprintf(stderr, terminal ? "\r%s / %s: %llu" : "%s / %s: %llu", zh, en, (unsigned long long)count);
    if (of > 0)
        (void)fprintf(stderr, " / %llu", (unsigned long long)of);
    (void)fputs(terminal ? "\x1b[K" : "\n", stderr);
    call->counting = terminal;
}

void say_count_end(struct call *call)
{
    if (call->counting)
        (void)fputs("\r\x1b[K", stderr);
    call->counting = false;
}

/* What the beginning of a fault's code means to a person. */
static const char *chinese_of(const char *code)
{
    static const struct {
        const char *prefix, *zh;
    } rows[] = {
        {"kafka.unavailable", "连接不上 Kafka，或它没有及时回答"},
        {"kafka.refused", "Kafka 拒绝了请求"},
        {"conf.", "配置有误"},
        {"json.", "JSON 内容有误"},
        {"cloudevent.", "CloudEvents 内容有误"},
        {"topics.", "主题与要求不符"},
        {"memory.", "内存不足"},
        {"catalogue.file", "目录文件有误"},
        {"file.missing", "找不到文件"},
        {"file.too_large", "文件过大"},
        {"file.", "文件无法读取或格式有误"},
        {"state.", "状态存储出错"},
        {"hub.", "枢纽无法运行"},
        {"store.", "查询库出错"},
        {"gateway.", "网关无法运行"},
        {"webhook.", "推送无法运行"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(code, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].zh;
    return "出错";
}

static void write_error(const struct call *call, const char *code, const char *zh, const char *en)
{
    bool json = call->common.output != NULL && strcmp(call->common.output, "json") == 0;

    if (call->counting)
        (void)fputc('\n', stderr);
    if (!json) {
        (void)fprintf(stderr, "medhub: %s / %s code=%s\n", zh, en, code);
        return;
    }
    json_t *object = json_pack("{s:s, s:s, s:s}", "code", code, "message", en, "message_zh", zh);
    (void)json_dumpf(object, stderr, JSON_COMPACT);
    (void)fputc('\n', stderr);
    json_decref(object);
}

/* The one fault that everybody meets first: it says where Kafka was looked for, and how to say otherwise. */
static enum exit_code say_unavailable(const struct call *call, const struct fault *fault)
{
    char zh[FAULT_TEXT_BYTES], en[FAULT_TEXT_BYTES];

    (void)snprintf(zh, sizeof zh, "连接不上 Kafka（%s），或它没有及时回答；地址用 -b 或 MEDHUB_KAFKA_BROKERS 给出", call->kafka);
    (void)snprintf(en, sizeof en, "Kafka at %s cannot be reached or did not answer in time (%.120s); its address: -b or MEDHUB_KAFKA_BROKERS",
                   call->kafka, fault->text);
    write_error(call, fault->code, zh, en);
    return EXIT_FAILED;
}

enum exit_code say_fault(const struct call *call, const struct fault *fault)
{
    if (strcmp(fault->code, "kafka.unavailable") == 0 && call->kafka[0] != '\0')
        return say_unavailable(call, fault);
    write_error(call, fault->code, chinese_of(fault->code), fault->text);
    return EXIT_FAILED;
}

enum exit_code say_refusal(const struct call *call, enum exit_code exit_code, const char *code,
                           const char *zh, const char *en_format, ...)
{
    char text[FAULT_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, en_format);
    (void)vsnprintf(text, sizeof text, en_format, arguments);
    va_end(arguments);
    write_error(call, code, zh, text);
    return exit_code;
}
