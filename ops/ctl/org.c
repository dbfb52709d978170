/* org.c: ctl org show ORG: what the registry says of an organisation on a day: its row, its practitioners,
 * its places on lists. */
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/receipt_json.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"

#include "base/clock.h"
#include "base/date.h"
#include "domain/row_message.h"

#include <stdlib.h>
#include <string.h>

typedef Medhub__Event__V1__TableRow TableRow;

struct org_options {
    const char *date;
};

/* The last word on one version of a row. */
struct version {
    char *name; /* TABLE/KEY/REGION/FROM */
    json_t *json;
    struct version *next;
};

struct org_look {
    const char *organisation;
    date_t day;
    struct session *session;
    struct version *versions;
    size_t count;
};

/* Is ORGANISATION the key, or one of its parts: H1, H1/D1, HOSPITAL/H1, DOCTOR/H1/D1? */
static bool concerns(const char *key, const char *organisation)
{
    size_t length = strlen(organisation);
    for (const char *at = key; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, organisation, length) == 0 && (at[length] == '\0' || at[length] == '/'))
            return true;
    }
    return false;
}

static bool holds_on(const TableRow *row, date_t day)
{
    date_t from = date_parse(bytes_of(row->valid_from)), until = date_parse(bytes_of(row->valid_until));
    return !row->removed && from <= day && (until == DATE_NONE || day <= until);
}

/* Takes JSON; NULL: that version does not hold on the day. */
static void remember(struct org_look *look, const char *name, json_t *json)
{
    struct version **at = &look->versions;
    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL) {
            json_decref(json);
            return;
        }
        (*at)->name = strdup(name);
    }
    json_decref((*at)->json);
    (*at)->json = json;
}

static bool look_at_row(void *self, struct record *record)
{
    struct org_look *look = self;
    struct arena *arena = look->session->arena;
    const TableRow *row =
        record->value.data == NULL
            ? NULL
            : (const TableRow *)receipt_unpack("medhub.event.v1.TableRow", record->value, arena);
    if (row == NULL || !concerns(row->key, look->organisation))
        return true;
    const char *name = arena_format(arena, "%s/%s/%s/%s", row->table, row->key, row->region, row->valid_from);
    const ProtobufCMessageDescriptor *message = row_message_of_table(row->table);
    json_t *json = NULL;
    if (name == NULL || message == NULL)
        return true;
    if (holds_on(row, look->day)) {
        json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "table", row->table, "key", row->key, "region",
                         row->region, "validFrom", row->valid_from, "validUntil", row->valid_until);
        (void)json_object_set_new(json, "value",
                                  decode_json(schema_of(message), bytes_from(row->value.data, row->value.len),
                                              VISIBLE_TO_OPERATORS, arena));
    }
    remember(look, name, json);
    return true;
}

static enum exit_code print_all(struct call *call, struct org_look *look)
{
    static const char *const columns[] = {"table", "key", "region", "validFrom", "validUntil", NULL};
    struct output *output = output_open(call, columns, false);

    while (look->versions != NULL) {
        struct version *version = look->versions;
        look->versions = version->next;
        look->count += version->json != NULL;
        if (output != NULL && version->json != NULL)
            output_row(output, version->json);
        else
            json_decref(version->json);
        free(version->name);
        free(version);
    }
    if (output == NULL || !output_close(output))
        return EXIT_FAILED;
    return look->count > 0 ? EXIT_OK
                           : say_refusal(call, EXIT_NOT_FOUND, "organisation.unknown", "该日未登记",
                                         "not in the registry on that day");
}

static enum exit_code show_command(struct call *call)
{
    static const char *const topics[] = {"medhub.table.registry", "medhub.table.practitioner",
                                         "medhub.table.designation"};
    const struct org_options *options = call->options;
    const struct scan_request request = {
        .topics = topics, .topic_count = sizeof topics / sizeof *topics, .since_ms = -1, .until_ms = -1};
    struct session session;
    struct fault fault = {0};
    struct org_look look = {.organisation = call->arguments[0],
                            .day = options->date == NULL ? date_in_china(clock_now_ms(clock_system()))
                                                         : date_parse(bytes_of(options->date)),
                            .session = &session};

    if (look.day == DATE_NONE)
        return say_refusal(call, EXIT_USAGE, "usage", "日期须为 YYYY-MM-DD", "--date is YYYY-MM-DD");
    enum exit_code result = session_open(call, &session);
    if (result == EXIT_OK && scan_topics(&session, &request, look_at_row, &look, &fault) != STATUS_OK)
        result = say_fault(call, &fault);
    enum exit_code printed = result == EXIT_OK ? print_all(call, &look) : result;
    session_close(&session);
    return printed;
}

static const struct option show_options[] = {
    {"date", 0, OPTION_TEXT, offsetof(struct org_options, date), "YYYY-MM-DD", "as of that day; today",
     "截至该日，默认今天", 0, 0},
};

const struct command command_org_show = {
    .words = "ctl org show",
    .arguments = "ORG",
    .summary_zh = "查看机构在某日的登记、医师药师与名单",
    .summary = "what the registry says of an organisation on a day: its row, practitioners, places on lists",
    .details = "How its agreements stand: `medhub ctl state ORG --kind institution`.",
    .options = show_options,
    .option_count = sizeof show_options / sizeof *show_options,
    .options_size = sizeof(struct org_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .uses = USES_KAFKA | USES_ROWS,
    .run = show_command,
};
