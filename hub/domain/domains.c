#include "domain/adjustment.h"
#include "domain/catalogue.h"
#include "domain/person.h"
#include "domain/policy.h"
#include "domain/prescription.h"
#include "domain/registry.h"
#include "domain/settlement.h"
#include "domain/trace.h"

const struct domain *const domains_all[] = {
    &domain_prescription, &domain_settlement, &domain_person, &domain_trace, &domain_catalogue, &domain_adjustment,
    &domain_registry,     &domain_policy,     NULL,
};
