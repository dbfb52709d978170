/* main.c: one program, one table of subcommands. What each does lies in ops/. */
#include "ops/ctl/commands.h"

static const struct command *const commands[] = {
    &command_hub,          &command_up,
    &command_gateway,      &command_connector_store,
    &command_connector_webhook,
    &command_gen,          &command_version,
    &command_code_parse,   &command_code_canonical,
    &command_event_hash,
    &command_submit,       &command_facts,
    &command_receipts,     &command_deliveries,
    &command_parked,       &command_parked_show,
    &command_parked_edit,  &command_parked_redrive,
    &command_explain,      &command_state,
    &command_find,         &command_journey,
    &command_trace,        &command_recall_status,
    &command_recall_list,  &command_recall_overdue,
    &command_sum,          &command_rules,
    &command_conf,         &command_conf_check,
    &command_topics_plan,
    &command_topics_apply, &command_topics_verify,
    &command_catalogue_diff, &command_catalogue_stage, &command_catalogue_publish, &command_catalogue_withdraw,
    &command_catalogue_status, &command_catalogue_uptake, &command_catalogue_export,
    &command_policy_check, &command_policy_publish, &command_policy_show,
    &command_key_new,      &command_key_show,
    &command_key_sign,     &command_seal,
    &command_open,         &command_person_key,
    &command_org_show,
    &command_org_test,
    &command_webhook_list, &command_webhook_show,
    &command_webhook_pause, &command_webhook_resume,
    &command_webhook_parked, &command_webhook_redrive,
    &command_catalogue_lookup,
    &command_docs,         NULL,
};

int main(int argc, char **argv)
{
    return commands_run(commands, argc, argv);
}
