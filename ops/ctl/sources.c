#include "ops/ctl/sources.h"

#include "ops/ctl/compendium.h"
#include "ops/ctl/page.h"
#include "ops/ctl/policy_file.h"
#include "ops/ctl/rules.h"

#include <stdio.h>
#include <string.h>

static bool is_given(const char *text)
{
    return text[0] != '\0';
}

/* TEXT and WORDS with what SEPARATOR says between them; nothing is added where WORDS is "". */
static const char *joined(struct arena *arena, const char *text, const char *separator, const char *before, const char *words,
                          const char *after)
{
    if (!is_given(words))
        return text;
    const char *together =
        arena_format(arena, "%s%s%s%s%s", text, is_given(text) ? separator : "", before, words, after);
    return together == NULL ? "" : together;
}

const char *source_particulars_zh(struct arena *arena, const struct source_document *document)
{
    const struct source_kind *kind = source_kind_find(document->kind);
    const char *text = joined(arena, document->issuer_zh, "，", "", document->date, "");
    text = joined(arena, text, "，", "自", document->in_force, "起施行");
    return joined(arena, text, "，", "", kind == NULL ? "" : kind->zh, "");
}

const char *source_particulars_en(struct arena *arena, const struct source_document *document)
{
    const struct source_kind *kind = source_kind_find(document->kind);
    const char *text = joined(arena, document->title_en, ". ", "", document->issuer_en, "");
    text = joined(arena, text, ", ", "", document->date, "");
    text = joined(arena, text, ", ", "in force from ", document->in_force, "");
    return joined(arena, text, ", ", "", kind == NULL ? "" : kind->en, "");
}

json_t *source_json(const char *cited, const char *clause)
{
    const struct source_document *document = source_document_find(cited);

    if (document == NULL)
        return json_pack("{s:s, s:s}", "document", cited, "clause", clause);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "document", cited, "clause", clause, "title",
                     document->title_zh, "titleEn", document->title_en, "issuer", document->issuer_zh, "issuerEn",
                     document->issuer_en, "date", document->date, "inForce", document->in_force, "kind", document->kind);
}

/* --- the page --- */

struct listing {
    struct arena *arena;
    const struct policy_set *packs;
    const struct source_document *document;
    const char *rules, *last_rule; /* of the document, so far; a rule of several events is named once */
};

static void add_rule(const struct handler *handler, const struct rule *rule, void *context)
{
    struct listing *listing = context;
    (void)handler;

    for (size_t i = 0; rule_provision(rule, i).document != NULL; i++)
        if (strcmp(rule_provision(rule, i).document, source_document_cited(listing->document)) == 0 &&
            strcmp(listing->last_rule, rule->id) != 0) {
            listing->rules = joined(listing->arena, listing->rules, " ", "", rule->id, "");
            listing->last_rule = rule->id;
        }
}

/* A parameter may mention further documents in the words of its clause. */
static bool rests_on(const struct policy_value *value, const struct source_document *document)
{
    const char *cited = source_document_cited(document);
    return strcmp(value->document, cited) == 0 || strstr(value->clause, cited) != NULL;
}

static const char *parameters_of(const struct listing *listing)
{
    const char *names = "";

    for (size_t i = 0; i < listing->packs->count; i++)
        for (size_t j = 0; j < listing->packs->packs[i].count; j++) {
            const struct policy_value *value = &listing->packs->packs[i].values[j];
            if (!rests_on(value, listing->document) || strstr(names, arena_format(listing->arena, "`%s`", value->name)) != NULL)
                continue;
            names = joined(listing->arena, names, " ", "`", value->name, "`");
        }
    return names;
}

static const char *both(struct arena *arena, const char *zh, const char *en)
{
    return arena_format(arena, "%s / %s", zh, en);
}

static void print_document(struct listing *listing)
{
    const struct source_document *document = listing->document;
    const struct source_kind *kind = source_kind_find(document->kind);

    listing->rules = listing->last_rule = "";
    rules_each(add_rule, listing);
    page_row((const char *const[]){
        document->number, both(listing->arena, document->title_zh, document->title_en),
        is_given(document->issuer_zh) ? both(listing->arena, document->issuer_zh, document->issuer_en) : "",
        document->date, document->in_force,
        kind == NULL ? document->kind : both(listing->arena, kind->zh, kind->en), document->compendium,
        listing->rules, parameters_of(listing), NULL});
}

static void print_value(struct arena *arena, const struct policy_value *value)
{
    page_row((const char *const[]){arena_format(arena, "`%s`", value->name), value->region, value->text,
                                   arena_format(arena, "%s：%s", value->document, value->clause),
                                   compendium_lines_of(value->name), NULL});
}

static void print_page(struct arena *arena, const struct policy_set *packs)
{
    page_title("依据 / Sources", "sources");
    (void)fputs(
        "规则与政策参数以文号引用文件（无文号的引用标题），再写明条款；本页列出全部文件。标题、发布机关和日期以所据材料为准，材料从简处本页亦从简，"
        "未载明的留空。“汇编”一栏指《全国医药政策月度汇编》2021年第12期（2021-12-31）的部分与行号：“4 5451-5544”为第四部分第5451至5544行。\n\n"
        "Rules and policy parameters cite a document by its number, or by its title where it has none, and add the provision; this page "
        "lists all documents. Titles, issuers and dates are those of our material: where it shortens a title so does this page, what it "
        "does not give stays blank. Interfaces of the national platform are cited as public implementations show them. "
        "*Compendium* is the monthly compendium of national pharmaceutical and medical policy, 2021 no. 12, published 2021-12-31: "
        "\"4 5451-5544\" is part 4, lines 5451 to 5544 of its text. The lines of a single rule stand on the [rules page](rules.md).\n\n"
        "The table is [ops/policy/sources.csv](../policy/sources.csv): a new document is a row there.\n\n",
        stdout);
    page_columns((const char *const[]){"文号 / number", "标题 / title", "发布机关 / issuer", "日期 / date", "施行 / in force",
                                       "类别 / kind", "汇编 / compendium", "规则 / rules", "政策参数 / policy parameters", NULL});
    for (size_t i = 0; i < source_document_count; i++) {
        struct listing listing = {.arena = arena, .packs = packs, .document = &source_documents[i]};
        print_document(&listing);
    }
    (void)fputs("\n## 政策参数 / Policy parameters\n\n", stdout);
    page_columns((const char *const[]){"parameter", "region", "value", "依据 / source", "汇编 / compendium", NULL});
    for (size_t i = 0; i < packs->count; i++)
        for (size_t j = 0; j < packs->packs[i].count; j++)
            print_value(arena, &packs->packs[i].values[j]);
}

void sources_page(void)
{
    struct arena *arena = arena_new(256 * 1024, 64 * 1024 * 1024);
    const char *paths[POLICY_PACKS_MAX];

    if (arena == NULL)
        return;
    struct policy_set *packs = arena_take_zeroed(arena, sizeof *packs);
    if (packs != NULL) {
        policy_set_read(paths, policy_shipped(arena, paths), arena, packs);
        print_page(arena, packs);
    }
    arena_free(arena);
}
