/* catalogue_export.c: ctl catalogue export FILE: all dated rows of the catalogue as a compressed file, for those who have neither
 * the gateway nor Kafka. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scratch.h"

#include "base/log.h"
#include "domain/view.h"
#include "event/json.h"
#include "event/pack.h"
#include "event/schema.h"
#include "event/unpack.h"
#include "gateway/packer.h"

#include "medhub/catalogue/v1/catalogue.pb-c.h"
#include "medhub/event/v1/event.pb-c.h"

#include <jansson.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES_MAX = 4 * 1024 * 1024 };

struct export_options {
    const char *form, *region;
};

struct exporting {
    struct call *call;
    const struct export_options *options;
    struct packer *packer;
    struct arena *arena;
    struct buffer line;
    uint8_t sum[SHA256_DIGEST_LENGTH];
    uint64_t rows;
    bool protobuf;
    enum status status;
    struct fault fault;
};

/* ---- the two forms ---- */

static void append_cell(struct buffer *out, const char *text)
{
    buffer_append_byte(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"')
            buffer_append_byte(out, '"');
        buffer_append_byte(out, (uint8_t)*at);
    }
    buffer_append_byte(out, '"');
}

/* key,region,valid_from,valid_until,version,name,item: what is looked up by is a column, all of the item is JSON. */
static void write_csv(struct exporting *work, const char *key, const char *region, const struct tables_row *row)
{
    const struct message_facts *facts = schema_of(&medhub__catalogue__v1__item__descriptor);
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    ProtobufCMessage *message = NULL;
    struct buffer json;

    work->status = unpack_message(facts, row->value, work->arena, &message, &work->fault);
    buffer_init(&json, LINE_BYTES_MAX);
    if (work->status == STATUS_OK)
        work->status = json_encode(facts, message, NULL, &json, &work->fault);
    if (work->status == STATUS_OK) {
        append_cell(&work->line, key);
        buffer_append_format(&work->line, ",%s,%s,%s,%llu,", region, date_format(row->valid_from, from),
                             date_format(row->valid_until, until), (unsigned long long)row->version);
        append_cell(&work->line, ((const Medhub__Catalogue__V1__Item *)message)->name);
        buffer_append_byte(&work->line, ',');
        append_cell(&work->line, buffer_text(&json));
        buffer_append_byte(&work->line, '\n');
    }
    buffer_done(&json);
}

static void append_varint(struct buffer *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buffer_append_byte(out, (uint8_t)(value | 0x80));
    buffer_append_byte(out, (uint8_t)value);
}

/* A length and a medhub.event.v1.TableRow each, as protobuf's delimited streams are. */
static void write_protobuf(struct exporting *work, const char *key, const char *region, const struct tables_row *row)
{
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    Medhub__Event__V1__TableRow message = MEDHUB__EVENT__V1__TABLE_ROW__INIT;

    message.table = (char *)TABLE_CATALOGUE;
    message.key = (char *)key;
    message.region = (char *)region;
    message.valid_from = (char *)date_format(row->valid_from, from);
    message.valid_until = (char *)date_format(row->valid_until, until);
    message.version = row->version;
    message.value = (ProtobufCBinaryData){row->value.length, (uint8_t *)row->value.data};
    append_varint(&work->line, protobuf_c_message_get_packed_size(&message.base));
    pack_append(&message.base, &work->line);
}

/* ---- rows ---- */

/* The order of rows does not matter to it. */
static void add_to_digest(struct exporting *work)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    unsigned carry = 0;

    (void)SHA256(work->line.data, work->line.length, hash);
    for (size_t i = SHA256_DIGEST_LENGTH; i-- > 0; carry >>= 8) {
        carry += (unsigned)work->sum[i] + hash[i];
        work->sum[i] = (uint8_t)carry;
    }
}

static void put_line(struct exporting *work)
{
    if (work->status == STATUS_OK && !buffer_ok(&work->line))
        work->status = fault_fatal(&work->fault, "memory.out", "a row is too large");
    if (work->status == STATUS_OK)
        work->status = packer_write(work->packer, buffer_bytes(&work->line), &work->fault);
    buffer_clear(&work->line);
}

static bool put_row(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct exporting *work = context;

    if (work->options->region != NULL && strcmp(work->options->region, region) != 0)
        return true;
    arena_reset(work->arena);
    (work->protobuf ? write_protobuf : write_csv)(work, key, region, row);
    add_to_digest(work);
    put_line(work);
    work->rows++;
    say_count(work->call, "已写行数", "rows written", work->rows, 0);
    return work->status == STATUS_OK && !stop_requested();
}

static enum exit_code export_rows(struct exporting *work, struct tables_reader *reader)
{
    char digest[2 * SHA256_DIGEST_LENGTH + 1];

    if (!work->protobuf) {
        buffer_append_text(&work->line, "key,region,valid_from,valid_until,version,name,item\n");
        put_line(work);
    }
    if (work->status == STATUS_OK)
        tables_each(reader, TABLE_CATALOGUE, put_row, work);
    if (work->status == STATUS_OK)
        work->status = packer_finish(work->packer, &work->fault);
    say_count_end(work->call);
    if (work->status != STATUS_OK)
        return say_fault(work->call, &work->fault);
    for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++)
        (void)snprintf(digest + 2 * i, 3, "%02x", work->sum[i]);
    return output_object(work->call, json_pack("{s:s, s:s, s:I, s:s}", "file", work->call->arguments[0], "form",
                                               work->protobuf ? "protobuf" : "csv", "rows", (json_int_t)work->rows, "digest",
                                               digest))
               ? EXIT_OK
               : EXIT_FAILED;
}

/* ---- the command ---- */

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), of_ending = strlen(ending);
    return length >= of_ending && strcmp(text + length - of_ending, ending) == 0;
}

static enum exit_code export_to(struct call *call, struct session *session)
{
    const struct export_options *options = call->options;
    const char *file = call->arguments[0];
    struct exporting work = {.call = call,
                             .options = options,
                             .protobuf = options->form != NULL && strcmp(options->form, "protobuf") == 0,
                             .arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
    struct scratch scratch;

    buffer_init(&work.line, LINE_BYTES_MAX);
    work.status = work.arena == NULL ? fault_fatal(&work.fault, "memory.out", "no memory")
                                     : scratch_open(call, session, -1, &scratch, &work.fault);
    bool opened = work.arena != NULL;
    if (work.status == STATUS_OK)
        work.status = packer_open(file, ends_with(file, ".zst") ? SNAPSHOT_ZSTD : SNAPSHOT_GZIP, &work.packer, &work.fault);
    enum exit_code result =
        work.status == STATUS_OK ? export_rows(&work, scratch.reader) : say_fault(call, &work.fault);
    packer_close(work.packer);
    if (opened)
        scratch_close(&scratch);
    arena_free(work.arena);
    buffer_done(&work.line);
    return result;
}

static enum exit_code export_command(struct call *call)
{
    const struct export_options *options = call->options;
    struct session session;

    if (!ends_with(call->arguments[0], ".zst") && !ends_with(call->arguments[0], ".gz"))
        return say_refusal(call, EXIT_USAGE, "catalogue.options", "文件名须以 .zst 或 .gz 结尾",
                           "the file's name ends with .zst or .gz");
    if (options->form != NULL && strcmp(options->form, "csv") != 0 && strcmp(options->form, "protobuf") != 0)
        return say_refusal(call, EXIT_USAGE, "catalogue.options", "--form 为 csv 或 protobuf", "--form is csv or protobuf");
    enum exit_code result = session_open(call, &session);
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
};
const struct command command_catalogue_export = {
    "ctl catalogue export",
    "FILE",
    "把目录全部有效期行导出为压缩文件（.zst 或 .gz）",
    "all dated rows of the catalogue as a compressed file (.zst or .gz)",
    "csv: key, region, valid_from, valid_until, version, name, item. protobuf: a length and a medhub.event.v1.TableRow each.\n"
    "The digest is the sum modulo 2^256 of the SHA-256 of each row as written: the order does not matter.",
    export_options,
    sizeof export_options / sizeof *export_options,
    sizeof(struct export_options),
    1,
    1,
    USES_KAFKA | USES_ROWS,
    export_command};
