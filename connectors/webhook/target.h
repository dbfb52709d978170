/* target.h: an endpoint as it is served: what the registry says of it, its secrets, its challenge, and its place among the
 * others. What waits for it is endpoint.h's. One thread. */
#ifndef WEBHOOK_TARGET_H
#define WEBHOOK_TARGET_H

#include "domain/messages.h"
#include "webhook/challenge.h"
#include "webhook/endpoint.h"
#include "webhook/measures.h"
#include "webhook/settings.h"
#include "webhook/signer.h"

#include <uthash.h>

enum { TARGET_NAME_BYTES = 130, TARGET_TYPES_MAX = 100 };

struct target {
    struct endpoint *endpoint;
    struct endpoint_measures measures;
    int32_t partition; /* of the control topic: whoever has it serves this endpoint */
    uint64_t generation; /* of the audience that named it last; an older one: it is in the registry no more */
    bool closing; /* no further request */
    bool leaving; /* somebody else's from now on: freed when nothing of it is on its way */

    /* As registered. */
    char organisation[65], id[65];
    char *url;
    char **types;
    size_t type_count;
    bool live, paused, private_network, protobuf, client_certificate;
    bool url_good;
    const char *const *recipients; /* itself and its feeds, lent by the audience that named it last */
    size_t recipient_count;

    /* Secrets. */
    struct signer *signer;
    int64_t secret_changed_ns, secret_due_ms;
    bool secret_seen; /* looked for at least once */
    char *certificate; /* path, or NULL */

    /* The challenge on its way or due. */
    struct challenge challenge;
    uint8_t asked_url[PROVED_URL_BYTES]; /* what it would prove */
    bool challenging;
    unsigned challenges; /* failed in a row */
    int64_t challenge_due_ms;

    /* Its place among the others (webhook.c, feeder.h). */
    int64_t due_ms;
    uint64_t turn;
    size_t heap_place; /* SIZE_MAX: not in the heap */
    bool hungry, fed;
    struct target *next_hungry;
    uint64_t offered; /* number of the record that it was offered last */
    int64_t state_written_ms;
    UT_hash_handle hh; /* of all, by name */
    struct target *next_leaving;
};

/* True for names that may be parts of a path. */
bool target_name_is_safe(const char *part);

/* NULL if memory is out. Takes ENDPOINT. */
struct target *target_new(struct endpoint *endpoint, const char *organisation, const char *id);
void target_free(struct target *target); /* and its endpoint */

/* Takes over what the registry says. False if memory is out. */
bool target_configure(struct target *target, const Organisation *organisation,
                      const Medhub__Registry__V1__Endpoint *said, const struct webhook_settings *settings);
/* True if a delivery of TYPE to RECIPIENTS is for it. */
bool target_hears(const struct target *target, char *const *recipients, size_t count);
bool target_wants(const struct target *target, const char *type);

/* Looks at the secrets when it is time to. */
void target_refresh_secrets(struct target *target, const struct webhook_settings *settings, int64_t now_ms);
/* True if its URL was proved; else a challenge is due. */
bool target_is_proved(const struct target *target);
/* Lets endpoint.h know whether it may send. */
void target_update(struct target *target);
/* True if a challenge may be sent now; when it may be otherwise. */
bool target_wants_challenge(const struct target *target);

#endif
