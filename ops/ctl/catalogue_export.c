/* catalogue_export.c: ctl catalogue export FILE: all dated rows of the catalogue as a compressed file, or what has changed since an
 * older one, for those who have neither the gateway nor Kafka. */
#include "ops/ctl/catalogue_base.h"
#include "ops/ctl/catalogue_writer.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scratch.h"

#include "base/log.h"
#include "domain/view.h"
#include "event/schema.h"
#include "event/unpack.h"

#include <jansson.h>

struct export_options {
    const char *form, *region, *after;
};

struct exporting {
    struct call *call;
    const struct export_options *options;
    struct catalogue_writer *writer;
    struct catalogue_base *base; /* the older file's rows; NULL: all rows are written */
    struct arena *arena;
    struct buffer counted;
    struct catalogue_sum sum; /* of the catalogue as it is */
    uint64_t removed;
    enum status status;
    struct fault fault;
};

/* ---- rows ---- */

static void put_row(struct exporting *work, struct catalogue_dated *row)
{
    if (work->status == STATUS_OK)
        work->status = catalogue_dated_json(row, work->arena, &work->fault);
    if (work->status != STATUS_OK)
        return;
    if (!catalogue_dated_count(row, &work->sum, &work->counted))
        work->status = fault_fatal(&work->fault, "memory.out", "no memory for a row");
    else if (work->base == NULL || !catalogue_base_has(work->base, row))
        work->status = catalogue_writer_put(work->writer, row, &work->fault);
}

static bool take_row(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct exporting *work = context;
    ProtobufCMessage *item = NULL;

    if (work->options->region != NULL && strcmp(work->options->region, region) != 0)
        return true;
    arena_reset(work->arena);
    work->status = unpack_message(schema_of(CATALOGUE_ITEM), row->value, work->arena, &item, &work->fault);
    struct catalogue_dated dated = {.mark = CATALOGUE_PUT,
                                    .key = key,
                                    .region = region,
                                    .valid_from = row->valid_from,
                                    .valid_until = row->valid_until,
                                    .version = row->version,
                                    .item = (const CatalogueItem *)item};
    put_row(work, &dated);
    say_count(work->call, "已读行数", "rows read", work->sum.rows, 0);
    return work->status == STATUS_OK && !stop_requested();
}

static bool remove_row(void *context, const struct catalogue_dated *row)
{
    struct exporting *work = context;

    work->status = catalogue_writer_put(work->writer, row, &work->fault);
    work->removed++;
    return work->status == STATUS_OK;
}

static void put_digest(struct exporting *work, enum catalogue_mark mark, const struct catalogue_sum *sum)
{
    const struct catalogue_dated row = {.mark = mark, .sum = *sum};

    if (work->status == STATUS_OK && work->base != NULL)
        work->status = catalogue_writer_put(work->writer, &row, &work->fault);
}

static void write_rows(struct exporting *work, struct tables_reader *reader)
{
    if (work->base != NULL)
        put_digest(work, CATALOGUE_BEFORE, catalogue_base_sum(work->base));
    if (work->status == STATUS_OK)
        tables_each(reader, TABLE_CATALOGUE, take_row, work);
    if (work->status == STATUS_OK)
        work->status = tables_reader_check(reader, &work->fault);
    if (work->status == STATUS_OK && work->base != NULL)
        catalogue_base_each_other(work->base, remove_row, work);
    put_digest(work, CATALOGUE_AFTER, &work->sum);
    if (work->status == STATUS_OK && stop_requested())
        work->status = fault_reject(&work->fault, "catalogue.stopped", "stopped; no file was made");
    say_count_end(work->call);
}

/* ---- the command ---- */

static enum exit_code tell(const struct exporting *work)
{
    char digest[CATALOGUE_SUM_TEXT_BYTES], before[CATALOGUE_SUM_TEXT_BYTES];
    const struct call *call = work->call;
    json_int_t written = (json_int_t)catalogue_writer_rows(work->writer);
    json_t *told = json_pack("{s:s, s:s, s:I, s:s}", "file", call->arguments[0], "form", catalogue_writer_form(work->writer),
                             "rows", (json_int_t)work->sum.rows, "digest", catalogue_sum_text(&work->sum, digest));

    if (told != NULL && work->base != NULL)
        (void)json_object_update_new(
            told, json_pack("{s:s, s:s, s:I, s:I, s:b}", "after", work->options->after, "before",
                            catalogue_sum_text(catalogue_base_sum(work->base), before), "put", written - (json_int_t)work->removed - 2,
                            "removed", (json_int_t)work->removed, "snapshotIsSmaller", written > (json_int_t)work->sum.rows));
    return output_object(call, told) ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code export_all(struct exporting *work, struct session *session)
{
    struct scratch scratch;

    work->status = scratch_open_only(work->call, session, TABLE_CATALOGUE, &scratch, &work->fault);
    if (work->status == STATUS_OK)
        write_rows(work, scratch.reader);
    if (work->status == STATUS_OK)
        work->status = catalogue_writer_finish(work->writer, &work->fault);
    enum exit_code result = work->status == STATUS_OK ? tell(work) : say_fault(work->call, &work->fault);
    scratch_close(&scratch);
    return result;
}

static enum exit_code export_to(struct call *call, struct session *session)
{
    const struct export_options *options = call->options;
    struct exporting work = {.call = call, .options = options, .arena = arena_new(64 * 1024, 64 * 1024 * 1024)};

    buffer_init(&work.counted, CATALOGUE_LINE_BYTES_MAX);
    if (work.arena == NULL)
        work.status = fault_fatal(&work.fault, "memory.out", "no memory to export");
    if (work.status == STATUS_OK && options->after != NULL)
        work.status = catalogue_base_read(options->after, &work.base, &work.fault);
    if (work.status == STATUS_OK)
        work.status = catalogue_writer_open(call->arguments[0], options->form, options->after != NULL, &work.writer, &work.fault);
    enum exit_code result = work.status == STATUS_OK ? export_all(&work, session) : say_fault(call, &work.fault);
    catalogue_writer_close(work.writer);
    catalogue_base_free(work.base);
    arena_free(work.arena);
    buffer_done(&work.counted);
    return result;
}

static enum exit_code export_command(struct call *call)
{
    const struct export_options *options = call->options;
    struct session session;
    enum exit_code result = catalogue_writer_check(call, call->arguments[0], options->form);

    if (result == EXIT_OK)
        result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    stop_install();
    result = export_to(call, &session);
    session_close(&session);
    return result;
}

static const struct option export_options[] = {
    {"form", 0, OPTION_TEXT, offsetof(struct export_options, form), "FORM", "csv (with the item as JSON) or protobuf; csv",
     "csv（条目为 JSON）或 protobuf", 0, 0},
    {"region", 0, OPTION_TEXT, offsetof(struct export_options, region), "CODE", "only rows of exactly this region",
     "只导出该地区的行", 0, 0},
    {"after", 0, OPTION_TEXT, offsetof(struct export_options, after), "OLD", "only what has changed since this export (ctl catalogue apply)",
     "只导出自该文件以来的变更", 0, 0},
};
const struct command command_catalogue_export = {
    "ctl catalogue export",
    "FILE",
    "把目录全部有效期行，或自旧文件以来的变更，导出为压缩文件（.zst 或 .gz）",
    "all dated rows of the catalogue, or what has changed since an older file, as a compressed file (.zst or .gz)",
    "csv: key, region, valid_from, valid_until, version, name, item. protobuf: a length and a medhub.event.v1.TableRow each. With\n"
    "--after both say what is put and removed, and the digests before and after. The digest is the catalogue's, as the gateway's\n"
    "snapshot and libmedhub's copies have it, whatever the form: the order does not matter.",
    export_options,
    sizeof export_options / sizeof *export_options,
    sizeof(struct export_options),
    1,
    1,
    USES_KAFKA | USES_ROWS,
    export_command};
