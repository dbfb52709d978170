/* catalogue_apply.c: ctl catalogue apply OLD CHANGES NEW: an export with what has changed since makes the newer export. Needs nothing
 * but the files; NEW is there only if all digests agree. */
#include "ops/ctl/catalogue_base.h"
#include "ops/ctl/catalogue_writer.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct apply_options {
    const char *form;
};

struct change {
    struct catalogue_dated row;
    bool used;
};

struct applying {
    struct call *call;
    struct catalogue_writer *writer;
    struct arena *changed, *arena; /* what the changes lend; the row of OLD in hand */
    struct change *changes;        /* puts and removals, ascending when all are there */
    size_t count, room;
    struct catalogue_sum before, after; /* that the changes want */
    struct catalogue_sum old, made;
    struct buffer line;
    enum status status;
    struct fault fault;
};

/* ---- the changes ---- */

static int compare_changes(const void *left, const void *right)
{
    const struct catalogue_dated *a = &((const struct change *)left)->row, *b = &((const struct change *)right)->row;
    int order = strcmp(a->key, b->key);

    if (order == 0)
        order = strcmp(a->region, b->region);
    return order != 0 ? order : (a->valid_from > b->valid_from) - (a->valid_from < b->valid_from);
}

static bool fail(struct applying *work, enum status status)
{
    work->status = status;
    return false;
}

static bool has_room(struct applying *work)
{
    if (work->count < work->room)
        return true;
    size_t room = work->room == 0 ? 256 : 2 * work->room;
    struct change *longer = realloc(work->changes, room * sizeof *longer);
    if (longer == NULL)
        return false;
    work->changes = longer;
    work->room = room;
    return true;
}

static bool take_change(void *context, const struct catalogue_dated *row)
{
    struct applying *work = context;

    if (row->mark == CATALOGUE_BEFORE)
        work->before = row->sum;
    else if (row->mark == CATALOGUE_AFTER)
        work->after = row->sum;
    else if (!has_room(work))
        return fail(work, fault_fatal(&work->fault, "memory.out", "no memory for the changes"));
    else
        work->changes[work->count++] = (struct change){.row = *row};
    return true;
}

static enum status read_changes(struct applying *work, const char *path)
{
    bool changes = false;
    enum status status = catalogue_rows_read_file(path, work->changed, false, &changes, take_change, work, &work->fault);

    if (status == STATUS_OK)
        status = work->status;
    if (status == STATUS_OK && !changes)
        status = fault_reject(&work->fault, "catalogue.file", "%s holds a catalogue, not changes", path);
    if (status == STATUS_OK && work->count > 0)
        qsort(work->changes, work->count, sizeof *work->changes, compare_changes);
    return status;
}

/* ---- the rows ---- */

static bool write_row(struct applying *work, const struct catalogue_dated *row)
{
    if (!catalogue_dated_count(row, &work->made, &work->line))
        return fail(work, fault_fatal(&work->fault, "memory.out", "no memory for a row"));
    enum status status = catalogue_writer_put(work->writer, row, &work->fault);
    return status == STATUS_OK || fail(work, status);
}

static bool take_old(void *context, const struct catalogue_dated *row)
{
    struct applying *work = context;
    const struct change wanted = {.row = *row};

    if (row->mark != CATALOGUE_PUT)
        return false; /* changes: said afterwards */
    if (!catalogue_dated_count(row, &work->old, &work->line))
        return fail(work, fault_fatal(&work->fault, "memory.out", "no memory for a row"));
    struct change *change =
        work->count == 0 ? NULL : bsearch(&wanted, work->changes, work->count, sizeof *work->changes, compare_changes);
    say_count(work->call, "已读行数", "rows read", work->old.rows, 0);
    if (change == NULL)
        return write_row(work, row);
    change->used = true;
    return change->row.mark == CATALOGUE_REMOVE || write_row(work, &change->row);
}

static bool is_same(const struct catalogue_sum *a, const struct catalogue_sum *b)
{
    return a->rows == b->rows && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static enum status write_rows(struct applying *work, const char *old)
{
    bool changes = false;
    enum status status = catalogue_rows_read_file(old, work->arena, true, &changes, take_old, work, &work->fault);

    if (status == STATUS_OK)
        status = work->status;
    if (status == STATUS_OK && changes)
        return fault_reject(&work->fault, "catalogue.file", "%s holds changes, not a catalogue", old);
    for (size_t i = 0; status == STATUS_OK && i < work->count; i++)
        if (!work->changes[i].used && work->changes[i].row.mark == CATALOGUE_PUT && !write_row(work, &work->changes[i].row))
            status = work->status;
    return status;
}

/* ---- the command ---- */

static enum exit_code refuse_old(const struct applying *work)
{
    char found[CATALOGUE_SUM_TEXT_BYTES], wanted[CATALOGUE_SUM_TEXT_BYTES];

    return say_refusal(work->call, EXIT_PRECONDITION, "catalogue.digest_before", "变更文件不是从这份目录出发的，须先补齐或取全量文件",
                       "%s is not the catalogue that %s begins with: %s, not %s", work->call->arguments[0], work->call->arguments[1],
                       catalogue_sum_text(&work->old, found), catalogue_sum_text(&work->before, wanted));
}

static enum exit_code refuse_made(const struct applying *work)
{
    char found[CATALOGUE_SUM_TEXT_BYTES], wanted[CATALOGUE_SUM_TEXT_BYTES];

    return say_refusal(work->call, EXIT_FAILED, "catalogue.digest_after", "合并后的摘要不符，变更文件已损坏，未生成新文件",
                       "the changes do not make what they say: %s, not %s; no file was made", catalogue_sum_text(&work->made, found),
                       catalogue_sum_text(&work->after, wanted));
}

static enum exit_code finish(struct applying *work)
{
    char digest[CATALOGUE_SUM_TEXT_BYTES];

    if (!is_same(&work->old, &work->before))
        return refuse_old(work);
    if (!is_same(&work->made, &work->after))
        return refuse_made(work);
    if (catalogue_writer_finish(work->writer, &work->fault) != STATUS_OK)
        return say_fault(work->call, &work->fault);
    return output_object(work->call, json_pack("{s:s, s:s, s:I, s:I, s:s}", "file", work->call->arguments[2], "form",
                                               catalogue_writer_form(work->writer), "rows", (json_int_t)work->made.rows, "changes",
                                               (json_int_t)work->count, "digest", catalogue_sum_text(&work->made, digest)))
               ? EXIT_OK
               : EXIT_FAILED;
}

static enum exit_code apply(struct applying *work)
{
    const struct apply_options *options = work->call->options;
    const char *const *files = work->call->arguments;
    enum status status = work->changed == NULL || work->arena == NULL
                             ? fault_fatal(&work->fault, "memory.out", "no memory to apply changes")
                             : read_changes(work, files[1]);

    if (status == STATUS_OK)
        status = catalogue_writer_open(files[2], options->form, false, &work->writer, &work->fault);
    if (status == STATUS_OK)
        status = write_rows(work, files[0]);
    say_count_end(work->call);
    return status == STATUS_OK ? finish(work) : say_fault(work->call, &work->fault);
}

static enum exit_code apply_command(struct call *call)
{
    const struct apply_options *options = call->options;
    struct applying work = {.call = call,
                            .changed = arena_new(1024 * 1024, (size_t)4 * 1024 * 1024 * 1024),
                            .arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
    enum exit_code result = catalogue_writer_check(call, call->arguments[2], options->form);

    buffer_init(&work.line, CATALOGUE_LINE_BYTES_MAX);
    if (result == EXIT_OK)
        result = apply(&work);
    catalogue_writer_close(work.writer);
    free(work.changes);
    arena_free(work.changed);
    arena_free(work.arena);
    buffer_done(&work.line);
    return result;
}

static const struct option apply_options[] = {
    {"form", 0, OPTION_TEXT, offsetof(struct apply_options, form), "FORM", "of NEW: csv or protobuf; csv", "新文件的格式：csv 或 protobuf", 0,
     0},
};
const struct command command_catalogue_apply = {
    "ctl catalogue apply",
    "OLD CHANGES NEW",
    "旧的目录文件加上变更文件，得到新的目录文件，逐一核对摘要",
    "an export with what has changed since makes the newer export; digests are held against each other",
    "OLD is an export, CHANGES one with --after, in whatever form. Exit code 5: CHANGES begins with another catalogue than OLD.",
    apply_options,
    sizeof apply_options / sizeof *apply_options,
    sizeof(struct apply_options),
    3,
    3,
    USES_ROWS,
    apply_command};
