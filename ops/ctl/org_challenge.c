#include "ops/ctl/org_challenge.h"

#include "base/text.h"
#include "core/http.h"
#include "core/url.h"
#include "webhook/request.h"

#include <stdio.h>
#include <sys/random.h>

typedef Medhub__Registry__V1__Endpoint Endpoint;

enum { SECRET_BYTES = 32, SECRET_TEXT_BYTES = 64, RUN_MS = 100 };

bool challenge_has_address(const Organisation *organisation)
{
    for (size_t i = 0; i < organisation->n_endpoints; i++)
        if (!organisation->endpoints[i]->paused)
            return true;
    return false;
}

/* --- the secret --- */

static enum status make_stranger(struct signer **signer, struct fault *fault)
{
    uint8_t random[SECRET_BYTES];
    char text[SECRET_TEXT_BYTES] = "whsec_";
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return fault_fatal(fault, "key.random", "no randomness");
    (void)text_base64_encode(bytes_from(random, sizeof random), text + strlen(text), sizeof text - strlen(text));
    return signer_parse(bytes_of(text), signer, fault);
}

static enum status load_secret(const struct webhook_settings *settings, const struct target *target,
                               struct arena *arena, struct signer **signer, struct fault *fault)
{
    const char *path =
        arena_format(arena, "%s/%s/%s", settings->secrets_directory, target->organisation, target->id);
    return path == NULL ? fault_fatal(fault, "memory.out", "no memory for a path") : signer_load(path, signer, fault);
}

/* --- one address --- */

struct calling {
    const struct challenge *challenge;
    bool answered, met;
    char code[HTTP_CODE_BYTES]; /* why not */
};

static void take_answer(void *self, void *context, const struct http_answer *answer)
{
    struct calling *calling = self;
    (void)context;
    calling->answered = true;
    calling->met = answer->status == STATUS_OK && challenge_is_met(calling->challenge, answer->body);
    (void)snprintf(calling->code, sizeof calling->code, "%s", answer->status == STATUS_OK ? "not repeated" : answer->code);
}

static enum status call(struct http *http, struct target *target, struct calling *calling, struct fault *fault)
{
    struct request_texts texts;
    struct http_request request;
    enum status status = challenge_make(&target->challenge)
                             ? request_of_challenge(target, clock_now_ms(clock_system()), &texts, &request, fault)
                             : fault_fatal(fault, "key.random", "no randomness");
    if (status != STATUS_OK)
        return status;
    calling->challenge = &target->challenge;
    request.answered = take_answer;
    request.self = calling;
    status = url_check(target->url, target->private_network, fault);
    if (status == STATUS_OK)
        status = http_start(http, &request, fault);
    while (status == STATUS_OK && !calling->answered) /* at most http_settings.total_timeout_ms */
        http_run(http, RUN_MS);
    return status;
}

static enum status call_endpoint(struct http *http, const struct session *session, const Organisation *organisation,
                                 const Endpoint *endpoint, bool forged, struct arena *arena,
                                 struct calling *calling, struct fault *fault)
{
    struct target target = {.url = endpoint->url, .private_network = endpoint->private_network != 0};
    (void)snprintf(target.organisation, sizeof target.organisation, "%s", organisation->id);
    (void)snprintf(target.id, sizeof target.id, "%s", endpoint->id);
    enum status status = forged ? make_stranger(&target.signer, fault)
                                : load_secret(&session->webhook, &target, arena, &target.signer, fault);
    if (status == STATUS_OK && endpoint->client_certificate)
        target.certificate = (char *)arena_format(arena, "%s/%s/%s.pem", session->webhook.certificates_directory,
                                                  target.organisation, target.id);
    if (status == STATUS_OK)
        status = call(http, &target, calling, fault);
    signer_free(target.signer);
    return status;
}

/* --- all of them --- */

json_t *challenge_ask(const struct session *session, const Organisation *organisation, bool forged,
                      struct arena *arena, struct fault *fault)
{
    const struct webhook_settings *settings = &session->webhook;
    const struct http_settings how = {.requests_max = 1,
                                      .connect_timeout_ms = (int)settings->connect_timeout_ms,
                                      .total_timeout_ms = (int)settings->timeout_ms,
                                      .body_bytes_max = (size_t)settings->answer_bytes_max,
                                      .redirects_max = (int)settings->redirects_max,
                                      .ca_file = settings->ca_file};
    struct http *http = NULL;
    bool met = false;
    enum status status = http_open(&how, clock_system(), &http, fault);

    for (size_t i = 0; status == STATUS_OK && i < organisation->n_endpoints; i++) {
        const Endpoint *endpoint = organisation->endpoints[i];
        struct calling calling = {0};
        if (endpoint->paused)
            continue;
        status = call_endpoint(http, session, organisation, endpoint, forged, arena, &calling, fault);
        met |= calling.met;
        if (status == STATUS_OK && !forged && !calling.met)
            status = fault_reject(fault, "challenge.not_met", "%s: %s", endpoint->id, calling.code);
    }
    http_close(http);
    return status == STATUS_OK ? json_pack("{s:s}", "outcome", met ? "met" : "rejected") : NULL;
}
