/* org_candidate.h: for ctl org test: what the registry says today of who is tested. */
#ifndef CTL_ORG_CANDIDATE_H
#define CTL_ORG_CANDIDATE_H

#include "ops/ctl/session.h"

#include "domain/messages.h"

struct candidate {
    const Organisation *organisation; /* NULL: not registered */
    const Practitioner *doctor, *pharmacist; /* with a licence that holds today; NULL: none is registered */
};

/* Reads the tables. What CANDIDATE points to lies in ARENA. RETRY: the cluster does not answer. */
enum status candidate_look_up(struct session *session, const char *organisation, struct arena *arena,
                              struct candidate *candidate, struct fault *fault) MUST_CHECK;

#endif
