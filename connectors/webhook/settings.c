#include "webhook/settings.h"

#define ROW(key_, kind_, member_, min_, max_, fallback_, help_, help_zh_)                                              \
    {.key = (key_),                                                                                                    \
     .kind = (kind_),                                                                                                  \
     .offset = offsetof(struct webhook_settings, member_),                                                             \
     .min = (min_),                                                                                                    \
     .max = (max_),                                                                                                    \
     .fallback = (fallback_),                                                                                          \
     .help = (help_),                                                                                                  \
     .help_zh = (help_zh_)}

const struct conf_row webhook_settings_rows[] = {
    ROW("webhook.directory", CONF_STRING, directory, 1, 1000, "medhub-webhook",
        "folder of the connector's copy of the registry; it can always be restored from Kafka",
        "连接器保存机构副本的目录；随时可从 Kafka 恢复"),
    ROW("webhook.secrets_directory", CONF_STRING, secrets_directory, 1, 1000, "medhub-secrets/webhook",
        "folder with the signing secrets of endpoints: ORGANISATION/ENDPOINT, one secret a line, the newest first",
        "各推送端点签名密钥所在目录：ORGANISATION/ENDPOINT，每行一个密钥，最新的在前"),
};
const size_t webhook_settings_row_count = sizeof webhook_settings_rows / sizeof *webhook_settings_rows;
