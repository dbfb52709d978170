/* source_document.h: the documents that rules and policy parameters rest on: laws, notices and plans, standards, and what is our
 * own decision or left to the regions. One table, ops/policy/sources.csv, compiled in; rules and the packs in ops/policy name a
 * document by its number, or by its title where it has none, and add the provision in words. */
#ifndef DOMAIN_SOURCE_DOCUMENT_H
#define DOMAIN_SOURCE_DOCUMENT_H

#include "base/arena.h"

#include <stddef.h>

/* The documents as rules cite them. Each is a row of the table; a test holds rules to that. */
#define SOURCE_PRESCRIBING                     "卫生部令第53号" /* the ministry of health: prescriptions */
#define SOURCE_DEVICE_REGULATION               "国务院令第739号" /* the State Council: medical devices */
#define SOURCE_HOLIDAYS                        "国务院令第795号" /* the State Council: public holidays */
#define SOURCE_TRACE_CODES                     "关于加强药品追溯码在医疗保障和工伤保险领域采集应用的通知" /* drug trace codes in insurance */
#define SOURCE_DRUG_PLAN                       "2024年国家基本医保药品目录调整工作方案" /* the national drug list of 2024 */
#define SOURCE_SERVICE_ITEMS                   "国家基本医疗保险医疗服务项目目录（第一批）" /* the national list of service items */
#define SOURCE_BEIJING_CHRONIC                 "京医保中心发〔2021〕81号" /* chronic diseases across provinces */
#define SOURCE_SHANGHAI_CHRONIC                "沪医保医管发〔2021〕47号" /* the same pilot */
#define SOURCE_TIANJIN_CIRCULATION             "津医保局发〔2021〕106号" /* circulation of prescriptions */
#define SOURCE_TIANJIN_DRUG_LIST               "津医保局发〔2021〕109号" /* the drug list of 2021 */
#define SOURCE_HEBEI_CRITICAL_ILLNESS          "冀政办字〔2021〕157号" /* critical illness and medical assistance */
#define SOURCE_SHANXI_DRUG_LIST                "晋医保发〔2021〕25号" /* one drug list */
#define SOURCE_INNER_MONGOLIA_MUTUAL_AID       "内政办发〔2021〕82号" /* mutual aid of accounts */
#define SOURCE_INNER_MONGOLIA_PAYMENT_STANDARD "内医保办发〔2021〕40号" /* payment standards of drugs */
#define SOURCE_LIAONING_DEFECTS                "辽药监告〔2021〕100号" /* defects in device production */
#define SOURCE_JIANGSU_DRUG_USE                "苏医保规〔2021〕2号" /* use of drugs in insurance */
#define SOURCE_ZHEJIANG_POVERTY                "浙医保联发〔2021〕25号" /* insurance after poverty relief */
#define SOURCE_JIANGXI_FILING                  "赣卫医发〔2021〕10号" /* filing of new medical institutions */
#define SOURCE_HENAN_GRANULES                  "豫药监药注〔2021〕189号" /* formula granules */
#define SOURCE_HUBEI_POVERTY                   "医保发〔2021〕68号" /* insurance after poverty relief */
#define SOURCE_SICHUAN_CANCER_CARE             "四川省肿瘤诊疗质量提升行动实施方案" /* cancer care */
#define SOURCE_GUIZHOU_EXAMINATIONS            "黔卫健发〔2021〕20号" /* rational examinations, mutual recognition */
#define SOURCE_SHAANXI_WAREHOUSES              "陕药监办发〔2021〕117号" /* multi-warehouse coordination */
#define SOURCE_GANSU_UDI                       "甘药监发〔2021〕184号" /* unique identification of devices */
#define SOURCE_GANSU_DUAL_CHANNEL              "甘医保发〔2021〕118号" /* dual channel for negotiated drugs */
#define SOURCE_GANSU_MUTUAL_AID                "甘政办发〔2021〕111号" /* mutual aid of accounts */
#define SOURCE_XINJIANG_ADMISSION              "新疆维吾尔自治区医药机构纳入医疗保障定点机构协议管理经办规程" /* agreements of institutions */
#define SOURCE_XINJIANG_COMMUNITIES            "关于推进紧密型县域医疗卫生共同体实行基本医疗保险总额付费管理的通知" /* county medical communities, referrals */
#define SOURCE_XINJIANG_ETHNIC_DRUGS           "新疆2025年民族药、医疗机构制剂纳入医保目录工作方案" /* ethnic medicine, preparations */
#define SOURCE_XINJIANG_CONSUMABLES            "医用耗材支付管理办法（试行，征求意见稿）" /* payment for consumables */
#define SOURCE_PLATFORM                        "定点医药机构接口规范" /* the national platform's interface for institutions */
#define SOURCE_PRESCRIPTION_CENTRE             "电子处方中心接口" /* the prescription centre's interface */
#define SOURCE_GS1                             "GS1 General Specifications" /* element strings */
#define SOURCE_EPCIS                           "GS1 EPCIS 2.0、CBV 2.0" /* events of things */
#define SOURCE_PRACTICE                        "地方实践" /* left to the regions: no document at hand gives it */
#define SOURCE_DESIGN                          "medhub 设计" /* our own decision */

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
