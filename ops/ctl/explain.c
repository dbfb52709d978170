/* explain.c: ctl explain EVENT: why it was decided so, told with its rules and rows, and decided once more. */
#include "ops/ctl/commands.h"
#include "ops/ctl/explain_case.h"
#include "ops/ctl/explain_json.h"
#include "ops/ctl/explain_text.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/unmask.h"


struct explain_options {
    struct unmask unmask;
};

static enum exit_code exit_code_of(enum explain_verdict verdict)
{
    switch (verdict) {
    case EXPLAIN_SAME:
        return EXIT_OK;
    case EXPLAIN_DIFFERS:
        return EXIT_FAILED;
    case EXPLAIN_INCOMPLETE:
        break;
    }
    return EXIT_PARTIAL;
}

static enum exit_code tell(struct call *call, struct explain_case *explained)
{
    enum explain_verdict verdict = explained->explanation.verdict;
    json_t *json = explain_json(explained);
    bool written;

    if (output_is_table(call)) {
        written = explain_print(json);
        json_decref(json);
    } else {
        written = output_object(call, json);
    }
    return written ? exit_code_of(verdict) : EXIT_FAILED;
}

static enum exit_code explain_command(struct call *call)
{
    const struct explain_options *options = call->options;
    struct explain_case explained = {.call = call, .name = call->arguments[0]};
    struct session session;

    enum exit_code result = unmask_session_open(call, options->unmask, &session);
    if (result != EXIT_OK)
        return result;
    stop_install();
    explained.session = &session;
    explained.visible = unmask_visible(options->unmask);
    result = explain_case_open(&explained);
    if (result == EXIT_OK)
        result = tell(call, &explained);
    explain_case_done(&explained);
    session_close(&session);
    return result;
}

#define EXPLAIN(member) offsetof(struct explain_options, member)
static const struct option explain_options[] = {
    UNMASK_OPTIONS(struct explain_options, unmask),
};
const struct command command_explain = {
    "ctl explain", "ID|SOURCE/ID|POSITION", "说明一个事件为何如此裁决，并重新裁决、比对",
    "why an event was decided so; decided again and compared",
    "POSITION is TOPIC/PARTITION/OFFSET of an inbox, a fact, a receipt or a parked record. Everything is read from Kafka.\n"
    "Exit code 0: the same again, 1: it differs, 6: something that it stood on is gone, 3: no such event.",
    explain_options, sizeof explain_options / sizeof *explain_options, sizeof(struct explain_options), 1, 1,
    USES_KAFKA | USES_ROWS, explain_command};
