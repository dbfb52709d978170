#include "domain/source_document.h"

#include "domain/format.h"

#include <string.h>

const struct source_document source_documents[] = {
#include "sources.inc" /* the rows of ops/policy/sources.csv */
};
const size_t source_document_count = sizeof source_documents / sizeof *source_documents;

const struct source_kind source_kinds[] = {
    {"regulation", "行政法规、部门规章", "regulation"},
    {"notice", "规范性文件", "normative document"},
    {"plan", "工作方案", "plan or list"},
    {"draft", "征求意见稿", "draft for comment"},
    {"standard", "标准、接口规范", "standard, interface"},
    {"practice", "地方实践", "left to the regions"},
    {"design", "medhub 设计", "our own decision"},
};
const size_t source_kind_count = sizeof source_kinds / sizeof *source_kinds;

const char *source_document_cited(const struct source_document *document)
{
    return document->number[0] == '\0' ? document->title_zh : document->number;
}

const struct source_document *source_document_find(const char *cited)
{
    for (size_t i = 0; i < source_document_count; i++)
        if (strcmp(source_document_cited(&source_documents[i]), cited) == 0)
            return &source_documents[i];
    return NULL;
}

const struct source_kind *source_kind_find(const char *name)
{
    for (size_t i = 0; i < source_kind_count; i++)
        if (strcmp(source_kinds[i].name, name) == 0)
            return &source_kinds[i];
    return NULL;
}

static bool is_published(const struct source_document *document)
{
    return strcmp(document->kind, "practice") != 0 && strcmp(document->kind, "design") != 0;
}

/* "甘医保发〔2021〕118号《…》", "《…》（2021-11-24，未载文号）", "《定点医药机构接口规范》", "地方实践" */
static const char *name_of(struct arena *arena, const struct source_document *document)
{
    if (!is_published(document))
        return document->title_zh;
    if (document->number[0] != '\0')
        return format_in(arena, "%s《%s》", document->number, document->title_zh);
    if (strcmp(document->kind, "standard") == 0)
        return format_in(arena, "《%s》", document->title_zh);
    return format_in(arena, "《%s》（%s%s未载文号）", document->title_zh, document->date,
                     document->date[0] == '\0' ? "" : "，");
}

const char *source_citation(struct arena *arena, const char *cited, const char *provision)
{
    const struct source_document *document = source_document_find(cited);
    const char *name = document == NULL ? cited : name_of(arena, document);

    if (name == NULL || provision[0] == '\0')
        return name;
    return format_in(arena, "%s：%s", name, provision);
}
