/* parked_gather.h: the parked records that a command names, kept beyond their scan. */
#ifndef CTL_PARKED_GATHER_H
#define CTL_PARKED_GATHER_H

#include "ops/ctl/parked_record.h"
#include "ops/ctl/session.h"

#include "kafka/record.h"

/* A parked record kept beyond its scan; the reader that lent it stays open with the session. */
struct kept_parked {
    struct record record; /* with the message: released by parked_gathering_free */
    struct parked parked;
    uint64_t hash; /* of the value */
};

struct parked_gathering {
    struct arena *arena; /* of the texts of what is kept */
    const struct option_list *names;
    const char *code, *type, *source;
    struct kept_parked *items;
    size_t count, capacity;
    bool failed;
};

/* Gathers what was parked since SINCE_MS (-1: from the beginning) and has the names, code, type and source that GATHERING says (NULL:
 * any). What is wrong has been said when it is not EXIT_OK; free GATHERING in any case. */
enum exit_code parked_gather(struct call *call, struct session *session, int64_t since_ms, struct parked_gathering *gathering);
void parked_gathering_free(struct parked_gathering *gathering);

/* Says that nothing parked is called NAME. */
enum exit_code parked_not_found(struct call *call, const char *name);

#endif
