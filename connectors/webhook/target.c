#include "webhook/target.h"

#include "base/log.h"
#include "core/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

bool target_name_is_safe(const char *part)
{
    if (part[0] == '\0' || part[0] == '.' || strlen(part) > 64)
        return false;
    return strspn(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(part);
}

/* ---- what the registry says ---- */

static void free_types(struct target *target)
{
    for (size_t i = 0; i < target->type_count; i++)
        free(target->types[i]);
    free(target->types);
    target->types = NULL;
    target->type_count = 0;
}

static bool keep_types(struct target *target, const Medhub__Registry__V1__Endpoint *said)
{
    free_types(target);
    if (said->n_types == 0)
        return true;
    target->types = calloc(said->n_types, sizeof *target->types);
    for (size_t i = 0; target->types != NULL && i < said->n_types; i++) {
        target->types[i] = strdup(said->types[i]);
        if (target->types[i] == NULL)
            return false;
        target->type_count++;
    }
    return target->types != NULL;
}

static bool keep_url(struct target *target, const char *url)
{
    if (target->url != NULL && strcmp(target->url, url) == 0)
        return true;
    char *copy = strdup(url);
    if (copy == NULL)
        return false;
    free(target->url);
    target->url = copy;
    target->challenges = 0; /* another address: asked at once */
    target->challenge_due_ms = 0;
    return true;
}

static void check_url(struct target *target)
{
    struct fault fault = {0};
    bool good = url_check(target->url, target->private_network, &fault) == STATUS_OK;

    if (!good && target->url_good)
        log_warn("webhook.url_refused", LOG_STR("endpoint", target->endpoint->name), LOG_STR("code", fault.code));
    target->url_good = good;
}

static bool keep_certificate(struct target *target, const char *directory)
{
    free(target->certificate);
    target->certificate = NULL;
    if (!target->client_certificate)
        return true;
    size_t room = strlen(directory) + sizeof target->organisation + sizeof target->id + 8;
    target->certificate = malloc(room);
    if (target->certificate != NULL)
        (void)snprintf(target->certificate, room, "%s/%s/%s.pem", directory, target->organisation, target->id);
    return target->certificate != NULL;
}

bool target_configure(struct target *target, const Organisation *organisation,
                      const Medhub__Registry__V1__Endpoint *said, const struct webhook_settings *settings)
{
    target->live = organisation->state == MEDHUB__REGISTRY__V1__STATE__STATE_LIVE;
    target->paused = said->paused != 0;
    target->private_network = said->private_network != 0;
    target->protobuf = said->protobuf != 0;
    target->client_certificate = said->client_certificate != 0;
    target->endpoint->concurrency = said->concurrency > 256 ? 256 : said->concurrency;
    if (!keep_url(target, said->url) || !keep_types(target, said) ||
        !keep_certificate(target, settings->certificates_directory))
        return false;
    check_url(target);
    target_update(target);
    return true;
}

bool target_hears(const struct target *target, char *const *recipients, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < target->recipient_count; k++)
            if (strcmp(recipients[i], target->recipients[k]) == 0)
                return true;
    return false;
}

bool target_wants(const struct target *target, const char *type)
{
    if (target->type_count == 0)
        return true;
    for (size_t i = 0; i < target->type_count; i++)
        if (strcmp(target->types[i], type) == 0)
            return true;
    return false;
}

/* ---- secrets ---- */

static void load_secret(struct target *target, const char *path)
{
    struct signer *signer = NULL;
    struct fault fault = {0};

    if (signer_load(path, &signer, &fault) != STATUS_OK) {
        log_warn("webhook.secret_unusable", LOG_STR("endpoint", target->endpoint->name), LOG_STR("text", fault.text));
        return; /* an older one that works is kept */
    }
    signer_free(target->signer);
    target->signer = signer;
    log_info("webhook.secret_loaded", LOG_STR("endpoint", target->endpoint->name));
}

void target_refresh_secrets(struct target *target, const struct webhook_settings *settings, int64_t now_ms)
{
    char path[1200];
    struct stat status;

    if (now_ms < target->secret_due_ms)
        return;
    target->secret_due_ms = now_ms + settings->secrets_seconds * 1000;
    (void)snprintf(path, sizeof path, "%s/%s/%s", settings->secrets_directory, target->organisation, target->id);
    bool there = stat(path, &status) == 0;
    int64_t changed_ns = there ? (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec : 0;
    if (target->secret_seen && changed_ns == target->secret_changed_ns)
        return;
    target->secret_seen = true;
    target->secret_changed_ns = changed_ns;
    if (there) {
        load_secret(target, path);
    } else { /* taken away: nothing is sent unsigned */
        signer_free(target->signer);
        target->signer = NULL;
        log_warn("webhook.secret_missing", LOG_STR("endpoint", target->endpoint->name));
    }
    target_update(target);
}

/* ---- may it be sent to? ---- */

bool target_is_proved(const struct target *target)
{
    uint8_t digest[PROVED_URL_BYTES];

    if (!target->endpoint->proved || target->url == NULL)
        return false;
    challenge_digest(target->url, digest);
    return memcmp(digest, target->endpoint->proved_url, sizeof digest) == 0;
}

static bool may_be_called(const struct target *target)
{
    return target->live && !target->paused && !target->closing && target->url_good && target->signer != NULL &&
           target->endpoint->paused == MEDHUB__WEBHOOK__V1__PAUSE_REASON__PAUSE_REASON_NONE;
}

bool target_wants_challenge(const struct target *target)
{
    return may_be_called(target) && !target->challenging && !target->endpoint->enabled;
}

void target_update(struct target *target)
{
    target->endpoint->enabled = may_be_called(target) && target_is_proved(target);
}

/* ---- life ---- */

struct target *target_new(struct endpoint *endpoint, const char *organisation, const char *id)
{
    struct target *target = calloc(1, sizeof *target);

    if (target == NULL)
        return NULL;
    target->endpoint = endpoint;
    target->heap_place = SIZE_MAX;
    target->url_good = true; /* so that the first bad one is told */
    (void)snprintf(target->organisation, sizeof target->organisation, "%s", organisation);
    (void)snprintf(target->id, sizeof target->id, "%s", id);
    endpoint->owner = target;
    return target;
}

void target_free(struct target *target)
{
    if (target == NULL)
        return;
    endpoint_free(target->endpoint);
    signer_free(target->signer);
    free_types(target);
    free(target->url);
    free(target->certificate);
    free(target);
}
