#include "flow/signatures.h"

#include "domain/organisation_key.h"
#include "signature/event_signature.h"

#include <stdlib.h>

struct signatures {
    const struct settings *settings;
    bool refuses_unsigned;
    struct signing_key *voucher, *previous; /* NULL: none */
};

/* ---- the voucher ---- */

static enum status load_secret(const char *path, struct signing_key **key, struct fault *fault)
{
    struct fault why = {0};

    if (path[0] == '\0')
        return STATUS_OK;
    if (signing_key_load(path, key, &why) != STATUS_OK)
        return fault_fatal(fault, "signature.voucher", "%s: %s", path, why.text);
    if (signing_key_algorithm(*key) != SIGNING_HMAC_SHA256)
        return fault_fatal(fault, "signature.voucher", "%s must hold an HMAC secret: medhub ctl key new --algorithm hmac-sha256",
                           path);
    return STATUS_OK;
}

enum status signatures_open(const struct settings *settings, struct signatures **signatures, struct fault *fault)
{
    struct signatures *made = calloc(1, sizeof *made);

    *signatures = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for signatures");
    made->settings = settings;
    made->refuses_unsigned = strcmp(settings->signature_unsigned, "refuse") == 0;
    enum status status = load_secret(settings->signature_voucher_file, &made->voucher, fault);
    if (status == STATUS_OK)
        status = load_secret(settings->signature_voucher_previous_file, &made->previous, fault);
    if (status == STATUS_OK && made->refuses_unsigned && made->voucher == NULL)
        status = fault_fatal(fault, "signature.voucher",
                             "signature.unsigned is refuse, but signature.voucher_file is empty: the hub would refuse its own "
                             "follow-ups");
    if (status != STATUS_OK) {
        signatures_close(made);
        return status;
    }
    *signatures = made;
    return STATUS_OK;
}

void signatures_close(struct signatures *signatures)
{
    if (signatures == NULL)
        return;
    signing_key_free(signatures->voucher);
    signing_key_free(signatures->previous);
    free(signatures);
}

enum status signatures_vouch(const struct signatures *signatures, struct headers *headers, struct bytes key,
                             struct bytes value, struct fault *fault)
{
    char text[EVENT_SIGNATURE_TEXT_BYTES];

    if (signatures == NULL || signatures->voucher == NULL)
        return STATUS_OK;
    const struct signed_event event = {
        .id = headers_get(headers, "ce_id"),
        .source = headers_get(headers, "ce_source"),
        .type = headers_get(headers, "ce_type"),
        .time = headers_get(headers, "ce_time"),
        .conformance = headers_get(headers, "ce_conformance"),
        .key = key,
        .value = value,
    };
    enum status status = event_signature_make(&event, signatures->settings->hub_operator, VOUCHER_KEY, signatures->voucher,
                                              text, fault);
    if (status != STATUS_OK)
        return status;
    headers_remove(headers, EVENT_SIGNATURE_HEADER);
    return headers_add_text(headers, EVENT_SIGNATURE_HEADER, text) ? STATUS_OK
                                                                    : fault_fatal(fault, "memory.out", "no memory for a header");
}

/* ---- checking ---- */

static const char *wrong(const char *said, const char **found)
{
    *found = said;
    return "source.signature";
}

static struct signed_event signed_part(const struct event *event)
{
    const struct event_attributes *have = &event->attributes;

    return (struct signed_event){
        .id = bytes_of(have->id),
        .source = bytes_of(have->source),
        .type = bytes_of(have->type),
        .time = bytes_of(have->time),
        .conformance = bytes_of(have->conformance),
        .key = event->key,
        .value = event->value,
    };
}

static bool is_vouched_for(const struct signatures *signatures, const struct event_signature *signature,
                           const struct signed_event *event)
{
    return (signatures->voucher != NULL && event_signature_is_by(signature, event, signatures->voucher)) ||
           (signatures->previous != NULL && event_signature_is_by(signature, event, signatures->previous));
}

/* The key of ROW, made ready: the caller frees it. NULL: it cannot be had. Each event makes it anew: what verifying costs is more,
 * and a key that was changed counts at once. */
static struct signing_key *key_of(const struct signatures *signatures, const struct event *event, const RegistryKey *row)
{
    const char *folder = signatures->settings->signature_secrets_directory;
    enum signing_algorithm algorithm;
    struct signing_key *key = NULL;
    struct fault fault;
    enum status status = STATUS_REJECT;

    if (!organisation_key_algorithm(row, &algorithm))
        return NULL;
    if (algorithm != SIGNING_HMAC_SHA256) {
        status = signing_key_public(algorithm, bytes_from(row->public_key.data, row->public_key.len), &key, &fault);
    } else if (folder[0] != '\0') { /* both names are letters, digits and . _ - */
        const char *path = arena_format(event->arena, "%s/%s/%s", folder, event->attributes.source, row->id);
        status = path == NULL ? STATUS_REJECT : signing_key_load(path, &key, &fault);
    }
    return status == STATUS_OK ? key : NULL;
}

static const char *check_own(const struct signatures *signatures, const struct event *event,
                             const struct event_signature *signature, const Organisation *source, int64_t now_ms,
                             const char **found)
{
    const struct signed_event signed_event = signed_part(event);
    const RegistryKey *row = organisation_key_find(source, signature->key_id);

    if (row == NULL)
        return wrong("the registry has no such signing key of the source", found);
    if (!organisation_key_is_valid(row, now_ms))
        return wrong("the key's time is over or has not begun", found);
    struct signing_key *key = key_of(signatures, event, row);
    bool right = key != NULL && event_signature_is_by(signature, &signed_event, key);
    signing_key_free(key);
    return right ? NULL : wrong("the signature does not hold", found);
}

static bool is_vouchers(const struct signatures *signatures, const struct event_signature *signature)
{
    return bytes_equal_text(signature->signer, signatures->settings->hub_operator) &&
           bytes_equal_text(signature->key_id, VOUCHER_KEY);
}

bool signatures_want_row(const struct signatures *signatures, const struct event *event)
{
    struct event_signature signature;

    return event->attributes.signature[0] != '\0' &&
           event_signature_parse(bytes_of(event->attributes.signature), &signature) && !is_vouchers(signatures, &signature);
}

const char *signatures_check(const struct signatures *signatures, const struct event *event, const Organisation *source,
                             int64_t now_ms, const char **found)
{
    struct bytes text = bytes_of(event->attributes.signature);
    struct event_signature signature;

    *found = "";
    if (text.length == 0)
        return signatures->refuses_unsigned ? "source.unsigned" : NULL;
    if (!event_signature_parse(text, &signature))
        return wrong("ce_signature is not SIGNER/KEY:BASE64", found);
    if (is_vouchers(signatures, &signature)) {
        const struct signed_event signed_event = signed_part(event);
        return is_vouched_for(signatures, &signature, &signed_event) ? NULL : wrong("the voucher does not hold", found);
    }
    if (!bytes_equal_text(signature.signer, event->attributes.source))
        return wrong("somebody else than the source signed it", found);
    return check_own(signatures, event, &signature, source, now_ms, found);
}
