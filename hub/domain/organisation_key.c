#include "domain/organisation_key.h"

const RegistryKey *organisation_key_find(const Organisation *organisation, struct bytes id)
{
    for (size_t i = 0; organisation != NULL && i < organisation->n_keys; i++)
        if (organisation->keys[i]->use != MEDHUB__REGISTRY__V1__KEY_USE__KEY_USE_ENCRYPTION &&
            bytes_equal_text(id, organisation->keys[i]->id))
            return organisation->keys[i];
    return NULL;
}

bool organisation_key_is_valid(const RegistryKey *key, int64_t now_ms)
{
    return (key->valid_from == NULL || timestamp_ms(key->valid_from) <= now_ms) &&
           (key->valid_until == NULL || now_ms < timestamp_ms(key->valid_until));
}

bool organisation_key_algorithm(const RegistryKey *key, enum signing_algorithm *algorithm)
{
    switch (key->algorithm) {
    case MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_ED25519:
        *algorithm = SIGNING_ED25519;
        return true;
    case MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_SM2:
        *algorithm = SIGNING_SM2_SM3;
        return true;
    case MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_HMAC_SHA256:
        *algorithm = SIGNING_HMAC_SHA256;
        return true;
    default:
        return false;
    }
}
