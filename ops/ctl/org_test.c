/* org_test.c: ctl org test ORG: the connection test of an institution before it goes live. Puts each case of
 * conformance.c that the candidate has to it, watches what the hub answers, judges both, writes a report and signs it. */
#include "ops/ctl/candidate.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/conformance.h"
#include "ops/ctl/org_candidate.h"
#include "ops/ctl/org_challenge.h"
#include "ops/ctl/output.h"
#include "ops/ctl/receipt_json.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/text.h"
#include "domain/conformance.h"
#include "domain/prescription_rehearsal.h"
#include "signature/digest.h"
#include "signature/signing_key.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOOK_STEP_MS = 100,
    TIMEOUT_S_DEFAULT = 30,
    ID_BYTES = 96,
    ARENA_BYTES_MAX = 64 * 1024 * 1024
};

struct test_options {
    const char *with, *gateway, *region, *key, *keyid, *report;
    int64_t timeout_s;
};

/* A case, what the hub said of it, what the candidate answered or why it did not. */
struct played {
    const struct conformance_case *test;
    struct conformance_seen seen;
    json_t *answer;
    const char *why;
    bool failed; /* the answer is wrong or missing, whatever the hub said */
};

struct test_run {
    struct call *call;
    const struct test_options *options;
    struct session session;
    struct arena *arena;
    struct candidate candidate;
    struct conformance_subject subject;
    struct played *played; /* the cases that the candidate has */
    size_t count;
    struct signing_key *key;
    json_t *rows;
    size_t failed;
    struct fault fault;
};

/* --- what the hub says --- */

struct receipts_wanted {
    struct test_run *run;
    const char *id;
    struct conformance_seen *seen;
};

static bool look_at_receipt(void *self, struct record *record)
{
    struct receipts_wanted *wanted = self;
    const Receipt *receipt = receipt_read(record->value, wanted->run->session.arena);

    if (receipt == NULL || strcmp(receipt->source, wanted->run->subject.organisation) != 0 ||
        strcmp(receipt->id, wanted->id) != 0)
        return true;
    wanted->seen->receipts++;
    (void)snprintf(wanted->seen->outcome, sizeof wanted->seen->outcome, "%s",
                   receipt_outcome_name((int)receipt->outcome));
    (void)snprintf(wanted->seen->code, sizeof wanted->seen->code, "%s",
                   receipt->n_findings > 0 ? receipt->findings[0]->code : "");
    return true;
}

/* All receipts of the case's event so far. */
static enum status read_receipts(struct test_run *run, const char *id, struct conformance_seen *seen)
{
    static const char *const topics[] = {"medhub.receipt"};
    struct receipts_wanted wanted = {run, id, seen};
    const struct scan_request request = {.topics = topics,
                                         .topic_count = 1,
                                         .since_ms = run->subject.started_ms - 60000,
                                         .until_ms = -1,
                                         .key = bytes_of(run->subject.organisation)};

    *seen = (struct conformance_seen){0};
    arena_reset(run->session.arena);
    return scan_topics(&run->session, &request, look_at_receipt, &wanted, &run->fault);
}

/* Until there are as many as the case expects, or the time is over. */
static enum status await_receipts(struct test_run *run, const struct conformance_case *test, struct conformance_seen *seen)
{
    const char *id = conformance_id(&run->subject, test, run->arena);
    int64_t until_ms = clock_now_ms(clock_system()) + run->subject.wait_ms;

    for (;;) {
        enum status status = read_receipts(run, id, seen);
        if (status != STATUS_OK || seen->receipts >= test->receipts || stop_requested() ||
            clock_now_ms(clock_system()) >= until_ms)
            return status;
        (void)poll(NULL, 0, LOOK_STEP_MS);
    }
}

struct feed_wanted {
    struct test_run *run;
    struct conformance_seen *seen;
};

static bool look_at_delivery(void *self, struct record *record)
{
    struct feed_wanted *wanted = self;
    const Delivery *delivery = delivery_read(record->value, wanted->run->session.arena);

    for (size_t i = 0; delivery != NULL && i < delivery->n_recipients; i++)
        if (strcmp(delivery->recipients[i], wanted->run->subject.organisation) == 0 &&
            wanted->seen->fed_count < CONFORMANCE_FED_MAX) {
            const char *id = arena_text(wanted->run->arena, bytes_of(delivery->id));
            wanted->seen->fed[wanted->seen->fed_count++] = id == NULL ? "" : id;
            break;
        }
    return true;
}

/* The first deliveries to the candidate, which its feed must have shown it. */
static enum status read_feed(struct test_run *run, struct conformance_seen *seen)
{
    static const char *const topics[] = {"medhub.delivery"};
    struct feed_wanted wanted = {run, seen};
    const struct scan_request request = {.topics = topics, .topic_count = 1, .since_ms = -1, .until_ms = -1};

    *seen = (struct conformance_seen){0};
    arena_reset(run->session.arena);
    return scan_topics(&run->session, &request, look_at_delivery, &wanted, &run->fault);
}

/* --- the cases --- */

/* The candidate does what the case asks of it, or is called itself. */
static json_t *ask(struct test_run *run, const struct conformance_case *test, struct fault *fault)
{
    if (test->challenge != NULL)
        return challenge_ask(&run->session, run->candidate.organisation, strcmp(test->challenge, "forged") == 0,
                             run->arena, fault);
    json_t *asked = conformance_asked(&run->subject, test, run->arena);
    json_t *answer = candidate_ask(run->options->with, asked, run->subject.wait_ms, fault);
    json_decref(asked);
    return answer;
}

static enum status play(struct test_run *run, struct played *played)
{
    const struct conformance_case *test = played->test;
    struct fault fault = {0};
    enum status status = STATUS_OK;

    say_progress(run->call, test->title_zh, "%s", test->title);
    if (test->event == NULL && test->challenge == NULL)
        status = read_feed(run, &played->seen);
    if (status != STATUS_OK)
        return status;
    played->answer = ask(run, test, &fault);
    played->why = played->answer == NULL ? arena_format(run->arena, "%s", fault.text) : "";
    played->failed = !conformance_understood(test, played->answer);
    return test->event == NULL || played->failed ? STATUS_OK : await_receipts(run, test, &played->seen);
}

/* When later events have their receipts: what must not have arrived is looked for once more, and what was not waited for because
 * the candidate had failed already, for the report. */
static enum status look_again(struct test_run *run)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < run->count; i++) {
        const struct conformance_case *test = run->played[i].test;
        bool is_unwelcome = test->outcome == NULL && !test->silent;
        if (test->event != NULL && (is_unwelcome || run->played[i].failed))
            status = read_receipts(run, conformance_id(&run->subject, test, run->arena), &run->played[i].seen);
    }
    return status;
}

static void judge(struct test_run *run, const struct played *played)
{
    json_t *row = conformance_judged(played->test, &played->seen, played->answer,
                                     played->why == NULL ? "not asked" : played->why, run->arena);
    run->failed += !json_is_true(json_object_get(row, "passed"));
    (void)json_array_append_new(run->rows, row);
}

static enum status play_all(struct test_run *run)
{
    enum status status = STATUS_OK;

    run->played = calloc(conformance_case_count, sizeof *run->played);
    if (run->played == NULL)
        return fault_fatal(&run->fault, "memory.out", "no memory for the cases");
    for (size_t i = 0; i < conformance_case_count; i++)
        if (conformance_applies(&conformance_cases[i], &run->subject))
            run->played[run->count++].test = &conformance_cases[i];
    for (size_t i = 0; status == STATUS_OK && i < run->count && !stop_requested(); i++)
        status = play(run, &run->played[i]);
    if (status == STATUS_OK)
        status = look_again(run);
    for (size_t i = 0; i < run->count; i++) {
        if (status == STATUS_OK)
            judge(run, &run->played[i]);
        json_decref(run->played[i].answer);
    }
    free(run->played);
    return status;
}

/* --- the report --- */

static const char *hex(struct arena *arena, const uint8_t *bytes, size_t length)
{
    char *text = arena_take(arena, 2 * length + 1);
    for (size_t i = 0; text != NULL && i < length; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text == NULL ? "" : text;
}

static json_t *report_of(struct test_run *run)
{
    char started[MOMENT_TEXT_BYTES], finished[MOMENT_TEXT_BYTES];
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:O}", "organisation", run->subject.organisation, "region",
        run->subject.region, "operator", run->session.settings.hub_operator, "gateway", run->subject.gateway,
        "started", moment_format_ms(run->subject.started_ms, started), "finished",
        moment_format_ms(clock_now_ms(clock_system()), finished), "cases", (json_int_t)run->count,
        "failed", (json_int_t)run->failed, "results", run->rows);
}

/* Writes TEXT; the digest in the signed statement is of exactly these bytes. */
static enum status write_report(struct test_run *run, const char *text)
{
    FILE *file = fopen(run->options->report, "wb");
    bool written = file != NULL && fputs(text, file) >= 0;

    if (file != NULL && fclose(file) != 0)
        written = false;
    return written
               ? STATUS_OK
               : fault_fatal(&run->fault, "report.unwritable", "%s cannot be written", run->options->report);
}

static enum status sign_report(struct test_run *run, const char *text, ConformanceReport *report,
                               uint8_t signature[SIGNATURE_BYTES_MAX])
{
    uint8_t digest[DIGEST_BYTES_MAX];
    char day[DATE_TEXT_BYTES];
    size_t length = digest_of(DIGEST_SHA_256, bytes_of(text), digest);

    report->digest = (char *)hex(run->arena, digest, length);
    report->cases = (uint32_t)run->count;
    report->failed = (uint32_t)run->failed;
    report->tested_on =
        arena_text(run->arena, bytes_of(date_format(date_in_china(clock_now_ms(clock_system())), day)));
    report->signer = (char *)run->session.settings.hub_operator;
    report->key_id = (char *)run->options->keyid;
    struct bytes statement =
        conformance_statement(run->arena, run->subject.organisation, run->subject.region, report);
    return signing_key_sign(run->key, statement, signature, &report->signature.len, &run->fault);
}

/* The event that advances the agreement, for ctl submit. */
static void print_event(const struct test_run *run, const ConformanceReport *report, const uint8_t *signature)
{
    char signed_text[2 * SIGNATURE_BYTES_MAX];
    (void)text_base64_encode(bytes_from(signature, report->signature.len), signed_text, sizeof signed_text);
    json_t *said = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:s}", "digest", report->digest, "cases",
                             (json_int_t)report->cases, "failed", (json_int_t)report->failed, "testedOn",
                             report->tested_on, "signer", report->signer, "keyId", report->key_id,
                             "signature", signed_text);
    json_t *event =
        json_pack("{s:s, s:o, s:s, s:s, s:{s:s, s:s, s:s, s:o}}", "specversion", "1.0", "id",
                  json_sprintf("connection-test-%.16s", report->digest), "source", report->signer, "type",
                  "medhub.registry.agreement_advanced.v1", "data", "institution", run->subject.organisation,
                  "region", run->subject.region, "step", "AGREEMENT_STEP_CONNECTION_TESTED", "report", said);
    (void)json_dumpf(event, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(event);
}

static void say_results(struct test_run *run)
{
    for (size_t i = 0; i < json_array_size(run->rows); i++) {
        const json_t *row = json_array_get(run->rows, i);
        bool passed = json_is_true(json_object_get(row, "passed"));
        const char *name = json_string_value(json_object_get(row, "case"));
        if (passed)
            say_progress(run->call, "通过", "%s: passed", name);
        else
            say("未通过", "%s: expected %s; found %s", name,
                json_string_value(json_object_get(row, "expected")),
                json_string_value(json_object_get(row, "found")));
    }
}

static enum exit_code conclude(struct test_run *run)
{
    ConformanceReport report = MEDHUB__REGISTRY__V1__CONFORMANCE_REPORT__INIT;
    uint8_t signature[SIGNATURE_BYTES_MAX];
    json_t *json = report_of(run);
    char *text = json_dumps(json, JSON_INDENT(1));
    enum status status =
        text == NULL ? fault_fatal(&run->fault, "memory.out", "no memory for the report") : STATUS_OK;

    json_decref(json);
    say_results(run);
    if (status == STATUS_OK && run->options->report != NULL)
        status = write_report(run, text);
    if (status == STATUS_OK)
        status = sign_report(run, text, &report, signature);
    free(text);
    if (status != STATUS_OK)
        return say_fault(run->call, &run->fault);
    if (run->failed > 0)
        return say_refusal(run->call, EXIT_PARTIAL, "conformance.failed", "联网测试未通过",
                           "%zu of %zu cases failed: the agreement does not advance", run->failed, run->count);
    print_event(run, &report, signature);
    return EXIT_OK;
}

/* --- the command --- */

static enum conformance_candidates kind_of(const Organisation *organisation)
{
    return organisation->kind == ORGANISATION_HOSPITAL   ? CONFORMANCE_HOSPITAL
           : organisation->kind == ORGANISATION_PHARMACY ? CONFORMANCE_PHARMACY
                                                         : CONFORMANCE_EVERYBODY;
}

static const char *code_of(const Practitioner *practitioner)
{
    return practitioner == NULL ? REHEARSAL_DRUG : practitioner->code;
}

static struct conformance_subject subject_of(const struct test_run *run, const char *silent)
{
    int64_t timeout_s = run->options->timeout_s < 0 ? TIMEOUT_S_DEFAULT : run->options->timeout_s;
    return (struct conformance_subject){
        .organisation = run->call->arguments[0],
        .region = run->options->region,
        .gateway = run->options->gateway,
        .silent_gateway = silent,
        .kind = kind_of(run->candidate.organisation),
        .called_back = challenge_has_address(run->candidate.organisation),
        .doctor = code_of(run->candidate.doctor),
        .pharmacist = code_of(run->candidate.pharmacist),
        .started_ms = clock_now_ms(clock_system()),
        .wait_ms = timeout_s * 1000,
    };
}

static enum exit_code test(struct test_run *run)
{
    char silent[48];
    uint16_t port = 0;
    enum status status =
        candidate_look_up(&run->session, run->call->arguments[0], run->arena, &run->candidate, &run->fault);

    if (status != STATUS_OK)
        return say_fault(run->call, &run->fault);
    if (run->candidate.organisation == NULL)
        return say_refusal(run->call, EXIT_NOT_FOUND, "organisation.unknown", "该机构今日未登记",
                           "not in the registry today");
    int server = silent_server_open(&port);
    if (server < 0)
        return say_refusal(run->call, EXIT_FAILED, "port.none", "没有可用端口", "no port on loopback");
    (void)snprintf(silent, sizeof silent, "http://127.0.0.1:%u", port);
    run->subject = subject_of(run, silent);
    run->rows = json_array();
    stop_install();
    status = signing_key_load(run->options->key, &run->key, &run->fault);
    if (status == STATUS_OK)
        status = play_all(run);
    enum exit_code result = status == STATUS_OK ? conclude(run) : say_fault(run->call, &run->fault);
    (void)close(server);
    signing_key_free(run->key);
    json_decref(run->rows);
    return result;
}

static enum exit_code test_command(struct call *call)
{
    const struct test_options *options = call->options;
    struct test_run run = {.call = call, .options = options};

    if (options->gateway == NULL || options->region == NULL || options->key == NULL || options->keyid == NULL)
        return say_refusal(call, EXIT_USAGE, "usage", "缺少 --gateway、--region、--key 或 --keyid",
                           "--gateway, --region, --key and --keyid are needed");
    enum exit_code result = session_open(call, &run.session);
    run.arena = arena_new(64 * 1024, ARENA_BYTES_MAX);
    if (result == EXIT_OK)
        result = run.arena == NULL ? EXIT_FAILED : test(&run);
    arena_free(run.arena);
    session_close(&run.session);
    return result;
}

#define TEST(member) offsetof(struct test_options, member)
static const struct option test_options[] = {
    {"with", 0, OPTION_TEXT, TEST(with), "COMMAND",
     "the candidate's client: a case on standard input, its answer on standard output",
     "候选机构的客户端命令：标准输入为用例，标准输出为答复", 0, 0},
    {"gateway", 0, OPTION_TEXT, TEST(gateway), "URL", "where the candidate calls", "候选机构调用的网关地址",
     0, 0},
    {"region", 0, OPTION_TEXT, TEST(region), "CODE", "the region of the agreement", "协议所属统筹地区", 0, 0},
    {"key", 'k', OPTION_TEXT, TEST(key), "FILE", "the operator's private key", "运营方私钥文件", 0, 0},
    {"keyid", 0, OPTION_TEXT, TEST(keyid), "KEY", "its id in the registry", "其在登记中的编号", 0, 0},
    {"report", 0, OPTION_TEXT, TEST(report), "FILE", "where the report is written", "报告文件", 0, 0},
    {"timeout", 0, OPTION_NUMBER, TEST(timeout_s), "SECONDS", "for each case; 30", "每个用例的时限（秒）", 1,
     3600},
};

const struct command command_org_test = {
    .words = "ctl org test",
    .arguments = "ORG",
    .summary_zh = "对候选机构做联网测试，出具签名报告",
    .summary = "the connection test of an institution: plays the cases, writes and signs the report",
    .details =
        "Without --with each case is printed on standard error and a person's answer is read from standard "
        "input.\n"
        "The organisation must have an agreement (DESIGNATED); what it says in the test is decided and never "
        "applied.\n"
        "Hospitals upload prescriptions in it, pharmacies claim and dispense; registered addresses for webhooks are "
        "called\n"
        "and must answer the challenge (secrets: --set webhook.secrets_directory=DIR).\n"
        "If all cases pass, the event that advances the agreement is printed, for `medhub ctl submit`:\n"
        "  medhub ctl org test H650102 --region 650100 --gateway $HUB --with ./client --key op.pem --keyid "
        "k1 |\n"
        "      medhub ctl submit",
    .options = test_options,
    .option_count = sizeof test_options / sizeof *test_options,
    .options_size = sizeof(struct test_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .uses = USES_KAFKA,
    .run = test_command,
};
