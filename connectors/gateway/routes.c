#include "gateway/routes.h"

#define JSON    "application/json"
#define PROBLEM "application/problem+json"

/* ---- parameters ---- */

#define CURSOR "^[A-Za-z0-9_-]+$" /* cursor.h; "now" too */
#define PARAMETERS_END {.name = NULL}

static const struct parameter_row submit_parameters[] = {
    {"wait", IN_QUERY, PARAMETER_INTEGER, false, 0, 3600, NULL, "5",
     "seconds to wait for the hub's decision; 0 and absent: none; more than gateway.wait_seconds_max counts as that",
     "等待枢纽决定的秒数；0 或缺省为不等待；超过 gateway.wait_seconds_max 按上限计"},
    {"ce-specversion", IN_HEADER, PARAMETER_TEXT, false, 0, 3, "^1\\.0$", "1.0",
     "binary mode: version of CloudEvents", "二进制模式：CloudEvents 版本"},
    {"ce-id", IN_HEADER, PARAMETER_TEXT, false, 1, 255, NULL, "e-1",
     "binary mode: id of the event, unique for its source; the same id again is answered as the first time",
     "二进制模式：事件编号，同一来源内唯一；重复提交按首次结果答复"},
    {"ce-source", IN_HEADER, PARAMETER_TEXT, false, 1, 255, NULL, "H65010000001",
     "binary mode: the organisation that says it", "二进制模式：事件来源机构编码"},
    {"ce-type", IN_HEADER, PARAMETER_TEXT, false, 1, 255, NULL, "medhub.prescription.uploaded.v1",
     "binary mode: type of the event", "二进制模式：事件类型"},
    {"ce-time", IN_HEADER, PARAMETER_TEXT, false, 0, 255, NULL, "2026-01-31T08:00:00Z",
     "binary mode: when it happened, RFC 3339", "二进制模式：发生时间，RFC 3339"},
    {"ce-subject", IN_HEADER, PARAMETER_TEXT, false, 0, 255, NULL, NULL,
     "binary mode: what it is about; by default the event's subject field", "二进制模式：事件主题；缺省取主题字段"},
    {"traceparent", IN_HEADER, PARAMETER_TEXT, false, 0, 255, NULL, NULL, "W3C trace context", "W3C 追踪上下文"},
    PARAMETERS_END,
};

static const struct parameter_row receipt_parameters[] = {
    {"source", IN_PATH, PARAMETER_TEXT, true, 1, 255, NULL, "H65010000001", "the event's source", "事件来源"},
    {"id", IN_PATH, PARAMETER_TEXT, true, 1, 255, NULL, "e-1", "the event's id", "事件编号"},
    PARAMETERS_END,
};

static const struct parameter_row no_parameters[] = {PARAMETERS_END};

static const struct parameter_row feed_parameters[] = {
    {"feed", IN_PATH, PARAMETER_TEXT, true, 1, 255, NULL, "deliveries", "a name from the list of feeds",
     "订阅名称，取自订阅列表"},
    {"after", IN_QUERY, PARAMETER_TEXT, false, 1, 4096, CURSOR, NULL,
     "cursor: what comes after it; absent: from the oldest kept; \"now\": only what comes from now on",
     "游标：其后的内容；缺省从最早保留的开始；now 表示只要此后的内容"},
    {"wait", IN_QUERY, PARAMETER_INTEGER, false, 0, 3600, NULL, "30",
     "seconds to wait when there is nothing new (long poll)", "无新内容时等待的秒数（长轮询）"},
    {"limit", IN_QUERY, PARAMETER_INTEGER, false, 1, 10000, NULL, "100",
     "events in a page at most; more than gateway.page_events_max counts as that",
     "每页最多事件数；超过 gateway.page_events_max 按上限计"},
    {"types", IN_QUERY, PARAMETER_LIST, false, 0, 64, NULL, NULL, "only these types of events", "只要这些类型的事件"},
    {"Last-Event-ID", IN_HEADER, PARAMETER_TEXT, false, 1, 4096, CURSOR, NULL,
     "Server-Sent Events: the cursor to go on from; it takes the place of after", "SSE：续传游标，优先于 after"},
    PARAMETERS_END,
};

static const struct parameter_row catch_up_parameters[] = {
    {"after", IN_QUERY, PARAMETER_TEXT, true, 1, 4096, CURSOR, NULL, "cursor of the feed catalogue: where the copy stands",
     "catalogue 订阅游标：副本所处的位置"},
    PARAMETERS_END,
};

static const struct parameter_row item_parameters[] = {
    {"table", IN_PATH, PARAMETER_TEXT, true, 1, 64, NULL, "WESTERN_DRUG", "kind of item, as in catalogue.proto without KIND_",
     "目录类别，即 catalogue.proto 中去掉 KIND_ 的名称"},
    {"code", IN_PATH, PARAMETER_TEXT, true, 1, 150, NULL, NULL, "code of the item", "条目编码"},
    {"date", IN_QUERY, PARAMETER_DATE, false, 0, 0, NULL, "2026-01-31", "the day to look at; today in China by default",
     "查询日期；缺省为中国当日"},
    {"region", IN_QUERY, PARAMETER_TEXT, false, 6, 6, "^[0-9]{6}$", "650100",
     "region whose row is wanted, else the next outer one's; the caller's by default",
     "适用地区，无则取上级地区；缺省为调用机构所在地区"},
    {"institution", IN_QUERY, PARAMETER_TEXT, false, 1, 64, NULL, "H65010200001", "also asks its formulary",
     "同时查询该机构的用药目录"},
    {"insurance", IN_QUERY, PARAMETER_TEXT, false, 3, 6, "^[0-9]+$", "310",
     "insutype, as 310 employees, 390 residents, 510 maternity: whether it pays", "险种，如 310 职工、390 居民、510 生育：是否支付"},
    {"acrossProvinces", IN_QUERY, PARAMETER_TEXT, false, 4, 5, "^(true|false)$", "true",
     "care in another province than the insurance; region is then that of care", "跨省异地就医；region 为就医地"},
    PARAMETERS_END,
};

static const struct parameter_row uptake_parameters[] = {
    {"release", IN_PATH, PARAMETER_TEXT, true, 1, 64, NULL, "NRDL-2025", "ID of the release", "版本号"},
    {"state", IN_QUERY, PARAMETER_TEXT, false, 1, 16, "^(applied|different|missing)$", "missing", "only these institutions",
     "只列出该状态的机构"},
    {"after", IN_QUERY, PARAMETER_TEXT, false, 1, 64, NULL, NULL, "only those whose id comes after this one", "从该机构之后列起"},
    {"limit", IN_QUERY, PARAMETER_INTEGER, false, 1, 1000, NULL, "100", "institutions in the answer at most", "最多列出的机构数"},
    PARAMETERS_END,
};

#define LOOK_PARAMETERS                                                                                                \
    {"limit", IN_QUERY, PARAMETER_INTEGER, false, 1, 1000, NULL, "20", "exchanges in the answer at most",             \
     "最多返回的往来数"},                                                                                              \
    {"before", IN_QUERY, PARAMETER_TEXT, false, 1, 400, NULL, NULL,                                                   \
     "goes on behind the last exchange of an earlier answer: its `next`", "接着上一次答复继续：取其 next"}

static const struct parameter_row prescription_parameters[] = {
    {"number", IN_PATH, PARAMETER_TEXT, true, 1, 64, NULL, NULL, "national or hospital number", "国家或院内处方号"},
    LOOK_PARAMETERS,
    PARAMETERS_END,
};
static const struct parameter_row settlement_parameters[] = {
    {"id", IN_PATH, PARAMETER_TEXT, true, 1, 64, NULL, NULL, "id of the settlement", "结算编号"},
    LOOK_PARAMETERS,
    PARAMETERS_END,
};
static const struct parameter_row search_parameters[] = {
    {"key", IN_QUERY, PARAMETER_TEXT, true, 1, 255, NULL, NULL,
     "what a person knows: a number, an id, a pseudonym, a lot, a serial", "已知的号码：处方号、结算号、参保人假名、批号、序列号等"},
    {"kind", IN_QUERY, PARAMETER_LIST, false, 0, 16, NULL, "prescription",
     "what the key is: event, trace, key, prescription, settlement, product, lot, serial, order, organisation, item; "
     "by default any of them",
     "号码的种类；缺省不限"},
    LOOK_PARAMETERS,
    PARAMETERS_END,
};

static const struct parameter_row capture_parameters[] = {
    {"GS1-Capture-Error-Behaviour", IN_HEADER, PARAMETER_TEXT, false, 1, 16, "^proceed$", "proceed",
     "proceed: each event is decided by itself; rollback is not there", "proceed：逐个裁决；不支持 rollback"},
    PARAMETERS_END,
};
static const struct parameter_row capture_job_parameters[] = {
    {"capture", IN_PATH, PARAMETER_TEXT, true, 1, 64, NULL, NULL, "captureID of the answer to POST", "POST 答复中的 captureID"},
    PARAMETERS_END,
};
static const struct parameter_row epcis_events_parameters[] = {
    {"MATCH_anyEPC", IN_QUERY, PARAMETER_TEXT, true, 1, 400, NULL, "https://id.gs1.org/01/06931718175589/21/S1",
     "an item, a box or a lot: Digital Link, or a code as the scanner gives it; the events of the boxes that an item lay in are there",
     "物品、包装或批次：数字链接或扫码内容；含其所在包装的事件"},
    {"GE_eventTime", IN_QUERY, PARAMETER_TEXT, false, 1, 40, NULL, "2026-01-31T08:00:00Z", "from then on, RFC 3339", "起始时间（含）"},
    {"LT_eventTime", IN_QUERY, PARAMETER_TEXT, false, 1, 40, NULL, "2026-02-28T08:00:00Z", "before then, RFC 3339", "截止时间（不含）"},
    {"EQ_bizStep", IN_QUERY, PARAMETER_TEXT, false, 1, 100, NULL, "shipping", "only this business step", "仅此业务步骤"},
    {"perPage", IN_QUERY, PARAMETER_INTEGER, false, 1, 10000, NULL, "100", "events looked at, at most; 1000 by default", "最多事件数；缺省 1000"},
    PARAMETERS_END,
};

static const struct parameter_row trace_parameters[] = {
    {"question", IN_PATH, PARAMETER_TEXT, true, 1, 64, NULL, "history", "a name from the list of questions", "问题名称，取自问题列表"},
    {"code", IN_QUERY, PARAMETER_TEXT, false, 1, 400, NULL, NULL, "a whole code as the scanner gives it; says product, lot and serial",
     "扫码内容，给出产品标识、批号、序列号"},
    {"product", IN_QUERY, PARAMETER_TEXT, false, 1, 100, NULL, "06931718175589",
     "device identifier, or the first 7 digits of a drug trace code", "产品标识，或药品追溯码前 7 位"},
    {"lot", IN_QUERY, PARAMETER_TEXT, false, 1, 50, NULL, NULL, "lot", "批号"},
    {"serial", IN_QUERY, PARAMETER_TEXT, false, 1, 50, NULL, NULL, "serial number", "序列号"},
    {"holder", IN_QUERY, PARAMETER_TEXT, false, 1, 64, NULL, NULL, "organisation from which the chain of a lot is followed up",
     "批次上溯的起点机构"},
    {"recall", IN_QUERY, PARAMETER_TEXT, false, 1, 50, NULL, NULL, "number of a recall", "召回编号"},
    {"at", IN_QUERY, PARAMETER_TEXT, false, 1, 40, NULL, "2026-01-31T08:00:00Z", "as of then, RFC 3339; absent: now",
     "截至该时刻（RFC 3339）；缺省为当前"},
    {"days", IN_QUERY, PARAMETER_INTEGER, false, 1, 3650, NULL, "14", "not received for so many days", "超过该天数未收货"},
    {"limit", IN_QUERY, PARAMETER_INTEGER, false, 1, 1000000, NULL, "1000", "rows at most; 100000 by default",
     "最多行数；缺省 100000"},
    PARAMETERS_END,
};

static const struct parameter_row recall_parameters[] = {
    {"recall", IN_PATH, PARAMETER_TEXT, true, 1, 50, NULL, "ZH-1", "number of the recall", "召回编号"},
    {"limit", IN_QUERY, PARAMETER_INTEGER, false, 1, 1000000, NULL, "1000", "rows at most; 100000 by default",
     "最多行数；缺省 100000"},
    PARAMETERS_END,
};

/* ---- bodies ---- */

static const struct body_row submit_bodies[] = {
    {"application/cloudevents+json", "event", "structured mode: one event", "结构化模式：单个事件"},
    {"application/cloudevents-batch+json", "event[]", "batch mode: up to gateway.batch_events_max events",
     "批量模式：至多 gateway.batch_events_max 个事件"},
    {"application/json", "data", "binary mode: the data as JSON, the attributes as ce-* headers",
     "二进制模式：正文为 JSON 数据，属性在 ce-* 头中"},
    {"application/protobuf", "bytes", "binary mode: the data as protobuf, the attributes as ce-* headers",
     "二进制模式：正文为 protobuf 数据，属性在 ce-* 头中"},
    {.content_type = NULL},
};

static const struct body_row capture_bodies[] = {
    {"application/ld+json", "any", "an EPCISDocument of schema version 2.0", "EPCIS 2.0 文档"},
    {"application/json", "any", "the same", "同上"},
    {.content_type = NULL},
};

/* ---- answers ---- */

#define ANSWERS_END {.status = 0}
#define HEADERS_END {.name = NULL}

static const struct header_row location_header[] = {
    {"Location", "address of the receipt; absent for a batch", "回执地址；批量时没有"}, HEADERS_END};
static const struct header_row retry_header[] = {{"Retry-After", "seconds", "秒数"}, HEADERS_END};
static const struct header_row allow_header[] = {{"Allow", "the methods of this address", "该地址支持的方法"}, HEADERS_END};
static const struct header_row authenticate_header[] = {
    {"WWW-Authenticate", "how to authenticate", "认证方式"}, HEADERS_END};
static const struct header_row snapshot_headers[] = {
    {"ETag", "of this snapshot in this encoding", "该快照该编码的标识"},
    {"Medhub-Cursor", "version of the snapshot: cursor of the feed catalogue that goes on behind it",
     "快照版本：其后内容的 catalogue 订阅游标"},
    {"Medhub-Rows", "number of rows", "行数"},
    {"Medhub-Digest", "sum modulo 2^256 of the SHA-256 of each row's line, in hexadecimal", "各行 SHA-256 之和（模 2^256），十六进制"},
    HEADERS_END,
};

static const struct answer_row live_answers[] = {
    {200, "text/plain", "bytes", NULL, "the process works", "进程正常"},
    {503, "text/plain", "bytes", NULL, "it has ended by a fault and must be started again", "已因故障终止，需重启"},
    ANSWERS_END};
static const struct answer_row ready_answers[] = {
    {200, "text/plain", "bytes", NULL, "requests are served", "可提供服务"},
    {503, "text/plain", "bytes", NULL, "not yet or no more", "尚未就绪或正在停止"},
    ANSWERS_END};

static const struct answer_row submit_answers[] = {
    {202, JSON, "Submitted|SubmittedEvent[]", location_header,
     "the brokers have acknowledged; for a batch a list with one entry per event, in order", "Kafka 已确认；批量时为逐个事件的列表，顺序一致"},
    {200, JSON, "Receipt|SubmittedEvent[]", NULL,
     "waited for: accepted; for a batch the list, all decided, each with its outcome", "等待后：已受理；批量时为列表，全部已有决定"},
    {409, PROBLEM, "Problem", NULL, "waited for: it repeats what another event said", "等待后：与另一事件重复"},
    {422, PROBLEM, "Problem", NULL, "waited for: refused, with all findings", "等待后：被拒绝，列出全部原因"},
    ANSWERS_END};
static const struct answer_row receipt_answers[] = {
    {200, JSON, "Receipt", NULL, "the decision", "决定"},
    {404, PROBLEM, "Problem", NULL, "not known, not decided yet, or not the caller's", "未知、尚未决定，或不属于调用机构"},
    ANSWERS_END};
static const struct answer_row feed_list_answers[] = {
    {200, JSON, "FeedList", NULL, "the feeds of this caller", "调用机构可用的订阅"}, ANSWERS_END};
static const struct answer_row feed_answers[] = {
    {200, JSON, "FeedPage", NULL, "a page, in order", "一页，按序"},
    {200, "text/event-stream", "bytes", NULL, "the feed as Server-Sent Events: id is the cursor, data a CloudEvent",
     "SSE 流：id 为游标，data 为 CloudEvent"},
    {404, PROBLEM, "Problem", NULL, "no such feed for this caller", "调用机构没有该订阅"},
    {410, PROBLEM, "Problem", NULL, "what the cursor points at is no longer kept; `snapshot` says where to begin anew",
     "游标之后的内容已不再保留；snapshot 给出重新开始的地址"},
    ANSWERS_END};
static const struct answer_row snapshot_answers[] = {
    {200, "application/x-ndjson", "bytes", snapshot_headers, "the snapshot, compressed as Accept-Encoding asks (zstd or gzip)",
     "快照，按 Accept-Encoding 压缩（zstd 或 gzip）"},
    {304, NULL, NULL, NULL, "If-None-Match names it", "未变化"},
    ANSWERS_END};
static const struct answer_row catch_up_answers[] = {
    {200, JSON, "CatchUp", NULL, "what either way takes", "两种方式各需多少"},
    {410, PROBLEM, "Problem", NULL, "what the cursor points at is no longer kept: take the snapshot", "游标之后的内容已不再保留，请取快照"},
    ANSWERS_END};
static const struct answer_row item_answers[] = {
    {200, JSON, "ItemRow", NULL, "the row in force", "当日有效的条目"},
    {404, PROBLEM, "Problem", NULL, "none on that day", "当日没有该条目"},
    ANSWERS_END};
static const struct answer_row uptake_answers[] = {
    {200, JSON, "Uptake", NULL, "who has applied it; for bureaus", "启用情况；仅限医保局"},
    {404, PROBLEM, "Problem", NULL, "no such release, or none of this caller's region", "没有该版本，或不属调用机构的地区"},
    ANSWERS_END};
static const struct answer_row look_answers[] = {
    {200, JSON, "Exchanges", NULL, "newest first; only what this caller may see", "由新到旧；仅限调用机构可见的内容"},
    {404, PROBLEM, "Problem", NULL, "nothing that this caller may see", "没有调用机构可见的内容"},
    ANSWERS_END};
static const struct header_row capture_headers[] = {
    {"Location", "address of the capture job", "采集任务地址"},
    {"GS1-Capture-Error-Behaviour", "proceed", "proceed"},
    HEADERS_END};
static const struct answer_row capture_answers[] = {
    {202, JSON, "Captured", capture_headers, "the brokers have acknowledged all scans of the document", "Kafka 已确认文档中的全部扫码"},
    ANSWERS_END};
static const struct answer_row capture_job_answers[] = {
    {200, JSON, "CaptureJob", NULL, "what became of it", "处理结果"},
    {404, PROBLEM, "Problem", NULL, "unknown, nothing of it decided yet, or not the caller's", "未知、尚未裁决，或不属于调用机构"},
    ANSWERS_END};
static const struct answer_row epcis_events_answers[] = {
    {200, "application/ld+json", "any", NULL, "an EPCISQueryDocument; only what this caller may see, as in /v1/trace",
     "EPCIS 查询文档；仅限调用机构可见的内容，同 /v1/trace"},
    ANSWERS_END};
static const struct answer_row trace_list_answers[] = {
    {200, JSON, "TraceQuestions", NULL, "the questions", "问题列表"}, ANSWERS_END};
static const struct answer_row trace_answers[] = {
    {200, JSON, "TraceAnswer", NULL,
     "what this caller may see: a holder what it took part in, a product's maker all of it but others' patients, regulators and "
     "trace platforms everything; persons are pseudonyms",
     "调用机构可见的内容：持有者仅限自身参与的环节，生产者可见其产品全程（他人患者除外），监管部门与追溯平台可见全部；参保人均为假名"},
    {200, "text/csv", "bytes", NULL, "the same as CSV (RFC 4180) with a head", "同上，CSV（RFC 4180），含表头"},
    {404, PROBLEM, "Problem", NULL, "no such question", "没有这个问题"},
    ANSWERS_END};
static const struct answer_row recall_answers[] = {
    {200, JSON, "TraceAnswer", NULL,
     "issuer and registrant see all of it, a holder what is its own, regulators and trace platforms everything; a long list is streamed",
     "发布方与注册人可见全部，持有方可见自身部分，监管部门与追溯平台可见全部；长列表以流方式返回"},
    {200, "text/csv", "bytes", NULL, "the same as CSV (RFC 4180) with a head", "同上，CSV（RFC 4180），含表头"},
    ANSWERS_END};
static const struct answer_row document_answers[] = {
    {200, JSON, "any", NULL, "the document", "文档"}, ANSWERS_END};

const struct common_answer route_common_answers[] = {
    {{400, PROBLEM, "Problem", NULL, "the request is malformed", "请求格式有误"}, false, false},
    {{401, PROBLEM, "Problem", authenticate_header, "not authenticated", "未通过认证"}, true, false},
    {{403, PROBLEM, "Problem", NULL, "this caller may not", "无权操作"}, true, false},
    {{405, PROBLEM, "Problem", allow_header, "another method", "方法不支持"}, false, false},
    {{406, PROBLEM, "Problem", NULL, "no form that Accept or Accept-Encoding allows", "无可接受的内容形式"}, false, false},
    {{413, PROBLEM, "Problem", NULL, "the body or the batch is too large", "正文或批量过大"}, false, false},
    {{414, NULL, NULL, NULL, "the address is larger than is read at all; without a body", "地址过长，超出可读取范围；没有正文"}, false, false},
    {{415, PROBLEM, "Problem", NULL, "another content type or encoding", "内容类型不支持"}, false, true},
    {{429, PROBLEM, "Problem", retry_header, "too many requests of this organisation, or connections of this address",
      "该机构请求过于频繁，或该地址连接过多"}, false, false},
    {{431, NULL, NULL, NULL,
      "the header is too large; problem details, or without a body when it is larger than is read at all",
      "请求头过大；一般为问题详情，超出可读取范围时没有正文"}, false, false},
    {{503, PROBLEM, "Problem", retry_header, "not now: stopping, overloaded, or Kafka or the database is away; of a batch `events` tells which were acknowledged",
      "暂不可用：停止中、过载，或 Kafka、数据库不可用；批量时 events 说明哪些已确认"}, false, false},
};
const size_t route_common_answer_count = sizeof route_common_answers / sizeof *route_common_answers;

/* ---- shapes ---- */

const struct schema_row schema_rows[] = {
    {"Problem", "type", "uri-reference", true, "urn:medhub:problem:CODE", "urn:medhub:problem:CODE"},
    {"Problem", "title", "string", true, "what the status means", "状态含义"},
    {"Problem", "status", "integer", true, "HTTP status", "HTTP 状态码"},
    {"Problem", "detail", "string", true, "one sentence in English", "英文说明"},
    {"Problem", "detailZh", "string", true, "the same in Chinese", "中文说明"},
    {"Problem", "code", "string", true, "stable dotted name", "稳定的错误代码"},
    {"Problem", "instance", "uri-reference", false, "address of the receipt, where there is one", "回执地址"},
    {"Problem", "receipt", "Receipt", false, "of 409 and 422: the decision", "409、422：决定"},
    {"Problem", "findings", "Finding[]", false, "of 422: all that is wrong", "422：全部原因"},
    {"Problem", "events", "SubmittedEvent[]", false, "of a batch: each event in order", "批量：逐个事件"},
    {"Problem", "snapshot", "uri-reference", false, "of 410: where to begin anew", "410：重新开始的地址"},
    {"Problem", "path", "string", false, "of a malformed EPCIS document: where", "EPCIS 文档有误：位置"},
    {"Problem", "index", "integer", false, "of a malformed batch: which event, from 0", "批量格式错误：第几个事件，从 0 起"},

    {"Finding", "severity", "string", true, "refuse or warn", "refuse 或 warn"},
    {"Finding", "code", "string", true, "stable dotted name", "稳定的原因代码"},
    {"Finding", "rule", "string", false, "id of the rule", "规则编号"},
    {"Finding", "citation", "string", false, "number and title of the document, and the provision", "依据：文号、标题与条款"},
    {"Finding", "path", "string", false, "field", "字段路径"},
    {"Finding", "found", "string", false, "what was found", "实际值"},
    {"Finding", "expected", "string", false, "what would have been right", "期望值"},
    {"Finding", "sentenceZh", "string", false, "one sentence in Chinese", "中文说明"},
    {"Finding", "sentenceEn", "string", false, "one sentence in English", "英文说明"},

    {"Submitted", "id", "string", true, "of the event", "事件编号"},
    {"Submitted", "source", "string", true, "of the event", "事件来源"},
    {"Submitted", "status", "string", true, "acknowledged", "acknowledged"},
    {"Submitted", "receipt", "uri-reference", true, "address of its receipt", "回执地址"},

    {"SubmittedEvent", "id", "string", true, "of the event", "事件编号"},
    {"SubmittedEvent", "source", "string", true, "of the event", "事件来源"},
    {"SubmittedEvent", "status", "string", true,
     "acknowledged, failed (not acknowledged: send it again), or the outcome: accepted, refused, duplicate",
     "acknowledged 已确认；failed 未确认，请重发；或决定结果 accepted、refused、duplicate"},
    {"SubmittedEvent", "receipt", "uri-reference", true, "address of its receipt", "回执地址"},
    {"SubmittedEvent", "findings", "Finding[]", false, "where it was refused", "被拒绝的原因"},

    {"Receipt", "id", "string", true, "of the event", "事件编号"},
    {"Receipt", "source", "string", true, "of the event", "事件来源"},
    {"Receipt", "type", "string", true, "of the event", "事件类型"},
    {"Receipt", "outcome", "string", true, "accepted, refused or duplicate", "accepted、refused 或 duplicate"},
    {"Receipt", "submittedAt", "date-time", true, "when the broker took it", "Kafka 接收时间"},
    {"Receipt", "decidedAt", "date-time", true, "when the hub decided", "枢纽决定时间"},
    {"Receipt", "key", "string", false, "what it is ordered by", "排序键"},
    {"Receipt", "version", "string", false, "of the key, after this event", "该键的版本"},
    {"Receipt", "factTopic", "string", false, "where the fact lies", "事实所在主题"},
    {"Receipt", "input", "string", true, "TOPIC/PARTITION/OFFSET of the submission", "提交所在位置"},
    {"Receipt", "firstId", "string", false, "of a duplicate: what it repeats", "重复时：所重复的事件"},
    {"Receipt", "firstOutcome", "string", false, "of a duplicate: how that was decided", "重复时：其决定"},
    {"Receipt", "findings", "Finding[]", false, "what was wrong or worth a warning", "原因或提示"},

    {"FeedList", "feeds", "Feed[]", true, "the feeds of this caller", "可用的订阅"},
    {"Feed", "name", "string", true, "as in its address", "名称"},
    {"Feed", "address", "uri-reference", true, "of its first page", "首页地址"},
    {"Feed", "what", "string", true, "what it carries", "内容（英文）"},
    {"Feed", "whatZh", "string", true, "the same in Chinese", "内容"},
    {"Feed", "snapshot", "uri-reference", false, "where its state can be had in one piece", "快照地址"},

    {"FeedPage", "events", "event[]", true, "CloudEvents as this caller may see them", "调用机构可见的 CloudEvents"},
    {"FeedPage", "next", "string", true, "cursor to go on with", "下一页游标"},
    {"FeedPage", "atEnd", "boolean", true, "nothing more for now", "暂无更多"},

    {"CatchUp", "events", "integer", true, "changes that this caller is to hear of", "待接收的变更数"},
    {"CatchUp", "changesBytes", "integer", true, "what they take as pages of the feed, by the first ones", "以订阅页计的字节数（按最前若干条估算）"},
    {"CatchUp", "snapshotRows", "integer", false, "rows of the snapshot; absent: there is none yet", "快照行数；缺省为尚无快照"},
    {"CatchUp", "snapshotBytes", "integer", false, "what it takes in gzip", "快照字节数（gzip）"},

    {"ItemRow", "table", "string", true, "kind", "类别"},
    {"ItemRow", "code", "string", true, "as asked", "查询的编码"},
    {"ItemRow", "key", "string", true, "KIND/CODE of the item: another code if that one leads to it", "条目的类别/编码；旧编码、别名引向的条目"},
    {"ItemRow", "layer", "string", true, "NATION, REGION, or INSTITUTION: only its formulary knows it", "NATION、REGION，或 INSTITUTION（仅见于该机构用药目录）"},
    {"ItemRow", "region", "string", true, "whose row it is", "该行所属地区"},
    {"ItemRow", "date", "date", true, "the day that was looked at", "查询日期"},
    {"ItemRow", "validFrom", "date", true, "first day", "起始日"},
    {"ItemRow", "validUntil", "date", false, "last day; absent: open", "终止日；缺省为长期"},
    {"ItemRow", "version", "string", true, "of the row", "版本"},
    {"ItemRow", "release", "string", false, "of the catalogue that it came with", "所属目录版本"},
    {"ItemRow", "payable", "boolean", true, "the fund pays for it there and of that insurance", "基金在该地、该险种是否支付"},
    {"ItemRow", "priceLimit", "string", false, "payment standard or price ceiling, yuan a unit; absent: none", "支付标准或最高限价（元）；缺省为无"},
    {"ItemRow", "why", "string[]", true, "\"NAME: 中文 / English\", in order", "理由，依次"},
    {"ItemRow", "item", "any", true, "medhub.catalogue.v1.Item as JSON", "medhub.catalogue.v1.Item 的 JSON"},
    {"ItemRow", "formulary", "any", false, "the institution's entry, likewise", "该机构用药目录条目，同上"},

    {"Uptake", "release", "string", true, "ID", "版本号"},
    {"Uptake", "region", "string", true, "whose release it is", "所属地区"},
    {"Uptake", "effectiveOn", "date", true, "first day", "生效日"},
    {"Uptake", "digest", "string", true, "of the release, hexadecimal", "版本摘要（十六进制）"},
    {"Uptake", "institutions", "UptakeOf[]", true, "in order of id", "按编号排列"},
    {"Uptake", "applied", "integer", true, "institutions that answered with that digest", "已启用且摘要一致的机构数"},
    {"Uptake", "different", "integer", true, "with another one", "摘要不一致的机构数"},
    {"Uptake", "missing", "integer", true, "that have not answered", "未回告的机构数"},
    {"Uptake", "more", "boolean", true, "not all are listed: go on with `after`", "未列完，以 after 继续"},
    {"UptakeOf", "id", "string", true, "of the institution", "机构编号"},
    {"UptakeOf", "name", "string", true, "of the institution", "机构名称"},
    {"UptakeOf", "state", "string", true, "applied, different or missing", "applied、different 或 missing"},
    {"UptakeOf", "digest", "string", false, "that it answered", "其回告的摘要"},
    {"UptakeOf", "appliedAt", "date-time", false, "when it applied it", "启用时间"},

    {"Exchanges", "exchanges", "Exchange[]", true, "newest first", "由新到旧"},
    {"Exchanges", "next", "string", false, "value of `before` that goes on", "继续查询的 before"},
    {"Exchanges", "completeUntil", "date-time", false, "everything up to then is in the answer", "截至该时刻的内容均已包含"},
    {"Exchange", "input", "string", true, "TOPIC/PARTITION/OFFSET of the submission", "提交所在位置"},
    {"Exchange", "lines", "Line[]", true, "what happened, in order of time", "经过，按时间顺序"},
    {"Line", "step", "string", true, "submitted, decided, fact, delivery, parked or answered", "步骤"},
    {"Line", "missing", "boolean", false, "this step should be there and is not", "应有而未见的步骤"},
    {"Line", "at", "date-time", false, "when", "时间"},
    {"Line", "source", "string", false, "of the event", "事件来源"},
    {"Line", "id", "string", false, "of the event", "事件编号"},
    {"Line", "type", "string", false, "of the event", "事件类型"},
    {"Line", "subject", "string", false, "of the event", "事件主题"},
    {"Line", "outcome", "string", false, "of decided", "决定"},
    {"Line", "code", "string", false, "first finding, or what an endpoint answered", "首个原因或端点答复"},
    {"Line", "recipient", "string", false, "of delivery and answered", "接收方"},
    {"Line", "version", "string", false, "of the key", "键版本"},
    {"Line", "data", "any", false, "of fact and delivery: the event's data as this caller may see it",
     "事实与投递：调用机构可见的数据"},

    {"Captured", "captureID", "string", true, "of the job", "任务编号"},
    {"Captured", "status", "string", true, "acknowledged", "acknowledged"},
    {"Captured", "scans", "integer", true, "made of the document", "文档中的扫码数"},
    {"CaptureJob", "captureID", "string", true, "of the job", "任务编号"},
    {"CaptureJob", "createdAt", "date-time", false, "when the first scan was submitted", "首个扫码提交时间"},
    {"CaptureJob", "finishedAt", "date-time", false, "when the last one was decided", "末个裁决时间"},
    {"CaptureJob", "running", "boolean", true, "some are still undecided", "仍有未裁决"},
    {"CaptureJob", "success", "boolean", true, "none was refused so far", "尚无被拒绝"},
    {"CaptureJob", "captureErrorBehaviour", "string", true, "proceed", "proceed"},
    {"CaptureJob", "scans", "integer", true, "made of the document", "扫码数"},
    {"CaptureJob", "decided", "integer", true, "of these", "已裁决数"},
    {"CaptureJob", "errors", "any", true, "what was refused: title is the code, detail the event's id", "被拒绝的事件：title 为原因代码，detail 为事件编号"},

    {"TraceQuestions", "questions", "TraceQuestion[]", true, "several of one name: the one whose needs are given answers",
     "同名多项时，由条件齐备者作答"},
    {"TraceQuestion", "name", "string", true, "as in its address", "名称"},
    {"TraceQuestion", "needs", "string[]", true, "parameters that must be given, or said by code", "必要参数，可由 code 给出"},
    {"TraceQuestion", "what", "string", true, "what it answers", "内容（英文）"},
    {"TraceQuestion", "whatZh", "string", true, "the same in Chinese", "内容"},
    {"TraceAnswer", "question", "string", true, "its name", "问题名称"},
    {"TraceAnswer", "completeUntil", "date-time", false, "everything up to then is in the answer", "截至该时刻的内容均已包含"},
    {"TraceAnswer", "rows", "TraceRow[]", true, "in the order of the question", "按问题的顺序"},
    {"TraceAnswer", "more", "boolean", false, "limit was reached", "已达 limit 上限"},
    {"TraceRow", "at", "date-time", false, "of the scan", "扫码时间"},
    {"TraceRow", "step", "string", false, "commissioned, packed, unpacked, inbound, outbound, purchased, stored, used, charged, "
     "settled, unsettled, sold, returned, destroyed", "环节"},
    {"TraceRow", "holder", "string", false, "who has it", "持有者"},
    {"TraceRow", "counterparty", "string", false, "from whom or to whom", "对方"},
    {"TraceRow", "onTheWayTo", "string", false, "sent and not yet received", "在途去向"},
    {"TraceRow", "receivedFrom", "string", false, "who had it before", "来源"},
    {"TraceRow", "depth", "integer", false, "of boxes within boxes; 0 is the item itself", "包装层级，0 为物品本身"},
    {"TraceRow", "product", "string", false, "device identifier", "产品标识"},
    {"TraceRow", "lot", "string", false, "lot", "批号"},
    {"TraceRow", "serial", "string", false, "serial number", "序列号"},
    {"TraceRow", "quantity", "number", false, "in the product's unit", "数量"},
    {"TraceRow", "items", "integer", false, "things with a serial in it", "其中有序列号的件数"},
    {"TraceRow", "parentProduct", "string", false, "what it lies in", "所在包装的产品标识"},
    {"TraceRow", "parentSerial", "string", false, "what it lies in", "所在包装的序列号"},
    {"TraceRow", "from", "date-time", false, "since when", "起始时间"},
    {"TraceRow", "until", "date-time", false, "absent: still", "终止时间；缺省为至今"},
    {"TraceRow", "since", "date-time", false, "since when", "起始时间"},
    {"TraceRow", "last", "date-time", false, "the last time", "最近一次"},
    {"TraceRow", "person", "string", false, "pseudonym", "参保人假名"},
    {"TraceRow", "settlement", "string", false, "its id", "结算编号"},
    {"TraceRow", "region", "string", false, "where it was scanned", "扫码地区"},
    {"TraceRow", "document", "string", false, "delivery note, invoice", "单据号"},
};
const size_t schema_row_count = sizeof schema_rows / sizeof *schema_rows;

/* ---- the table ---- */

const struct route routes[] = {
    {"GET", "/livez", "live", "health", "is the process alive?", "进程是否存活", true, ROUTE_AT_ONCE, no_parameters, NULL,
     live_answers, live_handler},
    {"GET", "/readyz", "ready", "health", "does it serve requests?", "是否可以服务", true, ROUTE_AT_ONCE, no_parameters, NULL,
     ready_answers, ready_handler},
    {"POST", "/v1/events", "submit", "events", "submit one event or a batch", "提交一个或一批事件", false, ROUTE_PUBLISH,
     submit_parameters, submit_bodies, submit_answers, submit_handler},
    {"GET", "/v1/receipts/{source}/{id}", "receipt", "events", "the hub's answer to an event", "查询事件的回执", false, ROUTE_ASK,
     receipt_parameters, NULL, receipt_answers, receipt_handler},
    {"GET", "/v1/feeds", "feeds", "feeds", "what this caller may follow", "可用订阅列表", false, ROUTE_AT_ONCE, no_parameters,
     NULL, feed_list_answers, feed_list_handler},
    {"GET", "/v1/feeds/{feed}", "feed", "feeds", "a page of a feed, or the feed as Server-Sent Events", "订阅的一页，或 SSE 流",
     false, ROUTE_ASK, feed_parameters, NULL, feed_answers, feed_handler},
    {"GET", "/v1/catalogue/snapshot", "snapshot", "feeds", "the whole catalogue in one piece", "目录全量快照", false,
     ROUTE_AT_ONCE, no_parameters, NULL, snapshot_answers, snapshot_handler},
    {"GET", "/v1/catalogue/catch-up", "catchUp", "feeds", "what it takes to be current, by changes or by snapshot",
     "补齐目录各需多少：变更或快照", false, ROUTE_ASK, catch_up_parameters, NULL, catch_up_answers, catch_up_handler},
    {"GET", "/v1/catalogue/releases/{release}/uptake", "uptake", "questions", "who has applied a release of the catalogue",
     "目录版本的启用情况", false, ROUTE_AT_ONCE, uptake_parameters, NULL, uptake_answers, uptake_handler},
    {"GET", "/v1/items/{table}/{code}", "item", "questions", "a catalogue item on a day in a region", "某日某地区的目录条目", false,
     ROUTE_AT_ONCE, item_parameters, NULL, item_answers, item_handler},
    {"GET", "/v1/prescriptions/{number}", "prescription", "questions", "what happened to a prescription", "处方的经过", false,
     ROUTE_ASK, prescription_parameters, NULL, look_answers, prescription_handler},
    {"GET", "/v1/settlements/{id}", "settlement", "questions", "what happened to a settlement", "结算的经过", false, ROUTE_ASK,
     settlement_parameters, NULL, look_answers, settlement_handler},
    {"GET", "/v1/search", "search", "questions", "find by any number that a person knows", "按已知号码查询", false, ROUTE_ASK,
     search_parameters, NULL, look_answers, search_handler},
    {"GET", "/v1/events", "epcisEvents", "questions", "scans of an item or a lot as EPCIS 2.0 events", "物品或批次的 EPCIS 2.0 事件", false,
     ROUTE_ASK, epcis_events_parameters, NULL, epcis_events_answers, events_handler},
    {"POST", "/v1/capture", "capture", "events", "scans as an EPCIS 2.0 document", "以 EPCIS 2.0 文档提交扫码", false, ROUTE_PUBLISH,
     capture_parameters, capture_bodies, capture_answers, capture_handler},
    {"GET", "/v1/capture/{capture}", "captureJob", "events", "what became of a captured document", "EPCIS 文档的处理结果", false, ROUTE_ASK,
     capture_job_parameters, NULL, capture_job_answers, capture_job_handler},
    {"GET", "/v1/trace", "traceQuestions", "questions", "what can be asked about items and lots", "追溯问题列表", false,
     ROUTE_AT_ONCE, no_parameters, NULL, trace_list_answers, trace_list_handler},
    {"GET", "/v1/trace/{question}", "trace", "questions", "where items and lots are and were", "追溯查询", false, ROUTE_ASK,
     trace_parameters, NULL, trace_answers, trace_handler},
    {"GET", "/v1/recalls/{recall}", "recall", "questions", "how far a recall has come", "召回进度", false, ROUTE_ASK,
     recall_parameters, NULL, recall_answers, recall_handler},
    {"GET", "/v1/recalls/{recall}/holders", "recallHolders", "questions", "the holders that a recall was matched to", "召回持有方列表",
     false, ROUTE_ASK, recall_parameters, NULL, recall_answers, recall_holders_handler},
    {"GET", "/v1/recalls/{recall}/overdue", "recallOverdue", "questions", "holders that have not acknowledged in time", "召回逾期名单",
     false, ROUTE_ASK, recall_parameters, NULL, recall_answers, recall_overdue_handler},
    {"GET", "/v1/openapi.json", "openapi", "documents", "this interface as OpenAPI 3.1", "OpenAPI 3.1 文档", false, ROUTE_AT_ONCE,
     no_parameters, NULL, document_answers, openapi_handler},
    {"GET", "/v1/asyncapi.json", "asyncapi", "documents", "topics and events as AsyncAPI 3.0", "AsyncAPI 3.0 文档", false,
     ROUTE_AT_ONCE, no_parameters, NULL, document_answers, asyncapi_handler},
};
const size_t route_count = sizeof routes / sizeof *routes;
