/* store.c: medhub connector store: runs it, makes all of it again, says what it holds. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/run/service.h"

#include "store/digest.h"
#include "store/store_service.h"

#include <inttypes.h>
#include <jansson.h>
#include <time.h>

struct store_options {
    bool rebuild, once, digest;
};

static void print_digest(struct output *output, const struct table_digest *digest)
{
    json_t *row = json_object();

    (void)json_object_set_new(row, "table", json_string(digest->table));
    (void)json_object_set_new(row, "rows", json_integer(digest->rows));
    (void)json_object_set_new(row, "digest",
                              json_sprintf("%016" PRIx64 "%016" PRIx64, digest->sums[0], digest->sums[1]));
    output_row(output, row);
}

static enum exit_code tell_digest(struct call *call, struct session *session)
{
    static const char *const columns[] = {"table", "rows", "digest", NULL};
    struct table_digest digests[TABLE_COUNT];
    struct fault fault = {0};

    if (digest_all(&session->sql, digests, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    struct output *output = output_open(call, columns, false);
    if (output == NULL)
        return say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    for (int i = 0; i < TABLE_COUNT; i++)
        print_digest(output, &digests[i]);
    return output_close(output) ? EXIT_OK : EXIT_FAILED;
}

/* Until everything that was in Kafka at the start has been applied. */
static enum exit_code run_once(struct call *call, struct session *session)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    struct store_service *service = NULL;
    struct fault fault = {0};

    if (store_service_start(&session->sql, &session->client, &service, &fault) != STATUS_OK)
        return say_fault(call, &fault);
    bool alive = true;
    while (!stop_requested() && alive && !store_service_is_ready(service)) {
        alive = store_service_is_alive(service, &fault);
        (void)nanosleep(&pause, NULL);
    }
    bool ready = store_service_is_ready(service);
    store_service_stop(service);
    if (!alive)
        return say_fault(call, &fault);
    return ready ? EXIT_OK : EXIT_PENDING;
}

static enum exit_code run(struct call *call, struct session *session, const struct store_options *options)
{
    const struct service_options service = {.parts = PART_STORE, .announce = true};
    struct fault fault = {0};

    service_prepare(call, session);
    enum exit_code result = service_check_topics(call, session);
    if (result == EXIT_OK && options->rebuild && store_service_clear(&session->sql, &fault) != STATUS_OK)
        result = say_fault(call, &fault);
    if (result != EXIT_OK)
        return result;
    return options->once ? run_once(call, session) : service_run(call, session, &service);
}

static enum exit_code store_command(struct call *call)
{
    const struct store_options *options = call->options;
    struct session session;

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    if (options->rebuild || options->once || !options->digest)
        result = run(call, &session, options);
    if (result == EXIT_OK && options->digest)
        result = tell_digest(call, &session);
    session_close(&session);
    return result;
}

#define STORE(member) offsetof(struct store_options, member)
static const struct option store_options[] = {
    {"rebuild", 0, OPTION_FLAG, STORE(rebuild), NULL,
     "first empty all tables and read everything again from the first offset",
     "先清空全部表，再从最早的偏移量重新读取", 0, 0},
    {"once", 0, OPTION_FLAG, STORE(once), NULL, "end when everything that is in Kafka now has been applied",
     "当前 Kafka 中的记录全部写入后即退出", 0, 0},
    {"digest", 0, OPTION_FLAG, STORE(digest), NULL,
     "print rows and digest of each table (at the end, with --once or --rebuild --once; else only that)",
     "输出各表的行数与摘要", 0, 0},
};
const struct command command_connector_store = {
    .words = "connector store",
    .arguments = "",
    .summary_zh = "运行 SQL 查询库连接器：事实、回执、投递写入数据库",
    .summary = "run the SQL store: facts, receipts and deliveries become rows",
    .details =
        "Prints one JSON line with its addresses when it is ready; ends in order on SIGTERM or SIGINT.\n"
        "Two databases with the same digests hold the same rows, also if one is SQLite and one PostgreSQL.",
    .options = store_options,
    .option_count = sizeof store_options / sizeof *store_options,
    .options_size = sizeof(struct store_options),
    .uses = USES_KAFKA | USES_ROWS,
    .run = store_command};
