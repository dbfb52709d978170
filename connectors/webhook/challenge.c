#include "webhook/challenge.h"

#include "base/text.h"
#include "event/json.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/random.h>

bool challenge_make(struct challenge *challenge)
{
    uint8_t random[32];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    (void)text_base64_encode(bytes_from(random, sizeof random), challenge->text, sizeof challenge->text);
    (void)snprintf(challenge->body, sizeof challenge->body, "{\"challenge\":\"%s\"}", challenge->text);
    return true;
}

bool challenge_is_met(const struct challenge *challenge, struct bytes answer)
{
    struct fault fault; /* ignoring: what is no JSON does not meet it */
    json_t *said = answer.length == 0 ? NULL : json_parse(answer, &fault);
    const char *text = json_string_value(json_object_get(said, "challenge"));

    bool met = text != NULL && strcmp(text, challenge->text) == 0;
    json_decref(said);
    return met;
}

void challenge_digest(const char *url, uint8_t digest[PROVED_URL_BYTES])
{
    memset(digest, 0, PROVED_URL_BYTES);
    (void)EVP_Digest(url, strlen(url), digest, NULL, EVP_sha256(), NULL); /* cannot fail but for memory: then it proves nothing */
}
