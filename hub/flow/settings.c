#include "flow/settings.h"

#include "base/secret_file.h"

#include <assert.h>
#include <string.h>

#define ROW(...) CONF_ROW(struct settings, __VA_ARGS__)
#define CHOICE(...) CONF_ROW_OF_CHOICES(struct settings, __VA_ARGS__)

const struct conf_row settings_rows[] = {
    ROW("kafka.brokers", CONF_STRING, kafka_brokers, 1, 4096, "127.0.0.1:9092",
        "addresses of Kafka brokers, host:port, separated by commas", "Kafka 集群地址，host:port，以逗号分隔"),
    ROW("hub.group", CONF_STRING, hub_group, 1, 200, "medhub", "consumer group that all hub processes share",
        "所有枢纽进程共用的消费组"),
    ROW("hub.instance", CONF_STRING, hub_instance, 0, 100, "hub-0",
        "name of this process, stable over restarts: static membership and transactional ids; empty: a dynamic member",
        "本进程的名称，重启后保持不变：用于静态成员和事务编号；留空则为动态成员"),
    ROW("hub.operator", CONF_STRING, hub_operator, 1, 100, "medhub",
        "organisation that the hub itself speaks as; it may submit every event", "枢纽自身所用的机构编号，可提交任何事件"),
    ROW("hub.workers", CONF_INT, hub_workers, 1, 64, "2", "worker threads; a worker waits in commit, so two a core pay",
        "工作线程数；线程在提交时等待，因此每核两个较合适"),
    ROW("hub.batch_events_max", CONF_INT, batch_events_max, 1, 100000, "5000", "events in one Kafka transaction at most",
        "一个 Kafka 事务最多包含的事件数"),
    ROW("hub.batch_wait_ms", CONF_INT, batch_wait_ms, 0, 10000, "2",
        "how long a batch may wait for more events after its first, in milliseconds",
        "一批从首个事件起最多等待的毫秒数"),
    ROW("hub.transaction_timeout_ms", CONF_INT, transaction_timeout_ms, 1000, 900000, "10000",
        "after this the broker aborts a transaction, in milliseconds", "超过此毫秒数，Kafka 中止事务"),
    ROW("hub.session_timeout_ms", CONF_INT, session_timeout_ms, 1000, 300000, "10000",
        "after this the group gives a silent member's partitions away, in milliseconds",
        "成员失联超过此毫秒数，其分区交给其他成员"),
    ROW("hub.poll_interval_ms_max", CONF_INT, poll_interval_ms_max, 10000, 3600000, "300000",
        "longest time between two polls of a worker, in milliseconds", "工作线程两次取数之间的最长毫秒数"),
    /* librdkafka tells the coordinator of a transaction's partitions 1 ms after the first record, whatever is set here. */
    ROW("hub.linger_ms", CONF_INT, linger_ms, 0, 1000, "5",
        "how long a producer waits to fill a request, in milliseconds; a commit sends at once",
        "生产者为凑满请求等待的毫秒数；提交时立即发送"),
    CHOICE("hub.compression", compression, "none|lz4|zstd", "lz4", "how produced batches are compressed",
           "输出批次的压缩方式"),
    ROW("hub.timers_per_batch", CONF_INT, timers_per_batch, 1, 100000, "1000",
        "timers that fire in one transaction at most", "一个事务最多触发的定时器数"),
    ROW("hub.timer_retry_ms", CONF_INT, timer_retry_ms, 100, 86400000, "60000",
        "when a timer whose decision failed fires again, in milliseconds", "裁决失败的定时器过多少毫秒再次触发"),
    ROW("hub.rebuilds_max", CONF_INT, rebuilds_max, 1, 1000, "5",
        "a worker that must rebuild its producer more often within hub.rebuild_window_ms ends",
        "在 hub.rebuild_window_ms 内重建生产者超过此次数，工作线程结束"),
    ROW("hub.rebuild_window_ms", CONF_INT, rebuild_window_ms, 1000, 86400000, "600000",
        "window for hub.rebuilds_max, in milliseconds", "hub.rebuilds_max 的时间窗口，毫秒"),
    ROW("hub.event_bytes_max", CONF_INT, event_bytes_max, 1000, 10000000, "800000",
        "largest event that is decided, in bytes; its results must fit the broker's message.max.bytes",
        "可处理的最大事件字节数；结果须不超过 Kafka 的 message.max.bytes"),
    ROW("hub.event_memory_bytes_max", CONF_INT, event_memory_bytes_max, 100000, 1000000000, "33554432",
        "memory that one event may take while it is decided, in bytes", "处理一个事件可用的内存字节数"),
    ROW("state.directory", CONF_STRING, state_directory, 1, 1000, "medhub-state",
        "folder of the keyed state; it can always be restored from Kafka", "状态目录；随时可从 Kafka 恢复"),
    CHOICE("state.sync", state_sync, "none|txn", "none",
           "none: survives a killed process, restored after a power loss; txn: fsync in each transaction",
           "none：进程被杀不丢失，断电后重新恢复；txn：每个事务落盘"),
    ROW("state.map_bytes", CONF_INT, state_map_bytes, 1048576, 1099511627776, "17179869184",
        "largest size of one partition's state file, in bytes (sparse)", "单个分区状态文件的最大字节数（稀疏文件）"),
    ROW("dedupe.days", CONF_INT, dedupe_days, 1, 3650, "30",
        "how long an event id is remembered where the policy parameter dedupe.window_days has no value, in days",
        "政策参数 dedupe.window_days 无值时，事件编号的保留天数"),
    CHOICE("signature.unsigned", signature_unsigned, "accept|refuse", "accept",
           "an event without signature in an inbox topic: accept, guarded by Kafka's ACLs alone, or refuse; one whose signature does "
           "not hold is always refused",
           "收件主题中无签名的事件：accept 接收（仅由 Kafka 的 ACL 把守）或 refuse 拒绝；签名不成立者一律拒绝"),
    ROW("signature.voucher_file", CONF_STRING, signature_voucher_file, 0, 4096, "",
        "file with the HMAC secret (base64) that hub, gateway and ctl share to vouch for events; empty: none",
        "枢纽、网关与 ctl 共用的担保密钥文件（HMAC，base64）；留空则不担保"),
    ROW("signature.voucher_previous_file", CONF_STRING, signature_voucher_previous_file, 0, 4096, "",
        "file with the voucher's secret before the last change, still taken by the hub; empty: none",
        "更换前的担保密钥文件，枢纽仍予承认；留空则无"),
    ROW("signature.secrets_directory", CONF_STRING, signature_secrets_directory, 0, 4096, "",
        "folder of the HMAC secrets of organisations that write to Kafka themselves, ORGANISATION/KEY; empty: none",
        "自行写入 Kafka 的机构的 HMAC 密钥目录，文件为 机构/密钥编号；留空则无"),
    ROW("monitor.address", CONF_STRING, monitor_address, 1, 100, "127.0.0.1",
        "address of /metrics, /livez and /readyz", "监控端点 /metrics、/livez、/readyz 的地址"),
    ROW("monitor.port", CONF_INT, monitor_port, -1, 65535, "9464",
        "port of the monitor; 0: any free one, -1: none", "监控端口；0 表示任选，-1 表示不开"),
    CHOICE("log.level", log_level, "debug|info|warn|error|off", "info", "least level that is logged", "日志级别"),
};
const size_t settings_row_count = sizeof settings_rows / sizeof *settings_rows;
const char *const settings_free_prefix = "kafka.client.";

enum { TABLES_MAX = 16 };

struct free_keys {
    struct kafka_client *client;
    struct fault *fault;
    enum status status;
};

#define FILE_PREFIX "file:"

static enum status set_free_key(struct kafka_client *client, const char *key, const char *value, struct fault *fault)
{
    char secret[SECRET_BYTES_MAX];

    if (strncmp(value, FILE_PREFIX, strlen(FILE_PREFIX)) != 0)
        return kafka_client_set(client, key, value, fault);
    enum status status = secret_file_read(value + strlen(FILE_PREFIX), secret, fault);
    if (status == STATUS_OK)
        status = kafka_client_set(client, key, secret, fault);
    explicit_bzero(secret, sizeof secret);
    return status;
}

static void take_free_key(const char *key, const char *value, void *context)
{
    struct free_keys *keys = context;

    if (keys->status == STATUS_OK)
        keys->status = set_free_key(keys->client, key, value, keys->fault);
}

enum status settings_load(struct conf_source source, struct settings *settings, struct kafka_client *client,
                          struct conf **conf, struct fault *fault)
{
    return settings_load_with(NULL, 0, source, settings, client, conf, fault);
}

enum status settings_load_with(const struct conf_table *others, size_t other_count, struct conf_source source,
                               struct settings *settings, struct kafka_client *client, struct conf **conf,
                               struct fault *fault)
{
    struct conf_table tables[TABLES_MAX] = {{settings_rows, settings_row_count, settings}};

    assert(other_count < TABLES_MAX);
    if (other_count > 0)
        memcpy(&tables[1], others, other_count * sizeof *others);
    memset(settings, 0, sizeof *settings);
    enum status status = conf_load_tables(tables, other_count + 1, settings_free_prefix, source, conf, fault);
    if (status != STATUS_OK)
        return status;

    kafka_client_init(client, settings->kafka_brokers);
    struct free_keys keys = {client, fault, STATUS_OK};
    conf_each_free(*conf, take_free_key, &keys);
    status = keys.status;
    if (status == STATUS_OK)
        status = kafka_client_verify(client, fault);
    if (status != STATUS_OK) {
        kafka_client_done(client);
        conf_free(*conf);
        *conf = NULL;
    }
    return status;
}
