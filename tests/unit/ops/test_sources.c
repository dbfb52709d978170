// links: dep::jansson
/* source_document.h and what cites it: rules, deadlines and the shipped packs name documents of ops/policy/sources.csv and say the
 * provision in words. */
#include "ops/ctl/compendium.h"
#include "ops/ctl/policy_file.h"
#include "ops/ctl/rules.h"

#include "domain/agreement_deadline.h"
#include "domain/source_document.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    regex_t locator;
    struct policy_set packs;
    size_t wrong;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    const char *paths[POLICY_PACKS_MAX];

    memset(&fixture, 0, sizeof fixture);
    fixture.arena = arena_new(256 * 1024, 64 * 1024 * 1024);
    policy_set_read(paths, policy_shipped(fixture.arena, paths), fixture.arena, &fixture.packs);
    if (fixture.packs.count == 0 ||
        regcomp(&fixture.locator,
                "C[1-4] ?L?[0-9]{3}|(^|[^0-9A-Za-z])L[0-9]{3,4}|S-[A-D]($|[^a-z])|nhsa-wire|udi [0-9]|[a-z]+\\.md|compendium|seeds/",
                REG_EXTENDED) != 0)
        return -1;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->arena);
    regfree(&fixture->locator);
    return 0;
}

static void complain(struct fixture *fixture, const char *what, const char *said, const char *sentence)
{
    fixture->wrong++;
    print_error("%s cites \"%s\": %s\n", what, said, sentence);
}

/* True if the number whose bracket stands at BRACKET in TEXT is that of a document of the table. */
static bool is_mentioned_rightly(const char *text, const char *bracket)
{
    for (size_t i = 0; i < source_document_count; i++) {
        const char *number = source_documents[i].number, *its = strstr(number, "〔");
        size_t before = its == NULL ? 0 : (size_t)(its - number);
        if (its != NULL && (size_t)(bracket - text) >= before && strncmp(bracket - before, number, strlen(number)) == 0)
            return true;
    }
    return false;
}

/* What a hospital's engineer or a lawyer reads. */
static void text_is_for_people(struct fixture *fixture, const char *what, const char *text)
{
    if (regexec(&fixture->locator, text, 0, NULL, 0) == 0)
        complain(fixture, what, text,
                 "write the provision in words; where the compendium has it is a row of ops/policy/compendium_lines.csv");
    for (const char *bracket = strstr(text, "〔"); bracket != NULL; bracket = strstr(bracket + 1, "〔"))
        if (!is_mentioned_rightly(text, bracket))
            complain(fixture, what, text, "a document that it mentions is no row of ops/policy/sources.csv");
}

static void citation_holds(struct fixture *fixture, const char *what, const char *document, const char *clause)
{
    if (source_document_find(document) == NULL)
        complain(fixture, what, document,
                 "no such document; write its number, or its title if it has none, as a row of ops/policy/sources.csv has it (in C a name of "
                 "source_document.h), or add that row");
    text_is_for_people(fixture, what, clause);
    if (clause[0] == '\0')
        complain(fixture, what, document, "say the provision in words");
}

static void rule_cites(const struct handler *handler, const struct rule *rule, void *context)
{
    (void)handler;
    for (size_t i = 0; rule_provision(rule, i).document != NULL; i++)
        citation_holds(context, rule->id, rule_provision(rule, i).document, rule_provision(rule, i).clause);
}

static void rules_cite_documents_of_the_table(void **state)
{
    struct fixture *fixture = *state;
    rules_each(rule_cites, fixture);
    for (size_t i = 0; i < deadline_row_count; i++)
        text_is_for_people(fixture, deadline_rows[i].name, deadline_rows[i].clause);
    assert_int_equal(fixture->wrong, 0);
}

static void parameters_cite_documents_of_the_table(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < fixture->packs.count; i++)
        for (size_t j = 0; j < fixture->packs.packs[i].count; j++) {
            const struct policy_value *value = &fixture->packs.packs[i].values[j];
            citation_holds(fixture, value->name, value->document, value->clause);
        }
    assert_int_equal(fixture->wrong, 0);
}

static void old_ways_of_citing_are_found(void **state)
{
    struct fixture *fixture = *state;
    static const char *const wrong[] = {"实名制，C4 L5516",          "配方颗粒，C3 4161",       "含当日，见 L5403",
                                        "D001 drugCnt，nhsa-wire 2.2", "全程留痕，S-A",           "串换，udi 5",
                                        "design.md 第5节",           "见甘医保发〔2021〕999号"};
    static const char *const right[] = {"实名制", "第五十五条", "2207 psn_no", "见甘医保发〔2021〕118号、医保发〔2021〕68号",
                                        "GTIN-14", "D001 rxDrugCnt，中药饮片剂数"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fixture->wrong = 0;
        text_is_for_people(fixture, "(a test of the test)", wrong[i]);
        assert_int_equal(fixture->wrong, 1);
    }
    fixture->wrong = 0;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        text_is_for_people(fixture, "(a test of the test)", right[i]);
    citation_holds(fixture, "(a test of the test)", "C4", "实名制");
    assert_int_equal(fixture->wrong, 1);
    fixture->wrong = 0;
}

static bool is_day(const char *text)
{
    return text[0] == '\0' || date_parse(bytes_of(text)) != DATE_NONE;
}

static void every_document_is_told_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < source_document_count; i++) {
        const struct source_document *document = &source_documents[i];
        assert_true(document->title_zh[0] != '\0' && document->title_en[0] != '\0');
        assert_non_null(source_kind_find(document->kind));
        assert_ptr_equal(source_document_find(source_document_cited(document)), document);
        assert_true(is_day(document->in_force));
        assert_true(is_day(document->date) || strlen(document->date) == 4);
        assert_int_equal(document->issuer_zh[0] == '\0', document->issuer_en[0] == '\0');
    }
}

struct search {
    const char *id;
    bool found;
};

static void look_for(const struct handler *handler, const struct rule *rule, void *context)
{
    struct search *search = context;
    (void)handler;
    search->found = search->found || strcmp(rule->id, search->id) == 0;
}

static void lines_of_the_compendium_belong_to_rules_and_parameters(void **state)
{
    const struct fixture *fixture = *state;
    for (size_t i = 0; i < compendium_row_count; i++) {
        struct search search = {compendium_rows[i].what, false};
        rules_each(look_for, &search);
        if (!search.found && policy_pack_any(fixture->packs.nation, search.id) == NULL)
            fail_msg("ops/policy/compendium_lines.csv: no rule and no parameter is called %s", search.id);
    }
}

static void citations_read_like_this(void **state)
{
    struct arena *arena = ((struct fixture *)*state)->arena;
    assert_string_equal(source_citation(arena, "甘医保发〔2021〕118号", "实名制"),
                        "甘医保发〔2021〕118号《国家医保谈判药品“双通道”管理机制的实施意见》：实名制");
    assert_string_equal(source_citation(arena, "新疆维吾尔自治区医药机构纳入医疗保障定点机构协议管理经办规程", "公示10日"),
                        "《新疆维吾尔自治区医药机构纳入医疗保障定点机构协议管理经办规程》（2021-11-24，未载文号）：公示10日");
    assert_string_equal(source_citation(arena, "四川省肿瘤诊疗质量提升行动实施方案", ""), "《四川省肿瘤诊疗质量提升行动实施方案》（未载文号）");
    assert_string_equal(source_citation(arena, "电子处方中心接口", "D001 drugCnt"), "《电子处方中心接口》：D001 drugCnt");
    assert_string_equal(source_citation(arena, "地方实践", "认领时限"), "地方实践：认领时限");
    assert_string_equal(source_citation(arena, "某市医保发〔2026〕1号", "第三条"), "某市医保发〔2026〕1号：第三条");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_cite_documents_of_the_table),
        cmocka_unit_test(parameters_cite_documents_of_the_table),
        cmocka_unit_test(old_ways_of_citing_are_found),
        cmocka_unit_test(every_document_is_told_whole),
        cmocka_unit_test(lines_of_the_compendium_belong_to_rules_and_parameters),
        cmocka_unit_test(citations_read_like_this),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
