/* catalogue_stage.c: ctl catalogue stage: a file becomes a release that nobody sees until it is published. */
#include "ops/ctl/catalogue_file.h"
#include "ops/ctl/catalogue_sender.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/hash.h"
#include "domain/release.h"
#include "event/pack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_ITEMS_MAX = 500, PIECE_BYTES_MAX = 400 * 1024, COMPLAINTS_MAX = 10000 };
#define ARENA_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024)

struct stage_options {
    const char *release, *region, *proposer, *source, *mapping, *kind, *planned;
    bool check;
    int64_t timeout_s;
};

struct complaints {
    struct call *call;
    struct output *output; /* from the first one on */
    size_t count;
};

static void print_complaint(void *context, const struct catalogue_bad_row *bad)
{
    static const char *const columns[] = {"line", "field", "found", "expected_zh", "expected", NULL};
    struct complaints *complaints = context;

    if (complaints->output == NULL)
        complaints->output = output_open(complaints->call, columns, false);
    if (complaints->output != NULL && complaints->count++ < COMPLAINTS_MAX)
        output_row(complaints->output, json_pack("{s:I, s:s, s:s, s:s, s:s}", "line", (json_int_t)bad->line, "field", bad->field,
                                                 "found", bad->found, "expected_zh", bad->expected_zh, "expected", bad->expected_en));
}

/* EXIT_OK: every row of the file is right. */
static enum exit_code read_file(struct call *call, struct arena *arena, struct catalogue_file *file)
{
    const struct stage_options *options = call->options;
    char planned[DATE_TEXT_BYTES];
    struct catalogue_defaults defaults = {.region = options->region, .valid_from = options->planned, .kind = options->kind};
    struct complaints complaints = {.call = call};
    struct fault fault = {0};

    if (defaults.valid_from == NULL)
        defaults.valid_from = date_format(date_in_china(clock_now_ms(clock_system())) + 1, planned);
    enum status status = catalogue_file_read(call->arguments[0], options->mapping, &defaults, print_complaint, &complaints,
                                             arena, file, &fault);
    if (complaints.output != NULL)
        (void)output_close(complaints.output);
    if (status != STATUS_OK) {
        (void)say_fault(call, &fault);
        return strcmp(fault.code, "file.missing") == 0 ? EXIT_NOT_FOUND : EXIT_FAILED;
    }
    if (file->bad_rows > 0)
        return say_refusal(call, EXIT_PARTIAL, "catalogue.bad_rows", "文件有误，未暂存任何条目",
                           "%zu rows are bad; nothing was staged", file->bad_rows);
    if (file->count == 0)
        return say_refusal(call, EXIT_FAILED, "catalogue.empty", "文件没有条目", "the file has no items");
    return EXIT_OK;
}

/* ---- pieces ---- */

struct staging {
    struct call *call;
    struct catalogue_sender *sender; /* NULL: only counting */
    const struct catalogue_file *file;
    const char *key;
    struct arena *arena; /* of one piece */
    uint64_t digest;
    uint32_t piece;
};

static size_t items_of_piece(const struct staging *staging, size_t first)
{
    size_t bytes = 0, count = 0;

    while (first + count < staging->file->count && count < PIECE_ITEMS_MAX) {
        bytes += protobuf_c_message_get_packed_size(&staging->file->entries[first + count].item->base) + 16;
        if (count > 0 && bytes > PIECE_BYTES_MAX)
            break;
        count++;
    }
    return count;
}

static bool fill_piece(struct staging *staging, ReleaseStaged *said, size_t first, size_t count)
{
    StagedItem *items = arena_take(staging->arena, count * sizeof *items);
    said->items = arena_take(staging->arena, count * sizeof *said->items);
    if (items == NULL || said->items == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t digest = 0;
        medhub__catalogue__v1__staged_item__init(&items[i]);
        items[i].item = staging->file->entries[first + i].item;
        items[i].removed = staging->file->entries[first + i].removed;
        said->items[i] = &items[i];
        if (!release_staged_digest(staging->arena, &items[i], &digest))
            return false;
        staging->digest += digest;
    }
    said->n_items = count;
    return true;
}

static enum exit_code send_piece(struct staging *staging, size_t first, size_t count)
{
    const struct stage_options *options = staging->call->options;
    ReleaseStaged said = MEDHUB__CATALOGUE__V1__RELEASE_STAGED__INIT;

    arena_reset(staging->arena);
    said.item_key = (char *)staging->key;
    said.release = (char *)options->release;
    said.region = (char *)options->region;
    said.proposer = (char *)options->proposer;
    said.piece = ++staging->piece;
    said.last = first + count == staging->file->count;
    said.item_count = said.last ? staging->file->count : 0;
    struct bytes value = fill_piece(staging, &said, first, count) ? pack_message(&said.base, staging->arena) : BYTES_NONE;
    if (value.data == NULL)
        return say_refusal(staging->call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    if (staging->sender == NULL)
        return EXIT_OK;
    const char *id = arena_format(staging->arena, "stage/%s/%u/%016llx", options->release, said.piece,
                                  (unsigned long long)hash_bytes(value, 0));
    return catalogue_sender_send(staging->sender, RELEASE_STAGED_TYPE, staging->key, id, value);
}

static enum exit_code send_all(struct staging *staging)
{
    enum exit_code result = EXIT_OK;

    for (size_t first = 0, count; result == EXIT_OK && first < staging->file->count; first += count) {
        count = items_of_piece(staging, first);
        result = send_piece(staging, first, count);
        say_count(staging->call, "已暂存条目", "items staged", first + count, staging->file->count);
    }
    return result;
}

static json_t *summary_of(const struct staging *staging, const struct stage_options *options)
{
    char digest[17];

    (void)snprintf(digest, sizeof digest, "%016" PRIx64, staging->digest);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "release", options->release, "region", options->region, "status",
                     staging->sender == NULL ? "checked" : "staged", "items", (json_int_t)staging->file->count, "pieces",
                     (json_int_t)staging->piece, "digest", digest);
}

static enum exit_code stage(struct staging *staging)
{
    const struct stage_options *options = staging->call->options;

    if (options->check) {
        enum exit_code result = send_all(staging);
        return result == EXIT_OK && !output_object(staging->call, summary_of(staging, options)) ? EXIT_FAILED : result;
    }
    enum exit_code result =
        catalogue_sender_open(staging->call, options->source, options->timeout_s * 1000, &staging->sender);
    if (result == EXIT_OK)
        result = send_all(staging);
    return staging->sender == NULL ? result
                                   : catalogue_sender_close(staging->sender, result, summary_of(staging, options));
}

static enum exit_code stage_command(struct call *call)
{
    const struct stage_options *options = call->options;
    struct catalogue_file file;

    if (options->release == NULL || options->region == NULL || (options->proposer == NULL && !options->check))
        return say_refusal(call, EXIT_USAGE, "catalogue.options", "须给出 --release、--region 与 --proposer",
                           "--release, --region and --proposer are needed");
    struct arena *arena = arena_new(1024 * 1024, ARENA_BYTES_MAX);
    struct arena *piece = arena_new(1024 * 1024, 64 * 1024 * 1024);
    enum exit_code result = arena == NULL || piece == NULL ? EXIT_FAILED : read_file(call, arena, &file);
    if (result == EXIT_OK) {
        struct staging staging = {.call = call, .file = &file, .arena = piece};
        staging.key = arena_format(arena, "release/%s", options->release);
        result = stage(&staging);
    }
    arena_free(arena);
    arena_free(piece);
    return result;
}

#define STAGE(member) offsetof(struct stage_options, member)
static const struct option stage_options[] = {
    {"release", 'r', OPTION_TEXT, STAGE(release), "ID", "name of the release", "版本号", 0, 0},
    {"region", 0, OPTION_TEXT, STAGE(region), "CODE", "whose catalogue it is; 000000 the nation's", "地区代码", 0, 0},
    {"proposer", 0, OPTION_TEXT, STAGE(proposer), "PERSON", "who proposes it; another person publishes it",
     "提交人；须由另一人批准", 0, 0},
    {"source", 0, OPTION_TEXT, STAGE(source), "ORG", "who says it; medhub, the hub's operator",
     "发布机构，默认为枢纽自身", 0, 0},
    {"mapping", 'm', OPTION_TEXT, STAGE(mapping), "FILE", "CSV: which column is which field; without: by name",
     "列与字段的对应表", 0, 0},
    {"kind", 0, OPTION_TEXT, STAGE(kind), "KIND", "of all items, if the file does not say: KIND_CONSUMABLE",
     "条目类别（文件未写时）", 0, 0},
    {"planned", 0, OPTION_TEXT, STAGE(planned), "DATE", "planned first day; tomorrow. The approval sets the day",
     "计划生效日，以批准为准", 0, 0},
    {"check", 0, OPTION_FLAG, STAGE(check), NULL, "only look the file over", "只检查文件，不暂存", 0, 0},
    {"timeout", 0, OPTION_NUMBER, STAGE(timeout_s), "SECONDS", "give up when nothing came for so long; 60",
     "无任何回应多久后放弃", 1, 86400},
};
const struct command command_catalogue_stage = {
    "ctl catalogue stage",
    "FILE",
    "暂存目录版本：整个文件无误才提交，批准前谁也看不到",
    "stage a release: sent only if the whole file is right, seen by nobody until it is published",
    "FILE is a CSV; a bad row is told with its line and reason, and then nothing is sent. Done again after a break it goes\n"
    "on where it was. Mappings that come with medhub: ops/data/mappings.",
    stage_options,
    sizeof stage_options / sizeof *stage_options,
    sizeof(struct stage_options),
    1,
    1,
    USES_KAFKA | USES_ROWS,
    stage_command};
