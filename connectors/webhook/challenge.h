/* challenge.h: an endpoint proves that it is the organisation's before anything is sent to it: it is asked, with a signed
 * CloudEvent of type CHALLENGE_TYPE whose data is {"challenge":"..."}, and must answer 2xx with a JSON object that repeats
 * the challenge. Who does not mean to receive medhub's webhooks does not answer so. */
#ifndef WEBHOOK_CHALLENGE_H
#define WEBHOOK_CHALLENGE_H

#include "base/bytes.h"

#define CHALLENGE_TYPE "medhub.webhook.challenge.v1"

enum { CHALLENGE_BYTES = 45, CHALLENGE_BODY_BYTES = 80 };

struct challenge {
    char text[CHALLENGE_BYTES];      /* 32 random bytes as base64 */
    char body[CHALLENGE_BODY_BYTES]; /* what is sent */
};

/* False if the system has no random numbers. */
bool challenge_make(struct challenge *challenge);
bool challenge_is_met(const struct challenge *challenge, struct bytes answer);

enum { PROVED_URL_BYTES = 32 };
/* What is remembered of a URL that was proved: its SHA-256. */
void challenge_digest(const char *url, uint8_t digest[PROVED_URL_BYTES]);

#endif
