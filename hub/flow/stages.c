#include "flow/stages.h"

#include "flow/flow.h"

const struct stage stages_standard[] = {
    {"decode", decode_stage},       /* headers and bytes become attributes and a message */
    {"authorise", authorise_stage}, /* may this organisation say this? */
    {"dedupe", dedupe_stage},       /* was it decided before? then answer as the first time */
    {"check", check_stage},         /* is every field what the schema says? */
    {"decide", decide_stage},       /* the domain's rules: facts, or findings */
    {"emit", emit_stage},           /* facts, receipt, deliveries, state: into the transaction */
    {NULL, NULL},
};
