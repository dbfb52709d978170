#include "gateway/settings.h"

#define ROW(key_, kind_, member_, min_, max_, fallback_, help_, help_zh_)                                              \
    {.key = (key_),                                                                                                    \
     .kind = (kind_),                                                                                                  \
     .offset = offsetof(struct gateway_settings, member_),                                                             \
     .min = (min_),                                                                                                    \
     .max = (max_),                                                                                                    \
     .fallback = (fallback_),                                                                                          \
     .help = (help_),                                                                                                  \
     .help_zh = (help_zh_)}

const struct conf_row gateway_settings_rows[] = {
    ROW("gateway.address", CONF_STRING, address, 1, 100, "127.0.0.1", "address that the gateway listens on",
        "网关监听的地址"),
    ROW("gateway.port", CONF_INT, port, 0, 65535, "8443", "port of the gateway; 0: any free one",
        "网关端口；0 表示任选"),
    ROW("gateway.directory", CONF_STRING, directory, 1, 1000, "medhub-gateway",
        "folder of the gateway's copy of the registry and catalogue; it can always be restored from Kafka",
        "网关保存机构与目录副本的目录；随时可从 Kafka 恢复"),
};
const size_t gateway_settings_row_count = sizeof gateway_settings_rows / sizeof *gateway_settings_rows;
