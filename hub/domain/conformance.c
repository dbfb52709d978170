#include "domain/conformance.h"

#include "domain/organisation.h"
#include "signature/signing_key.h"

struct bytes conformance_statement(struct arena *arena, const char *institution, const char *region,
                                   const ConformanceReport *report)
{
    const char *text =
        arena_format(arena,
                     "medhub conformance report\ninstitution %s\nregion %s\ndigest %s\ncases %u\n"
                     "failed %u\ntested on %s\noperator %s\n",
                     institution, region, report->digest, report->cases, report->failed, report->tested_on,
                     report->signer);
    return text == NULL ? BYTES_NONE : bytes_of(text);
}

static const Medhub__Registry__V1__Key *key_of(const Organisation *organisation, const char *id)
{
    for (size_t i = 0; i < organisation->n_keys; i++)
        if (strcmp(organisation->keys[i]->id, id) == 0)
            return organisation->keys[i];
    return NULL;
}

static bool is_valid(const Medhub__Registry__V1__Key *key, int64_t now_ms)
{
    return (key->valid_from == NULL || timestamp_ms(key->valid_from) <= now_ms) &&
           (key->valid_until == NULL || now_ms < timestamp_ms(key->valid_until));
}

static bool is_signed(const Medhub__Registry__V1__Key *key, struct bytes statement,
                      const ConformanceReport *report)
{
    struct signing_key *verifier = NULL;
    struct fault fault = {0};
    enum signing_algorithm algorithm = SIGNING_ED25519;
    if (key->algorithm == MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_SM2)
        algorithm = SIGNING_SM2_SM3;
    else if (key->algorithm != MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_ED25519)
        return false;
    if (signing_key_public(algorithm, bytes_from(key->public_key.data, key->public_key.len), &verifier,
                           &fault) != STATUS_OK)
        return false;
    bool holds =
        signing_key_verify(verifier, statement, bytes_from(report->signature.data, report->signature.len));
    signing_key_free(verifier);
    return holds;
}

const char *conformance_fault(struct view *view, const char *institution, const char *region,
                              const ConformanceReport *report)
{
    if (report == NULL)
        return "no report";
    if (report->failed > 0 || report->cases == 0)
        return "not every case passed";
    const Organisation *signer = organisation_on(view, report->signer, date_in_china(view->now_ms));
    if (signer == NULL || signer->kind != ORGANISATION_HUB_OPERATOR)
        return "not of the hub's operator";
    const Medhub__Registry__V1__Key *key = key_of(signer, report->key_id);
    if (key == NULL || !is_valid(key, view->now_ms))
        return "the operator has no such key now";
    struct bytes statement = conformance_statement(view->arena, institution, region, report);
    view->failed |= statement.data == NULL;
    return statement.data != NULL && is_signed(key, statement, report) ? NULL : "the signature does not hold";
}
