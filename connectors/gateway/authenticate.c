#include "gateway/authenticate.h"

#include "base/log.h"
#include "domain/feed.h"
#include "domain/organisation.h"
#include "domain/organisation_key.h"
#include "domain/view.h"
#include "event/unpack.h"
#include "gateway/keyring.h"
#include "gateway/nonces.h"
#include "gateway/subject.h"
#include "signature/digest.h"
#include "signature/http_signature.h"

#include <stdlib.h>

typedef Medhub__Registry__V1__Key Key;

enum { KEY_ID_BYTES_MAX = 160, NONCE_BYTES_MAX = 128, ID_BYTES_MAX = 64, BASE_BYTES_MAX = 128 * 1024 };

struct authenticator {
    struct authenticator_settings settings;
    struct clock clock;
    struct nonces *nonces;
    struct subject_index *subjects;
    struct keyring *keys;
};

enum status authenticator_open(const struct authenticator_settings *settings, struct clock clock,
                               struct authenticator **authenticator, struct fault *fault)
{
    struct authenticator *made = calloc(1, sizeof *made);

    *authenticator = made;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for authentication");
    made->settings = *settings;
    made->clock = clock;
    made->subjects = subject_index_new();
    made->keys = keyring_new(KEYRING_YOUNG_MS);
    /* created may be a window ahead: such a request can be sent again for two windows. */
    enum status status =
        made->subjects == NULL || made->keys == NULL
            ? fault_fatal(fault, "memory.out", "no memory for authentication")
            : nonces_open(settings->nonces_max, 2 * settings->window_ms, settings->nonces_directory, clock_now_ms(clock),
                          &made->nonces, fault);
    if (status != STATUS_OK) {
        authenticator_close(made);
        *authenticator = NULL;
    }
    return status;
}

void authenticator_close(struct authenticator *authenticator)
{
    if (authenticator == NULL)
        return;
    nonces_close(authenticator->nonces);
    subject_index_free(authenticator->subjects);
    keyring_free(authenticator->keys);
    free(authenticator);
}

/* One request on its way through. */
struct attempt {
    struct authenticator *authenticator;
    const struct http_view *view;
    struct tables_reader *registry;
    struct arena *arena;
    struct fault *fault;
    int64_t now_ms;
    date_t today;
    struct signed_request request;
    struct http_signature signature;
    const char *organisation_id, *key_id; /* of keyid */
    const Organisation *organisation;     /* NULL: not registered */
};

static enum status unavailable(struct attempt *attempt)
{
    return fault_retry(attempt->fault, "authentication.unavailable", "who calls cannot be told just now");
}

/* ---- the registry ---- */

/* Fills attempt->organisation; NULL if there is none of that id today. */
static enum status find_organisation(struct attempt *attempt, const char *id)
{
    struct tables_row row;
    ProtobufCMessage *message = NULL;
    struct fault fault;

    attempt->organisation = NULL;
    if (!tables_find(attempt->registry, TABLE_REGISTRY, id, REGION_NATION, attempt->today, &row))
        return tables_reader_check(attempt->registry, &fault) == STATUS_OK ? STATUS_OK : unavailable(attempt);
    if (unpack_message(schema_of(ORGANISATION), row.value, attempt->arena, &message, &fault) != STATUS_OK)
        return unavailable(attempt);
    attempt->organisation = (const Organisation *)message;
    return STATUS_OK;
}

static enum status admit(struct attempt *attempt, struct caller *caller)
{
    const Organisation *organisation = attempt->organisation;

    if (organisation->state == STATE_SUSPENDED || organisation->state == STATE_ENDED)
        return fault_reject(attempt->fault, "authentication.state", "the organisation's state is %s",
                            organisation_state_name(organisation));
    caller->organisation = organisation->id;
    caller->region = organisation->region;
    caller->recipients = feeds_of(organisation, attempt->today, attempt->arena, &caller->recipient_count);
    return caller->recipients == NULL ? unavailable(attempt) : STATUS_OK;
}

/* ---- by certificate ---- */

/* The key of the organisation whose subject it is; a valid one before one that is not. */
static const Key *find_subject(const struct attempt *attempt, const char *canonical)
{
    const Organisation *organisation = attempt->organisation;
    const Key *found = NULL;

    for (size_t i = 0; organisation != NULL && i < organisation->n_keys; i++) {
        const Key *key = organisation->keys[i];
        if (key->algorithm != MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_X509_SUBJECT)
            continue;
        const char *said = arena_text(attempt->arena, bytes_from(key->public_key.data, key->public_key.len));
        const char *subject = said == NULL ? NULL : subject_canonical(said, attempt->arena);
        if (subject != NULL && strcmp(subject, canonical) == 0 && (found == NULL || organisation_key_is_valid(key, attempt->now_ms)))
            found = key;
    }
    return found;
}

static enum status by_certificate(struct attempt *attempt, struct caller *caller)
{
    const char *canonical = subject_canonical(attempt->view->certificate_subject, attempt->arena);
    const char *id = canonical == NULL ? NULL
                                       : subject_index_find(attempt->authenticator->subjects, canonical,
                                                            attempt->registry, attempt->today, attempt->arena);
    enum status status = id == NULL ? STATUS_OK : find_organisation(attempt, id);
    if (status != STATUS_OK)
        return status;
    const Key *key = find_subject(attempt, canonical);
    if (key == NULL)
        return fault_reject(attempt->fault, "authentication.unknown",
                            "the subject of the client certificate is no key of an organisation in the registry");
    if (!organisation_key_is_valid(key, attempt->now_ms))
        return fault_reject(attempt->fault, "authentication.key_expired",
                            "the registry does not have this certificate's subject valid today");
    return admit(attempt, caller);
}

/* ---- by signature: what the request alone can tell ---- */

static enum status refuse(const struct attempt *attempt, const char *code, const char *why)
{
    return fault_reject(attempt->fault, code, "%s", why);
}

/* A name that is a file's too: no way out of the folder of secrets. */
static bool is_plain_name(struct bytes text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || strchr("/\\:\"'*?<>|", text.data[i]) != NULL)
            return false;
    return text.length > 0 && text.length <= ID_BYTES_MAX && text.data[0] != '.';
}

static bool split_key_id(struct attempt *attempt)
{
    struct bytes said = attempt->signature.key_id;
    const uint8_t *slash = said.length == 0 ? NULL : memchr(said.data, '/', said.length);

    if (slash == NULL)
        return false;
    size_t length = (size_t)(slash - said.data);
    struct bytes organisation = bytes_from(said.data, length), key = bytes_from(slash + 1, said.length - length - 1);
    if (!is_plain_name(organisation) || !is_plain_name(key))
        return false;
    attempt->organisation_id = arena_text(attempt->arena, organisation);
    attempt->key_id = arena_text(attempt->arena, key);
    return attempt->organisation_id != NULL && attempt->key_id != NULL;
}

static enum status check_parameters(struct attempt *attempt)
{
    const struct http_signature *signature = &attempt->signature;
    enum signing_algorithm algorithm;

    if (!signature->has_created)
        return refuse(attempt, "signature.parameters", "the parameter created is not there");
    if (signature->nonce.length == 0 || signature->nonce.length > NONCE_BYTES_MAX)
        return refuse(attempt, "signature.parameters", "the parameter nonce must have 1 to 128 characters");
    if (signature->key_id.length > KEY_ID_BYTES_MAX || !split_key_id(attempt))
        return refuse(attempt, "signature.parameters", "the parameter keyid must be ORGANISATION/KEY");
    if (signature->has_algorithm && !signing_algorithm_parse(signature->algorithm, &algorithm))
        return refuse(attempt, "signature.algorithm", "alg is none of ed25519, hmac-sha256, sm2-sm3");
    return STATUS_OK;
}

static enum status check_coverage(const struct attempt *attempt)
{
    const struct http_signature *signature = &attempt->signature;
    bool covers_target = http_signature_covers(signature, "@target-uri") ||
                         (http_signature_covers(signature, "@authority") && http_signature_covers(signature, "@path") &&
                          http_signature_covers(signature, "@query"));

    if (!http_signature_covers(signature, "@method"))
        return refuse(attempt, "signature.coverage", "@method must be covered");
    if (!covers_target)
        return refuse(attempt, "signature.coverage", "@target-uri, or @authority, @path and @query must be covered");
    if (attempt->view->body.length > 0 && !http_signature_covers(signature, "content-digest"))
        return refuse(attempt, "signature.coverage", "content-digest must be covered when there is a body");
    for (size_t i = 0; i < attempt->view->header_count; i++) {
        const char *name = attempt->view->headers[i].name;
        if (signed_header_is_needed(name) && !http_signature_covers(signature, name))
            return fault_reject(attempt->fault, "signature.coverage", "the header %.64s must be covered", name);
    }
    return STATUS_OK;
}

static enum status check_time(const struct attempt *attempt)
{
    const struct http_signature *signature = &attempt->signature;
    int64_t window_ms = attempt->authenticator->settings.window_ms;
    int64_t age_ms = attempt->now_ms - signature->created * 1000;

    if (age_ms > window_ms || age_ms < -window_ms)
        return fault_reject(attempt->fault, "signature.created",
                            "created is %lld seconds away from the hub's clock; %lld are allowed",
                            (long long)((age_ms < 0 ? -age_ms : age_ms) / 1000), (long long)(window_ms / 1000));
    if (signature->has_expires && attempt->now_ms > signature->expires * 1000)
        return refuse(attempt, "signature.expired", "the time given by expires is over");
    return STATUS_OK;
}

static enum status check_digest(const struct attempt *attempt)
{
    const struct http_view *view = attempt->view;
    bool repeated = false;
    struct bytes said = http_view_header(view, "Content-Digest", &repeated);

    if (said.data == NULL)
        return view->body.length == 0 ? STATUS_OK : refuse(attempt, "signature.digest", "there is no Content-Digest");
    if (repeated)
        return refuse(attempt, "signature.digest", "there are several Content-Digest headers");
    return content_digest_check(said, view->body, attempt->arena, attempt->fault);
}

/* ---- by signature: the key ---- */

static enum status wrong(const struct attempt *attempt)
{
    return refuse(attempt, "signature.wrong",
                  "no key of this keyid verifies the signature: look at keyid, alg, the key and what is covered");
}

static enum status take_secret(const struct attempt *attempt, struct keyring_key **key)
{
    const char *folder = attempt->authenticator->settings.secrets_directory;
    const char *path = folder == NULL || folder[0] == '\0'
                           ? NULL
                           : arena_format(attempt->arena, "%s/%s/%s", folder, attempt->organisation_id, attempt->key_id);
    struct fault fault = {{0}, {0}};
    enum status status = path == NULL ? STATUS_REJECT : keyring_secret(attempt->authenticator->keys, path, key, &fault);

    if (status == STATUS_OK && signing_key_algorithm(keyring_key_of(*key)) == SIGNING_HMAC_SHA256)
        return STATUS_OK;
    keyring_release(*key);
    *key = NULL;
    log_warn("authentication.no_secret", LOG_STR("organisation", attempt->organisation_id),
             LOG_STR("key", attempt->key_id), LOG_STR("why", fault.code));
    return status == STATUS_RETRY ? STATUS_RETRY : STATUS_REJECT;
}

static enum status take_key(struct attempt *attempt, const Key *row, struct keyring_key **key)
{
    enum signing_algorithm algorithm;
    const struct http_signature *signature = &attempt->signature;
    struct fault fault;

    if (row == NULL || !organisation_key_algorithm(row, &algorithm))
        return STATUS_REJECT;
    if (signature->has_algorithm && !bytes_equal_text(signature->algorithm, signing_algorithm_name(algorithm)))
        return STATUS_REJECT;
    if (algorithm == SIGNING_HMAC_SHA256)
        return take_secret(attempt, key);
    return keyring_public(attempt->authenticator->keys, algorithm,
                          bytes_from(row->public_key.data, row->public_key.len), key, &fault);
}

static enum status verify(struct attempt *attempt, const struct signing_key *key)
{
    struct buffer base;

    buffer_init(&base, BASE_BYTES_MAX);
    enum status status = http_signature_base(&attempt->request, attempt->signature.input, attempt->arena, &base,
                                             attempt->fault);
    if (status == STATUS_OK && (key == NULL || !signing_key_verify(key, buffer_bytes(&base), attempt->signature.value)))
        status = wrong(attempt);
    buffer_done(&base);
    return status;
}

/* The signature holds: now it may be said what is wrong with the key. */
static enum status check_key(const struct attempt *attempt, const Key *key)
{
    return organisation_key_is_valid(key, attempt->now_ms)
               ? STATUS_OK
               : refuse(attempt, "authentication.key_expired", "the key's time is over or has not begun");
}

static enum status take_nonce(const struct attempt *attempt)
{
    uint8_t digest[DIGEST_BYTES_MAX];
    struct nonce nonce;
    struct bytes key_id = attempt->signature.key_id, said = attempt->signature.nonce;
    char name[KEY_ID_BYTES_MAX + 1 + NONCE_BYTES_MAX];

    memcpy(name, key_id.data, key_id.length);
    name[key_id.length] = '\0';
    memcpy(name + key_id.length + 1, said.data, said.length);
    if (digest_of(DIGEST_SHA_256, bytes_from(name, key_id.length + 1 + said.length), digest) < sizeof nonce)
        return fault_retry(attempt->fault, "authentication.unavailable", "a nonce could not be kept");
    memcpy(&nonce, digest, sizeof nonce);
    int64_t until_ms = attempt->signature.created * 1000 + attempt->authenticator->settings.window_ms;
    switch (nonces_take(attempt->authenticator->nonces, nonce, until_ms, attempt->now_ms)) {
    case NONCE_NEW:
        return STATUS_OK;
    case NONCE_SEEN:
        return refuse(attempt, "signature.replayed", "this nonce was used before: draw a new one for each request");
    case NONCE_FULL:
        break;
    }
    return fault_retry(attempt->fault, "nonces.full", "too many signed requests at a time");
}

static enum status verify_with(struct attempt *attempt, const Key *row)
{
    struct keyring_key *key = NULL;
    enum status status = take_key(attempt, row, &key);

    status = status == STATUS_OK || status == STATUS_REJECT ? verify(attempt, keyring_key_of(key)) : unavailable(attempt);
    keyring_release(key);
    return status;
}

/* What can be told from the request alone comes first: it costs least and tells a stranger nothing. */
static enum status by_signature(struct attempt *attempt, struct caller *caller)
{
    enum status status = check_parameters(attempt);

    if (status == STATUS_OK)
        status = check_coverage(attempt);
    if (status == STATUS_OK)
        status = check_time(attempt);
    if (status == STATUS_OK)
        status = check_digest(attempt);
    if (status == STATUS_OK)
        status = find_organisation(attempt, attempt->organisation_id);
    const Key *key = organisation_key_find(attempt->organisation, bytes_of(attempt->key_id));
    if (status == STATUS_OK)
        status = verify_with(attempt, key);
    if (status == STATUS_OK)
        status = check_key(attempt, key);
    if (status == STATUS_OK)
        status = admit(attempt, caller);
    return status == STATUS_OK ? take_nonce(attempt) : status;
}

/* ---- either ---- */

static const char *authority_of(const struct http_view *view, struct arena *arena, bool *repeated)
{
    struct bytes host = http_view_header(view, "Host", repeated);
    return host.data == NULL ? "" : arena_text(arena, host);
}

enum status authenticate(struct authenticator *authenticator, const struct http_view *request,
                         struct tables_reader *registry, struct arena *arena, struct caller *caller,
                         struct fault *fault)
{
    int64_t now_ms = clock_now_ms(authenticator->clock);
    struct attempt attempt = {.authenticator = authenticator,
                              .view = request,
                              .registry = registry,
                              .arena = arena,
                              .fault = fault,
                              .now_ms = now_ms,
                              .today = date_in_china(now_ms)};
    bool is_signed = false, several_hosts = false;

    *caller = (struct caller){0};
    attempt.request = (struct signed_request){.method = request->method,
                                              .scheme = request->scheme,
                                              .authority = authority_of(request, arena, &several_hosts),
                                              .target = request->target,
                                              .headers = request->headers,
                                              .header_count = request->header_count};
    if (attempt.request.authority == NULL)
        return unavailable(&attempt);
    enum status status = http_signature_read(&attempt.request, arena, &attempt.signature, &is_signed, fault);
    if (status == STATUS_OK && is_signed && several_hosts)
        status = refuse(&attempt, "signature.syntax", "there are several Host headers");
    else if (status == STATUS_OK && is_signed)
        status = by_signature(&attempt, caller);
    else if (status == STATUS_OK && request->certificate_subject != NULL)
        status = by_certificate(&attempt, caller);
    else if (status == STATUS_OK)
        status = refuse(&attempt, "authentication.missing",
                        "sign the request (RFC 9421) or show a client certificate that the registry knows");
    if (status != STATUS_OK)
        *caller = (struct caller){0};
    return status;
}
