#include "ops/ctl/catalogue_writer.h"

#include "ops/ctl/say.h"

#include "gateway/packer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4200 };

struct catalogue_writer {
    struct packer *packer;
    enum catalogue_form form;
    bool changes, named;
    struct buffer line;
    uint64_t rows;
    char file[PATH_BYTES], made[PATH_BYTES]; /* MADE: as long as it is not whole */
};

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), of_ending = strlen(ending);
    return length >= of_ending && strcmp(text + length - of_ending, ending) == 0;
}

enum exit_code catalogue_writer_check(const struct call *call, const char *file, const char *form)
{
    if (!ends_with(file, ".zst") && !ends_with(file, ".gz"))
        return say_refusal(call, EXIT_USAGE, "catalogue.options", "文件名须以 .zst 或 .gz 结尾",
                           "the file's name ends with .zst or .gz");
    if (form != NULL && strcmp(form, "csv") != 0 && strcmp(form, "protobuf") != 0)
        return say_refusal(call, EXIT_USAGE, "catalogue.options", "--form 为 csv 或 protobuf", "--form is csv or protobuf");
    return EXIT_OK;
}

static enum status write_line(struct catalogue_writer *writer, struct fault *fault)
{
    if (!buffer_ok(&writer->line))
        return fault_fatal(fault, "memory.out", "a row is too large");
    enum status status = packer_write(writer->packer, buffer_bytes(&writer->line), fault);
    buffer_clear(&writer->line);
    return status;
}

enum status catalogue_writer_open(const char *file, const char *form, bool changes, struct catalogue_writer **writer,
                                  struct fault *fault)
{
    struct catalogue_writer *opened = calloc(1, sizeof *opened);

    *writer = opened;
    if (opened == NULL)
        return fault_fatal(fault, "memory.out", "no memory for %s", file);
    opened->form = form != NULL && strcmp(form, "protobuf") == 0 ? CATALOGUE_FORM_PROTOBUF : CATALOGUE_FORM_CSV;
    opened->changes = changes;
    buffer_init(&opened->line, CATALOGUE_LINE_BYTES_MAX);
    (void)snprintf(opened->file, sizeof opened->file, "%.4096s", file);
    (void)snprintf(opened->made, sizeof opened->made, "%.4096s.new", file);
    enum status status = packer_open(opened->made, ends_with(file, ".zst") ? SNAPSHOT_ZSTD : SNAPSHOT_GZIP, &opened->packer, fault);
    if (status != STATUS_OK)
        return status;
    catalogue_rows_head(opened->form, changes, &opened->line);
    return write_line(opened, fault);
}

enum status catalogue_writer_put(struct catalogue_writer *writer, const struct catalogue_dated *row, struct fault *fault)
{
    catalogue_rows_write(writer->form, writer->changes, row, &writer->line);
    writer->rows++;
    return write_line(writer, fault);
}

uint64_t catalogue_writer_rows(const struct catalogue_writer *writer)
{
    return writer->rows;
}

const char *catalogue_writer_form(const struct catalogue_writer *writer)
{
    return writer->form == CATALOGUE_FORM_CSV ? "csv" : "protobuf";
}

enum status catalogue_writer_finish(struct catalogue_writer *writer, struct fault *fault)
{
    enum status status = packer_finish(writer->packer, fault);

    if (status == STATUS_OK && rename(writer->made, writer->file) != 0)
        status = fault_fatal(fault, "file.name", "%s: %s", writer->file, strerror(errno));
    writer->named = status == STATUS_OK;
    return status;
}

void catalogue_writer_close(struct catalogue_writer *writer)
{
    if (writer == NULL)
        return;
    packer_close(writer->packer);
    if (!writer->named)
        (void)unlink(writer->made);
    buffer_done(&writer->line);
    free(writer);
}
