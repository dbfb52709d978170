/* ledger.h: the domain of the chaos tests, see ledger.proto. */
#ifndef CHAOS_LEDGER_H
#define CHAOS_LEDGER_H

#include "domain/rule.h"

extern const struct domain domain_ledger;

#endif
