/* webhook_parked.c: ctl webhook parked | redrive: what an endpoint would not take, and giving it again. */
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/webhook_topics.h"
#include "ops/ctl/webhook_wish.h"

#include "base/clock.h"
#include "base/log.h"
#include "webhook/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef Medhub__Webhook__V1__DeliveryPlace DeliveryPlace;

enum { PLACES_PER_WISH = 200, WISHES_MAX = 1000 };

struct parked_options {
    const char *code, *type;
    struct option_list ids;
    int64_t expect_count;
    bool dry_run, yes;
};

static bool is_wanted(const struct parked_options *options, const ParkedDelivery *parked)
{
    bool named = options->ids.count == 0;

    for (size_t i = 0; !named && i < options->ids.count; i++)
        named = strcmp(options->ids.items[i], parked->id) == 0;
    return named && (options->code == NULL || strcmp(options->code, parked->code) == 0) &&
           (options->type == NULL || decode_type_is(parked->type, options->type));
}

static enum exit_code gather_parked(struct call *call, struct session *session, struct webhook_gathered *gathered)
{
    *gathered = (struct webhook_gathered){.facts = schema_of(&medhub__webhook__v1__parked_delivery__descriptor)};
    gathered->prefix = arena_format(session->arena, "%s/", call->arguments[0]);
    return webhook_gather(call, session, TOPIC_WEBHOOK_PARKED, gathered);
}

static json_t *parked_row(const ParkedDelivery *parked, const char *outcome)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:i, s:i}", "id", parked->id, "source", parked->source, "type",
                            parked->type, "code", parked->code, "partition", parked->delivery_partition, "offset",
                            (json_int_t)parked->delivery_offset, "attempts", (int)parked->attempts, "http",
                            (int)parked->http_status);

    (void)json_object_set_new(row, "first", decode_moment(parked->first_try_ms));
    (void)json_object_set_new(row, "parked", decode_moment(parked->parked_at_ms));
    if (outcome != NULL)
        (void)json_object_set_new(row, "outcome", json_string(outcome));
    return row;
}

/* The wanted ones, in the order in which they were delivered, so that a key's go again in order. */
struct chosen {
    const ParkedDelivery **items;
    size_t count;
};

static int by_place(const void *left, const void *right)
{
    const ParkedDelivery *a = *(const ParkedDelivery *const *)left, *b = *(const ParkedDelivery *const *)right;

    if (a->delivery_partition != b->delivery_partition)
        return a->delivery_partition < b->delivery_partition ? -1 : 1;
    return (a->delivery_offset > b->delivery_offset) - (a->delivery_offset < b->delivery_offset);
}

static bool choose(const struct webhook_gathered *gathered, const struct parked_options *options, struct chosen *chosen)
{
    chosen->count = 0;
    chosen->items = arena_take(gathered->arena, (HASH_COUNT(gathered->all) + 1) * sizeof *chosen->items);
    if (chosen->items == NULL)
        return false;
    for (const struct webhook_latest *each = gathered->all; each != NULL; each = each->hh.next)
        if (each->message != NULL && is_wanted(options, (const ParkedDelivery *)each->message))
            chosen->items[chosen->count++] = (const ParkedDelivery *)each->message;
    qsort(chosen->items, chosen->count, sizeof(const ParkedDelivery *), by_place);
    return true;
}

static const char *const parked_columns[] = {"id", "source", "type", "code", "attempts", "parked", NULL};
static const char *const redrive_columns[] = {"outcome", "id", "source", "type", "code", "parked", NULL};

static enum exit_code print_chosen(struct call *call, const struct chosen *chosen, const char *outcome)
{
    struct output *output = output_open(call, outcome == NULL ? parked_columns : redrive_columns, false);

    for (size_t i = 0; i < chosen->count; i++)
        output_row(output, parked_row(chosen->items[i], outcome));
    if (chosen->count == 0)
        say("没有被搁置的投递", "nothing that fits is set aside for %s", call->arguments[0]);
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code open_parked(struct call *call, struct session *session, struct webhook_gathered *gathered,
                                  struct chosen *chosen)
{
    enum exit_code result = session_open(call, session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    result = gather_parked(call, session, gathered);
    if (result == EXIT_OK && !choose(gathered, call->options, chosen))
        result = say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    return result;
}

static enum exit_code parked_command(struct call *call)
{
    struct session session = {0};
    struct webhook_gathered gathered = {0};
    struct chosen chosen = {0};

    enum exit_code result = open_parked(call, &session, &gathered, &chosen);
    if (result == EXIT_OK)
        result = print_chosen(call, &chosen, NULL);
    webhook_gathered_done(&gathered);
    session_close(&session);
    return result;
}

static enum exit_code confirm(struct call *call, size_t count)
{
    const struct parked_options *options = call->options;
    char answer[8] = "";

    if (options->expect_count >= 0 && (uint64_t)options->expect_count != count)
        return say_refusal(call, EXIT_PRECONDITION, "webhook.count", "数量与 --expect-count 不符",
                           "there are %zu deliveries, expected %" PRId64, count, options->expect_count);
    if (options->yes || count == 0)
        return EXIT_OK;
    if (isatty(STDIN_FILENO) != 1)
        return say_refusal(call, EXIT_PRECONDITION, "webhook.confirm", "须用 --yes 确认，或先用 --dry-run 查看",
                           "%zu deliveries: confirm with --yes, look first with --dry-run", count);
    (void)fprintf(stderr, "重新推送 %zu 条？/ deliver %zu again? [y/N] ", count, count);
    bool agreed = fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
    return agreed ? EXIT_OK : EXIT_PRECONDITION;
}

/* One wish for each PLACES_PER_WISH of them. NULL: no memory. */
static Control *wish_of(struct call *call, struct session *session, const struct chosen *chosen, size_t from)
{
    size_t count = chosen->count - from < PLACES_PER_WISH ? chosen->count - from : PLACES_PER_WISH;
    Control *control = arena_take(session->arena, sizeof *control);
    DeliveryPlace **pointers = arena_take(session->arena, count * sizeof *pointers);
    DeliveryPlace *places = arena_take(session->arena, count * sizeof *places);

    if (control == NULL || pointers == NULL || places == NULL)
        return NULL;
    medhub__webhook__v1__control__init(control);
    for (size_t i = 0; i < count; i++) {
        medhub__webhook__v1__delivery_place__init(&places[i]);
        places[i].partition = chosen->items[from + i]->delivery_partition;
        places[i].offset = chosen->items[from + i]->delivery_offset;
        pointers[i] = &places[i];
    }
    control->wish = MEDHUB__WEBHOOK__V1__WISH__WISH_REDRIVE;
    control->deliveries = pointers;
    control->n_deliveries = count;
    control->asked_at_ms = clock_now_ms(clock_system());
    return webhook_split_name(session, call->arguments[0], control) ? control : NULL;
}

static enum exit_code redrive(struct call *call, struct session *session, const struct chosen *chosen)
{
    Control *controls[WISHES_MAX];
    size_t count = 0;

    if (chosen->count > (size_t)WISHES_MAX * PLACES_PER_WISH)
        return say_refusal(call, EXIT_FAILED, "webhook.too_many", "数量过多，请用 --code 或 --id 缩小范围",
                           "more than %d deliveries: narrow them with --code or --id", WISHES_MAX * PLACES_PER_WISH);
    for (size_t from = 0; from < chosen->count; from += PLACES_PER_WISH) {
        controls[count] = wish_of(call, session, chosen, from);
        if (controls[count++] == NULL)
            return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    }
    enum exit_code result = webhook_send_wishes(call, session, controls, count);
    return result == EXIT_OK ? print_chosen(call, chosen, "asked") : result;
}

static enum exit_code redrive_command(struct call *call)
{
    const struct parked_options *options = call->options;
    struct session session = {0};
    struct webhook_gathered gathered = {0};
    struct chosen chosen = {0};

    enum exit_code result = open_parked(call, &session, &gathered, &chosen);
    if (result == EXIT_OK && options->dry_run) {
        say("试运行：未推送任何投递", "dry run: %zu would be delivered again", chosen.count);
        result = print_chosen(call, &chosen, "would_redrive");
    }
    if (result == EXIT_OK && !options->dry_run) {
        result = confirm(call, chosen.count);
        if (result == EXIT_OK)
            result = redrive(call, &session, &chosen);
    }
    webhook_gathered_done(&gathered);
    session_close(&session);
    return result;
}

/* ---- rows of the main table ---- */

#define PARKED(member) offsetof(struct parked_options, member)
static const struct option parked_options[] = {
    {"id", 0, OPTION_LIST, PARKED(ids), "ID", "of this event (several times)", "事件标识，可多次给出", 0, 0},
    {"code", 0, OPTION_TEXT, PARKED(code), "CODE", "set aside for this reason: http.422", "按原因代码选取", 0, 0},
    {"type", 't', OPTION_TEXT, PARKED(type), "TYPE", "of this type", "按事件类型选取", 0, 0},
    {"dry-run", 0, OPTION_FLAG, PARKED(dry_run), NULL, "only say what would be delivered", "只显示，不推送", 0, 0},
    {"expect-count", 0, OPTION_NUMBER, PARKED(expect_count), "N", "do nothing if there are not exactly N",
     "数量不符则不执行", 0, 0},
    {"yes", 'y', OPTION_FLAG, PARKED(yes), NULL, "do not ask", "不再询问", 0, 0},
};
const struct command command_webhook_parked = {.words = "ctl webhook parked",
                                               .arguments = "ORGANISATION/ENDPOINT",
                                               .summary_zh = "端点未接收的投递",
                                               .summary = "what an endpoint would not take",
                                               .options = parked_options,
                                               .option_count = 3,
                                               .options_size = sizeof(struct parked_options),
                                               .arguments_min = 1,
                                               .arguments_max = 1,
                                               .uses = USES_KAFKA | USES_ROWS,
                                               .run = parked_command};
const struct command command_webhook_redrive = {.words = "ctl webhook redrive",
                                                .arguments = "ORGANISATION/ENDPOINT",
                                                .summary_zh = "重新推送端点未接收的投递",
                                                .summary = "deliver again what an endpoint would not take",
                                                .details = "Look first with --dry-run, then guard with --expect-count.",
                                                .options = parked_options,
                                                .option_count = sizeof parked_options / sizeof *parked_options,
                                                .options_size = sizeof(struct parked_options),
                                                .arguments_min = 1,
                                                .arguments_max = 1,
                                                .uses = USES_KAFKA | USES_ROWS,
                                                .run = redrive_command};
