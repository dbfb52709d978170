/* source_document.h: the documents that rules and policy parameters rest on: laws, notices and plans, standards, and what is our
 * own decision or left to the regions. One table, ops/policy/sources.csv, compiled in; rules and the packs in ops/policy name a
 * document by its number, or by its title where it has none, and add the provision in words. */
#ifndef DOMAIN_SOURCE_DOCUMENT_H
#define DOMAIN_SOURCE_DOCUMENT_H

#include "base/arena.h"

#include <stddef.h>

/* A row of the table, in the order of its columns. A text is "" where our material does not give it. */
struct source_document {
    const char *number; /* "甘医保发〔2021〕118号" */
    const char *title_zh, *title_en;
    const char *issuer_zh, *issuer_en;
    const char *date;       /* of the document: YYYY-MM-DD, or the year alone */
    const char *in_force;   /* YYYY-MM-DD */
    const char *kind;       /* a name of source_kinds */
    const char *compendium; /* where its text stands: "4 5451-5544" is part 4, lines 5451 to 5544 (ops/docs/sources.md) */
};
extern const struct source_document source_documents[];
extern const size_t source_document_count;

struct source_kind {
    const char *name, *zh, *en;
};
extern const struct source_kind source_kinds[];
extern const size_t source_kind_count;

/* NULL: no document is cited so, no kind is named so. */
const struct source_document *source_document_find(const char *cited);
const struct source_kind *source_kind_find(const char *name);

/* The number, or the title of a document that has none: how rules and packs cite it. */
const char *source_document_cited(const struct source_document *document);

/* What a person reads: "甘医保发〔2021〕118号《国家医保谈判药品“双通道”管理机制的实施意见》：实名制". PROVISION is in words; "" says the
 * document alone. A document that is not in the table is said as CITED. In ARENA; NULL when that is full. Any thread. */
const char *source_citation(struct arena *arena, const char *cited, const char *provision);

#endif
