#include "domain/prescription.h"

static const struct handler handlers[] = {
    {
        .type = "medhub.prescription.uploaded.v1",
        .rules = prescription_uploaded_rules,
        .rule_count = UPLOADED_RULES,
        .prepare = upload_prepare,
        .decide = upload_decide,
        .roles = "hospital",
    },
    {
        .type = "medhub.prescription.reviewed.v1",
        .rules = prescription_reviewed_rules,
        .rule_count = REVIEWED_RULES,
        .prepare = review_prepare,
        .decide = review_decide,
        .roles = "hospital|pharmacy",
    },
    {
        .type = "medhub.prescription.claimed.v1",
        .rules = prescription_claimed_rules,
        .rule_count = CLAIMED_RULES,
        .prepare = claim_prepare,
        .decide = claim_decide,
        .roles = "hospital|pharmacy",
    },
    {
        .type = "medhub.prescription.released.v1",
        .rules = prescription_released_rules,
        .rule_count = RELEASED_RULES,
        .prepare = release_claim_prepare,
        .decide = release_claim_decide,
        .roles = "hospital|pharmacy",
    },
    {
        .type = "medhub.prescription.dispensed.v1",
        .rules = prescription_dispensed_rules,
        .rule_count = DISPENSED_RULES,
        .prepare = dispense_prepare,
        .decide = dispense_decide,
        .roles = "hospital|pharmacy",
    },
    {
        .type = "medhub.prescription.returned.v1",
        .rules = prescription_returned_rules,
        .rule_count = RETURNED_RULES,
        .prepare = return_prepare,
        .decide = return_decide,
        .roles = "hospital|pharmacy",
    },
    {
        .type = "medhub.prescription.revoked.v1",
        .rules = prescription_revoked_rules,
        .rule_count = REVOKED_RULES,
        .prepare = revoke_prepare,
        .decide = revoke_decide,
        .roles = "hospital",
    },
    {
        .type = PRESCRIPTION_SETTLED_TYPE,
        .rules = prescription_settled_rules,
        .rule_count = SETTLED_RULES,
        .prepare = settle_prepare,
        .decide = settle_decide,
        .roles = "hub",
    },
    {
        .type = PRESCRIPTION_EXPIRY_TIMER,
        .fire = prescription_expire,
    },
    {
        .type = PRESCRIPTION_CLAIM_TIMER,
        .fire = claim_lapse,
    },
};

const struct domain domain_prescription = {
    .name = "prescription",
    .key_kind = "person",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};
