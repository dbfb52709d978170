/* organisation_key.h: the keys that an organisation signs with, as the registry has them. Any thread. */
#ifndef DOMAIN_ORGANISATION_KEY_H
#define DOMAIN_ORGANISATION_KEY_H

#include "domain/messages.h"
#include "signature/signing_key.h"

/* The key ID of ORGANISATION (NULL has none), valid or not; NULL: there is none, or it is for encryption. */
const RegistryKey *organisation_key_find(const Organisation *organisation, struct bytes id);
/* True from valid_from on and before valid_until; an absent one is open. */
bool organisation_key_is_valid(const RegistryKey *key, int64_t now_ms);
/* False if it signs nothing: a certificate's subject, or a key for encryption only. */
bool organisation_key_algorithm(const RegistryKey *key, enum signing_algorithm *algorithm);

#endif
