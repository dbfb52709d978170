/* person_key.h: the pseudonym under which a person's events travel: a keyed hash of the identity number.
 *
 * "KEYID:HASH", HASH = base64url without padding of HMAC-SHA-256 over "medhub person 1", the document type and the number in
 * capitals, each followed by a NUL. Who has no key can neither compute nor reverse it. The key id in front is for rotation:
 * under a new key every person has a new pseudonym; whoever holds both keys and the numbers (the insurer) makes the list of
 * old and new, and says it to the hub before the new key is used. */
#ifndef SEAL_PERSON_KEY_H
#define SEAL_PERSON_KEY_H

#include "base/bytes.h"
#include "base/fault.h"

enum { PERSON_SECRET_BYTES_MIN = 32, PERSON_KEY_ID_BYTES_MAX = 32, PERSON_PSEUDONYM_BYTES = 32 + 1 + 43 + 1 };

/* TYPE as in psn_cert_type, "01": resident identity card. REJECT "person.secret": shorter than 32 bytes; "person.key_id": not
 * 1 to 32 letters, digits, points, dashes; "person.number": none, too long, or of type 01 with a wrong check character. */
enum status person_pseudonym(const char *key_id, struct bytes secret, const char *type, struct bytes number,
                             char pseudonym[PERSON_PSEUDONYM_BYTES], struct fault *fault) MUST_CHECK;

#endif
