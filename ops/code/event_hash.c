/* event_hash.c: medhub event hash: one ni: URI for each event of an EPCIS document. */
#include "ops/ctl/commands.h"
#include "ops/ctl/say.h"

#include "epcis/event_hash.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_FIRST_BYTES = 1024 * 1024, ARENA_BYTES_MAX = 256 * 1024 * 1024 };

struct event_hash_options {
    bool prehash;
};

static bool print_event(void *self, const char *prehash)
{
    const struct event_hash_options *options = self;
    char uri[EVENT_HASH_URI_BYTES];
    return puts(options->prehash ? prehash : event_hash_uri(prehash, uri)) >= 0;
}

static enum status read_document(const char *path, json_t **document, struct fault *fault)
{
    bool standard = path == NULL || strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    json_error_t error;
    if (file == NULL)
        return fault_reject(fault, "file.open", "%s: %s", path, strerror(errno));
    *document = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (!standard)
        (void)fclose(file);
    if (*document == NULL)
        return fault_reject(fault, "epcis.json", "line %d, column %d: %s", error.line, error.column,
                            error.text);
    return STATUS_OK;
}

static enum exit_code event_hash_command(struct call *call)
{
    struct fault fault = {.code = ""};
    json_t *document = NULL;
    struct arena *arena = arena_new(ARENA_FIRST_BYTES, ARENA_BYTES_MAX);

    enum status status = arena == NULL ? fault_fatal(&fault, "memory", "out of memory")
                                       : read_document(call->argument_count > 0 ? call->arguments[0] : NULL,
                                                       &document, &fault);
    if (status == STATUS_OK)
        status = event_hash_walk(document, arena, print_event, call->options, &fault);
    if (status == STATUS_OK && fflush(stdout) != 0)
        status = fault_fatal(&fault, "output", "standard output could not be written");
    json_decref(document);
    arena_free(arena);
    return status == STATUS_OK ? EXIT_OK : say_fault(call, &fault);
}

static const struct option options[] = {
    {"prehash", 0, OPTION_FLAG, offsetof(struct event_hash_options, prehash), NULL,
     "the text that is hashed, instead of its hash", "输出待散列的文本", 0, 0},
};

const struct command command_event_hash = {
    .words = "event hash",
    .arguments = "[FILE|-]",
    .summary_zh = "EPCIS事件的散列标识（CBV 2.0），每个事件一行",
    .summary = "the hash ID of each event of an EPCIS document (CBV 2.0), one a line",
    .details = "Reads an EPCIS 2.0 document or query document in JSON-LD, or one event. Prints "
               "ni:///sha-256;HEX?ver=CBV2.0.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(struct event_hash_options),
    .arguments_max = 1,
    .run = event_hash_command,
};
