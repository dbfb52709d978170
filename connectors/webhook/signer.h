/* signer.h: signatures of Standard Webhooks (standardwebhooks.com, version 1): v1 is HMAC-SHA256, v1a Ed25519, both over
 * "ID.TIMESTAMP.BODY".
 *
 * The secrets of an endpoint lie in one file, one a line, the newest first: "whsec_" and base64 of 24 to 64 bytes, or "whsk_"
 * and base64 of an Ed25519 private key (32 bytes, or 64 with the public key behind it). All of them sign, so a receiver that
 * knows any one of them can check: that is how secrets are changed. Empty lines and lines that begin with # are skipped. One
 * thread. */
#ifndef WEBHOOK_SIGNER_H
#define WEBHOOK_SIGNER_H

#include "base/bytes.h"
#include "base/fault.h"

struct signer;

enum { SIGNER_KEYS_MAX = 4, SIGNATURE_BYTES_MAX = SIGNER_KEYS_MAX * 96 };

/* REJECT "signer.secret": the file cannot be read, or holds no secret, a wrong one, or more than SIGNER_KEYS_MAX. The text
 * never tells what is in it. */
enum status signer_load(const char *path, struct signer **signer, struct fault *fault) MUST_CHECK;
/* The same from the file's text. */
enum status signer_parse(struct bytes text, struct signer **signer, struct fault *fault) MUST_CHECK;
void signer_free(struct signer *signer); /* NULL is fine */

/* Writes the value of webhook-signature: "v1,... v1,...". */
enum status signer_sign(struct signer *signer, const char *id, int64_t unix_seconds, struct bytes body,
                        char text[SIGNATURE_BYTES_MAX], struct fault *fault) MUST_CHECK;

#endif
