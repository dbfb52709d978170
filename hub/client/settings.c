#include "client/settings.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW(key_, kind_, member_, min_, max_, fallback_, help_, help_zh_)                                    \
    {                                                                                                        \
        .key = (key_), .kind = (kind_), .offset = offsetof(struct client_settings, member_), .min = (min_),  \
        .max = (max_), .fallback = (fallback_), .help = (help_), .help_zh = (help_zh_)                       \
    }
#define TEXT(name_, fallback_, help_, help_zh_)                                                              \
    ROW(#name_, CONF_STRING, name_, 0, 2000, fallback_, help_, help_zh_)
#define NUMBER(name_, min_, max_, fallback_, help_, help_zh_)                                                \
    ROW(#name_, CONF_INT, name_, min_, max_, fallback_, help_, help_zh_)

const struct conf_row client_settings_rows[] = {
    TEXT(gateway, NULL, "address of the gateway: https://HOST:PORT; http:// only on this machine",
         "网关地址：https://主机:端口；仅本机可用 http://"),
    TEXT(organisation, NULL, "registry id of the organisation that submits and receives",
         "提交与接收机构的登记编号"),
    TEXT(directory, NULL, "folder of the local files: outbox, receipts, cursors, catalogue",
         "本地文件目录：待发箱、回执、游标、目录副本"),
    TEXT(key, "", "name of the signing key in the registry; empty: requests are not signed",
         "登记的签名密钥名称；空表示不签名"),
    TEXT(key_file, "", "file of the signing key: PEM with Ed25519 or SM2, or an HMAC secret as base64",
         "签名密钥文件：Ed25519 或 SM2 的 PEM，或 base64 的 HMAC 密钥"),
    TEXT(certificate_file, "", "client certificate (PEM) for mutual TLS", "双向 TLS 的客户端证书（PEM）"),
    TEXT(certificate_key_file, "", "private key (PEM) of the client certificate", "客户端证书的私钥（PEM）"),
    TEXT(ca_file, "", "certificates (PEM) that the gateway's is checked against; empty: those of the system",
         "校验网关证书所用的根证书（PEM）；空表示用系统的"),
    NUMBER(connections_max, 1, 64, "8", "requests at a time, each on its own connection", "同时进行的请求数"),
    NUMBER(connect_timeout_ms, 100, 60000, "5000", "how long one connection may take, in milliseconds",
           "建立连接的最长毫秒数"),
    NUMBER(request_timeout_ms, 100, 600000, "30000",
           "how long one answer may take beyond what the gateway was asked to wait, in milliseconds",
           "除要求网关等待的时间外，一次应答的最长毫秒数"),
    NUMBER(answer_bytes_max, 1024, 268435456, "16777216",
           "largest answer, a page of a feed for instance, in bytes", "单次应答的最大字节数"),
    NUMBER(outbox_events_max, 1, 10000000, "100000", "events in the outbox at most; then submit answers FULL",
           "待发箱最多事件数；超过则提交返回 FULL"),
    NUMBER(outbox_bytes_max, 1024, 1099511627776, "268435456", "bytes of events in the outbox at most",
           "待发箱事件总字节数上限"),
    NUMBER(event_bytes_max, 256, 16777216, "1048576", "largest event in bytes", "单个事件的最大字节数"),
    NUMBER(receipts_max, 1, 10000000, "100000", "receipts kept; older ones are forgotten",
           "保留的回执数；更旧的将被删除"),
    NUMBER(retry_first_ms, 1, 60000, "500", "pause after the first failure in milliseconds; it doubles",
           "首次失败后的停顿毫秒数，其后加倍"),
    NUMBER(retry_max_ms, 1, 3600000, "60000", "longest pause between tries in milliseconds",
           "两次尝试间的最长毫秒数"),
    NUMBER(receipt_wait_seconds, 0, 60, "10",
           "how long the gateway is asked to wait for the hub's decision, in seconds",
           "请求网关等待裁决的秒数"),
    NUMBER(receipt_poll_ms, 10, 60000, "200",
           "pause between questions for receipts in milliseconds; it grows while there is none",
           "查询回执的间隔毫秒数，未决时逐渐加长"),
    NUMBER(receipt_patience_ms, 1000, 604800000, "3600000",
           "how long a taken event may be without receipt before it is sent again, in milliseconds",
           "已接收事件在多少毫秒内无回执则重发"),
    NUMBER(feeds_max, 1, 256, "16", "feeds followed at a time", "同时接收的消息流数"),
    NUMBER(feed_page_events, 1, 1000, "100", "events asked for at a time", "每次请求的事件数"),
    NUMBER(feed_wait_seconds, 0, 60, "30",
           "how long the gateway holds a request of a feed without news, in seconds",
           "无新消息时网关保持请求的秒数"),
    NUMBER(snapshot_bytes_max, 1048576, 17179869184, "2147483648",
           "largest snapshot of the catalogue, unpacked, in bytes", "目录快照解压后的最大字节数"),
    NUMBER(snapshot_row_bytes_max, 1024, 16777216, "1048576", "largest row of the catalogue in bytes",
           "目录单行的最大字节数"),
    NUMBER(snapshot_timeout_ms, 1000, 3600000, "600000",
           "how long the download of a snapshot may take, in milliseconds", "下载目录快照的最长毫秒数"),
    NUMBER(answer_releases, 0, 1, "1",
           "1: the bureau is told once which release of the catalogue the copy works with (medhub.catalogue.applied.v1); 0: not",
           "1 表示本机启用目录版本后自动回告医保局，0 表示不回告"),
};
const size_t client_settings_row_count = sizeof client_settings_rows / sizeof *client_settings_rows;
static_assert(sizeof client_settings_rows / sizeof *client_settings_rows <= 64,
              "struct medhub_options holds 64");

struct medhub_options *medhub_options_new(void)
{
    return calloc(1, sizeof(struct medhub_options));
}

void medhub_options_free(struct medhub_options *options)
{
    for (size_t i = 0; options != NULL && i < client_settings_row_count; i++)
        free(options->texts[i]);
    free(options);
}

static bool parse_number(const struct conf_row *row, const char *text, int64_t *number)
{
    return text_parse_i64(bytes_of(text), number) && *number >= row->min && *number <= row->max;
}

static enum medhub_status check_value(const struct conf_row *row, const char *value,
                                      struct medhub_error *error)
{
    int64_t number = 0;

    if (row->kind == CONF_INT && !parse_number(row, value, &number))
        return error_say(error, "option.value", "%s: %lld..%lld", row->key, (long long)row->min,
                         (long long)row->max);
    if (row->kind == CONF_STRING && (int64_t)strlen(value) > row->max)
        return error_say(error, "option.value", "%s: 0..%lld", row->key, (long long)row->max);
    return MEDHUB_OK;
}

enum medhub_status medhub_options_set(struct medhub_options *options, const char *name, const char *value,
                                      struct medhub_error *error)
{
    if (options == NULL || name == NULL || value == NULL)
        return error_say(error, "argument.missing", NULL);
    for (size_t i = 0; i < client_settings_row_count; i++) {
        if (strcmp(client_settings_rows[i].key, name) != 0)
            continue;
        enum medhub_status status = check_value(&client_settings_rows[i], value, error);
        if (status != MEDHUB_OK)
            return status;
        char *copy = strdup(value);
        if (copy == NULL)
            return error_say(error, "memory.out", NULL);
        free(options->texts[i]);
        options->texts[i] = copy;
        return MEDHUB_OK;
    }
    return error_say(error, "option.unknown", "%.100s", name);
}

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text + strspn(text, " \t");
}

static enum medhub_status set_from_line(struct medhub_options *options, char *line,
                                        struct medhub_error *error)
{
    char *name = trim(line);
    char *equals = strchr(name, '=');

    if (name[0] == '\0' || name[0] == '#')
        return MEDHUB_OK;
    if (equals == NULL)
        return error_say(error, "option.value", "%.100s", name);
    *equals = '\0';
    return medhub_options_set(options, trim(name), trim(equals + 1), error);
}

enum medhub_status medhub_options_read(struct medhub_options *options, const char *path,
                                       struct medhub_error *error)
{
    char line[4096];
    enum medhub_status status = MEDHUB_OK;

    if (options == NULL || path == NULL)
        return error_say(error, "argument.missing", NULL);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_say(error, "option.file", "%s: %s", path, strerror(errno));
    while (status == MEDHUB_OK && fgets(line, sizeof line, file) != NULL)
        status = set_from_line(options, line, error);
    (void)fclose(file);
    return status;
}

static const char *host_of(const char *url, size_t *length)
{
    const char *scheme = strstr(url, "://");
    const char *host = scheme == NULL ? "" : scheme + 3;
    *length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    return host;
}

static bool is_this_machine(const char *url)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    size_t length = 0;
    const char *host = host_of(url, &length);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && strncmp(host, names[i], length) == 0)
            return true;
    return false;
}

static enum medhub_status check_together(const struct client_settings *settings, struct medhub_error *error)
{
    bool https = strncmp(settings->gateway, "https://", 8) == 0,
         http = strncmp(settings->gateway, "http://", 7) == 0;
    size_t host_length = 0;

    (void)host_of(settings->gateway, &host_length);
    if ((!https && !http) || host_length == 0 || strpbrk(settings->gateway, "?#@ \t") != NULL)
        return error_say(error, "option.value", "gateway: https://HOST:PORT");
    if (http && !is_this_machine(settings->gateway))
        return error_say(error, "option.insecure", "gateway");
    if ((settings->key[0] == '\0') != (settings->key_file[0] == '\0'))
        return error_say(error, "option.missing", "key, key_file");
    if ((settings->certificate_file[0] == '\0') != (settings->certificate_key_file[0] == '\0'))
        return error_say(error, "option.missing", "certificate_file, certificate_key_file");
    return MEDHUB_OK;
}

enum medhub_status settings_fill(const struct medhub_options *options, struct client_settings *settings,
                                 struct medhub_error *error)
{
    for (size_t i = 0; i < client_settings_row_count; i++) {
        const struct conf_row *row = &client_settings_rows[i];
        const char *text = options->texts[i] != NULL ? options->texts[i] : row->fallback;
        void *member = (char *)settings + row->offset;
        if (text == NULL || (row->fallback == NULL && text[0] == '\0'))
            return error_say(error, "option.missing", "%s", row->key);
        if (row->kind == CONF_STRING)
            memcpy(member, &text, sizeof text);
        else if (!parse_number(row, text, (int64_t *)member))
            return error_say(error, "option.value", "%s", row->key);
    }
    return check_together(settings, error);
}

struct medhub_options *settings_copy(const struct medhub_options *options)
{
    struct medhub_options *copy = medhub_options_new();

    for (size_t i = 0; copy != NULL && i < client_settings_row_count; i++) {
        if (options->texts[i] == NULL)
            continue;
        copy->texts[i] = strdup(options->texts[i]);
        if (copy->texts[i] == NULL) {
            medhub_options_free(copy);
            return NULL;
        }
    }
    return copy;
}
