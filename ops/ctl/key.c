/* key.c: ctl key new | show | sign: what an organisation's engineer needs to call the gateway with curl. */
#include "ops/ctl/commands.h"
#include "ops/ctl/say.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/text.h"
#include "seal/seal_key.h"
#include "signature/certificate.h"
#include "signature/http_signature.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 * 1024 * 1024, HEADERS_MAX = OPTION_LIST_MAX };

static const struct key_kind {
    const char *name; /* on the command line */
    enum signing_algorithm algorithm;
    const char *registry; /* in the registry's JSON */
} key_kinds[] = {
    {"ed25519", SIGNING_ED25519, "KEY_ALGORITHM_ED25519"},
    {"sm2", SIGNING_SM2_SM3, "KEY_ALGORITHM_SM2"},
    {"hmac", SIGNING_HMAC_SHA256, "KEY_ALGORITHM_HMAC_SHA256"},
};

/* ---- files ---- */

/* Appends the whole of PATH, "-" for standard input. */
static enum status read_all(const char *path, struct buffer *out, struct fault *fault)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    uint8_t block[16 * 1024];
    size_t length;

    if (file == NULL)
        return fault_reject(fault, "file.missing", "%s: %s", path, strerror(errno));
    while ((length = fread(block, 1, sizeof block, file)) > 0)
        buffer_append(out, block, length);
    bool is_whole = ferror(file) == 0 && buffer_ok(out);
    if (file != stdin)
        (void)fclose(file);
    return is_whole ? STATUS_OK : fault_reject(fault, "file.unreadable", "%s cannot be read, or is too large", path);
}

/* A new file that only its owner may read; an existing one is never written over: it may be the only copy of a key. */
static enum exit_code write_new(const struct call *call, const char *path, struct bytes text)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (descriptor < 0 && errno == EEXIST)
        return say_refusal(call, EXIT_PRECONDITION, "key.exists", "文件已存在，不会覆盖", "%s exists; it is not written over",
                           path);
    if (descriptor < 0)
        return say_refusal(call, EXIT_FAILED, "key.unwritable", "密钥文件无法写入", "%s: %s", path, strerror(errno));
    ssize_t written = write(descriptor, text.data, text.length);
    bool is_whole = written >= 0 && (size_t)written == text.length && fsync(descriptor) == 0;
    is_whole = close(descriptor) == 0 && is_whole;
    return is_whole ? EXIT_OK
                    : say_refusal(call, EXIT_FAILED, "key.unwritable", "密钥文件无法写入", "%s cannot be written", path);
}

/* ---- the registry's JSON ---- */

struct key_options {
    const char *algorithm, *id, *use;
    int64_t valid_from, valid_until;
};

static void put_moment(json_t *key, const char *name, int64_t unix_ms)
{
    char text[MOMENT_TEXT_BYTES];

    if (unix_ms >= 0)
        (void)json_object_set_new(key, name, json_string(moment_format_ms(unix_ms, text)));
}

/* A medhub.registry.v1.Key, to be put among an organisation's keys. USE may be NULL: for signing. */
static enum exit_code print_key_for(const struct key_options *options, const char *algorithm, const char *use,
                                    struct bytes public_key)
{
    char encoded[TEXT_BASE64_LENGTH(1024) + 1];
    json_t *key = json_pack("{s:s, s:s}", "id", options->id == NULL ? "k1" : options->id, "algorithm", algorithm);

    if (public_key.length > 0 && text_base64_encode(public_key, encoded, sizeof encoded) > 0)
        (void)json_object_set_new(key, "publicKey", json_string(encoded));
    if (use != NULL)
        (void)json_object_set_new(key, "use", json_string(use));
    put_moment(key, "validFrom", options->valid_from);
    put_moment(key, "validUntil", options->valid_until);
    int printed = key == NULL ? -1 : json_dumpf(key, stdout, JSON_COMPACT);
    json_decref(key);
    return printed == 0 && fputc('\n', stdout) != EOF ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code print_key(const struct key_options *options, const char *algorithm, struct bytes public_key)
{
    return print_key_for(options, algorithm, NULL, public_key);
}

static enum exit_code print_signing_key(const struct key_options *options, const struct signing_key *key)
{
    uint8_t bytes[SIGNING_PUBLIC_BYTES_MAX];
    size_t length = signing_key_public_bytes(key, bytes), kind = 0;

    while (key_kinds[kind].algorithm != signing_key_algorithm(key))
        kind++;
    return print_key(options, key_kinds[kind].registry, bytes_from(bytes, length));
}

/* ---- new ---- */

static const struct key_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof key_kinds / sizeof *key_kinds; i++)
        if (strcmp(name, key_kinds[i].name) == 0)
            return &key_kinds[i];
    return NULL;
}

static enum exit_code make_key(struct call *call, const struct key_kind *kind, struct buffer *text)
{
    struct signing_key *key = NULL;
    struct fault fault = {0};

    enum status status = signing_key_generate(kind->algorithm, &key, &fault);
    if (status == STATUS_OK)
        status = signing_key_write(key, text, &fault);
    enum exit_code result =
        status == STATUS_OK ? write_new(call, call->arguments[0], buffer_bytes(text)) : say_fault(call, &fault);
    if (result == EXIT_OK)
        result = print_signing_key(call->options, key);
    signing_key_free(key);
    return result;
}

/* A key that values are sealed to. */
static enum exit_code make_seal_key(struct call *call, enum seal_suite suite, struct buffer *text)
{
    uint8_t bytes[SEAL_PUBLIC_BYTES_MAX];
    struct seal_key *key = NULL;
    struct fault fault = {0};

    enum status status = seal_key_generate(suite, &key, &fault);
    if (status == STATUS_OK)
        status = seal_key_write(key, text, &fault);
    enum exit_code result =
        status == STATUS_OK ? write_new(call, call->arguments[0], buffer_bytes(text)) : say_fault(call, &fault);
    if (result == EXIT_OK)
        result = print_key_for(call->options, suite == SEAL_SM2_SM4 ? "KEY_ALGORITHM_SM2" : "KEY_ALGORITHM_X25519",
                               "KEY_USE_ENCRYPTION", bytes_from(bytes, seal_key_public_bytes(key, bytes)));
    seal_key_free(key);
    return result;
}

static enum seal_suite suite_of(const char *algorithm)
{
    return algorithm == NULL || strcmp(algorithm, "x25519") == 0 ? SEAL_X25519_AES256GCM
           : strcmp(algorithm, "sm2") == 0                       ? SEAL_SM2_SM4
                                                                 : SEAL_NO_SUITE;
}

static enum exit_code new_command(struct call *call)
{
    const struct key_options *options = call->options;
    bool encrypts = options->use != NULL && strcmp(options->use, "encryption") == 0;
    const struct key_kind *kind = find_kind(options->algorithm == NULL ? "ed25519" : options->algorithm);
    enum seal_suite suite = suite_of(options->algorithm);
    struct buffer text;

    if (options->use != NULL && !encrypts && strcmp(options->use, "signing") != 0)
        return say_refusal(call, EXIT_USAGE, "key.use", "没有这种用途", "a key is for signing or for encryption");
    if (encrypts ? suite == SEAL_NO_SUITE : kind == NULL)
        return say_refusal(call, EXIT_USAGE, "key.algorithm", "没有这种算法",
                           "the algorithms are ed25519, sm2, hmac; for encryption x25519, sm2");
    buffer_init(&text, FILE_BYTES_MAX);
    enum exit_code result = encrypts ? make_seal_key(call, suite, &text) : make_key(call, kind, &text);
    if (text.data != NULL)
        explicit_bzero(text.data, text.length);
    buffer_done(&text);
    if (result == EXIT_OK)
        say_progress(call, "已生成密钥；请将上一行加入机构登记的 keys",
                     !encrypts && kind->algorithm == SIGNING_HMAC_SHA256
                         ? "%s holds the secret: the gateway needs a copy as SECRETS/ORGANISATION/KEY"
                         : "%s holds the private key: keep it; the line above goes into the organisation's keys",
                     call->arguments[0]);
    return result;
}

/* ---- show ---- */

static enum exit_code show_certificate(struct call *call, struct bytes pem)
{
    struct arena *arena = arena_new(4096, 1024 * 1024);
    const char *subject = NULL;
    struct fault fault = {0};

    enum status status = arena == NULL ? STATUS_FATAL : certificate_subject(pem, arena, &subject, &fault);
    enum exit_code result = status == STATUS_OK
                                ? print_key(call->options, "KEY_ALGORITHM_X509_SUBJECT", bytes_of(subject))
                                : say_fault(call, &fault);
    if (result == EXIT_OK)
        say_progress(call, "证书主题", "subject: %s", subject);
    arena_free(arena);
    return result;
}

static enum exit_code show_key(struct call *call, struct bytes text)
{
    struct signing_key *key = NULL;
    struct fault fault = {0};

    enum exit_code result = signing_key_parse(text, &key, &fault) == STATUS_OK
                                ? print_signing_key(call->options, key)
                                : say_fault(call, &fault);
    signing_key_free(key);
    return result;
}

static enum exit_code show_command(struct call *call)
{
    struct buffer text;
    struct fault fault = {0};
    enum exit_code result;

    buffer_init(&text, FILE_BYTES_MAX);
    if (read_all(call->arguments[0], &text, &fault) != STATUS_OK) {
        (void)say_fault(call, &fault);
        result = strcmp(fault.code, "file.missing") == 0 ? EXIT_NOT_FOUND : EXIT_FAILED;
    } else if (memmem(text.data, text.length, "-----BEGIN CERTIFICATE-----", 27) != NULL) {
        result = show_certificate(call, buffer_bytes(&text));
    } else {
        result = show_key(call, buffer_bytes(&text));
    }
    if (text.data != NULL)
        explicit_bzero(text.data, text.length);
    buffer_done(&text);
    return result;
}

/* ---- sign ---- */

struct sign_options {
    const char *key, *keyid, *method, *url, *body;
    struct option_list headers;
};

/* One signature in the making; everything lies in the arena. */
struct signing {
    struct call *call;
    const struct sign_options *options;
    struct arena *arena;
    struct signing_key *key;
    struct buffer body;
    struct http_header headers[HEADERS_MAX + 1];
    struct signed_request request;
    struct fault fault;
};

static bool has_header(const struct signing *signing, const char *name)
{
    for (size_t i = 0; i < signing->request.header_count; i++)
        if (strcasecmp(signing->headers[i].name, name) == 0)
            return true;
    return false;
}

/* "Name: value" */
static enum status add_header(struct signing *signing, const char *line)
{
    size_t length = strcspn(line, ": ");
    const char *value = line + length + (line[length] == ':');

    if (length == 0 || line[length] != ':')
        return fault_reject(&signing->fault, "usage", "a header is written as 'Name: value'");
    value += strspn(value, " \t");
    const char *name = arena_text(signing->arena, bytes_from(line, length));
    signing->headers[signing->request.header_count++] = (struct http_header){name, bytes_of(value)};
    return name == NULL ? fault_fatal(&signing->fault, "memory.out", "no memory for a header") : STATUS_OK;
}

static enum status read_request(struct signing *signing)
{
    const struct sign_options *options = signing->options;
    const char *method = options->method != NULL ? options->method : options->body != NULL ? "POST" : "GET";

    enum status status = signed_request_of_url(method, options->url, signing->arena, &signing->request, &signing->fault);
    signing->request.headers = signing->headers;
    for (size_t i = 0; status == STATUS_OK && i < options->headers.count; i++)
        status = add_header(signing, options->headers.items[i]);
    if (status == STATUS_OK && options->body != NULL)
        status = read_all(options->body, &signing->body, &signing->fault);
    if (status == STATUS_OK && signing->body.length > 0 && !has_header(signing, "Content-Type"))
        status = add_header(signing, "Content-Type: application/cloudevents+json");
    return status;
}

/* What was covered is printed too: curl would otherwise choose a Content-Type of its own. */
static void print_headers(const struct signing *signing, const struct signed_headers *made)
{
    for (size_t i = 0; i < signing->request.header_count; i++)
        (void)printf("%s: %.*s\n", signing->headers[i].name, (int)signing->headers[i].value.length,
                     (const char *)signing->headers[i].value.data);
    if (made->content_digest != NULL)
        (void)printf("Content-Digest: %s\n", made->content_digest);
    (void)printf("Signature-Input: %s\nSignature: %s\n", made->signature_input, made->signature);
}

static enum status sign(struct signing *signing)
{
    struct signed_headers made;

    enum status status = signing_key_load(signing->options->key, &signing->key, &signing->fault);
    if (status == STATUS_OK)
        status = read_request(signing);
    if (status == STATUS_OK)
        status = sign_request(&signing->request, buffer_bytes(&signing->body), signing->options->keyid, signing->key,
                              clock_now_ms(clock_system()), signing->arena, &made, &signing->fault);
    if (status == STATUS_OK)
        print_headers(signing, &made);
    return status;
}

static enum exit_code sign_command(struct call *call)
{
    const struct sign_options *options = call->options;
    struct signing signing = {.call = call, .options = options, .arena = arena_new(64 * 1024, 16 * 1024 * 1024)};

    if (options->key == NULL || options->keyid == NULL || options->url == NULL) {
        arena_free(signing.arena);
        return say_refusal(call, EXIT_USAGE, "usage", "缺少 --key、--keyid 或 --url", "--key, --keyid and --url are needed");
    }
    buffer_init(&signing.body, FILE_BYTES_MAX);
    enum status status = signing.arena == NULL ? fault_fatal(&signing.fault, "memory.out", "no memory") : sign(&signing);
    enum exit_code result = EXIT_OK;
    if (status != STATUS_OK) {
        bool is_absent = strcmp(signing.fault.code, "key.absent") == 0 || strcmp(signing.fault.code, "file.missing") == 0;
        (void)say_fault(call, &signing.fault);
        result = is_absent ? EXIT_NOT_FOUND : strcmp(signing.fault.code, "usage") == 0 ? EXIT_USAGE : EXIT_FAILED;
    }
    signing_key_free(signing.key);
    buffer_done(&signing.body);
    arena_free(signing.arena);
    return result;
}

/* ---- the commands ---- */

#define KEY_ID                                                                                                         \
    {"id", 0, OPTION_TEXT, offsetof(struct key_options, id), "KEY", "its id within the organisation; k1",             \
     "机构内的密钥编号，默认 k1", 0, 0}
#define KEY_SPAN                                                                                                       \
    {"valid-from", 0, OPTION_MOMENT, offsetof(struct key_options, valid_from), "TIME", "not before", "生效时间", 0, 0}, \
        {"valid-until", 0, OPTION_MOMENT, offsetof(struct key_options, valid_until), "TIME",                           \
         "not from then on; a new key beside it makes a rotation", "失效时间；与新密钥并存即为轮换", 0, 0}

static const struct option new_options[] = {
    {"algorithm", 'a', OPTION_TEXT, offsetof(struct key_options, algorithm), "ed25519|sm2|hmac|x25519",
     "ed25519 if not given; for encryption x25519 or sm2", "算法，默认 ed25519；加密用 x25519 或 sm2", 0, 0},
    {"use", 0, OPTION_TEXT, offsetof(struct key_options, use), "signing|encryption",
     "signing if not given; encryption: values are sealed to it", "用途，默认签名；加密密钥用于接收密封字段", 0, 0},
    KEY_ID,
    KEY_SPAN,
};
static const struct option show_options[] = {KEY_ID, KEY_SPAN};
static const struct option sign_options[] = {
    {"key", 'k', OPTION_TEXT, offsetof(struct sign_options, key), "FILE", "the private key or secret", "私钥或密钥文件", 0, 0},
    {"keyid", 0, OPTION_TEXT, offsetof(struct sign_options, keyid), "ORGANISATION/KEY", "as in the registry",
     "机构/密钥编号，与登记一致", 0, 0},
    {"method", 'X', OPTION_TEXT, offsetof(struct sign_options, method), "METHOD", "POST with a body, else GET",
     "方法；有正文默认 POST，否则 GET", 0, 0},
    {"url", 0, OPTION_TEXT, offsetof(struct sign_options, url), "URL", "exactly as curl will be given it",
     "与 curl 所用完全一致", 0, 0},
    {"body", 0, OPTION_TEXT, offsetof(struct sign_options, body), "FILE", "what is sent, or -", "正文文件，- 为标准输入", 0, 0},
    {"header", 'H', OPTION_LIST, offsetof(struct sign_options, headers), "'NAME: VALUE'",
     "a header that is sent too; content-type and ce-* are covered", "同时发送的请求头；content-type 与 ce-* 会被签名", 0, 0},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

const struct command command_key_new = {
    .words = "ctl key new",
    .arguments = "FILE",
    .summary_zh = "生成签名密钥文件，输出机构登记用的 JSON",
    .summary = "make a key in FILE, print what the registry needs of it",
    .details = "The line that is printed is a medhub.registry.v1.Key: it goes into the organisation's keys. An HMAC secret is\n"
               "shared: the gateway needs a copy of FILE as gateway.secrets_directory/ORGANISATION/KEY.",
    .options = new_options,
    .option_count = COUNT(new_options),
    .options_size = sizeof(struct key_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .run = new_command,
};
const struct command command_key_show = {
    .words = "ctl key show",
    .arguments = "FILE",
    .summary_zh = "输出密钥或客户端证书的登记 JSON",
    .summary = "what the registry needs of a key file or of a client certificate",
    .details = "FILE: a key of `ctl key new`, any Ed25519 or SM2 private key in PEM, or a client certificate in PEM, whose\n"
               "subject then is the key.",
    .options = show_options,
    .option_count = COUNT(show_options),
    .options_size = sizeof(struct key_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .run = show_command,
};
const struct command command_key_sign = {
    .words = "ctl key sign",
    .arguments = "",
    .summary_zh = "输出一次请求的签名头，供 curl 使用",
    .summary = "the headers of a signed request, for curl",
    .details = "  medhub ctl key sign --key k1.pem --keyid H65010000001/k1 --url $HUB/v1/events --body event.json |\n"
               "      curl -H @- --data-binary @event.json $HUB/v1/events\n"
               "Each signature is good for one request within the gateway's window.",
    .options = sign_options,
    .option_count = COUNT(sign_options),
    .options_size = sizeof(struct sign_options),
    .run = sign_command,
};
