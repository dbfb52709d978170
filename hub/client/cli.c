/* cli.c: libmedhub on the command line, for scripts and for trying out; knows no more than any other program
 * does. */
#include <medhub/medhub.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exit codes as those of `medhub`. */
enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_DENIED, EXIT_PARTIAL = 6, EXIT_PENDING = 8 };
enum { TIMEOUT_MS = 60000, STEP_MS = 500, LINE_BYTES_MAX = 16 * 1024 * 1024 };

static const char usage_text[] =
    "usage: medhub-client -c OPTIONS [-t SECONDS] COMMAND\n"
    "\n"
    "  submit               CloudEvents from standard input, one a line, into the outbox; waits for the "
    "receipts\n"
    "                       从标准输入提交事件，每行一个；等待并输出编号、结果、答复\n"
    "  send                 sends what lies in the outbox 发送待发箱中的事件\n"
    "  receipt ID           the receipt of an event 查询回执\n"
    "  withdraw ID          takes an event out of the outbox 撤回未发送的事件\n"
    "  state                how things stand 当前状态\n"
    "  follow FEED [COUNT]  prints what a feed brings, one event a line 接收消息流\n"
    "  refresh              brings the local catalogue up to date 更新本机目录\n"
    "  check                reads the local catalogue through 校验本机目录\n"
    "  releases             the releases it holds, with digests 本机目录所含版本及摘要\n"
    "  item TABLE CODE REGION DATE [across-provinces] [formulary] [INSURANCE]\n"
    "                       an item as it was on a day, whether it is paid and why 查询某日的目录条目、是否支付及理由\n"
    "  code                 codes from standard input, one a line 解析扫码，每行一个\n"
    "\n"
    "OPTIONS is a file of lines NAME = VALUE, see medhub.3. Exit codes: 0 ok, 1 failure, 2 usage, 3 not "
    "found,\n"
    "4 not allowed, 6 some were refused, 8 pending.\n";

struct client {
    struct medhub *hub;
    struct medhub_error error;
    int timeout_ms;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

static int exit_code(enum medhub_status status)
{
    switch (status) {
    case MEDHUB_OK:
        return EXIT_OK;
    case MEDHUB_AGAIN:
        return EXIT_PENDING;
    case MEDHUB_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case MEDHUB_DENIED:
        return EXIT_DENIED;
    default:
        return EXIT_FAILED;
    }
}

static int complain(const struct client *client, enum medhub_status status)
{
    if (status != MEDHUB_OK)
        (void)fprintf(stderr, "medhub-client: %s\n%s\n", client->error.text_zh, client->error.text_en);
    return exit_code(status);
}

/* The next line of standard input without its end; NULL at the end. */
static char *next_line(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length = getline(&line, &size, stdin);

    if (length < 0 || length > LINE_BYTES_MAX) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

/* ---- submitting ---- */

struct ids {
    char (*list)[MEDHUB_ID_BYTES];
    size_t count;
};

static bool keep_id(struct ids *ids, char id[MEDHUB_ID_BYTES])
{
    void *longer = realloc(ids->list, (ids->count + 1) * sizeof *ids->list);
    if (longer == NULL)
        return false;
    ids->list = longer;
    memcpy(ids->list[ids->count++], id, MEDHUB_ID_BYTES);
    return true;
}

static enum medhub_status submit_line(struct client *client, const char *line, struct ids *ids)
{
    struct medhub_event event = MEDHUB_EVENT_INIT;
    char id[1][MEDHUB_ID_BYTES];

    event.json = line;
    enum medhub_status status = medhub_submit(client->hub, &event, 1, id, &client->error);
    while (status == MEDHUB_FULL && !stopped) { /* room comes with the receipts */
        (void)medhub_work(client->hub, STEP_MS, &client->error);
        status = medhub_submit(client->hub, &event, 1, id, &client->error);
    }
    return status == MEDHUB_OK && !keep_id(ids, id[0]) ? MEDHUB_MEMORY : status;
}

static int print_receipt(const struct medhub_receipt *receipt)
{
    (void)printf("%s\t%s\t%s\n", medhub_receipt_id(receipt),
                 medhub_outcome_name(medhub_receipt_outcome(receipt)), medhub_receipt_json(receipt));
    return medhub_receipt_outcome(receipt) == MEDHUB_ACCEPTED ? EXIT_OK : EXIT_PARTIAL;
}

static int wait_for(struct client *client, const char *id)
{
    struct medhub_receipt *receipt = NULL;
    enum medhub_status status = medhub_wait(client->hub, id, client->timeout_ms, &receipt, &client->error);
    int code = status == MEDHUB_OK ? print_receipt(receipt) : complain(client, status);
    medhub_receipt_free(receipt);
    return code;
}

/* All are in the outbox before the first is waited for. */
static int submit(struct client *client, char **arguments)
{
    struct ids ids = {NULL, 0};
    enum medhub_status status = MEDHUB_OK;
    int code = EXIT_OK;

    (void)arguments;
    for (char *line; status == MEDHUB_OK && (line = next_line()) != NULL; free(line))
        if (line[0] != '\0')
            status = submit_line(client, line, &ids);
    code = complain(client, status);
    for (size_t i = 0; i < ids.count && !stopped; i++) {
        int one = wait_for(client, ids.list[i]);
        code = code == EXIT_OK || one == EXIT_PENDING ? one : code;
    }
    free(ids.list);
    return code;
}

static int send_all(struct client *client, char **arguments)
{
    struct medhub_state state = MEDHUB_STATE_INIT;
    enum medhub_status status = MEDHUB_OK;
    int left_ms = client->timeout_ms;

    (void)arguments;
    do {
        status = medhub_work(client->hub, STEP_MS, &client->error);
        left_ms -= status == MEDHUB_AGAIN ? STEP_MS : 0; /* as long as something happens it goes on */
        if (status <= MEDHUB_AGAIN)
            status = medhub_state(client->hub, &state, &client->error);
    } while (status == MEDHUB_OK && state.waiting + state.sent > 0 && left_ms > 0 && !stopped);
    if (status != MEDHUB_OK)
        return complain(client, status);
    return state.waiting + state.sent == 0 ? EXIT_OK : EXIT_PENDING;
}

static int receipt(struct client *client, char **arguments)
{
    struct medhub_receipt *found = NULL;
    enum medhub_status status = medhub_receipt(client->hub, arguments[0], &found, &client->error);
    int code = status == MEDHUB_OK ? print_receipt(found) : complain(client, status);
    medhub_receipt_free(found);
    return code;
}

static int withdraw(struct client *client, char **arguments)
{
    return complain(client, medhub_withdraw(client->hub, arguments[0], &client->error));
}

static int state(struct client *client, char **arguments)
{
    struct medhub_state now = MEDHUB_STATE_INIT;
    struct medhub_catalogue_state catalogue = MEDHUB_CATALOGUE_STATE_INIT;

    (void)arguments;
    enum medhub_status status = medhub_state(client->hub, &now, &client->error);
    if (status == MEDHUB_OK)
        status = medhub_catalogue_state(client->hub, &catalogue, &client->error);
    if (status != MEDHUB_OK)
        return complain(client, status);
    (void)printf("{\"waiting\":%llu,\"sent\":%llu,\"bytes\":%llu,\"settled\":%llu,\"oldestMs\":%lld,"
                 "\"catalogueRows\":%llu,\"catalogueRefreshedMs\":%lld,\"catalogueDigest\":\"%s\"}\n",
                 (unsigned long long)now.waiting, (unsigned long long)now.sent,
                 (unsigned long long)now.outbox_bytes, (unsigned long long)now.settled,
                 (long long)now.oldest_ms, (unsigned long long)catalogue.rows,
                 (long long)catalogue.refreshed_ms, catalogue.digest);
    return EXIT_OK;
}

/* ---- following ---- */

static enum medhub_status print_item(void *context, const struct medhub_item *item)
{
    long *left = context;
    if (stopped)
        return MEDHUB_AGAIN; /* it comes again the next time */
    int failed =
        medhub_item_kind(item) == MEDHUB_ITEM_GAP ? puts("{\"gap\":true}") : puts(medhub_item_json(item));
    if (failed == EOF || fflush(stdout) != 0)
        return MEDHUB_AGAIN;
    stopped = --*left == 0;
    return MEDHUB_OK;
}

static int follow(struct client *client, char **arguments)
{
    long left = arguments[1] == NULL ? 0 : strtol(arguments[1], NULL, 10);
    enum medhub_status status = medhub_follow(client->hub, arguments[0], print_item, &left, &client->error);

    while (!stopped && status <= MEDHUB_AGAIN)
        status = medhub_work(client->hub, STEP_MS, &client->error);
    return status <= MEDHUB_AGAIN ? EXIT_OK : complain(client, status);
}

/* ---- catalogue and codes ---- */

/* Answers to the bureau need not wait for the next command. What the gateway does not take soon stays in the outbox. */
static void send_answers(struct client *client)
{
    enum { PATIENCE_MS = 5000 };
    struct medhub_state state = MEDHUB_STATE_INIT;

    for (int left_ms = PATIENCE_MS; left_ms > 0 && !stopped; left_ms -= STEP_MS) {
        if (medhub_state(client->hub, &state, NULL) != MEDHUB_OK || state.waiting == 0 ||
            medhub_work(client->hub, STEP_MS, NULL) > MEDHUB_AGAIN)
            return;
    }
}

static int refresh(struct client *client, char **arguments)
{
    (void)arguments;
    enum medhub_status status = medhub_catalogue_refresh(client->hub, client->timeout_ms, &client->error);
    if (status == MEDHUB_OK)
        send_answers(client);
    return complain(client, status);
}

static int check(struct client *client, char **arguments)
{
    (void)arguments;
    return complain(client, medhub_catalogue_check(client->hub, &client->error));
}

static int releases(struct client *client, char **arguments)
{
    char *json = NULL;
    enum medhub_status status = medhub_catalogue_releases(client->hub, &json, &client->error);

    (void)arguments;
    if (status == MEDHUB_OK)
        (void)puts(json);
    medhub_free(json);
    return complain(client, status);
}

/* TABLE CODE REGION DATE [across-provinces] [formulary] [INSURANCE] */
static int item(struct client *client, char **arguments)
{
    struct medhub_question question = MEDHUB_QUESTION_INIT;
    char *json = NULL;

    question.table = arguments[0];
    question.code = arguments[1];
    question.region = arguments[2];
    question.date = arguments[3];
    for (char **more = arguments + 4; *more != NULL; more++)
        if (strcmp(*more, "across-provinces") == 0)
            question.across_provinces = 1;
        else if (strcmp(*more, "formulary") == 0)
            question.own_formulary = 1;
        else
            question.insurance = *more;
    enum medhub_status status = medhub_catalogue_lookup(client->hub, &question, &json, &client->error);
    if (status == MEDHUB_OK)
        (void)puts(json);
    medhub_free(json);
    return complain(client, status);
}

static int parse_codes(struct client *client, char **arguments)
{
    int code = EXIT_OK;

    (void)arguments;
    for (char *line; (line = next_line()) != NULL; free(line)) {
        char *json = NULL;
        if (medhub_code_parse(line, strlen(line), 0, &json, &client->error) != MEDHUB_OK)
            code = EXIT_PARTIAL;
        (void)puts(json == NULL ? "{}" : json);
        medhub_free(json);
    }
    return code;
}

/* ---- the table ---- */

static const struct command {
    const char *name;
    int least, most; /* arguments */
    bool local;      /* needs no handle */
    int (*run)(struct client *client, char **arguments);
} commands[] = {
    {"submit", 0, 0, false, submit},     {"send", 0, 0, false, send_all}, {"receipt", 1, 1, false, receipt},
    {"withdraw", 1, 1, false, withdraw}, {"state", 0, 0, false, state},   {"follow", 1, 2, false, follow},
    {"refresh", 0, 0, false, refresh},   {"check", 0, 0, false, check},   {"item", 4, 7, false, item},
    {"releases", 0, 0, false, releases}, {"code", 0, 0, true, parse_codes},
};

static const struct command *find_command(const char *name, int arguments)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0 && arguments >= commands[i].least &&
            arguments <= commands[i].most)
            return &commands[i];
    return NULL;
}

static int run(const struct command *command, const char *options_file, struct client *client,
               char **arguments)
{
    struct medhub_options *options = medhub_options_new();
    enum medhub_status status = MEDHUB_OK;

    if (!command->local)
        status = medhub_options_read(options, options_file, &client->error);
    if (status == MEDHUB_OK && !command->local)
        status = medhub_open(options, &client->hub, &client->error);
    medhub_options_free(options);
    int code = status == MEDHUB_OK ? command->run(client, arguments) : complain(client, status);
    medhub_close(client->hub);
    return code;
}

static int usage(FILE *file, int code)
{
    (void)fputs(usage_text, file);
    return code;
}

int main(int argc, char **argv)
{
    struct client client = {.error = MEDHUB_ERROR_INIT, .timeout_ms = TIMEOUT_MS};
    const char *options_file = NULL;
    int at = 1;

    for (; at + 1 < argc && argv[at][0] == '-' && strchr("ct", argv[at][1]) != NULL; at += 2) {
        if (argv[at][1] == 'c')
            options_file = argv[at + 1];
        else
            client.timeout_ms = (int)strtol(argv[at + 1], NULL, 10) * 1000;
    }
    if (at < argc && (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0))
        return usage(stdout, EXIT_OK);
    const struct command *command = at < argc ? find_command(argv[at], argc - at - 1) : NULL;
    if (command == NULL || (options_file == NULL && !command->local))
        return usage(stderr, EXIT_USAGE);
    (void)signal(SIGINT, stop);
    (void)signal(SIGTERM, stop);
    return run(command, options_file, &client, argv + at + 1);
}
