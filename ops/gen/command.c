/* command.c: medhub gen. */
#include "ops/ctl/commands.h"
#include "ops/ctl/policy_file.h"
#include "ops/ctl/say.h"
#include "ops/gen/drug_code.h"
#include "ops/gen/gen.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gen_options {
    const char *data, *what, *day;
    int64_t seed, count, wrong, repeat;
};

struct generation {
    struct call *call;
    struct gen gen;
    struct gen_state state;
    const char *folder;
    struct arena *arena; /* of the world */
    struct fault fault;
};

static void write_line(void *self, struct bytes line)
{
    (void)self;
    (void)fwrite(line.data, 1, line.length, stdout);
    (void)fputc('\n', stdout);
}

/* ---- the parts, in the order in which a hub needs them ---- */

static enum status organisations_part(struct generation *generation)
{
    gen_organisations(&generation->gen);
    return STATUS_OK;
}

static enum status devices_part(struct generation *generation)
{
    gen_devices(&generation->gen);
    return STATUS_OK;
}

static enum status calendar_part(struct generation *generation)
{
    static const char *const columns[] = {"date", "is_working_day", NULL};
    struct data_table days;

    enum status status = table_read(generation->folder, "working_days.csv", columns, generation->arena, &days,
                                    &generation->fault);
    if (status == STATUS_OK)
        gen_calendar(&generation->gen, &days);
    return status;
}

static enum status limits_part(struct generation *generation)
{
    struct data_table limits;

    enum status status = table_read(generation->folder, "drug_limits.csv", gen_limit_columns, generation->arena,
                                    &limits, &generation->fault);
    if (status == STATUS_OK)
        gen_limits(&generation->gen, &limits);
    return status;
}

static enum status drug_codes_part(struct generation *generation)
{
    struct data_table limits;
    struct drug_codes codes;

    enum status status = table_read(generation->folder, "drug_limits.csv", gen_limit_columns, generation->arena,
                                    &limits, &generation->fault);
    if (status == STATUS_OK)
        status = drug_codes_read(generation->folder, generation->arena, &codes, &generation->fault);
    if (status == STATUS_OK)
        gen_drug_codes(&generation->gen, &codes, &limits);
    return status;
}

static void write_pack(struct generation *generation, const struct policy_pack *pack)
{
    char time[MOMENT_TEXT_BYTES];
    json_t *events = policy_events(pack, "medhub", moment_format_ms(date_begin_in_china_ms(generation->gen.day), time));

    for (size_t i = 0; i < json_array_size(events); i++) {
        json_t *event = json_array_get(events, i);
        (void)json_object_set_new(event, "expect", json_string("accepted"));
        char *line = json_dumps(event, JSON_COMPACT);
        write_line(NULL, bytes_of(line));
        generation->gen.lines++;
        free(line);
    }
    json_decref(events);
}

/* The shipped packs: the nation, then the regions. */
static enum status policy_part(struct generation *generation)
{
    struct arena *arena = arena_new(256 * 1024, 64 * 1024 * 1024);
    const char *paths[POLICY_PACKS_MAX];
    struct policy_set set = {0};
    enum status status = STATUS_OK;

    if (arena == NULL)
        return fault_fatal(&generation->fault, "memory.out", "no memory for the policy");
    policy_set_read(paths, policy_shipped(arena, paths), arena, &set);
    if (set.findings.count > 0)
        status = fault_reject(&generation->fault, "policy.malformed", "%s line %zu: %s", set.findings.first->path,
                              set.findings.first->line, policy_fault_rows[set.findings.first->fault].en);
    for (size_t i = 0; status == STATUS_OK && i < set.count; i++)
        write_pack(generation, &set.packs[i]);
    arena_free(arena);
    return status;
}

static enum status catalogue(struct generation *generation, int edition)
{
    gen_catalogue(&generation->gen, edition);
    gen_barrier(&generation->gen); /* the hub has counted an item when it has answered for it */
    gen_release(&generation->gen, edition);
    return STATUS_OK;
}

static enum status catalogue_2024_part(struct generation *generation)
{
    return catalogue(generation, EDITION_2024);
}

static enum status catalogue_2025_part(struct generation *generation)
{
    return catalogue(generation, EDITION_2025);
}

static const struct part {
    const char *name;
    enum status (*generate)(struct generation *generation);
} parts[] = {
    {"policy", policy_part},
    {"calendar", calendar_part},
    {"organisations", organisations_part},
    {"devices", devices_part},
    {"catalogue-2024", catalogue_2024_part},
    {"catalogue-2025", catalogue_2025_part},
    {"limits", limits_part},
    {"drug-codes", drug_codes_part},
};

#define CHAINS "chains" /* these need the items */

/* The load of a day: one of each in turn. */
static const struct load {
    const char *name;
    void (*generate)(struct gen *gen, struct gen_state *state, int64_t number);
} loads[] = {
    {"prescriptions", gen_prescription},
    {"dispensings", gen_dispensing},
    {"scans", gen_scan},
    {"settlements", gen_settlement},
    {CHAINS, gen_chain},
};
enum { PARTS = sizeof parts / sizeof *parts, LOADS = sizeof loads / sizeof *loads };

/* True if NAME is one of WHAT, "a,b,c". */
static bool asked_for(const char *what, const char *name)
{
    while (*what != '\0') {
        size_t length = strcspn(what, ",");
        if (length == strlen(name) && strncmp(what, name, length) == 0)
            return true;
        what += length;
        what += *what == ',';
    }
    return false;
}

static bool is_known(const char *name, size_t length)
{
    for (size_t i = 0; i < PARTS; i++)
        if (strlen(parts[i].name) == length && strncmp(parts[i].name, name, length) == 0)
            return true;
    for (size_t i = 0; i < LOADS; i++)
        if (strlen(loads[i].name) == length && strncmp(loads[i].name, name, length) == 0)
            return true;
    return false;
}

static enum exit_code check_what(struct call *call, const char *what)
{
    while (*what != '\0') {
        size_t length = strcspn(what, ",");
        if (!is_known(what, length))
            return say_refusal(call, EXIT_USAGE, "usage", "没有这类事件", "--what: no such kind: %.*s",
                               (int)length, what);
        what += length;
        what += *what == ',';
    }
    return EXIT_OK;
}

static enum status generate_all(struct generation *generation, const char *what)
{
    struct items items;
    enum status status = STATUS_OK;

    if (asked_for(what, CHAINS))
        status = items_read(generation->folder, generation->arena, &items, &generation->fault);
    generation->gen.items = &items;
    for (size_t i = 0; i < PARTS && status == STATUS_OK; i++)
        if (asked_for(what, parts[i].name))
            status = parts[i].generate(generation);
    for (int64_t number = 0; number < generation->gen.count && status == STATUS_OK && !generation->gen.failed;
         number++)
        for (size_t i = 0; i < LOADS; i++)
            if (asked_for(what, loads[i].name))
                loads[i].generate(&generation->gen, &generation->state, number);
    if (status == STATUS_OK && generation->gen.failed)
        status = fault_fatal(&generation->fault, "gen.failed", "an event could not be written");
    return status;
}

static void set_up(struct generation *generation, const struct gen_options *options,
                   const struct world *world, date_t day)
{
    char text[DATE_TEXT_BYTES];
    int64_t seed = options->seed < 0 ? 1 : options->seed;

    (void)date_format(day, text);
    generation->gen = (struct gen){
        .world = world,
        .seed = (uint64_t)seed,
        .day = day,
        .count = options->count < 0 ? 100 : options->count,
        .wrong_percent = options->wrong < 0 ? 0 : options->wrong,
        .repeat_percent = options->repeat < 0 ? 0 : options->repeat,
        .run = arena_format(generation->arena, "%.2s%.2s%.2s%03" PRId64, text + 2, text + 5, text + 8,
                            seed % 1000),
        .arena = arena_new(256 * 1024, 64 * 1024 * 1024),
        .write = write_line,
    };
}

static enum exit_code generate(struct call *call, struct generation *generation, date_t day)
{
    const struct gen_options *options = call->options;
    struct world world;

    if (world_read(generation->folder, generation->arena, &world, &generation->fault) != STATUS_OK) {
        (void)say_fault(call, &generation->fault);
        return EXIT_NOT_FOUND;
    }
    set_up(generation, options, &world, day);
    if (generation->gen.arena == NULL)
        return EXIT_FAILED;
    enum status status =
        generate_all(generation, options->what == NULL ? "prescriptions,scans,settlements" : options->what);
    for (size_t i = 0; i < REMEMBERED_MAX; i++)
        free(generation->gen.remembered[i]);
    arena_free(generation->gen.arena);
    if (status != STATUS_OK)
        return say_fault(call, &generation->fault);
    say_progress(call, "已生成", "%" PRIu64 " events", generation->gen.lines);
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code gen_command(struct call *call)
{
    const struct gen_options *options = call->options;
    const char *installed = getenv("MEDHUB_DATA_DIR");
    date_t day = options->day == NULL ? gen_last_whole_day(clock_now_ms(clock_system()))
                                      : date_parse(bytes_of(options->day));
    struct generation generation = {.call = call, .arena = arena_new(1024 * 1024, 512 * 1024 * 1024)};

    if (day == DATE_NONE)
        return say_refusal(call, EXIT_USAGE, "usage", "日期格式为 YYYY-MM-DD", "--day is YYYY-MM-DD");
    enum exit_code result = options->what == NULL ? EXIT_OK : check_what(call, options->what);
    generation.folder = options->data != NULL ? options->data
                        : installed != NULL   ? installed
                                              : MEDHUB_DATA_DIR;
    if (result == EXIT_OK)
        result = generation.arena == NULL ? EXIT_FAILED : generate(call, &generation, day);
    arena_free(generation.arena);
    return result;
}

#define GEN(member) offsetof(struct gen_options, member)
static const struct option gen_options[] = {
    {"seed", 0, OPTION_NUMBER, GEN(seed), "N", "the same seed and day give the same events; 1", "随机种子", 0,
     0},
    {"count", 'n', OPTION_NUMBER, GEN(count), "N", "how many of each kind of load; 100", "每类负载的数量", 0,
     10000000},
    {"day", 0, OPTION_TEXT, GEN(day), "DATE", "the day they happen on; the last that is over in China", "业务日期，默认昨天（北京时间）", 0, 0},
    {"what", 'w', OPTION_TEXT, GEN(what), "A,B",
     "policy, calendar, organisations, devices (as the UDI database registered those that are scanned), catalogue-2024, "
     "catalogue-2025, limits, drug-codes (13,738 real national codes), "
     "prescriptions, dispensings, scans, settlements, chains (each the way of a lot from its maker to patients, many scans, over the "
     "months before); prescriptions, scans and settlements",
     "生成哪些事件", 0, 0},
    {"wrong", 0, OPTION_NUMBER, GEN(wrong), "PERCENT", "how many break a rule, each rule in turn; 0",
     "违规事件的百分比", 0, 100},
    {"repeat", 0, OPTION_NUMBER, GEN(repeat), "PERCENT", "how many are said a second time; 0",
     "重复事件的百分比", 0, 100},
    {"data", 0, OPTION_TEXT, GEN(data), "DIR", "folder of the data (or MEDHUB_DATA_DIR)", "数据目录", 0, 0},
};
const struct command command_gen = {"gen",
                                    "",
                                    "由随附的真实数据生成事件（每行一个 CloudEvent）",
                                    "seeded realistic events from the shipped data, one a line",
                                    "Each line says in `expect` and `expectcode` what the hub must answer. "
                                    "An empty line is a place where `ctl submit`\n"
                                    "waits until everything before it is answered.",
                                    gen_options,
                                    sizeof gen_options / sizeof *gen_options,
                                    sizeof(struct gen_options),
                                    0,
                                    0,
                                    0,
                                    gen_command};
