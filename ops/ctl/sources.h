/* sources.h: the documents that rules and policy parameters rest on, and the generated page that lists them. */
#ifndef CTL_SOURCES_H
#define CTL_SOURCES_H

#include "base/arena.h"
#include "domain/source_document.h"

#include <jansson.h>
#include <stdbool.h>

/* "甘肃省医疗保障局、卫生健康委员会，2021-12-20，自 … 起施行，规范性文件" and the same in English, as far as it is known; in ARENA. */
const char *source_particulars_zh(struct arena *arena, const struct source_document *document);
const char *source_particulars_en(struct arena *arena, const struct source_document *document);

/* {document, clause, title, titleEn, issuer, issuerEn, date, inForce, kind}; a document that is not in the table has the first two. */
json_t *source_json(const char *cited, const char *clause);

/* ops/docs/sources.md, with what the shipped packs of policy_folder() cite. */
void sources_page(void);

#endif
