/* rules.c: ctl rules: every rule that the hub decides by. */
#include "ops/ctl/rules.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/sources.h"

#include "domain/rule.h"

#include <stdio.h>
#include <string.h>

json_t *rule_json(const struct handler *handler, const struct rule *rule)
{
    struct arena *arena = arena_new(4096, 64 * 1024);
    const char *citation = arena == NULL ? NULL : rule_citation(rule, arena);
    json_t *sources = json_array();

    for (size_t i = 0; rule_provision(rule, i).document != NULL; i++)
        (void)json_array_append_new(sources, source_json(rule_provision(rule, i).document, rule_provision(rule, i).clause));
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s}", "id", rule->id, "code", rule->code, "event",
                             handler->type, "citation", citation == NULL ? rule->document : citation, "sources", sources,
                             "parameter", rule->parameter == NULL ? "" : rule->parameter, "sentenceZh", rule->sentence_zh,
                             "sentence", rule->sentence_en);
    arena_free(arena);
    return json;
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

/* --- one rule, for a person --- */

struct telling {
    const char *name; /* id or code */
    struct arena *arena;
    size_t count;
};

static void tell_source(struct arena *arena, struct provision provision)
{
    const struct source_document *document = source_document_find(provision.document);
    const char *citation = source_citation(arena, provision.document, provision.clause);

    (void)printf("  依据 / source: %s\n", citation == NULL ? provision.document : citation);
    if (document != NULL)
        (void)printf("      %s\n      %s\n", source_particulars_zh(arena, document), source_particulars_en(arena, document));
}

static void tell_rule(const struct handler *handler, const struct rule *rule, void *context)
{
    struct telling *telling = context;

    if (strcmp(telling->name, rule->code) != 0 && strcmp(telling->name, rule->id) != 0)
        return;
    (void)printf("%s%s  %s  %s\n  %s\n  %s\n", telling->count++ == 0 ? "" : "\n", rule->id, rule->code, handler->type,
                 rule->sentence_zh, rule->sentence_en);
    for (size_t i = 0; rule_provision(rule, i).document != NULL; i++)
        tell_source(telling->arena, rule_provision(rule, i));
    if (rule->parameter != NULL)
        (void)printf("  政策参数 / policy parameter: %s%s%s\n", rule->parameter, rule->parameter_also == NULL ? "" : ", ",
                     rule->parameter_also == NULL ? "" : rule->parameter_also);
}

static enum exit_code tell(const char *name)
{
    struct telling telling = {.name = name, .arena = arena_new(16 * 1024, 1024 * 1024)};

    if (telling.arena == NULL)
        return EXIT_FAILED;
    rules_each(tell_rule, &telling);
    arena_free(telling.arena);
    if (fflush(stdout) != 0)
        return EXIT_FAILED;
    return telling.count == 0 ? EXIT_NOT_FOUND : EXIT_OK;
}

static enum exit_code rules_command(struct call *call)
{
    static const char *const columns[] = {"id", "code", "event", "citation", "sentenceZh", NULL};
    struct rules_options *options = call->options;

    if (call->argument_count == 1)
        options->code = call->arguments[0];
    if (call->argument_count == 1 && output_is_table(call) && call->common.fields == NULL)
        return tell(options->code);
    struct listing listing = {.options = options, .output = output_open(call, columns, false)};

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
                                      "[ID|CODE]",
                                      "列出全部业务规则及其依据；给出编号则说明该规则的全部依据",
                                      "every rule with the document it comes from; with an ID one rule and all of its sources",
                                      NULL,
                                      rules_options,
                                      sizeof rules_options / sizeof *rules_options,
                                      sizeof(struct rules_options),
                                      0,
                                      1,
                                      USES_ROWS,
                                      rules_command};
