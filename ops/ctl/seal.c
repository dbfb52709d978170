/* seal.c: seal | open | person key: what an engineer with curl needs to send and read a person's identity. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"

#include "seal/person_key.h"
#include "seal/sealed_json.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_BYTES_MAX = 1024 * 1024, RECIPIENTS_MAX = SEAL_WRAPS_MAX };

struct seal_options {
    const char *source, *id, *field, *recipient, *key, *key_id, *type;
    struct option_list to;
};

struct sealing {
    struct call *call;
    const struct seal_options *options;
    struct arena *arena;
    struct seal_place place;
    struct fault fault;
};

/* The whole of PATH in the arena; "-" and NULL are standard input. */
static enum status read_input(struct sealing *sealing, const char *path, struct bytes *input)
{
    bool is_stdin = path == NULL || strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rbe");
    uint8_t *data = arena_take(sealing->arena, INPUT_BYTES_MAX);

    if (file == NULL)
        return fault_reject(&sealing->fault, "file.missing", "%s: %s", path, strerror(errno));
    size_t length = data == NULL ? 0 : fread(data, 1, INPUT_BYTES_MAX, file);
    bool is_whole = data != NULL && ferror(file) == 0 && length < INPUT_BYTES_MAX;
    if (!is_stdin)
        (void)fclose(file);
    *input = bytes_from(data, length);
    return is_whole ? STATUS_OK : fault_reject(&sealing->fault, "file.unreadable", "the input cannot be read, or is too large");
}

/* ---- recipients ---- */

/* "ORGANISATION=FILE" */
static enum status take_recipient(struct sealing *sealing, const char *said, struct seal_recipient *recipient,
                                  struct seal_key **key)
{
    const char *file = strchr(said, '=');
    struct bytes text = BYTES_NONE;

    if (file == NULL)
        return fault_reject(&sealing->fault, "usage", "a recipient is written as ORGANISATION=FILE");
    recipient->organisation = arena_text(sealing->arena, bytes_from(said, (size_t)(file - said)));
    enum status status = read_input(sealing, file + 1, &text);
    json_t *json = status == STATUS_OK ? json_loadb((const char *)text.data, text.length, 0, NULL) : NULL;
    if (status == STATUS_OK)
        status = seal_key_of_json(json, sealing->arena, &recipient->key_id, key, &sealing->fault);
    recipient->key = *key;
    json_decref(json);
    return status;
}

/* ---- seal ---- */

static bool print_json(json_t *json)
{
    int printed = json == NULL ? -1 : json_dumpf(json, stdout, JSON_COMPACT);
    json_decref(json);
    return printed == 0 && fputc('\n', stdout) != EOF;
}

static enum status seal_input(struct sealing *sealing, struct seal_key **keys)
{
    struct seal_recipient recipients[RECIPIENTS_MAX];
    struct sealed sealed;
    struct bytes plain = BYTES_NONE;
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < sealing->options->to.count; i++)
        status = take_recipient(sealing, sealing->options->to.items[i], &recipients[i], &keys[i]);
    if (status == STATUS_OK)
        status = read_input(sealing, sealing->call->argument_count > 0 ? sealing->call->arguments[0] : NULL, &plain);
    if (status == STATUS_OK)
        status = seal_close(&sealing->place, recipients, sealing->options->to.count, plain, sealing->arena, &sealed,
                            &sealing->fault);
    if (status == STATUS_OK && !print_json(sealed_to_json(&sealed)))
        status = fault_fatal(&sealing->fault, "output", "the sealed value cannot be written");
    return status;
}

static enum exit_code answer_of(struct sealing *sealing, enum status status)
{
    if (status == STATUS_OK)
        return EXIT_OK;
    (void)say_fault(sealing->call, &sealing->fault);
    return strcmp(sealing->fault.code, "file.missing") == 0 || strcmp(sealing->fault.code, "key.absent") == 0 ? EXIT_NOT_FOUND
           : strcmp(sealing->fault.code, "usage") == 0                                                        ? EXIT_USAGE
                                                                                                              : EXIT_FAILED;
}

static bool sealing_begin(struct call *call, struct sealing *sealing)
{
    const struct seal_options *options = call->options;
    *sealing = (struct sealing){.call = call,
                                .options = options,
                                .arena = arena_new(64 * 1024, 64 * 1024 * 1024),
                                .place = {options->source, options->id, options->field == NULL ? "identity" : options->field}};
    return sealing->arena != NULL;
}

static enum exit_code seal_command(struct call *call)
{
    struct seal_key *keys[RECIPIENTS_MAX] = {NULL};
    struct sealing sealing;

    if (!sealing_begin(call, &sealing))
        return EXIT_FAILED;
    enum status status = STATUS_OK;
    if (sealing.place.source == NULL || sealing.place.id == NULL || sealing.options->to.count == 0 ||
        sealing.options->to.count > RECIPIENTS_MAX)
        status = fault_reject(&sealing.fault, "usage", "--source, --id and 1 to %d times --to are needed", RECIPIENTS_MAX);
    if (status == STATUS_OK)
        status = seal_input(&sealing, keys);
    enum exit_code result = answer_of(&sealing, status);
    for (size_t i = 0; i < RECIPIENTS_MAX; i++)
        seal_key_free(keys[i]);
    arena_free(sealing.arena);
    return result;
}

/* ---- open ---- */

/* INPUT is a sealed value, or a CloudEvent that holds one: then source and id are its own, or those of the upload that it
 * names (IdentityPassedOn). */
static enum status find_sealed(struct sealing *sealing, const json_t *json, struct sealed *sealed)
{
    const json_t *data = json_object_get(json, "data");
    if (data == NULL)
        return sealed_of_json(json, sealing->arena, sealed, &sealing->fault);
    const json_t *source = json_object_get(data, "uploadedSource"), *id = json_object_get(data, "uploadedId");
    if (sealing->place.source == NULL)
        sealing->place.source = json_string_value(source != NULL ? source : json_object_get(json, "source"));
    if (sealing->place.id == NULL)
        sealing->place.id = json_string_value(id != NULL ? id : json_object_get(json, "id"));
    return sealed_of_json(json_object_get(data, sealing->place.field), sealing->arena, sealed, &sealing->fault);
}

static enum status open_json(struct sealing *sealing, const json_t *json)
{
    const struct seal_options *options = sealing->options;
    struct seal_key *key = NULL;
    struct sealed sealed;
    struct bytes plain = BYTES_NONE;

    enum status status = find_sealed(sealing, json, &sealed);
    if (status == STATUS_OK && (sealing->place.source == NULL || sealing->place.id == NULL))
        status = fault_reject(&sealing->fault, "usage", "--source and --id of the event are needed");
    if (status == STATUS_OK)
        status = seal_key_load(options->key, &key, &sealing->fault);
    if (status == STATUS_OK)
        status = seal_open(&sealed, &sealing->place, options->recipient, options->key_id, key, sealing->arena, &plain,
                           &sealing->fault);
    if (status == STATUS_OK && (fwrite(plain.data, 1, plain.length, stdout) != plain.length || fflush(stdout) != 0))
        status = fault_fatal(&sealing->fault, "output", "the value cannot be written");
    seal_key_free(key);
    return status;
}

static enum exit_code open_command(struct call *call)
{
    struct sealing sealing;
    struct bytes input = BYTES_NONE;

    if (!sealing_begin(call, &sealing))
        return EXIT_FAILED;
    enum status status = STATUS_OK;
    if (sealing.options->recipient == NULL || sealing.options->key == NULL)
        status = fault_reject(&sealing.fault, "usage", "--recipient and --key are needed");
    if (status == STATUS_OK)
        status = read_input(&sealing, call->argument_count > 0 ? call->arguments[0] : NULL, &input);
    json_t *json = status == STATUS_OK ? json_loadb((const char *)input.data, input.length, 0, NULL) : NULL;
    if (status == STATUS_OK)
        status = open_json(&sealing, json);
    enum exit_code result = answer_of(&sealing, status);
    json_decref(json);
    arena_free(sealing.arena);
    return result;
}

/* ---- person key ---- */

static enum status print_pseudonyms(struct sealing *sealing, struct bytes secret)
{
    const struct seal_options *options = sealing->options;
    const char *key_id = options->key_id == NULL ? "k1" : options->key_id, *type = options->type == NULL ? "01" : options->type;
    char line[256], pseudonym[PERSON_PSEUDONYM_BYTES];
    enum status status = STATUS_OK;

    while (status == STATUS_OK && fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        status = person_pseudonym(key_id, secret, type, bytes_of(line), pseudonym, &sealing->fault);
        if (status == STATUS_OK && printf("%s\n", pseudonym) < 0)
            status = fault_fatal(&sealing->fault, "output", "the pseudonym cannot be written");
    }
    explicit_bzero(line, sizeof line);
    return status;
}

static enum exit_code person_key_command(struct call *call)
{
    struct sealing sealing;
    struct bytes secret = BYTES_NONE;

    if (!sealing_begin(call, &sealing))
        return EXIT_FAILED;
    enum status status = sealing.options->key == NULL
                             ? fault_reject(&sealing.fault, "usage", "--key FILE is needed: 32 random bytes or more")
                             : read_input(&sealing, sealing.options->key, &secret);
    if (status == STATUS_OK)
        status = print_pseudonyms(&sealing, secret);
    enum exit_code result = answer_of(&sealing, status);
    if (secret.data != NULL)
        explicit_bzero((void *)(uintptr_t)secret.data, secret.length);
    arena_free(sealing.arena);
    return result;
}

/* ---- the commands ---- */

#define SEAL(member) offsetof(struct seal_options, member)
#define PLACE                                                                                                                  \
    {"source", 0, OPTION_TEXT, SEAL(source), "ORG", "ce_source of the event", "事件的来源机构", 0, 0},                         \
        {"id", 0, OPTION_TEXT, SEAL(id), "ID", "ce_id of the event", "事件编号", 0, 0},                                        \
        {"field", 0, OPTION_TEXT, SEAL(field), "NAME", "the field it stands in; identity", "所在字段，默认 identity", 0, 0}

static const struct option seal_options[] = {
    PLACE,
    {"to", 0, OPTION_LIST, SEAL(to), "ORG=FILE", "who may open it, and its key for encryption as the registry holds it",
     "接收机构及其登记的加密公钥文件", 0, 0},
};
static const struct option open_options[] = {
    PLACE,
    {"recipient", 0, OPTION_TEXT, SEAL(recipient), "ORG", "as whom", "以哪个机构的身份", 0, 0},
    {"key", 'k', OPTION_TEXT, SEAL(key), "FILE", "its private key", "私钥文件", 0, 0},
    {"key-id", 0, OPTION_TEXT, SEAL(key_id), "KEY", "which of its keys; whichever fits", "密钥编号，默认逐个尝试", 0, 0},
};
static const struct option person_options[] = {
    {"key", 'k', OPTION_TEXT, SEAL(key), "FILE", "the secret: 32 random bytes or more", "密钥文件，至少 32 字节", 0, 0},
    {"key-id", 0, OPTION_TEXT, SEAL(key_id), "KEY", "stands in the pseudonym, for rotation; k1", "密钥编号，默认 k1", 0, 0},
    {"type", 0, OPTION_TEXT, SEAL(type), "CODE", "of the document; 01, resident identity card", "证件类型，默认 01", 0, 0},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

const struct command command_seal = {
    .words = "seal",
    .arguments = "[FILE|-]",
    .summary_zh = "将姓名、证件号码等按接收机构加密，输出事件字段的 JSON",
    .summary = "encrypt a person's identity to its recipients; prints the field's JSON",
    .details = "  printf '{\"name\":\"…\",\"documentNumber\":\"…\"}' |\n"
               "      medhub seal --source H1 --id rx-1 --to P1=p1.json --to I1=i1.json > identity.json",
    .options = seal_options,
    .option_count = COUNT(seal_options),
    .options_size = sizeof(struct seal_options),
    .arguments_max = 1,
    .run = seal_command,
};
const struct command command_open = {
    .words = "open",
    .arguments = "[FILE|-]",
    .summary_zh = "解开密封字段；输入为字段或整个事件的 JSON",
    .summary = "open a sealed value, or the one in a CloudEvent's JSON",
    .options = open_options,
    .option_count = COUNT(open_options),
    .options_size = sizeof(struct seal_options),
    .arguments_max = 1,
    .run = open_command,
};
const struct command command_person_key = {
    .words = "person key",
    .arguments = "",
    .summary_zh = "由证件号码（标准输入，每行一个）计算参保人代号",
    .summary = "pseudonyms of identity numbers, one a line on standard input",
    .details = "Rotation: the key id stands in the pseudonym. Run it with the old and with the new key over the same numbers;\n"
               "the two outputs side by side are the list of old and new.",
    .options = person_options,
    .option_count = COUNT(person_options),
    .options_size = sizeof(struct seal_options),
    .run = person_key_command,
};
