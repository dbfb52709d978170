/* commands.h: the rows of the main table in hub/main.c; each is defined in the file that does it. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ops/ctl/command.h"

/* ops/run */
extern const struct command command_hub, command_up, command_version, command_gateway, command_connector_store,
    command_connector_webhook;
/* ops/ctl/webhook.c, webhook_wish.c, webhook_parked.c */
extern const struct command command_webhook_list, command_webhook_show, command_webhook_pause, command_webhook_resume,
    command_webhook_parked, command_webhook_redrive;
/* ops/code */
extern const struct command command_code_parse, command_code_canonical, command_event_hash;
/* ops/ctl/catalogue_*.c */
extern const struct command command_catalogue_diff, command_catalogue_stage, command_catalogue_publish,
    command_catalogue_withdraw, command_catalogue_status, command_catalogue_uptake,
    command_catalogue_export, command_catalogue_apply;
/* ops/gen */
extern const struct command command_gen;
/* ops/ctl/catalogue_lookup.c */
extern const struct command command_catalogue_lookup;
/* ops/ctl/recall.c */
extern const struct command command_recall_status, command_recall_list, command_recall_overdue;
/* ops/ctl/key.c */
extern const struct command command_key_new, command_key_show, command_key_sign;
/* ops/ctl/seal.c */
extern const struct command command_seal, command_open, command_person_key;
/* ops/ctl/org.c, org_test.c */
extern const struct command command_org_show, command_org_change, command_org_test;
/* ops/ctl */
extern const struct command command_submit, command_facts, command_receipts, command_deliveries,
    command_parked, command_parked_show, command_parked_edit, command_parked_redrive, command_topics_plan,
    command_topics_apply, command_topics_verify, command_rules, command_conf, command_conf_check, command_sum,
    command_policy_check, command_policy_publish, command_docs, command_state, command_explain, command_find, command_journey,
    command_trace, command_policy_show;

#endif
