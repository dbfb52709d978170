/* rules.c: ctl rules: every rule that the hub decides by. */
#include "ops/ctl/rules.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"

#include "domain/rule.h"

#include <string.h>

json_t *rule_json(const struct handler *handler, const struct rule *rule)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", rule->id, "code", rule->code, "event",
                     handler->type, "document", rule->document, "clause", rule->clause, "parameter",
                     rule->parameter == NULL ? "" : rule->parameter, "sentenceZh", rule->sentence_zh,
                     "sentence", rule->sentence_en);
}

void rules_each(void (*each)(const struct handler *handler, const struct rule *rule, void *context),
                void *context)
{
    for (const struct domain *const *domain = domains_all; *domain != NULL; domain++)
        for (size_t h = 0; h < (*domain)->handler_count; h++)
            for (size_t r = 0; r < (*domain)->handlers[h].rule_count; r++)
                each(&(*domain)->handlers[h], &(*domain)->handlers[h].rules[r], context);
}

struct rules_options {
    const char *type, *code;
};

struct listing {
    const struct rules_options *options;
    struct output *output;
    size_t count;
};

static void print_rule(const struct handler *handler, const struct rule *rule, void *context)
{
    struct listing *listing = context;
    const struct rules_options *options = listing->options;

    if ((options->type != NULL && !decode_type_is(handler->type, options->type)) ||
        (options->code != NULL && strcmp(options->code, rule->code) != 0 &&
         strcmp(options->code, rule->id) != 0))
        return;
    listing->count++;
    output_row(listing->output, rule_json(handler, rule));
}

static enum exit_code rules_command(struct call *call)
{
    static const char *const columns[] = {"id", "code", "event", "document", "clause", "sentenceZh", NULL};
    struct listing listing = {.options = call->options, .output = output_open(call, columns, false)};

    if (listing.output == NULL)
        return EXIT_FAILED;
    rules_each(print_rule, &listing);
    if (!output_close(listing.output))
        return EXIT_FAILED;
    return listing.count == 0 && listing.options->code != NULL ? EXIT_NOT_FOUND : EXIT_OK;
}

static const struct option rules_options[] = {
    {"type", 't', OPTION_TEXT, offsetof(struct rules_options, type), "TYPE", "only of this event",
     "只看此类事件的规则", 0, 0},
    {"code", 0, OPTION_TEXT, offsetof(struct rules_options, code), "CODE|ID", "only this rule", "只看此规则",
     0, 0},
};
const struct command command_rules = {"ctl rules",
                                      "",
                                      "列出全部业务规则及其依据",
                                      "every rule with the document it comes from",
                                      NULL,
                                      rules_options,
                                      sizeof rules_options / sizeof *rules_options,
                                      sizeof(struct rules_options),
                                      0,
                                      0,
                                      USES_ROWS,
                                      rules_command};
