/* docs.c: ctl docs: the generated pages of ops/docs, from the tables that the program works with. */
#include "ops/ctl/commands.h"
#include "ops/ctl/compendium.h"
#include "ops/ctl/page.h"
#include "ops/ctl/rules.h"
#include "ops/ctl/say.h"
#include "ops/ctl/sources.h"

#include "base/metrics.h"
#include "flow/measures.h"
#include "flow/settings.h"
#include "gateway/asyncapi.h"
#include "gateway/measures.h"
#include "gateway/openapi.h"
#include "gateway/settings.h"
#include "kafka/topics.h"
#include "store/settings.h"
#include "store/store_service.h"
#include "webhook/measures.h"
#include "webhook/settings.h"

#include <stdio.h>
#include <string.h>

enum { PROVISIONS_BYTES = 1000 };

/* "甘医保发〔2021〕118号：实名制", "；" between several. */
static const char *provisions_of(const struct rule *rule, char text[PROVISIONS_BYTES])
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; rule_provision(rule, i).document != NULL && length < PROVISIONS_BYTES; i++)
        length += (size_t)snprintf(text + length, PROVISIONS_BYTES - length, "%s%s：%s", i == 0 ? "" : "；",
                                   rule_provision(rule, i).document, rule_provision(rule, i).clause);
    return text;
}

struct rule_page {
    const char *event;
};

static void print_rule(const struct handler *handler, const struct rule *rule, void *context)
{
    struct rule_page *page = context;
    char event[160] = "", provisions[PROVISIONS_BYTES];

    if (page->event == NULL || strcmp(page->event, handler->type) != 0)
        (void)snprintf(event, sizeof event, "`%s`", handler->type);
    page->event = handler->type;
    page_row((const char *const[]){event, rule->id, rule->code, rule->sentence_zh, rule->sentence_en,
                                   provisions_of(rule, provisions), rule->parameter == NULL ? "" : rule->parameter,
                                   compendium_lines_of(rule->id), NULL});
}

static void rules_page(void)
{
    struct rule_page page = {NULL};

    page_title("业务规则 / Rules", "rules");
    (void)fputs("依据中的文件见[依据页](sources.md)，最后一栏为月度汇编的部分与行号。 / The documents are told on the page of [sources](sources.md), "
                "where the last column, part and line of the monthly compendium, is explained too.\n\n",
                stdout);
    page_columns((const char *const[]){"event", "id", "code", "规则", "rule", "依据 / source", "parameter", "compendium", NULL});
    rules_each(print_rule, &page);
}

static void print_setting(const struct conf_row *setting)
{
    char bounds[96] = "";

    if (setting->kind == CONF_INT)
        (void)snprintf(bounds, sizeof bounds, "%lld..%lld", (long long)setting->min, (long long)setting->max);
    else if (setting->kind == CONF_STRING && setting->max > 0)
        (void)snprintf(bounds, sizeof bounds, "%lld..%lld bytes", (long long)setting->min,
                       (long long)setting->max);
    else if (setting->kind == CONF_CHOICE)
        (void)snprintf(bounds, sizeof bounds, "%s", setting->choices);
    else if (setting->kind == CONF_BOOL)
        (void)snprintf(bounds, sizeof bounds, "true|false");
    page_row((const char *const[]){setting->key, setting->fallback == NULL ? "(required)" : setting->fallback,
                              bounds, setting->help_zh, setting->help, NULL});
}

static void settings_page(void)
{
    page_title("设置 / Settings", "settings");
    page_columns((const char *const[]){"key", "default", "bounds", "说明", "what", NULL});
    for (size_t i = 0; i < settings_row_count; i++)
        print_setting(&settings_rows[i]);
    for (size_t i = 0; i < sql_settings_row_count; i++)
        print_setting(&sql_settings_rows[i]);
    for (size_t i = 0; i < gateway_settings_row_count; i++)
        print_setting(&gateway_settings_rows[i]);
    for (size_t i = 0; i < webhook_settings_row_count; i++)
        print_setting(&webhook_settings_rows[i]);
    (void)printf(
        "\n`%s*`: any property of librdkafka, such as `%ssecurity.protocol`; a value `file:PATH` is read from that file.\n"
        "Precedence: --set KEY=VALUE, environment (MEDHUB_KAFKA_BROKERS), file (--config), default.\n",
        settings_free_prefix, settings_free_prefix);
}

static void print_metric(const struct metric_row *metric, void *context)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    (void)context;

    page_row((const char *const[]){metric->name, kinds[metric->kind], metric->label == NULL ? "" : metric->label,
                              metric->help, NULL});
}

static void metrics_page(void)
{
    metrics_register(measures_rows, measures_row_count);
    metrics_register(store_metric_rows, store_metric_row_count);
    metrics_register(webhook_measures_rows, webhook_measures_row_count);
    metrics_register(gateway_measures_rows, gateway_measures_row_count);
    page_title("指标 / Metrics", "metrics");
    page_columns((const char *const[]){"name", "kind", "label", "what", NULL});
    metrics_describe(print_metric, NULL);
}

static void topics_page(void)
{
    struct arena *arena = arena_new(64 * 1024, 4 * 1024 * 1024);
    struct topics topics = {0};
    struct fault fault;

    page_title("主题 / Topics", "topics");
    page_columns((const char *const[]){"topic", "key", "partitions", "retention", "cleanup", "说明", "what", NULL});
    if (arena != NULL && topics_shipped(arena, &topics, &fault) == STATUS_OK)
        for (size_t i = 0; i < topics.count; i++) {
            const struct topic_row *topic = &topics.rows[i];
            char partitions[16], retention[32];
            (void)snprintf(partitions, sizeof partitions, "%d", topic->partitions);
            if (topic->retention_ms < 0)
                (void)snprintf(retention, sizeof retention, "for ever");
            else
                (void)snprintf(retention, sizeof retention, "%lld days",
                               (long long)(topic->retention_ms / 86400000));
            page_row((const char *const[]){topic->name, topic->key, partitions, retention, topic->cleanup_policy,
                                      topic->what_zh, topic->what, NULL});
        }
    (void)printf("\nReplicas: min(3, brokers). `medhub ctl topics plan` shows what a cluster lacks.\n");
    arena_free(arena);
}

static void print_document(enum status (*write)(struct buffer *out, struct fault *fault))
{
    struct buffer document;
    struct fault fault;

    buffer_init(&document, DOCUMENT_BYTES_MAX);
    if (write(&document, &fault) == STATUS_OK)
        (void)fwrite(document.data, 1, document.length, stdout);
    else
        say("文档无法生成", "%s", fault.text);
    buffer_done(&document);
}

static void openapi_page(void)
{
    print_document(openapi_write);
}

static void asyncapi_page(void)
{
    print_document(asyncapi_write);
}

static const struct page {
    const char *name;
    void (*print)(void);
} pages[] = {
    {"rules", rules_page},
    {"sources", sources_page},
    {"settings", settings_page},
    {"metrics", metrics_page},
    {"topics", topics_page},
    {"openapi", openapi_page},
    {"asyncapi", asyncapi_page},
};

static enum exit_code docs_command(struct call *call)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i].name, call->arguments[0]) == 0) {
            pages[i].print();
            return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
        }
    return say_refusal(call, EXIT_USAGE, "docs.page", "没有这一页",
                       "the pages are rules, sources, settings, metrics, topics, openapi, asyncapi");
}

const struct command command_docs = {.words = "ctl docs",
                                     .arguments = "rules|sources|settings|metrics|topics|openapi|asyncapi",
                                     .summary_zh = "输出生成的文档（Markdown、OpenAPI、AsyncAPI）",
                                     .summary = "the generated pages: Markdown, OpenAPI, AsyncAPI",
                                     .arguments_min = 1,
                                     .arguments_max = 1,
                                     .run = docs_command};
