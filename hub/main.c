/* main.c: one program, one table of subcommands. What each does lies in ops/. */
#include "ops/ctl/commands.h"

static const struct command *const commands[] = {
    COMMAND_HEADING("运行", "run"),
    &command_up, &command_hub, &command_gateway, &command_connector_store, &command_connector_webhook,
    &command_topics_plan, &command_topics_apply, &command_topics_verify, &command_conf, &command_conf_check,
    COMMAND_HEADING("提交与试用数据", "say something, and data to try with"),
    &command_submit, &command_gen,
    COMMAND_HEADING("查看 Kafka 中的内容", "look at what is in Kafka"),
    &command_facts, &command_receipts, &command_deliveries, &command_state, &command_explain, &command_rules, &command_sum,
    COMMAND_HEADING("查询（SQL 查询库）", "ask the SQL read model"),
    &command_find, &command_journey, &command_trace, &command_recall_status, &command_recall_list, &command_recall_overdue,
    COMMAND_HEADING("被拒绝的事件", "what was refused"),
    &command_parked, &command_parked_show, &command_parked_edit, &command_parked_redrive,
    COMMAND_HEADING("推送端点", "endpoints that webhooks go to"),
    &command_webhook_list, &command_webhook_show, &command_webhook_pause, &command_webhook_resume,
    &command_webhook_parked, &command_webhook_redrive,
    COMMAND_HEADING("目录", "the catalogue"),
    &command_catalogue_lookup, &command_catalogue_diff, &command_catalogue_stage, &command_catalogue_publish,
    &command_catalogue_withdraw, &command_catalogue_status, &command_catalogue_uptake, &command_catalogue_export, &command_catalogue_apply,
    COMMAND_HEADING("政策参数与机构", "policy and organisations"),
    &command_policy_check, &command_policy_publish, &command_policy_show, &command_org_show, &command_org_change, &command_org_test,
    COMMAND_HEADING("密钥与身份", "keys and identities"),
    &command_key_new, &command_key_show, &command_key_sign, &command_seal, &command_open, &command_person_key,
    COMMAND_HEADING("编码、文档、版本", "codes, pages, versions"),
    &command_code_parse, &command_code_canonical, &command_event_hash, &command_docs, &command_version,
    NULL,
};

int main(int argc, char **argv)
{
    return commands_run(commands, argc, argv);
}
