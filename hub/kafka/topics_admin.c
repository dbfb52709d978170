/* topics_describe and topics_apply: the half of topics.h that talks to the cluster. */
#include "kafka/kafka_fault.h"
#include "kafka/topics.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR_BYTES = 256 };

struct admin {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    int timeout_ms;
    struct fault *fault;
};

static enum status admin_open(const struct kafka_client *client, int timeout_ms, struct admin *admin,
                              struct fault *fault)
{
    static const char *const rows[][2] = {{"allow.auto.create.topics", "false"}, {NULL, NULL}};
    char error[ERROR_BYTES];

    *admin = (struct admin){.timeout_ms = timeout_ms, .fault = fault};
    rd_kafka_conf_t *conf = kafka_conf_new(client, rows, fault);
    if (conf == NULL)
        return STATUS_FATAL;
    admin->handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (admin->handle == NULL) {
        rd_kafka_conf_destroy(conf);
        return fault_fatal(fault, "kafka.admin", "no admin client: %s", error);
    }
    admin->queue = rd_kafka_queue_new(admin->handle);
    return STATUS_OK;
}

static void admin_close(struct admin *admin)
{
    if (admin->queue != NULL)
        rd_kafka_queue_destroy(admin->queue);
    if (admin->handle != NULL)
        rd_kafka_destroy(admin->handle);
}

static rd_kafka_AdminOptions_t *admin_options(struct admin *admin, rd_kafka_admin_op_t operation)
{
    char error[ERROR_BYTES];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->handle, operation);

    (void)rd_kafka_AdminOptions_set_request_timeout(options, admin->timeout_ms, error, sizeof error);
    return options;
}

/* Waits for the one answer; NULL and a fault if it did not come or is an error as a whole. */
static rd_kafka_event_t *admin_answer(struct admin *admin, const char *doing, enum status *status)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(admin->queue, admin->timeout_ms + 1000);

    *status = STATUS_OK;
    if (event == NULL) {
        *status = kafka_fault_code(RD_KAFKA_RESP_ERR__TIMED_OUT, doing, admin->fault);
        return NULL;
    }
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return event;
    *status = kafka_fault_code(code, doing, admin->fault);
    rd_kafka_event_destroy(event);
    return NULL;
}

/* ---- describe ---- */

static void take_topic(const struct rd_kafka_metadata_topic *topic, const struct topics *wanted,
                       struct topics_seen *seen)
{
    const struct topic_row *row = topics_find(wanted, topic->topic);

    if (row == NULL || topic->err != RD_KAFKA_RESP_ERR_NO_ERROR || topic->partition_cnt == 0)
        return;
    seen->items[seen->count++] = (struct topic_seen){
        .name = row->name,
        .partitions = topic->partition_cnt,
        .replicas = topic->partitions[0].replica_cnt,
    };
}

static enum status describe_partitions(struct admin *admin, const struct topics *wanted,
                                       struct topics_seen *seen)
{
    const struct rd_kafka_metadata *metadata = NULL;

    /* All topics: asking for one by name would make it on a broker that creates what it is asked for. */
    rd_kafka_resp_err_t code = rd_kafka_metadata(admin->handle, 1, NULL, &metadata, admin->timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return kafka_fault_code(code, "asking for the topics", admin->fault);
    seen->broker_count = metadata->broker_cnt;
    for (int i = 0; i < metadata->topic_cnt && seen->count < wanted->count; i++)
        take_topic(&metadata->topics[i], wanted, seen);
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
}

/* An embedded broker of another process: it never answers what it does not know. */
static bool is_mock_cluster(struct admin *admin)
{
    char *id = rd_kafka_clusterid(admin->handle, admin->timeout_ms);
    bool mock = id != NULL && strncmp(id, "mockCluster", 11) == 0;

    if (id != NULL)
        rd_kafka_mem_free(admin->handle, id);
    return mock;
}

static void take_setting(struct topic_seen *topic, struct arena *arena, const char *name, const char *value)
{
    const struct {
        const char *name, **into;
    } rows[] = {
        {"cleanup.policy", &topic->cleanup_policy},
        {"retention.ms", &topic->retention_ms},
        {"min.insync.replicas", &topic->min_insync_replicas},
        {"max.message.bytes", &topic->max_message_bytes},
    };

    for (size_t i = 0; value != NULL && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            *rows[i].into = arena_text(arena, bytes_of(value));
}

static void take_settings(const rd_kafka_ConfigResource_t *resource, struct arena *arena,
                          struct topics_seen *seen)
{
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);

    for (size_t t = 0; t < seen->count; t++)
        if (strcmp(seen->items[t].name, rd_kafka_ConfigResource_name(resource)) == 0)
            for (size_t i = 0; i < count; i++)
                take_setting(&seen->items[t], arena, rd_kafka_ConfigEntry_name(entries[i]),
                             rd_kafka_ConfigEntry_value(entries[i]));
}

static void ask_settings(struct admin *admin, const struct topics_seen *seen)
{
    rd_kafka_AdminOptions_t *options = admin_options(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_ConfigResource_t **resources = calloc(seen->count, sizeof(rd_kafka_ConfigResource_t *));

    if (resources != NULL) {
        for (size_t i = 0; i < seen->count; i++)
            resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, seen->items[i].name);
        rd_kafka_DescribeConfigs(admin->handle, resources, seen->count, options, admin->queue);
        rd_kafka_ConfigResource_destroy_array(resources, seen->count);
    }
    free(resources);
    rd_kafka_AdminOptions_destroy(options);
}

static enum status describe_settings(struct admin *admin, struct arena *arena, struct topics_seen *seen)
{
    enum status status = STATUS_OK;

    if (seen->count == 0)
        return STATUS_OK;
    ask_settings(admin, seen);
    rd_kafka_event_t *event = rd_kafka_queue_poll(admin->queue, admin->timeout_ms + 1000);
    if (event == NULL)
        return kafka_fault_code(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking for the settings of the topics",
                                admin->fault);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    if (code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) {
        status = STATUS_OK; /* an embedded broker: it has no settings */
    } else if (code != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL) {
        status = kafka_fault_code(code, "asking for the settings of the topics", admin->fault);
    } else {
        size_t count = 0;
        const rd_kafka_ConfigResource_t **resources =
            rd_kafka_DescribeConfigs_result_resources(result, &count);
        for (size_t i = 0; i < count; i++)
            take_settings(resources[i], arena, seen);
    }
    rd_kafka_event_destroy(event);
    return status;
}

enum status topics_describe(const struct kafka_client *client, const struct topics *wanted, int timeout_ms,
                            struct arena *arena, struct topics_seen *seen, struct fault *fault)
{
    struct admin admin;

    *seen =
        (struct topics_seen){.items = arena_take_zeroed(arena, (wanted->count + 1) * sizeof *seen->items)};
    if (seen->items == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the topics of the cluster");
    enum status status = admin_open(client, timeout_ms, &admin, fault);
    if (status == STATUS_OK)
        status = describe_partitions(&admin, wanted, seen);
    if (status == STATUS_OK && !client->embedded && !is_mock_cluster(&admin))
        status = describe_settings(&admin, arena, seen);
    admin_close(&admin);
    return status;
}

/* ---- apply ---- */

static enum status refused(struct admin *admin, const char *what, rd_kafka_resp_err_t code, const char *text)
{
    return fault_fatal(admin->fault, "topics.refused", "%s: %s", what,
                       text == NULL ? rd_kafka_err2str(code) : text);
}

/* 30 days: a store that was away for longer than tombstones are kept would miss that rows are gone. */
#define AS_TEXT_(number) #number
#define AS_TEXT(number)  AS_TEXT_(number)

static rd_kafka_NewTopic_t *new_topic(const struct topic_change *change)
{
    const struct topic_row *row = change->row;
    int32_t in_sync =
        row->min_insync_replicas < change->replicas ? row->min_insync_replicas : change->replicas;
    char error[ERROR_BYTES], text[32];

    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(row->name, row->partitions, change->replicas, error, sizeof error);
    if (topic == NULL)
        return NULL;
    (void)rd_kafka_NewTopic_set_config(topic, "cleanup.policy", row->cleanup_policy);
    if (strstr(row->cleanup_policy, "compact") != NULL)
        (void)rd_kafka_NewTopic_set_config(topic, "delete.retention.ms", AS_TEXT(TOPICS_DELETION_MS));
    (void)snprintf(text, sizeof text, "%lld", (long long)row->retention_ms);
    (void)rd_kafka_NewTopic_set_config(topic, "retention.ms", text);
    (void)snprintf(text, sizeof text, "%lld", (long long)row->max_message_bytes);
    (void)rd_kafka_NewTopic_set_config(topic, "max.message.bytes", text);
    (void)snprintf(text, sizeof text, "%d", in_sync);
    (void)rd_kafka_NewTopic_set_config(topic, "min.insync.replicas", text);
    return topic;
}

static enum status read_creation(struct admin *admin)
{
    enum status status = STATUS_OK;
    rd_kafka_event_t *event = admin_answer(admin, "creating topics", &status);
    if (event == NULL)
        return status;

    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            status = refused(admin, rd_kafka_topic_result_name(results[i]), code,
                             rd_kafka_topic_result_error_string(results[i]));
    }
    rd_kafka_event_destroy(event);
    return status;
}

static enum status create_topics(struct admin *admin, const struct topics_plan *plan)
{
    rd_kafka_NewTopic_t **topics = calloc(plan->count, sizeof(rd_kafka_NewTopic_t *));
    enum status status = STATUS_OK;
    size_t count = 0;

    if (topics == NULL)
        return fault_fatal(admin->fault, "memory.out", "no memory for new topics");
    for (size_t i = 0; i < plan->count; i++)
        if (plan->changes[i].action == TOPIC_CREATE && (topics[count] = new_topic(&plan->changes[i])) != NULL)
            count++;
    if (count > 0) {
        rd_kafka_AdminOptions_t *options = admin_options(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
        char error[ERROR_BYTES];
        (void)rd_kafka_AdminOptions_set_operation_timeout(options, admin->timeout_ms, error, sizeof error);
        rd_kafka_CreateTopics(admin->handle, topics, count, options, admin->queue);
        rd_kafka_AdminOptions_destroy(options);
        status = read_creation(admin);
    }
    rd_kafka_NewTopic_destroy_array(topics, count);
    free(topics);
    return status;
}

/* Changes one setting and leaves the others alone. AlterConfigs of older libraries replaces all of them, so
 * there a person has to do it. */
#if RD_KAFKA_VERSION >= 0x020200ff
static enum status raise_setting(struct admin *admin, const struct topic_change *change)
{
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, change->row->name);
    rd_kafka_AdminOptions_t *options = admin_options(admin, RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS);
    enum status status = STATUS_OK;

    rd_kafka_error_t *error = rd_kafka_ConfigResource_add_incremental_config(
        resource, change->setting, RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, change->wanted);
    if (error != NULL) {
        status = refused(admin, change->row->name, rd_kafka_error_code(error), rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    } else {
        rd_kafka_IncrementalAlterConfigs(admin->handle, &resource, 1, options, admin->queue);
        rd_kafka_event_t *event = admin_answer(admin, "changing a topic", &status);
        if (event != NULL) {
            size_t count = 0;
            const rd_kafka_ConfigResource_t **results = rd_kafka_IncrementalAlterConfigs_result_resources(
                rd_kafka_event_IncrementalAlterConfigs_result(event), &count);
            if (count == 1 && rd_kafka_ConfigResource_error(results[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
                status = refused(admin, change->row->name, rd_kafka_ConfigResource_error(results[0]),
                                 rd_kafka_ConfigResource_error_string(results[0]));
            rd_kafka_event_destroy(event);
        }
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    return status;
}
#else
static enum status raise_setting(struct admin *admin, const struct topic_change *change)
{
    return refused(admin, change->row->name, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
                   "this librdkafka cannot change a single setting: run ops/deps, or use kafka-configs");
}
#endif

enum status topics_apply(const struct kafka_client *client, const struct topics_plan *plan, int timeout_ms,
                         struct fault *fault)
{
    struct admin admin;

    if (plan->count == 0)
        return STATUS_OK;
    enum status status = admin_open(client, timeout_ms, &admin, fault);
    if (status == STATUS_OK)
        status = create_topics(&admin, plan);
    for (size_t i = 0; i < plan->count && status == STATUS_OK; i++)
        if (plan->changes[i].action == TOPIC_RAISE)
            status = raise_setting(&admin, &plan->changes[i]);
    admin_close(&admin);
    return status;
}
