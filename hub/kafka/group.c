#include "kafka/group.h"

#include "kafka/kafka_fault.h"
#include "kafka/source.h"

static rd_kafka_topic_partition_list_t *list_of(const struct group_offset *offsets, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, offsets[i].topic, offsets[i].partition);
    return list;
}

enum status group_committed(const struct kafka_client *client, const char *group,
                            struct group_offset *offsets, size_t count, int timeout_ms, struct fault *fault)
{
    const char *const rows[][2] = {{"group.id", group},
                                   {"enable.auto.commit", "false"},
                                   {"allow.auto.create.topics", "false"},
                                   {NULL, NULL}};
    char error[256];

    rd_kafka_conf_t *conf = kafka_conf_new(client, rows, fault);
    if (conf == NULL)
        return STATUS_FATAL;
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (handle == NULL) {
        rd_kafka_conf_destroy(conf);
        return fault_fatal(fault, "kafka.group", "no client for the group: %s", error);
    }
    rd_kafka_topic_partition_list_t *list = list_of(offsets, count);
    rd_kafka_resp_err_t code = rd_kafka_committed(handle, list, timeout_ms);
    for (size_t i = 0; i < count; i++)
        offsets[i].next_offset = list->elems[i].offset >= 0 ? list->elems[i].offset : OFFSET_NONE;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(handle);
    return kafka_fault_code(code, "asking for the group's offsets", fault);
}
